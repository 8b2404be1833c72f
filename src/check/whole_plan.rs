//! What a plan says of itself: that it failed, that it is incomplete, that conditions do not hold.

use planguard_plan::CheckStatus;
use planguard_plan::redact::SafeText;

use super::{CheckError, OnErroredPlan, OnIncompletePlan, PlanCheck};
use crate::report::Notice;

impl PlanCheck<'_> {
    pub(super) fn whole_plan(&mut self) {
        let name = self.origin.unescaped().to_owned();
        if self.plan.errored == Some(true) {
            match self.options.errored {
                OnErroredPlan::Undecided => self.problem(&CheckError::Errored { plan: name.clone() }),
                OnErroredPlan::Accept => {
                    self.notice("PG-CK-102", "planning ended with errors; what is missing was not checked");
                }
            }
        } else if self.plan.complete == Some(false) {
            match self.options.incomplete {
                OnIncompletePlan::Undecided => self.problem(&CheckError::Incomplete { plan: name.clone() }),
                OnIncompletePlan::Accept => {
                    self.notice("PG-CK-103", "the plan does not cover all of the configuration");
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
                    &format!("{count} object keys stand twice; the last of each was checked"),
                );
            }
        }
        self.lost_changes(&name);
        self.conditions(&name);
    }

    /// A plan without `resource_changes` is either one of `-refresh-only` or one that has lost them.
    fn lost_changes(&mut self, name: &str) {
        match self.plan.objects_without_changes() {
            Err(source) => self.problem(&CheckError::Plan { plan: name.to_owned(), source }),
            Ok(0) => {}
            Ok(count) if self.options.strict => {
                self.problem(&CheckError::NoChanges { plan: name.to_owned(), count });
            }
            Ok(count) => self.notice(
                "PG-CK-106",
                &format!(
                    "the plan has no `resource_changes`, as a plan made with -refresh-only; \
                     its {count} existing {objects} not checked",
                    objects = if count == 1 { "resource was" } else { "resources were" },
                ),
            ),
        }
    }

    fn conditions(&mut self, name: &str) {
        let plan = self.plan;
        for check in &plan.checks {
            match check.status {
                CheckStatus::Error => {
                    let check = check.address.clone().into_owned();
                    self.problem(&CheckError::ConditionError { plan: name.to_owned(), check });
                }
                CheckStatus::Fail => {
                    let problems = check.problems.join("; ");
                    self.notice(
                        "PG-CK-105",
                        &format!("the condition of {} does not hold: {problems}", check.address),
                    );
                }
                CheckStatus::Pass | CheckStatus::Unknown => {}
            }
        }
    }

    fn notice(&mut self, code: &'static str, message: &str) {
        let message = self.redactor.text(&format!("{}: {message}", self.origin.unescaped()));
        self.notices.push(Notice { code: SafeText::fixed(code), message });
    }
}
