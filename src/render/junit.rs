//! What JUnit reports have in common.

use planguard_plan::problem::Problem;
use planguard_plan::redact::SafeText;
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus};

/// A text for an attribute, in which XML does not keep line feeds.
pub(super) fn line(text: &SafeText) -> String {
    text.for_document().replace('\n', "\\n")
}

/// What kept planguard from looking at everything.
pub(super) fn problem(problem: &Problem) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_message(problem.message.for_document()).set_type(line(&problem.code));
    if let Some(help) = &problem.help {
        status.set_description(help.for_document());
    }
    TestCase::new(line(&problem.code), status)
}
