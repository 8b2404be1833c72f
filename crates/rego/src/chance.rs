//! Reports rules that draw random numbers: what they decide is another thing in every run of OPA.

use std::collections::BTreeSet;

use super::error::{PolicyError, report};
use super::program::Program;
use super::syntax::Fact;

/// Returns another number in every run, and the same for the same arguments within one. UUIDs are random as well, but
/// no two are equal, so that nothing depends on which one it is.
const RANDOM: &str = "rand.intn";

/// Reports the calls in rules that decide and in those that they use.
pub(super) fn check(program: &Program<'_>, deciding: &BTreeSet<usize>, errors: &mut Vec<PolicyError>) {
    for rule in program.rules.iter().filter(|rule| deciding.contains(&rule.document) && !rule.is_test()) {
        for fact in &rule.facts {
            let Fact::Calls { function, span, .. } = fact else { continue };
            if function.dotted() == RANDOM && program.functions(rule, function).is_empty() {
                let (text, at) = (program.text_of(span), program.place_of(span));
                report(errors, PolicyError::RandomNumber { text, at });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::error::PolicyError;
    use crate::options::{Namespaces, PolicyOptions};
    use crate::set::PolicySet;

    fn is_told(policy: &str) -> bool {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("p.rego"), format!("package main\n{policy}")).unwrap();
        let paths = vec![directory.path().to_owned()];
        let options = PolicyOptions { paths, namespaces: Namespaces::All, ..PolicyOptions::default() };
        let set = PolicySet::load(&options).unwrap();
        set.problems().iter().any(|problem| matches!(problem, PolicyError::RandomNumber { .. }))
    }

    #[test]
    fn a_decision_by_chance_is_told() {
        for policy in [
            "deny contains \"x\" if rand.intn(input.terraform_version, 10) > 5",
            "deny contains m if { m := sprintf(\"%d\", [draw(\"a\")]) }\ndraw(x) := rand.intn(x, 3)",
            "deny contains \"x\" if { not sampled }\nsampled if { y := [rand.intn(\"a\", 2)]; y[0] == 1 }",
        ] {
            assert!(is_told(policy), "{policy}");
        }
    }

    #[test]
    fn what_decides_nothing_or_is_no_chance_is_not() {
        for policy in [
            "deny contains \"x\" if input.x\nunused := rand.intn(\"a\", 10)",
            "deny contains \"x\" if input.x\ntest_draw if rand.intn(\"a\", 10) < 10",
            "deny contains {\"msg\": \"x\", \"id\": uuid.rfc4122(\"x\")} if input.x",
            "deny contains \"x\" if time.now_ns() > 0",
        ] {
            assert!(!is_told(policy), "{policy}");
        }
    }
}
