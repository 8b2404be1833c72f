//! Finds backups, logs and deleted objects that are kept for a shorter time, and versions that no longer are.

use planguard_plan::{AttributePath, Plan, ResourceState, Value};
use planguard_rule::Severity;

use super::about::About;
use super::compare::{Pair, Sight, pairs, places, sight};
use super::switch::{Switch, Unset, Weak, Wording, findings};
use super::{Certainty, ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-retention-lowered",
        title: "Backups, logs or old versions are kept for a shorter time",
        severity: Severity::High,
        why: "With the change, what is older than the new time is deleted at once, and nothing brings it \
              back. It is also what somebody does who wants to leave no traces.",
        remediation: "Set the old time again, or copy what has to be kept elsewhere first and waive this \
                      finding.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_db_instance.orders", "change": {"actions": ["update"],
            "before": {"backup_retention_period": 14}, "after": {"backup_retention_period": 1}}}"#,
        r#"{"address": "aws_db_instance.orders", "change": {"actions": ["update"],
            "before": {"backup_retention_period": 1}, "after": {"backup_retention_period": 14}}}"#,
    ),
    check,
};

/// An attribute that says for how long something is kept.
struct Period {
    path: &'static [&'static str],
    /// The only types that it counts for; all that have it if there are none.
    types: &'static [&'static str],
    zero: Zero,
}

/// What a period of zero means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Zero {
    Nothing,
    Forever,
}

const fn any(path: &'static [&'static str]) -> Period {
    Period { path, types: &[], zero: Zero::Nothing }
}

const fn on(types: &'static [&'static str], path: &'static [&'static str]) -> Period {
    Period { path, types, zero: Zero::Nothing }
}

const PERIODS: &[Period] = &[
    any(&["automated_snapshot_retention_period"]),
    any(&["automatic_backup_retention_days"]),
    any(&["backup_retention_days"]),
    any(&["backup_retention_period"]),
    any(&["data_retention_in_hours"]),
    any(&["snapshot_retention_limit"]),
    any(&["soft_delete_retention_days"]),
    Period { path: &["retention_in_days"], types: &["aws_cloudwatch_log_group"], zero: Zero::Forever },
    Period {
        path: &["retention_in_days"],
        types: &[
            "azurerm_mssql_database_extended_auditing_policy",
            "azurerm_mssql_server_extended_auditing_policy",
        ],
        zero: Zero::Forever,
    },
    on(
        &[
            "azurerm_application_insights",
            "azurerm_log_analytics_workspace",
            "azurerm_log_analytics_workspace_table",
        ],
        &["retention_in_days"],
    ),
    on(&["aws_cloudtrail_event_data_store", "aws_kinesis_stream"], &["retention_period"]),
    on(&["aws_dynamodb_table"], &["point_in_time_recovery", "recovery_period_in_days"]),
    on(&["aws_s3_bucket_object_lock_configuration"], &["rule", "default_retention", "days"]),
    on(&["aws_timestreamwrite_table"], &["retention_properties", "magnetic_store_retention_period_in_days"]),
    on(&["azurerm_cosmosdb_account"], &["backup", "retention_in_hours"]),
    on(&["azurerm_mssql_database"], &["short_term_retention_policy", "retention_days"]),
    on(&["azurerm_storage_account"], &["blob_properties", "container_delete_retention_policy", "days"]),
    on(&["azurerm_storage_account"], &["blob_properties", "delete_retention_policy", "days"]),
    on(&["azurerm_storage_account"], &["share_properties", "retention_policy", "days"]),
    on(&["azurerm_backup_policy_vm"], &["retention_daily", "count"]),
    on(&["azurerm_network_watcher_flow_log"], &["retention_policy", "days"]),
    on(&["google_alloydb_cluster"], &["continuous_backup_config", "recovery_window_days"]),
    on(&["google_logging_project_bucket_config"], &["retention_days"]),
    on(
        &["google_sql_database_instance"],
        &["settings", "backup_configuration", "backup_retention_settings", "retained_backups"],
    ),
    on(
        &["google_sql_database_instance"],
        &["settings", "backup_configuration", "transaction_log_retention_days"],
    ),
    on(&["google_storage_bucket"], &["retention_policy", "retention_period"]),
    on(&["google_storage_bucket"], &["soft_delete_policy", "retention_duration_seconds"]),
];

const SWITCHES: &[Switch] = &[
    Switch::on(&["aws_dynamodb_table"], &["point_in_time_recovery", "enabled"], Weak::False, Unset::IsWeak),
    Switch::on(
        &["aws_efs_backup_policy"],
        &["backup_policy", "status"],
        Weak::AllBut(&["ENABLED", "ENABLING"]),
        Unset::SaysNothing,
    ),
    Switch::on(
        &["aws_keyspaces_table"],
        &["point_in_time_recovery", "status"],
        Weak::AllBut(&["ENABLED"]),
        Unset::SaysNothing,
    ),
    Switch::on(&["aws_s3_bucket"], &["versioning", "enabled"], Weak::False, Unset::SaysNothing),
    Switch::on(
        &["aws_s3_bucket_versioning"],
        &["versioning_configuration", "status"],
        Weak::AllBut(&["Enabled"]),
        Unset::SaysNothing,
    ),
    Switch::on(
        &["azurerm_mysql_flexible_server", "azurerm_postgresql_flexible_server"],
        &["geo_redundant_backup_enabled"],
        Weak::False,
        Unset::IsWeak,
    ),
    Switch::on(
        &["azurerm_recovery_services_vault"],
        &["soft_delete_enabled"],
        Weak::False,
        Unset::SaysNothing,
    ),
    Switch::on(
        &["azurerm_storage_account"],
        &["blob_properties", "versioning_enabled"],
        Weak::False,
        Unset::IsWeak,
    ),
    Switch::on(
        &["google_firestore_database"],
        &["point_in_time_recovery_enablement"],
        Weak::AllBut(&["POINT_IN_TIME_RECOVERY_ENABLED"]),
        Unset::SaysNothing,
    ),
    Switch::on(
        &["google_sql_database_instance"],
        &["settings", "backup_configuration", "enabled"],
        Weak::False,
        Unset::IsWeak,
    ),
    Switch::on(
        &["google_sql_database_instance"],
        &["settings", "backup_configuration", "point_in_time_recovery_enabled"],
        Weak::False,
        Unset::IsWeak,
    ),
    Switch::on(&["google_storage_bucket"], &["versioning", "enabled"], Weak::False, Unset::IsWeak),
];

const WORDING: Wording = Wording {
    certain: "no longer keeps what it kept of the past",
    unknown: "may no longer keep what it kept of the past",
};

fn check(plan: &Plan<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    pairs(plan)
        .flat_map(|pair| {
            let mut found: Vec<_> = PERIODS.iter().filter_map(|period| period.lowered(&pair)).collect();
            found.extend(findings(&pair, SWITCHES, &WORDING));
            found
        })
        .collect()
}

/// How long something is kept, on a scale where more is longer.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Kept {
    For(f64),
    Forever,
}

impl Period {
    /// The finding for a change that makes the period shorter.
    fn lowered(&self, pair: &Pair<'_>) -> Option<ChangeFinding> {
        let address = &pair.resource.address;
        if !self.types.is_empty() && !self.types.contains(&address.resource_type.as_str()) {
            return None;
        }
        let (_, Sight::Known(before)) = self.place(&pair.before)? else { return None };
        let (attribute, after) = self.place(&pair.after)?;
        let old = self.kept(before)?;
        let (message, certainty) = match after {
            Sight::Known(after) if self.kept(after)? < old => {
                let (from, to) = (Amount(before), Amount(after));
                let message =
                    format!("{address} keeps less of the past: `{attribute}` goes from {from} to {to}");
                (message, Certainty::Certain)
            }
            Sight::Unknown if old > Kept::For(0.0) => {
                let message = format!(
                    "{address} may keep less of the past: the new `{attribute}` is known only after apply"
                );
                (message, Certainty::DependsOnUnknown)
            }
            // Without a setting the provider's default applies, which may well be longer.
            Sight::Known(_) | Sight::Unknown | Sight::Computed | Sight::Unset => return None,
        };
        Some(ChangeFinding::on(pair.resource, message).at(attribute).with(certainty))
    }

    /// What stands at the path, if it leads to one place only.
    fn place<'p>(&self, state: &ResourceState<'p>) -> Option<(AttributePath, Sight<'p>)> {
        match places(&state.root(), self.path).as_slice() {
            [place] => Some((place.path().clone(), sight(place))),
            _ => None,
        }
    }

    fn kept(&self, value: &Value<'_>) -> Option<Kept> {
        let amount = match value {
            Value::Number(number) => number.as_f64()?,
            Value::String(text) => text.parse().ok()?,
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
        };
        Some(if amount == 0.0 && self.zero == Zero::Forever { Kept::Forever } else { Kept::For(amount) })
    }
}

/// A number as the plan writes it.
struct Amount<'v>(&'v Value<'v>);

impl std::fmt::Display for Amount<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Value::Number(number) => write!(f, "{number}"),
            Value::String(text) => f.write_str(text),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Schemas, find_in_update};
    use super::*;

    #[test]
    fn attributes_are_in_the_provider_schemas() {
        let Some(schemas) = Schemas::read() else { return };
        for switch in SWITCHES {
            switch.assert_in_schemas(schemas, &[]);
        }
        for period in PERIODS {
            assert!(schemas.some_type_has(period.path), "{:?}", period.path);
            for resource_type in period.types {
                assert!(
                    schemas.knows_attribute(resource_type, period.path),
                    "{resource_type} {:?}",
                    period.path
                );
            }
        }
    }

    #[test]
    fn zero_days_of_a_log_group_are_forever() {
        let address = r#"aws_cloudwatch_log_group.a["x.y"]"#;
        let keep = |days: u32| format!(r#"{{"retention_in_days": {days}}}"#);
        let findings = find_in_update(&GUARD, address, &keep(0), &keep(30), "{}");
        assert_eq!(
            findings[0].message,
            r#"aws_cloudwatch_log_group.a["x.y"] keeps less of the past: `retention_in_days` goes from 0 to 30"#
        );
        assert_eq!(find_in_update(&GUARD, address, &keep(30), &keep(0), "{}"), []);
        let address = "aws_elasticache_replication_group.a";
        let keep = |days: u32| format!(r#"{{"snapshot_retention_limit": {days}}}"#);
        assert_eq!(find_in_update(&GUARD, address, &keep(7), &keep(0), "{}").len(), 1);
    }

    #[test]
    fn an_unknown_period_is_a_perhaps_unless_nothing_was_kept() {
        let unknown = r#"{"backup_retention_period": true}"#;
        let find = |days: u32| {
            let before = format!(r#"{{"backup_retention_period": {days}}}"#);
            find_in_update(&GUARD, "aws_db_instance.a", &before, "{}", unknown)
        };
        assert_eq!(find(7)[0].certainty, Certainty::DependsOnUnknown);
        assert_eq!(find(0), []);
    }

    #[test]
    fn versioning_that_is_suspended_keeps_no_more_versions() {
        let status = |word: &str| format!(r#"{{"versioning_configuration": [{{"status": "{word}"}}]}}"#);
        let address = "aws_s3_bucket_versioning.a";
        assert_eq!(find_in_update(&GUARD, address, &status("Enabled"), &status("Suspended"), "{}").len(), 1);
        assert_eq!(find_in_update(&GUARD, address, &status("Suspended"), &status("Enabled"), "{}"), []);
    }
}
