//! Parses the `# METADATA` comments of rules, which the engine ignores.

use std::collections::{BTreeMap, BTreeSet};

use planguard_rego_syntax::annotation;
use planguard_rule::Severity;
use regorus::Value;

use super::error::{PolicyError, report};
use super::source::Source;
use super::yaml;

/// The contents of a `# METADATA` block. See <https://www.openpolicyagent.org/docs/policy-language#metadata>.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleMetadata {
    /// `title`.
    pub title: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// `custom.severity`, if it is a severity.
    pub severity: Option<Severity>,
    /// `custom.remediation`.
    pub remediation: Option<String>,
    /// The first of `related_resources`.
    pub docs: Option<String>,
}

impl RuleMetadata {
    /// Combines the blocks of rules with the same name: the first text of each kind, and the highest severity, since
    /// a result does not identify its rule.
    pub(super) fn merge(&mut self, other: &Self) {
        let first = |mine: &mut Option<String>, theirs: &Option<String>| {
            if mine.is_none() {
                mine.clone_from(theirs);
            }
        };
        first(&mut self.title, &other.title);
        first(&mut self.description, &other.description);
        first(&mut self.remediation, &other.remediation);
        first(&mut self.docs, &other.docs);
        self.severity = self.severity.max(other.severity);
    }
}

/// The scope of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The rules with one name; the block says `rule` or `document`.
    Rule,
    /// Every rule of the package.
    Package,
}

/// The blocks of a policy, by the line of the rule or package that follows.
pub type Blocks = BTreeMap<u32, (Scope, RuleMetadata)>;

/// Parses the blocks directly above one of `lines`, the lines of packages and rules.
pub fn read(source: &Source, lines: &BTreeSet<u32>, errors: &mut Vec<PolicyError>) -> Blocks {
    // Of several blocks, the nearest counts.
    let written: BTreeMap<u32, annotation::Block> = annotation::blocks(&source.text, &source.comments())
        .into_iter()
        .filter(|block| lines.contains(&block.described))
        .map(|block| (block.described, block))
        .collect();
    let mut blocks = Blocks::new();
    for (line, block) in written {
        // Without a scope, a block applies to what it precedes.
        let mut below = source.text.get(block.span.end..).unwrap_or("").lines().map(str::trim);
        let described = below.find(|line| !line.is_empty() && !line.starts_with('#'));
        let before_package = described.is_some_and(|line| line.split_whitespace().next() == Some("package"));
        let usual = if before_package { Scope::Package } else { Scope::Rule };
        match parse(&block.yaml, usual) {
            Ok(block) => {
                blocks.insert(line, block);
            }
            Err(reason) => report(
                errors,
                PolicyError::InvalidMetadata {
                    reason,
                    text: source.named(),
                    at: (block.span.start, block.span.len()).into(),
                },
            ),
        }
    }
    blocks
}

fn parse(text: &str, usual: Scope) -> Result<(Scope, RuleMetadata), String> {
    let value = yaml::parse(text, yaml::Booleans::TrueAndFalse)?;
    if value.as_object().is_err() {
        return Err("it is not a mapping".to_owned());
    }
    let text = |value: &Value| value.as_string().ok().map(|text| text.trim().to_owned());
    let custom = &value["custom"];
    let related = match &value["related_resources"] {
        Value::Array(resources) => resources.first().cloned().unwrap_or(Value::Undefined),
        _ => Value::Undefined,
    };
    let scope = match text(&value["scope"]).as_deref() {
        Some("package" | "subpackages") => Scope::Package,
        Some(_) => Scope::Rule,
        None => usual,
    };
    let metadata = RuleMetadata {
        title: text(&value["title"]),
        description: text(&value["description"]),
        severity: text(&custom["severity"]).and_then(|word| word.parse().ok()),
        remediation: text(&custom["remediation"]),
        docs: text(&related).or_else(|| text(&related["ref"])),
    };
    Ok((scope, metadata))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::new("p.rego", text)
    }

    #[test]
    fn a_block_belongs_to_the_rule_below() {
        let text = "# METADATA\n# title: Buckets are private\n# custom:\n#   severity: HIGH\n\
                    # related_resources:\n# - ref: https://example.com\n\ndeny contains 1 if true\n";
        let mut errors = Vec::new();
        let blocks = read(&source(text), &BTreeSet::from([8]), &mut errors);
        let (scope, metadata) = &blocks[&8];
        assert_eq!(*scope, Scope::Rule);
        assert_eq!(metadata.title.as_deref(), Some("Buckets are private"));
        assert_eq!(metadata.severity, Some(Severity::High));
        assert_eq!(metadata.docs.as_deref(), Some("https://example.com"));
        assert!(errors.is_empty());
    }

    #[test]
    fn a_block_before_a_package_applies_to_the_package() {
        for scope in ["# scope: package\n", ""] {
            let text = format!("# METADATA\n{scope}# title: Storage\npackage main\n");
            let line = if scope.is_empty() { 3 } else { 4 };
            let blocks = read(&source(&text), &BTreeSet::from([line]), &mut Vec::new());
            assert_eq!(blocks[&line].0, Scope::Package);
        }
    }

    #[test]
    fn an_invalid_block_is_reported_with_its_place() {
        let text = "package main\n# METADATA\n# title: [\ndeny := 1\n";
        let mut errors = Vec::new();
        assert!(read(&source(text), &BTreeSet::from([4]), &mut errors).is_empty());
        let [PolicyError::InvalidMetadata { at, .. }] = errors.as_slice() else { panic!("{errors:?}") };
        assert_eq!(at.offset(), 13);
    }

    #[test]
    fn the_worst_severity_of_several_blocks_counts() {
        let mut first = RuleMetadata { title: Some("a".to_owned()), ..RuleMetadata::default() };
        let second = RuleMetadata {
            title: Some("b".to_owned()),
            severity: Some(Severity::Low),
            ..RuleMetadata::default()
        };
        first.merge(&second);
        assert_eq!((first.title.as_deref(), first.severity), (Some("a"), Some(Severity::Low)));
    }
}
