//! Compares a document with a schema. What is reported, and in which order, is what OPA reports.

use std::collections::BTreeMap;

use regorus::Value;
use regorus::value::{Array, Object};

use super::format;
use super::node::{Additional, Dependency, Index, Items, Node, Schema, Type};
use crate::builtins::decimal::Decimal;
use crate::builtins::{Failure, json};

/// How many schemas may be applied in each other.
const NESTING: usize = 250;

/// How many schemas may be applied in all. Schemas that refer to each other can demand any number.
const APPLICATIONS: usize = 5_000_000;

/// Where a document is not as its schema has it.
pub(super) struct Fault {
    kind: &'static str,
    /// The properties and positions that lead there.
    field: String,
    description: String,
}

impl From<Fault> for Value {
    fn from(Fault { kind, field, description }: Fault) -> Self {
        let error = format!("{field}: {description}");
        let fields = [("error", error.as_str()), ("type", kind), ("field", &field), ("desc", &description)];
        fields
            .into_iter()
            .map(|(key, text)| (Self::from(key), Self::from(text)))
            .collect::<BTreeMap<_, _>>()
            .into()
    }
}

/// The place in a document, from its root.
#[derive(Clone, Copy)]
enum Place<'p> {
    Root,
    In(&'p Self, Step<'p>),
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Property(&'p str),
    Element(usize),
}

impl Place<'_> {
    fn text(&self) -> String {
        let (parent, step) = match self {
            Self::Root => return "(Root)".to_owned(),
            Self::In(parent, step) => (parent, step),
        };
        let step = match step {
            Step::Property(name) => (*name).to_owned(),
            Step::Element(position) => position.to_string(),
        };
        match parent {
            Self::Root => step,
            Self::In(..) => format!("{}.{step}", parent.text()),
        }
    }
}

/// What comparing found. Of several alternatives, the one with the highest score is reported.
#[derive(Default)]
struct Findings {
    faults: Vec<Fault>,
    score: i64,
}

impl Findings {
    fn fault(&mut self, kind: &'static str, place: &Place<'_>, description: impl Into<String>) {
        self.faults.push(Fault { kind, field: place.text(), description: description.into() });
        self.score -= 1;
    }

    /// Takes the faults of a part over.
    fn merge(&mut self, part: Self) {
        self.faults.extend(part.faults);
        self.score += part.score;
    }

    fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }
}

/// Every fault of the document.
pub(super) fn validate(schema: &Schema, document: &Value) -> Result<Vec<Fault>, Failure> {
    let mut validator = Validator { schema, left: APPLICATIONS, depth: 0 };
    let findings = validator.apart(schema.root, document, &Place::Root)?;
    Ok(findings.faults)
}

struct Validator<'s> {
    schema: &'s Schema,
    /// How many schemas may still be applied.
    left: usize,
    depth: usize,
}

type Applied = Result<(), Failure>;

impl<'s> Validator<'s> {
    fn apart(&mut self, index: Index, value: &Value, place: &Place<'_>) -> Result<Findings, Failure> {
        let mut findings = Findings::default();
        self.apply(index, value, &mut findings, place)?;
        Ok(findings)
    }

    fn apply(&mut self, index: Index, value: &Value, findings: &mut Findings, place: &Place<'_>) -> Applied {
        if self.left == 0 || self.depth >= NESTING {
            return Err(Failure::TooLarge("the schema takes too long, or has no end".to_owned()));
        }
        self.left -= 1;
        self.depth += 1;
        let applied = self.apply_node(&self.schema.nodes[index], value, findings, place);
        self.depth -= 1;
        applied
    }

    fn apply_node(
        &mut self,
        node: &'s Node,
        value: &Value,
        findings: &mut Findings,
        place: &Place<'_>,
    ) -> Applied {
        if let Some(pass) = node.pass {
            if !pass {
                findings.fault("false", place, "False always fails validation");
            }
            return Ok(());
        }
        if let Some(reference) = node.reference {
            return self.apply(reference, value, findings, place);
        }
        let given = type_of(value);
        let fits = |wanted: &Type| *wanted == given || (*wanted == Type::Number && given == Type::Integer);
        if !node.types.is_empty() && !node.types.iter().any(fits) {
            let names: Vec<&str> = node.types.iter().map(|wanted| wanted.name()).collect();
            let expected =
                if let [name] = names[..] { name.to_owned() } else { format!("[{}]", names.join(",")) };
            let description = format!("Invalid type. Expected: {expected}, given: {}", given.name());
            findings.fault("invalid_type", place, description);
            return Ok(());
        }
        self.combined(node, value, findings, place)?;
        match value {
            Value::Array(elements) => {
                self.elements(node, elements, findings, place)?;
                common(node, value, findings, place)?;
            }
            Value::Object(members) => {
                self.members(node, members, findings, place)?;
                common(node, value, findings, place)?;
                for (name, schema) in &node.properties {
                    if let Some(member) = members.get(&Value::from(name.as_str())) {
                        let place = Place::In(place, Step::Property(name));
                        self.apply(*schema, member, findings, &place)?;
                    }
                }
            }
            Value::Number(_) => {
                number(node, value, findings, place);
                common(node, value, findings, place)?;
            }
            Value::String(content) => {
                common(node, value, findings, place)?;
                text(node, content, findings, place);
            }
            Value::Null | Value::Bool(_) | Value::Set(_) | Value::Undefined => {
                common(node, value, findings, place)?;
            }
        }
        findings.score += 1;
        Ok(())
    }

    fn combined(
        &mut self,
        node: &'s Node,
        value: &Value,
        findings: &mut Findings,
        place: &Place<'_>,
    ) -> Applied {
        if !node.any_of.is_empty() {
            let mut best: Option<Findings> = None;
            let mut is_valid = false;
            for schema in &node.any_of {
                let found = self.apart(*schema, value, place)?;
                is_valid = found.is_empty();
                if is_valid {
                    break;
                }
                keep_better(&mut best, found);
            }
            if !is_valid {
                findings.fault("number_any_of", place, "Must validate at least one schema (anyOf)");
                findings.merge(best.unwrap_or_default());
            }
        }
        if !node.one_of.is_empty() {
            let mut best: Option<Findings> = None;
            let mut valid = 0;
            for schema in &node.one_of {
                let found = self.apart(*schema, value, place)?;
                if found.is_empty() {
                    valid += 1;
                } else if valid == 0 {
                    keep_better(&mut best, found);
                }
            }
            if valid != 1 {
                findings.fault("number_one_of", place, "Must validate one and only one schema (oneOf)");
                if valid == 0 {
                    findings.merge(best.unwrap_or_default());
                }
            }
        }
        let mut all_valid = true;
        for schema in &node.all_of {
            let found = self.apart(*schema, value, place)?;
            all_valid &= found.is_empty();
            findings.merge(found);
        }
        if !all_valid {
            findings.fault("number_all_of", place, "Must validate all the schemas (allOf)");
        }
        if let Some(not) = node.not
            && self.apart(not, value, place)?.is_empty()
        {
            findings.fault("number_not", place, "Must not validate the schema (not)");
        }
        if let Value::Object(members) = value {
            self.dependencies(node, members, value, findings, place)?;
        }
        self.conditional(node, value, findings, place)?;
        findings.score += 1;
        Ok(())
    }

    fn dependencies(
        &mut self,
        node: &'s Node,
        members: &Object,
        value: &Value,
        findings: &mut Findings,
        place: &Place<'_>,
    ) -> Applied {
        for (name, dependency) in &node.dependencies {
            if members.get(&Value::from(name.as_str())).is_none() {
                continue;
            }
            match dependency {
                Dependency::Schema(schema) => self.apply(*schema, value, findings, place)?,
                Dependency::Properties(names) => {
                    for name in names.iter().filter(|name| members.get(&Value::from(name.as_str())).is_none())
                    {
                        findings.fault("missing_dependency", place, format!("Has a dependency on {name}"));
                    }
                }
            }
        }
        Ok(())
    }

    fn conditional(
        &mut self,
        node: &'s Node,
        value: &Value,
        findings: &mut Findings,
        place: &Place<'_>,
    ) -> Applied {
        let Some(condition) = node.condition else { return Ok(()) };
        let (schema, kind, description) = if self.apart(condition, value, place)?.is_empty() {
            (node.consequence, "condition_then", "Must validate \"then\" as \"if\" was valid")
        } else {
            (node.alternative, "condition_else", "Must validate \"else\" as \"if\" was not valid")
        };
        let Some(schema) = schema else { return Ok(()) };
        let found = self.apart(schema, value, place)?;
        if !found.is_empty() {
            findings.fault(kind, place, description);
            findings.merge(found);
        }
        Ok(())
    }

    fn elements(
        &mut self,
        node: &'s Node,
        elements: &Array,
        findings: &mut Findings,
        place: &Place<'_>,
    ) -> Applied {
        let length = elements.iter().len();
        for (position, element) in elements.iter().enumerate() {
            let schema = match &node.items {
                Items::Any => break,
                Items::All(schema) => *schema,
                Items::Each(each) => match (each.get(position), node.additional_items) {
                    (Some(schema), _) => *schema,
                    _ if each.is_empty() => break,
                    (None, Additional::By(schema)) => schema,
                    (None, Additional::Allowed) => break,
                    (None, Additional::Refused) => {
                        let description = "No additional items allowed on array";
                        findings.fault("array_no_additional_items", place, description);
                        break;
                    }
                },
            };
            let found = self.apart(schema, element, &Place::In(place, Step::Element(position)))?;
            findings.merge(found);
        }
        if let Some(least) = node.min_items.filter(|least| length < *least) {
            let description = format!("Array must have at least {least} items");
            findings.fault("array_min_items", place, description);
        }
        if let Some(most) = node.max_items.filter(|most| length > *most) {
            let description = format!("Array must have at most {most} items");
            findings.fault("array_max_items", place, description);
        }
        if node.unique_items {
            let mut seen = BTreeMap::new();
            for (position, element) in elements.iter().enumerate() {
                if let Some(earlier) = seen.insert(element, position) {
                    let description = format!("array items[{earlier},{position}] must be unique");
                    findings.fault("unique", place, description);
                }
            }
        }
        if let Some(contains) = node.contains {
            let mut best: Option<Findings> = None;
            let mut contained = false;
            for (position, element) in elements.iter().enumerate() {
                let found = self.apart(contains, element, &Place::In(place, Step::Element(position)))?;
                contained = found.is_empty();
                if contained {
                    break;
                }
                keep_better(&mut best, found);
            }
            if !contained {
                findings.fault("contains", place, "At least one of the items must match");
                findings.merge(best.unwrap_or_default());
            }
        }
        findings.score += 1;
        Ok(())
    }

    fn members(
        &mut self,
        node: &'s Node,
        members: &Object,
        findings: &mut Findings,
        place: &Place<'_>,
    ) -> Applied {
        let count = members.iter().count();
        if let Some(least) = node.min_properties.filter(|least| count < *least) {
            let description = format!("Must have at least {least} properties");
            findings.fault("array_min_properties", place, description);
        }
        if let Some(most) = node.max_properties.filter(|most| count > *most) {
            let description = format!("Must have at most {most} properties");
            findings.fault("array_max_properties", place, description);
        }
        for name in &node.required {
            if members.get(&Value::from(name.as_str())).is_some() {
                findings.score += 1;
            } else {
                findings.fault("required", place, format!("{name} is required"));
            }
        }
        for (name, member) in members.iter_sorted() {
            let Value::String(name) = name else { continue };
            let inner = Place::In(place, Step::Property(name));
            let mut is_described = node.properties.iter().any(|(property, _)| **property == **name);
            let mut matches_pattern = false;
            for (pattern, schema) in &node.pattern_properties {
                if pattern.regex.is_match(name) {
                    matches_pattern = true;
                    let found = self.apart(*schema, member, &inner)?;
                    findings.merge(found);
                }
            }
            if matches_pattern {
                findings.score += 1;
                is_described = true;
            }
            match node.additional_properties {
                _ if is_described => {}
                Additional::Allowed => {}
                Additional::Refused => {
                    let description = format!("Additional property {name} is not allowed");
                    findings.fault("additional_property_not_allowed", place, description);
                }
                Additional::By(schema) => {
                    let found = self.apart(schema, member, &inner)?;
                    findings.merge(found);
                }
            }
        }
        if let Some(schema) = node.property_names {
            for (name, _) in members.iter_sorted() {
                let found = self.apart(schema, name, place)?;
                if !found.is_empty() {
                    let name = name.as_string().map(|name| name.to_string()).unwrap_or_default();
                    let description = format!("Property name of \"{name}\" does not match");
                    findings.fault("invalid_property_name", place, description);
                    findings.merge(found);
                }
            }
        }
        findings.score += 1;
        Ok(())
    }
}

/// Of alternatives that are as good as each other, the first is kept.
fn keep_better(best: &mut Option<Findings>, found: Findings) {
    if best.as_ref().is_none_or(|best| found.score > best.score) {
        *best = Some(found);
    }
}

fn type_of(value: &Value) -> Type {
    match value {
        Value::Null | Value::Undefined => Type::Null,
        Value::Bool(_) => Type::Boolean,
        Value::Number(_) if Decimal::of(value).is_some_and(|number| number.is_integer()) => Type::Integer,
        Value::Number(_) => Type::Number,
        Value::String(_) => Type::String,
        Value::Array(_) | Value::Set(_) => Type::Array,
        Value::Object(_) => Type::Object,
    }
}

fn common(node: &Node, value: &Value, findings: &mut Findings, place: &Place<'_>) -> Applied {
    if let Some(constant) = node.constant.as_ref().filter(|constant| *constant != value) {
        let description = format!("{} does not match: {}", place.text(), json::text(constant)?);
        findings.fault("const", place, description);
    }
    if let Some(allowed) = node.allowed.as_ref().filter(|allowed| !allowed.contains(value)) {
        let allowed: Vec<String> = allowed.iter().map(json::text).collect::<Result<_, _>>()?;
        let description = format!("{} must be one of the following: {}", place.text(), allowed.join(", "));
        findings.fault("enum", place, description);
    }
    if let (Some(format), Value::String(text)) = (&node.format, value)
        && !format::has(text, format)?
    {
        findings.fault("format", place, format!("Does not match format '{format}'"));
    }
    findings.score += 1;
    Ok(())
}

fn number(node: &Node, value: &Value, findings: &mut Findings, place: &Place<'_>) {
    let Some(number) = Decimal::of(value) else { return };
    let shown = |limit: &Decimal| limit.shortest();
    if let Some(divisor) = node.multiple_of.as_ref().filter(|divisor| !number.is_multiple_of(divisor)) {
        findings.fault("multiple_of", place, format!("Must be a multiple of {}", shown(divisor)));
    }
    if let Some(most) = node.maximum.as_ref().filter(|most| number > **most) {
        let description = format!("Must be less than or equal to {}", shown(most));
        findings.fault("number_lte", place, description);
    }
    if let Some(limit) = node.exclusive_maximum.as_ref().filter(|limit| number >= **limit) {
        findings.fault("number_lt", place, format!("Must be less than {}", shown(limit)));
    }
    if let Some(least) = node.minimum.as_ref().filter(|least| number < **least) {
        let description = format!("Must be greater than or equal to {}", shown(least));
        findings.fault("number_gte", place, description);
    }
    if let Some(limit) = node.exclusive_minimum.as_ref().filter(|limit| number <= **limit) {
        findings.fault("number_gt", place, format!("Must be greater than {}", shown(limit)));
    }
    findings.score += 1;
}

fn text(node: &Node, text: &str, findings: &mut Findings, place: &Place<'_>) {
    let length = text.chars().count();
    if let Some(least) = node.min_length.filter(|least| length < *least) {
        let description = format!("String length must be greater than or equal to {least}");
        findings.fault("string_gte", place, description);
    }
    if let Some(most) = node.max_length.filter(|most| length > *most) {
        let description = format!("String length must be less than or equal to {most}");
        findings.fault("string_lte", place, description);
    }
    if let Some((pattern, compiled)) = &node.pattern
        && !compiled.regex.is_match(text)
    {
        findings.fault("pattern", place, format!("Does not match pattern '{pattern}'"));
    }
    findings.score += 1;
}
