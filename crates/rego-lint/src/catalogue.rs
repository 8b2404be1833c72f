//! Every lint: its code, its name, how bad it is and why it is one.

use std::fmt;
use std::str::FromStr;

/// How bad something is that a lint finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// A matter of taste or doubt, reported only on request.
    Pedantic,
    /// Probably a mistake.
    Warning,
    /// The policy does not do what it says.
    Error,
}

impl Level {
    /// The word of reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pedantic => "pedantic",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What is known of a lint.
#[derive(Clone, Copy, Debug)]
pub struct LintInfo {
    /// `PG-LN-001`. Codes stay as they are.
    pub code: &'static str,
    /// The name for comments and the command line.
    pub name: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What it finds, in a few words.
    pub summary: &'static str,
    /// Why that is wrong.
    pub why: &'static str,
}

/// Something that can be wrong in a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is described by its `LintInfo`")]
pub enum Lint {
    NearMissName,
    MisspeltPackage,
    UnreadPackage,
    UnusedRule,
    UnknownData,
    DecisionFunction,
    MissingContains,
    BooleanDecision,
    UnusableResult,
    ConstantMessage,
    MissingAddress,
    UnknownFunction,
    RefusedFunction,
    ArgumentCount,
    FormatArguments,
    InvalidPattern,
    WrongArgumentType,
    NullArgument,
    UncheckedConversion,
    UnknownInput,
    ImpossibleValue,
    UnknownResourceType,
    UnlistedType,
    MissedReplace,
    MixedUpType,
    NeverTrue,
    SeparateIterations,
    NotEqualsAny,
    UnknownAttribute,
    WrongNesting,
    RemovedAttribute,
    ComputedAttribute,
    AfterOfDeleted,
    PlannedValuesOnly,
    UnknownAsAbsent,
    FalseAsAbsent,
    UnusedImport,
    UnusedVariable,
    UnusedArgument,
    DuplicateRule,
    Unification,
    OldSyntax,
    DataInLoop,
    MissingMetadata,
    ConstantTest,
    NearMissTest,
    VacuousTest,
    InvalidIgnore,
    UnusedIgnore,
}

impl Lint {
    /// Every lint, ordered by code.
    pub const ALL: [Self; 49] = [
        Self::NearMissName,
        Self::MisspeltPackage,
        Self::UnreadPackage,
        Self::UnusedRule,
        Self::UnknownData,
        Self::DecisionFunction,
        Self::MissingContains,
        Self::BooleanDecision,
        Self::UnusableResult,
        Self::ConstantMessage,
        Self::MissingAddress,
        Self::UnknownFunction,
        Self::RefusedFunction,
        Self::ArgumentCount,
        Self::FormatArguments,
        Self::InvalidPattern,
        Self::WrongArgumentType,
        Self::NullArgument,
        Self::UncheckedConversion,
        Self::UnknownInput,
        Self::ImpossibleValue,
        Self::UnknownResourceType,
        Self::UnlistedType,
        Self::MissedReplace,
        Self::MixedUpType,
        Self::NeverTrue,
        Self::SeparateIterations,
        Self::NotEqualsAny,
        Self::UnknownAttribute,
        Self::WrongNesting,
        Self::RemovedAttribute,
        Self::ComputedAttribute,
        Self::AfterOfDeleted,
        Self::PlannedValuesOnly,
        Self::UnknownAsAbsent,
        Self::FalseAsAbsent,
        Self::UnusedImport,
        Self::UnusedVariable,
        Self::UnusedArgument,
        Self::DuplicateRule,
        Self::Unification,
        Self::OldSyntax,
        Self::DataInLoop,
        Self::MissingMetadata,
        Self::ConstantTest,
        Self::NearMissTest,
        Self::VacuousTest,
        Self::InvalidIgnore,
        Self::UnusedIgnore,
    ];

    /// What is known of the lint.
    pub const fn info(self) -> &'static LintInfo {
        match self {
            Self::NearMissName => &LintInfo {
                code: "PG-LN-001",
                name: "near-miss-name",
                level: Level::Error,
                summary: "a rule is almost called as rules are that decide",
                why: "A rule decides by its name: `deny`, `violation` and `warn`, alone or followed by `_name`; some platforms know only `deny`. A rule of any other name is never asked, and nobody is told.",
            },
            Self::MisspeltPackage => &LintInfo {
                code: "PG-LN-002",
                name: "misspelt-package",
                level: Level::Error,
                summary: "a package is almost called as the one that is read",
                why: "A platform reads the rules of one package. In a package of another name they are never evaluated.",
            },
            Self::UnreadPackage => &LintInfo {
                code: "PG-LN-003",
                name: "unread-package",
                level: Level::Warning,
                summary: "the package's rules decide, and nothing evaluates them",
                why: "Beside `package main`, which conftest reads, another package has rules that decide. Without `--namespace` nobody evaluates them.",
            },
            Self::UnusedRule => &LintInfo {
                code: "PG-LN-004",
                name: "unused-rule",
                level: Level::Warning,
                summary: "nothing uses the rule, and it decides nothing",
                why: "A helper that nothing uses is often one whose use is misspelt or was forgotten, so that the decision is made without it.",
            },
            Self::UnknownData => &LintInfo {
                code: "PG-LN-005",
                name: "unknown-data",
                level: Level::Error,
                summary: "a path into `data` leads to no rule of a package that is loaded",
                why: "A reference to a rule that does not exist is undefined, and so is everything that depends on it: the rule never fires.",
            },
            Self::DecisionFunction => &LintInfo {
                code: "PG-LN-006",
                name: "decision-function",
                level: Level::Error,
                summary: "a function is called as rules are that decide",
                why: "Nobody calls a function but other rules. `deny(rc) if …` is never evaluated by itself.",
            },
            Self::MissingContains => &LintInfo {
                code: "PG-LN-010",
                name: "missing-contains",
                level: Level::Error,
                summary: "the rule builds no set of messages",
                why: "Since OPA 1.0, `deny[msg] if …` maps messages to `true`, and `deny if …` is `true` whatever `msg` says. A set is written with `contains`.",
            },
            Self::BooleanDecision => &LintInfo {
                code: "PG-LN-011",
                name: "boolean-decision",
                level: Level::Warning,
                summary: "the rule is only true or false",
                why: "conftest and most platforms want messages: for them, `true` is no finding, so that the rule passes whatever it sees. Nobody can tell which resource is meant either.",
            },
            Self::UnusableResult => &LintInfo {
                code: "PG-LN-012",
                name: "unusable-result",
                level: Level::Error,
                summary: "the rule's result is no message",
                why: "A result is a text that is not empty, or an object with the text under `msg`. Anything else is passed over in silence by conftest, and leaves the verdict undecided here.",
            },
            Self::ConstantMessage => &LintInfo {
                code: "PG-LN-013",
                name: "constant-message",
                level: Level::Warning,
                summary: "the message is the same for every resource",
                why: "Results form a set. The same message for two resources is one result, and it does not say which resource it is about.",
            },
            Self::MissingAddress => &LintInfo {
                code: "PG-LN-014",
                name: "missing-address",
                level: Level::Pedantic,
                summary: "the result does not name its resource",
                why: "A result with `address` is shown with its resource, can be waived for it alone, and is traced to its line.",
            },
            Self::UnknownFunction => &LintInfo {
                code: "PG-LN-020",
                name: "unknown-function",
                level: Level::Error,
                summary: "a function does not exist",
                why: "The engine notices only when the call is reached, which may be on a branch that no test takes.",
            },
            Self::RefusedFunction => &LintInfo {
                code: "PG-LN-021",
                name: "refused-function",
                level: Level::Error,
                summary: "a function reaches out of the evaluation",
                why: "Policies see the plan and their data, and nothing else: no network, no environment, no credentials.",
            },
            Self::ArgumentCount => &LintInfo {
                code: "PG-LN-022",
                name: "argument-count",
                level: Level::Error,
                summary: "a call has too few or too many arguments",
                why: "The call fails only when it is reached, and in OPA at compile time.",
            },
            Self::FormatArguments => &LintInfo {
                code: "PG-LN-023",
                name: "format-arguments",
                level: Level::Error,
                summary: "a format and its arguments do not fit each other",
                why: "`sprintf` writes `%!s(MISSING)` for what is missing; other engines yield nothing at all, and the finding is lost.",
            },
            Self::InvalidPattern => &LintInfo {
                code: "PG-LN-024",
                name: "invalid-pattern",
                level: Level::Error,
                summary: "a regular expression is invalid",
                why: "A match with a broken pattern is an error, which OPA turns into undefined: the rule never fires.",
            },
            Self::WrongArgumentType => &LintInfo {
                code: "PG-LN-026",
                name: "wrong-argument-type",
                level: Level::Error,
                summary: "an argument can never be what the function takes",
                why: "A builtin that gets a value of a wrong type fails; OPA turns the failure into undefined, and the rule never fires.",
            },
            Self::NullArgument => &LintInfo {
                code: "PG-LN-027",
                name: "null-argument",
                level: Level::Warning,
                summary: "an attribute that may be null is taken for an object",
                why: "An attribute that is not set is `null` in a plan. `object.get` fails on it, OPA turns the failure into undefined, and the resource without the attribute passes.",
            },
            Self::UncheckedConversion => &LintInfo {
                code: "PG-LN-028",
                name: "unchecked-conversion",
                level: Level::Pedantic,
                summary: "a conversion fails on some values",
                why: "`to_number` and `json.unmarshal` fail on a text that is no number or no JSON, and the rule is undefined for that resource.",
            },
            Self::UnknownInput => &LintInfo {
                code: "PG-LN-030",
                name: "unknown-input",
                level: Level::Error,
                summary: "no plan has this path",
                why: "A path that leads to nothing is undefined, and the rule never fires.",
            },
            Self::ImpossibleValue => &LintInfo {
                code: "PG-LN-031",
                name: "impossible-value",
                level: Level::Error,
                summary: "the place never holds this value",
                why: "What stands in `actions`, `mode` and `action_reason` is a handful of words. A comparison with any other never holds.",
            },
            Self::UnknownResourceType => &LintInfo {
                code: "PG-LN-032",
                name: "unknown-resource-type",
                level: Level::Error,
                summary: "the provider has no such resource type",
                why: "A rule about a type that does not exist matches nothing.",
            },
            Self::UnlistedType => &LintInfo {
                code: "PG-LN-033",
                name: "unlisted-type",
                level: Level::Warning,
                summary: "the provider's present version has no such resource type",
                why: "The type is a data source, or of a version older than those that planguard knows, or it does not exist. If it does not exist, the rule matches nothing.",
            },
            Self::MissedReplace => &LintInfo {
                code: "PG-LN-034",
                name: "missed-replace",
                level: Level::Warning,
                summary: "replacements are missed",
                why: "A replacement is `[\"delete\", \"create\"]` or `[\"create\", \"delete\"]`, and it destroys. A comparison with the whole list or its first element sees one of the three.",
            },
            Self::MixedUpType => &LintInfo {
                code: "PG-LN-035",
                name: "mixed-up-type",
                level: Level::Error,
                summary: "a value is compared with one of another type",
                why: "`true` is not `\"true\"`, and `22` is not `\"22\"`. The comparison is never equal, and no error says so. With `<` and `>` the answer is the same for every value. A variable of the plan is an object with `value`, an expression of the configuration one with `constant_value` or `references`.",
            },
            Self::NeverTrue => &LintInfo {
                code: "PG-LN-036",
                name: "never-true",
                level: Level::Error,
                summary: "the conditions contradict each other",
                why: "Everything in a body has to hold at once. A resource has one type: two comparisons with different ones never hold together. What is only created has no `before`.",
            },
            Self::SeparateIterations => &LintInfo {
                code: "PG-LN-037",
                name: "separate-iterations",
                level: Level::Warning,
                summary: "each `[_]` goes through the list by itself",
                why: "Two references with `[_]` are about any two elements, not about the same one: the rule fires when one resource has the type and another one the attribute.",
            },
            Self::NotEqualsAny => &LintInfo {
                code: "PG-LN-038",
                name: "not-equals-any",
                level: Level::Warning,
                summary: "one action that differs is enough",
                why: "`actions[_] != \"delete\"` holds if any action differs, and so for every replacement. What is meant is that none is equal. It is the same with `type != allowed[_]`, which holds as soon as two are allowed.",
            },
            Self::UnknownAttribute => &LintInfo {
                code: "PG-LN-040",
                name: "unknown-attribute",
                level: Level::Error,
                summary: "the resource type has no such attribute",
                why: "An attribute that does not exist is undefined: the rule never fires, or, under `not`, always does.",
            },
            Self::WrongNesting => &LintInfo {
                code: "PG-LN-041",
                name: "wrong-nesting",
                level: Level::Error,
                summary: "a list or a text is read as if it were an object",
                why: "In a plan, a nested block is a list even where only one may stand. A key of the list is undefined.",
            },
            Self::RemovedAttribute => &LintInfo {
                code: "PG-LN-042",
                name: "removed-attribute",
                level: Level::Warning,
                summary: "the provider has removed this attribute",
                why: "Plans of the present version do not have the attribute, and the rule never fires for them.",
            },
            Self::ComputedAttribute => &LintInfo {
                code: "PG-LN-043",
                name: "computed-attribute",
                level: Level::Warning,
                summary: "no configuration can set this attribute",
                why: "Only the provider sets it. It is unknown until apply, and absent from `after` when the resource is created, so that the rule never fires for a new resource.",
            },
            Self::AfterOfDeleted => &LintInfo {
                code: "PG-LN-050",
                name: "after-of-deleted",
                level: Level::Error,
                summary: "`after` is null for what is deleted",
                why: "A resource that is deleted has only a `before`. A rule about deletions that reads `after` never fires for them.",
            },
            Self::PlannedValuesOnly => &LintInfo {
                code: "PG-LN-051",
                name: "planned-values-only",
                level: Level::Warning,
                summary: "the policy sees only planned values",
                why: "`planned_values` has nothing of what is deleted, and leaves out what is unknown. `resource_changes` has both. A policy that goes down into the child modules is left alone: it asks what will be.",
            },
            Self::UnknownAsAbsent => &LintInfo {
                code: "PG-LN-052",
                name: "unknown-as-absent",
                level: Level::Pedantic,
                summary: "a value that is unknown until apply counts as absent",
                why: "`not rc.change.after.x` holds for an attribute that will be set at apply. `rc.change.after_unknown.x` tells the two apart.",
            },
            Self::FalseAsAbsent => &LintInfo {
                code: "PG-LN-053",
                name: "false-as-absent",
                level: Level::Pedantic,
                summary: "an attribute that is absent is not `false`",
                why: "`rc.change.after.x == false` is undefined where the attribute is absent or null, and the resource passes.",
            },
            Self::UnusedImport => &LintInfo {
                code: "PG-LN-060",
                name: "unused-import",
                level: Level::Warning,
                summary: "nothing uses the import",
                why: "An import that nothing uses is a leftover, or its use is misspelt. `opa check --strict` refuses it.",
            },
            Self::UnusedVariable => &LintInfo {
                code: "PG-LN-061",
                name: "unused-variable",
                level: Level::Warning,
                summary: "nothing uses the variable",
                why: "A value that nothing looks at decides nothing: often the comparison is missing, or is made with another name. `opa check --strict` refuses it.",
            },
            Self::UnusedArgument => &LintInfo {
                code: "PG-LN-062",
                name: "unused-argument",
                level: Level::Pedantic,
                summary: "the function does not use its argument",
                why: "The function answers the same whatever it is given there.",
            },
            Self::DuplicateRule => &LintInfo {
                code: "PG-LN-063",
                name: "duplicate-rule",
                level: Level::Warning,
                summary: "the rule is there twice",
                why: "The second rule adds nothing. Often it was copied to be changed, and was not. Where only the value was changed, the rule has none: two values without conditions contradict each other.",
            },
            Self::Unification => &LintInfo {
                code: "PG-LN-064",
                name: "unification",
                level: Level::Pedantic,
                summary: "`=` assigns or compares, whichever fits",
                why: "`:=` and `==` say which of the two is meant.",
            },
            Self::OldSyntax => &LintInfo {
                code: "PG-LN-065",
                name: "old-syntax",
                level: Level::Pedantic,
                summary: "the rule is written in Rego v0",
                why: "OPA 1.0 reads v0 only if it is told to. `if` and `contains` say what a rule builds.",
            },
            Self::DataInLoop => &LintInfo {
                code: "PG-LN-066",
                name: "data-in-loop",
                level: Level::Pedantic,
                summary: "`data` is looked up for every resource",
                why: "The engine looks through all packages at every lookup, which takes 40 µs with 500 files. A rule that holds the value is looked up in 2 µs.",
            },
            Self::MissingMetadata => &LintInfo {
                code: "PG-LN-067",
                name: "missing-metadata",
                level: Level::Pedantic,
                summary: "the rule has no title or no severity",
                why: "Without `# METADATA`, a finding has a message and a default severity, and nobody knows why the rule is there.",
            },
            Self::ConstantTest => &LintInfo {
                code: "PG-LN-070",
                name: "constant-test",
                level: Level::Warning,
                summary: "the test cannot fail",
                why: "A test without a condition holds whatever the policy does.",
            },
            Self::NearMissTest => &LintInfo {
                code: "PG-LN-071",
                name: "near-miss-test",
                level: Level::Warning,
                summary: "a test is not called as tests are",
                why: "Only rules whose names start with `test_` are run, not those that end in `_test`.",
            },
            Self::VacuousTest => &LintInfo {
                code: "PG-LN-072",
                name: "vacuous-test",
                level: Level::Pedantic,
                summary: "the test's input has nothing to find",
                why: "With an empty input every policy is silent, a broken one too.",
            },
            Self::InvalidIgnore => &LintInfo {
                code: "PG-LN-080",
                name: "invalid-ignore",
                level: Level::Error,
                summary: "a comment that ignores a lint gives no reason, or names no lint",
                why: "Whoever reads the policy next has to know why a finding does not count.",
            },
            Self::UnusedIgnore => &LintInfo {
                code: "PG-LN-081",
                name: "unused-ignore",
                level: Level::Warning,
                summary: "a comment ignores nothing",
                why: "What it ignored is gone. Left in place, it would hide the next finding.",
            },
        }
    }
}

/// A name that no lint has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no lint `{name}`{}", hint.map(|hint| format!("; did you mean `{hint}`?")).unwrap_or_default())]
pub struct UnknownLint {
    name: String,
    hint: Option<&'static str>,
}

impl FromStr for Lint {
    type Err = UnknownLint;

    /// Reads a name or a code.
    fn from_str(word: &str) -> Result<Self, UnknownLint> {
        let is_meant = |lint: &Self| lint.info().name == word || lint.info().code.eq_ignore_ascii_case(word);
        Self::ALL.into_iter().find(is_meant).ok_or_else(|| {
            let near = Self::ALL
                .iter()
                .map(|lint| lint.info().name)
                .filter(|name| name.contains(word) || planguard_plan::text::suggest::is_near(word, name));
            UnknownLint {
                name: word.to_owned(),
                hint: near.min_by_key(|name| name.len().abs_diff(word.len())),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_and_codes_are_unique_and_lead_back() {
        let codes: BTreeSet<&str> = Lint::ALL.iter().map(|lint| lint.info().code).collect();
        assert_eq!(codes.len(), Lint::ALL.len());
        for lint in Lint::ALL {
            assert_eq!(lint.info().name.parse(), Ok(lint));
            assert_eq!(lint.info().code.parse(), Ok(lint));
        }
        assert!("unknown-atribute".parse::<Lint>().unwrap_err().to_string().contains("unknown-attribute"));
    }
}
