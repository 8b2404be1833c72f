//! Spacelift's plan policies: `package spacelift`, each file by itself, with helpers that stand before every
//! policy (<https://docs.spacelift.io/concepts/policy/terraform-plan-policy>).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::location::{Grouping, Location};
use super::{
    Choice, Convention, Decider, Dialect, Group, PlanPlace, Platform, Presence, Reading, library, rule_path,
};
use crate::error::PolicyError;
use crate::options::PolicyOptions;
use crate::policies::PassedOver;
use crate::program::{Meaning, Program};
use crate::rule::RuleKind;
use crate::source::Source;
use crate::syntax::{Fact, Step};

pub(super) static PLATFORM: Platform = Platform {
    title: "Spacelift",
    plan: PlanPlace::Under("terraform"),
    context: &["spacelift", "third_party_metadata"],
    configuration: &["third_party_metadata", "custom", "configuration"],
};

/// The package of every policy.
pub(super) const PACKAGE: &str = "spacelift";

/// The sets of resource changes that Spacelift gives names to, and what makes a change a member.
const ALIASES: [(&str, &str); 5] = [
    ("affected_resources", "some action in r.change.actions; action in {\"create\", \"update\", \"delete\"}"),
    ("created_resources", "\"create\" in r.change.actions"),
    ("updated_resources", "\"update\" in r.change.actions"),
    ("deleted_resources", "\"delete\" in r.change.actions"),
    ("recreated_resources", "\"create\" in r.change.actions; \"delete\" in r.change.actions"),
];

/// Replaces a text as Spacelift replaces sensitive values, by a digest. Plans hold theirs in clear here, so what
/// policies compare them with stays in clear too.
const SANITIZED: &str = "sanitized";

/// The rules of Spacelift's other kinds of policies, which share the package.
const OTHER_KINDS: [&str; 17] = [
    "admin",
    "allow",
    "approve",
    "deny_admin",
    "deny_write",
    "ignore",
    "ignore_track",
    "inbox",
    "notify",
    "notrigger",
    "propose",
    "read",
    "reject",
    "slack",
    "track",
    "trigger",
    "webhook",
];

pub(super) fn group(location: &Location, options: &PolicyOptions, grouping: &mut Grouping) {
    for source in location.sources.iter().filter(|source| !library::is_test(source)) {
        if library::package_of(&source.text).as_deref() != Some(PACKAGE) {
            grouping.passed_over.push(PassedOver::File {
                file: source.name.clone(),
                reason: "its package is not `spacelift`",
            });
            continue;
        }
        let names = match read(source) {
            Content::Plan(names) => names,
            Content::NothingToDecide => {
                grouping.passed_over.push(PassedOver::File {
                    file: source.name.clone(),
                    reason: "it is not a plan policy of Spacelift",
                });
                continue;
            }
        };
        let deciders = [("deny", RuleKind::Deny), ("warn", RuleKind::Warn)].map(|(name, kind)| Decider {
            path: rule_path(PACKAGE, name),
            kind,
            reading: Reading::Messages,
            notes: BTreeMap::new(),
            description: None,
            presence: Presence::Optional,
        });
        grouping.groups.push(Group {
            convention: Convention::Spacelift,
            sources: vec![helpers(&names), source.clone()],
            choice: Choice::Rules {
                deciders: deciders.into(),
                nothing: Box::new(PolicyError::DecidesNothing {
                    file: source.name.clone(),
                    platform: PLATFORM.title,
                    expected: "data.spacelift.deny or data.spacelift.warn",
                }),
            },
            dialect: Dialect::of(options),
            notes: library::named(source),
            context: serde_json::Map::new(),
            optional: Vec::new(),
        });
    }
}

enum Content {
    /// A plan policy, with the names of its rules. A file that does not parse counts as one, so that it is
    /// reported.
    Plan(BTreeSet<String>),
    NothingToDecide,
}

/// Tells plan policies from other kinds, which have no mark but the names of their rules.
fn read(source: &Source) -> Content {
    library::parsed(source, content).unwrap_or(Content::Plan(BTreeSet::new()))
}

fn content(program: &Program<'_>) -> Content {
    let names = library::rule_names(program);
    let is_other_kind = names.iter().any(|name| OTHER_KINDS.contains(&name.as_str()));
    let decides = names.contains("deny") || names.contains("warn");
    let only_samples = !decides && (names.contains("sample") || names.contains("flag"));
    let (mut reads_plan, mut reads_else) = (false, false);
    for rule in &program.rules {
        for fact in &rule.facts {
            let Fact::Refers(reference) = fact else { continue };
            reads_plan |= ALIASES.iter().any(|(name, _)| *name == reference.root);
            if let Meaning::Input(steps) = program.meaning_outside(rule.module, reference) {
                match steps.first() {
                    Some(Step::Key(key))
                        if PLATFORM.plan.has(key) || PLATFORM.context.contains(&key.as_str()) =>
                    {
                        reads_plan = true;
                    }
                    Some(Step::Key(_)) => reads_else = true,
                    Some(Step::Dynamic) | None => reads_plan = true,
                }
            }
        }
    }
    let is_plan_policy = decides && (reads_plan || !reads_else);
    if only_samples || (is_other_kind && !is_plan_policy) {
        Content::NothingToDecide
    } else {
        Content::Plan(names)
    }
}

/// What Spacelift puts before every policy, except for what the policy defines itself.
fn helpers(own: &BTreeSet<String>) -> Source {
    let mut text = format!("package {PACKAGE}\n\n");
    for (name, condition) in ALIASES.iter().filter(|(name, _)| !own.contains(*name)) {
        let _ = writeln!(
            text,
            "{name} contains r if {{ some r in input.terraform.resource_changes; {condition} }}"
        );
    }
    if !own.contains(SANITIZED) {
        let _ = writeln!(text, "{SANITIZED}(text) := text");
    }
    Source::new("helpers of Spacelift", text)
}
