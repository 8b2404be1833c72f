//! Reads queries from a terminal, one after the other.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;

use planguard::redact::Redactor;
use planguard::rego::{QueryInput, builtin_names};
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Editor, Helper};

/// The commands, with what they do.
pub(crate) const COMMANDS: [(&str, &str); 6] = [
    (":explain RULE [ADDRESS]", "explain why a rule is true or not, for the plan or for one resource change"),
    (":help", "list these commands"),
    (":load PATH", "load policies from one more file or directory"),
    (":quit", "exit, as Ctrl-D does"),
    (":reload", "read policies and data again"),
    (":rules", "list all rules of the policies"),
];

/// What a user entered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Query(String),
    Explain { rule: String, address: Option<String> },
    Load(String),
    Reload,
    Rules,
    Help,
    Unknown(String),
    Leave,
}

/// The lines that a user enters.
pub(crate) struct Lines {
    editor: Editor<Assistant, DefaultHistory>,
    history: Option<std::path::PathBuf>,
}

impl Lines {
    /// Starts to read lines, with the entries of earlier sessions from `history`.
    pub(crate) fn open(history: Option<&Path>) -> Result<Self, ReadlineError> {
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .auto_add_history(false)
            .history_ignore_dups(true)?
            .build();
        let mut editor = Editor::with_config(config)?;
        if let Some(history) = history.filter(|history| history.exists()) {
            editor.load_history(history)?;
        }
        Ok(Self { editor, history: history.map(Path::to_owned) })
    }

    /// Sets what can be completed from now on.
    pub(crate) fn set_completions(&mut self, rules: Vec<String>, input: QueryInput) {
        self.editor.set_helper(Some(Assistant { rules, input, builtins: builtin_names() }));
    }

    /// The next entry. A line with a sensitive value is not kept in the history.
    pub(crate) fn next(&mut self, redactor: &Redactor) -> Result<Entry, ReadlineError> {
        loop {
            let line = match self.editor.readline("> ") {
                Ok(line) => line,
                Err(ReadlineError::Interrupted) => continue,
                Err(ReadlineError::Eof) => return Ok(Entry::Leave),
                Err(error) => return Err(error),
            };
            if line.trim().is_empty() {
                continue;
            }
            if redactor.text(&line).unescaped() == line {
                self.editor.add_history_entry(&line)?;
                if let Some(history) = &self.history {
                    self.editor.save_history(history)?;
                }
            }
            return Ok(entry(&line));
        }
    }
}

fn entry(line: &str) -> Entry {
    let line = line.trim();
    let Some(command) = line.strip_prefix(':') else { return Entry::Query(line.to_owned()) };
    let (word, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    let rest = rest.trim();
    match (word, rest.is_empty()) {
        ("explain", false) => {
            let (rule, address) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            let address = address.trim();
            let address = (!address.is_empty()).then(|| address.to_owned());
            Entry::Explain { rule: rule.to_owned(), address }
        }
        ("load", false) => Entry::Load(rest.to_owned()),
        ("reload", true) => Entry::Reload,
        ("rules", true) => Entry::Rules,
        ("help", true) => Entry::Help,
        ("quit" | "exit" | "q", true) => Entry::Leave,
        _ => Entry::Unknown(line.to_owned()),
    }
}

/// Completes words, and recognizes queries that continue on the next line.
struct Assistant {
    rules: Vec<String>,
    input: QueryInput,
    builtins: BTreeSet<String>,
}

impl Assistant {
    /// The completions of the word at the end of a text, and where the word starts.
    fn complete(&self, text: &str) -> (usize, Vec<String>) {
        if text.starts_with(':') && !text.contains(char::is_whitespace) {
            let words = COMMANDS.iter().map(|(command, _)| command.split(' ').next().unwrap_or(command));
            return (0, words.filter(|word| word.starts_with(text)).map(str::to_owned).collect());
        }
        let start = word_start(text);
        let word = &text[start..];
        if let Some((path, begun)) = word.rsplit_once('.').filter(|(path, _)| is_below(path, "input")) {
            let members = self.input.members(path).into_iter().filter(|member| member.starts_with(begun));
            return (start, members.map(|member| format!("{path}.{member}")).collect());
        }
        let known = self.rules.iter().flat_map(|rule| prefixes(rule));
        let roots = ["input", "data"];
        let names = known.chain(roots).chain(self.builtins.iter().map(String::as_str));
        // Only the next step of a path.
        let next = names.filter(|name| name.starts_with(word) && !word.is_empty());
        let depth = word.matches('.').count();
        let found: BTreeSet<&str> = next.filter(|name| name.matches('.').count() <= depth.max(1)).collect();
        (start, found.into_iter().map(str::to_owned).collect())
    }
}

fn is_below(path: &str, root: &str) -> bool {
    path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// A path and all its parents.
fn prefixes(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('.').map(|(at, _)| &path[..at]).chain([path])
}

/// Where the last word of a text starts. A path with its brackets is one word.
fn word_start(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices().rev() {
        match c {
            ']' => depth += 1,
            '[' if depth > 0 => depth -= 1,
            _ if depth > 0 || c.is_alphanumeric() || matches!(c, '_' | '.') => {}
            _ => return at + c.len_utf8(),
        }
    }
    0
}

/// Whether a bracket or a string is still open.
fn is_unfinished(text: &str) -> bool {
    let mut open = 0_i64;
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            '(' | '[' | '{' => open += 1,
            ')' | ']' | '}' => open -= 1,
            '#' => {
                characters.by_ref().find(|c| *c == '\n');
            }
            '`' if !characters.by_ref().any(|c| c == '`') => return true,
            '"' => {
                // A string ends on its line; the evaluation reports one that does not.
                while let Some(c) = characters.next() {
                    match c {
                        '\\' => {
                            characters.next();
                        }
                        '"' | '\n' => break,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    open > 0
}

impl Helper for Assistant {}

impl Completer for Assistant {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.complete(line.get(..at).unwrap_or(line)))
    }
}

impl Hinter for Assistant {
    type Hint = String;
}

impl Highlighter for Assistant {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        Cow::Borrowed(line)
    }
}

impl Validator for Assistant {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let unfinished = !context.input().starts_with(':') && is_unfinished(context.input());
        Ok(if unfinished { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

#[cfg(test)]
mod tests {
    use planguard::rego::{ContextOptions, Convention, PolicyInput};

    use super::*;

    fn assistant() -> Assistant {
        let text = r#"{"format_version": "1.2", "resource_changes": [{"address": "a.b", "change": {"after": {"bucket": "x", "a-b": 1}}}, {"change": {"after": {"tags": {"owner": "me"}}}}]}"#;
        let plan = PolicyInput { name: "p.json", text, plan: None, cost: None };
        let input = QueryInput::of_plan(plan, Convention::CONFTEST, &ContextOptions::default()).unwrap();
        let rules = ["data.main.deny", "data.main.denied", "data.lib.x"].map(str::to_owned).to_vec();
        Assistant { rules, input, builtins: builtin_names() }
    }

    fn completed(text: &str) -> Vec<String> {
        assistant().complete(text).1
    }

    #[test]
    fn paths_are_completed_step_by_step() {
        assert_eq!(completed("x := inp"), ["input"]);
        assert_eq!(completed("input.res"), ["input.resource_changes"]);
        assert_eq!(
            completed("count(input.resource_changes[_].change.after."),
            ["input.resource_changes[_].change.after.bucket", "input.resource_changes[_].change.after.tags"]
        );
        assert_eq!(
            completed("input[\"resource_changes\"][i].add"),
            ["input[\"resource_changes\"][i].address"]
        );
        assert_eq!(completed("data.m"), ["data.main"]);
        assert_eq!(completed("not data.main.deny"), ["data.main.deny"]);
        assert_eq!(completed("startsw"), ["startswith"]);
        assert_eq!(completed(":ex"), [":explain"]);
        assert_eq!(completed(":explain data.l"), ["data.lib"]);
        assert!(completed("").is_empty());
    }

    #[test]
    fn open_brackets_go_on() {
        for text in ["x := [1,", "every x in y {", "`a\nb", "f(\"]\"", "[ # ]"] {
            assert!(is_unfinished(text), "{text}");
        }
        for text in ["x", "[1]", "\"[\"", "\"a", "x ]", "# [", "`[`"] {
            assert!(!is_unfinished(text), "{text}");
        }
    }

    #[test]
    fn commands_are_told_from_queries() {
        assert_eq!(entry(" data.main.deny "), Entry::Query("data.main.deny".to_owned()));
        assert_eq!(
            entry(":explain data.main.deny a.b[\"c d\"]"),
            Entry::Explain { rule: "data.main.deny".to_owned(), address: Some("a.b[\"c d\"]".to_owned()) }
        );
        assert_eq!(entry(":load a b"), Entry::Load("a b".to_owned()));
        assert_eq!(entry(":quit"), Entry::Leave);
        assert_eq!(entry(":load"), Entry::Unknown(":load".to_owned()));
    }
}
