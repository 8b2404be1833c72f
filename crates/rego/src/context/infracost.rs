//! Puts an Infracost report where each platform has its costs.

use std::path::Path;

use serde_json::{Map, Value as Json, json};

use super::invalid;
use crate::error::PolicyError;

/// The report itself for Spacelift, and its totals for the others.
///
/// # Errors
///
/// If the document has no total.
pub(super) fn context(path: &Path, report: Map<String, Json>) -> Result<Map<String, Json>, PolicyError> {
    let total = amount(&report, "totalMonthlyCost");
    let Some(total) = total else {
        return Err(invalid(path, "it has no `totalMonthlyCost`, so it is not a report of Infracost"));
    };
    // `infracost breakdown` knows no past, and then writes null.
    let past = amount(&report, "pastTotalMonthlyCost");
    let difference = amount(&report, "diffTotalMonthlyCost").or_else(|| past.map(|past| total - past));
    let mut environment = Map::new();
    let mut costs = Map::new();
    let mut estimate = Map::new();
    environment.insert("totalMonthlyCost".to_owned(), json!(total));
    costs.insert("totalMonthlyCost".to_owned(), json!(total));
    estimate.insert("proposed_monthly_cost".to_owned(), json!(total));
    if let Some(past) = past {
        costs.insert("pastTotalMonthlyCost".to_owned(), json!(past));
        estimate.insert("prior_monthly_cost".to_owned(), json!(past));
    }
    if let Some(difference) = difference {
        environment.insert("monthlyCostDiff".to_owned(), json!(difference));
        estimate.insert("delta_monthly_cost".to_owned(), json!(difference));
    }
    let context = json!({
        "third_party_metadata": {"infracost": report},
        "costEstimation": environment,
        "costs": costs,
        "tfrun": {"cost_estimate": estimate},
    });
    match context {
        Json::Object(context) => Ok(context),
        _ => Ok(Map::new()),
    }
}

/// Infracost writes amounts as texts.
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
    fn what_is_not_known_is_left_out() {
        let context = of(json!({"totalMonthlyCost": "1", "pastTotalMonthlyCost": null})).unwrap();
        assert_eq!(context["costEstimation"], json!({"totalMonthlyCost": 1.0}));
        assert!(of(json!({"projects": []})).is_err());
        assert!(of(json!({"totalMonthlyCost": "NaN"})).is_err());
    }
}
