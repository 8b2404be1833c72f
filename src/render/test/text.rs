//! The test report for people: a line for each file, the failures with their reasons, and the totals.

use std::fmt::Write as _;

use planguard_plan::redact::SafeText;
use planguard_plan::text::escape;
use planguard_rego::testing::FileCoverage;

use super::{excerpt, summary};
use crate::cases::{DiffLine, DiffMark};
use crate::render::colour::Style;
use crate::render::layout::count;
use crate::render::{Detail, Format, Layout, RenderError};
use crate::testing::{
    CoverageReport, OutcomeCounts, Percentage, TestOutcome as Outcome, TestReport, TestResult,
};
use crate::verdict::Verdict;

/// Of more files than this, those whose tests all pass are only counted.
const MOST_FILES: usize = 25;

/// How many lines that were not evaluated are shown of a file.
const MOST_LINES: usize = 12;

pub(super) const FORMAT: Format<TestReport> =
    Format { name: "text", former: Some("pretty"), help: "for people", extension: "txt", render };

/// The report as text. Problems are not part of it: they are diagnostics, and go to standard error.
fn render(report: &TestReport, layout: Layout) -> Result<String, RenderError> {
    let mut text = Writer { text: String::new(), layout: layout.readable() };
    text.files(&report.tests);
    for test in report.tests.iter().filter(|test| test.outcome == Outcome::Skipped) {
        text.skipped(test);
    }
    if report.tests.iter().any(|test| test.outcome == Outcome::Skipped) {
        text.line("");
    }
    for test in report.tests.iter().filter(|test| matches!(test.outcome, Outcome::Failed | Outcome::Error)) {
        text.failure(test);
    }
    text.updated(report);
    if let Some(coverage) = &report.coverage {
        text.coverage(coverage, report.threshold);
    }
    text.verdict(report);
    Ok(text.text)
}

struct Writer {
    text: String,
    layout: Layout,
}

impl Writer {
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn paint(&self, style: Style, text: &str) -> String {
        self.layout.colour.paint(style, text)
    }

    /// Wraps text behind `indent` columns and a label. Each further line starts with a mark, so that no text of a policy
    /// is at the start of a line, where a CI system takes `::` for a command.
    fn wrapped(&mut self, indent: usize, label: &str, text: &str) {
        let first = format!("{}{label}", " ".repeat(indent));
        let next = format!("{}| ", " ".repeat(indent));
        let options = textwrap::Options::new(self.layout.width)
            .initial_indent(&first)
            .subsequent_indent(&next)
            .break_words(false);
        for line in textwrap::wrap(text, options) {
            self.line(&line);
        }
    }

    fn files(&mut self, tests: &[TestResult]) {
        let mut files: Vec<(&SafeText, Vec<&TestResult>)> = Vec::new();
        for test in tests {
            match files.last_mut().filter(|(file, _)| *file == &test.file) {
                Some((_, tests)) => tests.push(test),
                None => files.push((&test.file, vec![test])),
            }
        }
        let passes = |tests: &[&TestResult]| tests.iter().all(|test| test.outcome == Outcome::Passed);
        let is_summed_up = self.layout.detail == Detail::Failures && files.len() > MOST_FILES;
        let all = files.len();
        if is_summed_up {
            files.retain(|(_, tests)| !passes(tests));
        }
        let column =
            files.iter().map(|(file, _)| file.for_terminal_line().chars().count()).max().unwrap_or(0);
        let column = column.min(self.layout.width.saturating_sub(30));
        for (file, tests) in &files {
            let counts = OutcomeCounts::of(tests.iter().copied());
            let name = format!("{:<column$}", file.for_terminal_line());
            let line = format!("{}  {}", self.paint(Style::Heading, &name), self.counts(counts));
            self.line(&line);
            if self.layout.detail == Detail::Everything {
                for test in tests {
                    self.listed(test);
                }
                self.line("");
            }
        }
        if is_summed_up {
            self.line(&format!("{} in which all tests passed", count(all - files.len(), "file", "files")));
        }
        if !tests.is_empty() && self.layout.detail == Detail::Failures {
            self.line("");
        }
    }

    fn counts(&self, counts: OutcomeCounts) -> String {
        let parts = [
            (counts.failed, "failed", Style::Bad),
            (counts.errors, if counts.errors == 1 { "error" } else { "errors" }, Style::Bad),
            (counts.passed, "passed", Style::Good),
            (counts.skipped, "skipped", Style::Notable),
        ];
        let parts = parts.iter().filter(|(number, ..)| *number > 0);
        parts
            .map(|(number, word, style)| self.paint(*style, &format!("{number} {word}")))
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// A test among the others of its file.
    fn listed(&mut self, test: &TestResult) {
        let word = self.word(test.outcome);
        self.line(&format!("  {word} {}", test.name.for_terminal_line()));
        for case in &test.cases {
            let word = self.word(if case.passed { Outcome::Passed } else { Outcome::Failed });
            self.line(&format!("    {word} {}", case.name.for_terminal_line()));
        }
        if test.outcome == Outcome::Passed {
            for reason in &test.reasons {
                self.wrapped(5, "- ", &reason.for_terminal());
            }
            self.output(test);
        }
    }

    fn word(&self, outcome: Outcome) -> String {
        let (style, word) = match outcome {
            Outcome::Passed => (Style::Good, "ok  "),
            Outcome::Skipped => (Style::Notable, "skip"),
            Outcome::Failed => (Style::Bad, "FAIL"),
            Outcome::Error => (Style::Bad, "ERR "),
        };
        self.paint(style, word)
    }

    fn skipped(&mut self, test: &TestResult) {
        let word = self.word(test.outcome);
        self.line(&format!("{word} {}", test.path().for_terminal_line()));
        self.at(test);
    }

    fn at(&mut self, test: &TestResult) {
        let place = self.paint(Style::Faint, &format!("{}:{}", test.file.for_terminal_line(), test.line));
        self.line(&format!("     {place}"));
    }

    fn failure(&mut self, test: &TestResult) {
        let word = self.word(test.outcome);
        let path = self.paint(Style::Heading, &test.path().for_terminal_line());
        self.line(&format!("{word} {path}"));
        self.at(test);
        for reason in &test.reasons {
            self.wrapped(5, "- ", &reason.for_terminal());
        }
        self.diff(&test.diff, 5);
        if let Some(stop) = &test.stopped_at {
            let number = stop.line.to_string();
            for (index, line) in stop.text.for_terminal().lines().enumerate() {
                let number = if index == 0 { number.clone() } else { " ".repeat(number.len()) };
                let number = self.paint(Style::Faint, &format!("{number} |"));
                self.line(&format!("     {number} {line}"));
            }
            for part in &stop.parts {
                self.wrapped(5, "- ", &part.for_terminal());
            }
        }
        for case in &test.cases {
            let word = self.word(if case.passed { Outcome::Passed } else { Outcome::Failed });
            self.line(&format!("     {word} {}", case.name.for_terminal_line()));
        }
        self.output(test);
        self.line("");
    }

    fn diff(&mut self, diff: &[DiffLine], indent: usize) {
        for line in diff {
            let style = match line.mark {
                DiffMark::Missing => Style::Bad,
                DiffMark::Unexpected => Style::Good,
                DiffMark::Problem => Style::Notable,
            };
            let text = self.paint(style, &line.text().for_terminal_line());
            self.line(&format!("{}{text}", " ".repeat(indent)));
        }
    }

    fn updated(&mut self, report: &TestReport) {
        for case in &report.updated {
            let heading = self.paint(Style::Heading, &case.name.for_terminal_line());
            self.line(&format!("{} {heading}", self.paint(Style::Notable, "updated")));
            let place = self.paint(Style::Faint, &format!("{}:{}", case.file.for_terminal_line(), case.line));
            self.line(&format!("     {place}"));
            self.diff(&case.diff, 5);
            self.line("");
        }
    }

    fn output(&mut self, test: &TestResult) {
        for line in &test.output {
            self.wrapped(5, "print ", &line.for_terminal());
        }
    }

    fn coverage(&mut self, coverage: &CoverageReport, threshold: Option<Percentage>) {
        let heading = self.paint(Style::Heading, "Coverage");
        self.line(&heading);
        let column = coverage.files.iter().map(|file| file.file.chars().count()).max().unwrap_or(0);
        let column = column.max("all policies".len()).min(self.layout.width.saturating_sub(30));
        for file in &coverage.files {
            self.covered_file(file, column);
        }
        let (covered, uncovered) = coverage.lines();
        let share = coverage.percentage();
        let misses = threshold.is_some_and(|threshold| share.is_none_or(|share| share < threshold));
        let mut line = format!("  {:<column$}  {}", "all policies", share_text(share, covered, uncovered));
        if let Some(threshold) = threshold {
            let _ = match misses {
                true => write!(line, ", below the threshold of {threshold}%"),
                false => write!(line, " (threshold {threshold}%)"),
            };
        }
        let style = if misses { Style::Bad } else { Style::Heading };
        let line = self.paint(style, &line);
        self.line(&line);
        self.line("");
    }

    fn covered_file(&mut self, file: &FileCoverage, column: usize) {
        let (covered, uncovered) = (file.covered.len(), file.uncovered.len());
        let share = Percentage::of(covered, uncovered);
        let style = if uncovered == 0 { Style::Good } else { Style::Notable };
        let share = self.paint(style, &share_text(share, covered, uncovered));
        let name = escape::for_terminal_line(&file.file);
        self.line(&format!("  {name:<column$}  {share}"));
        let most = match self.layout.detail {
            Detail::Failures => MOST_LINES,
            Detail::Everything => usize::MAX,
        };
        let lines = excerpt::lines(&file.text, &file.uncovered, most);
        let digits = lines.iter().filter_map(|line| line.number).max().unwrap_or(0).to_string().len();
        for line in &lines {
            let number = line.number.map_or_else(String::new, |number| number.to_string());
            let number = self.paint(Style::Faint, &format!("{number:>digits$} |"));
            let room = self.layout.width.saturating_sub(digits + 9);
            self.line(&format!("      {number} {}", shortened(&line.text, room)));
        }
        if uncovered > most {
            self.line(&format!(
                "      and {} more (-v shows them)",
                count(uncovered - most, "line", "lines")
            ));
        }
        let never = file.rules.iter().filter(|rule| !rule.evaluated);
        let never: Vec<String> = never
            .map(|rule| format!("{} (line {})", escape::for_terminal_line(&rule.path), rule.line))
            .collect();
        if !never.is_empty() {
            self.wrapped(6, "never evaluated: ", &never.join(", "));
        }
    }

    fn verdict(&mut self, report: &TestReport) {
        let counts = report.counts();
        let (style, word) = match report.verdict() {
            Verdict::Pass => (Style::Good, "PASS"),
            Verdict::Denied => (Style::Bad, "FAIL"),
            Verdict::Undecided => (Style::Bad, "INCOMPLETE"),
        };
        let mut line = format!("{word}: {}", summary(report));
        if !report.problems.is_empty() {
            let errors = count(report.problems.len(), "error", "errors");
            let _ = write!(line, "; {errors} (above)");
        }
        if report.misses_threshold() {
            line.push_str("; coverage is below the threshold");
        }
        if report.fail_on_skipped && counts.skipped > 0 {
            line.push_str("; skipped tests count as failed");
        }
        let line = self.paint(style, &line);
        self.line(&format!("{line} ({:.2} s)", report.duration.as_secs_f64()));
        let passed = report.tests.iter().filter(|test| test.outcome == Outcome::Passed);
        let doubtful = passed.filter(|test| !test.reasons.is_empty()).count();
        if doubtful > 0 {
            let tests = count(doubtful, "test passed", "tests passed");
            let more = if self.layout.detail == Detail::Everything { "" } else { " (-v lists them)" };
            let message = format!("{tests} although a builtin failed{more}; `check` would report an error");
            self.wrapped(0, "", &message);
        }
        if !report.plans_passed_over.is_empty() {
            let files = count(report.plans_passed_over.len(), "plan file was", "plan files were");
            self.wrapped(0, "", &format!("{files} not loaded as policy data"));
        }
    }
}

/// `87.5%  14 of 16 lines`.
fn share_text(share: Option<Percentage>, covered: usize, uncovered: usize) -> String {
    let share = share.map_or_else(|| "-".to_owned(), |share| format!("{share}%"));
    format!("{share:>6}  {covered} of {}", count(covered + uncovered, "line", "lines"))
}

/// At most so many characters; dots mark what is cut.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(3)).collect();
    format!("{kept}...")
}
