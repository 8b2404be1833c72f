//! The words and glyphs that the formats for people share. The glyphs and the line of numbers are Terraform's.

use std::fmt::Write as _;

use planguard_plan::{ChangeSummary, ReplaceOrder};

use crate::show::{Deed, Object, PlanView, What};

/// The glyph of a deed.
pub(super) const fn glyph(deed: &Deed) -> &'static str {
    match deed {
        Deed::Create => "+",
        Deed::Update => "~",
        Deed::Destroy => "-",
        Deed::Replace(ReplaceOrder::DestroyFirst) => "-/+",
        Deed::Replace(ReplaceOrder::CreateFirst) => "+/-",
        Deed::Read => "<=",
        Deed::Forget => ".",
        Deed::ForgetAndCreate => "./+",
        Deed::Open => "o",
        Deed::Keep => "=",
        Deed::Other(_) => "?",
    }
}

/// What is done, as a verb.
pub(in crate::render) fn verb(object: &Object) -> String {
    match &object.deed {
        Deed::Create => "created".to_owned(),
        Deed::Update => "updated in-place".to_owned(),
        Deed::Destroy => "destroyed".to_owned(),
        Deed::Replace(ReplaceOrder::DestroyFirst) => "replaced: destroyed, then created".to_owned(),
        Deed::Replace(ReplaceOrder::CreateFirst) => "replaced: created, then destroyed".to_owned(),
        Deed::Read => "read during apply".to_owned(),
        Deed::Forget => "no longer managed, and not destroyed".to_owned(),
        Deed::ForgetAndCreate => {
            "created anew; the old one is no longer managed, and not destroyed".to_owned()
        }
        Deed::Open => "opened".to_owned(),
        Deed::Keep => match (&object.moved_from, &object.imported_by) {
            (Some(_), None) => "moved".to_owned(),
            (None | Some(_), _) => "imported".to_owned(),
        },
        Deed::Other(word) => {
            format!("`{}`, which this version of planguard does not know", word.for_terminal_line())
        }
    }
}

/// The glyph of a difference.
pub(super) const fn mark(what: What) -> &'static str {
    match what {
        What::Added => "+",
        What::Removed => "-",
        What::Changed => "~",
    }
}

/// `Plan: 1 to import, 2 to add, 1 to change, 1 to destroy.`, as Terraform says it.
pub(super) fn plan_line(view: &PlanView) -> String {
    let ChangeSummary { add, change, destroy, import, .. } = view.summary;
    if view.is_empty() {
        return "No changes.".to_owned();
    }
    let mut line = String::from("Plan: ");
    if import > 0 {
        let _ = write!(line, "{import} to import, ");
    }
    let _ = write!(line, "{add} to add, {change} to change, {destroy} to destroy");
    line.push('.');
    line
}

/// What that line does not tell apart or leaves out; empty if it does neither.
pub(super) fn beside_line(view: &PlanView) -> String {
    let ChangeSummary { replace, moved, forget, read, unchanged, .. } = view.summary;
    let counted = [
        (replace, "replaced"),
        (forget, "no longer managed"),
        (moved, "moved"),
        (read, "read during apply"),
        (unchanged, "unchanged"),
    ];
    let parts: Vec<String> = counted
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, words)| format!("{number} {words}"))
        .collect();
    parts.join(", ")
}
