//! The settings inside texts.

use serde_json::{Value as Json, json};

use super::{Faults, Turn, object, settings, tables, types_of, with};

#[test]
fn every_setting_inside_a_text_that_gets_worse_is_told() {
    let mut faults = Faults::default();
    for (table, rows) in tables() {
        for row in &rows.documents {
            let setting = &row.entry;
            let keys: Vec<String> =
                setting.switch.attribute.iter().map(|key| key.replace('*', "any")).collect();
            let text = |value: &Json| json!(Json::Object(object(&keys, value.clone())).to_string());
            for resource_type in types_of(row) {
                for (good, bad) in settings(&setting.switch) {
                    let side = |value: &Json| with(resource_type, &setting.document, text(value), &[]);
                    let last = setting.switch.attribute.last().unwrap();
                    let name = match last.len() > 1 && last.contains('*') {
                        true => keys.last().unwrap().clone(),
                        false => setting.switch.attribute.join("."),
                    };
                    let words = vec![name, setting.document.last().unwrap().clone()];
                    let (good, bad) = (side(&good), side(&bad));
                    Turn {
                        table: &table,
                        line: row.line,
                        resource_type,
                        good,
                        bad,
                        words,
                        others: String::new(),
                    }
                    .check(&mut faults);
                }
            }
        }
    }
    faults.check();
}
