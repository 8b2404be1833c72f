//! The table at the end of a plan's findings: how many of each severity, by enforcement.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use planguard_rule::Severity;

use crate::enforcement::Enforcement;
use crate::finding::{Certainty, Finding, Origin};

/// The width of the table.
const TABLE_WIDTH: usize = 64;

/// The table as lines, for narrow terminals.
fn lines(findings: &[Finding]) -> String {
    let number = |severity, enforcement| {
        let of_both = |finding: &&Finding| finding.severity == severity && finding.enforcement == enforcement;
        findings.iter().filter(of_both).count()
    };
    let lines = Severity::ALL.into_iter().rev().filter_map(|severity| {
        let (deny, warn) = (number(severity, Enforcement::Deny), number(severity, Enforcement::Warn));
        (deny + warn > 0).then(|| format!("{severity}: {deny} deny, {warn} warn"))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The table, `None` without findings.
pub(super) fn render(findings: &[Finding], width: usize) -> Option<String> {
    if findings.is_empty() {
        return None;
    }
    if width < TABLE_WIDTH {
        return Some(lines(findings));
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(width.saturating_sub(2)).unwrap_or(u16::MAX));
    table.set_header(["severity", "deny", "warn", "undetermined", "pre-existing"]);
    for severity in Severity::ALL.into_iter().rev() {
        let of_this: Vec<&Finding> = findings.iter().filter(|finding| finding.severity == severity).collect();
        if of_this.is_empty() {
            continue;
        }
        let number = |matches: &dyn Fn(&Finding) -> bool| {
            of_this.iter().filter(|finding| matches(finding)).count().to_string()
        };
        table.add_row([
            severity.to_string(),
            number(&|finding| finding.enforcement == Enforcement::Deny),
            number(&|finding| finding.enforcement == Enforcement::Warn),
            number(&|finding| finding.certainty == Certainty::DependsOnUnknown),
            number(&|finding| finding.origin == Origin::AlreadyThere),
        ]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    Some(table.to_string())
}
