//! Replaces imported names with full paths, and removes the imports.
//!
//! In OPA, an import is another name for a path, anywhere in the file. The engine resolves it only in some places: a
//! call with an additional argument for the result does not find the function; an import of the package itself is
//! undefined without an error; packages that import each other are reported as recursive; and an import after a rule
//! is a syntax error. Full paths work everywhere. A keyword that is imported twice, by itself and with all of `rego.v1`,
//! is an error for the engine alone.
//!
//! ```text
//! import data.lib.strings as s
//! deny if s.trimmed(input.name, out)
//!
//! deny if data.lib.strings.trimmed(input.name, out)
//! ```

use planguard_rego_syntax::tree::{ExprKind, ImportPlace};
use planguard_rego_syntax::walk::each_expr;

use super::super::super::options::RegoVersion;
use super::super::edit::Edits;
use super::super::policy::{Policy, path_text};

pub(in super::super) fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
    let mut edits = policy.edits();
    let imports = &policy.module.imports;
    let has_all_keywords =
        policy.version == RegoVersion::V1 && imports.iter().any(|import| import.path == ["rego", "v1"]);
    for import in imports {
        match (import.path.first().map(String::as_str), import.place) {
            (Some("data" | "input"), _) => edits.replace(import.span.clone(), ""),
            (Some("future"), _) if has_all_keywords => edits.replace(import.span.clone(), ""),
            (_, ImportPlace::BeforeRules) => {}
            // Imports of keywords stay: v1 needs none, and in v0 the engine requires them first.
            (_, ImportPlace::AfterARule) => {
                let text = edits.take(&import.span);
                edits.replace(import.span.clone(), "");
                match policy.version {
                    RegoVersion::V0 => {
                        edits.insert(policy.module.package_span.end, format!(" {text}").as_str())
                    }
                    RegoVersion::V1 => {}
                }
            }
        }
    }
    let scopes = policy.scopes();
    each_expr(policy.module, &mut |expr| {
        if !matches!(expr.kind, ExprKind::Name) || scopes.declaration(expr).is_some() {
            return;
        }
        if let Some(import) = policy.import(policy.text_of(expr))
            && matches!(import.path.first().map(String::as_str), Some("data" | "input"))
        {
            edits.replace(expr.span.clone(), path_text(&import.path).as_str());
        }
    });
    edits
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::assert_pass;
    use super::edits;

    #[test]
    fn paths_are_written_in_full() {
        assert_pass(
            edits,
            "import data.lib\nimport data.lib[\"a-b\"] as c\nr if { lib.f(1, x); c.y with lib.z as 1; lib }",
            "\n\nr if { data.lib.f(1, x); data.lib[\"a-b\"].y with data.lib.z as 1; data.lib }",
        );
        assert_pass(edits, "import input.x\nr := x.x", "\nr := input.x.x");
    }

    #[test]
    fn a_variable_of_the_same_name_is_unchanged() {
        assert_pass(
            edits,
            "import data.lib\nf(lib) := lib.x\nr := [lib | some x in lib.y; some lib in x]",
            "\nf(lib) := lib.x\nr := [lib | some x in data.lib.y; some lib in x]",
        );
    }

    #[test]
    fn imports_after_rules_keep_their_line() {
        assert_pass(edits, "x := 1\nimport data.lib\nr := lib.x", "x := 1\n\nr := data.lib.x");
        assert_pass(edits, "x := 1\nimport rego.v1\ny := 1", "x := 1\n\ny := 1");
        assert_pass(edits, "import rego.v1\ny := 1", "import rego.v1\ny := 1");
    }

    #[test]
    fn keywords_are_imported_once() {
        assert_pass(edits, "import future.keywords.in\nimport rego.v1\ny := 1", "\nimport rego.v1\ny := 1");
        let alone = "import future.keywords.in\ny := 1";
        assert_pass(edits, alone, alone);
    }
}
