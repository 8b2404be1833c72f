//! `strings.render_template`: Go's `text/template`, without templates that are defined in templates.

mod evaluate;
mod functions;
mod lex;
mod parse;
mod value;

use std::sync::Arc;

use regorus::Value;

use super::arguments::Arguments;
use super::cache::Cache;
use super::{Builtin, Failure, Outcome};
use parse::Template;

pub(super) const FUNCTIONS: &[Builtin] =
    &[Builtin { name: "strings.render_template", arity: 2, run: render }];

static TEMPLATES: Cache<Template> = Cache::new();

fn compiled(text: &str) -> Result<Arc<Template>, Failure> {
    TEMPLATES.get(text, || parse::parse(text))
}

/// `strings.render_template(template, values)`: the template with the values in it. What is not there or null is
/// written `<undefined>`.
fn render(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let Value::Object(_) = arguments.value(1) else { return Err(arguments.wrong(1, "object")) };
    let template = compiled(arguments.text(0)?)?;
    Ok(evaluate::render(&template, arguments.value(1))?.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(template: &str, values: &str) -> Outcome {
        render(&[template.into(), Value::from_json_str(values).unwrap()])
    }

    #[test]
    fn what_is_not_supported_is_refused_by_name() {
        for (template, name) in [
            ("{{define \"a\"}}{{end}}", "define"),
            ("{{template \"a\"}}", "template"),
            ("{{block \"a\" .}}{{end}}", "block"),
            ("{{printf \"%s\" .x}}", "%s"),
            ("{{printf \"%[1]v\" .x}}", "%[1]v"),
        ] {
            let outcome = rendered(template, r#"{"x": [1]}"#);
            let Err(Failure::Unsupported(reason)) = outcome else { panic!("{template}: {outcome:?}") };
            assert!(reason.contains(name), "{reason}");
        }
    }

    #[test]
    fn no_template_takes_forever() {
        let template =
            "{{range .x}}{{range $.x}}{{range $.x}}{{range $.x}}aaaaaaaa{{end}}{{end}}{{end}}{{end}}";
        let values = format!("{{\"x\": [{}1]}}", "1,".repeat(999));
        assert!(matches!(rendered(template, &values), Err(Failure::TooLarge(_))));
        assert!(matches!(rendered("{{range 9223372036854775807}}{{end}}", "{}"), Err(Failure::TooLarge(_))));
        let deep = format!("{{{{{}1{}}}}}", "(".repeat(100_000), ")".repeat(100_000));
        assert!(matches!(rendered(&deep, "{}"), Err(Failure::TooLarge(_))));
        let deep = "{{if .x}}".repeat(100_000);
        assert!(matches!(rendered(&deep, "{}"), Err(Failure::TooLarge(_))));
    }
}
