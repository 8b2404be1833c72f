//! What a policy of Consul or Nomad allows that it did not allow before.

use std::collections::BTreeMap;

use planguard_plan::{ResourceState, Value};

use super::ChangeFinding;
use super::compare::{Pair, Sight, sight};
use super::vault_policy::{Token, tokens};

/// Words for what may be done, from nothing on. A capability that is none of them is more than reading.
const RANKS: [&[&str]; 3] =
    [&["deny"], &["list", "read", "list-jobs", "read-job", "read-logs"], &["scale", "write"]];

/// The finding for rules that allow more than before, or deny less.
pub(super) fn widened(pair: &Pair<'_>) -> Option<ChangeFinding> {
    let attribute = match pair.resource.address.resource_type.as_str() {
        "consul_acl_policy" => "rules",
        "nomad_acl_policy" => "rules_hcl",
        _ => return None,
    };
    let (before, after) = (rules(&pair.before, attribute)?, rules(&pair.after, attribute)?);
    let mut wider = Vec::new();
    for (subject, words) in &after {
        let had = before.get(subject);
        let is_new_far = had.is_none() && subject.is_far() && words.iter().any(|word| rank(word) >= WRITING);
        let is_denied = |words: &Vec<String>| words.iter().any(|word| word == "deny");
        let highest = |words: &Vec<String>| words.iter().map(|word| rank(word)).max().unwrap_or_default();
        let raised = had.is_some_and(|had| {
            highest(words) > highest(had)
                || (is_denied(had) && !is_denied(words))
                || words.iter().any(|word| {
                    rank(word) >= WRITING && !had.contains(word) && !had.iter().any(|own| own == "write")
                })
        });
        if is_new_far || raised {
            wider.push(format!("{subject} gets `{}`", words.join("`, `")));
        }
    }
    // Another rule allows what is no longer denied.
    let others = after.values().flatten().any(|word| rank(word) > 0);
    let lost = before.iter().filter(|(subject, words)| {
        others && words.iter().any(|word| word == "deny") && !after.contains_key(*subject)
    });
    wider.extend(lost.map(|(subject, _)| format!("{subject} is no longer denied")));
    let first = wider.first()?;
    let place = pair.after.root().key(attribute);
    let what = match place.is_sensitive() || pair.before.root().key(attribute).is_sensitive() {
        true => "a rule allows more".to_owned(),
        false => first.clone(),
    };
    let message = format!("{} grants more than before in `{attribute}`: {what}", pair.resource.address);
    Some(ChangeFinding::on(pair.resource, message).at(place.path().clone()))
}

/// The rank from which on something can be changed.
const WRITING: usize = 2;

fn rank(word: &str) -> usize {
    RANKS.iter().position(|words| words.contains(&word)).unwrap_or(WRITING)
}

/// What a rule is about: a kind of objects, and their name or its beginning.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Subject {
    kind: String,
    name: Option<String>,
}

impl Subject {
    /// Whether it means all objects of its kind, or the system itself.
    fn is_far(&self) -> bool {
        self.name.as_deref().is_none_or(|name| matches!(name, "" | "*"))
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.name {
            Some(name) => write!(out, "`{} \"{name}\"`", self.kind),
            None => write!(out, "`{}`", self.kind),
        }
    }
}

/// The rules of one side with their words; `None` where they are not known, or no rules.
fn rules(state: &ResourceState<'_>, attribute: &str) -> Option<BTreeMap<Subject, Vec<String>>> {
    let Sight::Known(Value::String(text)) = sight(&state.root().key(attribute)) else { return None };
    if text.trim_start().starts_with('{') {
        return None;
    }
    let text = text.replace('=', " ");
    let tokens = tokens(&text)?;
    let mut found: BTreeMap<Subject, Vec<String>> = BTreeMap::new();
    let mut rest = tokens.as_slice();
    // The blocks around a word, and the last name of a setting.
    let (mut around, mut key): (Vec<Subject>, Option<&str>) = (Vec::new(), None);
    while let Some((token, others)) = rest.split_first() {
        rest = others;
        match (token, rest) {
            (Token::Word(kind), [Token::Text(name), Token::Sign('{'), body @ ..]) => {
                around.push(Subject { kind: (*kind).to_owned(), name: Some((*name).to_owned()) });
                rest = body;
            }
            (Token::Word(kind), [Token::Sign('{'), body @ ..]) => {
                around.push(Subject { kind: (*kind).to_owned(), name: None });
                rest = body;
            }
            (Token::Sign('}'), _) => {
                around.pop()?;
            }
            (Token::Word(name), _) => key = Some(name),
            (Token::Text(word), _) => {
                let word = word.to_ascii_lowercase();
                match (around.last(), key) {
                    (Some(subject), Some("policy" | "capabilities")) => {
                        found.entry(subject.clone()).or_default().push(word);
                    }
                    // `acl = "write"` stands alone; `intentions` and `sentinel` stand in a block.
                    (None, Some(kind)) => {
                        let subject = Subject { kind: kind.to_owned(), name: None };
                        found.entry(subject).or_default().push(word);
                    }
                    _ => {}
                }
            }
            (Token::Sign(_), _) => {}
        }
    }
    around.is_empty().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::super::iam_widened::GUARD;
    use super::super::testing::find_in_update;

    fn found(address: &str, attribute: &str, before: &str, after: &str) -> Vec<String> {
        let side = |text: &str| serde_json::json!({attribute: text}).to_string();
        let found = find_in_update(&GUARD, address, &side(before), &side(after), "{}");
        found.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn rules_that_write_what_they_read_are_told() {
        let found = |before: &str, after: &str| found("consul_acl_policy.a", "rules", before, after);
        let read = r#"key_prefix "" { policy = "read" }"#;
        let write = r#"key_prefix "" { policy = "write" }"#;
        assert_eq!(
            found(read, write),
            ["consul_acl_policy.a grants more than before in `rules`: `key_prefix \"\"` gets `write`"]
        );
        assert_eq!(found(write, read), [""; 0]);
        assert_eq!(found(read, &format!("{read}\nacl = \"write\"")).len(), 1);
        assert_eq!(
            found(read, &format!("{read}\nservice \"web\" {{ policy = \"write\" }}")),
            [""; 0],
            "one more"
        );
        let denied = format!("{read}\nkey_prefix \"secret/\" {{ policy = \"deny\" }}");
        assert_eq!(found(&denied, read).len(), 1);
        assert_eq!(found(read, &denied), [""; 0]);
    }

    #[test]
    fn a_capability_more_than_reading_is_told() {
        let found = |before: &str, after: &str| found("nomad_acl_policy.a", "rules_hcl", before, after);
        let rules = |capabilities: &str| {
            format!("namespace \"*\" {{\n  policy = \"read\"\n  capabilities = [{capabilities}]\n}}")
        };
        assert_eq!(found(&rules("\"list-jobs\""), &rules("\"list-jobs\", \"alloc-exec\"")).len(), 1);
        assert_eq!(found(&rules("\"list-jobs\""), &rules("\"list-jobs\", \"read-logs\"")), [""; 0]);
    }
}
