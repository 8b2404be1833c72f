//! The examples of change guards: entries of a plan's section, completed into whole plans.

/// A guard's examples: entries of one section as plan JSON, separated by commas.
#[derive(Clone, Copy, Debug)]
pub struct ChangeExample {
    /// The section that the entries belong to.
    pub section: ExampleSection,
    /// What the guard reports.
    pub failing: &'static str,
    /// What the guard does not report.
    pub passing: &'static str,
}

/// A section of a plan that examples are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExampleSection {
    /// `resource_changes`.
    ResourceChanges,
    /// `resource_drift`.
    ResourceDrift,
    /// `deferred_changes`.
    DeferredChanges,
    /// `action_invocations`.
    ActionInvocations,
    /// `output_changes`; its entries have names.
    OutputChanges,
    /// `checks`.
    Checks,
}

impl ExampleSection {
    /// The section's name in plan JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ResourceChanges => "resource_changes",
            Self::ResourceDrift => "resource_drift",
            Self::DeferredChanges => "deferred_changes",
            Self::ActionInvocations => "action_invocations",
            Self::OutputChanges => "output_changes",
            Self::Checks => "checks",
        }
    }
}

impl ChangeExample {
    /// Examples that are entries of `resource_changes`.
    pub(super) const fn of_changes(failing: &'static str, passing: &'static str) -> Self {
        Self { section: ExampleSection::ResourceChanges, failing, passing }
    }

    /// A plan that the guard reports, as JSON text.
    pub fn failing_plan(&self) -> String {
        self.plan(self.failing)
    }

    /// A plan that the guard does not report, as JSON text.
    pub fn passing_plan(&self) -> String {
        self.plan(self.passing)
    }

    fn plan(&self, entries: &str) -> String {
        let section = self.section.as_str();
        let (open, close) =
            if self.section == ExampleSection::OutputChanges { ('{', '}') } else { ('[', ']') };
        format!(
            r#"{{"format_version": "1.2", "terraform_version": "1.13.0", "{section}": {open}{entries}{close}}}"#
        )
    }
}

#[cfg(test)]
impl ChangeExample {
    /// The failing example with every entry turned into a create of its `after`, for the guards of
    /// existing objects. `None` for the guards of other sections, of unknown actions, and of what is created.
    pub(super) fn failing_plan_as_creates(&self) -> Option<String> {
        let mut plan: serde_json::Value = serde_json::from_str(&self.failing_plan()).unwrap();
        let entries = plan.get_mut("resource_changes")?.as_array_mut().unwrap();
        for entry in entries {
            let change = &mut entry["change"];
            let actions = change["actions"].to_string();
            if actions.contains("teleport") || actions.contains("create") && change["before"].is_null() {
                return None;
            }
            if change["after"].is_null() {
                change["after"] = change["before"].take();
            }
            change["before"] = serde_json::Value::Null;
            change["actions"] = serde_json::json!(["create"]);
            entry.as_object_mut().unwrap().remove("action_reason");
            entry.as_object_mut().unwrap().remove("deposed");
        }
        Some(plan.to_string())
    }
}
