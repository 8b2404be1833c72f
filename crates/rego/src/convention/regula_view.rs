//! Builds of a plan what Regula shows its rules: every planned resource by address, with `id`, `_type` and
//! `_provider`, and with the addresses that it refers to where a value is not known yet.

use std::collections::BTreeMap;

use regorus::Value;

/// A plan's modules nest less than this, and a hostile one must not exhaust the stack.
const DEPTH_LIMIT: usize = 64;

/// The input of Regula's rules.
pub(crate) fn input(plan: &Value) -> Value {
    let mut view = View { resources: BTreeMap::new(), references: BTreeMap::new(), unknown: BTreeMap::new() };
    view.configuration(&Scope::root(&plan["configuration"]["root_module"]), 0);
    for change in elements(&plan["resource_changes"]) {
        if let Some(address) = text(&change["address"]) {
            view.unknown.insert(address, change["change"]["after_unknown"].clone());
        }
    }
    view.module(&plan["planned_values"]["root_module"], 0);
    object([("resources", Value::from(view.resources)), ("_plan", plan.clone())])
}

fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::from(entries.map(|(key, value)| (Value::from(key), value)).into_iter().collect::<BTreeMap<_, _>>())
}

fn elements(value: &Value) -> impl Iterator<Item = &Value> {
    match value {
        Value::Array(elements) => Some(elements.iter()),
        _ => None,
    }
    .into_iter()
    .flatten()
}

fn entries(value: &Value) -> impl Iterator<Item = (&Value, &Value)> {
    value.as_object().ok().into_iter().flat_map(|object| object.iter_sorted())
}

fn text(value: &Value) -> Option<String> {
    value.as_string().ok().map(|text| text.to_string())
}

/// Where in a resource an expression stands, and what it refers to.
type Reference = (Vec<Value>, Vec<String>);

struct View {
    resources: BTreeMap<Value, Value>,
    /// By address in the configuration, which has no keys of instances.
    references: BTreeMap<String, Vec<Reference>>,
    unknown: BTreeMap<String, Value>,
}

/// A module of the configuration as it is called from its parents.
struct Scope<'p> {
    module: &'p Value,
    /// `module.network.`, or nothing for the root.
    prefix: String,
    /// The expressions of the call, and the module that calls.
    call: Option<(&'p Value, &'p Self)>,
}

impl<'p> Scope<'p> {
    const fn root(module: &'p Value) -> Self {
        Self { module, prefix: String::new(), call: None }
    }

    fn child(&'p self, name: &str, call: &'p Value) -> Self {
        Scope {
            module: &call["module"],
            prefix: format!("{}module.{name}.", self.prefix),
            call: Some((&call["expressions"], self)),
        }
    }

    /// What a reference leads to: through variables to what the caller passes, through outputs to what the
    /// module returns. One that leads nowhere stays as it is.
    fn resolve(&self, reference: &str, depth: usize) -> String {
        let here = || format!("{}{reference}", self.prefix);
        if depth > DEPTH_LIMIT {
            return here();
        }
        if let Some(variable) = reference.strip_prefix("var.") {
            let name = variable.split(['.', '[']).next().unwrap_or(variable);
            return match self.call {
                Some((expressions, caller)) => match references(&expressions[name]).as_slice() {
                    [only] => caller.resolve(only, depth + 1),
                    _ => here(),
                },
                None => here(),
            };
        }
        let mut steps = reference.splitn(3, '.');
        if let (Some("module"), Some(name), Some(output)) = (steps.next(), steps.next(), steps.next()) {
            let name = name.split('[').next().unwrap_or(name);
            let child = self.child(name, &self.module["module_calls"][name]);
            let output = output.split(['.', '[']).next().unwrap_or(output);
            if let [only] = references(&child.module["outputs"][output]["expression"]).as_slice() {
                return child.resolve(only, depth + 1);
            }
        }
        here()
    }
}

/// What an expression refers to. Terraform names both an attribute and its resource; the resource is what rules
/// look up, and of a module it is the output.
fn references(expression: &Value) -> Vec<String> {
    let all: Vec<String> = elements(&expression["references"]).filter_map(text).collect();
    let is_part = |whole: &str, part: &str| {
        part.len() > whole.len() && part.starts_with(whole) && part[whole.len()..].starts_with(['.', '['])
    };
    let is_doubled = |reference: &String| {
        all.iter().any(|other| {
            if reference.starts_with("module.") {
                is_part(reference, other)
            } else {
                is_part(other, reference)
            }
        })
    };
    all.iter().filter(|reference| !is_doubled(reference)).cloned().collect()
}

impl View {
    fn configuration(&mut self, scope: &Scope<'_>, depth: usize) {
        if depth > DEPTH_LIMIT {
            return;
        }
        for resource in elements(&scope.module["resources"]) {
            let Some(address) = text(&resource["address"]) else { continue };
            let mut found = Vec::new();
            expressions(&resource["expressions"], &mut Vec::new(), &mut found);
            for (_, references) in &mut found {
                for reference in references {
                    *reference = scope.resolve(reference, 0);
                }
            }
            self.references.insert(format!("{}{address}", scope.prefix), found);
        }
        for (name, call) in entries(&scope.module["module_calls"]) {
            if let Some(name) = text(name) {
                self.configuration(&scope.child(&name, call), depth + 1);
            }
        }
    }

    fn module(&mut self, module: &Value, depth: usize) {
        if depth > DEPTH_LIMIT {
            return;
        }
        for resource in elements(&module["resources"]) {
            self.resource(resource);
        }
        for child in elements(&module["child_modules"]) {
            self.module(child, depth + 1);
        }
    }

    fn resource(&mut self, resource: &Value) {
        let (Some(address), Some(kind)) = (text(&resource["address"]), text(&resource["type"])) else {
            return;
        };
        let is_data = text(&resource["mode"]).is_some_and(|mode| mode == "data");
        let kind = if is_data { format!("data.{kind}") } else { kind };
        let provider = text(&resource["provider_name"]).unwrap_or_default();
        let provider = provider.rsplit('/').next().unwrap_or_default();
        let mut values = Value::from(
            entries(&resource["values"])
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect::<BTreeMap<_, _>>(),
        );
        let unknown = self.unknown.get(&address).cloned().unwrap_or(Value::Undefined);
        let references = self.references.get(&without_keys(&address)).map(Vec::as_slice).unwrap_or_default();
        for (place, references) in references {
            let value = match references.as_slice() {
                [] => continue,
                [only] => Value::from(only.as_str()),
                several => {
                    Value::from(several.iter().map(|one| Value::from(one.as_str())).collect::<Vec<_>>())
                }
            };
            let mut paths = Vec::new();
            unknown_paths(at(&unknown, place), &mut place.clone(), &mut paths);
            for path in paths {
                values = with(&values, &path, &value);
            }
        }
        for (key, value) in [("id", address.as_str()), ("_type", &kind), ("_provider", provider)] {
            values = with(&values, &[Value::from(key)], &Value::from(value));
        }
        self.resources.insert(Value::from(address), values);
    }
}

/// An address without the keys of instances: `module.a.aws_x.y` of `module.a[0].aws_x.y["k"]`.
fn without_keys(address: &str) -> String {
    let (mut plain, mut depth, mut quoted, mut escaped) = (String::new(), 0_usize, false, false);
    for c in address.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if depth > 0 => quoted = !quoted,
            '[' if !quoted => depth += 1,
            ']' if !quoted => depth = depth.saturating_sub(1),
            c if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    plain
}

/// Every expression with references, however deep in blocks.
fn expressions(value: &Value, path: &mut Vec<Value>, found: &mut Vec<Reference>) {
    if !path.is_empty() && matches!(value["references"], Value::Array(_)) {
        found.push((path.clone(), references(value)));
        return;
    }
    for (key, inner) in entries(value) {
        path.push(key.clone());
        expressions(inner, path, found);
        path.pop();
    }
    for (index, inner) in elements(value).enumerate() {
        path.push(Value::from(index));
        expressions(inner, path, found);
        path.pop();
    }
}

fn at<'v>(value: &'v Value, path: &[Value]) -> &'v Value {
    path.iter().fold(value, |value, step| &value[step])
}

/// The places below `value` that are not known: where `after_unknown` says `true`.
fn unknown_paths(value: &Value, path: &mut Vec<Value>, found: &mut Vec<Vec<Value>>) {
    if *value == Value::Bool(true) {
        found.push(path.clone());
    }
    for (key, inner) in entries(value) {
        path.push(key.clone());
        unknown_paths(inner, path, found);
        path.pop();
    }
    for (index, inner) in elements(value).enumerate() {
        path.push(Value::from(index));
        unknown_paths(inner, path, found);
        path.pop();
    }
}

/// A copy of `value` in which `path` leads to `new`, if all but its last step is there.
fn with(value: &Value, path: &[Value], new: &Value) -> Value {
    let Some((step, rest)) = path.split_first() else { return new.clone() };
    let inner = &value[step];
    if rest.is_empty() || *inner != Value::Undefined {
        let inner = with(inner, rest, new);
        match value {
            Value::Object(object) => {
                let kept = object.iter_sorted().map(|(key, value)| (key.clone(), value.clone()));
                return Value::from(kept.chain([(step.clone(), inner)]).collect::<BTreeMap<_, _>>());
            }
            Value::Array(array) => {
                let index = step.as_u64().ok().and_then(|index| usize::try_from(index).ok());
                let mut elements: Vec<Value> = array.iter().cloned().collect();
                if let Some(place) = index.and_then(|index| elements.get_mut(index)) {
                    *place = inner;
                }
                return Value::from(elements);
            }
            _ => {}
        }
    }
    value.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_stand_where_values_are_unknown() {
        let plan = r#"{
            "planned_values": {"root_module": {
                "resources": [{"address": "aws_s3_bucket.b", "type": "aws_s3_bucket", "mode": "managed",
                    "provider_name": "registry.example/hashicorp/aws", "values": {"bucket": "b"}}],
                "child_modules": [{"resources": [{"address": "module.m[\"a.b\"].aws_policy.p[0]",
                    "type": "aws_policy", "mode": "managed", "values": {"rule": [{"name": "n"}]}},
                    {"address": "module.m[\"a.b\"].data.aws_doc.d", "type": "aws_doc", "mode": "data"}]}]}},
            "resource_changes": [{"address": "module.m[\"a.b\"].aws_policy.p[0]",
                "change": {"after_unknown": {"bucket": true, "policy": true, "rule": [{"id": true}]}}}],
            "configuration": {"root_module": {
                "resources": [{"address": "aws_s3_bucket.b", "expressions": {}}],
                "module_calls": {"m": {
                    "expressions": {"bucket": {"references": ["aws_s3_bucket.b.id", "aws_s3_bucket.b"]}},
                    "module": {"resources": [{"address": "aws_policy.p", "expressions": {
                        "bucket": {"references": ["var.bucket"]},
                        "policy": {"references": ["data.aws_doc.d.json", "data.aws_doc.d"]},
                        "rule": [{"id": {"references": ["aws_a.x", "aws_a.y"]}}]}}]}}}}}
        }"#;
        let input = input(&Value::from_json_str(plan).unwrap());
        let bucket = &input["resources"]["aws_s3_bucket.b"];
        assert_eq!(bucket["_type"], Value::from("aws_s3_bucket"));
        assert_eq!(bucket["_provider"], Value::from("aws"));
        assert_eq!(bucket["bucket"], Value::from("b"));
        let policy = &input["resources"]["module.m[\"a.b\"].aws_policy.p[0]"];
        assert_eq!(policy["bucket"], Value::from("aws_s3_bucket.b"));
        assert_eq!(policy["policy"], Value::from("module.m.data.aws_doc.d"));
        assert_eq!(policy["rule"][0]["name"], Value::from("n"));
        assert_eq!(policy["rule"][0]["id"][1], Value::from("module.m.aws_a.y"));
        assert_eq!(
            input["resources"]["module.m[\"a.b\"].data.aws_doc.d"]["_type"],
            Value::from("data.aws_doc")
        );
        assert_eq!(input["_plan"]["resource_changes"][0]["address"], policy["id"]);
    }

    #[test]
    fn outputs_lead_into_modules() {
        let module = r#"{"module_calls": {"m": {"module": {"outputs": {"id": {"expression": {"references":
            ["aws_s3_bucket.b.id", "aws_s3_bucket.b"]}}}}}}}"#;
        let module = Value::from_json_str(module).unwrap();
        let scope = Scope::root(&module);
        assert_eq!(scope.resolve("module.m.id", 0), "module.m.aws_s3_bucket.b");
        assert_eq!(scope.resolve("module.m.other", 0), "module.m.other");
        assert_eq!(scope.resolve("var.x", 0), "var.x");
    }
}
