//! The effect of findings on the verdict, by configuration.

use std::fmt;

use planguard_rule::{Severity, words};

use crate::finding::{Certainty, Origin};
use crate::overrides::RuleEnforcement;

/// The effect of a finding on the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Enforcement {
    /// It denies.
    Deny,
    /// It needs approval that it does not have, and denies until then.
    Approve,
    /// It is reported without effect.
    Warn,
    /// Enough people approved it: it is reported as such, without effect.
    Approved,
    /// A waiver accepts it: it is reported as such, without effect.
    Waived,
    /// The baseline has it: it is reported as such, without effect.
    Baseline,
    /// It is not reported.
    Off,
}

impl Enforcement {
    /// Returns the name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Approve => "approve",
            Self::Warn => "warn",
            Self::Approved => "approved",
            Self::Waived => "waived",
            Self::Baseline => "baseline",
            Self::Off => "off",
        }
    }

    /// Whether a plan with such a finding is denied.
    pub const fn denies(self) -> bool {
        match self {
            Self::Deny | Self::Approve => true,
            Self::Warn | Self::Approved | Self::Waived | Self::Baseline | Self::Off => false,
        }
    }

    /// Whether somebody accepted the finding: it is listed behind all others, and in no number of what is left to do.
    pub const fn is_accepted(self) -> bool {
        match self {
            Self::Approved | Self::Waived | Self::Baseline => true,
            Self::Deny | Self::Approve | Self::Warn | Self::Off => false,
        }
    }
}

impl From<RuleEnforcement> for Enforcement {
    fn from(enforcement: RuleEnforcement) -> Self {
        match enforcement {
            RuleEnforcement::Deny => Self::Deny,
            RuleEnforcement::Approve => Self::Approve,
            RuleEnforcement::Warn => Self::Warn,
            RuleEnforcement::Off => Self::Off,
        }
    }
}

impl fmt::Display for Enforcement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

words! {
    /// The effect of undetermined outcomes.
    #[derive(Default)]
    pub enum UnknownPolicy is "a treatment of unknown values" {
        /// The same as a certain finding of the rule.
        Deny = "deny": "a rule that may fail counts as failed",
        /// They warn.
        Warn = "warn": "a rule that may fail warns",
        /// They are counted but not reported.
        Ignore = "ignore": "a rule that may fail is counted and not reported",
        /// Those of critical rules deny, all others warn.
        #[default]
        DenyCritical = "deny-critical": "a critical rule that may fail counts as failed, all others warn",
    }
}

words! {
    /// The findings that may deny.
    #[derive(Default)]
    pub enum Gate is "a gate" {
        /// All findings.
        #[default]
        All = "all": "new and pre-existing findings",
        /// New findings; pre-existing ones warn.
        Introduced = "introduced": "new findings; pre-existing ones warn",
    }
}

/// The effect of warnings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnWarning {
    /// They are reported.
    #[default]
    Report,
    /// They deny as well, except pre-existing findings that the gate lets through.
    Deny,
}

/// The mapping from severity to enforcement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnforcementOptions {
    /// Findings with at least this severity deny.
    pub fail_on: Severity,
    /// Findings with at least this severity that do not deny need approval; `None` if none do.
    pub approve_from: Option<Severity>,
    /// The effect of warnings.
    pub warnings: OnWarning,
    /// The effect of undetermined outcomes.
    pub unknown: UnknownPolicy,
    /// The findings that may deny.
    pub gate: Gate,
}

impl Default for EnforcementOptions {
    fn default() -> Self {
        Self {
            fail_on: Severity::Medium,
            approve_from: None,
            warnings: OnWarning::default(),
            unknown: UnknownPolicy::default(),
            gate: Gate::default(),
        }
    }
}

impl EnforcementOptions {
    /// Returns the effect of a guardrail's finding.
    pub fn of(&self, severity: Severity, certainty: Certainty, origin: Origin) -> Enforcement {
        let by_severity = if severity >= self.fail_on {
            Enforcement::Deny
        } else if self.approve_from.is_some_and(|lowest| severity >= lowest) {
            Enforcement::Approve
        } else {
            Enforcement::Warn
        };
        self.applied_to(by_severity, severity, certainty, origin)
    }

    /// What a finding does that would do this if it were certain and new.
    pub fn applied_to(
        &self,
        usual: Enforcement,
        severity: Severity,
        certainty: Certainty,
        origin: Origin,
    ) -> Enforcement {
        let by_certainty = match (certainty, self.unknown) {
            (Certainty::Certain, _) | (Certainty::DependsOnUnknown, UnknownPolicy::Deny) => usual,
            (Certainty::DependsOnUnknown, UnknownPolicy::DenyCritical) if severity == Severity::Critical => {
                usual
            }
            (Certainty::DependsOnUnknown, UnknownPolicy::DenyCritical | UnknownPolicy::Warn) => {
                Enforcement::Warn
            }
            (Certainty::DependsOnUnknown, UnknownPolicy::Ignore) => return Enforcement::Off,
        };
        if usual == Enforcement::Off {
            return Enforcement::Off;
        }
        match (self.gate, origin) {
            (Gate::Introduced, Origin::AlreadyThere) => Enforcement::Warn,
            (Gate::All, _) | (Gate::Introduced, Origin::Introduced) => match (by_certainty, self.warnings) {
                (Enforcement::Warn, OnWarning::Deny) => Enforcement::Deny,
                (enforcement, OnWarning::Deny | OnWarning::Report) => enforcement,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(options: EnforcementOptions, severity: Severity, certainty: Certainty) -> Enforcement {
        options.of(severity, certainty, Origin::Introduced)
    }

    #[test]
    fn medium_and_above_deny_by_default() {
        let options = EnforcementOptions::default();
        assert_eq!(of(options, Severity::Low, Certainty::Certain), Enforcement::Warn);
        assert_eq!(of(options, Severity::Medium, Certainty::Certain), Enforcement::Deny);
    }

    #[test]
    fn unknowns_of_critical_rules_deny_by_default() {
        let options = EnforcementOptions::default();
        assert_eq!(of(options, Severity::High, Certainty::DependsOnUnknown), Enforcement::Warn);
        assert_eq!(of(options, Severity::Critical, Certainty::DependsOnUnknown), Enforcement::Deny);
        let ignoring = EnforcementOptions { unknown: UnknownPolicy::Ignore, ..options };
        assert_eq!(of(ignoring, Severity::Critical, Certainty::DependsOnUnknown), Enforcement::Off);
        let denying = EnforcementOptions { unknown: UnknownPolicy::Deny, ..options };
        assert_eq!(of(denying, Severity::Medium, Certainty::DependsOnUnknown), Enforcement::Deny);
        assert_eq!(of(denying, Severity::Low, Certainty::DependsOnUnknown), Enforcement::Warn);
    }

    #[test]
    fn findings_below_those_that_deny_may_need_approval() {
        let options = EnforcementOptions {
            fail_on: Severity::Critical,
            approve_from: Some(Severity::Medium),
            ..EnforcementOptions::default()
        };
        for (severity, certainty, wanted) in [
            (Severity::Critical, Certainty::Certain, Enforcement::Deny),
            (Severity::High, Certainty::Certain, Enforcement::Approve),
            (Severity::Medium, Certainty::Certain, Enforcement::Approve),
            (Severity::Low, Certainty::Certain, Enforcement::Warn),
            (Severity::High, Certainty::DependsOnUnknown, Enforcement::Warn),
        ] {
            assert_eq!(of(options, severity, certainty), wanted, "{severity}");
        }
        let unknown = EnforcementOptions { unknown: UnknownPolicy::Deny, ..options };
        assert_eq!(of(unknown, Severity::High, Certainty::DependsOnUnknown), Enforcement::Approve);
        let gate = EnforcementOptions { gate: Gate::Introduced, ..options };
        assert_eq!(gate.of(Severity::High, Certainty::Certain, Origin::AlreadyThere), Enforcement::Warn);
    }

    #[test]
    fn warnings_deny_if_the_user_wants_it() {
        let strict = EnforcementOptions { warnings: OnWarning::Deny, ..EnforcementOptions::default() };
        assert_eq!(of(strict, Severity::Info, Certainty::Certain), Enforcement::Deny);
        assert_eq!(of(strict, Severity::High, Certainty::DependsOnUnknown), Enforcement::Deny);
        let ignoring = EnforcementOptions { unknown: UnknownPolicy::Ignore, ..strict };
        assert_eq!(of(ignoring, Severity::High, Certainty::DependsOnUnknown), Enforcement::Off);
        let gate = EnforcementOptions { gate: Gate::Introduced, ..strict };
        assert_eq!(gate.of(Severity::High, Certainty::Certain, Origin::AlreadyThere), Enforcement::Warn);
        assert_eq!(gate.of(Severity::Low, Certainty::Certain, Origin::Introduced), Enforcement::Deny);
    }

    #[test]
    fn pre_existing_findings_pass_the_gate() {
        let options = EnforcementOptions { gate: Gate::Introduced, ..EnforcementOptions::default() };
        assert_eq!(
            options.of(Severity::Critical, Certainty::Certain, Origin::AlreadyThere),
            Enforcement::Warn
        );
        assert_eq!(options.of(Severity::Critical, Certainty::Certain, Origin::Introduced), Enforcement::Deny);
    }
}
