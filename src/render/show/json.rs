//! The picture of a plan for programs; `docs/show.schema.json` describes it.

use std::collections::BTreeMap;

use planguard_plan::redact::SafeText;
use planguard_plan::{ChangeSummary, ReplaceOrder};
use serde::Serialize;

use crate::render::{Format, Layout, RenderError, json};
use crate::show::{
    self, Body, Deed, Drifted, Entry, Form, Line, Marking, Object, PlanView, Position, PutBack, What,
};

pub(super) const FORMAT: Format<PlanView> =
    Format { name: "json", former: None, help: "for programs", extension: "json", render };

/// The version of the document. A new minor version adds members; a new major one changes or removes some.
const VERSION: &str = "1.4";

fn render(view: &PlanView, _: Layout) -> Result<String, RenderError> {
    Ok(json::indented(&Document::of(view))?)
}

/// What a plan does.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Document<'v> {
    /// The version of this document: major and minor.
    version: &'static str,
    /// Where the plan comes from.
    origin: &'v str,
    /// The version of Terraform or OpenTofu.
    terraform_version: Option<&'v str>,
    /// Whether planning failed, so that objects are missing.
    errored: bool,
    /// Whether the plan says that it does not cover all of the configuration.
    partial: bool,
    /// Whether it is a plan of `-refresh-only`: it takes what was found into the state, and changes no object.
    refresh_only: bool,
    /// The numbers of changes, as Terraform counts them: a replacement is one to add and one to destroy.
    summary: Summary,
    /// Every object that the plan does something with, ordered by address.
    changes: Vec<Change<'v>>,
    /// The outputs that change.
    outputs: Vec<Difference<'v>>,
    /// What was changed outside of Terraform.
    drift: Vec<Drift<'v>>,
    /// What waits for a later plan.
    deferred: Vec<Deferred<'v>>,
    /// The actions of providers that are invoked.
    actions: Vec<Action<'v>>,
    /// The checks that fail.
    failed_checks: Vec<Check<'v>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Summary {
    add: usize,
    change: usize,
    destroy: usize,
    replace: usize,
    import: usize,
    moved: usize,
    forget: usize,
    unchanged: usize,
    read: usize,
}

/// An object and what is done with it.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Change<'v> {
    /// Its address.
    address: &'v str,
    /// The address of its module; empty for the root module.
    module: &'v str,
    /// The type of the resource or data source.
    r#type: &'v str,
    /// The key of a deposed object.
    #[serde(skip_serializing_if = "Option::is_none")]
    deposed: Option<&'v str>,
    /// What is done with it.
    action: ActionName<'v>,
    /// Why, as the clause behind `because`.
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<&'v str>,
    /// Its address before a move.
    #[serde(skip_serializing_if = "Option::is_none")]
    moved_from: Option<&'v str>,
    /// The identifier by which it is imported.
    #[serde(skip_serializing_if = "Option::is_none")]
    imported_by: Option<&'v str>,
    /// Whether the plan destroys the object that it imports.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    destroys_import: bool,
    /// The attributes that differ.
    differences: Vec<Difference<'v>>,
    /// How many attributes stay the same.
    unchanged: usize,
    /// How many attributes the provider computes at apply.
    computed: usize,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum ActionName<'v> {
    Create,
    Update,
    Destroy,
    DestroyThenCreate,
    CreateThenDestroy,
    Read,
    Forget,
    ForgetAndCreate,
    Open,
    Keep,
    /// A word of the plan that this version does not know.
    Unknown(&'v str),
}

/// A value that differs.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Difference<'v> {
    /// The name of the attribute, block or member; absent for an element of a list.
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'v str,
    /// What happens to it.
    what: WhatName,
    /// Whether this forces the object to be replaced.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    forces_replacement: bool,
    /// Where it stands, if it is an element of a list of several whose order means something.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<Place>,
    /// What kind of value it is.
    kind: Kind,
    /// What becomes of the mark of a sensitive value that changes, if it is sensitive on one side alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    mark: Option<MarkName>,
    /// The value before, as Terraform writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'v str>,
    /// The value after, or `(known after apply)`; beside `differences`, these tell what was there.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'v str>,
    /// The members, elements or blocks that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differences: Vec<Self>,
    /// How many of them do not.
    #[serde(skip_serializing_if = "Option::is_none")]
    unchanged: Option<usize>,
    /// Members of an element of a list that stay and tell which one it is, with their values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    about: BTreeMap<&'v str, &'v str>,
    /// How many elements of a list are the same and stand elsewhere, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    moved: Option<usize>,
    /// How many of them the provider computes at apply, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    computed: Option<usize>,
    /// The lines of a text, each behind `+`, `-` or a space; `…` stands for lines that are left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lines: Vec<String>,
}

/// Where an element of a list stands, counted from 0.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Place {
    /// Before the change, unless it is added.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<usize>,
    /// After it, unless it is removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<usize>,
    /// Whether it stands elsewhere among the elements that stay. One that is only pushed along does not.
    moved: bool,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
enum WhatName {
    Added,
    Removed,
    Changed,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum Kind {
    /// A value with `before` and `after`.
    Value,
    /// A sensitive value, which is not shown.
    Sensitive,
    /// A document that is written in another way and says the same.
    Rewritten,
    /// Nested blocks.
    Blocks,
    /// A map or object.
    Map,
    /// A list or set.
    List,
    /// A text that holds a document of JSON.
    Document,
    /// A text of several lines.
    Text,
    /// The same value, which is sensitive from now on.
    MarkedSensitive,
    /// The same value, which is no longer sensitive.
    NoLongerSensitive,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
enum MarkName {
    /// The new value is sensitive, and the old one was not.
    Added,
    /// The new value is not sensitive, and the old one was.
    Removed,
}

/// An object that was changed outside of Terraform.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Drift<'v> {
    /// Its address.
    address: &'v str,
    /// Whether it was deleted.
    deleted: bool,
    /// Whether the plan depends on an attribute that differs.
    relevant: bool,
    /// What of it the plan puts back.
    put_back: Restored,
    /// The attributes that it puts back, if not all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    put_back_attributes: Vec<&'v str>,
    /// The attributes that differ.
    differences: Vec<Difference<'v>>,
}

/// What of a change outside of Terraform the plan undoes.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
enum Restored {
    /// Nothing.
    Nothing,
    /// Some attributes.
    Attributes,
    /// All of it.
    Everything,
}

/// A change that waits for a later plan.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Deferred<'v> {
    /// The object.
    address: &'v str,
    /// Why, as the clause behind `because`.
    because: &'v str,
}

/// An action of a provider.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Action<'v> {
    /// Its address.
    address: &'v str,
    /// When it is invoked, if by a change.
    #[serde(skip_serializing_if = "Option::is_none")]
    when: Option<&'v str>,
    /// Whether it waits for a later plan.
    deferred: bool,
}

/// A check that fails.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Check<'v> {
    /// Its address.
    address: &'v str,
    /// Whether it could not be evaluated.
    errored: bool,
    /// The messages of its conditions.
    problems: Vec<&'v str>,
}

impl<'v> Document<'v> {
    fn of(view: &'v PlanView) -> Self {
        let ChangeSummary { add, change, destroy, replace, import, moved, forget, unchanged, read } =
            view.summary;
        let outside = &view.outside;
        let relevant = outside.relevant.iter().map(|drifted| (drifted, true));
        Self {
            version: VERSION,
            origin: view.origin.unescaped(),
            terraform_version: optional(view.terraform_version.as_ref()),
            errored: view.errored,
            partial: view.partial,
            refresh_only: view.refresh_only,
            summary: Summary { add, change, destroy, replace, import, moved, forget, unchanged, read },
            changes: view.modules.iter().flat_map(changes).collect(),
            outputs: view.outputs.iter().map(difference).collect(),
            drift: relevant
                .chain(outside.others.iter().map(|drifted| (drifted, false)))
                .map(|(drifted, relevant)| drift(drifted, relevant))
                .collect(),
            deferred: view
                .deferred
                .iter()
                .map(|deferred| Deferred {
                    address: deferred.address.unescaped(),
                    because: deferred.reason.unescaped(),
                })
                .collect(),
            actions: view
                .invocations
                .iter()
                .map(|action| Action {
                    address: action.address.unescaped(),
                    when: optional(action.when.as_ref()),
                    deferred: action.deferred,
                })
                .collect(),
            failed_checks: view
                .failed_checks
                .iter()
                .map(|check| Check {
                    address: check.address.unescaped(),
                    errored: check.errored,
                    problems: check.problems.iter().map(SafeText::unescaped).collect(),
                })
                .collect(),
        }
    }
}

fn optional(text: Option<&SafeText>) -> Option<&str> {
    text.map(SafeText::unescaped)
}

/// The objects of a module, those of groups one by one.
fn changes(module: &show::ModuleView) -> impl Iterator<Item = Change<'_>> {
    let mut all: Vec<&Object> = module.groups.iter().flat_map(show::Group::all).collect();
    // An instance that is not like those around it is a group of its own.
    all.sort_by_key(|object| object.place);
    all.into_iter().map(|object| change(&module.address, object))
}

fn change<'v>(module: &'v SafeText, object: &'v Object) -> Change<'v> {
    Change {
        address: object.address.unescaped(),
        module: module.unescaped(),
        r#type: object.resource_type.unescaped(),
        deposed: optional(object.deposed.as_ref()),
        action: match &object.deed {
            Deed::Create => ActionName::Create,
            Deed::Update => ActionName::Update,
            Deed::Destroy => ActionName::Destroy,
            Deed::Replace(ReplaceOrder::DestroyFirst) => ActionName::DestroyThenCreate,
            Deed::Replace(ReplaceOrder::CreateFirst) => ActionName::CreateThenDestroy,
            Deed::Read => ActionName::Read,
            Deed::Forget => ActionName::Forget,
            Deed::ForgetAndCreate => ActionName::ForgetAndCreate,
            Deed::Open => ActionName::Open,
            Deed::Keep => ActionName::Keep,
            Deed::Other(word) => ActionName::Unknown(word.unescaped()),
        },
        because: optional(object.reason.as_ref()),
        moved_from: optional(object.moved_from.as_ref()),
        imported_by: optional(object.imported_by.as_ref()),
        destroys_import: object.destroys_import(),
        differences: object.entries.iter().map(difference).collect(),
        unchanged: object.same,
        computed: object.computed,
    }
}

fn drift(drifted: &Drifted, relevant: bool) -> Drift<'_> {
    let (put_back, put_back_attributes) = match &drifted.put_back {
        PutBack::Nothing => (Restored::Nothing, Vec::new()),
        PutBack::Attributes(names) => (Restored::Attributes, names.iter().map(SafeText::unescaped).collect()),
        PutBack::Everything => (Restored::Everything, Vec::new()),
    };
    Drift {
        address: drifted.address.unescaped(),
        deleted: drifted.deleted,
        relevant,
        put_back,
        put_back_attributes,
        differences: drifted.entries.iter().map(difference).collect(),
    }
}

fn difference(entry: &Entry) -> Difference<'_> {
    let mut difference = Difference {
        name: entry.name.unescaped(),
        what: match entry.what {
            What::Added => WhatName::Added,
            What::Removed => WhatName::Removed,
            What::Changed => WhatName::Changed,
        },
        forces_replacement: entry.forces_replacement,
        position: entry.position.map(|Position { before, after, moved }| Place { before, after, moved }),
        kind: Kind::Value,
        mark: None,
        before: None,
        after: None,
        differences: Vec::new(),
        unchanged: None,
        about: BTreeMap::new(),
        moved: None,
        computed: None,
        lines: Vec::new(),
    };
    match &entry.body {
        Body::Value { before, after } => {
            difference.before = optional(before.as_ref());
            difference.after = optional(after.as_ref());
        }
        // Groups are written one by one, so that no value varies.
        Body::Sensitive | Body::Varies | Body::Marked(Marking::Kept) => difference.kind = Kind::Sensitive,
        Body::Marked(Marking::AddedToNew) => {
            difference.kind = Kind::Sensitive;
            difference.mark = Some(MarkName::Added);
        }
        Body::Marked(Marking::RemovedFromNew) => {
            difference.kind = Kind::Sensitive;
            difference.mark = Some(MarkName::Removed);
        }
        Body::Rewritten => difference.kind = Kind::Rewritten,
        Body::Marked(Marking::Added) => difference.kind = Kind::MarkedSensitive,
        Body::Marked(Marking::Removed) => difference.kind = Kind::NoLongerSensitive,
        Body::Members(members) => {
            difference.kind = match members.form {
                Form::Blocks => Kind::Blocks,
                Form::Map => Kind::Map,
                Form::List => Kind::List,
                Form::Document | Form::DocumentList => Kind::Document,
            };
            difference.differences = members.entries.iter().map(self::difference).collect();
            difference.unchanged = Some(members.same);
            difference.after = members.then_unknown.then_some("(known after apply)");
            let about = members.about.iter();
            difference.about = about.map(|(name, value)| (name.unescaped(), value.unescaped())).collect();
            difference.moved = Some(members.moved).filter(|number| *number > 0);
            difference.computed = Some(members.computed).filter(|number| *number > 0);
        }
        Body::Lines(lines) => {
            difference.kind = Kind::Text;
            difference.lines = lines
                .iter()
                .map(|line| match line {
                    Line::Same(text) => format!(" {}", text.unescaped()),
                    Line::Added(text) => format!("+{}", text.unescaped()),
                    Line::Removed(text) => format!("-{}", text.unescaped()),
                    Line::Gap => "…".to_owned(),
                })
                .collect();
        }
    }
    difference
}

#[cfg(test)]
mod tests {
    use planguard_plan::input::Document as Input;

    use super::*;
    use crate::render::json::published;
    use crate::render::layout::sample::PLAIN;

    #[test]
    fn the_schema_is_published() {
        let validator = published::schema::<Document<'_>>("show.schema.json");
        let plan = r#"{"format_version": "1.2", "planned_values": {}, "resource_changes": [{"address": "x_a.b[0]", "change": {
            "actions": ["delete", "create"], "before": {"a": "{}", "l": [1], "t": "a\nb"},
            "after": {"a": "{\"b\": 1}", "l": [2], "t": "a\nc"}, "after_unknown": {"id": true}, "replace_paths": [["a"]]}}]}"#;
        let view = PlanView::of(&Input::from_text("plan.json", plan).unwrap()).unwrap();
        let shown = published::validates(&validator, &render(&view, PLAIN).unwrap());
        let change = &shown["changes"][0];
        assert_eq!(change["action"], "destroy-then-create");
        assert_eq!(change["differences"][0]["kind"], "document");
        assert_eq!(change["differences"][0]["forces_replacement"], true);
        assert_eq!(change["differences"][3]["lines"], serde_json::json!([" a", "-b", "+c"]));
    }
}
