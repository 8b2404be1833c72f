//! Verifies a token outside of policies: the signature of a bundle.

use hmac::Hmac;
use regorus::Value;
use sha2::{Sha256, Sha384, Sha512};

use super::signed::{self, Key};
use super::{Algorithm, Token, base64url, is_keyed_digest, object, text};
use crate::builtins::keys::Hash;

/// What a token must be signed with. A public key is never taken for a secret, which everybody would have.
pub(crate) struct SignedBy(Holder);

enum Holder {
    /// The holder of one of these keys.
    Keys(Vec<Key>),
    /// Somebody who has this secret.
    Secret(String),
}

impl SignedBy {
    /// Reads public keys in PEM or as JSON Web Keys; any other text is a secret.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("it is empty".to_owned());
        }
        if !text.starts_with("-----BEGIN") && !text.starts_with('{') {
            return Ok(Self(Holder::Secret(text.to_owned())));
        }
        if text.contains("PRIVATE KEY-----") {
            return Err("it has a private key, and only the public one is needed".to_owned());
        }
        match signed::keys(text) {
            Ok(keys) if keys.is_empty() => Err("none of its keys is for signatures".to_owned()),
            Ok(keys) => Ok(Self(Holder::Keys(keys))),
            Err(_) => Err("it has no key that can be read".to_owned()),
        }
    }

    /// Returns the payload of a token that is signed so.
    pub(crate) fn payload(&self, token: &str) -> Result<Vec<u8>, String> {
        let broken = "it is no JSON Web Token";
        let token = Token::split(token).map_err(|_| broken)?;
        let header = text(token.header).and_then(|text| object(&text)).map_err(|_| broken)?;
        let signature = base64url(token.signature).map_err(|_| broken)?;
        if header["crit"] != Value::Undefined {
            return Err("its header demands extensions (`crit`)".to_owned());
        }
        let name = header["alg"].as_string().map(|name| name.to_string()).unwrap_or_default();
        let algorithm =
            Algorithm::named(&name).ok_or_else(|| format!("its algorithm `{name}` is unknown"))?;
        let is_right = match (&self.0, algorithm) {
            (Holder::Secret(secret), Algorithm::Secret(hash)) => {
                let (secret, signed) = (secret.as_bytes(), token.signed);
                match hash {
                    Hash::Sha256 => is_keyed_digest::<Hmac<Sha256>>(secret, signed, &signature),
                    Hash::Sha384 => is_keyed_digest::<Hmac<Sha384>>(secret, signed, &signature),
                    Hash::Sha512 => is_keyed_digest::<Hmac<Sha512>>(secret, signed, &signature),
                }
                .unwrap_or(false)
            }
            (Holder::Keys(keys), Algorithm::Key(scheme)) => {
                signed::is_signed_by(keys, &header, scheme, token.signed, &signature)
            }
            (Holder::Secret(_), Algorithm::Key(_)) => {
                return Err(format!("it is signed with {name}, and the given key is a secret"));
            }
            (Holder::Keys(_), Algorithm::Secret(_)) => {
                return Err(format!("it is signed with {name}, and the given key is a public key"));
            }
        };
        if !is_right {
            return Err("it was not made with the given key".to_owned());
        }
        base64url(token.payload).map_err(|_| broken.to_owned())
    }
}
