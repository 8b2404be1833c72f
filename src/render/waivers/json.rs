//! The waivers for programs.

use planguard_plan::redact::SafeText;
use serde_json::{Value, json};

use super::WaiverList;
use crate::render::{Format, Layout, RenderError, json};
use crate::report::WaiverReport;
use crate::waivers::Use;

pub(super) const FORMAT: Format<WaiverList> = Format {
    name: "json",
    former: None,
    help: "an array with an object for each waiver",
    extension: "json",
    render,
};

fn render(list: &WaiverList, _: Layout) -> Result<String, RenderError> {
    let waivers: Vec<Value> = list.report.waivers.iter().map(|waiver| object(list, waiver)).collect();
    Ok(json::indented(&waivers)?)
}

fn object(list: &WaiverList, waiver: &WaiverReport) -> Value {
    let optional = |text: &Option<SafeText>| text.as_ref().map(SafeText::unescaped).map(ToOwned::to_owned);
    let accepts: Vec<Value> = list
        .accepted_by(waiver)
        .map(|(plan, finding)| {
            json!({
                "plan": plan.origin.unescaped(),
                "rule": finding.rule.id.unescaped(),
                "address": finding.subject.as_ref().map(|subject| subject.address.unescaped()),
            })
        })
        .collect();
    json!({
        "rule": waiver.rule.unescaped(),
        "address": optional(&waiver.address),
        "environment": optional(&waiver.environment),
        "reason": waiver.reason.unescaped(),
        "owner": optional(&waiver.owner),
        "ticket": optional(&waiver.ticket),
        "expires": optional(&waiver.expires),
        "file": waiver.file.unescaped(),
        "line": waiver.line,
        "expired": matches!(waiver.became, Use::Expired(_)),
        "known": !matches!(waiver.became, Use::UnknownRule { .. }),
        "accepts": list.has_plans.then_some(accepts),
    })
}
