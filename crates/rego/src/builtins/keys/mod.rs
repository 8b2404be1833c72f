//! Reads certificates and public keys, and verifies signatures and chains with them.

mod certificate;
mod chain;
mod der;
mod document;
mod hash;
mod name;
mod pem;
mod public;
mod rsa;

use ::base64::Engine;
use regorus::Value;

use super::arguments::Arguments;
use super::encoding::base64;
use super::{Builtin, Failure, Outcome};
use certificate::Certificate;
use chain::Options;
use der::{Decode, Element};

pub(super) use hash::Hash;
pub(super) use public::{Numbers, PublicKey, Scheme};

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin { name: "crypto.x509.parse_certificates", arity: 1, run: parse_certificates },
    Builtin { name: "crypto.x509.parse_and_verify_certificates", arity: 1, run: parse_and_verify },
    Builtin {
        name: "crypto.x509.parse_and_verify_certificates_with_options",
        arity: 2,
        run: parse_and_verify_with_options,
    },
];

fn broken() -> Failure {
    Failure::unsuitable("x509: malformed certificate")
}

/// Returns the certificates of a text as DER. The text is PEM, or PEM or DER in base64.
fn der_of(text: &str) -> Result<Vec<u8>, Failure> {
    if !text.starts_with("-----BEGIN") {
        let bytes = base64(text)?;
        return match std::str::from_utf8(&bytes) {
            Ok(text) if text.starts_with("-----BEGIN") => der_of_pem(text),
            _ => Ok(bytes),
        };
    }
    der_of_pem(text)
}

fn der_of_pem(text: &str) -> Result<Vec<u8>, Failure> {
    let mut der = Vec::new();
    let mut rest = text;
    while let Some((block, following)) = pem::next(rest) {
        if block.label != "CERTIFICATE" {
            let label = block.label;
            return Err(Failure::unsuitable(format!("PEM block type is '{label}', expected CERTIFICATE")));
        }
        der.extend(block.bytes);
        rest = following;
    }
    Ok(der)
}

fn certificates(der: &[u8]) -> Result<Vec<Certificate<'_>>, Failure> {
    let elements = der::all(der).map_err(|_| broken())?;
    elements.into_iter().map(|element| Certificate::read(element).map_err(|_| broken())).collect()
}

/// `crypto.x509.parse_certificates(text)`: returns the fields of the certificates.
fn parse_certificates(arguments: &[Value]) -> Outcome {
    let der = der_of(Arguments(arguments).text(0)?)?;
    Ok(certificates(&der)?.iter().map(document::of).collect::<Vec<_>>().into())
}

fn verify(text: &str, options: &Options) -> Outcome {
    let refused = || Ok(vec![false.into(), Value::new_array()].into());
    let Ok(der) = der_of(text) else { return refused() };
    let Ok(certificates) = certificates(&der) else { return refused() };
    match chain::verified(&certificates, options)? {
        Some(chain) => {
            let chain: Vec<Value> = chain.into_iter().map(document::of).collect();
            Ok(vec![true.into(), chain.into()].into())
        }
        None => refused(),
    }
}

/// `crypto.x509.parse_and_verify_certificates(text)`: returns whether there is a valid chain from the first certificate,
/// which is the root, to the last one, and the chain.
fn parse_and_verify(arguments: &[Value]) -> Outcome {
    verify(Arguments(arguments).text(0)?, &Options::default())
}

/// `crypto.x509.parse_and_verify_certificates_with_options(text, options)`: the same for
/// a name, a time or usages.
fn parse_and_verify_with_options(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    verify(arguments.text(0)?, &Options::read(arguments.value(1))?)
}

/// Returns the public key of a certificate or of a key in PEM; `None` if the text is not PEM.
pub(super) fn public_key_of_pem(text: &str) -> Result<Option<PublicKey>, Failure> {
    let Some((block, rest)) = pem::next(text) else { return Ok(None) };
    if !rest.is_empty() {
        return Err(Failure::unsuitable("extra data after a PEM certificate block"));
    }
    let element = Element::from_der(&block.bytes).ok();
    let key = match block.label.as_str() {
        "CERTIFICATE" => element
            .and_then(|element| Certificate::read(element).ok())
            .and_then(|certificate| PublicKey::from_spki(certificate.key)),
        "PUBLIC KEY" => element.and_then(PublicKey::from_spki),
        _ => return Err(Failure::unsuitable("failed to extract a Key from the PEM certificate")),
    };
    key.map(Some).ok_or_else(|| Failure::unsuitable("failed to parse a PEM certificate or public key"))
}

/// Bytes as Go writes them in JSON: in base64.
fn bytes(bytes: &[u8]) -> Value {
    ::base64::engine::general_purpose::STANDARD.encode(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The certificates of the facts.
    fn known() -> Vec<Vec<u8>> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/rego/builtins/x509.json");
        let facts: Vec<serde_json::Value> =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let texts = facts.iter().filter_map(|fact| {
            let (_, text) = fact["eval"].as_str()?.split_once("parse_certificates(")?;
            serde_json::Deserializer::from_str(text).into_iter::<String>().next()?.ok()
        });
        let all = texts.filter_map(|text| der_of(&text).ok());
        all.filter(|der| certificates(der).is_ok_and(|read| read.len() == 1)).collect()
    }

    #[test]
    fn broken_certificates_are_refused_without_harm() {
        let known = known();
        assert!(known.len() > 5);
        for der in known {
            for at in 0..der.len() {
                assert!(at == 0 || certificates(&der[..at]).is_err(), "cut off at {at}");
                let mut changed = der.clone();
                changed[at] ^= if at % 2 == 0 { 0x01 } else { 0xff };
                if let Ok(read) = certificates(&changed) {
                    let _ = read.iter().map(document::of).collect::<Vec<_>>();
                }
            }
        }
    }

    #[test]
    fn no_changed_signature_is_accepted() {
        for der in known() {
            let read = certificates(&der).unwrap();
            let certificate = &read[0];
            let (Some(scheme), Some(key)) =
                (certificate.algorithm.scheme, PublicKey::from_spki(certificate.key))
            else {
                continue;
            };
            let is_own = certificate.issuer.whole == certificate.subject.whole;
            let verifies =
                |signature: &[u8]| key.verifies(scheme, Numbers::Der, certificate.signed, signature);
            assert_eq!(verifies(certificate.signature), is_own);
            for at in (0..certificate.signature.len()).step_by(16) {
                let mut changed = certificate.signature.to_vec();
                changed[at] ^= 1;
                assert!(!verifies(&changed), "byte {at}");
            }
        }
    }
}
