//! `io.jwt.decode_verify`: verifies the signature, the issuer, the audience and the time of a token.

use hmac::Hmac;
use regorus::Value;
use sha2::{Sha256, Sha384, Sha512};

use super::signed::{self, Key};
use super::{Algorithm, NESTING, Token, base64url, is_keyed_digest, object, text};
use crate::builtins::arguments::Arguments;
use crate::builtins::keys::Hash;
use crate::builtins::{Failure, Outcome, time};

#[derive(Default)]
struct Constraints {
    keys: Option<Vec<Key>>,
    secret: Option<String>,
    algorithm: Option<String>,
    issuer: Option<String>,
    audience: Option<String>,
    /// In nanoseconds since 1970.
    time: Option<f64>,
}

impl Constraints {
    fn read(value: &Value) -> Result<Self, Failure> {
        let Value::Object(fields) = value else {
            return Err(Failure::unsuitable("operand 2 must be object"));
        };
        let mut constraints = Self::default();
        for (name, value) in fields.iter_sorted() {
            let name = name.as_string().map(|name| name.as_ref()).unwrap_or("");
            let text = || {
                let text = value.as_string().map(|text| text.to_string());
                text.map_err(|_| Failure::unsuitable(format!("{name} constraint: must be a string")))
            };
            match name {
                "cert" => constraints.keys = Some(signed::keys(&text()?)?),
                "secret" => constraints.secret = Some(text()?).filter(|secret| !secret.is_empty()),
                "alg" => constraints.algorithm = Some(text()?).filter(|algorithm| !algorithm.is_empty()),
                "iss" => constraints.issuer = Some(text()?).filter(|issuer| !issuer.is_empty()),
                "aud" => constraints.audience = Some(text()?).filter(|audience| !audience.is_empty()),
                "time" => {
                    let time = number(value)
                        .ok_or_else(|| Failure::unsuitable("token time constraint: must be a number"))?;
                    if time < 0.0 {
                        return Err(Failure::unsuitable("token time constraint: must not be negative"));
                    }
                    constraints.time = Some(time);
                }
                name => {
                    return Err(Failure::unsuitable(format!("unknown token validation constraint: {name}")));
                }
            }
        }
        match (&constraints.keys, &constraints.secret) {
            (Some(_), Some(_)) => Err(Failure::unsuitable("duplicate key constraints")),
            (None, None) => Err(Failure::unsuitable("no key constraint")),
            (Some(_), None) | (None, Some(_)) => Ok(constraints),
        }
    }

    fn is_signed(&self, token: &Token<'_>, header: &Value) -> Result<bool, Failure> {
        let signature = base64url(token.signature)?;
        let name = header["alg"].as_string().map(|name| name.to_string()).unwrap_or_default();
        Ok(match (Algorithm::named(&name), &self.keys, &self.secret) {
            (Some(Algorithm::Key(scheme)), Some(keys), _) => {
                signed::is_signed_by(keys, header, scheme, token.signed, &signature)
            }
            (Some(Algorithm::Secret(hash)), None, Some(secret)) => {
                let secret = secret.as_bytes();
                match hash {
                    Hash::Sha256 => is_keyed_digest::<Hmac<Sha256>>(secret, token.signed, &signature)?,
                    Hash::Sha384 => is_keyed_digest::<Hmac<Sha384>>(secret, token.signed, &signature)?,
                    Hash::Sha512 => is_keyed_digest::<Hmac<Sha512>>(secret, token.signed, &signature)?,
                }
            }
            // A key is never used as a secret, nor a secret as a key.
            _ => false,
        })
    }

    fn accepts(&self, payload: &Value) -> Result<bool, Failure> {
        if let Some(issuer) = &self.issuer
            && payload["iss"] != Value::from(issuer.as_str())
        {
            return Ok(false);
        }
        let wanted = Value::from(self.audience.as_deref().unwrap_or(""));
        let audience_fits = match &payload["aud"] {
            Value::Undefined => self.audience.is_none(),
            Value::Array(audiences) => audiences.contains(&wanted),
            audience => *audience == wanted,
        };
        if !audience_fits {
            return Ok(false);
        }
        let now = match self.time {
            Some(time) => time,
            None => number(&time::now()).unwrap_or(f64::INFINITY),
        } / 1e9;
        let seconds = |name: &str| match &payload[name] {
            Value::Undefined => Ok(None),
            value => number(value)
                .map(Some)
                .ok_or_else(|| Failure::unsuitable(format!("{name} value must be a number"))),
        };
        let is_over = seconds("exp")?.is_some_and(|end| now >= end);
        let is_to_come = seconds("nbf")?.is_some_and(|start| now < start);
        Ok(!is_over && !is_to_come)
    }
}

/// Returns the number, rounded to a float.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.format_decimal().parse().ok(),
        _ => None,
    }
}

/// Returns whether a header names an algorithm and has no unknown critical field (RFC 7515, section 4.1.11).
fn is_understood(header: &Value) -> Result<bool, Failure> {
    for name in ["alg", "kid", "typ", "cty"] {
        if !matches!(header[name], Value::Undefined | Value::String(_)) {
            return Err(Failure::unsuitable(format!("{name}: must be a string")));
        }
    }
    Ok(match &header["crit"] {
        Value::Undefined => header["alg"] != Value::Undefined,
        Value::Array(critical) if !critical.is_empty() => {
            const KNOWN: [&str; 5] = ["alg", "kid", "typ", "cty", "crit"];
            let Value::Object(fields) = header else { return Ok(false) };
            let is_unknown =
                |name: &Value| name.as_string().is_ok_and(|name| !KNOWN.contains(&name.as_ref()));
            header["alg"] != Value::Undefined
                && !fields.iter().any(|(name, _)| is_unknown(name) && critical.contains(name))
        }
        Value::Array(_) => return Err(Failure::unsuitable("crit: must be a nonempty list")),
        _ => return Err(Failure::unsuitable("crit: must be a list")),
    })
}

/// `io.jwt.decode_verify(token, constraints)`: returns whether the token is valid, its header
/// and its payload.
pub(super) fn decode_verify(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let mut token_text = arguments.text(0)?.to_owned();
    let constraints = Constraints::read(arguments.value(1))?;
    let refused = || Ok(vec![false.into(), Value::new_object(), Value::new_object()].into());
    for _ in 0..NESTING {
        let token = Token::split(&token_text)?;
        let header = object(&text(token.header)?)?;
        let names_another = constraints
            .algorithm
            .as_ref()
            .is_some_and(|wanted| header["alg"] != Value::from(wanted.as_str()));
        if !is_understood(&header)? || names_another || !constraints.is_signed(&token, &header)? {
            return refused();
        }
        let payload = text(token.payload)?;
        if header["cty"].as_string().is_ok_and(|cty| cty.eq_ignore_ascii_case("JWT")) {
            token_text = payload;
            continue;
        }
        let payload = object(&payload)?;
        if !constraints.accepts(&payload)? {
            return refused();
        }
        return Ok(vec![true.into(), header, payload].into());
    }
    Err(Failure::TooLarge(format!("more than {NESTING} tokens are nested")))
}
