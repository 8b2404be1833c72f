//! Resource changes of examples as blocks of HCL.

use std::fmt::Write as _;

use serde_json::Value;

/// The resources of an example as HCL. Objects in lists become blocks; unknown attributes become comments.
pub fn resources(resource_changes: &str) -> String {
    let Ok(Value::Array(changes)) = serde_json::from_str(resource_changes) else { return String::new() };
    changes.iter().map(resource).collect::<Vec<_>>().join("\n")
}

fn resource(entry: &Value) -> String {
    let address = entry["address"].as_str().unwrap_or_default();
    let mut names: Vec<&str> = address.split('[').next().unwrap_or_default().rsplitn(3, '.').collect();
    names.reverse();
    let (keyword, names) = match names[..] {
        ["data", resource_type, name] => ("data", [resource_type, name]),
        ["action", resource_type, name] => ("action", [resource_type, name]),
        [.., resource_type, name] => ("resource", [resource_type, name]),
        _ => return String::new(),
    };
    let change = &entry["change"];
    let mut text = String::new();
    let actions: Vec<&str> =
        change["actions"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if !matches!(actions[..], ["create"] | ["read"]) {
        // Writing to a String does not fail.
        let _ = writeln!(text, "# {}", actions.join(", "));
    }
    if let (Value::Object(before), Value::Object(after)) = (&change["before"], &change["after"]) {
        for (name, value) in before {
            let now = after.get(name).unwrap_or(&Value::Null);
            if now != value {
                let _ = writeln!(text, "# was: {name} = {value}");
            }
        }
    }
    let _ = writeln!(text, "{keyword} \"{}\" \"{}\" {{", names[0], names[1]);
    let side = if change["after"].is_object() { &change["after"] } else { &change["before"] };
    body(side, 1, &mut text);
    if let Value::Object(unknown) = &change["after_unknown"] {
        for (name, mask) in unknown {
            if *mask == Value::Bool(true) {
                let _ = writeln!(text, "  # {name} is known after apply");
            }
        }
    }
    text.push_str("}\n");
    text
}

fn body(value: &Value, level: usize, text: &mut String) {
    let indent = "  ".repeat(level);
    for (name, value) in value.as_object().into_iter().flatten() {
        match value {
            Value::Array(blocks) if !blocks.is_empty() && blocks.iter().all(Value::is_object) => {
                for block in blocks {
                    let _ = writeln!(text, "{indent}{name} {{");
                    body(block, level + 1, text);
                    let _ = writeln!(text, "{indent}}}");
                }
            }
            Value::Object(_) => {
                let _ = writeln!(text, "{indent}{name} = {{");
                body(value, level + 1, text);
                let _ = writeln!(text, "{indent}}}");
            }
            scalar => {
                let _ = writeln!(text, "{indent}{name} = {scalar}");
            }
        }
    }
}
