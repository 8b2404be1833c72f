//! Conditions written as expressions of CEL, and of Azure's language for them, that a change loosens.

use planguard_plan::{Value, View};

use super::ChangeFinding;
use super::compare::{Pair, Sight, places, sight};

/// The attributes with conditions that everyone who is let in has to meet.
const CONDITIONS: &[(&str, &[&str])] = &[
    ("azurerm_role_assignment", &["condition"]),
    ("google_iam_workforce_pool_provider", &["attribute_condition"]),
    ("google_iam_workload_identity_pool_provider", &["attribute_condition"]),
];

/// The way to the condition of the types of Google that bind roles.
const OF_BINDINGS: &[&str] = &["condition", "expression"];

/// The finding for a condition with fewer clauses, or with one that more values meet.
pub(super) fn loosened(pair: &Pair<'_>) -> Option<ChangeFinding> {
    let kind = pair.resource.address.resource_type.as_str();
    let is_binding =
        kind.starts_with("google_") && ["_iam_binding", "_iam_member"].iter().any(|end| kind.ends_with(end));
    let way = match CONDITIONS.iter().find(|(name, _)| *name == kind) {
        Some((_, way)) => way,
        None if is_binding => OF_BINDINGS,
        None => return None,
    };
    let (before, after) = (pair.before.root(), pair.after.root());
    let (old, new) = (places(&before, way), places(&after, way));
    let (old, new) = (old.first()?, new.first()?);
    // One that is gone as a whole is a switch.
    let weaker = weaker(text(old)?, text(new)?)?;
    let what = match old.is_sensitive() || new.is_sensitive() {
        true => "a part of it is weaker".to_owned(),
        false => weaker,
    };
    let message = format!("{} lets more in than before: in `{}`, {what}", pair.resource.address, new.path());
    Some(ChangeFinding::on(pair.resource, message).at(new.path().clone()))
}

fn text<'p>(place: &View<'p, '_>) -> Option<&'p str> {
    match sight(place) {
        Sight::Known(Value::String(text)) => Some(text.trim()).filter(|text| !text.is_empty()),
        Sight::Known(_) | Sight::Unknown | Sight::Computed | Sight::Unset => None,
    }
}

/// What of a condition is weaker than in another one, for people.
fn weaker(before: &str, after: &str) -> Option<String> {
    let (old, new) = (clauses(before), clauses(after));
    let lost: Vec<&String> = old.iter().filter(|clause| !new.contains(clause)).collect();
    let gained: Vec<&String> = new.iter().filter(|clause| !old.contains(clause)).collect();
    let first = lost.first()?;
    // Fewer clauses, each of them one from before.
    if gained.is_empty() {
        return Some(format!("`{first}` is no longer demanded"));
    }
    for clause in &lost {
        let subject = subject(clause);
        let same: Vec<&&String> = gained.iter().filter(|new| new.contains(&subject)).collect();
        match same.as_slice() {
            [] if !gained.iter().any(|new| new.contains("||")) => {
                return Some(format!("`{clause}` is no longer demanded"));
            }
            [] => {}
            same => {
                let looser =
                    same.iter().find(|new| looseness(new) > looseness(clause) || starts_earlier(new, clause));
                if let Some(new) = looser {
                    return Some(format!("`{new}` takes the place of `{clause}`"));
                }
            }
        }
    }
    None
}

/// The clauses of which all have to hold: the parts between `&&` outside of quotes and brackets.
fn clauses(text: &str) -> Vec<String> {
    let mut clauses = vec![String::new()];
    let (mut depth, mut quote) = (0usize, None);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(letter),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, '&') if depth == 0 && letters.peek() == Some(&'&') => {
                letters.next();
                clauses.push(String::new());
                continue;
            }
            (None, _) => {}
        }
        // Spaces and the kind of quotes mean nothing outside of a text.
        let own = match (quote, letter) {
            (None, letter) if letter.is_whitespace() => {
                let is_word = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
                let last = clauses.last().and_then(|clause| clause.chars().next_back());
                // Between two words they part a name from an operator.
                if !(is_word(last) && is_word(letters.peek().copied())) {
                    continue;
                }
                ' '
            }
            (_, '"') => '\'',
            (_, letter) => letter,
        };
        if let Some(last) = clauses.last_mut() {
            last.push(own);
        }
    }
    clauses.retain(|clause| !clause.is_empty());
    clauses
}

/// What a clause is about: its first name.
fn subject(clause: &str) -> String {
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '.' | '@' | ':');
    let clause = clause.trim_start_matches(|letter: char| !letter.is_alphanumeric() && letter != '@');
    let name: String = clause.chars().take_while(|letter| is_part(*letter)).collect();
    // A function of the value is no part of its name.
    let functions = [".startsWith", ".endsWith", ".contains", ".matches", ".extract"];
    let end = functions.iter().filter_map(|function| name.find(function)).min();
    end.map_or(name.clone(), |end| name[..end].to_owned())
}

/// How much a clause lets in, by its operators.
fn looseness(clause: &str) -> u8 {
    let has = |words: &[&str]| words.iter().any(|word| clause.contains(word));
    match () {
        () if clause.contains("!=") || clause.starts_with('!') => 3,
        () if has(&[
            "startsWith(",
            "endsWith(",
            "contains(",
            "matches(",
            "StringLike",
            "StringStartsWith",
        ]) =>
        {
            2
        }
        () if has(&["||", " in["]) => 1,
        () => 0,
    }
}

/// Whether a clause demands a shorter start of a text than another one.
fn starts_earlier(new: &str, old: &str) -> bool {
    let start = |clause: &str| -> Option<String> {
        let (_, rest) = clause.split_once("startsWith('")?;
        Some(rest.split('\'').next()?.to_owned())
    };
    start(new).zip(start(old)).is_some_and(|(new, old)| new != old && old.starts_with(&new))
}

#[cfg(test)]
mod tests {
    use super::super::iam_widened::GUARD;
    use super::super::testing::find_in_update;

    fn found(before: &str, after: &str) -> Vec<String> {
        let provider = |condition: &str| serde_json::json!({"attribute_condition": condition}).to_string();
        let address = "google_iam_workload_identity_pool_provider.p";
        let found = find_in_update(&GUARD, address, &provider(before), &provider(after), "{}");
        found.into_iter().map(|finding| finding.message).collect()
    }

    const BOTH: &str = "assertion.repository == 'acme/api' && assertion.ref == 'refs/heads/main'";

    #[test]
    fn a_clause_that_goes_or_takes_more_values_is_told() {
        assert_eq!(
            found(BOTH, "assertion.repository == 'acme/api'"),
            [
                "google_iam_workload_identity_pool_provider.p lets more in than before: in `attribute_condition`, \
                 `assertion.ref=='refs/heads/main'` is no longer demanded"
            ]
        );
        assert_eq!(
            found(BOTH, "assertion.repository.startsWith('acme')"),
            [
                "google_iam_workload_identity_pool_provider.p lets more in than before: in `attribute_condition`, \
                 `assertion.repository.startsWith('acme')` takes the place of `assertion.repository=='acme/api'`"
            ]
        );
        for looser in [
            "assertion.repository_owner == 'acme'",
            "assertion.repository == 'acme/api' && assertion.ref.matches('refs/.*')",
            "assertion.repository == 'acme/api' && assertion.ref != 'refs/heads/dev'",
            "assertion.repository in ['acme/api', 'acme/web'] && assertion.ref == 'refs/heads/main'",
            "assertion.repository == 'acme/api' || assertion.ref == 'refs/heads/main'",
        ] {
            assert_eq!(found(BOTH, looser).len(), 1, "{looser}");
        }
    }

    #[test]
    fn what_is_written_otherwise_or_demands_more_is_none() {
        for same in [
            "assertion.ref==\"refs/heads/main\"&&assertion.repository=='acme/api'",
            "assertion.repository == 'acme/web' && assertion.ref == 'refs/heads/main'",
            "assertion.repository == 'acme/api' && assertion.ref == 'refs/heads/main' && assertion.actor == 'x'",
        ] {
            assert_eq!(found(BOTH, same), [""; 0], "{same}");
        }
        assert_eq!(found("assertion.repository.startsWith('acme')", BOTH), [""; 0]);
        let list = "assertion.repository in ['acme/api', 'acme/web']";
        assert_eq!(found(list, "assertion.repository == 'acme/api'"), [""; 0]);
        let (long, short) = ("a.name.startsWith('acme/api')", "a.name.startsWith('acme')");
        assert_eq!((found(long, short).len(), found(short, long).len()), (1, 0));
    }
}
