//! The resource types and data sources of Terraform providers, with their attributes, as packed files in the binary.
//!
//! A lookup takes a microsecond or two and unpacks nothing, so callers need no cache of their own. The facts are those
//! of `policies/schemas`; its README says of which releases.
//!
//! This crate imports no other crate of the project.

mod head;
mod kind;
mod packed;
mod path;
mod provider;

use std::fmt;

pub use kind::{Attribute, Configurable, Kind, Nested, Nesting, Release, Sensitive};
pub use path::{Missing, Place};
pub use provider::Provider;

use head::{Head, Shape};
use packed::{Member, Mode, Packed, Parts};

macro_rules! packed {
    ($($prefix:literal),*) => {
        [$(Packed::new($prefix, include_bytes!(concat!("../../../policies/schemas/", $prefix, ".bin")))),*]
    };
}

static PROVIDERS: [Packed; 15] = packed![
    "aws",
    "azuread",
    "azurerm",
    "cloudflare",
    "datadog",
    "digitalocean",
    "github",
    "google",
    "helm",
    "kubernetes",
    "local",
    "null",
    "random",
    "tls",
    "vault"
];

/// The schema of a resource type or data source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schema {
    /// Its attributes.
    pub block: Block,
    /// Which releases of the provider have the type.
    pub release: Release,
    /// Only google-beta has the type.
    pub beta: bool,
}

/// The schema of a resource type; `None` if no provider that is known has it.
pub fn resource(resource_type: &str) -> Option<Schema> {
    schema(resource_type, Mode::Resource)
}

/// The schema of a data source; `None` if no provider that is known has it.
pub fn data(data_source: &str) -> Option<Schema> {
    schema(data_source, Mode::Data)
}

/// The provider whose types are named like this one, whether it has this one or not; `None` if it is not known.
pub fn provider(type_name: &str) -> Option<&'static Provider> {
    Some(&packed(type_name)?.parts()?.provider)
}

/// The resource types of the provider whose types are named like this one, ordered by name: candidates for a
/// misspelt one.
pub fn resource_types_beside(type_name: &str) -> impl Iterator<Item = String> + use<> {
    types_beside(type_name, Mode::Resource)
}

/// The same of data sources.
pub fn data_sources_beside(type_name: &str) -> impl Iterator<Item = String> + use<> {
    types_beside(type_name, Mode::Data)
}

/// The names of the providers that are known, as their types start with them: `aws`, `google`.
pub fn provider_prefixes() -> impl Iterator<Item = &'static str> {
    PROVIDERS.iter().map(|packed| packed.prefix)
}

fn packed(type_name: &str) -> Option<&'static Packed> {
    let (prefix, _) = type_name.split_once('_')?;
    PROVIDERS.iter().find(|packed| packed.prefix == prefix)
}

fn schema(type_name: &str, mode: Mode) -> Option<Schema> {
    let packed = packed(type_name)?;
    let parts = packed.parts()?;
    let entry = parts.entry(parts.types.find(type_name)?, mode)?;
    let block = Block { packed, position: entry.body };
    Some(Schema { block, release: entry.release, beta: entry.beta })
}

fn types_beside(type_name: &str, mode: Mode) -> impl Iterator<Item = String> + use<> {
    let parts = packed(type_name).and_then(Packed::parts);
    parts.into_iter().flat_map(move |parts| {
        (0..parts.type_count())
            .filter(move |number| parts.entry(*number, mode).is_some())
            .filter_map(|number| parts.types.get(number))
    })
}

/// The attributes of a resource, a data source, or a nested block. It is a place in a packed file: attributes are
/// read when they are asked for, because some blocks nest in themselves to a great depth.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Block {
    packed: &'static Packed,
    position: usize,
}

impl Block {
    /// The attributes and nested blocks, ordered by name.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute> {
        let (packed, position) = (self.packed, self.position);
        let parts = packed.parts().into_iter();
        parts.flat_map(move |parts| {
            parts.body(position).filter_map(move |member| attribute(packed, parts, &member))
        })
    }

    /// The attributes that are sensitive, or that hold objects with a sensitive attribute at any depth, ordered by
    /// name. The others are passed over without reading their names.
    pub fn leading_to_sensitive(&self) -> impl Iterator<Item = Attribute> {
        let (packed, position) = (self.packed, self.position);
        let parts = packed.parts().into_iter();
        parts.flat_map(move |parts| {
            let leading = parts.body(position).filter(|member| member.head.leads_to_sensitive);
            leading.filter_map(move |member| attribute(packed, parts, &member))
        })
    }

    /// The attribute or nested block of this name.
    pub fn attribute(&self, name: &str) -> Option<Attribute> {
        let parts = self.packed.parts()?;
        let number = parts.names.find(name)?;
        let member = parts.body(self.position).find(|member| member.name >= number)?;
        (member.name == number).then(|| attribute(self.packed, parts, &member))?
    }
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Block({}.bin, {})", self.packed.prefix, self.position)
    }
}

fn attribute(packed: &'static Packed, parts: &Parts, member: &Member<'_>) -> Option<Attribute> {
    let head = Head::read(member.head)?;
    let kind = match (head.shape, member.body) {
        (Shape::Plain(kind), _) => kind,
        (Shape::Nested { is_block, nesting, min, max, holds_sensitive }, Some(position)) => {
            Kind::Nested(Nested {
                is_block,
                nesting,
                min,
                max,
                holds_sensitive,
                block: Block { packed, position },
            })
        }
        (Shape::Nested { .. }, None) => return None,
    };
    Some(Attribute {
        name: parts.names.get(member.name)?,
        kind,
        configurable: head.configurable,
        sensitive: head.sensitive,
        write_only: head.write_only,
        deprecated: head.deprecated,
        forces_replacement: head.forces_replacement,
        release: head.release,
        beta: head.beta,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_have_types_and_flags() {
        let bucket = resource("aws_s3_bucket").unwrap().block;
        let acl = bucket.attribute("acl").unwrap();
        assert_eq!((acl.kind, acl.configurable), (Kind::String, Configurable::OptionalComputed));
        assert!(acl.deprecated);
        let versioning = bucket.attribute("versioning").unwrap();
        let nested = versioning.kind.nested().unwrap();
        assert!(nested.is_block && nested.is_single() && versioning.kind.is_list());
        assert!(!bucket.attribute("timeouts").unwrap().kind.is_list());
        assert!(!bucket.attribute("arn").unwrap().is_settable());
        assert_eq!(bucket.attribute("acll"), None);
        let database = resource("aws_db_instance").unwrap().block;
        assert_eq!(database.attribute("password").unwrap().sensitive, Sensitive::Marked);
        assert!(database.attribute("password_wo").unwrap().write_only);
        let account = resource("azurerm_storage_account").unwrap().block;
        assert!(account.attribute("location").unwrap().forces_replacement);
    }

    #[test]
    fn resources_and_data_sources_are_two_things() {
        let image = data("aws_ami").unwrap().block;
        assert!(image.attribute("most_recent").unwrap().is_settable());
        assert_eq!(resource("aws_ami").unwrap().block.attribute("most_recent"), None);
        assert_eq!(data("aws_security_group_rule"), None);
    }

    #[test]
    fn what_is_not_known_has_no_schema() {
        assert_eq!(resource("aws_s3_buckett"), None);
        assert_eq!(resource("acme_widget"), None);
        assert_eq!(resource(""), None);
        assert_eq!(provider("acme_widget"), None);
        assert_eq!(provider("aws_s3_buckett").unwrap().name, "aws");
    }

    #[test]
    fn what_a_provider_has_removed_is_known() {
        assert_eq!(resource("azurerm_sql_server").unwrap().release, Release::Older);
        let account = resource("azurerm_storage_account").unwrap().block;
        let removed = account.attribute("allow_blob_public_access").unwrap();
        assert_eq!((removed.kind, removed.release), (Kind::Bool, Release::Older));
        assert_eq!(account.attribute("tags").unwrap().release, Release::Present);
    }

    #[test]
    fn google_has_the_attributes_of_google_beta() {
        let only_beta = resource_types_beside("google_x").filter(|name| resource(name).unwrap().beta);
        assert!(only_beta.count() > 50);
        assert!(!resource("google_storage_bucket").unwrap().beta);
    }

    /// What `leading_to_sensitive` passes over leads to nothing sensitive, however deep.
    #[test]
    fn only_what_leads_to_a_sensitive_attribute_is_read_for_it() {
        let names = |resource_type: &str| {
            let leading = resource(resource_type).unwrap().block;
            leading.leading_to_sensitive().map(|attribute| attribute.name).collect::<Vec<_>>()
        };
        assert_eq!(names("aws_s3_bucket"), [""; 0]);
        // Its rules nest in themselves and hold no secret.
        assert_eq!(names("aws_wafv2_web_acl"), [""; 0]);
        assert!(names("azurerm_kubernetes_cluster").contains(&"service_principal".to_owned()));
        assert!(names("aws_db_instance").contains(&"password".to_owned()));
    }

    #[test]
    fn every_type_of_every_provider_can_be_read() {
        for prefix in provider_prefixes() {
            let start = format!("{prefix}_");
            let mut types = 0;
            for name in resource_types_beside(&start) {
                assert!(name.starts_with(&start), "{name}");
                assert!(resource(&name).unwrap().block.attributes().count() > 0, "{name}");
                types += 1;
            }
            for name in data_sources_beside(&start) {
                assert!(data(&name).unwrap().block.attributes().count() > 0, "{name}");
            }
            assert!(types > 0, "{prefix}");
        }
    }
}
