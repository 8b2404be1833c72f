//! Splits a template into its text and its actions, and actions into tokens.

use crate::builtins::Failure;

/// What an action is made of.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A function or a keyword.
    Word(String),
    /// `.name`, and whether it follows on something without a space.
    Field(String, Joined),
    Dot,
    /// `$name`; `$` has no name.
    Variable(String),
    Text(String),
    Integer(i64),
    Float(f64),
    Pipe,
    Open,
    Close,
    Comma,
    Declare,
    Assign,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joined {
    Yes,
    No,
}

#[derive(Debug)]
pub(super) enum Piece {
    Text(String),
    Action(Vec<Token>),
}

fn wrong(reason: impl std::fmt::Display) -> Failure {
    Failure::unsuitable(format!("template: template: {reason}"))
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// The pieces of a template.
pub(super) fn split(template: &str) -> Result<Vec<Piece>, Failure> {
    let mut pieces = Vec::new();
    let mut rest = template;
    let mut trims = false;
    while let Some(start) = rest.find("{{") {
        let mut text = &rest[..start];
        rest = &rest[start + 2..];
        if trims {
            text = text.trim_start_matches(is_space);
        }
        if let Some(after) = rest.strip_prefix('-').filter(|after| after.starts_with(is_space)) {
            rest = after;
            text = text.trim_end_matches(is_space);
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(text.to_owned()));
        }
        let trimmed = rest.trim_start_matches(is_space);
        if let Some(comment) = rest
            .strip_prefix("/*")
            .or_else(|| trimmed.strip_prefix("/*").filter(|_| trimmed.len() < rest.len()))
        {
            let end = comment.find("*/").ok_or_else(|| wrong("unclosed comment"))?;
            (rest, trims) =
                closing(&comment[end + 2..]).ok_or_else(|| wrong("comment ends before closing delimiter"))?;
            continue;
        }
        let mut lexer = Lexer { rest, tokens: Vec::new() };
        trims = lexer.action()?;
        rest = lexer.rest;
        pieces.push(Piece::Action(lexer.tokens));
    }
    let text = if trims { rest.trim_start_matches(is_space) } else { rest };
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
    Ok(pieces)
}

/// What follows the end of an action, and whether the end says to trim it.
fn closing(text: &str) -> Option<(&str, bool)> {
    if let Some(rest) = text.strip_prefix("}}") {
        return Some((rest, false));
    }
    let rest = text.strip_prefix(is_space)?.strip_prefix("-}}")?;
    Some((rest, true))
}

struct Lexer<'t> {
    rest: &'t str,
    tokens: Vec<Token>,
}

impl Lexer<'_> {
    /// Reads to the end of the action, and says whether that trims the text after it.
    fn action(&mut self) -> Result<bool, Failure> {
        let mut joined = Joined::No;
        loop {
            if let Some((rest, trims)) = closing(self.rest) {
                self.rest = rest;
                return Ok(trims);
            }
            let c = self.rest.chars().next().ok_or_else(|| wrong("unclosed action"))?;
            if is_space(c) {
                self.rest = &self.rest[1..];
                joined = Joined::No;
                continue;
            }
            let token = self.token(c, joined)?;
            self.tokens.push(token);
            joined = Joined::Yes;
        }
    }

    fn take(&mut self, length: usize) -> &str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    /// How long the word is that starts so many bytes from here.
    fn word_length(&self, start: usize) -> usize {
        let is_word = |c: char| c == '_' || c.is_alphanumeric();
        let word = &self.rest[start..];
        word.find(|c| !is_word(c)).unwrap_or(word.len())
    }

    fn token(&mut self, c: char, joined: Joined) -> Result<Token, Failure> {
        let one = |lexer: &mut Self, token: Token| {
            lexer.take(1);
            Ok(token)
        };
        match c {
            '|' => one(self, Token::Pipe),
            '(' => one(self, Token::Open),
            ')' => one(self, Token::Close),
            ',' => one(self, Token::Comma),
            '=' => one(self, Token::Assign),
            ':' if self.rest.starts_with(":=") => {
                self.take(2);
                Ok(Token::Declare)
            }
            '"' | '\'' => self.quoted(c),
            '`' => {
                let end = self.rest[1..].find('`').ok_or_else(|| wrong("unterminated raw quoted string"))?;
                let text = self.take(end + 2);
                Ok(Token::Text(text[1..=end].to_owned()))
            }
            '$' => {
                let length = self.word_length(1);
                Ok(Token::Variable(self.take(1 + length)[1..].to_owned()))
            }
            '.' if self.rest[1..].starts_with(|c: char| c.is_ascii_digit()) => self.number(),
            '.' => match self.word_length(1) {
                0 => one(self, Token::Dot),
                length => Ok(Token::Field(self.take(1 + length)[1..].to_owned(), joined)),
            },
            '0'..='9' | '+' | '-' => self.number(),
            _ => match self.word_length(0) {
                0 => Err(wrong(format!("unexpected {c:?} in command"))),
                length => Ok(Token::Word(self.take(length).to_owned())),
            },
        }
    }

    fn number(&mut self) -> Result<Token, Failure> {
        let is_part = |(at, c): (usize, char)| {
            let after_exponent = at > 0 && matches!(self.rest.as_bytes()[at - 1], b'e' | b'E');
            c.is_ascii_alphanumeric()
                || c == '.'
                || c == '_'
                || (matches!(c, '+' | '-') && (at == 0 || after_exponent))
        };
        let length =
            self.rest.char_indices().find(|part| !is_part(*part)).map_or(self.rest.len(), |(at, _)| at);
        let number = self.take(length).to_owned();
        let plain = number.strip_prefix('+').unwrap_or(&number);
        if plain.bytes().skip(1).any(|byte| byte.is_ascii_alphabetic() && !matches!(byte, b'e' | b'E'))
            || number.contains('_')
        {
            return Err(Failure::Unsupported(format!(
                "numbers written as {number} are not supported in templates"
            )));
        }
        if let Ok(integer) = plain.parse() {
            let digits = plain.trim_start_matches('-');
            if digits.len() > 1 && digits.starts_with('0') {
                return Err(Failure::Unsupported(format!(
                    "numbers written as {number} are not supported in templates"
                )));
            }
            return Ok(Token::Integer(integer));
        }
        let float = plain.parse().ok().filter(|float: &f64| float.is_finite());
        float.map(Token::Float).ok_or_else(|| wrong(format!("bad number syntax: {number:?}")))
    }

    fn quoted(&mut self, quote: char) -> Result<Token, Failure> {
        let mut text = String::new();
        let mut characters = self.rest[1..].char_indices();
        let unterminated = || wrong("unterminated quoted string");
        loop {
            let (at, c) = characters.next().ok_or_else(unterminated)?;
            match c {
                '\n' => return Err(unterminated()),
                c if c == quote => {
                    self.take(at + 2);
                    break;
                }
                '\\' => {
                    let (_, escape) = characters.next().ok_or_else(unterminated)?;
                    let digits = match escape {
                        'x' => 2,
                        'u' => 4,
                        'U' => 8,
                        _ => 0,
                    };
                    if digits > 0 {
                        let code: String = characters.by_ref().take(digits).map(|(_, c)| c).collect();
                        let code = u32::from_str_radix(&code, 16).ok().filter(|_| code.len() == digits);
                        let code = code.filter(|code| escape != 'x' || *code < 0x80);
                        text.push(code.and_then(char::from_u32).ok_or_else(|| wrong("invalid syntax"))?);
                        continue;
                    }
                    text.push(match escape {
                        'a' => '\u{7}',
                        'b' => '\u{8}',
                        'f' => '\u{c}',
                        'n' => '\n',
                        'r' => '\r',
                        't' => '\t',
                        'v' => '\u{b}',
                        '\\' => '\\',
                        c if c == quote => quote,
                        _ => return Err(wrong("invalid syntax")),
                    });
                }
                c => text.push(c),
            }
        }
        if quote == '"' {
            return Ok(Token::Text(text));
        }
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (Some(c), None) => Ok(Token::Integer(u32::from(c).into())),
            _ => Err(wrong("malformed character constant")),
        }
    }
}
