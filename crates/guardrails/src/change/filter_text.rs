//! Filters of logs, findings and time series in the language of Google: what one of them demands beyond another.

/// What a filter demands.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Filter {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Term(Term),
}

/// A comparison, or a text that stands alone.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Term {
    field: String,
    operator: &'static str,
    value: String,
}

/// How many letters a filter may have, and how deep its brackets may be, so that comparing takes no time; a longer one is
/// compared as a text only.
const LONGEST: usize = 4000;
const DEEPEST: usize = 8;

/// The operators, the longer ones first.
const OPERATORS: [&str; 9] = ["!=", ">=", "<=", "=~", "!~", "=", ">", "<", ":"];

/// The severities of log entries, the least one first.
const SEVERITIES: [&str; 9] =
    ["DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY"];

impl Filter {
    /// Reads a filter; `None` for one that is too long, or that does not read as one. An empty filter takes in everything.
    pub(super) fn read(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let tokens = tokens(text)?;
        let mut reader = Reader { tokens: &tokens, depth: 0 };
        let filter = reader.all()?;
        reader.tokens.is_empty().then_some(filter)
    }

    /// Whether everything that this filter takes in is taken in by another one, as far as their form shows it.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (own, other) if own == other => true,
            (own, Self::All(parts)) => parts.iter().all(|part| own.is_within(part)),
            (Self::Any(parts), other) => parts.iter().all(|part| part.is_within(other)),
            (Self::Not(own), Self::Not(other)) => other.is_within(own),
            (Self::Term(own), Self::Term(other)) => own.is_within(other),
            (own, Self::Any(parts)) if parts.iter().any(|part| own.is_within(part)) => true,
            (Self::All(parts), other) => parts.iter().any(|part| part.is_within(other)),
            (_, Self::Any(_) | Self::Not(_) | Self::Term(_)) => false,
        }
    }

    fn not(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            Self::All(parts) => Self::Any(parts.into_iter().map(Self::not).collect()),
            Self::Any(parts) => Self::All(parts.into_iter().map(Self::not).collect()),
            term => Self::Not(Box::new(term)),
        }
    }
}

impl Term {
    fn is_within(&self, other: &Self) -> bool {
        if self.field != other.field || self.field.is_empty() {
            return false;
        }
        let numbers = rank(&self.field, &self.value).zip(rank(&other.field, &other.value));
        match (self.operator, other.operator, numbers) {
            ("=" | ">=" | ">", ">=", Some((own, other))) | (">", ">", Some((own, other))) => own >= other,
            ("=" | "<=" | "<", "<=", Some((own, other))) | ("<", "<", Some((own, other))) => own <= other,
            ("=" | ">=", ">", Some((own, other))) => own > other,
            ("=" | "<=", "<", Some((own, other))) => own < other,
            ("=" | ":", ":", _) => self.value.contains(&other.value),
            _ => false,
        }
    }
}

/// A severity or a number as a number.
fn rank(field: &str, value: &str) -> Option<f64> {
    let severity = || {
        let position = SEVERITIES.iter().position(|name| name.eq_ignore_ascii_case(value))?;
        u32::try_from(position).ok().map(f64::from)
    };
    match field.rsplit('.').next() {
        Some("severity") => severity(),
        _ => value.parse().ok(),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'t> {
    Open,
    Close,
    Minus,
    Operator(&'static str),
    /// A name, a number or a text, without the quotes around it.
    Word(&'t str),
    /// The same in quotes, which is no word of the language.
    Quoted(&'t str),
}

/// The parts of a text without its comments; `None` for a text in quotes that does not end.
fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        rest = if rest.starts_with("--") {
            rest.split_once('\n').map(|(_, next)| next).unwrap_or_default()
        } else if let Some(operator) = OPERATORS.iter().find(|operator| rest.starts_with(**operator)) {
            tokens.push(Token::Operator(operator));
            &rest[operator.len()..]
        } else {
            match first {
                '(' => {
                    tokens.push(Token::Open);
                    after
                }
                ')' => {
                    tokens.push(Token::Close);
                    after
                }
                '-' if after.starts_with(|next: char| next.is_alphabetic() || "\"(".contains(next)) => {
                    tokens.push(Token::Minus);
                    after
                }
                '"' | '\'' => {
                    let end = quote_end(after, first)?;
                    tokens.push(Token::Quoted(&after[..end]));
                    &after[end + 1..]
                }
                _ => {
                    let is_end = |letter: char| letter.is_whitespace() || "()=<>!:\"".contains(letter);
                    let end = after.find(is_end).map_or(rest.len(), |end| end + first.len_utf8());
                    // A function with its arguments is one word.
                    let is_call = rest[end..].starts_with('(') && !is_operator(&rest[..end]);
                    let end = if is_call { end + call_end(&rest[end..])? } else { end };
                    tokens.push(Token::Word(&rest[..end]));
                    &rest[end..]
                }
            }
        };
        rest = rest.trim_start();
    }
    Some(tokens)
}

/// Whether a word is one of the language.
fn is_operator(word: &str) -> bool {
    ["AND", "OR", "NOT"].iter().any(|own| own.eq_ignore_ascii_case(word))
}

/// Where the brackets end that a text begins with; `None` where they do not.
fn call_end(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0usize, None);
    text.char_indices().find_map(|(position, letter)| {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(letter),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
        (depth == 0).then_some(position + 1)
    })
}

/// Where a text in quotes ends.
fn quote_end(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    text.char_indices().find_map(|(position, letter)| {
        let ends = letter == quote && !is_escaped;
        is_escaped = letter == '\\' && !is_escaped;
        ends.then_some(position)
    })
}

struct Reader<'t> {
    tokens: &'t [Token<'t>],
    depth: usize,
}

impl<'t> Reader<'t> {
    fn takes_word(&mut self, word: &str) -> bool {
        match self.tokens {
            [Token::Word(own), rest @ ..] if own.eq_ignore_ascii_case(word) => {
                self.tokens = rest;
                true
            }
            _ => false,
        }
    }

    /// Parts that all have to hold: between them stands `AND`, or nothing. It binds less than `OR`.
    fn all(&mut self) -> Option<Filter> {
        let mut parts = Vec::new();
        while !matches!(self.tokens, [] | [Token::Close, ..]) {
            match self.any()? {
                Filter::All(inner) => parts.extend(inner),
                part => parts.push(part),
            }
            self.takes_word("AND");
        }
        Some(match parts.len() {
            1 => parts.remove(0),
            _ => Filter::All(parts),
        })
    }

    fn any(&mut self) -> Option<Filter> {
        let mut parts = vec![self.one()?];
        while self.takes_word("OR") {
            parts.push(self.one()?);
        }
        Some(match parts.len() {
            1 => parts.remove(0),
            _ => Filter::Any(parts),
        })
    }

    fn one(&mut self) -> Option<Filter> {
        if self.takes_word("NOT") {
            return self.one().map(Filter::not);
        }
        match self.tokens {
            [Token::Minus, rest @ ..] => {
                self.tokens = rest;
                self.one().map(Filter::not)
            }
            [Token::Open, ..] => self.in_brackets(None),
            [Token::Word(name) | Token::Quoted(name), Token::Operator(operator), Token::Open, ..] => {
                self.tokens = &self.tokens[2..];
                self.in_brackets(Some((name, operator)))
            }
            [
                Token::Word(name) | Token::Quoted(name),
                Token::Operator(operator),
                Token::Word(value) | Token::Quoted(value),
                rest @ ..,
            ] => {
                self.tokens = rest;
                Some(term(name, operator, value))
            }
            [Token::Word(text) | Token::Quoted(text), rest @ ..] => {
                self.tokens = rest;
                Some(term("", "", text))
            }
            [] | [Token::Close | Token::Operator(_), ..] => None,
        }
    }

    /// What stands in brackets; with a comparison in front of them, each of its texts is what something is compared with.
    fn in_brackets(&mut self, of: Option<(&str, &'static str)>) -> Option<Filter> {
        self.depth += 1;
        let [Token::Open, rest @ ..] = self.tokens else { return None };
        self.tokens = rest;
        let filter = if self.depth > DEEPEST { None } else { self.all() }?;
        let [Token::Close, rest @ ..] = self.tokens else { return None };
        self.tokens = rest;
        self.depth -= 1;
        Some(match of {
            Some((name, operator)) => compared(filter, name, operator),
            None => filter,
        })
    }
}

fn term(field: &str, operator: &'static str, value: &str) -> Filter {
    let of = |operator| Filter::Term(Term { field: field.to_owned(), operator, value: value.to_owned() });
    match operator {
        "!=" => of("=").not(),
        "!~" => of("=~").not(),
        operator => of(operator),
    }
}

/// The texts of a filter as what a field is compared with.
fn compared(filter: Filter, field: &str, operator: &'static str) -> Filter {
    let each = |parts: Vec<Filter>| {
        parts.into_iter().map(|part| compared(part, field, operator)).collect::<Vec<_>>()
    };
    match filter {
        Filter::All(parts) => Filter::All(each(parts)),
        Filter::Any(parts) => Filter::Any(each(parts)),
        Filter::Not(inner) => compared(*inner, field, operator).not(),
        Filter::Term(text) => term(field, operator, &text.value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_within(own: &str, other: &str) -> bool {
        Filter::read(own).unwrap().is_within(&Filter::read(other).unwrap())
    }

    #[test]
    fn one_more_demand_takes_in_less() {
        let container = r#"resource.type="k8s_container" AND severity<=DEBUG"#;
        assert!(is_within(container, "severity<=NOTICE"));
        assert!(!is_within("severity<=NOTICE", container));
        assert!(
            is_within(container, "severity <= DEBUG resource.type = k8s_container"),
            "another form of it"
        );
        assert!(is_within(container, ""));
        assert!(!is_within("", container));
        assert!(is_within("a=1 AND NOT b=2", "a=1"));
        assert!(!is_within("a=1", "a=1 AND -b=2"));
        assert!(is_within("a=1 -- of the first kind\n b!=2", "NOT b=2"));
    }

    #[test]
    fn or_binds_closer_than_and() {
        assert!(is_within("a=1 AND b=1", "a=1 OR c=1"));
        assert!(!is_within("a=1 OR c=1", "a=1"));
        assert!(is_within("a=1 OR b=1 AND c=1", "c=1"));
        assert!(is_within("a=(1 OR 2)", "a=1 OR a=2 OR a=3"));
        assert!(is_within("NOT (a=1 OR b=1)", "a!=1"));
        assert!(!is_within("a!=1", "NOT (a=1 OR b=1)"));
    }

    #[test]
    fn bounds_and_parts_of_texts_are_compared() {
        assert!(is_within("severity>=ERROR", "severity>=WARNING"));
        assert!(!is_within("severity>=WARNING", "severity>=ERROR"));
        assert!(is_within("severity=ERROR", "severity>=ERROR"));
        assert!(!is_within("severity>=ERROR", "severity>ERROR"));
        assert!(is_within("n<5", "n<=5") && !is_within("n<=5", "n<5"));
        assert!(is_within(r#"logName="a/cloudaudit""#, r#"logName:"cloudaudit""#));
    }

    #[test]
    fn what_does_not_read_as_a_filter_is_none() {
        for text in ["(a=1", "a=1)", "a=", "\"a", "=1"] {
            assert_eq!(Filter::read(text), None, "{text}");
        }
        assert_eq!(Filter::read(&"(".repeat(5000)), None);
        assert!(Filter::read("sample(insertId, 0.1) AND a:*").is_some());
    }

    #[test]
    fn the_arguments_of_a_function_are_no_demands() {
        let of = |zones: &str| format!("metric.type=\"a\" AND resource.zone=one_of({zones})");
        assert!(!is_within(&of(r#""a", "b""#), &of(r#""a""#)));
        assert!(!is_within(&of(r#""a""#), &of(r#""a", "b""#)));
        assert!(is_within(&of(r#""a""#), "metric.type=\"a\""));
        assert!(is_within("NOT(a=1 OR b=1)", "a!=1"));
    }
}
