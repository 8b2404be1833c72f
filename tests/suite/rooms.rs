//! Which crate may import which: a room imports only rooms below it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Every room and the rooms that it may import, lowest first. A room stands below whatever imports it.
const ROOMS: &[(&str, &[&str])] = &[
    ("rule", &[]),
    ("schemas", &[]),
    ("threads", &[]),
    ("time-zones", &[]),
    ("work", &[]),
    ("plan", &["schemas", "work"]),
    ("cost", &["plan"]),
    ("git", &["plan"]),
    ("page", &["plan"]),
    ("source", &["plan", "schemas"]),
    ("guardrail-format", &["rule", "schemas"]),
    ("guardrails", &["guardrail-format", "plan", "rule", "schemas", "work"]),
    ("rego-syntax", &[]),
    ("rego", &["git", "plan", "rego-syntax", "rule", "threads"]),
    ("rego-lint", &["plan", "rego", "rego-syntax", "rule", "schemas", "threads"]),
];

/// Crates from outside that only one room may import, with that room.
const ONLY_IMPORTER: &[(&str, &str)] = &[("regorus", "rego"), ("regorus-mimalloc", "rego")];

fn manifest(path: &Path) -> toml::Table {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of everything that a manifest depends on, tests and build script included.
fn dependencies(manifest: &toml::Table) -> BTreeSet<String> {
    ["dependencies", "dev-dependencies", "build-dependencies"]
        .into_iter()
        .filter_map(|section| manifest.get(section)?.as_table())
        .flat_map(|section| section.keys().cloned())
        .collect()
}

fn rooms() -> BTreeMap<String, BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates");
    let entries = fs::read_dir(&root).expect("the rooms");
    entries
        .map(|entry| {
            let path = entry.expect("a room").path();
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
            (name, dependencies(&manifest(&path.join("Cargo.toml"))))
        })
        .collect()
}

#[test]
fn rooms_import_only_rooms_below_them() {
    let rooms = rooms();
    let known: BTreeSet<&str> = ROOMS.iter().map(|(name, _)| *name).collect();
    assert_eq!(rooms.keys().map(String::as_str).collect::<BTreeSet<_>>(), known, "ROOMS lists every crate");
    for (position, (name, allowed)) in ROOMS.iter().enumerate() {
        for below in *allowed {
            assert!(
                ROOMS[..position].iter().any(|(room, _)| room == below),
                "`{below}` is not below `{name}`"
            );
        }
        for dependency in &rooms[*name] {
            if let Some(room) = dependency.strip_prefix("planguard-") {
                assert!(allowed.contains(&room), "`{name}` must not import `{room}`");
            }
            assert_ne!(dependency, "planguard", "`{name}` must not import the top");
        }
    }
}

#[test]
fn what_one_room_imports_alone_is_imported_by_no_other() {
    let mut all = rooms();
    all.insert(
        "planguard".to_owned(),
        dependencies(&manifest(&Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))),
    );
    for (outside, importer) in ONLY_IMPORTER {
        for (name, dependencies) in &all {
            assert!(
                name == importer || !dependencies.contains(*outside),
                "only `{importer}` may import `{outside}`"
            );
        }
        assert!(all[*importer].contains(*outside), "`{importer}` imports `{outside}`");
    }
}

#[test]
fn the_command_line_is_known_to_the_binary_alone() {
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in walkdir::WalkDir::new(&library) {
        let path = entry.expect("a file").into_path();
        if path.starts_with(library.join("bin")) || path.extension().is_none_or(|extension| extension != "rs")
        {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source");
        assert!(!text.contains("clap::"), "{} knows clap", path.display());
    }
}

/// Unsafe code is in dependencies alone. Forbidden means that no attribute allows it again.
#[test]
fn no_crate_has_unsafe_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workspace = manifest(&root.join("Cargo.toml"));
    assert_eq!(workspace["workspace"]["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
    let crates = fs::read_dir(root.join("crates")).expect("the rooms");
    let manifests = crates.map(|entry| entry.expect("a room").path().join("Cargo.toml"));
    for path in manifests.chain([root.join("Cargo.toml")]) {
        let lints = manifest(&path).get("lints").and_then(|lints| lints.get("workspace")?.as_bool());
        assert_eq!(lints, Some(true), "{} has not the lints of the workspace", path.display());
    }
}
