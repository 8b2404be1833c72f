//! Reports backups, replication and versions that end while the data stays.

use planguard_rule::Severity;

use super::about::About;
use super::backup_tag::{lost, selected};
use super::changes::Changes;
use super::compare::pairs;
use super::loss::losses;
use super::tables::BACKUP_REMOVED;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-backup-removed",
        title: "Backups or copies of data end",
        severity: Severity::High,
        why: "What is deleted or encrypted by mistake or by an attacker can be restored only from a copy. That there is none \
              any more shows when it is needed.",
        remediation: "Keep the backup, or create its successor in the same plan. If the data needs no copy any more, waive this \
                      finding for the address.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_backup_plan.daily", "change": {"actions": ["delete"],
            "before": {"name": "daily"}, "after": null}}"#,
        r#"{"address": "aws_s3_bucket_versioning.logs", "change": {"actions": ["delete"],
            "before": {"bucket": "logs", "versioning_configuration": [{"status": "Suspended"}]}, "after": null}}"#,
    ),
    check,
};

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let mut found = losses(plan, &BACKUP_REMOVED);
    let selected = selected(plan);
    found.extend(pairs(plan).filter_map(|pair| lost(&pair, &selected)));
    found
}
