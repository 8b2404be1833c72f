//! Tells which outputs of the root module the plan creates, changes and deletes: other configurations read them.

use planguard_plan::redact::SafeText;
use planguard_plan::{OutputChange, Value};

use super::PlanCheck;
use super::place::{KNOWN_LATER, SENSITIVE};
use crate::report::{OutputAction, OutputReport};

impl PlanCheck<'_> {
    /// The outputs that change, by name.
    pub(super) fn outputs(&self) -> Vec<OutputReport> {
        let changes = self.plan.output_changes.iter();
        changes.filter_map(|(name, change)| self.output(name, change)).collect()
    }

    fn output(&self, name: &str, change: &OutputChange<'_>) -> Option<OutputReport> {
        let actions = &change.actions;
        let action = match (actions.deletes(), actions.creates()) {
            // Terraform replaces no output, so that both would be a change.
            (true, true) => OutputAction::Change,
            (true, false) => OutputAction::Delete,
            (false, true) => OutputAction::Create,
            (false, false) if actions.is_no_op() => return None,
            (false, false) => OutputAction::Change,
        };
        let marks = |mask: &Option<Value<'_>>| mask.as_ref().is_some_and(Value::has_true_leaf);
        // A value that was sensitive may still be in `after`.
        let is_sensitive = marks(&change.before_sensitive) || marks(&change.after_sensitive);
        let is_unknown = marks(&change.after_unknown);
        let value = |value: &Option<Value<'_>>| match value {
            _ if is_sensitive => Some(SafeText::fixed(SENSITIVE)),
            Some(value) => self.written(value),
            None => None,
        };
        let (has_before, has_after) = (action != OutputAction::Create, action != OutputAction::Delete);
        Some(OutputReport {
            name: self.redactor.key(name),
            action,
            before: has_before.then(|| value(&change.before)).flatten(),
            // What is known of it is not all of it.
            after: match (has_after, is_unknown && !is_sensitive) {
                (false, _) => None,
                (true, true) => Some(SafeText::fixed(KNOWN_LATER)),
                (true, false) => value(&change.after),
            },
            is_sensitive,
            is_unknown,
        })
    }
}

#[cfg(test)]
mod tests {
    use planguard_plan::input::{Batch, Document};

    use super::*;
    use crate::check::{CheckOptions, Rules, check};

    fn outputs(changes: &str) -> Vec<String> {
        let text = format!(
            r#"{{"format_version": "1.2", "terraform_version": "1.9.0", "planned_values": {{}}, "resource_changes": [], "output_changes": {{{changes}}}}}"#
        );
        let documents = vec![Document::from_text("plan.json", &text).unwrap()];
        let batch = Batch { documents, ..Batch::default() };
        let report = check(&batch, &Rules::default(), &CheckOptions::default(), &|_| {});
        let shown = |text: &Option<SafeText>| text.as_ref().map_or("-", SafeText::unescaped).to_owned();
        let words = report.plans[0].outputs.iter().map(|output| {
            let (before, after) = (shown(&output.before), shown(&output.after));
            format!("{} {} {before} {after}", output.action.as_str(), output.name.unescaped())
        });
        words.collect()
    }

    #[test]
    fn each_change_is_told_with_what_may_be_read() {
        assert_eq!(
            outputs(
                r#""a_new": {"actions": ["create"], "before": null, "after": {"n": [1, "x"]}, "after_unknown": false},
                   "b_later": {"actions": ["create"], "before": null, "after_unknown": true},
                   "c_partly": {"actions": ["update"], "before": {"a": 1}, "after": {"a": 2}, "after_unknown": {"b": true}},
                   "d_changed": {"actions": ["update"], "before": 3, "after": 5, "after_unknown": false},
                   "e_same": {"actions": ["no-op"], "before": 3, "after": 3, "after_unknown": false},
                   "f_gone": {"actions": ["delete"], "before": "x", "after": null, "after_unknown": false},
                   "g_secret": {"actions": ["update"], "before": "hunter2", "after": "hunter3", "after_unknown": false,
                       "before_sensitive": true, "after_sensitive": true},
                   "h_inner": {"actions": ["create"], "before": null, "after": {"p": "hunter4"}, "after_unknown": {},
                       "after_sensitive": {"p": true}},
                   "i_secret_later": {"actions": ["create"], "before": null, "after_unknown": true, "after_sensitive": true},
                   "j_opened": {"actions": ["update"], "before": "hunter5", "after": "hunter5", "before_sensitive": true,
                       "after_sensitive": false, "after_unknown": false}"#
            ),
            [
                "create a_new - { n = [1, \"x\"] }",
                "create b_later - (known after apply)",
                "change c_partly { a = 1 } (known after apply)",
                "change d_changed 3 5",
                "delete f_gone \"x\" -",
                "change g_secret (sensitive value) (sensitive value)",
                "create h_inner - (sensitive value)",
                "create i_secret_later - (sensitive value)",
                "change j_opened (sensitive value) (sensitive value)",
            ]
        );
    }

    #[test]
    fn what_is_long_or_secret_elsewhere_is_not_shown() {
        let long = "x".repeat(200);
        assert_eq!(
            outputs(&format!(
                r#""long": {{"actions": ["create"], "before": null, "after": "{long}", "after_unknown": false}},
                   "other": {{"actions": ["create"], "before": null, "after": "hunter2-and-more", "after_unknown": false,
                       "after_sensitive": true}},
                   "same": {{"actions": ["create"], "before": null, "after": "is hunter2-and-more", "after_unknown": false}}"#
            )),
            ["create long - -", "create other - (sensitive value)", "create same - \"is (sensitive value)\""]
        );
    }
}
