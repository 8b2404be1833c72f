//! Follows references through variables, module calls and outputs to the resources and constants behind
//! them.

use std::collections::HashSet;

use super::configuration::Configuration;
use super::value::Value;

/// The dependencies of an expression, with every variable and output resolved.
#[derive(Debug, Default)]
pub struct Resolution<'p> {
    /// The resources, by their address in the configuration.
    pub resources: Vec<ResolvedReference>,
    /// The constants that the expression gets.
    pub constants: Vec<&'p Value<'p>>,
    /// The root module's variables.
    pub variables: Vec<String>,
    /// References that the plan cannot resolve: locals, whole modules, blocks that it does not contain.
    pub unresolved: Vec<String>,
}

/// A resource that an expression refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedReference {
    /// The address in the configuration: with modules, without keys.
    pub address: String,
    /// The attribute that is read, for example `id`; empty for the whole resource.
    pub attribute: String,
    /// The instance key in the reference as written, for example `[0]` or `["a"]`.
    pub key: Option<String>,
}

impl Configuration<'_> {
    /// Resolves an expression of a resource or call in the module at `module`. `repetition` is the
    /// expression of the block's own `for_each`, behind `each.key` and `each.value`.
    pub fn resolve<'p>(
        &'p self,
        module: usize,
        expression: &'p Value<'p>,
        repetition: Option<&'p Value<'p>>,
    ) -> Resolution<'p> {
        let mut walk =
            Walk { configuration: self, resolution: Resolution::default(), visited: HashSet::new() };
        walk.expression(module, expression, repetition);
        walk.resolution
    }
}

/// Whether a value in `expressions` is an expression, and not blocks or a nested object of expressions. An
/// expression without constants and references is an empty object.
pub(super) fn is_expression(value: &Value<'_>) -> bool {
    match value {
        Value::Object(object) => {
            object.members().is_empty()
                || object.get("constant_value").is_some()
                || object.get("references").is_some()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => false,
    }
}

struct Walk<'p> {
    configuration: &'p Configuration<'p>,
    resolution: Resolution<'p>,
    visited: HashSet<(usize, String)>,
}

impl<'p> Walk<'p> {
    fn expression(&mut self, module: usize, expression: &'p Value<'p>, repetition: Option<&'p Value<'p>>) {
        if !is_expression(expression) {
            for element in expression.elements() {
                self.expression(module, element, repetition);
            }
            for (_, member) in expression.members() {
                self.expression(module, member, repetition);
            }
            return;
        }
        if let Some(constant) = expression.get("constant_value") {
            self.resolution.constants.push(constant);
        }
        let references: Vec<&str> = expression
            .get("references")
            .map_or(&[][..], Value::elements)
            .iter()
            .filter_map(Value::as_str)
            .collect();
        for reference in &references {
            if !is_prefix_of_another(reference, &references) {
                self.reference(module, reference, repetition);
            }
        }
    }

    fn reference(&mut self, module: usize, reference: &str, repetition: Option<&'p Value<'p>>) {
        if !self.visited.insert((module, reference.to_owned())) {
            return;
        }
        let names = split(reference);
        let name = |position: usize| names.get(position).map(|name| name.name.as_str());
        match name(0) {
            Some("var") => self.variable(module, name(1).unwrap_or_default()),
            Some("module") => self.module_output(module, name(1), name(2), reference),
            // Keys are known while planning.
            Some("each") if name(1) == Some("key") => {}
            Some("each") => {
                if let Some(repetition) = repetition {
                    self.expression(module, repetition, None);
                }
            }
            Some("count" | "self" | "path" | "terraform") => {}
            Some(first) => {
                let (prefix, names) = match names.split_first() {
                    Some((_, rest)) if first == "data" || first == "ephemeral" => (first, rest),
                    Some(_) | None => ("", &names[..]),
                };
                self.resource(module, prefix, names, reference);
            }
            None => {}
        }
    }

    fn variable(&mut self, module: usize, name: &str) {
        let Some(here) = self.configuration.modules().get(module) else { return };
        let caller = here.caller.and_then(|at| Some((at.0, self.configuration.call(at)?)));
        let Some((caller, call)) = caller else {
            self.resolution.variables.push(name.to_owned());
            return;
        };
        if let Some(expression) = call.expressions.get(name) {
            self.expression(caller, expression, call.repetition.as_ref());
        } else if let Some(variable) = here.variable(name) {
            // A variable that the caller does not set has a default; without one in the plan, it is null.
            self.resolution.constants.push(variable.default.as_ref().unwrap_or(&Value::Null));
        }
    }

    fn module_output(&mut self, module: usize, call: Option<&str>, output: Option<&str>, reference: &str) {
        let modules = self.configuration.modules();
        let here = modules.get(module);
        let target = call.and_then(|call| here?.call(call)).and_then(|call| call.module);
        let expression = target.zip(output).and_then(|(target, output)| {
            let output = modules.get(target)?.output(output)?;
            Some((target, output.expression.as_ref()?))
        });
        match expression {
            Some((target, expression)) => self.expression(target, expression, None),
            None => self.resolution.unresolved.push(reference.to_owned()),
        }
    }

    fn resource(&mut self, module: usize, prefix: &str, names: &[Name], reference: &str) {
        let [resource_type, name, rest @ ..] = names else {
            self.resolution.unresolved.push(reference.to_owned());
            return;
        };
        let path = self.configuration.modules().get(module).map_or("", |module| module.path.as_str());
        let segments = [path, prefix, &resource_type.name, &name.name];
        let segments: Vec<&str> = segments.into_iter().filter(|segment| !segment.is_empty()).collect();
        let address = segments.join(".");
        if self.configuration.resource_by_address(&address).is_none() {
            self.resolution.unresolved.push(reference.to_owned());
            return;
        }
        let attribute: Vec<&str> = rest.iter().map(|name| name.name.as_str()).collect();
        self.resolution.resources.push(ResolvedReference {
            address,
            attribute: attribute.join("."),
            key: name.key.clone(),
        });
    }
}

/// Terraform lists a reference together with its prefixes: `aws_x.a.id` and `aws_x.a`.
fn is_prefix_of_another(reference: &str, all: &[&str]) -> bool {
    all.iter().any(|other| {
        other.strip_prefix(reference).is_some_and(|rest| rest.starts_with('.') || rest.starts_with('['))
    })
}

/// One name of a reference, with its index as written.
struct Name {
    name: String,
    key: Option<String>,
}

/// Splits a reference at its dots. Brackets may contain anything: the syntax may be extended.
fn split(reference: &str) -> Vec<Name> {
    let mut names = vec![Name { name: String::new(), key: None }];
    let mut depth = 0usize;
    let mut quoted = false;
    let mut escaped = false;
    for character in reference.chars() {
        let at_name = depth == 0 && !quoted;
        if at_name && character == '.' {
            names.push(Name { name: String::new(), key: None });
            continue;
        }
        let inside_quotes = quoted;
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '[' if !quoted => depth += 1,
            ']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        let Some(last) = names.last_mut() else { continue };
        if at_name && character != '[' {
            last.name.push(character);
        } else if depth > 0 || inside_quotes || character == ']' {
            last.key.get_or_insert_default().push(character);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::super::value::DuplicateKeys;
    use super::*;

    const NESTED: &str = r#"{
        "root_module": {
            "variables": {"name": {}},
            "resources": [
                {"mode": "managed", "type": "aws_s3_bucket", "name": "logs", "expressions": {}}
            ],
            "module_calls": {
                "app": {
                    "expressions": {
                        "bucket": {"references": ["aws_s3_bucket.logs.id", "aws_s3_bucket.logs"]},
                        "label": {"references": ["var.name"]},
                        "literal": {"constant_value": "x"}
                    },
                    "module": {
                        "variables": {"bucket": {}, "label": {}, "literal": {}, "fallback": {"default": 7}, "optional": {}},
                        "outputs": {"out": {"expression": {"references": ["aws_s3_object.o[0].etag", "aws_s3_object.o[0]", "aws_s3_object.o"]}}},
                        "resources": [
                            {"mode": "managed", "type": "aws_s3_object", "name": "o", "expressions": {
                                "bucket": {"references": ["var.bucket"]},
                                "key": {"references": ["var.label", "local.suffix"]},
                                "acl": {"references": ["var.literal"]},
                                "size": {"references": ["var.fallback"]},
                                "nothing": {"references": ["var.optional"]},
                                "key_only": {"references": ["each.key", "each"]},
                                "each": {"references": ["each.value.a", "each.value", "each"]}
                            }, "for_each_expression": {"references": ["var.bucket"]}}
                        ]
                    }
                }
            }
        }
    }"#;

    fn resolve<'p>(configuration: &'p Configuration<'p>, attribute: &str) -> Resolution<'p> {
        let (module, resource) = configuration.resource_by_address("module.app.aws_s3_object.o").unwrap();
        let expression = resource.expressions.get(attribute).unwrap();
        configuration.resolve(module, expression, resource.repetition.as_ref())
    }

    fn configuration() -> Configuration<'static> {
        Configuration::new(Value::parse(NESTED, &DuplicateKeys::default()).unwrap())
    }

    #[test]
    fn variables_lead_to_the_callers_resource() {
        let configuration = configuration();
        let expected = ResolvedReference {
            address: "aws_s3_bucket.logs".to_owned(),
            attribute: "id".to_owned(),
            key: None,
        };
        assert_eq!(resolve(&configuration, "bucket").resources, std::slice::from_ref(&expected));
        assert_eq!(resolve(&configuration, "each").resources, [expected]);
    }

    #[test]
    fn constants_root_variables_and_locals_are_told_apart() {
        let configuration = configuration();
        assert_eq!(resolve(&configuration, "acl").constants, [&Value::String("x".into())]);
        assert_eq!(resolve(&configuration, "size").constants, [&Value::Number(7.into())]);
        assert_eq!(resolve(&configuration, "nothing").constants, [&Value::Null]);
        assert!(resolve(&configuration, "key_only").unresolved.is_empty());
        let key = resolve(&configuration, "key");
        assert_eq!(key.variables, ["name"]);
        assert_eq!(key.unresolved, ["local.suffix"]);
    }

    #[test]
    fn outputs_lead_into_the_module() {
        let configuration = configuration();
        let expression = r#"{"references": ["module.app[\"a.b\"].out", "module.app"]}"#;
        let expression = Value::parse(expression, &DuplicateKeys::default()).unwrap();
        let resolution = configuration.resolve(0, &expression, None);
        assert_eq!(
            resolution.resources,
            [ResolvedReference {
                address: "module.app.aws_s3_object.o".to_owned(),
                attribute: "etag".to_owned(),
                key: Some("[0]".to_owned()),
            }]
        );
    }

    #[test]
    fn references_in_a_circle_end() {
        let text = r#"{"root_module": {"module_calls": {"m": {
            "expressions": {"a": {"references": ["module.m.b"]}},
            "module": {"variables": {"a": {}}, "outputs": {"b": {"expression": {"references": ["var.a"]}}}}
        }}}}"#;
        let configuration = Configuration::new(Value::parse(text, &DuplicateKeys::default()).unwrap());
        let expression = r#"{"references": ["module.m.b"]}"#;
        let expression = Value::parse(expression, &DuplicateKeys::default()).unwrap();
        assert!(configuration.resolve(0, &expression, None).resources.is_empty());
    }
}
