//! Lets tests replace `http.send`, which the engine does not have: its calls become those of a function of a policy.
//!
//! ```text
//! count(deny) == 0 with http.send as answer
//! count(deny) == 0 with data.planguard.network.send as answer
//! ```

use planguard_rego_syntax::tree::{ExprKind, Module};
use planguard_rego_syntax::walk::each_expr;

use super::super::source::Source;
use super::edit::Edits;
use super::policy::Policy;

/// The function that stands for `http.send`.
const FUNCTION: &str = "data.planguard.network.send";

/// The policy with that function. A call that nothing replaces is an error.
const POLICY: &str = "package planguard.network\n\nsend(request) := internal.no_network(request)\n";

/// Returns what must be loaded beside policies that use `http.send` in tests.
pub(crate) fn network_for_tests(sources: &[Source]) -> Option<Source> {
    let is_used = sources.iter().any(|source| source.text.contains("http.send"));
    is_used.then(|| Source::new("<planguard>/network.rego", POLICY))
}

/// Replaces the name of `http.send` wherever it is called or replaced.
pub(super) fn edit(policy: &Policy<'_>, edits: &mut Edits<'_>) {
    if !policy.text.contains("http.send") {
        return;
    }
    let mut places = std::collections::BTreeMap::new();
    names(policy.module, policy.text, &mut |span| {
        // The head of a rule with several bodies is visited for each of them.
        places.insert(span.start, span.end);
    });
    let is_own = policy.is_rule("http") || policy.is_import("http");
    for (start, end) in places.into_iter().filter(|_| !is_own) {
        edits.replace(start..end, FUNCTION);
    }
}

fn names(module: &Module, text: &str, see: &mut dyn FnMut(std::ops::Range<usize>)) {
    each_expr(module, &mut |expr| {
        if matches!(expr.kind, ExprKind::Reference { .. })
            && expr.path(text).is_some_and(|(root, steps)| root == "http" && steps == ["send"])
        {
            see(expr.span.clone());
        }
    });
}
