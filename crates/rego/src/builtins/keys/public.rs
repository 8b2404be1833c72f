//! Reads public keys and verifies signatures with them.

use ed25519_dalek::Verifier;
use num_bigint::BigUint;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use regorus::Value;

use super::der::{self, BitStringRef, Element, Reader, SliceReader, Tag, UintRef};
use super::hash::Hash;
use super::rsa::{Padding, RsaKey};
use crate::builtins::jwt::base64url;

/// A public key.
pub(in crate::builtins) enum PublicKey {
    Rsa(RsaKey),
    P256(Box<p256::ecdsa::VerifyingKey>),
    P384(Box<p384::ecdsa::VerifyingKey>),
    P521(Box<p521::ecdsa::VerifyingKey>),
    Ed25519(Box<ed25519_dalek::VerifyingKey>),
    /// A key that is not for signatures, or of an unknown kind.
    Other,
}

/// A signature scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::builtins) enum Scheme {
    RsaPkcs1(Hash),
    RsaPss(Hash),
    Ecdsa(Hash),
    Ed25519,
}

/// The encoding of the two numbers of an ECDSA signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::builtins) enum Numbers {
    /// One after the other, of the same length.
    Halves,
    /// As in certificates.
    Der,
}

const RSA: [u64; 7] = [1, 2, 840, 113549, 1, 1, 1];
const EC: [u64; 6] = [1, 2, 840, 10045, 2, 1];
const P256: [u64; 7] = [1, 2, 840, 10045, 3, 1, 7];
const P384: [u64; 5] = [1, 3, 132, 0, 34];
const P521: [u64; 5] = [1, 3, 132, 0, 35];
const ED25519: [u64; 4] = [1, 3, 101, 112];

impl PublicKey {
    /// Reads a `SubjectPublicKeyInfo` (RFC 5280, section 4.1). `None` if it is invalid.
    pub(super) fn from_spki(spki: Element<'_>) -> Option<Self> {
        let mut reader = spki.reader().ok()?;
        let mut algorithm = der::next(&mut reader, Tag::Sequence).ok()?.reader().ok()?;
        let kind = algorithm.decode::<Element<'_>>().ok()?.oid().ok()?;
        let key = der::whole_bits(reader.decode::<BitStringRef<'_>>().ok()?).ok()?;
        if kind == RSA {
            let mut numbers =
                der::next(&mut SliceReader::new(key).ok()?, Tag::Sequence).ok()?.reader().ok()?;
            let mut number = || numbers.decode::<UintRef<'_>>().ok();
            let (modulus, exponent) = (number()?, number()?);
            let [modulus, exponent] =
                [modulus, exponent].map(|number| BigUint::from_bytes_be(number.as_bytes()));
            return Some(Self::Rsa(RsaKey { modulus, exponent }));
        }
        if kind == EC {
            let curve = algorithm.decode::<Element<'_>>().ok()?.oid().ok()?;
            return match curve.as_slice() {
                curve if curve == P256 => Self::on_p256(key),
                curve if curve == P384 => Self::on_p384(key),
                curve if curve == P521 => Self::on_p521(key),
                _ => Some(Self::Other),
            };
        }
        if kind == ED25519 { Self::edwards(key) } else { Some(Self::Other) }
    }

    fn on_p256(point: &[u8]) -> Option<Self> {
        p256::ecdsa::VerifyingKey::from_sec1_bytes(point).ok().map(|key| Self::P256(Box::new(key)))
    }

    fn on_p384(point: &[u8]) -> Option<Self> {
        p384::ecdsa::VerifyingKey::from_sec1_bytes(point).ok().map(|key| Self::P384(Box::new(key)))
    }

    fn on_p521(point: &[u8]) -> Option<Self> {
        p521::ecdsa::VerifyingKey::from_sec1_bytes(point).ok().map(|key| Self::P521(Box::new(key)))
    }

    fn edwards(key: &[u8]) -> Option<Self> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(key.try_into().ok()?).ok()?;
        Some(Self::Ed25519(Box::new(key)))
    }

    /// Reads a JSON Web Key (RFC 7517). `None` if it is invalid.
    pub(in crate::builtins) fn from_jwk(jwk: &Value) -> Option<Self> {
        let text = |name: &str| jwk[name].as_string().ok();
        let bytes = |name: &str| base64url(text(name)?).ok();
        match text("kty")?.as_ref() {
            "RSA" => {
                let [modulus, exponent] =
                    [bytes("n")?, bytes("e")?].map(|bytes| BigUint::from_bytes_be(&bytes));
                Some(Self::Rsa(RsaKey { modulus, exponent }))
            }
            "EC" => {
                let point = |size: usize| {
                    let (x, y) = (sized(&bytes("x")?, size)?, sized(&bytes("y")?, size)?);
                    Some([&[4], x.as_slice(), &y].concat())
                };
                match text("crv")?.as_ref() {
                    "P-256" => Self::on_p256(&point(32)?),
                    "P-384" => Self::on_p384(&point(48)?),
                    "P-521" => Self::on_p521(&point(66)?),
                    _ => None,
                }
            }
            "OKP" if text("crv")?.as_ref() == "Ed25519" => Self::edwards(&bytes("x")?),
            "OKP" => Some(Self::Other),
            "oct" => bytes("k").map(|_| Self::Other),
            _ => None,
        }
    }

    /// Returns whether the signature is valid for this message, scheme and key. It is not if the scheme is for another
    /// kind of key.
    pub(in crate::builtins) fn verifies(
        &self,
        scheme: Scheme,
        numbers: Numbers,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        match (self, scheme) {
            (Self::Rsa(key), Scheme::RsaPkcs1(hash)) => {
                key.verifies(Padding::Pkcs1, hash, message, signature)
            }
            (Self::Rsa(key), Scheme::RsaPss(hash)) => key.verifies(Padding::Pss, hash, message, signature),
            (Self::P256(key), Scheme::Ecdsa(hash)) => halves(numbers, signature, 32)
                .and_then(|signature| p256::ecdsa::Signature::from_slice(&signature).ok())
                .is_some_and(|signature| key.verify_prehash(&hash.digest(message), &signature).is_ok()),
            (Self::P384(key), Scheme::Ecdsa(hash)) => halves(numbers, signature, 48)
                .and_then(|signature| p384::ecdsa::Signature::from_slice(&signature).ok())
                .is_some_and(|signature| key.verify_prehash(&hash.digest(message), &signature).is_ok()),
            (Self::P521(key), Scheme::Ecdsa(hash)) => halves(numbers, signature, 66)
                .and_then(|signature| p521::ecdsa::Signature::from_slice(&signature).ok())
                .is_some_and(|signature| key.verify_prehash(&hash.digest(message), &signature).is_ok()),
            (Self::Ed25519(key), Scheme::Ed25519) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            (
                Self::Rsa(_) | Self::P256(_) | Self::P384(_) | Self::P521(_) | Self::Ed25519(_) | Self::Other,
                Scheme::RsaPkcs1(_) | Scheme::RsaPss(_) | Scheme::Ecdsa(_) | Scheme::Ed25519,
            ) => false,
        }
    }
}

/// Returns the number in `size` bytes; `None` if it needs more.
fn sized(number: &[u8], size: usize) -> Option<Vec<u8>> {
    let start = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    let digits = &number[start..];
    let mut bytes = vec![0; size.checked_sub(digits.len())?];
    bytes.extend(digits);
    Some(bytes)
}

/// Returns the two numbers of a signature, each in `size` bytes.
fn halves(numbers: Numbers, signature: &[u8], size: usize) -> Option<Vec<u8>> {
    let (r, s) = match numbers {
        Numbers::Halves => signature.split_at(signature.len() / 2),
        Numbers::Der => {
            let mut outer = SliceReader::new(signature).ok()?;
            let mut inner = der::next(&mut outer, Tag::Sequence).ok()?.reader().ok()?;
            let mut number = || inner.decode::<UintRef<'_>>().ok();
            let (r, s) = (number()?, number()?);
            (outer.is_finished() && inner.is_finished()).then_some((r.as_bytes(), s.as_bytes()))?
        }
    };
    Some([sized(r, size)?, sized(s, size)?].concat())
}
