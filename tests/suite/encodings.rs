//! The same plan in other bytes is the same plan, and a part of its bytes is none.

use std::fmt::Write as _;
use std::io::Write as _;

use planguard::check::{CheckOptions, Rules, check};
use planguard::input::{Batch, Document, ReadOptions};
use planguard::report::Report;
use planguard::verdict::Verdict;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::properties::{create, plan, rendered};

/// How JSON is written.
#[derive(Clone, Copy, Debug)]
struct Style {
    /// Every character of a string as `\uXXXX`.
    escapes: bool,
    /// The keys of objects from the last to the first.
    backwards: bool,
    /// White space wherever it may be.
    spaces: &'static str,
    numbers: Numbers,
}

/// How a whole number is written.
#[derive(Clone, Copy, Debug)]
enum Numbers {
    Plain,
    /// `22.0`
    Fraction,
    /// `22e0`
    Exponent,
}

fn text(written: &str, style: Style, to: &mut String) {
    if !style.escapes {
        to.push_str(&Value::from(written).to_string());
        return;
    }
    to.push('"');
    for unit in written.encode_utf16() {
        let _ = write!(to, "\\u{unit:04X}");
    }
    to.push('"');
}

fn write_json(value: &Value, style: Style, to: &mut String) {
    to.push_str(style.spaces);
    match value {
        Value::String(written) => text(written, style, to),
        Value::Number(number) => {
            let _ = match style.numbers {
                Numbers::Plain => write!(to, "{number}"),
                Numbers::Fraction => write!(to, "{number}.0"),
                Numbers::Exponent => write!(to, "{number}e0"),
            };
        }
        Value::Array(elements) => {
            to.push('[');
            for (position, element) in elements.iter().enumerate() {
                to.push_str(if position > 0 { "," } else { "" });
                write_json(element, style, to);
            }
            to.push(']');
        }
        Value::Object(members) => {
            to.push('{');
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            if style.backwards {
                members.reverse();
            }
            for (position, (key, member)) in members.into_iter().enumerate() {
                to.push_str(if position > 0 { "," } else { "" });
                to.push_str(style.spaces);
                text(key, style, to);
                to.push_str(style.spaces);
                to.push(':');
                write_json(member, style, to);
            }
            to.push('}');
        }
        Value::Null | Value::Bool(_) => to.push_str(&value.to_string()),
    }
    to.push_str(style.spaces);
}

/// How text becomes bytes.
#[derive(Clone, Copy, Debug)]
enum Bytes {
    Utf8,
    Utf8WithMark,
    Utf16Le,
    Utf16Be,
    Gzip,
    GzippedUtf16,
}

fn bytes(text: &str, encoding: Bytes) -> Vec<u8> {
    let utf16 =
        |bytes: fn(u16) -> [u8; 2]| format!("\u{feff}{text}").encode_utf16().flat_map(bytes).collect();
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).expect("a Vec takes all");
        encoder.finish().expect("a Vec takes all")
    };
    match encoding {
        Bytes::Utf8 => text.into(),
        Bytes::Utf8WithMark => format!("\u{feff}{text}").into(),
        Bytes::Utf16Le => utf16(u16::to_le_bytes),
        Bytes::Utf16Be => utf16(u16::to_be_bytes),
        Bytes::Gzip => gzip(text.as_bytes()),
        Bytes::GzippedUtf16 => gzip(&utf16(u16::to_le_bytes)),
    }
}

fn document(bytes: Vec<u8>) -> Option<Document> {
    Document::from_bytes("plan.json", bytes, &ReadOptions::default()).ok()
}

fn report(bytes: Vec<u8>) -> Option<Report> {
    let batch = Batch { documents: vec![document(bytes)?], ..Batch::default() };
    Some(check(&batch, &Rules::default(), &CheckOptions::default(), &|_| {}))
}

/// The findings as a program reads them. A value is told as the plan writes it, and therefore left out where numbers are
/// written in another way.
fn findings(report: &Report, numbers: Numbers) -> Value {
    let report: Value = serde_json::from_str(&rendered("json", report)).expect("JSON");
    let plans = report["plans"].as_array().expect("plans");
    let mut findings: Vec<Value> =
        plans.iter().flat_map(|plan| plan["findings"].as_array().expect("findings").clone()).collect();
    if !matches!(numbers, Numbers::Plain) {
        for finding in findings.iter_mut().filter_map(Value::as_object_mut) {
            finding.remove("value");
        }
    }
    Value::from(findings)
}

/// A plan on which many kinds of rules have something to say: numbers, texts, documents within texts, odd names.
fn subject(port: u16, odd: &str) -> Value {
    let ingress = json!([{"from_port": port, "to_port": port, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"],
        "description": odd, "ipv6_cidr_blocks": [], "prefix_list_ids": [], "security_groups": [], "self": false}]);
    let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    plan(json!([
        create("aws_security_group", "open", json!({"ingress": ingress, "name": odd})),
        create("aws_iam_policy", "all", json!({"policy": document, "name": "p"})),
        create(
            "aws_db_instance",
            "db",
            json!({"publicly_accessible": true, "storage_encrypted": false,
            "backup_retention_period": 0, "allocated_storage": 20, "deletion_protection": false})
        ),
        create("aws_cloudwatch_log_group", "short", json!({"retention_in_days": 1, "name": odd})),
    ]))
}

const PLAIN: Style = Style { escapes: false, backwards: false, spaces: "", numbers: Numbers::Plain };

fn styles() -> impl Strategy<Value = Style> {
    let spaces = prop_oneof![Just(""), Just(" "), Just("\r\n\t")];
    let numbers = prop_oneof![Just(Numbers::Plain), Just(Numbers::Fraction), Just(Numbers::Exponent)];
    (any::<bool>(), any::<bool>(), spaces, numbers).prop_map(|(escapes, backwards, spaces, numbers)| Style {
        escapes,
        backwards,
        spaces,
        numbers,
    })
}

fn encodings() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        Just(Bytes::Utf8),
        Just(Bytes::Utf8WithMark),
        Just(Bytes::Utf16Le),
        Just(Bytes::Utf16Be),
        Just(Bytes::Gzip),
        Just(Bytes::GzippedUtf16),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.div_ceil(5)))]

    #[test]
    fn other_bytes_of_the_same_plan_have_the_same_findings(
        style in styles(), encoding in encodings(), port in prop_oneof![Just(22_u16), Just(3389), Just(443)],
        odd in "[ -~\u{a0}-\u{24f}\u{1f600}-\u{1f640}]{0,12}",
    ) {
        let plan = subject(port, &odd);
        let expected = report(plan.to_string().into()).expect("it is a plan");
        let mut written = String::new();
        write_json(&plan, style, &mut written);
        let other = report(bytes(&written, encoding)).expect("it is the same plan");
        prop_assert!(expected.verdict() == Verdict::Denied);
        prop_assert_eq!(other.verdict(), expected.verdict());
        prop_assert_eq!(findings(&other, style.numbers), findings(&expected, style.numbers));
    }

    #[test]
    fn a_part_of_the_bytes_is_no_plan(encoding in encodings(), part in any::<prop::sample::Index>()) {
        let whole = bytes(&subject(22, "é😀").to_string(), encoding);
        let end = part.index(whole.len());
        prop_assert!(document(whole[..end].to_vec()).is_none(), "{encoding:?}, {end} of {}", whole.len());
    }

    /// A byte that has changed is noticed, or the plan says something else: it is never read as what it was not.
    #[test]
    fn another_byte_never_ends_in_a_crash(
        encoding in encodings(), place in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut damaged = bytes(&subject(22, "x").to_string(), encoding);
        let place = place.index(damaged.len());
        damaged[place] = byte;
        if let Some(report) = report(damaged) {
            // What was found can be told.
            prop_assert!(rendered("text", &report).contains("plan.json"));
        }
    }
}

/// Every prefix, for the encoding in which plans are written.
#[test]
fn every_prefix_of_a_plan_is_refused() {
    let mut written = String::new();
    write_json(&subject(22, "é😀"), PLAIN, &mut written);
    let taken: Vec<usize> =
        (0..written.len()).filter(|end| document(written.as_bytes()[..*end].to_vec()).is_some()).collect();
    assert!(taken.is_empty(), "{taken:?} of {}", written.len());
    assert!(document(written.into_bytes()).is_some());
}
