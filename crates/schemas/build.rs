//! Packs what providers know, so that a run unpacks only what it needs.
#![expect(unreachable_pub, reason = "modules of the library, which exports them")]

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde_json::Value;

#[path = "src/files.rs"]
mod files;
#[path = "src/kind.rs"]
#[expect(dead_code, reason = "the library uses the rest")]
mod kind;

use files::Schemas;

const SCHEMAS: &str = "../../policies/schemas";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={SCHEMAS}");
    embed_schemas(&Schemas::read(Path::new(SCHEMAS))?, &PathBuf::from(std::env::var("OUT_DIR")?))
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
