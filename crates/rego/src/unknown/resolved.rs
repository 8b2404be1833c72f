//! Policies with every name resolved and every body in an order in which it can be evaluated.

use std::collections::BTreeMap;

use planguard_rego_syntax::tree::Operator;
use regorus::Value;

use super::named::BranchPlace;

/// A path from `data` on, without `data`.
pub(super) type Path = Vec<String>;

/// All rules of a set.
#[derive(Debug, Default)]
pub(super) struct Program {
    pub documents: BTreeMap<Path, Document>,
}

impl Program {
    pub(super) fn branch_mut(&mut self, path: &Path, place: BranchPlace) -> Option<&mut Branch> {
        let rule = self.documents.get_mut(path)?.rules.get_mut(place.rule)?;
        rule.chains.get_mut(place.chain)?.get_mut(place.branch)
    }
}

/// The rules of one path.
#[derive(Debug)]
pub(super) struct Document {
    pub kind: Kind,
    pub rules: Vec<Rule>,
    pub default: Option<Term>,
}

/// What the rules of a path make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One value.
    Complete,
    /// One value for each call.
    Function,
    /// A set, or an object whose values may be sets.
    Partial,
}

/// A rule.
#[derive(Debug)]
pub(super) struct Rule {
    pub arguments: Vec<Term>,
    /// The keys below the path.
    pub keys: Vec<Term>,
    /// Whether the value is an element of a set.
    pub adds: Adds,
    /// The bodies in groups: a later body of a group is an `else` of those before.
    pub chains: Vec<Vec<Branch>>,
    /// The number of variables.
    pub slots: usize,
}

/// What a rule adds to a partial document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Adds {
    Element,
    Value,
}

/// A body with its value.
#[derive(Debug)]
pub(super) struct Branch {
    pub value: Term,
    pub body: Body,
    /// Whether nothing of the plan is read but the element that the first literal searches. What holds for an element
    /// without an unknown part is certain then.
    pub is_local: bool,
}

impl Branch {
    /// The literals up to the one that searches the elements of a collection, if the body begins so, and the others.
    pub(super) fn search(&self) -> (&[Literal], &[Literal]) {
        let declarations =
            self.body.iter().take_while(|literal| matches!(literal.kind, LiteralKind::Declaration)).count();
        let searches = self
            .body
            .get(declarations)
            .is_some_and(|literal| literal.withs.is_empty() && literal.kind.search().is_some());
        self.body.split_at(if searches { declarations + 1 } else { 0 })
    }
}

/// A search of the elements of a collection of the plan or of `data`.
pub(super) struct Search<'t> {
    pub base: &'t Base,
    pub steps: &'t [Term],
    pub pattern: Pattern<'t>,
}

/// What the elements of a collection are matched with.
#[derive(Clone, Copy)]
pub(super) struct Pattern<'t> {
    pub key: Option<&'t Term>,
    pub value: &'t Term,
}

/// Literals in an order in which every variable is bound before it is used.
pub(super) type Body = Vec<Literal>;

/// A literal.
#[derive(Debug)]
pub(super) struct Literal {
    pub kind: LiteralKind,
    pub withs: Vec<(Replaced, Term)>,
    pub place: Place,
}

/// A place in a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    /// The position of its source in the set.
    pub source: usize,
    /// The offset in the author's text.
    pub offset: usize,
}

/// What a `with` replaces.
#[derive(Debug)]
pub(super) enum Replaced {
    Input(Path),
    Data(Path),
}

#[derive(Debug)]
pub(super) enum LiteralKind {
    /// `some x`.
    Declaration,
    SomeIn {
        key: Option<Term>,
        value: Term,
        collection: Term,
    },
    Every {
        key: Option<Term>,
        value: Term,
        collection: Term,
        body: Body,
        /// The first variable that belongs to the body.
        first_slot: usize,
    },
    Holds(Term),
    Not(Term),
}

impl LiteralKind {
    /// The search that a literal is: `some x in xs.ys`, or `x := xs.ys[_]`.
    pub(super) fn search(&self) -> Option<Search<'_>> {
        let search = match self {
            Self::SomeIn { key, value, collection: Term::Reference { base, steps } } => {
                Search { base, steps, pattern: Pattern { key: key.as_ref(), value } }
            }
            Self::Holds(Term::Operation { operator: Operator::Assign | Operator::Unify, operands }) => {
                let [value @ Term::Variable(_), Term::Reference { base, steps }] = operands.as_slice() else {
                    return None;
                };
                let (key @ (Term::Wildcard | Term::Variable(_)), steps) = steps.split_last()? else {
                    return None;
                };
                Search { base, steps, pattern: Pattern { key: Some(key), value } }
            }
            Self::Declaration | Self::SomeIn { .. } | Self::Every { .. } | Self::Holds(_) | Self::Not(_) => {
                return None;
            }
        };
        match search.base {
            Base::Input | Base::Data => Some(search),
            Base::Term(_) => None,
        }
    }
}

#[derive(Debug)]
pub(super) enum Term {
    Constant(Value),
    Variable(usize),
    Wildcard,
    Reference {
        base: Base,
        steps: Vec<Self>,
    },
    Call {
        function: Function,
        arguments: Vec<Self>,
        /// The pattern after the arguments, as in `walk(x, [path, value])`.
        output: Option<Box<Self>>,
    },
    Operation {
        operator: Operator,
        operands: Vec<Self>,
    },
    Array(Vec<Self>),
    Set(Vec<Self>),
    Object(Vec<(Self, Self)>),
    Comprehension {
        makes: Makes,
        heads: Vec<Self>,
        body: Body,
        /// The first variable that belongs to the body.
        first_slot: usize,
    },
    /// A template string: texts and expressions.
    Template(Vec<Self>),
}

/// Where a reference starts.
#[derive(Debug)]
pub(super) enum Base {
    Input,
    Data,
    Term(Box<Term>),
}

#[derive(Debug)]
pub(super) enum Function {
    OfPolicy(Path),
    Builtin(String),
}

/// What a comprehension makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Makes {
    Array,
    Set,
    Object,
}
