//! Formats of names and values: INI and the files that environments are loaded from.

use std::collections::BTreeMap;

use regorus::Value;

use crate::builtins::{Failure, Outcome};

fn wrong(number: usize, reason: &str) -> Failure {
    Failure::unsuitable(format!("line {}: {reason}", number + 1))
}

/// Reads INI: sections of values, in which booleans and numbers are what they look like.
pub(super) fn ini(text: &str) -> Outcome {
    let mut sections: BTreeMap<String, BTreeMap<Value, Value>> = BTreeMap::new();
    let mut section = String::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with([';', '#']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            let end = name.rfind(']').ok_or_else(|| wrong(number, "the section is not closed"))?;
            section = name[..end].trim().to_owned();
            sections.entry(section.clone()).or_default();
            continue;
        }
        let at = line.find(['=', ':']).ok_or_else(|| wrong(number, "there is neither `=` nor `:`"))?;
        let (key, value) = (line[..at].trim(), line[at + 1..].trim());
        let value = match quoted(value) {
            Some(text) => text.into(),
            None => typed(without_comment(value)),
        };
        sections.entry(section.clone()).or_default().insert(key.into(), value);
    }
    let mut document: BTreeMap<Value, Value> = BTreeMap::new();
    for (name, members) in sections {
        // What stands before the first section belongs to the document.
        if name.is_empty() {
            document.extend(members);
        } else {
            document.insert(name.into(), members.into());
        }
    }
    Ok(document.into())
}

/// What a pair of quotes holds that is all there is.
fn quoted(value: &str) -> Option<&str> {
    ['"', '\''].into_iter().find_map(|quote| {
        let inner = value.strip_prefix(quote)?.strip_suffix(quote)?;
        (!inner.contains(quote)).then_some(inner)
    })
}

fn without_comment(value: &str) -> &str {
    let end = [" ;", " #", "\t;", "\t#"].into_iter().filter_map(|start| value.find(start)).min();
    value[..end.unwrap_or(value.len())].trim_end()
}

fn typed(text: &str) -> Value {
    match text {
        "true" | "TRUE" | "True" => true.into(),
        "false" | "FALSE" | "False" => false.into(),
        text => match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(integer), _) => integer.into(),
            (_, Ok(float)) if float.is_finite() => float.into(),
            _ => text.into(),
        },
    }
}

/// Reads the file that an environment is loaded from: all values are texts.
pub(super) fn dotenv(text: &str) -> Outcome {
    let mut members: BTreeMap<Value, Value> = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        let at = line.find(['=', ':']).ok_or_else(|| wrong(number, "there is neither `=` nor `:`"))?;
        let (name, value) = (line[..at].trim(), line[at + 1..].trim());
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        if name.is_empty() || !name.chars().all(is_name) {
            return Err(wrong(number, "the name is none"));
        }
        let value = read_value(value, number)?;
        members.insert(name.into(), value.into());
    }
    Ok(members.into())
}

fn read_value(value: &str, number: usize) -> Result<String, Failure> {
    let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        let value = without_comment(value);
        if value.contains('$') {
            return Err(Failure::Unsupported(format!(
                "line {}: variables in values are not supported",
                number + 1
            )));
        }
        return Ok(value.to_owned());
    };
    let mut text = String::new();
    let mut characters = value[1..].chars();
    loop {
        match characters.next() {
            None => return Err(wrong(number, "the value is not closed, or goes on in the next line")),
            Some(c) if c == quote => return Ok(text),
            Some('\\') if quote == '"' => match characters.next() {
                Some('n') => text.push('\n'),
                Some('r') => text.push('\r'),
                Some('t') => text.push('\t'),
                Some(c) => text.push(c),
                None => return Err(wrong(number, "the value is not closed")),
            },
            Some('$') if quote == '"' => {
                return Err(Failure::Unsupported(format!(
                    "line {}: variables in values are not supported",
                    number + 1
                )));
            }
            Some(c) => text.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(value: Outcome) -> String {
        serde_json::to_string(&value.unwrap()).unwrap()
    }

    #[test]
    fn sections_hold_what_their_values_look_like() {
        let text = "top = 1\n; note\n[a]\nb = true\nc: 1.5 ; note\nd = \"1 # x\"\ne = text # note\n[b.c]\n";
        assert_eq!(json(ini(text)), r#"{"a":{"b":true,"c":1.5,"d":"1 # x","e":"text"},"b.c":{},"top":1}"#);
        assert!(ini("[a]\nword").is_err());
    }

    #[test]
    fn environments_hold_texts() {
        let text = "# note\nA=1\nexport B=\"x\\ny # z\" # note\nC='$x'\nD = a b # note\nE=\nF: g";
        assert_eq!(json(dotenv(text)), r#"{"A":"1","B":"x\ny # z","C":"$x","D":"a b","E":"","F":"g"}"#);
        assert!(dotenv("A=$B").is_err() && dotenv("word").is_err() && dotenv("A=\"x").is_err());
    }
}
