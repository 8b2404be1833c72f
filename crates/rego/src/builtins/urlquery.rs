//! Queries of URLs, as Go writes and reads them.

use std::collections::BTreeMap;

use regorus::Value;

use super::arguments::Arguments;
use super::{Builtin, Failure, Outcome};

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin { name: "urlquery.encode", arity: 1, run: encode },
    Builtin { name: "urlquery.decode", arity: 1, run: decode },
    Builtin { name: "urlquery.encode_object", arity: 1, run: encode_object },
    Builtin { name: "urlquery.decode_object", arity: 1, run: decode_object },
];

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => escaped.push('+'),
            b'-' | b'_' | b'.' | b'~' => escaped.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => escaped.push(char::from(byte)),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

fn unescape(text: &str) -> Result<String, Failure> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = after.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
                let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
                let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) else {
                    let excerpt = String::from_utf8_lossy(&after[..after.len().min(2)]).into_owned();
                    return Err(Failure::unsuitable(format!("invalid URL escape \"%{excerpt}\"")));
                };
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => bytes.push(*byte),
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// `urlquery.encode(text)`: the text as a part of a query.
fn encode(arguments: &[Value]) -> Outcome {
    Ok(escape(Arguments(arguments).text(0)?).into())
}

/// `urlquery.decode(text)`: what the part of a query says.
fn decode(arguments: &[Value]) -> Outcome {
    Ok(unescape(Arguments(arguments).text(0)?)?.into())
}

/// `urlquery.encode_object(object)`: the query of these names, each with a string or several.
fn encode_object(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let Value::Object(object) = arguments.value(0) else { return Err(arguments.wrong(0, "object")) };
    let wrong = || Failure::unsuitable("operand 1 must be an object of strings or collections of strings");
    let mut pairs = Vec::new();
    for (name, value) in object.iter_sorted() {
        let values: Vec<&Value> = match value {
            Value::Array(elements) => elements.iter().collect(),
            Value::Set(elements) => elements.iter_sorted().collect(),
            value => vec![value],
        };
        let name = escape(name.as_string().map_err(|_| wrong())?);
        for value in values {
            pairs.push(format!("{name}={}", escape(value.as_string().map_err(|_| wrong())?)));
        }
    }
    Ok(pairs.join("&").into())
}

/// `urlquery.decode_object(query)`: the names of the query, each with all its values.
fn decode_object(arguments: &[Value]) -> Outcome {
    let mut object: BTreeMap<Value, Vec<Value>> = BTreeMap::new();
    for pair in Arguments(arguments).text(0)?.split('&').filter(|pair| !pair.is_empty()) {
        if pair.contains(';') {
            return Err(Failure::unsuitable("invalid semicolon separator in query"));
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        object.entry(unescape(name)?.into()).or_default().push(unescape(value)?.into());
    }
    let object = object.into_iter().map(|(name, values)| (name, Value::from(values)));
    Ok(object.collect::<BTreeMap<_, _>>().into())
}
