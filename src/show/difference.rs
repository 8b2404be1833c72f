//! The difference between two values as a tree of what is added, removed and changed.
//!
//! Sensitive values are told as changed or unchanged, and not shown. Documents of JSON in texts are compared as the
//! structures that they are.

use std::collections::BTreeSet;

use planguard_plan::redact::{PLACEHOLDER, Redactor, SafeText};
use planguard_plan::{AttributePath, DuplicateKeys, Mask, OutputChange, Value};
use planguard_schemas::{Block, Kind, Nesting, Sensitive};
use similar::{Algorithm, ChangeTag, capture_diff_slices, group_diff_ops};

use super::pairs::{Order, is_name, moved, pairs};

/// The text of a value that is not known yet.
const UNKNOWN: SafeText = SafeText::fixed("(known after apply)");

/// A collection whose text is not longer is shown on one line.
const ONE_LINE: usize = 60;

/// So many members that stay tell which element of a list changes.
const MOST_ABOUT: usize = 6;

/// So many elements that only stand elsewhere are told one by one; all are counted.
const MOST_MOVED: usize = 8;

/// Lines beside those that change, in texts of several lines.
const CONTEXT: usize = 2;

/// The most documents of JSON that are read inside each other.
const DOCUMENTS: usize = 3;

/// What happens to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// It is added.
    Added,
    /// It is removed.
    Removed,
    /// It, or something in it, is changed.
    Changed,
}

/// A value that differs, and how.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The name of the attribute, block or member; empty for an element of a list.
    pub name: SafeText,
    /// What happens to it.
    pub what: What,
    /// Whether this forces the object to be replaced.
    pub forces_replacement: bool,
    /// Where it stands, if it is an element of a list of several whose order means something.
    pub position: Option<Position>,
    /// The value.
    pub body: Body,
}

/// Where an element of a list stands, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Position {
    /// Before the change, unless it is added.
    pub before: Option<usize>,
    /// After it, unless it is removed.
    pub after: Option<usize>,
    /// Whether it stands elsewhere among the elements that stay. One that is only pushed along does not.
    pub moved: bool,
}

/// What to do with a difference between nothing and something empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Empty {
    /// It says nothing: providers fill new objects with it.
    Hidden,
    /// Somebody, or the provider, changes it.
    Shown,
}

impl Entry {
    /// Whether something that was not set is empty now, or the other way round.
    pub fn is_nothing(&self) -> bool {
        let is_empty = |text: &SafeText| matches!(text.unescaped(), "\"\"" | "[]" | "{}");
        match &self.body {
            Body::Value { before: None, after: Some(text) }
            | Body::Value { before: Some(text), after: None } => is_empty(text),
            Body::Members(members) if self.what == What::Changed => {
                !members.entries.is_empty()
                    && members.entries.iter().all(Self::is_nothing)
                    && members.moved == 0
                    && members.computed == 0
            }
            Body::Members(members) => {
                members.entries.iter().all(Self::is_nothing)
                    && members.same == 0
                    && members.moved == 0
                    && members.computed == 0
            }
            Body::Value { .. }
            | Body::Sensitive
            | Body::Rewritten
            | Body::Lines(_)
            | Body::Varies
            | Body::Marked(_) => false,
        }
    }
}

/// The difference of a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Body {
    /// Before and after as texts; `None` where there is none.
    Value {
        /// Before the change.
        before: Option<SafeText>,
        /// After the change.
        after: Option<SafeText>,
    },
    /// A sensitive value.
    Sensitive,
    /// A document that is written in another way and says the same.
    Rewritten,
    /// Members or elements.
    Members(Members),
    /// Lines of a text; none if it is only the ends of lines that differ.
    Lines(Vec<Line>),
    /// Objects of a group have different values here.
    Varies,
    /// The same value, which is sensitive on one side alone.
    Marked(Marking),
}

/// What becomes of the mark of a sensitive value that stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Marking {
    /// It is sensitive from now on.
    Added,
    /// It is no longer sensitive.
    Removed,
    /// It is as sensitive as before: the plan updates it without another value.
    Kept,
}

/// The difference of a value with parts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Members {
    /// What they are.
    pub form: Form,
    /// The parts that differ.
    pub entries: Vec<Entry>,
    /// How many do not.
    pub same: usize,
    /// How many of a list are the same and stand elsewhere.
    pub moved: usize,
    /// How many the provider computes at apply.
    pub computed: usize,
    /// What tells an element of a list apart from the others, and stays: names with values.
    pub about: Vec<(SafeText, SafeText)>,
}

impl Members {
    /// How many members stay, without those that are told because they say which element it is.
    pub fn unlisted(&self) -> usize {
        self.same.saturating_sub(self.about.len())
    }

    /// Whether they are the members of a single block, and not several blocks.
    pub fn is_single_block(&self) -> bool {
        let is_member = |entry: &Entry| !entry.name.unescaped().is_empty();
        self.form == Form::Blocks && (self.computed > 0 || self.entries.iter().any(is_member))
    }
}

/// What a value with parts is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// `name { … }`, for each element.
    Blocks,
    /// `name = { … }`.
    Map,
    /// `name = [ … ]`.
    List,
    /// A text that holds a document of JSON: an object.
    Document,
    /// A text that holds a document of JSON: a list.
    DocumentList,
}

/// A line of a text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Line {
    /// It is the same.
    Same(SafeText),
    /// It is added.
    Added(SafeText),
    /// It is removed.
    Removed(SafeText),
    /// Lines between that are the same.
    Gap,
}

/// A value on one side, with its masks.
#[derive(Clone, Copy)]
pub(super) struct Place<'v> {
    value: Option<&'v Value<'v>>,
    unknown: Mask<'v>,
    sensitive: Mask<'v>,
}

impl<'v> Place<'v> {
    pub(super) fn new(
        value: Option<&'v Value<'v>>,
        unknown: Option<&'v Value<'v>>,
        sensitive: Option<&'v Value<'v>>,
    ) -> Self {
        Self { value, unknown: Mask::of(unknown), sensitive: Mask::of(sensitive) }
    }

    const fn absent() -> Self {
        Self { value: None, unknown: Mask::Nothing, sensitive: Mask::Nothing }
    }

    fn key(self, name: &str) -> Self {
        Self {
            value: self.value.and_then(|value| value.get(name)),
            unknown: self.unknown.key(name),
            sensitive: self.sensitive.key(name),
        }
    }

    fn index(self, position: Option<usize>) -> Self {
        let Some(position) = position else { return Self::absent() };
        Self {
            value: self.value.and_then(|value| value.elements().get(position)),
            unknown: self.unknown.index(position),
            sensitive: self.sensitive.index(position),
        }
    }

    /// The value, unless it is null, which is how plans write what is not set.
    fn set(self) -> Option<&'v Value<'v>> {
        self.value.filter(|value| **value != Value::Null)
    }

    const fn is_unknown(self) -> bool {
        matches!(self.unknown, Mask::Whole)
    }

    fn is_absent(self) -> bool {
        self.set().is_none() && !self.unknown.marks_something()
    }

    /// The keys of its members, known or not.
    fn keys(self) -> Vec<&'v str> {
        let known = self.value.map(Value::members).unwrap_or_default();
        let unknown = match self.unknown {
            Mask::Parts(parts) => parts.members(),
            Mask::Nothing | Mask::Whole => &[],
        };
        known.iter().chain(unknown).map(|(name, _)| name.as_ref()).collect()
    }
}

/// What the schema says of a place.
#[derive(Clone, Default)]
struct Known {
    /// The attributes of its members.
    block: Option<Block>,
    /// Whether it is written as blocks.
    is_block: bool,
    /// Whether its elements have no order.
    is_set: bool,
    /// Whether it is a secret.
    is_sensitive: bool,
}

impl Known {
    fn of(block: Option<Block>, name: &str) -> Self {
        let Some(attribute) = block.and_then(|block| block.attribute(name)) else { return Self::default() };
        let is_sensitive = match attribute.sensitive {
            Sensitive::No => false,
            Sensitive::Marked | Sensitive::Unmarked => true,
        };
        let known = Self { is_sensitive, ..Self::default() };
        match &attribute.kind {
            Kind::Nested(nested) => Self {
                block: Some(nested.block),
                is_block: nested.is_block,
                is_set: nested.nesting == Nesting::Set,
                ..known
            },
            Kind::Set(_) => Self { is_set: true, ..known },
            Kind::Bool
            | Kind::String
            | Kind::Number
            | Kind::Any
            | Kind::Tuple
            | Kind::List(_)
            | Kind::Map(_) => known,
        }
    }
}

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
            if after.is_unknown() && (self.is_computed)(&path) {
                found.computed += 1;
                continue;
            }
            // The first name is that of an attribute, whatever is sensitive.
            let shown = if path.0.len() == 1 { self.redactor.path(&path) } else { self.redactor.key(name) };
            match self.compare(shown, before, after, &path, &Known::of(known.block, name), documents) {
                Compared::Absent => {}
                Compared::Same => found.same += 1,
                Compared::Different(entry) => found.entries.push(entry),
            }
        }
        found
    }

    /// The change of an output.
    pub(super) fn output(&self, name: SafeText, output: &OutputChange<'_>) -> Entry {
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
            Compared::Different(entry) => Entry { what, ..entry },
            // Null, or the same value that is sensitive on one side alone.
            Compared::Absent | Compared::Same => {
                let is_sensitive = before.sensitive.marks_something() || after.sensitive.marks_something();
                let text = |place: Place<'_>| place.value.map(|value| self.redactor.text(&value.written()));
                let body = if let Some(marking) = self.marking(before, after, &Known::default()) {
                    Body::Marked(marking)
                } else if is_sensitive && what == What::Changed {
                    Body::Marked(Marking::Kept)
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
            return Body::Sensitive;
        }
        if after.is_unknown() {
            let is_plain = before.set().is_some() && !before.sensitive.marks_something();
            let before = is_plain.then(|| self.text(before)).flatten();
            return Body::Value { before, after: Some(UNKNOWN) };
        }
        let fits = self.on_one_line(before).zip(self.on_one_line(after));
        match (before.set(), after.set()) {
            (Some(Value::Object(_)) | None, Some(Value::Object(_))) | (Some(Value::Object(_)), None)
                if fits.is_none() || what == What::Changed =>
            {
                self.members(before, after, path, known, documents)
            }
            (Some(Value::Array(_)) | None, Some(Value::Array(_))) | (Some(Value::Array(_)), None)
                if fits.is_none() =>
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
    fn text(&self, place: Place<'_>) -> Option<SafeText> {
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

    fn members(
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
        Body::Members(Members { form, entries, same, moved: 0, computed, about })
    }

    fn elements(
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
                    if !about.is_empty() && elsewhere <= MOST_MOVED {
                        entries.push(moved_element(about, names(old, new).len(), position));
                    }
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
        Body::Members(Members { form, entries, same, moved: elsewhere, computed: 0, about: Vec::new() })
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

    /// The difference of texts that hold documents, or have several lines.
    fn texts(&self, texts: (Option<&str>, Option<&str>), documents: usize) -> Option<Body> {
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

    fn documents(&self, before: Option<&str>, after: Option<&str>, documents: usize) -> Option<Body> {
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

/// The document that a text holds; `None` inside if there is no text.
fn document<'t>(text: Option<&'t str>, duplicates: &DuplicateKeys) -> Option<Option<Value<'t>>> {
    text.map(|text| Value::parse(text, duplicates)).transpose().ok()
}

/// The names of both sides, in order.
fn names<'v>(before: Place<'v>, after: Place<'v>) -> Vec<&'v str> {
    let mut names = [before.keys(), after.keys()].concat();
    names.sort_unstable();
    names.dedup();
    names
}

/// An element that is the same and stands elsewhere.
fn moved_element(about: Vec<(SafeText, SafeText)>, members: usize, position: Option<Position>) -> Entry {
    let members =
        Members { form: Form::Map, entries: Vec::new(), same: members, moved: 0, computed: 0, about };
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
