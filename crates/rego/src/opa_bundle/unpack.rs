//! Unpacks an archive into memory; nothing is written to a disk.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Component, Path};

use flate2::read::MultiGzDecoder;
use tar::{Archive, EntryType};

use super::error::BundleError;

/// The maximum size of all files together, so that a small archive cannot fill the memory.
const TOTAL_LIMIT: u64 = 128 << 20;

/// The maximum number of entries.
const ENTRIES: usize = 20_000;

/// Returns the files of an archive by name, with `/` and without one at the start.
pub(super) fn unpack(path: &Path, bytes: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, BundleError> {
    let broken = |error: std::io::Error| BundleError::Broken {
        path: path.to_owned(),
        reason: error.to_string().replace('\n', " "),
    };
    let too_large = || BundleError::TooLarge { path: path.to_owned(), limit: TOTAL_LIMIT };
    let mut text = Vec::new();
    MultiGzDecoder::new(bytes).take(TOTAL_LIMIT + 1).read_to_end(&mut text).map_err(broken)?;
    if text.len() as u64 > TOTAL_LIMIT {
        return Err(too_large());
    }
    let mut files = BTreeMap::new();
    let mut archive = Archive::new(text.as_slice());
    for (position, entry) in archive.entries().map_err(broken)?.enumerate() {
        if position >= ENTRIES {
            return Err(too_large());
        }
        let mut entry = entry.map_err(broken)?;
        let shown = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let refused = |reason| BundleError::Entry { path: path.to_owned(), entry: shown.clone(), reason };
        match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous => {}
            EntryType::Directory => {
                name(&shown).ok_or_else(|| refused("leads out of the bundle"))?;
                continue;
            }
            EntryType::XGlobalHeader => continue,
            EntryType::Symlink | EntryType::Link => return Err(refused("is a link")),
            _ => return Err(refused("is neither a file nor a directory")),
        }
        let name = name(&shown).ok_or_else(|| refused("leads out of the bundle"))?;
        if name.is_empty() {
            return Err(refused("has no name"));
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(broken)?;
        if files.insert(name, content).is_some() {
            return Err(refused("it has twice"));
        }
    }
    if files.is_empty() {
        return Err(BundleError::Broken { path: path.to_owned(), reason: "it has no files".to_owned() });
    }
    Ok(files)
}

/// The name of a file in the bundle, as OPA has it; `None` if it leads out of it or cannot be shown.
fn name(entry: &str) -> Option<String> {
    if entry.contains(['\\', ':', '\u{fffd}']) || entry.chars().any(char::is_control) {
        return None;
    }
    let mut parts = Vec::new();
    for component in Path::new(entry.trim_start_matches('/')).components() {
        match component {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/"))
}
