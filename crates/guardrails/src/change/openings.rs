//! Reads what a resource lets in from the rules of security groups, firewalls and allow-lists.

use planguard_guardrail_format::change::{Empty, OpeningLayout, Ports, Sources};
use planguard_plan::{AttributePath, ResourceState, Value, View};

use super::compare::{Sight, places, sight};
use super::network::{Addresses, Traffic, ports};
use super::tables::EXPOSURE_CIDR;

/// A range of addresses from which some traffic is allowed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Opening {
    /// From where.
    pub(super) from: Addresses,
    /// What.
    pub(super) traffic: Traffic,
    /// The attribute that names the range.
    pub(super) attribute: AttributePath,
}

/// What one side of a resource allows.
#[derive(Debug, Default)]
pub(super) struct Openings {
    /// What is known.
    pub(super) known: Vec<Opening>,
    /// Configured attributes that are known only after apply and may allow more.
    pub(super) unknown: Vec<AttributePath>,
}

/// Reads what a resource type lets in, by the layout of its attributes.
#[derive(Clone, Copy)]
pub(super) struct Reader(&'static OpeningLayout);

impl Reader {
    /// The reader of a type; `None` for a type that lets nothing in.
    pub(super) fn of(resource_type: &str) -> Option<Self> {
        EXPOSURE_CIDR.opening(resource_type).map(Self)
    }

    /// The attribute that names the object whose rules add up; `None` where a resource has all of its rules.
    pub(super) fn object(self) -> Option<&'static str> {
        self.0.object.as_deref()
    }

    /// What one side of a resource lets in.
    pub(super) fn read(self, state: &ResourceState<'_>) -> Openings {
        let root = state.root();
        let mut openings = Openings::default();
        for rule in self.rules_of(&root, &mut openings) {
            if !self.0.when.iter().all(|(name, word)| holds(&rule, &root, name, word)) {
                continue;
            }
            let traffics = self.traffics(&rule, &mut openings);
            for (from, attribute) in self.sources_of(&rule, &root, &mut openings) {
                openings.known.extend(traffics.iter().map(|traffic| Opening {
                    from,
                    traffic: traffic.clone(),
                    attribute: attribute.clone(),
                }));
            }
        }
        openings
    }

    /// Whether a side without any range lets everyone in.
    pub(super) fn is_open_when_empty(self, state: &ResourceState<'_>) -> bool {
        match &self.0.empty {
            Empty::Closed => false,
            Empty::Open => true,
            Empty::OpenWithout(block) => {
                state.root().key(block).elements().is_some_and(|blocks| blocks.is_empty())
            }
        }
    }

    fn rules_of<'p, 's>(self, root: &View<'p, 's>, openings: &mut Openings) -> Vec<View<'p, 's>> {
        if self.0.rules.is_empty() {
            return vec![root.clone()];
        }
        let mut rules = Vec::new();
        for list in places(root, &self.0.rules) {
            match list.elements() {
                Some(elements) => rules.extend(elements),
                None => openings.unknown.push(list.path().clone()),
            }
        }
        rules
    }

    fn sources_of(
        self,
        rule: &View<'_, '_>,
        root: &View<'_, '_>,
        openings: &mut Openings,
    ) -> Vec<(Addresses, AttributePath)> {
        let (place, names) = match &self.0.sources {
            Sources::InRule(names) => (rule, names),
            Sources::InResource(names) => (root, names),
            Sources::Between(first, last) => {
                let ends = (rule.key(first), rule.key(last));
                let unknown = [&ends.0, &ends.1].into_iter().filter(|end| sight(end) == Sight::Unknown);
                openings.unknown.extend(unknown.map(|end| end.path().clone()));
                let (Some(first), Some(last)) = (text(&ends.0), text(&ends.1)) else { return Vec::new() };
                let range = Addresses::between(first, last);
                return range.into_iter().map(|range| (range, ends.1.path().clone())).collect();
            }
        };
        let texts = names.iter().flat_map(|name| texts(&place.key(name), &mut openings.unknown));
        let texts: Vec<_> = texts.collect();
        texts
            .into_iter()
            .flat_map(|(text, path)| {
                Addresses::parse(text).into_iter().map(move |range| (range, path.clone()))
            })
            .collect()
    }

    fn traffics(self, rule: &View<'_, '_>, openings: &mut Openings) -> Vec<Traffic> {
        let protocol = match self.0.protocol.as_ref().map(|name| rule.key(name)) {
            Some(place) => text(&place).unwrap_or("-1").to_owned(),
            None => "-1".to_owned(),
        };
        match &self.0.ports {
            Ports::All => vec![Traffic::new(&protocol, None)],
            Ports::Between(first, last) => {
                let ends = (rule.key(first), rule.key(last));
                let unknown = [&ends.0, &ends.1].into_iter().filter(|end| sight(end) == Sight::Unknown);
                openings.unknown.extend(unknown.map(|end| end.path().clone()));
                let range = port(&ends.0).zip(port(&ends.1));
                vec![Traffic::new(&protocol, range)]
            }
            Ports::In(names) => {
                let texts: Vec<_> =
                    names.iter().flat_map(|name| texts(&rule.key(name), &mut openings.unknown)).collect();
                if texts.is_empty() {
                    return vec![Traffic::new(&protocol, None)];
                }
                texts.iter().map(|(text, _)| Traffic::new(&protocol, ports(text))).collect()
            }
        }
    }
}

/// Whether a rule, or else the resource, has a value. What is not set is the default, which allows.
fn holds(rule: &View<'_, '_>, root: &View<'_, '_>, name: &str, word: &str) -> bool {
    let said = match sight(&rule.key(name)) {
        Sight::Known(value) => Sight::Known(value),
        Sight::Unknown | Sight::Computed | Sight::Unset => sight(&root.key(name)),
    };
    match said {
        Sight::Known(Value::String(said)) => said.eq_ignore_ascii_case(word),
        Sight::Known(Value::Bool(said)) => word == if *said { "true" } else { "false" },
        Sight::Known(_) | Sight::Unknown | Sight::Computed | Sight::Unset => true,
    }
}

fn text<'p>(place: &View<'p, '_>) -> Option<&'p str> {
    match sight(place) {
        Sight::Known(value) => value.as_str(),
        Sight::Unknown | Sight::Computed | Sight::Unset => None,
    }
}

/// The texts of an attribute that is a text or a list of them, each with its path.
fn texts<'p>(place: &View<'p, '_>, unknown: &mut Vec<AttributePath>) -> Vec<(&'p str, AttributePath)> {
    let Some(elements) = place.elements() else {
        unknown.push(place.path().clone());
        return Vec::new();
    };
    unknown
        .extend(elements.iter().filter(|element| sight(element) == Sight::Unknown).map(|e| e.path().clone()));
    elements.iter().filter_map(|element| Some((text(element)?, element.path().clone()))).collect()
}

/// A port; `None` for what is none, such as -1 for all.
fn port(place: &View<'_, '_>) -> Option<u32> {
    match sight(place) {
        Sight::Known(Value::Number(number)) => number.as_u64().and_then(|n| u32::try_from(n).ok()),
        Sight::Known(Value::String(text)) => text.parse().ok(),
        Sight::Known(_) | Sight::Unknown | Sight::Computed | Sight::Unset => None,
    }
}
