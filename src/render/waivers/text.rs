//! The waivers for people.

use std::fmt::Write as _;

use planguard_plan::redact::SafeText;

use super::WaiverList;
use crate::render::colour::Style;
use crate::render::layout::count;
use crate::render::{Format, Layout, RenderError};
use crate::report::WaiverReport;
use crate::waivers::Use;

pub(super) const FORMAT: Format<WaiverList> =
    Format { name: "text", former: None, help: "for people", extension: "txt", render };

fn render(list: &WaiverList, layout: Layout) -> Result<String, RenderError> {
    let mut text = String::new();
    let waivers = &list.report.waivers;
    for waiver in waivers {
        let rule = layout.colour.paint(Style::Heading, &waiver.rule.for_terminal_line());
        let address = match &waiver.address {
            Some(address) => format!(" on {}", address.for_terminal_line()),
            None => " on the whole plan".to_owned(),
        };
        let environment = waiver
            .environment
            .as_ref()
            .map_or_else(String::new, |name| format!(" in the environment {}", name.for_terminal_line()));
        let place = format!("{}:{}", waiver.file.for_terminal_line(), waiver.line);
        // Writing to a String does not fail.
        let _ = writeln!(text, "{place}: {rule}{address}{environment}");
        let _ = writeln!(text, "  {}", about(waiver));
        let state = state(list, waiver);
        if !state.is_empty() {
            let _ = writeln!(text, "  {}", layout.colour.paint(Style::Notable, &state));
        }
        for (plan, finding) in list.accepted_by(waiver) {
            let subject = finding.subject.as_ref().map(|subject| subject.address.for_terminal_line());
            let _ = writeln!(
                text,
                "  accepts {} in {}: {}",
                finding.rule.id.for_terminal_line(),
                plan.origin.for_terminal_line(),
                subject.unwrap_or_else(|| "the whole plan".to_owned())
            );
        }
        text.push('\n');
    }
    let _ = writeln!(text, "{}", count(waivers.len(), "waiver", "waivers"));
    Ok(text)
}

/// `the shop is public (team-web, OPS-1), until 2027-01-31`.
fn about(waiver: &WaiverReport) -> String {
    let of: Vec<String> =
        [&waiver.owner, &waiver.ticket].into_iter().flatten().map(SafeText::for_terminal_line).collect();
    let of = if of.is_empty() { String::new() } else { format!(" ({})", of.join(", ")) };
    let last = waiver.expires.as_ref();
    let last = last
        .map_or_else(|| ", without end".to_owned(), |last| format!(", until {}", last.for_terminal_line()));
    format!("{}{of}{last}", waiver.reason.for_terminal_line())
}

/// What is remarkable about it.
fn state(list: &WaiverList, waiver: &WaiverReport) -> String {
    match &waiver.became {
        Use::Expired(0) => "expired".to_owned(),
        Use::Expired(number) => {
            format!("expired: {} no longer accepted", count(*number, "finding is", "findings are"))
        }
        Use::Accepted(_) => String::new(),
        // The heading has it.
        Use::OtherEnvironment if !list.has_plans => String::new(),
        Use::OtherEnvironment => "not used in this environment; --env names another".to_owned(),
        Use::Unused | Use::Shadowed if !list.has_plans => String::new(),
        Use::Unused => "not used in these plans".to_owned(),
        Use::Shadowed => "not used: earlier waivers accept the same findings".to_owned(),
        Use::UnknownRule { nearest: Some(near) } => format!("no rule has this id; did you mean {near}?"),
        Use::UnknownRule { nearest: None } => "no rule has this id".to_owned(),
    }
}
