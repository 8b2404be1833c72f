//! Spacelift's plan policies: `package spacelift`, each file by itself, after helpers that Spacelift puts before
//! every policy (<https://docs.spacelift.io/concepts/policy/terraform-plan-policy>).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::location::{Grouping, Location};
use super::platform::{
    DecidingRules, LintFacts, Loading, Manual, Package, Packages, PlanPlace, Platform, PolicyKinds, Results,
    Sign,
};
use super::{Choice, Decider, Group, Reading, library};
use crate::context::{Field, Form, RunFact, Runner};
use crate::options::PolicyOptions;
use crate::policies::SkippedPolicy;
use crate::program::{Meaning, Program};
use crate::rule::RuleKind;
use crate::source::Source;
use crate::syntax::{Fact, Step};

pub(super) static PLATFORM: Platform = Platform {
    word: "spacelift",
    title: "Spacelift",
    help: "Spacelift: package spacelift, each file alone",
    manual: Manual {
        recognised_by: "`package spacelift`",
        loaded_together: "each file",
        decides: "`deny`, `warn`",
        levels: None,
        differences: &[
            "Sensitive values are not replaced by digests. A plan has them in clear text, so `sanitized(text)` \
             returns `text`. `sample` and `flag` decide nothing. Policies of other kinds in the same package are \
             skipped, with a notice.",
        ],
    },
    plan: PlanPlace::Under("terraform"),
    context: &["spacelift", "third_party_metadata"],
    configuration: &["third_party_metadata", "custom", "configuration"],
    facts: &[
        (RunFact::CommitSha, "spacelift.commit.hash"),
        (RunFact::Branch, "spacelift.commit.branch"),
        (RunFact::CommitMessage, "spacelift.commit.message"),
        (RunFact::Repository, "spacelift.stack.repository"),
        (RunFact::CostReport, "third_party_metadata.infracost"),
    ],
    runner: Some(RUNNER),
    variables: &[],
    packages: &[Package::exactly(PACKAGE, Sign::Strong)],
    settings: None,
    loading: Loading::Separately(group),
    rules: DecidingRules::Named { names: &["deny", "warn"], packages: Packages::Own },
    lint: LintFacts {
        results: Results::StringsAndObjects,
        kinds: PolicyKinds::Several,
        other_rules: &["sample", "flag"],
        resource_type_rule: None,
    },
};

/// <https://docs.spacelift.io/concepts/configuration/environment>
const RUNNER: Runner = Runner {
    mark: "TF_VAR_spacelift_run_id",
    fields: &[
        Field::own("TF_VAR_spacelift_run_id", Form::Text, "spacelift.run.id"),
        Field::own("TF_VAR_spacelift_run_type", Form::Text, "spacelift.run.type"),
        Field::own("TF_VAR_spacelift_run_state", Form::Text, "spacelift.run.state"),
        Field::own("TF_VAR_spacelift_run_trigger", Form::Text, "spacelift.run.triggered_by"),
        Field::own("TF_VAR_spacelift_local_preview", Form::Flag, "spacelift.run.based_on_local_workspace"),
        Field::own("TF_VAR_spacelift_commit_sha", Form::Text, "spacelift.commit.hash"),
        Field::own("TF_VAR_spacelift_commit_sha", Form::Text, "spacelift.run.commit.hash"),
        Field::own("TF_VAR_spacelift_commit_branch", Form::Text, "spacelift.commit.branch"),
        Field::own("TF_VAR_spacelift_commit_branch", Form::Text, "spacelift.run.branch"),
        Field::own("TF_VAR_spacelift_repository", Form::Text, "spacelift.stack.repository"),
        Field::own("TF_VAR_spacelift_stack_branch", Form::Text, "spacelift.stack.branch"),
        Field::own("TF_VAR_spacelift_stack_labels", Form::List, "spacelift.stack.labels"),
        // The branch that the stack follows, and not that of a proposed run, whose author names it.
        Field::fact("TF_VAR_spacelift_stack_branch", Form::Text, RunFact::TargetBranch),
        Field::fact("TF_VAR_spacelift_repository", Form::Text, RunFact::RepositoryPath),
        Field::fact("TF_VAR_spacelift_stack_labels", Form::List, RunFact::Labels),
        Field::fact("TF_VAR_spacelift_commit_sha", Form::Text, RunFact::ReviewedCommit),
    ],
};

/// The package of every policy.
const PACKAGE: &str = "spacelift";

/// The sets of resource changes that Spacelift defines, each with the condition for its members.
const ALIASES: [(&str, &str); 5] = [
    ("affected_resources", "some action in r.change.actions; action in {\"create\", \"update\", \"delete\"}"),
    ("created_resources", "\"create\" in r.change.actions"),
    ("updated_resources", "\"update\" in r.change.actions"),
    ("deleted_resources", "\"delete\" in r.change.actions"),
    ("recreated_resources", "\"create\" in r.change.actions; \"delete\" in r.change.actions"),
];

/// The function by which Spacelift policies replace a text by a digest, as Spacelift does with sensitive values.
/// Plans have these values in clear text here, so that the text must stay as it is to be equal to them.
const SANITIZED: &str = "sanitized";

/// The rules of Spacelift's other kinds of policies, which have the same package.
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

fn group(location: &Location, options: &PolicyOptions, grouping: &mut Grouping) {
    for source in location.sources.iter().filter(|source| !library::is_test(source)) {
        if library::package_of(&source.text).as_deref() != Some(PACKAGE) {
            grouping.passed_over.push(SkippedPolicy::File {
                file: source.name.clone(),
                reason: "its package is not `spacelift`",
            });
            continue;
        }
        let names = match read(source) {
            Content::Plan(names) => names,
            Content::NothingToDecide => {
                grouping.passed_over.push(SkippedPolicy::File {
                    file: source.name.clone(),
                    reason: "it is not a plan policy of Spacelift",
                });
                continue;
            }
        };
        let deciders = [("deny", RuleKind::Deny), ("warn", RuleKind::Warn)]
            .map(|(name, kind)| Decider::optional(PACKAGE, name, kind, Reading::Messages));
        let expected = "data.spacelift.deny or data.spacelift.warn";
        let choice = Choice::rules(&PLATFORM, &source.name, deciders.into(), expected);
        let sources = vec![helpers(&names), source.clone()];
        grouping
            .groups
            .push(Group { notes: library::named(source), ..Group::new(&PLATFORM, options, sources, choice) });
    }
}

enum Content {
    /// A plan policy, with the names of its rules. A file that does not parse counts as a plan policy, so that the
    /// error is reported.
    Plan(BTreeSet<String>),
    NothingToDecide,
}

/// Distinguishes plan policies from other kinds, which differ only in the names of their rules.
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
            if let Meaning::Input(steps) = program.meaning(rule, reference) {
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

/// The rules that Spacelift puts before every policy, without those that the policy defines itself.
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
