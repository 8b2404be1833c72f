//! Reads what a resource allows and denies from the rules of security groups, firewalls and allow-lists.

use planguard_guardrail_format::change::{Direction, Empty, OpeningLayout, Ports, Sources, TrafficEffect};
use planguard_plan::{AttributePath, PathStep, ResourceState, Value, View};

use super::compare::{Sight, places, shown, sight};
use super::network::{Addresses, Traffic, ports};
use super::tables::EXPOSURE_CIDR;

/// A range of addresses with which some traffic is allowed, or denied.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Opening {
    /// From where; for what a resource may reach, to where.
    pub(super) from: Addresses,
    /// What.
    pub(super) traffic: Traffic,
    /// The attribute that names the range.
    pub(super) attribute: AttributePath,
    /// The place of its rule among the others; the lowest comes first.
    pub(super) order: Option<u64>,
    /// What limits the rule to some targets, one text for each attribute of the layout; empty for no limit.
    pub(super) targets: Vec<String>,
}

/// A source without a range of addresses, such as a service tag, with which some traffic is allowed, or denied.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tagged {
    /// Its name.
    pub(super) tag: String,
    /// What.
    pub(super) traffic: Traffic,
    /// As for an [`Opening`].
    pub(super) order: Option<u64>,
    /// As for an [`Opening`].
    pub(super) targets: Vec<String>,
}

/// A group, tag or list with which some traffic is allowed besides ranges.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Member {
    /// What.
    pub(super) traffic: Traffic,
    /// Its name as messages show it.
    pub(super) name: Option<String>,
}

/// What one side of a resource allows, or denies.
#[derive(Debug, Default)]
pub(super) struct Openings {
    /// What is known.
    pub(super) known: Vec<Opening>,
    /// Sources that are known and have no range.
    pub(super) tagged: Vec<Tagged>,
    /// Groups that are allowed.
    pub(super) members: Vec<Member>,
    /// Configured attributes that are known only after apply and may allow more.
    pub(super) unknown: Vec<AttributePath>,
}

/// Reads what a resource type allows or denies, by the layout of its attributes.
#[derive(Clone, Copy)]
pub(super) struct Reader(&'static OpeningLayout);

impl Reader {
    /// The reader of a type; `None` for a type that lets nothing in.
    pub(super) fn of(resource_type: &str) -> Option<Self> {
        Self::all(resource_type).find(|reader| reader.kind() == (Direction::In, TrafficEffect::Allow))
    }

    /// The readers of a type, one for each of its layouts.
    pub(super) fn all(resource_type: &str) -> impl Iterator<Item = Self> + use<> {
        EXPOSURE_CIDR.openings(resource_type).iter().map(Self)
    }

    /// Which way the traffic goes, and what the rules do with it.
    pub(super) fn kind(self) -> (Direction, TrafficEffect) {
        (self.0.direction, self.0.effect)
    }

    /// The attribute that names the object whose rules add up; `None` where a resource has all of its rules.
    pub(super) fn object(self) -> Option<&'static str> {
        self.0.object.as_deref()
    }

    /// The attributes that limit a rule to some targets, in the order of [`Opening::targets`].
    pub(super) fn targets(self) -> &'static [String] {
        &self.0.targets
    }

    /// What one side of a resource lets in.
    pub(super) fn read(self, state: &ResourceState<'_>) -> Openings {
        let root = state.root();
        let mut openings = Openings::default();
        for rule in self.rules_of(&root, &mut openings) {
            if !self.0.when.iter().all(|(name, word)| holds(&rule, name, word)) {
                continue;
            }
            let traffics = self.traffics(&rule, &mut openings);
            let order = self.0.order.as_deref().and_then(|name| number(&nearest(&rule, name)));
            let targets: Vec<String> =
                self.0.targets.iter().map(|name| limit(&nearest(&rule, name))).collect();
            let (ranges, tags) = self.sources_of(&rule, &root, &mut openings);
            for tag in tags {
                openings.tagged.extend(traffics.iter().map(|traffic| Tagged {
                    tag: tag.to_owned(),
                    traffic: traffic.clone(),
                    order,
                    targets: targets.clone(),
                }));
            }
            for (from, attribute) in ranges {
                openings.known.extend(traffics.iter().map(|traffic| Opening {
                    from,
                    traffic: traffic.clone(),
                    attribute: attribute.clone(),
                    order,
                    targets: targets.clone(),
                }));
            }
            for name in self.0.groups.iter().flat_map(|name| members(&nearest(&rule, name))) {
                let member = |traffic: &Traffic| Member { traffic: traffic.clone(), name: name.clone() };
                openings.members.extend(traffics.iter().map(member));
            }
        }
        openings
    }

    /// The first place of a side where ranges would be.
    pub(super) fn place(self, state: &ResourceState<'_>) -> AttributePath {
        let names: Vec<&String> = match &self.0.sources {
            Sources::InRule(paths) => {
                self.0.rules.iter().chain(paths.first().into_iter().flatten()).collect()
            }
            Sources::InResource(names) => names.iter().take(1).collect(),
            Sources::Between(first, _) => self.0.rules.iter().chain([first]).collect(),
        };
        let places = places(&state.root(), &names);
        places.first().map(|place| place.path().clone()).unwrap_or_default()
    }

    /// The attribute with the first address, of a resource that is a rule with the two ends of a range.
    pub(super) fn first_end(self, state: &ResourceState<'_>) -> Option<AttributePath> {
        match &self.0.sources {
            Sources::Between(..) => Some(self.place(state)),
            Sources::InRule(_) | Sources::InResource(_) => None,
        }
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

    /// The ranges of a rule with the attributes that name them, and its sources without a range.
    fn sources_of<'p>(
        self,
        rule: &View<'p, '_>,
        root: &View<'p, '_>,
        openings: &mut Openings,
    ) -> (Vec<(Addresses, AttributePath)>, Vec<&'p str>) {
        let named: Vec<View<'_, '_>> = match &self.0.sources {
            Sources::InRule(paths) => paths.iter().flat_map(|path| places(rule, path)).collect(),
            Sources::InResource(names) => names.iter().map(|name| root.key(name)).collect(),
            Sources::Between(first, last) => {
                let ends = (rule.key(first), rule.key(last));
                let unknown = [&ends.0, &ends.1].into_iter().filter(|end| sight(end) == Sight::Unknown);
                openings.unknown.extend(unknown.map(|end| end.path().clone()));
                let (Some(first), Some(last)) = (text(&ends.0), text(&ends.1)) else {
                    return (Vec::new(), Vec::new());
                };
                let range = Addresses::between(first, last);
                let ranges = range.into_iter().map(|range| (range, ends.1.path().clone())).collect();
                return (ranges, Vec::new());
            }
        };
        let texts: Vec<_> = named.iter().flat_map(|place| texts(place, &mut openings.unknown)).collect();
        let (mut ranges, mut tags) = (Vec::new(), Vec::new());
        for (text, path) in texts {
            let parsed = Addresses::parse(text);
            if parsed.is_empty() && !text.is_empty() {
                tags.push(text);
            }
            ranges.extend(parsed.into_iter().map(|range| (range, path.clone())));
        }
        (ranges, tags)
    }

    fn traffics(self, rule: &View<'_, '_>, openings: &mut Openings) -> Vec<Traffic> {
        let protocol = match self.0.protocol.as_ref().map(|name| rule.key(name)) {
            Some(place) => text(&place).unwrap_or("all").to_owned(),
            None => "all".to_owned(),
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

/// Whether a rule, or else what is around it, has a value. What is not set is the default: a boolean is off, and a word is
/// the one that counts.
fn holds(rule: &View<'_, '_>, name: &str, word: &str) -> bool {
    match sight(&nearest(rule, name)) {
        Sight::Known(Value::String(said)) => said.eq_ignore_ascii_case(word),
        Sight::Known(Value::Bool(said)) => word == if *said { "true" } else { "false" },
        Sight::Known(_) | Sight::Unknown | Sight::Computed | Sight::Unset => word != "true",
    }
}

/// The attribute of a rule, or else of the nearest block around it that has it.
fn nearest<'p, 's>(rule: &View<'p, 's>, name: &str) -> View<'p, 's> {
    let own = rule.key(name);
    if !matches!(sight(&own), Sight::Unset) {
        return own;
    }
    let mut around = rule.state().root();
    let mut found = around.key(name);
    for step in &rule.path().0 {
        around = match step {
            PathStep::Key(name) => around.key(name),
            PathStep::Index(position) => around.index(*position),
        };
        let inner = around.key(name);
        if !matches!(sight(&inner), Sight::Unset) {
            found = inner;
        }
    }
    found
}

/// A whole number, which some providers write as a text.
fn number(place: &View<'_, '_>) -> Option<u64> {
    match sight(place) {
        Sight::Known(Value::Number(number)) => number.as_u64(),
        Sight::Known(Value::String(text)) => text.parse().ok(),
        Sight::Known(_) | Sight::Unknown | Sight::Computed | Sight::Unset => None,
    }
}

/// What limits a rule to some targets, as a text that can be compared; empty for no limit.
fn limit(place: &View<'_, '_>) -> String {
    let words = |value: &Value<'_>| match value {
        Value::Array(elements) => {
            let mut words: Vec<&str> = elements.iter().filter_map(Value::as_str).collect();
            words.sort_unstable();
            words.join(" ")
        }
        value => value.as_str().unwrap_or_default().to_owned(),
    };
    match sight(place) {
        Sight::Known(value) => {
            Some(words(value)).filter(|text| text != "*" && text != "0.0.0.0/0").unwrap_or_default()
        }
        Sight::Unknown => format!("`{}`", place.path()),
        Sight::Computed | Sight::Unset => String::new(),
    }
}

/// The names of groups in an attribute, as messages show them; one without a name where it is known only after apply.
fn members(place: &View<'_, '_>) -> Vec<Option<String>> {
    if sight(place) == Sight::Unknown {
        return vec![None];
    }
    let elements = place.elements().unwrap_or_default();
    let named = elements.iter().filter(|element| match sight(element) {
        Sight::Known(value) => value.as_str().is_none_or(|text| !text.is_empty()),
        Sight::Unknown => true,
        Sight::Computed | Sight::Unset => false,
    });
    named.map(shown).collect()
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
