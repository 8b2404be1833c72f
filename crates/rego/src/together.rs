//! Groups rules that use the same helper rules, so that the helpers are evaluated once for all of them.
//!
//! The engine keeps no results between two evaluations. Rules that share a helper are therefore evaluated by one rule
//! of a generated policy. Its result is used only if nothing failed and nothing was printed; otherwise each rule is
//! evaluated alone, so that an error in one rule does not affect the others.

use std::collections::{BTreeMap, HashMap};

use regorus::{Engine, Value};

use super::program::{Meaning, Program, path_text};
use super::set;
use super::syntax::{Fact, Form, Step};

/// The largest number of rules in a group. If one of them fails, the time spent on the others is lost.
const AT_ONCE: usize = 64;

/// The package of the generated policy.
const PACKAGE: &str = "__pg_together";

/// Groups of rules, by the path of the generated rule that evaluates them.
#[derive(Clone, Debug, Default)]
pub(super) struct Together(BTreeMap<String, Vec<String>>);

impl Together {
    /// Groups rules by the helper rules that they share.
    pub(super) fn of(program: &Program<'_>, deciding: &[usize]) -> Self {
        if looks_at_all_data(program) {
            return Self::default();
        }
        let costly = costly(program);
        let mut first_with: HashMap<usize, usize> = HashMap::new();
        let mut groups = Groups((0..deciding.len()).collect());
        for (index, document) in deciding.iter().enumerate() {
            if !program.stands_alone(*document) {
                continue;
            }
            for helper in program.reachable([*document]) {
                if helper != *document && costly[helper] {
                    let first = *first_with.entry(helper).or_insert(index);
                    groups.join(first, index);
                }
            }
        }
        let mut members: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for (index, document) in deciding.iter().enumerate() {
            let path = path_text(&program.documents[*document].path);
            members.entry(groups.find(index)).or_default().push(path);
        }
        let parts = members.values().flat_map(|paths| paths.chunks(AT_ONCE)).filter(|part| part.len() > 1);
        let named = |(number, part): (usize, &[String])| (format!("data.{PACKAGE}.r{number}"), part.to_vec());
        Self(parts.enumerate().map(named).collect())
    }

    /// A prepared copy of an engine with the generated policy; `None` if there are no groups, or if the engine refuses
    /// its policies. The rules can be evaluated alone as well.
    pub(super) fn taught(&self, engine: &Engine) -> Option<Engine> {
        if self.0.is_empty() {
            return None;
        }
        let mut learned = engine.clone();
        learned.set_rego_v0(false);
        learned.add_policy(PACKAGE.to_owned(), self.policy()).ok()?;
        set::prepared(&mut learned).ok()?;
        Some(learned)
    }

    fn policy(&self) -> String {
        let mut text = format!("package {PACKAGE}\n");
        for (path, rules) in &self.0 {
            let name = path.rsplit('.').next().unwrap_or_default();
            // An undefined rule must not make the whole result undefined.
            let asked = rules.iter().map(|rule| format!("[v | v := {rule}]")).collect::<Vec<_>>().join(", ");
            text.push_str(&format!("{name} := [{asked}]\n"));
        }
        text
    }

    /// The paths of the generated rules, each with those that it evaluates.
    pub(super) fn groups(&self) -> impl Iterator<Item = (&String, &[String])> {
        self.0.iter().map(|(path, rules)| (path, rules.as_slice()))
    }

    /// The number of rules that a path evaluates: 1, unless it is a generated rule.
    pub(super) fn asked_by(&self, path: &str) -> usize {
        self.0.get(path).map_or(1, Vec::len)
    }

    /// The result of each rule in the result of a generated rule.
    pub(super) fn split<'s>(&'s self, path: &str, answer: &Value) -> Option<Vec<(&'s String, Value)>> {
        let (rules, answers) = (self.0.get(path)?, answer.as_array().ok()?);
        if answers.iter().len() != rules.len() {
            return None;
        }
        let value = |answer: &Value| match answer.as_array() {
            Ok(values) => values.first().cloned().unwrap_or(Value::Undefined),
            Err(_) => Value::Undefined,
        };
        Some(rules.iter().zip(answers.iter().map(value)).collect())
    }
}

/// Disjoint sets of indexes (union-find).
struct Groups(Vec<usize>);

impl Groups {
    fn find(&mut self, mut index: usize) -> usize {
        while self.0[index] != index {
            self.0[index] = self.0[self.0[index]];
            index = self.0[index];
        }
        index
    }

    fn join(&mut self, left: usize, right: usize) {
        let (left, right) = (self.find(left), self.find(right));
        self.0[left.max(right)] = left.min(right);
    }
}

/// Returns whether any rule might see the generated policy in `data`.
fn looks_at_all_data(program: &Program<'_>) -> bool {
    program.rules.iter().any(|rule| {
        rule.facts.iter().any(|fact| {
            let (Fact::Refers(reference) | Fact::Replaces(reference)) = fact else { return false };
            let is_open = |step: Option<&Step>| matches!(step, None | Some(Step::Dynamic));
            if reference.root == "data" {
                return is_open(reference.steps.first());
            }
            // Nothing else but an import can mean all of `data`.
            if !program.imports(rule.module, reference.root) {
                return false;
            }
            match program.meaning(rule, reference) {
                Meaning::Data(steps) => is_open(steps.first()),
                Meaning::Own | Meaning::Input(_) | Meaning::Nothing => false,
            }
        })
    })
}

/// Returns which documents are worth sharing: those that do more than state or name a value.
fn costly(program: &Program<'_>) -> Vec<bool> {
    let mut costly = vec![false; program.documents.len()];
    for rule in &program.rules {
        let is_short = rule.facts.is_empty() || rule.value.is_some() && rule.facts.len() == 1;
        costly[rule.document] |= !is_short && rule.form != Form::Function;
    }
    costly
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(policies: &[&str], deciding: &[&str]) -> Vec<Vec<String>> {
        let mut engine = Engine::new();
        for (index, policy) in policies.iter().enumerate() {
            engine.add_policy(format!("{index}.rego"), (*policy).to_owned()).unwrap();
        }
        let modules = engine.get_modules().clone();
        let program = Program::new(&modules, &[]);
        let of = |path: &&str| program.documents.iter().position(|known| path_text(&known.path) == **path);
        let deciding: Vec<usize> = deciding.iter().filter_map(of).collect();
        Together::of(&program, &deciding).0.into_values().collect()
    }

    const LIBRARY: &str = "package lib\nchanged := [rc | some rc in input.resource_changes]\nlimit := 1\n\
                           f(x) if x in changed\nall := input.resource_changes";

    #[test]
    fn rules_that_share_a_helper_are_joined() {
        let policies = [
            LIBRARY,
            "package a\ndeny contains 1 if data.lib.changed[_].x",
            "package b\ndeny contains 1 if data.lib.f(2)",
            "package c\ndeny contains 1 if data.lib.limit > 2\nwarn contains data.lib.all[_]",
        ];
        let deciding = ["data.a.deny", "data.b.deny", "data.c.deny", "data.c.warn"];
        assert_eq!(groups(&policies, &deciding), [["data.a.deny", "data.b.deny"]]);
    }

    #[test]
    fn rules_that_could_see_the_generated_policy_are_not_grouped() {
        let a = "package a\ndeny contains 1 if data.lib.changed[_].x";
        let b = "package b\ndeny contains 1 if data.lib.changed[_].x";
        let deciding = ["data.a.deny", "data.b.deny"];
        assert_eq!(groups(&[LIBRARY, a, b], &deciding).len(), 1);
        for other in
            ["package c\nx := data[_]", "package a.deny\nx := 1", "package c\nx if 1 with data as {}"]
        {
            assert!(groups(&[LIBRARY, a, b, other], &deciding).is_empty(), "{other}");
        }
    }

    #[test]
    fn each_rule_gets_its_own_result() {
        let policies = [
            LIBRARY,
            "package a\ndeny contains 1 if data.lib.changed[_] == 7",
            "package b\ndeny := false if data.lib.changed[_] == 7",
            "package c\ndeny := 3 if data.lib.changed[_] == 8",
        ];
        let mut engine = Engine::new();
        for (index, policy) in policies.iter().enumerate() {
            engine.add_policy(format!("{index}.rego"), (*policy).to_owned()).unwrap();
        }
        let modules = engine.get_modules().clone();
        let program = Program::new(&modules, &[]);
        let deciding: Vec<usize> = (0..program.documents.len())
            .filter(|index| program.documents[*index].path.last().is_some_and(|name| name == "deny"))
            .collect();
        let together = Together::of(&program, &deciding);
        engine = together.taught(&engine).unwrap();
        engine.set_input(Value::from_json_str(r#"{"resource_changes": [7]}"#).unwrap());
        let (path, _) = together.groups().next().unwrap();
        let answer = engine.eval_rule(path.clone()).unwrap();
        let split: Vec<(String, String)> = together
            .split(path, &answer)
            .unwrap()
            .into_iter()
            .map(|(path, value)| (path.clone(), value.to_string()))
            .collect();
        let expected = [("data.a.deny", "{1}"), ("data.b.deny", "false"), ("data.c.deny", "\"<undefined>\"")];
        let expected = expected.map(|(path, value)| (path.to_owned(), value.to_owned()));
        assert_eq!(split.len(), 3);
        assert_eq!((&split[1], &split[2]), (&expected[1], &expected[2]));
        assert_eq!(engine.eval_rule("data.a.deny".to_owned()).unwrap().to_string(), split[0].1);
    }
}
