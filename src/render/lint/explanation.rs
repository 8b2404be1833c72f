//! The explanation of a lint.

use planguard_rego_lint::Lint;

/// The code, the name, a summary and the reason.
pub fn explain(lint: Lint) -> String {
    let info = lint.info();
    format!("{} {} ({})\n\n{}.\n{}\n", info.code, info.name, info.level, info.summary, info.why)
}
