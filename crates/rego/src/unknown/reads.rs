//! Which attributes policies can read, as their words show.

use std::collections::HashSet;

use planguard_rego_syntax::token::{self, Symbol, Token, TokenKind};

use crate::bundle::is_own;
use crate::source::Source;

/// The words that policies contain.
#[derive(Debug)]
pub(super) struct Reads {
    /// Names and texts.
    words: HashSet<String>,
    /// Whether attributes are read without being named.
    unnamed: bool,
}

/// Functions that read every member of an object.
const WHOLE: [&str; 9] =
    ["walk", "marshal", "marshal_with_options", "keys", "filter", "remove", "subset", "patch", "union"];

/// The members of a resource change or a state that hold the object.
const OBJECTS: [&str; 2] = ["after", "values"];

/// Whether a builtin, by its last word, reads every member of an object.
pub(super) fn reads_every_member(builtin: &str) -> bool {
    WHOLE.contains(&builtin)
}

/// Whether a member of a change or a state holds the object.
pub(super) fn is_object(name: &str) -> bool {
    OBJECTS.contains(&name)
}

/// Names that attributes share with the entries of `resource_changes` and of `planned_values`.
const SHARED: [&str; 5] = ["address", "type", "name", "index", "mode"];

/// Whether an attribute has the name of a member of an entry of `resource_changes`, such as `type`.
pub(super) fn is_shared(name: &str) -> bool {
    SHARED.contains(&name)
}

/// Whether a member of a plan is a list.
pub(super) fn is_list(name: &str) -> bool {
    matches!(name, "resource_changes" | "resource_drift" | "resources" | "child_modules" | "actions")
}

/// Whether only entries of `resource_changes` or of `planned_values` have such a member.
pub(super) fn is_of_entry(name: &str) -> bool {
    matches!(name, "change" | "values")
}

impl Reads {
    pub(super) fn of(sources: &[Source]) -> Self {
        let mut reads = Self { words: HashSet::new(), unnamed: false };
        // The library reads everything, as far as its words show.
        let (own, others): (Vec<&Source>, Vec<&Source>) = sources.iter().partition(|source| is_own(source));
        for source in own.into_iter().chain(others) {
            if reads.unnamed {
                break;
            }
            // A policy that is not read as tokens was not loaded.
            let tokens = token::read(&source.text).unwrap_or_default();
            reads.add(&source.text, &tokens);
        }
        reads
    }

    /// Whether policies may read an attribute with this name.
    pub(super) fn may_read(&self, name: &str) -> bool {
        self.unnamed || self.words.contains(name)
    }

    fn add(&mut self, text: &str, tokens: &[Token]) {
        let word = |token: &Token| text.get(token.span.clone()).unwrap_or("");
        let is = |token: Option<&Token>, symbol| {
            token.is_some_and(|token| token.kind == TokenKind::Symbol(symbol))
        };
        let is_dot = |index: Option<usize>| is(index.and_then(|index| tokens.get(index)), Symbol::Dot);
        // The variables that hold an entry: `rc` of `rc.change`.
        let entries: HashSet<&str> = (2..tokens.len())
            .filter(|index| is_dot(index.checked_sub(1)) && is_of_entry(word(&tokens[*index])))
            .map(|index| word(&tokens[index - 2]))
            .collect();
        // The variables that hold a whole object.
        let mut holders: HashSet<&str> = HashSet::new();
        for (index, token) in tokens.iter().enumerate() {
            match token.kind {
                TokenKind::Word => {
                    let name = word(token);
                    let is_member = is_dot(index.checked_sub(1));
                    if is_member && !(is_shared(name) && is_member_of_entry(text, tokens, index, &entries)) {
                        self.words.insert(name.to_owned());
                    }
                    self.unnamed |= WHOLE.contains(&name) && is(tokens.get(index + 1), Symbol::ParenOpen);
                    if OBJECTS.contains(&name) && !is(tokens.get(index + 1), Symbol::Dot) {
                        let start = start_of_reference(tokens, index);
                        let assigned = start.checked_sub(1).is_some_and(|before| {
                            is(tokens.get(before), Symbol::Assign) || is(tokens.get(before), Symbol::Unify)
                        });
                        match start.checked_sub(2).and_then(|before| tokens.get(before)) {
                            Some(holder) if assigned && !is(tokens.get(index + 1), Symbol::BracketOpen) => {
                                holders.insert(word(holder));
                            }
                            _ => {
                                self.unnamed |=
                                    !is_named_index(tokens, index) && !is_first_of_get(text, tokens, start)
                            }
                        }
                    }
                }
                TokenKind::Text => {
                    let name = serde_json::from_str::<String>(word(token)).unwrap_or_default();
                    // The key of an object that the policy builds.
                    if !(is_shared(&name) && is(tokens.get(index + 1), Symbol::Colon)) {
                        self.words.insert(name);
                    }
                }
                TokenKind::RawText => {
                    self.words.insert(word(token).trim_matches('`').to_owned());
                }
                // The words of expressions in templates.
                TokenKind::Template => {
                    let words = word(token).split(|c: char| !c.is_alphanumeric() && c != '_');
                    self.words.extend(words.map(str::to_owned));
                }
                TokenKind::Number | TokenKind::Symbol(_) => {}
            }
        }
        for (index, token) in tokens.iter().enumerate() {
            if token.kind == TokenKind::Word && holders.contains(word(token)) {
                let next_reads = is(tokens.get(index + 1), Symbol::Dot)
                    || is(tokens.get(index + 1), Symbol::Assign)
                    || is(tokens.get(index + 1), Symbol::Unify);
                self.unnamed |=
                    !next_reads && !is_named_index(tokens, index) && !is_first_of_get(text, tokens, index);
            }
        }
    }
}

/// Whether the last word of a reference belongs to an entry: `rc.type`, `input.resource_changes[_].type`.
fn is_member_of_entry(text: &str, tokens: &[Token], index: usize, entries: &HashSet<&str>) -> bool {
    let word = |index: usize| tokens.get(index).and_then(|token| text.get(token.span.clone())).unwrap_or("");
    let start = start_of_reference(tokens, index);
    let is_below_object = (start..index).any(|index| is_object(word(index)));
    let is_of_input = matches!(word(start), "input" | "data");
    !is_below_object && (is_of_input || entries.contains(word(start)))
}

/// Where the reference starts whose last word is at `index`.
fn start_of_reference(tokens: &[Token], index: usize) -> usize {
    let mut start = index;
    while let Some(before) = start.checked_sub(2) {
        match tokens.get(before + 1).map(|token| token.kind) {
            Some(TokenKind::Symbol(Symbol::Dot)) => {}
            _ => return start,
        }
        start = match tokens.get(before).map(|token| token.kind) {
            Some(TokenKind::Symbol(Symbol::BracketClose)) => {
                let mut depth = 0usize;
                let mut at = before;
                loop {
                    match tokens.get(at).map(|token| token.kind) {
                        Some(TokenKind::Symbol(Symbol::BracketClose)) => depth += 1,
                        Some(TokenKind::Symbol(Symbol::BracketOpen)) => depth -= 1,
                        _ => {}
                    }
                    match at.checked_sub(1) {
                        Some(next) if depth > 0 => at = next,
                        Some(next) => break next,
                        None => return 0,
                    }
                }
            }
            _ => before,
        };
    }
    start
}

/// Whether the token is followed by an index that is written out: `after["acl"]`.
fn is_named_index(tokens: &[Token], index: usize) -> bool {
    let kind = |offset: usize| tokens.get(index + offset).map(|token| token.kind);
    kind(1) == Some(TokenKind::Symbol(Symbol::BracketOpen))
        && matches!(kind(2), Some(TokenKind::Text | TokenKind::RawText))
        && kind(3) == Some(TokenKind::Symbol(Symbol::BracketClose))
}

/// Whether the reference at `start` is what `object.get` reads from.
fn is_first_of_get(text: &str, tokens: &[Token], start: usize) -> bool {
    let before = |offset: usize| start.checked_sub(offset).and_then(|index| tokens.get(index));
    before(1).is_some_and(|token| token.kind == TokenKind::Symbol(Symbol::ParenOpen))
        && before(2).is_some_and(|token| text.get(token.span.clone()) == Some("get"))
}
