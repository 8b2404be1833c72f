//! What a policy of Vault allows that it did not allow before.

use std::collections::BTreeMap;

use planguard_plan::{ResourceState, Value};

use super::ChangeFinding;
use super::compare::{Pair, Sight, sight};

/// Capabilities that change something, or more than that. To read and to list one path more is everyday work.
const CHANGING: [&str; 5] = ["create", "delete", "patch", "sudo", "update"];

/// How many grants a message names.
const MOST: usize = 3;

/// The finding for a policy with a wider path, with more that can be done on a path, or without a denial.
pub(super) fn widened(pair: &Pair<'_>) -> Option<ChangeFinding> {
    if pair.resource.address.resource_type != "vault_policy" {
        return None;
    }
    let (before, after) = (paths(&pair.before)?, paths(&pair.after)?);
    let mut wider: Vec<String> = Vec::new();
    for (path, capabilities) in &after {
        for capability in capabilities.iter().filter(|capability| *capability != DENY) {
            let had = before.iter().filter(|(_, had)| had.contains(capability));
            if had.clone().any(|(old, _)| takes_in(path, old) == Some(Wider::Old))
                || before.get(path).is_some_and(|had| had.contains(capability))
            {
                continue;
            }
            let takes_in_old = had.clone().find(|(old, _)| takes_in(path, old) == Some(Wider::New));
            let is_known = before.contains_key(path);
            let is_far = is_far(path) || capability == "sudo";
            let text = match (takes_in_old, is_known && CHANGING.contains(&capability.as_str())) {
                (Some((old, _)), _) => format!("`{capability}` on `{path}`, which takes in `{old}`"),
                (None, true) => format!("`{capability}` on `{path}`"),
                (None, false) if is_far => format!("`{capability}` on `{path}`"),
                (None, false) => continue,
            };
            wider.push(text);
        }
    }
    for (path, capabilities) in &before {
        let is_denied = |capabilities: &Vec<String>| capabilities.iter().any(|capability| capability == DENY);
        let still = after
            .iter()
            .any(|(new, own)| is_denied(own) && (new == path || takes_in(new, path) == Some(Wider::New)));
        // Without another path that allows it, nothing is allowed.
        let is_allowed = after
            .iter()
            .any(|(new, own)| !is_denied(own) && (new == path || takes_in(new, path) == Some(Wider::New)));
        if is_denied(capabilities) && !still && is_allowed {
            wider.push(format!("`{path}` is no longer denied"));
        }
    }
    if wider.is_empty() {
        return None;
    }
    let place = pair.after.root().key("policy");
    let is_sensitive = place.is_sensitive() || pair.before.root().key("policy").is_sensitive();
    let more = match wider.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    wider.truncate(MOST);
    let what = match is_sensitive {
        true => "a path or a capability is new".to_owned(),
        false => format!("{}{more}", wider.join("; ")),
    };
    let message = format!("{} grants more than before in `policy`: {what}", pair.resource.address);
    Some(ChangeFinding::on(pair.resource, message).at(place.path().clone()))
}

/// The capability that takes away all others.
const DENY: &str = "deny";

/// Whether a path is that of everything, or of what Vault itself is made of.
fn is_far(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    matches!(path, "*" | "+/*" | "sys/*" | "auth/*" | "identity/*" | "secret/*" | "secret/data/*")
        || first == "*"
}

/// Which of two paths takes in the other one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wider {
    New,
    Old,
}

/// Which of two different paths with wildcards takes in the other one; `None` where neither does.
fn takes_in(new: &str, old: &str) -> Option<Wider> {
    match () {
        () if new == old => None,
        () if covers(new, old) => Some(Wider::New),
        () if covers(old, new) => Some(Wider::Old),
        () => None,
    }
}

/// Whether every path that one pattern means is meant by another one: `+` is one step, and `*` at the end any rest.
fn covers(wide: &str, narrow: &str) -> bool {
    let (mut wide_steps, mut narrow_steps) = (wide.split('/').peekable(), narrow.split('/'));
    while let Some(step) = wide_steps.next() {
        let is_last = wide_steps.peek().is_none();
        let other = narrow_steps.next();
        match (step.strip_suffix('*').filter(|_| is_last), other) {
            // `a*` takes in `ab`, `ab/c`, and `ab*`.
            (Some(start), Some(other)) => return other.trim_end_matches('*').starts_with(start),
            (_, None) => return false,
            (None, Some(other)) => {
                let is_same = step == other || (step == "+" && !other.contains('*'));
                if !is_same {
                    return false;
                }
            }
        }
    }
    narrow_steps.next().is_none()
}

/// The capabilities of a policy by their paths; `None` where it is not known, or is no policy.
fn paths(state: &ResourceState<'_>) -> Option<BTreeMap<String, Vec<String>>> {
    match sight(&state.root().key("policy")) {
        Sight::Known(Value::String(text)) => read(text),
        Sight::Known(_) | Sight::Unknown | Sight::Computed | Sight::Unset => None,
    }
}

/// Reads a policy, in either form that Vault takes.
fn read(text: &str) -> Option<BTreeMap<String, Vec<String>>> {
    if text.trim_start().starts_with('{') {
        let json: serde_json::Value = serde_json::from_str(text).ok()?;
        let paths = json.get("path")?.as_object()?.iter().map(|(path, rule)| {
            let listed = rule.get("capabilities").and_then(serde_json::Value::as_array);
            let words = listed.into_iter().flatten().filter_map(serde_json::Value::as_str);
            (path.clone(), words.map(str::to_ascii_lowercase).collect())
        });
        return Some(paths.collect());
    }
    let mut paths: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let tokens = tokens(text)?;
    let mut rest = tokens.as_slice();
    while let Some((first, others)) = rest.split_first() {
        rest = others;
        if *first != Token::Word("path") {
            continue;
        }
        let [Token::Text(path), Token::Sign('{'), body @ ..] = rest else { return None };
        let mut depth = 1usize;
        let mut key = None;
        let own = paths.entry((*path).to_owned()).or_default();
        rest = body;
        while let Some((token, others)) = rest.split_first() {
            rest = others;
            match token {
                Token::Sign('{') => depth += 1,
                Token::Sign('}') => depth -= 1,
                Token::Word(word) if depth == 1 => key = Some(*word),
                Token::Text(text) if depth == 1 && key == Some("capabilities") => {
                    own.push(text.to_ascii_lowercase());
                }
                // The older form: `policy = "write"`.
                Token::Text(text) if depth == 1 && key == Some("policy") => {
                    let words: &[&str] = match *text {
                        "read" => &["read", "list"],
                        "write" => &["create", "read", "update", "delete", "list"],
                        "sudo" => &["create", "read", "update", "delete", "list", "sudo"],
                        other => &[other],
                    };
                    own.extend(words.iter().map(|word| (*word).to_owned()));
                }
                Token::Word(_) | Token::Text(_) | Token::Sign(_) => {}
            }
            if depth == 0 {
                break;
            }
        }
        if depth != 0 {
            return None;
        }
    }
    Some(paths)
}

/// A part of the text of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'t> {
    Word(&'t str),
    Text(&'t str),
    Sign(char),
}

/// The parts of a text without its comments; `None` for a text in quotes that does not end.
pub(super) fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        rest = match first {
            '#' => after.split_once('\n').map(|(_, next)| next).unwrap_or_default(),
            '/' if after.starts_with('/') => after.split_once('\n').map(|(_, next)| next).unwrap_or_default(),
            '/' if after.starts_with('*') => after.split_once("*/")?.1,
            '"' => {
                let (quoted, next) = after.split_once('"')?;
                tokens.push(Token::Text(quoted));
                next
            }
            first if first.is_alphanumeric() || first == '_' => {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                let (word, next) = rest.split_at(end);
                tokens.push(Token::Word(word));
                next
            }
            sign => {
                tokens.push(Token::Sign(sign));
                after
            }
        }
        .trim_start();
    }
    Some(tokens)
}

#[cfg(test)]
mod tests {
    use super::super::iam_widened::GUARD;
    use super::super::testing::find_in_update;
    use super::*;

    fn found(before: &str, after: &str) -> Vec<String> {
        let policy = |text: &str| serde_json::json!({"name": "p", "policy": text}).to_string();
        let found = find_in_update(&GUARD, "vault_policy.p", &policy(before), &policy(after), "{}");
        found.into_iter().map(|finding| finding.message).collect()
    }

    fn rule(path: &str, capabilities: &str) -> String {
        format!(
            "# a comment with path \"x\"\npath \"{path}\" {{\n  capabilities = [{capabilities}] // why\n}}\n"
        )
    }

    const ORDERS: &str = "kv/data/orders/*";

    #[test]
    fn a_wider_path_is_told() {
        let before = rule(ORDERS, r#""read""#);
        assert_eq!(
            found(&before, &rule("kv/data/+/*", r#""read""#)),
            [
                "vault_policy.p grants more than before in `policy`: `read` on `kv/data/+/*`, which takes in `kv/data/orders/*`"
            ]
        );
        assert_eq!(found(&before, &rule("kv/data/*", r#""read""#)).len(), 1);
        assert_eq!(found(&before, &rule("*", r#""read", "sudo""#)).len(), 1);
        assert_eq!(found(&rule("kv/data/*", r#""read""#), &before), [""; 0]);
        let more = format!("{before}{}", rule("kv/data/billing/*", r#""read", "list""#));
        assert_eq!(found(&before, &more), [""; 0], "one more path is everyday work");
        assert_eq!(found(&before, &format!("{before}{}", rule("sys/*", r#""read""#))).len(), 1);
    }

    #[test]
    fn more_that_can_be_done_on_a_path_is_told() {
        let with = |capabilities: &str| rule(ORDERS, capabilities);
        let read = with(r#""read""#);
        assert_eq!(
            found(&read, &with(r#""read", "update", "delete""#)),
            [
                "vault_policy.p grants more than before in `policy`: `update` on `kv/data/orders/*`; `delete` on `kv/data/orders/*`"
            ]
        );
        assert_eq!(found(&read, &with(r#""list", "read""#)), [""; 0]);
        assert_eq!(found(&read, &rule(ORDERS, "\n \"read\",\n")), [""; 0]);
        assert_eq!(found(&with(r#""read", "update""#), &read), [""; 0]);
        let json = r#"{"path": {"kv/data/orders/*": {"capabilities": ["read", "sudo"]}}}"#;
        assert_eq!(found(&read, json).len(), 1, "the other form of the same");
        assert_eq!(found(&read, &format!("path \"{ORDERS}\" {{ policy = \"write\" }}")).len(), 1);
    }

    #[test]
    fn a_denial_that_goes_is_told() {
        let all = rule("kv/*", r#""read""#);
        let denied = format!("{all}{}", rule("kv/data/root", r#""deny""#));
        assert_eq!(
            found(&denied, &all),
            ["vault_policy.p grants more than before in `policy`: `kv/data/root` is no longer denied"]
        );
        assert_eq!(found(&all, &denied), [""; 0]);
        assert_eq!(found(&rule("kv/data/root", r#""deny""#), ""), [""; 0]);
    }

    #[test]
    fn paths_take_in_others_step_by_step() {
        for (wide, narrow) in [
            ("kv/*", "kv/data/a"),
            ("kv/+/a", "kv/data/a"),
            ("kv/da*", "kv/data/a/*"),
            ("+/*", "kv/a"),
            ("*", "kv"),
        ] {
            assert_eq!(
                (takes_in(wide, narrow), takes_in(narrow, wide)),
                (Some(Wider::New), Some(Wider::Old)),
                "{wide}"
            );
        }
        assert_eq!(takes_in("kv/+/a", "kv/data/b"), None);
        assert_eq!(takes_in("kv/a", "kv/a/b"), None);
        assert_eq!(read("path \"a\" {"), None);
    }
}
