//! The difference of texts that hold documents of JSON, or have several lines.

use planguard_plan::redact::SafeText;
use planguard_plan::{AttributePath, DuplicateKeys, Value};
use similar::{Algorithm, ChangeTag, capture_diff_slices, group_diff_ops};

use super::difference::Differ;
use super::entry::{Body, Form, Line, Members};
use super::place::{Known, Place};

/// Lines beside those that change.
const CONTEXT: usize = 2;

impl Differ<'_> {
    /// The difference of texts that hold documents, or have several lines.
    pub(super) fn texts(&self, texts: (Option<&str>, Option<&str>), documents: usize) -> Option<Body> {
        let (before, after) = texts;
        if documents > 0
            && let Some(body) = self.documents(before, after, documents - 1)
        {
            return Some(body);
        }
        let has_lines = |text: Option<&str>| text.is_some_and(|text| text.trim_end().contains('\n'));
        (has_lines(before) || has_lines(after)).then(|| {
            // Whole texts are redacted: a secret may have several lines.
            let (before, after) = (
                self.redactor.text(before.unwrap_or_default()),
                self.redactor.text(after.unwrap_or_default()),
            );
            Body::Lines(lines(&before, &after))
        })
    }

    pub(super) fn documents(
        &self,
        before: Option<&str>,
        after: Option<&str>,
        documents: usize,
    ) -> Option<Body> {
        // A text that is empty holds no document.
        let (before, after) = (before.filter(|text| !text.is_empty()), after.filter(|text| !text.is_empty()));
        let may_be = |text: Option<&str>| text.is_none_or(|text| text.trim_start().starts_with(['{', '[']));
        if !may_be(before) || !may_be(after) || before.is_none() && after.is_none() {
            return None;
        }
        let duplicates = DuplicateKeys::default();
        let (before, after) = (document(before, &duplicates)?, document(after, &duplicates)?);
        if duplicates.count() > 0 {
            return None;
        }
        if before == after {
            return Some(Body::Rewritten);
        }
        let (old, new) = (Place::new(before.as_ref(), None, None), Place::new(after.as_ref(), None, None));
        let path = AttributePath::default();
        let inside = Differ {
            redactor: self.redactor,
            replace_paths: &[],
            is_computed: &|_| false,
            tells_marks: false,
        };
        let is_object = |value: &Option<Value<'_>>| matches!(value, Some(Value::Object(_)) | None);
        let is_array = |value: &Option<Value<'_>>| matches!(value, Some(Value::Array(_)) | None);
        let body = if is_object(&before) && is_object(&after) {
            inside.members(old, new, &path, &Known::default(), documents)
        } else if is_array(&before) && is_array(&after) {
            inside.elements(old, new, &path, &Known::default(), documents)
        } else {
            return None;
        };
        match body {
            Body::Members(members) => {
                let form = if members.form == Form::List { Form::DocumentList } else { Form::Document };
                Some(Body::Members(Members { form, ..members }))
            }
            Body::Value { .. }
            | Body::Sensitive
            | Body::Rewritten
            | Body::Lines(_)
            | Body::Varies
            | Body::Marked(_) => None,
        }
    }
}

/// The document that a text holds; `None` inside if there is no text.
fn document<'t>(text: Option<&'t str>, duplicates: &DuplicateKeys) -> Option<Option<Value<'t>>> {
    text.map(|text| Value::parse(text, duplicates)).transpose().ok()
}

/// The lines of two texts that differ, with a few around them.
fn lines(before: &SafeText, after: &SafeText) -> Vec<Line> {
    let (old, new) = (before.lines(), after.lines());
    let operations = capture_diff_slices(Algorithm::Myers, &old, &new);
    let mut lines = Vec::new();
    for (position, group) in group_diff_ops(operations, CONTEXT).iter().enumerate() {
        if position > 0 || group.first().is_some_and(|first| first.old_range().start > 0) {
            lines.push(Line::Gap);
        }
        for change in group.iter().flat_map(|operation| operation.iter_changes(&old, &new)) {
            let text = change.value().clone();
            lines.push(match change.tag() {
                ChangeTag::Equal => Line::Same(text),
                ChangeTag::Insert => Line::Added(text),
                ChangeTag::Delete => Line::Removed(text),
            });
        }
    }
    // Two texts that differ in nothing but the ends of their lines have no other lines.
    if lines.iter().all(|line| matches!(line, Line::Same(_) | Line::Gap)) {
        lines.clear();
    }
    lines
}
