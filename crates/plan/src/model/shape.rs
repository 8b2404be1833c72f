//! Finds what of a configuration does not have the JSON type of the plan format, and says where it is.

use super::value::Value;

/// A value of another JSON type than that of the plan format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mistyped {
    /// Where it is: `configuration.root_module.resources[3].depends_on`.
    pub(super) place: String,
    /// What it should be.
    pub(super) expected: &'static str,
}

const OBJECT: &str = "an object";
const LIST: &str = "a list of objects";
const TEXTS: &str = "a list of texts";

/// A value with its place, which is put together only where it is told.
#[derive(Clone, Copy)]
struct At<'v> {
    value: &'v Value<'v>,
    step: Step<'v>,
    outer: Option<&'v Self>,
}

#[derive(Clone, Copy)]
enum Step<'v> {
    Key(&'v str),
    Position(usize),
}

impl<'v> At<'v> {
    fn place(&self) -> String {
        let outer = self.outer.map(At::place).unwrap_or_default();
        match self.step {
            Step::Key(key) if outer.is_empty() => key.to_owned(),
            Step::Key(key) => format!("{outer}.{key}"),
            Step::Position(position) => format!("{outer}[{position}]"),
        }
    }

    fn is_not(&self, expected: &'static str) -> Option<Mistyped> {
        Some(Mistyped { place: self.place(), expected })
    }

    /// Looks at the member of this name, if there is one.
    fn key(&self, key: &'static str, look: impl FnOnce(&At<'_>) -> Option<Mistyped>) -> Option<Mistyped> {
        let value = self.value.get(key).filter(|value| **value != Value::Null)?;
        look(&At { value, step: Step::Key(key), outer: Some(self) })
    }

    /// Looks at each member of an object.
    fn members(&self, look: impl Fn(&At<'_>) -> Option<Mistyped>) -> Option<Mistyped> {
        let Value::Object(object) = self.value else { return self.is_not(OBJECT) };
        object
            .members()
            .iter()
            .find_map(|(key, value)| look(&At { value, step: Step::Key(key), outer: Some(self) }))
    }

    /// Looks at each element of a list.
    fn elements(&self, look: impl Fn(&At<'_>) -> Option<Mistyped>) -> Option<Mistyped> {
        let Value::Array(elements) = self.value else { return self.is_not(LIST) };
        let elements = elements.iter().enumerate();
        elements
            .map(|(position, value)| At { value, step: Step::Position(position), outer: Some(self) })
            .find_map(|element| look(&element))
    }

    const fn is_object(&self) -> bool {
        matches!(self.value, Value::Object(_))
    }
}

pub(super) fn of_configuration(value: &Value<'_>) -> Option<Mistyped> {
    let all = At { value, step: Step::Key("configuration"), outer: None };
    if !all.is_object() {
        return all.is_not(OBJECT);
    }
    all.key("provider_config", |providers| providers.members(block))
        .or_else(|| all.key("root_module", module))
}

fn module(module: &At<'_>) -> Option<Mistyped> {
    if !module.is_object() {
        return module.is_not(OBJECT);
    }
    module
        .key("outputs", |outputs| {
            outputs.members(|output| block(output).or_else(|| output.key("expression", expressions)))
        })
        .or_else(|| module.key("variables", |variables| variables.members(nothing_or_object)))
        .or_else(|| module.key("resources", |resources| resources.elements(resource)))
        .or_else(|| {
            module.key("module_calls", |calls| {
                calls.members(|call| block(call).or_else(|| call.key("module", self::module)))
            })
        })
}

fn resource(resource: &At<'_>) -> Option<Mistyped> {
    if !resource.is_object() {
        return resource.is_not(OBJECT);
    }
    block(resource).or_else(|| resource.key("provisioners", |provisioners| provisioners.elements(block)))
}

fn nothing_or_object(value: &At<'_>) -> Option<Mistyped> {
    if *value.value == Value::Null || value.is_object() { None } else { value.is_not(OBJECT) }
}

/// What a block of any kind has: expressions, a repetition, and what it depends on.
fn block(block: &At<'_>) -> Option<Mistyped> {
    nothing_or_object(block)
        .or_else(|| block.key("expressions", |all| nothing_or_object(all).or_else(|| expressions(all))))
        .or_else(|| block.key("for_each_expression", expressions))
        .or_else(|| block.key("count_expression", expressions))
        .or_else(|| block.key("depends_on", texts))
}

/// What expressions refer to, however deep they are. A constant may have any shape.
fn expressions(value: &At<'_>) -> Option<Mistyped> {
    match value.value {
        Value::Object(object) => object.members().iter().find_map(|(key, inner)| {
            let inner = At { value: inner, step: Step::Key(key), outer: Some(value) };
            match key.as_ref() {
                "constant_value" => None,
                "references" => references(&inner),
                _ => expressions(&inner),
            }
        }),
        Value::Array(_) => value.elements(expressions),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// A list of texts, unless an attribute or block of the schema has this name.
fn references(value: &At<'_>) -> Option<Mistyped> {
    match value.value {
        Value::Object(_) => expressions(value),
        Value::Array(elements) if elements.iter().all(|element| matches!(element, Value::Object(_))) => {
            value.elements(expressions)
        }
        Value::Null => None,
        Value::Array(_) | Value::Bool(_) | Value::Number(_) | Value::String(_) => texts(value),
    }
}

fn texts(value: &At<'_>) -> Option<Mistyped> {
    let Value::Array(elements) = value.value else { return value.is_not(TEXTS) };
    let are_texts = elements.iter().all(|element| matches!(element, Value::String(_)));
    if are_texts { None } else { value.is_not(TEXTS) }
}

#[cfg(test)]
mod tests {
    use super::super::value::DuplicateKeys;
    use super::*;

    fn mistyped(text: &str) -> Option<(String, &'static str)> {
        let value = Value::parse(text, &DuplicateKeys::default()).unwrap();
        of_configuration(&value).map(|mistyped| (mistyped.place, mistyped.expected))
    }

    #[test]
    fn each_place_is_told() {
        for (text, place, expected) in [
            (r#""x""#, "configuration", OBJECT),
            (r#"{"root_module": []}"#, "configuration.root_module", OBJECT),
            (r#"{"provider_config": {"aws": 1}}"#, "configuration.provider_config.aws", OBJECT),
            (r#"{"root_module": {"resources": {}}}"#, "configuration.root_module.resources", LIST),
            (
                r#"{"root_module": {"resources": [{}, {"depends_on": "aws_vpc.main"}]}}"#,
                "configuration.root_module.resources[1].depends_on",
                TEXTS,
            ),
            (
                r#"{"root_module": {"module_calls": {"m": {"module": {"resources": [{"depends_on": [1]}]}}}}}"#,
                "configuration.root_module.module_calls.m.module.resources[0].depends_on",
                TEXTS,
            ),
            (
                r#"{"root_module": {"resources": [{"expressions": {"a": [{"b": {"references": "aws_x.y"}}]}}]}}"#,
                "configuration.root_module.resources[0].expressions.a[0].b.references",
                TEXTS,
            ),
            (
                r#"{"root_module": {"resources": [{"count_expression": {"references": ["var.a", 1]}}]}}"#,
                "configuration.root_module.resources[0].count_expression.references",
                TEXTS,
            ),
            (
                r#"{"root_module": {"outputs": {"o": {"expression": {"references": 1}}}}}"#,
                "configuration.root_module.outputs.o.expression.references",
                TEXTS,
            ),
        ] {
            assert_eq!(mistyped(text), Some((place.to_owned(), expected)), "{text}");
        }
    }

    #[test]
    fn what_the_format_allows_is_right() {
        for text in [
            "{}",
            r#"{"root_module": null, "provider_config": {"aws": {"expressions": null}}}"#,
            // An attribute and a block with the name of the key of the format, and a constant of any shape.
            r#"{"root_module": {"resources": [{"depends_on": ["a.b"], "expressions": {
                "x": {"references": {"constant_value": 1}}, "y": [{"references": [{"z": {"references": ["a.b"]}}]}],
                "c": {"constant_value": {"references": 1}}}}]}}"#,
        ] {
            assert_eq!(mistyped(text), None, "{text}");
        }
    }
}
