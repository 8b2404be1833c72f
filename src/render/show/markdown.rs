//! The picture of a plan for a comment under a change: a table of objects, and the differences folded.

use std::fmt::Write as _;

use planguard_plan::redact::SafeText;

use super::text;
use super::words::{DESTROYS_IMPORT, REFRESH_ONLY, glyph, plan_line, verb};
use crate::render::layout::count;
use crate::render::{Detail, Format, Layout, RenderError, markdown};
use crate::show::{Deed, Group, PlanView};

pub(super) const FORMAT: Format<PlanView> = Format {
    name: "markdown",
    former: None,
    help: "for a comment: what is destroyed and replaced first, differences folded",
    extension: "md",
    render,
};

/// Sites refuse longer comments; what is not shown is counted.
const MOST_BYTES: usize = 60_000;

/// Keys of a group that are listed beside the address of its first object.
const MOST_KEYS: usize = 8;

/// The longest key in such a list.
const LONGEST_KEY: usize = 60;

/// The longest address in a table.
const LONGEST_ADDRESS: usize = 300;

fn render(view: &PlanView, layout: Layout) -> Result<String, RenderError> {
    let mut text = format!("### {}\n\n", markdown::prose(&plan_line(view)));
    for (is_so, words) in [
        (view.errored, "Planning failed: objects are missing from this plan."),
        (view.partial && !view.errored, "The plan does not cover all of the configuration."),
    ] {
        if is_so {
            let _ = writeln!(text, "**{words}**\n");
        }
    }
    if view.refresh_only {
        let _ = writeln!(text, "This is {}.\n", markdown::prose(REFRESH_ONLY));
    }
    let shown = |group: &Group| match layout.detail {
        Detail::Everything => group.apart(),
        Detail::Failures => vec![group.clone()],
    };
    let mut groups: Vec<Group> =
        view.modules.iter().flat_map(|module| &module.groups).flat_map(shown).collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.first.deed.weight()));
    if !groups.is_empty() {
        text.push_str("| | object | what |\n|---|---|---|\n");
    }
    let mut left = Left::default();
    for group in &groups {
        let row = row(group);
        left.add(&mut text, &row);
    }
    left.say(&mut text, "object", "objects");
    for (title, lines) in sections(view, layout.detail) {
        let part = format!("\n**{title}**\n\n{}", markdown::block(&lines, "diff"));
        if text.len() + part.len() <= MOST_BYTES {
            text.push_str(&part);
        } else {
            let _ = writeln!(text, "\n**{title}**: too long for a comment");
        }
    }
    let mut details = String::new();
    let mut left = Left::default();
    for group in &groups {
        let lines = text::difference(group, layout.detail);
        if lines.is_empty() {
            continue;
        }
        let heading = format!("\n`{}` {}\n\n", glyph(&group.first.deed), address(group));
        let part = heading + &markdown::block(&lines, "diff");
        if left.number == 0 && text.len() + details.len() + part.len() <= MOST_BYTES {
            details.push_str(&part);
        } else {
            left.number += 1;
        }
    }
    if !details.is_empty() || left.number > 0 {
        let _ = write!(text, "\n<details><summary>Differences</summary>\n{details}");
        left.say(&mut text, "difference", "differences");
        text.push_str("\n</details>\n");
    }
    Ok(text)
}

/// What did not have room.
#[derive(Default)]
struct Left {
    number: usize,
}

impl Left {
    fn add(&mut self, text: &mut String, part: &str) {
        // Differences and sections need room too.
        if self.number == 0 && text.len() + part.len() <= MOST_BYTES / 2 {
            text.push_str(part);
        } else {
            self.number += 1;
        }
    }

    fn say(&self, text: &mut String, one: &str, many: &str) {
        if self.number > 0 {
            let more = count(self.number, &format!("more {one}"), &format!("more {many}"));
            let _ = writeln!(text, "\nand {more}");
        }
    }
}

fn address(group: &Group) -> String {
    let object = &group.first;
    let address = markdown::code(&object.address, LONGEST_ADDRESS);
    match (&object.deposed, group.keys.len()) {
        (Some(key), _) => format!("{address} (deposed object {})", markdown::code(key, LONGEST_ADDRESS)),
        (None, 0) => address,
        (None, several) => {
            let keys: Vec<String> = group
                .keys
                .iter()
                .skip(1)
                .take(MOST_KEYS)
                .map(|key| markdown::code(key, LONGEST_KEY))
                .collect();
            let dots = if several > keys.len() + 1 { ", …" } else { "" };
            format!(
                "{address} and {}: {}{dots}",
                count(several - 1, "more instance", "more instances"),
                keys.join(", ")
            )
        }
    }
}

fn row(group: &Group) -> String {
    let object = &group.first;
    let mut what = markdown::prose(&verb(object));
    if let Some(reason) = &object.reason {
        let _ = write!(what, ", because {}", markdown::sentence(reason, LONGEST_ADDRESS));
    }
    if let Some(from) = &object.moved_from {
        let _ = write!(what, ", moved from {}", markdown::code(from, LONGEST_ADDRESS));
    }
    if let Some(by) = &object.imported_by {
        // The verb of what is only imported says so already.
        let verb = if object.deed == Deed::Keep && object.moved_from.is_none() {
            " from"
        } else {
            ", imported from"
        };
        let _ = write!(what, "{verb} {}", markdown::code(by, LONGEST_ADDRESS));
    }
    if object.destroys_import() {
        let _ = write!(what, ", **{DESTROYS_IMPORT}**");
    }
    format!("| `{}` | {} | {what} |\n", glyph(&object.deed), address(group))
}

/// Parts that are not about objects of the plan, with their titles.
fn sections(view: &PlanView, detail: Detail) -> Vec<(&'static str, Vec<String>)> {
    let mut sections = Vec::new();
    // Of a plan of -refresh-only they are what it is about.
    let shows_all = detail == Detail::Everything || view.refresh_only;
    let in_full = view.outside.relevant.iter().chain(view.outside.others.iter().filter(|_| shows_all));
    let others = view.outside.others.iter().filter(|_| !shows_all).map(text::drift_line);
    let outside: Vec<String> = in_full
        .flat_map(|drifted| {
            let deleted = if drifted.deleted { " was deleted" } else { "" };
            let put_back = text::put_back(drifted);
            let mark = if drifted.deleted { "-" } else { "~" };
            let heading = format!("{mark} {}{deleted}{put_back}", drifted.address.for_terminal_line());
            let entries = if drifted.deleted { Vec::new() } else { text::entries(&drifted.entries, detail) };
            std::iter::once(heading).chain(entries.into_iter().map(|line| format!("    {line}")))
        })
        .chain(others)
        .collect();
    let deferred: Vec<String> = view
        .deferred
        .iter()
        .map(|deferred| {
            format!(
                "{}, because {}",
                deferred.address.for_terminal_line(),
                deferred.reason.for_terminal_line()
            )
        })
        .collect();
    let invocations: Vec<String> = view
        .invocations
        .iter()
        .map(|action| {
            let when = action.when.as_ref().map(|when| format!(" {}", when.for_terminal_line()));
            action.address.for_terminal_line() + &when.unwrap_or_default()
        })
        .collect();
    let checks: Vec<String> = view
        .failed_checks
        .iter()
        .flat_map(|check| {
            let how = if check.errored { "cannot be evaluated" } else { "fails" };
            let address = std::iter::once(format!("{}  {how}", check.address.for_terminal_line()));
            let lines = check.problems.iter().flat_map(SafeText::lines);
            address.chain(lines.map(|line| format!("    {}", line.for_terminal_line())))
        })
        .collect();
    for (title, lines) in [
        ("Outputs", text::outputs(&view.outputs, detail)),
        ("Deferred to a later plan", deferred),
        ("Actions of providers", invocations),
        ("Checks that fail", checks),
        ("Changed outside of Terraform", outside),
    ] {
        if !lines.is_empty() {
            sections.push((title, lines));
        }
    }
    sections
}
