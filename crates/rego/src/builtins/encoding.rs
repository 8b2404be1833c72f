//! Base64 and YAML as Go reads them.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use regorus::Value;

use super::arguments::Arguments;
use super::jwt::base64url;
use super::{Builtin, Failure, Outcome};
use crate::yaml::{self, Booleans};

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin { name: "base64.decode", arity: 1, run: decode },
    Builtin { name: "base64.is_valid", arity: 1, run: is_valid },
    Builtin { name: "base64url.decode", arity: 1, run: decode_url },
    Builtin { name: "yaml.unmarshal", arity: 1, run: unmarshal },
    Builtin { name: "yaml.is_valid", arity: 1, run: is_valid_yaml },
];

/// Go wants the padding, and does not look at bits that are left over.
const STANDARD: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// The bytes of a text in base64. Go skips the ends of lines.
pub(super) fn base64(text: &str) -> Result<Vec<u8>, Failure> {
    let digits: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    STANDARD.decode(digits).map_err(|_| Failure::unsuitable("illegal base64 data"))
}

fn text(bytes: Vec<u8>) -> Value {
    match String::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned().into(),
    }
}

/// `base64.decode(text)`: what is written in base64.
fn decode(arguments: &[Value]) -> Outcome {
    base64(Arguments(arguments).text(0)?).map(text)
}

/// `base64.is_valid(text)`: whether it is base64. Anything but a string is none.
fn is_valid(arguments: &[Value]) -> Outcome {
    Ok(Arguments(arguments).text(0).is_ok_and(|text| base64(text).is_ok()).into())
}

/// `base64url.decode(text)`: what is written in base64 for URLs, with or without the padding.
fn decode_url(arguments: &[Value]) -> Outcome {
    let encoded = Arguments(arguments).text(0)?;
    let digits: String = encoded.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    // Padding that is there has to be all that is needed.
    if encoded.len() % 4 == 1 || (digits.contains('=') && !digits.len().is_multiple_of(4)) {
        return Err(Failure::unsuitable(format!("illegal base64url string: {encoded}")));
    }
    base64url(&digits).map(text)
}

/// `yaml.unmarshal(text)`: what the first YAML document says.
fn unmarshal(arguments: &[Value]) -> Outcome {
    yaml::parse(Arguments(arguments).text(0)?, Booleans::Words).map_err(Failure::Unsuitable)
}

/// `yaml.is_valid(text)`: whether it is YAML. Anything but a string is none.
fn is_valid_yaml(arguments: &[Value]) -> Outcome {
    Ok(Arguments(arguments).text(0).is_ok_and(|text| yaml::parse(text, Booleans::Words).is_ok()).into())
}
