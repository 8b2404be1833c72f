//! The tables on platforms in the manual, in Markdown, made from the descriptors.

use std::fmt::Write as _;

use super::{Convention, Platform};

/// The tables, each with the name of its place in `docs/policies/platforms.md`.
pub fn tables() -> [(&'static str, String); 4] {
    [("platforms", platforms()), ("levels", levels()), ("context", context()), ("differences", differences())]
}

fn all() -> impl Iterator<Item = &'static Platform> {
    Convention::ALL.into_iter().map(Convention::platform)
}

fn platforms() -> String {
    let mut text = String::from(
        "| `--convention` | recognised by | loaded together | rules that decide | where the plan is |\n\
         |---|---|---|---|---|\n",
    );
    for Platform { word, manual, plan, .. } in all() {
        let _ = writeln!(
            text,
            "| `{word}` | {} | {} | {} | {} |",
            manual.recognised_by,
            manual.loaded_together,
            manual.decides,
            plan.described()
        );
    }
    text
}

fn levels() -> String {
    let mut text = String::from("| platform | denies | warns |\n|---|---|---|\n");
    for platform in all() {
        if let Some(levels) = &platform.manual.levels {
            let _ = writeln!(text, "| {} | {} | {} |", platform.title, levels.denies, levels.warns);
        }
    }
    text
}

fn context() -> String {
    let mut text = String::from(
        "| platform | keys of `input` beside the plan | from the environment | from Infracost |\n\
         |---|---|---|---|\n",
    );
    for platform in all().filter(|platform| !platform.context.is_empty()) {
        let own = platform.runner.iter().flat_map(|runner| runner.own_places());
        let facts = |costs: bool| {
            let facts = platform.facts.iter().filter(move |(fact, _)| fact.is_cost() == costs);
            facts.map(|(_, place)| *place)
        };
        let mut environment: Vec<&str> = own.chain(facts(false)).collect();
        environment.sort_unstable();
        environment.dedup();
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            platform.title,
            code(platform.context.iter().copied()),
            code(environment),
            code(facts(true))
        );
    }
    text
}

fn code<'t>(words: impl IntoIterator<Item = &'t str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}

fn differences() -> String {
    let items = all().flat_map(|platform| {
        platform.manual.differences.iter().map(|difference| format!("- {}: {difference}\n", platform.title))
    });
    items.collect()
}
