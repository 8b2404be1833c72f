//! Judges the cases of `forms.toml`: every form of the format that few built-in guardrails use.

use planguard_guardrail_format::read_definitions;

use crate::judge::{Judgement, judge};
use crate::user::misfits;

const NAME: &str = "forms.toml";
const FORMS: &str = include_str!("forms.toml");

#[test]
fn every_form_judges_its_cases_as_expected() {
    let mut wrong = Vec::new();
    let definitions = read_definitions(NAME, FORMS).unwrap();
    for definition in &definitions {
        let id = &definition.guardrail.info.id;
        wrong.extend(misfits(NAME, FORMS, definition).iter().map(ToString::to_string));
        for case in &definition.cases {
            let got = judge(&definition.guardrail, case).unwrap();
            if got != Judgement::expected(case) {
                wrong.push(format!("{id}: {}: expected {}, got {got}", case.name, case.expect));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
