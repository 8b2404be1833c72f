//! Digests and keyed digests, in hexadecimal.

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use regorus::Value;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::arguments::Arguments;
use super::{Builtin, Failure, Outcome};

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin { name: "crypto.md5", arity: 1, run: digest::<Md5> },
    Builtin { name: "crypto.sha1", arity: 1, run: digest::<Sha1> },
    Builtin { name: "crypto.sha256", arity: 1, run: digest::<Sha256> },
    Builtin { name: "crypto.hmac.md5", arity: 2, run: keyed_digest::<Hmac<Md5>> },
    Builtin { name: "crypto.hmac.sha1", arity: 2, run: keyed_digest::<Hmac<Sha1>> },
    Builtin { name: "crypto.hmac.sha256", arity: 2, run: keyed_digest::<Hmac<Sha256>> },
    Builtin { name: "crypto.hmac.sha512", arity: 2, run: keyed_digest::<Hmac<Sha512>> },
    Builtin { name: "crypto.hmac.equal", arity: 2, run: equal },
];

fn hexadecimal(bytes: &[u8]) -> Value {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

/// `crypto.md5(text)`, `crypto.sha1(text)` and `crypto.sha256(text)`: the digest of the text.
fn digest<D: Digest>(arguments: &[Value]) -> Outcome {
    Ok(hexadecimal(&D::digest(Arguments(arguments).text(0)?)))
}

/// `crypto.hmac.md5(text, key)` and so on: the digest of the text under the key (RFC 2104).
fn keyed_digest<M: Mac + KeyInit>(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let (text, key) = (arguments.text(0)?, arguments.text(1)?);
    let keyed = <M as KeyInit>::new_from_slice(key.as_bytes());
    let mut digest = keyed.map_err(|error| Failure::unsuitable(error.to_string()))?;
    digest.update(text.as_bytes());
    Ok(hexadecimal(&digest.finalize().into_bytes()))
}

/// `crypto.hmac.equal(mac1, mac2)`: whether two digests are the same.
fn equal(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    Ok((arguments.text(0)? == arguments.text(1)?).into())
}
