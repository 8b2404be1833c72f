//! Verifies tokens that are signed with a private key.

use regorus::Value;

use super::{Algorithm, Token, base64url, object, text};
use crate::builtins::arguments::Arguments;
use crate::builtins::keys::{self, Numbers, PublicKey, Scheme};
use crate::builtins::{Failure, Outcome};

/// A key with its properties in a key set.
pub(super) struct Key {
    pub key: PublicKey,
    pub algorithm: String,
    pub id: String,
}

/// Returns the keys of a certificate or public key in PEM, of a JSON Web Key or of a key set.
pub(super) fn keys(text: &str) -> Result<Vec<Key>, Failure> {
    if let Some(key) = keys::public_key_of_pem(text)? {
        return Ok(vec![Key { key, algorithm: String::new(), id: String::new() }]);
    }
    let wrong = |reason: &str| Failure::unsuitable(format!("failed to parse a JWK key (set): {reason}"));
    let document = Value::from_json_str(text).map_err(|_| wrong("it is neither PEM nor JSON"))?;
    let jwks: Vec<Value> = match (&document, &document["keys"]) {
        (Value::Object(_), Value::Array(jwks)) => jwks.to_vec(),
        (Value::Object(_), Value::Undefined) => vec![document],
        _ => return Err(wrong("it is no key and no set of keys")),
    };
    let mut keys = Vec::new();
    for jwk in &jwks {
        let key = PublicKey::from_jwk(jwk).ok_or_else(|| wrong("a key is broken or of an unknown kind"))?;
        let field = |name: &str| jwk[name].as_string().map(|text| text.to_string()).unwrap_or_default();
        let algorithm = field("alg");
        let encrypts = ["RSA", "A128", "A192", "A256", "ECDH", "PBES2", "dir", "none"];
        if !algorithm.is_empty()
            && Algorithm::named(&algorithm).is_none()
            && !encrypts.iter().any(|start| algorithm.starts_with(start))
        {
            return Err(wrong("a key is for an unknown algorithm"));
        }
        if algorithm.is_empty() || Algorithm::named(&algorithm).is_some() {
            keys.push(Key { key, algorithm, id: field("kid") });
        }
    }
    Ok(keys)
}

/// Returns whether the token is signed with one of the keys: the one that the token names, or else any that is not for
/// another algorithm.
pub(super) fn is_signed_by(
    keys: &[Key],
    header: &Value,
    scheme: Scheme,
    signed: &str,
    signature: &[u8],
) -> bool {
    let field = |name: &str| header[name].as_string().map(|text| text.to_string()).unwrap_or_default();
    let (algorithm, id) = (field("alg"), field("kid"));
    let verifies = |key: &Key| key.key.verifies(scheme, Numbers::Halves, signed.as_bytes(), signature);
    if let Some(named) = keys.iter().find(|key| !id.is_empty() && key.id == id) {
        return verifies(named);
    }
    keys.iter().any(|key| (key.algorithm.is_empty() || key.algorithm == algorithm) && verifies(key))
}

/// `io.jwt.verify_rs256(token, key)` and so on: returns whether the key signed the token.
pub(super) fn verify(arguments: &[Value], scheme: Scheme) -> Outcome {
    let arguments = Arguments(arguments);
    let token = Token::split(arguments.text(0)?)?;
    let keys = keys(arguments.text(1)?)?;
    let signature = base64url(token.signature)?;
    let header = object(&text(token.header)?)?;
    Ok(is_signed_by(&keys, &header, scheme, token.signed, &signature).into())
}
