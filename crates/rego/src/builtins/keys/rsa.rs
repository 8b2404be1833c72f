//! Verifies RSA signatures (RFC 8017). Only what is public takes part, so that timing tells nothing; that is why no
//! more than arithmetic is needed.

use num_bigint::BigUint;

use super::hash::Hash;

/// Go refuses smaller keys, and nobody has larger ones; the work grows with the square.
const BITS: std::ops::RangeInclusive<u64> = 1_024..=16_384;

/// A public key.
pub(in crate::builtins) struct RsaKey {
    pub modulus: BigUint,
    pub exponent: BigUint,
}

/// How a digest is laid out before it is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Padding {
    /// RSASSA-PKCS1-v1_5, section 8.2.
    Pkcs1,
    /// RSASSA-PSS, section 8.1, with the digest's own hash for the mask and a salt of any length.
    Pss,
}

impl RsaKey {
    /// Whether the signature is one of this message.
    pub(super) fn verifies(&self, padding: Padding, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        let bits = self.modulus.bits();
        let length = usize::try_from(bits.div_ceil(8)).unwrap_or(usize::MAX);
        let is_odd = |number: &BigUint| number.bit(0);
        let exponent_fits = self.exponent.bits() <= 31 && self.exponent > BigUint::from(1u8);
        if !BITS.contains(&bits) || !is_odd(&self.modulus) || !exponent_fits || !is_odd(&self.exponent) {
            return false;
        }
        let number = BigUint::from_bytes_be(signature);
        if signature.len() != length || number >= self.modulus {
            return false;
        }
        let opened = number.modpow(&self.exponent, &self.modulus).to_bytes_be();
        let mut encoded = vec![0; length.saturating_sub(opened.len())];
        encoded.extend(opened);
        let digest = hash.digest(message);
        match padding {
            Padding::Pkcs1 => pkcs1(hash, &digest, length) == Some(encoded),
            Padding::Pss => {
                let bits = usize::try_from(bits - 1).unwrap_or(0);
                pss(
                    hash,
                    &digest,
                    &encoded[length - bits.div_ceil(8)..],
                    bits,
                    encoded.len() > bits.div_ceil(8) && encoded[0] != 0,
                )
            }
        }
    }
}

/// What is signed of a digest (section 9.2): there is only one way to write it.
fn pkcs1(hash: Hash, digest: &[u8], length: usize) -> Option<Vec<u8>> {
    let prefix = hash.prefix();
    let filling = length.checked_sub(prefix.len() + digest.len() + 3).filter(|filling| *filling >= 8)?;
    let mut encoded = vec![0, 1];
    encoded.extend(std::iter::repeat_n(0xff, filling));
    encoded.push(0);
    encoded.extend(prefix);
    encoded.extend(digest);
    Some(encoded)
}

/// Whether it is a digest with a salt (section 9.1.2). `spills` says that the number did not fit.
fn pss(hash: Hash, digest: &[u8], encoded: &[u8], bits: usize, spills: bool) -> bool {
    let size = digest.len();
    let Some(mask_length) = encoded.len().checked_sub(size + 1) else { return false };
    let (masked, rest) = encoded.split_at(mask_length);
    let (inner, trailer) = rest.split_at(size);
    let unused = encoded.len() * 8 - bits;
    let keep = 0xffu8 >> unused;
    let Some(first) = masked.first() else { return false };
    if spills || trailer != [0xbc] || first & !keep != 0 {
        return false;
    }
    let mut block: Vec<u8> =
        masked.iter().zip(mask(hash, inner, mask_length)).map(|(byte, mask)| byte ^ mask).collect();
    block[0] &= keep;
    let Some(start) = block.iter().position(|byte| *byte != 0).filter(|start| block[*start] == 1) else {
        return false;
    };
    let mut signed = vec![0; 8];
    signed.extend(digest);
    signed.extend(&block[start + 1..]);
    hash.digest(&signed) == inner
}

/// MGF1 (section B.2.1).
fn mask(hash: Hash, seed: &[u8], length: usize) -> Vec<u8> {
    let mut mask = Vec::with_capacity(length + 64);
    let mut counter: u32 = 0;
    while mask.len() < length {
        mask.extend(hash.digest(&[seed, &counter.to_be_bytes()].concat()));
        counter += 1;
    }
    mask.truncate(length);
    mask
}
