//! The costs in an Infracost report, at the places where platforms have them.

use std::path::Path;

use serde_json::{Map, Value as Json, json};

use super::facts::{RunFact, insert};
use super::{invalid, places};
use crate::error::PolicyError;

/// The report and its totals as context.
///
/// # Errors
///
/// If the document has no total.
pub(super) fn context(path: &Path, report: Map<String, Json>) -> Result<Map<String, Json>, PolicyError> {
    let Totals { total, past, difference } = totals(path, &report)?;
    let facts = [
        (RunFact::CostReport, Some(Json::Object(report))),
        (RunFact::MonthlyCost, Some(json!(total))),
        (RunFact::PastMonthlyCost, past.map(|past| json!(past))),
        (RunFact::MonthlyCostDifference, difference.map(|difference| json!(difference))),
    ];
    let mut context = Map::new();
    for (fact, value) in facts {
        let Some(value) = value else { continue };
        places(fact).for_each(|place| insert(&mut context, place, &value));
    }
    Ok(context)
}

struct Totals {
    total: f64,
    past: Option<f64>,
    difference: Option<f64>,
}

fn totals(path: &Path, report: &Map<String, Json>) -> Result<Totals, PolicyError> {
    // `infracost scan` 2.0 has its total in a summary, and knows no past.
    let of_summary =
        || report.get("summary")?.as_object().and_then(|summary| amount(summary, "total_monthly_cost"));
    let Some(total) = amount(report, "totalMonthlyCost").or_else(of_summary) else {
        return Err(invalid(path, "it has no `totalMonthlyCost`, so it is not a report of Infracost"));
    };
    // `infracost breakdown` knows no past, and then writes null.
    let past = amount(report, "pastTotalMonthlyCost");
    let difference = amount(report, "diffTotalMonthlyCost").or_else(|| past.map(|past| total - past));
    Ok(Totals { total, past, difference })
}

/// By how much a month costs more after the changes that a report of Infracost is about, in its currency; `None` if it
/// knows no past.
///
/// # Errors
///
/// If it cannot be read, or is no such report.
pub fn monthly_increase(path: &Path) -> Result<Option<f64>, PolicyError> {
    Ok(totals(path, &super::object(path)?)?.difference)
}

/// An amount, which Infracost writes as a string.
fn amount(report: &Map<String, Json>, key: &str) -> Option<f64> {
    match report.get(key)? {
        Json::String(text) => text.parse().ok().filter(|amount: &f64| amount.is_finite()),
        Json::Number(number) => number.as_f64(),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(report: Json) -> Result<Json, PolicyError> {
        let Json::Object(report) = report else { panic!("no object") };
        context(Path::new("cost.json"), report).map(Json::from)
    }

    #[test]
    fn totals_become_numbers_in_every_place() {
        let report =
            json!({"totalMonthlyCost": "15.5", "pastTotalMonthlyCost": "10", "diffTotalMonthlyCost": "5.5"});
        let context = of(report).unwrap();
        assert_eq!(context["costEstimation"], json!({"totalMonthlyCost": 15.5, "monthlyCostDiff": 5.5}));
        assert_eq!(context["costs"]["pastTotalMonthlyCost"], json!(10.0));
        assert_eq!(context["tfrun"]["cost_estimate"]["proposed_monthly_cost"], json!(15.5));
        assert_eq!(context["third_party_metadata"]["infracost"]["totalMonthlyCost"], "15.5");
    }

    #[test]
    fn unknown_amounts_are_left_out() {
        let context = of(json!({"totalMonthlyCost": "1", "pastTotalMonthlyCost": null})).unwrap();
        assert_eq!(context["costEstimation"], json!({"totalMonthlyCost": 1.0}));
        let of_scan = of(json!({"summary": {"total_monthly_cost": "1.5"}})).unwrap();
        assert_eq!(of_scan["costEstimation"], json!({"totalMonthlyCost": 1.5}));
        assert!(of(json!({"projects": []})).is_err());
        assert!(of(json!({"totalMonthlyCost": "NaN"})).is_err());
    }
}
