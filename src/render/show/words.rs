//! The words and glyphs that the formats for people share. The glyphs and the line of numbers are Terraform's.

use std::fmt::Write as _;

use planguard_plan::{ChangeSummary, ReplaceOrder};

use crate::render::layout::count;
use crate::show::{Deed, Marking, Object, PlanView, What};

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

/// What stands for values of a group that are not the same in all of its objects.
pub(in crate::render) const VARIES: &str = "(not the same in each; --show all shows them)";

/// What stands for a text of which only the ends of lines differ.
pub(in crate::render) const ONLY_LINE_ENDS: &str = "(only the ends of its lines differ)";

/// What becomes of the mark of a value that stays.
pub(in crate::render) const fn marking(marking: Marking) -> &'static str {
    match marking {
        Marking::Added => "(the same value, sensitive from now on)",
        Marking::Kept => "(the same value, which is sensitive)",
        Marking::Removed => "(the same value, no longer sensitive: it will be shown)",
    }
}

/// Two long texts of which the starts are the same, cut so that what differs is seen; `None` if their starts tell them apart.
pub(in crate::render) fn cut_alike(before: &str, after: &str, longest: usize) -> Option<(String, String)> {
    /// What is left of the common start.
    const START: usize = 24;
    let same = before.chars().zip(after.chars()).take_while(|(one, other)| one == other).count();
    if same + START <= longest || before.chars().count().max(after.chars().count()) <= longest {
        return None;
    }
    let cut = |text: &str| {
        let skipped = same - START;
        let shown: String = text.chars().skip(skipped).take(longest).collect();
        let more = text.chars().count().saturating_sub(skipped + longest);
        let more = if more > 0 {
            format!("… ({})", count(more, "more character", "more characters"))
        } else {
            String::new()
        };
        format!("({} alike) …{shown}{more}", count(skipped, "character", "characters"))
    };
    Some((cut(before), cut(after)))
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
        let drifted = view.outside.relevant.len() + view.outside.others.len();
        return match drifted {
            0 => "No changes.".to_owned(),
            _ => format!(
                "No changes; {} outside of Terraform.",
                count(drifted, "object was changed", "objects were changed")
            ),
        };
    }
    let mut line = String::from("Plan: ");
    if import > 0 {
        let _ = write!(line, "{import} to import, ");
    }
    let _ = write!(line, "{add} to add, {change} to change, {destroy} to destroy");
    if !view.outputs.is_empty() && view.modules.is_empty() {
        let _ = write!(line, "; {}", count(view.outputs.len(), "output changes", "outputs change"));
    }
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
