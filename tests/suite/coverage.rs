//! `docs/guardrails/coverage.md`: how much of what scanners look for the rules find, and why the rest is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use planguard::guardrails::{Concern, ConcernAnswer, LeftOut, concerns};

use crate::generated::assert_current;

/// Providers with rules; the others are told together.
const PROVIDERS: [&str; 6] = ["aws", "azurerm", "google", "kubernetes", "github", "any"];

fn provider(concern: &Concern) -> &'static str {
    if PROVIDERS.contains(&concern.provider) { concern.provider } else { "others" }
}

fn has_rule(concern: &Concern) -> bool {
    matches!(concern.answer, ConcernAnswer::Rules(_))
}

/// A line of a table: a name, how many there are, how many have a rule, are left out, and are open.
fn line(name: &str, all: &[&Concern]) -> String {
    let found = all.iter().filter(|concern| has_rule(concern)).count();
    let open = all.iter().filter(|concern| concern.answer == ConcernAnswer::Open).count();
    let share = 100 * found / all.len().max(1);
    format!("| {name} | {} | {found} | {share} % | {} | {open} |\n", all.len(), all.len() - found - open)
}

fn table(title: &str, all: &[Concern], name: impl Fn(&Concern) -> &'static str) -> String {
    let mut groups: BTreeMap<&str, Vec<&Concern>> = BTreeMap::new();
    for concern in all {
        groups.entry(name(concern)).or_default().push(concern);
    }
    let mut text = format!(
        "\n| {title} | concerns | with a rule | share | left out | open |\n|---|---|---|---|---|---|\n"
    );
    groups.iter().for_each(|(name, all)| text.push_str(&line(name, all)));
    text.push_str(&line("all", &all.iter().collect::<Vec<_>>()));
    text
}

/// How many different ids of each scanner there are, and how many have a rule.
fn scanners(all: &[Concern]) -> String {
    let mut ids: BTreeMap<&str, BTreeMap<&str, bool>> = BTreeMap::new();
    for concern in all.iter().filter(|concern| provider(concern) != "others") {
        for (tool, id) in concern.ids().filter(|(tool, _)| *tool != "CIS") {
            *ids.entry(tool).or_default().entry(id).or_default() |= has_rule(concern);
        }
    }
    let mut text = String::from("\n| scanner | checks | with a rule | share |\n|---|---|---|---|\n");
    for (tool, ids) in &ids {
        let found = ids.values().filter(|found| **found).count();
        let _ = writeln!(text, "| {tool} | {} | {found} | {} % |", ids.len(), 100 * found / ids.len().max(1));
    }
    text
}

fn left_out(all: &[Concern]) -> String {
    let mut text = String::new();
    for reason in LeftOut::ALL {
        let mut lines: BTreeSet<String> = BTreeSet::new();
        for concern in all {
            let ConcernAnswer::LeftOut(why, words) = concern.answer else { continue };
            if why != reason || provider(concern) == "others" {
                continue;
            }
            let ids: Vec<&str> = concern.ids().filter(|(tool, _)| *tool != "CIS").map(|(_, id)| id).collect();
            let ids = if ids.is_empty() { String::new() } else { format!(" ({})", ids.join(", ")) };
            lines.insert(format!(
                "- {} {}: {}{ids}\n",
                concern.provider,
                concern.service,
                words.replace('|', "\\|")
            ));
        }
        if !lines.is_empty() {
            let _ = write!(text, "\n### {}\n\n", capital(reason.meaning()));
            text.extend(lines);
        }
    }
    text
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[test]
fn the_page_about_coverage_is_current() {
    let all = concerns();
    let mut text = format!(
        "# Coverage\n\nScanners of infrastructure code look for {} different things (concerns), merged over Checkov, Trivy, KICS \
         and Terrascan. This page says how many of them a rule of planguard finds in a plan, and why the others are left \
         out. An open one has neither a rule nor a reason yet. `planguard rules ID` takes the id of another scanner.\n",
        all.len()
    );
    text += &table("provider", &all, provider);
    text += &table("severity", &all, |concern| concern.severity);
    text += &table("pack", &all, |concern| concern.pack);
    text += "\n## By scanner\n\nThe checks of each scanner for the providers above, without the others.\n";
    text += &scanners(&all);
    text += "\n## What is left out\n";
    text += &left_out(&all);
    assert_current(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/guardrails/coverage.md"), &text);
}

/// Where the inventory of checks is at hand, each of its lines stands in the files of concerns.
#[test]
fn every_check_of_the_inventory_is_answered() {
    let inventory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/catalogue/checks.tsv");
    let Ok(text) = std::fs::read_to_string(&inventory) else {
        eprintln!("skipped: there is no inventory of checks at {}", inventory.display());
        return;
    };
    let rows: BTreeSet<String> = concerns().iter().map(|concern| concern.row.to_owned()).collect();
    let wanted: BTreeSet<String> = (2..=text.lines().count()).map(|line| line.to_string()).collect();
    assert_eq!(rows, wanted);
}
