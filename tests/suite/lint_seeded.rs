//! Policies that are right raise nothing, and mistakes that are put into them are named.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use planguard::lint::{Lint, LintOptions, lint};

use super::shared::files_below;

const RIGHT: &str = "fixtures/lint/right";

/// Every policy of the corpus: a file, or a directory of files that belong together.
fn policies() -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(RIGHT).expect("the corpus").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

fn look(path: &Path) -> Vec<String> {
    let report = lint(&LintOptions { paths: vec![path.to_owned()], ..LintOptions::default() });
    let findings = report.findings.iter().map(|finding| {
        format!("{} {}:{} {finding}", finding.lint.info().name, finding.file.for_terminal(), finding.line)
    });
    findings
        .chain(report.problems.iter().map(|problem| format!("{} {problem}", problem.code.for_terminal())))
        .collect()
}

#[test]
fn right_policies_raise_nothing() {
    let alarms: Vec<String> = policies().iter().flat_map(|path| look(path)).collect();
    assert!(policies().len() >= 50);
    assert!(alarms.is_empty(), "{}", alarms.join("\n"));
}

/// A mistake: what stands in a right policy, what is written in its place, and the lints that may name it.
struct Mistake {
    kind: &'static str,
    right: &'static str,
    wrong: &'static str,
    lints: &'static [Lint],
}

const fn mistake(
    kind: &'static str,
    right: &'static str,
    wrong: &'static str,
    lints: &'static [Lint],
) -> Mistake {
    Mistake { kind, right, wrong, lints }
}

const PATH: &[Lint] = &[Lint::UnknownInput];
const NAME: &[Lint] = &[Lint::NearMissName];
const PACKAGE: &[Lint] = &[Lint::MisspeltPackage];
const VALUE: &[Lint] = &[Lint::ImpossibleValue];
const CALL: &[Lint] = &[Lint::UnknownFunction];
const TYPE: &[Lint] = &[Lint::UnknownResourceType];
const CONTAINS: &[Lint] = &[Lint::MissingContains];

/// How many policies each mistake is put into; more of the same would only take longer.
const POLICIES: usize = 8;

/// Each is made at the first place of a policy where its text stands.
const MISTAKES: [Mistake; 55] = [
    mistake("path", ".resource_changes", ".resource_change", PATH),
    mistake("path", ".resource_changes", ".resources_changes", PATH),
    mistake("path", ".resource_changes", ".resourceChanges", PATH),
    mistake("path", ".resource_drift", ".resource_drfit", PATH),
    mistake("path", ".change.after", ".chnage.after", PATH),
    mistake("path", ".change.after", ".after", PATH),
    mistake("path", ".change.after.", ".change.afetr.", PATH),
    mistake("path", ".change.before", ".change.befor", PATH),
    mistake("path", ".change.actions", ".change.action", PATH),
    mistake("path", ".change.actions", ".actions", PATH),
    mistake("path", ".address", ".adress", PATH),
    mistake("path", ".type == ", ".typ == ", PATH),
    mistake("path", ".configuration.root_module", ".configuration.root_modul", PATH),
    mistake("path", "input.variables", "input.variable", PATH),
    mistake("path", "input.terraform.", "input.terrafrom.", PATH),
    mistake("path", "input.plan.", "input.pln.", PATH),
    mistake("name", "deny contains", "denny contains", NAME),
    mistake("name", "deny contains", "Deny contains", NAME),
    mistake("name", "deny contains", "dney contains", NAME),
    mistake("name", "warn contains", "warning contains", NAME),
    mistake("name", "violation contains", "violations contains", NAME),
    mistake("name", "deny[", "denies[", NAME),
    mistake("package", "package main", "package mian", PACKAGE),
    mistake("package", "package main", "package Main", PACKAGE),
    mistake("package", "package spacelift", "package spaceilft", PACKAGE),
    mistake("package", "package digger", "package diger", PACKAGE),
    mistake("contains", "deny contains msg if", "deny[msg] if", CONTAINS),
    mistake("contains", "deny contains msg if", "deny if", CONTAINS),
    mistake("contains", "warn contains msg if", "warn[msg] if", CONTAINS),
    mistake("key", "\"address\": ", "\"adress\": ", &[Lint::MisspeltResultKey]),
    mistake("value", "\"delete\" in", "\"destroy\" in", VALUE),
    mistake("value", "\"create\" in", "\"created\" in", VALUE),
    mistake("value", "== \"delete\"", "== \"deleted\"", VALUE),
    mistake("value", "== \"create\"", "== \"add\"", VALUE),
    mistake("value", "== \"managed\"", "== \"resource\"", VALUE),
    mistake("value", "[\"delete\", \"create\"]", "[\"destroy\", \"create\"]", VALUE),
    mistake("type", "\"aws_s3_bucket\"", "\"aws_s3_buckett\"", TYPE),
    mistake("type", "\"aws_db_instance\"", "\"aws_db_instnace\"", TYPE),
    mistake("type", "\"aws_instance\"", "\"aws_instanc\"", TYPE),
    mistake("type", "\"azurerm_storage_account\"", "\"azurerm_storage_acount\"", TYPE),
    mistake("type", "\"google_compute_firewall\"", "\"google_compute_firewal\"", TYPE),
    mistake("kind", "== true", "== \"true\"", &[Lint::MixedUpType]),
    mistake("kind", "== false", "== \"false\"", &[Lint::MixedUpType]),
    mistake("kind", ".from_port <= 22", ".from_port == \"22\"", &[Lint::MixedUpType]),
    mistake("error", "sprintf(\"%s", "sprintf(\"%s %s", &[Lint::FormatArguments]),
    mistake("error", "[rc.address])", "[rc.address, rc.name])", &[Lint::FormatArguments]),
    mistake("error", "startswith(", "startwith(", CALL),
    mistake("error", "sprintf(", "sprinft(", CALL),
    mistake("error", "[a-z0-9]$`", "[a-z0-9$`", &[Lint::InvalidPattern]),
    mistake(
        "error",
        "object.get(rc.change.after, [\"tags\", ",
        "object.get(rc.change.after.tags, [",
        &[Lint::NullArgument],
    ),
    mistake("nesting", "versioning[_].enabled", "versioning.enabled", &[Lint::WrongNesting]),
    mistake("nesting", "spec[_].template[_]", "spec.template[_]", &[Lint::WrongNesting]),
    mistake("data", "data.lib.plan", "data.lib.plna", &[Lint::UnknownData]),
    mistake("data", "plan.tag(", "plan.tags(", CALL),
    mistake("test", "test_with_key", "tset_with_key", &[Lint::NearMissTest]),
];

/// A policy with one mistake in it.
struct Seeded {
    kind: &'static str,
    what: String,
    path: PathBuf,
    file: PathBuf,
    text: String,
    lints: Vec<Lint>,
}

fn seeded() -> Vec<Seeded> {
    let mut all = Vec::new();
    let mut made = vec![0; MISTAKES.len()];
    for path in policies() {
        let files =
            files_below(&path).into_iter().filter(|file| file.extension().is_some_and(|end| end == "rego"));
        for file in files {
            let text = fs::read_to_string(&file).expect("a policy is text");
            let is_test = file.to_string_lossy().ends_with("_test.rego");
            for (number, Mistake { kind, right, wrong, lints }) in MISTAKES.iter().enumerate() {
                // Tests make up their plans; what is wrong in one shows when it is run.
                if is_test != (*kind == "test") || made[number] == POLICIES {
                    continue;
                }
                if let Some(at) = text.find(right) {
                    made[number] += 1;
                    all.push(Seeded {
                        kind,
                        what: format!("{right} -> {wrong} at {at}"),
                        path: path.clone(),
                        file: file.clone(),
                        text: format!("{}{wrong}{}", &text[..at], &text[at + right.len()..]),
                        lints: lints.to_vec(),
                    });
                }
            }
            if !is_test {
                all.extend(attributes(&path, &file, &text));
            }
        }
    }
    all
}

/// Every attribute that is read, with two letters swapped in its middle.
fn attributes(path: &Path, file: &Path, text: &str) -> Vec<Seeded> {
    let mut all = Vec::new();
    for (at, start) in text.match_indices(".change.after.") {
        let from = at + start.len();
        let name: String = text[from..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let middle = name.len() / 2;
        let mut letters: Vec<char> = name.chars().collect();
        letters.swap(middle - 1, middle);
        let wrong: String = letters.into_iter().collect();
        if wrong != name {
            all.push(Seeded {
                kind: "attribute",
                what: format!("{name} -> {wrong} at {from}"),
                path: path.to_owned(),
                file: file.to_owned(),
                text: format!("{}{wrong}{}", &text[..from], &text[from + name.len()..]),
                lints: vec![Lint::UnknownAttribute],
            });
        }
    }
    all
}

/// The shares are stated in docs/policies/lint.md.
#[test]
fn mistakes_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let mut shares: BTreeMap<&str, (usize, usize, usize)> = BTreeMap::new();
    let mut missed = Vec::new();
    for (number, seeded) in seeded().into_iter().enumerate() {
        let root = directory.path().join(number.to_string());
        let base =
            if seeded.path.is_dir() { seeded.path.clone() } else { seeded.path.parent().unwrap().to_owned() };
        let files = if seeded.path.is_dir() { files_below(&seeded.path) } else { vec![seeded.path.clone()] };
        for file in files {
            let to = root.join(file.strip_prefix(&base).unwrap());
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            if file == seeded.file {
                fs::write(to, &seeded.text).unwrap();
            } else {
                fs::copy(&file, to).unwrap();
            }
        }
        let report = lint(&LintOptions { paths: vec![root], ..LintOptions::default() });
        let exactly = report.findings.iter().any(|finding| seeded.lints.contains(&finding.lint));
        let somehow = exactly || !report.findings.is_empty() || !report.problems.is_empty();
        let share = shares.entry(seeded.kind).or_default();
        share.0 += 1;
        share.1 += usize::from(exactly);
        share.2 += usize::from(somehow);
        if !exactly {
            let found: Vec<&str> = report.findings.iter().map(|finding| finding.lint.info().name).collect();
            missed.push(format!(
                "{} {}: {} (found {found:?}, {} problems)",
                seeded.kind,
                seeded.file.display(),
                seeded.what,
                report.problems.len()
            ));
        }
    }
    let total =
        shares.values().fold((0, 0, 0), |sum, share| (sum.0 + share.0, sum.1 + share.1, sum.2 + share.2));
    for (kind, (all, exactly, somehow)) in &shares {
        println!("{kind:<10} {all:>4} made, {exactly:>4} named, {somehow:>4} noticed");
    }
    println!("{:<10} {:>4} made, {:>4} named, {:>4} noticed", "all", total.0, total.1, total.2);
    println!("{}", missed.join("\n"));
    assert!(total.0 > 250, "{total:?}");
    assert!(total.1 * 100 >= total.0 * 95, "{total:?}\n{}", missed.join("\n"));
}

/// Mistakes that no change of a few letters makes. The first line of each says which lint names it.
#[test]
fn whole_mistakes_are_named() {
    let mut missed = Vec::new();
    for entry in fs::read_dir("fixtures/lint/mistakes").expect("the mistakes") {
        let path = entry.expect("an entry").path();
        let wanted: Vec<String> = files_below(&path)
            .iter()
            .filter_map(|file| {
                let text = fs::read_to_string(file).expect("a policy is text");
                Some(text.lines().next()?.strip_prefix("# lint: ")?.to_owned())
            })
            .collect();
        let found = look(&path);
        let is_named =
            !wanted.is_empty() && wanted.iter().all(|lint| found.iter().any(|line| line.starts_with(lint)));
        if !is_named {
            missed.push(format!("{}: wanted {wanted:?}, found {found:?}", path.display()));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
