//! The findings for people: snippets, file by file, and the totals.

use planguard_plan::redact::SafeText;
use planguard_rego_lint::{Level, LintReport};

use crate::render::diagnostic::Snippets;
use crate::render::layout::count;
use crate::render::{Format, Layout, RenderError};

pub(super) const FORMAT: Format<LintReport> =
    Format { name: "text", former: None, help: "for people", extension: "txt", render };

fn render(report: &LintReport, layout: Layout) -> Result<String, RenderError> {
    let mut text = String::new();
    let mut snippets = Snippets::new(layout);
    let mut file: Option<&SafeText> = None;
    for finding in &report.findings {
        if file != Some(&finding.file) {
            text.push_str(&finding.file.for_terminal_line());
            text.push('\n');
        }
        file = Some(&finding.file);
        text.push_str(&snippets.render(finding));
        text.push('\n');
    }
    let mut sum = vec![
        count(report.count(Level::Error), "error", "errors"),
        count(report.count(Level::Warning), "warning", "warnings"),
    ];
    let pedantic = report.count(Level::Pedantic);
    if pedantic > 0 {
        sum.push(format!("{pedantic} pedantic"));
    }
    if report.ignored > 0 {
        sum.push(format!("{} ignored", report.ignored));
    }
    text.push_str(&format!("{}: {}\n", count(report.files, "file", "files"), sum.join(", ")));
    Ok(text)
}
