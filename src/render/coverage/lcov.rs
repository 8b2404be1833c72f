//! Coverage as a tracefile of LCOV, as geninfo(1) describes it.

use std::fmt::Write as _;

use planguard_plan::text::escape::for_terminal_line as line_of;

use crate::render::{Format, Layout, RenderError};
use crate::testing::CoverageReport;

pub(super) const FORMAT: Format<CoverageReport> =
    Format { name: "lcov", former: None, help: "a tracefile of LCOV", extension: "info", render };

/// A line was evaluated once or never; rules are reported as functions.
fn render(coverage: &CoverageReport, _: Layout) -> Result<String, RenderError> {
    let mut text = String::new();
    for file in &coverage.files {
        // Writing to a string does not fail.
        let _ = writeln!(text, "TN:\nSF:{}", line_of(&file.file));
        for rule in &file.rules {
            let _ = writeln!(text, "FN:{},{}", rule.line, line_of(&rule.path));
        }
        for rule in &file.rules {
            let _ = writeln!(text, "FNDA:{},{}", u8::from(rule.evaluated), line_of(&rule.path));
        }
        let evaluated = file.rules.iter().filter(|rule| rule.evaluated).count();
        let _ = writeln!(text, "FNF:{}\nFNH:{evaluated}", file.rules.len());
        for line in file.covered.union(&file.uncovered) {
            let _ = writeln!(text, "DA:{line},{}", u8::from(file.covered.contains(line)));
        }
        let lines = file.covered.len() + file.uncovered.len();
        let _ = writeln!(text, "LF:{lines}\nLH:{}\nend_of_record", file.covered.len());
    }
    Ok(text)
}
