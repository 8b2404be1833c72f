//! URIs, taken apart as Go's `net/url` does it.

use std::collections::BTreeMap;

use regorus::Value;

use super::arguments::Arguments;
use super::{Builtin, Failure, Outcome};

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin { name: "uri.parse", arity: 1, run: parse },
    Builtin { name: "uri.is_valid", arity: 1, run: is_valid },
];

/// `uri.parse(text)`: those of `scheme`, `hostname`, `port`, `path`, `raw_path`, `raw_query` and `fragment` that the
/// URI has.
fn parse(arguments: &[Value]) -> Outcome {
    let text = Arguments(arguments).text(0)?;
    let uri = Uri::parse(text).map_err(|reason| Failure::unsuitable(format!("parse {text:?}: {reason}")))?;
    let parts = [
        ("scheme", uri.scheme),
        ("hostname", uri.hostname),
        ("port", uri.port),
        ("path", uri.path),
        ("raw_path", uri.raw_path),
        ("raw_query", uri.query),
        ("fragment", uri.fragment),
    ];
    let parts = parts.into_iter().filter(|(_, part)| !part.is_empty());
    Ok(parts.map(|(name, part)| (Value::from(name), Value::from(part))).collect::<BTreeMap<_, _>>().into())
}

/// `uri.is_valid(text)`: whether it is a URI and not empty. Anything but a string is none.
fn is_valid(arguments: &[Value]) -> Outcome {
    let is_uri = |text: &str| !text.is_empty() && Uri::parse(text).is_ok();
    Ok(Arguments(arguments).text(0).is_ok_and(is_uri).into())
}

/// What a URI says.
#[derive(Default)]
pub(super) struct Uri {
    pub scheme: String,
    hostname: String,
    port: String,
    pub path: String,
    raw_path: String,
    query: String,
    fragment: String,
}

impl Uri {
    /// Reads a URI or a relative reference as Go's `net/url` does.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
            return Err("net/url: invalid control character in URL".to_owned());
        }
        let mut uri = Self::default();
        let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
        uri.fragment = unescape(fragment, Part::Other)?;
        let (scheme, rest) = scheme(text)?;
        uri.scheme = scheme.to_ascii_lowercase();
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        uri.query = query.to_owned();
        if !rest.starts_with('/') {
            if !uri.scheme.is_empty() {
                // Such as `mailto:a@b`: it has no parts.
                return Ok(uri);
            }
            if rest.split('/').next().is_some_and(|first| first.contains(':')) {
                return Err("first path segment in URL cannot contain colon".to_owned());
            }
        }
        let mut path = rest;
        let is_authority = !uri.scheme.is_empty() || !rest.starts_with("///");
        if let Some(authority) = rest.strip_prefix("//").filter(|_| is_authority) {
            let end = authority.find('/').unwrap_or(authority.len());
            path = &authority[end..];
            uri.authority(&authority[..end])?;
        }
        uri.path = unescape(path, Part::Other)?;
        uri.raw_path = if escape_path(&uri.path) == path { uri.path.clone() } else { path.to_owned() };
        Ok(uri)
    }

    /// The fields of Go's `url.URL`. User names are not kept.
    pub(super) fn go_fields(&self) -> Value {
        let host = if self.port.is_empty() {
            self.hostname.clone()
        } else {
            format!("{}:{}", self.hostname, self.port)
        };
        let raw_path = if self.raw_path == self.path { "" } else { &self.raw_path };
        let texts = [
            ("Scheme", self.scheme.as_str()),
            ("Opaque", ""),
            ("Host", &host),
            ("Path", &self.path),
            ("RawPath", raw_path),
            ("RawQuery", &self.query),
            ("Fragment", &self.fragment),
            ("RawFragment", ""),
        ];
        let texts = texts.map(|(key, text)| (Value::from(key), Value::from(text)));
        let others = [("ForceQuery", false.into()), ("OmitHost", false.into()), ("User", Value::Null)];
        let others = others.map(|(key, value)| (Value::from(key), value));
        texts.into_iter().chain(others).collect::<BTreeMap<_, _>>().into()
    }

    fn authority(&mut self, authority: &str) -> Result<(), String> {
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        if let Some(user) = user {
            let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
            if !user.chars().all(is_allowed) {
                return Err("net/url: invalid userinfo".to_owned());
            }
            unescape(user, Part::Other)?;
        }
        let (name, port) = if let Some(inside) = host.strip_prefix('[') {
            let (name, port) = inside.rsplit_once(']').ok_or("missing ']' in host")?;
            (name, port)
        } else {
            match host.find(':') {
                Some(colon) => (&host[..colon], &host[colon..]),
                None => (host, ""),
            }
        };
        let digits = port.strip_prefix(':').unwrap_or(port);
        if digits.len() == port.len() && !port.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit())
        {
            return Err(format!("invalid port {port:?} after host"));
        }
        let (name, zone) = match name.split_once("%25") {
            Some((name, zone)) if host.starts_with('[') => {
                (name, format!("%{}", unescape(zone, Part::Other)?))
            }
            _ => (name, String::new()),
        };
        self.hostname = unescape(name, Part::Host)? + &zone;
        self.port = digits.to_owned();
        Ok(())
    }
}

/// The scheme before the first colon, if what stands there can be one.
fn scheme(text: &str) -> Result<(&str, &str), String> {
    for (at, c) in text.char_indices() {
        match c {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if at > 0 => {}
            ':' if at == 0 => return Err("missing protocol scheme".to_owned()),
            ':' => return Ok((&text[..at], &text[at + 1..])),
            _ => break,
        }
    }
    Ok(("", text))
}

/// Where a text stands, which decides what may be in it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Host,
    Other,
}

/// How Go would write a path. A path that is written so has no raw form of its own.
fn escape_path(path: &str) -> String {
    let mut escaped = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

fn unescape(text: &str, part: Part) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c != '%' {
            if part == Part::Host
                && c.is_ascii()
                && !c.is_ascii_alphanumeric()
                && !"-._~!$&'()*+,;=:[]<>\"".contains(c)
            {
                return Err(format!("invalid character {:?} in host name", c.to_string()));
            }
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let digits = rest.get(1..3).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) if part == Part::Other || byte >= 0x80 => bytes.push(byte),
            _ => {
                let excerpt: String = rest.chars().take(3).collect();
                return Err(format!("invalid URL escape {excerpt:?}"));
            }
        }
        rest = &rest[3..];
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
