//! Reads `[env.NAME]` and `[groups]`.

use planguard_plan::text::suggest;
use planguard_rule::{UnknownWord, Word as _};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::environments::{CHECK_KEYS, Environment, TABLES, unknown_help as unknown_environment};
use super::super::origin::Sourced;
use super::super::rule_overrides;
use super::super::value::{InvalidValue, SettingValue as _};
use super::{Reader, Reference, owned, unknown_help};
use crate::environments::{Condition, NONE, Scope};
use crate::pattern::Pattern;

/// Conditions with their patterns.
type Patterns = Vec<(Condition, Vec<Pattern>)>;

impl Reader<'_> {
    pub(super) fn environments(&mut self, entries: &DeTable<'_>) {
        for (name, value) in entries {
            let written = name.get_ref().to_string();
            let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            if written.is_empty() || !written.chars().all(is_plain) || written.eq_ignore_ascii_case(NONE) {
                let reason = format!("an environment cannot be called `{written}`");
                let help = "use letters, digits, `-`, `_` and `.`; `none` stands for no environment";
                self.error(name.span(), reason, Some(help.to_owned()));
                continue;
            }
            let DeValue::Table(keys) = value.get_ref() else {
                let reason = format!("expected `{written}` to be a table, as in `[env.{written}]`");
                self.error(value.span(), reason, None);
                continue;
            };
            let origin = self.origin(&name.span());
            // What reads `[check]` and `[rules]` reads what an environment changes of them.
            let outer = std::mem::take(&mut self.said);
            let scope = self.environment(keys);
            let said = std::mem::replace(&mut self.said, outer);
            self.said.environments.push(Environment { name: written, scope, said, origin });
        }
    }

    fn environment(&mut self, keys: &DeTable<'_>) -> Scope {
        let mut scope = Scope::default();
        for (name, value) in keys {
            match (name.get_ref().as_ref(), value.get_ref()) {
                ("match", DeValue::Table(patterns)) => {
                    scope.wanted = self.patterns(patterns);
                    if patterns.is_empty() {
                        let help = "write patterns, as in `match = { branch = [\"main\"] }`, or remove it";
                        self.error(value.span(), "`match` has no patterns".to_owned(), Some(help.to_owned()));
                    }
                }
                ("not", DeValue::Table(patterns)) => {
                    scope.excluded = self.patterns(patterns);
                    if !keys.iter().any(|(name, _)| name.get_ref().as_ref() == "match") {
                        let help = "add `match = { branch = [\"*\"] }`, or choose it by --env alone";
                        let reason = "`not` excludes runs from those of `match`, which is missing".to_owned();
                        self.error(name.span(), reason, Some(help.to_owned()));
                    }
                }
                (table @ ("approve" | "cost"), DeValue::Table(entries)) => self.table(table, entries),
                (rule_overrides::TABLE, DeValue::Table(entries)) => self.overrides(entries),
                (table, _) if TABLES.contains(&table) => {
                    self.error(value.span(), format!("`{table}`: expected a table"), None);
                }
                (key, _) if CHECK_KEYS.contains(&key) => self.key("check", name, value),
                (key, _) => {
                    let help = unknown_help(key, CHECK_KEYS.into_iter().chain(TABLES));
                    let reason = format!("unknown key `{key}` in an environment");
                    self.error(name.span(), reason, Some(help));
                }
            }
        }
        scope
    }

    fn patterns(&mut self, entries: &DeTable<'_>) -> Patterns {
        let mut read = Vec::new();
        for (name, value) in entries {
            let key = name.get_ref().as_ref();
            let Some(condition) = Condition::from_word(key) else {
                let unknown = UnknownWord::of::<Condition>(key);
                let help = unknown_help(key, unknown.allowed.iter().copied());
                self.error(name.span(), unknown.to_string(), Some(help));
                continue;
            };
            let elements = match value.get_ref() {
                DeValue::Array(elements) if !elements.is_empty() => elements.iter().collect(),
                DeValue::String(_) => vec![value],
                _ => {
                    let reason = format!("`{key}`: expected patterns, as in `{key} = [\"prod-*\"]`");
                    self.error(value.span(), reason, None);
                    continue;
                }
            };
            let mut patterns = Vec::new();
            for element in elements {
                match element.get_ref() {
                    DeValue::String(text) => match mistaken(condition, text) {
                        None => patterns.push(Pattern::new(text.as_ref())),
                        Some((reason, help)) => self.error(element.span(), reason, Some(help)),
                    },
                    _ => self.error(element.span(), format!("`{key}`: expected a string"), None),
                }
            }
            read.push((condition, patterns));
        }
        read
    }

    pub(super) fn groups(&mut self, entries: &DeTable<'_>) {
        for (name, value) in entries {
            let group = name.get_ref().to_string();
            let people =
                owned(value).map_err(InvalidValue::new).and_then(|value| Vec::<String>::from_toml(&value));
            let named = |people: Vec<String>| {
                let people: Vec<String> =
                    people.iter().map(|person| person.trim().trim_start_matches('@').to_owned()).collect();
                let has_nobody = people.is_empty() || people.iter().any(String::is_empty);
                if has_nobody { Err(InvalidValue::new("it names nobody")) } else { Ok(people) }
            };
            match people.and_then(named) {
                Ok(value) => {
                    let origin = self.origin(&name.span());
                    self.said.groups.insert(group, Sourced { value, origin });
                }
                Err(InvalidValue { reason, help }) => {
                    let help = help.unwrap_or_else(|| {
                        "write the names of people, as in `platform = [\"alice\"]`".to_owned()
                    });
                    self.error(value.span(), format!("`{group}`: {reason}"), Some(help));
                }
            }
        }
    }

    /// Remembers the groups that a list names.
    pub(super) fn refer_to_groups(&mut self, value: &Spanned<DeValue<'_>>) {
        let DeValue::Array(elements) = value.get_ref() else { return };
        for element in elements.iter() {
            if let DeValue::String(group) = element.get_ref() {
                self.references.push((element.span(), Reference::Group(group.to_string())));
            }
        }
    }

    /// Remembers the environment that a waiver names.
    pub(super) fn refer_to_environment(&mut self, waiver: &Spanned<DeValue<'_>>) {
        let DeValue::Table(entries) = waiver.get_ref() else { return };
        for (name, value) in entries {
            if let ("environment", DeValue::String(environment)) = (name.get_ref().as_ref(), value.get_ref())
            {
                let environment = environment.trim().to_owned();
                self.references.push((value.span(), Reference::Environment(environment)));
            }
        }
    }

    /// Reports the names that nothing in the file defines.
    pub(super) fn check_references(&mut self) {
        for (at, reference) in std::mem::take(&mut self.references) {
            match reference {
                Reference::Group(name) if !self.said.groups.contains_key(&name) => {
                    let known = self.said.groups.keys().map(String::as_str);
                    let help = match suggest::nearest(&name, known) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("add it to [groups], as in `{name} = [\"alice\"]`"),
                    };
                    self.error(at, format!("no group is called `{name}`"), Some(help));
                }
                Reference::Environment(name) => {
                    let is_known = self.said.environments.iter().any(|known| known.name == name);
                    if !is_known {
                        let help = unknown_environment(&name, &self.said.environments, &[]);
                        self.error(at, format!("no environment is called `{name}`"), Some(help));
                    }
                }
                Reference::Group(_) => {}
            }
        }
    }
}

/// What is wrong with a pattern that would match nothing, and how to put it right.
fn mistaken(condition: Condition, pattern: &str) -> Option<(String, String)> {
    if pattern.trim().is_empty() {
        return Some(("a pattern is empty".to_owned(), "write `*` for any value".to_owned()));
    }
    if let (Condition::Branch, Some(name)) = (condition, pattern.strip_prefix("refs/heads/")) {
        let reason = format!("`{pattern}` is a reference; branches are named without `refs/heads/`");
        return Some((reason, format!("write `{name}`")));
    }
    let is_expression = match condition {
        Condition::Workspace | Condition::Branch | Condition::Repository => {
            pattern.contains(".*") || pattern.contains(['^', '$', '\\', '[', '(', '|'])
        }
        Condition::Label => pattern.starts_with('^') || pattern.ends_with('$') || pattern.contains(".*"),
    };
    is_expression.then(|| {
        let plain = pattern.replace(".*", "*").replace(['^', '$', '\\'], "");
        let reason =
            format!("`{pattern}` looks like a regular expression; only `*` and `?` are special in a pattern");
        let help = if plain.contains(['[', '(', '|']) {
            "write one pattern for each name".to_owned()
        } else {
            format!("write `{plain}`")
        };
        (reason, help)
    })
}
