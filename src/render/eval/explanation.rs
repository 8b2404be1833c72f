//! Explanations of rules, as snippets for people.

use planguard_plan::redact::JsonRedactor;
use planguard_rego::Explanation;

use crate::render::Layout;
use crate::render::diagnostic::Snippets;

/// The explanations one after the other, without what is sensitive.
pub fn explain(explanations: &[Explanation], redactor: &JsonRedactor, layout: Layout) -> String {
    let told: Vec<_> = explanations.iter().map(|explanation| explanation.redacted(redactor)).collect();
    let mut snippets = Snippets::new(layout);
    told.iter().map(|explanation| snippets.render(explanation) + "\n").collect()
}
