//! Follows references through variables, module calls and outputs to the resources and constants behind
//! them.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::ops::Bound;

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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResolvedReference {
    /// The address in the configuration: with modules, without keys.
    pub address: String,
    /// The attribute that is read, for example `id`; empty for the whole resource.
    pub attribute: String,
    /// The instance key in the reference as written, for example `[0]` or `["a"]`.
    pub key: Option<String>,
}

impl fmt::Display for ResolvedReference {
    /// Writes the address with the attribute, if there is one: `aws_kms_key.logs.arn`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)?;
        if self.attribute.is_empty() { Ok(()) } else { write!(f, ".{}", self.attribute) }
    }
}

/// What the files of a configuration say that a plan leaves out.
#[derive(Clone, Copy)]
pub struct Unseen<'s> {
    /// The references of a local value, by the path of its module without keys and its name; `None` if the files do not tell.
    pub local: &'s dyn Fn(&str, &str) -> Option<Vec<String>>,
    /// The references in `dynamic` blocks of a resource, by its address without keys.
    pub dynamic: &'s dyn Fn(&str) -> Vec<String>,
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
        self.resolve_with(module, expression, repetition, None)
    }

    /// The same, through what the plan leaves out.
    pub(super) fn resolve_with<'p>(
        &'p self,
        module: usize,
        expression: &'p Value<'p>,
        repetition: Option<&'p Value<'p>>,
        unseen: Option<Unseen<'p>>,
    ) -> Resolution<'p> {
        let mut walk =
            Walk { configuration: self, unseen, resolution: Resolution::default(), visited: HashSet::new() };
        walk.expression(module, expression, repetition);
        walk.resolution
    }

    /// Resolves a reference as `depends_on` writes it, in the module at `module`. A whole module stays unresolved.
    pub(super) fn resolve_reference<'p>(
        &'p self,
        module: usize,
        reference: &str,
        unseen: Option<Unseen<'p>>,
    ) -> Resolution<'p> {
        let mut walk =
            Walk { configuration: self, unseen, resolution: Resolution::default(), visited: HashSet::new() };
        walk.reference(module, reference, None);
        walk.resolution
    }

    /// The objects that an expression in the module at `module` names, by their addresses in the configuration: each
    /// reference is followed through variables and outputs as long as these are one reference themselves. A reference
    /// that ends at something else is returned as written, after the path of its module.
    pub fn referents(&self, module: usize, expression: &Value<'_>) -> Vec<String> {
        let mut met = HashSet::new();
        let referents =
            named_objects(expression).into_iter().map(|reference| self.referent(module, reference));
        referents.filter(|referent| met.insert(referent.clone())).collect()
    }

    fn referent(&self, mut module: usize, reference: &str) -> String {
        let mut reference = reference.to_owned();
        let mut visited = HashSet::new();
        while visited.insert((module, reference.clone())) {
            match self.target(module, &reference) {
                Target::Resource(resource) => return resource.address,
                Target::Expression { module: inner, expression, .. } => {
                    let [only] = named_objects(expression)[..] else { break };
                    (module, reference) = (inner, only.to_owned());
                }
                Target::Constant(_)
                | Target::RootVariable(_)
                | Target::Repetition
                | Target::Known
                | Target::NotInPlan => break,
            }
        }
        match self.modules().get(module).map_or("", |module| module.path.as_str()) {
            "" => reference,
            path => format!("{path}.{reference}"),
        }
    }

    /// What a reference in the module at `module` leads to in one step.
    fn target<'p>(&'p self, module: usize, reference: &str) -> Target<'p> {
        planguard_work::steps(1);
        let names = split(reference);
        let name = |position: usize| names.get(position).map(|name| name.name.as_str());
        match name(0) {
            Some("var") => self.variable(module, name(1).unwrap_or_default()),
            Some("module") => self.module_output(module, name(1), name(2)).unwrap_or(Target::NotInPlan),
            // Keys are known while planning, whatever they come from.
            Some("each") if name(1) == Some("key") => Target::Known,
            Some("each") => Target::Repetition,
            Some("count" | "self" | "path" | "terraform") | None => Target::Known,
            Some(first) => {
                let (prefix, names) = match names.split_first() {
                    Some((_, rest)) if first == "data" || first == "ephemeral" => (first, rest),
                    Some(_) | None => ("", &names[..]),
                };
                self.resource_target(module, prefix, names)
            }
        }
    }

    fn variable<'p>(&'p self, module: usize, name: &str) -> Target<'p> {
        let Some(here) = self.modules().get(module) else { return Target::NotInPlan };
        let Some(place) = here.caller else { return Target::RootVariable(name.to_owned()) };
        let Some(call) = self.call(place) else { return Target::NotInPlan };
        let (caller, _) = place;
        if let Some(expression) = call.expressions.get(name) {
            let repetition = call.repetition.as_ref();
            return Target::Expression { module: caller, expression, repetition };
        }
        match here.variable(name) {
            // A variable that no caller sets has a default; where the plan shows none, it is null.
            Some(variable) => Target::Constant(variable.default.as_ref().unwrap_or(&Value::Null)),
            None => Target::Known,
        }
    }

    fn module_output(&self, module: usize, call: Option<&str>, output: Option<&str>) -> Option<Target<'_>> {
        let target = self.modules().get(module)?.call(call?)?.module?;
        let expression = self.modules().get(target)?.output(output?)?.expression.as_ref()?;
        Some(Target::Expression { module: target, expression, repetition: None })
    }

    fn resource_target(&self, module: usize, prefix: &str, names: &[Name]) -> Target<'_> {
        let [resource_type, name, rest @ ..] = names else { return Target::NotInPlan };
        let Some(here) = self.modules().get(module) else { return Target::NotInPlan };
        let segments = [here.path.as_str(), prefix, &resource_type.name, &name.name];
        let segments: Vec<&str> = segments.into_iter().filter(|segment| !segment.is_empty()).collect();
        let address = segments.join(".");
        if self.resource_by_address(&address).is_none() {
            return Target::NotInPlan;
        }
        let attribute: Vec<&str> = rest.iter().map(|name| name.name.as_str()).collect();
        Target::Resource(ResolvedReference { address, attribute: attribute.join("."), key: name.key.clone() })
    }
}

/// What a reference leads to in one step.
enum Target<'p> {
    /// An expression of the module at this position, with the expression of the block's `for_each`.
    Expression { module: usize, expression: &'p Value<'p>, repetition: Option<&'p Value<'p>> },
    /// The default of a variable.
    Constant(&'p Value<'p>),
    /// A variable of the root module.
    RootVariable(String),
    /// A resource.
    Resource(ResolvedReference),
    /// An element of the block's own `for_each`.
    Repetition,
    /// Something that is known while planning.
    Known,
    /// Something that the plan does not explain.
    NotInPlan,
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
    unseen: Option<Unseen<'p>>,
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
        let all = References::new(&references);
        for reference in references {
            if !all.is_prefix_of_another(reference) {
                self.reference(module, reference, repetition);
            }
        }
    }

    fn reference(&mut self, module: usize, reference: &str, repetition: Option<&'p Value<'p>>) {
        if !self.visited.insert((module, reference.to_owned())) {
            return;
        }
        match self.configuration.target(module, reference) {
            Target::Expression { module, expression, repetition } => {
                self.expression(module, expression, repetition);
            }
            Target::Constant(constant) => self.resolution.constants.push(constant),
            Target::RootVariable(name) => self.resolution.variables.push(name),
            Target::Resource(resource) => self.resolution.resources.push(resource),
            Target::Repetition => {
                if let Some(repetition) = repetition {
                    self.expression(module, repetition, None);
                }
            }
            Target::Known => {}
            Target::NotInPlan => match self.local(module, reference) {
                Some(references) => {
                    references.iter().for_each(|reference| self.reference(module, reference, None));
                }
                None => self.resolution.unresolved.push(reference.to_owned()),
            },
        }
    }

    /// The references of the local value that a reference names.
    fn local(&self, module: usize, reference: &str) -> Option<Vec<String>> {
        let unseen = self.unseen?;
        let name = reference.strip_prefix("local.")?.split(['.', '[']).next()?;
        (unseen.local)(&self.configuration.modules().get(module)?.path, name)
    }
}

/// The objects that an expression names. Terraform lists a reference together with its prefixes; the shortest is the
/// object, but of a module it is the output.
fn named_objects<'v>(expression: &'v Value<'_>) -> Vec<&'v str> {
    let elements = expression.get("references").map_or(&[][..], Value::elements);
    let all: Vec<&str> = elements.iter().filter_map(Value::as_str).collect();
    let references = References::new(&all);
    let is_object = |reference: &&str| match reference.starts_with("module.") {
        true => !references.is_prefix_of_another(reference),
        false => !references.has_prefix_of(reference),
    };
    all.iter().copied().filter(is_object).collect()
}

/// The references of an expression. Terraform lists one together with its prefixes: `aws_x.a.id` and `aws_x.a`.
struct References<'v>(BTreeSet<&'v str>);

impl<'v> References<'v> {
    fn new(all: &[&'v str]) -> Self {
        planguard_work::steps(all.len());
        Self(all.iter().copied().collect())
    }

    /// Whether a reference is a prefix of another one, looked up in the order of their letters.
    fn is_prefix_of_another(&self, reference: &str) -> bool {
        ['.', '['].into_iter().any(|next| {
            let longer = format!("{reference}{next}");
            let next = self.0.range::<str, _>((Bound::Included(longer.as_str()), Bound::Unbounded)).next();
            next.is_some_and(|next| next.starts_with(&longer))
        })
    }

    /// Whether one of them is a prefix of a reference.
    fn has_prefix_of(&self, reference: &str) -> bool {
        let mut prefixes = reference.match_indices(['.', '[']).filter_map(|(end, _)| reference.get(..end));
        prefixes.any(|prefix| self.0.contains(prefix))
    }
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
    fn referents_are_objects_behind_variables_and_outputs() {
        let configuration = configuration();
        let referents = |module: usize, references: &str| {
            let text = format!(r#"{{"references": [{references}]}}"#);
            configuration.referents(module, &Value::parse(&text, &DuplicateKeys::default()).unwrap())
        };
        let inner = configuration.modules().iter().position(|module| module.path == "module.app").unwrap();
        assert_eq!(referents(inner, r#""var.bucket""#), ["aws_s3_bucket.logs"]);
        assert_eq!(referents(0, r#""module.app[0].out", "module.app""#), ["module.app.aws_s3_object.o"]);
        assert_eq!(referents(0, r#""module.app.other", "module.app""#), ["module.app.other"]);
        assert_eq!(
            referents(inner, r#""aws_s3_object.o[0].etag", "aws_s3_object.o[0]", "aws_s3_object.o""#),
            ["module.app.aws_s3_object.o"]
        );
        assert_eq!(
            referents(inner, r#""var.label", "local.a.b", "local.a""#),
            ["var.name", "module.app.local.a"]
        );
        assert_eq!(referents(inner, r#""var.literal""#), ["module.app.var.literal"]);
        assert!(referents(0, "").is_empty());
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
        assert_eq!(configuration.referents(0, &expression).len(), 1);
    }
}
