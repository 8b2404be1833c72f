//! What arrives instead of a plan is refused with a message that says what it is and how to get one.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "clippy's exceptions for tests do not reach the helpers of an integration test"
)]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::write::GzEncoder;
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};
use planguard::input::{
    Batch, Compression, DEPTH_LIMIT, Document, Encoding, InputError, OnWrapperLines, Problem, Producer,
    ReadOptions, SizeStage, Source, discover,
};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::shared::{files_below, shared};

const PLAN: &str = include_str!("../../fixtures/encodings/plan.json");

/// Stands in the fixtures wherever a plan could hold a secret.
const CANARY: &str = "canary-4711-secret";

/// What each fixture is refused as.
const CODES: [(&str, &str); 51] = [
    ("archive.zip", "PG-IN-005"),
    ("array-of-plans.json", "PG-IN-015"),
    ("bare-show.json", "PG-IN-025"),
    ("binary-plan-named.json", "PG-IN-003"),
    ("binary-plan.tfplan", "PG-IN-003"),
    ("blank.json", "PG-IN-006"),
    ("byte-order-mark-only.json", "PG-IN-006"),
    ("cloud-bookmark.json", "PG-IN-027"),
    ("colour-before-json.json", "PG-IN-033"),
    ("configuration.tf.txt", "PG-IN-034"),
    ("cut-off.json", "PG-IN-012"),
    ("cut-off.json.gz", "PG-IN-008"),
    ("empty.json", "PG-IN-006"),
    ("encrypted-state.json", "PG-IN-023"),
    ("error-message.txt", "PG-IN-034"),
    ("event-stream.json", "PG-IN-022"),
    ("format-version-2.json", "PG-IN-020"),
    ("format-version-number.json", "PG-IN-019"),
    ("format-version-word.json", "PG-IN-019"),
    ("hcp-redacted.json", "PG-IN-026"),
    ("latin-1.json", "PG-IN-009"),
    ("line-break-in-string.json", "PG-IN-011"),
    ("lone-string.json", "PG-IN-015"),
    ("missing-comma.json", "PG-IN-011"),
    ("modules.json", "PG-IN-037"),
    ("nested-too-deep.json", "PG-IN-016"),
    ("no-format-version.json", "PG-IN-018"),
    ("no-plans", "PG-IN-039"),
    ("package.json", "PG-IN-038"),
    ("plan-for-people.txt", "PG-IN-034"),
    ("planned-values-array.json", "PG-IN-021"),
    ("provider-schemas.json", "PG-IN-035"),
    ("repeated-key.json", "PG-IN-017"),
    ("resource-changes-object.json", "PG-IN-021"),
    ("setup-terraform-failed.json", "PG-IN-030"),
    ("setup-terraform-tail.json", "PG-IN-030"),
    ("setup-terraform-wrapper.json", "PG-IN-030"),
    ("shown-state.json", "PG-IN-024"),
    ("state.json", "PG-IN-023"),
    ("terraform-0.11.tfplan", "PG-IN-004"),
    ("terragrunt-bracket.json", "PG-IN-032"),
    ("terragrunt-timestamp.json", "PG-IN-032"),
    ("text-after-json.json", "PG-IN-014"),
    ("tofu-configuration.json", "PG-IN-029"),
    ("tofu-encrypted-plan.json", "PG-IN-028"),
    ("two-plans.json", "PG-IN-013"),
    ("utf-16-lone-surrogate.json", "PG-IN-010"),
    ("utf-16-odd-length.json", "PG-IN-010"),
    ("utf-16-swallowed-quote.json", "PG-IN-011"),
    ("validation.json", "PG-IN-036"),
    ("warning-before-json.json", "PG-IN-033"),
];

/// The fixtures by name; their paths are relative to the package, as messages show them.
fn fixtures() -> BTreeMap<String, PathBuf> {
    let entries = fs::read_dir("fixtures/invalid").unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|name| (name.clone(), PathBuf::from(format!("fixtures/invalid/{name}"))))
        .collect()
}

fn read(path: &Path, options: &ReadOptions) -> Batch {
    discover(&[Source::Path(path.to_owned())], options).read_all(options)
}

fn lenient() -> ReadOptions {
    ReadOptions { wrapper_lines: OnWrapperLines::Strip, ..ReadOptions::default() }
}

/// The error that a named file must give, and nothing else.
fn refusal(path: &Path, options: &ReadOptions) -> InputError {
    let mut batch = read(path, options);
    assert!(batch.documents.is_empty(), "{} passed for a plan", path.display());
    assert_eq!(batch.errors.len(), 1, "{}", path.display());
    batch.errors.remove(0)
}

fn code(error: &InputError) -> String {
    error.code().unwrap().to_string()
}

/// The message as its user sees it, without colours.
fn render(error: &InputError) -> String {
    let mut rendered = String::new();
    GraphicalReportHandler::new_themed(GraphicalTheme::none())
        .with_width(100)
        .render_report(&mut rendered, error)
        .unwrap();
    rendered
}

fn with_bom(text: &str, encode: impl Fn(u16) -> [u8; 2]) -> Vec<u8> {
    format!("\u{feff}{text}").encode_utf16().flat_map(encode).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn each_fixture_is_refused_for_its_own_cause() {
    let codes: Vec<(String, String)> = fixtures()
        .into_iter()
        .map(|(name, path)| (name, code(&refusal(&path, &ReadOptions::default()))))
        .collect();
    let expected: Vec<(String, String)> =
        CODES.iter().map(|&(name, code)| (name.to_owned(), code.to_owned())).collect();
    assert_eq!(codes, expected);
}

#[test]
fn messages_read_as_intended() {
    let messages: Vec<String> =
        fixtures().values().map(|path| render(&refusal(path, &ReadOptions::default()))).collect();
    insta::assert_snapshot!(messages.join("\n"));
}

#[test]
fn messages_repeat_nothing_of_the_text() {
    let mut with_canary = 0;
    for path in fixtures().values().filter(|path| path.is_file()) {
        with_canary +=
            usize::from(fs::read(path).unwrap().windows(CANARY.len()).any(|at| at == CANARY.as_bytes()));
        for options in [ReadOptions::default(), lenient()] {
            for error in read(path, &options).errors {
                let told = format!("{}{error:?}", render(&error));
                assert!(!told.contains("canary"), "{told}");
            }
        }
    }
    assert!(with_canary > 20, "{with_canary}");
}

#[test]
fn leniency_takes_the_wrappers_lines_and_nothing_else() {
    let mut taken = Vec::new();
    for (name, path) in fixtures() {
        let batch = read(&path, &lenient());
        match name.as_str() {
            "setup-terraform-failed.json" => assert_eq!(code(&batch.errors[0]), "PG-IN-031"),
            _ => {
                taken.extend(batch.documents.iter().map(|document| (name.clone(), document.notices().len())))
            }
        }
    }
    let wrapped = ["setup-terraform-tail.json", "setup-terraform-wrapper.json"];
    assert_eq!(taken, wrapped.map(|name| (name.to_owned(), 1)));
}

#[test]
fn a_plan_cut_at_any_byte_is_refused() {
    let whole = Document::from_text("plan", PLAN).unwrap();
    let object = PLAN.trim_end().len();
    assert_eq!(whole.text().len(), object);
    let le = with_bom(PLAN.trim_end(), u16::to_le_bytes);
    let zipped = gzip(PLAN.as_bytes());
    for options in [ReadOptions::default(), lenient()] {
        for (bytes, end) in [(PLAN.as_bytes(), object), (&le, le.len()), (&zipped, zipped.len())] {
            for cut in 0..end {
                let taken = Document::from_bytes("cut", bytes[..cut].to_vec(), &options);
                assert!(taken.is_err(), "{cut} of {end} bytes passed for a plan");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damage_never_panics_and_what_is_taken_is_whole(
        at in any::<Index>(),
        removed in 0usize..40,
        inserted in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..12),
            "[\\[\\]{}:,\"\\\\\\n 0-9a-z]{0,12}".prop_map(String::into_bytes),
        ],
        utf16: bool,
    ) {
        let mut bytes = if utf16 { with_bom(PLAN, u16::to_le_bytes) } else { PLAN.into() };
        let start = at.index(bytes.len());
        let end = bytes.len().min(start + removed);
        bytes.splice(start..end, inserted);
        match Document::from_bytes("damaged", bytes, &lenient()) {
            Ok(document) => {
                let whole: Result<BTreeMap<String, serde::de::IgnoredAny>, _> = serde_json::from_str(document.text());
                prop_assert!(whole.unwrap().contains_key("format_version"));
            }
            Err(error) => prop_assert!(!render(&error).is_empty()),
        }
    }
}

#[test]
fn every_encoding_gives_the_same_text() {
    let plain = Document::from_text("plan", PLAN).unwrap();
    let le = with_bom(PLAN, u16::to_le_bytes);
    let encodings = [
        (format!("\u{feff}{PLAN}").into_bytes(), Encoding::Utf8WithBom, Compression::None),
        (le.clone(), Encoding::Utf16Le, Compression::None),
        (with_bom(PLAN, u16::to_be_bytes), Encoding::Utf16Be, Compression::None),
        (gzip(PLAN.as_bytes()), Encoding::Utf8, Compression::Gzip),
        (gzip(&le), Encoding::Utf16Le, Compression::Gzip),
    ];
    for (bytes, encoding, compression) in encodings {
        let document = Document::from_bytes("plan", bytes, &ReadOptions::default()).unwrap();
        assert_eq!(document.text(), plain.text());
        assert_eq!(document.decoding().encoding, encoding);
        assert_eq!(document.decoding().compression, compression);
    }
}

#[test]
fn nesting_is_taken_up_to_the_limit_and_never_overflows() {
    // The object and the section are the first two levels.
    let nested = |levels: usize| {
        let (open, close) = ("[".repeat(levels - 1), "]".repeat(levels - 1));
        Document::from_text("deep", format!(r#"{{"format_version":"1.2","resource_changes":{open}{close}}}"#))
    };
    assert!(nested(DEPTH_LIMIT).is_ok());
    for levels in [DEPTH_LIMIT + 1, 1_000, 1_000_000] {
        assert!(matches!(nested(levels).unwrap_err().problem(), Problem::TooDeep { .. }), "{levels}");
    }
}

#[test]
fn real_plans_are_taken() {
    let Some(root) = shared("real") else { return };
    let files = files_below(&root);
    let options = ReadOptions::default();
    let discovery = discover(&[Source::Path(root)], &options);
    assert_eq!(discovery.files.len(), files.len());
    let batch = discovery.read_all(&options);
    let refused: Vec<String> = batch.errors.iter().map(ToString::to_string).collect();
    assert_eq!(refused, Vec::<String>::new());
    assert!(batch.skipped.is_empty());
    assert_eq!(batch.documents.len(), 420);
    let transcoded = |document: &&Document| document.decoding().encoding == Encoding::Utf16Le;
    assert_eq!(batch.documents.iter().filter(transcoded).count(), 3);
    for document in &batch.documents {
        serde_json::from_str::<serde::de::IgnoredAny>(document.text()).unwrap();
    }
}

#[test]
fn what_is_not_a_plan_is_refused_by_its_kind() {
    let Some(root) = shared("not-a-plan") else { return };
    let mut codes: BTreeMap<(String, String), usize> = BTreeMap::new();
    for path in files_below(&root).iter().filter(|path| path.extension().is_some_and(|ext| ext == "json")) {
        // One plan per line is read.
        if path.to_string_lossy().contains("terragrunt-multiplan") {
            assert_eq!(read(path, &ReadOptions::default()).documents.len(), 3);
            continue;
        }
        let folder = path.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
        *codes.entry((folder, code(&refusal(path, &ReadOptions::default())))).or_default() += 1;
    }
    let counted: Vec<(&str, &str, usize)> =
        codes.iter().map(|((folder, code), count)| (folder.as_str(), code.as_str(), *count)).collect();
    let expected = [
        ("malformed", "PG-IN-014", 2),
        ("malformed", "PG-IN-030", 1),
        ("no_format_version", "PG-IN-018", 31),
        ("no_format_version", "PG-IN-026", 4),
        ("state", "PG-IN-024", 17),
        ("stream", "PG-IN-022", 2),
    ];
    assert_eq!(counted, expected);
}

/// A directory with a plan saved by the installed Terraform, or `None` with a line that says so.
fn saved_plan() -> Option<tempfile::TempDir> {
    if Command::new("terraform").arg("version").output().is_err() {
        println!("skipped: terraform is not installed");
        return None;
    }
    let directory = tempfile::tempdir().unwrap();
    let configuration = "resource \"terraform_data\" \"db\" {\n  input = \"main\"\n}\n";
    fs::write(directory.path().join("main.tf"), configuration).unwrap();
    for arguments in [&["init"][..], &["plan", "-out", "my plan.tfplan"]] {
        let run = Command::new("terraform")
            .args(arguments)
            .args(["-input=false", "-no-color"])
            .env("CHECKPOINT_DISABLE", "1")
            .current_dir(&directory)
            .output()
            .unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    }
    Some(directory)
}

fn with_terraform(program: &str) -> ReadOptions {
    ReadOptions { terraform: Some(program.into()), ..ReadOptions::default() }
}

#[test]
fn terraform_shows_a_binary_plan() {
    let Some(directory) = saved_plan() else { return };
    let path = directory.path().join("my plan.tfplan");
    for source in [path.as_path(), directory.path()] {
        let batch = read(source, &with_terraform("terraform"));
        assert!(batch.errors.is_empty(), "{:?}", batch.errors);
        let document = &batch.documents[0];
        assert!(document.text().contains("\"address\":\"terraform_data.db\""));
        assert_eq!(document.decoding().producer, Producer::Terraform);
        assert_eq!(document.origin().path(), Some(path.as_path()));
    }
    let error = refusal(&path, &ReadOptions::default());
    assert!(render(&error).contains("my plan.tfplan' > plan.json"));
}

#[test]
fn terraforms_failure_is_told_with_its_last_words() {
    let Some(directory) = saved_plan() else { return };
    let path = directory.path().join("my plan.tfplan");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 4;
    bytes[middle..middle + 16].fill(0);
    fs::write(&path, bytes).unwrap();
    let error = refusal(&path, &with_terraform("terraform"));
    assert_eq!(code(&error), "PG-IN-041");
    let Problem::TerraformFailed { stderr, .. } = error.problem() else { panic!("{error}") };
    assert!(!stderr.is_empty() && stderr.len() <= 6, "{stderr:?}");
}

#[test]
fn what_a_program_shows_is_sniffed_too() {
    let binary = Path::new("fixtures/invalid/binary-plan.tfplan");
    assert_eq!(code(&refusal(binary, &with_terraform("no-such-terraform"))), "PG-IN-040");
    if cfg!(unix) {
        // Succeeds without output.
        assert_eq!(code(&refusal(binary, &with_terraform("true"))), "PG-IN-006");
        // Repeats its arguments.
        assert_eq!(code(&refusal(binary, &with_terraform("echo"))), "PG-IN-034");
        // More than allowed: the arguments are longer than this plan file.
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a-plan-file-with-a-long-name.tfplan");
        let mut header = b"PK\x03\x04".to_vec();
        header.extend([0; 22]);
        header.extend(b"\x06\0\0\0tfplan");
        fs::write(&path, &header).unwrap();
        let small = ReadOptions { size_cap: header.len() as u64, ..with_terraform("echo") };
        let error = refusal(&path, &small);
        assert!(matches!(error.problem(), Problem::TooLarge { stage: SizeStage::Shown, .. }), "{error:?}");
    }
}
