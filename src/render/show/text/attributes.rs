//! Writes what differs in one object: its attributes, their members and elements, and the lines of texts.

use planguard_plan::redact::SafeText;
use planguard_plan::written_key;

use super::super::words::{
    ONLY_LINE_ENDS, VARIES, cut_alike, cut_end, cut_lines, is_only_moved, mark, marking, place,
};
use super::Page;
use crate::render::colour::Style;
use crate::render::layout::count;
use crate::show::{Body, Deed, Empty, Entry, Form, Group, Line, Members, Position, What};

/// A longer value is cut, unless everything is shown.
const LONGEST_VALUE: usize = 160;

/// Lines of the attributes of one object that is created; more are counted, unless everything is shown.
const MOST_LINES: usize = 40;

/// Lines of what was there before something that is known after apply; more are counted, unless everything is shown.
const MOST_OLD_LINES: usize = 20;

/// Where names come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// The provider's schema, or nowhere: elements of lists have none.
    OfSchema,
    /// They are keys of a map, and may be any text.
    Keys,
}

/// What is counted and not listed.
struct Counted {
    computed: usize,
    moved: usize,
    same: usize,
    empty: usize,
}

impl Page {
    /// The attributes of a group that differ. Of what is destroyed nothing remains: only what names it is shown.
    pub(super) fn attributes(&mut self, group: &Group, indent: usize) {
        let object = &group.first;
        if !self.everything() && object.deed == Deed::Destroy {
            if let Some(entry) = identifying(&object.entries) {
                self.entry(entry, entry.name.for_terminal_line(), indent);
            }
            return;
        }
        // What the provider fills a new object with is empty mostly.
        let mut inner =
            Self::new(self.layout).with(if object.is_new() { Empty::Hidden } else { Empty::Shown });
        inner.entries(&object.entries, Names::OfSchema, indent);
        let empty = inner.hidden(&object.entries);
        let counted = |same| Counted { computed: object.computed, moved: 0, same, empty };
        let is_long = inner.lines.len() > MOST_LINES && object.deed == Deed::Create;
        if is_long && !self.everything() {
            let more = inner.lines.len() - MOST_LINES;
            inner.lines.truncate(MOST_LINES);
            inner.faint(
                indent,
                &format!("… and {}; --show all shows them", count(more, "more line", "more lines")),
            );
        }
        self.lines.append(&mut inner.lines);
        let same = if object.deed == Deed::Create { 0 } else { object.same };
        self.counts(counted(same), ("attribute", "attributes"), indent);
    }

    pub(super) fn entries(&mut self, entries: &[Entry], names: Names, indent: usize) {
        let shows_all = self.everything() || self.empty == Empty::Shown;
        let entries: Vec<&Entry> = entries.iter().filter(|entry| shows_all || !entry.is_nothing()).collect();
        let labels: Vec<String> = entries.iter().map(|entry| label(entry, names)).collect();
        let width = entries
            .iter()
            .zip(&labels)
            .filter(
                |(entry, _)| !matches!(&entry.body, Body::Members(members) if members.form == Form::Blocks),
            )
            .map(|(_, label)| label.chars().count())
            .max()
            .unwrap_or_default();
        let cut = self.cut_elements(&entries);
        for ((entry, label), cut) in entries.into_iter().zip(labels).zip(cut) {
            match cut {
                Some(text) => {
                    let mark = self.layout.colour.paint(entry_style(entry.what), mark(entry.what));
                    self.line(indent, &format!("{mark} {text}"));
                }
                None => self.entry(entry, format!("{label:<width$}"), indent),
            }
        }
    }

    /// The texts of long elements that stand beside each other and differ only behind their starts.
    fn cut_elements(&self, entries: &[&Entry]) -> Vec<Option<String>> {
        let only = |entry: &Entry| match &entry.body {
            Body::Value { before: Some(text), after: None }
            | Body::Value { before: None, after: Some(text) }
                if entry.name.unescaped().is_empty() =>
            {
                Some(text.for_terminal_line())
            }
            Body::Value { .. }
            | Body::Sensitive
            | Body::Rewritten
            | Body::Members(_)
            | Body::Lines(_)
            | Body::Varies
            | Body::Marked(_) => None,
        };
        let mut cut = vec![None; entries.len()];
        if self.everything() {
            return cut;
        }
        for (at, pair) in entries.windows(2).enumerate() {
            let [above, below] = pair else { continue };
            let both = only(above).zip(only(below));
            let Some((above, below)) = both.and_then(|(one, other)| cut_alike(&one, &other, LONGEST_VALUE))
            else {
                continue;
            };
            for (place, text) in [(at, above), (at + 1, below)] {
                if let Some(cut) = cut.get_mut(place).filter(|cut| cut.is_none()) {
                    *cut = Some(text);
                }
            }
        }
        cut
    }

    /// An entry under its name, which may have spaces behind it.
    fn entry(&mut self, entry: &Entry, name: String, indent: usize) {
        let style = entry_style(entry.what);
        let mark = self.layout.colour.paint(style, mark(entry.what));
        let forces = if entry.forces_replacement {
            self.layout.colour.paint(Style::Bad, "  # forces replacement")
        } else {
            String::new()
        };
        let label = match entry.position {
            // What is added or removed needs no place.
            Some(at) if entry.what == What::Changed => format!("{} = ", place(at)),
            _ if is_blank(&name) => String::new(),
            _ => format!("{name} = "),
        };
        if is_only_moved(entry) {
            self.moved(entry, name.trim_end(), indent);
            return;
        }
        match &entry.body {
            Body::Value { before, after } => {
                // An element is gone; an attribute is null.
                let is_element = (is_blank(&name) || self.is_old) && after.is_none();
                let after = if is_element { before.as_ref() } else { after.as_ref() };
                let before = before.as_ref().filter(|_| !is_element);
                let text = self.values(before, after);
                self.line(indent, &format!("{mark} {label}{text}{forces}"));
            }
            Body::Sensitive => {
                let text = match entry.what {
                    What::Changed => "(sensitive value, changed)",
                    What::Added | What::Removed => "(sensitive value)",
                };
                self.line(indent, &format!("{mark} {label}{text}{forces}"));
            }
            Body::Varies => self.line(indent, &format!("{mark} {label}{VARIES}{forces}")),
            Body::Marked(change) => {
                self.line(indent, &format!("{mark} {label}{}{forces}", marking(*change)));
            }
            Body::Lines(lines) if lines.is_empty() => {
                self.line(indent, &format!("{mark} {label}{ONLY_LINE_ENDS}{forces}"));
            }
            Body::Rewritten => {
                self.line(
                    indent,
                    &format!("{mark} {label}(the same document, written in another way){forces}"),
                );
            }
            Body::Lines(lines) => {
                self.line(indent, &format!("{mark} {label}<<text{forces}"));
                self.text_lines(lines, indent + 4);
            }
            Body::Members(members) if members.form == Form::Blocks && members.then_unknown => {
                let name = entry.name.for_terminal_line();
                self.line(indent, &format!("{mark} {name} (known after apply){forces}"));
                let gone = Entry { what: What::Removed, forces_replacement: false, ..entry.clone() };
                self.old(|page| page.blocks(&gone, members, indent), indent);
            }
            Body::Members(members) if members.form == Form::Blocks => self.blocks(entry, members, indent),
            Body::Members(members) => {
                let (open, close) = match members.form {
                    Form::List => ("[", "]"),
                    Form::Document => ("JSON {", "}"),
                    Form::DocumentList => ("JSON [", "]"),
                    Form::Map | Form::Blocks => ("{", "}"),
                };
                self.line(indent, &format!("{mark} {label}{open}{forces}"));
                self.about(members, indent + 4);
                if members.then_unknown {
                    self.old(|page| page.members(members, indent + 4), indent + 4);
                    self.line(indent + 2, &format!("{close} -> (known after apply)"));
                } else {
                    self.members(members, indent + 4);
                    self.line(indent + 2, close);
                }
            }
        }
    }

    /// What was there before something that is known after apply. A lot of it is cut.
    fn old(&mut self, write: impl FnOnce(&mut Self), indent: usize) {
        let mut inner = Self { lines: Vec::new(), layout: self.layout, empty: Empty::Hidden, is_old: true };
        write(&mut inner);
        let more = inner.lines.len().saturating_sub(MOST_OLD_LINES);
        if more > 1 && !self.everything() {
            inner.lines.truncate(MOST_OLD_LINES);
            inner.faint(
                indent,
                &format!("… and {}; --show all shows them", count(more, "more line", "more lines")),
            );
        }
        self.lines.append(&mut inner.lines);
    }

    /// An element that is the same and stands elsewhere, on one line.
    fn moved(&mut self, entry: &Entry, name: &str, indent: usize) {
        let Some(position) = entry.position else { return };
        let mark = self.layout.colour.paint(entry_style(entry.what), mark(entry.what));
        let what = match &entry.body {
            Body::Members(members) => {
                let about = members.about.iter();
                let about = about.map(|(name, value)| {
                    format!("{} = {}", name.for_terminal_line(), value.for_terminal_line())
                });
                about.collect::<Vec<_>>().join(", ")
            }
            Body::Value { after: Some(value), .. } => self.cut(&value.for_terminal_line()),
            Body::Value { after: None, .. }
            | Body::Sensitive
            | Body::Rewritten
            | Body::Lines(_)
            | Body::Varies
            | Body::Marked(_) => return,
        };
        let name = if name.is_empty() { String::new() } else { format!("{name} ") };
        self.line(indent, &format!("{mark} {name}{}: moved, {what}", place(position)));
    }

    /// Nested blocks: one `name { … }` for each that differs. A single one has its members as entries.
    fn blocks(&mut self, entry: &Entry, members: &Members, indent: usize) {
        let name = entry.name.for_terminal_line();
        let block =
            |page: &mut Self, (what, at): (What, Option<Position>), members: &Members, is_forcing: bool| {
                let mark = page.layout.colour.paint(entry_style(what), mark(what));
                let forces = if is_forcing { "  # forces replacement" } else { "" };
                // What is added or removed needs no place.
                let at = at.filter(|_| what == What::Changed).map(|at| format!("{} ", place(at)));
                page.line(indent, &format!("{mark} {name} {}{{{forces}", at.unwrap_or_default()));
                page.about(members, indent + 4);
                page.entries(&members.entries, Names::OfSchema, indent + 4);
                // An element of a list of blocks is a block, too.
                let counted = Counted {
                    computed: members.computed,
                    moved: 0,
                    same: members.unlisted(),
                    empty: page.hidden(&members.entries),
                };
                page.counts(counted, ("attribute", "attributes"), indent + 4);
                page.line(indent + 2, "}");
            };
        if members.is_single_block() {
            block(self, (entry.what, None), members, entry.forces_replacement);
            return;
        }
        for element in &members.entries {
            let is_forcing = element.forces_replacement || entry.forces_replacement;
            match &element.body {
                Body::Members(_) if is_only_moved(element) => self.moved(element, &name, indent),
                Body::Members(members) => block(self, (element.what, element.position), members, is_forcing),
                Body::Value { .. }
                | Body::Sensitive
                | Body::Rewritten
                | Body::Lines(_)
                | Body::Varies
                | Body::Marked(_) => {
                    let named = Entry { name: entry.name.clone(), position: None, ..element.clone() };
                    self.entry(&named, named.name.for_terminal_line(), indent);
                }
            }
        }
        if members.same > 0 {
            let blocks = count(members.same, "block", "blocks");
            self.faint(indent, &format!("({blocks} `{name}` unchanged)"));
        }
        if members.moved > 0 {
            let blocks = count(members.moved, "block", "blocks");
            self.faint(indent, &format!("({blocks} `{name}` moved)"));
        }
    }

    /// What tells an element apart from the others.
    fn about(&mut self, members: &Members, indent: usize) {
        let names: Vec<String> = members.about.iter().map(|(name, _)| name.for_terminal_line()).collect();
        let width = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
        for (name, (_, value)) in names.iter().zip(&members.about) {
            let value = self.cut(&value.for_terminal_line());
            self.faint(indent, &format!("  {name:<width$} = {value}"));
        }
    }

    fn members(&mut self, members: &Members, indent: usize) {
        let names = match members.form {
            Form::Map | Form::Document => Names::Keys,
            Form::List | Form::DocumentList | Form::Blocks => Names::OfSchema,
        };
        self.entries(&members.entries, names, indent);
        let words = match members.form {
            Form::List | Form::DocumentList => ("element", "elements"),
            Form::Blocks => ("attribute", "attributes"),
            Form::Map | Form::Document => ("member", "members"),
        };
        let counted = Counted {
            computed: members.computed,
            moved: members.moved,
            same: members.unlisted(),
            empty: self.hidden(&members.entries),
        };
        self.counts(counted, words, indent);
    }

    /// How many of these say nothing and are not shown.
    fn hidden(&self, entries: &[Entry]) -> usize {
        let shows_all = self.everything() || self.empty == Empty::Shown;
        if shows_all { 0 } else { entries.iter().filter(|entry| entry.is_nothing()).count() }
    }

    /// What is not listed.
    fn counts(&mut self, counted: Counted, (one, many): (&str, &str), indent: usize) {
        let Counted { computed, moved, same, empty } = counted;
        let counted =
            [(computed, "known after apply"), (moved, "moved"), (same, "unchanged"), (empty, "empty")];
        let parts: Vec<String> = counted
            .into_iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, words)| format!("{} {words}", count(number, one, many)))
            .collect();
        if !parts.is_empty() {
            self.faint(indent, &format!("({})", parts.join(", ")));
        }
    }

    fn text_lines(&mut self, lines: &[Line], indent: usize) {
        let longest = if self.everything() { usize::MAX } else { LONGEST_VALUE };
        for (line, text) in lines.iter().zip(cut_lines(lines, longest, SafeText::for_terminal_line)) {
            let mark = match line {
                Line::Same(_) => "|".to_owned(),
                Line::Added(_) => self.layout.colour.paint(Style::Good, "+"),
                Line::Removed(_) => self.layout.colour.paint(Style::Bad, "-"),
                Line::Gap => " ".to_owned(),
            };
            match line {
                Line::Gap => self.faint(indent, &format!("  {text}")),
                Line::Same(_) | Line::Added(_) | Line::Removed(_) => {
                    self.line(indent, &format!("{mark} {text}"));
                }
            }
        }
    }

    fn values(&self, before: Option<&SafeText>, after: Option<&SafeText>) -> String {
        let text = |value: &SafeText| self.cut(&value.for_terminal_line());
        match (before, after) {
            (Some(before), Some(after)) => {
                let whole = (before.for_terminal_line(), after.for_terminal_line());
                match cut_alike(&whole.0, &whole.1, LONGEST_VALUE).filter(|_| !self.everything()) {
                    Some((before, after)) => format!("{before} -> {after}"),
                    None => format!("{} -> {}", text(before), text(after)),
                }
            }
            (Some(before), None) => format!("{} -> null", text(before)),
            (None, Some(after)) => text(after),
            (None, None) => "null".to_owned(),
        }
    }

    /// The start of a long text.
    pub(super) fn cut(&self, text: &str) -> String {
        if self.everything() { text.to_owned() } else { cut_end(text, LONGEST_VALUE) }
    }
}

const fn entry_style(what: What) -> Style {
    match what {
        What::Added => Style::Good,
        What::Removed => Style::Bad,
        What::Changed => Style::Notable,
    }
}

/// The name of an entry as it is shown; keys of maps stand in quotes where they are no identifiers.
fn label(entry: &Entry, names: Names) -> String {
    let name = entry.name.for_terminal_line();
    match names {
        Names::OfSchema => name,
        Names::Keys => written_key(&name).into_owned(),
    }
}

/// Whether an element of a list has no name, which may have been filled with spaces.
fn is_blank(name: &str) -> bool {
    name.trim_end().is_empty()
}

/// The attributes by which people know an object, the best first.
const IDENTIFYING: [&str; 9] = [
    "name",
    "bucket",
    "identifier",
    "cluster_identifier",
    "function_name",
    "domain_name",
    "display_name",
    "arn",
    "id",
];

/// What tells which object is destroyed, unless it is sensitive, empty, or not the same in all objects of a group.
fn identifying(entries: &[Entry]) -> Option<&Entry> {
    let named = |name: &str| {
        entries.iter().find(|entry| {
            let is_told = match &entry.body {
                Body::Value { before: Some(text), after: None } => {
                    !matches!(text.unescaped(), "\"\"" | "null")
                }
                _ => false,
            };
            is_told && entry.name.unescaped() == name
        })
    };
    IDENTIFYING.into_iter().find_map(named)
}
