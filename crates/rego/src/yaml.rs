//! Parses YAML as OPA does: by version 1.1, in which `yes` is a boolean and `010` is eight.

use std::collections::{BTreeMap, HashMap};

use regorus::Value;
use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

/// The maximum number of open brackets in a text.
const OPEN_BRACKETS: usize = 1_000;

/// The maximum depth of a document.
const NESTING: usize = 128;

/// The maximum number of values of a document with all aliases expanded.
const VALUES: usize = 2_000_000;

/// The unquoted texts that are booleans.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Booleans {
    /// Also `yes`, `on` and the like, as in OPA's documents.
    Words,
    /// Only `true` and `false`, as in OPA's annotations of policies.
    TrueAndFalse,
}

/// Parses the first YAML document of a text; null if there is none.
///
/// # Errors
///
/// The reason, on one line.
pub(super) fn parse(text: &str, booleans: Booleans) -> Result<Value, String> {
    let mut open: usize = 0;
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        if open > OPEN_BRACKETS {
            return Err(format!("more than {OPEN_BRACKETS} open brackets"));
        }
    }
    let first = text.lines().find(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    if first.is_some_and(|line| line.trim_start_matches(' ').starts_with('\t')) {
        return Err("yaml: found character that cannot start any token".to_owned());
    }
    let mut builder = Builder { open: Vec::new(), anchors: HashMap::new(), root: None, values: 0, booleans };
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|error| format!("yaml: {}", error.to_string().replace('\n', " ")))?;
        if builder.take(event)? == Document::Complete {
            break;
        }
    }
    Ok(builder.root.map_or(Value::Null, |node| node.value))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Document {
    Open,
    Complete,
}

/// A value, with the number of values in it.
#[derive(Clone)]
struct Node {
    value: Value,
    size: usize,
    /// Whether it is an unquoted `<<`, which as a key merges the mapping that follows.
    merges: bool,
}

enum Collection {
    Sequence { elements: Vec<Value>, anchor: usize },
    Mapping { members: BTreeMap<Value, Value>, key: Option<Node>, anchor: usize },
}

struct Open {
    collection: Collection,
    size: usize,
}

struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    root: Option<Node>,
    values: usize,
    booleans: Booleans,
}

impl Builder {
    fn take(&mut self, event: Event<'_>) -> Result<Document, String> {
        match event {
            Event::Nothing | Event::StreamStart | Event::DocumentStart(_) => {}
            Event::StreamEnd | Event::DocumentEnd => return Ok(Document::Complete),
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor).cloned();
                let node = node.ok_or("yaml: an alias refers to an enclosing anchor")?;
                self.add(node)?;
            }
            Event::Scalar(text, style, anchor, tag) => {
                let value = self.scalar(&text, style, tag.as_deref())?;
                let merges = style == ScalarStyle::Plain && tag.is_none() && text == "<<";
                self.finish(Node { value, size: 1, merges }, anchor)?;
            }
            Event::SequenceStart(anchor, _) => {
                self.enter(Collection::Sequence { elements: Vec::new(), anchor })?;
            }
            Event::MappingStart(anchor, _) => {
                self.enter(Collection::Mapping { members: BTreeMap::new(), key: None, anchor })?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(Open { collection, size }) = self.open.pop() else { return Ok(Document::Open) };
                let (value, anchor) = match collection {
                    Collection::Sequence { elements, anchor } => (Value::from(elements), anchor),
                    Collection::Mapping { members, anchor, .. } => (Value::from(members), anchor),
                };
                self.finish(Node { value, size: size + 1, merges: false }, anchor)?;
            }
        }
        Ok(Document::Open)
    }

    fn enter(&mut self, collection: Collection) -> Result<(), String> {
        if self.open.len() >= NESTING {
            return Err(format!("yaml: nested more than {NESTING} levels deep"));
        }
        self.open.push(Open { collection, size: 0 });
        Ok(())
    }

    fn finish(&mut self, node: Node, anchor: usize) -> Result<(), String> {
        // Zero means no anchor.
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        self.add(node)
    }

    fn add(&mut self, node: Node) -> Result<(), String> {
        self.values += node.size;
        if self.values > VALUES {
            return Err(format!("yaml: more than {VALUES} values"));
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        open.size += node.size;
        match &mut open.collection {
            Collection::Sequence { elements, .. } => elements.push(node.value),
            Collection::Mapping { members, key, .. } => match key.take() {
                None => *key = Some(node),
                Some(before) if before.merges => merge(members, &node.value)?,
                Some(before) => {
                    members.insert(name(&before.value)?, node.value);
                }
            },
        }
        Ok(())
    }

    fn scalar(&self, text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, String> {
        let tag = tag.map(|tag| if tag.is_yaml_core_schema() { tag.suffix.as_str() } else { "str" });
        let mismatch = || format!("yaml: cannot decode `{text}` as !!{}", tag.unwrap_or(""));
        match tag {
            None if style == ScalarStyle::Plain => plain(text, self.booleans),
            None | Some("str") => Ok(text.into()),
            Some("binary") => {
                use base64::Engine;
                let digits: String = text.split_ascii_whitespace().collect();
                let bytes = base64::engine::general_purpose::STANDARD.decode(digits);
                let bytes =
                    bytes.map_err(|_| "yaml: !!binary value contains invalid base64 data".to_owned())?;
                Ok(String::from_utf8_lossy(&bytes).into_owned().into())
            }
            Some("null") if text.is_empty() => Ok(Value::Null),
            Some(wanted) => match (wanted, plain(text, self.booleans)?) {
                ("null", value @ Value::Null) => Ok(value),
                ("bool", value @ Value::Bool(_)) => Ok(value),
                ("int" | "float", value @ Value::Number(_)) => Ok(value),
                ("timestamp", value @ Value::String(_)) => Ok(value),
                ("null" | "bool" | "int" | "float" | "timestamp", _) => Err(mismatch()),
                _ => Ok(text.into()),
            },
        }
    }
}

/// Merges a mapping, or several, of which the first takes precedence.
fn merge(members: &mut BTreeMap<Value, Value>, merged: &Value) -> Result<(), String> {
    let wrong = || "yaml: map merge requires map or sequence of maps as the value".to_owned();
    match merged {
        Value::Object(object) => {
            members.extend(object.iter().map(|(key, value)| (key.clone(), value.clone())))
        }
        Value::Array(elements) => {
            for element in elements.to_vec().iter().rev() {
                let Value::Object(object) = element else { return Err(wrong()) };
                members.extend(object.iter().map(|(key, value)| (key.clone(), value.clone())));
            }
        }
        _ => return Err(wrong()),
    }
    Ok(())
}

/// JSON allows only strings as keys.
fn name(key: &Value) -> Result<Value, String> {
    match key {
        Value::String(_) => Ok(key.clone()),
        Value::Bool(value) => Ok(value.to_string().into()),
        Value::Number(number) => Ok(number.format_decimal().into()),
        _ => Err("yaml: unsupported map key".to_owned()),
    }
}

/// Returns the meaning of an unquoted text.
fn plain(text: &str, booleans: Booleans) -> Result<Value, String> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => true.into(),
        "false" | "False" | "FALSE" => false.into(),
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" if booleans == Booleans::Words => true.into(),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" if booleans == Booleans::Words => false.into(),
        ".nan" | ".NaN" | ".NAN" => return Err("json: unsupported value: NaN".to_owned()),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return Err("json: unsupported value: +Inf".to_owned());
        }
        "-.inf" | "-.Inf" | "-.INF" => return Err("json: unsupported value: -Inf".to_owned()),
        _ => number(text).unwrap_or_else(|| text.into()),
    })
}

fn number(text: &str) -> Option<Value> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return None;
    }
    let digits = text.replace('_', "");
    let (is_negative, unsigned) = match digits.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, digits.strip_prefix('+').unwrap_or(&digits)),
    };
    let in_base = |digits: &str, base: u32| {
        // A sign after the prefix is not a digit.
        let value = i128::from_str_radix(digits, base).ok().filter(|_| !digits.starts_with(['+', '-']))?;
        let value = if is_negative { -value } else { value };
        (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&value).then(|| Value::from(value))
    };
    for (prefix, base) in [("0x", 16), ("0X", 16), ("0b", 2), ("0B", 2), ("0o", 8), ("0O", 8)] {
        if let Some(digits) = unsigned.strip_prefix(prefix) {
            return in_base(digits, base);
        }
    }
    if unsigned.len() > 1
        && unsigned.starts_with('0')
        && let Some(value) = in_base(unsigned, 8)
    {
        return Some(value);
    }
    if let Some(value) = in_base(unsigned, 10) {
        return Some(value);
    }
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_fits = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && all_digits(digits)
    });
    let is_float =
        all_digits(whole) && all_digits(fraction) && whole.len() + fraction.len() > 0 && exponent_fits;
    let value: f64 = digits.parse().ok().filter(|value: &f64| is_float && value.is_finite())?;
    Some(value.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Value, String> {
        parse(text, Booleans::Words)
    }

    #[test]
    fn deep_nesting_is_rejected() {
        assert!(read(&"[".repeat(500_000)).unwrap_err().contains("brackets"));
        assert!(read(&"[".repeat(200)).is_err());
        assert!(read(&"- ".repeat(10_000)).is_err());
        assert_eq!(read("a: [1]").unwrap()["a"][0], Value::from(1u64));
    }

    #[test]
    fn repeated_aliases_are_rejected() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let before = format!("*a{}", level - 1);
            text.push_str(&format!("a{level}: &a{level} [{}]\n", vec![before; 10].join(", ")));
        }
        assert!(read(&text).unwrap_err().contains("values"));
        assert!(read("a: &x [*x]").is_err());
        assert!(read("b: *x").is_err());
    }

    #[test]
    fn texts_that_only_resemble_numbers_are_strings() {
        for text in
            ["oFf", "0b12", "0o8", "_1", "e5", "5e", "0x1G", "1e400", "12:30:45", ".", "+", "0x-1", "1.2.3"]
        {
            assert_eq!(read(text).unwrap_or(Value::Undefined), Value::from(text), "{text}");
        }
        assert_eq!(read("'yes'"), Ok("yes".into()));
        assert_eq!((read("yes"), parse("yes", Booleans::TrueAndFalse)), (Ok(true.into()), Ok("yes".into())));
    }
}
