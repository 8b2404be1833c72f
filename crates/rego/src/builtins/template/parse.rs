//! Reads a template.

use super::functions::Function;
use super::lex::{self, Joined, Piece, Token};
use super::value::Datum;
use crate::builtins::Failure;

/// How deeply blocks and brackets may nest.
const NESTING: usize = 100;

pub(super) struct Template {
    pub nodes: Vec<Node>,
}

pub(super) enum Node {
    Text(String),
    /// The value is written, unless it is assigned to variables.
    Print(Pipeline),
    If(Branch),
    With(Branch),
    Range(Branch),
    Break,
    Continue,
}

pub(super) struct Branch {
    pub pipeline: Pipeline,
    pub then: Vec<Node>,
    pub otherwise: Vec<Node>,
}

pub(super) struct Pipeline {
    pub variables: Vec<String>,
    /// Whether the variables are new.
    pub declares: bool,
    pub commands: Vec<Vec<Term>>,
}

/// One part of a command.
pub(super) enum Term {
    Value(Base, Vec<String>),
    Function(Function),
}

/// What fields are taken of.
pub(super) enum Base {
    Dot,
    Variable(String),
    Literal(Datum),
    Nil,
    Group(Box<Pipeline>),
}

/// Reads a template.
pub(super) fn parse(text: &str) -> Result<Template, Failure> {
    let pieces = lex::split(text)?;
    let mut parser =
        Parser { pieces: pieces.into_iter(), variables: vec![String::new()], ranges: 0, depth: 0 };
    let (nodes, end) = parser.block()?;
    match end {
        End::Text => Ok(Template { nodes }),
        End::Closed => Err(wrong("unexpected {{end}}")),
        End::Else(_) => Err(wrong("unexpected {{else}}")),
    }
}

fn wrong(reason: impl std::fmt::Display) -> Failure {
    Failure::unsuitable(format!("template: template: {reason}"))
}

fn too_deep() -> Failure {
    Failure::TooLarge(format!("the template is nested more than {NESTING} levels deep"))
}

/// How a list of nodes ends.
enum End {
    Text,
    Closed,
    /// With what follows the word.
    Else(Vec<Token>),
}

struct Parser {
    pieces: std::vec::IntoIter<Piece>,
    /// The variables that are known.
    variables: Vec<String>,
    /// How many ranges are open.
    ranges: usize,
    depth: usize,
}

impl Parser {
    fn block(&mut self) -> Result<(Vec<Node>, End), Failure> {
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.next() {
            let tokens = match piece {
                Piece::Text(text) => {
                    nodes.push(Node::Text(text));
                    continue;
                }
                Piece::Action(tokens) => tokens,
            };
            let word = match tokens.first() {
                Some(Token::Word(word)) => word.as_str(),
                _ => "",
            };
            let rest = tokens.get(1..).unwrap_or_default();
            match word {
                "end" if rest.is_empty() => return Ok((nodes, End::Closed)),
                "end" => return Err(wrong("unexpected token in end")),
                "else" => return Ok((nodes, End::Else(rest.to_vec()))),
                "if" | "with" | "range" => nodes.push(self.branch(word, rest)?),
                "break" | "continue" if rest.is_empty() => {
                    if self.ranges == 0 {
                        return Err(wrong(format!("{{{{{word}}}}} outside {{{{range}}}}")));
                    }
                    nodes.push(if word == "break" { Node::Break } else { Node::Continue });
                }
                "define" | "template" | "block" => {
                    return Err(Failure::Unsupported(format!("`{word}` is not supported in templates")));
                }
                _ => nodes.push(Node::Print(self.pipeline(&tokens, false)?)),
            }
        }
        Ok((nodes, End::Text))
    }

    fn branch(&mut self, word: &str, tokens: &[Token]) -> Result<Node, Failure> {
        if self.depth >= NESTING {
            return Err(too_deep());
        }
        self.depth += 1;
        let known = self.variables.len();
        let is_range = word == "range";
        let pipeline = self.pipeline(tokens, is_range)?;
        self.ranges += usize::from(is_range);
        let (then, end) = self.block()?;
        self.ranges -= usize::from(is_range);
        let otherwise = match end {
            End::Text => return Err(wrong("unexpected EOF")),
            End::Closed => Vec::new(),
            End::Else(rest) => match rest.split_first() {
                None => match self.block()? {
                    (nodes, End::Closed) => nodes,
                    (_, End::Text) => return Err(wrong("unexpected EOF")),
                    (_, End::Else(_)) => return Err(wrong("expected end; found {{else}}")),
                },
                // The one end closes both.
                Some((Token::Word(inner), rest)) if inner == word && !is_range => {
                    vec![self.branch(word, rest)?]
                }
                Some(_) => return Err(wrong("unexpected token in else")),
            },
        };
        self.variables.truncate(known);
        self.depth -= 1;
        let branch = Branch { pipeline, then, otherwise };
        Ok(match word {
            "if" => Node::If(branch),
            "with" => Node::With(branch),
            _ => Node::Range(branch),
        })
    }

    fn pipeline(&mut self, tokens: &[Token], is_range: bool) -> Result<Pipeline, Failure> {
        let mut cursor = Cursor { tokens, at: 0 };
        let (variables, declares) = match tokens {
            [Token::Variable(name), assigns @ (Token::Declare | Token::Assign), ..] => {
                cursor.at = 2;
                (vec![name.clone()], *assigns == Token::Declare)
            }
            [
                Token::Variable(key),
                Token::Comma,
                Token::Variable(name),
                assigns @ (Token::Declare | Token::Assign),
                ..,
            ] if is_range => {
                cursor.at = 4;
                (vec![key.clone(), name.clone()], *assigns == Token::Declare)
            }
            _ => (Vec::new(), false),
        };
        let commands = self.commands(&mut cursor)?;
        if cursor.at < tokens.len() {
            return Err(wrong("unexpected right paren"));
        }
        for variable in &variables {
            if declares {
                self.variables.push(variable.clone());
            } else if !self.variables.contains(variable) {
                return Err(wrong(format!("undefined variable \"${variable}\"")));
            }
        }
        Ok(Pipeline { variables, declares, commands })
    }

    fn commands(&mut self, cursor: &mut Cursor<'_>) -> Result<Vec<Vec<Term>>, Failure> {
        let mut commands = Vec::new();
        loop {
            let command = self.command(cursor)?;
            if command.is_empty() {
                // Go lets a pipe lead nowhere.
                return if commands.is_empty() {
                    Err(wrong("missing value for command"))
                } else {
                    Ok(commands)
                };
            }
            if !commands.is_empty() && !matches!(command.first(), Some(Term::Function(_))) {
                return Err(wrong("non executable command in pipeline"));
            }
            commands.push(command);
            if cursor.peek() != Some(&Token::Pipe) {
                return Ok(commands);
            }
            cursor.at += 1;
        }
    }

    fn command(&mut self, cursor: &mut Cursor<'_>) -> Result<Vec<Term>, Failure> {
        let mut terms = Vec::new();
        while let Some(token) = cursor.peek() {
            let base = match token {
                Token::Pipe | Token::Close => break,
                Token::Word(word) => match word.as_str() {
                    "true" => Base::Literal(Datum::from(true)),
                    "false" => Base::Literal(Datum::from(false)),
                    "nil" => Base::Nil,
                    name => {
                        let function = Function::named(name)
                            .ok_or_else(|| wrong(format!("function {name:?} not defined")))?;
                        cursor.at += 1;
                        terms.push(Term::Function(function));
                        continue;
                    }
                },
                Token::Dot => Base::Dot,
                Token::Field(..) => {
                    let fields = cursor.fields(true);
                    terms.push(Term::Value(Base::Dot, fields));
                    continue;
                }
                Token::Variable(name) if self.variables.contains(name) => Base::Variable(name.clone()),
                Token::Variable(name) => return Err(wrong(format!("undefined variable \"${name}\""))),
                Token::Text(text) => Base::Literal(Datum::from(text.as_str())),
                Token::Integer(integer) => Base::Literal(Datum::Integer(*integer)),
                Token::Float(float) => Base::Literal(Datum::Float(*float)),
                Token::Open => {
                    if self.depth >= NESTING {
                        return Err(too_deep());
                    }
                    self.depth += 1;
                    cursor.at += 1;
                    let commands = self.commands(cursor)?;
                    if cursor.peek() != Some(&Token::Close) {
                        return Err(wrong("unclosed left paren"));
                    }
                    self.depth -= 1;
                    Base::Group(Box::new(Pipeline { variables: Vec::new(), declares: false, commands }))
                }
                Token::Comma | Token::Declare | Token::Assign => {
                    return Err(wrong("unexpected token in operand"));
                }
            };
            cursor.at += 1;
            let fields = cursor.fields(false);
            if !fields.is_empty() && matches!(base, Base::Literal(_) | Base::Nil) {
                return Err(wrong("unexpected . after term"));
            }
            terms.push(Term::Value(base, fields));
        }
        Ok(terms)
    }
}

struct Cursor<'t> {
    tokens: &'t [Token],
    at: usize,
}

impl<'t> Cursor<'t> {
    fn peek(&self) -> Option<&'t Token> {
        self.tokens.get(self.at)
    }

    /// The fields that follow without a space; the first one may have a space before it if `starts`.
    fn fields(&mut self, starts: bool) -> Vec<String> {
        let mut fields = Vec::new();
        while let Some(Token::Field(name, joined)) = self.peek() {
            if *joined == Joined::No && !(starts && fields.is_empty()) {
                break;
            }
            fields.push(name.clone());
            self.at += 1;
        }
        fields
    }
}
