//! The error for a rejected input: which one, why, and how to fix it.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;

use miette::Diagnostic;

use super::help;
use super::origin::Origin;
use super::problem::Problem;

/// A rejected input.
#[derive(Debug)]
pub struct InputError {
    origin: Origin,
    problem: Problem,
}

impl InputError {
    pub(super) const fn new(origin: Origin, problem: Problem) -> Self {
        Self { origin, problem }
    }

    /// A directory in which there is no plan.
    pub const fn nothing_in(directory: PathBuf) -> Self {
        Self::new(Origin::File(directory), Problem::NothingFound)
    }

    /// The input.
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What is wrong with it.
    pub const fn problem(&self) -> &Problem {
        &self.problem
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.origin, self.problem)
    }
}

impl Error for InputError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.problem.source()
    }
}

impl Diagnostic for InputError {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.problem.code()
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(help::help(&self.problem, &self.origin)))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_problem_has_a_code_and_no_two_share_one() {
        let source = include_str!("problem.rs");
        let codes: Vec<&str> =
            source.split("code(\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        let numbered: Vec<String> = (1..=codes.len()).map(|number| format!("PG-IN-{number:03}")).collect();
        assert_eq!(codes, numbered);
        assert_eq!(codes.len(), source.matches("    #[error(").count());
    }
}
