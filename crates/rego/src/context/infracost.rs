//! The costs in an Infracost report, at the places where platforms have them.

use std::path::Path;

use serde_json::{Map, Value as Json, json};

use super::facts::{RunFact, insert};
use super::places;
use crate::error::PolicyError;
use crate::files;

/// The facts that a report states.
const FACTS: [RunFact; 4] =
    [RunFact::CostReport, RunFact::MonthlyCost, RunFact::PastMonthlyCost, RunFact::MonthlyCostDifference];

/// The context of a report that cannot be read. The run is undecided already, and that policies miss what it would have said is
/// no further mistake.
pub(super) fn unread() -> Map<String, Json> {
    let mut context = Map::new();
    for place in FACTS.into_iter().flat_map(places) {
        insert(&mut context, place, &Json::Null);
    }
    context
}

fn invalid(path: &Path, reason: impl Into<String>) -> PolicyError {
    PolicyError::InvalidCosts { path: path.to_owned(), reason: reason.into() }
}

/// The report in a file, and its totals, as context.
///
/// # Errors
///
/// If it cannot be read, or has no total.
pub(super) fn read(path: &Path) -> Result<Map<String, Json>, PolicyError> {
    match serde_json::from_str(&files::read(path)?) {
        Ok(Json::Object(report)) => context(path, report),
        Ok(_) => Err(invalid(path, "it has neither `totalMonthlyCost` nor `summary.total_monthly_cost`")),
        Err(error) => Err(invalid(path, error.to_string())),
    }
}

fn context(path: &Path, report: Map<String, Json>) -> Result<Map<String, Json>, PolicyError> {
    let Totals { total, past, difference } = totals(path, &report)?;
    let values = [
        Some(Json::Object(report)),
        Some(json!(total)),
        past.map(|past| json!(past)),
        difference.map(|difference| json!(difference)),
    ];
    let mut context = Map::new();
    for (fact, value) in FACTS.into_iter().zip(values) {
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
        return Err(invalid(path, "it has neither `totalMonthlyCost` nor `summary.total_monthly_cost`"));
    };
    // `infracost breakdown` knows no past, and then writes null.
    let past = amount(report, "pastTotalMonthlyCost");
    let difference = amount(report, "diffTotalMonthlyCost").or_else(|| past.map(|past| total - past));
    Ok(Totals { total, past, difference })
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
