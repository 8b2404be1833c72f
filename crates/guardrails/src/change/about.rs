//! The texts of a change guard; all guards share the rest of their rule.

use std::borrow::Cow;

use planguard_rule::Severity;
use planguard_rule::{Also, Category, RuleInfo};

/// The texts of a guard; see [`RuleInfo`].
pub(super) struct About {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) severity: Severity,
    pub(super) why: &'static str,
    pub(super) remediation: &'static str,
}

impl About {
    /// The rule, in the default pack. No other tool judges changes, so none has a name for it.
    pub(super) const fn rule(self) -> RuleInfo {
        self.rule_of("default")
    }

    /// The rule, in another pack.
    pub(super) const fn rule_of(self, pack: &'static str) -> RuleInfo {
        RuleInfo {
            id: Cow::Borrowed(self.id),
            title: Cow::Borrowed(self.title),
            severity: self.severity,
            category: Category::Change,
            pack: Cow::Borrowed(pack),
            why: Cow::Borrowed(self.why),
            remediation: Cow::Borrowed(self.remediation),
            aliases: Cow::Borrowed(&[]),
            also: Also::NONE,
        }
    }
}
