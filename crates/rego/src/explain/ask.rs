//! Evaluates expressions of a policy file with given values of variables.

use regorus::{Engine, Value};

use crate::dialect;
use crate::frontend::{self, FileAnatomy, LoadedNames};
use crate::program::path_text;
use crate::set;
use crate::source::{RewriteResult, Source};

/// The path of the variables' values.
const ENVIRONMENT: &str = "planguard_environment";

const RULE: &str = "__planguard_why";

/// A parsed policy file.
pub(super) struct File<'e> {
    pub source: &'e Source,
    pub anatomy: FileAnatomy,
}

/// Variables with their values. A name may be a pattern.
pub(super) type Environment = Vec<(String, Value)>;

/// An expression to evaluate for every solution of a body.
pub(super) struct Question {
    pub yields: String,
    pub body: Vec<String>,
}

/// The values of an expression, or the reason why there are none.
pub(super) type Found = Result<Vec<Value>, String>;

pub(super) struct Asker<'e> {
    engine: &'e Engine,
    sources: &'e [Source],
}

impl<'e> Asker<'e> {
    pub(super) const fn new(engine: &'e Engine, sources: &'e [Source]) -> Self {
        Self { engine, sources }
    }

    /// Evaluates expressions of a file, each with the `with` modifiers of its literal.
    pub(super) fn values(
        &self,
        file: &File<'_>,
        environment: &Environment,
        expressions: &[String],
        withs: &str,
    ) -> Vec<Found> {
        let questions = expressions.iter().map(|expression| Question {
            yields: "__planguard_v".to_owned(),
            body: vec![format!("__planguard_v := {expression} {withs}")],
        });
        self.ask(file, environment, &questions.collect::<Vec<_>>())
    }

    /// Evaluates all questions. Those that do not compile together are evaluated one by one.
    pub(super) fn ask(
        &self,
        file: &File<'_>,
        environment: &Environment,
        questions: &[Question],
    ) -> Vec<Found> {
        if questions.is_empty() {
            return Vec::new();
        }
        match self.engine_for(file, environment, questions) {
            Ok(engine) => (0..questions.len()).map(|index| evaluate(&engine, file, index)).collect(),
            Err(reason) if questions.len() == 1 => vec![Err(reason)],
            Err(_) => questions
                .iter()
                .flat_map(|question| self.ask(file, environment, std::slice::from_ref(question)))
                .collect(),
        }
    }

    fn engine_for(
        &self,
        file: &File<'_>,
        environment: &Environment,
        questions: &[Question],
    ) -> Result<Engine, String> {
        let mut text = format!("{}\n", file.anatomy.preamble);
        for (index, question) in questions.iter().enumerate() {
            text.push_str(&format!("{RULE}{index} := [{} |\n", question.yields));
            for (number, (pattern, _)) in environment.iter().enumerate() {
                // A pattern that is the name of a rule would be compared with that rule.
                let is_name = pattern.chars().all(|c| c.is_alphanumeric() || c == '_')
                    && !pattern.starts_with(|c: char| c.is_ascii_digit())
                    && !matches!(pattern.as_str(), "true" | "false" | "null" | "_");
                let assigned = if is_name { ":=" } else { "=" };
                text.push_str(&format!("{pattern} {assigned} data.{ENVIRONMENT}[{number}]\n"));
            }
            for literal in &question.body {
                text.push_str(literal);
                text.push('\n');
            }
            if environment.is_empty() && question.body.is_empty() {
                text.push_str("true\n");
            }
            text.push_str("]\n");
        }
        let version = dialect::of(file.source);
        let mut known = LoadedNames::default();
        let mut source = Source::new("explanation", text.as_str());
        self.sources.iter().chain([&source]).for_each(|source| known.add(source));
        source.reading = match frontend::rewrite(&source, version, &known) {
            Ok(None) => RewriteResult::AsWritten,
            Ok(Some(rewritten)) => RewriteResult::Rewritten(rewritten.into()),
            Err(unread) => RewriteResult::Failed(unread),
        };
        let mut engine = self.engine.clone();
        engine.set_gather_prints(true);
        dialect::add(&mut engine, &source, version).map_err(|error| error.to_string())?;
        if !environment.is_empty() {
            let values: Vec<Value> = environment.iter().map(|(_, value)| value.clone()).collect();
            let mut data = Value::new_object();
            if let Ok(object) = data.as_object_mut() {
                object.insert(Value::from(ENVIRONMENT), Value::from(values));
            }
            engine.add_data(data).map_err(|error| error.to_string())?;
        }
        set::prepared(&mut engine)?;
        Ok(engine)
    }
}

fn evaluate(engine: &Engine, file: &File<'_>, index: usize) -> Found {
    let mut engine = engine.clone();
    let package = path_text(&file.anatomy.package);
    match engine.eval_rule(format!("{package}.{RULE}{index}")) {
        Ok(Value::Array(values)) => Ok(values.iter().cloned().collect()),
        Ok(_) => Ok(Vec::new()),
        Err(error) => {
            let message = error.to_string();
            let reason = message.split("\nerror: ").nth(1).unwrap_or(&message);
            Err(reason.split("\n-->").next().unwrap_or(reason).trim().replace('\n', " "))
        }
    }
}
