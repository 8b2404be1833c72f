//! Differences of attributes as rows of a page.

use planguard_page::Text;
use planguard_page::model::{Form as RowForm, Mark, Row};
use planguard_plan::redact::SafeText;

use crate::render::layout::count;
use crate::render::show::{ONLY_LINE_ENDS, VARIES, cut_alike, cut_lines, is_only_moved, marking, place};
use crate::show::{Body, Empty, Entry, Form, Line, Members, Object, What};

/// A longer value is cut.
const LONGEST_VALUE: usize = 400;

/// What stands beside parts that were there.
const THEN_UNKNOWN: &str = "(known after apply; before:)";

/// Lines of a text, or of what was there before something unknown, of which more are counted.
const MOST_LINES: usize = 60;

/// The differences of an object, and how many attributes are not listed.
pub(super) fn of_object(object: &Object) -> Vec<Row> {
    let mut rows = Vec::new();
    entries(&mut rows, &object.entries, 0, if object.is_new() { Empty::Hidden } else { Empty::Shown });
    rows.extend(counted(0, [object.computed, 0, object.same], ("attribute", "attributes")));
    rows
}

/// Differences by themselves.
pub(super) fn of_entries(all: &[Entry]) -> Vec<Row> {
    let mut rows = Vec::new();
    entries(&mut rows, all, 0, Empty::Shown);
    rows
}

/// A row of words.
pub(super) fn words(depth: usize, form: RowForm, name: Text) -> Row {
    Row { depth, form, name, ..Row::default() }
}

/// The attributes that force a replacement, or something in which does.
pub(super) fn forcing(entry: &Entry) -> bool {
    let inside = match &entry.body {
        Body::Members(members) => members.entries.iter().any(forcing),
        Body::Value { .. }
        | Body::Sensitive
        | Body::Rewritten
        | Body::Lines(_)
        | Body::Varies
        | Body::Marked(_) => false,
    };
    entry.forces_replacement || inside
}

fn entries(rows: &mut Vec<Row>, entries: &[Entry], depth: usize, empty: Empty) {
    let is_shown = |entry: &&Entry| empty == Empty::Shown || !entry.is_nothing();
    entries.iter().filter(is_shown).for_each(|shown| entry(rows, shown, depth, empty));
}

fn entry(rows: &mut Vec<Row>, entry: &Entry, depth: usize, empty: Empty) {
    let row = Row {
        depth,
        mark: mark(entry.what),
        form: RowForm::Value,
        name: Text::from(&entry.name),
        before: None,
        after: None,
        forces: entry.forces_replacement,
    };
    let said = |words: &'static str| Row { after: Some(Text::from(words)), ..row.clone() };
    match &entry.body {
        Body::Value { after: Some(after), .. } if is_only_moved(entry) => {
            let name = Text::composed(format!("{} (moved)", entry.position.map(place).unwrap_or_default()));
            rows.push(Row { name, after: Some(Text::from(after).cut(LONGEST_VALUE)), ..row });
        }
        Body::Value { before, after } => {
            let value = |value: &Option<_>| value.as_ref().map(|text| Text::from(text).cut(LONGEST_VALUE));
            let both = before.as_ref().zip(after.as_ref());
            let alike = both.and_then(|(before, after)| {
                cut_alike(&before.for_document(), &after.for_document(), LONGEST_VALUE)
            });
            rows.push(match alike {
                Some((before, after)) => {
                    Row { before: Some(Text::composed(before)), after: Some(Text::composed(after)), ..row }
                }
                None => Row { before: value(before), after: value(after), ..row },
            });
        }
        Body::Sensitive => rows.push(match entry.what {
            What::Changed => said("(sensitive value, changed)"),
            What::Added | What::Removed => said("(sensitive value)"),
        }),
        Body::Varies => rows.push(said(VARIES)),
        Body::Marked(change) => rows.push(said(marking(*change))),
        Body::Lines(lines) if lines.is_empty() => rows.push(said(ONLY_LINE_ENDS)),
        Body::Rewritten => rows.push(said("(the same document, written in another way)")),
        Body::Lines(lines) => {
            rows.push(Row { form: RowForm::Group, ..row });
            text(rows, lines, depth + 1);
        }
        Body::Members(members) if members.form == Form::Blocks && !members.is_single_block() => {
            if members.then_unknown {
                rows.push(said(THEN_UNKNOWN));
            }
            let first = rows.len();
            blocks(rows, members, &row, empty);
            if members.then_unknown {
                cut_old(rows, first, depth);
            }
        }
        Body::Members(members) => {
            let form = match members.form {
                Form::Document | Form::DocumentList => Some(Text::from("(JSON)")),
                Form::List | Form::Map | Form::Blocks => None,
            };
            // An element of a list has no name.
            let name = match entry.position.filter(|_| entry.what == What::Changed) {
                Some(at) => Text::composed(place(at)),
                None if row.name.is_empty() => Text::from("(element)"),
                None => row.name.clone(),
            };
            let form = if is_only_moved(entry) { Some(Text::from("(moved)")) } else { form };
            let form = if members.then_unknown { Some(Text::from(THEN_UNKNOWN)) } else { form };
            rows.push(Row { form: RowForm::Group, name, after: form, ..row });
            let first = rows.len();
            inside(rows, members, depth + 1, empty);
            if members.then_unknown {
                cut_old(rows, first, depth + 1);
            }
        }
    }
}

/// Counts what was there before something unknown, if it is a lot.
fn cut_old(rows: &mut Vec<Row>, first: usize, depth: usize) {
    let more = rows.len().saturating_sub(first + MOST_LINES);
    if more > 0 {
        rows.truncate(first + MOST_LINES);
        let sentence = Text::composed(format!("({})", count(more, "more line", "more lines")));
        rows.push(words(depth, RowForm::Note, sentence));
    }
}

/// Nested blocks: one group for each that differs.
fn blocks(rows: &mut Vec<Row>, members: &Members, head: &Row, empty: Empty) {
    for element in &members.entries {
        let forces = element.forces_replacement || head.forces;
        match &element.body {
            Body::Members(inner) => {
                let mark = mark(element.what);
                let at = element.position.filter(|_| element.what == What::Changed).map(place);
                let words = if is_only_moved(element) { at.map(|at| at + " (moved)") } else { at };
                let after = words.map(Text::composed);
                rows.push(Row { form: RowForm::Group, mark, forces, after, ..head.clone() });
                about(rows, inner, head.depth + 1);
                entries(rows, &inner.entries, head.depth + 1, empty);
                rows.extend(counted(
                    head.depth + 1,
                    [inner.computed, 0, inner.unlisted()],
                    ("attribute", "attributes"),
                ));
            }
            Body::Value { .. }
            | Body::Sensitive
            | Body::Rewritten
            | Body::Lines(_)
            | Body::Varies
            | Body::Marked(_) => {
                let first = rows.len();
                entry(rows, element, head.depth, empty);
                if let Some(row) = rows.get_mut(first) {
                    row.name = head.name.clone();
                    row.forces = forces;
                }
            }
        }
    }
    if members.same > 0 {
        let blocks = count(members.same, "block", "blocks");
        let sentence = format!("({blocks} {} unchanged)", head.name);
        rows.push(words(head.depth, RowForm::Note, Text::composed(sentence)));
    }
}

/// What tells an element of a list apart from the others.
fn about(rows: &mut Vec<Row>, members: &Members, depth: usize) {
    rows.extend(members.about.iter().map(|(name, value)| Row {
        depth,
        name: Text::from(name),
        after: Some(Text::from(value)),
        ..Row::default()
    }));
}

const fn mark(what: What) -> Mark {
    match what {
        What::Added => Mark::Added,
        What::Removed => Mark::Removed,
        What::Changed => Mark::Changed,
    }
}

fn inside(rows: &mut Vec<Row>, members: &Members, depth: usize, empty: Empty) {
    about(rows, members, depth);
    entries(rows, &members.entries, depth, empty);
    let words = match members.form {
        Form::List | Form::DocumentList => ("element", "elements"),
        Form::Blocks => ("attribute", "attributes"),
        Form::Map | Form::Document => ("member", "members"),
    };
    rows.extend(counted(depth, [members.computed, members.moved, members.unlisted()], words));
}

/// What is not listed; `None` if all is.
fn counted(depth: usize, numbers: [usize; 3], (one, many): (&str, &str)) -> Option<Row> {
    let parts: Vec<String> = numbers
        .into_iter()
        .zip(["known after apply", "moved", "unchanged"])
        .filter(|(number, _)| *number > 0)
        .map(|(number, words)| format!("{} {words}", count(number, one, many)))
        .collect();
    let sentence = Text::composed(format!("({})", parts.join(", ")));
    (!parts.is_empty()).then(|| words(depth, RowForm::Note, sentence))
}

fn text(rows: &mut Vec<Row>, lines: &[Line], depth: usize) {
    let shown = lines.get(..MOST_LINES).unwrap_or(lines);
    for (line, text) in shown.iter().zip(cut_lines(shown, LONGEST_VALUE, SafeText::for_document)) {
        let mark = match line {
            Line::Same(_) | Line::Gap => Mark::Same,
            Line::Added(_) => Mark::Added,
            Line::Removed(_) => Mark::Removed,
        };
        let name = Text::composed(text);
        rows.push(Row { depth, mark, form: RowForm::Line, name, ..Row::default() });
    }
    let more = lines.len().saturating_sub(MOST_LINES);
    if more > 0 {
        let sentence = Text::composed(format!("({})", count(more, "more line", "more lines")));
        rows.push(words(depth, RowForm::Note, sentence));
    }
}

#[cfg(test)]
mod tests {
    use planguard_plan::input::Document;

    use super::*;
    use crate::show::PlanView;

    #[test]
    fn a_lot_that_was_there_before_something_unknown_is_counted() {
        let names: Vec<String> = (0..100).map(|number| format!("\"rule-number-{number}\"")).collect();
        let plan = format!(
            r#"{{"format_version": "1.2", "planned_values": {{}}, "resource_changes": [{{"address": "x_a.b", "change": {{
                "actions": ["update"], "before": {{"n": 9007199254740993, "o": [{}]}}, "after": {{"n": 9007199254740992}},
                "after_unknown": {{"o": true}}}}}}]}}"#,
            names.join(",")
        );
        let view = PlanView::of(&Document::from_text("plan.json", &plan).unwrap()).unwrap();
        let rows = of_object(&view.modules[0].groups[0].first);
        let texts: Vec<String> =
            rows.iter().map(|row| format!("{} {:?} {:?}", row.name, row.before, row.after)).collect();
        assert_eq!(rows.len(), 1 + 1 + MOST_LINES + 1, "{texts:?}");
        assert!(texts[0].contains("9007199254740993") && texts[0].contains("9007199254740992"), "{texts:?}");
        assert!(texts[1].contains(THEN_UNKNOWN), "{texts:?}");
        assert!(texts.last().unwrap().contains("(40 more lines)"), "{texts:?}");
    }
}
