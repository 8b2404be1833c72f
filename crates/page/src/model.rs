//! What a page shows, as plain data.

use std::borrow::Borrow;

use serde::Serialize;

use crate::text::Text;

/// The page of a check.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The verdict.
    pub verdict: Verdict,
    /// The verdict's numbers, on one line.
    pub numbers: Text,
    /// What else the reader must know of the run: the environment, approvals, risk scores.
    pub facts: Vec<Text>,
    /// What kept planguard from looking at everything.
    pub problems: Vec<Problem>,
    /// Settings that let through more than usual.
    pub weakenings: Vec<Text>,
    /// The plans.
    pub plans: Vec<Plan>,
    /// How many findings there are of each level that has some, the strictest first.
    pub levels: Vec<Level>,
    /// The findings: the worst group first.
    pub findings: Vec<FindingGroup>,
    /// The objects that change, those first which a reviewer must look at most.
    pub resources: Vec<Resource>,
    /// The objects that stay as they are.
    pub unchanged: Vec<Unchanged>,
    /// What notices say was not checked, although the verdict does not say so.
    pub unchecked: Vec<Text>,
    /// Whether objects are priced, so that the table has a column for it.
    pub has_costs: bool,
    /// What the plans say of the controls of benchmarks.
    pub benchmarks: Vec<Benchmark>,
    /// What was changed outside of Terraform.
    pub drift: Vec<Drift>,
    /// What else plans do: outputs, deferred changes, actions of providers, checks that fail.
    pub others: Vec<Section>,
    /// The waivers, and what became of each.
    pub waivers: Vec<Waiver>,
    /// Notices that do not affect the verdict.
    pub notices: Vec<Text>,
    /// The resource types that no guardrail knows.
    pub unknown_types: Vec<Text>,
    /// Blocks, for what depends on what.
    pub blocks: Vec<Block>,
    /// Pairs of positions of blocks: the first depends on the second.
    pub arrows: Vec<(usize, usize)>,
    /// How many arrows are left out, because there are too many.
    pub arrows_left_out: usize,
}

/// The verdict of a run or of a plan. Worse ones come later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Everything was looked at, and nothing denies.
    Pass,
    /// A finding denies.
    Denied,
    /// Not everything could be looked at.
    #[default]
    Incomplete,
}

impl Verdict {
    /// Its name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Denied => "DENIED",
            Self::Incomplete => "INCOMPLETE",
        }
    }

    /// The class that colours it.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Denied => "denied",
            Self::Incomplete => "incomplete",
        }
    }

    /// What it means, for whoever does not know planguard. `unchecked` is what was let through without a look.
    pub const fn meaning(self, unchecked: &[Text]) -> &'static str {
        match self {
            Self::Pass if !unchecked.is_empty() => {
                "Nothing that was checked denies the change, and not everything was checked:"
            }
            Self::Pass => "Everything was checked, and nothing denies the change.",
            Self::Denied => "The change must not be merged as it is.",
            Self::Incomplete => "Not everything could be checked, so nothing says that the change is safe.",
        }
    }
}

/// What kept planguard from looking at everything.
#[derive(Clone, Debug, Default)]
pub struct Problem {
    /// The stable code.
    pub code: Text,
    /// What happened, and where.
    pub message: Text,
    /// How to fix it.
    pub help: Option<Text>,
}

/// A plan.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Where it comes from.
    pub origin: Text,
    /// The program that made it.
    pub made_by: Option<Text>,
    /// Its own verdict.
    pub verdict: Verdict,
    /// `2 to add, 1 to change, 1 to destroy`, as Terraform says it.
    pub line: Text,
    /// How many objects have which action, the most notable first.
    pub actions: Vec<(Action, usize)>,
    /// How many findings deny.
    pub denials: usize,
    /// How many only warn.
    pub warnings: usize,
    /// How many objects were changed outside of Terraform.
    pub drift: usize,
    /// The risk score.
    pub risk: usize,
    /// What of the plan the page cannot show, or what it lacks.
    pub notes: Vec<Text>,
    /// The map of its modules.
    pub map: Option<Map>,
    /// What it costs, if that was asked for: before, after and the difference, on one line.
    pub cost: Option<Text>,
}

/// A picture of modules or blocks.
#[derive(Clone, Debug, Default)]
pub struct Map {
    /// The width in pixels.
    pub width: i64,
    /// The height in pixels.
    pub height: i64,
    /// What is inside of the `svg` element. It is markup: whoever makes it escapes its texts.
    pub drawing: String,
    /// What each box is, in the order of its elements in the drawing.
    pub boxes: Vec<MapBox>,
    /// What the picture cannot show.
    pub notes: Vec<Text>,
}

/// What a box of a map is.
#[derive(Clone, Debug, Default, Serialize)]
pub struct MapBox {
    /// What it stands for.
    pub kind: MapBoxKind,
    /// The address of the module or block, without keys, or the type.
    pub address: Text,
}

/// What a box of a map stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MapBoxKind {
    /// A block.
    #[default]
    Block,
    /// A module with all that is in it.
    Module,
    /// All blocks of a type.
    Type,
    /// What there is no room for.
    Rest,
}

/// How many findings of a level there are.
#[derive(Clone, Debug, Default)]
pub struct Level {
    /// The name, which filters know.
    pub name: &'static str,
    /// The number with its words: `2 deny`.
    pub words: Text,
}

/// Findings that a reader treats alike.
#[derive(Clone, Debug, Default)]
pub struct FindingGroup {
    /// `3 new findings`.
    pub title: Text,
    /// Whether they are shown without a click.
    pub is_open: bool,
    /// The findings by their rules, the worst first.
    pub rules: Vec<RuleFindings>,
}

/// The findings of a rule that have the same severity and effect.
#[derive(Clone, Debug, Default)]
pub struct RuleFindings {
    /// The rule.
    pub rule: Text,
    /// The title of the rule.
    pub title: Option<Text>,
    /// Their severity.
    pub severity: &'static str,
    /// What they do: `denies`, `warns`.
    pub effect: &'static str,
    /// The class of their effect, which filters know: `deny`, `warn` or `accepted`.
    pub level: &'static str,
    /// How to fix them, if that is the same for all.
    pub remedy: Option<Text>,
    /// The findings.
    pub findings: Vec<Finding>,
}

/// A finding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finding {
    /// Its position among all findings of the page.
    pub position: usize,
    /// What qualifies it: `pre-existing`.
    pub notes: Vec<Text>,
    /// The message; what follows the address, if it begins with that.
    pub message: Text,
    /// Whether the message goes on behind the address.
    pub follows_address: bool,
    /// Other rules that find the same.
    pub others: Option<Text>,
    /// The plan, if there are several.
    pub plan: Option<Text>,
    /// The address; `None` if it is about the whole plan.
    pub address: Option<Text>,
    /// The resource with this address, as a position among those that change and, behind them, those that stay.
    pub resource: Option<usize>,
    /// The attribute.
    pub attribute: Option<Text>,
    /// The value before the change.
    pub before: Option<Text>,
    /// The value that decided.
    pub value: Option<Text>,
    /// The place in the configuration: `main.tf:12`.
    pub place: Option<Text>,
    /// How to fix it, if other findings of the rule have other remedies.
    pub remedy: Option<Text>,
    /// The waiver that accepts it, or did until it expired.
    pub waiver: Option<Text>,
    /// Who approved it, or that it needs approval.
    pub approval: Option<Text>,
}

impl Finding {
    /// Whether another finding of the same rule says the same of another resource. Each has its own place.
    fn says_the_same(&self, other: &Self) -> bool {
        let said = |finding: &Self| Self {
            position: 0,
            address: None,
            resource: None,
            place: None,
            ..finding.clone()
        };
        let are_about_resources =
            [self, other].iter().all(|one| one.follows_address && one.address.is_some());
        are_about_resources && said(self) == said(other)
    }
}

impl RuleFindings {
    /// Whether a finding says of another resource what the one before it says, so that its address tells all. The first one of
    /// a list is there in full.
    pub fn repeats(&self, position: impl Borrow<usize>) -> bool {
        let position = *position.borrow();
        let before = position.checked_sub(1).and_then(|before| self.findings.get(before));
        let pair = before.zip(self.findings.get(position));
        position != crate::OPEN_FINDINGS
            && pair.is_some_and(|(before, finding)| finding.says_the_same(before))
    }
}

/// What is done with an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Something that this version does not know.
    Unknown,
    /// It is destroyed.
    Destroy,
    /// It is replaced.
    Replace,
    /// It is no longer managed.
    Forget,
    /// It is updated in-place.
    Update,
    /// It is created.
    Create,
    /// It is moved.
    Move,
    /// It is imported.
    Import,
    /// A data source is read at apply.
    Read,
    /// Nothing.
    #[default]
    Unchanged,
}

impl Action {
    /// All actions, the most notable first.
    pub const ALL: [Self; 10] = [
        Self::Unknown,
        Self::Destroy,
        Self::Replace,
        Self::Forget,
        Self::Update,
        Self::Create,
        Self::Move,
        Self::Import,
        Self::Read,
        Self::Unchanged,
    ];

    /// Its name, which filters and classes know.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Destroy => "destroy",
            Self::Replace => "replace",
            Self::Forget => "forget",
            Self::Update => "update",
            Self::Create => "create",
            Self::Move => "move",
            Self::Import => "import",
            Self::Read => "read",
            Self::Unchanged => "unchanged",
        }
    }

    /// Its glyph, so that colours alone tell nothing.
    pub const fn glyph(self) -> &'static str {
        match self {
            Self::Unknown => "?",
            Self::Destroy => "−",
            Self::Replace => "±",
            Self::Forget => "○",
            Self::Update => "~",
            Self::Create => "+",
            Self::Move => "→",
            Self::Import => "←",
            Self::Read => "≤",
            Self::Unchanged => "=",
        }
    }
}

/// An object that changes.
#[derive(Clone, Debug, Default)]
pub struct Resource {
    /// The position of its plan.
    pub plan: usize,
    /// The whole address.
    pub address: Text,
    /// The address of its module with keys; empty in the root module.
    pub module: Text,
    /// The address within its module.
    pub name: Text,
    /// The resource type.
    pub kind: Text,
    /// What is done.
    pub action: Action,
    /// The same as a clause, with the reason: `replaced: destroyed, then created, because …`.
    pub said: Text,
    /// Moves and imports.
    pub notes: Vec<Text>,
    /// The names of the attributes that differ, as far as there is room.
    pub names: Text,
    /// Whether an attribute forces the replacement.
    pub forced_by: Option<Text>,
    /// The differences of attributes.
    pub rows: Vec<Row>,
    /// Whether differences are left out, because the page would be too large.
    pub is_cut: bool,
    /// The positions of its findings.
    pub findings: Vec<usize>,
    /// Its findings in few words, the worst first.
    pub marks: Vec<FindingMark>,
    /// The positions of what was changed outside of Terraform.
    pub drift: Vec<usize>,
    /// The position of its block.
    pub block: Option<usize>,
    /// How many blocks that stay depend on it, if it goes away.
    pub dependents: usize,
    /// What it costs a month, if that is told.
    pub cost: Option<Cost>,
}

/// What an object costs a month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// What the plan changes of it: `+$12.00`; empty if nothing.
    pub change: Text,
    /// Before and after: `$10.00 → $22.00`; empty if the change tells both.
    pub sides: Text,
    /// The change in cents, for the order of a table.
    pub cents: i64,
    /// The parts that it is made of, a line each.
    pub parts: Vec<Text>,
}

/// The findings of one severity and effect at a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FindingMark {
    /// The severity.
    pub severity: &'static str,
    /// What they do: `deny`, `warn` or `accepted`.
    pub level: &'static str,
    /// How many there are.
    pub number: usize,
}

impl FindingMark {
    /// `2 high`, or `1 low (warn)` if they do not deny.
    pub fn words(&self) -> String {
        let Self { severity, level, number } = self;
        if *level == "deny" {
            format!("{number} {severity}")
        } else {
            format!("{number} {severity} ({level})")
        }
    }
}

/// An object that stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Unchanged {
    /// The position of its plan.
    pub plan: usize,
    /// The whole address.
    pub address: Text,
    /// The address of its module.
    pub module: Text,
    /// The resource type.
    pub kind: Text,
    /// The position of its block.
    pub block: Option<usize>,
    /// The positions of its findings.
    pub findings: Vec<usize>,
    /// Its findings in few words, the worst first.
    pub marks: Vec<FindingMark>,
    /// The positions of what was changed outside of Terraform.
    pub drift: Vec<usize>,
    /// What it costs a month, if that is told and not nothing.
    pub cost: Option<Cost>,
}

/// What a row of a difference is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// A name with values before and after.
    #[default]
    Value,
    /// The name of what the deeper rows behind it belong to.
    Group,
    /// A line of a text.
    Line,
    /// What is not listed.
    Note,
}

impl Form {
    /// The class of the row.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Group => "group",
            Self::Line => "line",
            Self::Note => "note",
        }
    }
}

/// What happens to what a row shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mark {
    /// It is added.
    Added,
    /// It is removed.
    Removed,
    /// It, or something in it, is changed.
    Changed,
    /// Nothing.
    #[default]
    Same,
}

impl Mark {
    /// Its glyph, Terraform's own.
    pub const fn glyph(self) -> &'static str {
        match self {
            Self::Added => "+",
            Self::Removed => "-",
            Self::Changed => "~",
            Self::Same => " ",
        }
    }

    /// The class of the row.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Same => "same",
        }
    }
}

/// A row of a difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// How deep it is: rows of a group are one deeper.
    pub depth: usize,
    /// What happens to it.
    pub mark: Mark,
    /// What it is.
    pub form: Form,
    /// The name of the attribute, or the text of a line or note.
    pub name: Text,
    /// The value before.
    pub before: Option<Text>,
    /// The value after.
    pub after: Option<Text>,
    /// Whether this forces the replacement.
    pub forces: bool,
}

impl Row {
    /// The deepest indentation that a stylesheet has a class for.
    const DEEPEST: usize = 8;

    /// The class of its indentation.
    pub fn indent(&self) -> usize {
        self.depth.min(Self::DEEPEST)
    }
}

/// What the plans say of the controls of a benchmark.
#[derive(Clone, Debug, Default)]
pub struct Benchmark {
    /// Its name, such as `cis-aws-5.0`.
    pub name: Text,
    /// What it is called.
    pub title: Text,
    /// `3 violated, 12 met`.
    pub numbers: Text,
    /// Its controls by what becomes of them, those that are violated first.
    pub groups: Vec<ControlGroup>,
}

/// Controls of which the same becomes.
#[derive(Clone, Debug, Default)]
pub struct ControlGroup {
    /// The class of what becomes of them.
    pub status: &'static str,
    /// `3 violated`.
    pub title: Text,
    /// Whether they are shown without a click.
    pub is_open: bool,
    /// The controls.
    pub controls: Vec<Control>,
}

/// A control.
#[derive(Clone, Debug, Default)]
pub struct Control {
    /// The id.
    pub id: Text,
    /// What it asks for.
    pub title: Text,
    /// Why it is not decided, or what its rules do not tell.
    pub reason: Option<Text>,
    /// What violates it, or may, rule by rule.
    pub rules: Vec<ControlRule>,
}

/// What a rule says against a control.
#[derive(Clone, Debug, Default)]
pub struct ControlRule {
    /// The rule.
    pub rule: Text,
    /// The resources.
    pub resources: Vec<ControlResource>,
    /// How many others there are.
    pub more: usize,
}

/// A resource that violates a control, or may.
#[derive(Clone, Debug, Default)]
pub struct ControlResource {
    /// Its address.
    pub address: Text,
    /// The resource with this address, as a position among those that change and, behind them, those that stay.
    pub resource: Option<usize>,
    /// What keeps its finding from denying, and the plan if there are several: `waived, in a/tfplan.json`.
    pub about: Text,
}

/// What was changed outside of Terraform.
#[derive(Clone, Debug, Default)]
pub struct Drift {
    /// The object.
    pub address: Text,
    /// The resource with this address, as a position among those that change and, behind them, those that stay.
    pub resource: Option<usize>,
    /// What happened.
    pub message: Text,
    /// What the plan does with it.
    pub fate: Text,
    /// The differences.
    pub rows: Vec<Row>,
    /// Whether differences are left out, because the page would be too large.
    pub is_cut: bool,
}

/// A section with lines or differences.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// The heading.
    pub title: Text,
    /// The plan, if there are several.
    pub plan: Option<Text>,
    /// What it lists.
    pub rows: Vec<Row>,
    /// How many rows more are left out, because the page would be too large.
    pub left_out: usize,
}

/// A waiver.
#[derive(Clone, Debug, Default)]
pub struct Waiver {
    /// The rules that it means.
    pub rule: Text,
    /// The resources that it means.
    pub address: Text,
    /// Why.
    pub reason: Text,
    /// Who, until when, and where that is recorded.
    pub about: Text,
    /// The place in the settings.
    pub place: Text,
    /// What became of it.
    pub became: Text,
    /// Whether somebody has to do something about it.
    pub is_stale: bool,
}

/// A block of a configuration.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// The position of its plan.
    pub plan: usize,
    /// Its address without keys.
    pub address: Text,
}
