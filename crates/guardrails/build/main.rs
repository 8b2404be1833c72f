//! Checks the built-in guardrails and the tables of the change guards, and embeds them so that a run decodes only
//! what it needs.
#![expect(clippy::print_stdout, reason = "a build script tells Cargo so what it reads")]

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use planguard_guardrail_format::{
    Case, Contradiction, Definition, Expectation, Guardrail, contradictions, read_definitions, read_mappings,
};
use sha2::{Digest, Sha256};

mod benchmarks;
mod change;
mod names;

use names::Names;

const GUARDRAILS: &str = "../../policies/guardrails";
const CHANGE_TABLES: &str = "../../policies/change";
const MAPPINGS: &str = "../../policies/mappings";
const CONCERNS: &str = "../../policies/concerns";
const BENCHMARKS: &str = "../../policies/benchmarks";

fn main() -> Result<(), Box<dyn Error>> {
    for input in [GUARDRAILS, CHANGE_TABLES, MAPPINGS, CONCERNS, BENCHMARKS, "build"] {
        println!("cargo::rerun-if-changed={input}");
    }
    let mut problems = Vec::new();
    let mut guardrails: BTreeMap<String, BuiltGuardrail> = BTreeMap::new();
    let mut names: BTreeSet<String> = BTreeSet::new();
    for file in toml_files(Path::new(GUARDRAILS))? {
        let name = file.to_string_lossy().into_owned();
        match read_definitions(&name, &fs::read_to_string(&file)?) {
            Err(error) => problems.push(error.to_string()),
            Ok(read) => {
                for Definition { guardrail, cases, case_contradictions, .. } in read {
                    let id = guardrail.info.id.to_string();
                    let mut say =
                        |problem: String| problems.push(format!("{name}: guardrail `{id}`: {problem}"));
                    for id in guardrail.info.aliases.iter().chain([&guardrail.info.id]) {
                        if !names.insert(id.to_string()) {
                            say(format!("duplicate id or alias `{id}`"));
                        }
                    }
                    let of_guardrail = contradictions(&guardrail);
                    let wrong = of_guardrail.iter().filter(|wrong| !has_no_schema(&file, wrong));
                    wrong.map(ToString::to_string).for_each(&mut say);
                    let of_cases = case_contradictions.iter();
                    for (line, wrong) in of_cases.filter(|(_, wrong)| !has_no_schema(&file, wrong)) {
                        say(format!("case on line {line}: {wrong}"));
                    }
                    missing_cases(&cases).into_iter().for_each(&mut say);
                    guardrails
                        .insert(id.clone(), BuiltGuardrail { guardrail, cases, service: service(&file) });
                }
            }
        }
    }
    let tables = change::read(Path::new(CHANGE_TABLES), &mut problems)?;
    let mut mappings = Vec::new();
    for file in toml_files(Path::new(MAPPINGS))? {
        match read_mappings(&file.to_string_lossy(), &fs::read_to_string(&file)?) {
            Err(error) => problems.push(error.to_string()),
            Ok(read) => mappings.extend(read),
        }
    }
    let of_benchmarks = benchmarks::read(&toml_files(Path::new(BENCHMARKS))?, &guardrails, &mut problems)?;
    if !problems.is_empty() {
        // Cargo shows what a failing build script writes to standard error.
        return Err(format!("\n{}\n", problems.join("\n")).into());
    }
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    change::embed(&tables, &out)?;
    embed_concerns(&out)?;
    fs::write(out.join("mappings.bin"), postcard::to_stdvec(&mappings)?)?;
    fs::write(out.join("benchmarks.bin"), postcard::to_stdvec(&of_benchmarks)?)?;
    embed(&guardrails, &out)?;
    digest(&out)
}

/// Writes the SHA-256 of all that is embedded and decides, which each report names: a run need not compute it.
fn digest(out: &Path) -> Result<(), Box<dyn Error>> {
    let mut digest = Sha256::new();
    for file in ["guardrails.bin", "change-tables.bin", "mappings.bin", "benchmarks.bin"] {
        let bytes = fs::read(out.join(file))?;
        digest.update(u64::try_from(bytes.len())?.to_be_bytes());
        digest.update(bytes);
    }
    fs::write(out.join("embedded.sha256"), digest.finalize())?;
    Ok(())
}

/// Whether all that is wrong is that the provider, after which the directory of the file is named, has no schema.
fn has_no_schema(file: &Path, wrong: &Contradiction) -> bool {
    let Contradiction::UnknownProvider { resource_type } = wrong else { return false };
    let provider = file.parent().and_then(Path::file_name).and_then(|name| name.to_str()).unwrap_or_default();
    let name = resource_type.strip_prefix("data.").unwrap_or(resource_type);
    name.strip_prefix(provider).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

fn pack(data: &[u8], file: &Path) -> Result<(), std::io::Error> {
    let mut deflater = DeflateEncoder::new(fs::File::create(file)?, Compression::best());
    deflater.write_all(data)?;
    deflater.finish()?;
    Ok(())
}

/// Writes the lines of all files of concerns, without their headings.
fn embed_concerns(out: &Path) -> Result<(), Box<dyn Error>> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(CONCERNS)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "tsv"));
    files.sort();
    let mut lines = String::new();
    for file in files {
        let text = fs::read_to_string(&file)?;
        for line in text.lines().skip(1) {
            lines.push_str(line);
            lines.push('\n');
        }
    }
    pack(lines.as_bytes(), &out.join("concerns.bin"))?;
    Ok(())
}

/// A guardrail that was read.
struct BuiltGuardrail {
    guardrail: Guardrail,
    cases: Vec<Case>,
    /// The service of the provider that it is about.
    service: String,
}

/// The service that a file is about: its name, in kebab case.
fn service(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().replace('_', "-")
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

/// Writes the guardrails one after the other, and as statics where each is and an index by resource type.
fn embed(guardrails: &BTreeMap<String, BuiltGuardrail>, out: &Path) -> Result<(), Box<dyn Error>> {
    let mut definitions = Vec::new();
    let mut cases = Vec::new();
    let mut names = Names::default();
    let mut entries = String::new();
    let mut by_type: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (position, (id, built)) in guardrails.iter().enumerate() {
        let BuiltGuardrail { guardrail, cases: its_cases, service } = built;
        let start = (definitions.len(), cases.len());
        definitions.extend(postcard::to_stdvec(guardrail)?);
        cases.extend(postcard::to_stdvec(its_cases)?);
        let pack = &guardrail.info.pack;
        writeln!(
            entries,
            "    Entry {{ id: {}, pack: {}, service: {}, definition: {}..{}, cases: {}..{} }},",
            names.put(id),
            names.put(pack.as_ref()),
            names.put(service),
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
    let mut all_positions: Vec<usize> = Vec::new();
    for (resource_type, positions) in &by_type {
        let start = all_positions.len();
        all_positions.extend(positions);
        writeln!(index, "    ({}, {start}..{}),", names.put(resource_type), all_positions.len())?;
    }
    fs::write(out.join("guardrails.bin"), definitions)?;
    // Nothing but explanations and tests reads the cases, which are most of the data.
    pack(&cases, &out.join("cases.bin"))?;
    fs::write(
        out.join("guardrails.rs"),
        format!(
            "{}\n\
             /// Every built-in guardrail, sorted by id.\n\
             static ENTRIES: &[Entry] = &[\n{entries}];\n\n\
             /// Of each resource type, sorted, which part of `POSITIONS` is about it.\n\
             static BY_TYPE: &[(Name, Range<u16>)] = &[\n{index}];\n\n\
             /// The positions in `ENTRIES` of the guardrails of the types.\n\
             static POSITIONS: &[u16] = &{all_positions:?};\n",
            names.declared()
        ),
    )?;
    Ok(())
}
