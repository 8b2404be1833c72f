//! What a provider refuses for new objects unless somebody says otherwise: an unknown value is then unlikely to be wrong.

use planguard_plan::{Attribute, ResourceState, Side, Value, View};

use super::Evaluator;
use super::companion::is_same_instance;

/// The types that say whether a bucket of S3 may have a policy for everyone.
const PUBLIC_ACCESS_BLOCKS: [&str; 2] =
    ["aws_s3_account_public_access_block", "aws_s3_bucket_public_access_block"];

impl Evaluator<'_, '_> {
    /// Whether AWS refuses a policy for everyone: it is that of a bucket which the plan creates, and the plan does not
    /// allow such policies anywhere. New buckets block them since April 2023.
    pub(super) fn refuses_everyone(&self, view: &View<'_, '_>) -> bool {
        let state = view.state();
        let is_new = match state.change.address.resource_type.as_str() {
            "aws_s3_bucket" => state.change.change.actions.creates(),
            "aws_s3_bucket_policy" => self.is_of_new_bucket(state),
            _ => false,
        };
        state.side == Side::After && is_new && !self.allows_policies_for_everyone()
    }

    /// Whether all that a bucket policy says it belongs to are buckets that the plan creates.
    fn is_of_new_bucket(&self, state: &ResourceState<'_>) -> bool {
        let Some(found) = state.references(state.root().key("bucket").path()) else { return false };
        let mut buckets = found.resources.iter().flat_map(|reference| {
            let instances = self.index.of_block(&reference.address).iter().copied();
            instances.filter(|bucket| {
                is_same_instance(&bucket.address, &state.change.address, reference.key.as_deref())
            })
        });
        let is_new = |bucket: &planguard_plan::ResourceChange<'_>| {
            bucket.address.resource_type == "aws_s3_bucket" && bucket.change.actions.creates()
        };
        let first = buckets.next();
        found.unresolved.is_empty() && first.is_some_and(is_new) && buckets.all(is_new)
    }

    /// Whether the plan may turn the block off for a bucket.
    fn allows_policies_for_everyone(&self) -> bool {
        let plan = self.index.plan();
        let blocks = PUBLIC_ACCESS_BLOCKS.iter().flat_map(|name| self.index.of_type(name));
        let mut states = blocks.filter_map(|block| ResourceState::new(plan, block, Side::After));
        states.any(|block| {
            let root = block.root();
            root.key("block_public_policy").attribute() != Attribute::Known(&Value::Bool(true))
        })
    }
}
