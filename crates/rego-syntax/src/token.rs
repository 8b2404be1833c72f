//! Splits a policy into tokens; the text between two tokens is whitespace or a comment.

use std::ops::Range;

/// A token of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The kind.
    pub kind: TokenKind,
    /// The byte range.
    pub span: Range<usize>,
    /// Whether a line break precedes it.
    pub starts_line: bool,
}

/// The kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A name or keyword.
    Word,
    /// A number.
    Number,
    /// `"…"`.
    Text,
    /// `` `…` ``, which may contain line breaks.
    RawText,
    /// `$"…{x}…"` or `` $`…{x}…` ``.
    Template,
    /// A bracket, an operator or a separator.
    Symbol(Symbol),
}

/// Brackets, operators and separators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symbol {
    /// `(`.
    ParenOpen,
    /// `)`.
    ParenClose,
    /// `[`.
    BracketOpen,
    /// `]`.
    BracketClose,
    /// `{`.
    BraceOpen,
    /// `}`.
    BraceClose,
    /// `,`.
    Comma,
    /// `;`.
    Semicolon,
    /// `:`.
    Colon,
    /// `.`.
    Dot,
    /// `:=`.
    Assign,
    /// `=`.
    Unify,
    /// `==`.
    Equal,
    /// `!=`.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessOrEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterOrEqual,
    /// `|`.
    Pipe,
    /// `&`.
    Ampersand,
    /// `+`.
    Plus,
    /// `-`.
    Minus,
    /// `*`.
    Asterisk,
    /// `/`.
    Slash,
    /// `%`.
    Percent,
}

/// A text that cannot be split into tokens: it has an unclosed string or an invalid character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenError {
    /// The byte offset of the error.
    pub offset: usize,
}

/// Splits a text into tokens.
pub fn read(text: &str) -> Result<Vec<Token>, TokenError> {
    read_within(text, 0..text.len(), &mut Vec::new())
}

/// Splits a range of a text into tokens, and adds the ranges of its comments to `comments`. All ranges are those in
/// the whole text.
pub fn read_within(
    text: &str,
    within: Range<usize>,
    comments: &mut Vec<Range<usize>>,
) -> Result<Vec<Token>, TokenError> {
    let bytes = text.as_bytes().get(..within.end).unwrap_or_default();
    let mut tokens = Vec::new();
    let mut starts_line = true;
    let mut at = within.start;
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        let kind = match byte {
            b'\n' => {
                starts_line = true;
                at += 1;
                continue;
            }
            b' ' | b'\t' | b'\r' => {
                at += 1;
                continue;
            }
            b'#' => {
                at = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |length| at + length);
                let written = text.get(start..at).map_or(0, |comment| comment.trim_end().len());
                comments.push(start..start + written);
                continue;
            }
            b'"' | b'`' => {
                at = end_of_string(bytes, at)?;
                if byte == b'"' { TokenKind::Text } else { TokenKind::RawText }
            }
            b'$' if matches!(bytes.get(at + 1), Some(b'"' | b'`')) => {
                at = end_of_template(bytes, at)?;
                TokenKind::Template
            }
            b'0'..=b'9' => {
                at = end_of_number(bytes, at);
                TokenKind::Number
            }
            byte if byte == b'_' || byte.is_ascii_alphabetic() => {
                at = skip(bytes, at, |byte| byte == b'_' || byte.is_ascii_alphanumeric());
                TokenKind::Word
            }
            _ => {
                let (symbol, length) = symbol(bytes, at).ok_or(TokenError { offset: at })?;
                at += length;
                TokenKind::Symbol(symbol)
            }
        };
        tokens.push(Token { kind, span: start..at, starts_line });
        starts_line = false;
    }
    Ok(tokens)
}

fn symbol(bytes: &[u8], at: usize) -> Option<(Symbol, usize)> {
    let next_is = |byte| bytes.get(at + 1) == Some(&byte);
    Some(match bytes[at] {
        b'(' => (Symbol::ParenOpen, 1),
        b')' => (Symbol::ParenClose, 1),
        b'[' => (Symbol::BracketOpen, 1),
        b']' => (Symbol::BracketClose, 1),
        b'{' => (Symbol::BraceOpen, 1),
        b'}' => (Symbol::BraceClose, 1),
        b',' => (Symbol::Comma, 1),
        b';' => (Symbol::Semicolon, 1),
        b'.' => (Symbol::Dot, 1),
        b'|' => (Symbol::Pipe, 1),
        b'&' => (Symbol::Ampersand, 1),
        b'+' => (Symbol::Plus, 1),
        b'-' => (Symbol::Minus, 1),
        b'*' => (Symbol::Asterisk, 1),
        b'/' => (Symbol::Slash, 1),
        b'%' => (Symbol::Percent, 1),
        b':' if next_is(b'=') => (Symbol::Assign, 2),
        b':' => (Symbol::Colon, 1),
        b'=' if next_is(b'=') => (Symbol::Equal, 2),
        b'=' => (Symbol::Unify, 1),
        b'!' if next_is(b'=') => (Symbol::NotEqual, 2),
        b'<' if next_is(b'=') => (Symbol::LessOrEqual, 2),
        b'<' => (Symbol::Less, 1),
        b'>' if next_is(b'=') => (Symbol::GreaterOrEqual, 2),
        b'>' => (Symbol::Greater, 1),
        _ => return None,
    })
}

fn skip(bytes: &[u8], mut at: usize, belongs: impl Fn(u8) -> bool) -> usize {
    while bytes.get(at).copied().is_some_and(&belongs) {
        at += 1;
    }
    at
}

fn end_of_number(bytes: &[u8], at: usize) -> usize {
    let digits = |at| skip(bytes, at, |byte| byte.is_ascii_digit());
    let mut end = digits(at);
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    end
}

/// Returns the end of the string that starts at `at`.
pub fn end_of_string(bytes: &[u8], at: usize) -> Result<usize, TokenError> {
    let open = TokenError { offset: at };
    let mut end = at + 1;
    if bytes[at] == b'`' {
        let length = memchr::memchr(b'`', &bytes[end..]).ok_or(open)?;
        return Ok(end + length + 1);
    }
    loop {
        match bytes.get(end).ok_or(open)? {
            b'\\' => end += 2,
            b'"' => return Ok(end + 1),
            b'\n' => return Err(open),
            _ => end += 1,
        }
    }
}

/// Returns the end of the template that starts at `at`. Its expressions may contain strings and templates.
pub fn end_of_template(bytes: &[u8], at: usize) -> Result<usize, TokenError> {
    let open = TokenError { offset: at };
    // The open delimiters: quotes of templates, and braces in and around their expressions.
    let mut pending = vec![*bytes.get(at + 1).ok_or(open)?];
    let mut end = at + 2;
    while let Some(&closing) = pending.last() {
        let byte = *bytes.get(end).ok_or(open)?;
        let in_text = closing != b'}';
        match byte {
            _ if byte == closing => {
                pending.pop();
                end += 1;
            }
            b'\\' if in_text => end += 2,
            b'\n' if closing == b'"' => return Err(open),
            b'{' => {
                pending.push(b'}');
                end += 1;
            }
            b'$' if !in_text && matches!(bytes.get(end + 1), Some(b'"' | b'`')) => {
                pending.push(bytes[end + 1]);
                end += 2;
            }
            b'"' | b'`' if !in_text => end = end_of_string(bytes, end)?,
            b'#' if !in_text => end = skip(bytes, end, |byte| byte != b'\n'),
            _ => end += 1,
        }
    }
    Ok(end)
}

/// Returns the end of the braces that open at `at`. The expression in them may contain strings and templates.
pub fn end_of_braces(bytes: &[u8], at: usize) -> Result<usize, TokenError> {
    let open = TokenError { offset: at };
    let mut depth = 0usize;
    let mut end = at;
    loop {
        match bytes.get(end).ok_or(open)? {
            b'"' | b'`' => end = end_of_string(bytes, end)?,
            b'$' if matches!(bytes.get(end + 1), Some(b'"' | b'`')) => end = end_of_template(bytes, end)?,
            b'{' => {
                depth += 1;
                end += 1;
            }
            b'}' if depth <= 1 => return Ok(end + 1),
            b'}' => {
                depth -= 1;
                end += 1;
            }
            b'#' => end = skip(bytes, end, |byte| byte != b'\n'),
            _ => end += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        read(text).unwrap().into_iter().map(|token| &text[token.span]).collect()
    }

    #[test]
    fn the_longest_operator_is_read() {
        assert_eq!(
            texts("a:=b==c!=d<=e>=f<g>h=i:j"),
            [
                "a", ":=", "b", "==", "c", "!=", "d", "<=", "e", ">=", "f", "<", "g", ">", "h", "=", "i",
                ":", "j"
            ]
        );
        assert_eq!(texts("x[_].y|-1"), ["x", "[", "_", "]", ".", "y", "|", "-", "1"]);
    }

    #[test]
    fn a_dot_belongs_to_a_number_only_before_a_digit() {
        assert_eq!(texts("1.5e-3 2.x 3e 0"), ["1.5e-3", "2", ".", "x", "3", "e", "0"]);
    }

    #[test]
    fn the_contents_of_strings_are_not_tokens() {
        assert_eq!(texts(r##""a\"#{" `b"\` c"##), [r##""a\"#{""##, r##"`b"\`"##, "c"]);
        assert_eq!(texts("`a\nb` c"), ["`a\nb`", "c"]);
        assert_eq!(read("x \"a\n\""), Err(TokenError { offset: 2 }));
        assert_eq!(read("`a"), Err(TokenError { offset: 0 }));
        assert_eq!(read("\"a\\"), Err(TokenError { offset: 0 }));
    }

    #[test]
    fn templates_may_contain_strings_and_templates() {
        assert_eq!(texts(r#"$"a {f("}", $"{x}")} \{" y"#), [r#"$"a {f("}", $"{x}")} \{""#, "y"]);
        assert_eq!(texts("$`a\n{x}` y"), ["$`a\n{x}`", "y"]);
        assert!(read("$\"{\"").is_err());
        assert!(read("$").is_err());
    }

    #[test]
    fn comments_and_line_breaks_are_not_tokens() {
        let tokens = read("a # b \"\nc d").unwrap();
        let lines: Vec<bool> = tokens.iter().map(|token| token.starts_line).collect();
        assert_eq!(lines, [true, true, false]);
    }

    #[test]
    fn invalid_characters_are_rejected() {
        assert_eq!(read("a é"), Err(TokenError { offset: 2 }));
        assert_eq!(read("a ! b"), Err(TokenError { offset: 2 }));
    }
}
