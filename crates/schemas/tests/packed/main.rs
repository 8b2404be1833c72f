//! Packs `policies/schemas/*.bin` from the provider facts in `../shared/providers`, which are not part of the
//! repository: `UPDATE=1 cargo test -p planguard-schemas --test packed`. Without `UPDATE` it checks that the
//! packed files are those. `PROVIDER_FACTS` names another directory.
#![expect(clippy::print_stdout, reason = "says what is skipped")]

mod pack;
mod source;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use planguard_schemas::{Attribute, Block, Configurable, Kind, Nesting, Release, Sensitive};
use source::{Facts, Types};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The directory of the facts, or `None` with a line that says so.
fn facts_directory() -> Option<PathBuf> {
    let named = std::env::var_os("PROVIDER_FACTS").map(PathBuf::from);
    let directory = named.unwrap_or_else(|| root().join("../shared/providers"));
    if directory.is_dir() {
        return Some(directory);
    }
    println!("skipped: no provider facts at {}", directory.display());
    None
}

/// Every provider with what its packed file holds; google-beta is part of google's.
fn facts(directory: &Path) -> BTreeMap<&'static str, Facts> {
    let additions = fs::read_to_string(root().join("policies/schemas/additions.txt")).expect("a file");
    planguard_schemas::provider_prefixes()
        .map(|prefix| {
            let mut facts = Facts::read(&directory.join(format!("{prefix}.json.gz")));
            if prefix == "google" {
                facts.add_beta(&Facts::read(&directory.join("google-beta.json.gz")));
            }
            let own = additions.lines().filter(|line| line.starts_with(&format!("{prefix}_")));
            own.for_each(|line| facts.add(line));
            (prefix, facts)
        })
        .collect()
}

#[test]
fn the_packed_files_are_those_of_the_facts() {
    let Some(directory) = facts_directory() else { return };
    let update = std::env::var_os("UPDATE").is_some();
    for (prefix, facts) in facts(&directory) {
        let path = root().join(format!("policies/schemas/{prefix}.bin"));
        let packed = pack::pack(prefix, &facts);
        if update {
            fs::write(&path, packed).expect("written");
        } else {
            let is_same = fs::read(&path).is_ok_and(|present| present == packed);
            assert!(
                is_same,
                "{prefix}.bin: regenerate it with `UPDATE=1 cargo test -p planguard-schemas --test packed`"
            );
        }
    }
}

#[test]
fn the_readme_names_the_releases() {
    let readme = fs::read_to_string(root().join("policies/schemas/README.md")).expect("a file");
    for prefix in planguard_schemas::provider_prefixes() {
        let provider = planguard_schemas::provider(&format!("{prefix}_x")).expect("known");
        let cell = |versions: &[String]| match versions {
            [] => " ".to_owned(),
            versions => format!(" {} ", versions.join(", ")),
        };
        let (older, newer) = (cell(&provider.older), cell(&provider.newer));
        let row = format!("| `{prefix}.bin` | {} |{older}|{newer}|\n", provider.version);
        assert!(readme.contains(&row), "policies/schemas/README.md lacks {row}");
    }
}

#[test]
fn every_fact_can_be_looked_up() {
    if std::env::var_os("UPDATE").is_some() {
        return; // What was just written is not in this binary yet.
    }
    let Some(directory) = facts_directory() else { return };
    for (prefix, facts) in facts(&directory) {
        let sensitive = facts.sensitive_bodies();
        let provider = planguard_schemas::provider(&format!("{prefix}_x")).expect("known");
        assert_eq!((&provider.version, &provider.older), (&facts.version, &facts.older), "{prefix}");
        for (types, look_up) in [
            (&facts.resources, planguard_schemas::resource as fn(&str) -> _),
            (&facts.data, planguard_schemas::data),
        ] {
            for (name, entry) in types {
                let schema = look_up(name).unwrap_or_else(|| panic!("no schema of {name}"));
                assert_eq!((schema.release, schema.beta), (entry.release, entry.beta), "{name}");
                compare(&facts, &sensitive, entry.body, schema.block, name);
            }
        }
        assert_eq!(
            names(&facts.resources),
            planguard_schemas::resource_types_beside(&format!("{prefix}_x")).collect::<Vec<_>>()
        );
        assert_eq!(
            names(&facts.data),
            planguard_schemas::data_sources_beside(&format!("{prefix}_x")).collect::<Vec<_>>()
        );
    }
}

fn names(types: &Types) -> Vec<String> {
    types.keys().cloned().collect()
}

/// Compares one level; bodies that occur below many others would be compared again and again.
fn compare(facts: &Facts, sensitive: &[bool], body: usize, block: Block, path: &str) {
    let mut leading = block.leading_to_sensitive();
    let mut attributes = block.attributes();
    for (name, spec) in &facts.bodies[body] {
        let attribute = attributes.next().unwrap_or_else(|| panic!("{path}.{name} is missing"));
        assert_eq!(&attribute.name, name, "{path}");
        assert_eq!(written(&attribute), spec.head, "{path}.{name}");
        assert_eq!(block.attribute(name).as_ref(), Some(&attribute), "{path}.{name}");
        let nested = attribute.kind.nested();
        assert_eq!(nested.is_some(), spec.body.is_some(), "{path}.{name}");
        let holds_sensitive = spec.body.is_some_and(|inner| sensitive[inner]);
        assert_eq!(nested.is_some_and(|nested| nested.holds_sensitive), holds_sensitive, "{path}.{name}");
        if holds_sensitive || attribute.sensitive != Sensitive::No {
            assert_eq!(leading.next().as_ref(), Some(&attribute), "{path}.{name}");
        }
    }
    assert_eq!((attributes.next(), leading.next()), (None, None), "{path}");
}

/// An attribute in the words of the facts.
fn written(attribute: &Attribute) -> String {
    let mut flags = String::from(match attribute.configurable {
        Configurable::Required => "r",
        Configurable::Optional => "o",
        Configurable::OptionalComputed => "oc",
        Configurable::OptionalUnclear => "oq",
        Configurable::Computed => "c",
    });
    flags.push_str(match attribute.sensitive {
        Sensitive::No => "",
        Sensitive::Marked => "s",
        Sensitive::Unmarked => "S",
    });
    for (is_set, flag) in [
        (attribute.deprecated, 'd'),
        (attribute.write_only, 'w'),
        (attribute.forces_replacement, 'f'),
        (attribute.release == Release::Older, '-'),
        (attribute.release == Release::Newer, '+'),
        (attribute.beta, 'b'),
    ] {
        flags.extend(is_set.then_some(flag));
    }
    format!("{flags} {}", kind(&attribute.kind))
}

fn kind(kind: &Kind) -> String {
    let inner = |outer, element| format!("{outer}({})", self::kind(element));
    match kind {
        Kind::Bool => "bool".to_owned(),
        Kind::String => "string".to_owned(),
        Kind::Number => "number".to_owned(),
        Kind::Any => "any".to_owned(),
        Kind::Tuple => "tuple".to_owned(),
        Kind::List(element) => inner("list", element),
        Kind::Set(element) => inner("set", element),
        Kind::Map(element) => inner("map", element),
        Kind::Nested(nested) => {
            let nesting = match nested.nesting {
                Nesting::List => "list",
                Nesting::Set => "set",
                Nesting::Map => "map",
                Nesting::Single => "single",
            };
            if nested.is_block {
                let max = nested.max.map_or("*".to_owned(), |max| max.to_string());
                format!("block {nesting} {}..{max}", nested.min)
            } else {
                format!("attr {nesting}")
            }
        }
    }
}

/// The first lookup of a type, as `check` does it for every type of a plan. The bound is generous: it holds on a slow,
/// busy machine without optimisation, and an unpacked provider would exceed it.
#[test]
fn thirty_types_are_looked_up_without_delay() {
    let types: Vec<String> = planguard_schemas::resource_types_beside("aws_x").step_by(55).take(30).collect();
    assert!(types.len() == 30, "{}", types.len());
    let _ = planguard_schemas::provider("azurerm_x");
    let start = Instant::now();
    let known = types.iter().filter(|name| planguard_schemas::resource(name).is_some()).count();
    let looked_up = start.elapsed();
    let attributes: usize = types
        .iter()
        .filter_map(|name| planguard_schemas::resource(name))
        .filter(|schema| schema.block.attribute("id").is_some())
        .count();
    let elapsed = start.elapsed();
    println!("{known} types in {looked_up:?}, with an attribute of {attributes} of them {elapsed:?}");
    assert_eq!(known, types.len());
    assert!(elapsed.as_millis() < 20, "{elapsed:?}");
}
