//! How objects of each type are priced.

use crate::bill::{Bill, Service, State};
use crate::facts::Resource;
use crate::region::Cloud;
use crate::{aws, azure, free, google};

/// Adds the components of an object.
pub(crate) type Rule = fn(&Resource<'_, '_>, &mut Bill<'_>);

/// How objects of a type are priced.
pub(crate) enum Kind {
    /// By their attributes.
    Rule(Rule),
    /// All alike: nothing of an object tells more than its type.
    All(State, &'static str),
}

/// How objects of a type are priced.
pub(crate) fn kind(resource_type: &str) -> Kind {
    let rule = match Cloud::of(resource_type) {
        Some(Cloud::Aws) => aws::rule(resource_type),
        Some(Cloud::Azure) => azure::rule(resource_type),
        Some(Cloud::Google) => google::rule(resource_type),
        None => None,
    };
    if let Some(rule) = rule {
        return Kind::Rule(rule);
    }
    for (state, types, why) in [
        (State::UsageBased, free::USAGE_BASED, "costs what is used of it"),
        (State::NoPrice, free::WITHOUT_PRICE, "the price book has no prices of this type"),
        (State::Free, free::FREE, ""),
    ] {
        if types.iter().any(|pattern| matches(pattern, resource_type)) {
            return Kind::All(state, why);
        }
    }
    Kind::All(State::Unsupported, "planguard does not know what this type costs")
}

/// The service of a component of a type that is not priced by its attributes.
pub(crate) const OTHER: Service = Service::Other;

/// Whether a type is one of a list: the same, or with the same start before `*`.
fn matches(pattern: &str, resource_type: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => resource_type.starts_with(start),
        None => pattern == resource_type,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(resource_type: &str) -> Option<State> {
        match kind(resource_type) {
            Kind::Rule(_) => None,
            Kind::All(state, _) => Some(state),
        }
    }

    #[test]
    fn types_are_priced_free_or_said_to_be_neither() {
        assert_eq!(state("aws_instance"), None);
        assert_eq!(state("aws_s3_bucket"), Some(State::UsageBased));
        assert_eq!(state("aws_iam_role"), Some(State::Free));
        assert_eq!(state("aws_route53_zone"), Some(State::NoPrice));
        assert_eq!(state("azurerm_managed_disk"), Some(State::NoPrice));
        assert_eq!(state("null_resource"), Some(State::Free));
        assert_eq!(state("aws_something_new"), Some(State::Unsupported));
        assert_eq!(state("acme_widget"), Some(State::Unsupported));
        assert_eq!(state(""), Some(State::Unsupported));
    }

    /// No type is in two lists, and none that has a rule is in one.
    #[test]
    fn lists_do_not_overlap() {
        let lists = [free::USAGE_BASED, free::WITHOUT_PRICE, free::FREE];
        for (position, list) in lists.iter().enumerate() {
            for (at, pattern) in list.iter().enumerate() {
                let name = pattern.trim_end_matches('*');
                let is_exact = !pattern.ends_with('*');
                assert!(!is_exact || !matches!(kind(name), Kind::Rule(_)), "{pattern} has a rule");
                for other in lists.iter().skip(position + 1).copied().flatten() {
                    assert!(!matches(other, name), "{pattern} and {other}");
                }
                assert!(
                    !list[..at].iter().any(|earlier| matches(earlier, name)),
                    "{pattern} is listed twice"
                );
            }
        }
    }
}
