//! Calls what stands for a function of the library, instead of the function.
//!
//! A call of a function in Rego takes the engine several microseconds, and functions of the library call others.
//! `builtins/of_library.rs` has the same answers without the way through their bodies. A function that `with` replaces
//! somewhere is called as it is written, and so is that of a library that the user has changed.
//!
//! ```text
//! changes.is_touched(change)
//! __pg_changes_is_touched(change)
//! ```

use planguard_rego_syntax::resolve::Meaning;
use planguard_rego_syntax::tree::{Expr, ExprKind};
use planguard_rego_syntax::walk::each_expr;

use super::super::super::builtins::OF_LIBRARY;
use super::super::edit::Edits;
use super::super::policy::Policy;

/// The path of the library's packages.
const LIBRARY: [&str; 3] = ["data", "planguard", "lib"];

pub(in super::super) fn add<'p>(policy: &Policy<'p>, edits: &mut Edits<'p>) {
    // Most policies do not use the library.
    if !policy.text.contains("planguard") {
        return;
    }
    each_expr(policy.module, &mut |expr| {
        if let ExprKind::Call { function, .. } = &expr.kind
            && let Some(builtin) = counterpart(policy, function)
        {
            edits.replace(function.span.clone(), builtin);
        }
    });
}

/// The name of what stands for a function, if it is one of the library.
pub(super) fn counterpart(policy: &Policy<'_>, function: &Expr) -> Option<&'static str> {
    let path = path(policy, function)?;
    let [data, planguard, lib, package, name] = path.as_slice() else { return None };
    let of = OF_LIBRARY.iter().find(|of| of.package == package && of.function == name)?;
    ([data, planguard, lib] == LIBRARY && policy.is_of_library(&path)).then_some(of.builtin)
}

/// The path of a function from `data` on.
fn path(policy: &Policy<'_>, function: &Expr) -> Option<Vec<String>> {
    let (_, steps) = function.path(policy.text)?;
    let root = function.root()?;
    let start = match policy.meaning(policy.scopes(), root) {
        Meaning::Import(import) => import.path.clone(),
        Meaning::Data => vec!["data".to_owned()],
        Meaning::Rule => {
            policy.module.package.iter().cloned().chain([policy.text_of(root).to_owned()]).collect()
        }
        Meaning::Input | Meaning::Local(_) | Meaning::Open => return None,
    };
    Some(start.into_iter().chain(steps.into_iter().map(str::to_owned)).collect())
}

#[cfg(test)]
mod tests {
    use planguard_rego_syntax::parse::parse;

    use super::super::super::super::options::RegoVersion;
    use super::super::super::edit::Edits;
    use super::super::super::policy::{Author, Policy, RuleNames};
    use super::add;

    fn edits<'p>(policy: &Policy<'p>) -> Edits<'p> {
        let mut edits = policy.edits();
        add(policy, &mut edits);
        edits
    }

    const CHANGES: &str =
        "package planguard.lib.changes\nis_touched(change) if is_moved(change)\nis_moved(change) := true";

    /// Rewrites the first of several policies; the others come with planguard.
    fn rewritten(policy: &str, library: &[&str]) -> String {
        let mut names = RuleNames::default();
        for (text, author) in
            library.iter().map(|text| (*text, Author::Planguard)).chain([(policy, Author::User)])
        {
            let module = parse(text).unwrap();
            names.add(&module, text);
            names.add_author(&module, author);
        }
        let module = parse(policy).unwrap();
        let policy = Policy::new(policy, &module, RegoVersion::V1, &names);
        edits(&policy).apply().unwrap().map_or_else(|| policy.text.to_owned(), |(text, _)| text)
    }

    #[test]
    fn calls_of_the_library_are_recognised_by_their_path() {
        for (written, expected) in [
            (
                "import data.planguard.lib.changes\nr if changes.is_touched(1)",
                "r if __pg_changes_is_touched(1)",
            ),
            (
                "import data.planguard.lib.changes as c\nr if not c.is_touched(1)",
                "r if not __pg_changes_is_touched(1)",
            ),
            ("import data.planguard.lib\nr := lib.changes.is_touched(1)", "r := __pg_changes_is_touched(1)"),
            ("r if data.planguard.lib.changes.is_touched(1)", "r if __pg_changes_is_touched(1)"),
            (
                "import data.planguard.lib.changes.is_touched\nr if is_touched(1)",
                "r if __pg_changes_is_touched(1)",
            ),
        ] {
            let new = rewritten(&format!("package main\n{written}"), &[CHANGES]);
            assert!(new.ends_with(expected), "{new}");
        }
    }

    #[test]
    fn what_is_not_of_the_library_stays() {
        for written in [
            "import data.planguard.lib.changes\nr if changes.does_not_exist(1)",
            "import data.mine.planguard.lib.changes\nr if changes.is_touched(1)",
            "import data.planguard.lib.changes\nr(changes) if changes.is_touched",
            "is_touched(x) if x\nr if is_touched(1) # planguard",
            "import data.planguard.lib.changes\nr if changes.is_touched(1) with data.planguard.lib.changes.is_touched as f\nf(x)",
            "import data.planguard.lib.changes\nr if changes.is_touched(1)\nt if r with data.planguard.lib.changes as {}",
        ] {
            let policy = format!("package main\n{written}");
            assert_eq!(rewritten(&policy, &[CHANGES]), policy);
        }
        let policy = "package main\nimport data.planguard.lib.changes\nr if changes.is_touched(1)";
        assert_eq!(rewritten(policy, &[]), policy);
        let own = "package planguard.lib.changes\nis_touched(1)\nr if is_touched(2)";
        assert_eq!(rewritten(own, &[]), own);
        assert_eq!(rewritten(own, &[CHANGES]), own);
    }

    #[test]
    fn the_library_calls_itself_so_too() {
        let mut names = RuleNames::default();
        let module = parse(CHANGES).unwrap();
        names.add(&module, CHANGES);
        names.add_author(&module, Author::Planguard);
        let policy = Policy::new(CHANGES, &module, RegoVersion::V1, &names);
        let (new, _) = edits(&policy).apply().unwrap().unwrap();
        assert_eq!(new, CHANGES.replace("if is_moved", "if __pg_changes_is_moved"));
    }
}
