//! Infers which values of the plan variables, rules, functions and comprehensions have.

mod binding;
mod guards;
mod shapes;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use planguard_rego::bundle::{self, LibraryResult, LibrarySignature};
use planguard_rego::convention::Convention;
use planguard_rego_syntax::tree::{self, Expr, ExprKind, Opening, Rule};

pub(super) use self::guards::Guards;
use self::guards::InBody;
use self::shapes::below;
use super::arguments;
use super::model::{Meaning, Origin, Project, RuleId};
use super::shape::Shape;

/// The number of rounds through the rules. Values passed through longer chains of rules stay unknown; planguard's own
/// library, whose chains are the longest known, needs 14. A round looks only at rules of which something has changed.
const ROUNDS: usize = 24;

/// The number of passes over the bodies of one rule, whose variables may be bound after they are read.
const PASSES: usize = 6;

/// An argument of a function, by the function's path and its position.
type Argument = (Vec<String>, usize);

/// The inferred values of rules and functions.
#[derive(Clone, Debug, Default, PartialEq)]
struct Inferred {
    /// The values of rules, or the results of functions.
    values: BTreeMap<Vec<String>, Shape>,
    /// The arguments that functions are called with.
    arguments: BTreeMap<Argument, Shape>,
    /// The resource types that functions accept.
    accepts: BTreeMap<Argument, BTreeSet<String>>,
    /// The arguments that functions take as resource types.
    types: BTreeSet<Argument>,
}

impl Inferred {
    /// The paths of the rules and functions of which the two know different things.
    fn differences(&self, other: &Self) -> BTreeSet<Vec<String>> {
        let mut paths: BTreeSet<Vec<String>> = changed(&self.values, &other.values).cloned().collect();
        let arguments = changed(&self.arguments, &other.arguments);
        let accepts = changed(&self.accepts, &other.accepts);
        let types = self.types.symmetric_difference(&other.types);
        paths.extend(arguments.chain(accepts).chain(types).map(|(path, _)| path.clone()));
        paths
    }
}

/// The keys that have different values in two maps.
fn changed<'m, K: Ord, V: PartialEq>(
    one: &'m BTreeMap<K, V>,
    other: &'m BTreeMap<K, V>,
) -> impl Iterator<Item = &'m K> {
    let keys = one.keys().chain(other.keys().filter(|key| !one.contains_key(*key)));
    keys.filter(|key| one.get(*key) != other.get(*key))
}

/// What one look at a rule infers.
struct RuleInferred {
    variables: Arc<Variables>,
    value: Shape,
    /// The arguments of the calls in the rule.
    calls: BTreeMap<Argument, Shape>,
    /// The positions of its own arguments that are resource types.
    types: BTreeSet<usize>,
    /// The resource types that its arguments have, by their positions and for each body.
    accepts: Vec<(usize, Option<BTreeSet<String>>)>,
    /// The rules and functions whose inferred values it has asked for. While they stay, so does the rest.
    asked: BTreeSet<Vec<String>>,
}

/// The inferred values of all rules.
pub(super) struct Inference<'p, 's> {
    pub project: &'p Project<'s>,
    known: Inferred,
    /// The variables of each rule, once `known` does not change any more: every family of lints looks at most rules.
    settled: HashMap<RuleId, Arc<Variables>>,
    /// The bodies of each rule with the types that apply in them, from then on.
    bodies: HashMap<RuleId, Vec<InBody<'p>>>,
    /// What METADATA says of the library's functions, by their path.
    signatures: BTreeMap<&'static [String], &'static LibrarySignature>,
}

/// The values of the variables of one rule.
type Variables = HashMap<Variable, Shape>;

/// A variable of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Variable {
    Declared(usize),
    Open(String),
}

/// One rule and the values of its variables.
pub(super) struct Env<'p, 's> {
    pub inference: &'p Inference<'p, 's>,
    pub id: RuleId,
    variables: Arc<Variables>,
    /// The rules and functions whose inferred values were asked for.
    asked: RefCell<BTreeSet<Vec<String>>>,
}

impl<'p, 's> Inference<'p, 's> {
    pub(super) fn new(project: &'p Project<'s>) -> Self {
        // An author's copy of the library may have been changed.
        let is_of_program = |signature: &&LibrarySignature| {
            let ids = project.rules.get(&signature.path).into_iter().flatten();
            ids.into_iter().all(|id| project.file(*id).origin == Origin::Platform)
        };
        // Nobody calls a library that is not there, and to read it takes longer than most policies.
        let has_library = project.files.iter().any(|file| file.origin == Origin::Platform);
        let all = if has_library { bundle::signatures() } else { &[] };
        let signatures = all.iter().filter(is_of_program);
        let signatures = signatures.map(|signature| (signature.path.as_slice(), signature)).collect();
        let (settled, bodies) = (HashMap::new(), HashMap::new());
        let mut inference = Self { project, known: Inferred::default(), settled, bodies, signatures };
        let mut rules = HashMap::new();
        let mut is_settled = false;
        for _ in 0..ROUNDS {
            let next = inference.round(&mut rules);
            let changed = next.differences(&inference.known);
            is_settled = changed.is_empty();
            if is_settled {
                break;
            }
            inference.known = next;
            rules.retain(|_, rule| rule.asked.is_disjoint(&changed));
        }
        // After the last round too: what it has changed, a rule may have asked for.
        inference.settled = if is_settled {
            rules.into_iter().map(|(id, rule)| (id, rule.variables)).collect()
        } else {
            project.ids().map(|id| (id, inference.env(id).variables)).collect()
        };
        inference.bodies =
            project.ids().map(|id| (id, inference.env(id).bodies_of(project.rule(id)))).collect();
        inference
    }

    /// What the rules infer together; those that are not among `rules` are looked at.
    fn round(&self, rules: &mut HashMap<RuleId, RuleInferred>) -> Inferred {
        let mut next = Inferred::default();
        let mut accepts: BTreeMap<Argument, Vec<Option<BTreeSet<String>>>> = BTreeMap::new();
        for id in self.project.ids() {
            let rule = rules.entry(id).or_insert_with(|| self.env(id).infer());
            let path = self.project.path_of(id);
            for (argument, shape) in &rule.calls {
                let known = next.arguments.remove(argument).unwrap_or(Shape::Never);
                next.arguments.insert(argument.clone(), known.join(shape.clone()));
            }
            next.types.extend(rule.types.iter().map(|position| (path.clone(), *position)));
            for (position, types) in &rule.accepts {
                accepts.entry((path.clone(), *position)).or_default().push(types.clone());
            }
            let known = next.values.remove(&path).unwrap_or(Shape::Never);
            next.values.insert(path, known.join(rule.value.clone()));
        }
        for (argument, types) in accepts {
            if let Some(sets) = types.into_iter().collect::<Option<Vec<_>>>() {
                next.accepts.insert(argument, sets.into_iter().flatten().collect());
            }
        }
        for signature in self.signatures.values() {
            if let Some(LibraryResult::OfPlan(keys)) = &signature.returns {
                next.values.insert(signature.path.clone(), below(Shape::Input(Convention::CONFTEST), keys));
            }
        }
        next
    }

    /// Returns what METADATA says of a function of the library.
    pub(super) fn signature(&self, function: &[String]) -> Option<&'static LibrarySignature> {
        self.signatures.get(function).copied()
    }

    /// Returns the environment of a rule.
    pub(super) fn env(&self, id: RuleId) -> Env<'_, 's> {
        match self.settled.get(&id) {
            Some(variables) => {
                Env { inference: self, id, variables: Arc::clone(variables), asked: RefCell::default() }
            }
            None => self.bound(id),
        }
    }

    /// The environment of a rule, with every variable bound.
    fn bound(&self, id: RuleId) -> Env<'_, 's> {
        let mut env = Env { inference: self, id, variables: Arc::default(), asked: RefCell::default() };
        let rule = self.project.rule(id);
        let path = self.project.path_of(id);
        if rule.head.arguments.is_some() {
            env.known_of(&path);
        }
        for (position, argument) in rule.head.arguments.iter().flatten().enumerate() {
            if let Some(variable) = env.variable(argument) {
                let shape = self.known.arguments.get(&(path.clone(), position)).cloned();
                let shape = shape.unwrap_or(Shape::Never);
                let name = env.name_of(&variable);
                Arc::make_mut(&mut env.variables).insert(variable, shape.called(&name));
            }
        }
        for _ in 0..PASSES {
            let before = Variables::clone(&env.variables);
            env.bind_all(rule);
            if *env.variables == before {
                break;
            }
        }
        env
    }
}

impl<'p, 's> Env<'p, 's> {
    pub(super) fn text(&self) -> &'s str {
        self.inference.project.files[self.id.file].text
    }

    pub(super) fn project(&self) -> &'p Project<'s> {
        self.inference.project
    }

    /// What is known so far, of which the caller reads what concerns a rule or function.
    fn known_of(&self, path: &[String]) -> &Inferred {
        let mut asked = self.asked.borrow_mut();
        if !asked.contains(path) {
            asked.insert(path.to_vec());
        }
        &self.inference.known
    }

    /// Looks at the rule once.
    fn infer(self) -> RuleInferred {
        let rule = self.project().rule(self.id);
        let value = self.value();
        let mut calls = BTreeMap::new();
        let mut types = BTreeSet::new();
        // Tests call functions with invented values.
        if !self.project().is_test_rule(self.id) {
            self.collect_calls(&mut calls);
            if rule.head.arguments.is_some() {
                types = arguments::types_taken(&self);
            }
        }
        let mut accepts = Vec::new();
        for (position, argument) in rule.head.arguments.iter().flatten().enumerate() {
            for body in rule.branches.iter().filter_map(|branch| branch.body.as_ref()) {
                let guards = self.guards(body, &Guards::default());
                accepts.push((position, self.types_of(argument, &guards)));
            }
        }
        RuleInferred {
            variables: self.variables,
            value,
            calls,
            types,
            accepts,
            asked: self.asked.into_inner(),
        }
    }

    /// Returns whether a function takes a resource type, or several, as this argument.
    pub(super) fn takes_type(&self, function: &[String], position: usize) -> bool {
        self.known_of(function).types.contains(&(function.to_vec(), position))
    }

    fn meaning(&self, name: &Expr) -> Meaning {
        self.project().meaning(self.id.file, name)
    }

    fn variable(&self, expr: &Expr) -> Option<Variable> {
        let ExprKind::Name = expr.kind else { return None };
        match self.meaning(expr) {
            Meaning::Declared(index) => Some(Variable::Declared(index)),
            Meaning::Open(name) if name != "_" => Some(Variable::Open(name)),
            Meaning::Open(_) | Meaning::Input(_) | Meaning::Data(_) => None,
        }
    }

    /// The text of an expression.
    fn written(&self, expr: &Expr) -> &'s str {
        self.text().get(expr.span.clone()).unwrap_or_default()
    }

    fn name_of(&self, variable: &Variable) -> String {
        match variable {
            Variable::Declared(index) => format!("#{index}"),
            Variable::Open(name) => name.clone(),
        }
    }
}

/// Returns what a rule adds to a set: `contains x`, or `deny[x]` in v0.
pub(super) fn member_of(rule: &Rule) -> Option<&Expr> {
    if let Some(key) = &rule.head.key {
        return Some(key);
    }
    let ExprKind::Reference { steps, .. } = &rule.head.name.kind else { return None };
    match steps.last() {
        Some(tree::Step::Index(index)) if rule.head.value.is_none() && !has_if(rule) && !rule.is_default => {
            // A rule without a body adds an element too: `deny["x"]`; with a value it builds an object.
            index.string().is_none().then_some(index)
        }
        _ => None,
    }
}

/// Returns whether a rule's first body is introduced by `if`.
pub(super) fn has_if(rule: &Rule) -> bool {
    rule.branches.first().is_some_and(|branch| branch.opening == Opening::If)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use planguard_rego::options::Namespaces;
    use planguard_rego::source;

    use super::*;

    fn of_library(see: impl FnOnce(Inference<'_, '_>)) {
        let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/rego");
        let sources = source::load(&[library], &mut Vec::new());
        let project = Project::new(&sources, &[], &[], &[], &Namespaces::default(), BTreeSet::new());
        see(Inference::new(&project));
    }

    /// Each family of lints looks at most rules: to bind their variables again each time would be most of the work.
    #[test]
    fn the_variables_of_a_rule_are_bound_once() {
        of_library(|inference| {
            let mut bound = 0;
            for id in inference.project.ids() {
                let (one, other) = (inference.env(id), inference.env(id));
                assert!(Arc::ptr_eq(&one.variables, &other.variables));
                bound += one.variables.len();
            }
            assert!(bound > 100, "{bound}");
        });
    }

    /// To look at all rules in every round would be most of the work of linting many policies.
    #[test]
    fn a_rule_is_looked_at_again_only_if_what_it_asked_for_has_changed() {
        of_library(|mut inference| {
            inference.settled.clear();
            inference.bodies.clear();
            inference.known = Inferred::default();
            let mut rules = HashMap::new();
            let mut looks = 0;
            for _ in 0..ROUNDS {
                let before = rules.len();
                let next = inference.round(&mut rules);
                looks += rules.len() - before;
                let changed = next.differences(&inference.known);
                inference.known = next;
                rules.retain(|_, rule| rule.asked.is_disjoint(&changed));
            }
            assert_eq!(rules.len(), inference.project.ids().count(), "it has settled");
            assert!(looks < 4 * rules.len(), "{looks} looks at {} rules", rules.len());
            for id in inference.project.ids() {
                let rule = rules.remove(&id).expect("it was looked at");
                let again = inference.env(id).infer();
                assert_eq!((again.value, again.calls), (rule.value, rule.calls));
                assert_eq!((again.types, again.accepts), (rule.types, rule.accepts));
                assert_eq!(again.variables, rule.variables);
            }
        });
    }
}
