//! The keys of attestations: ed25519, in the PEM files that openssl writes.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use ed25519_dalek::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePublicKey as _};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::AttestationError;
use crate::report::Notice;

pub use planguard_plan::input::SIGNING_KEY;

/// The variable with the public key that verifies.
pub const PUBLIC_KEY: &str = "PLANGUARD_PUBLIC_KEY";

/// No key is larger.
const LARGEST: u64 = 64 * 1024;

const MAKE_ONE: &str = "use an ed25519 key: `openssl genpkey -algorithm ed25519 -out signing.pem`";
const MAKE_PUBLIC: &str =
    "use the public key of an ed25519 key: `openssl pkey -in signing.pem -pubout -out public.pem`";
const DECRYPT: &str = "planguard asks for no passphrase: decrypt it with `openssl pkey`, and keep it in the secret store of the CI system";

/// Where a key is.
pub enum KeySource {
    /// In a file.
    File(PathBuf),
    /// In a variable of this name, with this text.
    Variable(&'static str, Zeroizing<String>),
}

impl KeySource {
    /// The file that is named, or else the variable.
    pub fn choose(file: Option<&Path>, variable: &'static str) -> Option<Self> {
        match file {
            Some(file) => Some(Self::File(file.to_owned())),
            None => {
                let text = std::env::var_os(variable).filter(|text| !text.is_empty())?;
                Some(Self::Variable(variable, Zeroizing::new(text.to_string_lossy().into_owned())))
            }
        }
    }

    /// The source in words, without the key.
    fn name(&self) -> String {
        match self {
            Self::File(file) => file.display().to_string(),
            Self::Variable(name, _) => format!("the variable {name}"),
        }
    }

    fn text(&self) -> Result<Zeroizing<String>, AttestationError> {
        let file = match self {
            Self::Variable(_, text) => return Ok(text.clone()),
            Self::File(file) => file,
        };
        let unreadable = |reason: String| AttestationError::UnreadableKey { from: self.name(), reason };
        let mut text = Zeroizing::new(String::new());
        let file = File::open(file).map_err(|error| unreadable(error.to_string()))?;
        let read = file.take(LARGEST + 1).read_to_string(&mut text);
        match read.map_err(|error| unreadable(error.to_string()))? {
            read if read as u64 > LARGEST => Err(unreadable("it is too large for a key".to_owned())),
            _ => Ok(text),
        }
    }
}

/// What everybody should know who uses a private key that others on the machine can read.
pub fn exposed(source: &KeySource) -> Option<Notice> {
    #[cfg(unix)]
    if let KeySource::File(file) = source {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = file.metadata().ok().filter(std::fs::Metadata::is_file)?.permissions().mode();
        let message =
            format!("everybody on this machine can read the private key {0}: chmod 600 {0}", file.display());
        return (mode & 0o004 != 0).then(|| Notice::new("PG-AT-101", &message));
    }
    let _ = source;
    None
}

/// What a PEM text says that it is.
enum Pem<'t> {
    Private,
    Public,
    EncryptedPrivate,
    /// A private key of another form.
    OtherPrivate(&'t str),
    Other(&'t str),
    None,
}

impl<'t> Pem<'t> {
    fn of(text: &'t str) -> Self {
        let label =
            text.lines().find_map(|line| line.trim().strip_prefix("-----BEGIN ")?.strip_suffix("-----"));
        match label {
            None => Self::None,
            Some("PRIVATE KEY") => Self::Private,
            Some("PUBLIC KEY") => Self::Public,
            Some("ENCRYPTED PRIVATE KEY") => Self::EncryptedPrivate,
            Some(label) if label.ends_with("PRIVATE KEY") => Self::OtherPrivate(label),
            Some(label) => Self::Other(label),
        }
    }

    /// What is wrong with a key that is none of the expected ones.
    fn reason(&self) -> String {
        match self {
            Self::Private => "it is a private key".to_owned(),
            Self::Public => "it is a public key".to_owned(),
            Self::EncryptedPrivate => "it is an encrypted private key".to_owned(),
            Self::OtherPrivate(label) | Self::Other(label) => format!("it is a `{label}`"),
            Self::None => "it is not PEM".to_owned(),
        }
    }
}

/// The SHA-256 of a public key (its `SubjectPublicKeyInfo`). Displays as hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyId(String);

impl KeyId {
    fn of(key: &VerifyingKey) -> Result<Self, AttestationError> {
        let spki = key
            .to_public_key_der()
            .map_err(|_| AttestationError::Incomplete { what: "public key that can be written" })?;
        Ok(Self(Sha256::digest(spki.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// The hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A private key. It is cleared when it is dropped, and never printed.
pub struct Signer {
    key: SigningKey,
    id: KeyId,
}

impl Signer {
    /// Reads a private key.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is not an ed25519 key in PKCS#8 as PEM.
    pub fn read(source: &KeySource) -> Result<Self, AttestationError> {
        Self::from_pem(&source.text()?, source.name())
    }

    pub(super) fn from_pem(text: &str, from: String) -> Result<Self, AttestationError> {
        let pem = Pem::of(text);
        let invalid =
            |reason: String, help| AttestationError::InvalidKey { from: from.clone(), reason, help };
        match pem {
            Pem::Private => {
                let key = SigningKey::from_pkcs8_pem(text.trim()).map_err(|error| {
                    invalid(format!("it is not an ed25519 key in PKCS#8 ({error})"), MAKE_ONE)
                })?;
                Ok(Self { id: KeyId::of(&key.verifying_key())?, key })
            }
            Pem::EncryptedPrivate => Err(invalid(pem.reason(), DECRYPT)),
            Pem::Public => Err(invalid("it is a public key, and the private key signs".to_owned(), MAKE_ONE)),
            Pem::OtherPrivate(_) | Pem::Other(_) | Pem::None => Err(invalid(pem.reason(), MAKE_ONE)),
        }
    }

    /// What names the key.
    pub const fn id(&self) -> &KeyId {
        &self.id
    }

    pub(super) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A public key.
#[derive(Clone, Debug)]
pub struct PublicKey {
    key: VerifyingKey,
    id: KeyId,
}

impl PublicKey {
    /// Reads a public key.
    ///
    /// # Errors
    ///
    /// If it cannot be read, is a private key, or is not an ed25519 key (`SubjectPublicKeyInfo`) as PEM.
    pub fn read(source: &KeySource) -> Result<Self, AttestationError> {
        Self::from_pem(&source.text()?, source.name())
    }

    pub(super) fn from_pem(text: &str, from: String) -> Result<Self, AttestationError> {
        let pem = Pem::of(text);
        let invalid =
            |reason: String| AttestationError::InvalidKey { from: from.clone(), reason, help: MAKE_PUBLIC };
        match pem {
            Pem::Public => {
                let key = VerifyingKey::from_public_key_pem(text.trim())
                    .map_err(|error| invalid(format!("it is not an ed25519 key ({error})")))?;
                // Everybody can make signatures that such a key accepts.
                if key.is_weak() {
                    return Err(invalid("it is a weak key".to_owned()));
                }
                Ok(Self { id: KeyId::of(&key)?, key })
            }
            Pem::Private | Pem::EncryptedPrivate | Pem::OtherPrivate(_) => {
                Err(AttestationError::PrivateForPublic { from })
            }
            Pem::Other(_) | Pem::None => Err(invalid(pem.reason())),
        }
    }

    /// What names the key.
    pub const fn id(&self) -> &KeyId {
        &self.id
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify_strict(message, &signature).is_ok())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The first key of RFC 8032, section 7.1.
    pub(in crate::attestation) const PRIVATE: &str = include_str!("../../fixtures/attestation/signing.pem");
    pub(in crate::attestation) const PUBLIC: &str = include_str!("../../fixtures/attestation/public.pem");

    pub(in crate::attestation) fn signer() -> Signer {
        Signer::from_pem(PRIVATE, "a test".to_owned()).unwrap()
    }

    pub(crate) fn public() -> PublicKey {
        PublicKey::from_pem(PUBLIC, "a test".to_owned()).unwrap()
    }

    #[test]
    fn the_keys_of_openssl_are_read_and_belong_together() {
        assert_eq!(signer().id(), public().id());
        // `openssl pkey -in signing.pem -pubout -outform DER | sha256sum`
        assert_eq!(
            signer().id().as_str(),
            "06e3fd8fda29bb60ab59557de61edb0aecdb231134be30e75b455f8e1b792fa9"
        );
        // RFC 8032, section 7.1, TEST 1: the signature of nothing.
        let signature = signer().sign(b"");
        assert_eq!(signature[..4], [0xe5, 0x56, 0x43, 0x00]);
        assert!(public().verifies(b"", &signature));
        assert!(!public().verifies(b"x", &signature) && !public().verifies(b"", &signature[1..]));
        let crlf = PRIVATE.replace('\n', "\r\n");
        assert_eq!(Signer::from_pem(&crlf, String::new()).unwrap().id(), signer().id());
    }

    #[test]
    fn what_is_no_such_key_is_refused_by_name_and_not_printed() {
        let rsa = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VuAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
        let openssh =
            "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0c2VjcmV0\n-----END OPENSSH PRIVATE KEY-----\n";
        let encrypted = PRIVATE.replace("PRIVATE", "ENCRYPTED PRIVATE");
        for (text, signing, verifying) in [
            (PRIVATE, "", "is a private key"),
            (PUBLIC, "is a public key", ""),
            (rsa, "is a public key", "not an ed25519 key"),
            (openssh, "OPENSSH PRIVATE KEY", "is a private key"),
            (&encrypted, "encrypted private key", "is a private key"),
            ("c2VjcmV0c2VjcmV0", "not PEM", "not PEM"),
            (
                "-----BEGIN PRIVATE KEY-----\nc2VjcmV0c2VjcmV0\n-----END PRIVATE KEY-----\n",
                "in PKCS#8",
                "is a private key",
            ),
            (
                "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
                "is a public key",
                "not an ed25519 key",
            ),
        ] {
            let signer = Signer::from_pem(text, "a.pem".to_owned()).map(drop);
            let public = PublicKey::from_pem(text, "a.pem".to_owned()).map(drop);
            for (read, wanted) in [(signer, signing), (public, verifying)] {
                match read {
                    Ok(()) => assert_eq!(wanted, "", "{text}"),
                    Err(error) => {
                        let said = error.to_string();
                        assert!(
                            !wanted.is_empty() && said.contains(wanted) && said.contains("a.pem"),
                            "{text}: {said}"
                        );
                        assert!(!said.contains("c2Vj") && !said.contains("nWGx"), "{said}");
                    }
                }
            }
        }
        let debug = format!("{:?}", signer());
        assert!(debug.contains("06e3fd") && !debug.contains("9d61"), "{debug}");
    }

    #[cfg(unix)]
    #[test]
    fn a_private_key_that_everybody_can_read_is_told() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("signing.pem");
        std::fs::write(&path, PRIVATE).unwrap();
        for (mode, is_told) in [(0o644, true), (0o604, true), (0o640, false), (0o600, false)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(exposed(&KeySource::File(path.clone())).is_some(), is_told, "{mode:o}");
        }
        assert!(Signer::read(&KeySource::File(path)).is_ok());
        let large = directory.path().join("large");
        std::fs::write(&large, "x".repeat(100_000)).unwrap();
        let error = Signer::read(&KeySource::File(large)).unwrap_err();
        assert!(matches!(error, AttestationError::UnreadableKey { .. }), "{error}");
    }
}
