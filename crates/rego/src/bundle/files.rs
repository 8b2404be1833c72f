//! The texts of the bundled files. They are not compressed: the library has only 40 KB.

use super::library::BundledFile;
use super::packs::RegoPack;

macro_rules! bundled {
    ($($path:literal),+ $(,)?) => {
        [$(BundledFile {
            path: $path,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies/rego/", $path)),
        }),+]
    };
}

/// The files of `policies/rego/lib`, without tests.
pub(super) static LIBRARY: [BundledFile; 11] = bundled![
    "lib/addresses.rego",
    "lib/changes.rego",
    "lib/documents.rego",
    "lib/findings.rego",
    "lib/network.rego",
    "lib/references.rego",
    "lib/resources.rego",
    "lib/selection.rego",
    "lib/tags.rego",
    "lib/unknown.rego",
    "lib/wildcards.rego",
];

macro_rules! packs {
    ($($name:literal),+ $(,)?) => {
        [$(RegoPack {
            name: $name,
            file: BundledFile {
                path: concat!($name, "/policy.rego"),
                text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies/rego/", $name, "/policy.rego")),
            },
        }),+]
    };
}

/// The bundled packs.
pub(super) static PACKS: [RegoPack; 8] = packs![
    "allowed-regions",
    "blast-radius",
    "change-freeze",
    "instance-types",
    "module-sources",
    "naming",
    "provider-versions",
    "required-tags",
];
