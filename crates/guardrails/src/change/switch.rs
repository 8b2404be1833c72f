//! Switches: attributes that make a resource weaker when they are turned, and the comparison that sees it.

use planguard_plan::{AttributePath, ResourceState, Value};

use super::compare::{Pair, Sight, places, sight};
use super::{Certainty, ChangeFinding};

/// An attribute whose setting decides whether a resource is protected.
#[derive(Clone, Copy, Debug)]
pub(super) struct Switch {
    /// The resource types that it is an attribute of.
    pub(super) of: Of,
    /// The way to it, through blocks.
    pub(super) path: &'static [&'static str],
    /// Which settings are weak.
    pub(super) weak: Weak,
    /// What it means where it is not set.
    pub(super) unset: Unset,
}

/// Which resource types a switch belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Of {
    /// All that have it: the name says enough.
    AnyType,
    /// These.
    Types(&'static [&'static str]),
}

/// Which settings are weak.
#[derive(Clone, Copy, Debug)]
pub(super) enum Weak {
    /// `true`.
    True,
    /// `false`.
    False,
    /// One of these words, in any case.
    Words(&'static [&'static str]),
    /// Every word but these, in any case.
    AllBut(&'static [&'static str]),
}

/// What it means where a switch is not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unset {
    /// As good as a weak setting.
    IsWeak,
    /// As good as a strong one.
    IsStrong,
    /// What the provider or the account decides.
    SaysNothing,
}

impl Switch {
    /// A switch on all types that have an attribute of this name.
    pub(super) const fn any(path: &'static [&'static str], weak: Weak, unset: Unset) -> Self {
        Self { of: Of::AnyType, path, weak, unset }
    }

    /// A switch on some types.
    pub(super) const fn on(
        types: &'static [&'static str],
        path: &'static [&'static str],
        weak: Weak,
        unset: Unset,
    ) -> Self {
        Self { of: Of::Types(types), path, weak, unset }
    }

    fn belongs_to(&self, resource_type: &str) -> bool {
        match self.of {
            Of::AnyType => true,
            Of::Types(types) => types.contains(&resource_type),
        }
    }

    /// How a change turns the switch to its weak side, if it does.
    ///
    /// Blocks that stand several times are judged together, since their order means nothing: the switch
    /// turns if none was weak before and some will be.
    pub(super) fn turns_off(&self, pair: &Pair<'_>) -> Option<Turn> {
        if !self.belongs_to(&pair.resource.address.resource_type) {
            return None;
        }
        let before = self.settings(&pair.before);
        if before.is_empty() || before.iter().any(|(_, setting)| *setting != Setting::Strong) {
            return None;
        }
        let after = self.settings(&pair.after);
        let find = |wanted: &[Setting]| after.iter().find(|(_, setting)| wanted.contains(setting));
        let (attribute, setting) =
            find(&[Setting::Weak, Setting::Removed]).or_else(|| find(&[Setting::Unknown]))?;
        let to = match (setting, self.weak) {
            (Setting::Unknown, _) => To::Unknown,
            (Setting::Removed, _) => To::Nothing,
            (_, Weak::True) => To::True,
            (_, Weak::False) => To::False,
            (_, Weak::Words(_) | Weak::AllBut(_)) => To::Word,
        };
        Some(Turn { attribute: attribute.clone(), to })
    }

    fn settings(&self, state: &ResourceState<'_>) -> Vec<(AttributePath, Setting)> {
        let places = places(&state.root(), self.path);
        places.iter().map(|place| (place.path().clone(), self.setting(sight(place)))).collect()
    }

    fn setting(&self, sight: Sight<'_>) -> Setting {
        match sight {
            Sight::Known(value) => match self.is_weak(value) {
                Some(true) => Setting::Weak,
                Some(false) => Setting::Strong,
                None => Setting::Undecided,
            },
            Sight::Unknown => Setting::Unknown,
            Sight::Computed => Setting::Undecided,
            Sight::Unset => match self.unset {
                Unset::IsWeak => Setting::Removed,
                Unset::IsStrong => Setting::Strong,
                Unset::SaysNothing => Setting::Undecided,
            },
        }
    }

    /// Whether a value is weak; `None` for one that is neither.
    fn is_weak(&self, value: &Value<'_>) -> Option<bool> {
        let among = |words: &[&str]| {
            let text = value.as_str()?;
            Some(words.iter().any(|word| word.eq_ignore_ascii_case(text)))
        };
        match self.weak {
            Weak::True => flag(value),
            Weak::False => flag(value).map(|set| !set),
            Weak::Words(words) => among(words),
            Weak::AllBut(words) => among(words).map(|strong| !strong),
        }
    }
}

/// A boolean, which some providers write as a word.
fn flag(value: &Value<'_>) -> Option<bool> {
    match value {
        Value::Bool(set) => Some(*set),
        Value::String(word) if word.eq_ignore_ascii_case("true") => Some(true),
        Value::String(word) if word.eq_ignore_ascii_case("false") => Some(false),
        Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Setting {
    Strong,
    Weak,
    /// Not set, which is as good as weak.
    Removed,
    /// Configured, and known only after apply.
    Unknown,
    /// Nothing that can be compared.
    Undecided,
}

/// A switch that a change turns to its weak side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    /// The attribute, as it stands after the change.
    pub(super) attribute: AttributePath,
    to: To,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum To {
    True,
    False,
    Word,
    Nothing,
    Unknown,
}

impl Turn {
    /// Whether the plan knows the new setting.
    pub(super) fn certainty(&self) -> Certainty {
        match self.to {
            To::True | To::False | To::Word | To::Nothing => Certainty::Certain,
            To::Unknown => Certainty::DependsOnUnknown,
        }
    }

    /// What happens to the attribute, as the second half of a sentence.
    pub(super) fn describe(&self) -> String {
        let attribute = &self.attribute;
        match self.to {
            To::True => format!("`{attribute}` goes from false to true"),
            To::False => format!("`{attribute}` goes from true to false"),
            To::Word => format!("`{attribute}` gets a weaker setting"),
            To::Nothing => format!("`{attribute}` is no longer set"),
            To::Unknown => format!("the new `{attribute}` is known only after apply"),
        }
    }
}

/// What the first part of a sentence says of a resource whose switch is turned.
pub(super) struct Wording {
    /// Where the plan knows the new setting, for example `loses its deletion protection`.
    pub(super) certain: &'static str,
    /// Where it does not, for example `may lose its deletion protection`.
    pub(super) unknown: &'static str,
}

/// The findings for all switches that a change turns to their weak side.
pub(super) fn findings<'s>(
    pair: &'s Pair<'_>,
    switches: &'s [Switch],
    wording: &'s Wording,
) -> impl Iterator<Item = ChangeFinding> + 's {
    switches.iter().filter_map(|switch| switch.turns_off(pair)).map(move |turn| {
        let certainty = turn.certainty();
        let what = match certainty {
            Certainty::Certain => wording.certain,
            Certainty::DependsOnUnknown => wording.unknown,
        };
        let message = format!("{} {what}: {}", pair.resource.address, turn.describe());
        ChangeFinding::on(pair.resource, message).at(turn.attribute).with(certainty)
    })
}

#[cfg(test)]
impl Switch {
    /// Fails unless the provider schemas have the attribute on every type of the switch.
    pub(super) fn assert_in_schemas(&self, schemas: &super::testing::Schemas, retired: &[&str]) {
        match self.of {
            Of::AnyType => assert!(schemas.some_type_has(self.path), "no type has {:?}", self.path),
            Of::Types(types) => {
                for resource_type in types.iter().filter(|t| !retired.contains(t)) {
                    assert!(
                        schemas.knows_attribute(resource_type, self.path),
                        "{resource_type} has no {:?}",
                        self.path
                    );
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use planguard_plan::Plan;

    use super::super::compare::pairs;
    use super::super::testing::update;
    use super::*;

    const LOCK: Switch = Switch::any(&["guard", "lock"], Weak::False, Unset::IsWeak);

    fn turn(switch: &Switch, before: &str, after: &str, unknown: &str) -> Option<To> {
        let text = format!(
            r#"{{"format_version": "1.2", "resource_changes": [{}]}}"#,
            update("aws_x.a", before, after, unknown)
        );
        let plan = Plan::parse(&text).unwrap();
        let pair = pairs(&plan).next().unwrap();
        switch.turns_off(&pair).map(|turn| turn.to)
    }

    #[test]
    fn a_switch_turns_off_by_value_by_absence_and_perhaps_by_what_is_unknown() {
        let on = r#"{"guard": [{"lock": true}]}"#;
        assert_eq!(turn(&LOCK, on, r#"{"guard": [{"lock": false}]}"#, "{}"), Some(To::False));
        assert_eq!(turn(&LOCK, on, r#"{"guard": [{"lock": null}]}"#, "{}"), Some(To::Nothing));
        assert_eq!(turn(&LOCK, on, r#"{"guard": []}"#, "{}"), Some(To::Nothing));
        assert_eq!(
            turn(&LOCK, on, r#"{"guard": [{}]}"#, r#"{"guard": [{"lock": true}]}"#),
            Some(To::Unknown)
        );
        assert_eq!(turn(&LOCK, on, on, "{}"), None);
    }

    #[test]
    fn what_was_weak_or_unset_before_does_not_turn_off() {
        let off = r#"{"guard": [{"lock": false}]}"#;
        assert_eq!(turn(&LOCK, off, off, "{}"), None);
        assert_eq!(turn(&LOCK, r#"{"guard": []}"#, off, "{}"), None);
        assert_eq!(turn(&LOCK, "{}", off, "{}"), None);
    }

    #[test]
    fn absence_can_be_the_strong_setting() {
        let open = Switch::any(&["public"], Weak::True, Unset::IsStrong);
        assert_eq!(turn(&open, "{}", r#"{"public": true}"#, "{}"), Some(To::True));
        assert_eq!(turn(&open, r#"{"public": null}"#, r#"{"public": false}"#, "{}"), None);
    }

    #[test]
    fn words_are_compared_in_any_case() {
        let deny = Switch::any(&["default"], Weak::AllBut(&["Deny"]), Unset::SaysNothing);
        assert_eq!(turn(&deny, r#"{"default": "deny"}"#, r#"{"default": "Allow"}"#, "{}"), Some(To::Word));
        assert_eq!(turn(&deny, r#"{"default": "Deny"}"#, r#"{"default": "DENY"}"#, "{}"), None);
        assert_eq!(turn(&deny, r#"{"default": "Deny"}"#, r#"{"default": null}"#, "{}"), None);
    }

    #[test]
    fn the_order_of_blocks_means_nothing() {
        let one = r#"{"guard": [{"lock": true}, {"lock": false}]}"#;
        let other = r#"{"guard": [{"lock": false}, {"lock": true}]}"#;
        assert_eq!(turn(&LOCK, one, other, "{}"), None);
    }
}
