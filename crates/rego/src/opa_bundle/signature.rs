//! The signature of a bundle: a JSON Web Token with the digests of all files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use planguard_plan::input::read_text_file;
use serde::Deserialize;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use thiserror::Error;

use super::error::BundleError;
use super::{MANIFEST, SIGNATURES, canonical};
use crate::builtins::SignedBy;
use crate::data;

/// The keys of bundles, and what they may be for.
pub struct Trust {
    keys: SignedBy,
    scope: String,
}

/// Why there is no key.
#[derive(Debug, Error, Diagnostic)]
pub enum TrustError {
    /// The file cannot be read.
    #[error("cannot read the key of bundles {}: {reason}", path.display())]
    #[diagnostic(code("PG-RG-111"), help("check the path and its permissions"))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// It has no key for signatures.
    #[error("{} has no key that bundles can be verified with: {reason}", path.display())]
    #[diagnostic(
        code("PG-RG-112"),
        help(
            "write a public key or certificate in PEM, a JSON Web Key or key set, or the secret of HS256, HS384 or HS512 to \
             the file"
        )
    )]
    NoKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The key may be a secret.
        f.debug_struct("Trust").field("scope", &self.scope).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Signatures {
    signatures: Vec<String>,
}

#[derive(Deserialize)]
struct Payload {
    files: Vec<SignedFile>,
    #[serde(default)]
    scope: String,
}

#[derive(Deserialize)]
struct SignedFile {
    name: String,
    hash: String,
    #[serde(default)]
    algorithm: String,
}

impl Trust {
    /// Reads the keys of a file, for bundles that were signed for this scope.
    ///
    /// # Errors
    ///
    /// It has none.
    pub fn read(path: &Path, scope: &str) -> Result<Self, TrustError> {
        let text = read_text_file(path)
            .map_err(|error| TrustError::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
        Self::of(&text, scope).map_err(|reason| TrustError::NoKey { path: path.to_owned(), reason })
    }

    /// The keys of a text.
    pub(super) fn of(text: &str, scope: &str) -> Result<Self, String> {
        Ok(Self { keys: SignedBy::read(text)?, scope: scope.to_owned() })
    }

    /// Accepts a bundle that has the files that were signed, and no others.
    pub(super) fn verify(&self, path: &Path, files: &BTreeMap<String, Vec<u8>>) -> Result<(), BundleError> {
        let refused =
            |reason: &str| BundleError::Signature { path: path.to_owned(), reason: reason.to_owned() };
        let not_signed = || BundleError::NotSigned { path: path.to_owned() };
        let signatures = files.get(SIGNATURES).ok_or_else(not_signed)?;
        let Signatures { signatures } = serde_json::from_slice(signatures)
            .map_err(|_| refused("`.signatures.json` is not what OPA writes"))?;
        let token = match signatures.as_slice() {
            [] => return Err(not_signed()),
            [token] => token,
            _ => return Err(refused("it has several signatures, and OPA takes one only")),
        };
        let payload = self.keys.payload(token).map_err(|reason| refused(reason.as_str()))?;
        let Payload { files: signed, scope } = serde_json::from_slice(&payload)
            .map_err(|_| refused("it does not list files with their digests"))?;
        if scope != self.scope {
            let reason = match (scope.as_str(), self.scope.as_str()) {
                ("", wanted) => format!("it is for no scope, and `{wanted}` is wanted"),
                (scope, "") => format!("it is for the scope `{scope}`, and --bundle-scope names none"),
                (scope, wanted) => format!("it is for the scope `{scope}`, and `{wanted}` is wanted"),
            };
            return Err(refused(&reason));
        }
        let changed = |entry: &str, reason| BundleError::Changed {
            path: path.to_owned(),
            entry: entry.to_owned(),
            reason,
        };
        let mut rest = BTreeMap::new();
        for file in &signed {
            if rest.insert(file.name.trim_start_matches('/'), file).is_some() {
                return Err(changed(&file.name, "is listed twice in its signature"));
            }
        }
        for (name, bytes) in files.iter().filter(|(name, _)| name.as_str() != SIGNATURES) {
            let Some(file) = rest.remove(name.as_str()) else {
                return Err(changed(name, "was not there when the bundle was signed"));
            };
            let bytes = hashed(name, bytes).ok_or_else(|| changed(name, "is not JSON or YAML"))?;
            let digest = match file.algorithm.as_str() {
                "SHA-256" => hex(&Sha256::digest(&bytes)),
                "SHA-384" => hex(&Sha384::digest(&bytes)),
                "SHA-512" => hex(&Sha512::digest(&bytes)),
                _ => {
                    return Err(changed(
                        name,
                        "was signed with a hash that is none of SHA-256, SHA-384 and SHA-512",
                    ));
                }
            };
            if !digest.eq_ignore_ascii_case(&file.hash) {
                return Err(changed(name, "is not the file that was signed"));
            }
        }
        match rest.keys().next() {
            Some(name) => Err(changed(name, "was signed, and is missing")),
            None => Ok(()),
        }
    }
}

/// What OPA hashes of a file: documents by their values, all others by their bytes.
fn hashed(name: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    match name.rsplit('/').next().unwrap_or(name) {
        "data.json" | MANIFEST | SIGNATURES => {
            canonical::json(std::str::from_utf8(bytes).ok()?).map(String::into_bytes)
        }
        "data.yaml" => {
            let value = data::parse(Path::new(name), std::str::from_utf8(bytes).ok()?).ok()?;
            canonical::json(&value.to_json_str().ok()?).map(String::into_bytes)
        }
        _ => Some(bytes.to_vec()),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
