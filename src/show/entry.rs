//! What differs between two values: a tree of what is added, removed and changed.

use planguard_plan::redact::SafeText;

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
                    && !members.then_unknown
                    && members.entries.iter().all(Self::is_nothing)
                    && members.moved == 0
                    && members.computed == 0
            }
            Body::Members(members) => {
                members.entries.iter().all(Self::is_nothing)
                    && !members.then_unknown
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
    /// A value that is sensitive on one side alone.
    Marked(Marking),
}

/// What becomes of the mark of a sensitive value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Marking {
    /// It stays, and is sensitive from now on.
    Added,
    /// It stays, and is no longer sensitive.
    Removed,
    /// Another value comes, which is sensitive.
    AddedToNew,
    /// Another value comes, which is not sensitive.
    RemovedFromNew,
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
    /// Whether all of them were there before, and what comes in their place is known after apply.
    pub then_unknown: bool,
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
