//! Evaluates rules in three values: what holds, what does not, and what depends on unknown values.
//!
//! It decides nothing: the engine's answer stands. It only says which results of a rule would be there for some values
//! of what is unknown, and not for others.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use regorus::Value;

use super::calls::Calls;
use super::marks::{Doubt, Marks};
use super::memory::{Answers, Marked};
use super::resolved::{Adds, Branch, Kind, Path, Place, Program, Rule, Term};

/// The rules and functions in a chain of calls.
const DEPTH_LIMIT: usize = 200;

/// Why an evaluation ended early.
pub(super) enum Stop {
    /// One solution is enough.
    Enough,
    /// Something is not understood here, or costs too much.
    GaveUp,
}

pub(super) type Flow = Result<(), Stop>;

/// The possible values of a rule or of a call.
pub(super) type Values = Vec<(Value, Doubt)>;

/// The values of a rule's variables.
pub(super) type Environment = Vec<Option<Value>>;

/// A solution of a body, or the value of a term.
pub(super) type Then<'k, T> = &'k mut dyn FnMut(&mut Machine<'_>, &mut Environment, T, &Doubt) -> Flow;

/// Which elements of a collection a rule is evaluated for.
#[derive(Clone, Copy)]
enum Elements {
    All,
    /// Those with an unknown part, as far as the rule looks at nothing else.
    Marked,
}

/// The results of a rule.
#[derive(Debug, Default)]
pub(super) struct Results {
    /// For a complete rule: its possible values. For a partial one: its keys with the element or value.
    pub items: Vec<(Vec<Value>, Value, Doubt)>,
    /// The whole document, if the rule is partial.
    pub whole: Option<Value>,
}

impl Results {
    /// Whether the rule is complete: the items are its possible values.
    pub(super) const fn is_complete(&self) -> bool {
        self.whole.is_none()
    }
}

/// Evaluates the rules of one set on one plan.
pub(super) struct Machine<'p> {
    pub program: &'p Program,
    pub marks: &'p Marks,
    pub input: Value,
    pub data: Value,
    pub calls: Calls,
    pub documents: BTreeMap<Path, Rc<Results>>,
    pub functions: Answers,
    marked: Marked,
    pending: BTreeSet<Path>,
    /// The steps that are left.
    steps: u64,
    step_limit: u64,
    depth: usize,
    /// Where each unknown value was first decisive.
    pub places: BTreeMap<usize, Place>,
}

impl<'p> Machine<'p> {
    pub(super) fn new(program: &'p Program, marks: &'p Marks, input: Value, data: Value, steps: u64) -> Self {
        Self {
            program,
            marks,
            input,
            data,
            calls: Calls::default(),
            documents: BTreeMap::new(),
            functions: Answers::default(),
            marked: Marked::default(),
            pending: BTreeSet::new(),
            steps,
            step_limit: steps,
            depth: 0,
            places: BTreeMap::new(),
        }
    }

    pub(super) fn step(&mut self) -> Flow {
        self.steps = self.steps.checked_sub(1).ok_or(Stop::GaveUp)?;
        Ok(())
    }

    pub(super) const fn steps_taken(&self) -> u64 {
        self.step_limit - self.steps
    }

    /// The results of the rules of a path.
    pub(super) fn document(&mut self, path: &Path) -> Result<Rc<Results>, Stop> {
        if let Some(known) = self.documents.get(path) {
            return Ok(Rc::clone(known));
        }
        let program = self.program;
        let document = program.documents.get(path).ok_or(Stop::GaveUp)?;
        if self.depth >= DEPTH_LIMIT || !self.pending.insert(path.clone()) {
            return Err(Stop::GaveUp);
        }
        self.depth += 1;
        let results = match document.kind {
            Kind::Partial => self.partial(&document.rules, Elements::All),
            Kind::Complete => self.values(&document.rules, document.default.as_ref(), &[]).map(|values| {
                let items = values.into_iter().map(|(value, doubt)| (Vec::new(), value, doubt));
                Results { items: items.collect(), whole: None }
            }),
            Kind::Function => Err(Stop::GaveUp),
        };
        self.depth -= 1;
        self.pending.remove(path);
        let results = Rc::new(results?);
        self.documents.insert(path.clone(), Rc::clone(&results));
        Ok(results)
    }

    /// The results of a partial rule, without some that are certain: those of elements without an unknown part. `None`
    /// if there is no such rule, and no such shorter way.
    pub(super) fn document_of_marked(&mut self, path: &Path) -> Option<Result<Rc<Results>, Stop>> {
        let program = self.program;
        let document = program.documents.get(path).filter(|document| document.kind == Kind::Partial)?;
        let branches = || document.rules.iter().flat_map(|rule| rule.chains.iter().flatten());
        if self.documents.contains_key(path) || !branches().any(|branch| branch.is_local) {
            return None;
        }
        Some(self.partial(&document.rules, Elements::Marked).map(Rc::new))
    }

    fn partial(&mut self, rules: &[Rule], elements_of: Elements) -> Result<Results, Stop> {
        let mut found: BTreeMap<(Vec<Value>, Value), Doubt> = BTreeMap::new();
        let mut elements = false;
        for rule in rules {
            elements |= rule.adds == Adds::Element;
            for branch in rule.chains.iter().flatten() {
                let mut environment = vec![None; rule.slots];
                self.branch(
                    branch,
                    elements_of,
                    &mut environment,
                    &mut |machine, environment, (), doubt| {
                        let keys: Vec<&Term> = rule.keys.iter().chain([&branch.value]).collect();
                        machine.all(&keys, Vec::new(), environment, doubt, &mut |_, _, mut values, doubt| {
                            let value = values.pop().unwrap_or(Value::Undefined);
                            note(&mut found, (values, value), doubt);
                            Ok(())
                        })
                    },
                )?;
            }
        }
        let items: Vec<(Vec<Value>, Value, Doubt)> =
            found.into_iter().map(|((keys, value), doubt)| (keys, value, doubt)).collect();
        let mut whole = Tree::default();
        for (keys, value, doubt) in &items {
            let adds = if elements { Adds::Element } else { Adds::Value };
            whole.add(keys, self.marks.maybe(value.clone(), doubt), adds);
        }
        let empty = if elements && rules.iter().all(|rule| rule.keys.is_empty()) {
            Value::new_set()
        } else {
            Value::new_object()
        };
        Ok(Results { items, whole: Some(whole.into_value().unwrap_or(empty)) })
    }

    fn branch(
        &mut self,
        branch: &Branch,
        elements: Elements,
        environment: &mut Environment,
        then: Then<'_, ()>,
    ) -> Flow {
        let (search, rest) = branch.search();
        match (elements, search.last()) {
            (Elements::Marked, Some(search)) if branch.is_local => {
                self.search_marked(search, environment, &mut |machine, environment, (), doubt| {
                    machine.body(rest, environment, doubt, then)
                })
            }
            (Elements::All | Elements::Marked, _) => self.body(&branch.body, environment, &Doubt::NONE, then),
        }
    }

    /// The possible values of a complete rule, or of a function for these arguments.
    fn values(&mut self, rules: &[Rule], default: Option<&Term>, given: &[Value]) -> Result<Values, Stop> {
        let mut found: BTreeMap<Value, Doubt> = BTreeMap::new();
        for rule in rules {
            for chain in &rule.chains {
                self.chain(rule, chain, given, &mut found)?;
            }
        }
        if found.values().any(Doubt::is_none) {
            found.retain(|_, doubt| doubt.is_none());
        } else if let Some(default) = default {
            let doubt = found.values().fold(Doubt::NONE, |all, doubt| all.and(doubt));
            self.term(default, &mut Vec::new(), &doubt, &mut |_, _, value, doubt| {
                note(&mut found, value, doubt);
                Ok(())
            })?;
        }
        Ok(found.into_iter().collect())
    }

    fn chain(
        &mut self,
        rule: &Rule,
        chain: &[Branch],
        given: &[Value],
        found: &mut BTreeMap<Value, Doubt>,
    ) -> Flow {
        let mut before = Doubt::NONE;
        for branch in chain {
            let mut environment = vec![None; rule.slots];
            let pairs: Vec<(&Term, Value)> = rule.arguments.iter().zip(given.iter().cloned()).collect();
            let (mut certain, mut perhaps) = (false, Doubt::NONE);
            let is_constant = matches!(branch.value, Term::Constant(_));
            let flow = self.unify_all(
                &pairs,
                &mut environment,
                &Doubt::NONE,
                &mut |machine, environment, (), doubt| {
                    machine.body(&branch.body, environment, doubt, &mut |machine, environment, (), doubt| {
                        machine.term(&branch.value, environment, doubt, &mut |_, _, value, doubt| {
                            if doubt.is_none() {
                                certain = true;
                            } else {
                                perhaps = perhaps.and(doubt);
                            }
                            note(found, value, &doubt.and(&before));
                            if certain && is_constant { Err(Stop::Enough) } else { Ok(()) }
                        })
                    })
                },
            );
            enough(flow)?;
            if certain {
                return Ok(());
            }
            before = before.and(&perhaps);
        }
        Ok(())
    }

    pub(super) fn function(&mut self, path: &Path, given: Vec<Value>) -> Result<Rc<Values>, Stop> {
        let program = self.program;
        let document = program
            .documents
            .get(path)
            .filter(|document| document.kind == Kind::Function)
            .ok_or(Stop::GaveUp)?;
        if let Some(known) = self.functions.get(document, &given) {
            return Ok(known);
        }
        if self.depth >= DEPTH_LIMIT {
            return Err(Stop::GaveUp);
        }
        self.depth += 1;
        let values = self.values(&document.rules, document.default.as_ref(), &given);
        self.depth -= 1;
        let values = Rc::new(values?);
        self.functions.insert(document, given, &values);
        Ok(values)
    }

    /// Whether a value has an unknown part.
    pub(super) fn has_marks(&mut self, value: &Value) -> bool {
        self.marked.has(value, self.marks)
    }
}

/// Keeps the least doubtful way to a result: a certain one, or else what any of them depends on.
pub(super) fn note<K: Ord>(found: &mut BTreeMap<K, Doubt>, key: K, doubt: &Doubt) {
    match found.entry(key) {
        std::collections::btree_map::Entry::Vacant(entry) => {
            entry.insert(doubt.clone());
        }
        std::collections::btree_map::Entry::Occupied(mut entry) => {
            let known =
                if doubt.is_none() || entry.get().is_none() { Doubt::NONE } else { entry.get().and(doubt) };
            entry.insert(known);
        }
    }
}

/// A search that ended because one solution was enough has ended well.
pub(super) fn enough(flow: Flow) -> Flow {
    match flow {
        Err(Stop::Enough) => Ok(()),
        other => other,
    }
}

/// A partial document while it is built.
#[derive(Default)]
struct Tree {
    members: BTreeMap<Value, Self>,
    elements: BTreeSet<Value>,
    value: Option<Value>,
}

impl Tree {
    fn add(&mut self, keys: &[Value], value: Value, adds: Adds) {
        match (keys.split_first(), adds) {
            (Some((key, rest)), _) => self.members.entry(key.clone()).or_default().add(rest, value, adds),
            (None, Adds::Element) => {
                self.elements.insert(value);
            }
            (None, Adds::Value) => self.value = Some(value),
        }
    }

    fn into_value(self) -> Option<Value> {
        if let Some(value) = self.value {
            return Some(value);
        }
        if !self.elements.is_empty() {
            return Some(Value::from(self.elements));
        }
        if self.members.is_empty() {
            return None;
        }
        let members = self.members.into_iter().filter_map(|(key, tree)| Some((key, tree.into_value()?)));
        Some(Value::from(members.collect::<BTreeMap<_, _>>()))
    }
}
