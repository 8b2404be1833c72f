//! Resolves names that are no variables of their rule: `input`, `data`, imports and rules.

use std::collections::HashMap;

use super::scope::Scopes;
use super::tree::{Expr, Import, Module};

/// The meaning of a name.
#[derive(Clone, Copy, Debug)]
pub enum Meaning<'m> {
    /// A variable of the rule, by the index of its declaration in [`Scopes`].
    Local(usize),
    /// `input`.
    Input,
    /// `data`.
    Data,
    /// An import of a document or package.
    Import(&'m Import),
    /// A rule or function of the same package, in any file.
    Rule,
    /// A builtin, or a variable that nothing declares, if these are not resolved
    /// ([`Scopes::with_undeclared`]).
    Open,
}

/// The imports of a policy, by their names.
#[derive(Debug)]
pub struct Imports<'m> {
    by_alias: HashMap<&'m str, &'m Import>,
}

impl<'m> Imports<'m> {
    /// Returns the imports of documents and packages; those of keywords only change the syntax. The last of a name
    /// wins.
    pub fn of(module: &'m Module) -> Self {
        let imports = module.imports.iter().filter(|import| import.is_of_document());
        Self { by_alias: imports.map(|import| (import.alias.as_str(), import)).collect() }
    }

    /// Returns the import of that name.
    pub fn get(&self, alias: &str) -> Option<&'m Import> {
        self.by_alias.get(alias).copied()
    }

    /// Returns the meaning of a name in a policy whose package has the rules for which `is_rule` holds.
    pub fn meaning(
        &self,
        scopes: &Scopes<'_>,
        name: &Expr,
        text: &str,
        is_rule: impl FnOnce(&str) -> bool,
    ) -> Meaning<'m> {
        match scopes.index(name) {
            Some(declaration) => Meaning::Local(declaration),
            None => self.outside(name.text(text), is_rule),
        }
    }

    /// Returns the meaning of a word that is no variable.
    pub fn outside(&self, word: &str, is_rule: impl FnOnce(&str) -> bool) -> Meaning<'m> {
        outside(word, self.get(word), is_rule)
    }
}

/// Returns the meaning of a word that is no variable, in a policy that has such an import or none of that name.
pub fn outside<'m>(
    word: &str,
    import: Option<&'m Import>,
    is_rule: impl FnOnce(&str) -> bool,
) -> Meaning<'m> {
    match (word, import) {
        ("input", _) => Meaning::Input,
        ("data", _) => Meaning::Data,
        (_, Some(import)) => Meaning::Import(import),
        (_, None) if is_rule(word) => Meaning::Rule,
        (_, None) => Meaning::Open,
    }
}

impl Import {
    /// Returns whether it is of a document or a package, and not of keywords.
    pub fn is_of_document(&self) -> bool {
        matches!(self.path.first().map(String::as_str), Some("data" | "input"))
    }

    /// Returns the imported path without `data` or `input`, and which of these it starts with.
    pub fn target(&self) -> (Root, &[String]) {
        let rest = self.path.get(1..).unwrap_or_default();
        match self.path.first().map(String::as_str) {
            Some("input") => (Root::Input, rest),
            _ => (Root::Data, rest),
        }
    }
}

/// The document that a path starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// `input`.
    Input,
    /// `data`.
    Data,
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::super::tree::ExprKind;
    use super::super::walk::each_expr;
    use super::*;

    #[test]
    fn every_name_has_one_meaning() {
        let text = "package a\nimport rego.v1\nimport data.lib\nimport input.x as data_x\n\
                    r if { some y in lib; y == data_x; q; count(v1); input; data; z }\nq := 1\n";
        let module = parse(text).unwrap();
        let (imports, scopes) = (Imports::of(&module), Scopes::of(&module, text));
        let mut meanings = Vec::new();
        each_expr(&module.rules[0], &mut |expr| {
            if let ExprKind::Name = expr.kind {
                let meaning = match imports.meaning(&scopes, expr, text, |name| name == "q") {
                    Meaning::Local(_) => "local",
                    Meaning::Input => "input",
                    Meaning::Data => "data",
                    Meaning::Import(import) => import.path[0].as_str(),
                    Meaning::Rule => "rule",
                    Meaning::Open => "open",
                };
                meanings.push((expr.text(text), meaning));
            }
        });
        assert_eq!(
            meanings,
            [
                ("y", "local"),
                ("lib", "data"),
                ("y", "local"),
                ("data_x", "input"),
                ("q", "rule"),
                ("count", "open"),
                ("v1", "open"),
                ("input", "input"),
                ("data", "data"),
                ("z", "open"),
            ]
        );
    }
}
