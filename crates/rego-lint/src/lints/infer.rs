//! Infers which values of the plan variables, rules, functions and comprehensions have.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use planguard_rego::bundle::{self, LibraryResult, LibrarySignature};
use planguard_rego::convention::Convention;
use planguard_rego_syntax::scope::DeclaredBy;
use planguard_rego_syntax::tree::{
    self, Body, BranchKind, ComprehensionHead, Expr, ExprKind, LiteralKind, Opening, Operator,
    OperatorFamily, Rule,
};
use planguard_rego_syntax::walk;

use super::arguments;
use super::model::{self, Meaning, Origin, Project, RuleId, parts};
use super::shape::{Holds, Place, Shape, Slip, Step, Types};

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

/// The resource types that apply at a place of a rule, by the name of the resource.
#[derive(Clone, Debug, Default)]
pub(super) struct Guards {
    types: BTreeMap<String, Types>,
    /// Pairs of types that contradict each other.
    pub contradictions: Vec<(String, String, String)>,
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
        let mut inference = Self { project, known: Inferred::default(), settled: HashMap::new(), signatures };
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

    fn bind_all(&mut self, rule: &Rule) {
        for branch in &rule.branches {
            if let Some(body) = &branch.body {
                self.bind_body(body);
            }
            for expr in rule.head_exprs(branch) {
                self.bind_inside(expr);
            }
        }
    }

    fn bind_body(&mut self, body: &Body) {
        for literal in &body.literals {
            match &literal.kind {
                LiteralKind::SomeIn { patterns, collection } => self.bind_element(patterns, collection),
                LiteralKind::Every { variables, collection, .. } => self.bind_element(variables, collection),
                LiteralKind::Expression(expr) => self.bind_expr(expr),
                LiteralKind::Negation(_) | LiteralKind::Declaration(_) => {}
            }
            for expr in literal.exprs() {
                self.bind_inside(expr);
            }
            if let Some(inner) = literal.body() {
                self.bind_body(inner);
            }
        }
    }

    fn bind_inside(&mut self, expr: &Expr) {
        let mut bodies = Vec::new();
        walk::outermost_bodies(expr, &mut |body| bodies.push(body));
        for body in bodies {
            self.bind_body(body);
        }
        // A reference with a variable in brackets binds that variable.
        let mut lookups = Vec::new();
        walk::each_expr(expr, &mut |inner| {
            if let ExprKind::Reference { steps, .. } = &inner.kind {
                for (position, step) in steps.iter().enumerate() {
                    if let tree::Step::Index(index) = step
                        && let ExprKind::Name = index.kind
                    {
                        lookups.push((inner, position, index));
                    }
                }
            }
        });
        for (reference, position, index) in lookups {
            let Some(variable) = self.variable(index) else { continue };
            let is_open = match &variable {
                Variable::Declared(declared) => {
                    let scopes = &self.project().files[self.id.file].scopes;
                    scopes
                        .declarations
                        .get(*declared)
                        .is_some_and(|declaration| declaration.how == DeclaredBy::Some)
                }
                Variable::Open(_) => true,
            };
            if !is_open {
                continue;
            }
            let collection = self.follow_steps(reference, position, &Guards::default()).0;
            let written = self.written(index);
            let shape = match collection {
                Shape::Each { element, holds: Holds::Members } => *element,
                collection => collection.position(written).unwrap_or(Shape::Any),
            };
            self.bind(variable, shape);
        }
    }

    fn bind_expr(&mut self, expr: &Expr) {
        let ExprKind::Operation { operator, operands } = &expr.bare().kind else { return };
        let [left, right] = operands.as_slice() else { return };
        match operator.family() {
            OperatorFamily::Assignment => self.bind_pattern(left, right),
            OperatorFamily::Unification => {
                self.bind_pattern(left, right);
                if self.variable(right).is_some() {
                    self.bind_pattern(right, left);
                }
            }
            OperatorFamily::Equality
            | OperatorFamily::Inequality
            | OperatorFamily::Membership
            | OperatorFamily::Order
            | OperatorFamily::Computation => {}
        }
    }

    fn bind_pattern(&mut self, pattern: &Expr, value: &Expr) {
        if let Some(variable) = self.variable(pattern) {
            let shape = self.shape(value, &Guards::default());
            self.bind(variable, shape);
        } else if let ExprKind::Array(_) | ExprKind::Set(_) | ExprKind::Object(_) = pattern.kind {
            self.forget(pattern);
        }
    }

    fn bind_element(&mut self, patterns: &[Expr], collection: &Expr) {
        let shape = self.shape(collection, &Guards::default());
        match patterns {
            [value] => self.bind_value(value, &shape),
            [key, value] => {
                if let Some(variable) = self.variable(key) {
                    let position = || shape.position(self.written(key)).unwrap_or(Shape::Any);
                    let keys = shape.keys().map_or_else(position, Shape::Texts);
                    self.bind(variable, keys);
                }
                self.bind_value(value, &shape);
            }
            _ => {}
        }
    }

    fn bind_value(&mut self, pattern: &Expr, collection: &Shape) {
        if let Some(variable) = self.variable(pattern) {
            let name = self.name_of(&variable);
            let element = collection.element(&name);
            self.bind(variable, element);
        } else {
            self.forget(pattern);
        }
    }

    /// Marks the variables of a pattern as unknown.
    fn forget(&mut self, pattern: &Expr) {
        let mut variables = Vec::new();
        walk::each_expr(pattern, &mut |inner| variables.extend(self.variable(inner)));
        for variable in variables {
            self.bind(variable, Shape::Any);
        }
    }

    fn bind(&mut self, variable: Variable, shape: Shape) {
        let variables = Arc::make_mut(&mut self.variables);
        let known = variables.remove(&variable).unwrap_or(Shape::Never);
        variables.insert(variable, known.join(shape));
    }

    /// Returns the value of the rule.
    fn value(&self) -> Shape {
        let rule = self.project().rule(self.id);
        let text = self.text();
        let mut value = Shape::Never;
        let nothing = Guards::default();
        for branch in &rule.branches {
            let guards =
                branch.body.as_ref().map_or_else(Guards::default, |body| self.guards(body, &nothing));
            let own = match &branch.kind {
                BranchKind::Else { value } => value.as_ref(),
                BranchKind::First | BranchKind::Chained => rule.head.value.as_ref(),
            };
            let of = |expr: &Expr| self.settled(expr, &guards);
            let shape = if let Some(member) = member_of(rule) {
                Shape::Each { element: Box::new(of(member)), holds: Holds::Members }
            } else {
                let value = own.map_or(Shape::Never, of);
                match &rule.head.name.kind {
                    ExprKind::Reference { steps, .. }
                        if steps.iter().any(|step| step.key(text).is_none()) =>
                    {
                        Shape::Each { element: Box::new(value), holds: Holds::ByKey }
                    }
                    _ => value,
                }
            };
            value = value.join(shape);
        }
        value
    }

    /// Returns the value of an expression, independent of the names in this rule.
    fn settled(&self, expr: &Expr, guards: &Guards) -> Shape {
        self.settle(self.shape(expr, guards), guards)
    }

    fn settle(&self, shape: Shape, guards: &Guards) -> Shape {
        match shape {
            Shape::Place(place) => {
                let types = guards.of(&place);
                Shape::Place(Place { types, anchor: None, ..place })
            }
            Shape::Each { element, holds } => {
                Shape::Each { element: Box::new(self.settle(*element, guards)), holds }
            }
            Shape::Fields(fields) => Shape::Fields(
                fields.into_iter().map(|(key, shape)| (key, self.settle(shape, guards))).collect(),
            ),
            Shape::Never | Shape::Any | Shape::Input(_) | Shape::Texts(_) | Shape::Position { .. } => shape,
        }
    }

    fn collect_calls(&self, calls: &mut BTreeMap<Argument, Shape>) {
        let rule = self.project().rule(self.id);
        self.each_body(rule, &mut |exprs, guards| {
            for expr in exprs {
                walk::outside_bodies(expr, &mut |inner| {
                    let ExprKind::Call { function, arguments } = &inner.kind else { return };
                    let Some((path, _)) = self.project().function(self.id.file, function) else { return };
                    for (position, argument) in arguments.iter().enumerate() {
                        let at = (path.clone(), position);
                        let known = calls.remove(&at).unwrap_or(Shape::Never);
                        calls.insert(at, known.join(self.settled(argument, guards)));
                    }
                });
            }
        });
    }

    /// Passes every body of a rule to `see`, with the types that apply in it: the expressions of its literals and,
    /// for the rule's own bodies, those of the head. Inner bodies are passed on their own.
    pub(super) fn each_body(&self, rule: &'p Rule, see: &mut dyn FnMut(&[&'p Expr], &Guards)) {
        for branch in &rule.branches {
            let nothing = Guards::default();
            let guards =
                branch.body.as_ref().map_or_else(Guards::default, |body| self.guards(body, &nothing));
            let head = rule.head_exprs(branch);
            see(&head, &guards);
            for expr in head {
                self.bodies_in(expr, &guards, see);
            }
            if let Some(body) = &branch.body {
                self.bodies_below(body, &guards, see);
            }
        }
    }

    fn bodies_below(&self, body: &'p Body, guards: &Guards, see: &mut dyn FnMut(&[&'p Expr], &Guards)) {
        for literal in &body.literals {
            let exprs = literal.exprs();
            see(&exprs, guards);
            for expr in exprs {
                self.bodies_in(expr, guards, see);
            }
            if let Some(inner) = literal.body() {
                self.bodies_below(inner, &self.guards(inner, guards), see);
            }
        }
    }

    fn bodies_in(&self, expr: &'p Expr, guards: &Guards, see: &mut dyn FnMut(&[&'p Expr], &Guards)) {
        if let (ExprKind::Comprehension { head, .. }, Some(body)) = (&expr.kind, expr.body()) {
            let inner = self.guards(body, guards);
            let heads: Vec<&Expr> = head.exprs().iter().collect();
            see(&heads, &inner);
            for head in heads {
                self.bodies_in(head, &inner, see);
            }
            self.bodies_below(body, &inner, see);
            return;
        }
        for child in expr.children() {
            self.bodies_in(child, guards, see);
        }
    }

    /// Returns the resource types that apply in a body, including those of the surrounding body.
    pub(super) fn guards(&self, body: &Body, around: &Guards) -> Guards {
        let mut guards = around.clone();
        guards.contradictions.clear();
        for literal in &body.literals {
            match &literal.kind {
                LiteralKind::Expression(expr) if literal.withs.is_empty() => {
                    self.guard(expr.bare(), &mut guards);
                }
                // `some rc.type in …` is not valid syntax, and the variable of `some` has its strings already.
                LiteralKind::Expression(_)
                | LiteralKind::SomeIn { .. }
                | LiteralKind::Every { .. }
                | LiteralKind::Negation(_)
                | LiteralKind::Declaration(_) => {}
            }
        }
        guards
    }

    fn guard(&self, expr: &Expr, guards: &mut Guards) {
        match &expr.kind {
            ExprKind::Operation { operator: Operator::Equal | Operator::Unify | Operator::In, operands } => {
                let [left, right] = operands.as_slice() else { return };
                for (one, other) in [(left, right), (right, left)] {
                    let Some(anchor) = self.whose_type(one) else { continue };
                    if let Some(types) = self.types_named(other) {
                        guards.add(&anchor, types);
                    }
                }
            }
            // `types[rc.type]`
            ExprKind::Reference { steps, .. } => {
                if let Some(tree::Step::Index(index)) = steps.last()
                    && let Some(anchor) = self.whose_type(index)
                {
                    let (shape, _) = self.follow_steps(expr, steps.len() - 1, &Guards::default());
                    if let Shape::Each { element, holds: Holds::Members } = &shape
                        && let Shape::Texts(texts) = element.as_ref()
                    {
                        guards.add(&anchor, Types::OneOf(texts.clone()));
                    }
                }
            }
            ExprKind::Call { function, arguments } => {
                let Some((path, _)) = self.project().function(self.id.file, function) else { return };
                for (position, argument) in arguments.iter().enumerate() {
                    let accepted = self.known_of(&path).accepts.get(&(path.clone(), position));
                    let anchor = match self.shape(argument, &Guards::default()) {
                        Shape::Place(place) => place.anchor,
                        _ => None,
                    };
                    if let (Some(types), Some(anchor)) = (accepted, anchor) {
                        guards.add(&anchor, Types::OneOf(types.clone()));
                    }
                }
            }
            _ => {}
        }
    }

    /// Returns the name of the resource whose `type` an expression reads.
    fn whose_type(&self, expr: &Expr) -> Option<String> {
        let (_, steps) = parts(expr)?;
        match steps.last() {
            Some(last) if last.key(self.text()) == Some("type") => {
                let (shape, _) = self.follow_steps(expr, steps.len() - 1, &Guards::default());
                shape.place().filter(|place| place.node.is_resource())?.anchor.clone()
            }
            // `type := rc.type; type == "x"`: the variable keeps the name of its resource.
            _ => {
                let place = self.shape(expr, &Guards::default());
                let place = place.place()?;
                place.text.ends_with(".type").then(|| place.anchor.clone()).flatten()
            }
        }
    }

    fn types_named(&self, expr: &Expr) -> Option<Types> {
        if let ExprKind::Name = expr.kind
            && let Some(position) = self.argument(expr)
        {
            return Some(Types::Argument(position));
        }
        self.shape(expr, &Guards::default()).texts().cloned().map(Types::OneOf)
    }

    /// Returns the position of the function argument with this name.
    pub(super) fn argument(&self, name: &Expr) -> Option<usize> {
        let meant = self.variable(name)?;
        let arguments = self.project().rule(self.id).head.arguments.as_ref()?;
        arguments.iter().position(|argument| self.variable(argument).as_ref() == Some(&meant))
    }

    /// Returns whether two names are the same variable.
    pub(super) fn is_same_variable(&self, one: &Expr, other: &Expr) -> bool {
        let variable = self.variable(one);
        variable.is_some() && variable == self.variable(other)
    }

    fn types_of(&self, expr: &Expr, guards: &Guards) -> Option<BTreeSet<String>> {
        let variable = self.variable(expr)?;
        match guards.types.get(&self.name_of(&variable)) {
            Some(Types::OneOf(types)) => Some(types.clone()),
            Some(Types::Unknown | Types::Argument(_)) | None => None,
        }
    }

    /// Returns the value of an expression.
    pub(super) fn shape(&self, expr: &Expr, guards: &Guards) -> Shape {
        match &expr.kind {
            ExprKind::Scalar(_) | ExprKind::Template(_) => {
                expr.string().map_or(Shape::Never, |text| Shape::Texts([text.to_owned()].into()))
            }
            ExprKind::Name | ExprKind::Reference { .. } => self.follow(expr, guards).0,
            ExprKind::Parenthesised(inner) => self.shape(inner, guards),
            ExprKind::Call { function, arguments } => self.result(function, arguments, guards),
            ExprKind::Operation { operator, operands } => match (operator, operands.as_slice()) {
                (Operator::Union, [left, right]) => self.shape(left, guards).join(self.shape(right, guards)),
                (Operator::Subtract | Operator::Intersection, [left, _]) => match self.shape(left, guards) {
                    shape @ Shape::Each { .. } => shape,
                    _ => Shape::Any,
                },
                _ => Shape::Never,
            },
            ExprKind::Array(items) | ExprKind::Set(items) => {
                let element = items.iter().fold(Shape::Never, |all, item| all.join(self.shape(item, guards)));
                let holds = match &expr.kind {
                    ExprKind::Set(_) => Holds::Members,
                    _ => Holds::ByKey,
                };
                Shape::Each { element: Box::new(element), holds }
            }
            ExprKind::Object(fields) => {
                let fields: Option<Vec<(String, Shape)>> = fields
                    .iter()
                    .map(|(key, value)| Some((key.string()?.to_owned(), self.shape(value, guards))))
                    .collect();
                fields.map_or(Shape::Any, Shape::Fields)
            }
            ExprKind::Comprehension { head, body } => {
                let inner = self.guards(body, guards);
                let Some(last) = head.exprs().last() else { return Shape::Any };
                let holds = match head {
                    ComprehensionHead::Set(_) => Holds::Members,
                    ComprehensionHead::Array(_) | ComprehensionHead::Object(_) => Holds::ByKey,
                };
                Shape::Each { element: Box::new(self.settled(last, &inner)), holds }
            }
        }
    }

    fn result(&self, function: &Expr, arguments: &[Expr], guards: &Guards) -> Shape {
        if let Some((path, _)) = self.project().function(self.id.file, function) {
            let returns = self.inference.signature(&path).and_then(|signature| signature.returns.as_ref());
            if let Some(LibraryResult::OfArgument(position, keys)) = returns {
                let argument = arguments.get(*position);
                return argument.map_or(Shape::Any, |argument| below(self.shape(argument, guards), keys));
            }
            let result = self.known_of(&path).values.get(&path).cloned().unwrap_or(Shape::Never);
            let given: Vec<Shape> = arguments.iter().map(|argument| self.shape(argument, guards)).collect();
            return with_arguments(result, &given);
        }
        match (function.text(self.text()), arguments) {
            ("object.get", [object, key, default]) => {
                let shape = self.shape(object, guards);
                match self.looked_up(&shape, key) {
                    (shape, None) => shape,
                    // `object.get(input, "plan", input)`
                    (_, Some(_)) => self.shape(default, guards),
                }
            }
            ("array.concat" | "object.union", [left, right]) => {
                self.shape(left, guards).join(self.shape(right, guards))
            }
            ("array.slice" | "array.reverse" | "sort", [array, ..]) => self.shape(array, guards),
            _ => Shape::Any,
        }
    }

    /// Returns the value of an `object.get`.
    pub(super) fn looked_up(&self, object: &Shape, key: &Expr) -> (Shape, Option<Slip>) {
        let steps: Vec<Step> = match &key.kind {
            ExprKind::Array(items) => {
                let step = |item: &Expr| match item.string() {
                    Some(key) => Step::Key(key.to_owned()),
                    None => Step::Element(String::new()),
                };
                items.iter().map(step).collect()
            }
            _ => match key.string() {
                Some(key) => vec![Step::Key(key.to_owned())],
                None => return (Shape::Any, None),
            },
        };
        let mut shape = object.clone();
        for step in steps {
            let (next, slip) = shape.step(&step);
            if slip.is_some() {
                return (next, slip);
            }
            shape = next;
        }
        (shape, None)
    }

    /// Returns the value of a reference, and the first step that no plan has.
    pub(super) fn follow(&self, expr: &Expr, guards: &Guards) -> (Shape, Option<(Slip, usize)>) {
        let count = match &expr.kind {
            ExprKind::Reference { steps, .. } => steps.len(),
            _ => 0,
        };
        self.follow_steps(expr, count, guards)
    }

    /// As [`Env::follow`], for the first `count` steps.
    pub(super) fn follow_steps(
        &self,
        expr: &Expr,
        count: usize,
        guards: &Guards,
    ) -> (Shape, Option<(Slip, usize)>) {
        let (base, steps): (&Expr, &[tree::Step]) = match &expr.kind {
            ExprKind::Reference { base, steps } => (base, &steps[..count.min(steps.len())]),
            _ => (expr, &[]),
        };
        let mut done = 0;
        let mut shape = match &base.kind {
            ExprKind::Name => match self.meaning(base) {
                Meaning::Input(path) => {
                    let mut shape = Shape::Input(self.project().files[self.id.file].input);
                    for key in path {
                        let (next, slip) = shape.step(&Step::Key(key));
                        if let Some(slip) = slip {
                            return (next, Some((slip, 0)));
                        }
                        shape = next;
                    }
                    shape
                }
                Meaning::Data(path) => {
                    let mut full = path.clone();
                    full.extend(steps.iter().map_while(|step| step.key(self.text())).map(str::to_owned));
                    let Some((ids, length)) = self.project().rules_at(&full) else {
                        return (Shape::Any, None);
                    };
                    done = length.saturating_sub(path.len());
                    let is_function = ids.iter().any(|id| self.project().rule(*id).head.arguments.is_some());
                    match self.known_of(&full[..length]).values.get(&full[..length]) {
                        Some(shape) if !is_function => shape.clone(),
                        _ => Shape::Any,
                    }
                }
                Meaning::Declared(_) | Meaning::Open(_) => {
                    let known = self.variable(base).and_then(|variable| self.variables.get(&variable));
                    known.cloned().unwrap_or(Shape::Any)
                }
            },
            _ => self.shape(base, guards),
        };
        for (position, step) in steps.iter().enumerate().skip(done) {
            let (mut next, slip) = shape.step(&self.step(expr, step));
            if let Some(slip) = slip {
                return (next, Some((slip, position)));
            }
            // `by_type[name]`
            if shape.place().is_some_and(Place::is_by_type)
                && let (tree::Step::Index(index), Shape::Place(place)) = (step, &mut next)
                && let Some(types) = self.types_named(index)
            {
                place.types = types;
            }
            shape = next;
        }
        (shape, None)
    }

    fn step(&self, reference: &Expr, step: &tree::Step) -> Step {
        if let Some(key) = step.key(self.text()) {
            return Step::Key(key.to_owned());
        }
        // Equal text means an equal value, except that every `_` is a new variable.
        let end = model::step_span(step).end;
        let written = self.text().get(reference.span.start..end).unwrap_or("");
        let wild = written.contains('_') && written.split(['[', ']']).any(|part| part.trim() == "_");
        let name: String = written.chars().filter(|c| !c.is_whitespace()).collect();
        Step::Element(if wild { format!("{name}@{}", reference.span.start) } else { name })
    }
}

impl Guards {
    fn add(&mut self, anchor: &str, types: Types) {
        let merged = match (self.types.remove(anchor), types) {
            (Some(Types::OneOf(known)), Types::OneOf(new)) => {
                let both: BTreeSet<String> = known.intersection(&new).cloned().collect();
                if let (true, Some(left), Some(right)) = (both.is_empty(), known.first(), new.first()) {
                    self.contradictions.push((anchor.to_owned(), left.clone(), right.clone()));
                }
                Types::OneOf(both)
            }
            (Some(known @ Types::OneOf(_)), _) => known,
            (_, new) => new,
        };
        self.types.insert(anchor.to_owned(), merged);
    }

    /// Returns the types of the resource that a place belongs to.
    pub(super) fn of(&self, place: &Place) -> Types {
        let said = place.anchor.as_ref().and_then(|anchor| self.types.get(anchor));
        match (&place.types, said) {
            (Types::OneOf(known), Some(Types::OneOf(said))) => {
                Types::OneOf(known.intersection(said).cloned().collect())
            }
            (Types::OneOf(known), _) => Types::OneOf(known.clone()),
            (_, Some(said)) => said.clone(),
            (types, None) => types.clone(),
        }
    }
}

/// Returns what is below a place.
fn below(place: Shape, keys: &[String]) -> Shape {
    keys.iter().fold(place, |shape, key| shape.step(&Step::Key(key.clone())).0)
}

/// Returns a function's result with the types of one call's arguments.
fn with_arguments(result: Shape, given: &[Shape]) -> Shape {
    match result {
        Shape::Place(place) => {
            let types = match &place.types {
                Types::Argument(position) => {
                    let texts = given.get(*position).and_then(Shape::texts).cloned();
                    texts.map_or(Types::Unknown, Types::OneOf)
                }
                types => types.clone(),
            };
            Shape::Place(Place { types, ..place })
        }
        Shape::Each { element, holds } => {
            Shape::Each { element: Box::new(with_arguments(*element, given)), holds }
        }
        Shape::Fields(fields) => Shape::Fields(
            fields.into_iter().map(|(key, shape)| (key, with_arguments(shape, given))).collect(),
        ),
        shape @ (Shape::Never | Shape::Any | Shape::Input(_) | Shape::Texts(_) | Shape::Position { .. }) => {
            shape
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
