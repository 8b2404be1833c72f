//! Reads what the functions of the library take and return, as far as their METADATA says it.
//!
//! A resource type as an argument needs no word: the function compares it with the `type` of a resource. Wildcards of
//! types and paths of attributes are only strings to the code, so `custom.takes` says what they are, and
//! `custom.returns` says which place of the plan a rule returns if its body does not show it.

use std::sync::LazyLock;

use super::library::library;
use super::outline::{OutlinedRule, outline};

/// What the METADATA of a rule or function of the library says of its arguments and its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LibrarySignature {
    /// The path, from `data` on.
    pub path: Vec<String>,
    /// What it takes.
    pub takes: Vec<LibraryArgument>,
    /// What it returns; `None` if its body shows it.
    pub returns: Option<LibraryResult>,
}

/// A string, or a list of strings, that is given to a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LibraryArgument {
    /// The position of the argument.
    pub position: usize,
    /// The key below the argument, which is an object then.
    pub key: Option<String>,
    /// What the strings are.
    pub taken: Taken,
}

/// What the strings of an argument are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Wildcards that are matched with resource types.
    TypeWildcards,
    /// Wildcards that are matched with the argument in this position.
    WildcardsOf(usize),
    /// The name of an attribute, or the path to one, of the resource in this position.
    AttributeOf(usize),
}

/// The place of the plan that a rule or function returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LibraryResult {
    /// A place of the plan, by the keys below `input`.
    OfPlan(Vec<String>),
    /// A place below the argument in this position, by its keys.
    OfArgument(usize, Vec<String>),
}

/// Returns the signatures of the library.
pub fn signatures() -> &'static [LibrarySignature] {
    static SIGNATURES: LazyLock<Vec<LibrarySignature>> = LazyLock::new(|| {
        // A test reads every file, so an error is of an unreleased program.
        all().unwrap_or_default()
    });
    &SIGNATURES
}

fn all() -> Result<Vec<LibrarySignature>, String> {
    let mut signatures = Vec::new();
    for file in library() {
        let outline = outline(file.text)?;
        for rule in &outline.rules {
            let read = read(&outline.package, rule);
            signatures.extend(read.map_err(|reason| format!("{}: {}: {reason}", file.path, rule.name))?);
        }
    }
    Ok(signatures)
}

fn read(package: &str, rule: &OutlinedRule) -> Result<Option<LibrarySignature>, String> {
    let custom = rule.metadata.get("custom");
    let names = rule.arguments();
    let position = |name: &str| {
        let found = names.iter().position(|known| *known == name);
        found.ok_or_else(|| format!("there is no argument `{name}`"))
    };
    let mut takes = Vec::new();
    let written = custom.and_then(|custom| custom.get("takes")).and_then(serde_json::Value::as_object);
    for (argument, words) in written.into_iter().flatten() {
        let words = words.as_str().unwrap_or_default();
        let (name, key) = argument.split_once('.').map_or((argument.as_str(), None), |(n, k)| (n, Some(k)));
        let taken = match words.split_once(" of ") {
            Some(("wildcards", "resource types")) => Taken::TypeWildcards,
            Some(("wildcards", other)) => Taken::WildcardsOf(position(other)?),
            Some(("attribute", other)) => Taken::AttributeOf(position(other)?),
            _ => return Err(format!("`{words}` is nothing that a function takes")),
        };
        takes.push(LibraryArgument { position: position(name)?, key: key.map(str::to_owned), taken });
    }
    let returns = match rule.text("custom.returns").split_once('.') {
        None => None,
        Some((first, keys)) => {
            let keys = keys.split('.').map(str::to_owned).collect();
            Some(match first {
                "input" => LibraryResult::OfPlan(keys),
                argument => LibraryResult::OfArgument(position(argument)?, keys),
            })
        }
    };
    if takes.is_empty() && returns.is_none() {
        return Ok(None);
    }
    let steps = ["data"].into_iter().chain(package.split('.')).chain([rule.name.as_str()]);
    Ok(Some(LibrarySignature { path: steps.map(str::to_owned).collect(), takes, returns }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names of arguments that need METADATA, since the code does not show what they are.
    const NEED_WORDS: [&str; 5] = ["path", "attribute", "pattern", "patterns", "settings"];

    #[test]
    fn every_function_says_what_its_code_does_not_show() {
        let signatures = all().unwrap();
        let mut count = 0;
        for file in library() {
            for rule in outline(file.text).unwrap().rules {
                let names = rule.arguments();
                for (position, name) in names.iter().enumerate() {
                    if NEED_WORDS.contains(name) {
                        let said = signatures.iter().any(|signature| {
                            signature.path.last() == Some(&rule.name)
                                && signature.takes.iter().any(|argument| argument.position == position)
                        });
                        assert!(said, "{}: {} does not say what `{name}` is", file.path, rule.name);
                        count += 1;
                    }
                }
            }
        }
        assert!(count >= 10, "only {count} arguments were found");
    }

    #[test]
    fn arguments_and_results_are_read() {
        let signatures = all().unwrap();
        let of = |package: &str, name: &str| {
            let path = ["data", "planguard", "lib", package, name];
            signatures.iter().find(|signature| signature.path == path).unwrap().clone()
        };
        let one = |position, key: Option<&str>, taken| LibraryArgument {
            position,
            key: key.map(str::to_owned),
            taken,
        };
        assert_eq!(of("unknown", "is_unknown").takes, [one(1, None, Taken::AttributeOf(0))]);
        assert_eq!(of("wildcards", "matches_any").takes, [one(0, None, Taken::WildcardsOf(1))]);
        assert_eq!(
            of("selection", "resulting").takes,
            [one(0, Some("except_types"), Taken::TypeWildcards), one(0, Some("types"), Taken::TypeWildcards)]
        );
        let keys = ["change", "after"].map(str::to_owned).to_vec();
        assert_eq!(of("changes", "after").returns, Some(LibraryResult::OfArgument(0, keys)));
        assert!(
            matches!(of("resources", "planned").returns, Some(LibraryResult::OfPlan(keys)) if keys.len() == 3)
        );
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        let rule =
            |metadata| OutlinedRule { name: "f".to_owned(), signature: "f(one, two)".to_owned(), metadata };
        for (custom, reason) in [
            (serde_json::json!({"takes": {"three": "attribute of one"}}), "there is no argument `three`"),
            (serde_json::json!({"takes": {"one": "attribute of three"}}), "there is no argument `three`"),
            (serde_json::json!({"takes": {"one": "a number"}}), "is nothing that a function takes"),
            (serde_json::json!({"returns": "three.x"}), "there is no argument `three`"),
        ] {
            let error = read("a", &rule(serde_json::json!({"custom": custom}))).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
