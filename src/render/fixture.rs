//! A summary of a fixture, for people.

use std::collections::BTreeMap;

use planguard_plan::redact::SafeText;

use crate::fixture::{Fixture, ReplacedKind as Kind};

/// How many addresses are listed.
const LISTED: usize = 20;

/// What was kept, dropped and replaced, without values.
pub fn summary(fixture: &Fixture) -> String {
    let objects = if fixture.objects == 1 { "object" } else { "objects" };
    let mut text = format!("kept {} of {} {objects}\n", fixture.kept.len(), fixture.objects);
    let listed = fixture.kept.iter().take(LISTED);
    let mut lines: Vec<String> = listed.map(|address| format!("  {}", address.for_terminal_line())).collect();
    if fixture.kept.len() > LISTED {
        lines.push(format!("  and {} more", fixture.kept.len() - LISTED));
    }
    let counts = |counts: &BTreeMap<Kind, usize>| {
        let counts = counts.iter().map(|(kind, count)| format!("{count} {}", kind.counted(*count)));
        counts.collect::<Vec<_>>().join(", ")
    };
    lines.push(match fixture.replaced.is_empty() {
        true => "replaced nothing".to_owned(),
        false => format!("replaced {}", counts(&fixture.replaced)),
    });
    if !fixture.spared.is_empty() {
        lines.push(format!("not replaced, because findings depend on them: {}", counts(&fixture.spared)));
    }
    if !fixture.lost.is_empty() {
        let rules: Vec<String> = fixture.lost.iter().map(SafeText::for_terminal_line).collect();
        lines
            .push(format!("not in the fixture, because they are about the whole plan: {}", rules.join(", ")));
    }
    let findings = if fixture.findings.len() == 1 { "finding" } else { "findings" };
    lines.push(format!("{} {findings} in the fixture", fixture.findings.len()));
    if !fixture.differing.is_empty() {
        let addresses: Vec<String> = fixture.differing.iter().map(SafeText::for_terminal_line).collect();
        lines.push(format!(
            "findings differ from the plan, because a secret was replaced: {} (PG-FX-007)",
            addresses.join(", ")
        ));
    }
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    text
}
