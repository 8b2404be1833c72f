//! The words and glyphs that the formats for people share. The glyphs and the line of numbers are Terraform's.

use std::fmt::Write as _;

use planguard_plan::redact::SafeText;
use planguard_plan::{ChangeSummary, ReplaceOrder};

use crate::render::layout::count;
use crate::show::{Body, Deed, Entry, Line, Marking, Object, PlanView, Position, What};

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

/// What becomes of the mark of a sensitive value.
pub(in crate::render) const fn marking(marking: Marking) -> &'static str {
    match marking {
        Marking::Added => "(the same value, sensitive from now on)",
        Marking::Kept => "(the same value, which is sensitive)",
        Marking::Removed => "(the same value, no longer sensitive: it will be shown)",
        Marking::AddedToNew => "(sensitive value, changed, and sensitive from now on)",
        Marking::RemovedFromNew => "(sensitive value, changed, and no longer sensitive: it will be shown)",
    }
}

/// Two long texts of which the starts are the same, cut so that what differs is seen; `None` if their starts tell them apart.
pub(in crate::render) fn cut_alike(before: &str, after: &str, longest: usize) -> Option<(String, String)> {
    /// What is left of the common start and of the common end.
    const BESIDE: usize = 24;
    let lengths = (before.chars().count(), after.chars().count());
    let alike = |one: &mut dyn Iterator<Item = char>, other: &mut dyn Iterator<Item = char>| {
        one.zip(other).take_while(|(one, other)| one == other).count()
    };
    let start = alike(&mut before.chars(), &mut after.chars());
    if start + BESIDE <= longest || lengths.0.max(lengths.1) <= longest {
        return None;
    }
    let both = lengths.0.min(lengths.1);
    let end = alike(&mut before.chars().rev(), &mut after.chars().rev()).min(both - start);
    let skipped = start - BESIDE;
    let kept_end = if end > BESIDE * 2 { BESIDE } else { end };
    let cut = |text: &str, length: usize| {
        let until = length - end + kept_end - skipped;
        let shown: String = text.chars().skip(skipped).take(until.min(longest)).collect();
        let more = length - skipped - until.min(longest);
        let words = match more {
            0 => String::new(),
            _ if until <= longest => "…".to_owned(),
            _ => format!("… ({})", count(more, "more character", "more characters")),
        };
        format!("({} alike) …{shown}{words}", count(skipped, "character", "characters"))
    };
    Some((cut(before, lengths.0), cut(after, lengths.1)))
}

/// A text, or its start if it is long.
pub(in crate::render) fn cut_end(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => {
            let more = count(text.chars().count() - longest, "more character", "more characters");
            format!("{}… ({more})", text.get(..end).unwrap_or_default())
        }
        None => text.to_owned(),
    }
}

/// The texts of lines, long ones cut. A line that takes the place of another is cut so that what differs is seen.
pub(in crate::render) fn cut_lines(
    lines: &[Line],
    longest: usize,
    escaped: fn(&SafeText) -> String,
) -> Vec<String> {
    let text = |line: &Line| match line {
        Line::Same(text) | Line::Added(text) | Line::Removed(text) => escaped(text),
        Line::Gap => "…".to_owned(),
    };
    let mut shown: Vec<String> = lines.iter().map(|line| cut_end(&text(line), longest)).collect();
    let mut from = 0;
    while from < lines.len() {
        let run = |from: usize, is_it: fn(&Line) -> bool| {
            lines.iter().skip(from).take_while(|line| is_it(line)).count()
        };
        let removed = run(from, |line| matches!(line, Line::Removed(_)));
        let added = run(from + removed, |line| matches!(line, Line::Added(_)));
        for at in 0..removed.min(added) {
            let (old, new) = (from + at, from + removed + at);
            let both = lines.get(old).map(text).zip(lines.get(new).map(text));
            let Some((before, after)) = both.and_then(|(old, new)| cut_alike(&old, &new, longest)) else {
                continue;
            };
            for (place, text) in [(old, before), (new, after)] {
                if let Some(shown) = shown.get_mut(place) {
                    *shown = text;
                }
            }
        }
        from += (removed + added).max(1);
    }
    shown
}

/// The place of an element of a list: `[2]`, or `[5] -> [2]` if it stands elsewhere.
pub(in crate::render) fn place(position: Position) -> String {
    match (position.before, position.after) {
        (Some(before), Some(after)) if position.moved => format!("[{before}] -> [{after}]"),
        (_, Some(at)) | (Some(at), None) => format!("[{at}]"),
        (None, None) => String::new(),
    }
}

/// Whether an element is the same and only stands elsewhere.
pub(in crate::render) fn is_only_moved(entry: &Entry) -> bool {
    let is_same = match &entry.body {
        Body::Members(members) => members.entries.is_empty() && members.computed == 0 && members.moved == 0,
        Body::Value { before, after } => before == after,
        _ => false,
    };
    is_same && entry.position.is_some_and(|position| position.moved)
}

/// What stands behind the words of an import that the plan destroys.
pub(in crate::render) const DESTROYS_IMPORT: &str = "this plan destroys what it imports";

/// What a plan of `-refresh-only` is.
pub(super) const REFRESH_ONLY: &str =
    "a plan of -refresh-only: it takes what was found into the state, and changes no object";

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
