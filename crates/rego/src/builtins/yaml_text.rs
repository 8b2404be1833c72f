//! `yaml.marshal`: YAML as the library that OPA uses writes it.
//!
//! It is a port of libyaml, for documents of JSON: keys are texts, collections are in blocks unless they are empty, and
//! a text is written plain if it then means itself.

use std::cmp::Ordering;

use regorus::Value;

use super::arguments::Arguments;
use super::operators::sorted;
use super::sprintf::shortest_float;
use super::text::{check_length, value_text};
use super::{Builtin, Failure, Outcome};

pub(super) const FUNCTIONS: &[Builtin] = &[Builtin { name: "yaml.marshal", arity: 1, run: marshal }];

/// Longer lines are broken at spaces.
const WIDTH: usize = 80;

/// How far each level is indented.
const INDENT: usize = 2;

/// Longer keys are written after a question mark.
const LONGEST_SIMPLE_KEY: usize = 128;

/// `yaml.marshal(value)`: the value as a YAML document.
fn marshal(arguments: &[Value]) -> Outcome {
    let mut writer = Writer { starts_token: true, starts_line: true, ..Writer::default() };
    writer.node(Arguments(arguments).value(0), Place::Root)?;
    writer.break_line();
    Ok(writer.text.into())
}

/// Where a node stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    Element,
    /// On the line of its value, where it may not be broken.
    SimpleKey,
    Key,
    Value,
}

/// How a text is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
}

#[derive(Default)]
struct Writer {
    text: String,
    column: usize,
    /// The indentation of the collection around; none at the root.
    indent: Option<usize>,
    /// Whether what follows needs no space before it.
    starts_token: bool,
    /// Whether the line has nothing but indentation and indicators so far.
    starts_line: bool,
}

impl Writer {
    fn node(&mut self, value: &Value, place: Place) -> Result<(), Failure> {
        check_length(&self.text)?;
        match value {
            Value::Null | Value::Undefined => self.token("null"),
            Value::Bool(value) => self.token(if *value { "true" } else { "false" }),
            Value::Number(_) => {
                let number = number(value);
                self.token(&number);
            }
            Value::String(text) => return self.scalar(text, place),
            Value::Array(elements) => return self.sequence(elements.iter(), place),
            Value::Set(elements) => return self.sequence(sorted(elements.iter()), place),
            Value::Object(object) => {
                let key =
                    |key: &Value| key.as_string().map_or_else(|_| value_text(key), |key| Ok(key.to_string()));
                let mut entries: Vec<(String, &Value)> = object
                    .iter()
                    .map(|(name, value)| Ok((key(name)?, value)))
                    .collect::<Result<_, Failure>>()?;
                entries.sort_by(|(left, _), (right, _)| order(left, right));
                return self.mapping(&entries);
            }
        }
        Ok(())
    }

    fn sequence<'v>(
        &mut self,
        elements: impl ExactSizeIterator<Item = &'v Value>,
        place: Place,
    ) -> Result<(), Failure> {
        if elements.len() == 0 {
            self.token("[]");
            return Ok(());
        }
        let around = self.indent;
        // The elements of a value stand below its key.
        if place != Place::Value || self.starts_line {
            self.indent = Some(around.map_or(0, |indent| indent + INDENT));
        }
        for element in elements {
            self.indentation();
            self.indicator("-");
            self.node(element, Place::Element)?;
        }
        self.indent = around;
        Ok(())
    }

    fn mapping(&mut self, entries: &[(String, &Value)]) -> Result<(), Failure> {
        if entries.is_empty() {
            self.token("{}");
            return Ok(());
        }
        let around = self.indent;
        self.indent = Some(around.map_or(0, |indent| indent + INDENT));
        for (key, value) in entries {
            self.indentation();
            if key.len() <= LONGEST_SIMPLE_KEY && !key.contains(is_break) {
                self.scalar(key, Place::SimpleKey)?;
                self.push(":");
                (self.starts_token, self.starts_line) = (false, false);
            } else {
                self.indicator("?");
                self.scalar(key, Place::Key)?;
                self.indentation();
                self.indicator(":");
            }
            self.node(value, Place::Value)?;
        }
        self.indent = around;
        Ok(())
    }

    fn scalar(&mut self, text: &str, place: Place) -> Result<(), Failure> {
        if let Some(character) = text.chars().find(|c| matches!(c, '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}'))
        {
            let code = u32::from(character);
            return Err(Failure::unsuitable(format!(
                "yaml: control characters are not allowed: U+{code:04X}"
            )));
        }
        // The library reads JSON as YAML before, for which this ends a line within a text.
        let text = &text.replace('\u{85}', " ");
        let around = self.indent;
        self.indent = Some(around.map_or(INDENT, |indent| indent + INDENT));
        match style(text, place) {
            Style::Plain => self.plain(text, place),
            Style::SingleQuoted => self.single_quoted(text, place),
            Style::DoubleQuoted => self.double_quoted(text, place),
            Style::Literal => self.literal(text),
        }
        self.indent = around;
        check_length(&self.text)
    }

    fn plain(&mut self, text: &str, place: Place) {
        self.space();
        let mut letters = text.chars().peekable();
        let mut after_space = false;
        while let Some(letter) = letters.next() {
            let folds = letter == ' ' && !after_space && self.may_fold(place) && letters.peek() != Some(&' ');
            if folds {
                self.indentation();
            } else {
                self.letter(letter);
            }
            after_space = letter == ' ';
        }
        (self.starts_token, self.starts_line) = (false, false);
    }

    fn single_quoted(&mut self, text: &str, place: Place) {
        self.space();
        self.push("'");
        let (mut after_space, mut after_break) = (false, false);
        let mut letters = text.char_indices().peekable();
        while let Some((at, letter)) = letters.next() {
            let next = letters.peek().map(|(_, next)| *next);
            if letter == ' ' {
                let is_inside = at > 0 && next.is_some_and(|next| next != ' ');
                if is_inside && !after_space && self.may_fold(place) {
                    self.indentation();
                } else {
                    self.letter(letter);
                }
                after_space = true;
            } else if is_break(letter) {
                if !after_break && letter == '\n' {
                    self.break_line();
                }
                self.letter(letter);
                (self.starts_line, after_break) = (true, true);
            } else {
                if after_break {
                    self.indentation();
                }
                if letter == '\'' {
                    self.letter(letter);
                }
                self.letter(letter);
                (self.starts_line, after_space, after_break) = (false, false, false);
            }
        }
        self.push("'");
        (self.starts_token, self.starts_line) = (false, false);
    }

    fn double_quoted(&mut self, text: &str, place: Place) {
        self.space();
        self.push("\"");
        let mut after_space = false;
        let mut letters = text.char_indices().peekable();
        while let Some((at, letter)) = letters.next() {
            let next = letters.peek().map(|(_, next)| *next);
            if !is_printable(letter) || is_break(letter) || matches!(letter, '"' | '\\') {
                let escaped = escaped(letter);
                self.push(&escaped);
                after_space = false;
            } else if letter == ' ' {
                if at > 0 && next.is_some() && !after_space && self.may_fold(place) {
                    self.indentation();
                    if next == Some(' ') {
                        self.push("\\");
                    }
                } else {
                    self.letter(letter);
                }
                after_space = true;
            } else {
                self.letter(letter);
                after_space = false;
            }
        }
        self.push("\"");
        (self.starts_token, self.starts_line) = (false, false);
    }

    fn literal(&mut self, text: &str) {
        self.space();
        self.push("|");
        if text.starts_with(|letter| letter == ' ' || is_break(letter)) {
            self.push(&INDENT.to_string());
        }
        let mut end = text.chars().rev();
        match (end.next().is_some_and(is_break), end.next()) {
            (false, _) => self.push("-"),
            (true, before) if before.is_none_or(is_break) => self.push("+"),
            (true, _) => {}
        }
        self.break_line();
        let mut after_break = true;
        for letter in text.chars() {
            if is_break(letter) {
                self.letter(letter);
                (self.starts_line, after_break) = (true, true);
            } else {
                if after_break {
                    self.indentation();
                }
                self.letter(letter);
                (self.starts_line, after_break) = (false, false);
            }
        }
    }

    /// Whether a line is so long that it is continued on the next one.
    fn may_fold(&self, place: Place) -> bool {
        place != Place::SimpleKey && self.column > WIDTH
    }

    /// Writes a token that is not broken.
    fn token(&mut self, text: &str) {
        self.space();
        self.push(text);
        (self.starts_token, self.starts_line) = (false, false);
    }

    /// Writes what an element or a value starts with.
    fn indicator(&mut self, text: &str) {
        self.space();
        self.push(text);
        self.starts_token = false;
    }

    fn space(&mut self) {
        if !self.starts_token {
            self.push(" ");
        }
        self.starts_token = true;
    }

    /// Goes to the indentation, on a new line if there is something else on this one.
    fn indentation(&mut self) {
        let indent = self.indent.unwrap_or_default();
        if !self.starts_line || self.column > indent || (self.column == indent && !self.starts_token) {
            self.break_line();
        }
        while self.column < indent {
            self.letter(' ');
        }
        (self.starts_token, self.starts_line) = (true, true);
    }

    /// Starts a new line, unless this one is empty.
    fn break_line(&mut self) {
        if self.column > 0 || self.text.is_empty() {
            self.letter('\n');
        }
        (self.starts_token, self.starts_line) = (true, true);
    }

    fn push(&mut self, text: &str) {
        text.chars().for_each(|letter| self.letter(letter));
    }

    fn letter(&mut self, letter: char) {
        self.text.push(letter);
        self.column = if is_break(letter) { 0 } else { self.column + 1 };
    }
}

/// A number as Go writes one of JSON that it has read: a float if it has more than 64 bits.
fn number(value: &Value) -> String {
    let Value::Number(number) = value else { return String::new() };
    let digits = number.format_decimal();
    if number.is_integer() && (digits.parse::<i64>().is_ok() || digits.parse::<u64>().is_ok()) {
        return digits;
    }
    number.as_f64().map_or(digits, shortest_float)
}

fn escaped(letter: char) -> String {
    let short = match letter {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => {
            return match u32::from(letter) {
                code @ ..=0xff => format!("\\x{code:02X}"),
                code @ ..=0xffff => format!("\\u{code:04X}"),
                code => format!("\\U{code:08X}"),
            };
        }
    };
    format!("\\{short}")
}

fn is_break(letter: char) -> bool {
    matches!(letter, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_printable(letter: char) -> bool {
    matches!(letter, '\n' | ' '..='~' | '\u{a0}'..='\u{feff}' | '\u{ff00}'..='\u{fffd}')
        && letter != '\u{feff}'
}

/// What a text is written as, so that it means itself there.
fn style(text: &str, place: Place) -> Style {
    let is = Analysis::of(text);
    let wanted = match text.contains('\n') {
        true => Style::Literal,
        false if means_itself(text) => Style::Plain,
        false => Style::DoubleQuoted,
    };
    match wanted {
        Style::Plain if is.plain_allowed => Style::Plain,
        Style::Plain | Style::SingleQuoted if is.single_quoted_allowed => Style::SingleQuoted,
        Style::Literal if is.literal_allowed && place != Place::SimpleKey => Style::Literal,
        Style::Plain | Style::SingleQuoted | Style::DoubleQuoted | Style::Literal => Style::DoubleQuoted,
    }
}

/// How a text can be written.
struct Analysis {
    plain_allowed: bool,
    single_quoted_allowed: bool,
    literal_allowed: bool,
}

impl Analysis {
    fn of(text: &str) -> Self {
        let letters: Vec<char> = text.chars().collect();
        let is_blank = |at: usize| letters.get(at).is_none_or(|letter| matches!(letter, ' ' | '\t'));
        let mut has_indicator = text.starts_with("---") || text.starts_with("...");
        let (mut has_special, mut has_break) = (false, false);
        let (mut space_then_break, mut break_then_space) = (false, false);
        for (at, letter) in letters.iter().copied().enumerate() {
            let before = at.checked_sub(1).map(|before| letters[before]);
            has_indicator |= match (letter, before) {
                (
                    '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@'
                    | '`',
                    None,
                ) => true,
                ('?' | '-', None) | (':', _) => is_blank(at + 1),
                ('#', Some(before)) => matches!(before, ' ' | '\t') || is_break(before),
                _ => false,
            };
            has_special |= !is_printable(letter);
            has_break |= is_break(letter);
            space_then_break |= is_break(letter) && before == Some(' ');
            break_then_space |= letter == ' ' && before.is_some_and(is_break);
        }
        let ends = |letter: Option<&char>| letter.is_some_and(|letter| *letter == ' ' || is_break(*letter));
        let is_bounded = ends(letters.first()) || ends(letters.last());
        let is_odd = space_then_break || has_special;
        Self {
            plain_allowed: !(is_odd || has_indicator || has_break || break_then_space || is_bounded),
            single_quoted_allowed: !(is_odd || break_then_space),
            literal_allowed: !is_odd && !text.is_empty() && !text.ends_with(' '),
        }
    }
}

/// Whether a plain text is read as that text, and not as a number, a date, a boolean or null.
fn means_itself(text: &str) -> bool {
    const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    let is_word = WORDS.iter().any(|word| {
        let is_of_one_kind = |text: &str| {
            let rest = text.get(1..).unwrap_or_default();
            rest == rest.to_lowercase() || text == text.to_uppercase()
        };
        text.eq_ignore_ascii_case(word) && is_of_one_kind(text)
    });
    let special = matches!(text.strip_prefix(['+', '-']).unwrap_or(text), ".inf" | ".Inf" | ".INF")
        || matches!(text, ".nan" | ".NaN" | ".NAN");
    let is_empty = text.is_empty() || text == "~";
    !(is_empty || is_word || special || is_number(text) || is_base_60(text) || is_date(text))
}

fn is_number(text: &str) -> bool {
    let first = text.bytes().next().unwrap_or_default();
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) {
        return false;
    }
    let plain = if first == b'.' { text.to_owned() } else { text.replace('_', "") };
    is_integer(&plain) || is_float(&plain)
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.get(..2) {
        Some("0x") => (16, &lower[2..]),
        Some("0b") => (2, &lower[2..]),
        Some("0o") => (8, &lower[2..]),
        Some(start) if start.starts_with('0') => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    // A sign belongs to 64 bits, of which one is its own.
    !digits.starts_with(['+', '-']) && u64::from_str_radix(digits, radix).is_ok()
}

fn is_float(text: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (number, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let (whole, fraction) =
        number.split_once('.').map_or((number, None), |(whole, rest)| (whole, Some(rest)));
    let has_digits = !whole.is_empty() || fraction.is_some_and(|fraction| !fraction.is_empty());
    has_digits
        && digits(whole)
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
}

/// `190:20:30`, a number for YAML 1.1.
fn is_base_60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut parts = unsigned.split(':');
    let first = parts.next().unwrap_or_default();
    let is_first = first.starts_with(|c: char| c.is_ascii_digit())
        && first.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let rest: Vec<&str> = parts.collect();
    let Some((last, inner)) = rest.split_last() else { return false };
    let is_part = |part: &str| match part.as_bytes() {
        [digit] => digit.is_ascii_digit(),
        [ten @ b'0'..=b'5', digit] => ten.is_ascii_digit() && digit.is_ascii_digit(),
        _ => false,
    };
    let (last, fraction) = last.split_once('.').unwrap_or((last, ""));
    let is_fraction = fraction.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    is_first && inner.iter().all(|part| is_part(part)) && is_part(last) && is_fraction
}

/// A date, or a date and a time.
fn is_date(text: &str) -> bool {
    let Some((year, rest)) = text.split_once('-') else { return false };
    if year.len() != 4 || !year.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let formats = ["%Y-%m-%dT%H:%M:%S%.f%:z", "%Y-%m-%dt%H:%M:%S%.f%:z"];
    let zoned = text.strip_suffix('Z').map_or_else(|| text.to_owned(), |text| format!("{text}+00:00"));
    let is_zoned = formats.iter().any(|format| chrono::DateTime::parse_from_str(&zoned, format).is_ok());
    let is_local = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").is_ok();
    let is_day = rest.split('-').count() == 2
        && rest.split('-').all(|part| matches!(part.len(), 1 | 2))
        && chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok();
    is_day || is_zoned || is_local
}

/// The order of keys: letters after other characters, and numbers within them by their amount.
fn order(left: &str, right: &str) -> Ordering {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut after_digit = false;
    for at in 0..left.len().min(right.len()) {
        let (one, other) = (left[at], right[at]);
        if one == other {
            after_digit = one.is_numeric();
            continue;
        }
        match (one.is_alphabetic(), other.is_alphabetic()) {
            (true, true) => return one.cmp(&other),
            (true, false) => return if after_digit { Ordering::Less } else { Ordering::Greater },
            (false, true) => return if after_digit { Ordering::Greater } else { Ordering::Less },
            (false, false) => {}
        }
        // Zeros that lead a number say nothing of its amount.
        let before = left[..at].iter().rev().take_while(|c| c.is_ascii_digit());
        let is_inside = (one == '0' || other == '0') && before.into_iter().any(|digit| *digit != '0');
        let amount = |letters: &[char]| {
            let digits = letters[at..].iter().map_while(|letter| letter.to_digit(10));
            let (mut amount, mut length) = (u64::from(is_inside), at);
            for digit in digits {
                amount = amount.wrapping_mul(10).wrapping_add(u64::from(digit));
                length += 1;
            }
            (amount, length)
        };
        return amount(&left).cmp(&amount(&right)).then(one.cmp(&other));
    }
    left.len().cmp(&right.len())
}
