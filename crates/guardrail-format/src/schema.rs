//! Checks guardrails against the provider schemas: every attribute must exist, and its type must fit the test.

use planguard_schemas::{Block, Kind, Schema};

use super::{
    AttributeTest, Companion, CompanionDirection, Guardrail, Literal, PathPattern, PatternStep, PortSource,
    Predicate,
};

/// How a guardrail contradicts the schemas.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// No provider with a schema has such types.
    #[error("no schema has the resource type `{resource_type}`")]
    UnknownProvider {
        /// The type as written; a data source starts with `data.`.
        resource_type: String,
    },
    /// The provider has a schema, and does not have the type.
    #[error("no schema has the resource type `{resource_type}`")]
    UnknownType {
        /// The type as written; a data source starts with `data.`.
        resource_type: String,
    },
    /// The type does not have the attribute.
    #[error("no schema has `{place}`")]
    UnknownAttribute {
        /// The attribute with its type and the attributes that contain it; only the path as written if it is missing
        /// in several types.
        place: String,
        /// The last name of the place.
        name: String,
        /// The attributes that are there.
        candidates: Vec<String>,
    },
    /// The attribute is in a list, and the path does not say which element.
    #[error("`{place}` is in a list: use `some`, `each` or a selector")]
    InList {
        /// The attribute with its type.
        place: String,
    },
    /// The test makes no sense for the type of the attribute.
    #[error("`{place}` is of type {kind}, which the test does not fit")]
    Misfit {
        /// The attribute with its resource type.
        place: String,
        /// The attribute's type.
        kind: String,
    },
}

impl Contradiction {
    /// The name that is wrong, as it is in the file.
    pub fn name(&self) -> &str {
        match self {
            Self::UnknownProvider { resource_type } | Self::UnknownType { resource_type } => resource_type,
            Self::UnknownAttribute { name, .. } => name,
            Self::InList { place } | Self::Misfit { place, .. } => {
                place.rsplit('.').next().unwrap_or_default()
            }
        }
    }

    /// The names among which the one that was meant can be.
    pub fn candidates(&self) -> Vec<String> {
        match self {
            Self::UnknownType { resource_type } => match resource_type.strip_prefix("data.") {
                Some(name) => {
                    planguard_schemas::data_sources_beside(name).map(|name| format!("data.{name}")).collect()
                }
                None => planguard_schemas::resource_types_beside(resource_type).collect(),
            },
            Self::UnknownAttribute { candidates, .. } => candidates.clone(),
            Self::UnknownProvider { .. } | Self::InList { .. } | Self::Misfit { .. } => Vec::new(),
        }
    }
}

/// Why a type is not one that an author can mean: its provider has a schema, and does not have the type.
pub fn unknown_type(resource_type: &str) -> Option<Contradiction> {
    known_type(resource_type).err().filter(|found| matches!(found, Contradiction::UnknownType { .. }))
}

/// How a guardrail contradicts the schemas. Its attributes are checked only if all of its types have schemas.
pub fn contradictions(guardrail: &Guardrail) -> Vec<Contradiction> {
    let mut check = Check { problems: Vec::new(), names: Names::EachSomewhere };
    let roots: Vec<Place> = guardrail.resources.iter().filter_map(|name| check.known_type(name)).collect();
    if roots.len() == guardrail.resources.len() {
        for predicate in guardrail.predicates() {
            check.predicate(predicate, &Scope { places: roots.clone() });
        }
    }
    check.problems
}

/// How a predicate on a resource type contradicts the schemas.
pub fn predicate_contradictions(resource_type: &str, predicate: &Predicate) -> Vec<Contradiction> {
    let mut check = Check { problems: Vec::new(), names: Names::EachSomewhere };
    if let Some(place) = check.known_type(resource_type) {
        check.predicate(predicate, &Scope { places: vec![place] });
    }
    check.problems
}

/// How a predicate on resources of several types contradicts the schemas: what is wrong for all of them.
pub fn condition_contradictions(resource_types: &[&str], predicate: &Predicate) -> Vec<Contradiction> {
    let known: Vec<&str> = resource_types.iter().copied().filter(|name| known_type(name).is_ok()).collect();
    let mut of_types = known.iter().map(|name| predicate_contradictions(name, predicate));
    let Some(mut wrong) = of_types.next() else { return Vec::new() };
    for of_type in of_types {
        wrong.retain(|found| of_type.iter().any(|other| other.name() == found.name()));
    }
    wrong
}

/// Whether a resource type has the attributes of a predicate, each under one of its names.
pub(crate) fn fits(resource_type: &str, predicate: &Predicate) -> bool {
    let mut check = Check { problems: Vec::new(), names: Names::OneOf };
    if let Some(place) = check.known_type(resource_type) {
        check.predicate(predicate, &Scope { places: vec![place] });
    }
    check.problems.is_empty()
}

/// What of the names of one attribute must exist.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    /// Each of them, in one of the types.
    EachSomewhere,
    /// One of them.
    OneOf,
}

/// Where a predicate is evaluated, for each of the types that it may be evaluated on.
struct Scope {
    places: Vec<Place>,
}

/// A place in the schema of one resource type or data source.
#[derive(Clone)]
pub(crate) struct Place {
    /// As guardrails name it: data sources start with `data.`.
    resource_type: String,
    /// The names on the way, without selectors.
    path: Vec<String>,
    node: Node,
}

#[derive(Clone)]
enum Node {
    /// A resource, or an element of nested objects.
    Block(Block),
    Value(Kind),
}

impl Place {
    fn name(&self) -> String {
        format!("{}.{}", self.resource_type, self.path.join("."))
    }
}

/// The schema of a type as guardrails name it.
fn schema(name: &str) -> Option<Schema> {
    match name.strip_prefix("data.") {
        Some(name) => planguard_schemas::data(name),
        None => planguard_schemas::resource(name),
    }
}

struct Check {
    problems: Vec<Contradiction>,
    names: Names,
}

/// What a provider block starts with where guardrails name it: `provider.aws`.
const PROVIDER: &str = "provider.";

/// The place of a type as guardrails name it.
pub(crate) fn known_type(resource_type: &str) -> Result<Place, Contradiction> {
    if resource_type.strip_prefix(PROVIDER).is_some_and(|name| !name.is_empty()) {
        // The schemas do not describe the arguments of providers.
        let node = Node::Value(Kind::Any);
        return Ok(Place { resource_type: resource_type.to_owned(), path: Vec::new(), node });
    }
    let Some(schema) = schema(resource_type) else {
        let name = resource_type.strip_prefix("data.").unwrap_or(resource_type);
        let resource_type = resource_type.to_owned();
        return Err(match planguard_schemas::provider(name) {
            Some(_) => Contradiction::UnknownType { resource_type },
            None => Contradiction::UnknownProvider { resource_type },
        });
    };
    Ok(Place { resource_type: resource_type.to_owned(), path: Vec::new(), node: Node::Block(schema.block) })
}

impl Check {
    fn known_type(&mut self, resource_type: &str) -> Option<Place> {
        known_type(resource_type).map_err(|problem| self.problems.push(problem)).ok()
    }

    fn predicate(&mut self, predicate: &Predicate, scope: &Scope) {
        match predicate {
            Predicate::All(all) | Predicate::Any(all) => {
                all.iter().for_each(|one| self.predicate(one, scope));
            }
            Predicate::Not(one) => self.predicate(one, scope),
            Predicate::Attribute(attribute) => {
                if let AttributeTest::SameAs(other) | AttributeTest::DiffersFrom(other) = &attribute.test {
                    self.find(std::slice::from_ref(other), scope);
                }
                for place in self.find(&attribute.paths, scope) {
                    if let Some(problem) = misfit(&attribute.test, &place) {
                        self.problems.push(problem);
                    }
                }
            }
            Predicate::Elements(elements) => {
                let places = self.find(&elements.paths, scope).into_iter().map(element);
                let places = places.collect();
                self.predicate(&elements.condition, &Scope { places });
            }
            Predicate::Count(count) => {
                let places: Vec<Place> = self.find(&count.paths, scope).into_iter().map(element).collect();
                if let Some(condition) = &count.condition {
                    self.predicate(condition, &Scope { places });
                }
            }
            Predicate::Was(inner) | Predicate::Becomes(inner) => self.predicate(inner, scope),
            Predicate::Actions(_) => {}
            Predicate::PlanHas { types, condition, .. } => {
                let places: Vec<Place> = types.iter().filter_map(|name| self.known_type(name)).collect();
                if let Some(condition) = condition.as_ref().filter(|_| places.len() == types.len()) {
                    self.predicate(condition, &Scope { places });
                }
            }
            Predicate::Range(range) => {
                self.find(std::slice::from_ref(&range.start), scope);
                self.find(std::slice::from_ref(&range.end), scope);
            }
            Predicate::Document { paths, .. } => {
                // What the document contains is not in the schema.
                self.find(paths, scope);
            }
            Predicate::Ports(ports) => {
                match &ports.source {
                    PortSource::Bounds { from, to } => {
                        self.find(std::slice::from_ref(from), scope);
                        self.find(std::slice::from_ref(to), scope);
                    }
                    PortSource::Ranges(ranges) => ranges.iter().for_each(|range| {
                        self.find(std::slice::from_ref(range), scope);
                    }),
                }
                if let Some(protocol) = &ports.protocol {
                    self.find(std::slice::from_ref(protocol), scope);
                }
            }
            Predicate::Companion(companion) => self.companion(companion, scope),
        }
    }

    fn companion(&mut self, companion: &Companion, scope: &Scope) {
        let places: Vec<Place> = companion.types.iter().filter_map(|name| self.known_type(name)).collect();
        if places.len() < companion.types.len() {
            return;
        }
        let theirs = Scope { places };
        let (referring, referred) = match companion.direction {
            CompanionDirection::RefersToThis => (&theirs, scope),
            CompanionDirection::ReferredToByThis => (scope, &theirs),
        };
        self.find(std::slice::from_ref(&companion.by), referring);
        for on in &companion.on {
            // Some of the types may lack it: then no reference to it leads to them.
            if referred.places.iter().all(|place| walk(place, on).is_err()) {
                self.problems.push(missing_everywhere(on, &referred.places));
            }
        }
        if let Some(condition) = &companion.condition {
            self.predicate(condition, &theirs);
        }
    }

    /// The places that the names lead to, of each type in the scope. Each type must have one of the names,
    /// and each name must exist in one of the types.
    fn find(&mut self, paths: &[PathPattern], scope: &Scope) -> Vec<Place> {
        if paths.is_empty() {
            return scope.places.clone();
        }
        let mut found = Vec::new();
        let mut used = vec![false; paths.len()];
        for place in &scope.places {
            let mut reasons = Vec::new();
            let before = found.len();
            for (position, path) in paths.iter().enumerate() {
                match walk(place, path) {
                    Ok(place) => {
                        used[position] = true;
                        found.push(place);
                    }
                    Err(reason) => reasons.push(reason),
                }
            }
            if found.len() == before {
                self.problems.append(&mut reasons);
            }
        }
        for (path, used) in paths.iter().zip(used) {
            if !used && !found.is_empty() && self.names == Names::EachSomewhere {
                self.problems.push(missing_everywhere(path, &scope.places));
            }
        }
        found
    }
}

/// That a path leads nowhere from any of several places.
fn missing_everywhere(path: &PathPattern, places: &[Place]) -> Contradiction {
    let reasons = places.iter().filter_map(|place| walk(place, path).err());
    let name = |step: &PatternStep| match step {
        PatternStep::Key(name) | PatternStep::Select { key: name, .. } => name.clone(),
    };
    Contradiction::UnknownAttribute {
        place: path.to_string(),
        name: path.0.last().map(name).unwrap_or_default(),
        candidates: reasons.flat_map(|reason| reason.candidates()).collect(),
    }
}

fn walk(start: &Place, path: &PathPattern) -> Result<Place, Contradiction> {
    let mut place = start.clone();
    for step in &path.0 {
        place = match step {
            PatternStep::Key(name) => key(place, name)?,
            PatternStep::Select { key: name, .. } => {
                let element = element(place);
                key(element.clone(), name)?;
                element
            }
        };
    }
    Ok(place)
}

/// What has this name at a place.
pub(crate) fn key(mut place: Place, name: &str) -> Result<Place, Contradiction> {
    place.path.push(name.to_owned());
    let block = match place.node {
        Node::Block(block) => block,
        Node::Value(Kind::Nested(ref nested)) if nested.is_single() => nested.block,
        Node::Value(Kind::Any | Kind::Tuple) => {
            place.node = Node::Value(Kind::Any);
            return Ok(place);
        }
        Node::Value(Kind::Map(element)) => {
            place.node = Node::Value(*element);
            return Ok(place);
        }
        Node::Value(Kind::List(_) | Kind::Set(_) | Kind::Nested(_)) => {
            return Err(Contradiction::InList { place: place.name() });
        }
        Node::Value(Kind::Bool | Kind::String | Kind::Number) => {
            return Err(missing(&place, name, Vec::new()));
        }
    };
    match block.attribute(name) {
        Some(attribute) => place.node = Node::Value(attribute.kind),
        None => {
            let candidates = block.attributes().map(|attribute| attribute.name).collect();
            return Err(missing(&place, name, candidates));
        }
    }
    Ok(place)
}

fn missing(place: &Place, name: &str, candidates: Vec<String>) -> Contradiction {
    Contradiction::UnknownAttribute { place: place.name(), name: name.to_owned(), candidates }
}

/// The element of a list; an object that is not in a list is its own element.
pub(crate) fn element(mut place: Place) -> Place {
    place.node = match place.node {
        Node::Value(Kind::Nested(nested)) => Node::Block(nested.block),
        Node::Value(Kind::List(element) | Kind::Set(element)) => Node::Value(*element),
        node => node,
    };
    place
}

/// Why a test makes no sense for an attribute of this type.
fn misfit(test: &AttributeTest, place: &Place) -> Option<Contradiction> {
    let kind = match &place.node {
        Node::Value(Kind::Any) | Node::Block(_) => return None,
        Node::Value(kind) => kind,
    };
    let fits = match test {
        AttributeTest::Present
        | AttributeTest::Absent
        | AttributeTest::LiteralInConfiguration
        | AttributeTest::SameAs(_)
        | AttributeTest::DiffersFrom(_) => true,
        AttributeTest::Is(literal) => literal_fits(literal, kind),
        AttributeTest::In(literals) => literals.iter().all(|literal| literal_fits(literal, kind)),
        AttributeTest::AtLeast(_) | AttributeTest::AtMost(_) | AttributeTest::LongerThan(_) => {
            matches!(kind, Kind::Number | Kind::String)
        }
        AttributeTest::Matches(_)
        | AttributeTest::StartsWith(_)
        | AttributeTest::Statement(_)
        | AttributeTest::OlderThan(_)
        | AttributeTest::BeforeDate(_)
        | AttributeTest::ExpiresWithin(_) => *kind == Kind::String,
        AttributeTest::Contains(_) => kind.is_list() || *kind == Kind::String,
        AttributeTest::Cidr(_) => match kind {
            Kind::List(element) | Kind::Set(element) => **element == Kind::String,
            kind => *kind == Kind::String,
        },
        AttributeTest::Secret => kind.is_list() || matches!(kind, Kind::String | Kind::Map(_)),
    };
    (!fits).then(|| Contradiction::Misfit { place: place.name(), kind: kind.to_string() })
}

fn literal_fits(literal: &Literal, kind: &Kind) -> bool {
    match literal {
        Literal::Bool(_) => matches!(kind, Kind::Bool | Kind::String),
        Literal::Number(_) => matches!(kind, Kind::Number | Kind::String),
        Literal::Text(_) => *kind == Kind::String,
    }
}
