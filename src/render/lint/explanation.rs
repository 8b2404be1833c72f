//! What a lint says of itself.

use planguard_rego_lint::Lint;

/// The code, the name, what the lint reports and why.
pub fn explain(lint: Lint) -> String {
    let info = lint.info();
    format!("{} {} ({})\n\n{}.\n{}\n", info.code, info.name, info.level, info.summary, info.why)
}
