//! Reads the benchmarks, and holds them and the guardrails to each other.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::path::PathBuf;

use planguard_guardrail_format::{
    Benchmark, Control, ControlRules, Scope, condition_contradictions, read_benchmark,
};

use super::BuiltGuardrail;

pub(super) fn read(
    files: &[PathBuf],
    guardrails: &BTreeMap<String, BuiltGuardrail>,
    problems: &mut Vec<String>,
) -> Result<Vec<Benchmark>, Box<dyn Error>> {
    let mut benchmarks = Vec::new();
    for file in files {
        let name = file.to_string_lossy().into_owned();
        match read_benchmark(&name, &fs::read_to_string(file)?) {
            Err(error) => problems.push(error.to_string()),
            Ok(benchmark) => {
                if file.file_stem().and_then(|stem| stem.to_str()) != Some(&benchmark.name) {
                    problems.push(format!("{name}: a file is named as its benchmark, `{}`", benchmark.name));
                }
                for control in &benchmark.controls {
                    let wrong = control.rules().map(|rules| mistakes(rules, guardrails)).unwrap_or_default();
                    problems
                        .extend(wrong.iter().map(|wrong| format!("{name}: control {}: {wrong}", control.id)));
                }
                problems.extend(claims(&benchmark, guardrails));
                benchmarks.push(benchmark);
            }
        }
    }
    Ok(benchmarks)
}

/// What is wrong with the rules of a control.
fn mistakes(rules: &ControlRules, guardrails: &BTreeMap<String, BuiltGuardrail>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut types: BTreeSet<&str> = BTreeSet::new();
    for id in &rules.ids {
        let Some(built) = guardrails.get(id) else {
            wrong.push(format!("there is no guardrail `{id}`"));
            continue;
        };
        if built.guardrail.scope == Scope::Change {
            wrong.push(format!("`{id}` judges changes, and a control is about what is there"));
        }
        let before = types.len();
        types.extend(built.guardrail.resources.iter().map(String::as_str).filter(|name| rules.ask(id, name)));
        if before == types.len() && !built.guardrail.resources.iter().any(|name| rules.ask(id, name)) {
            wrong.push(format!("`{id}` judges none of `resources`"));
        }
    }
    wrong.extend(
        rules
            .resources
            .iter()
            .filter(|name| !types.contains(name.as_str()))
            .map(|name| format!("none of the rules judges `{name}`")),
    );
    for when in rules.when.iter().chain(&rules.violated_when) {
        let types: Vec<&str> = types.iter().copied().collect();
        wrong.extend(condition_contradictions(&types, when).iter().map(ToString::to_string));
    }
    wrong
}

/// Guardrails that say that they are about a control, which does not name them.
fn claims(benchmark: &Benchmark, guardrails: &BTreeMap<String, BuiltGuardrail>) -> Vec<String> {
    let prefix = format!("{} ", benchmark.foreign);
    let mut wrong = Vec::new();
    for (id, built) in guardrails {
        for claimed in built.guardrail.info.also.cis.iter().filter_map(|also| also.strip_prefix(&prefix)) {
            let control = benchmark.controls.iter().find(|control| control.id == claimed);
            let names = control.and_then(Control::rules).is_some_and(|rules| rules.ids.contains(id));
            if !names {
                wrong.push(format!(
                    "guardrail `{id}`: `also` has {prefix}{claimed}, for which {} does not name it",
                    benchmark.name
                ));
            }
        }
    }
    wrong
}
