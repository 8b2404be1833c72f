//! The report for programs. The types of a version are frozen: fields are added, never changed or removed.

mod held;
mod v2;

use crate::render::{Format, Layout, RenderError, json};
use crate::report::Report;

pub use v2::ReadError;

pub(super) const FORMAT: Format<Report> =
    Format { name: "json", former: None, help: "see docs/report.schema.json", extension: "json", render };

/// The document, the plans, a plan and its findings are indented; a finding is a line, which keeps large reports small.
const LEVELS: usize = 4;

fn render(report: &Report, _: Layout) -> Result<String, RenderError> {
    Ok(json::shallow(&v2::Report::of(report), LEVELS)?)
}

/// Reads a report that this format wrote, or that of an earlier version with the same major number.
///
/// What the format does not have is missing: the time that the run took, and the source text of problems.
///
/// # Errors
///
/// If it is no such report, or contradicts itself: its verdict is not the one that its findings and problems give.
pub fn read(text: &str) -> Result<Report, ReadError> {
    v2::read(text)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use planguard_plan::input::{Batch, Document};

    use super::*;
    use crate::check::{CheckOptions, Rules, check};
    use crate::render::check::sample;
    use crate::render::layout::sample::PLAIN;

    fn published() -> serde_json::Value {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/report.schema.json");
        let schema = schemars::generate::SchemaSettings::draft2020_12()
            // What is written decides: an absent value is written as null.
            .for_serialize()
            .into_generator()
            .into_root_schema_for::<v2::Report>();
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let on_disk = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(on_disk == text, "docs/report.schema.json is out of date: run UPDATE=1 cargo test");
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn reports_follow_the_published_schema() {
        let schema = published();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let plan = r#"{"format_version": "1.2", "terraform_version": "1.11.4", "errored": true, "planned_values": {},
            "resource_changes": [{"address": "aws_instance.a", "change": {"actions": ["create"],
                "after": {"associate_public_ip_address": true}, "after_unknown": {}}}]}"#;
        let documents = vec![Document::from_text("plan.json", plan).unwrap()];
        let report = check(
            &Batch { documents, ..Batch::default() },
            &Rules::default(),
            &CheckOptions::default(),
            &|_| {},
        );
        let mut value: serde_json::Value = serde_json::from_str(&render(&report, PLAIN).unwrap()).unwrap();
        assert!(!value["problems"].as_array().unwrap().is_empty());
        assert!(!value["plans"][0]["findings"].as_array().unwrap().is_empty());
        if let Err(error) = validator.validate(&value) {
            panic!("{error}");
        }
        // The validator does validate.
        value["verdict"] = serde_json::Value::from(7);
        assert!(!validator.is_valid(&value));
    }

    /// A report on many findings, each with everything that findings usually have, has fewer bytes for each than a
    /// reader can notice.
    #[test]
    fn a_finding_takes_less_than_400_bytes() {
        const NUMBER: usize = 2_000;
        let finding = |number: usize| {
            let address = format!("module.network.aws_security_group.service[{number}]");
            let mut finding = sample::finding("aws-security-group-open-database", &address);
            finding.remediation =
                Some(sample::text(&"Replace it with the ranges that need access. ".repeat(6)));
            finding.source = sample::source("modules/network/main.tf", number);
            finding
        };
        let report = sample::report(vec![sample::plan("p", (0..NUMBER).map(finding).collect())]);
        let bytes = render(&report, PLAIN).unwrap().len();
        assert!(bytes / NUMBER < 400, "{}", bytes / NUMBER);
    }

    #[test]
    fn a_remedy_is_written_once_unless_it_is_another() {
        let mut report = sample::of_everything();
        report.plans[0].findings[1].remediation = Some(sample::text("another"));
        let value: serde_json::Value = serde_json::from_str(&render(&report, PLAIN).unwrap()).unwrap();
        assert_eq!(value["rules"]["a"]["remediation"], "Set `acl = \"private\"`.");
        assert_eq!(value["rules"]["a"]["title"], "A title");
        let findings = value["plans"][0]["findings"].as_array().unwrap();
        assert!(findings[0].get("remediation").is_none());
        // The rule of the other two has the remedy of its first finding.
        assert_eq!(value["rules"]["b"]["remediation"], "another");
        assert_eq!(findings[3]["remediation"], "Set `acl = \"private\"`.");
        // Where a finding has none, the rule has none either, so that nobody takes the rule's for it.
        report.plans[0].findings[1].remediation = None;
        let value: serde_json::Value = serde_json::from_str(&render(&report, PLAIN).unwrap()).unwrap();
        assert!(value["rules"]["b"].get("remediation").is_none());
        assert_eq!(value["plans"][0]["findings"][3]["remediation"], "Set `acl = \"private\"`.");
    }
}
