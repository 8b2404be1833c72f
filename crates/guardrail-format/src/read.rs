//! From the text of a guardrail file to guardrails, with every mistake named by line and rule.

use std::borrow::Cow;

use planguard_rule::{Also, RuleInfo, Text};

use super::case::Case;
use super::cause::{IfUnset, without_ports};
use super::parameter::Parameter;
use super::predicate::Truth;
use super::raw::{RawFile, RawGuardrail, RawIfUnset, RawParameter, RawPredicate, RawSide, RawUnknown};
use super::schema::Contradiction;
use super::types;
use super::{Guardrail, Once, Predicate, Scope, Test};

mod leaf;

/// A guardrail file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {problem}")]
pub struct DefinitionError {
    /// The file as it was named.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: DefinitionProblem,
}

/// What is wrong in a guardrail file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DefinitionProblem {
    /// Not TOML, or a key that guardrails do not have.
    #[error("{0}")]
    Syntax(String),
    /// A guardrail that does not say what it must.
    #[error("guardrail `{id}`: {problem}")]
    Guardrail {
        /// The id as written.
        id: String,
        /// What is wrong.
        problem: String,
    },
}

/// A guardrail as a file defines it.
#[derive(Clone, Debug)]
pub struct Definition {
    /// The guardrail.
    pub guardrail: Guardrail,
    /// Its cases.
    pub cases: Vec<Case>,
    /// How its cases contradict the schemas, with the line on which the case starts.
    pub case_contradictions: Vec<(usize, Contradiction)>,
    /// The line on which it starts, counted from 1.
    pub line: usize,
}

/// Reads a guardrail file: its guardrails in order, each with its place.
///
/// # Errors
/// The first mistake in the file.
pub fn read_definitions(file: &str, text: &str) -> Result<Vec<Definition>, DefinitionError> {
    let line = |offset: usize| {
        1 + text.as_bytes()[..offset.min(text.len())].iter().filter(|byte| **byte == b'\n').count()
    };
    let error =
        |offset: usize, problem| DefinitionError { file: file.to_owned(), line: line(offset), problem };
    let raw: RawFile = toml::from_str(text).map_err(|source| {
        let offset = source.span().map_or(0, |span| span.start);
        error(offset, DefinitionProblem::Syntax(source.message().to_owned()))
    })?;
    let mut guardrails = Vec::with_capacity(raw.guardrail.len());
    for spanned in raw.guardrail {
        let offset = spanned.span().start;
        let raw = spanned.into_inner();
        let id = raw.id.clone();
        let definition = definition(raw, line(offset), &line);
        let unfit = |problem| error(offset, DefinitionProblem::Guardrail { id, problem });
        guardrails.push(definition.map_err(unfit)?);
    }
    Ok(guardrails)
}

/// `line_of` returns the line of an offset in the file.
fn definition(
    raw: RawGuardrail,
    line: usize,
    line_of: &dyn Fn(usize) -> usize,
) -> Result<Definition, String> {
    if !is_kebab_case(&raw.id) {
        return Err("an id is written in kebab case: lower-case words joined by `-`".to_owned());
    }
    if raw.resources.is_empty() {
        return Err("`resources` names no type".to_owned());
    }
    for text in [&raw.title, &raw.message, &raw.why, &raw.remediation] {
        if text.trim().is_empty() {
            return Err("`title`, `message`, `why` and `remediation` must say something".to_owned());
        }
    }
    check_placeholders(&raw.message, raw.once)?;
    if let Some(cause) = raw.cause.as_ref().filter(|cause| !is_kebab_case(cause)) {
        return Err(format!("`cause` is written in kebab case, not `{cause}`"));
    }
    let if_unset = raw.if_unset.map(if_unset).transpose()?;
    let parameters = raw.params.into_iter().map(parameter).collect::<Result<Vec<_>, _>>()?;
    let test_defaults = Defaults { unset: raw.unset, unknown: raw.unknown };
    let test = match (raw.fail, raw.require) {
        (Some(fail), None) => {
            Test::Fail(predicate(fail, Context::new(Polarity::HoldsWhenWrong, test_defaults, &parameters))?)
        }
        (None, Some(require)) => Test::Require(predicate(
            require,
            Context::new(Polarity::HoldsWhenRight, test_defaults, &parameters),
        )?),
        (None, None) | (Some(_), Some(_)) => return Err("write either `fail` or `require`".to_owned()),
    };
    let when_context = Context::new(Polarity::HoldsWhenWrong, Defaults::default(), &parameters);
    let guardrail = Guardrail {
        info: RuleInfo {
            id: Cow::Owned(raw.id),
            title: Cow::Owned(raw.title),
            severity: raw.severity.parse().map_err(|error| format!("{error}"))?,
            category: raw.category.parse().map_err(|error| format!("{error}"))?,
            pack: Cow::Owned(raw.pack),
            why: Cow::Owned(raw.why.trim().to_owned()),
            remediation: Cow::Owned(raw.remediation.trim().to_owned()),
            aliases: texts(raw.aliases),
            also: Also {
                checkov: texts(raw.also.checkov),
                trivy: texts(raw.also.trivy),
                kics: texts(raw.also.kics),
                terrascan: texts(raw.also.terrascan),
                cis: texts(raw.also.cis),
            },
        },
        resources: raw.resources,
        message: raw.message,
        cause: raw.cause,
        if_unset,
        when: raw.when.map(|when| predicate(when, when_context)).transpose()?,
        test,
        parameters: Vec::new(),
        scope: Scope::State,
        once: raw.once,
    };
    let mut used = Vec::new();
    guardrail.predicates().for_each(|predicate| predicate.parameters(&mut used));
    if let Some(unused) = parameters.iter().find(|parameter| !used.contains(&parameter.name.as_str())) {
        return Err(format!("no test uses the parameter `{}`", unused.name));
    }
    let scope = match guardrail.predicates().any(Predicate::is_about_change) {
        true => Scope::Change,
        false => Scope::State,
    };
    let resources = types::expand(&guardrail)?;
    let first_type = resources.first().cloned().unwrap_or_default();
    let guardrail = Guardrail { parameters, scope, resources, ..guardrail };
    let (mut cases, mut case_contradictions) = (Vec::with_capacity(raw.cases.len()), Vec::new());
    for case in raw.cases {
        let line = line_of(case.span().start);
        let (case, contradictions) = Case::complete(case.into_inner(), &first_type, line)?;
        case_contradictions.extend(contradictions.into_iter().map(|contradiction| (line, contradiction)));
        cases.push(case);
    }
    Ok(Definition { guardrail, cases, case_contradictions, line })
}

fn if_unset(raw: RawIfUnset) -> Result<IfUnset, String> {
    if raw.decided_by.trim().is_empty() {
        return Err("`decided_by` must say something".to_owned());
    }
    let severity = raw.severity.parse().map_err(|error| format!("`if_unset`: {error}"))?;
    Ok(IfUnset { severity, decided_by: raw.decided_by })
}

fn parameter((name, raw): (String, RawParameter)) -> Result<Parameter, String> {
    let wrong = |problem: String| format!("parameter `{name}`: {problem}");
    if !is_kebab_case(&name) {
        return Err(wrong("a name is written in kebab case: lower-case words joined by `-`".to_owned()));
    }
    if raw.about.trim().is_empty() {
        return Err(wrong("`about` must say something".to_owned()));
    }
    if let Some(message) = &raw.message {
        check_placeholders(&message.replace("{value}", ""), None).map_err(&wrong)?;
    }
    let default = raw.kind.read(&raw.default).map_err(|problem| wrong(format!("`default`: {problem}")))?;
    let about = raw.about.trim().to_owned();
    Ok(Parameter { about, default, weaker: raw.weaker, message: raw.message, name })
}

fn texts(texts: Vec<String>) -> Cow<'static, [Text]> {
    Cow::Owned(texts.into_iter().map(Cow::Owned).collect())
}

fn is_kebab_case(id: &str) -> bool {
    id.split('-').all(|word| {
        !word.is_empty()
            && word.chars().all(|character| character.is_ascii_lowercase() || character.is_ascii_digit())
    })
}

/// What is said once of a plan or a module need not name a resource.
fn check_placeholders(message: &str, once: Option<Once>) -> Result<(), String> {
    let message = without_ports(message);
    let rest = message.replace("{address}", "");
    if rest.contains(['{', '}']) {
        return Err("`message` knows two placeholders: {address} and {ports: WORDS}".to_owned());
    }
    if rest.len() == message.len() && once.is_none() {
        return Err("`message` must name the resource: {address}".to_owned());
    }
    Ok(())
}

/// Whether a predicate that holds means something wrong or something right. It decides what `unset =
/// "fails"` answers, and turns over inside `not`.
#[derive(Clone, Copy)]
enum Polarity {
    HoldsWhenWrong,
    HoldsWhenRight,
}

#[derive(Clone, Copy, Default)]
struct Defaults {
    unset: Option<RawSide>,
    unknown: Option<RawUnknown>,
}

#[derive(Clone, Copy)]
struct Context<'p> {
    polarity: Polarity,
    defaults: Defaults,
    parameters: &'p [Parameter],
}

impl<'p> Context<'p> {
    const fn new(polarity: Polarity, defaults: Defaults, parameters: &'p [Parameter]) -> Self {
        Self { polarity, defaults, parameters }
    }

    const fn negated(self) -> Self {
        let polarity = match self.polarity {
            Polarity::HoldsWhenWrong => Polarity::HoldsWhenRight,
            Polarity::HoldsWhenRight => Polarity::HoldsWhenWrong,
        };
        Self { polarity, ..self }
    }

    fn unset(self, own: Option<RawSide>) -> Option<Truth> {
        own.or(self.defaults.unset).map(|side| self.answer(side))
    }

    fn unknown(self, own: Option<RawUnknown>) -> Option<Truth> {
        own.or(self.defaults.unknown).map(|side| match side {
            RawUnknown::Fails => self.answer(RawSide::Fails),
            RawUnknown::Passes => self.answer(RawSide::Passes),
            RawUnknown::Undetermined => Truth::Unknown,
        })
    }

    const fn answer(self, side: RawSide) -> Truth {
        match (self.polarity, side) {
            (Polarity::HoldsWhenWrong, RawSide::Fails) | (Polarity::HoldsWhenRight, RawSide::Passes) => {
                Truth::True
            }
            (Polarity::HoldsWhenWrong, RawSide::Passes) | (Polarity::HoldsWhenRight, RawSide::Fails) => {
                Truth::False
            }
        }
    }
}

/// A predicate that says which resources something is about.
pub(crate) fn condition(raw: RawPredicate) -> Result<Predicate, String> {
    predicate(raw, Context::new(Polarity::HoldsWhenWrong, Defaults::default(), &[]))
}

fn predicate(mut raw: RawPredicate, context: Context<'_>) -> Result<Predicate, String> {
    let set = raw.keys();
    let heads: Vec<&str> = set.iter().copied().filter(|key| HEADS.contains(key)).collect();
    let head = match heads[..] {
        [] => "attribute",
        [head] => head,
        _ => return Err(format!("one table holds one predicate, this holds {}", heads.join(", "))),
    };
    let allowed: &[&str] = match head {
        "all" | "any" | "not" => &[],
        "some" | "each" => &["where", "unset", "unknown"],
        "document" => &["where", "unset", "unknown"],
        "count" => &["where", "is", "at_least", "at_most", "unset", "unknown"],
        "range" => &["cidr", "unset", "unknown"],
        "ports" => &["from", "to", "ranges", "protocol", "transport", "unset"],
        "related" => &["by", "on", "where", "at_least"],
        "refers_to" => &["by", "on", "where"],
        "plan_has" => &["where"],
        "was" | "becomes" | "actions" => &[],
        _ => leaf::KEYS,
    };
    if let Some(extra) = set.iter().find(|key| **key != head && !allowed.contains(key)) {
        return Err(format!("`{extra}` does not belong to `{head}`"));
    }
    let several = |all: Vec<RawPredicate>, context| {
        if all.is_empty() {
            return Err(format!("`{head}` is empty"));
        }
        all.into_iter().map(|one| predicate(one, context)).collect::<Result<Vec<_>, _>>()
    };
    if let Some(all) = raw.all {
        return Ok(Predicate::All(several(all, context)?));
    }
    if let Some(any) = raw.any {
        return Ok(Predicate::Any(several(any, context)?));
    }
    if let Some(not) = raw.not {
        return Ok(Predicate::Not(Box::new(predicate(*not, context.negated())?)));
    }
    if let Some(was) = raw.was {
        return Ok(Predicate::Was(Box::new(predicate(*was, context)?)));
    }
    if let Some(becomes) = raw.becomes {
        return Ok(Predicate::Becomes(Box::new(predicate(*becomes, context)?)));
    }
    if let Some(actions) = raw.actions {
        return match actions.is_empty() {
            true => Err("`actions` is empty".to_owned()),
            false => Ok(Predicate::Actions(actions)),
        };
    }
    match head {
        "some" | "each" => leaf::elements(&mut raw, context),
        "document" => leaf::document(&mut raw, context),
        "count" => leaf::count(raw, context),
        "range" => leaf::range(raw, context),
        "ports" => leaf::ports(raw, context),
        "related" | "refers_to" => leaf::companion(&mut raw, context),
        "plan_has" => leaf::plan_has(&mut raw, context),
        _ => leaf::attribute(raw, context),
    }
}

/// The keys that say what kind of predicate a table holds.
const HEADS: &[&str] = &[
    "all",
    "any",
    "not",
    "attribute",
    "some",
    "each",
    "count",
    "document",
    "ports",
    "range",
    "related",
    "refers_to",
    "plan_has",
    "was",
    "becomes",
    "actions",
];

impl RawPredicate {
    /// The keys that are written.
    fn keys(&self) -> Vec<&'static str> {
        let keys = [
            ("all", self.all.is_some()),
            ("any", self.any.is_some()),
            ("not", self.not.is_some()),
            ("attribute", self.attribute.is_some()),
            ("is", self.is.is_some()),
            ("in", self.one_of.is_some()),
            ("present", self.present.is_some()),
            ("absent", self.absent.is_some()),
            ("at_least", self.at_least.is_some()),
            ("at_most", self.at_most.is_some()),
            ("longer_than", self.longer_than.is_some()),
            ("matches", self.matches.is_some()),
            ("starts_with", self.starts_with.is_some()),
            ("contains", self.contains.is_some()),
            ("cidr", self.cidr.is_some()),
            ("statement", self.statement.is_some()),
            ("secret", self.secret.is_some()),
            ("literal", self.literal.is_some()),
            ("older_than", self.older_than.is_some()),
            ("same_as", self.same_as.is_some()),
            ("differs_from", self.differs_from.is_some()),
            ("before_date", self.before_date.is_some()),
            ("expires_within", self.expires_within.is_some()),
            ("some", self.some.is_some()),
            ("each", self.each.is_some()),
            ("count", self.count.is_some()),
            ("document", self.document.is_some()),
            ("where", self.condition.is_some()),
            ("ports", self.ports.is_some()),
            ("from", self.from.is_some()),
            ("to", self.to.is_some()),
            ("ranges", self.ranges.is_some()),
            ("range", self.range.is_some()),
            ("protocol", self.protocol.is_some()),
            ("transport", self.transport.is_some()),
            ("related", self.related.is_some()),
            ("refers_to", self.refers_to.is_some()),
            ("plan_has", self.plan_has.is_some()),
            ("was", self.was.is_some()),
            ("becomes", self.becomes.is_some()),
            ("actions", self.actions.is_some()),
            ("by", self.by.is_some()),
            ("on", self.on.is_some()),
            ("unset", self.unset.is_some()),
            ("unknown", self.unknown.is_some()),
        ];
        keys.into_iter().filter(|(_, written)| *written).map(|(key, _)| key).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(body: &str) -> String {
        format!(
            "\n[[guardrail]]\nid = \"aws-x\"\ntitle = \"t\"\nseverity = \"high\"\ncategory = \"exposure\"\n\
             pack = \"default\"\nresources = [\"aws_x\"]\nmessage = \"{{address}} is wrong\"\nwhy = \"w\"\n\
             remediation = \"r\"\n{body}\n"
        )
    }

    fn problem(body: &str) -> String {
        read_definitions("x.toml", &file(body)).unwrap_err().to_string()
    }

    #[test]
    fn mistakes_are_named_with_file_line_and_rule() {
        assert!(
            problem("fali = {}").starts_with("x.toml:12: unknown field `fali`"),
            "{}",
            problem("fali = {}")
        );
        for (body, expected) in [
            ("", "x.toml:2: guardrail `aws-x`: write either `fail` or `require`"),
            ("fail = { attribute = \"a\" }", "x.toml:2: guardrail `aws-x`: `a` is not tested"),
            (
                "fail = { attribute = \"a\", is = 1, present = true }",
                "x.toml:2: guardrail `aws-x`: `a` has several tests: is, present",
            ),
            (
                "fail = { attribute = \"a\", is = 1, by = \"b\" }",
                "x.toml:2: guardrail `aws-x`: `by` does not belong to `attribute`",
            ),
            ("fail = { all = [] }", "x.toml:2: guardrail `aws-x`: `all` is empty"),
            (
                "fail = { all = [], any = [] }",
                "x.toml:2: guardrail `aws-x`: one table holds one predicate, this holds all, any",
            ),
            (
                "fail = { attribute = \"a\", matches = \"(\" }",
                "x.toml:2: guardrail `aws-x`: `(` is not a regular",
            ),
            ("fail = { some = \"a\" }", "x.toml:2: guardrail `aws-x`: `some` needs `where`"),
            (
                "fail = { attribute = \"a\", statement = { principals = \"everyone\" } }",
                "x.toml:2: guardrail `aws-x`: `principals` is \"anyone\", \"nobody\" or { kind = KIND }, not \"everyone\"",
            ),
            (
                "fail = { attribute = \"a\", statement = { principals = { kind = \"Robot\" } } }",
                "x.toml:2: guardrail `aws-x`: `Robot` is not a kind of principals; use one of AWS, Service,",
            ),
            (
                "fail = { attribute = \"a\", statement = { principals = { knd = \"AWS\" } } }",
                "x.toml:2: guardrail `aws-x`: `principals`: unknown field `knd`, expected `kind` or `matches`",
            ),
            (
                "fail = { attribute = \"a\", statement = { conditions = \"narrow\" } }",
                "x.toml:2: guardrail `aws-x`: `conditions` is \"none\", \"open\", { some = … }",
            ),
            (
                "fail = { attribute = \"a\", statement = { conditions = { unless = [] } } }",
                "x.toml:2: guardrail `aws-x`: `conditions` needs either `some` or `unless`",
            ),
            (
                "fail = { attribute = \"a\", statement = { conditions = { some = { key = \"(\" } } } }",
                "x.toml:2: guardrail `aws-x`: `(` is not a regular",
            ),
            (
                "fail = { count = \"a\" }",
                "x.toml:2: guardrail `aws-x`: `count` needs one of `is`, `at_least` and `at_most`",
            ),
            (
                "fail = { count = \"a\", at_least = 1.5 }",
                "x.toml:2: guardrail `aws-x`: `at_least` of `count` is a number of elements, not 1.5",
            ),
            (
                "fail = { range = [\"a\"], cidr = \"any\" }",
                "x.toml:2: guardrail `aws-x`: `range` is the attributes of the first and the last address",
            ),
            ("fail = { range = [\"a\", \"b\"] }", "x.toml:2: guardrail `aws-x`: `range` needs `cidr`"),
            (
                "fail = { attribute = \"a\", before_date = \"soon\" }",
                "x.toml:2: guardrail `aws-x`: `soon` is not a date, such as 2026-01-31",
            ),
            (
                "fail = { attribute = \"a\", expires_within = \"90\" }",
                "x.toml:2: guardrail `aws-x`: `expires_within` is a span of time such as \"90d\" or \"P90D\", not `90`",
            ),
            ("fail = { actions = [] }", "x.toml:2: guardrail `aws-x`: `actions` is empty"),
            (
                "fail = { actions = [\"destroy\"] }",
                "x.toml:12: unknown variant `destroy`, expected one of `create`",
            ),
            (
                "fail = { related = \"aws_y\", by = \"x\", at_least = 0 }",
                "x.toml:2: guardrail `aws-x`: `at_least` of a companion is a number of resources, not 0",
            ),
            (
                "fail = { refers_to = \"aws_y\", by = \"x\", at_least = 2 }",
                "x.toml:2: guardrail `aws-x`: `at_least` does not belong to `refers_to`",
            ),
            ("fail = { plan_has = [] }", "x.toml:2: guardrail `aws-x`: `plan_has` names no type"),
            (
                "fail = { attribute = \"a.b/c\", is = 1 }",
                "x.toml:2: guardrail `aws-x`: `a.b/c` is not a path: `b/c` is not a name; a key with other characters",
            ),
            (
                "once = \"account\"\nfail = { attribute = \"a\", is = 1 }",
                "x.toml:12: unknown variant `account`",
            ),
            (
                "cause = \"Network access\"\nfail = { attribute = \"a\", is = 1 }",
                "x.toml:2: guardrail `aws-x`: `cause` is written in kebab case, not `Network access`",
            ),
            (
                "if_unset = { severity = \"mild\", decided_by = \"x\" }\nfail = { attribute = \"a\", is = 1 }",
                "x.toml:2: guardrail `aws-x`: `if_unset`: unknown severity `mild`",
            ),
            (
                "if_unset = { severity = \"low\", decided_by = \" \" }\nfail = { attribute = \"a\", is = 1 }",
                "x.toml:2: guardrail `aws-x`: `decided_by` must say something",
            ),
            (
                "fail = { attribute = \"a\", statement = { not_actions = false } }",
                "x.toml:2: guardrail `aws-x`: `not_actions` is only ever true",
            ),
        ] {
            let problem = problem(body);
            assert!(problem.starts_with(expected), "{problem}");
        }
    }

    #[test]
    fn unset_follows_the_polarity() {
        let unset = |body: &str| {
            let guardrail = read_definitions("x.toml", &file(body)).unwrap().remove(0).guardrail;
            let (Test::Fail(test) | Test::Require(test)) = guardrail.test;
            match test {
                Predicate::Attribute(leaf) => leaf.unset,
                Predicate::Not(inner) => match *inner {
                    Predicate::Attribute(leaf) => leaf.unset,
                    other => panic!("{other:?}"),
                },
                other => panic!("{other:?}"),
            }
        };
        let leaf = r#"{ attribute = "a", is = true }"#;
        assert_eq!(unset(&format!("unset = \"fails\"\nfail = {leaf}")), Some(Truth::True));
        assert_eq!(unset(&format!("unset = \"fails\"\nfail = {{ not = {leaf} }}")), Some(Truth::False));
        assert_eq!(unset(&format!("unset = \"passes\"\nrequire = {leaf}")), Some(Truth::True));
        assert_eq!(unset(&format!("fail = {leaf}")), None);
    }
}
