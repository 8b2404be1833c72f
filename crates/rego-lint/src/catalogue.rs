//! The catalogue of lints: code, name, level and rationale.

use std::fmt;
use std::str::FromStr;

/// The level of a lint's findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// A question of style, or a possible mistake; reported only with `--pedantic`.
    Pedantic,
    /// Probably a mistake.
    Warning,
    /// The policy does not do what it says.
    Error,
}

impl Level {
    /// The level's name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pedantic => "pedantic",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl Level {
    /// Every level, the lowest first.
    pub const ALL: [Self; 3] = [Self::Pedantic, Self::Warning, Self::Error];
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The description of a lint.
#[derive(Clone, Copy, Debug)]
pub struct LintInfo {
    /// For example `PG-LN-001`. A code is stable.
    pub code: &'static str,
    /// The name in ignore comments and on the command line.
    pub name: &'static str,
    /// The level of its findings.
    pub level: Level,
    /// A title of a few words.
    pub summary: &'static str,
    /// The consequence for the policy.
    pub why: &'static str,
}

/// A lint of policies.
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
    UnknownSeverity,
    MisspeltResultKey,
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
    SetAsCondition,
    UnknownAttribute,
    WrongNesting,
    RemovedAttribute,
    ComputedAttribute,
    AfterOfDeleted,
    PlannedValuesOnly,
    UnknownAsAbsent,
    FalseAsAbsent,
    NullAsAbsent,
    NullAsFalse,
    AbsentInLiteral,
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
    pub const ALL: [Self; 55] = [
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
        Self::UnknownSeverity,
        Self::MisspeltResultKey,
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
        Self::SetAsCondition,
        Self::UnknownAttribute,
        Self::WrongNesting,
        Self::RemovedAttribute,
        Self::ComputedAttribute,
        Self::AfterOfDeleted,
        Self::PlannedValuesOnly,
        Self::UnknownAsAbsent,
        Self::FalseAsAbsent,
        Self::NullAsAbsent,
        Self::NullAsFalse,
        Self::AbsentInLiteral,
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

    /// Returns whether a check of plans tells the findings as warnings: the policy is right in the eyes of the engine,
    /// and lets resources pass that its author means to deny.
    pub const fn is_told_by_check(self) -> bool {
        matches!(self, Self::SetAsCondition | Self::NullAsAbsent | Self::NullAsFalse | Self::AbsentInLiteral)
    }

    /// Returns whether the engine fails on what the lint finds, so that no level lets such a policy be evaluated.
    pub const fn is_refused_by_engine(self) -> bool {
        matches!(self, Self::UnknownFunction | Self::RefusedFunction)
    }

    /// The lint's description.
    pub const fn info(self) -> &'static LintInfo {
        match self {
            Self::NearMissName => &LintInfo {
                code: "PG-LN-001",
                name: "near-miss-name",
                level: Level::Error,
                summary: "the name of a rule resembles `deny`, `violation` or `warn`",
                why: "Only rules named `deny`, `violation` or `warn`, optionally followed by `_name`, decide; some platforms evaluate only `deny`. A rule with a misspelt name is never evaluated, and no error is reported.",
            },
            Self::MisspeltPackage => &LintInfo {
                code: "PG-LN-002",
                name: "misspelt-package",
                level: Level::Error,
                summary: "the name of a package resembles one that a platform evaluates",
                why: "A platform evaluates the rules of one package. Rules in a package with a misspelt name are never evaluated.",
            },
            Self::UnreadPackage => &LintInfo {
                code: "PG-LN-003",
                name: "unread-package",
                level: Level::Warning,
                summary: "no namespace selects the package of these rules",
                why: "conftest evaluates only `package main` by default. Rules that decide in another package are not evaluated unless `--namespace` selects it.",
            },
            Self::UnusedRule => &LintInfo {
                code: "PG-LN-004",
                name: "unused-rule",
                level: Level::Warning,
                summary: "the rule is unused and decides nothing",
                why: "An unused helper often means that its use is misspelt or missing, so that a policy decides without it.",
            },
            Self::UnknownData => &LintInfo {
                code: "PG-LN-005",
                name: "unknown-data",
                level: Level::Error,
                summary: "a `data` path matches no rule or document",
                why: "A reference to a rule that does not exist is undefined, as is every expression that depends on it: the rule never fires.",
            },
            Self::DecisionFunction => &LintInfo {
                code: "PG-LN-006",
                name: "decision-function",
                level: Level::Error,
                summary: "a function has the name of a rule that decides",
                why: "A function is evaluated only where another rule calls it. `deny(rc) if …` on its own is never evaluated.",
            },
            Self::MissingContains => &LintInfo {
                code: "PG-LN-010",
                name: "missing-contains",
                level: Level::Error,
                summary: "the rule does not build a set of messages",
                why: "Since OPA 1.0, `deny[msg] if …` builds an object that maps messages to `true`, and `deny if …` is `true` and drops `msg`. Only `deny contains msg if …` builds a set.",
            },
            Self::BooleanDecision => &LintInfo {
                code: "PG-LN-011",
                name: "boolean-decision",
                level: Level::Warning,
                summary: "the rule is a boolean, not a set of messages",
                why: "conftest and most platforms expect messages: they ignore `true`, so the rule always passes. A boolean does not name the resource either.",
            },
            Self::UnusableResult => &LintInfo {
                code: "PG-LN-012",
                name: "unusable-result",
                level: Level::Error,
                summary: "the result is not a message",
                why: "A result must be a non-empty string, or an object with a string `msg`. conftest ignores anything else without an error; planguard reports an error and exits with 2.",
            },
            Self::ConstantMessage => &LintInfo {
                code: "PG-LN-013",
                name: "constant-message",
                level: Level::Warning,
                summary: "the message is the same for every resource",
                why: "Results form a set: equal messages for two resources are one result, which does not name the resource.",
            },
            Self::MissingAddress => &LintInfo {
                code: "PG-LN-014",
                name: "missing-address",
                level: Level::Pedantic,
                summary: "the result does not name its resource",
                why: "A result with `address` is reported with its resource and source line, and can be waived for that resource alone.",
            },
            Self::UnknownSeverity => &LintInfo {
                code: "PG-LN-015",
                name: "unknown-severity",
                level: Level::Warning,
                summary: "the severity of a result is no severity",
                why: "The severities are `info`, `low`, `medium`, `high` and `critical`, in any case. With another word, the result has the severity of its rule's annotation, and without one it is `medium`.",
            },
            Self::MisspeltResultKey => &LintInfo {
                code: "PG-LN-016",
                name: "misspelt-result-key",
                level: Level::Warning,
                summary: "a key of a result resembles one that is read",
                why: "A result's `address` names the resource, `severity` ranks it, `title`, `remediation` and `docs` explain it. Other keys are kept and not understood: with `adress`, the finding is about no resource, and no waiver for the resource applies.",
            },
            Self::UnknownFunction => &LintInfo {
                code: "PG-LN-020",
                name: "unknown-function",
                level: Level::Error,
                summary: "the function does not exist",
                why: "The engine reports an unknown function only when the call is reached, which may be on a branch that no test covers.",
            },
            Self::RefusedFunction => &LintInfo {
                code: "PG-LN-021",
                name: "refused-function",
                level: Level::Error,
                summary: "the function needs the network or the environment",
                why: "Policies can read only the plan and their data: no network, environment variables or credentials.",
            },
            Self::ArgumentCount => &LintInfo {
                code: "PG-LN-022",
                name: "argument-count",
                level: Level::Error,
                summary: "a call has too few or too many arguments",
                why: "OPA rejects the call at compile time; other engines fail only when the call is reached.",
            },
            Self::FormatArguments => &LintInfo {
                code: "PG-LN-023",
                name: "format-arguments",
                level: Level::Error,
                summary: "a format string and its arguments do not match",
                why: "OPA's `sprintf` prints `%!s(MISSING)` for a missing argument; other engines return undefined, and the finding is lost.",
            },
            Self::InvalidPattern => &LintInfo {
                code: "PG-LN-024",
                name: "invalid-pattern",
                level: Level::Error,
                summary: "a regular expression is invalid",
                why: "OPA evaluates a call with an invalid pattern to undefined: the rule never fires.",
            },
            Self::WrongArgumentType => &LintInfo {
                code: "PG-LN-026",
                name: "wrong-argument-type",
                level: Level::Error,
                summary: "an argument has the wrong type",
                why: "A builtin fails on a value of the wrong type. OPA turns the failure into undefined, and the rule never fires.",
            },
            Self::NullArgument => &LintInfo {
                code: "PG-LN-027",
                name: "null-argument",
                level: Level::Warning,
                summary: "an attribute that may be null is used as an object",
                why: "An attribute that is not set is `null` in a plan. `object.get` fails on null, OPA turns the failure into undefined, and a resource without the attribute passes.",
            },
            Self::UncheckedConversion => &LintInfo {
                code: "PG-LN-028",
                name: "unchecked-conversion",
                level: Level::Pedantic,
                summary: "a conversion may fail",
                why: "`to_number` fails on a string that is not a number, `json.unmarshal` on invalid JSON. The rule is then undefined for that resource.",
            },
            Self::UnknownInput => &LintInfo {
                code: "PG-LN-030",
                name: "unknown-input",
                level: Level::Error,
                summary: "no plan contains this path",
                why: "A path that does not exist in the plan is undefined, and the rule never fires.",
            },
            Self::ImpossibleValue => &LintInfo {
                code: "PG-LN-031",
                name: "impossible-value",
                level: Level::Error,
                summary: "the field never has this value",
                why: "`actions`, `mode` and `action_reason` contain only a few fixed words. A comparison with any other word is never true.",
            },
            Self::UnknownResourceType => &LintInfo {
                code: "PG-LN-032",
                name: "unknown-resource-type",
                level: Level::Error,
                summary: "the provider has no such resource type",
                why: "A rule for a resource type that does not exist never matches.",
            },
            Self::UnlistedType => &LintInfo {
                code: "PG-LN-033",
                name: "unlisted-type",
                level: Level::Warning,
                summary: "the current provider version has no such resource type",
                why: "The type may be a data source, belong to a provider version that planguard does not know, or be a typo. If it is a typo, the rule never matches.",
            },
            Self::MissedReplace => &LintInfo {
                code: "PG-LN-034",
                name: "missed-replace",
                level: Level::Warning,
                summary: "the comparison misses replacements",
                why: "A replacement has the actions `[\"delete\", \"create\"]` or `[\"create\", \"delete\"]`, and it destroys the resource. A comparison with the whole list or with its first element misses at least one of them.",
            },
            Self::MixedUpType => &LintInfo {
                code: "PG-LN-035",
                name: "mixed-up-type",
                level: Level::Error,
                summary: "values of different types are compared",
                why: "`true` is not `\"true\"`, and `22` is not `\"22\"`: values of different types are never equal, and no error is reported. With `<` and `>` the result is the same for every value. A variable of the plan is an object with `value`, an expression of the configuration an object with `constant_value` or `references`.",
            },
            Self::NeverTrue => &LintInfo {
                code: "PG-LN-036",
                name: "never-true",
                level: Level::Error,
                summary: "the conditions contradict each other",
                why: "All conditions of a rule body must be true at once. A resource has one type, so comparisons with two different types are never both true. A resource that is only created has no `before`, and one that is only deleted has no `after`.",
            },
            Self::SeparateIterations => &LintInfo {
                code: "PG-LN-037",
                name: "separate-iterations",
                level: Level::Warning,
                summary: "each `[_]` iterates over the list separately",
                why: "Two references with `[_]` may match two different elements: the rule fires when one resource has the type and another has the attribute.",
            },
            Self::NotEqualsAny => &LintInfo {
                code: "PG-LN-038",
                name: "not-equals-any",
                level: Level::Warning,
                summary: "`!=` is true if a single element differs",
                why: "`actions[_] != \"delete\"` is true if any action differs, which includes every replacement. To test that no element is equal, use `not … in …`. The same applies to `type != allowed[_]`, which is always true if two types are allowed.",
            },
            Self::SetAsCondition => &LintInfo {
                code: "PG-LN-039",
                name: "set-as-condition",
                level: Level::Warning,
                summary: "a set is used as a condition",
                why: "A set of results is defined even if it is empty, so `deny` alone is always true and `not deny` never is. A test with either passes or fails whatever the policy does.",
            },
            Self::UnknownAttribute => &LintInfo {
                code: "PG-LN-040",
                name: "unknown-attribute",
                level: Level::Error,
                summary: "the resource type has no such attribute",
                why: "An attribute that does not exist is undefined: the rule never fires or, under `not`, always fires.",
            },
            Self::WrongNesting => &LintInfo {
                code: "PG-LN-041",
                name: "wrong-nesting",
                level: Level::Error,
                summary: "a list or a string is used as an object",
                why: "In a plan, a nested block is a list even if only one block is allowed. A key of a list is undefined.",
            },
            Self::RemovedAttribute => &LintInfo {
                code: "PG-LN-042",
                name: "removed-attribute",
                level: Level::Warning,
                summary: "the provider has removed this attribute",
                why: "Plans made with the current provider version do not contain the attribute, and the rule never fires for them.",
            },
            Self::ComputedAttribute => &LintInfo {
                code: "PG-LN-043",
                name: "computed-attribute",
                level: Level::Warning,
                summary: "no configuration can set this attribute",
                why: "Only the provider sets it. It is known only after apply and missing from `after` when the resource is created, so the rule never fires for a new resource.",
            },
            Self::AfterOfDeleted => &LintInfo {
                code: "PG-LN-050",
                name: "after-of-deleted",
                level: Level::Warning,
                summary: "`after` is null for a deleted resource",
                why: "A deleted resource has only `before`. A rule about deletions that reads `after` fires for replacements alone.",
            },
            Self::PlannedValuesOnly => &LintInfo {
                code: "PG-LN-051",
                name: "planned-values-only",
                level: Level::Warning,
                summary: "the policy reads only planned values",
                why: "`planned_values` contains neither deleted resources nor unknown values; `resource_changes` contains both. Policies that also read the child modules are not reported, because they check the planned state.",
            },
            Self::UnknownAsAbsent => &LintInfo {
                code: "PG-LN-052",
                name: "unknown-as-absent",
                level: Level::Pedantic,
                summary: "an unknown value is treated as absent",
                why: "`not rc.change.after.x` is true for an attribute that is known only after apply. `rc.change.after_unknown.x` distinguishes the two.",
            },
            Self::FalseAsAbsent => &LintInfo {
                code: "PG-LN-053",
                name: "false-as-absent",
                level: Level::Pedantic,
                summary: "an absent attribute is not `false`",
                why: "`rc.change.after.x == false` is undefined if the attribute is absent, and false if it is null: the resource passes.",
            },
            Self::NullAsAbsent => &LintInfo {
                code: "PG-LN-054",
                name: "null-as-absent",
                level: Level::Warning,
                summary: "`not` does not find what is not set",
                why: "A plan writes null for an attribute that is not set and `[]` for a block that is not there. Neither is false or undefined, so `not rc.change.after.x` is not true for them: the resource without the attribute passes.",
            },
            Self::NullAsFalse => &LintInfo {
                code: "PG-LN-055",
                name: "null-as-false",
                level: Level::Warning,
                summary: "an attribute that is not set is not `false`",
                why: "Unless the provider has a default, a plan writes null for a boolean that is not set. `null == false` is false, and `not null` as well: the resource without the attribute passes. The lint knows the booleans that are null in real plans.",
            },
            Self::AbsentInLiteral => &LintInfo {
                code: "PG-LN-056",
                name: "absent-in-literal",
                level: Level::Warning,
                summary: "a set, array or object is undefined without a block",
                why: "`{rc.change.after.block[_].x}` is not an empty set for a resource without the block: the whole condition is undefined, and the resource passes. Only a comprehension is empty.",
            },
            Self::UnusedImport => &LintInfo {
                code: "PG-LN-060",
                name: "unused-import",
                level: Level::Warning,
                summary: "the import is unused",
                why: "An unused import is a leftover, or its use is misspelt. `opa check --strict` rejects it.",
            },
            Self::UnusedVariable => &LintInfo {
                code: "PG-LN-061",
                name: "unused-variable",
                level: Level::Warning,
                summary: "the variable is unused",
                why: "An unused variable often means that a comparison is missing or uses another name. `opa check --strict` rejects it.",
            },
            Self::UnusedArgument => &LintInfo {
                code: "PG-LN-062",
                name: "unused-argument",
                level: Level::Pedantic,
                summary: "the function does not use its argument",
                why: "The function returns the same result for every value of the argument.",
            },
            Self::DuplicateRule => &LintInfo {
                code: "PG-LN-063",
                name: "duplicate-rule",
                level: Level::Warning,
                summary: "the rule is a duplicate",
                why: "A duplicate rule has no effect; often it was copied and not edited. Two rules with different values and no conditions conflict, and every rule that reads them fails.",
            },
            Self::Unification => &LintInfo {
                code: "PG-LN-064",
                name: "unification",
                level: Level::Pedantic,
                summary: "`=` may assign or compare",
                why: "`:=` only assigns, and `==` only compares.",
            },
            Self::OldSyntax => &LintInfo {
                code: "PG-LN-065",
                name: "old-syntax",
                level: Level::Pedantic,
                summary: "the rule uses Rego v0 syntax",
                why: "OPA 1.0 accepts v0 only with `--v0-compatible`. In v1, `if` and `contains` state what a rule builds.",
            },
            Self::DataInLoop => &LintInfo {
                code: "PG-LN-066",
                name: "data-in-loop",
                level: Level::Pedantic,
                summary: "`data` is looked up for every resource",
                why: "The engine searches all packages at every lookup, which takes 40 µs with 500 files. Reading a rule that holds the value takes 2 µs.",
            },
            Self::MissingMetadata => &LintInfo {
                code: "PG-LN-067",
                name: "missing-metadata",
                level: Level::Pedantic,
                summary: "the rule has no title or no severity",
                why: "Without `# METADATA`, a finding has only a message and the default severity, and no title or reason.",
            },
            Self::ConstantTest => &LintInfo {
                code: "PG-LN-070",
                name: "constant-test",
                level: Level::Warning,
                summary: "the test cannot fail",
                why: "A test without a condition passes whatever the policy does.",
            },
            Self::NearMissTest => &LintInfo {
                code: "PG-LN-071",
                name: "near-miss-test",
                level: Level::Warning,
                summary: "the name of a test does not start with `test_`",
                why: "Only rules whose names start with `test_` are run; names that end in `_test` are not.",
            },
            Self::VacuousTest => &LintInfo {
                code: "PG-LN-072",
                name: "vacuous-test",
                level: Level::Pedantic,
                summary: "the test uses an empty input",
                why: "With an empty input, every policy reports nothing, even one that is broken.",
            },
            Self::InvalidIgnore => &LintInfo {
                code: "PG-LN-080",
                name: "invalid-ignore",
                level: Level::Error,
                summary: "an ignore comment has no reason or names no lint",
                why: "A reader of the policy must be able to see why a finding is ignored.",
            },
            Self::UnusedIgnore => &LintInfo {
                code: "PG-LN-081",
                name: "unused-ignore",
                level: Level::Warning,
                summary: "an ignore comment is unused",
                why: "The finding that it ignored is gone. If the comment stays, it hides the next one.",
            },
        }
    }
}

/// An unknown name or code of a lint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown lint `{name}`{}", hint.map(|hint| format!("; did you mean `{hint}`?")).unwrap_or_default())]
pub struct UnknownLint {
    name: String,
    hint: Option<&'static str>,
}

impl FromStr for Lint {
    type Err = UnknownLint;

    /// Parses a name or a code.
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
    fn names_and_codes_are_unique_and_parse() {
        let codes: BTreeSet<&str> = Lint::ALL.iter().map(|lint| lint.info().code).collect();
        assert_eq!(codes.len(), Lint::ALL.len());
        for lint in Lint::ALL {
            assert_eq!(lint.info().name.parse(), Ok(lint));
            assert_eq!(lint.info().code.parse(), Ok(lint));
        }
        assert!("unknown-atribute".parse::<Lint>().unwrap_err().to_string().contains("unknown-attribute"));
    }
}
