//! What `planguard verify` prints about an attestation, and what `check` says of the one that it wrote.

use miette::Diagnostic as _;
use planguard_plan::text::escape::for_terminal_line;

use super::layout::count;
use crate::attestation::{Binding, Effect, Expected, KeyId, Predicate, Refusal, Statement};

/// What is known of an attestation that is accepted. Its texts are as the check signed them, and the terminal is protected
/// from them all the same.
pub fn accepted(statement: &Statement, expected: &Expected<'_>, key: &KeyId) -> String {
    let Predicate {
        checked_at,
        expires_at,
        planguard_version,
        environment,
        trusted,
        approvals,
        waivers,
        findings,
        rules_sha256,
        binary,
        ..
    } = &statement.predicate;
    let of = |effect: Effect| -> usize {
        findings.iter().filter(|found| found.effect == effect).map(|found| found.count).sum()
    };
    let mut lines =
        vec![format!("checked: {checked_at} by planguard {planguard_version}, counts until {expires_at}")];
    lines.push(format!(
        "findings: {}, {} approved, {} waived, {} in the baseline",
        count(of(Effect::Warn), "warning", "warnings"),
        of(Effect::Approved),
        of(Effect::Waived),
        of(Effect::Baseline),
    ));
    for waiver in waivers {
        let on = waiver.address.as_ref().map(|address| format!(" on {address}")).unwrap_or_default();
        let owner = waiver.owner.as_ref().map(|owner| format!(", by {owner}")).unwrap_or_default();
        let until = waiver.expires.as_ref().map(|last| format!(", until {last}")).unwrap_or_default();
        lines.push(format!("waived: {}{on}{owner}{until}", waiver.rule));
    }
    lines.extend(approvals.as_ref().map(|approvals| {
        format!(
            "approvals: {} of {} needed ({})",
            approvals.by.len(),
            approvals.needed,
            approvals.by.join(", ")
        )
    }));
    lines.extend(environment.as_ref().map(|environment| format!("environment: {environment}")));
    lines.extend(trusted.as_ref().map(|trusted| format!("settings: of {trusted}")));
    let compared = if expected.rules.is_some() { "as expected" } else { "not compared" };
    lines.push(format!("rules: {rules_sha256} ({compared})"));
    if *binary == Some(Binding::Stated) {
        lines.push("binary plan: named by the pipeline, not converted by planguard".to_owned());
    }
    lines.push(format!("signed by: {key}"));
    let indented: String = lines.iter().map(|line| format!("  {}\n", for_terminal_line(line))).collect();
    let verb = if expected.files.len() == 1 { "is the plan" } else { "are the plan" };
    let names: Vec<String> = expected.files.iter().map(|file| for_terminal_line(&file.name)).collect();
    let names = names.join(" and ");
    format!("ACCEPTED: {names} {verb} that passed the check\n{indented}")
}

/// The last line of a refusal, behind the reasons.
pub fn refused(refusals: &[Refusal]) -> String {
    let codes: Vec<String> =
        refusals.iter().filter_map(|refusal| Some(refusal.code()?.to_string())).collect();
    format!("REFUSED: do not apply this plan ({})\n", codes.join(", "))
}

/// What a check says of the attestation that it wrote.
pub fn written(statement: &Statement, file: &str, key: &KeyId) -> String {
    let Predicate { verdict, report_only, expires_at, rules_sha256, .. } = &statement.predicate;
    let worth = match Refusal::of(*verdict) {
        None if *report_only => "`verify` refuses it, because of --report-only".to_owned(),
        None => format!("it counts until {expires_at}"),
        Some(refusal) => format!("`verify` refuses it: {refusal}"),
    };
    format!("{file} is signed by {key} for rules {rules_sha256}; {worth}")
}

#[cfg(test)]
mod tests {
    use planguard_plan::input::Document;

    use super::*;
    use crate::attestation::PlanFile;
    use crate::attestation::sample::{hostile, public};

    /// A statement is signed, and its texts are those of a plan and of settings all the same.
    #[test]
    fn texts_of_a_statement_do_not_steer_the_terminal() {
        let statement = hostile("x\u{1b}[31m\n::error::owned\n\u{202e}##vso[task.complete]");
        let plan = Document::from_text("a", r#"{"format_version":"1.2","resource_changes":[]}"#).unwrap();
        let files = [PlanFile { name: "a\nb\u{1b}".to_owned(), sha256: plan.sha256() }];
        let now = statement.predicate.checked_at;
        let expected = Expected { files: &files, rules: None, max_age: None, now };
        insta::assert_snapshot!(accepted(&statement, &expected, public().id()));
        insta::assert_snapshot!(refused(&statement.refusals(&expected)));
    }
}
