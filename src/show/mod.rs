//! What a plan does, for people: its objects by module with the differences of their attributes, what was changed outside
//! of Terraform, outputs, and what else it does. Everything in it may be printed.

mod difference;
mod entry;
mod error;
mod folding;
mod object;
mod outside;
mod pairs;
mod place;
mod texts;
mod unknown;

use planguard_plan::input::Document;
use planguard_plan::redact::{Redactor, SafeText};
use planguard_plan::{Address, ChangeSummary, CheckStatus, ModuleStep, Plan, PlanError};

pub use entry::{Body, Empty, Entry, Form, Line, Marking, Members, Position, What};
pub use error::ShowError;
pub use folding::Group;
pub(crate) use folding::with_key_named;
pub use object::{Deed, Object};
pub(crate) use object::{block_of, deed, does_something, type_of};
pub use outside::{Drifted, Outside, PutBack};

use difference::Differ;

/// What a plan does.
#[derive(Clone, Debug, Default)]
pub struct PlanView {
    /// The origin of the plan.
    pub origin: SafeText,
    /// The version of Terraform or OpenTofu.
    pub terraform_version: Option<SafeText>,
    /// Whether planning failed, so that objects are missing.
    pub errored: bool,
    /// Whether the plan says that it does not cover all of the configuration.
    pub partial: bool,
    /// Whether it is a plan of `-refresh-only`: it takes what was found into the state, and changes no object.
    pub refresh_only: bool,
    /// The numbers of changes.
    pub summary: ChangeSummary,
    /// The modules with changes, in the order of their addresses; the root module is the first.
    pub modules: Vec<ModuleView>,
    /// What was changed outside of Terraform.
    pub outside: Outside,
    /// The outputs of the root module that change.
    pub outputs: Vec<Entry>,
    /// The changes that wait for a later plan.
    pub deferred: Vec<Deferred>,
    /// The actions of providers that the plan invokes.
    pub invocations: Vec<Invocation>,
    /// The checks that fail or cannot be evaluated.
    pub failed_checks: Vec<FailedCheck>,
}

/// The changes in a module.
#[derive(Clone, Debug)]
pub struct ModuleView {
    /// Its address; empty for the root module.
    pub address: SafeText,
    /// The outermost call with a key that the module is in.
    pub instance: Option<ModuleInstance>,
    /// The objects that change, in the order of their addresses. Those that change alike are one group.
    pub groups: Vec<Group>,
}

/// An instance of a module call with `count` or `for_each`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleInstance {
    /// The address of the call, without the key.
    pub call: SafeText,
    /// The key with its brackets.
    pub key: SafeText,
    /// The address of the module within the instance; empty for the instance itself.
    pub within: SafeText,
}

impl ModuleInstance {
    /// The instance that an object is in, if any.
    fn of(address: &Address) -> Option<Self> {
        let at = address.modules.iter().position(|step| step.key.is_some())?;
        let (calls, within) = address.modules.split_at_checked(at + 1)?;
        let mut calls = calls.to_vec();
        let key = calls.last_mut()?.key.take()?;
        let module = |modules: &[ModuleStep]| {
            SafeText::module(&Address { modules: modules.to_vec(), ..address.clone() })
        };
        Some(Self { call: module(&calls), key: SafeText::instance_key(&key), within: module(within) })
    }

    /// The key without brackets and quotes.
    pub fn bare_key(&self) -> &str {
        folding::without_brackets(&self.key)
    }
}

/// A change that waits for a later plan.
#[derive(Clone, Debug)]
pub struct Deferred {
    /// The object.
    pub address: SafeText,
    /// Why, as the clause behind `because`.
    pub reason: SafeText,
}

/// An action of a provider that the plan invokes.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Its address.
    pub address: SafeText,
    /// When: `after aws_instance.a is created`; `None` if it is invoked by itself.
    pub when: Option<SafeText>,
    /// Whether it waits for a later plan.
    pub deferred: bool,
}

/// A check that fails.
#[derive(Clone, Debug)]
pub struct FailedCheck {
    /// Its address.
    pub address: SafeText,
    /// Whether it could not be evaluated.
    pub errored: bool,
    /// The messages of its conditions.
    pub problems: Vec<SafeText>,
}

impl PlanView {
    /// Reads what a plan does.
    ///
    /// # Errors
    /// The document is not a plan, or its parts contradict each other.
    pub fn of(document: &Document) -> Result<Self, ShowError> {
        let origin = origin(document);
        let (plan, redactor) = read(document, &origin)?;
        Ok(Self::of_plan(&plan, &redactor, origin))
    }

    /// What a plan that was read does.
    pub(crate) fn of_plan(plan: &Plan<'_>, redactor: &Redactor, origin: SafeText) -> Self {
        Self {
            terraform_version: plan.terraform_version.as_deref().map(|version| redactor.text(version)),
            errored: plan.errored == Some(true),
            partial: plan.complete == Some(false),
            refresh_only: plan.resource_changes.is_empty()
                && plan.resource_drift.iter().any(|drift| !drift.change.actions.is_no_op()),
            summary: ChangeSummary::of(plan),
            modules: modules(plan, redactor),
            outside: Outside::of(plan, redactor),
            outputs: outputs(plan, redactor),
            deferred: deferred(plan, redactor),
            invocations: invocations(plan, redactor),
            failed_checks: failed_checks(plan, redactor),
            origin,
        }
    }

    /// Whether the plan changes anything, or says that it would.
    pub fn is_empty(&self) -> bool {
        self.modules.is_empty()
            && self.outputs.is_empty()
            && self.deferred.is_empty()
            && self.invocations.is_empty()
    }
}

/// Where a document comes from.
pub(crate) fn origin(document: &Document) -> SafeText {
    Redactor::default().text(&document.origin().to_string())
}

/// The plan in a document, and what hides its secrets.
///
/// # Errors
/// The document is not a plan, or its parts contradict each other.
pub(crate) fn read<'d>(document: &'d Document, origin: &SafeText) -> Result<(Plan<'d>, Redactor), ShowError> {
    let failed = |source| ShowError::Plan { plan: origin.unescaped().to_owned(), source };
    let plan = Plan::parse(document.text()).map_err(failed)?;
    let contradictions = plan.contradictions();
    if !contradictions.is_empty() {
        return Err(failed(PlanError::Contradictory(contradictions)));
    }
    let redactor = Redactor::for_plan(&plan).map_err(failed)?;
    Ok((plan, redactor))
}

fn modules(plan: &Plan<'_>, redactor: &Redactor) -> Vec<ModuleView> {
    let mut changes: Vec<_> =
        plan.resource_changes.iter().filter(|change| object::does_something(change)).collect();
    changes.sort_by(|left, right| (&left.address, &left.deposed).cmp(&(&right.address, &right.deposed)));
    let of_modules = changes.chunk_by(|left, right| left.address.modules == right.address.modules);
    of_modules
        .map(|changes| ModuleView {
            address: changes.first().map_or_else(SafeText::default, |first| SafeText::module(&first.address)),
            instance: changes.first().and_then(|first| ModuleInstance::of(&first.address)),
            groups: folding::groups(
                changes
                    .iter()
                    .enumerate()
                    .map(|(place, change)| Object::of(plan, change, place, redactor))
                    .collect(),
            ),
        })
        .collect()
}

fn outputs(plan: &Plan<'_>, redactor: &Redactor) -> Vec<Entry> {
    let differ = Differ { redactor, replace_paths: &[], is_computed: &|_| false, tells_marks: true };
    let root = plan.configuration.as_ref().and_then(|configuration| configuration.module(""));
    let is_sensitive =
        |name: &str| root.and_then(|(_, root)| root.output(name)).map(|output| output.sensitive);
    plan.output_changes
        .iter()
        .filter(|(_, output)| !output.actions.is_no_op())
        .map(|(name, output)| differ.output(redactor.key(name), output, is_sensitive(name)))
        .collect()
}

fn deferred(plan: &Plan<'_>, redactor: &Redactor) -> Vec<Deferred> {
    plan.deferred_changes
        .iter()
        .map(|deferred| Deferred {
            address: SafeText::address(&deferred.resource_change.address),
            reason: match deferred.reason.as_ref() {
                "instance_count_unknown" => {
                    SafeText::fixed("`count` or `for_each` is known only after apply")
                }
                "resource_config_unknown" => {
                    SafeText::fixed("its configuration depends on values known after apply")
                }
                "provider_config_unknown" => {
                    SafeText::fixed("the configuration of its provider depends on values known after apply")
                }
                "deferred_prereq" => SafeText::fixed("something that it depends on is deferred"),
                "absent_prereq" => SafeText::fixed("something that it depends on does not exist yet"),
                other => redactor.text(other),
            },
        })
        .collect()
}

fn invocations(plan: &Plan<'_>, redactor: &Redactor) -> Vec<Invocation> {
    plan.action_invocations
        .iter()
        .map(|action| {
            let moment = match action.event.as_deref() {
                Some("BeforeCreate") => Some(("before ", " is created")),
                Some("AfterCreate") => Some(("after ", " is created")),
                Some("BeforeUpdate") => Some(("before ", " is updated")),
                Some("AfterUpdate") => Some(("after ", " is updated")),
                Some("BeforeDestroy") => Some(("before ", " is destroyed")),
                Some("AfterDestroy") => Some(("after ", " is destroyed")),
                Some(_) => Some(("triggered by ", "")),
                None => None,
            };
            let resource = action.triggered_by.as_deref().map(|resource| redactor.text(resource));
            Invocation {
                address: redactor.text(&action.address),
                when: moment.zip(resource).map(|((front, rest), resource)| {
                    SafeText::concat([&SafeText::fixed(front), &resource, &SafeText::fixed(rest)])
                }),
                deferred: action.deferred,
            }
        })
        .collect()
}

fn failed_checks(plan: &Plan<'_>, redactor: &Redactor) -> Vec<FailedCheck> {
    let failing = |status: CheckStatus| match status {
        CheckStatus::Fail | CheckStatus::Error => true,
        CheckStatus::Pass | CheckStatus::Unknown => false,
    };
    plan.checks
        .iter()
        .filter(|check| failing(check.status))
        .map(|check| FailedCheck {
            address: redactor.text(&check.address),
            errored: check.status == CheckStatus::Error,
            problems: check.problems.iter().map(|problem| redactor.text(problem)).collect(),
        })
        .collect()
}
