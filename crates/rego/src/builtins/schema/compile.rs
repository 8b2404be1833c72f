//! Reads a schema, and says what is wrong with it in the words that OPA has for it.

use std::collections::HashMap;

use regorus::Value;
use regorus::value::Array;

use super::node::{Additional, Dependency, Draft, Index, Items, Node, Schema, Type};
use super::reference::Pool;
use crate::builtins::Failure;
use crate::builtins::decimal::Decimal;
use crate::builtins::regex;

/// How many schemas may lie in each other or refer to each other in turn.
const NESTING: usize = 250;

const SCHEMA: &str = "Valid Schema";

/// Why something is no schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// In OPA's words.
    Invalid(String),
    Failure(Failure),
}

impl Problem {
    pub(super) fn invalid(reason: &str) -> Self {
        Self::Invalid(reason.to_owned())
    }

    fn invalid_type(expected: &str, given: &str) -> Self {
        Self::Invalid(format!("Invalid type. Expected: {expected}, given: {given}"))
    }

    pub(super) fn into_failure(self) -> Failure {
        match self {
            Self::Invalid(reason) => Failure::Unsuitable(reason),
            Self::Failure(failure) => failure,
        }
    }
}

/// Reads the document as a schema.
pub(super) fn compile(document: &Value) -> Result<Schema, Problem> {
    let draft = match document {
        Value::Bool(_) => None,
        Value::Object(_) => match &document["$schema"] {
            Value::Undefined => None,
            Value::String(schema) => Draft::named(schema),
            _ => return Err(Problem::invalid("$schema must be of type string")),
        },
        _ => return Err(Problem::invalid("schema is invalid")),
    };
    let (pool, document) = Pool::of(document, draft)?;
    let mut compiler = Compiler { pool, nodes: Vec::new(), referred: HashMap::new(), depth: 0 };
    let root = compiler.schema(&document, draft.unwrap_or(Draft::Any))?;
    Ok(Schema { nodes: compiler.nodes, root })
}

struct Compiler {
    pool: Pool,
    nodes: Vec<Node>,
    /// What references mean that were met before.
    referred: HashMap<String, Index>,
    depth: usize,
}

impl Compiler {
    fn schema(&mut self, document: &Value, draft: Draft) -> Result<Index, Problem> {
        let index = self.nodes.len();
        self.nodes.push(Node::default());
        self.fill(index, document, draft)?;
        Ok(index)
    }

    fn fill(&mut self, index: Index, document: &Value, draft: Draft) -> Result<(), Problem> {
        if self.depth >= NESTING {
            let reason = format!("more than {NESTING} schemas are in each other");
            return Err(Problem::Failure(Failure::TooLarge(reason)));
        }
        self.depth += 1;
        self.nodes[index] = match document {
            Value::Bool(pass) if draft >= Draft::Six => Node { pass: Some(*pass), ..Node::default() },
            Value::Object(_) => self.node(&Keywords { of: document, draft })?,
            _ => return Err(Problem::invalid("Expected: Valid Schema, given: Invalid JSON")),
        };
        self.depth -= 1;
        Ok(())
    }

    fn node(&mut self, keywords: &Keywords<'_>) -> Result<Node, Problem> {
        let id = if keywords.draft == Draft::Four
            || (keywords.draft == Draft::Any && keywords.get("id").is_some())
        {
            "id"
        } else {
            "$id"
        };
        keywords.text(id)?;
        let mut node = Node::default();
        if let Some(definitions) = keywords.get("definitions") {
            let wrong = || Problem::invalid_type("Array Of Schemas", "definitions");
            let Value::Object(definitions) = definitions else { return Err(wrong()) };
            for (_, definition) in definitions.iter_sorted() {
                if !matches!(definition, Value::Bool(_) | Value::Object(_)) {
                    return Err(wrong());
                }
                self.schema(definition, keywords.draft)?;
            }
        }
        keywords.text("title")?;
        keywords.text("description")?;
        if let Some(reference) = keywords.text("$ref")? {
            node.reference = Some(self.reference(reference, keywords.draft)?);
            return Ok(node);
        }
        node.types = types(keywords)?;
        self.members(keywords, &mut node)?;
        self.elements(keywords, &mut node)?;
        numbers(keywords, &mut node)?;
        texts(keywords, &mut node)?;
        counts(keywords, &mut node)?;
        if keywords.draft >= Draft::Six {
            if let Some(contains) = keywords.get("contains") {
                node.contains = Some(self.schema(contains, keywords.draft)?);
            }
            node.constant = keywords.get("const").cloned();
        }
        node.allowed = allowed(keywords)?;
        self.combined(keywords, &mut node)?;
        Ok(node)
    }

    /// What the reference means; it may be what contains it.
    fn reference(&mut self, reference: &str, draft: Draft) -> Result<Index, Problem> {
        if let Some(known) = self.referred.get(reference) {
            return Ok(*known);
        }
        let index = self.nodes.len();
        self.nodes.push(Node::default());
        self.referred.insert(reference.to_owned(), index);
        let (document, named) = self.pool.get(reference)?;
        if !matches!(document, Value::Bool(_) | Value::Object(_)) {
            return Err(Problem::invalid("Valid Schema must be of type object"));
        }
        self.fill(index, &document, named.unwrap_or(draft))?;
        Ok(index)
    }

    /// A schema that must be one, or `true` or `false` of its own meaning.
    fn additional(&mut self, keywords: &Keywords<'_>, key: &str) -> Result<Additional, Problem> {
        match keywords.get(key) {
            None | Some(Value::Bool(true)) => Ok(Additional::Allowed),
            Some(Value::Bool(false)) => Ok(Additional::Refused),
            Some(schema @ Value::Object(_)) => Ok(Additional::By(self.schema(schema, keywords.draft)?)),
            Some(_) => Err(Problem::invalid_type(&format!("boolean/{SCHEMA}"), key)),
        }
    }

    fn members(&mut self, keywords: &Keywords<'_>, node: &mut Node) -> Result<(), Problem> {
        if let Some(properties) = keywords.get("properties") {
            let Value::Object(properties) = properties else {
                return Err(Problem::invalid("Properties must be of type object"));
            };
            for (name, schema) in properties.iter_sorted() {
                let name = name.as_string().map(|name| name.to_string()).unwrap_or_default();
                node.properties.push((name, self.schema(schema, keywords.draft)?));
            }
        }
        node.additional_properties = self.additional(keywords, "additionalProperties")?;
        if let Some(patterns) = keywords.get("patternProperties") {
            let Value::Object(patterns) = patterns else {
                return Err(Problem::invalid_type(SCHEMA, "patternProperties"));
            };
            for (pattern, schema) in patterns.iter_sorted() {
                let pattern = pattern.as_string().map(|pattern| pattern.to_string()).unwrap_or_default();
                let compiled = regex::compiled(&pattern)
                    .map_err(|failure| refused(failure, format!("Invalid regex pattern '{pattern}'")))?;
                node.pattern_properties.push((compiled, self.schema(schema, keywords.draft)?));
            }
        }
        match keywords.get("propertyNames").filter(|_| keywords.draft >= Draft::Six) {
            None => {}
            Some(schema @ (Value::Bool(_) | Value::Object(_))) => {
                node.property_names = Some(self.schema(schema, keywords.draft)?);
            }
            // OPA names the wrong keyword.
            Some(_) => return Err(Problem::invalid_type(SCHEMA, "patternProperties")),
        }
        let Some(dependencies) = keywords.get("dependencies") else { return Ok(()) };
        let Value::Object(dependencies) = dependencies else {
            return Err(Problem::invalid("dependencies must be of type object"));
        };
        for (name, dependency) in dependencies.iter_sorted() {
            let wrong = || Problem::invalid("Dependency must be of type Schema Or Array Of Strings");
            let name = name.as_string().map(|name| name.to_string()).unwrap_or_default();
            let dependency = match dependency {
                Value::Array(names) => Dependency::Properties(strings(names).ok_or_else(wrong)?),
                schema @ (Value::Bool(_) | Value::Object(_)) => {
                    Dependency::Schema(self.schema(schema, keywords.draft)?)
                }
                _ => return Err(wrong()),
            };
            node.dependencies.insert(name, dependency);
        }
        Ok(())
    }

    fn elements(&mut self, keywords: &Keywords<'_>, node: &mut Node) -> Result<(), Problem> {
        let wrong = || Problem::invalid_type(&format!("{SCHEMA}/Array Of Schemas"), "items");
        node.items = match keywords.get("items") {
            None => Items::Any,
            Some(schema @ (Value::Bool(_) | Value::Object(_))) => {
                Items::All(self.schema(schema, keywords.draft)?)
            }
            Some(Value::Array(schemas)) => {
                let mut each = Vec::new();
                for schema in schemas.iter() {
                    if !matches!(schema, Value::Bool(_) | Value::Object(_)) {
                        return Err(wrong());
                    }
                    each.push(self.schema(schema, keywords.draft)?);
                }
                Items::Each(each)
            }
            Some(_) => return Err(wrong()),
        };
        node.additional_items = self.additional(keywords, "additionalItems")?;
        Ok(())
    }

    fn all(&mut self, keywords: &Keywords<'_>, key: &str) -> Result<Vec<Index>, Problem> {
        let schemas = keywords.array(key)?.map(|schemas| schemas.to_vec()).unwrap_or_default();
        schemas.iter().map(|schema| self.schema(schema, keywords.draft)).collect()
    }

    fn one(&mut self, keywords: &Keywords<'_>, key: &str) -> Result<Option<Index>, Problem> {
        match keywords.get(key) {
            None => Ok(None),
            Some(schema @ (Value::Bool(_) | Value::Object(_))) => {
                self.schema(schema, keywords.draft).map(Some)
            }
            Some(_) => Err(Problem::Invalid(format!("{key} must be of an object"))),
        }
    }

    fn combined(&mut self, keywords: &Keywords<'_>, node: &mut Node) -> Result<(), Problem> {
        node.one_of = self.all(keywords, "oneOf")?;
        node.any_of = self.all(keywords, "anyOf")?;
        node.all_of = self.all(keywords, "allOf")?;
        node.not = self.one(keywords, "not")?;
        if keywords.draft >= Draft::Seven {
            node.condition = self.one(keywords, "if")?;
            node.consequence = self.one(keywords, "then")?;
            node.alternative = self.one(keywords, "else")?;
        }
        Ok(())
    }
}

/// The keywords of one schema.
struct Keywords<'v> {
    of: &'v Value,
    draft: Draft,
}

impl<'v> Keywords<'v> {
    fn get(&self, key: &str) -> Option<&'v Value> {
        match &self.of[key] {
            Value::Undefined => None,
            value => Some(value),
        }
    }

    fn text(&self, key: &str) -> Result<Option<&'v str>, Problem> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Problem::invalid_type("string", key)),
        }
    }

    fn array(&self, key: &str) -> Result<Option<&'v Array>, Problem> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Array(elements)) => Ok(Some(elements)),
            Some(_) => Err(Problem::Invalid(format!("{key} must be of an array"))),
        }
    }

    fn count(&self, key: &str) -> Result<Option<usize>, Problem> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let integer = match value {
            Value::Number(number) if number.is_integer() => number.as_i64(),
            _ => None,
        };
        let integer = integer.ok_or_else(|| Problem::Invalid(format!("{key} must be of an integer")))?;
        let count = usize::try_from(integer);
        count.map(Some).map_err(|_| Problem::Invalid(format!("{key} must be greater than or equal to 0")))
    }

    fn number(&self, key: &str) -> Result<Option<Decimal>, Problem> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let number = Decimal::of(value);
        number.map(Some).ok_or_else(|| Problem::Invalid(format!("{key} must be of a Number")))
    }
}

/// A pattern that Go refuses is wrong in the schema; one that is too large is not.
fn refused(failure: Failure, reason: String) -> Problem {
    match failure {
        Failure::Unsuitable(_) => Problem::Invalid(reason),
        failure @ (Failure::TooLarge(_) | Failure::Unsupported(_)) => Problem::Failure(failure),
    }
}

fn strings(elements: &Array) -> Option<Vec<String>> {
    elements.iter().map(|element| element.as_string().ok().map(|text| text.to_string())).collect()
}

fn types(keywords: &Keywords<'_>) -> Result<Vec<Type>, Problem> {
    let wrong = || Problem::invalid_type("type", "string/Array Of Strings");
    let names = match keywords.get("type") {
        None => return Ok(Vec::new()),
        Some(Value::String(name)) => vec![name.to_string()],
        Some(Value::Array(names)) => strings(names).ok_or_else(wrong)?,
        Some(_) => return Err(wrong()),
    };
    let mut types = Vec::new();
    for name in names {
        let known = Type::named(&name).ok_or_else(|| {
            Problem::Invalid(format!(
                "has a primitive type that is NOT VALID -- given: /{name}/ Expected valid values \
                 are:[array boolean integer number null object string]"
            ))
        })?;
        if types.contains(&known) {
            return Err(Problem::Invalid(format!("{name} type is duplicated")));
        }
        types.push(known);
    }
    Ok(types)
}

fn numbers(keywords: &Keywords<'_>, node: &mut Node) -> Result<(), Problem> {
    if let Some(value) = keywords.get("multipleOf") {
        let number = Decimal::of(value).ok_or_else(|| Problem::invalid_type("Number", "multipleOf"))?;
        if number.is_zero() || number.is_negative() {
            return Err(Problem::invalid("multipleOf must be strictly greater than 0"));
        }
        node.multiple_of = Some(number);
    }
    node.minimum = keywords.number("minimum")?;
    exclusive(keywords, "minimum", "exclusiveMinimum", &mut node.minimum, &mut node.exclusive_minimum)?;
    node.maximum = keywords.number("maximum")?;
    exclusive(keywords, "maximum", "exclusiveMaximum", &mut node.maximum, &mut node.exclusive_maximum)
}

/// In draft 4, a limit is declared exclusive; since draft 6, the keyword is a limit itself.
fn exclusive(
    keywords: &Keywords<'_>,
    inclusive_key: &str,
    key: &str,
    inclusive: &mut Option<Decimal>,
    exclusive: &mut Option<Decimal>,
) -> Result<(), Problem> {
    let expected = match keywords.draft {
        Draft::Four => "boolean",
        Draft::Six | Draft::Seven => "number",
        Draft::Any => "boolean/number",
    };
    match (keywords.get(key), keywords.draft) {
        (None, _) => Ok(()),
        (Some(Value::Bool(is_exclusive)), Draft::Four | Draft::Any) => {
            if inclusive.is_none() {
                return Err(Problem::Invalid(format!("{key} cannot be used without {inclusive_key}")));
            }
            if *is_exclusive {
                *exclusive = inclusive.take();
            }
            Ok(())
        }
        (Some(number @ Value::Number(_)), Draft::Six | Draft::Seven | Draft::Any) => {
            *exclusive = Decimal::of(number);
            Ok(())
        }
        (Some(_), _) => Err(Problem::invalid_type(expected, key)),
    }
}

fn texts(keywords: &Keywords<'_>, node: &mut Node) -> Result<(), Problem> {
    node.min_length = keywords.count("minLength")?;
    node.max_length = keywords.count("maxLength")?;
    in_order(node.min_length, "minLength", node.max_length, "maxLength")?;
    if let Some(pattern) = keywords.text("pattern")? {
        let compiled = regex::compiled(pattern)
            .map_err(|failure| refused(failure, "pattern must be a valid regex".to_owned()))?;
        node.pattern = Some((pattern.to_owned(), compiled));
    }
    node.format = keywords.text("format")?.map(str::to_owned);
    Ok(())
}

fn in_order(
    least: Option<usize>,
    least_key: &str,
    most: Option<usize>,
    most_key: &str,
) -> Result<(), Problem> {
    match (least, most) {
        (Some(least), Some(most)) if least > most => {
            Err(Problem::Invalid(format!("{least_key} cannot be greater than {most_key}")))
        }
        _ => Ok(()),
    }
}

fn counts(keywords: &Keywords<'_>, node: &mut Node) -> Result<(), Problem> {
    node.min_properties = keywords.count("minProperties")?;
    node.max_properties = keywords.count("maxProperties")?;
    in_order(node.min_properties, "minProperties", node.max_properties, "maxProperties")?;
    if let Some(required) = keywords.array("required")? {
        for name in strings(required).ok_or_else(|| Problem::invalid_type("string", "required"))? {
            if node.required.contains(&name) {
                return Err(Problem::invalid("required items must be unique"));
            }
            node.required.push(name);
        }
    }
    node.min_items = keywords.count("minItems")?;
    node.max_items = keywords.count("maxItems")?;
    node.unique_items = match keywords.get("uniqueItems") {
        None => false,
        Some(Value::Bool(unique)) => *unique,
        Some(_) => return Err(Problem::invalid("uniqueItems must be of a boolean")),
    };
    Ok(())
}

fn allowed(keywords: &Keywords<'_>) -> Result<Option<Vec<Value>>, Problem> {
    let Some(values) = keywords.array("enum")? else { return Ok(None) };
    let mut allowed: Vec<Value> = Vec::new();
    for value in values.iter() {
        if allowed.contains(value) {
            return Err(Problem::invalid("enum items must be unique"));
        }
        allowed.push(value.clone());
    }
    Ok(Some(allowed))
}
