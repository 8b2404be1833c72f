//! `io.jwt.encode_sign`: signs tokens with a shared secret. Private keys are not supported.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use regorus::Value;
use sha2::{Sha256, Sha384, Sha512};

use super::{Algorithm, base64url, object};
use crate::builtins::arguments::Arguments;
use crate::builtins::keys::Hash;
use crate::builtins::{Failure, Outcome, json};

/// `io.jwt.encode_sign(header, payload, key)`: returns the token of two objects.
pub(super) fn encode_sign(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    for index in 0..3 {
        let Value::Object(_) = arguments.value(index) else { return Err(arguments.wrong(index, "object")) };
    }
    let (header, payload) = (json::text(arguments.value(0))?, json::text(arguments.value(1))?);
    sign(&header, &payload, arguments.value(2))
}

/// `io.jwt.encode_sign_raw(header, payload, key)`: returns the token of two texts.
pub(super) fn encode_sign_raw(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let key = object(arguments.text(2)?)?;
    sign(arguments.text(0)?, arguments.text(1)?, &key)
}

fn sign(header: &str, payload: &str, key: &Value) -> Outcome {
    let fields = object(header)?;
    let name = fields["alg"].as_string().map_err(|_| Failure::unsuitable("the header has no alg"))?;
    let is_jwt = fields["typ"].as_string().is_ok_and(|kind| kind.as_ref() == "JWT");
    if (is_jwt || fields["typ"] == Value::Undefined) && Value::from_json_str(payload).is_err() {
        return Err(Failure::unsuitable("type is JWT but payload is not JSON"));
    }
    let hash = match Algorithm::named(name) {
        Some(Algorithm::Secret(hash)) => hash,
        Some(Algorithm::Key(_)) => {
            return Err(Failure::Unsupported(format!(
                "tokens are not signed by {name}: a policy should hold no private key"
            )));
        }
        None => return Err(Failure::unsuitable(format!("unknown signature algorithm: {name}"))),
    };
    let secret = key["k"].as_string().ok().filter(|_| key["kty"] == Value::from("oct"));
    let secret =
        base64url(secret.ok_or_else(|| Failure::unsuitable("the key is no symmetric JSON Web Key"))?)?;
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let digest = match hash {
        Hash::Sha256 => keyed_digest::<Hmac<Sha256>>(&secret, &signed),
        Hash::Sha384 => keyed_digest::<Hmac<Sha384>>(&secret, &signed),
        Hash::Sha512 => keyed_digest::<Hmac<Sha512>>(&secret, &signed),
    }?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(digest)).into())
}

fn keyed_digest<M: Mac + KeyInit>(secret: &[u8], signed: &str) -> Result<Vec<u8>, Failure> {
    let keyed = <M as KeyInit>::new_from_slice(secret);
    let mut digest = keyed.map_err(|error| Failure::unsuitable(error.to_string()))?;
    digest.update(signed.as_bytes());
    Ok(digest.finalize().into_bytes().to_vec())
}
