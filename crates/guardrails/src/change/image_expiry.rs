//! Rules of a registry that delete container images sooner than before.

use planguard_plan::ResourceState;
use serde_json::Value as Json;

use super::ChangeFinding;
use super::compare::{Pair, Sight, sight};

/// How many images, or days, are so few that what runs may not be pulled again.
const FEW: u64 = 5;

/// The finding for a policy that leaves few of the images that it kept.
pub(super) fn sooner(pair: &Pair<'_>) -> Option<ChangeFinding> {
    if pair.resource.address.resource_type != "aws_ecr_lifecycle_policy" {
        return None;
    }
    let (before, after) = (rules(&pair.before)?, rules(&pair.after)?);
    let new = after.iter().find(|new| {
        let same = before.iter().filter(|old| old.is_about(new));
        let kept = same.map(|old| old.number).min();
        new.is_tagged && new.number <= FEW && kept.is_none_or(|kept| new.number < kept)
    })?;
    let (unit, old) = (new.unit(), before.iter().find(|old| old.is_about(new)));
    let from = old.map_or_else(String::new, |old| format!(" instead of {}", old.number));
    let message = format!(
        "{}: retention is reduced: images with tags are deleted, but for the last {}{from}{unit}",
        pair.resource.address, new.number
    );
    Some(ChangeFinding::on(pair.resource, message))
}

/// A rule that deletes images.
struct Rule {
    /// Whether it deletes images that have a tag, which may be in use.
    is_tagged: bool,
    /// What it is about, as a text that can be compared.
    selection: String,
    count_type: String,
    number: u64,
}

impl Rule {
    fn is_about(&self, other: &Self) -> bool {
        self.selection == other.selection && self.count_type == other.count_type
    }

    fn unit(&self) -> &'static str {
        match self.count_type.as_str() {
            "imageCountMoreThan" => " images",
            _ => " days",
        }
    }
}

/// The rules of one side; `None` where the plan does not say them.
fn rules(state: &ResourceState<'_>) -> Option<Vec<Rule>> {
    let Sight::Known(text) = sight(&state.root().key("policy")) else { return None };
    let policy: Json = serde_json::from_str(text.as_str()?).ok()?;
    let rules = policy.get("rules")?.as_array()?.iter().filter_map(|rule| {
        let selection = rule.get("selection")?;
        let text = |name: &str| selection.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        let tags = ["tagPrefixList", "tagPatternList"].map(|name| selection.get(name).map(Json::to_string));
        let status = text("tagStatus");
        Some(Rule {
            is_tagged: status != "untagged",
            selection: format!("{status} {tags:?}"),
            count_type: text("countType"),
            number: selection.get("countNumber")?.as_u64()?,
        })
    });
    Some(rules.collect())
}

#[cfg(test)]
mod tests {
    use super::super::retention_lowered::GUARD;
    use super::super::testing::find_in_update;

    fn found(before: &str, after: &str) -> Vec<String> {
        let policy = |selection: &str| {
            let text = format!(r#"{{"rules": [{{"rulePriority": 1, "selection": {{{selection}}}}}]}}"#);
            serde_json::json!({"repository": "r", "policy": text}).to_string()
        };
        let found =
            find_in_update(&GUARD, "aws_ecr_lifecycle_policy.a", &policy(before), &policy(after), "{}");
        found.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn images_that_may_be_in_use_are_missed() {
        let any = |number: u32| {
            format!(r#""tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": {number}"#)
        };
        let untagged = |number: u32| {
            format!(r#""tagStatus": "untagged", "countType": "sinceImagePushed", "countNumber": {number}"#)
        };
        assert_eq!(
            found(&any(30), &any(2)),
            [
                "aws_ecr_lifecycle_policy.a: retention is reduced: images with tags are deleted, but for the last 2 instead of 30 \
              images"
            ]
        );
        assert_eq!(found(&untagged(30), &any(1)).len(), 1);
        for (before, after) in
            [(any(30), any(50)), (any(30), any(20)), (any(1), any(2)), (untagged(30), untagged(1))]
        {
            assert!(found(&before, &after).is_empty(), "{before} {after}");
        }
    }
}
