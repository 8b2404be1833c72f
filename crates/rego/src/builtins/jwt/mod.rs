//! Decodes, verifies and signs JSON Web Tokens (RFC 7519).

mod constraints;
mod holder;
mod sign;
mod signed;

use base64::alphabet;
use base64::engine::{DecodePaddingMode, Engine, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit, Mac};
use regorus::Value;
use sha2::{Sha256, Sha384, Sha512};

use super::arguments::Arguments;
use super::keys::{Hash, Scheme};
use super::{Builtin, Failure, Outcome};

pub(crate) use holder::SignedBy;

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin { name: "io.jwt.decode", arity: 1, run: decode },
    Builtin { name: "io.jwt.verify_hs256", arity: 2, run: verify::<Hmac<Sha256>> },
    Builtin { name: "io.jwt.verify_hs384", arity: 2, run: verify::<Hmac<Sha384>> },
    Builtin { name: "io.jwt.verify_hs512", arity: 2, run: verify::<Hmac<Sha512>> },
    Builtin {
        name: "io.jwt.verify_rs256",
        arity: 2,
        run: |a| signed::verify(a, Scheme::RsaPkcs1(Hash::Sha256)),
    },
    Builtin {
        name: "io.jwt.verify_rs384",
        arity: 2,
        run: |a| signed::verify(a, Scheme::RsaPkcs1(Hash::Sha384)),
    },
    Builtin {
        name: "io.jwt.verify_rs512",
        arity: 2,
        run: |a| signed::verify(a, Scheme::RsaPkcs1(Hash::Sha512)),
    },
    Builtin {
        name: "io.jwt.verify_ps256",
        arity: 2,
        run: |a| signed::verify(a, Scheme::RsaPss(Hash::Sha256)),
    },
    Builtin {
        name: "io.jwt.verify_ps384",
        arity: 2,
        run: |a| signed::verify(a, Scheme::RsaPss(Hash::Sha384)),
    },
    Builtin {
        name: "io.jwt.verify_ps512",
        arity: 2,
        run: |a| signed::verify(a, Scheme::RsaPss(Hash::Sha512)),
    },
    Builtin {
        name: "io.jwt.verify_es256",
        arity: 2,
        run: |a| signed::verify(a, Scheme::Ecdsa(Hash::Sha256)),
    },
    Builtin {
        name: "io.jwt.verify_es384",
        arity: 2,
        run: |a| signed::verify(a, Scheme::Ecdsa(Hash::Sha384)),
    },
    Builtin {
        name: "io.jwt.verify_es512",
        arity: 2,
        run: |a| signed::verify(a, Scheme::Ecdsa(Hash::Sha512)),
    },
    Builtin { name: "io.jwt.verify_eddsa", arity: 2, run: |a| signed::verify(a, Scheme::Ed25519) },
    Builtin { name: "io.jwt.decode_verify", arity: 2, run: constraints::decode_verify },
    Builtin { name: "io.jwt.encode_sign", arity: 3, run: sign::encode_sign },
    Builtin { name: "io.jwt.encode_sign_raw", arity: 3, run: sign::encode_sign_raw },
];

/// How deep tokens may be nested. More than two are not in use.
const NESTING: usize = 8;

struct Token<'t> {
    /// Header and payload, which the signature is for.
    signed: &'t str,
    header: &'t str,
    payload: &'t str,
    signature: &'t str,
}

impl<'t> Token<'t> {
    fn split(text: &'t str) -> Result<Self, Failure> {
        let parts: Vec<&str> = text.split('.').collect();
        match parts.as_slice() {
            [_] => Err(Failure::unsuitable("encoded JWT had no period separators")),
            [header, payload, signature] => {
                let signed = &text[..header.len() + 1 + payload.len()];
                Ok(Self { signed, header, payload, signature })
            }
            _ => {
                let count = parts.len();
                Err(Failure::unsuitable(format!("encoded JWT must have 3 sections, found {count}")))
            }
        }
    }
}

/// Go ignores the unused bits of the last character.
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// Base64 for URLs, with or without the padding.
pub(super) fn base64url(text: &str) -> Result<Vec<u8>, Failure> {
    let bytes = URL_SAFE.decode(text.trim_end_matches('='));
    bytes.map_err(|_| Failure::unsuitable(format!("illegal base64url string: {text}")))
}

fn text(part: &str) -> Result<String, Failure> {
    String::from_utf8(base64url(part)?).map_err(|error| Failure::unsuitable(error.to_string()))
}

fn object(json: &str) -> Result<Value, Failure> {
    let value = Value::from_json_str(json).map_err(|error| {
        Failure::unsuitable(format!("invalid JSON: {}", error.to_string().replace('\n', " ")))
    })?;
    match value {
        Value::Object(_) => Ok(value),
        _ => Err(Failure::unsuitable("decoded JSON type was not an Object")),
    }
}

/// `io.jwt.decode(token)`: returns the header, the payload and, in hexadecimal, the signature, which is not
/// verified.
fn decode(arguments: &[Value]) -> Outcome {
    let mut token = Arguments(arguments).text(0)?.to_owned();
    for _ in 0..NESTING {
        let parts = Token::split(&token)?;
        let header = object(&text(parts.header)?)?;
        if header["enc"] != Value::Undefined {
            return Err(Failure::unsuitable("JWT is a JWE object, which is not supported"));
        }
        let payload = text(parts.payload)?;
        if header["cty"] != Value::from("JWT") {
            let signature = base64url(parts.signature)?;
            let signature: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
            return Ok(vec![header, object(&payload)?, signature.into()].into());
        }
        token = payload;
    }
    Err(Failure::TooLarge(format!("more than {NESTING} tokens are nested")))
}

/// `io.jwt.verify_hs256(token, secret)` and so on: returns whether the token is signed with the secret.
fn verify<M: Mac + KeyInit>(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let token = Token::split(arguments.text(0)?)?;
    let signature = base64url(token.signature)?;
    Ok(is_keyed_digest::<M>(arguments.text(1)?.as_bytes(), token.signed, &signature)?.into())
}

/// Returns whether the signature was made with the secret; compares in constant time.
fn is_keyed_digest<M: Mac + KeyInit>(secret: &[u8], signed: &str, signature: &[u8]) -> Result<bool, Failure> {
    let keyed = <M as KeyInit>::new_from_slice(secret);
    let mut digest = keyed.map_err(|error| Failure::unsuitable(error.to_string()))?;
    digest.update(signed.as_bytes());
    Ok(digest.verify_slice(signature).is_ok())
}

/// The algorithms of tokens (RFC 7518, section 3.1; RFC 8037).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Secret(Hash),
    Key(Scheme),
}

impl Algorithm {
    fn named(name: &str) -> Option<Self> {
        if name == "EdDSA" {
            return Some(Self::Key(Scheme::Ed25519));
        }
        let (family, size) = name.split_at_checked(2)?;
        let hash = match size {
            "256" => Hash::Sha256,
            "384" => Hash::Sha384,
            "512" => Hash::Sha512,
            _ => return None,
        };
        Some(match family {
            "HS" => Self::Secret(hash),
            "RS" => Self::Key(Scheme::RsaPkcs1(hash)),
            "PS" => Self::Key(Scheme::RsaPss(hash)),
            "ES" => Self::Key(Scheme::Ecdsa(hash)),
            _ => return None,
        })
    }
}
