//! Reads the METADATA of a bundled file for manuals and lists.

use planguard_rego_syntax::annotation;
use serde_json::Value;

use crate::{frontend, yaml};

/// The documented contents of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outline {
    /// The package, without `data`.
    pub package: String,
    /// The METADATA of the package.
    pub metadata: Value,
    /// The rules and functions with METADATA, in file order.
    pub rules: Vec<OutlinedRule>,
}

/// A rule or function with METADATA.
#[derive(Clone, Debug, PartialEq)]
pub struct OutlinedRule {
    /// The name.
    pub name: String,
    /// The name with the arguments of a function: `is_within(text, ranges)`.
    pub signature: String,
    /// Its METADATA.
    pub metadata: Value,
}

impl OutlinedRule {
    /// Returns a string of the METADATA, such as `title` or `custom.example`; empty if it is missing.
    pub fn text(&self, path: &str) -> &str {
        text(&self.metadata, path)
    }

    /// Returns the names of a function's arguments.
    pub fn arguments(&self) -> Vec<&str> {
        let listed = self.signature.strip_prefix(&self.name).and_then(|rest| rest.strip_prefix('('));
        let listed = listed.and_then(|rest| rest.strip_suffix(')')).unwrap_or_default();
        listed.split(',').map(str::trim).filter(|name| !name.is_empty()).collect()
    }
}

impl Outline {
    /// Returns a string of the package's METADATA; empty if it is missing.
    pub fn text(&self, path: &str) -> &str {
        text(&self.metadata, path)
    }
}

fn text<'v>(metadata: &'v Value, path: &str) -> &'v str {
    let found = path.split('.').try_fold(metadata, |value, key| value.get(key));
    found.and_then(Value::as_str).unwrap_or_default().trim()
}

/// Parses a file with the layout of the bundled ones: a METADATA block directly precedes what it describes, and a
/// function without named arguments, as in a `default`, gets those of the next rule.
///
/// # Errors
///
/// The line and the reason, if a block is invalid.
pub fn outline(file: &str) -> Result<Outline, String> {
    let lines: Vec<&str> = file.lines().collect();
    let mut outline = Outline { package: String::new(), metadata: Value::Null, rules: Vec::new() };
    for block in annotation::blocks(file, &frontend::comments(file)) {
        let start = file.get(..block.span.start).map_or(0, |before| before.matches('\n').count()) + 1;
        let metadata = yaml::parse(&block.yaml, yaml::Booleans::TrueAndFalse)
            .map_err(|reason| format!("line {start}: {reason}"))?;
        let metadata = serde_json::to_value(&metadata).map_err(|error| format!("line {start}: {error}"))?;
        let end = usize::try_from(block.described).unwrap_or(usize::MAX) - 1;
        let Some(head) = lines.get(end) else { break };
        if let Some(package) = head.strip_prefix("package ") {
            package.trim().clone_into(&mut outline.package);
            outline.metadata = metadata;
        } else {
            outline.rules.push(rule(head, &lines[end + 1..], metadata));
        }
    }
    Ok(outline)
}

fn rule(head: &str, following: &[&str], metadata: Value) -> OutlinedRule {
    let default = head.strip_prefix("default ");
    let head = default.unwrap_or(head);
    let name: String = head.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    // The rule after `default f(_) := false` names the arguments.
    let named = |line: &&&str| line.starts_with(&format!("{name}(")) && !arguments(line).contains('_');
    let named = default.and_then(|_| following.iter().find(named)).copied();
    let signature = format!("{name}{}", arguments(named.unwrap_or(head)));
    OutlinedRule { name, signature, metadata }
}

/// Returns the parenthesis after a name; empty for a rule that is not a function.
fn arguments(head: &str) -> &str {
    let start = head.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(head.len());
    let rest = &head[start..];
    match rest.find(')') {
        Some(end) if rest.starts_with('(') => &rest[..=end],
        Some(_) | None => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_rules_and_functions_are_read() {
        let text = "# METADATA\n# title: A\n# custom:\n#   x: y\npackage a.b\n\n# METADATA\n# title: R\nr := 1\n\n\
                    # METADATA\n# title: F\ndefault f(_, _) := false\n\nf(one, two) if one == two\n\n_hidden := 1\n";
        let outline = outline(text).unwrap();
        assert_eq!((outline.package.as_str(), outline.text("custom.x")), ("a.b", "y"));
        let rules: Vec<(&str, &str)> =
            outline.rules.iter().map(|rule| (rule.signature.as_str(), rule.text("title"))).collect();
        assert_eq!(rules, [("r", "R"), ("f(one, two)", "F")]);
        assert_eq!(outline.rules[0].text("custom.example"), "");
    }

    #[test]
    fn an_invalid_block_is_reported_with_its_line() {
        assert!(
            super::outline("package a\n# METADATA\n# title: [\nr := 1\n").unwrap_err().starts_with("line 2")
        );
    }
}
