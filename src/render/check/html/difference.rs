//! Differences of attributes as rows of a page.

use planguard_page::Text;
use planguard_page::model::{Form as RowForm, Mark, Row};

use crate::render::layout::count;
use crate::show::{Body, Entry, Form, Line, Members, Object, What};

/// A longer value is cut.
const LONGEST_VALUE: usize = 400;

/// Lines of a text of which more are counted.
const MOST_LINES: usize = 60;

/// The differences of an object, and how many attributes are not listed.
pub(super) fn of_object(object: &Object) -> Vec<Row> {
    let mut rows = of_entries(&object.entries);
    rows.extend(counted(0, object.computed, object.same, ("attribute", "attributes")));
    rows
}

/// Differences by themselves.
pub(super) fn of_entries(all: &[Entry]) -> Vec<Row> {
    let mut rows = Vec::new();
    entries(&mut rows, all, 0);
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
        Body::Value { .. } | Body::Sensitive | Body::Rewritten | Body::Lines(_) | Body::Varies => false,
    };
    entry.forces_replacement || inside
}

fn entries(rows: &mut Vec<Row>, entries: &[Entry], depth: usize) {
    // What was not set and is empty now says nothing.
    entries.iter().filter(|entry| !entry.is_nothing()).for_each(|shown| entry(rows, shown, depth));
}

fn entry(rows: &mut Vec<Row>, entry: &Entry, depth: usize) {
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
        Body::Value { before, after } => {
            let value = |value: &Option<_>| value.as_ref().map(|text| Text::from(text).cut(LONGEST_VALUE));
            rows.push(Row { before: value(before), after: value(after), ..row });
        }
        Body::Sensitive => rows.push(match entry.what {
            What::Changed => said("(sensitive value, changed)"),
            What::Added | What::Removed => said("(sensitive value)"),
        }),
        Body::Varies => rows.push(said("(another value in each)")),
        Body::Rewritten => rows.push(said("(the same document, written in another way)")),
        Body::Lines(lines) => {
            rows.push(Row { form: RowForm::Group, ..row });
            text(rows, lines, depth + 1);
        }
        Body::Members(members) if members.form == Form::Blocks && !members.is_single_block() => {
            blocks(rows, members, &row);
        }
        Body::Members(members) => {
            let form = match members.form {
                Form::Document => Some(Text::from("(JSON)")),
                Form::List | Form::Map | Form::Blocks => None,
            };
            // An element of a list has no name.
            let name = if row.name.is_empty() { Text::from("(element)") } else { row.name.clone() };
            rows.push(Row { form: RowForm::Group, name, after: form, ..row });
            inside(rows, members, depth + 1);
        }
    }
}

/// Nested blocks: one group for each that differs.
fn blocks(rows: &mut Vec<Row>, members: &Members, head: &Row) {
    for element in &members.entries {
        let forces = element.forces_replacement || head.forces;
        match &element.body {
            Body::Members(inner) => {
                let mark = mark(element.what);
                rows.push(Row { form: RowForm::Group, mark, forces, ..head.clone() });
                entries(rows, &inner.entries, head.depth + 1);
                rows.extend(counted(head.depth + 1, inner.computed, inner.same, ("attribute", "attributes")));
            }
            Body::Value { .. } | Body::Sensitive | Body::Rewritten | Body::Lines(_) | Body::Varies => {
                let first = rows.len();
                entry(rows, element, head.depth);
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

const fn mark(what: What) -> Mark {
    match what {
        What::Added => Mark::Added,
        What::Removed => Mark::Removed,
        What::Changed => Mark::Changed,
    }
}

fn inside(rows: &mut Vec<Row>, members: &Members, depth: usize) {
    entries(rows, &members.entries, depth);
    let words = match members.form {
        Form::List => ("element", "elements"),
        Form::Blocks => ("attribute", "attributes"),
        Form::Map | Form::Document => ("member", "members"),
    };
    rows.extend(counted(depth, members.computed, members.same, words));
}

/// What is not listed; `None` if all is.
fn counted(depth: usize, computed: usize, same: usize, (one, many): (&str, &str)) -> Option<Row> {
    let parts: Vec<String> = [(computed, "known after apply"), (same, "unchanged")]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, words)| format!("{} {words}", count(number, one, many)))
        .collect();
    let sentence = Text::composed(format!("({})", parts.join(", ")));
    (!parts.is_empty()).then(|| words(depth, RowForm::Note, sentence))
}

fn text(rows: &mut Vec<Row>, lines: &[Line], depth: usize) {
    for line in lines.iter().take(MOST_LINES) {
        let (mark, name) = match line {
            Line::Same(text) => (Mark::Same, Text::from(text)),
            Line::Added(text) => (Mark::Added, Text::from(text)),
            Line::Removed(text) => (Mark::Removed, Text::from(text)),
            Line::Gap => (Mark::Same, Text::from("…")),
        };
        let name = name.cut(LONGEST_VALUE);
        rows.push(Row { depth, mark, form: RowForm::Line, name, ..Row::default() });
    }
    let more = lines.len().saturating_sub(MOST_LINES);
    if more > 0 {
        let sentence = Text::composed(format!("({})", count(more, "more line", "more lines")));
        rows.push(words(depth, RowForm::Note, sentence));
    }
}
