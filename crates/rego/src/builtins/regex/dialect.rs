//! Translates Go's regular expressions into those of the `regex` crate.
//!
//! The two have the same ancestor and differ in what they take for granted: for Go, `\d` is ASCII, a brace that is
//! no repetition is a brace, and classes do not nest. What Go refuses is refused here too.

use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder};

use super::class;
use crate::builtins::Failure;

/// What a compiled pattern may need. Go has no such limit; the largest counted repetition of a word class, a
/// thousand times, needs a fifth of it.
const SIZE_LIMIT: usize = 10 << 20;

/// Go refuses to repeat anything more often.
const MOST_REPETITIONS: u32 = 1_000;

/// How deeply Go lets groups nest.
const NESTING: usize = 1_000;

/// The numbers of the groups that have a name. Go lets groups share one.
pub(in crate::builtins) type GroupNames = BTreeMap<String, Vec<usize>>;

/// A compiled pattern.
pub(in crate::builtins) struct Pattern {
    pub regex: Regex,
    pub names: GroupNames,
}

/// Compiles a pattern of Go.
pub(super) fn compile(pattern: &str) -> Result<Pattern, Failure> {
    let mut translator = Translator::new(pattern);
    translator.translate()?;
    let Translator { out, names, .. } = translator;
    let nesting = u32::try_from(NESTING * 2).unwrap_or(u32::MAX);
    match RegexBuilder::new(&out).size_limit(SIZE_LIMIT).nest_limit(nesting).build() {
        Ok(regex) => Ok(Pattern { regex, names }),
        Err(regex::Error::CompiledTooBig(_)) => {
            Err(Failure::TooLarge(format!("the pattern needs more than {SIZE_LIMIT} bytes: `{pattern}`")))
        }
        Err(error) => {
            let reason = error.to_string().replace('\n', " ");
            Err(Failure::unsuitable(format!("error parsing regexp: {reason}")))
        }
    }
}

/// Go's `regexp.QuoteMeta`.
pub(super) fn quote_meta(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for c in text.chars() {
        if "\\.+*?()|[]{}^$".contains(c) {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted
}

/// What a repetition would apply to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Nothing, as at the start of a group.
    Nothing,
    Item,
    /// An item that is repeated already.
    Repetition,
}

/// Reads a pattern and writes its translation.
pub(super) struct Translator<'p> {
    pattern: &'p str,
    at: usize,
    pub(super) out: String,
    names: GroupNames,
    groups: usize,
    before: Before,
    /// How often the last item repeats what is in it, and for each open group the most of its items so far.
    repeats: u32,
    open: Vec<u32>,
}

impl<'p> Translator<'p> {
    fn new(pattern: &'p str) -> Self {
        Self {
            pattern,
            at: 0,
            out: String::with_capacity(pattern.len() + 16),
            names: BTreeMap::new(),
            groups: 0,
            before: Before::Nothing,
            repeats: 1,
            open: vec![1],
        }
    }

    pub(super) fn rest(&self) -> &'p str {
        &self.pattern[self.at..]
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.at += c.len_utf8();
        Some(c)
    }

    pub(super) fn takes(&mut self, text: &str) -> bool {
        let taken = self.rest().starts_with(text);
        if taken {
            self.at += text.len();
        }
        taken
    }

    pub(super) fn error(&self, reason: &str, start: usize) -> Failure {
        let excerpt = &self.pattern[start..self.at.max(start)];
        Failure::unsuitable(format!("error parsing regexp: {reason}: `{excerpt}`"))
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    fn item(&mut self) {
        self.close_item();
        self.before = Before::Item;
    }

    /// Remembers for the group around it how often the last item repeats.
    fn close_item(&mut self) {
        if let Some(most) = self.open.last_mut() {
            *most = (*most).max(self.repeats);
        }
        self.repeats = 1;
    }

    fn translate(&mut self) -> Result<(), Failure> {
        loop {
            let start = self.at;
            let Some(c) = self.next() else { break };
            match c {
                '(' => self.group(start)?,
                ')' => {
                    self.close_item();
                    if self.open.len() == 1 {
                        return Err(self.error("unexpected )", start));
                    }
                    self.repeats = self.open.pop().unwrap_or(1);
                    self.out.push(')');
                    self.before = Before::Item;
                }
                '|' => {
                    self.close_item();
                    self.out.push('|');
                    self.before = Before::Nothing;
                }
                '*' | '+' | '?' => self.repeat(start, &c.to_string(), 1)?,
                '{' => match self.counts() {
                    Some((least, most)) => {
                        if least > MOST_REPETITIONS
                            || most.is_some_and(|most| most > MOST_REPETITIONS || most < least)
                        {
                            return Err(self.error("invalid repeat count", start));
                        }
                        let counts = match most {
                            Some(most) => format!("{{{least},{most}}}"),
                            None => format!("{{{least},}}"),
                        };
                        self.repeat(start, &counts, most.unwrap_or(least).max(1))?;
                    }
                    None => self.literal('{'),
                },
                '.' | '^' | '$' => {
                    self.item();
                    self.out.push(c);
                }
                '[' => {
                    self.item();
                    class::bracketed(self, start)?;
                }
                '\\' => self.escape(start)?,
                _ => self.literal(c),
            }
        }
        if self.open.len() > 1 {
            return Err(self.error("missing closing )", 0));
        }
        Ok(())
    }

    fn literal(&mut self, c: char) {
        self.item();
        self.out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
    }

    fn repeat(&mut self, start: usize, operator: &str, times: u32) -> Result<(), Failure> {
        let lazy = self.takes("?");
        match self.before {
            Before::Nothing => return Err(self.error("missing argument to repetition operator", start)),
            Before::Repetition => return Err(self.error("invalid nested repetition operator", start)),
            Before::Item => self.before = Before::Repetition,
        }
        self.repeats = self.repeats.saturating_mul(times);
        if times > 1 && self.repeats > MOST_REPETITIONS {
            return Err(self.error("invalid repeat count", start));
        }
        self.out.push_str(operator);
        if lazy {
            self.out.push('?');
        }
        Ok(())
    }

    /// `2}`, `2,}` or `2,3}`; anything else is text.
    fn counts(&mut self) -> Option<(u32, Option<u32>)> {
        let (inside, _) = self.rest().split_once('}')?;
        let number = |text: &str| {
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let is_number = is_number && (text.len() == 1 || !text.starts_with('0'));
            is_number.then(|| text.parse().unwrap_or(u32::MAX))
        };
        let counts = match inside.split_once(',') {
            None => {
                let times = number(inside)?;
                (times, Some(times))
            }
            Some((least, "")) => (number(least)?, None),
            Some((least, most)) => (number(least)?, Some(number(most)?)),
        };
        self.at += inside.len() + 1;
        Some(counts)
    }

    fn open_group(&mut self, opening: &str) -> Result<(), Failure> {
        self.close_item();
        self.open.push(1);
        if self.open.len() > NESTING {
            return Err(self.error("expression nests too deeply", self.at));
        }
        self.out.push_str(opening);
        self.before = Before::Nothing;
        Ok(())
    }

    fn group(&mut self, start: usize) -> Result<(), Failure> {
        if !self.takes("?") {
            self.groups += 1;
            return self.open_group("(");
        }
        if self.takes("P<") || self.takes("<") {
            let Some((name, _)) = self.rest().split_once('>') else {
                return Err(self.error("invalid named capture", start));
            };
            self.at += name.len() + 1;
            let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            if name.is_empty() || !name.bytes().all(is_word) {
                return Err(self.error("invalid named capture", start));
            }
            self.groups += 1;
            self.names.entry(name.to_owned()).or_default().push(self.groups);
            return self.open_group("(");
        }
        self.flags(start)
    }

    fn flags(&mut self, start: usize) -> Result<(), Failure> {
        let (mut on, mut off) = (String::new(), String::new());
        let (mut negative, mut seen) = (false, false);
        loop {
            match self.next() {
                Some(flag @ ('i' | 'm' | 's' | 'U')) => {
                    seen = true;
                    let (add, remove) = if negative { (&mut off, &mut on) } else { (&mut on, &mut off) };
                    remove.retain(|other| other != flag);
                    if !add.contains(flag) {
                        add.push(flag);
                    }
                }
                Some('-') if !negative => (negative, seen) = (true, false),
                Some(end @ (':' | ')')) if seen || !negative => {
                    let minus = if off.is_empty() { "" } else { "-" };
                    let flags = format!("(?{on}{minus}{off}");
                    if end == ':' {
                        return self.open_group(&format!("{flags}:"));
                    }
                    if flags.len() > 2 {
                        self.out.push_str(&flags);
                        self.out.push(')');
                    }
                    return Ok(());
                }
                _ => return Err(self.error("invalid or unsupported Perl syntax", start)),
            }
        }
    }

    fn escape(&mut self, start: usize) -> Result<(), Failure> {
        let assertion = match self.rest().chars().next() {
            Some('A') => Some("\\A"),
            Some('z') => Some("\\z"),
            Some('b') => Some("(?-u:\\b)"),
            Some('B') => Some("(?-u:\\B)"),
            _ => None,
        };
        if let Some(assertion) = assertion {
            self.at += 1;
            self.item();
            self.out.push_str(assertion);
        } else if self.takes("Q") {
            let (text, length) = match self.rest().split_once("\\E") {
                Some((text, _)) => (text, text.len() + 2),
                None => (self.rest(), self.rest().len()),
            };
            self.at += length;
            text.chars().for_each(|c| self.literal(c));
        } else if let Some(class) = class::escaped(self, start)? {
            self.item();
            self.out.push_str(&class);
        } else {
            let c = class::character(self, start)?;
            self.literal(c);
        }
        Ok(())
    }
}
