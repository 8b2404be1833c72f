//! Finds references into `data` that no document, package or library defines.

use std::collections::BTreeSet;

use planguard_plan::text::suggest;
use regorus::unstable::{Module, Ref};

use super::data::{DataDocument, Held, held};
use super::error::{PolicyError, report};
use super::program::{Meaning, Program, RuleFacts, path_text};
use super::source::{Source, file_of};
use super::syntax::{Absence, Fact, Step};

/// What planguard or conftest puts into `data` at run time.
const PROVIDED: [&[&str]; 2] = [&["conftest"], &["planguard", "params"]];

/// As [`check`], for all rules but those of tests.
pub fn check_all(
    modules: &[Ref<Module>],
    sources: &[Source],
    documents: &[DataDocument],
    errors: &mut Vec<PolicyError>,
) {
    check(&Program::new(modules, sources), |_| true, documents, errors);
}

/// Reports every reference of the `evaluated` documents that for certain leads to nothing. A reference is followed up
/// to the first step that is not written out. Tests may name what they replace.
pub(super) fn check(
    program: &Program<'_>,
    evaluated: impl Fn(usize) -> bool,
    documents: &[DataDocument],
    errors: &mut Vec<PolicyError>,
) {
    let is_looked_at = |rule: &&RuleFacts<'_>| {
        evaluated(rule.document) && !rule.is_test() && !file_of(rule.span).ends_with("_test.rego")
    };
    let rules: Vec<&RuleFacts<'_>> = program.rules.iter().filter(is_looked_at).collect();
    let replaced: Vec<Vec<String>> = rules
        .iter()
        .flat_map(|rule| rule.facts.iter().map(move |fact| (rule, fact)))
        .filter_map(|(rule, fact)| match fact {
            Fact::Replaces(target) => fixed(program.meaning(rule, target)),
            Fact::Refers(_)
            | Fact::Calls { .. }
            | Fact::Assigns { .. }
            | Fact::Iterates { .. }
            | Fact::Declares(_) => None,
        })
        .collect();
    for rule in rules {
        // Calls are checked with the functions.
        let called: BTreeSet<(u32, u32)> = rule
            .facts
            .iter()
            .filter_map(|fact| match fact {
                Fact::Calls { function, .. } => Some((function.span.line, function.span.col)),
                Fact::Refers(_)
                | Fact::Assigns { .. }
                | Fact::Iterates { .. }
                | Fact::Declares(_)
                | Fact::Replaces(_) => None,
            })
            .collect();
        for fact in &rule.facts {
            let Fact::Refers(reference) = fact else { continue };
            if reference.absence == Absence::Defaulted
                || called.contains(&(reference.span.line, reference.span.col))
            {
                continue;
            }
            let Some(path) = fixed(program.meaning(rule, reference)) else { continue };
            let is_replaced =
                replaced.iter().any(|other| other.starts_with(&path) || path.starts_with(other));
            if is_replaced || is_provided(&path) {
                continue;
            }
            let Some(missing) = missing(program, documents, &path) else { continue };
            let whole = |path: &[String]| {
                let root = ["data".to_owned()];
                path_text(&root.iter().chain(path).cloned().collect::<Vec<_>>())
            };
            let near = suggest::nearest(
                &path[missing],
                names_at(program, documents, &path[..missing]).iter().map(String::as_str),
            )
            .map(str::to_owned);
            let help = match near {
                Some(near) => {
                    let meant = path[..missing].iter().cloned().chain([near]).collect::<Vec<_>>();
                    format!("did you mean `{}`?", whole(&meant))
                }
                None => "correct the name, load the policy that has it, or give the document with --data, or as \
                         data.json or data.yaml beside the policies; `object.get(data, …)` says what to use without it"
                    .to_owned(),
            };
            let error = PolicyError::UnknownData {
                path: whole(&path[..=missing]),
                text: program.text_of(reference.span),
                at: program.place_of(reference.span),
                help,
            };
            report(errors, error);
        }
    }
}

/// The part of a path into `data` that is written out.
fn fixed(meaning: Meaning) -> Option<Vec<String>> {
    match meaning {
        Meaning::Data(steps) => Some(steps.iter().map_while(Step::key).map(str::to_owned).collect()),
        Meaning::Own | Meaning::Input(_) | Meaning::Nothing => None,
    }
}

fn is_provided(path: &[String]) -> bool {
    let matches = |known: &[&str]| path.iter().zip(known).all(|(own, known)| own == known);
    PROVIDED.iter().any(|known| matches(known))
}

/// The first step of a path that leads to nothing.
fn missing(program: &Program<'_>, documents: &[DataDocument], path: &[String]) -> Option<usize> {
    // Whatever is below a rule is the value of that rule. Most paths end here, without a look at every rule.
    if (1..=path.len()).any(|length| program.is_rule(&path[..length])) {
        return None;
    }
    let mut deepest = 0;
    for document in documents {
        match held(document, path) {
            // What is inside of an array or a text is not known by name.
            Held::Value | Held::Blocked => return None,
            Held::Nothing(depth) => deepest = deepest.max(depth),
        }
    }
    for known in program.paths() {
        let known = &known[1..];
        let shared = known.iter().zip(path).take_while(|(known, own)| known == own).count();
        if shared == path.len() {
            return None;
        }
        deepest = deepest.max(shared);
    }
    Some(deepest)
}

/// What there is below a path.
fn names_at(program: &Program<'_>, documents: &[DataDocument], path: &[String]) -> BTreeSet<String> {
    let of_rules = program.paths().filter_map(|known| known[1..].strip_prefix(path)?.first().cloned());
    let of_documents = documents.iter().flat_map(|document| {
        let value = path.iter().fold(document.value.clone(), |value, key| value[key.as_str()].clone());
        let keys: Vec<String> = match value.as_object() {
            Ok(object) => {
                object.keys_sorted().filter_map(|key| Some(key.as_string().ok()?.to_string())).collect()
            }
            Err(_) => Vec::new(),
        };
        keys
    });
    of_rules.chain(of_documents).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use regorus::{Engine, Value};

    fn problems(policy: &str, document: &str) -> Vec<String> {
        let lib = "package lib\nlimits := {\"a\": 1}\nf(x) := x";
        let mut engine = Engine::new();
        for (name, text) in [("p.rego", policy), ("lib.rego", lib)] {
            engine.add_policy(name.to_owned(), text.to_owned()).unwrap();
        }
        let modules = engine.get_modules().clone();
        let value = Value::from_json_str(document).unwrap();
        let document = DataDocument { path: "d.json".into(), text: String::new(), value };
        let mut errors = Vec::new();
        check_all(&modules, &[], &[document], &mut errors);
        let told = |error: PolicyError| match error {
            PolicyError::UnknownData { path, help, .. } if help.starts_with("did") => {
                format!("{path}: {help}")
            }
            other => other.to_string(),
        };
        errors.into_iter().map(told).collect()
    }

    #[test]
    fn what_nothing_defines_is_reported() {
        let document = r#"{"limits": {"types": ["a"], "max": 3}}"#;
        for (body, expected) in [
            ("data.limits.typs[_] == 1", "data.limits.typs: did you mean `data.limits.types`?"),
            ("data.limitz.types[_] == 1", "data.limitz: did you mean `data.limits`?"),
            ("some bad in data.forbidden", "nothing defines `data.forbidden`"),
            ("data.lib.limitz.a == 1", "data.lib.limitz: did you mean `data.lib.limits`?"),
        ] {
            let policy = format!("package main\ndeny contains \"x\" if {{ {body} }}");
            assert_eq!(problems(&policy, document), [expected], "{body}");
        }
    }

    #[test]
    fn what_may_be_there_is_accepted() {
        let document = r#"{"limits": {"types": ["a"], "max": 3}}"#;
        for body in [
            "data.limits.types[0] == 1",
            "data.limits.max == 1",
            "data[input.x].y == 1",
            "data.limits[input.x].y == 1",
            "data.lib.limits.other == 1",
            "data.lib.f(1) == 1",
            "object.get(data, \"nothing\", 1) == 1",
            "object.get(data, [\"nothing\", \"here\"], 1) == 1",
            "data.planguard.params.x == 1",
            "data.conftest.file.name == 1",
            "some data in [1]; data.x == 1",
        ] {
            let policy = format!("package main\ndeny contains \"x\" if {{ {body} }}");
            assert!(problems(&policy, document).is_empty(), "{body}: {:?}", problems(&policy, document));
        }
        let mocked = "package main\ntest_x if { data.nothing.x } \nhelper if data.mocked.x\ndeny contains \"x\" if helper with data.mocked as {}";
        assert!(problems(mocked, document).is_empty());
    }
}
