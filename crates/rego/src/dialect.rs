//! Adds a policy to the engine in the dialect of its text.

use std::num::{NonZeroU32, NonZeroUsize};

use planguard_rego_syntax::token;
use planguard_rego_syntax::tree::KeywordUse;
use regorus::{Engine, PolicyLengthConfig};

use super::builtins;
use super::error::PolicyError;
use super::frontend::Cause;
use super::nesting;
use super::options::RegoVersion;
use super::source::{self, RewriteResult, Source};

/// File sizes are checked on reading; the engine's own limits would reject generated policies.
const LENGTHS: PolicyLengthConfig = PolicyLengthConfig {
    max_col: NonZeroU32::MAX,
    max_file_bytes: NonZeroUsize::MAX,
    max_lines: NonZeroUsize::MAX,
};

/// Returns an engine without policies and with the functions of [`builtins`].
pub(super) fn new_engine() -> Engine {
    #[cfg(test)]
    hold_memory();
    let mut engine = Engine::new();
    engine.set_policy_length_config(LENGTHS);
    engine.set_strict_builtin_errors(true);
    engine.set_gather_prints(true);
    builtins::install(&mut engine);
    engine
}

/// Tests use engines directly, next to others that reserve memory. The first reservation measures the current
/// allocations with a limit of zero, which would stop such an engine; so memory is reserved here before any test
/// does.
#[cfg(test)]
fn hold_memory() {
    use super::shell::Memory;
    static HELD: std::sync::OnceLock<Memory> = std::sync::OnceLock::new();
    HELD.get_or_init(|| Memory::reserve(4 << 30));
}

/// Returns the dialect of a policy.
pub(super) fn written_in(source: &Source, version: RegoVersion) -> RegoVersion {
    // In v0, a keyword that is not imported would be parsed as a variable, with only a warning.
    match version {
        RegoVersion::V0 if uses_keywords(source) => RegoVersion::V1,
        RegoVersion::V0 | RegoVersion::V1 => version,
    }
}

/// Parses a policy into the engine; on an error, the engine is unchanged.
pub(super) fn add(engine: &mut Engine, source: &Source, version: RegoVersion) -> Result<(), PolicyError> {
    nesting::check_for_engine(source)?;
    if let RewriteResult::Failed(unread) = source.reading {
        let at = (unread.offset.min(source.text.len()), 0).into();
        // Usually the engine also fails, with a message.
        let is_read = || parse(&mut new_engine(), source, written_in(source, version)).is_ok();
        match unread.cause {
            Cause::UnsafeNegation => return Err(PolicyError::UnsafeNegation { text: source.named(), at }),
            Cause::IgnoredBody => return Err(PolicyError::IgnoredBody { text: source.named(), at }),
            Cause::LateKey => return Err(PolicyError::LateKey { text: source.named(), at }),
            Cause::UnknownKeyword => return Err(PolicyError::UnknownKeyword { text: source.named(), at }),
            Cause::Form if is_read() => {
                return Err(PolicyError::UnsupportedSyntax { text: source.named(), at });
            }
            Cause::Form => {}
        }
    }
    let version = written_in(source, version);
    let Err(message) = parse(engine, source, version) else { return Ok(()) };
    let sources = std::slice::from_ref(source);
    let message = source::read_message(&message, sources);
    let help = match version {
        RegoVersion::V1
            if !uses_keywords(source) && parse(&mut new_engine(), source, RegoVersion::V0).is_ok() =>
        {
            "the policy uses Rego v0: pass `--rego-version v0`, or add `if` before rule bodies \
            and `contains` to partial sets"
        }
        RegoVersion::V1 | RegoVersion::V0 => "fix the policy, or remove the file",
    };
    Err(PolicyError::Syntax {
        at: source.place(message.line, message.column),
        reason: message.reason,
        text: source.named(),
        help: help.to_owned(),
    })
}

/// Returns the dialect in which a file parses; v1 if both do.
pub(super) fn of(source: &Source) -> RegoVersion {
    if may_be_v0(source) && !parses(source, RegoVersion::V1) && parses(source, RegoVersion::V0) {
        RegoVersion::V0
    } else {
        RegoVersion::V1
    }
}

/// Returns whether to try a file as v0. If that fails, the engine prints warnings.
pub(super) fn may_be_v0(source: &Source) -> bool {
    let imports_v1 =
        source.module().is_ok_and(|module| module.imports.iter().any(|import| import.path == ["rego", "v1"]));
    !imports_v1 && written_in(source, RegoVersion::V0) == RegoVersion::V0
}

/// Returns whether the engine can parse the rewritten file.
pub(super) fn parses(source: &Source, version: RegoVersion) -> bool {
    nesting::check_for_engine(source).is_ok() && parse(&mut new_engine(), source, version).is_ok()
}

/// How often the engine has parsed each file.
#[cfg(test)]
pub(super) static PARSED: std::sync::Mutex<std::collections::BTreeMap<String, usize>> =
    std::sync::Mutex::new(std::collections::BTreeMap::new());

fn parse(engine: &mut Engine, source: &Source, version: RegoVersion) -> Result<(), String> {
    #[cfg(test)]
    {
        *PARSED.lock().unwrap().entry(source.name.clone()).or_default() += 1;
    }
    engine.set_rego_v0(match version {
        RegoVersion::V0 => true,
        RegoVersion::V1 => false,
    });
    let filled = builtins::fill(source.engine_text(), source.annotations.as_deref());
    let parsed = engine.add_policy(source.name.clone(), filled.into_owned());
    parsed.map(drop).map_err(|error| error.to_string())
}

/// Returns whether a policy uses `if`, `in`, `every` or `contains` as keywords without importing them.
fn uses_keywords(source: &Source) -> bool {
    match source.module() {
        Ok(module) => module.keywords == KeywordUse::AsKeywords,
        Err(_) => seems_to_use_keywords(&source.text),
    }
}

/// As [`uses_keywords`], for a text that cannot be parsed. In v0, the engine would print a warning with the line, as it is
/// written, of each word that could be a keyword and is not imported; in v1 it has all of them.
fn seems_to_use_keywords(text: &str) -> bool {
    let Ok(tokens) = token::read(text) else {
        return text.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| KEYWORDS.contains(&word));
    };
    let word = |index: usize| tokens.get(index).map_or("", |token| &text[token.span.clone()]);
    let mut imported: Vec<&str> = Vec::new();
    for index in 0..tokens.len() {
        match (word(index), word(index + 1), word(index + 3), word(index + 4)) {
            ("import", "rego", "v1", _) => imported.extend(KEYWORDS),
            ("import", "future", "keywords", ".") => imported.push(word(index + 5)),
            ("import", "future", "keywords", _) => imported.extend(KEYWORDS),
            _ => {}
        }
    }
    (0..tokens.len()).any(|index| {
        let here = word(index);
        KEYWORDS.contains(&here)
            && !imported.contains(&here)
            && !(here == "contains" && word(index + 1) == "(")
            && index.checked_sub(1).is_none_or(|before| word(before) != ".")
    })
}

/// The words that are names in v0 unless they are imported.
const KEYWORDS: [&str; 4] = ["if", "in", "every", "contains"];

#[cfg(test)]
mod tests {
    use super::super::convention::Dialect;
    use super::super::set;
    use super::*;

    /// A file that may be of either dialect is parsed to find out, and then once more for the engine that evaluates.
    #[test]
    fn the_engine_parses_a_file_no_more_often_than_it_must() {
        for (name, rule, times) in [
            ("counted_v1.rego", "deny contains \"x\" if input.x", 1),
            ("counted_import.rego", "import rego.v1\ndeny contains \"x\" if input.x", 1),
            ("counted_keywords.rego", "import future.keywords\ndeny contains \"x\" if input.x", 2),
            ("counted_either.rego", "deny[msg] { msg := input.x }", 3),
        ] {
            let mut sources = vec![Source::new(name, format!("package main\n{rule}\n"))];
            set::rewrite(&mut sources, Dialect::EachFile);
            let mut errors = Vec::new();
            let compiled = set::compile(Dialect::EachFile, &mut sources, &[], &mut errors);
            assert!(compiled.is_some(), "{errors:?}");
            assert_eq!(PARSED.lock().unwrap()[name], times, "{name}");
        }
    }

    fn add_text(text: &str, version: RegoVersion) -> Result<(), PolicyError> {
        add(&mut new_engine(), &Source::new("p.rego", text), version)
    }

    fn uses(text: &str) -> bool {
        uses_keywords(&Source::new("p.rego", text))
    }

    #[test]
    fn keywords_are_distinguished_from_names() {
        assert!(uses("package a\ndeny contains m if m := 1"));
        assert!(!uses("package a\ndeny[m] { contains(m, \"if\") } # if\n"));
        assert!(!uses("package a\nimport future.keywords.in\nx { 1 in [1] }"));
        assert!(!uses("package a\nimport future.keywords\nx if 1 in [1]"));
        assert!(!uses("package a\nimport rego.v1\nx if 1 in [1]"));
        assert!(uses("package a\nimport future.keywords.in\nx if 1 in [1]"));
        assert!(!uses("package a\nx { input.if }"));
        assert!(uses("package a\nx if (1 == 1)"));
        assert!(!uses("package a\nevery(x, y) { x == y }"));
        assert!(uses("package a\nx if (1 == 1"));
        assert!(!uses("package a\nimport rego.v1\nx if (1 == 1"));
        assert!(!uses("package a\nimport future.keywords\nx if (1 == 1"));
        assert!(uses("package a\nimport future.keywords.in\nx if (1 in [1]"));
        assert!(!uses("package a\nimport future.keywords.in\nx { (1 in [1] }"));
        assert!(uses("package a\nimport future.keywords.in\nx if \"\n"));
    }

    #[test]
    fn a_v0_policy_is_recognised() {
        let text = "package a\ndeny[m] { m := \"x\" }";
        let Err(PolicyError::Syntax { help, .. }) = add_text(text, RegoVersion::V1) else { panic!() };
        assert!(help.contains("--rego-version v0"), "{help}");
        assert!(add_text(text, RegoVersion::V0).is_ok());
        assert!(add_text("package a\ndeny contains m if m := 1", RegoVersion::V0).is_ok());
    }

    #[test]
    fn an_invalid_policy_is_not_reported_as_v0() {
        let Err(PolicyError::Syntax { help, at, .. }) = add_text("package a\nx {", RegoVersion::V1) else {
            panic!()
        };
        assert!(!help.contains("v0"), "{help}");
        assert!(at.is_some());
    }

    #[test]
    fn a_negation_that_binds_variables_is_rejected() {
        let mut sources = [Source::new("p.rego", "package a\nr if not input.x[_] == 1")];
        set::rewrite(&mut sources, Dialect::Given(RegoVersion::V1));
        let Err(PolicyError::UnsafeNegation { at, .. }) =
            add(&mut new_engine(), &sources[0], RegoVersion::V1)
        else {
            panic!()
        };
        assert_eq!(at.offset(), 27);
    }

    #[test]
    fn long_lines_and_files_are_accepted() {
        let text = format!("package a\nx := \"{}\"\n{}", "y".repeat(5_000), "\n".repeat(30_000));
        assert!(add_text(&text, RegoVersion::V1).is_ok());
    }
}
