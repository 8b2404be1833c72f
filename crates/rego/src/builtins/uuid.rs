//! UUIDs: what one says of itself, and one for a text. The engine's own reader refuses forms that OPA reads and tells the
//! time of more versions, and its own maker gives one text another UUID in each call.

use std::collections::BTreeMap;

use regorus::Value;
use sha2::{Digest, Sha256};

use super::arguments::Arguments;
use super::{Builtin, Outcome};

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin { name: "uuid.parse", arity: 1, run: parse },
    Builtin { name: "uuid.rfc4122", arity: 1, run: rfc4122 },
];

/// How many steps of 100 ns lie between the start of the Gregorian calendar and that of Unix time.
const UNIX_EPOCH: i64 = 122_192_928_000_000_000;

/// What stands before the digits of a UUID that is written as a name.
const NAME: &str = "urn:uuid:";

/// Where hyphens separate the digits.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// `uuid.parse(text)`: the version and the variant of a UUID, and for versions 1 and 2 also its time and who made it.
fn parse(arguments: &[Value]) -> Outcome {
    let Some(bytes) = read(Arguments(arguments).text(0)?) else { return Ok(Value::Undefined) };
    let version = bytes[6] >> 4;
    let mut parts = BTreeMap::new();
    let mut add = |name: &str, value: Value| parts.insert(Value::from(name), value);
    add("version", u64::from(version).into());
    add("variant", variant(bytes[8]).into());
    if matches!(version, 1 | 2) {
        add("time", time(&bytes).into());
        let node: Vec<String> = bytes[10..].iter().map(|byte| format!("{byte:02x}")).collect();
        add("nodeid", node.join("-").into());
        add("macvariables", mac_variables(bytes[10]).into());
        add("clocksequence", (u64::from(bytes[8] & 0x3f) << 8 | u64::from(bytes[9])).into());
    }
    if version == 2 {
        let id = bytes[..4].iter().fold(0, |id, byte| id << 8 | u64::from(*byte));
        add("id", id.into());
        add("domain", domain(bytes[9]).into());
    }
    Ok(parts.into())
}

/// The bytes of a UUID: its digits with or without hyphens, or with hyphens after `urn:uuid:` or between any two
/// characters, which OPA takes for brackets.
fn read(text: &str) -> Option<[u8; 16]> {
    let digits: Vec<u8> = match text.len() {
        32 => text.bytes().collect(),
        36 => without_hyphens(text.as_bytes())?,
        38 => without_hyphens(&text.as_bytes()[1..37])?,
        45 if text.get(..NAME.len()).is_some_and(|name| name.eq_ignore_ascii_case(NAME)) => {
            without_hyphens(&text.as_bytes()[NAME.len()..])?
        }
        _ => return None,
    };
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = [pair[0], pair[1]].map(|digit| char::from(digit).to_digit(16));
        *byte = u8::try_from(high? << 4 | low?).ok()?;
    }
    Some(bytes)
}

fn without_hyphens(written: &[u8]) -> Option<Vec<u8>> {
    let has_hyphens = HYPHENS.iter().all(|at| written.get(*at) == Some(&b'-'));
    let digits = written.iter().enumerate().filter(|(at, _)| !HYPHENS.contains(at));
    has_hyphens.then(|| digits.map(|(_, digit)| *digit).collect())
}

/// Nanoseconds of Unix time; dates that these cannot count go round, as in OPA.
fn time(bytes: &[u8; 16]) -> i64 {
    let order = [6, 7, 4, 5, 0, 1, 2, 3];
    let steps = order.iter().fold(0i64, |steps, at| steps << 8 | i64::from(bytes[*at]));
    let steps = steps & 0x0fff_ffff_ffff_ffff;
    (steps - UNIX_EPOCH).wrapping_mul(100)
}

fn variant(byte: u8) -> &'static str {
    match byte >> 5 {
        0b100 | 0b101 => "RFC4122",
        0b110 => "Microsoft",
        0b111 => "Future",
        _ => "Reserved",
    }
}

fn mac_variables(byte: u8) -> &'static str {
    match byte & 0b11 {
        0b00 => "global:unicast",
        0b01 => "global:multicast",
        0b10 => "local:unicast",
        _ => "local:multicast",
    }
}

fn domain(byte: u8) -> String {
    match byte {
        0 => "Person".to_owned(),
        1 => "Group".to_owned(),
        2 => "Org".to_owned(),
        other => format!("Domain{other}"),
    }
}

/// `uuid.rfc4122(text)`: a UUID of version 4, always the same one for the same text. OPA gives the same one within one
/// evaluation only; a finding is to have the same one in every run.
fn rfc4122(arguments: &[Value]) -> Outcome {
    let text = Arguments(arguments).text(0)?;
    let mut digest = Sha256::new();
    digest.update(b"uuid.rfc4122:");
    digest.update(text.as_bytes());
    let digest = digest.finalize();
    let mut uuid = String::with_capacity(36);
    for (at, byte) in digest.iter().take(16).enumerate() {
        let byte = match at {
            6 => byte & 0x0f | 0x40,
            8 => byte & 0x3f | 0x80,
            _ => *byte,
        };
        uuid.push_str(&format!("{byte:02x}"));
        if HYPHENS.contains(&uuid.len()) {
            uuid.push('-');
        }
    }
    Ok(uuid.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_has_one_uuid() {
        let made = |text: &str| rfc4122(&[text.into()]).unwrap();
        assert_eq!(made("a"), made("a"));
        assert_ne!(made("a"), made("b"));
        let told = parse(&[made("a")]).unwrap();
        assert_eq!((&told["version"], &told["variant"]), (&4u64.into(), &"RFC4122".into()));
    }
}
