//! What was there before a value that is known only after apply.

use planguard_plan::redact::SafeText;
use planguard_plan::{AttributePath, Value, written_key};

use super::difference::Differ;
use super::entry::{Body, Members, What};
use super::place::{Known, Place};

/// The text of a value that is not known yet.
pub(super) const UNKNOWN: SafeText = SafeText::fixed("(known after apply)");

/// An old value whose text is longer is told by its parts.
const LONG: usize = 160;

impl Differ<'_> {
    /// What was there, where what comes is not known yet. What has parts is told by them, if it is long.
    pub(super) fn unknown(
        &self,
        what: What,
        before: Place<'_>,
        path: &AttributePath,
        known: &Known,
        documents: usize,
    ) -> Body {
        let text = (what == What::Changed).then(|| self.text(before)).flatten();
        let is_short = || text.as_ref().is_none_or(|text| text.unescaped().chars().count() <= LONG);
        let has_marks = before.sensitive.marks_something();
        let parts = match before.set().filter(|_| what == What::Changed) {
            Some(Value::Object(_)) if known.is_block || has_marks || !is_short() => {
                Some(self.members(before, Place::absent(), path, known, documents))
            }
            Some(Value::Array(_)) if known.is_block || has_marks || !is_short() => {
                Some(self.elements(before, Place::absent(), path, known, documents))
            }
            Some(Value::String(text)) => {
                documents.checked_sub(1).and_then(|documents| self.documents(Some(text), None, documents))
            }
            Some(_) | None => None,
        };
        match parts {
            Some(Body::Members(members)) if !members.entries.is_empty() => {
                Body::Members(Members { then_unknown: true, ..members })
            }
            _ => Body::Value { before: text.filter(|_| !has_marks), after: Some(UNKNOWN) },
        }
    }

    /// What was set in a block that the provider may fill in anew, on one line; `None` if nothing was, or it must not be told.
    pub(super) fn old_block(&self, before: Place<'_>, known: &Known) -> Option<SafeText> {
        if !known.is_block || before.sensitive.marks_something() {
            return None;
        }
        let written = written_set(before.set()?)?;
        let single = written.strip_prefix('[').and_then(|inner| inner.strip_suffix(']'));
        let is_single = before.set()?.elements().len() == 1;
        Some(self.redactor.text(single.filter(|_| is_single).unwrap_or(&written)))
    }
}

/// A value as HCL writes it, without what is not set or empty in it; `None` if nothing is left.
fn written_set(value: &Value<'_>) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(value.written()),
        Value::Array(elements) => {
            let set: Vec<String> = elements.iter().filter_map(written_set).collect();
            (!set.is_empty()).then(|| format!("[{}]", set.join(", ")))
        }
        Value::Object(object) => {
            let members = object.members().iter();
            let set: Vec<String> = members
                .filter_map(|(name, value)| Some(format!("{} = {}", written_key(name), written_set(value)?)))
                .collect();
            (!set.is_empty()).then(|| format!("{{ {} }}", set.join(", ")))
        }
    }
}
