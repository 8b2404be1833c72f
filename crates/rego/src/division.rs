//! Divides the rules of a policy set among threads.

use std::collections::BTreeMap;

use planguard_threads::{self as threads, Stack};
use regorus::Engine;

use super::cpu_time::Budget;
use super::evaluate::{Attempt, PathResult, PathResults, Work};
use super::set::PolicySet;

/// From this product of rules and bytes of the plan on, another thread saves time. A resource has about three thousand
/// bytes in a plan, and a rule takes a third of a microsecond to skip it, so this is about 15 milliseconds.
const WORTH_A_THREAD: usize = 150_000_000;

impl PolicySet {
    /// Evaluates paths, in groups that use the same helper rules, and on several threads if that takes less time.
    /// Neither changes the result of a path.
    pub(super) fn ask_all(&self, engine: &Engine, work: &Work, paths: &[String]) -> PathResults {
        let mut answers = self.ask_together(engine, work);
        let alone: Vec<(usize, String)> = paths.iter().cloned().enumerate().collect();
        let alone = alone.into_iter().filter(|(_, path)| !answers.contains_key(path)).collect();
        let mut asked = self.divide(engine, work, alone, Attempt::ThenLenient, &[&work.budget]);
        answers.append(&mut asked.answers);
        PathResults { answers, ..asked }
    }

    fn ask_together(&self, engine: &Engine, work: &Work) -> BTreeMap<String, PathResult> {
        // With a rule that exceeds its limit, the whole group would.
        let is_quick = |(_, rules): &(&String, &[String])| !rules.iter().any(|rule| self.is_slow(rule));
        let groups = self.together.groups().filter(is_quick).map(|(path, _)| path.clone());
        let groups = groups.enumerate().collect();
        // If this fails, the rules still have most of their time left.
        let budget = Budget::new(self.time_limit);
        let asked = self.divide(engine, work, groups, Attempt::Strict, &[&budget, &work.budget]);
        let mut answers = BTreeMap::new();
        for (path, answer) in asked.answers {
            let split = answer.undisturbed().and_then(|value| self.together.split(&path, &value));
            for (rule, value) in split.into_iter().flatten() {
                answers.insert(rule.clone(), PathResult::of(value));
            }
        }
        answers
    }

    fn divide(
        &self,
        engine: &Engine,
        work: &Work,
        paths: Vec<(usize, String)>,
        attempt: Attempt,
        budgets: &[&Budget],
    ) -> PathResults {
        let rules = paths.iter().map(|(_, path)| self.together.asked_by(path)).sum();
        let parts = parts(rules, work.size, threads::free().get()).min(paths.len()).max(1);
        let mut shares: Vec<Vec<(usize, String)>> = vec![Vec::new(); parts];
        for (index, path) in paths.into_iter().enumerate() {
            shares[index % parts].push(path);
        }
        // The threads only wait for those on which the engine runs, and need no large stack themselves.
        let answered =
            threads::map(&shares, Stack::Plan, |share| self.ask(engine, work, share, attempt, budgets));
        let mut all = PathResults::default();
        for asked in answered {
            all.answers.extend(asked.answers);
            all.failures.extend(asked.failures);
            all.unreached.extend(asked.unreached);
        }
        all
    }
}

/// The number of parts into which the work is divided.
fn parts(rules: usize, size: usize, processors: usize) -> usize {
    let worth = rules.saturating_mul(size) / WORTH_A_THREAD;
    worth.min(processors).min(rules).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::PolicyError;
    use crate::evaluate::{Evaluation, PolicyInput};
    use crate::options::{Namespaces, PolicyOptions};

    fn evaluate(policies: &[&str], text: &str) -> Evaluation {
        let directory = tempfile::tempdir().unwrap();
        for (number, policy) in policies.iter().enumerate() {
            std::fs::write(directory.path().join(format!("{number}.rego")), policy).unwrap();
        }
        let paths = vec![directory.path().to_owned()];
        let options = PolicyOptions { paths, namespaces: Namespaces::All, ..PolicyOptions::default() };
        PolicySet::load(&options).unwrap().evaluate(PolicyInput {
            name: "plan.json",
            text,
            plan: None,
            cost: None,
        })
    }

    fn messages(evaluation: &Evaluation) -> Vec<&str> {
        evaluation.findings.iter().map(|finding| finding.message.as_str()).collect()
    }

    const PLAN: &str = r#"{"resource_changes": [
        {"type": "x", "address": "x.a", "change": {"actions": ["create"]}},
        {"type": "y", "address": "y.a", "change": {"actions": ["delete", "create"]}}
    ]}"#;

    const LIBRARY: &str = "package lib\nchanged contains rc.address if some rc in input.resource_changes";

    #[test]
    fn an_error_is_reported_for_the_rule_that_caused_it() {
        let policies = [
            LIBRARY,
            "package a\ndeny contains \"a\" if \"x.a\" in data.lib.changed",
            "package b\ndeny contains \"b\" if { some c in data.lib.changed; to_number(c) == 1 }",
            "package c\ndeny contains \"c\" if { \"y.a\" in data.lib.changed; print(\"seen\") }",
        ];
        let evaluation = evaluate(&policies, PLAN);
        assert_eq!(messages(&evaluation), ["a", "c"]);
        assert!(evaluation.errors.is_empty(), "{:?}", evaluation.errors);
        let [PolicyError::SwallowedError { rule, .. }] = evaluation.diagnostics.as_slice() else {
            panic!("{:?}", evaluation.diagnostics);
        };
        assert_eq!(
            (rule.as_str(), evaluation.prints.len(), evaluation.rules_evaluated),
            ("data.b.deny", 1, 3)
        );
    }

    #[test]
    fn rules_that_share_a_helper_find_what_they_find_alone() {
        let policies = [
            LIBRARY,
            "package a\ndeny contains c if some c in data.lib.changed",
            "package b\ndeny contains \"b\" if \"z\" in data.lib.changed",
            "package c\nwarn contains \"c\" if count(data.lib.changed) == 2",
        ];
        let evaluation = evaluate(&policies, PLAN);
        assert_eq!(messages(&evaluation), ["x.a", "y.a", "c"]);
        assert!(evaluation.is_decided());
        assert_eq!(evaluation.rules_without_result, ["data.b.deny"]);
    }

    #[test]
    fn the_index_exists_for_policies_that_use_it() {
        let policy = "package a\ndeny contains rc.address if some rc in input.planguard.by_type.x\n\
                      deny contains rc.address if some rc in input.planguard.by_action.replace\n\
                      warn contains \"z\" if input.planguard.by_type.z";
        let evaluation = evaluate(&[policy], PLAN);
        assert_eq!(messages(&evaluation), ["x.a", "y.a"]);
        assert!(evaluation.is_decided());
        let walks = "package a\ndeny contains \"found\" if { walk(input, [p, _]); \"planguard\" in p }";
        assert!(messages(&evaluate(&[walks], PLAN)).is_empty());
    }

    #[test]
    fn small_work_is_not_divided() {
        assert_eq!(parts(0, 10_000_000, 8), 1);
        assert_eq!(parts(100, 100_000, 8), 1);
        assert_eq!(parts(100, 10_000_000, 8), 6);
        assert_eq!(parts(100, 10_000_000, 2), 2);
        assert_eq!(parts(1, 1_000_000_000, 8), 1);
        assert_eq!(parts(1_000, 100_000_000, 0), 1);
    }
}
