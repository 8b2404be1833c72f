//! Fills a template in.

use regorus::Value;

use super::functions::Function;
use super::parse::{Base, Branch, Node, Pipeline, Template, Term};
use super::value::Datum;
use crate::builtins::Failure;
use crate::builtins::text::check_length;

/// How many steps a template may take, and how long its result may be in bytes.
const STEPS: usize = 10_000_000;

/// Fills the template in with the values of an object.
pub(super) fn render(template: &Template, values: &Value) -> Result<String, Failure> {
    let root = Datum::from(&plain(values)?);
    let mut renderer =
        Renderer { out: String::new(), variables: vec![(String::new(), root.clone())], left: STEPS };
    renderer.nodes(&template.nodes, &root)?;
    Ok(renderer.out)
}

pub(super) fn wrong(reason: impl std::fmt::Display) -> Failure {
    Failure::unsuitable(format!("template: executing \"template\": {reason}"))
}

/// OPA hands the values over as text that has to be JSON, which sets and keys that are no strings are not.
fn plain(value: &Value) -> Result<Value, Failure> {
    match value {
        Value::Set(_) => Err(Failure::unsuitable("a set is no JSON")),
        Value::Array(elements) => {
            for element in elements.iter() {
                plain(element)?;
            }
            Ok(value.clone())
        }
        Value::Object(object) => {
            for (key, member) in object.iter() {
                if !matches!(key, Value::String(_)) {
                    return Err(Failure::unsuitable("a key that is no string is no JSON"));
                }
                plain(member)?;
            }
            Ok(value.clone())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Undefined => {
            Ok(value.clone())
        }
    }
}

/// How a list of nodes came to its end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    On,
    Break,
    Continue,
}

struct Renderer {
    out: String,
    variables: Vec<(String, Datum)>,
    left: usize,
}

impl Renderer {
    fn step(&mut self) -> Result<(), Failure> {
        if self.left == 0 {
            return Err(Failure::TooLarge(format!("the template takes more than {STEPS} steps")));
        }
        self.left -= 1;
        check_length(&self.out)?;
        Ok(())
    }

    fn nodes(&mut self, nodes: &[Node], dot: &Datum) -> Result<Flow, Failure> {
        for node in nodes {
            self.step()?;
            let flow = match node {
                Node::Text(text) => {
                    self.out.push_str(text);
                    Flow::On
                }
                Node::Print(pipeline) => {
                    let value = self.pipeline(pipeline, dot)?;
                    if pipeline.variables.is_empty() {
                        self.out.push_str(&value.printed());
                    }
                    Flow::On
                }
                Node::If(branch) => self.branch(branch, dot, |_, dot| dot.clone())?,
                Node::With(branch) => self.branch(branch, dot, |value, _| value.clone())?,
                Node::Range(branch) => self.range(branch, dot)?,
                Node::Break => Flow::Break,
                Node::Continue => Flow::Continue,
            };
            if flow != Flow::On {
                return Ok(flow);
            }
        }
        Ok(Flow::On)
    }

    fn branch(
        &mut self,
        branch: &Branch,
        dot: &Datum,
        inner: fn(&Datum, &Datum) -> Datum,
    ) -> Result<Flow, Failure> {
        let known = self.variables.len();
        let value = self.pipeline(&branch.pipeline, dot)?;
        let flow = if value.is_true() {
            self.nodes(&branch.then, &inner(&value, dot))?
        } else {
            self.nodes(&branch.otherwise, dot)?
        };
        self.variables.truncate(known);
        Ok(flow)
    }

    fn range(&mut self, branch: &Branch, dot: &Datum) -> Result<Flow, Failure> {
        let known = self.variables.len();
        let value = self.commands(&branch.pipeline, dot)?;
        let flow = self.rounds(branch, &value, dot)?;
        self.variables.truncate(known);
        Ok(flow)
    }

    fn rounds(&mut self, branch: &Branch, value: &Datum, dot: &Datum) -> Result<Flow, Failure> {
        let mut any = false;
        match value {
            Datum::Integer(count) => {
                for number in 0..*count {
                    any = true;
                    if self.round(branch, Datum::Integer(number), Datum::Integer(number))? {
                        break;
                    }
                }
            }
            Datum::Document(Value::Array(elements)) => {
                for (position, element) in elements.iter().enumerate() {
                    any = true;
                    let position = i64::try_from(position).unwrap_or(i64::MAX);
                    if self.round(branch, Datum::Integer(position), Datum::from(element))? {
                        break;
                    }
                }
            }
            Datum::Document(Value::Object(members)) => {
                for (key, member) in members.iter_sorted() {
                    any = true;
                    if self.round(branch, Datum::from(key), Datum::from(member))? {
                        break;
                    }
                }
            }
            nothing if nothing.is_nothing() => {}
            other => return Err(wrong(format!("range can't iterate over {}", other.written()))),
        }
        if any { Ok(Flow::On) } else { self.nodes(&branch.otherwise, dot) }
    }

    /// One round of a range; says whether it is the last.
    fn round(&mut self, branch: &Branch, key: Datum, element: Datum) -> Result<bool, Failure> {
        self.step()?;
        let known = self.variables.len();
        let pipeline = &branch.pipeline;
        match pipeline.variables.as_slice() {
            [] => {}
            // With one variable, a range over a number yields the number, which is the element as well.
            [name] => self.assign(name, element.clone(), pipeline.declares),
            [first, second, ..] => {
                self.assign(first, key, pipeline.declares);
                self.assign(second, element.clone(), pipeline.declares);
            }
        }
        let flow = self.nodes(&branch.then, &element)?;
        self.variables.truncate(known);
        Ok(flow == Flow::Break)
    }

    fn assign(&mut self, name: &str, value: Datum, declares: bool) {
        if declares {
            self.variables.push((name.to_owned(), value));
        } else if let Some((_, variable)) = self.variables.iter_mut().rev().find(|(known, _)| known == name) {
            *variable = value;
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline, dot: &Datum) -> Result<Datum, Failure> {
        let value = self.commands(pipeline, dot)?;
        for name in &pipeline.variables {
            self.assign(name, value.clone(), pipeline.declares);
        }
        Ok(value)
    }

    fn commands(&mut self, pipeline: &Pipeline, dot: &Datum) -> Result<Datum, Failure> {
        let mut value = None;
        for command in &pipeline.commands {
            value = Some(self.command(command, value, dot)?);
        }
        Ok(value.unwrap_or(Datum::Missing))
    }

    /// The value of a command; what the one before it gave is its last argument.
    fn command(&mut self, command: &[Term], last: Option<Datum>, dot: &Datum) -> Result<Datum, Failure> {
        self.step()?;
        let Some((first, arguments)) = command.split_first() else { return Ok(Datum::Missing) };
        match first {
            Term::Function(function) => self.call(*function, arguments, last, dot),
            Term::Value(Base::Nil, _) => Err(wrong("nil is not a command")),
            Term::Value(base, fields) => {
                if !arguments.is_empty() || last.is_some() {
                    return Err(wrong("can't give argument to non-function"));
                }
                self.term(base, fields, dot)
            }
        }
    }

    fn call(
        &mut self,
        function: Function,
        arguments: &[Term],
        last: Option<Datum>,
        dot: &Datum,
    ) -> Result<Datum, Failure> {
        let mut values = Vec::new();
        for (index, argument) in arguments.iter().enumerate() {
            let value = match argument {
                Term::Function(function) => self.call(*function, &[], None, dot)?,
                Term::Value(base, fields) => self.term(base, fields, dot)?,
            };
            // `and` and `or` do not look at what can make no difference.
            let is_last = last.is_none() && index + 1 == arguments.len();
            if !is_last && function.is_settled_by(&value) {
                return Ok(value);
            }
            values.push(value);
        }
        values.extend(last);
        function.call(&values)
    }

    fn term(&mut self, base: &Base, fields: &[String], dot: &Datum) -> Result<Datum, Failure> {
        let mut value = match base {
            Base::Dot => dot.clone(),
            Base::Variable(name) => {
                let variable = self.variables.iter().rev().find(|(known, _)| known == name);
                variable.map_or(Datum::Missing, |(_, value)| value.clone())
            }
            Base::Literal(literal) => literal.clone(),
            Base::Nil => Datum::Document(Value::Null),
            Base::Group(pipeline) => self.pipeline(pipeline, dot)?,
        };
        for field in fields {
            value = match &value {
                Datum::Document(Value::Object(members)) => {
                    members.get(&Value::from(field.as_str())).map_or(Datum::Missing, Datum::from)
                }
                Datum::Missing => Datum::Missing,
                nothing if nothing.is_nothing() => {
                    return Err(wrong(format!("nil pointer evaluating interface {{}}.{field}")));
                }
                _ => return Err(wrong(format!("can't evaluate field {field} in type interface {{}}"))),
            };
        }
        Ok(value)
    }
}
