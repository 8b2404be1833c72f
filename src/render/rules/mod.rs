//! Reports of `planguard rules`.

mod controls;
mod json;
pub mod markdown;
pub mod packs;
mod table;
mod text;

use planguard_guardrails::CatalogueEntry;
use planguard_guardrails::definition::Benchmark;
use planguard_rego::RegoPack;

use super::Formats;
use crate::plan_rules::PlanRule;

/// A report about the built-in rules.
#[derive(Debug)]
pub enum RulesReport {
    /// Rules, one line each.
    List {
        /// The guardrails.
        guardrails: Vec<CatalogueEntry>,
        /// The packs of policies, if they are listed too.
        packs: &'static [RegoPack],
    },
    /// Everything about one guardrail.
    Guardrail(Box<CatalogueEntry>),
    /// The controls of a benchmark, with what decides each.
    Benchmark(&'static Benchmark),
    /// Everything about one pack of policies.
    Pack(&'static RegoPack),
    /// A rule about a plan as a whole, which is no guardrail.
    Plan(&'static PlanRule),
}

/// The formats of the report.
pub static FORMATS: Formats<RulesReport> = Formats::new(&[text::FORMAT, json::FORMAT, markdown::FORMAT]);
