//! What resource types the providers know and which attributes these have, packed into the binary and unpacked
//! only for whoever asks.
//!
//! This crate imports no other crate of the project.

pub mod files;
mod kind;

use std::io::Read as _;
use std::sync::OnceLock;

use serde::Deserialize;

pub use kind::{Attribute, Kind};

/// A provider as `build.rs` packed it: an index, and the attributes of one type after the other.
struct Packed {
    /// What the names of its types start with.
    prefix: &'static str,
    version: &'static str,
    bytes: &'static [u8],
    unpacked: OnceLock<Option<Unpacked>>,
}

struct Unpacked {
    types: Vec<Entry>,
    attributes: Vec<u8>,
}

/// A type and where its attributes end; they start where those of the type before end.
#[derive(Deserialize)]
struct Entry {
    name: String,
    end: usize,
}

include!(concat!(env!("OUT_DIR"), "/schemas.rs"));

/// The attributes of a resource type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceSchema {
    /// What a configuration can set, ordered by name, and `id`. Attributes that only the provider sets are not
    /// here, and neither is which attributes are required: the schema facts do not say it.
    pub attributes: Vec<Attribute>,
}

impl ResourceSchema {
    /// The attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }
}

/// The schema of a resource type, in the version of its provider that [`version`] names; `None` if that does not
/// have the type or the provider is none of the five that are known.
pub fn resource(resource_type: &str) -> Option<ResourceSchema> {
    let unpacked = unpacked(resource_type)?;
    let index = unpacked.types.binary_search_by(|entry| entry.name.as_str().cmp(resource_type)).ok()?;
    let start = index.checked_sub(1).map_or(0, |before| unpacked.types[before].end);
    let bytes = unpacked.attributes.get(start..unpacked.types[index].end)?;
    Some(ResourceSchema { attributes: postcard::from_bytes(bytes).ok()? })
}

/// The types of the provider whose types are named like this one, ordered by name; none if it is not known.
pub fn types_beside(resource_type: &str) -> impl Iterator<Item = &'static str> {
    unpacked(resource_type)
        .into_iter()
        .flat_map(|unpacked| unpacked.types.iter().map(|entry| entry.name.as_str()))
}

/// The version of the provider that the schema of a type is of.
pub fn version(resource_type: &str) -> Option<&'static str> {
    packed(resource_type).map(|packed| packed.version)
}

/// An attribute, or a whole type, that older plans have and the present schemas do not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// The last version of the provider that has it.
    pub until: &'static str,
    /// What it holds, in the words of `policies/schemas/README.md`.
    pub kind: &'static str,
}

/// What is known of an attribute that the present schemas lack: `azurerm_sql_server`, or
/// `azurerm_redis_cache.enable_non_ssl_port`.
pub fn removed(path: &str) -> Option<Removed> {
    let found = REMOVED.iter().find(|(known, ..)| *known == path)?;
    Some(Removed { kind: found.1, until: found.2 })
}

fn packed(resource_type: &str) -> Option<&'static Packed> {
    let (prefix, _) = resource_type.split_once('_')?;
    PROVIDERS.iter().find(|packed| packed.prefix == prefix)
}

fn unpacked(resource_type: &str) -> Option<&'static Unpacked> {
    let packed = packed(resource_type)?;
    packed.unpacked.get_or_init(|| packed.unpack()).as_ref()
}

impl Packed {
    fn unpack(&self) -> Option<Unpacked> {
        let mut bytes = Vec::new();
        flate2::read::DeflateDecoder::new(self.bytes).read_to_end(&mut bytes).ok()?;
        let (types, attributes) = postcard::take_from_bytes::<Vec<Entry>>(&bytes).ok()?;
        let attributes = attributes.to_vec();
        Some(Unpacked { types, attributes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_every_provider_can_be_read() {
        for packed in &PROVIDERS {
            let unpacked = packed.unpack().unwrap();
            assert!(unpacked.types.len() > 50, "{}", packed.prefix);
            for entry in &unpacked.types {
                assert!(resource(&entry.name).is_some(), "{}", entry.name);
            }
        }
    }

    #[test]
    fn attributes_have_kinds() {
        let bucket = resource("aws_s3_bucket").unwrap();
        assert_eq!(bucket.attribute("acl").map(|acl| &acl.kind), Some(&Kind::String));
        let versioning = bucket.attribute("versioning").unwrap();
        assert!(matches!(versioning.kind, Kind::Block(_)));
        assert!(versioning.is_list());
        assert!(!bucket.attribute("timeouts").unwrap().is_list());
        assert!(!bucket.attribute("tags").unwrap().is_list());
        assert_eq!(resource("aws_s3_buckett"), None);
        assert_eq!(resource("null_resource"), None);
    }

    #[test]
    fn what_providers_have_dropped_is_known() {
        assert_eq!(removed("azurerm_sql_server").unwrap().until, "3");
        assert_eq!(removed("azurerm_storage_account.allow_blob_public_access").unwrap().kind, "bool");
        assert_eq!(removed("azurerm_storage_account.tags"), None);
    }
}
