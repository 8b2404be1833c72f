//! The input of a query: a plan in the form that a platform provides, or none.

use std::fmt;
use std::sync::Arc;

use regorus::{Engine, Value};

use super::QueryError;
use crate::context::{Context, ContextOptions};
use crate::convention::{Convention, Group};
use crate::error::PolicyError;
use crate::evaluate::{PolicyInput, file_data, read_plan};
use crate::input_paths;
use crate::options::PolicyOptions;
use crate::plan_index;
use crate::plan_value::Sections;
use crate::program::Program;
use crate::set::Frame;
use crate::shell;

/// The value of `input` for a query.
#[derive(Clone, Debug)]
pub struct QueryInput {
    pub(crate) value: Value,
    /// `data.conftest.file`.
    file: Option<Value>,
    /// What the plan costs.
    cost: Option<CostOf>,
}

/// Tells what a plan costs, as a JSON object. It is asked where a query or a policy reads it.
#[derive(Clone)]
struct CostOf(Arc<dyn Fn() -> Option<String> + Send + Sync>);

impl fmt::Debug for CostOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CostOf")
    }
}

impl QueryInput {
    /// Returns no input: references to it are undefined.
    pub const fn nothing() -> Self {
        Self { value: Value::Undefined, file: None, cost: None }
    }

    /// Returns a plan with all its sections, in the form of a platform's input.
    ///
    /// # Errors
    ///
    /// The plan or the context is invalid.
    pub fn of_plan(
        plan: PolicyInput<'_>,
        convention: Convention,
        context: &ContextOptions,
    ) -> Result<Self, Vec<PolicyError>> {
        let mut errors = Vec::new();
        let context = Context::load(context, &mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        let group = Group { convention, ..Group::conftest(&PolicyOptions::default(), Vec::new()) };
        let frame = Frame::new(&context.of_group(&group));
        let value = read_plan(plan, &Sections::All).map_err(|error| vec![error])?;
        let value = shell::run(|| frame.around(&value))
            .map_err(|reason| vec![PolicyError::InvalidInput { plan: plan.name.to_owned(), reason }])?;
        Ok(Self { value, file: Some(file_data(plan.name)), cost: None })
    }

    /// The same, with what the plan costs: a JSON object.
    #[must_use]
    pub fn with_cost(self, cost: impl Fn() -> Option<String> + Send + Sync + 'static) -> Self {
        Self { cost: Some(CostOf(Arc::new(cost))), ..self }
    }

    /// The value with what planguard adds to the plan, if the program reads that.
    pub(crate) fn indexed(&self, program: &Program<'_>) -> Option<Value> {
        if !input_paths::reads_index(program) {
            return None;
        }
        let cost = self.cost.as_ref().filter(|_| input_paths::reads_cost(program));
        let cost = cost.and_then(|CostOf(of)| of()).and_then(|text| Value::from_json_str(&text).ok());
        Some(plan_index::added(&self.value, cost.as_ref()))
    }

    /// Sets the input of an engine.
    pub(crate) fn give(&self, engine: &mut Engine) -> Result<(), QueryError> {
        engine.set_input(self.value.clone());
        if let Some(file) = &self.file {
            // Adding data makes the engine prepare again. A conflicting document of the user takes precedence.
            let _ = engine.add_data(file.clone());
        }
        Ok(())
    }
}
