//! How the settings have plans priced.

use std::path::Path;

use miette::Diagnostic;
use planguard_cost::Prices;
use planguard_rego::{Policies, PolicyError, ReadingError};

use super::origin::Sourced;
use super::table::Settings;
use super::value::Amount;
use crate::cost::{CostError, CostLimits, CostRules, CostUse, ImportedCosts};

impl Settings {
    /// How plans are priced. What cannot be read is reported to `report`, unless `policies` say so themselves.
    pub fn cost_rules(
        &self,
        policies: Option<&Policies>,
        report: &mut dyn FnMut(&dyn Diagnostic),
    ) -> CostRules {
        let limits = CostLimits {
            max_delta: self.max_cost_delta.value.map(Amount::get),
            max_percent: self.max_cost_percent.value.map(Amount::get),
            on_unknown: self.cost_on_unknown.value,
        };
        let is_told = self.cost_report.value || limits.max_delta.is_some() || limits.max_percent.is_some();
        // What cannot be read leaves the run undecided, and the rest is told all the same.
        let prices = self.read_prices().unwrap_or_else(|error| {
            report(&error);
            Prices::default()
        });
        let imported = self.imported_costs().unwrap_or_else(|error| {
            let file = self.infracost.value.as_deref();
            if !policies.is_some_and(|policies| policies.problems().iter().any(|told| is_about(told, file))) {
                report(&error);
            }
            None
        });
        CostRules {
            prices,
            imported,
            limits,
            wanted: if is_told { CostUse::Told } else { CostUse::IfNeeded },
        }
    }

    /// The prices and discounts of the user's own.
    ///
    /// # Errors
    /// Their file cannot be read, or says something that prices cannot.
    pub fn read_prices(&self) -> Result<Prices, CostError> {
        let read = |(file, named_by): (&Path, String)| Ok(Prices::read(file, &named_by)?);
        named(&self.prices).map_or_else(|| Ok(Prices::default()), read)
    }

    /// The report of Infracost.
    ///
    /// # Errors
    /// It cannot be read, or is none.
    pub fn imported_costs(&self) -> Result<Option<ImportedCosts>, CostError> {
        named(&self.infracost).map(|(file, named_by)| ImportedCosts::read(file, &named_by)).transpose()
    }
}

/// A file with the flag, variable, or line of the settings that names it.
fn named(setting: &Sourced<Option<std::path::PathBuf>>) -> Option<(&Path, String)> {
    Some((setting.value.as_deref()?, setting.origin.to_string()))
}

/// Whether an error of policies is that a file with costs cannot be read.
fn is_about(error: &PolicyError, file: Option<&Path>) -> bool {
    match error {
        PolicyError::InvalidCosts { path, .. }
        | PolicyError::Reading(ReadingError::Unreadable { path, .. }) => Some(path.as_path()) == file,
        _ => false,
    }
}
