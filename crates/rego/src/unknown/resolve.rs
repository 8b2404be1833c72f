//! Reads policies with the meaning of every name: which variable it is, or which document or function.

use std::collections::{HashMap, HashSet};

use planguard_rego_syntax::resolve::{Imports, Meaning, Root};
use planguard_rego_syntax::scope::{Scope, Scopes};
use planguard_rego_syntax::tree::{
    self, Body as TreeBody, BranchKind, ComprehensionHead, Expr, ExprKind, LiteralKind as TreeLiteral,
    Module, Opening, Scalar, Step, TemplatePart,
};
use planguard_rego_syntax::walk::outside_bodies;
use regorus::Value;

use super::order;
use super::resolved::{
    Adds, Base, Body, Branch, Document, Function, Kind, Literal, LiteralKind, Makes, Path, Place, Program,
    Replaced, Rule, Term,
};
use crate::builtins;
use crate::source::Source;

/// Why a policy is not understood here: a form that this module does not know.
pub(super) struct NotUnderstood;

type Resolved<T> = Result<T, NotUnderstood>;

/// Resolves all policies. A rule with a form that is not understood is left out, and its path is returned, so that
/// nothing that uses it is taken for decided.
pub(super) fn program(sources: &[Source]) -> (Program, HashSet<Path>) {
    let parsed: Vec<(usize, &Source, &Module)> = sources
        .iter()
        .enumerate()
        // What cannot be parsed was rejected by the loader.
        .filter_map(|(index, source)| Some((index, source, source.module().ok()?)))
        .collect();
    let mut rules: HashMap<Path, HashSet<String>> = HashMap::new();
    let mut arities: HashMap<Path, usize> = HashMap::new();
    for (_, source, module) in &parsed {
        let package: Path = module.package.iter().skip(1).cloned().collect();
        for rule in &module.rules {
            let name = rule.name(&source.text).to_owned();
            if let Some(arguments) = &rule.head.arguments {
                let mut path = package.clone();
                path.extend(fixed_path(&rule.head.name, &source.text));
                arities.insert(path, arguments.len());
            }
            rules.entry(package.clone()).or_default().insert(name);
        }
    }
    let mut program = Program::default();
    let mut left_out = HashSet::new();
    for (index, source, module) in &parsed {
        let package: Path = module.package.iter().skip(1).cloned().collect();
        let (imports, none) = (Imports::of(module), HashSet::new());
        let own_rules = rules.get(&package).unwrap_or(&none);
        let is_rule = |name: &str| own_rules.contains(name);
        let scopes = Scopes::with_undeclared(module, &source.text, &|name| {
            !matches!(imports.outside(name, is_rule), Meaning::Open)
        });
        let mut resolver = Resolver {
            text: &source.text,
            source: *index,
            imports,
            rules: own_rules,
            arities: &arities,
            package,
            scopes,
            slots: Slots::default(),
        };
        for (position, rule) in module.rules.iter().enumerate() {
            resolver.slots = Slots::of(resolver.scopes.of_rule(position));
            let mut path = resolver.package.clone();
            path.extend(fixed_path(&rule.head.name, &source.text));
            match resolver.rule(rule) {
                Ok(resolved) => add(&mut program, path, rule, resolved),
                Err(NotUnderstood) => {
                    left_out.insert(path);
                }
            }
        }
    }
    (program, left_out)
}

enum ResolvedRule {
    Default(Term),
    Rule(Rule),
}

fn add(program: &mut Program, path: Path, written: &tree::Rule, resolved: ResolvedRule) {
    let kind = match (&resolved, &written.head.arguments) {
        (_, Some(_)) => Kind::Function,
        (ResolvedRule::Rule(rule), None) if !rule.keys.is_empty() || rule.adds == Adds::Element => {
            Kind::Partial
        }
        (ResolvedRule::Rule(_) | ResolvedRule::Default(_), None) => Kind::Complete,
    };
    let document =
        program.documents.entry(path).or_insert_with(|| Document { kind, rules: Vec::new(), default: None });
    match resolved {
        ResolvedRule::Default(value) => document.default = Some(value),
        ResolvedRule::Rule(rule) => {
            if kind == Kind::Partial {
                document.kind = kind;
            }
            document.rules.push(rule);
        }
    }
}

/// The names of a head up to its first index: `a.b` of `a.b[c]`.
fn fixed_path(name: &Expr, text: &str) -> Path {
    let mut path = vec![name.root().map_or("", |root| root.text(text)).to_owned()];
    if let ExprKind::Reference { steps, .. } = &name.kind {
        for step in steps {
            let Step::Field(span) = step else { break };
            path.push(text.get(span.clone()).unwrap_or("").to_owned());
        }
    }
    path
}

/// The numbers of a rule's variables: those of a scope come after those of the scopes around it.
#[derive(Default)]
struct Slots {
    /// By declaration.
    of_declarations: HashMap<usize, usize>,
    /// The first slot of each comprehension and of each `every`, by its offset.
    first: HashMap<usize, usize>,
}

impl Slots {
    fn of(scopes: &[Scope]) -> Self {
        let mut slots = Self::default();
        for scope in scopes {
            slots.first.extend(scope.of_inner.map(|offset| (offset, slots.of_declarations.len())));
            for declaration in &scope.declarations {
                let slot = slots.of_declarations.len();
                slots.of_declarations.insert(*declaration, slot);
            }
        }
        slots
    }

    /// The first slot of the comprehension or of the `every` at an offset.
    fn first_of(&self, offset: usize) -> Resolved<usize> {
        self.first.get(&offset).copied().ok_or(NotUnderstood)
    }
}

struct Resolver<'t> {
    text: &'t str,
    source: usize,
    package: Path,
    imports: Imports<'t>,
    rules: &'t HashSet<String>,
    arities: &'t HashMap<Path, usize>,
    scopes: Scopes<'t>,
    slots: Slots,
}

impl Resolver<'_> {
    fn rule(&mut self, rule: &tree::Rule) -> Resolved<ResolvedRule> {
        if rule.is_default {
            let value = rule.head.value.as_ref().map_or(Ok(truth()), |value| self.term(value))?;
            return Ok(ResolvedRule::Default(value));
        }
        let mut arguments = Vec::new();
        for argument in rule.head.arguments.iter().flatten() {
            arguments.push(self.term(argument)?);
        }
        let bound = self.slots_in(rule.head.arguments.iter().flatten());
        let mut key_exprs: Vec<KeyStep<'_>> = Vec::new();
        if let ExprKind::Reference { steps, .. } = &rule.head.name.kind {
            let keys = steps.iter().skip_while(|step| matches!(step, Step::Field(_)));
            key_exprs = keys
                .map(|step| match step {
                    Step::Field(span) => KeyStep::Name(self.text.get(span.clone()).unwrap_or("")),
                    Step::Index(index) => KeyStep::Index(index),
                })
                .collect();
        }
        // In v0, `deny[msg] { … }` makes a set; with `if`, an object.
        let has_if = rule.branches.first().is_some_and(|branch| branch.opening == Opening::If);
        let makes_set =
            rule.head.key.is_none() && rule.head.value.is_none() && key_exprs.len() == 1 && !has_if;
        let mut chains: Vec<Vec<Branch>> = Vec::new();
        let mut keys = Vec::new();
        let mut elements = None;
        for branch in &rule.branches {
            let body = match &branch.body {
                Some(body) => self.body(body, &bound)?,
                None => Vec::new(),
            };
            let value = match (&branch.kind, &rule.head.key) {
                (BranchKind::Else { value: Some(value) }, _) => self.term(value)?,
                (BranchKind::Else { value: None }, _) => truth(),
                (BranchKind::First | BranchKind::Chained, Some(key)) => self.term(key)?,
                (BranchKind::First | BranchKind::Chained, None) => {
                    rule.head.value.as_ref().map_or(Ok(truth()), |value| self.term(value))?
                }
            };
            // Keys with variables of the body exist in rules with a single body only, as OPA has it for `else`.
            let mut own_keys = Vec::new();
            for key in &key_exprs {
                own_keys.push(match key {
                    KeyStep::Name(name) => Term::Constant(Value::from(*name)),
                    KeyStep::Index(index) => self.term(index)?,
                });
            }
            let value = if makes_set { own_keys.pop().unwrap_or(value) } else { value };
            elements.get_or_insert(if makes_set || rule.head.key.is_some() {
                Adds::Element
            } else {
                Adds::Value
            });
            match branch.kind {
                BranchKind::Else { .. } => match chains.last_mut() {
                    Some(chain) => chain.push(Branch { value, body, is_local: false }),
                    None => return Err(NotUnderstood),
                },
                BranchKind::First | BranchKind::Chained => {
                    if !chains.is_empty() && !key_exprs.is_empty() && !makes_set {
                        return Err(NotUnderstood);
                    }
                    keys = own_keys;
                    chains.push(vec![Branch { value, body, is_local: false }]);
                }
            }
        }
        let adds = elements.unwrap_or(Adds::Value);
        Ok(ResolvedRule::Rule(Rule {
            arguments,
            keys,
            adds,
            chains,
            slots: self.slots.of_declarations.len(),
        }))
    }

    /// The variables that patterns declare.
    fn slots_in<'e>(&self, patterns: impl IntoIterator<Item = &'e Expr>) -> HashSet<usize> {
        let mut slots = HashSet::new();
        for pattern in patterns {
            outside_bodies(pattern, &mut |part| {
                slots
                    .extend(self.scopes.index(part).and_then(|index| self.slots.of_declarations.get(&index)));
            });
        }
        slots
    }

    /// Reads a body, and orders it. `bound` are the variables that have a value before.
    fn body(&mut self, body: &TreeBody, bound: &HashSet<usize>) -> Resolved<Body> {
        let mut literals = Vec::new();
        for literal in &body.literals {
            let kind = match &literal.kind {
                TreeLiteral::Declaration(_) => LiteralKind::Declaration,
                TreeLiteral::SomeIn { patterns, collection } => {
                    let mut patterns = patterns.iter().map(|pattern| self.term(pattern));
                    let first = patterns.next().ok_or(NotUnderstood)??;
                    let second = patterns.next().transpose()?;
                    let collection = self.term(collection)?;
                    match second {
                        Some(value) => LiteralKind::SomeIn { key: Some(first), value, collection },
                        None => LiteralKind::SomeIn { key: None, value: first, collection },
                    }
                }
                TreeLiteral::Every { variables, collection, body } => {
                    let collection = self.term(collection)?;
                    let first_slot = self.slots.first_of(literal.span.start)?;
                    let mut terms = Vec::new();
                    for variable in variables {
                        terms.push(self.term(variable)?);
                    }
                    let mut inner = self.slots_in(variables);
                    inner.extend(0..first_slot);
                    let body = self.body(body, &inner)?;
                    let value = terms.pop().ok_or(NotUnderstood)?;
                    LiteralKind::Every { key: terms.pop(), value, collection, body, first_slot }
                }
                TreeLiteral::Expression(expr) => LiteralKind::Holds(self.term(expr)?),
                TreeLiteral::Negation(expr) => LiteralKind::Not(self.term(expr)?),
            };
            let mut withs = Vec::new();
            for with in &literal.withs {
                withs.push((self.replaced(&with.target)?, self.term(&with.value)?));
            }
            let place = Place { source: self.source, offset: literal.span.start };
            literals.push(Literal { kind, withs, place });
        }
        Ok(order::ordered(literals, bound))
    }

    /// Returns the meaning of a name that is no variable.
    fn outside(&self, name: &str) -> Meaning<'_> {
        self.imports.outside(name, |name| self.rules.contains(name))
    }

    fn replaced(&self, target: &Expr) -> Resolved<Replaced> {
        let (root, steps) = target.path(self.text).ok_or(NotUnderstood)?;
        let (root, imported) = match self.outside(root) {
            Meaning::Input => (Root::Input, Default::default()),
            Meaning::Data => (Root::Data, Default::default()),
            Meaning::Import(import) => import.target(),
            Meaning::Rule | Meaning::Local(_) | Meaning::Open => return Err(NotUnderstood),
        };
        let path = imported.iter().cloned().chain(steps.into_iter().map(str::to_owned)).collect();
        match root {
            Root::Input => Ok(Replaced::Input(path)),
            Root::Data => Ok(Replaced::Data(path)),
        }
    }

    fn terms(&mut self, exprs: &[Expr]) -> Resolved<Vec<Term>> {
        exprs.iter().map(|expr| self.term(expr)).collect()
    }

    fn term(&mut self, expr: &Expr) -> Resolved<Term> {
        match &expr.kind {
            ExprKind::Scalar(value) => scalar(value),
            ExprKind::Template(parts) => self.template(parts),
            ExprKind::Name => self.name(expr),
            ExprKind::Parenthesised(inner) => self.term(inner),
            ExprKind::Reference { base, steps } => {
                let mut more = Vec::new();
                for step in steps {
                    more.push(match step {
                        Step::Field(span) => {
                            Term::Constant(Value::from(self.text.get(span.clone()).unwrap_or("")))
                        }
                        Step::Index(index) => self.term(index)?,
                    });
                }
                Ok(match self.term(base)? {
                    Term::Reference { base, mut steps } => {
                        steps.extend(more);
                        Term::Reference { base, steps }
                    }
                    other => Term::Reference { base: Base::Term(Box::new(other)), steps: more },
                })
            }
            ExprKind::Call { function, arguments } => self.call(function, arguments),
            ExprKind::Operation { operator, operands } => {
                Ok(Term::Operation { operator: *operator, operands: self.terms(operands)? })
            }
            ExprKind::Array(items) => {
                let items = self.terms(items)?;
                Ok(match written_out(&items) {
                    Some(values) => Term::Constant(Value::from(values)),
                    None => Term::Array(items),
                })
            }
            ExprKind::Set(items) => Ok(Term::Set(self.terms(items)?)),
            ExprKind::Object(fields) => {
                let mut resolved = Vec::new();
                for (key, value) in fields {
                    resolved.push((self.term(key)?, self.term(value)?));
                }
                Ok(Term::Object(resolved))
            }
            ExprKind::Comprehension { head, body } => {
                let makes = match head {
                    ComprehensionHead::Array(_) => Makes::Array,
                    ComprehensionHead::Set(_) => Makes::Set,
                    ComprehensionHead::Object(_) => Makes::Object,
                };
                let first_slot = self.slots.first_of(expr.span.start)?;
                let bound = (0..first_slot).collect();
                let body = self.body(body, &bound)?;
                let heads = self.terms(head.exprs())?;
                Ok(Term::Comprehension { makes, heads, body, first_slot })
            }
        }
    }

    fn name(&self, expr: &Expr) -> Resolved<Term> {
        let name = expr.text(self.text);
        if name == "_" {
            return Ok(Term::Wildcard);
        }
        let reference = |base, path: &[String]| {
            let steps = path.iter().map(|step| Term::Constant(Value::from(step.as_str()))).collect();
            Term::Reference { base, steps }
        };
        match self.imports.meaning(&self.scopes, expr, self.text, |name| self.rules.contains(name)) {
            Meaning::Local(declaration) => self
                .slots
                .of_declarations
                .get(&declaration)
                .map(|slot| Term::Variable(*slot))
                .ok_or(NotUnderstood),
            Meaning::Rule => {
                let mut path = self.package.clone();
                path.push(name.to_owned());
                Ok(reference(Base::Data, &path))
            }
            Meaning::Import(import) => match import.target() {
                (Root::Input, rest) => Ok(reference(Base::Input, rest)),
                (Root::Data, rest) => Ok(reference(Base::Data, rest)),
            },
            Meaning::Input => Ok(reference(Base::Input, &[])),
            Meaning::Data => Ok(reference(Base::Data, &[])),
            Meaning::Open => Err(NotUnderstood),
        }
    }

    fn call(&mut self, function: &Expr, arguments: &[Expr]) -> Resolved<Term> {
        let written = function.text(self.text);
        if written == "set" && arguments.is_empty() {
            return Ok(Term::Constant(Value::new_set()));
        }
        let mut path: Path = written.split('.').map(|part| part.trim().to_owned()).collect();
        let is_of_policy = match self.outside(&path[0]) {
            Meaning::Rule => {
                path.splice(0..0, self.package.iter().cloned());
                true
            }
            Meaning::Import(import) => {
                path.splice(0..1, import.target().1.iter().cloned());
                true
            }
            Meaning::Data => {
                path.remove(0);
                true
            }
            Meaning::Input | Meaning::Local(_) | Meaning::Open => false,
        };
        let (function, arity) = if is_of_policy {
            let arity = self.arities.get(&path).copied();
            (Function::OfPolicy(path), arity)
        } else {
            let arity = if written == "walk" { Some(1) } else { builtins::fixed_arity(written) };
            (Function::Builtin(written.to_owned()), arity)
        };
        let mut arguments = self.terms(arguments)?;
        let output = match arity {
            Some(arity) if arguments.len() == arity + 1 => arguments.pop().map(Box::new),
            _ => None,
        };
        Ok(Term::Call { function, arguments, output })
    }

    fn template(&mut self, parts: &[TemplatePart]) -> Resolved<Term> {
        let mut terms = Vec::new();
        for part in parts {
            terms.push(match part {
                TemplatePart::Text(span) => {
                    let text = unescaped(self.text.get(span.clone()).unwrap_or("")).ok_or(NotUnderstood)?;
                    Term::Constant(Value::from(text))
                }
                TemplatePart::Expr(expr) => self.term(expr)?,
            });
        }
        Ok(Term::Template(terms))
    }
}

/// The values of terms that are all written out.
fn written_out(terms: &[Term]) -> Option<Vec<Value>> {
    let values = terms.iter().map(|term| match term {
        Term::Constant(value) => Some(value.clone()),
        _ => None,
    });
    values.collect()
}

fn scalar(scalar: &Scalar) -> Resolved<Term> {
    let value = match scalar {
        Scalar::Null => Value::Null,
        Scalar::Bool(value) => Value::Bool(*value),
        Scalar::Number(number) => Value::from_json_str(number).map_err(|_| NotUnderstood)?,
        Scalar::Text(text) | Scalar::RawText(text) => Value::from(text.as_ref()),
    };
    Ok(Term::Constant(value))
}

/// Returns the text between the expressions of a template, without its escapes.
fn unescaped(written: &str) -> Option<String> {
    let (mut text, mut rest) = (String::new(), written.chars());
    while let Some(c) = rest.next() {
        let escaped = if c == '\\' { rest.next()? } else { c };
        text.push(match (c, escaped) {
            ('\\', 'n') => '\n',
            ('\\', 't') => '\t',
            ('\\', 'r') => '\r',
            ('\\', 'u' | 'b' | 'f') => return None,
            (_, other) => other,
        });
    }
    Some(text)
}

#[derive(Clone, Copy)]
enum KeyStep<'t> {
    Name(&'t str),
    Index(&'t Expr),
}

fn truth() -> Term {
    Term::Constant(Value::Bool(true))
}
