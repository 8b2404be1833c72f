//! Checks the plan as a whole: failed or incomplete plans.

use planguard_plan::redact::{Redactor, SafeText};

use super::{CheckError, OnErroredPlan, OnIncompletePlan, PlanCheck};
use crate::report::Notice;

impl PlanCheck<'_> {
    pub(super) fn whole_plan(&mut self) {
        let name = self.origin.unescaped().to_owned();
        if self.plan.errored == Some(true) {
            match self.options.errored {
                OnErroredPlan::Undecided => self.problem(&CheckError::Errored { plan: name.clone() }),
                OnErroredPlan::Accept => {
                    self.notice("PG-CK-102", "planning failed; missing resources were not checked");
                }
            }
        } else if self.plan.complete == Some(false) {
            match self.options.incomplete {
                OnIncompletePlan::Undecided => self.problem(&CheckError::Incomplete { plan: name.clone() }),
                OnIncompletePlan::Accept => {
                    self.notice("PG-CK-103", "the plan does not cover the whole configuration");
                }
            }
        }
        if self.plan.duplicate_keys > 0 {
            let count = self.plan.duplicate_keys;
            if self.options.strict {
                self.problem(&CheckError::DuplicateKeys { plan: name.clone(), count });
            } else {
                self.notice(
                    "PG-CK-104",
                    &format!(
                        "{count} duplicate {}; only the last value was checked",
                        if count == 1 { "key" } else { "keys" }
                    ),
                );
            }
        }
        self.lost_changes(&name);
    }

    /// A plan without `resource_changes` was made with `-refresh-only`, or has lost them.
    fn lost_changes(&mut self, name: &str) {
        match self.plan.objects_without_changes() {
            0 => {}
            count if self.options.strict => {
                self.problem(&CheckError::NoChanges { plan: name.to_owned(), count });
            }
            count => self.notice(
                "PG-CK-106",
                &format!(
                    "the plan has no `resource_changes`, as if made with -refresh-only; \
                     its {count} existing {objects} not checked",
                    objects = if count == 1 { "resource was" } else { "resources were" },
                ),
            ),
        }
    }

    /// Gives notice in planguard's own words.
    fn notice(&mut self, code: &'static str, message: &str) {
        self.told(code, Redactor::default().text(message));
    }

    fn told(&mut self, code: &'static str, message: SafeText) {
        let message = SafeText::concat([self.origin, &SafeText::fixed(": "), &message]);
        self.notices.push(Notice::of(SafeText::fixed(code), message));
    }
}
