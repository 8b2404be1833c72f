//! The formats that JSON Schema has names for, as OPA's library checks them.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use crate::builtins::Failure;
use crate::builtins::clock;
use crate::builtins::regex::{self, Pattern};
use crate::builtins::uri::Uri;

const HOSTNAME: &str = r"^([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9\-]{0,61}[a-zA-Z0-9])(\.([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9\-]{0,61}[a-zA-Z0-9]))*$";
const UUID: &str = "^(?i)[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}$";
const POINTER: &str = "^(?:/(?:[^~/]|~0|~1)*)*$";
const RELATIVE_POINTER: &str = "^(?:0|[1-9][0-9]*)(?:#|(?:/(?:[^~/]|~0|~1)*)*)$";
const TEMPLATE: &str = "^([^{]*({[^}]*})?)*$";

/// Whether the text has the format. Every text has a format that is not known.
pub(super) fn has(text: &str, format: &str) -> Result<bool, Failure> {
    let uri = || Uri::parse(text).ok().filter(|_| !text.contains('\\'));
    Ok(match format {
        "date" => clock::date(text).is_some_and(|(_, rest)| rest.is_empty()),
        "time" => is_time(text),
        "date-time" => {
            let time_after_date = |(_, rest): (_, &str)| {
                rest.is_empty() || rest.strip_prefix('T').is_some_and(is_time_with_zone)
            };
            is_time(text) || clock::date(text).is_some_and(time_after_date)
        }
        "hostname" => text.len() < 256 && matches(HOSTNAME, text)?,
        "email" | "idn-email" => is_email(text),
        "ipv4" => {
            text.parse::<Ipv4Addr>().is_ok() || (text.contains('.') && text.parse::<Ipv6Addr>().is_ok())
        }
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        "uri" | "iri" => uri().is_some_and(|uri| !uri.scheme.is_empty()),
        "uri-reference" | "iri-reference" => uri().is_some(),
        "uri-template" => match uri() {
            Some(uri) => matches(TEMPLATE, &uri.path)?,
            None => false,
        },
        "uuid" => matches(UUID, text)?,
        "regex" => match regex::compiled(text) {
            Ok(_) => true,
            Err(Failure::Unsuitable(_)) => false,
            Err(failure @ (Failure::TooLarge(_) | Failure::Unsupported(_))) => return Err(failure),
        },
        "json-pointer" => matches(POINTER, text)?,
        "relative-json-pointer" => matches(RELATIVE_POINTER, text)?,
        _ => true,
    })
}

fn matches(pattern: &str, text: &str) -> Result<bool, Failure> {
    let pattern: Arc<Pattern> = regex::compiled(pattern)?;
    Ok(pattern.regex.is_match(text))
}

fn is_time(text: &str) -> bool {
    clock::time(text).is_some_and(|(_, rest)| rest.is_empty()) || is_time_with_zone(text)
}

fn is_time_with_zone(text: &str) -> bool {
    clock::time(text).and_then(|(_, rest)| clock::offset(rest)).is_some_and(|(_, rest)| rest.is_empty())
}

/// An address, perhaps with a name before it (RFC 5322).
fn is_email(text: &str) -> bool {
    let text = text.trim_matches([' ', '\t']);
    let Some(before) = text.strip_suffix('>') else { return is_address(text) };
    let Some((name, address)) = before.split_once('<') else { return false };
    let mut name = name.trim_matches([' ', '\t']);
    while !name.is_empty() {
        let Some(rest) = word(name) else { return false };
        name = rest.trim_start_matches([' ', '\t']);
    }
    is_address(address)
}

fn is_address(text: &str) -> bool {
    let after_local = match text.strip_prefix('"') {
        Some(_) => word(text),
        None => atoms(text),
    };
    let Some(domain) = after_local.and_then(|rest| rest.strip_prefix('@')) else { return false };
    match domain.strip_prefix('[').and_then(|domain| domain.strip_suffix(']')) {
        Some(literal) => literal.parse::<Ipv4Addr>().is_ok() || literal.parse::<Ipv6Addr>().is_ok(),
        None => atoms(domain) == Some(""),
    }
}

fn is_atom(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || !c.is_ascii()
}

/// What follows a quoted string or a word.
fn word(text: &str) -> Option<&str> {
    let Some(quoted) = text.strip_prefix('"') else {
        let rest = text.trim_start_matches(|c| is_atom(c) || c == '.');
        return (rest.len() < text.len()).then_some(rest);
    };
    let mut characters = quoted.chars();
    let mut length = 0;
    loop {
        match characters.next()? {
            '"' if length > 0 => return Some(characters.as_str()),
            '"' => return None,
            '\\' => drop(characters.next()?),
            c if c.is_control() && c != '\t' => return None,
            _ => {}
        }
        length += 1;
    }
}

/// What follows atoms with points between them.
fn atoms(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(|c| is_atom(c) || c == '.');
    let atoms = &text[..text.len() - rest.len()];
    atoms.split('.').all(|atom| !atom.is_empty()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_what_is_none() {
        for address in ["a@b", "a.b+c@d.e", "Bob <a@b.c>", "\"B. \\\" C\" <a@b>", "\"a b\"@c", "a@[10.0.0.1]"]
        {
            assert!(is_email(address), "{address}");
        }
        for text in
            ["", "a", "a@", "@b", "a..b@c", ".a@b", "a@b.", "a b@c", "Bob a@b", "<a@b", "a@b>", "a@b c"]
        {
            assert!(!is_email(text), "{text}");
        }
    }
}
