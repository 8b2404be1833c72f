//! Where the names of a policy have their values from, as far as one look at its bodies tells.

use std::collections::HashMap;

use planguard_rego_syntax::tree::{Body, Expr, ExprKind, LiteralKind, Operator, Rule};
use planguard_rego_syntax::walk::each_body;

use super::policy::Policy;

/// What defines the variables and rules of a policy.
pub(super) struct Definitions<'a, 'p> {
    /// What each variable is assigned, by its declaration.
    pub(super) assigned: HashMap<usize, &'a Expr>,
    /// The collection that each variable is an element of, by its declaration.
    pub(super) element_of: HashMap<usize, &'a Expr>,
    /// The rules of each name.
    pub(super) rules: HashMap<&'p str, Vec<&'a Rule>>,
}

impl<'a, 'p> Definitions<'a, 'p> {
    pub(super) fn of(policy: &'a Policy<'p>) -> Self {
        let scopes = policy.scopes();
        let (mut assigned, mut element_of) = (HashMap::new(), HashMap::new());
        each_body(policy.module, &mut |body: &'a Body| {
            for literal in &body.literals {
                match &literal.kind {
                    LiteralKind::Expression(expr) => {
                        if let ExprKind::Operation { operator: Operator::Assign, operands } =
                            &expr.bare().kind
                            && let [name, value] = operands.as_slice()
                            && let Some(declaration) = scopes.index(name)
                        {
                            assigned.insert(declaration, value);
                        }
                    }
                    LiteralKind::SomeIn { patterns: names, collection }
                    | LiteralKind::Every { variables: names, collection, .. } => {
                        let declared = names.iter().filter_map(|name| scopes.index(name));
                        element_of.extend(declared.map(|declaration| (declaration, collection)));
                    }
                    LiteralKind::Declaration(_) | LiteralKind::Negation(_) => {}
                }
            }
        });
        let mut rules: HashMap<&str, Vec<&Rule>> = HashMap::new();
        for rule in &policy.module.rules {
            rules.entry(rule.name(policy.text)).or_default().push(rule);
        }
        Self { assigned, element_of, rules }
    }
}
