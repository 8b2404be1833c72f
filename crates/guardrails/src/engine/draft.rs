//! Documents that are known only after apply, as far as the files of the configuration say what will be in them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use planguard_guardrail_format::StatementTest;
use planguard_plan::{AttributePath, Object, ResourceChange, ResourceState, Side, Value, View};

use super::PlanIndex;
use crate::iam::{Document, OF_OBJECT, UNKNOWN, is_marked};
use crate::unreadable;

/// A document as the files of the configuration write it.
#[derive(Clone, Debug)]
pub struct PolicyDraft {
    /// JSON text, with [`crate::UNKNOWN`] and [`crate::OF_OBJECT`] for what the files do not say.
    pub json: String,
    /// The blocks, variables and local values that its expression refers to.
    pub references: BTreeSet<String>,
    /// Names what a reference of a plan refers to in the same way.
    pub block: fn(&str) -> Option<String>,
}

/// What the files say of a document.
#[derive(Debug)]
pub(super) struct Drafted {
    /// The document, if it is a policy.
    pub(super) policy: Option<Document>,
    /// Its text, with marks for what the files do not say.
    json: String,
}

impl Drafted {
    /// The document, and a mask that is true for what the files do not say.
    pub(super) fn document(&self) -> Option<(Value<'_>, Value<'static>)> {
        let document = unreadable::json(&self.json).ok()?;
        let mask = mask(&document);
        Some((document, mask))
    }
}

impl Drafted {
    /// The text, with a placeholder for what the files do not say.
    pub(super) fn text(&self) -> String {
        [UNKNOWN, OF_OBJECT].iter().fold(self.json.clone(), |text, mark| text.replace(mark, "<placeholder>"))
    }
}

fn mask(value: &Value<'_>) -> Value<'static> {
    match value {
        Value::String(text) => Value::Bool(is_marked(text)),
        Value::Array(elements) => Value::Array(elements.iter().map(mask).collect()),
        Value::Object(_) => {
            let members = value.members().iter();
            Value::Object(Object::new(
                members.map(|(name, member)| (Cow::Owned(name.to_string()), mask(member))).collect(),
            ))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Value::Bool(false),
    }
}

/// Looks for the policy that an attribute of a resource gets.
pub type Drafts<'p> =
    Box<dyn Fn(&ResourceChange<'_>, &AttributePath) -> Option<PolicyDraft> + Send + Sync + 'p>;

impl PlanIndex<'_> {
    /// What the files of the configuration say of a document that is known only after apply. Files that say something else
    /// than the plan are not those that it was made of.
    pub(super) fn draft(&self, place: &View<'_, '_>) -> Option<Arc<Option<Drafted>>> {
        let drafts = self.drafts()?;
        let state = place.state();
        if state.side != Side::After {
            return None;
        }
        let key = format!("{}.{}", state.change.address.configuration_address(), place.path());
        let read = || {
            let draft = drafts(state.change, place.path())?;
            let expected = references(state, place.path(), draft.block)?;
            let policy = Document::of_draft(&draft.json);
            (expected == draft.references).then_some(Drafted { policy, json: draft.json })
        };
        Some(self.drafted(key, read))
    }

    /// The same, with a test on each of its statements.
    pub(super) fn draft_with(
        &self,
        place: &View<'_, '_>,
        test: &StatementTest,
        matches: fn(&Document, &StatementTest) -> planguard_guardrail_format::Truth,
    ) -> planguard_guardrail_format::Truth {
        let document = self.draft(place);
        let document = document.as_deref().and_then(Option::as_ref).and_then(|found| found.policy.as_ref());
        document.map_or(planguard_guardrail_format::Truth::Unknown, |document| matches(document, test))
    }
}

/// What the expression of an attribute refers to, by the plan; `None` where several blocks have one.
fn references(
    state: &ResourceState<'_>,
    path: &AttributePath,
    block: fn(&str) -> Option<String>,
) -> Option<BTreeSet<String>> {
    let [expression] = state.expressions(path)[..] else { return None };
    // An expression of constants has no references.
    let references = expression.get("references").map(Value::elements).unwrap_or_default();
    Some(references.iter().filter_map(Value::as_str).filter_map(block).collect())
}
