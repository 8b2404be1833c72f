//! The picture of a plan for a comment under a change: a table of objects, and the differences folded.

use std::fmt::Write as _;

use planguard_plan::redact::{Redactor, SafeText};

use super::modules::{self, Paragraph};
use super::text;
use super::words::{DESTROYS_IMPORT, REFRESH_ONLY, beside_line, glyph, plan_line, verb};
use crate::render::layout::count;
use crate::render::{Detail, Format, Layout, RenderError, markdown};
use crate::show::{Deed, Group, ModuleInstance, PlanView};

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
    let beside = beside_line(view);
    if !beside.is_empty() {
        let _ = writeln!(text, "{beside}\n");
    }
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
    let mut rows = rows(view, layout.detail);
    rows.sort_by_key(|row| std::cmp::Reverse(row.group.first.deed.weight()));
    if !rows.is_empty() {
        text.push_str("| | object | what |\n|---|---|---|\n");
    }
    let mut left = Left::default();
    for row in &rows {
        left.add(&mut text, &row.line());
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
    for row in &rows {
        let lines = row.difference(layout.detail);
        if lines.is_empty() {
            continue;
        }
        let heading = format!("\n`{}` {}\n\n", glyph(&row.group.first.deed), row.address());
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

/// A group of objects, in the instances of a module that read alike.
struct Row {
    group: Group,
    /// The first of those instances, and the keys of all.
    instances: Option<(ModuleInstance, Vec<String>)>,
}

/// The objects of a plan, those of modules that read alike once.
fn rows(view: &PlanView, detail: Detail) -> Vec<Row> {
    let shown = |group: &Group| match detail {
        Detail::Everything => group.apart(),
        Detail::Failures => vec![group.clone()],
    };
    let mut paragraphs: Vec<Paragraph> = view
        .modules
        .iter()
        .enumerate()
        .map(|(place, module)| {
            let groups = module.groups.iter();
            let lines = groups.flat_map(|group| {
                let name = group.first.name.for_terminal_line();
                [name, what(group)].into_iter().chain(text::difference(group, detail))
            });
            Paragraph {
                place,
                address: String::new(),
                instance: module.instance.clone(),
                keys: Vec::new(),
                lines: lines.collect(),
            }
        })
        .collect();
    if detail == Detail::Failures {
        paragraphs = modules::folded(paragraphs);
    }
    let of_module = |Paragraph { place, instance, keys, .. }: Paragraph| {
        let instances = instance.filter(|_| !keys.is_empty()).map(|instance| (instance, keys));
        let groups = view.modules.get(place).map(|module| module.groups.iter().flat_map(shown));
        groups.into_iter().flatten().map(move |group| Row { group, instances: instances.clone() })
    };
    paragraphs.into_iter().flat_map(of_module).collect()
}

impl Row {
    fn line(&self) -> String {
        let what = self.with_key(&what(&self.group));
        format!("| `{}` | {} | {what} |\n", glyph(&self.group.first.deed), self.address())
    }

    fn difference(&self, detail: Detail) -> Vec<String> {
        text::difference(&self.group, detail).iter().map(|line| self.with_key(line)).collect()
    }

    fn with_key(&self, line: &str) -> String {
        match &self.instances {
            Some((instance, _)) => modules::with_key_of(instance, line),
            None => line.to_owned(),
        }
    }

    fn address(&self) -> String {
        let object = &self.group.first;
        let (whole, times) = match &self.instances {
            Some((instance, keys)) => {
                let (inner, dot) = (&instance.within, SafeText::fixed("."));
                let dot = if inner.unescaped().is_empty() { SafeText::default() } else { dot };
                let any = SafeText::fixed("[…].");
                let whole = SafeText::concat([&instance.call, &any, inner, &dot, &object.name]);
                let listed =
                    markdown::code(&Redactor::default().text(&modules::listed(keys)), LONGEST_ADDRESS);
                (whole, format!(" in {} instances of the module: {listed}", keys.len()))
            }
            None => (object.address.clone(), String::new()),
        };
        let address = markdown::code(&whole, LONGEST_ADDRESS);
        let address = match (&object.deposed, self.group.keys.len()) {
            (Some(key), _) => format!("{address} (deposed object {})", markdown::code(key, LONGEST_ADDRESS)),
            (None, 0) => address,
            (None, several) => {
                let keys = self.group.keys.iter().skip(1).take(MOST_KEYS);
                let keys: Vec<String> = keys.map(|key| markdown::code(key, LONGEST_KEY)).collect();
                let dots = if several > keys.len() + 1 { ", …" } else { "" };
                let more = count(several - 1, "more instance", "more instances");
                format!("{address} and {more}: {}{dots}", keys.join(", "))
            }
        };
        address + &times
    }
}

/// What is done with the objects of a group, and why.
fn what(group: &Group) -> String {
    let object = &group.first;
    let mut what = markdown::prose(&verb(object));
    if let Some(reason) = &object.reason {
        let _ = write!(what, ", because {}", markdown::sentence(reason, LONGEST_ADDRESS));
    }
    if let Some(from) = &object.moved_from {
        // The verb of what is only moved says so already.
        let is_verb = object.deed == Deed::Keep && object.imported_by.is_none();
        let verb = if is_verb { " from" } else { ", moved from" };
        let _ = write!(what, "{verb} {}", markdown::code(from, LONGEST_ADDRESS));
    }
    if let Some(by) = &object.imported_by {
        // The verb of what is imported says so already.
        let is_verb = object.deed == Deed::Keep && object.moved_from.is_none();
        let verb = if is_verb { " from" } else { ", imported from" };
        let _ = write!(what, "{verb} {}", markdown::code(by, LONGEST_ADDRESS));
    }
    if object.destroys_import() {
        let _ = write!(what, ", **{DESTROYS_IMPORT}**");
    }
    what
}

/// Parts that are not about objects of the plan, with their titles.
fn sections(view: &PlanView, detail: Detail) -> Vec<(&'static str, Vec<String>)> {
    let mut sections = Vec::new();
    // Of a plan of -refresh-only they are what it is about.
    let shows_all = detail == Detail::Everything || view.refresh_only;
    let in_full = view.outside.relevant.iter().chain(view.outside.others.iter().filter(|_| shows_all));
    let others = view.outside.others.iter().filter(|_| !shows_all).map(|drifted| {
        let mark = if drifted.deleted { "-" } else { "~" };
        format!("{mark} {}", text::drift_line(drifted))
    });
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
