//! Reads `planguard.toml` and the file of pack parameters.

mod environments;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use miette::NamedSource;
use planguard_plan::input::read_text_file;
use planguard_plan::text::suggest;
use planguard_rego::toml_parameters;
use serde::Deserialize as _;
use serde_json::{Map, Value as Json};
use toml::de::{DeArray, DeString, DeTable, DeValue, ValueDeserializer};
use toml::{Spanned, Value as Toml};

use super::SettingsError;
use super::environments::{ENVIRONMENTS, GROUPS};
use super::lints::{self, LintLevel};
use super::origin::{Origin, Sourced};
use super::rule_overrides;
use super::table::{NAMES, Said};
use super::value::InvalidValue;
use super::waivers::{self, Mistake};
use crate::overrides::RuleOverride;

/// The table of pack parameters.
const PACKS: &str = "packs";

/// The array of waivers.
const WAIVERS: &str = "waivers";

/// Reads the text of a settings file, whose paths are relative to the directory of `path`.
///
/// # Errors
///
/// Everything that is wrong with it; after a mistake in the syntax, nothing but that.
pub(super) fn parse(path: &Path, text: &str) -> Result<Said, Vec<SettingsError>> {
    let mut reader = Reader { path, text, said: Said::default(), references: Vec::new(), errors: Vec::new() };
    match DeTable::parse(text) {
        Ok(root) => {
            reader.root(root.get_ref());
            reader.check_references();
        }
        Err(error) => {
            reader.error(error.span().unwrap_or(0..0), error.message().to_owned(), None);
        }
    }
    if reader.errors.is_empty() { Ok(reader.said) } else { Err(reader.errors) }
}

/// Takes what the file says, and notes every mistake.
struct Reader<'r> {
    path: &'r Path,
    text: &'r str,
    said: Said,
    /// Names of groups and environments, which may be defined further down.
    references: Vec<(Range<usize>, Reference)>,
    errors: Vec<SettingsError>,
}

/// A name that something else in the file has to define.
enum Reference {
    Group(String),
    Environment(String),
}

impl Reader<'_> {
    fn error(&mut self, at: Range<usize>, reason: String, help: Option<String>) {
        self.errors.push(SettingsError::Invalid {
            path: self.path.to_owned(),
            reason,
            help: help.unwrap_or_else(|| "docs/configuration.md lists every key".to_owned()),
            text: Arc::new(NamedSource::new(self.path.display().to_string(), self.text.to_owned())),
            at: at.into(),
        });
    }

    fn root(&mut self, root: &DeTable<'_>) {
        for (name, value) in root {
            let table = name.get_ref().as_ref();
            let others = [PACKS, rule_overrides::TABLE, lints::TABLE, WAIVERS, ENVIRONMENTS, GROUPS];
            let known = || tables().chain(others);
            if !known().any(|known| known == table) {
                let reason = format!("unknown table `{table}`");
                self.error(name.span(), reason, Some(unknown_help(table, known())));
                continue;
            }
            match value.get_ref() {
                DeValue::Table(entries) if table == PACKS => self.packs(entries),
                DeValue::Table(entries) if table == lints::TABLE => self.lints(entries),
                DeValue::Table(entries) if table == rule_overrides::TABLE => self.overrides(entries),
                DeValue::Table(entries) if table == ENVIRONMENTS => self.environments(entries),
                DeValue::Table(entries) if table == GROUPS => self.groups(entries),
                DeValue::Array(elements) if table == WAIVERS => self.waivers(elements),
                _ if table == WAIVERS => {
                    let reason = "expected waivers to be tables, as in `[[waivers]]`".to_owned();
                    self.error(value.span(), reason, None);
                }
                DeValue::Table(entries) => self.table(table, entries),
                _ => {
                    let reason = format!("expected `{table}` to be a table, as in `[{table}]`");
                    self.error(value.span(), reason, None);
                }
            }
        }
    }

    fn table(&mut self, table: &str, entries: &DeTable<'_>) {
        for (name, value) in entries {
            self.key(table, name, value);
        }
    }

    fn key(&mut self, table: &str, name: &Spanned<DeString<'_>>, value: &Spanned<DeValue<'_>>) {
        let directory = self.path.parent().unwrap_or(Path::new(""));
        let key = name.get_ref().as_ref();
        let origin = self.origin(&name.span());
        let written = match owned(value) {
            Ok(written) => written,
            Err(reason) => return self.error(value.span(), reason, None),
        };
        match self.said.read_key(table, key, &written, directory, origin) {
            Some(Ok(())) if (table, key) == ("approve", "from") => self.refer_to_groups(value),
            Some(Ok(())) => {}
            Some(Err(invalid)) => {
                self.error(value.span(), format!("`{key}`: {}", invalid.reason), invalid.help);
            }
            None => {
                let known = NAMES.iter().filter(|name| name.table == table).map(|name| name.key);
                let reason = format!("unknown key `{key}` in [{table}]");
                self.error(name.span(), reason, Some(unknown_help(key, known)));
            }
        }
    }

    fn overrides(&mut self, entries: &DeTable<'_>) {
        for (name, value) in entries {
            let rule = name.get_ref().to_string();
            match owned(value).map_err(InvalidValue::new).and_then(|value| RuleOverride::read(&value)) {
                Ok(value) => {
                    let origin = self.origin(&name.span());
                    self.said.overrides.insert(rule, Sourced { value, origin });
                }
                Err(invalid) => {
                    self.error(value.span(), format!("`{rule}`: {}", invalid.reason), invalid.help);
                }
            }
        }
    }

    fn waivers(&mut self, elements: &DeArray<'_>) {
        for element in elements {
            match waivers::read(self.path, self.text, element) {
                Ok(waiver) => {
                    self.refer_to_environment(element);
                    self.said.waivers.push(waiver);
                }
                Err(mistakes) => {
                    for Mistake { at, reason, help } in mistakes {
                        self.error(at, reason, help);
                    }
                }
            }
        }
    }

    fn packs(&mut self, entries: &DeTable<'_>) {
        for (name, value) in entries {
            let pack = name.get_ref().to_string();
            let origin = self.origin(&name.span());
            match owned(value) {
                Ok(table @ Toml::Table(_)) => {
                    let value = toml_parameters(&table);
                    self.said.parameters.insert(pack, Sourced { value, origin });
                }
                Ok(_) => {
                    let reason = format!("expected the parameters of `{pack}` to be a table");
                    self.error(value.span(), reason, None);
                }
                Err(reason) => self.error(value.span(), reason, None),
            }
        }
    }

    fn lints(&mut self, entries: &DeTable<'_>) {
        for (name, value) in entries {
            let word = name.get_ref().as_ref();
            let lint = match lints::find(word) {
                Ok(lint) => lint,
                Err(invalid) => {
                    self.error(name.span(), invalid.reason, invalid.help);
                    continue;
                }
            };
            let level = owned(value).map_err(InvalidValue::new).and_then(|value| LintLevel::read(&value));
            match level {
                Ok(_) if self.said.lints.contains_key(&lint) => {
                    let reason =
                        format!("`{word}` is the lint `{}`, which has a level already", lint.info().name);
                    self.error(name.span(), reason, Some("remove one of the two".to_owned()));
                }
                Ok(value) => {
                    let origin = self.origin(&name.span());
                    self.said.lints.insert(lint, Sourced { value, origin });
                }
                Err(invalid) => {
                    self.error(value.span(), format!("`{word}`: {}", invalid.reason), invalid.help);
                }
            }
        }
    }

    fn origin(&self, at: &Range<usize>) -> Origin {
        Origin::File { path: self.path.to_owned(), line: Some(line(self.text, at.start)) }
    }
}

/// The tables of settings, each once.
fn tables() -> impl Iterator<Item = &'static str> {
    NAMES.iter().enumerate().filter_map(|(position, name)| {
        let is_first = NAMES.iter().take(position).all(|earlier| earlier.table != name.table);
        is_first.then_some(name.table)
    })
}

fn unknown_help<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> String {
    let known: Vec<&str> = known.collect();
    // A hyphen is easily written as an underscore.
    match suggest::nearest(&name.replace('_', "-"), known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("use {}", known.join(", ")),
    }
}

pub(super) fn owned(value: &Spanned<DeValue<'_>>) -> Result<Toml, String> {
    Toml::deserialize(ValueDeserializer::from(value.clone())).map_err(|error| error.message().to_owned())
}

/// The line of an offset, counted from 1.
pub(super) fn line(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// Reads the file of pack parameters: JSON if it is called so, and TOML otherwise.
///
/// # Errors
///
/// If it cannot be read, or is not a table for each pack.
pub(super) fn parameters(path: &Path) -> Result<Said, SettingsError> {
    let failed = |reason: String| SettingsError::Parameters { path: path.to_owned(), reason };
    let text = read_text_file(path).map_err(|error| failed(error.to_string()))?;
    let mut said = Said::default();
    if path.extension().is_some_and(|extension| extension == "json") {
        let packs: Map<String, Json> =
            serde_json::from_str(&text).map_err(|error| failed(error.to_string()))?;
        let origin = Origin::File { path: path.to_owned(), line: None };
        let sourced = |value| Sourced { value, origin: origin.clone() };
        said.parameters = packs.into_iter().map(|(pack, value)| (pack, sourced(value))).collect();
        return Ok(said);
    }
    let root =
        DeTable::parse(&text).map_err(|error| failed(error.to_string().trim_end().replace('\n', " ")))?;
    for (name, value) in root.get_ref() {
        let pack = name.get_ref().to_string();
        let line = line(&text, name.span().start);
        match owned(value) {
            Ok(table @ Toml::Table(_)) => {
                let origin = Origin::File { path: path.to_owned(), line: Some(line) };
                said.parameters.insert(pack, Sourced { value: toml_parameters(&table), origin });
            }
            Ok(_) => return Err(failed(format!("line {line}: expected `{pack}` to be a table"))),
            Err(reason) => return Err(failed(format!("line {line}: {reason}"))),
        }
    }
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Said, Vec<SettingsError>> {
        super::parse(Path::new("team/planguard.toml"), text)
    }

    #[test]
    fn every_key_is_read_with_its_line_and_paths_are_relative_to_the_file() {
        let text = r#"
[check]
fail-on = "high"
fail-on-warn = true
unknown = "deny"
gate = "introduced"
strict = true
require-complete = false
require-coverage = true
builtin = false
packs = ["recovery", "required-tags"]
guardrails = ["guardrails"]
baseline = "baseline.json"
terraform = "tofu"
max-destroys = 3
max-destroy-percent = 10
fail-on-drift = true
ignore-drift = ["aws_x.size"]
max-risk = 200

[approve]
severity = "low"
risk = 50
count = 2
from = ["platform"]

[policies]
paths = ["policies", "/etc/policies"]
bundle-key = "bundle.pem"
bundle-scope = "production"
convention = "spacelift"
namespaces = ["*"]
data = ["data.yaml"]
context = "run.json"
infracost = "costs.json"
rego-version = "v0"
timeout = 30

[packs.required-tags]
tags = ["owner"]

[groups]
platform = ["alice", "@bob"]

[cost]
report = true
prices = "prices.toml"
max-delta = 99.5
max-percent = 20
on-unknown = "fail"
"#;
        let read = parse(text).unwrap().resolve();
        let printed: Vec<String> = read
            .entries()
            .into_iter()
            .map(|entry| {
                let value = entry.value.map_or_else(|| "(none)".to_owned(), |value| value.to_string());
                format!("{} = {value} ({})", entry.name, entry.origin)
            })
            .collect();
        let wanted = [
            r#"check.fail-on = "high" (team/planguard.toml:3)"#,
            "check.fail-on-warn = true (team/planguard.toml:4)",
            r#"check.unknown = "deny" (team/planguard.toml:5)"#,
            r#"check.gate = "introduced" (team/planguard.toml:6)"#,
            "check.strict = true (team/planguard.toml:7)",
            "check.require-complete = false (team/planguard.toml:8)",
            "check.require-coverage = true (team/planguard.toml:9)",
            "check.require-waiver-expiry = true (default)",
            "check.builtin = false (team/planguard.toml:10)",
            r#"check.packs = ["recovery", "required-tags"] (team/planguard.toml:11)"#,
            "check.benchmarks = [] (default)",
            r#"check.guardrails = ["team/guardrails"] (team/planguard.toml:12)"#,
            r#"check.baseline = "team/baseline.json" (team/planguard.toml:13)"#,
            r#"check.terraform = "tofu" (team/planguard.toml:14)"#,
            "check.source = (none) (default)",
            "check.max-destroys = 3 (team/planguard.toml:15)",
            "check.max-destroy-percent = 10 (team/planguard.toml:16)",
            "check.fail-on-drift = true (team/planguard.toml:17)",
            r#"check.ignore-drift = ["aws_x.size"] (team/planguard.toml:18)"#,
            "check.max-risk = 200 (team/planguard.toml:19)",
            r#"approve.severity = "low" (team/planguard.toml:22)"#,
            "approve.risk = 50 (team/planguard.toml:23)",
            "approve.count = 2 (team/planguard.toml:24)",
            r#"approve.from = ["platform"] (team/planguard.toml:25)"#,
            "cost.report = true (team/planguard.toml:46)",
            r#"cost.prices = "team/prices.toml" (team/planguard.toml:47)"#,
            r#"cost.max-delta = "99.5" (team/planguard.toml:48)"#,
            "cost.max-percent = 20 (team/planguard.toml:49)",
            r#"cost.on-unknown = "fail" (team/planguard.toml:50)"#,
            r#"policies.paths = ["team/policies", "/etc/policies"] (team/planguard.toml:28)"#,
            r#"policies.bundle-key = "team/bundle.pem" (team/planguard.toml:29)"#,
            r#"policies.bundle-scope = "production" (team/planguard.toml:30)"#,
            r#"policies.convention = "spacelift" (team/planguard.toml:31)"#,
            r#"policies.namespaces = ["*"] (team/planguard.toml:32)"#,
            r#"policies.data = ["team/data.yaml"] (team/planguard.toml:33)"#,
            r#"policies.context = "team/run.json" (team/planguard.toml:34)"#,
            r#"policies.infracost = "team/costs.json" (team/planguard.toml:35)"#,
            r#"policies.rego-version = "v0" (team/planguard.toml:36)"#,
            "policies.timeout = 30 (team/planguard.toml:37)",
            r#"packs.required-tags = { tags = ["owner"] } (team/planguard.toml:39)"#,
            r#"groups.platform = ["alice", "bob"] (team/planguard.toml:43)"#,
        ];
        assert_eq!(printed, wanted);
    }

    #[test]
    fn an_empty_file_sets_nothing() {
        assert_eq!(parse("").unwrap(), Said::default());
    }

    #[test]
    fn mistakes_are_reported_at_their_place_with_what_was_probably_meant() {
        for (text, place, reason, help) in [
            ("[chekc]\n", "chekc", "unknown table `chekc`", "did you mean `check`?"),
            (
                "[tests]\n",
                "tests",
                "unknown table `tests`",
                "use check, approve, cost, policies, packs, rules, lints, waivers, env, groups",
            ),
            ("[check]\nfail_on = \"high\"\n", "fail_on", "unknown key `fail_on`", "did you mean `fail-on`?"),
            ("[check]\nfail-on = \"hgih\"\n", "\"hgih\"", "`hgih` is not a severity", "did you mean `high`?"),
            ("[check]\nfail-on = 1\n", "1", "expected a string, found an integer", "docs/"),
            ("[check]\nunknown = \"x\"\n", "\"x\"", "use deny, warn, ignore, deny-critical", "docs/"),
            ("[check]\nmax-destroy-percent = 101\n", "101", "use 0 to 100", "docs/"),
            ("[check]\nmax-destroys = -1\n", "-1", "negative", "docs/"),
            ("[check]\nterraform = \"./tofu\"\n", "\"./tofu\"", "nor an absolute path", "use true"),
            ("[check]\nterraform = 1\n", "1", "expected true, false or a program", "docs/"),
            ("[policies]\ntimeout = 0\n", "0", "use 1 to 3600", "docs/"),
            ("[policies]\nconvention = \"opa\"\n", "\"opa\"", "use auto, conftest", "docs/"),
            ("[policies]\npaths = [1]\n", "[1]", "found an integer in it", "docs/"),
            ("[packs]\nrequired-tags = 1\n", "1", "to be a table", "docs/"),
            (
                "[lints]\nunknown-atribute = 1\n",
                "unknown-atribute",
                "unknown lint",
                "did you mean `unknown-attribute`?",
            ),
            ("[lints]\nQQ-XX-77 = 1\n", "QQ-XX-77", "unknown lint `QQ-XX-77`", "docs/policies/lints.md"),
            ("[lints]\nzzz = 1\n", "zzz", "unknown lint `zzz`", "docs/policies/lints.md"),
            (
                "[lints]\nunknown-data = \"warning\"\n",
                "\"warning\"",
                "expected a table, found a string",
                "write",
            ),
            ("[lints]\nunknown-data = { level = \"warning\" }\n", "{", "it has no reason", "write"),
            ("[lints]\nunknown-data = { reason = \"x\" }\n", "{", "it has no level", "write"),
            (
                "[lints]\nunknown-data = { level = \"warning\", reason = \" \" }\n",
                "{",
                "the reason is empty",
                "write",
            ),
            (
                "[lints]\nunknown-data = { level = \"warning\", reason = 1 }\n",
                "{",
                "found an integer",
                "write",
            ),
            (
                "[lints]\nunknown-data = { level = \"warn\", reason = \"x\" }\n",
                "{",
                "`warn` is not a level",
                "did you mean `warning`?",
            ),
            (
                "[lints]\nunknown-data = { level = \"off\", reason = \"x\" }\n",
                "{",
                "use pedantic, warning, error",
                "docs/",
            ),
            (
                "[lints]\nunknown-data = { level = \"error\", why = \"x\" }\n",
                "{",
                "unknown key `why`",
                "write",
            ),
            (
                "[lints]\nunknown-function = { level = \"warning\", reason = \"x\" }\n",
                "unknown-function",
                "has no other level",
                "remove",
            ),
            (
                "[lints]\nPG-LN-005 = { level = \"warning\", reason = \"x\" }\nunknown-data = { level = \"warning\", reason = \"x\" }\n",
                "",
                "has a level already",
                "remove",
            ),
            ("[rules]\nx = 1\n", "1", "`x`: expected a table", "write `aws-lb-internet-facing"),
            ("[rules]\nx = { severity = \"low\" }\n", "{", "it has no reason", "write"),
            ("[rules]\nx = { reason = \"r\" }\n", "{", "neither an enforcement nor a severity", "write"),
            ("[rules]\nx = { reason = \" \", severity = \"low\" }\n", "{", "reason is empty", "write"),
            ("[rules]\nx = { reasn = \"r\" }\n", "{", "unknown key `reasn`", "did you mean `reason`?"),
            (
                "[rules]\nx = { reason = \"r\", enforcement = \"of\" }\n",
                "{",
                "`of` is not an enforcement",
                "did you mean `off`?",
            ),
            (
                "[env.prod]\nfail_on = \"low\"\n",
                "fail_on",
                "unknown key `fail_on` in an environment",
                "did you mean `fail-on`?",
            ),
            ("[env.prod]\nbuiltin = false\n", "builtin", "unknown key `builtin`", "use fail-on"),
            ("[env.prod]\nmach = {}\n", "mach", "unknown key `mach`", "did you mean `match`?"),
            ("[env.prod]\nmatch = {}\n", "{}", "`match` has no patterns", "write patterns"),
            ("[env.prod]\nmatch = 1\n", "1", "`match`: expected a table", "docs/"),
            (
                "[env.prod]\nfail-on = \"hgih\"\n",
                "\"hgih\"",
                "`hgih` is not a severity",
                "did you mean `high`?",
            ),
            (
                "[env.prod.match]\nworkspaces = [\"a\"]\n",
                "workspaces",
                "is not a condition",
                "did you mean `workspace`?",
            ),
            ("[env.prod.match]\nbranch = 1\n", "1", "expected patterns", "docs/"),
            ("[env.prod.match]\nbranch = []\n", "[]", "expected patterns", "docs/"),
            ("[env.prod.match]\nbranch = [1]\n", "1", "expected a string", "docs/"),
            ("[env.prod.match]\nbranch = [\" \"]\n", "\" \"", "a pattern is empty", "write `*`"),
            (
                "[env.prod.match]\nworkspace = [\"^prod-.*$\"]\n",
                "^prod",
                "looks like a regular expression",
                "write `prod-*`",
            ),
            (
                "[env.prod.match]\nbranch = \"(main|dev)\"\n",
                "main",
                "looks like a regular expression",
                "write one pattern",
            ),
            ("[env.prod.match]\nbranch = [\"refs/heads/main\"]\n", "refs", "is a reference", "write `main`"),
            ("[env.prod]\nnot = { label = \"x\" }\n", "not", "which is missing", "add `match"),
            ("[env.none]\n", "none", "cannot be called `none`", "use letters"),
            ("[env.\"a b\"]\n", "a b", "cannot be called `a b`", "use letters"),
            ("[env]\nprod = 1\n", "1", "expected `prod` to be a table", "docs/"),
            ("[env.prod.rules]\nx = { severity = \"low\" }\n", "{", "it has no reason", "write"),
            (
                "[env.prod.approve]\ncuont = 1\n",
                "cuont",
                "unknown key `cuont` in [approve]",
                "did you mean `count`?",
            ),
            ("[approve]\ncount = 0\n", "0", "use 1 to 100", "docs/"),
            ("[approve]\nrisk = -1\n", "-1", "negative", "docs/"),
            (
                "[env.prod.approve]\nfrom = [\"platfrom\"]\n[groups]\nplatform = [\"a\"]\n",
                "platfrom",
                "no group is called `platfrom`",
                "did you mean `platform`?",
            ),
            ("[approve]\nfrom = [\"x\"]\n", "x", "no group is called `x`", "add it to [groups]"),
            ("[groups]\na = []\n", "[]", "`a`: it names nobody", "write the names"),
            ("[groups]\na = [\"@\"]\n", "[", "`a`: it names nobody", "write the names"),
            ("[groups]\na = \"alice\"\n", "\"alice\"", "expected an array of strings", "write the names"),
            (
                "[env.production]\n[[waivers]]\nrule = \"a\"\nreason = \"r\"\nenvironment = \"prodution\"\n",
                "prodution",
                "no environment is called `prodution`",
                "did you mean `production`?",
            ),
            ("check = 1\n", "1", "to be a table", "docs/"),
            ("check = \n", "", "", "docs/"),
        ] {
            let errors = parse(text).unwrap_err();
            let [SettingsError::Invalid { reason: said, help: hint, at, .. }] = &errors[..] else {
                panic!("{text}: {errors:?}")
            };
            assert!(said.contains(reason), "{said}");
            assert!(hint.starts_with(help), "{text}: {hint}");
            assert!(text[at.offset()..at.offset() + at.len()].contains(place), "{text} {at:?}");
        }
    }

    #[test]
    fn all_mistakes_are_reported_at_once() {
        assert_eq!(parse("[check]\nstrict = 1\ngate = \"x\"\n[x]\n").unwrap_err().len(), 3);
    }
}
