//! Rejects policies that would keep the engine's parser busy or exhaust its stack.
//!
//! The limits come from measurements of regorus 0.14.1: it parses each `[` or `{` in the position of a first element
//! twice, so thirty of them take longer than a day, which the front end avoids for literals; and it visits a chain of operators by recursion, as a tree as
//! deep as the chain is long, and brackets as deep as they are nested.

use planguard_rego_syntax::parse::MOST_BRACKETS;

use super::error::PolicyError;
use super::source::Source;

/// The maximum number of bracketed elements to parse, including repetitions. At about 10 µs each, the worst case is a
/// few seconds; the largest mock in published policies needs some thousands.
const PARSE_LIMIT: u64 = 1 << 18;

/// The maximum depth of the operators in one expression's tree.
const DEPTH_LIMIT: usize = 500;

/// The maximum number of brackets that are open at once, as the parser of the front end has it.
const NESTING_LIMIT: usize = MOST_BRACKETS;

/// Checks the text of a policy, before anything parses it.
pub fn check(source: &Source) -> Result<(), PolicyError> {
    scan(&source.text, Reader::FrontEnd).map_err(|excess| excess.error(source, |offset| offset))
}

/// Checks the text that the engine parses.
pub(super) fn check_for_engine(source: &Source) -> Result<(), PolicyError> {
    scan(source.engine_text(), Reader::Engine)
        .map_err(|excess| excess.error(source, |offset| source.original(offset)))
}

/// Who reads the text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// It reads every bracket once, and takes deep literals apart.
    FrontEnd,
    Engine,
}

#[derive(Debug, PartialEq, Eq)]
enum Excess {
    Brackets(usize),
    Nesting(usize),
    Operators(usize),
}

impl Excess {
    fn error(self, source: &Source, original: impl Fn(usize) -> usize) -> PolicyError {
        let (reason, offset) = match self {
            Self::Brackets(offset) => ("too many brackets directly after opening brackets", offset),
            Self::Nesting(offset) => ("too many brackets open at once", offset),
            Self::Operators(offset) => ("too many operators in one expression", offset),
        };
        PolicyError::TooDeep { reason, text: source.named(), at: (original(offset), 1).into() }
    }
}

/// The state of an open bracket.
struct Level {
    /// The number of times that an element here is parsed, as a power of two.
    doublings: u32,
    /// Whether the next bracket is in the first element.
    first: bool,
    /// Whether the parser tries the bracket twice; it does not for round ones.
    ambiguous: bool,
    /// The number of operators since the last comma or line break.
    operators: usize,
    /// The depth of the deepest closed expression since then.
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

fn scan(text: &str, reader: Reader) -> Result<(), Excess> {
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
        // A line continues after and before an operator; otherwise it ends the expression.
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
                if parsed > PARSE_LIMIT && reader == Reader::Engine {
                    return Err(Excess::Brackets(here));
                }
                if levels.len() > NESTING_LIMIT {
                    return Err(Excess::Nesting(here));
                }
                levels.push(Level { doublings, first: true, ambiguous, operators: 0, inner: 0 });
            }
            b']' | b'}' | b')' => {
                // The parser reports unmatched brackets.
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
            // The parser reports strings that are not closed on their line.
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

    fn scan(text: &str) -> Result<(), Excess> {
        super::scan(text, Reader::Engine)
    }

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
    fn brackets_in_any_place_are_limited() {
        for (opening, closing) in
            [("{\"b\": 1, \"a\": ", "}"), ("(", ")"), ("[1, ", "]"), ("[x | x := ", "]")]
        {
            let nested = |times: usize| {
                let text = format!("x := {}1{}", opening.repeat(times), closing.repeat(times));
                matches!(scan(&text), Err(Excess::Nesting(_) | Excess::Brackets(_)))
            };
            assert!(nested(251), "{opening}");
        }
        assert_eq!(scan(&format!("x := {}1{}", "[1, ".repeat(250), "]".repeat(250))), Ok(()));
    }

    #[test]
    fn the_front_end_reads_literals_of_any_depth_once() {
        let nested = |times: usize| format!("x := {}1{}", "[".repeat(times), "]".repeat(times));
        assert_eq!(super::scan(&nested(250), Reader::FrontEnd), Ok(()));
        assert!(matches!(super::scan(&nested(251), Reader::FrontEnd), Err(Excess::Nesting(_))));
        let chain = format!("{}\ny := 1{}", nested(30), "+1".repeat(600));
        assert!(matches!(super::scan(&chain, Reader::FrontEnd), Err(Excess::Operators(_))));
    }

    #[test]
    fn operator_chains_are_limited_in_every_layout() {
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
