//! Verifies RSA signatures (RFC 8017), with the `rsa` crate.

use num_bigint::BigUint;
use rsa::pss::Pss;
use rsa::{BoxedUint, PublicKey};
use sha2::{Sha256, Sha384, Sha512};

use super::hash::Hash;

/// The sizes of keys in bits. Go rejects smaller keys; larger ones are not in use and take quadratic time.
const BITS: std::ops::RangeInclusive<usize> = 1_024..=16_384;

/// A public key. Its numbers are checked when it verifies a signature.
pub(in crate::builtins) struct RsaKey {
    pub modulus: BigUint,
    pub exponent: BigUint,
}

/// The padding of a digest before it is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Padding {
    /// RSASSA-PKCS1-v1_5, section 8.2.
    Pkcs1,
    /// RSASSA-PSS, section 8.1, with the same hash for the mask and a salt of any length.
    Pss,
}

impl RsaKey {
    /// Returns whether the signature is valid for this message.
    pub(super) fn verifies(&self, padding: Padding, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        // Go's exponents are signed 32-bit numbers.
        if self.exponent.bits() > 31 {
            return false;
        }
        let [modulus, exponent] = [&self.modulus, &self.exponent]
            .map(|number| BoxedUint::from_be_slice_vartime(&number.to_bytes_be()));
        let Ok(key) = PublicKey::new_with_size_limits(modulus, exponent, BITS) else { return false };
        let verified = match (padding, hash) {
            (Padding::Pkcs1, Hash::Sha256) => key.pkcs1v15_verify::<Sha256>(message, signature),
            (Padding::Pkcs1, Hash::Sha384) => key.pkcs1v15_verify::<Sha384>(message, signature),
            (Padding::Pkcs1, Hash::Sha512) => key.pkcs1v15_verify::<Sha512>(message, signature),
            (Padding::Pss, hash) => {
                let digest = hash.digest(message);
                match hash {
                    Hash::Sha256 => {
                        key.verify(Pss::<Sha256> { salt_len: None, ..Pss::new() }, &digest, signature)
                    }
                    Hash::Sha384 => {
                        key.verify(Pss::<Sha384> { salt_len: None, ..Pss::new() }, &digest, signature)
                    }
                    Hash::Sha512 => {
                        key.verify(Pss::<Sha512> { salt_len: None, ..Pss::new() }, &digest, signature)
                    }
                }
            }
        };
        verified.is_ok()
    }
}
