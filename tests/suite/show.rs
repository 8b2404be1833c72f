//! `planguard show`: every plan can be shown, and no format has what is sensitive.

use std::fs;
use std::path::Path;

use planguard::input::Document;
use planguard::plan::{Plan, sensitive_values};
use planguard::render::{Colour, Detail, Layout, show::FORMATS};
use planguard::show::PlanView;

use crate::shared::{files_below, shared};

const LAYOUT: Layout = Layout { colour: Colour::Off, width: 100, detail: Detail::Everything };

/// Shorter values stand in other texts by chance.
const LONG: usize = 8;

#[test]
fn no_format_has_a_sensitive_value() {
    let mut hidden = 0;
    let mut files = files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"));
    files.extend(shared("plans").iter().flat_map(|plans| files_below(plans)));
    for path in files {
        let text = fs::read_to_string(&path).unwrap_or_default();
        let Ok(document) = Document::from_text("plan.json", &text) else { continue };
        let Ok(view) = PlanView::of(&document) else { continue };
        let plan = Plan::parse(document.text()).expect("it was parsed");
        let secrets = sensitive_values(&plan).expect("it was read");
        for format in FORMATS.all() {
            let shown = (format.render)(&view, LAYOUT).expect("rendered");
            for secret in secrets.iter().filter(|secret| secret.len() >= LONG && !is_named(&plan, secret)) {
                hidden += 1;
                assert!(!shown.contains(secret.as_str()), "{}: {} has {secret}", path.display(), format.name);
            }
        }
    }
    assert!(hidden > 20, "{hidden} secrets were looked for");
}

/// Whether a value stands in an address, which is never replaced.
fn is_named(plan: &Plan<'_>, value: &str) -> bool {
    plan.resource_changes.iter().any(|change| change.address.to_string().contains(value))
}
