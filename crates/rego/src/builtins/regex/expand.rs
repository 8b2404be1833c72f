//! Fills the groups of a match into a replacement.

use regex::Captures;

use super::dialect::GroupNames;

/// Go's `Regexp.Expand`: `$name` and `${name}`, where a name is a number, one of `names`, or nothing at all; `$$`
/// is a dollar, and so is one that none of these follow.
pub(super) fn expand(replacement: &str, captures: &Captures<'_>, names: &GroupNames, out: &mut String) {
    let mut rest = replacement;
    while let Some(dollar) = rest.find('$') {
        out.push_str(&rest[..dollar]);
        rest = &rest[dollar + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((name, after)) = name(rest) {
            let group = if name.bytes().all(|byte| byte.is_ascii_digit()) {
                name.parse().ok().and_then(|number| captures.get(number))
            } else {
                names.get(name).and_then(|numbers| numbers.iter().find_map(|number| captures.get(*number)))
            };
            out.push_str(group.map_or("", |group| group.as_str()));
            rest = after;
        } else {
            out.push('$');
        }
    }
    out.push_str(rest);
}

/// The name after a dollar, and what follows it.
fn name(rest: &str) -> Option<(&str, &str)> {
    let is_word = |c: &char| c.is_alphanumeric() || *c == '_';
    let length = |text: &str| text.chars().take_while(is_word).map(char::len_utf8).sum::<usize>();
    if let Some(inside) = rest.strip_prefix('{') {
        let (name, after) = inside.split_at(length(inside));
        return if name.is_empty() { None } else { Some((name, after.strip_prefix('}')?)) };
    }
    let (name, after) = rest.split_at(length(rest));
    (!name.is_empty()).then_some((name, after))
}
