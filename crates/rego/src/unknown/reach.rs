//! Which names a rule can read, together with everything that it uses.

use std::collections::{BTreeMap, HashSet};

use regorus::Value;

use super::reads;
use super::resolved::{Base, Document, Function, Literal, LiteralKind, Path, Program, Term};

/// What each document names and uses.
#[derive(Debug, Default)]
pub(super) struct Reach {
    documents: BTreeMap<Path, Named>,
}

#[derive(Debug, Default)]
struct Named {
    names: HashSet<String>,
    /// Paths below `data`, which may lead to documents.
    uses: Vec<Path>,
    /// Whether members are read by names that are not written out.
    unnamed: bool,
    /// The variables of the present rule that hold an entry of `resource_changes` or of `planned_values`.
    entries: HashSet<usize>,
}

impl Reach {
    pub(super) fn of(program: &Program) -> Self {
        let documents = program.documents.iter().map(|(path, document)| (path.clone(), Named::of(document)));
        Self { documents: documents.collect() }
    }

    /// Whether the rules of a path can read one of these attributes.
    pub(super) fn may_read(&self, path: &Path, attributes: &HashSet<&str>) -> bool {
        let (mut seen, mut pending) = (HashSet::new(), vec![path.clone()]);
        while let Some(path) = pending.pop() {
            // A path leads to a document above or below it.
            for (known, named) in &self.documents {
                if !(known.starts_with(&path) || path.starts_with(known)) || !seen.insert(known) {
                    continue;
                }
                if named.unnamed || attributes.iter().any(|attribute| named.names.contains(*attribute)) {
                    return true;
                }
                pending.extend(named.uses.iter().cloned());
            }
        }
        false
    }
}

impl Named {
    fn of(document: &Document) -> Self {
        let mut named = Self::default();
        document.default.iter().for_each(|term| named.term(term));
        for rule in &document.rules {
            named.entries.clear();
            for branch in rule.chains.iter().flatten() {
                named.find_entries(&branch.body);
            }
            rule.arguments.iter().chain(&rule.keys).for_each(|term| named.term(term));
            for branch in rule.chains.iter().flatten() {
                named.term(&branch.value);
                named.body(&branch.body);
            }
        }
        named
    }

    fn find_entries(&mut self, body: &[Literal]) {
        each_term(body, &mut |term| {
            if let Term::Reference { base: Base::Term(base), steps } = term
                && let Term::Variable(slot) = base.as_ref()
                && let Some(Term::Constant(Value::String(name))) = steps.first()
                && reads::is_of_entry(name)
            {
                self.entries.insert(*slot);
            }
        });
    }

    fn body(&mut self, body: &[Literal]) {
        for literal in body {
            literal.withs.iter().for_each(|(_, value)| self.term(value));
            match &literal.kind {
                LiteralKind::Declaration => {}
                LiteralKind::SomeIn { key, value, collection } => {
                    self.unnamed |= key.is_some() || is_object(collection);
                    key.iter().chain([value, collection]).for_each(|term| self.term(term));
                }
                LiteralKind::Every { key, value, collection, body, .. } => {
                    self.unnamed |= key.is_some() || is_object(collection);
                    key.iter().chain([value, collection]).for_each(|term| self.term(term));
                    self.body(body);
                }
                LiteralKind::Holds(term) | LiteralKind::Not(term) => self.term(term),
            }
        }
    }

    fn term(&mut self, term: &Term) {
        match term {
            Term::Constant(Value::String(name)) => {
                self.names.insert(name.to_string());
            }
            Term::Constant(_) | Term::Variable(_) | Term::Wildcard => {}
            Term::Reference { base, steps } => {
                match base {
                    Base::Input => {}
                    Base::Data => {
                        let path = steps.iter().map_while(|step| match step {
                            Term::Constant(Value::String(name)) => Some(name.to_string()),
                            _ => None,
                        });
                        self.uses.push(path.collect());
                    }
                    Base::Term(base) => self.term(base),
                }
                // The steps into lists are searched; a name in a variable may be any.
                let mut before = None;
                let mut is_of_entry = match base {
                    Base::Input | Base::Data => true,
                    Base::Term(base) => {
                        matches!(base.as_ref(), Term::Variable(slot) if self.entries.contains(slot))
                    }
                };
                for step in steps {
                    if let Term::Constant(Value::String(name)) = step {
                        is_of_entry &= !reads::is_object(name);
                        if is_of_entry && reads::is_shared(name) {
                            before = None;
                            continue;
                        }
                    }
                    let is_of_variable = before.is_none() && matches!(base, Base::Term(_));
                    self.unnamed |= match step {
                        Term::Constant(_) => false,
                        Term::Wildcard => before.is_some_and(reads::is_object),
                        _ => is_of_variable || before.is_some_and(reads::is_object),
                    };
                    before = match step {
                        Term::Constant(Value::String(name)) => Some(name.as_ref()),
                        _ => None,
                    };
                    self.term(step);
                }
            }
            Term::Call { function, arguments, output } => {
                match function {
                    Function::OfPolicy(path) => self.uses.push(path.clone()),
                    Function::Builtin(name) => {
                        let last = name.rsplit('.').next().unwrap_or(name);
                        self.unnamed |= reads::reads_every_member(last);
                        // `object.get` with a key that is not written out.
                        self.unnamed |= last == "get"
                            && !matches!(arguments.get(1), Some(Term::Constant(_) | Term::Array(_)));
                    }
                }
                arguments.iter().chain(output.as_deref()).for_each(|term| self.term(term));
            }
            Term::Operation { operands: terms, .. }
            | Term::Array(terms)
            | Term::Set(terms)
            | Term::Template(terms) => {
                self.unnamed |= matches!(term, Term::Operation { .. }) && terms.iter().any(is_object);
                terms.iter().for_each(|term| self.term(term));
            }
            Term::Object(fields) => fields.iter().for_each(|(key, value)| {
                match key {
                    // A key that the policy writes is not one that it reads.
                    Term::Constant(Value::String(name)) if reads::is_shared(name) => {}
                    key => self.term(key),
                }
                self.term(value);
            }),
            Term::Comprehension { heads, body, .. } => {
                heads.iter().for_each(|head| self.term(head));
                self.body(body);
            }
        }
    }
}

/// Whether a term is a whole object of a resource, as `rc.change.after`.
fn is_object(term: &Term) -> bool {
    let Term::Reference { steps, .. } = term else { return false };
    matches!(steps.last(), Some(Term::Constant(Value::String(name))) if reads::is_object(name))
}

/// Passes every term of a body to `see`, at any depth.
fn each_term(body: &[Literal], see: &mut dyn FnMut(&Term)) {
    for literal in body {
        literal.withs.iter().for_each(|(_, value)| each_inner(value, see));
        match &literal.kind {
            LiteralKind::Declaration => {}
            LiteralKind::SomeIn { key, value, collection } => {
                key.iter().chain([value, collection]).for_each(|term| each_inner(term, see));
            }
            LiteralKind::Every { key, value, collection, body, .. } => {
                key.iter().chain([value, collection]).for_each(|term| each_inner(term, see));
                each_term(body, see);
            }
            LiteralKind::Holds(term) | LiteralKind::Not(term) => each_inner(term, see),
        }
    }
}

fn each_inner(term: &Term, see: &mut dyn FnMut(&Term)) {
    see(term);
    match term {
        Term::Constant(_) | Term::Variable(_) | Term::Wildcard => {}
        Term::Reference { base, steps } => {
            if let Base::Term(base) = base {
                each_inner(base, see);
            }
            steps.iter().for_each(|step| each_inner(step, see));
        }
        Term::Call { arguments, output, .. } => {
            arguments.iter().chain(output.as_deref()).for_each(|term| each_inner(term, see));
        }
        Term::Operation { operands: terms, .. }
        | Term::Array(terms)
        | Term::Set(terms)
        | Term::Template(terms) => terms.iter().for_each(|term| each_inner(term, see)),
        Term::Object(fields) => fields.iter().for_each(|(key, value)| {
            each_inner(key, see);
            each_inner(value, see);
        }),
        Term::Comprehension { heads, body, .. } => {
            heads.iter().for_each(|head| each_inner(head, see));
            each_term(body, see);
        }
    }
}
