//! Refuses, before the engine parses it, a policy whose shape would keep the parser busy or exhaust the stack.
//!
//! Both limits answer to measurements of regorus 0.14.1: each `[` or `{` in the place of a first element is
//! parsed twice, so that thirty of them take longer than a day; and a chain of operators becomes a tree as
//! deep as the chain is long, which the engine visits by recursion.

use miette::SourceSpan;

use super::error::PolicyError;
use super::source::Source;

/// How many bracketed elements may be parsed, counting repetitions. At about 10 µs each this is a few
/// seconds at the very worst; the largest mock seen in published policies needs some thousands.
const PARSE_LIMIT: u64 = 1 << 18;

/// How many operators may stand above each other in one expression's tree.
const DEPTH_LIMIT: usize = 500;

/// Checks one policy's text.
pub fn check(source: &Source) -> Result<(), PolicyError> {
    let too_deep = |reason, at: SourceSpan| PolicyError::TooDeep { reason, text: source.named(), at };
    match scan(&source.text) {
        Ok(()) => Ok(()),
        Err(Excess::Brackets(offset)) => {
            Err(too_deep("brackets open directly after brackets too often", (offset, 1).into()))
        }
        Err(Excess::Operators(offset)) => {
            Err(too_deep("too many operators follow each other in one expression", (offset, 1).into()))
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Excess {
    Brackets(usize),
    Operators(usize),
}

/// What is known of a bracket that is open.
struct Level {
    /// How often an element at this place is parsed, as a power of two.
    doublings: u32,
    /// Whether the next bracket stands in the first element.
    first: bool,
    /// Whether the bracket itself makes the parser try twice; round ones do not.
    ambiguous: bool,
    /// Operators since the last comma or line.
    operators: usize,
    /// The deepest expression that was closed since then.
    inner: usize,
}

impl Level {
    fn depth(&self) -> usize {
        self.operators + self.inner
    }

    fn start_over(&mut self) {
        self.operators = 0;
        self.inner = 0;
    }
}

fn scan(text: &str) -> Result<(), Excess> {
    let bytes = text.as_bytes();
    let outermost = Level { doublings: 0, first: false, ambiguous: false, operators: 0, inner: 0 };
    let mut levels = vec![outermost];
    let mut parsed: u64 = 0;
    let mut after_operator = false;
    let mut line_ended = false;
    let mut position = 0;
    while position < bytes.len() {
        let here = position;
        let byte = bytes[position];
        position += 1;
        if byte == b'\n' {
            line_ended = true;
            continue;
        }
        if byte.is_ascii_whitespace() {
            continue;
        }
        if byte == b'#' {
            position = end_of_line(bytes, position);
            continue;
        }
        let operator =
            matches!(byte, b'+' | b'-' | b'*' | b'/' | b'%' | b'&' | b'|' | b'=' | b'<' | b'>' | b'!')
                || is_word(bytes, here, b"in");
        let Some(level) = levels.last_mut() else { break };
        // A line goes on after an operator and before one; otherwise it ends the expression.
        if line_ended && !operator && !after_operator {
            level.start_over();
        }
        line_ended = false;
        after_operator = operator;
        match byte {
            b'"' => position = end_of_string(bytes, position),
            b'`' => position = end_of_raw_string(bytes, position),
            b'[' | b'{' | b'(' => {
                let ambiguous = byte != b'(';
                let doubled = level.ambiguous && level.first;
                let doublings = level.doublings + u32::from(doubled);
                parsed = parsed.saturating_add(1u64.checked_shl(doublings).unwrap_or(u64::MAX));
                if parsed > PARSE_LIMIT {
                    return Err(Excess::Brackets(here));
                }
                levels.push(Level { doublings, first: true, ambiguous, operators: 0, inner: 0 });
            }
            b']' | b'}' | b')' => {
                // An unmatched bracket is for the parser to report.
                if levels.len() > 1 {
                    let closed = levels.pop().map_or(0, |level| level.depth());
                    if let Some(level) = levels.last_mut() {
                        level.inner = level.inner.max(closed);
                    }
                }
            }
            b',' | b';' => {
                level.first = false;
                level.start_over();
            }
            _ if operator => {
                level.operators += 1;
                if level.depth() > DEPTH_LIMIT {
                    return Err(Excess::Operators(here));
                }
            }
            _ => position = end_of_word(bytes, position),
        }
    }
    Ok(())
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

fn is_word(bytes: &[u8], at: usize, word: &[u8]) -> bool {
    bytes[at..].starts_with(word) && !bytes.get(at + word.len()).copied().is_some_and(is_word_byte)
}

fn end_of_word(bytes: &[u8], mut position: usize) -> usize {
    while bytes.get(position).copied().is_some_and(is_word_byte) {
        position += 1;
    }
    position
}

fn end_of_line(bytes: &[u8], position: usize) -> usize {
    memchr::memchr(b'\n', &bytes[position..]).map_or(bytes.len(), |length| position + length)
}

fn end_of_string(bytes: &[u8], mut position: usize) -> usize {
    while let Some(byte) = bytes.get(position) {
        match byte {
            b'\\' => position += 2,
            // The parser reports a string that its line does not close.
            b'"' => return position + 1,
            b'\n' => return position,
            _ => position += 1,
        }
    }
    bytes.len()
}

fn end_of_raw_string(bytes: &[u8], position: usize) -> usize {
    memchr::memchr(b'`', &bytes[position..]).map_or(bytes.len(), |length| position + length + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_literals_pass() {
        let mock = r#"mock := {"resource_changes": [{"change": {"after": {"a": [{"b": [{"c": [1]}]}]}}}]}"#;
        assert_eq!(scan(&[mock; 20].join("\n")), Ok(()));
        assert_eq!(scan(&format!("x := [{}]", "[1, 2], ".repeat(50_000))), Ok(()));
        assert_eq!(scan(&format!("x := {}1{}", "abs(".repeat(30), ")".repeat(30))), Ok(()));
    }

    #[test]
    fn brackets_in_first_place_are_limited() {
        let nested = |opening: &str, closing: &str, times: usize| {
            scan(&format!("x := {}1{}", opening.repeat(times), closing.repeat(times)))
        };
        assert_eq!(nested("[", "]", 12), Ok(()));
        assert!(matches!(nested("[", "]", 40), Err(Excess::Brackets(_))));
        assert!(matches!(nested("{\"a\":", "}", 40), Err(Excess::Brackets(_))));
        assert!(matches!(nested("[(", ")]", 40), Err(Excess::Brackets(_))));
        assert_eq!(nested("(", ")", 31), Ok(()));
        assert_eq!(nested("[1, ", "]", 40), Ok(()));
    }

    #[test]
    fn operator_chains_are_limited_however_they_are_laid_out() {
        assert_eq!(scan(&format!("x := 1{}", " + 1".repeat(400))), Ok(()));
        for chain in [
            format!("x := 1{}", "+1".repeat(600)),
            format!("x := 1{}", " +\n1".repeat(600)),
            format!("x := 1{}", "\n| 1".repeat(600)),
            format!("x := 1{}", " in [1]".repeat(600)),
            format!("x := ((1{}){})", "+1".repeat(300), "+1".repeat(300)),
        ] {
            assert!(matches!(scan(&chain), Err(Excess::Operators(_))), "{}", &chain[..20]);
        }
        assert_eq!(scan(&"x := 1 + 1 + 1\n".repeat(1000)), Ok(()));
        assert_eq!(scan(&format!("x := [{}]", "-1, ".repeat(1000))), Ok(()));
    }

    #[test]
    fn strings_and_comments_do_not_count() {
        let brackets = "[".repeat(40);
        assert_eq!(scan(&format!("# {brackets}\nx := \"\\\"{brackets}\"\ny := `{brackets}`")), Ok(()));
    }
}
