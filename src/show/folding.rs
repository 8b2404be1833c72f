//! Instances of a block that change alike, as one group.

use std::collections::HashMap;

use planguard_plan::redact::{Redactor, SafeText};

use super::entry::{Body, Entry, Members};
use super::object::Object;

/// The least number of instances that are folded.
const LEAST: usize = 3;

/// Instances of which no more are there are told one by one, if some share a value and others do not.
const FEW: usize = 12;

/// So many ways in which instances of a block change are told apart.
const MOST_SHAPES: usize = 20;

/// Objects that change alike.
#[derive(Clone, Debug)]
pub struct Group {
    /// The first of them. Where the others have other values, its entries say so.
    pub first: Object,
    /// The instance keys of all, if there are several.
    pub keys: Vec<SafeText>,
    /// Each of them, if there are several.
    pub objects: Vec<Object>,
}

/// Folds instances of a block that change alike.
pub(super) fn groups(objects: Vec<Object>) -> Vec<Group> {
    let mut groups: Vec<Vec<Object>> = Vec::new();
    for object in objects {
        // Instances of a block follow each other; one that changes otherwise does not part those around it.
        let mut near = groups.iter_mut().rev().take(MOST_SHAPES);
        match near.find(|group| group.first().is_some_and(|first| is_alike(first, &object))) {
            Some(group) => group.push(object),
            None => groups.push(vec![object]),
        }
    }
    groups.into_iter().flat_map(split).flat_map(folded).collect()
}

/// Takes apart a group in which some objects have a value that others do not have, so that none of them is hidden among the
/// others. A value that is another one in each object, such as a name, stays in the group.
fn split(objects: Vec<Object>) -> Vec<Vec<Object>> {
    let (mut parts, mut rest) = (Vec::new(), objects);
    while rest.len() >= LEAST && parts.len() < MOST_SHAPES {
        match odd(&rest) {
            Odd::None => break,
            Odd::Few => {
                parts.extend(rest.into_iter().map(|object| vec![object]));
                return parts;
            }
            Odd::Value(has_it) => {
                let mut marks = has_it.into_iter();
                let (alike, others): (Vec<_>, Vec<_>) =
                    rest.into_iter().partition(|_| marks.next().unwrap_or_default());
                parts.push(alike);
                rest = others;
            }
        }
    }
    if !rest.is_empty() {
        parts.push(rest);
    }
    parts.sort_by_key(|part| part.first().map(|object| object.place));
    parts
}

/// What keeps objects from being told as one.
enum Odd {
    /// Nothing: each value is the same in all, or another one in each.
    None,
    /// So many have the same value in a place that it stands for them, and others do not.
    Value(Vec<bool>),
    /// They are so few that each is better told by itself.
    Few,
}

fn odd(objects: &[Object]) -> Odd {
    let rows: Vec<Vec<Cell<'_>>> = objects.iter().map(|object| cells(&object.entries)).collect();
    let places = rows.first().map_or(0, Vec::len);
    let mut is_mixed = false;
    for place in 0..places {
        let column: Vec<&Cell<'_>> = rows.iter().filter_map(|row| row.get(place)).collect();
        let mut numbers: HashMap<&Cell<'_>, usize> = HashMap::new();
        column.iter().for_each(|value| *numbers.entry(*value).or_default() += 1);
        if numbers.len() == 1 {
            continue;
        }
        let most = numbers.values().copied().max().unwrap_or_default();
        let by_key = by_key(objects, &column);
        let following = by_key.iter().filter(|follows| **follows).count();
        if following == objects.len() {
            continue;
        }
        if following >= LEAST && following > most {
            return Odd::Value(by_key);
        }
        if numbers.len() == objects.len() {
            continue;
        }
        is_mixed = true;
        if most >= LEAST {
            // Of two that are as frequent, that of the first object.
            let common = column.iter().find(|value| numbers.get(**value) == Some(&most));
            return Odd::Value(column.iter().map(|value| Some(value) == common).collect());
        }
    }
    if is_mixed && objects.len() <= FEW { Odd::Few } else { Odd::None }
}

/// Which of these values are the same but for the key of their object, as `bucket-a` and `bucket-b` are.
fn by_key(objects: &[Object], column: &[&Cell<'_>]) -> Vec<bool> {
    let keys: Vec<&str> = objects.iter().map(bare_key).collect();
    let texts: Vec<Option<&str>> = column.iter().map(|cell| cell.text()).collect();
    let patterns = keys.iter().zip(&texts).map(|(key, text)| Pattern::of((*text)?, key));
    let mut numbers: HashMap<Pattern, usize> = HashMap::new();
    patterns.flatten().for_each(|pattern| *numbers.entry(pattern).or_default() += 1);
    let common = numbers.iter().max_by(|one, other| (one.1, other.0).cmp(&(other.1, one.0)));
    let Some((common, _)) = common else { return vec![false; column.len()] };
    keys.iter().zip(&texts).map(|(key, text)| text.is_some_and(|text| common.fits(text, key))).collect()
}

/// A text around the key of an object: the parts between which the key stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Pattern(Vec<String>);

/// What stands for the key of each object in a text of a group.
const KEY: &str = "(key)";

impl Pattern {
    /// `None` if the key does not stand in the text as a word of its own.
    fn of(text: &str, key: &str) -> Option<Self> {
        if key.is_empty() {
            return None;
        }
        let (mut parts, mut part, mut rest) = (Vec::new(), String::new(), text);
        while let Some((front, back)) = rest.split_once(key) {
            part.push_str(front);
            let is_apart = |beside: Option<char>| beside.is_none_or(|beside| !beside.is_alphanumeric());
            if is_apart(part.chars().next_back()) && is_apart(back.chars().next()) {
                parts.push(std::mem::take(&mut part));
            } else {
                part.push_str(key);
            }
            rest = back;
        }
        part.push_str(rest);
        (!parts.is_empty()).then(|| {
            parts.push(part);
            Self(parts)
        })
    }

    /// Whether the text is this one around the key.
    fn fits(&self, text: &str, key: &str) -> bool {
        self.0.join(key) == text
    }
}

/// A text with a word in the place of a key, if the key stands in it as a word of its own.
pub(crate) fn with_key_named(text: &str, key: &str) -> Option<String> {
    Pattern::of(text, key).map(|pattern| pattern.0.join(KEY))
}

/// The key of an object without brackets and quotes.
fn bare_key(object: &Object) -> &str {
    without_brackets(&object.key)
}

/// An instance key without brackets and quotes.
pub(super) fn without_brackets(key: &SafeText) -> &str {
    let key = key.unescaped();
    let key = key.strip_prefix('[').and_then(|key| key.strip_suffix(']')).unwrap_or(key);
    key.strip_prefix('"').and_then(|key| key.strip_suffix('"')).unwrap_or(key)
}

/// What may be another one in each object of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Cell<'o> {
    /// One side of a value.
    Side(Option<&'o SafeText>),
    /// A difference as a whole.
    Whole(&'o Body),
    /// What tells which element it is.
    About(&'o [(SafeText, SafeText)]),
}

impl<'o> Cell<'o> {
    fn text(self) -> Option<&'o str> {
        match self {
            Self::Side(side) => side.map(SafeText::unescaped),
            Self::Whole(_) | Self::About(_) => None,
        }
    }
}

/// The values of an object that differ, without what holds them.
fn cells(entries: &[Entry]) -> Vec<Cell<'_>> {
    entries.iter().flat_map(cells_of).collect()
}

fn cells_of(entry: &Entry) -> Vec<Cell<'_>> {
    match &entry.body {
        Body::Members(members) => {
            // Which element of a list it is must be the same in all; the name of an object need not.
            let is_element = entry.name.unescaped().is_empty();
            let about = is_element.then_some(Cell::About(&members.about));
            about.into_iter().chain(cells(&members.entries)).collect()
        }
        Body::Value { before, after } => vec![Cell::Side(before.as_ref()), Cell::Side(after.as_ref())],
        Body::Sensitive | Body::Rewritten | Body::Lines(_) | Body::Varies | Body::Marked(_) => {
            vec![Cell::Whole(&entry.body)]
        }
    }
}

fn folded(objects: Vec<Object>) -> Vec<Group> {
    let alone = |object: Object| Group { first: object, keys: Vec::new(), objects: Vec::new() };
    if objects.len() < LEAST {
        return objects.into_iter().map(alone).collect();
    }
    let keys = objects.iter().map(|object| object.key.clone()).collect();
    let Some(mut first) = objects.first().cloned() else { return Vec::new() };
    let all: Vec<&[Entry]> = objects.iter().map(|object| object.entries.as_slice()).collect();
    let bare: Vec<&str> = objects.iter().map(bare_key).collect();
    blend(&mut first.entries, &all, &bare);
    vec![Group { first, keys, objects }]
}

impl Group {
    /// All of its objects.
    pub fn all(&self) -> &[Object] {
        if self.objects.is_empty() { std::slice::from_ref(&self.first) } else { &self.objects }
    }

    /// Each object by itself.
    pub fn apart(&self) -> Vec<Self> {
        if self.objects.is_empty() {
            return vec![self.clone()];
        }
        let alone = |object: &Object| Self { first: object.clone(), keys: Vec::new(), objects: Vec::new() };
        self.objects.iter().map(alone).collect()
    }
}

/// Whether two objects are instances of one block, and the same is done with the same attributes of both.
fn is_alike(one: &Object, other: &Object) -> bool {
    let is_instance = !one.key.unescaped().is_empty()
        && !other.key.unescaped().is_empty()
        && block(one) == block(other)
        && one.deposed.is_none()
        && other.deposed.is_none();
    is_instance
        && one.deed == other.deed
        && one.reason == other.reason
        && one.moved_from.is_none()
        && other.moved_from.is_none()
        && one.imported_by.is_none()
        && other.imported_by.is_none()
        && have_same_shape(&one.entries, &other.entries)
}

fn block(object: &Object) -> &str {
    let name = object.name.unescaped();
    name.strip_suffix(object.key.unescaped()).unwrap_or(name)
}

/// Whether the same attributes differ in the same way, whatever their values are.
fn have_same_shape(one: &[Entry], other: &[Entry]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|(one, other)| {
            one.name == other.name
                && one.what == other.what
                && one.forces_replacement == other.forces_replacement
                && match (&one.body, &other.body) {
                    (Body::Members(one), Body::Members(other)) => {
                        one.form == other.form
                            && one.then_unknown == other.then_unknown
                            && have_same_shape(&one.entries, &other.entries)
                    }
                    (Body::Members(_), _) | (_, Body::Members(_)) => false,
                    (Body::Sensitive, other) | (other, Body::Sensitive) => *other == Body::Sensitive,
                    _ => true,
                }
        })
}

/// Marks the values that are not the same in all objects of a group. `all` has the entries of each object at this place.
fn blend(entries: &mut [Entry], all: &[&[Entry]], keys: &[&str]) {
    for (at, entry) in entries.iter_mut().enumerate() {
        let each: Vec<&Entry> = all.iter().filter_map(|entries| entries.get(at)).collect();
        if each.iter().any(|other| other.position != entry.position) {
            entry.position = None;
        }
        if let Body::Members(members) = &mut entry.body {
            let inside: Vec<&Members> = each.iter().filter_map(|entry| members_of(entry)).collect();
            if inside.iter().any(|other| other.about != members.about) {
                members.about.clear();
            }
            let entries: Vec<&[Entry]> = inside.iter().map(|members| members.entries.as_slice()).collect();
            blend(&mut members.entries, &entries, keys);
        } else if each.iter().any(|other| other.body != entry.body) {
            entry.body = blended(&each, keys);
        }
    }
}

fn members_of(entry: &Entry) -> Option<&Members> {
    match &entry.body {
        Body::Members(members) => Some(members),
        Body::Value { .. }
        | Body::Sensitive
        | Body::Rewritten
        | Body::Lines(_)
        | Body::Varies
        | Body::Marked(_) => None,
    }
}

/// What stands for values that are not the same in all objects.
fn blended(each: &[&Entry], keys: &[&str]) -> Body {
    let sides: Option<Vec<_>> = each
        .iter()
        .map(|entry| match &entry.body {
            Body::Value { before, after } => Some((before.as_ref(), after.as_ref())),
            _ => None,
        })
        .collect();
    let Some(sides) = sides else { return Body::Varies };
    let (before, after): (Vec<_>, Vec<_>) = sides.into_iter().unzip();
    match (side(&before, keys), side(&after, keys)) {
        (Side::Varies, Side::Varies) => Body::Varies,
        (Side::Varies, Side::Said(None)) | (Side::Said(None), Side::Varies) => Body::Varies,
        (before, after) => Body::Value { before: before.said(), after: after.said() },
    }
}

/// One side of a value in all objects of a group.
enum Side {
    /// A text for all of them, or nothing in any.
    Said(Option<SafeText>),
    /// It is another one in some.
    Varies,
}

impl Side {
    fn said(self) -> Option<SafeText> {
        match self {
            Self::Said(text) => text,
            Self::Varies => Some(SafeText::fixed("(not the same in each)")),
        }
    }
}

fn side(each: &[Option<&SafeText>], keys: &[&str]) -> Side {
    let Some(first) = each.first() else { return Side::Said(None) };
    if each.iter().all(|other| other == first) {
        return Side::Said(first.cloned());
    }
    let pattern = first.zip(keys.first()).and_then(|(text, key)| Pattern::of(text.unescaped(), key));
    // The key of the first object may stand in its value by chance, too.
    let mut patterns = each.iter().zip(keys).filter_map(|(text, key)| Pattern::of((*text)?.unescaped(), key));
    let fits = |pattern: &Pattern| {
        let mut all = each.iter().zip(keys);
        all.all(|(text, key)| text.is_some_and(|text| pattern.fits(text.unescaped(), key)))
    };
    match pattern.filter(fits).or_else(|| patterns.find(fits)) {
        // Its parts are those of a safe text.
        Some(pattern) => Side::Said(Some(Redactor::default().text(&pattern.0.join(KEY)))),
        None => Side::Varies,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stands_in_a_text_as_a_word() {
        let parts = |text, key| Pattern::of(text, key).map(|pattern| pattern.0);
        assert_eq!(parts("\"bucket-a\"", "a"), Some(vec!["\"bucket-".to_owned(), "\"".to_owned()]));
        assert_eq!(parts("\"banana\"", "a"), None);
        assert_eq!(parts("10.0.1.0/24", "1"), Some(vec!["10.0.".to_owned(), ".0/24".to_owned()]));
        assert_eq!(parts("aa a aa", "a"), Some(vec!["aa ".to_owned(), " aa".to_owned()]));
        assert_eq!(parts("x", ""), None);
        let subnet = Pattern::of("10.0.1.0/24", "1").unwrap();
        assert!(subnet.fits("10.0.0.0/24", "0") && !subnet.fits("0.0.0.0/0", "0"));
    }
}
