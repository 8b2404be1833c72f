//! The picture of a plan for a terminal, in the manner of Terraform: a tree by module, with glyphs and colours.

mod attributes;

use planguard_plan::redact::SafeText;

use super::modules::{self, Paragraph};
use super::words::{DESTROYS_IMPORT, REFRESH_ONLY, beside_line, glyph, plan_line, verb};
use crate::render::colour::{Colour, Style};
use crate::render::layout::count;
use crate::render::{Detail, Format, Layout, RenderError};
use crate::show::{Deed, Drifted, Empty, Entry, Group, ModuleView, PlanView, PutBack};
use attributes::Names;

pub(super) const FORMAT: Format<PlanView> =
    Format { name: "text", former: None, help: "for people", extension: "txt", render };

/// Attributes of an object changed outside of Terraform that are named on its line.
const MOST_NAMES: usize = 4;

/// What is left of a line beside its indentation, however narrow the terminal is.
const NARROWEST: usize = 40;

/// Keys of a group that are listed.
const MOST_KEYS: usize = 8;

/// The same picture in the format that is the default; other formats of people use its lines.
fn render(view: &PlanView, layout: Layout) -> Result<String, RenderError> {
    Ok(Page::of(view, layout).lines.into_iter().flat_map(|line| [line, "\n".to_owned()]).collect())
}

/// The lines of a difference without colours, for a format that shows them as code.
pub(super) fn difference(group: &Group, detail: Detail) -> Vec<String> {
    let mut page = Page::new(Layout { colour: Colour::Off, width: usize::MAX, detail });
    page.attributes(group, 0);
    page.lines
}

/// The same for outputs.
pub(super) fn outputs(outputs: &[Entry], detail: Detail) -> Vec<String> {
    let layout = Layout { colour: Colour::Off, width: usize::MAX, detail };
    let mut page = Page::new(layout).with(Empty::Shown);
    page.entries(outputs, Names::OfSchema, 0);
    page.lines
}

/// The same for what was changed outside of Terraform.
pub(super) fn entries(entries: &[Entry], detail: Detail) -> Vec<String> {
    let mut page = Page::new(Layout { colour: Colour::Off, width: usize::MAX, detail });
    page.entries(entries, Names::OfSchema, 0);
    page.lines
}

struct Page {
    lines: Vec<String>,
    layout: Layout,
    empty: Empty,
    /// Whether it is about what was there before something that is known after apply.
    is_old: bool,
}

impl Page {
    const fn new(layout: Layout) -> Self {
        Self { lines: Vec::new(), layout, empty: Empty::Hidden, is_old: false }
    }

    fn with(self, empty: Empty) -> Self {
        Self { empty, ..self }
    }

    fn of(view: &PlanView, layout: Layout) -> Self {
        let mut page = Self::new(layout);
        page.heading(view);
        page.outside(view);
        let mut paragraphs: Vec<Paragraph> = view
            .modules
            .iter()
            .enumerate()
            .map(|(place, module)| Self::paragraph(place, module, layout))
            .collect();
        // Where everything is shown, each instance is.
        if !page.everything() {
            paragraphs = modules::folded(paragraphs);
        }
        for mut paragraph in paragraphs {
            page.gap();
            if !paragraph.address.is_empty() {
                page.lines.push(page.layout.colour.paint(Style::Heading, &paragraph.address));
                page.gap();
            }
            page.lines.append(&mut paragraph.lines);
        }
        page.outputs(view);
        page.others(view);
        page.gap();
        let line = page.layout.colour.paint(Style::Heading, &plan_line(view));
        page.line(0, &line);
        let beside = beside_line(view);
        if !beside.is_empty() {
            page.faint(0, &beside);
        }
        page
    }

    /// A module with the lines about its objects.
    fn paragraph(place: usize, module: &ModuleView, layout: Layout) -> Paragraph {
        let mut page = Self::new(layout);
        let address = module.address.for_terminal_line();
        let indent = if address.is_empty() { 0 } else { 2 };
        for group in &module.groups {
            // Where everything is shown, each value is.
            if page.everything() {
                group.apart().iter().for_each(|group| page.group(group, indent));
            } else {
                page.group(group, indent);
            }
        }
        Paragraph { place, address, instance: module.instance.clone(), keys: Vec::new(), lines: page.lines }
    }

    fn everything(&self) -> bool {
        self.layout.detail == Detail::Everything
    }

    fn gap(&mut self) {
        if self.lines.last().is_some_and(|line| !line.is_empty()) {
            self.lines.push(String::new());
        }
    }

    fn line(&mut self, indent: usize, text: &str) {
        self.lines.push(format!("{:indent$}{text}", ""));
    }

    fn faint(&mut self, indent: usize, text: &str) {
        let painted = self.layout.colour.paint(Style::Faint, text);
        self.line(indent, &painted);
    }

    fn heading(&mut self, view: &PlanView) {
        let mut heading = self.layout.colour.paint(Style::Heading, &view.origin.for_terminal_line());
        if let Some(version) = &view.terraform_version {
            heading.push_str(&format!(" · Terraform or OpenTofu {}", version.for_terminal_line()));
        }
        self.lines.push(heading);
        for (is_so, text) in [
            (view.errored, "planning failed: objects are missing from this plan"),
            (view.partial && !view.errored, "the plan does not cover all of the configuration"),
        ] {
            if is_so {
                let painted = self.layout.colour.paint(Style::Bad, text);
                self.lines.push(painted);
            }
        }
        if view.refresh_only {
            self.prose(0, Style::Notable, REFRESH_ONLY);
        }
        self.gap();
    }

    fn outside(&mut self, view: &PlanView) {
        let is_noise = view.outside.relevant.is_empty() && view.outside.others.is_empty();
        if view.outside.is_empty() || is_noise && !self.everything() {
            return;
        }
        let title = self.layout.colour.paint(Style::Heading, "Changed outside of Terraform");
        self.line(0, &title);
        let shown = |page: &mut Self, drifted: &Drifted| {
            let (glyph, colour) = if drifted.deleted { ("-", Style::Bad) } else { ("~", Style::Notable) };
            let glyph = page.layout.colour.paint(colour, glyph);
            let deleted = if drifted.deleted { "  was deleted" } else { "" };
            let put_back = put_back(drifted);
            page.line(2, &format!("{glyph} {}{deleted}{put_back}", drifted.address.for_terminal_line()));
            if !drifted.deleted {
                page.entries(&drifted.entries, Names::OfSchema, 6);
            }
        };
        view.outside.relevant.iter().for_each(|drifted| shown(self, drifted));
        // Of a plan of -refresh-only they are what it is about.
        if self.everything() || view.refresh_only {
            view.outside.others.iter().for_each(|drifted| shown(self, drifted));
        } else if !view.outside.others.is_empty() {
            for drifted in view.outside.others.iter().take(MOST_KEYS) {
                self.prose(4, Style::Faint, &drift_line(drifted));
            }
            let more = view.outside.others.len().saturating_sub(MOST_KEYS);
            if more > 0 {
                self.faint(2, &format!("  and {}", count(more, "more object", "more objects")));
            }
            self.prose(4, Style::Faint, "(no value of the plan depends on these; --show all shows them)");
        }
        if view.outside.noise > 0 {
            let objects = count(view.outside.noise, "object", "objects");
            self.faint(2, &format!("  ({objects} in what only the provider sets)"));
        }
        self.gap();
    }

    fn group(&mut self, group: &Group, indent: usize) {
        self.gap();
        let object = &group.first;
        let style = style(&object.deed);
        let glyph = self.layout.colour.paint(style, glyph(&object.deed));
        let name = if group.keys.is_empty() {
            let deposed =
                object.deposed.as_ref().map(|key| format!(" (deposed object {})", key.for_terminal_line()));
            object.name.for_terminal_line() + &deposed.unwrap_or_default()
        } else {
            let name = object.name.for_terminal_line();
            let key = object.key.for_terminal_line();
            let block = name.strip_suffix(&key).unwrap_or(&name);
            let most = if self.everything() { usize::MAX } else { MOST_KEYS };
            let listed: Vec<String> = group.keys.iter().take(most).map(SafeText::for_terminal_line).collect();
            let more = if group.keys.len() > listed.len() { ", …" } else { "" };
            format!("{block} × {}: {}{more}", group.keys.len(), listed.join(", "))
        };
        let because =
            object.reason.as_ref().map(|reason| format!(", because {}", reason.for_terminal_line()));
        let rest = format!("{}{}", verb(object), because.unwrap_or_default());
        self.header(indent, &glyph, &name, &rest);
        for (label, text) in [("moved from", &object.moved_from), ("imported from", &object.imported_by)] {
            if let Some(text) = text {
                self.faint(indent + 6, &format!("{label} {}", text.for_terminal_line()));
            }
        }
        if object.destroys_import() {
            let painted = self.layout.colour.paint(Style::Bad, DESTROYS_IMPORT);
            self.line(indent + 6, &painted);
        }
        self.attributes(group, indent + 6);
    }

    /// The name of an object and what is done with it, wrapped to the width.
    fn header(&mut self, indent: usize, glyph: &str, name: &str, rest: &str) {
        let words = format!("{name}  {rest}");
        for (number, line) in self.wrapped(&words, indent + 6).iter().enumerate() {
            if number > 0 {
                self.line(indent + 6, line);
                continue;
            }
            // The name alone is painted; it may go on in the next line.
            let (front, back) = line.split_at(line.len().min(name.len()));
            let front = self.layout.colour.paint(Style::Heading, front);
            self.line(indent, &format!("{glyph} {front}{back}"));
        }
    }

    /// A sentence, wrapped to the width; further lines are indented.
    fn prose(&mut self, indent: usize, style: Style, text: &str) {
        for (number, line) in self.wrapped(text, indent + 4).iter().enumerate() {
            let painted = self.layout.colour.paint(style, line);
            self.line(if number == 0 { indent } else { indent + 4 }, &painted);
        }
    }

    /// The lines of a text that stand behind so many columns.
    fn wrapped(&self, text: &str, columns: usize) -> Vec<String> {
        let width = self.layout.width.saturating_sub(columns).max(NARROWEST);
        let options = textwrap::Options::new(width)
            .word_splitter(textwrap::WordSplitter::NoHyphenation)
            .break_words(false);
        textwrap::wrap(text, options).into_iter().map(std::borrow::Cow::into_owned).collect()
    }

    fn outputs(&mut self, view: &PlanView) {
        if view.outputs.is_empty() {
            return;
        }
        self.gap();
        let title = self.layout.colour.paint(Style::Heading, "Outputs");
        self.line(0, &title);
        // Nobody but an author makes an output empty.
        let kept = std::mem::replace(&mut self.empty, Empty::Shown);
        self.entries(&view.outputs, Names::OfSchema, 2);
        self.empty = kept;
    }

    fn others(&mut self, view: &PlanView) {
        if !view.deferred.is_empty() {
            self.gap();
            let title = self.layout.colour.paint(Style::Heading, "Deferred to a later plan");
            self.line(0, &title);
            for deferred in &view.deferred {
                let (address, reason) =
                    (deferred.address.for_terminal_line(), deferred.reason.for_terminal_line());
                self.line(2, &format!("{address}, because {reason}"));
            }
        }
        if !view.invocations.is_empty() {
            self.gap();
            let title = self.layout.colour.paint(Style::Heading, "Actions of providers");
            self.line(0, &title);
            for action in &view.invocations {
                let when = action.when.as_ref().map(|when| format!("  {}", when.for_terminal_line()));
                let later = if action.deferred { " (deferred to a later plan)" } else { "" };
                self.line(
                    2,
                    &format!("{}{}{later}", action.address.for_terminal_line(), when.unwrap_or_default()),
                );
            }
        }
        if !view.failed_checks.is_empty() {
            self.gap();
            let title = self.layout.colour.paint(Style::Heading, "Checks that fail");
            self.line(0, &title);
            for check in &view.failed_checks {
                let how = if check.errored { "cannot be evaluated" } else { "fails" };
                self.line(2, &format!("{}  {how}", check.address.for_terminal_line()));
                for line in check.problems.iter().flat_map(SafeText::lines) {
                    self.line(6, &format!("| {}", line.for_terminal_line()));
                }
            }
        }
    }
}

const fn style(deed: &Deed) -> Style {
    match deed {
        Deed::Create => Style::Good,
        Deed::Update | Deed::Forget | Deed::ForgetAndCreate | Deed::Other(_) => Style::Notable,
        Deed::Destroy | Deed::Replace(_) => Style::Bad,
        Deed::Read | Deed::Open | Deed::Keep => Style::Faint,
    }
}

/// What was changed outside of Terraform, on one line.
pub(super) fn drift_line(drifted: &Drifted) -> String {
    let mut names: Vec<String> = drifted.entries.iter().map(|entry| entry.name.for_terminal_line()).collect();
    let unnamed = names.len().saturating_sub(MOST_NAMES);
    if unnamed > 0 {
        names.truncate(MOST_NAMES);
        names.push(format!("{unnamed} more"));
    }
    let what = if drifted.deleted { "was deleted".to_owned() } else { names.join(", ") };
    format!("{}: {what}{}", drifted.address.for_terminal_line(), put_back(drifted))
}

/// What the plan puts back of what was changed outside of Terraform, to stand behind it.
pub(super) fn put_back(drifted: &Drifted) -> String {
    match &drifted.put_back {
        PutBack::Nothing => String::new(),
        PutBack::Everything if drifted.deleted => ", and this plan creates it anew".to_owned(),
        PutBack::Everything => " (put back by this plan)".to_owned(),
        PutBack::Attributes(names) => {
            let names: Vec<String> = names.iter().map(SafeText::for_terminal_line).collect();
            format!(" ({} put back by this plan)", names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use planguard_plan::input::Document;

    use super::*;
    use crate::render::layout::sample::PLAIN;

    /// The picture of a plan of these changes, and of other sections.
    fn shown(changes: &str, sections: &str) -> String {
        let plan = format!(
            r#"{{"format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {{}}, {sections}
                "resource_changes": [{changes}]}}"#
        );
        let document = Document::from_text("plan.json", &plan).unwrap();
        render(&PlanView::of(&document).unwrap(), PLAIN).unwrap()
    }

    /// An update of an object with these sides and further members of `change`.
    fn update(address: &str, before: &str, after: &str, more: &str) -> String {
        format!(
            r#"{{"address": "{address}", "change": {{"actions": ["update"], "before": {before}, "after": {after},
                "after_unknown": {{}}{more}}}}}"#
        )
    }

    #[test]
    fn blocks_have_attributes_even_if_none_is_known() {
        let create = |address: &str, after: &str, unknown: &str| {
            format!(
                r#"{{"address": "{address}", "change": {{"actions": ["create"], "before": null, "after": {after},
                    "after_unknown": {unknown}}}}}"#
            )
        };
        let instance = create(
            "aws_instance.i",
            r#"{"root_block_device": [{"volume_size": 10}]}"#,
            r#"{"root_block_device": [{"volume_id": true, "device_name": true}]}"#,
        );
        let empty = create(
            "aws_instance.j",
            r#"{"root_block_device": [{}]}"#,
            r#"{"root_block_device": [{"volume_id": true}]}"#,
        );
        let configuration = r#""configuration": {"root_module": {"resources": [
            {"address": "aws_instance.i", "mode": "managed", "type": "aws_instance", "name": "i",
             "expressions": {"root_block_device": [{"volume_size": {"constant_value": 10}}]}},
            {"address": "aws_instance.j", "mode": "managed", "type": "aws_instance", "name": "j",
             "expressions": {"root_block_device": [{}]}}]}},"#;
        let text = shown(&[instance, empty].join(","), configuration);
        assert_eq!(text.matches("root_block_device {").count(), 2, "{text}");
        assert!(text.contains("(2 attributes known after apply)"), "{text}");
        assert!(text.contains("(1 attribute known after apply)"), "{text}");
        assert!(!text.contains("member"), "{text}");
    }

    #[test]
    fn documents_blocks_and_texts_are_compared_as_what_they_are() {
        let policy = |action: &str, extra: &str| {
            format!(
                r#"{{\"Statement\":[{extra}{{\"Sid\":\"Read\",\"Effect\":\"Allow\",\"Action\":{action},\"Resource\":\"*\"}}]}}"#
            )
        };
        let extra = r#"{\"Sid\":\"All\",\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"},"#;
        let before = format!(r#"{{"policy": "{}", "name": "p"}}"#, policy(r#"[\"s3:GetObject\"]"#, ""));
        let after = format!(
            r#"{{"policy": "{}", "name": "p"}}"#,
            policy(r#"[\"s3:GetObject\",\"s3:PutObject\"]"#, extra)
        );
        let group = update(
            "aws_security_group.g",
            r#"{"ingress": [{"from_port": 443, "cidr_blocks": ["10.0.0.0/8"], "protocol": "tcp"},
                {"from_port": 22, "cidr_blocks": ["10.0.0.0/8"], "protocol": "tcp"}], "description": "a"}"#,
            r#"{"ingress": [{"from_port": 22, "cidr_blocks": ["0.0.0.0/0"], "protocol": "tcp"},
                {"from_port": 443, "cidr_blocks": ["10.0.0.0/8"], "protocol": "tcp"}], "description": "a"}"#,
            "",
        );
        let script = update(
            "aws_instance.i",
            r#"{"user_data": "set -e\na\nb\nc\nd\ne\nf\n"}"#,
            r#"{"user_data": "set -e\na\nb\nc\nx\ne\nf\n"}"#,
            "",
        );
        let rewritten = update(
            "aws_sns_topic_policy.t",
            r#"{"policy": "{\"a\":1}"}"#,
            r#"{"policy": "{ \"a\": 1 }"}"#,
            "",
        );
        let all = [update("aws_iam_policy.p", &before, &after, ""), group, script, rewritten].join(",");
        insta::assert_snapshot!(shown(&all, ""));
    }

    #[test]
    fn sensitive_values_are_told_and_not_shown() {
        let text = shown(
            &update(
                "aws_db_instance.d",
                r#"{"password": "hunter2hunter2", "tags": {"a": "1", "token": "abcdefgh"}, "plain": "x", "was": "secret-before"}"#,
                r#"{"password": "hunter3hunter3", "tags": {"a": "2", "token": "ijklmnop"}, "plain": "hunter2hunter2", "was": "shown after"}"#,
                r#", "before_sensitive": {"password": true, "tags": {"token": true}, "was": true},
                   "after_sensitive": {"password": true, "tags": {"token": true}}"#,
            ),
            r#""output_changes": {"o": {"actions": ["update"], "before": "old-secret", "after": "new-secret",
                "after_unknown": false, "before_sensitive": true, "after_sensitive": true}},"#,
        );
        for secret in
            ["hunter", "abcdefgh", "ijklmnop", "secret-before", "old-secret", "new-secret", "shown after"]
        {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        insta::assert_snapshot!(text);
    }

    #[test]
    fn every_deed_has_its_words() {
        let change = |address: &str, actions: &str, more: &str, inside: &str| {
            format!(
                r#"{{"address": "{address}"{more}, "change": {{"actions": [{actions}], "before": {{"a": 1}},
                    "after": {{"a": 2}}, "after_unknown": {{"id": true}}{inside}}}}}"#
            )
        };
        let kept = |address: &str, more: &str, inside: &str| {
            format!(
                r#"{{"address": "{address}"{more}, "change": {{"actions": ["no-op"], "before": {{"a": 1}},
                    "after": {{"a": 1}}, "after_unknown": {{}}{inside}}}}}"#
            )
        };
        let deleted = |address: &str, more: &str| {
            format!(
                r#"{{"address": "{address}"{more}, "change": {{"actions": ["delete"], "before": {{"a": 1}},
                    "after": null, "after_unknown": {{}}}}}}"#
            )
        };
        let created = |address: &str, value: u8| {
            format!(
                r#"{{"address": "{address}", "change": {{"actions": ["create"], "before": null,
                    "after": {{"a": {value}, "b": "same", "empty": ""}}, "after_unknown": {{"id": true}}}}}}"#
            )
        };
        let all = [
            deleted("x_a.removed", r#", "action_reason": "delete_because_no_resource_config""#),
            deleted("x_a.old", r#", "deposed": "ab12""#),
            change("module.m.x_a.r", r#""delete", "create""#, "", r#", "replace_paths": [["a"]]"#),
            change(
                "module.m.x_a.t",
                r#""create", "delete""#,
                r#", "action_reason": "replace_because_tainted""#,
                "",
            ),
            kept("x_a.moved", r#", "previous_address": "x_a.before""#, ""),
            kept("x_a.imported", "", r#", "importing": {"id": "i-1"}"#),
            kept("x_a.unchanged", "", ""),
            deleted("x_a.forgotten", "").replace("delete", "forget"),
            change("data.x_a.d", r#""read""#, r#", "action_reason": "read_because_config_unknown""#, ""),
            change("x_a.strange", r#""teleport""#, "", ""),
            created("x_a.many[0]", 1),
            created("x_a.many[1]", 2),
            created("x_a.many[2]", 3),
        ];
        let sections = r#""errored": true, "checks": [{"address": {"kind": "check", "to_display": "check.c"}, "status": "fail",
                "instances": [{"address": {"to_display": "check.c"}, "status": "fail", "problems": [{"message": "no\n::answer"}]}]}],
            "action_invocations": [{"address": "action.x_do.a", "type": "x_do", "name": "a",
                "lifecycle_action_trigger": {"triggering_resource_address": "x_a.b", "action_trigger_event": "AfterCreate"}}],
            "deferred_changes": [{"reason": "instance_count_unknown", "resource_change": {"address": "x_a.later", "index_unknown": true,
                "change": {"actions": ["create"], "before": null, "after": {}, "after_unknown": {}}}}],
            "resource_drift": [
                {"address": "x_a.b", "change": {"actions": ["update"], "before": {"a": 1, "t": null}, "after": {"a": 2, "t": []}}},
                {"address": "x_a.c", "change": {"actions": ["update"], "before": {"t": null}, "after": {"t": []}}},
                {"address": "x_a.gone", "change": {"actions": ["delete"], "before": {"a": 1}, "after": null}}],
            "relevant_attributes": [{"resource": "x_a.b", "attribute": ["a"]}],"#;
        insta::assert_snapshot!(shown(&all.join(","), sections));
    }

    #[test]
    fn no_instance_is_hidden_in_a_group() {
        let of = |key: usize, name: &str, value: &str| {
            update(
                &format!("x_a.b[{key}]"),
                r#"{"name": "n", "open": "no"}"#,
                &format!(r#"{{"name": "{name}", "open": "{value}"}}"#),
                "",
            )
        };
        // Names are others in each; one value is not that of the others.
        let changes: Vec<String> =
            (0..6).map(|key| of(key, &format!("n{key}"), if key == 4 { "world" } else { "vpc" })).collect();
        let text = shown(&changes.join(","), "");
        assert!(text.contains("x_a.b × 5: [0], [1], [2], [3], [5]"), "{text}");
        assert!(
            text.contains("~ x_a.b[4]  updated in-place") && text.contains("\"no\" -> \"world\""),
            "{text}"
        );
        assert!(text.contains("~ name = \"n\" -> (not the same in each)"), "{text}");
        // Few that are not alike are told one by one.
        let pairs: Vec<String> = (0..4).map(|key| of(key, "m", if key < 2 { "a" } else { "b" })).collect();
        let text = shown(&pairs.join(","), "");
        assert!(!text.contains('×') && text.contains("\"no\" -> \"b\""), "{text}");
        // Everything is everything.
        let plan = format!(
            r#"{{"format_version": "1.2", "planned_values": {{}}, "resource_changes": [{}]}}"#,
            changes.join(",")
        );
        let view = PlanView::of(&Document::from_text("plan.json", &plan).unwrap()).unwrap();
        let text = render(&view, Layout { detail: Detail::Everything, ..PLAIN }).unwrap();
        assert!((0..6).all(|key| text.contains(&format!("\"n\" -> \"n{key}\""))), "{text}");
    }

    #[test]
    fn an_element_that_changes_is_told_from_the_others() {
        let rule = |port: u16, range: &str| {
            format!(r#"{{"port": {port}, "text": "", "open": true, "ranges": ["{range}"]}}"#)
        };
        let list = |ssh: &str| format!(r#"{{"rules": [{}, {}]}}"#, rule(443, "10.0.0.0/8"), rule(22, ssh));
        let text = shown(&update("x_a.b", &list("10.0.0.0/8"), &list("0.0.0.0/0"), ""), "");
        assert!(text.contains("port = 22") && !text.contains("443"), "{text}");
        assert!(text.contains("[\"10.0.0.0/8\"] -> [\"0.0.0.0/0\"]"), "{text}");
    }

    #[test]
    fn what_terraform_changes_is_never_called_unchanged() {
        let marks = r#", "before_sensitive": {"a": true}, "after_sensitive": {}"#;
        let text = shown(&update("x_a.b", r#"{"a": "1"}"#, r#"{"a": "1"}"#, marks), "");
        assert!(text.contains("~ a = (the same value, no longer sensitive"), "{text}");
        let long = |last: &str| {
            format!(r#"{{"l": [{{"n": "a", "v": "{last}"}}, {{"n": "b", "v": "{}"}}]}}"#, "x".repeat(60))
        };
        let moved = format!(r#"{{"l": [{{"n": "b", "v": "{}"}}, {{"n": "a", "v": "1"}}]}}"#, "x".repeat(60));
        let text = shown(&update("x_a.b", &long("1"), &moved, ""), "");
        assert!(text.contains("1 element moved, 1 element unchanged"), "{text}");
        let start = "s".repeat(300);
        let (before, after) = (format!(r#"{{"a": "{start}one"}}"#), format!(r#"{{"a": "{start}two"}}"#));
        let text = shown(&update("x_a.b", &before, &after, ""), "");
        assert!(text.contains("one\"") && text.contains("two\""), "{text}");
        let text = shown(&update("x_a.b", r#"{"a": "x\ny"}"#, r#"{"a": "x\r\ny"}"#, ""), "");
        assert!(text.contains("(only the ends of its lines differ)"), "{text}");
        let text = shown(&update("x_a.b", r#"{"a": "", "b": 1}"#, r#"{"a": null, "b": 1}"#, ""), "");
        assert!(text.contains("~ a = \"\" -> null") || text.contains("- a = \"\" -> null"), "{text}");
        let text = shown(
            &update("x_a.b", r#"{"a": "", "b": 1}"#, r#"{"b": 2}"#, r#", "before_sensitive": {"a": true}"#),
            "",
        );
        assert!(!text.contains("sensitive"), "{text}");
    }

    #[test]
    fn nothing_is_no_change() {
        insta::assert_snapshot!(shown("", ""), @r"
        plan.json · Terraform or OpenTofu 1.11.4

        No changes.
        ");
    }
}
