//! The difference between two values as a tree of what is added, removed and changed.
//!
//! Sensitive values are told as changed or unchanged, and not shown. Documents of JSON in texts are compared as the
//! structures that they are.

use std::collections::BTreeSet;

use planguard_plan::redact::{PLACEHOLDER, Redactor, SafeText};
use planguard_plan::{AttributePath, Mask, OutputChange, Value};
use planguard_schemas::Block;

use super::entry::{Body, Entry, Form, Marking, Members, Position, What};
use super::pairs::{Order, is_name, moved, pairs};
use super::place::{Known, Place, names};
use super::unknown::UNKNOWN;

/// A collection whose text is not longer is shown on one line.
const ONE_LINE: usize = 60;

/// So many members that stay tell which element of a list changes.
const MOST_ABOUT: usize = 6;

/// So many elements that only stand elsewhere are told one by one; all are counted.
const MOST_MOVED: usize = 8;

/// The most documents of JSON that are read inside each other.
const DOCUMENTS: usize = 3;

/// The result of comparing two values.
enum Compared {
    /// Neither exists.
    Absent,
    /// They are the same.
    Same,
    /// They differ.
    Different(Entry),
}

/// Compares values of one object.
pub(super) struct Differ<'d> {
    pub(super) redactor: &'d Redactor,
    /// The attributes that force a replacement.
    pub(super) replace_paths: &'d [AttributePath],
    /// Whether the provider fills in an attribute that is not known: it is counted, and not listed.
    pub(super) is_computed: &'d dyn Fn(&AttributePath) -> bool,
    /// Whether it is a difference that a value is sensitive on one side alone.
    pub(super) tells_marks: bool,
}

/// The attributes of an object that differ.
#[derive(Clone, Debug, Default)]
pub(super) struct Attributes {
    pub(super) entries: Vec<Entry>,
    /// How many are the same.
    pub(super) same: usize,
    /// How many the provider computes.
    pub(super) computed: usize,
}

impl Differ<'_> {
    /// The attributes of an object that differ.
    pub(super) fn attributes(&self, before: Place<'_>, after: Place<'_>, block: Option<Block>) -> Attributes {
        let known = Known { block, ..Known::default() };
        self.parts(before, after, &AttributePath::default(), &known, DOCUMENTS)
    }

    /// The members of an object that differ.
    fn parts(
        &self,
        before: Place<'_>,
        after: Place<'_>,
        path: &AttributePath,
        known: &Known,
        documents: usize,
    ) -> Attributes {
        let mut found = Attributes::default();
        for name in names(before, after) {
            let (before, after) = (before.key(name), after.key(name));
            let path = path.key(name);
            // The first name is that of an attribute, whatever is sensitive.
            let shown =
                || if path.0.len() == 1 { self.redactor.path(&path) } else { self.redactor.key(name) };
            let known = Known::of(known.block, name);
            if after.is_unknown() && (self.is_computed)(&path) {
                match self.old_block(before, &known) {
                    // Settings that somebody may rely on.
                    Some(text) => found.entries.push(Entry {
                        name: shown(),
                        what: What::Changed,
                        forces_replacement: false,
                        position: None,
                        body: Body::Value { before: Some(text), after: Some(UNKNOWN) },
                    }),
                    None => found.computed += 1,
                }
                continue;
            }
            match self.compare(shown(), before, after, &path, &known, documents) {
                Compared::Absent => {}
                Compared::Same => found.same += 1,
                Compared::Different(entry) => found.entries.push(entry),
            }
        }
        found
    }

    /// The change of an output. Plans mark it as sensitive on both sides if it is on one; whether it is after the change stands in
    /// the configuration, if there is one.
    pub(super) fn output(
        &self,
        name: SafeText,
        output: &OutputChange<'_>,
        is_sensitive_after: Option<bool>,
    ) -> Entry {
        let before = Place::new(output.before.as_ref(), None, output.before_sensitive.as_ref());
        let after =
            Place::new(output.after.as_ref(), output.after_unknown.as_ref(), output.after_sensitive.as_ref());
        let what = if output.actions.creates() {
            What::Added
        } else if output.actions.deletes() {
            What::Removed
        } else {
            What::Changed
        };
        let path = AttributePath::default();
        match self.compare(name.clone(), before, after, &path, &Known::default(), DOCUMENTS) {
            // It was sensitive then: what is on neither side is no secret.
            Compared::Different(Entry { body: Body::Sensitive, .. })
                if what == What::Changed && is_sensitive_after == Some(false) && !after.is_unknown() =>
            {
                let body = Body::Marked(Marking::RemovedFromNew);
                Entry { name, what, forces_replacement: false, position: None, body }
            }
            Compared::Different(entry) => Entry { what, ..entry },
            // Null, or the same value that is sensitive on one side alone.
            Compared::Absent | Compared::Same => {
                let is_sensitive = before.sensitive.marks_something() || after.sensitive.marks_something();
                let text = |place: Place<'_>| place.value.map(|value| self.redactor.text(&value.written()));
                let body = if let Some(marking) = self.marking(before, after, &Known::default()) {
                    Body::Marked(marking)
                } else if is_sensitive && what == What::Changed {
                    // It is updated, and its value stays: then it is the mark that changes.
                    Body::Marked(match is_sensitive_after {
                        Some(true) => Marking::Added,
                        Some(false) => Marking::Removed,
                        None => Marking::Kept,
                    })
                } else if is_sensitive {
                    Body::Sensitive
                } else {
                    Body::Value { before: text(before), after: text(after) }
                };
                Entry { name, what, forces_replacement: false, position: None, body }
            }
        }
    }

    fn compare(
        &self,
        name: SafeText,
        before: Place<'_>,
        after: Place<'_>,
        path: &AttributePath,
        known: &Known,
        documents: usize,
    ) -> Compared {
        let is_empty_block = |place: Place<'_>| {
            known.is_block
                && place.set().is_some_and(|value| value.elements().is_empty() && value.members().is_empty())
        };
        let is_absent = |place: Place<'_>| place.is_absent() || is_empty_block(place);
        let what = match (is_absent(before), is_absent(after)) {
            (true, true) => return Compared::Absent,
            (true, false) => What::Added,
            (false, true) => What::Removed,
            (false, false) => What::Changed,
        };
        // A secret that was empty and is not set now is no secret that goes away.
        let is_secret =
            known.is_sensitive || before.sensitive.marks_something() || after.sensitive.marks_something();
        let is_blank = |place: Place<'_>| {
            is_absent(place)
                || !place.unknown.marks_something()
                    && place.set().and_then(Value::as_str).is_some_and(str::is_empty)
        };
        if is_secret && what != What::Changed && is_blank(before) && is_blank(after) {
            return Compared::Same;
        }
        let is_same = before.set() == after.set() && !after.unknown.marks_something();
        if is_same {
            return match self.marking(before, after, known) {
                None if self.marks_differ(before, after, known) => {
                    let body = self.body(what, before, after, path, known, documents);
                    Compared::Different(Entry { name, what, forces_replacement: false, position: None, body })
                }
                None => Compared::Same,
                Some(marking) => {
                    let body = Body::Marked(marking);
                    Compared::Different(Entry { name, what, forces_replacement: false, position: None, body })
                }
            };
        }
        let body = self.body(what, before, after, path, known, documents);
        Compared::Different(Entry {
            name,
            what,
            forces_replacement: self.forces(path, &body),
            position: None,
            body,
        })
    }

    /// What becomes of the mark of a value that stays. What the provider calls sensitive is so in any case.
    fn marking(&self, before: Place<'_>, after: Place<'_>, known: &Known) -> Option<Marking> {
        match (before.sensitive.marks_something(), after.sensitive.marks_something()) {
            _ if !self.tells_marks || known.is_sensitive => None,
            (false, true) => Some(Marking::Added),
            (true, false) => Some(Marking::Removed),
            (true, true) | (false, false) => None,
        }
    }

    /// Whether a part of a value that stays is sensitive on one side alone.
    fn marks_differ(&self, before: Place<'_>, after: Place<'_>, known: &Known) -> bool {
        let is_open = |place: Place<'_>| matches!(place.sensitive, Mask::Parts(_));
        if !is_open(before) || !is_open(after) || self.marking(before, after, known).is_some() {
            return self.marking(before, after, known).is_some();
        }
        let elements = after.set().map_or(0, |value| value.elements().len());
        names(before, after)
            .into_iter()
            .any(|name| self.marks_differ(before.key(name), after.key(name), known))
            || (0..elements).any(|at| self.marks_differ(before.index(Some(at)), after.index(Some(at)), known))
    }

    fn body(
        &self,
        what: What,
        before: Place<'_>,
        after: Place<'_>,
        path: &AttributePath,
        known: &Known,
        documents: usize,
    ) -> Body {
        let is_hidden = |place: Place<'_>| {
            let has_parts = matches!(place.set(), Some(Value::Object(_) | Value::Array(_)));
            match place.sensitive {
                Mask::Whole => true,
                Mask::Parts(_) => place.sensitive.marks_something() && !has_parts && place.set().is_some(),
                Mask::Nothing => false,
            }
        };
        if known.is_sensitive || is_hidden(before) || is_hidden(after) {
            let tells =
                self.tells_marks && !known.is_sensitive && what == What::Changed && !after.is_unknown();
            return match (is_hidden(before), is_hidden(after)) {
                (true, false) if tells => Body::Marked(Marking::RemovedFromNew),
                (false, true) if tells => Body::Marked(Marking::AddedToNew),
                _ => Body::Sensitive,
            };
        }
        if after.is_unknown() {
            return self.unknown(what, before, path, known, documents);
        }
        let fits = self.on_one_line(before).zip(self.on_one_line(after));
        match (before.set(), after.set()) {
            (Some(Value::Object(_)) | None, Some(Value::Object(_))) | (Some(Value::Object(_)), None)
                if fits.is_none() || what == What::Changed =>
            {
                self.members(before, after, path, known, documents)
            }
            (Some(Value::Array(_)) | None, Some(Value::Array(_))) | (Some(Value::Array(_)), None)
                if fits.is_none() || keeps_some(before, after) =>
            {
                self.elements(before, after, path, known, documents)
            }
            (left, right) => {
                let texts = (left.and_then(Value::as_str), right.and_then(Value::as_str));
                self.texts(texts, documents)
                    .unwrap_or_else(|| Body::Value { before: self.text(before), after: self.text(after) })
            }
        }
    }

    /// The value as a text; `None` if there is none.
    pub(super) fn text(&self, place: Place<'_>) -> Option<SafeText> {
        place.set().map(|value| {
            let text = self.redactor.text(&value.written());
            if place.sensitive.marks_something() { SafeText::fixed(PLACEHOLDER) } else { text }
        })
    }

    /// The value as a text if it is short and nothing in it is marked; an empty one if there is none.
    fn on_one_line(&self, place: Place<'_>) -> Option<SafeText> {
        if place.sensitive.marks_something() || place.unknown.marks_something() {
            return None;
        }
        let Some(value) = place.set() else { return Some(SafeText::default()) };
        let is_flat = value.elements().iter().all(|element| match element {
            Value::Object(_) | Value::Array(_) => false,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        });
        let is_empty = value.members().is_empty();
        // Writing out a long one only to see that it is long would be a waste.
        if !is_flat || !is_empty || value.elements().len() > ONE_LINE {
            return None;
        }
        let text = self.redactor.text(&value.written());
        (text.unescaped().chars().count() <= ONE_LINE).then_some(text)
    }

    pub(super) fn members(
        &self,
        before: Place<'_>,
        after: Place<'_>,
        path: &AttributePath,
        known: &Known,
        documents: usize,
    ) -> Body {
        let Attributes { entries, same, computed } = self.parts(before, after, path, known, documents);
        let form = if known.is_block { Form::Blocks } else { Form::Map };
        let stays = before.set().is_some() && after.set().is_some();
        let about =
            if stays { self.about(before, after, known, (&BTreeSet::new(), is_name)) } else { Vec::new() };
        Body::Members(Members { form, entries, same, moved: 0, computed, about, then_unknown: false })
    }

    pub(super) fn elements(
        &self,
        before: Place<'_>,
        after: Place<'_>,
        path: &AttributePath,
        known: &Known,
        documents: usize,
    ) -> Body {
        let order = if known.is_set { Order::None } else { Order::Kept };
        let old = before.set().map(Value::elements).unwrap_or_default();
        let new = after.set().map(Value::elements).unwrap_or_default();
        let of_element = Known { is_block: false, is_set: false, ..known.clone() };
        let is_one = old.len().max(new.len()) < 2;
        let varying = if is_one { BTreeSet::new() } else { varying(new) };
        let pairs = pairs(old, new, order);
        let moved = match order {
            Order::Kept => moved(&pairs),
            Order::None => BTreeSet::new(),
        };
        let (mut entries, mut same, mut elsewhere) = (Vec::new(), 0, 0);
        for (at, (old, new)) in pairs.into_iter().enumerate() {
            let is_moved = moved.contains(&at);
            let position = (order == Order::Kept && !is_one).then_some(Position {
                before: old,
                after: new,
                moved: is_moved,
            });
            let place = path.index(new.or(old).unwrap_or_default());
            let (old, new) = (before.index(old), after.index(new));
            match self.compare(SafeText::default(), old, new, &place, &of_element, documents) {
                // An element that is null may be either.
                Compared::Absent | Compared::Same if is_moved => {
                    elsewhere += 1;
                    let about = self.about(old, new, &of_element, (&varying, |_| true));
                    let scalar = self.scalar(new);
                    let told = match scalar {
                        Some(text) => Some(moved_scalar(text, position)),
                        None if about.is_empty() => None,
                        None => Some(moved_element(about, names(old, new).len(), position)),
                    };
                    entries.extend(told.filter(|_| elsewhere <= MOST_MOVED));
                }
                Compared::Absent | Compared::Same => same += 1,
                Compared::Different(mut entry) => {
                    if let (What::Changed, Body::Members(members)) = (entry.what, &mut entry.body) {
                        members.about = self.about(old, new, &of_element, (&varying, |_| true));
                    }
                    entries.push(Entry { position, ..entry });
                }
            }
        }
        let form = if known.is_block { Form::Blocks } else { Form::List };
        Body::Members(Members {
            form,
            entries,
            same,
            moved: elsewhere,
            computed: 0,
            about: Vec::new(),
            then_unknown: false,
        })
    }

    /// The text of a value without parts, if it may be told.
    fn scalar(&self, place: Place<'_>) -> Option<SafeText> {
        if place.sensitive.marks_something() {
            return None;
        }
        match place.set()? {
            Value::Bool(_) | Value::Number(_) | Value::String(_) => self.text(place),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// The short members of a value that stay and may be told: they say which one it is. What is a name, or is not the same
    /// in all elements of the list, comes first.
    fn about(
        &self,
        before: Place<'_>,
        after: Place<'_>,
        known: &Known,
        (varying, may_be_told): (&BTreeSet<&str>, fn(&str) -> bool),
    ) -> Vec<(SafeText, SafeText)> {
        let shown = |name: &&str| {
            let (before, after) = (before.key(name), after.key(name));
            let is_hidden = before.sensitive.marks_something()
                || after.sensitive.marks_something()
                || after.unknown.marks_something()
                || Known::of(known.block, name).is_sensitive;
            if is_hidden || before.set() != after.set() {
                return None;
            }
            let is_short = match after.set()? {
                Value::String(text) => !text.is_empty() && text.len() <= ONE_LINE,
                Value::Bool(is_on) => *is_on || varying.contains(name),
                Value::Number(_) => true,
                Value::Array(elements) => !elements.is_empty() && elements.len() <= ONE_LINE,
                Value::Object(object) => !object.members().is_empty() && object.members().len() <= ONE_LINE,
                Value::Null => false,
            };
            let text = is_short.then(|| self.text(after)).flatten()?;
            (text.unescaped().chars().count() <= ONE_LINE).then(|| (self.redactor.key(name), text))
        };
        let rank = |name: &str| match (is_name(name), varying.contains(name)) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => 2,
        };
        let mut names = names(before, after);
        names.sort_by_key(|name| rank(name));
        let mut about: Vec<_> =
            names.iter().filter(|name| may_be_told(name)).filter_map(shown).take(MOST_ABOUT).collect();
        about.sort();
        about
    }

    /// Whether a difference forces the object to be replaced. A path may lead into what is shown as one value.
    fn forces(&self, path: &AttributePath, body: &Body) -> bool {
        let is_whole = match body {
            Body::Members(members) => matches!(members.form, Form::Document | Form::DocumentList),
            Body::Value { .. }
            | Body::Sensitive
            | Body::Rewritten
            | Body::Lines(_)
            | Body::Varies
            | Body::Marked(_) => true,
        };
        self.replace_paths
            .iter()
            .any(|forcing| forcing == path || is_whole && !path.is_empty() && forcing.0.starts_with(&path.0))
    }
}

/// Whether two lists of several elements have some in common, so that what differs is not all that they have.
fn keeps_some(before: Place<'_>, after: Place<'_>) -> bool {
    /// Two lists of two elements are compared at a glance.
    const FEW: usize = 2;
    let Some((old, new)) = before.set().zip(after.set()) else { return false };
    let (old, new) = (old.elements(), new.elements());
    old.len().max(new.len()) > FEW && old.iter().any(|element| new.contains(element))
}

/// A value without parts that is the same and stands elsewhere.
fn moved_scalar(text: SafeText, position: Option<Position>) -> Entry {
    Entry {
        name: SafeText::default(),
        what: What::Changed,
        forces_replacement: false,
        position,
        body: Body::Value { before: Some(text.clone()), after: Some(text) },
    }
}

/// An element that is the same and stands elsewhere.
fn moved_element(about: Vec<(SafeText, SafeText)>, members: usize, position: Option<Position>) -> Entry {
    let members = Members {
        form: Form::Map,
        entries: Vec::new(),
        same: members,
        moved: 0,
        computed: 0,
        about,
        then_unknown: false,
    };
    Entry {
        name: SafeText::default(),
        what: What::Changed,
        forces_replacement: false,
        position,
        body: Body::Members(members),
    }
}

/// The members that are not the same in all objects of a list: they tell its elements apart.
fn varying<'v>(elements: &'v [Value<'v>]) -> BTreeSet<&'v str> {
    let Some(first) = elements.first() else { return BTreeSet::new() };
    let names = elements.iter().flat_map(Value::members).map(|(name, value)| (name.as_ref(), value));
    names.filter(|(name, value)| first.get(name) != Some(*value)).map(|(name, _)| name).collect()
}
