//! The findings as a table for spreadsheets: RFC 4180, with a line of names.

use planguard_plan::redact::SafeText;

use super::listing::{Listed, findings, joined};
use crate::finding::Certainty;
use crate::render::{Format, Layout, RenderError};
use crate::report::Report;

pub(super) const FORMAT: Format<Report> = Format {
    name: "csv",
    former: None,
    help: "a line for each finding, for spreadsheets",
    extension: "csv",
    render,
};

const COLUMNS: [&str; 20] = [
    "plan",
    "rule",
    "severity",
    "enforcement",
    "outcome",
    "origin",
    "address",
    "deposed",
    "actions",
    "attribute",
    "before",
    "value",
    "file",
    "line",
    "message",
    "remediation",
    "waiver",
    "fingerprint",
    "approved_by",
    "other_rules",
];

/// Characters with which a spreadsheet takes a cell for a formula, the full-width ones of East Asian input included.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// What kept planguard from looking at everything has a line as well, with the enforcement `error`.
fn render(report: &Report, _: Layout) -> Result<String, RenderError> {
    let names = COLUMNS.iter().map(|name| (*name).to_owned()).collect();
    let problems = report.problems.iter().map(|problem| {
        let message = cell(Some(&problem.message));
        let plan = cell(problem.plan.as_ref());
        let mut cells = vec![String::new(); COLUMNS.len()];
        let values = [plan, cell(Some(&problem.code)), String::new(), "error".to_owned()];
        cells.splice(..values.len(), values);
        cells.splice(14..16, [message, cell(problem.help.as_ref())]);
        cells
    });
    let lines: Vec<Vec<String>> =
        std::iter::once(names).chain(problems).chain(findings(report).iter().map(cells)).collect();
    Ok(lines.iter().map(|cells| cells.join(",") + "\r\n").collect())
}

fn cells(listed: &Listed<'_>) -> Vec<String> {
    let finding = listed.finding;
    let subject = finding.subject.as_ref();
    let place = listed.place();
    let outcome = match finding.certainty {
        Certainty::Certain => "fail",
        Certainty::DependsOnUnknown => "undetermined",
    };
    vec![
        cell(Some(&listed.plan.origin)),
        cell(Some(&finding.rule.id)),
        finding.severity.to_string(),
        finding.enforcement.to_string(),
        outcome.to_owned(),
        finding.origin.as_str().to_owned(),
        cell(listed.address()),
        cell(subject.and_then(|subject| subject.deposed.as_ref())),
        cell(subject.and_then(|subject| subject.actions.as_ref())),
        cell(finding.attribute.as_ref()),
        cell(finding.before.as_ref()),
        cell(finding.value.as_ref()),
        cell(Some(place.file)),
        place.line.map(|line| line.to_string()).unwrap_or_default(),
        cell(Some(&finding.message)),
        cell(finding.remediation.as_ref()),
        cell(finding.waiver.as_ref().map(|waiver| &waiver.reason)),
        listed.fingerprint.clone(),
        cell(Some(&joined(&finding.approved_by, ", "))),
        cell(Some(&joined(&finding.other_rules().map(|rule| rule.id.clone()).collect::<Vec<_>>(), ", "))),
    ]
}

fn cell(text: Option<&SafeText>) -> String {
    let Some(text) = text else { return String::new() };
    let text = text.for_terminal_line();
    // White space in front does not keep every spreadsheet from seeing a formula; a number is none.
    let is_formula = text.trim_start().starts_with(FORMULA) && text.parse::<f64>().is_err();
    let text = if is_formula { format!("'{text}") } else { text };
    if text.contains([',', '"', '\'', ';', '\t']) || text.starts_with(' ') || text.ends_with(' ') {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::check::sample;
    use crate::render::layout::sample::PLAIN;

    fn cell_of(text: &str) -> String {
        cell(Some(&sample::text(text)))
    }

    #[test]
    fn cells_end_nowhere_else_and_are_no_formulas() {
        for (text, expected) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("a\"b", "\"a\"\"b\""),
            ("a\nb", "a\\nb"),
            ("=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\""),
            ("+1+1", "\"'+1+1\""),
            ("  @SUM(1)", "\"'  @SUM(1)\""),
            ("\t=1", "\"' =1\""),
            ("\u{ff1d}1", "\"'\u{ff1d}1\""),
            ("-", "\"'-\""),
            ("-12.5", "-12.5"),
            ("", ""),
        ] {
            assert_eq!(cell_of(text), expected, "{text}");
        }
    }

    #[test]
    fn every_line_has_every_column() {
        let text = render(&sample::of_everything(), PLAIN).unwrap();
        assert_eq!(text.matches("\r\n").count(), 9, "names, a problem and seven findings");
        insta::assert_snapshot!(text.replace("\r\n", "\n"));
    }
}
