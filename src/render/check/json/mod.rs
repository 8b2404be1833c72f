//! The report for programs. The types of a version are frozen: fields are added, never changed or removed.

mod v1;

use crate::render::{Format, Layout, RenderError, json};
use crate::report::Report;

pub(super) const FORMAT: Format<Report> =
    Format { name: "json", former: None, help: "see docs/report.schema.json", extension: "json", render };

fn render(report: &Report, _: Layout) -> Result<String, RenderError> {
    Ok(json::indented(&v1::Report::of(report))?)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use planguard_plan::input::{Batch, Document};

    use super::*;
    use crate::check::{CheckOptions, Rules, check};
    use crate::render::layout::sample::PLAIN;

    fn published() -> serde_json::Value {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/report.schema.json");
        let schema = schemars::generate::SchemaSettings::draft2020_12()
            // What is written decides: an absent value is written as null.
            .for_serialize()
            .into_generator()
            .into_root_schema_for::<v1::Report>();
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
}
