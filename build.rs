//! Checks the built-in guardrails and embeds them, so that a run decodes only those that it needs.
#![expect(unreachable_pub, reason = "modules of the library, which exports them")]

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde_json::Value;

#[path = "src/guardrails/definition/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the library uses the rest")]
mod definition;
#[path = "src/schemas/kind.rs"]
#[expect(dead_code, reason = "the library uses the rest")]
mod kind;
#[path = "src/rule.rs"]
#[expect(dead_code, reason = "the library uses the rest")]
mod rule;
#[path = "src/guardrails/schema.rs"]
mod schema;
#[path = "src/severity.rs"]
mod severity;

use definition::{Case, Expectation, Guardrail};
use schema::Schemas;

const GUARDRAILS: &str = "policies/guardrails";
const SCHEMAS: &str = "policies/schemas";

fn main() -> Result<(), Box<dyn Error>> {
    for input in [
        GUARDRAILS,
        SCHEMAS,
        "src/guardrails/definition",
        "src/guardrails/schema.rs",
        "src/rule.rs",
        "src/schemas/kind.rs",
    ] {
        println!("cargo::rerun-if-changed={input}");
    }
    let schemas = Schemas::read(Path::new(SCHEMAS))?;
    let mut problems = Vec::new();
    let mut guardrails: BTreeMap<String, (Guardrail, Vec<Case>)> = BTreeMap::new();
    let mut names: BTreeSet<String> = BTreeSet::new();
    for file in toml_files(Path::new(GUARDRAILS))? {
        let name = file.to_string_lossy().into_owned();
        match definition::read_file(&name, &fs::read_to_string(&file)?) {
            Err(error) => problems.push(error.to_string()),
            Ok(read) => {
                for (guardrail, cases) in read {
                    let id = guardrail.info.id.to_string();
                    let mut say =
                        |problem: String| problems.push(format!("{name}: guardrail `{id}`: {problem}"));
                    for id in guardrail.info.aliases.iter().chain([&guardrail.info.id]) {
                        if !names.insert(id.to_string()) {
                            say(format!("the id or alias `{id}` is taken"));
                        }
                    }
                    schemas.check(&guardrail).into_iter().for_each(&mut say);
                    missing_cases(&cases).into_iter().for_each(&mut say);
                    guardrails.insert(id.clone(), (guardrail, cases));
                }
            }
        }
    }
    if !problems.is_empty() {
        // Cargo shows what a failing build script writes to standard error.
        return Err(format!("\n{}\n", problems.join("\n")).into());
    }
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    embed_schemas(&schemas, &out)?;
    embed(&guardrails, &out)
}

/// Packs each provider by itself, so that whoever asks for a type unpacks no other.
fn embed_schemas(schemas: &Schemas, out: &Path) -> Result<(), Box<dyn Error>> {
    let mut providers = String::new();
    let mut count = 0;
    for (prefix, version, types) in schemas.providers() {
        let mut index: Vec<(&str, usize)> = Vec::new();
        let mut attributes = Vec::new();
        for (name, value) in types {
            let kind::Kind::Block(own) = kind_of(value)? else {
                return Err(format!("{name}: not an object").into());
            };
            attributes.extend(postcard::to_stdvec(&own)?);
            index.push((name, attributes.len()));
        }
        let mut packed = DeflateEncoder::new(Vec::new(), Compression::best());
        packed.write_all(&postcard::to_stdvec(&index)?)?;
        packed.write_all(&attributes)?;
        let file = out.join(format!("schema-{prefix}.bin"));
        fs::write(&file, packed.finish()?)?;
        writeln!(
            providers,
            "    Packed {{ prefix: {prefix:?}, version: {version:?}, bytes: include_bytes!({:?}), \
             unpacked: OnceLock::new() }},",
            file.display().to_string()
        )?;
        count += 1;
    }
    let mut removed = String::new();
    let mut legacy_count = 0;
    for (path, kind, until) in schemas.legacy() {
        writeln!(removed, "    ({path:?}, {kind:?}, {until:?}),")?;
        legacy_count += 1;
    }
    fs::write(
        out.join("schemas.rs"),
        format!(
            "static PROVIDERS: [Packed; {count}] = [\n{providers}];\n\n\
             /// Path, kind, and the last version that has it.\n\
             static REMOVED: [(&str, &str, &str); {legacy_count}] = [\n{removed}];\n"
        ),
    )?;
    Ok(())
}

/// What a kind means that is written as in policies/schemas/README.md.
fn kind_of(value: &Value) -> Result<kind::Kind, Box<dyn Error>> {
    Ok(match value {
        Value::String(word) => match word.as_str() {
            "bool" => kind::Kind::Bool,
            "string" => kind::Kind::String,
            "number" => kind::Kind::Number,
            "any" => kind::Kind::Any,
            other => return Err(format!("unknown kind `{other}`").into()),
        },
        Value::Array(elements) => {
            let [element] = elements.as_slice() else { return Err("a list of several kinds".into()) };
            kind::Kind::List(Box::new(kind_of(element)?))
        }
        Value::Object(members) => match members.get("*") {
            Some(element) => kind::Kind::Map(Box::new(kind_of(element)?)),
            None => {
                let attributes: Result<Vec<kind::Attribute>, Box<dyn Error>> = members
                    .iter()
                    .map(|(name, kind)| Ok(kind::Attribute { name: name.clone(), kind: kind_of(kind)? }))
                    .collect();
                kind::Kind::Block(attributes?)
            }
        },
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            return Err("a kind is text, list or object".into());
        }
    })
}

fn toml_files(directory: &Path) -> Result<Vec<PathBuf>, std::io::Error> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(toml_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn missing_cases(cases: &[Case]) -> Vec<String> {
    [(Expectation::Fail, "fails"), (Expectation::Pass, "passes")]
        .into_iter()
        .filter(|(expectation, _)| !cases.iter().any(|case| case.expect == *expectation))
        .map(|(_, verb)| format!("no case {verb}"))
        .collect()
}

/// Writes the guardrails one after the other, with their places and an index by resource type as statics.
fn embed(guardrails: &BTreeMap<String, (Guardrail, Vec<Case>)>, out: &Path) -> Result<(), Box<dyn Error>> {
    let mut definitions = Vec::new();
    let mut cases = Vec::new();
    let mut entries = String::new();
    let mut by_type: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (position, (id, (guardrail, its_cases))) in guardrails.iter().enumerate() {
        let start = (definitions.len(), cases.len());
        definitions.extend(postcard::to_stdvec(guardrail)?);
        cases.extend(postcard::to_stdvec(its_cases)?);
        let pack = &guardrail.info.pack;
        writeln!(
            entries,
            "    Entry {{ id: {id:?}, pack: {pack:?}, definition: {}..{}, cases: {}..{} }},",
            start.0,
            definitions.len(),
            start.1,
            cases.len()
        )?;
        for resource_type in &guardrail.resources {
            by_type.entry(resource_type).or_default().push(position);
        }
    }
    let mut index = String::new();
    for (resource_type, positions) in &by_type {
        writeln!(index, "    ({resource_type:?}, &{positions:?}),")?;
    }
    fs::write(out.join("guardrails.bin"), definitions)?;
    fs::write(out.join("cases.bin"), cases)?;
    fs::write(
        out.join("guardrails.rs"),
        format!(
            "/// Every built-in guardrail, sorted by id.\n\
             static ENTRIES: &[Entry] = &[\n{entries}];\n\n\
             /// The positions in `ENTRIES` of the guardrails of each resource type, sorted by type.\n\
             static BY_TYPE: &[(&str, &[usize])] = &[\n{index}];\n"
        ),
    )?;
    Ok(())
}
