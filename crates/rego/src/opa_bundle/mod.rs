//! Bundles of OPA: policies and data in one archive, as `opa build` writes it, with the roots that it may fill and, if
//! it is signed, the digests of its files.
//!
//! A file in a bundle has the path of the bundle and its name in it, such as `bundle.tar.gz/policy/main.rego`; `files` finds
//! and reads it like any other.

mod canonical;
mod error;
mod manifest;
mod signature;
mod unpack;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

pub use error::BundleError;
pub use signature::{Trust, TrustError};

use crate::error::{PolicyError, ReadingError};
use manifest::Manifest;

/// The maximum size of an archive.
const SIZE_LIMIT: u64 = 32 << 20;

/// The file of the manifest.
const MANIFEST: &str = ".manifest";

/// The file of the signature.
const SIGNATURES: &str = ".signatures.json";

/// The only key that bundles are verified with. Every command reads its policies with the same one.
static TRUST: OnceLock<Trust> = OnceLock::new();

/// Verifies every bundle that is opened from now on. The first key stays.
pub fn trust(trust: Trust) {
    TRUST.get_or_init(|| trust);
}

/// What is known of the bundles that this process opened.
static OPENED: Mutex<BTreeMap<PathBuf, (Version, Opened)>> = Mutex::new(BTreeMap::new());

/// The state of an archive's file.
type Version = (u64, Option<SystemTime>);

type Opened = Result<Arc<Bundle>, Arc<BundleError>>;

/// A bundle whose files are within its roots, and are those that were signed if a key is known.
#[derive(Debug)]
pub(crate) struct Bundle {
    /// The files by their names.
    files: BTreeMap<String, Vec<u8>>,
    roots: Vec<String>,
}

/// Returns whether a path is that of an archive.
pub fn is_bundle(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    (name.ends_with(".tar.gz") || name.ends_with(".tgz")) && path.is_file()
}

/// Returns whether the archive has a signature, which nobody verifies without a key.
pub fn has_signature(path: &Path) -> bool {
    is_bundle(path) && open(path).is_ok_and(|bundle| bundle.files.contains_key(SIGNATURES))
}

/// Returns the policies and documents of an archive with these extensions, by name.
pub(crate) fn find(archive: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>, PolicyError> {
    let bundle = open(archive).map_err(PolicyError::Bundle)?;
    let is_wanted = |name: &&String| {
        let is_hidden = name.split('/').any(|part| part.starts_with('.'));
        let extension = Path::new(name.as_str()).extension();
        !is_hidden && extension.is_some_and(|found| extensions.iter().any(|wanted| found == *wanted))
    };
    Ok(bundle.files.keys().filter(is_wanted).map(|name| archive.join(name)).collect())
}

/// Returns the bytes of a file in an archive; `None` if the path leads through no archive.
pub(crate) fn read(path: &Path) -> Option<Result<Vec<u8>, PolicyError>> {
    let archive = path.ancestors().skip(1).find(|ancestor| is_bundle(ancestor))?;
    let name = path.strip_prefix(archive).ok()?.to_string_lossy().replace('\\', "/");
    let bytes = open(archive).map_err(PolicyError::Bundle).and_then(|bundle| {
        bundle.files.get(&name).cloned().ok_or_else(|| {
            PolicyError::Reading(ReadingError::Unreadable {
                path: path.to_owned(),
                reason: "the bundle has no such file".to_owned(),
            })
        })
    });
    Some(bytes)
}

/// Reports two archives that may fill the same part of `data`, as OPA does.
pub(crate) fn check_roots(paths: &[PathBuf]) -> Result<(), PolicyError> {
    let mut seen: Vec<(&PathBuf, Arc<Bundle>)> = Vec::new();
    for path in paths.iter().filter(|path| is_bundle(path)) {
        let Ok(bundle) = open(path) else { continue };
        for (other, known) in &seen {
            let pairs =
                known.roots.iter().flat_map(|left| bundle.roots.iter().map(move |right| (left, right)));
            let same = fs::canonicalize(path).ok().zip(fs::canonicalize(other).ok());
            if same.is_some_and(|(one, two)| one == two) {
                continue;
            }
            if let Some((left, right)) =
                pairs.into_iter().find(|(left, right)| manifest::overlap(left, right))
            {
                return Err(PolicyError::Bundle(Arc::new(BundleError::OverlappingRoots {
                    path: path.to_path_buf(),
                    root: manifest::shown(right),
                    other: other.to_path_buf(),
                    other_root: manifest::shown(left),
                })));
            }
        }
        seen.push((path, bundle));
    }
    Ok(())
}

/// Opens an archive, once for each state of its file.
fn open(path: &Path) -> Opened {
    let version = fs::metadata(path).map_or((0, None), |metadata| (metadata.len(), metadata.modified().ok()));
    let key = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
    match opened.get(&key) {
        Some((known, bundle)) if *known == version => bundle.clone(),
        Some(_) | None => {
            let bundle = read_archive(path, TRUST.get()).map(Arc::new).map_err(Arc::new);
            opened.insert(key, (version, bundle.clone()));
            bundle
        }
    }
}

fn read_archive(path: &Path, trust: Option<&Trust>) -> Result<Bundle, BundleError> {
    let broken = |reason: String| BundleError::Broken { path: path.to_owned(), reason };
    let file = File::open(path).map_err(|error| broken(error.to_string()))?;
    let mut bytes = Vec::new();
    file.take(SIZE_LIMIT + 1).read_to_end(&mut bytes).map_err(|error| broken(error.to_string()))?;
    if bytes.len() as u64 > SIZE_LIMIT {
        return Err(BundleError::TooLarge { path: path.to_owned(), limit: SIZE_LIMIT });
    }
    of_bytes(path, &bytes, trust)
}

/// Reads and verifies an archive.
fn of_bytes(path: &Path, bytes: &[u8], trust: Option<&Trust>) -> Result<Bundle, BundleError> {
    let files = unpack::unpack(path, bytes)?;
    // Nothing of the bundle counts before its signature does.
    if let Some(trust) = trust {
        trust.verify(path, &files)?;
    }
    let manifest = Manifest::of(path, &files)?;
    manifest.check_files(path, &files)?;
    Ok(Bundle { files, roots: manifest.roots })
}

#[cfg(test)]
mod tests;
