//! The input of a query: a plan in the form that a platform provides, or none.

use regorus::{Engine, Value};

use super::QueryError;
use crate::context::{Context, ContextOptions};
use crate::convention::{Convention, Group};
use crate::error::PolicyError;
use crate::evaluate::{PolicyInput, file_data, read_plan};
use crate::options::PolicyOptions;
use crate::plan_value::Sections;
use crate::set::Frame;
use crate::shell;

/// The value of `input` for a query.
#[derive(Clone, Debug)]
pub struct QueryInput {
    pub(crate) value: Value,
    /// `data.conftest.file`.
    file: Option<Value>,
}

impl QueryInput {
    /// Returns no input: references to it are undefined.
    pub const fn nothing() -> Self {
        Self { value: Value::Undefined, file: None }
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
        Ok(Self { value, file: Some(file_data(plan.name)) })
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
