//! What the rules of one document name and use, and what they do with whole objects.
//!
//! The members of a resource's object are mostly read by names that are written out. Functions may be told the name, as
//! `changes.attribute(change, ["acl"], null)` is, or be given the object: what they do with it is told of their arguments,
//! so that each call can say whether it reads members that nobody names.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use planguard_rego_syntax::tree::Operator;
use regorus::Value;

use super::reads;
use super::resolved::{Base, Branch, Document, Function, Kind, Literal, LiteralKind, Path, Rule, Term};

/// What a document names and uses.
#[derive(Debug, Default)]
pub(super) struct Named {
    pub names: HashSet<String>,
    /// Paths below `data`, which may lead to documents.
    pub uses: Vec<Path>,
    /// Whether members are read by names that are not written out.
    pub unnamed: bool,
    /// The arguments that name a member.
    keys: Arguments,
    /// The arguments of which every member is read.
    whole: Arguments,
    gives: Whole,
    /// Whether all values of the document are written out, so that they are among its names.
    is_written: bool,
    /// Whether it, or what it uses, reads anything of the plan but its arguments.
    reads_plan: bool,
    /// The branches that look at nothing of the plan but the element that their first literal searches.
    pub local: Vec<BranchPlace>,
}

/// A branch of a document: the positions of its rule, of its chain there, and its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct BranchPlace {
    pub rule: usize,
    pub chain: usize,
    pub branch: usize,
}

/// Arguments of a function, by their position.
type Arguments = BTreeSet<usize>;

/// Which whole objects a value may be.
#[derive(Clone, Debug, Default)]
struct Whole {
    /// The object of a resource.
    object: bool,
    /// What the function is given.
    arguments: Arguments,
}

impl Whole {
    fn with(mut self, other: &Self) -> Self {
        self.object |= other.object;
        self.arguments.extend(&other.arguments);
        self
    }
}

/// Finds what another document names and uses.
pub(super) type Find<'f> = dyn FnMut(&Path) -> Option<Rc<Named>> + 'f;

impl Named {
    /// Something of which nothing is known: it may read everything.
    pub(super) fn anything() -> Self {
        Self { unnamed: true, reads_plan: true, ..Self::default() }
    }

    pub(super) fn of(document: &Document, find: &mut Find<'_>) -> Self {
        let mut named = Self { is_written: document.kind == Kind::Complete, ..Self::default() };
        if let Some(default) = &document.default {
            let mut reader = Reader { named: &mut named, find, rule: Variables::default() };
            reader.term(default);
            reader.named.is_written &= reader.source(default).is_some();
        }
        for (position, rule) in document.rules.iter().enumerate() {
            let mut reader = Reader { named: &mut named, find, rule: Variables::default() };
            reader.rule(position, rule, document.kind);
        }
        named
    }
}

/// What is known of the variables of a rule.
#[derive(Default)]
struct Variables {
    /// Those that hold an entry of `resource_changes` or of `planned_values`.
    entries: HashSet<usize>,
    parameters: HashMap<usize, usize>,
    /// Those that may be whole objects.
    holders: HashMap<usize, Whole>,
    /// Those whose value is written out, or is made of arguments.
    written: HashMap<usize, Arguments>,
}

struct Reader<'r, 'f> {
    named: &'r mut Named,
    find: &'r mut Find<'f>,
    rule: Variables,
}

impl Reader<'_, '_> {
    fn rule(&mut self, at: usize, rule: &Rule, kind: Kind) {
        for (position, argument) in rule.arguments.iter().enumerate() {
            match argument {
                Term::Variable(slot) => {
                    self.rule.parameters.insert(*slot, position);
                }
                Term::Constant(_) | Term::Wildcard => {}
                // A pattern may take the argument apart.
                _ => {
                    self.named.whole.insert(position);
                }
            }
        }
        for branch in rule.chains.iter().flatten() {
            self.find_entries(&branch.body);
            self.find_values(&branch.body);
        }
        rule.arguments.iter().for_each(|term| self.term(term));
        for (chain, branches) in rule.chains.iter().enumerate() {
            for (position, branch) in branches.iter().enumerate() {
                let reads_plan = std::mem::replace(&mut self.named.reads_plan, false);
                for key in &rule.keys {
                    self.term(key);
                    if kind == Kind::Partial {
                        self.read_whole(key);
                    }
                }
                self.value(branch, kind);
                let (search, rest) = branch.search();
                self.body(rest);
                if kind == Kind::Partial && !self.named.reads_plan && !search.is_empty() {
                    self.named.local.push(BranchPlace { rule: at, chain, branch: position });
                }
                self.body(search);
                self.named.reads_plan |= reads_plan;
            }
        }
    }

    fn value(&mut self, branch: &Branch, kind: Kind) {
        self.term(&branch.value);
        match kind {
            Kind::Partial => self.read_whole(&branch.value),
            Kind::Complete | Kind::Function => {
                let gives = self.whole(&branch.value);
                // Who reads a rule's value is not followed.
                self.named.unnamed |= kind == Kind::Complete && gives.object;
                self.named.gives = std::mem::take(&mut self.named.gives).with(&gives);
                self.named.is_written &= self.source(&branch.value).is_some_and(|of| of.is_empty());
            }
        }
    }

    fn find_entries(&mut self, body: &[Literal]) {
        let entries = &mut self.rule.entries;
        each_term(body, &mut |term| {
            if let Term::Reference { base: Base::Term(base), steps } = term
                && let Term::Variable(slot) = base.as_ref()
                && let Some(Term::Constant(Value::String(name))) = steps.first()
                && reads::is_of_entry(name)
            {
                entries.insert(*slot);
            }
        });
    }

    /// Finds out what variables hold. A body is in an order in which each has its value before it is used.
    fn find_values(&mut self, body: &[Literal]) {
        for literal in body {
            match &literal.kind {
                LiteralKind::SomeIn { value: Term::Variable(slot), collection, .. }
                | LiteralKind::Every { value: Term::Variable(slot), collection, .. } => {
                    if let Some(source) = self.source(collection) {
                        self.rule.written.entry(*slot).or_insert(source);
                    }
                }
                LiteralKind::Holds(Term::Operation {
                    operator: Operator::Assign | Operator::Unify,
                    operands,
                }) => {
                    if let [left, right] = operands.as_slice() {
                        self.bind(left, right);
                        self.bind(right, left);
                    }
                }
                LiteralKind::SomeIn { .. }
                | LiteralKind::Every { .. }
                | LiteralKind::Declaration
                | LiteralKind::Holds(_)
                | LiteralKind::Not(_) => {}
            }
            for_inner_bodies(literal, &mut |body| self.find_values(body));
        }
    }

    fn bind(&mut self, pattern: &Term, value: &Term) {
        let Term::Variable(slot) = pattern else { return };
        if let Some(source) = self.source(value) {
            self.rule.written.entry(*slot).or_insert(source);
        }
        let whole = self.whole(value);
        let known = self.rule.holders.entry(*slot).or_default();
        *known = std::mem::take(known).with(&whole);
    }

    /// The arguments that a value or its elements are made of; `None` if it is made of anything that is not written out.
    fn source(&mut self, term: &Term) -> Option<Arguments> {
        match term {
            Term::Constant(_) => Some(Arguments::new()),
            Term::Variable(slot) => match self.rule.parameters.get(slot) {
                Some(position) => Some(Arguments::from([*position])),
                None => self.rule.written.get(slot).cloned(),
            },
            Term::Array(items) | Term::Set(items) => self.sources(items),
            // The elements of what is written out, and a rule that is written out.
            Term::Reference { base: Base::Term(base), .. } => self.source(base),
            Term::Reference { base: Base::Data, steps } => {
                let path = fixed(steps);
                (1..=path.len())
                    .rev()
                    .find_map(|length| (self.find)(&path[..length].to_vec()))
                    .filter(|named| named.is_written && !named.unnamed)
                    .map(|_| Arguments::new())
            }
            Term::Call { function: Function::Builtin(name), arguments, output: None }
                if matches!(name.as_str(), "array.slice" | "array.concat" | "array.reverse") =>
            {
                let paths = if name == "array.slice" { arguments.get(..1)? } else { arguments };
                self.sources(paths)
            }
            Term::Wildcard
            | Term::Reference { base: Base::Input, .. }
            | Term::Call { .. }
            | Term::Operation { .. }
            | Term::Object(_)
            | Term::Comprehension { .. }
            | Term::Template(_) => None,
        }
    }

    fn sources(&mut self, terms: &[Term]) -> Option<Arguments> {
        let mut all = Arguments::new();
        for term in terms {
            all.extend(self.source(term)?);
        }
        Some(all)
    }

    /// Which whole objects a term may be.
    fn whole(&mut self, term: &Term) -> Whole {
        match term {
            Term::Variable(slot) => match self.rule.parameters.get(slot) {
                Some(position) => Whole { object: false, arguments: Arguments::from([*position]) },
                None => self.rule.holders.get(slot).cloned().unwrap_or_default(),
            },
            Term::Reference { .. } => Whole { object: is_object(term), arguments: Arguments::new() },
            Term::Call { function: Function::Builtin(name), arguments, output: None }
                if name == "object.get" =>
            {
                let is_object = match arguments.get(1) {
                    Some(Term::Array(steps)) => steps.last().is_some_and(is_name_of_object),
                    Some(Term::Constant(Value::Array(steps))) => {
                        steps.iter().next_back().is_some_and(is_word_of_object)
                    }
                    key => key.is_some_and(is_name_of_object),
                };
                let mut whole = Whole { object: is_object, ..Whole::default() };
                if let Some(otherwise) = arguments.get(2) {
                    whole = whole.with(&self.whole(otherwise));
                }
                whole
            }
            Term::Call { function: Function::OfPolicy(path), arguments, output: None } => {
                let Some(called) = (self.find)(path) else { return Whole::default() };
                let mut whole = Whole { object: called.gives.object, ..Whole::default() };
                for argument in called.gives.arguments.iter().filter_map(|position| arguments.get(*position))
                {
                    whole = whole.with(&self.whole(argument));
                }
                whole
            }
            // Where a whole object is put into another value, all of it counts as read.
            Term::Constant(_)
            | Term::Wildcard
            | Term::Call { .. }
            | Term::Operation { .. }
            | Term::Array(_)
            | Term::Set(_)
            | Term::Object(_)
            | Term::Comprehension { .. }
            | Term::Template(_) => Whole::default(),
        }
    }

    /// Notes that every member of a term is read, if it is a whole object.
    fn read_whole(&mut self, term: &Term) {
        let whole = self.whole(term);
        self.named.unnamed |= whole.object;
        self.named.whole.extend(whole.arguments);
    }

    /// Notes that a term is the name of a member that is read.
    fn read_key(&mut self, key: &Term) {
        match self.source(key) {
            Some(arguments) => self.named.keys.extend(arguments),
            None => self.named.unnamed = true,
        }
    }

    fn body(&mut self, body: &[Literal]) {
        for literal in body {
            for (_, value) in &literal.withs {
                self.named.reads_plan = true;
                self.term(value);
                self.read_whole(value);
            }
            match &literal.kind {
                LiteralKind::Declaration => {}
                LiteralKind::SomeIn { key, value, collection } => {
                    self.iterate(key.as_ref(), value, collection);
                }
                LiteralKind::Every { key, value, collection, body, .. } => {
                    self.iterate(key.as_ref(), value, collection);
                    self.body(body);
                }
                LiteralKind::Holds(Term::Operation {
                    operator: Operator::Assign | Operator::Unify,
                    operands,
                }) if operands.iter().any(|side| matches!(side, Term::Variable(_))) => {
                    operands.iter().for_each(|side| self.term(side));
                }
                LiteralKind::Holds(term) | LiteralKind::Not(term) => self.term(term),
            }
        }
    }

    fn iterate(&mut self, key: Option<&Term>, value: &Term, collection: &Term) {
        // The keys of a list are no names.
        let is_list = matches!(collection, Term::Reference { base: Base::Input, steps }
            if matches!(steps.last(), Some(Term::Constant(Value::String(name))) if reads::is_list(name)));
        self.named.unnamed |= key.is_some() && !is_list && self.source(collection).is_none();
        self.read_whole(collection);
        key.into_iter().chain([value, collection]).for_each(|term| self.term(term));
    }

    fn term(&mut self, term: &Term) {
        match term {
            Term::Constant(value) => self.add_names(value),
            Term::Variable(_) | Term::Wildcard => {}
            Term::Reference { base, steps } => self.reference(base, steps),
            Term::Call { function, arguments, output } => {
                match function {
                    Function::OfPolicy(path) => self.call(path, arguments),
                    Function::Builtin(name) => self.call_builtin(name, arguments),
                }
                arguments.iter().chain(output.as_deref()).for_each(|term| self.term(term));
            }
            // Whether an object is null does not depend on its members.
            Term::Operation { operands, .. } if operands.iter().any(is_scalar) => {
                operands.iter().for_each(|operand| self.term(operand));
            }
            Term::Operation { operands: terms, .. }
            | Term::Array(terms)
            | Term::Set(terms)
            | Term::Template(terms) => {
                for term in terms {
                    self.read_whole(term);
                    self.term(term);
                }
            }
            Term::Object(fields) => fields.iter().for_each(|(key, value)| {
                match key {
                    // A key that the policy writes is not one that it reads.
                    Term::Constant(Value::String(name)) if reads::is_shared(name) => {}
                    key => self.term(key),
                }
                self.read_whole(value);
                self.term(value);
            }),
            Term::Comprehension { heads, body, .. } => {
                for head in heads {
                    self.read_whole(head);
                    self.term(head);
                }
                self.body(body);
            }
        }
    }

    fn add_names(&mut self, value: &Value) {
        match value {
            Value::String(name) => {
                self.named.names.insert(name.to_string());
            }
            Value::Array(items) => items.iter().for_each(|item| self.add_names(item)),
            Value::Set(items) => items.iter().for_each(|item| self.add_names(item)),
            Value::Object(members) => members.iter().for_each(|(key, member)| {
                self.add_names(key);
                self.add_names(member);
            }),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Undefined => {}
        }
    }

    fn call(&mut self, path: &Path, arguments: &[Term]) {
        self.named.uses.push(path.clone());
        let Some(called) = (self.find)(path) else {
            self.named.reads_plan = true;
            return;
        };
        self.named.reads_plan |= called.reads_plan;
        for (position, argument) in arguments.iter().enumerate() {
            if called.keys.contains(&position) {
                self.read_key(argument);
            }
            if called.whole.contains(&position) {
                self.read_whole(argument);
            }
        }
    }

    fn call_builtin(&mut self, name: &str, arguments: &[Term]) {
        let last = name.rsplit('.').next().unwrap_or(name);
        self.named.unnamed |= reads::reads_every_member(last);
        match (name, arguments) {
            ("object.get", [_, key, otherwise]) => {
                match key {
                    Term::Array(steps) => steps.iter().for_each(|step| self.read_key(step)),
                    key => self.read_key(key),
                }
                // The default comes back if there is no such member.
                self.term(otherwise);
            }
            (
                "is_string" | "is_number" | "is_boolean" | "is_null" | "is_array" | "is_set" | "is_object"
                | "type_name",
                _,
            ) => {}
            _ => arguments.iter().for_each(|argument| self.read_whole(argument)),
        }
    }

    fn reference(&mut self, base: &Base, steps: &[Term]) {
        match base {
            Base::Input => self.named.reads_plan = true,
            Base::Data => {
                let path = fixed(steps);
                // What no rule makes are the data files.
                let made_by = (1..=path.len()).rev().find_map(|length| (self.find)(&path[..length].to_vec()));
                self.named.reads_plan |= made_by.is_some_and(|named| named.reads_plan);
                self.named.uses.push(path);
            }
            Base::Term(base) => {
                if matches!(steps.first(), Some(Term::Wildcard)) {
                    self.read_whole(base);
                }
                self.term(base);
            }
        }
        // The steps into lists are searched; a name in a variable may be any.
        let mut before = None;
        let mut is_of_entry = match base {
            Base::Input | Base::Data => true,
            Base::Term(base) => {
                matches!(base.as_ref(), Term::Variable(slot) if self.rule.entries.contains(slot))
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
            let is_of_object = before.is_some_and(reads::is_object);
            match step {
                Term::Constant(_) => {}
                Term::Wildcard => self.named.unnamed |= is_of_object,
                step if is_of_variable || is_of_object => self.read_key(step),
                _ => {}
            }
            before = match step {
                Term::Constant(Value::String(name)) => Some(name.as_ref()),
                _ => None,
            };
            self.term(step);
        }
    }
}

/// The names that a reference starts with.
fn fixed(steps: &[Term]) -> Path {
    let path = steps.iter().map_while(|step| match step {
        Term::Constant(Value::String(name)) => Some(name.to_string()),
        _ => None,
    });
    path.collect()
}

fn is_scalar(term: &Term) -> bool {
    matches!(term, Term::Constant(Value::Null | Value::Bool(_) | Value::Number(_)))
}

fn is_name_of_object(key: &Term) -> bool {
    matches!(key, Term::Constant(name) if is_word_of_object(name))
}

fn is_word_of_object(key: &Value) -> bool {
    matches!(key, Value::String(name) if reads::is_object(name))
}

/// Whether a term is a whole object of a resource, as `rc.change.after`.
fn is_object(term: &Term) -> bool {
    matches!(term, Term::Reference { steps, .. } if steps.last().is_some_and(is_name_of_object))
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

/// Passes the bodies within a literal to `see`: those of comprehensions and of `every`.
fn for_inner_bodies(literal: &Literal, see: &mut dyn FnMut(&[Literal])) {
    if let LiteralKind::Every { body, .. } = &literal.kind {
        see(body);
    }
    let mut within = |term: &Term| {
        each_inner(term, &mut |term| {
            if let Term::Comprehension { body, .. } = term {
                see(body);
            }
        });
    };
    match &literal.kind {
        LiteralKind::Declaration => {}
        LiteralKind::SomeIn { key, value, collection }
        | LiteralKind::Every { key, value, collection, .. } => {
            key.iter().chain([value, collection]).for_each(&mut within);
        }
        LiteralKind::Holds(term) | LiteralKind::Not(term) => within(term),
    }
}
