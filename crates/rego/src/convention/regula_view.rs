//! Builds from a plan the input of Regula's rules: every planned resource by address, with `id`, `_type` and
//! `_provider`, and with the addresses of the resources that it refers to in place of values that are not known yet.

use std::collections::BTreeMap;

use planguard_plan::{Address, Configuration, Value as Expression};
use regorus::Value;

/// The modules of a plan nest less than this, and a hostile plan must not exhaust the stack.
const DEPTH_LIMIT: usize = 64;

/// The input of Regula's rules.
pub(crate) fn input(plan: &Value) -> Value {
    let mut view = View { resources: BTreeMap::new(), references: BTreeMap::new(), unknown: BTreeMap::new() };
    // What is not a configuration has no references. The plan itself has been parsed, so its text is JSON.
    let configuration = plan["configuration"].to_json_str().unwrap_or_default();
    if let Ok(configuration) = Configuration::parse(&configuration) {
        view.configuration(&configuration);
    }
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

/// The path of an expression in a resource, and the addresses that it refers to.
type Reference = (Vec<Value>, Vec<String>);

struct View {
    resources: BTreeMap<Value, Value>,
    /// By address in the configuration, which has no instance keys.
    references: BTreeMap<String, Vec<Reference>>,
    unknown: BTreeMap<String, Value>,
}

impl View {
    fn configuration(&mut self, configuration: &Configuration<'_>) {
        for (position, module) in configuration.modules().iter().enumerate() {
            for resource in &module.resources {
                let mut found = Vec::new();
                let mut see = |path: &[Value], expression: &Expression<'_>| {
                    found.push((path.to_vec(), configuration.referents(position, expression)));
                };
                each_reference(&resource.expressions, &mut Vec::new(), &mut see);
                self.references.insert(resource.address.clone(), found);
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
        let block = address.parse::<Address>().map(|address| address.configuration_address());
        let references = block.ok().and_then(|block| self.references.get(&block));
        let references = references.map(Vec::as_slice).unwrap_or_default();
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

/// Shows every expression with references to `see`, with its path, however deep in blocks.
fn each_reference(
    value: &Expression<'_>,
    path: &mut Vec<Value>,
    see: &mut dyn FnMut(&[Value], &Expression<'_>),
) {
    if !path.is_empty() && matches!(value.get("references"), Some(Expression::Array(_))) {
        see(path, value);
        return;
    }
    for (key, inner) in value.members() {
        path.push(Value::from(key.as_ref()));
        each_reference(inner, path, see);
        path.pop();
    }
    for (index, inner) in value.elements().iter().enumerate() {
        path.push(Value::from(index));
        each_reference(inner, path, see);
        path.pop();
    }
}

fn at<'v>(value: &'v Value, path: &[Value]) -> &'v Value {
    path.iter().fold(value, |value, step| &value[step])
}

/// The paths below `value` that are known after apply: those with `true` in `after_unknown`.
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

/// A copy of `value` with `new` at `path`, if all of `path` but its last step exists.
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
    fn unknown_values_are_replaced_by_references() {
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
                "resources": [{"address": "aws_s3_bucket.b", "mode": "managed", "type": "aws_s3_bucket",
                    "name": "b", "expressions": {}}],
                "module_calls": {"m": {
                    "expressions": {"bucket": {"references": ["aws_s3_bucket.b.id", "aws_s3_bucket.b"]}},
                    "module": {"resources": [{"address": "aws_policy.p", "mode": "managed", "type": "aws_policy",
                        "name": "p", "expressions": {
                        "bucket": {"references": ["var.bucket"]},
                        "policy": {"references": ["data.aws_doc.d.json", "data.aws_doc.d"]},
                        "rule": [{"id": {"references": ["aws_a.x", "aws_a.y"]}}]}},
                        {"address": "data.aws_doc.d", "mode": "data", "type": "aws_doc", "name": "d"}]}}}}}
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
}
