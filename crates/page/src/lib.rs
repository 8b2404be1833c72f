//! The HTML page of a check: one file for reviewers that needs no network. A program fills [`model::Page`]; the page decides
//! nothing.
//!
//! The page refuses to load anything, and to run anything but its own script: its Content-Security-Policy names the digests of
//! both the stylesheet and the script. Without the script it shows the same findings, resources and differences.

mod embedded;
pub mod model;
mod room;
mod text;

use std::cmp::Reverse;

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

pub use room::render_within;
pub use text::Text;

use model::{Action, Page, Plan, Resource};

/// The stylesheet.
const STYLE: &str = include_str!("../templates/page.css");

/// The script.
const SCRIPT: &str = include_str!("../templates/page.js");

/// Differences of so many resources are in the page without the script, too.
pub const STATIC_DIFFERENCES: usize = 100;

/// Rows of so many resources are in the page without the script, too: a browser is slow to read and lay out thousands.
pub const STATIC_ROWS: usize = 300;

/// Rules of a group whose findings are shown without a click.
const OPEN_RULES: usize = 20;

/// Findings of a rule that are.
pub(crate) const OPEN_FINDINGS: usize = 5;

/// Why a page could not be written.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The data for the script.
    #[error(transparent)]
    Data(#[from] serde_json::Error),
    /// The template.
    #[error(transparent)]
    Template(#[from] askama::Error),
}

#[derive(Template)]
#[template(path = "page.html", escape = "html")]
struct Document<'p> {
    page: &'p Page,
    policy: String,
    style: &'static str,
    script: &'static str,
    data: String,
    /// The resources whose differences the page has without the script.
    shown: Vec<(usize, &'p Resource)>,
    /// How many others have differences.
    not_shown: usize,
    /// The actions of resources, for a filter.
    actions: Vec<Action>,
}

impl Document<'_> {
    /// Whether there is more than one plan.
    const fn is_index(&self) -> bool {
        self.page.plans.len() > 1
    }

    /// The plans with their positions, the worst first.
    fn worst_plans(&self) -> Vec<(usize, &'_ Plan)> {
        let mut plans: Vec<(usize, &Plan)> = self.page.plans.iter().enumerate().collect();
        plans.sort_by_key(|(_, plan)| Reverse((plan.verdict, plan.denials)));
        plans
    }

    /// The first finding of a plan, where the page says of each finding which plan it is in.
    fn first_finding(&self, plan: &Plan) -> Option<usize> {
        let rules = self.page.findings.iter().flat_map(|group| &group.rules);
        let mut findings = rules.flat_map(|rule| &rule.findings);
        findings.find(|finding| finding.plan.as_ref() == Some(&plan.origin)).map(|finding| finding.position)
    }

    /// Where a link to a resource leads without the script: what stays as it is, or is far down, has no row then.
    fn anchor(&self, resource: &usize) -> String {
        let rows = self.page.resources.len().min(STATIC_ROWS);
        if *resource < rows { format!("r{resource}") } else { "resources".to_owned() }
    }

    /// The rows that the page has without the script.
    fn rows(&self) -> &[Resource] {
        let resources = &self.page.resources;
        resources.get(..STATIC_ROWS).unwrap_or(resources)
    }

    /// Of how many resources the differences are left out.
    fn cut_resources(&self) -> usize {
        self.page.resources.iter().filter(|resource| resource.is_cut).count()
    }

    /// The same of objects that were changed outside of Terraform.
    fn cut_drift(&self) -> usize {
        self.page.drift.iter().filter(|drift| drift.is_cut).count()
    }

    /// How many objects were changed outside of Terraform.
    fn drifted(&self) -> usize {
        self.page.plans.iter().map(|plan| plan.drift).sum()
    }

    /// Whether a plan has a sum of costs.
    fn has_sums(&self) -> bool {
        self.page.plans.iter().any(|plan| plan.cost.is_some())
    }

    /// Whether some plans have a sum of costs and others have none.
    fn lacks_sums(&self) -> bool {
        self.has_sums() && self.page.plans.iter().any(|plan| plan.cost.is_none())
    }

    /// How many rules of a group are shown at once.
    const fn open_rules(&self) -> usize {
        OPEN_RULES
    }

    /// How many findings of a rule are shown at once.
    const fn open_findings(&self) -> usize {
        OPEN_FINDINGS
    }

    /// How many objects have an action, in all plans, the most notable first.
    fn counts(&self) -> Vec<(Action, usize)> {
        let of = |action: Action| {
            let plans = self.page.plans.iter();
            plans
                .flat_map(|plan| &plan.actions)
                .filter(|(of, _)| *of == action)
                .map(|(_, number)| number)
                .sum()
        };
        Action::ALL.into_iter().map(|action| (action, of(action))).filter(|(_, number)| *number > 0).collect()
    }
}

/// Writes a page.
///
/// # Errors
/// A defect of the template.
pub fn render(page: &Page) -> Result<String, PageError> {
    let with_rows = page.resources.iter().enumerate().filter(|(_, resource)| !resource.rows.is_empty());
    let mut shown: Vec<(usize, &Resource)> = with_rows.collect();
    let not_shown = shown.len().saturating_sub(STATIC_DIFFERENCES);
    shown.truncate(STATIC_DIFFERENCES);
    let actions = Action::ALL
        .into_iter()
        .filter(|action| page.resources.iter().any(|resource| resource.action == *action))
        .collect();
    let document = Document {
        page,
        policy: policy(),
        style: STYLE,
        script: SCRIPT,
        data: embedded::data(page)?,
        shown,
        not_shown,
        actions,
    };
    Ok(document.render()?)
}

/// What the page may load and run: its own stylesheet and script, and nothing else.
fn policy() -> String {
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        digest(STYLE),
        digest(SCRIPT)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        Benchmark, Control, ControlGroup, ControlResource, ControlRule, Cost, Finding, FindingGroup, Row,
        RuleFindings, Verdict,
    };

    fn text(text: &str) -> Text {
        Text::composed(text.to_owned())
    }

    fn page(says: &str) -> Page {
        Page {
            numbers: text(says),
            plans: vec![Plan { origin: text(says), cost: Some(text(says)), ..Plan::default() }],
            findings: vec![FindingGroup {
                title: text(says),
                rules: vec![RuleFindings {
                    rule: text(says),
                    title: Some(text(says)),
                    remedy: Some(text(says)),
                    findings: vec![Finding { message: text(says), ..Finding::default() }],
                    ..RuleFindings::default()
                }],
                ..FindingGroup::default()
            }],
            resources: vec![Resource {
                address: text(says),
                name: text(says),
                rows: vec![Row { name: text(says), after: Some(text(says)), ..Row::default() }],
                ..Resource::default()
            }],
            ..Page::default()
        }
    }

    /// What stands between two texts.
    fn between<'t>(all: &'t str, start: &str, end: &str) -> &'t str {
        let (_, rest) = all.split_once(start).unwrap();
        rest.split_once(end).unwrap().0
    }

    #[test]
    fn the_policy_names_the_digests_of_what_the_page_has() {
        let page = render(&page("x")).unwrap();
        let policy = between(&page, "http-equiv=\"Content-Security-Policy\" content=\"", "\"");
        assert!(policy.starts_with("default-src &#39;none&#39;"), "{policy}");
        for (start, end) in [("<style>", "</style>"), ("<script>", "</script>")] {
            let digest = STANDARD.encode(Sha256::digest(between(&page, start, end)));
            assert!(policy.contains(&format!("sha256-{digest}")), "{start}: {policy}");
        }
        assert!(
            !page.contains(" style=\"") && !page.contains("http://") && !page.contains("https://"),
            "{page}"
        );
    }

    #[test]
    fn no_text_is_markup() {
        let says = "</script><script>alert(1)</script>\" onclick=\"x\" '&";
        let page = render(&page(says)).unwrap();
        assert_eq!(page.matches("</script>").count(), 2, "the data and the script");
        assert!(!page.contains("onclick=\"x"), "{page}");
        let data = between(&page, "id=\"data\">", "</script>");
        let data: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!(data["resources"][0]["address"], says);
    }

    #[test]
    fn what_is_not_known_is_not_mentioned() {
        let plans = vec![Plan { origin: text("plan.json"), ..Plan::default() }];
        let page = render(&Page { plans, ..Page::default() }).unwrap();
        let body = between(&page, "<body>", "<script");
        for absent in ["cost", "Drift", "Waivers", "Findings</h2>", "Resources</h2>"] {
            assert!(!body.contains(absent), "{absent}: {body}");
        }
    }

    #[test]
    fn what_repeats_the_message_before_is_an_address() {
        let finding = |position: usize, message: &str| Finding {
            position,
            address: Some(text(&format!("a.r{position}"))),
            message: text(message),
            follows_address: true,
            value: Some(text("null")),
            ..Finding::default()
        };
        let findings =
            (0..8).map(|position| finding(position, if position < 7 { "is open" } else { "is closed" }));
        let rule = RuleFindings { findings: findings.collect(), ..RuleFindings::default() };
        let repeats: Vec<bool> = (0..8).map(|position| rule.repeats(position)).collect();
        // The first one behind the fold is there in full.
        assert_eq!(repeats, [false, true, true, true, true, false, true, false]);
        let group = FindingGroup { rules: vec![rule], ..FindingGroup::default() };
        let page = render(&Page { findings: vec![group], ..Page::default() }).unwrap();
        assert_eq!(page.matches("is open").count(), 2, "{page}");
        assert!((0..8).all(|position| page.contains(&format!("a.r{position}"))));
    }

    #[test]
    fn controls_are_there_without_the_script() {
        let says = "1.2 <b>";
        let resource =
            ControlResource { address: text("aws_x.<i>"), resource: Some(0), about: text("waived") };
        let rule = ControlRule { rule: text("rule"), resources: vec![resource], more: 3 };
        let control =
            Control { id: text(says), title: text(says), reason: Some(text(says)), rules: vec![rule] };
        let groups = vec![
            ControlGroup {
                status: "violated",
                title: text("1 violated"),
                is_open: true,
                controls: vec![control],
            },
            ControlGroup { status: "met", title: text("4 met"), ..ControlGroup::default() },
        ];
        let benchmark =
            Benchmark { name: text("cis"), title: text(says), numbers: text("1 violated, 4 met"), groups };
        let page = Page { benchmarks: vec![benchmark], ..page("x") };
        let body = render(&page).unwrap();
        let section = between(&body, "<section id=\"benchmarks\"", "</section>");
        for part in [
            "<details class=\"controls violated\" open>",
            "aws_x.&#60;i&#62;",
            "3 more",
            "(waived)",
            "href=\"#r0\"",
        ] {
            assert!(section.contains(part), "{part}: {section}");
        }
        assert!(section.contains("<details class=\"controls met\">"), "{section}");
    }

    #[test]
    fn a_column_of_costs_is_there_only_if_objects_are_priced() {
        let mut priced = page("x");
        assert!(!render(&priced).unwrap().contains("data-sort=\"cost\""));
        priced.has_costs = true;
        priced.resources[0].cost = Some(Cost {
            change: text("+$7.00"),
            sides: text("$1.00 → $8.00"),
            cents: 700,
            parts: vec![text("Disk")],
        });
        let body = render(&priced).unwrap();
        let rows = between(&body, "<tbody id=\"rows\">", "</tbody>");
        assert!(rows.contains("<b>+$7.00</b>") && rows.contains("$1.00 → $8.00"), "{rows}");
        let data = between(&body, "id=\"data\">", "</script>");
        let data: serde_json::Value = serde_json::from_str(data).unwrap();
        let part = data["resources"][0]["cost"]["parts"][0].as_u64().unwrap();
        assert_eq!(data["texts"][usize::try_from(part).unwrap()], "Disk");
    }

    #[test]
    fn an_index_has_the_worst_plan_first() {
        let plan = |origin: &str, verdict| Plan { origin: text(origin), verdict, ..Plan::default() };
        let plans = vec![
            plan("fine", Verdict::Pass),
            plan("unread", Verdict::Incomplete),
            Plan { denials: 1, ..plan("one", Verdict::Denied) },
            Plan { denials: 2, ..plan("two", Verdict::Denied) },
        ];
        let page = render(&Page { plans, ..Page::default() }).unwrap();
        let table = between(&page, "<table class=\"plans\">", "</table>");
        let places: Vec<_> = ["unread", "two", "one", "fine"].map(|name| table.find(name).unwrap()).into();
        assert!(places.is_sorted(), "{table}");
        assert!(!table.contains("href"), "there is nothing to lead to: {table}");
    }

    #[test]
    fn an_index_without_resources_leads_to_findings() {
        let finding =
            |position, plan: &str| Finding { position, plan: Some(text(plan)), ..Finding::default() };
        let findings = vec![finding(0, "one"), finding(1, "two"), finding(2, "two")];
        let page = Page {
            plans: ["one", "two", "fine"]
                .map(|origin| Plan { origin: text(origin), ..Plan::default() })
                .into(),
            findings: vec![FindingGroup {
                rules: vec![RuleFindings { findings, ..RuleFindings::default() }],
                ..FindingGroup::default()
            }],
            ..Page::default()
        };
        let page = render(&page).unwrap();
        let table = between(&page, "<table class=\"plans\">", "</table>");
        assert!(table.contains("<a href=\"#finding-0\">one</a>"), "{table}");
        assert!(table.contains("<a href=\"#finding-1\">two</a>"), "{table}");
        assert!(table.contains("<th scope=\"row\">fine</th>"), "{table}");
    }

    #[test]
    fn differences_of_a_stated_number_are_there_without_the_script() {
        let one = page("x").resources.remove(0);
        let many = Page { resources: vec![one.clone(); STATIC_DIFFERENCES + 20], ..Page::default() };
        let page = render(&many).unwrap();
        assert_eq!(page.matches("<details id=\"d").count(), STATIC_DIFFERENCES);
        assert!(page.contains("The 100 most notable of 120 resources"), "{page}");
        assert!(page.contains(&format!("href=\"#d{}\"", STATIC_DIFFERENCES - 1)));
        assert!(page.contains(&format!("href=\"#r{STATIC_DIFFERENCES}\"")));
        let more = Page { resources: vec![one; STATIC_ROWS + 20], ..Page::default() };
        let page = render(&more).unwrap();
        let rows = between(&page, "<tbody id=\"rows\">", "</tbody>");
        assert_eq!(rows.matches("<tr").count(), STATIC_ROWS);
        assert!(page.contains("20 more resources change"), "{page}");
    }
}
