//! Where the configuration defines what a finding is about, and what its attribute was before the change.

use std::sync::Arc;

use planguard_guardrails::{OF_OBJECT, PolicyDraft, UNKNOWN};
use planguard_plan::redact::SafeText;
use planguard_plan::{AttributePath, PathStep, ResourceChange, ResourceState, Side, Value, View};
use planguard_source::{Configuration, Draft, Marks, Precision, Sought, Spot, Tool, referred_block};

use super::PlanCheck;
use crate::finding::{SourceLine, SourcePlace, SourcePrecision};

/// The host of OpenTofu's registry, which names providers in its plans.
const OPENTOFU: &str = "registry.opentofu.org/";

/// The longest value that is shown; a longer one is of no help on a line.
const LONGEST: usize = 80;

/// What stands for a value that is sensitive, and for one that nobody knows yet, as Terraform writes it.
pub(super) const SENSITIVE: &str = "(sensitive value)";
pub(super) const KNOWN_LATER: &str = "(known after apply)";

/// An attribute on both sides of a change, as Terraform writes values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Values {
    /// Before the change; `None` if it is the same, or if nothing corresponds to it.
    pub(super) before: Option<SafeText>,
    /// After the change; `None` if it is not short enough.
    pub(super) after: Option<SafeText>,
}

impl PlanCheck<'_> {
    /// The configuration that the plan was made of, read for the first finding.
    fn sources_of_plan(&self) -> Option<&Arc<Configuration>> {
        self.configuration.get_or_init(|| self.rules.sources.of(self.plan, self.document_origin)).as_ref()
    }

    /// Where the configuration defines a resource, or an attribute of it.
    pub(super) fn place(
        &self,
        change: &ResourceChange<'_>,
        path: Option<&AttributePath>,
    ) -> Option<SourcePlace> {
        // What is deleted is no longer in the configuration, except where something takes its place.
        if !change.exists_after() || change.deposed.is_some() {
            return None;
        }
        let sought = sought(change, path);
        let place = self.sources_of_plan()?.locate(&sought)?;
        Some(SourcePlace {
            at: self.source_line(&place.at),
            column: place.at.start().column,
            end_column: place.at.end().column,
            precision: match place.precision {
                Precision::Attribute => SourcePrecision::Attribute,
                Precision::Block => SourcePrecision::Block,
            },
            block: self.source_line(&place.block),
            from: place.from.iter().map(|spot| self.source_line(spot)).collect(),
        })
    }

    fn source_line(&self, spot: &Spot) -> SourceLine {
        let line = spot.start().line;
        SourceLine {
            file: self.redactor.text(&spot.file.path().to_string_lossy()),
            line,
            text: self.redactor.text(spot.file.line(line)),
        }
    }

    /// An attribute on both sides of a change.
    pub(super) fn values(&self, change: &ResourceChange<'_>, path: &AttributePath) -> Values {
        let state = |side| ResourceState::new(self.plan, change, side);
        let (before, after) = (state(Side::Before), state(Side::After));
        let (Some(before), Some(after)) = (&before, &after) else { return Values::default() };
        let Some((before, after)) = counterparts(before.root(), after.root(), path) else {
            return Values::default();
        };
        let values = Values { before: self.shown(&before), after: self.shown(&after) };
        if before.raw() == after.raw() || values.before == values.after { Values::default() } else { values }
    }

    /// A value as Terraform writes it.
    fn shown(&self, view: &View<'_, '_>) -> Option<SafeText> {
        if view.is_sensitive() {
            return Some(SafeText::fixed(SENSITIVE));
        }
        match view.attribute() {
            planguard_plan::Attribute::Unknown => Some(SafeText::fixed(KNOWN_LATER)),
            planguard_plan::Attribute::Unset if view.is_known_only_after_apply() => {
                Some(SafeText::fixed(KNOWN_LATER))
            }
            planguard_plan::Attribute::Unset => Some(SafeText::fixed("(not set)")),
            planguard_plan::Attribute::Known(value) => self.written(value),
        }
    }

    /// A known value as Terraform writes it, if it is short.
    pub(super) fn written(&self, value: &Value<'_>) -> Option<SafeText> {
        let text = value.written();
        (text.chars().count() <= LONGEST).then(|| self.redactor.text(&text))
    }
}

/// What to look for in a configuration.
fn sought<'s>(change: &'s ResourceChange<'_>, path: Option<&'s AttributePath>) -> Sought<'s> {
    Sought {
        address: &change.address,
        attribute: path.filter(|path| !path.is_empty()),
        after: change.change.after.as_deref(),
        tool: change
            .provider_name
            .as_deref()
            .map(|provider| if provider.starts_with(OPENTOFU) { Tool::OpenTofu } else { Tool::Terraform }),
    }
}

/// The policy that the configuration gives an attribute.
pub(super) fn policy_draft(
    configuration: &Configuration,
    change: &ResourceChange<'_>,
    path: &AttributePath,
) -> Option<PolicyDraft> {
    let place = configuration.locate(&sought(change, Some(path)))?;
    let Draft { json, references } = place.draft(Marks { unknown: UNKNOWN, of_object: OF_OBJECT })?;
    Some(PolicyDraft { json, references, block: referred_block })
}

/// The place of a path on both sides. An element corresponds to another only if each is the only one: elements of a set
/// have no order, and one in a list may be inserted before others.
fn counterparts<'p, 's, 't>(
    before: View<'p, 's>,
    after: View<'p, 't>,
    path: &AttributePath,
) -> Option<(View<'p, 's>, View<'p, 't>)> {
    path.0.iter().try_fold((before, after), |(before, after), step| match step {
        PathStep::Key(name) => Some((before.key(name), after.key(name))),
        PathStep::Index(0) => {
            let is_only = |view: &View<'_, '_>| view.raw().is_some_and(|value| value.elements().len() == 1);
            (is_only(&before) && is_only(&after)).then(|| (before.index(0), after.index(0)))
        }
        PathStep::Index(_) => None,
    })
}
