//! Why a merged report is undecided.

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

use crate::render::check::ReadError;

/// What keeps the merged report from being that of one run on all plans.
#[derive(Debug, Error, PartialEq, Eq, Diagnostic)]
pub enum MergeError {
    /// A report cannot be read.
    #[error("cannot read the report {}: {reason}", file.display())]
    #[diagnostic(
        code("PG-MG-001"),
        help(
            "name the files that `planguard check --format json --output FILE` wrote, or a directory with them"
        )
    )]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// A file is no report.
    #[error("{}: {source}", file.display())]
    #[diagnostic(
        code("PG-MG-002"),
        help("write it anew with `planguard check --format json`, by the same version of planguard")
    )]
    NoReport {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        source: ReadError,
    },
    /// There is nothing to merge.
    #[error("there are no reports in {}", directory.display())]
    #[diagnostic(code("PG-MG-003"), help("a directory is searched for files named *.json"))]
    Nothing {
        /// The directory.
        directory: PathBuf,
    },
    /// Fewer or more reports than there should be.
    #[error("there should be {expected} reports, and there are {found}")]
    #[diagnostic(
        code("PG-MG-004"),
        help("a job that failed writes no report; run it again, or correct --expect")
    )]
    Number {
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// Parts are missing.
    #[error("{} of {of} {} missing", words(missing), if missing.len() == 1 { "is" } else { "are" })]
    #[diagnostic(code("PG-MG-005"), help("a job that failed writes no report; run it again"))]
    Missing {
        /// The parts, counted from 1.
        missing: Vec<usize>,
        /// How many there should be.
        of: usize,
    },
    /// A part is there twice.
    #[error("{one} and {other} are both part {part}")]
    #[diagnostic(code("PG-MG-006"), help("each job needs a number of its own: --partition 1/8, 2/8, …"))]
    Twice {
        /// The part, as `2/8`.
        part: String,
        /// The first report.
        one: String,
        /// The second report.
        other: String,
    },
    /// A part and a report that is none.
    #[error("{part} is a part, and {whole} is a report on all plans of its run")]
    #[diagnostic(code("PG-MG-007"), help("merge either the parts of one run, or reports of whole runs"))]
    Mixed {
        /// The part.
        part: String,
        /// The other report.
        whole: String,
    },
    /// The parts share other files.
    #[error("{one} and {other} are parts of different runs: they divide different files")]
    #[diagnostic(
        code("PG-MG-008"),
        help(
            "all jobs need the same directory of plans and the same number of parts; compare `part` in the reports"
        )
    )]
    OtherFiles {
        /// The first report.
        one: String,
        /// The second report.
        other: String,
    },
    /// The reports were made by different rules.
    #[error("{one} and {other} were made by different rules")]
    #[diagnostic(
        code("PG-MG-009"),
        help(
            "all jobs need the same version of planguard, settings, policies and flags; reports on different workspaces \
             with settings of their own can be merged with --different-rules"
        )
    )]
    OtherRules {
        /// The first report.
        one: String,
        /// The second report.
        other: String,
    },
    /// A report does not say by which rules it was made.
    #[error("{report} does not say by which rules it was made")]
    #[diagnostic(code("PG-MG-010"), help("write it anew: an earlier version of planguard made it"))]
    NoRules {
        /// The report.
        report: String,
    },
    /// One run only reports denials, and another denies.
    #[error("one of {one} and {other} was made with --report-only, and the other without")]
    #[diagnostic(code("PG-MG-011"), help("use the flag in all jobs, or in none"))]
    OtherEffect {
        /// The first report.
        one: String,
        /// The second report.
        other: String,
    },
    /// A plan is in two reports.
    #[error("{plan} is in {one} and in {other}")]
    #[diagnostic(code("PG-MG-012"), help("name each report once, and not what was merged of them"))]
    PlanTwice {
        /// The plan.
        plan: String,
        /// The first report.
        one: String,
        /// The second report.
        other: String,
    },
    /// A report is named twice, and would count as two.
    #[error("{report} is named twice")]
    #[diagnostic(
        code("PG-MG-013"),
        help(
            "name each report once; a directory names all of its reports, and each counts once for --expect"
        )
    )]
    Again {
        /// The report.
        report: String,
    },
}

/// The most numbers of parts in a message.
const MOST: usize = 10;

/// `part 3`, `parts 3, 5 and 7 more`.
fn words(parts: &[usize]) -> String {
    let mut named: Vec<String> = parts.iter().take(MOST).map(usize::to_string).collect();
    if parts.len() > MOST {
        named.push(format!("{} more", parts.len() - MOST));
    }
    format!("part{} {}", if parts.len() == 1 { "" } else { "s" }, named.join(", "))
}
