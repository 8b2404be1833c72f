//! Reports of `planguard rules`.

mod json;
pub mod markdown;
pub mod packs;
mod table;
mod text;

use planguard_guardrails::CatalogueEntry;
use planguard_rego::RegoPack;

use super::Formats;

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
    /// Everything about one pack of policies.
    Pack(&'static RegoPack),
    /// The rule about the risk score of a plan, which is no guardrail.
    PlanRisk,
}

/// Why there is a finding about the risk score.
const WHY_PLAN_RISK: &str = "The score is above `max-risk`, or needs approval from `risk` under [approve] on. docs/risk.md lists the points.";

/// The formats of the report.
pub static FORMATS: Formats<RulesReport> = Formats::new(&[text::FORMAT, json::FORMAT, markdown::FORMAT]);
