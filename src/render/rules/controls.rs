//! The controls of a benchmark, with the rules that decide each or the reason why none does.

use std::fmt::Write as _;

use planguard_guardrails::definition::{Benchmark, Control, Decided};
use serde_json::{Value, json};

use super::markdown::cell;
use super::text::paragraph;
use crate::benchmark::ControlStatus;
use crate::render::Layout;
use crate::render::colour::Style;
use crate::render::layout::count;

/// The rules of a control, the name of its state if it has none, and what else is to be said of it.
fn parts(control: &Control) -> (&[String], Option<ControlStatus>, Option<&str>) {
    match &control.decided {
        Decided::ByRules(rules) => (&rules.ids, None, rules.limits.as_deref()),
        Decided::NotByPlan(reason) => (&[], Some(ControlStatus::NotDecidable), Some(reason)),
        Decided::NotYet(reason) => (&[], Some(ControlStatus::NoRule), Some(reason)),
    }
}

pub(super) fn text(benchmark: &Benchmark, layout: Layout) -> String {
    let paint = |style, words: &str| layout.colour.paint(style, words);
    let mut text = format!("{}\n{}\n\n", paint(Style::Heading, &benchmark.name), benchmark.title);
    // Writing to a String does not fail.
    for control in &benchmark.controls {
        let (rules, state, about) = parts(control);
        let _ = writeln!(text, "{} {}", paint(Style::Heading, &control.id), control.title);
        let lead = state.map(|state| format!("{}: ", state.words())).unwrap_or_default();
        for rule in rules {
            let _ = writeln!(text, "  {rule}");
        }
        if let Some(about) = about {
            paragraph(&mut text, &format!("{lead}{about}"), "  ", layout.width);
        }
    }
    let decided = benchmark.controls.iter().filter(|control| !parts(control).0.is_empty()).count();
    let all = count(benchmark.controls.len(), "control", "controls");
    let _ = writeln!(text, "\n{all}, {decided} of them decided by rules");
    text
}

pub(super) fn markdown(benchmark: &Benchmark) -> String {
    let mut text = format!(
        "# {}\n\n{}.\n\n| control | | decided by | |\n|---|---|---|---|\n",
        benchmark.name, benchmark.title
    );
    for control in &benchmark.controls {
        let (rules, state, about) = parts(control);
        let by = match state {
            Some(state) => state.words().to_owned(),
            None => format!("`{}`", rules.join("`, `")),
        };
        let (title, about) = (cell(&control.title), cell(about.unwrap_or_default()));
        let _ = writeln!(text, "| {} | {title} | {by} | {about} |", control.id);
    }
    text
}

pub(super) fn json(benchmark: &Benchmark) -> Vec<Value> {
    let control = |control: &Control| {
        let (rules, state, about) = parts(control);
        json!({
            "id": format!("{} {}", benchmark.name, control.id),
            "kind": "control",
            "title": control.title,
            "rules": rules,
            "undecided": state.map(ControlStatus::as_str),
            "about": about,
        })
    };
    benchmark.controls.iter().map(control).collect()
}
