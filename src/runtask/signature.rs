//! The signature of a payload: HMAC-SHA512 with the key of the run task, in the header `X-TFC-Task-Signature`.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha512;

use super::RunTaskError;

/// The bytes of HMAC-SHA512.
const LENGTH: usize = 64;

/// Checks that whoever wrote the payload has the key. The comparison takes the same time wherever the first difference is.
///
/// # Errors
///
/// There is no key, or the signature is none of this payload.
pub fn verify(key: &[u8], payload: &[u8], signature: &str) -> Result<(), RunTaskError> {
    // Everybody has the empty key; HCP sends an empty signature if the task has none.
    if key.is_empty() {
        return Err(RunTaskError::NoKey);
    }
    let signature = bytes(signature).ok_or(RunTaskError::SignatureShape)?;
    let mut mac = Hmac::<Sha512>::new_from_slice(key).map_err(|_| RunTaskError::NoKey)?;
    mac.update(payload);
    mac.verify_slice(&signature).map_err(|_| RunTaskError::WrongSignature)
}

/// The bytes of a signature in hexadecimal digits.
fn bytes(text: &str) -> Option<Vec<u8>> {
    if text.len() != 2 * LENGTH || !text.is_ascii() {
        return None;
    }
    (0..LENGTH).map(|at| text.get(2 * at..2 * at + 2)).map(|pair| digits(pair?)).collect()
}

fn digits(pair: &str) -> Option<u8> {
    // `from_str_radix` takes a sign as well.
    pair.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u8::from_str_radix(pair, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Test case 2 of RFC 4231.
    const KEY: &[u8] = b"Jefe";
    const TEXT: &[u8] = b"what do ya want for nothing?";
    const SIGNATURE: &str = "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737";

    #[test]
    fn only_the_signature_of_the_payload_is_right() {
        assert_eq!(verify(KEY, TEXT, SIGNATURE), Ok(()));
        assert_eq!(verify(KEY, TEXT, &SIGNATURE.to_uppercase()), Ok(()));
        assert_eq!(verify(b"jefe", TEXT, SIGNATURE), Err(RunTaskError::WrongSignature));
        assert_eq!(
            verify(KEY, b"what do ya want for nothing!", SIGNATURE),
            Err(RunTaskError::WrongSignature)
        );
        assert_eq!(verify(b"", TEXT, SIGNATURE), Err(RunTaskError::NoKey));
        for at in [0, 64, 127] {
            let mut other = SIGNATURE.to_owned();
            let digit = if other.as_bytes()[at] == b'0' { "1" } else { "0" };
            other.replace_range(at..=at, digit);
            assert_eq!(verify(KEY, TEXT, &other), Err(RunTaskError::WrongSignature));
        }
    }

    #[test]
    fn what_is_no_signature_is_refused() {
        let signed = format!("+1{}", &SIGNATURE[2..]);
        let wide = format!("é{}", &SIGNATURE[2..]);
        for text in ["", "00", &SIGNATURE[..126], &format!("{SIGNATURE}00"), &signed, &wide, &"g".repeat(128)]
        {
            assert_eq!(verify(KEY, TEXT, text), Err(RunTaskError::SignatureShape), "{text}");
        }
    }
}
