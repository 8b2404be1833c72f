//! Holds guardrails against the provider schemas: every attribute must exist, and its kind must fit the test.
//!
//! `build.rs` alone uses this module.

use planguard_guardrail_format::{
    AttributeTest, Companion, CompanionDirection, Guardrail, Literal, PathPattern, PatternStep, PortSource,
    Predicate,
};
use planguard_schemas::files::Schemas;
use serde_json::Value;

/// Holds guardrails against the schemas.
pub(crate) struct Checker<'s>(pub(crate) &'s Schemas);

impl Checker<'_> {
    /// What in a guardrail no schema knows.
    pub(crate) fn check(&self, guardrail: &Guardrail) -> Vec<String> {
        let mut check = Check { schemas: self.0, problems: Vec::new() };
        // Data sources are not in the schemas.
        let judged: Vec<&str> = guardrail
            .resources
            .iter()
            .map(String::as_str)
            .filter(|name| !name.starts_with("data."))
            .collect();
        for resource_type in &judged {
            check.known_type(resource_type);
        }
        if judged.len() == guardrail.resources.len() {
            for predicate in guardrail.predicates() {
                let roots = judged.iter().map(|name| Place::of_type(self.0, name)).collect();
                check.predicate(predicate, &Scope { places: roots });
            }
        }
        check.problems
    }

    /// What no schema knows in a predicate on these resource types.
    pub(crate) fn check_predicate(&self, types: &[&str], predicate: &Predicate) -> Vec<String> {
        let mut check = Check { schemas: self.0, problems: Vec::new() };
        types.iter().for_each(|name| check.known_type(name));
        let places = types.iter().map(|name| Place::of_type(self.0, name)).collect();
        check.predicate(predicate, &Scope { places });
        check.problems
    }
}

/// Where a predicate is evaluated, for each of the types that it may be evaluated on.
struct Scope<'s> {
    places: Vec<Place<'s>>,
}

/// A place in the schema of one resource type.
#[derive(Clone)]
struct Place<'s> {
    resource_type: String,
    /// The names on the way, without selectors.
    path: Vec<String>,
    /// `None` where anything goes.
    kind: Option<Kind<'s>>,
}

#[derive(Clone)]
enum Kind<'s> {
    Schema(&'s Value),
    Legacy(&'s str),
}

impl<'s> Place<'s> {
    fn of_type(schemas: &'s Schemas, resource_type: &str) -> Self {
        Self {
            resource_type: resource_type.to_owned(),
            path: Vec::new(),
            kind: schemas.types.get(resource_type).map(Kind::Schema),
        }
    }

    fn name(&self) -> String {
        format!("{}.{}", self.resource_type, self.path.join("."))
    }
}

struct Check<'s> {
    schemas: &'s Schemas,
    problems: Vec<String>,
}

impl<'s> Check<'s> {
    fn known_type(&mut self, resource_type: &str) {
        if !self.schemas.types.contains_key(resource_type) && !self.schemas.legacy.contains_key(resource_type)
        {
            self.problems.push(format!("no schema knows the resource type `{resource_type}`"));
        }
    }

    fn predicate(&mut self, predicate: &Predicate, scope: &Scope<'s>) {
        match predicate {
            Predicate::All(all) | Predicate::Any(all) => {
                all.iter().for_each(|one| self.predicate(one, scope));
            }
            Predicate::Not(one) => self.predicate(one, scope),
            Predicate::Attribute(attribute) => {
                for place in self.find(&attribute.paths, scope) {
                    if let Some(problem) = misfit(&attribute.test, &place) {
                        self.problems.push(problem);
                    }
                }
            }
            Predicate::Elements(elements) => {
                let places = self.find(&elements.paths, scope).into_iter().map(|place| self.element(place));
                let places = places.collect();
                self.predicate(&elements.condition, &Scope { places });
            }
            Predicate::Document { paths, .. } => {
                // What stands in the document is no provider's schema.
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

    fn companion(&mut self, companion: &Companion, scope: &Scope<'s>) {
        let types: Vec<&str> =
            companion.types.iter().map(String::as_str).filter(|name| !name.starts_with("data.")).collect();
        types.iter().for_each(|name| self.known_type(name));
        let theirs = Scope { places: types.iter().map(|name| Place::of_type(self.schemas, name)).collect() };
        let (referring, referred) = match companion.direction {
            CompanionDirection::RefersToThis => (&theirs, scope),
            CompanionDirection::ReferredToByThis => (scope, &theirs),
        };
        self.find(std::slice::from_ref(&companion.by), referring);
        for on in &companion.on {
            // Identifiers are often computed, and those are not listed.
            if !matches!(&on.0[..], [PatternStep::Key(name)] if COMPUTED.contains(&name.as_str())) {
                self.find(std::slice::from_ref(on), referred);
            }
        }
        if let Some(condition) = &companion.condition {
            self.predicate(condition, &theirs);
        }
    }

    /// The places that the names lead to, of each type in the scope. Each type must have one of the names,
    /// and each name must exist in one of the types.
    fn find(&mut self, paths: &[PathPattern], scope: &Scope<'s>) -> Vec<Place<'s>> {
        if paths.is_empty() {
            return scope.places.clone();
        }
        let mut found = Vec::new();
        let mut used = vec![false; paths.len()];
        for place in &scope.places {
            let mut reasons = Vec::new();
            let before = found.len();
            for (position, path) in paths.iter().enumerate() {
                match self.walk(place, path) {
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
            if !used && !found.is_empty() {
                self.problems.push(format!("no schema knows `{path}`"));
            }
        }
        found
    }

    fn walk(&self, start: &Place<'s>, path: &PathPattern) -> Result<Place<'s>, String> {
        let mut place = start.clone();
        for step in &path.0 {
            place = match step {
                PatternStep::Key(name) => self.key(place, name)?,
                PatternStep::Select { key, .. } => {
                    let element = self.element(place);
                    self.key(element.clone(), key)?;
                    element
                }
            };
        }
        Ok(place)
    }

    fn key(&self, mut place: Place<'s>, name: &str) -> Result<Place<'s>, String> {
        place.path.push(name.to_owned());
        let full = place.name();
        place.kind = match &place.kind {
            _ if self.schemas.legacy.contains_key(&full) => {
                self.schemas.legacy.get(&full).map(|kind| Kind::Legacy(kind))
            }
            None => None,
            Some(Kind::Legacy("any")) => None,
            Some(Kind::Legacy(_)) => return Err(format!("`{full}`: not in legacy.toml")),
            Some(Kind::Schema(Value::Object(members))) => {
                match members.get(name).or_else(|| members.get("*")) {
                    Some(kind) => Some(Kind::Schema(kind)),
                    None => return Err(format!("no schema knows `{full}`")),
                }
            }
            Some(Kind::Schema(Value::Array(_))) => {
                return Err(format!("`{full}` stands in a list: use `some`, `each` or a selector"));
            }
            Some(Kind::Schema(Value::String(kind))) if kind == "any" => None,
            Some(Kind::Schema(_)) => return Err(format!("no schema knows `{full}`")),
        };
        Ok(place)
    }

    /// The element of a list; a block that can stand once is its own element.
    fn element(&self, mut place: Place<'s>) -> Place<'s> {
        if let Some(Kind::Schema(Value::Array(elements))) = &place.kind {
            place.kind = elements.first().map(Kind::Schema);
        }
        place
    }
}

/// Attributes by which resources are known and which only the provider sets.
const COMPUTED: &[&str] = &["id", "arn", "self_link", "email", "name", "bucket"];

/// Why a test makes no sense for an attribute of this kind.
fn misfit(test: &AttributeTest, place: &Place<'_>) -> Option<String> {
    let kind = match &place.kind {
        Some(Kind::Schema(kind)) => *kind,
        Some(Kind::Legacy(_)) | None => return None,
    };
    let scalar = kind.as_str();
    let list = kind.is_array();
    let fits = scalar == Some("any")
        || match test {
            AttributeTest::Present | AttributeTest::Absent | AttributeTest::LiteralInConfiguration => true,
            AttributeTest::Is(literal) => literal_fits(literal, scalar),
            AttributeTest::In(literals) => literals.iter().all(|literal| literal_fits(literal, scalar)),
            AttributeTest::AtLeast(_) | AttributeTest::AtMost(_) | AttributeTest::LongerThan(_) => {
                matches!(scalar, Some("number" | "string"))
            }
            AttributeTest::Matches(_)
            | AttributeTest::StartsWith(_)
            | AttributeTest::Statement(_)
            | AttributeTest::OlderThan(_) => scalar == Some("string"),
            AttributeTest::Contains(_) => list || scalar == Some("string"),
            AttributeTest::Cidr(_) => scalar == Some("string") || kind[0] == "string",
            AttributeTest::Secret => scalar == Some("string") || list || kind.get("*").is_some(),
        };
    (!fits).then(|| format!("`{}` is {kind}, which the test does not fit", place.name()))
}

fn literal_fits(literal: &Literal, kind: Option<&str>) -> bool {
    match literal {
        Literal::Bool(_) => matches!(kind, Some("bool" | "string")),
        Literal::Number(_) => matches!(kind, Some("number" | "string")),
        Literal::Text(_) => kind == Some("string"),
    }
}
