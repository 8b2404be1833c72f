//! `rego.metadata.rule()` and `rego.metadata.chain()`: what the `# METADATA` of a rule says.
//!
//! A function does not learn from where it is called, so the calls are replaced before the engine sees them: by the
//! name of a rule that is added at the end of the policy and holds the answer. The name is as long as the call, so
//! that everything stays where it was. It is made from the answer, so that two files of one package can have the
//! same call.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::ops::Range;

use planguard_rego_syntax::token::{self, TokenKind};
use planguard_rego_syntax::{annotation, parse};
use regorus::Value;
use sha2::{Digest, Sha256};

use crate::yaml;

/// How the names of the added rules start. The rest is taken from a digest of the answer.
const PREFIX: &str = "__rego_m_";

/// What the files of a policy set say of packages and documents, which other files hold as well.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shared {
    /// Of packages and those below them, by path.
    packages: Vec<(Vec<String>, Value)>,
    /// Of all rules of a name, by path.
    documents: Vec<(Vec<String>, Value)>,
}

impl Shared {
    /// Reads the blocks of files, if one of them asks for more than its own.
    pub(crate) fn of<'t>(texts: impl Iterator<Item = &'t str> + Clone) -> Option<Self> {
        if !texts.clone().any(|text| text.contains("rego.metadata.chain")) {
            return None;
        }
        let mut shared = Self::default();
        for policy in texts.filter(|text| text.contains("METADATA")).filter_map(Policy::read) {
            shared.add(&policy);
        }
        Some(shared)
    }

    fn add(&mut self, policy: &Policy) {
        for (index, statement) in policy.statements.iter().enumerate() {
            let path = || policy.package.iter().chain(&statement.name).cloned().collect::<Vec<String>>();
            self.documents.extend(policy.scoped(index, "document").map(|block| (path(), block.clone())));
            if statement.name.is_empty() {
                let blocks = policy.scoped(index, "package").chain(policy.scoped(index, "subpackages"));
                self.packages.extend(blocks.map(|block| (path(), block.clone())));
            }
        }
    }

    /// What is said of a package, and of those above it with all below them, the nearest first.
    fn of_package(&self, package: &[String]) -> Vec<(&[String], &Value)> {
        let counts = |path: &[String], block: &Value| {
            path == package || package.starts_with(path) && block["scope"] == Value::from("subpackages")
        };
        let said = self.packages.iter().filter(|(path, block)| counts(path, block));
        let mut said: Vec<(&[String], &Value)> = said.map(|(path, block)| (path.as_slice(), block)).collect();
        said.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
        said
    }
}

/// The policy without calls of the two functions. `shared` is what all files say, if that is known.
pub(crate) fn fill<'t>(text: &'t str, shared: Option<&Shared>) -> Cow<'t, str> {
    if !text.contains("rego.metadata.") {
        return Cow::Borrowed(text);
    }
    let Some(policy) = Policy::read(text) else { return Cow::Borrowed(text) };
    let own = || {
        let mut own = Shared::default();
        own.add(&policy);
        own
    };
    let shared = shared.map_or_else(|| Cow::Owned(own()), Cow::Borrowed);
    let mut filled = text.to_owned();
    let mut rules = BTreeMap::new();
    for call in &policy.calls {
        let answer = policy.answer(call, &shared);
        let digest: String = Sha256::digest(&answer).iter().map(|byte| format!("{byte:02x}")).collect();
        let mut name = format!("{PREFIX}{digest}");
        name.truncate("rego.metadata.rule()".len());
        // A call may be longer, and may be spread over lines, which must stay.
        let rest = text[call.range.clone()].char_indices().skip(name.len());
        let padding: String = rest.map(|(_, c)| if c == '\n' { '\n' } else { ' ' }).collect();
        filled.replace_range(call.range.clone(), &format!("{name}{padding}"));
        rules.insert(name, answer);
    }
    for (name, answer) in rules {
        let literal = serde_json::Value::from(answer);
        // Writing to a string cannot fail.
        let _ = write!(filled, "\n{name} := json.unmarshal({literal})\n");
    }
    Cow::Owned(filled)
}

/// Which function is called.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Function {
    Rule,
    Chain,
}

struct Call {
    function: Function,
    range: Range<usize>,
    /// The statement that it is in.
    statement: usize,
}

/// A rule, or the package.
struct Statement {
    line: u32,
    /// The path of the rule below its package; empty for the package itself.
    name: Vec<String>,
}

struct Policy {
    package: Vec<String>,
    statements: Vec<Statement>,
    calls: Vec<Call>,
    /// The blocks that stand above each statement.
    blocks: Vec<Vec<Value>>,
}

struct Token {
    text: String,
    is_word: bool,
    range: Range<usize>,
    line: u32,
    /// Whether it is the first of its line and not indented.
    starts_line: bool,
}

impl Policy {
    /// Nothing comes back for what cannot be split into tokens; the engine's parser will say why.
    fn read(text: &str) -> Option<Self> {
        let mut comments = Vec::new();
        let tokens = tokens(text, &mut comments)?;
        let mut policy =
            Self { package: Vec::new(), statements: Vec::new(), calls: Vec::new(), blocks: Vec::new() };
        // A name at the start of a line may belong to the head before it.
        let starts: Option<BTreeSet<usize>> = parse::parse(text).ok().map(|module| {
            let rules = module.rules.iter().map(|rule| rule.start);
            rules.chain([module.package_span.start]).collect()
        });
        let mut depth = 0usize;
        for (index, token) in tokens.iter().enumerate() {
            match token.text.as_str() {
                "(" | "[" | "{" if !token.is_word => depth += 1,
                ")" | "]" | "}" if !token.is_word => depth = depth.saturating_sub(1),
                _ if depth == 0
                    && token.is_word
                    && token.starts_line
                    && starts.as_ref().is_none_or(|starts| starts.contains(&token.range.start)) =>
                {
                    policy.statement(&tokens[index..]);
                }
                _ => policy.call(&tokens[index..]),
            }
        }
        policy.blocks = blocks(text, &comments, &policy.statements);
        Some(policy)
    }

    fn statement(&mut self, tokens: &[Token]) {
        let name = |tokens: &[Token]| -> Vec<String> {
            let words = tokens.iter().enumerate().take_while(|(index, token)| match index % 2 {
                0 => token.is_word,
                _ => token.text == ".",
            });
            words.step_by(2).map(|(_, token)| token.text.clone()).collect()
        };
        let Some(first) = tokens.first() else { return };
        let name = match first.text.as_str() {
            "import" | "else" => return,
            "package" => {
                self.package = name(&tokens[1..]);
                Vec::new()
            }
            "default" => name(&tokens[1..]),
            _ => name(tokens),
        };
        self.statements.push(Statement { line: first.line, name });
    }

    fn call(&mut self, tokens: &[Token]) {
        let texts: Vec<&str> = tokens.iter().take(7).map(|token| token.text.as_str()).collect();
        let function = match texts.as_slice() {
            ["rego", ".", "metadata", ".", "rule", "(", ")"] => Function::Rule,
            ["rego", ".", "metadata", ".", "chain", "(", ")"] => Function::Chain,
            _ => return,
        };
        if let Some(statement) = self.statements.len().checked_sub(1) {
            let range = tokens[0].range.start..tokens[6].range.end;
            self.calls.push(Call { function, range, statement });
        }
    }

    /// The answer to a call, as JSON.
    fn answer(&self, call: &Call, shared: &Shared) -> String {
        let of_rule = self.scoped(call.statement, "rule").next();
        let answer = match call.function {
            Function::Rule => of_rule.cloned().unwrap_or_else(Value::new_object),
            Function::Chain => self.chain(call.statement, of_rule, shared),
        };
        serde_json::to_string(&answer).unwrap_or_default()
    }

    /// The rule, then whatever says something of its document and its package.
    fn chain(&self, statement: usize, of_rule: Option<&Value>, shared: &Shared) -> Value {
        let name = &self.statements[statement].name;
        let path: Vec<String> = self.package.iter().chain(name).cloned().collect();
        let link = |path: &[String], annotations: Option<&Value>| {
            let parts: Vec<Value> = path.iter().map(|part| part.as_str().into()).collect();
            let path = (Value::from("path"), Value::from(parts));
            let annotations = annotations.map(|value| (Value::from("annotations"), value.clone()));
            Value::from(annotations.into_iter().chain([path]).collect::<BTreeMap<_, _>>())
        };
        let mut chain = vec![link(&path, of_rule)];
        let documents = shared.documents.iter().filter(|(other, _)| *other == path);
        chain.extend(documents.map(|(path, annotations)| link(path, Some(annotations))));
        let of_package = shared.of_package(&self.package).into_iter();
        chain.extend(of_package.map(|(path, annotations)| link(path, Some(annotations))));
        chain.into()
    }

    /// The blocks above a statement that have a scope.
    fn scoped<'a>(&'a self, statement: usize, scope: &'a str) -> impl Iterator<Item = &'a Value> {
        let blocks = self.blocks.get(statement).into_iter().flatten();
        blocks.filter(move |block| block["scope"] == Value::from(scope))
    }
}

fn tokens(text: &str, comments: &mut Vec<Range<usize>>) -> Option<Vec<Token>> {
    let (mut line, mut start_of_line) = (1, 0);
    let mut counted = 0;
    let read = token::read_within(text, 0..text.len(), comments).ok()?;
    let of = |token: token::Token| {
        let before = text.get(counted..token.span.start).unwrap_or("");
        for (at, _) in before.match_indices('\n') {
            line += 1;
            start_of_line = counted + at + 1;
        }
        counted = token.span.start;
        Token {
            text: match token.kind {
                TokenKind::Word | TokenKind::Symbol(_) => text[token.span.clone()].to_owned(),
                TokenKind::Number | TokenKind::Text | TokenKind::RawText | TokenKind::Template => {
                    String::new()
                }
            },
            is_word: token.kind == TokenKind::Word,
            starts_line: token.span.start == start_of_line,
            range: token.span,
            line,
        }
    };
    Some(read.into_iter().map(of).collect())
}

/// Reads the blocks of comments that start with `# METADATA`, and finds the statement below each.
fn blocks(text: &str, comments: &[Range<usize>], statements: &[Statement]) -> Vec<Vec<Value>> {
    let mut found: Vec<Vec<Value>> = statements.iter().map(|_| Vec::new()).collect();
    for block in annotation::blocks(text, comments) {
        let Some(index) = statements.iter().position(|statement| statement.line == block.described) else {
            continue;
        };
        let default = if statements[index].name.is_empty() { "package" } else { "rule" };
        found[index].extend(annotations(&block.yaml, default));
    }
    found
}

/// A block as OPA gives it to policies. One that cannot be read is reported elsewhere.
fn annotations(block: &str, default_scope: &str) -> Option<Value> {
    let block = yaml::parse(block, yaml::Booleans::TrueAndFalse).ok()?;
    let mut kept = BTreeMap::from([(Value::from("scope"), Value::from(default_scope))]);
    for name in ["scope", "title", "description", "organizations", "custom"] {
        let value = &block[name];
        if *value != Value::Undefined && *value != Value::Null {
            kept.insert(name.into(), value.clone());
        }
    }
    if block["entrypoint"] == Value::from(true) {
        kept.insert("entrypoint".into(), true.into());
    }
    for (name, read) in [("authors", author as fn(&Value) -> Value), ("related_resources", resource)] {
        if let Value::Array(elements) = &block[name] {
            kept.insert(name.into(), elements.iter().map(read).collect::<Vec<_>>().into());
        }
    }
    if let Value::Array(elements) = &block["schemas"] {
        kept.insert("schemas".into(), elements.iter().flat_map(schemas).collect::<Vec<_>>().into());
    }
    Some(kept.into())
}

fn object(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    entries.into_iter().map(|(name, value)| (Value::from(name), value)).collect::<BTreeMap<_, _>>().into()
}

/// `Jo Doe <jo@example.com>`
fn author(value: &Value) -> Value {
    let Value::String(text) = value else { return value.clone() };
    match text.trim().strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
        Some((name, email)) if name.trim().is_empty() => object([("email", email.into())]),
        Some((name, email)) => object([("email", email.into()), ("name", name.trim().into())]),
        None => object([("name", text.trim().into())]),
    }
}

fn resource(value: &Value) -> Value {
    match value {
        Value::String(_) => object([("ref", value.clone())]),
        _ => value.clone(),
    }
}

/// `input: schema.x`, or a schema itself in the place of its path.
fn schemas(value: &Value) -> Vec<Value> {
    let path = |text: &str| Value::from(text.split('.').map(Value::from).collect::<Vec<_>>());
    let Value::Object(pairs) = value else { return Vec::new() };
    let schema = |(key, schema): (&Value, &Value)| {
        let key = path(key.as_string().ok()?);
        Some(match schema {
            Value::String(schema) => object([("path", key), ("schema", path(schema))]),
            schema => object([("path", key), ("definition", schema.clone())]),
        })
    };
    pairs.iter_sorted().filter_map(schema).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = "\
# METADATA
# title: pkg
# description: d
# custom:
#   owner: x
package a.b

# METADATA
# title: T
# description: |
#   long
#   text
# authors:
# - Jo Doe <jo@example.com>
# - name: A
# organizations:
# - Org
# related_resources:
# - https://example.com
# - ref: https://example.org
#   description: hi
# entrypoint: false
# schemas:
# - input: schema.x
# custom:
#   severity: HIGH
#   n: 1.5
#   yes: on
x := rego.metadata.rule()

y := rego.metadata.rule()

# METADATA
# scope: document
# title: doc
z contains rego.metadata.rule() if true

c := rego.metadata.chain()

# METADATA
# title: chained
# custom: {a: [1, {b: null}]}
d contains rego.metadata.chain()

# METADATA
# scope: document
# title: doc2

# METADATA
# title: rule2
e := {
\t\"r\": rego.metadata.rule().title,
\t\"c\": rego . metadata . chain ( ),
}
";

    fn evaluate(rule: &str) -> serde_json::Value {
        let mut engine = crate::dialect::new_engine();
        for name in ["one.rego", "two.rego"] {
            let text = if name == "one.rego" { POLICY.to_owned() } else { format!("{POLICY}\n\n# Again\n") };
            engine.add_policy(name.to_owned(), fill(&text, None).into_owned()).unwrap();
        }
        serde_json::to_value(engine.eval_rule(format!("data.a.b.{rule}")).unwrap()).unwrap()
    }

    /// The expected values are what OPA 1.20.2 answers.
    #[test]
    fn calls_answer_as_opa_does() {
        let package = r#"{"annotations": {"custom": {"owner": "x"}, "description": "d", "scope": "package",
            "title": "pkg"}, "path": ["a", "b"]}"#;
        let chained = format!(
            r#"[[{{"annotations": {{"custom": {{"a": [1, {{"b": null}}]}}, "scope": "rule", "title": "chained"}},
            "path": ["a", "b", "d"]}}, {package}]]"#
        );
        let two = format!(
            r#"{{"r": "rule2", "c": [{{"annotations": {{"scope": "rule", "title": "rule2"}}, "path": ["a", "b", "e"]}},
            {{"annotations": {{"scope": "document", "title": "doc2"}}, "path": ["a", "b", "e"]}}, {package}]}}"#
        );
        let full = r#"{"authors": [{"email": "jo@example.com", "name": "Jo Doe"}, {"name": "A"}], "custom": {"n": 1.5,
            "severity": "HIGH", "yes": "on"}, "description": "long\ntext\n", "organizations": ["Org"],
            "related_resources": [{"ref": "https://example.com"}, {"description": "hi", "ref": "https://example.org"}],
            "schemas": [{"path": ["input"], "schema": ["schema", "x"]}], "scope": "rule", "title": "T"}"#;
        for (rule, expected) in [
            ("x", full),
            ("y", "{}"),
            ("z", "[{}]"),
            ("c", &format!(r#"[{{"path": ["a", "b", "c"]}}, {package}]"#)),
            ("d", &chained),
            ("e", &two),
        ] {
            assert_eq!(
                evaluate(rule),
                serde_json::from_str::<serde_json::Value>(expected).unwrap(),
                "{rule}"
            );
        }
    }

    #[test]
    fn everything_stays_where_it_was() {
        let filled = fill(POLICY, None);
        assert_eq!(filled.find("c\": "), POLICY.find("c\": "));
        assert_eq!(filled.find(".title"), POLICY.find(".title"));
        let kept = filled.lines().zip(POLICY.lines()).filter(|(filled, text)| filled == text).count();
        assert_eq!(kept + 7, POLICY.lines().count());
        assert!(matches!(fill("package a\nx := \"rego\"", None), Cow::Borrowed(_)));
    }
}
