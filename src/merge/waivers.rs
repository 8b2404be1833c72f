//! What became of waivers in all runs.

use std::collections::BTreeSet;

use planguard_plan::redact::SafeText;

use crate::finding::Finding;
use crate::report::{Report, WaiverReport};
use crate::waivers::Use;

/// The code of the notice about a waiver that no finding of a run is like.
const UNUSED: &str = "PG-WV-101";

/// The waivers of all runs, each once, with what became of it in all of them.
pub(super) fn merged(all: Vec<Vec<WaiverReport>>) -> Vec<WaiverReport> {
    let mut merged: Vec<WaiverReport> = Vec::new();
    for waiver in all.into_iter().flatten() {
        match merged.iter_mut().find(|known| is_same(known, &waiver)) {
            Some(known) => known.became = both(known.became.clone(), waiver.became),
            None => merged.push(waiver),
        }
    }
    merged
}

fn is_same(one: &WaiverReport, other: &WaiverReport) -> bool {
    WaiverReport { became: Use::Unused, ..one.clone() }
        == WaiverReport { became: Use::Unused, ..other.clone() }
}

/// What became of a waiver of which this became in two runs.
fn both(one: Use, other: Use) -> Use {
    match (one, other) {
        (Use::Accepted(one), Use::Accepted(other)) => Use::Accepted(one + other),
        (Use::Expired(one), Use::Expired(other)) => Use::Expired(one + other),
        (accepted @ Use::Accepted(_), _) | (_, accepted @ Use::Accepted(_)) => accepted,
        (expired @ Use::Expired(_), _) | (_, expired @ Use::Expired(_)) => expired,
        (Use::Shadowed, _) | (_, Use::Shadowed) => Use::Shadowed,
        (Use::Unused, _) | (_, Use::Unused) => Use::Unused,
        (one @ (Use::OtherEnvironment | Use::UnknownRule { .. }), _) => one,
    }
}

/// Drops notices that a comment in a configuration is not used, if it accepts a finding of another run: several plans
/// can be made of one configuration.
pub(super) fn drop_unused_comments(report: &mut Report) {
    let findings = report.plans.iter().flat_map(|plan| &plan.findings).flat_map(Finding::shares);
    let used: BTreeSet<String> = findings
        .filter_map(|finding| finding.waiver.as_ref())
        .map(|waiver| format!("{}:{}: ", waiver.file.unescaped(), waiver.line))
        .collect();
    let is_used = |message: &SafeText| used.iter().any(|place| message.unescaped().starts_with(place));
    report.notices.retain(|notice| notice.code.unescaped() != UNUSED || !is_used(&notice.message));
}
