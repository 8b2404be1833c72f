//! What is fuzzed: each target is a function from bytes that panics if planguard is wrong. `fuzz/stable.rs` runs them on any
//! toolchain, `fuzz/fuzz_targets/` with cargo-fuzz.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use planguard::check::{CheckOptions, Details, Rules, check};
use planguard::guardrails::read_guardrail_file;
use planguard::input::{Batch, Document, ReadOptions};
use planguard::lint::{LintOptions, lint};
use planguard::plan::Address;
use planguard::plan::text::escape::hides_or_steers;
use planguard::redact::Redactor;
use planguard::rego::{Policies, PolicyOptions};
use planguard::render::{self, Colour, Detail, Layout, diagnostic};
use planguard::report::Report;
use planguard::settings::{Files, Sources, resolve};
use planguard::verdict::Verdict;
use serde_json::{Value, json};

/// A target.
pub struct Target {
    /// Its name, which is that of its file in `fuzz_targets/`.
    pub name: &'static str,
    /// What it does with bytes.
    pub run: fn(&[u8]),
    /// Directories of seeds, from the root of the repository. All files below count.
    pub seeds: &'static [&'static str],
    /// Words that bytes are made of.
    pub words: &'static [&'static str],
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target {
        name: "document",
        run: document,
        seeds: &["fixtures/invalid", "fixtures/encodings"],
        words: JSON,
    },
    Target { name: "plan", run: plan, seeds: &["fixtures/plans"], words: PLAN },
    Target { name: "address", run: address, seeds: &["fuzz/seeds/address"], words: ADDRESS },
    Target { name: "values", run: values, seeds: &["fuzz/seeds/values"], words: JSON },
    Target { name: "renderers", run: renderers, seeds: &["fuzz/seeds/renderers"], words: MARKUP },
    Target { name: "policies", run: policies, seeds: &["fixtures/policies", "policies/rego"], words: REGO },
    Target { name: "settings", run: settings, seeds: &["fuzz/seeds/settings"], words: TOML },
    Target { name: "guardrails", run: guardrails, seeds: &["fuzz/seeds/guardrails"], words: TOML },
    Target { name: "redactor", run: redactor, seeds: &["fuzz/seeds/redactor"], words: MARKUP },
];

const JSON: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "null",
    "true",
    "false",
    "-0",
    "1e999",
    "1E-5",
    "\\u0000",
    "\\ud800",
    "\\\"",
    "\u{feff}",
    "\"format_version\":\"1.2\"",
    "\"resource_changes\":[]",
    "\"planned_values\":{}",
];
const PLAN: &[&str] = &[
    "\"after\":",
    "\"before\":",
    "\"after_unknown\":true",
    "\"after_sensitive\":true",
    "\"actions\":[\"delete\"]",
    "\"actions\":[\"create\",\"delete\"]",
    "\"mode\":\"data\"",
    "\"deposed\":\"1\"",
    "\"index\":0",
    "null",
    "{}",
    "[]",
    "\"module_address\":\"module.m[0]\"",
    "\"constant_value\":null",
    "\"references\":[\"var.x\"]",
    "\"errored\":true",
    "\"complete\":false",
    "\"resource_drift\":[]",
    "\"count_expression\":{}",
    "\"sensitive\":true",
    "1e400",
    "-1",
];
const ADDRESS: &[&str] = &[
    "module.",
    "data.",
    "ephemeral.",
    "action.",
    "[0]",
    "[*]",
    "[\"",
    "\"]",
    "\\\"",
    "\\u00e9",
    ".",
    "each",
    "-",
    "é",
];
const MARKUP: &[&str] = &[
    "<script>",
    "&amp;",
    "]]>",
    "```",
    "~~~",
    "|",
    "::error::",
    "##vso[",
    "##[error]",
    "@user",
    "https://x.y",
    "\u{1b}[31m",
    "\u{202e}",
    "\u{2028}",
    "\u{0}",
    "\r\n",
    "%0A",
    "\\",
    "\"",
    "![x](y)",
    "<!--",
    "../",
    "\u{e0041}",
    "\u{9b}",
];
const REGO: &[&str] = &[
    "package main",
    "import rego.v1",
    "deny contains msg if {",
    "}",
    "some x in input.resource_changes",
    "every x in y {",
    "not ",
    "with input as ",
    "data.main.deny",
    "walk(input, [p, v])",
    ":=",
    "==",
    "[_]",
    "{x | x := 1}",
    "else := 2",
    "default x := 1",
    "`",
    "\"",
    "# METADATA",
    "sprintf(\"%v\", [x])",
    "concat(\",\", [",
    "input.variables.x.value",
];
const TOML: &[&str] = &[
    "[check]",
    "[[waivers]]",
    "[policies]",
    "[lints]",
    "[environments.x]",
    "rule = ",
    "expires = ",
    "2027-01-01",
    "\"",
    "'''",
    "true",
    "-1",
    "[",
    "]",
    "=",
    "#",
    "severity = ",
    "type = ",
    "[[guardrail]]",
    "attribute",
    "when",
    "fail",
    "{",
    "}",
];

const MOST: usize = 200_000;

fn report_on(document: Document, rules: &Rules) -> Report {
    let batch = Batch { documents: vec![document], ..Batch::default() };
    let options = CheckOptions { details: Details::Wanted, ..CheckOptions::default() };
    check(&batch, rules, &options, &|_| {})
}

/// All that a run may print.
fn printed(report: &Report) -> Vec<(&'static str, String)> {
    let layout = |colour, width| Layout { colour, width, detail: Detail::Everything };
    let mut all = Vec::new();
    for format in render::check::FORMATS.all() {
        let text = (format.render)(report, layout(Colour::Off, 80)).expect("a report can be written");
        all.push((format.name, text));
    }
    let problems = report.problems.iter().map(|problem| diagnostic::render(problem, layout(Colour::Off, 60)));
    all.push(("problems", problems.collect()));
    all
}

/// What readers of each format rely on.
fn assert_well_formed(printed: &[(&'static str, String)]) {
    for (format, text) in printed {
        match *format {
            "json" | "sarif" | "gitlab" | "gitlab-terraform" => {
                serde_json::from_str::<Value>(text).expect("JSON");
            }
            "text" | "github" | "azure" | "lines" | "tap" | "problems" => {
                let bad = text.chars().find(|c| hides_or_steers(*c) && !matches!(c, '\n' | '\t'));
                assert!(bad.is_none(), "{format} has {bad:?}");
            }
            "html" => {
                let scripts = text.matches("<script").count();
                assert!(scripts <= 3, "{format} has {scripts} scripts");
            }
            _ => {}
        }
        if *format == "text" || *format == "problems" {
            // GitHub takes the one at the start of a line, and both systems the others anywhere. Two addresses on a line
            // are no command: each name has a letter that is no hexadecimal digit.
            let steers = |line: &str| {
                let command = line.trim_start().strip_prefix("::");
                command.is_some_and(|rest| {
                    let mut name =
                        rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
                    rest.starts_with(|c: char| c.is_ascii_alphabetic())
                        && name.any(|byte| !byte.is_ascii_hexdigit())
                        && rest.contains("::")
                })
            };
            assert!(!text.lines().any(steers), "{format} steers a log");
            assert!(!text.contains("##[") && !text.contains("##vso["), "{format} steers a log");
        }
    }
}

/// Bytes into a document: what is accepted is JSON to another reader too, with a version.
pub fn document(bytes: &[u8]) {
    let options = ReadOptions { size_cap: 1 << 20, ..ReadOptions::default() };
    let Ok(document) = Document::from_bytes("plan.json", bytes.to_vec(), &options) else { return };
    let value: Value = serde_json::from_str(document.text()).expect("an accepted document is JSON");
    assert!(value.get("format_version").is_some_and(Value::is_string), "an accepted document has a version");
}

/// A document into a model, a verdict and reports. A pass has a document whose changes were read.
pub fn plan(bytes: &[u8]) {
    if bytes.len() > MOST {
        return;
    }
    let Ok(document) = Document::from_bytes("plan.json", bytes.to_vec(), &ReadOptions::default()) else {
        return;
    };
    let value: Value = serde_json::from_str(document.text()).expect("an accepted document is JSON");
    let report = report_on(document, &Rules::default());
    if report.verdict() == Verdict::Pass {
        let errored = value.get("errored").and_then(Value::as_bool).unwrap_or_default();
        assert!(!errored, "a plan that ended in an error passes");
        assert!(
            value.get("resource_changes").is_none_or(|changes| changes.is_array() || changes.is_null()),
            "changes that are no list pass"
        );
    }
    assert_well_formed(&printed(&report));
}

/// An address is itself again after it was written.
pub fn address(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(address) = text.parse::<Address>() else { return };
    let written = address.to_string();
    let again: Address = written.parse().unwrap_or_else(|error| panic!("{written:?} from {text:?}: {error}"));
    assert!(again == address, "{text:?} becomes {written:?}");
    assert!(address.matches("*"));
    let _ = (address.configuration_address(), address.module_address());
}

/// Three documents, a line each: a value, what of it is unknown, what of it is sensitive.
pub fn values(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.splitn(3, '\n').map(|line| serde_json::from_str::<Value>(line).ok());
    let (Some(Some(value)), Some(Some(unknown)), Some(Some(sensitive))) =
        (parts.next(), parts.next(), parts.next())
    else {
        return;
    };
    let canary = "Zq7canaryZq7";
    let plan = json!({
        "format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {"root_module": {}},
        "configuration": {"root_module": {}},
        "resource_changes": [{"address": "aws_db_instance.a", "mode": "managed", "type": "aws_db_instance", "name": "a",
            "change": {"actions": ["update"], "before": {"a": value, "s": canary}, "after": {"a": value, "s": canary},
                "after_unknown": {"a": unknown}, "before_sensitive": {"a": sensitive, "s": true},
                "after_sensitive": {"a": sensitive, "s": true}}}],
    });
    let Ok(document) = Document::from_text("plan.json", plan.to_string()) else { return };
    let printed = printed(&report_on(document, &Rules::default()));
    assert_well_formed(&printed);
    for (format, text) in &printed {
        assert!(!text.contains(canary), "{format} tells what is sensitive");
    }
}

/// A text wherever a plan has one: names, keys, values, messages.
pub fn renderers(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let key = Value::from(text.as_ref()).to_string();
    let plan = json!({
        "format_version": "1.2", "terraform_version": text, "planned_values": {"root_module": {}},
        "configuration": {"root_module": {}},
        "variables": {text.as_ref(): {"value": text}},
        "output_changes": {text.as_ref(): {"actions": ["create"], "before": null, "after": text, "after_unknown": false,
            "before_sensitive": false, "after_sensitive": false}},
        "checks": [{"address": {"to_display": text}, "status": "fail", "instances": [
            {"address": {"to_display": text}, "status": "fail", "problems": [{"message": text}]}]}],
        "resource_changes": [
            {"address": format!("module.m[{key}].aws_instance.a[{key}]"), "module_address": format!("module.m[{key}]"),
             "mode": "managed", "type": "aws_instance", "name": "a", "index": text, "action_reason": text,
             "change": {"actions": ["create"], "before": null, "after_unknown": {}, "after": {"associate_public_ip_address": true,
                "tags": {text.as_ref(): text}}}},
            {"address": "aws_security_group.g", "mode": "managed", "type": "aws_security_group", "name": "g",
             "change": {"actions": ["create"], "before": null, "after_unknown": {}, "after": {"description": text, "ingress": [
                {"from_port": 22, "to_port": 22, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0", text]}]}}},
        ],
    });
    let Ok(document) = Document::from_text(text.as_ref(), plan.to_string()) else { return };
    assert_well_formed(&printed(&report_on(document, &Rules::default())));
}

fn in_file(name: &str, bytes: &[u8], work: impl FnOnce(&Path)) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join(name);
    fs::write(&file, bytes).expect("written");
    work(&file);
}

/// A policy: linted, loaded, and evaluated on a small plan. One that did not load is no pass.
pub fn policies(bytes: &[u8]) {
    in_file("p.rego", bytes, |file| {
        let _ = lint(&LintOptions { paths: vec![file.to_owned()], ..LintOptions::default() });
        let options = PolicyOptions {
            paths: vec![file.to_owned()],
            time_limit: Duration::from_millis(200),
            ..PolicyOptions::default()
        };
        let policies = Policies::load(&options);
        let has_problems = !policies.problems().is_empty();
        let rules = Rules { policies: Some(policies), ..Rules::default() };
        let text = json!({"format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {"root_module": {}},
            "configuration": {"root_module": {}}, "resource_changes": []});
        let document = Document::from_text("plan.json", text.to_string()).expect("a plan");
        let report = report_on(document, &rules);
        assert!(!has_problems || report.verdict() == Verdict::Undecided, "policies that did not load pass");
        assert_well_formed(&printed(&report));
    });
}

/// Settings with waivers and environments.
pub fn settings(bytes: &[u8]) {
    in_file("planguard.toml", bytes, |file| {
        let resolution = resolve(Sources {
            files: Files::Named(file.to_owned()),
            directory: file.parent().unwrap_or(file).to_owned(),
            ..Sources::default()
        });
        let is_toml = std::str::from_utf8(bytes).is_ok_and(|text| text.parse::<toml::Table>().is_ok());
        assert!(is_toml || !resolution.errors.is_empty(), "settings that are no TOML are taken");
        let _ = resolution.settings.entries();
    });
}

/// Guardrails of a user.
pub fn guardrails(bytes: &[u8]) {
    in_file("g.toml", bytes, |file| {
        let _ = read_guardrail_file(file);
    });
}

/// A secret in the first line, and a text around it in the others.
pub fn redactor(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (secret, around) = text.split_once('\n').unwrap_or((text.as_ref(), ""));
    // Shorter ones are replaced as whole words only.
    if secret.trim().chars().count() < 8 {
        return;
    }
    let redactor = Redactor::new(&BTreeSet::from([secret.to_owned()]));
    for told in [
        format!("{around}{secret}{around}"),
        format!("{around} {}", Value::from(secret)),
        secret.to_uppercase(),
    ] {
        let safe = redactor.text(&told);
        let shown = safe.unescaped();
        // What is left of a text that overlaps itself may be put together to the secret only by the marker's own letters.
        assert!(!shown.contains(secret), "{secret:?} is in {shown:?}");
        let _ = (safe.for_terminal(), safe.for_terminal_line(), safe.for_document());
    }
}
