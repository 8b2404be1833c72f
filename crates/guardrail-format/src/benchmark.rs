//! Benchmarks: which guardrails decide each control, or why none does. One file for each benchmark.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::raw::RawPredicate;
use super::read::condition;
use super::{DefinitionError, DefinitionProblem, Predicate};

/// A benchmark: a list of controls that somebody published.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Benchmark {
    /// The name by which it is chosen, such as `cis-aws-5.0`.
    pub name: String,
    /// What it is called, such as `CIS AWS Foundations 5.0`.
    pub title: String,
    /// What stands in front of the ids of its controls where rules name them, such as `CIS AWS 5.0`.
    pub foreign: String,
    /// Its controls, in their order.
    pub controls: Vec<Control>,
}

/// A control of a benchmark.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Control {
    /// Its id, such as `2.1.4`.
    pub id: String,
    /// What it asks for, in words of this project.
    pub title: String,
    /// What decides it.
    pub decided: Decided,
}

/// What decides a control.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Decided {
    /// Guardrails.
    ByRules(Box<ControlRules>),
    /// Nothing: no plan has it, for this reason.
    NotByPlan(String),
    /// Nothing: a plan may have it, and no guardrail looks for it, for this reason.
    NotYet(String),
}

/// The guardrails that decide a control.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ControlRules {
    /// Their ids.
    pub ids: Vec<String>,
    /// The resource types of theirs that the control is about; all of them if empty.
    pub resources: Vec<String>,
    /// Which resources the control is about, beside their type.
    pub when: Option<Predicate>,
    /// Which of the resources that the rules report violate the control; all of them if `None`.
    pub violated_when: Option<Predicate>,
    /// What of the control a plan does not tell.
    pub limits: Option<String>,
}

impl ControlRules {
    /// Whether the control asks this guardrail about resources of this type.
    pub fn ask(&self, rule: &str, resource_type: &str) -> bool {
        self.ids.iter().any(|id| id == rule)
            && (self.resources.is_empty() || self.resources.iter().any(|name| name == resource_type))
    }
}

impl Benchmark {
    /// The rules that decide a control of it.
    pub fn rules(&self) -> impl Iterator<Item = &str> {
        self.controls.iter().filter_map(Control::rules).flat_map(|rules| &rules.ids).map(String::as_str)
    }
}

impl Control {
    /// The rules that decide it, if rules do.
    pub fn rules(&self) -> Option<&ControlRules> {
        match &self.decided {
            Decided::ByRules(rules) => Some(rules),
            Decided::NotByPlan(_) | Decided::NotYet(_) => None,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    name: String,
    title: String,
    foreign: String,
    /// Reasons that several controls have, by a word for each.
    #[serde(default)]
    reasons: BTreeMap<String, String>,
    control: Vec<toml::Spanned<RawControl>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawControl {
    id: String,
    title: String,
    #[serde(default)]
    rules: Vec<String>,
    #[serde(default)]
    resources: Vec<String>,
    when: Option<RawPredicate>,
    violated_when: Option<RawPredicate>,
    limits: Option<String>,
    not_in_plan: Option<String>,
    not_yet: Option<String>,
}

/// Reads the file of a benchmark. Its controls stand in their order, each once.
///
/// # Errors
/// The first mistake in the file.
pub fn read_benchmark(file: &str, text: &str) -> Result<Benchmark, DefinitionError> {
    let line = |offset: usize| 1 + text.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count();
    let error = |offset: usize, problem: String| DefinitionError {
        file: file.to_owned(),
        line: line(offset.min(text.len())),
        problem: DefinitionProblem::Syntax(problem),
    };
    let raw: RawFile = toml::from_str(text)
        .map_err(|source| error(source.span().map_or(0, |span| span.start), source.message().to_owned()))?;
    let mut controls: Vec<Control> = Vec::with_capacity(raw.control.len());
    let mut last = Vec::new();
    for spanned in raw.control {
        let offset = spanned.span().start;
        let raw_control = spanned.into_inner();
        let id = raw_control.id.clone();
        let wrong = |problem: String| error(offset, format!("control {id}: {problem}"));
        let number = number(&id).map_err(wrong)?;
        if number <= last {
            return Err(wrong("controls stand in the order of their ids, each once".to_owned()));
        }
        last = number;
        controls.push(control(raw_control, &raw.reasons).map_err(wrong)?);
    }
    Ok(Benchmark { name: raw.name, title: raw.title, foreign: raw.foreign, controls })
}

/// The numbers of an id such as `2.1.4`.
fn number(id: &str) -> Result<Vec<u32>, String> {
    id.split('.').map(|part| part.parse().map_err(|_| "an id is numbers joined by dots".to_owned())).collect()
}

fn control(raw: RawControl, reasons: &BTreeMap<String, String>) -> Result<Control, String> {
    if raw.title.trim().is_empty() {
        return Err("`title` must say something".to_owned());
    }
    // A word stands for a reason that several controls have; a sentence is one.
    let reason = |text: String| match reasons.get(&text) {
        Some(reason) => Ok(reason.trim().to_owned()),
        None if text.ends_with('.') => Ok(text.trim().to_owned()),
        None => Err(format!("`{text}` is neither a sentence nor one of the `reasons`")),
    };
    let has_rules = !raw.rules.is_empty();
    let narrows = raw.when.is_some() || raw.violated_when.is_some();
    if !has_rules && (!raw.resources.is_empty() || narrows || raw.limits.is_some()) {
        return Err("`resources`, `when`, `violated_when` and `limits` belong to `rules`".to_owned());
    }
    let decided = match (has_rules, raw.not_in_plan, raw.not_yet) {
        (true, None, None) => Decided::ByRules(Box::new(ControlRules {
            ids: raw.rules,
            resources: raw.resources,
            when: raw.when.map(condition).transpose()?,
            violated_when: raw.violated_when.map(condition).transpose()?,
            limits: raw.limits.map(reason).transpose()?,
        })),
        (false, Some(text), None) => Decided::NotByPlan(reason(text)?),
        (false, None, Some(text)) => Decided::NotYet(reason(text)?),
        _ => return Err("write one of `rules`, `not_in_plan` and `not_yet`".to_owned()),
    };
    Ok(Control { id: raw.id, title: raw.title, decided })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(controls: &str) -> Result<Benchmark, String> {
        let text = format!(
            "name = \"b-1\"\ntitle = \"B 1\"\nforeign = \"B 1\"\n[reasons]\nhand = \"Made by hand.\"\n{controls}"
        );
        read_benchmark("b.toml", &text).map_err(|error| error.to_string())
    }

    #[test]
    fn controls_are_read_with_what_decides_them() {
        let benchmark = read(
            "[[control]]\nid = \"1.9\"\ntitle = \"t\"\nnot_in_plan = \"hand\"\n\
             [[control]]\nid = \"1.10\"\ntitle = \"t\"\nrules = [\"aws-a\", \"aws-b\"]\nresources = [\"aws_a\"]\n\
             when = { attribute = \"c\", is = true }\nlimits = \"Only some.\"\n\
             [[control]]\nid = \"2\"\ntitle = \"t\"\nnot_yet = \"Nobody wrote it.\"\n",
        )
        .unwrap();
        let [one, two, three] = &benchmark.controls[..] else { panic!("three controls") };
        assert!(matches!(&one.decided, Decided::NotByPlan(reason) if reason == "Made by hand."));
        let rules = two.rules().unwrap();
        assert!(rules.ask("aws-b", "aws_a") && !rules.ask("aws-b", "aws_b") && !rules.ask("aws-c", "aws_a"));
        assert!(rules.when.is_some());
        assert!(matches!(&three.decided, Decided::NotYet(_)));
        assert_eq!(benchmark.rules().collect::<Vec<_>>(), ["aws-a", "aws-b"]);
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        let control = |body: &str| format!("[[control]]\nid = \"1.1\"\ntitle = \"t\"\n{body}\n");
        for (controls, expected) in [
            (control(""), "b.toml:6: control 1.1: write one of `rules`, `not_in_plan` and `not_yet`"),
            (
                control("rules = [\"a\"]\nnot_yet = \"hand\""),
                "b.toml:6: control 1.1: write one of `rules`, `not_in_plan` and `not_yet`",
            ),
            (
                control("not_yet = \"hands\""),
                "b.toml:6: control 1.1: `hands` is neither a sentence nor one of the `reasons`",
            ),
            (
                control("not_yet = \"hand\"\nlimits = \"hand\""),
                "b.toml:6: control 1.1: `resources`, `when`, `violated_when` and `limits` belong to `rules`",
            ),
            (
                control("rules = [\"a\"]\nwhen = { attribute = \"a\" }"),
                "b.toml:6: control 1.1: `a` is not tested",
            ),
            (
                control("not_yet = \"hand\"").repeat(2),
                "b.toml:10: control 1.1: controls stand in the order of their ids, each once",
            ),
            (
                control("not_yet = \"hand\"").replace("1.1", "1.a"),
                "b.toml:6: control 1.a: an id is numbers joined by dots",
            ),
        ] {
            assert_eq!(read(&controls).unwrap_err(), expected);
        }
    }
}
