//! Checks parameters against the JSON Schema of a pack, with the keywords that packs use.

use planguard_plan::text::suggest;
use serde_json::Value;

use super::packs::PackError;

/// Checks the parameters of a pack.
///
/// # Errors
///
/// Every error, in the order of the parameters.
pub(super) fn check(pack: &str, schema: &Value, parameters: &Value) -> Result<(), Vec<PackError>> {
    let mut check = Check { pack, errors: Vec::new() };
    check.value(schema, parameters, "");
    if check.errors.is_empty() { Ok(()) } else { Err(check.errors) }
}

struct Check<'p> {
    pack: &'p str,
    errors: Vec<PackError>,
}

impl Check<'_> {
    fn value(&mut self, schema: &Value, value: &Value, key: &str) {
        let kind = schema["type"].as_str().unwrap_or_default();
        let fits = match kind {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            _ => true,
        };
        if !fits {
            return self.wrong(key, article(kind));
        }
        if let Some(allowed) = schema["enum"].as_array()
            && !allowed.contains(value)
        {
            let allowed: Vec<String> = allowed.iter().map(Value::to_string).collect();
            return self.wrong(key, format!("one of {}", allowed.join(", ")));
        }
        match value {
            Value::Object(object) => self.object(schema, object, key),
            Value::Array(elements) => {
                if schema["minItems"].as_u64().is_some_and(|least| (elements.len() as u64) < least) {
                    self.wrong(key, "a non-empty array".to_owned());
                }
                for (index, element) in elements.iter().enumerate() {
                    self.value(&schema["items"], element, &format!("{key}[{index}]"));
                }
            }
            Value::String(text) => self.text(schema, text, key),
            Value::Number(number) => {
                if let (Some(least), Some(number)) = (schema["minimum"].as_f64(), number.as_f64())
                    && number < least
                {
                    self.wrong(key, format!("at least {least}"));
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn object(&mut self, schema: &Value, object: &serde_json::Map<String, Value>, key: &str) {
        let inner = |name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        for name in required.filter(|name| !object.contains_key(*name)) {
            let meaning = schema["properties"][name]["description"].as_str().unwrap_or_default();
            let meaning = meaning.trim().trim_end_matches('.').to_owned();
            let (pack, key) = (self.pack.to_owned(), inner(name));
            self.errors.push(PackError::Missing { pack, key, meaning });
        }
        if schema["minProperties"].as_u64().is_some_and(|least| (object.len() as u64) < least) {
            self.wrong(key, "a non-empty table".to_owned());
        }
        for (name, value) in object {
            let (known, others) = (&schema["properties"][name], &schema["additionalProperties"]);
            if known.is_object() {
                self.value(known, value, &inner(name));
            } else if others.is_object() {
                self.value(others, value, &inner(name));
            } else {
                let names: Vec<&str> = schema["properties"]
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(name, _)| name.as_str())
                    .collect();
                let help = match suggest::nearest(name, names.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("use one of {}", names.join(", ")),
                };
                let (pack, key) = (self.pack.to_owned(), inner(name));
                self.errors.push(PackError::NoSuchParameter { pack, key, help });
            }
        }
    }

    fn text(&mut self, schema: &Value, text: &str, key: &str) {
        if let Some(pattern) = schema["pattern"].as_str()
            && !regex::Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))
        {
            self.wrong(key, format!("a string that matches {pattern}"));
        }
        match schema["format"].as_str() {
            Some("regex") if regex::Regex::new(text).is_err() => {
                self.wrong(key, "a valid regular expression".to_owned());
            }
            Some("time-zone") if text.parse::<chrono_tz::Tz>().is_err() => {
                self.wrong(key, "a time zone such as Europe/Berlin".to_owned());
            }
            _ => {}
        }
    }

    fn wrong(&mut self, key: &str, expected: String) {
        let key = if key.is_empty() { "(all)".to_owned() } else { key.to_owned() };
        self.errors.push(PackError::Wrong { pack: self.pack.to_owned(), key, expected });
    }
}

fn article(kind: &str) -> String {
    match kind {
        "object" => "a table".to_owned(),
        "array" => "an array".to_owned(),
        "integer" => "an integer".to_owned(),
        kind => format!("a {kind}"),
    }
}

/// Panics for a schema with an unsupported keyword.
#[cfg(test)]
pub(super) fn assert_supported(schema: &Value) {
    const KEYWORDS: [&str; 15] = [
        "type",
        "enum",
        "items",
        "minItems",
        "properties",
        "required",
        "additionalProperties",
        "minProperties",
        "pattern",
        "format",
        "minimum",
        "description",
        "default",
        "examples",
        "title",
    ];
    const KINDS: [&str; 6] = ["object", "array", "string", "boolean", "integer", "number"];
    let Some(object) = schema.as_object() else { panic!("{schema} is not a schema") };
    for keyword in object.keys() {
        assert!(KEYWORDS.contains(&keyword.as_str()), "`{keyword}` is not supported");
    }
    assert!(KINDS.contains(&schema["type"].as_str().unwrap_or_default()), "{schema} has no type");
    if let Some(format) = schema["format"].as_str() {
        assert!(["regex", "time-zone"].contains(&format), "{format}");
    }
    schema["properties"].as_object().into_iter().flatten().for_each(|(_, inner)| assert_supported(inner));
    if schema["type"] == "array" {
        assert_supported(&schema["items"]);
    }
    if schema["additionalProperties"].is_object() {
        assert_supported(&schema["additionalProperties"]);
    } else if schema["type"] == "object" {
        assert_eq!(schema["additionalProperties"], false, "{schema}");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_error_is_reported() {
        let schema = json!({
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "list": {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "^a"}},
                "number": {"type": "integer", "minimum": 1},
                "word": {"type": "string", "enum": ["x", "y"]},
                "expression": {"type": "string", "format": "regex"},
                "zone": {"type": "string", "format": "time-zone"},
                "table": {"type": "object", "minProperties": 1, "additionalProperties": {"type": "boolean"}},
            },
        });
        let wrong = |parameters: Value| {
            let errors = check("p", &schema, &parameters).err().unwrap_or_default();
            errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        };
        for (parameters, part) in [
            (json!([]), "`(all)` of pack `p` must be a table"),
            (json!({"list": []}), "non-empty array"),
            (json!({"list": ["a", "b"]}), "`list[1]` of pack `p` must be a string that matches ^a"),
            (json!({"number": 0}), "at least 1"),
            (json!({"number": 1.5}), "an integer"),
            (json!({"word": "z"}), "one of \"x\", \"y\""),
            (json!({"expression": "("}), "a valid regular expression"),
            (json!({"zone": "Mars"}), "a time zone"),
            (json!({"table": {}}), "a non-empty table"),
            (json!({"table": {"a": 1}}), "`table.a` of pack `p` must be a boolean"),
            (json!({"wrod": "x"}), "no parameter `wrod`"),
        ] {
            assert!(wrong(parameters.clone()).contains(part), "{}", wrong(parameters));
        }
        assert_eq!(wrong(json!({"list": ["ab"], "number": 1, "word": "x", "table": {"a": true}})), "");
    }
}
