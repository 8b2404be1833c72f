//! Which part of the plans a job checks, as a flag or the system that runs the job says it.

use std::str::FromStr;

use planguard::input::Partition;
use planguard::rule::{Word as _, words};
use thiserror::Error;

words! {
    /// A system that runs jobs with numbers of their own.
    pub enum JobSystem is "a system that numbers jobs" {
        /// An Indexed Job.
        Kubernetes = "kubernetes": "JOB_COMPLETION_INDEX, and PLANGUARD_PARTITIONS for their number",
        /// An array job.
        AwsBatch = "aws-batch": "AWS_BATCH_JOB_ARRAY_INDEX and AWS_BATCH_JOB_ARRAY_SIZE",
        /// A job with `parallel: N`.
        GitLab = "gitlab": "CI_NODE_INDEX and CI_NODE_TOTAL",
        /// A job of a matrix.
        GitHub = "github": "PLANGUARD_JOB_INDEX and PLANGUARD_JOB_TOTAL, set to strategy.job-index and strategy.job-total",
    }
}

/// Why there is no part.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum PartitionError {
    /// It is neither numbers nor a system.
    #[error("`{0}` is neither K/N with K from 1 to N, such as 1/8, nor one of {systems}", systems = systems())]
    Form(String),
    /// The system did not number the job.
    #[error("{name} is not set, or not a number{help}")]
    Variable { name: &'static str, help: &'static str },
    /// The numbers do not fit.
    #[error("{index} = {value} is not below {total} = {of}")]
    Number { index: &'static str, value: usize, total: &'static str, of: usize },
}

fn systems() -> String {
    JobSystem::ALL.iter().map(|system| system.as_str()).collect::<Vec<_>>().join(", ")
}

/// Where a system says which job it is, and of how many.
struct Variables {
    index: &'static str,
    /// The number of the first job.
    first: usize,
    total: &'static str,
    help: &'static str,
}

impl JobSystem {
    const fn variables(self) -> Variables {
        match self {
            Self::Kubernetes => Variables {
                index: "JOB_COMPLETION_INDEX",
                first: 0,
                total: "PLANGUARD_PARTITIONS",
                help: "; a Job with completionMode: Indexed sets JOB_COMPLETION_INDEX, and PLANGUARD_PARTITIONS has \
                       to be set to the number of its completions",
            },
            Self::AwsBatch => Variables {
                index: "AWS_BATCH_JOB_ARRAY_INDEX",
                first: 0,
                total: "AWS_BATCH_JOB_ARRAY_SIZE",
                help: "; an array job sets it",
            },
            Self::GitLab => Variables {
                index: "CI_NODE_INDEX",
                first: 1,
                total: "CI_NODE_TOTAL",
                help: "; a job with `parallel: N` sets it",
            },
            Self::GitHub => Variables {
                index: "PLANGUARD_JOB_INDEX",
                first: 0,
                total: "PLANGUARD_JOB_TOTAL",
                help: "; set PLANGUARD_JOB_INDEX to ${{ strategy.job-index }} and PLANGUARD_JOB_TOTAL to \
                       ${{ strategy.job-total }}",
            },
        }
    }
}

/// What `--partition` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PartitionArgument(pub(crate) Partition);

impl FromStr for PartitionArgument {
    type Err = PartitionError;

    fn from_str(text: &str) -> Result<Self, PartitionError> {
        part(text, |name| std::env::var(name).ok())
    }
}

fn part(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<PartitionArgument, PartitionError> {
    let Some(system) = JobSystem::from_word(text) else {
        let part = text.parse().map_err(|_| PartitionError::Form(text.to_owned()))?;
        return Ok(PartitionArgument(part));
    };
    let Variables { index, first, total, help } = system.variables();
    let number = |name: &'static str| {
        let value = variable(name).and_then(|value| value.trim().parse::<usize>().ok());
        value.ok_or(PartitionError::Variable { name, help })
    };
    let (value, of) = (number(index)?, number(total)?);
    let part = (value + 1).checked_sub(first).and_then(|part| Partition::new(part, of));
    part.map(PartitionArgument).ok_or(PartitionError::Number { index, value, total, of })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, variables: &[(&str, &str)]) -> Result<String, String> {
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        part(text, variable).map(|part| part.0.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn every_system_counts_as_it_does() {
        for (system, index, total, first) in [
            ("kubernetes", "JOB_COMPLETION_INDEX", "PLANGUARD_PARTITIONS", 0),
            ("aws-batch", "AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE", 0),
            ("gitlab", "CI_NODE_INDEX", "CI_NODE_TOTAL", 1),
            ("github", "PLANGUARD_JOB_INDEX", "PLANGUARD_JOB_TOTAL", 0),
        ] {
            let parts: Vec<String> = (first..first + 3)
                .map(|number| told(system, &[(index, &number.to_string()), (total, "3")]).unwrap())
                .collect();
            assert_eq!(parts, ["1/3", "2/3", "3/3"], "{system}");
            let too_high = (first + 3).to_string();
            assert!(told(system, &[(index, &too_high), (total, "3")]).unwrap_err().contains(index));
            assert!(told(system, &[(total, "3")]).unwrap_err().contains(index));
            assert!(told(system, &[(index, "1")]).unwrap_err().contains(total));
            assert!(told(system, &[(index, "x"), (total, "3")]).unwrap_err().contains("not a number"));
        }
    }

    #[test]
    fn numbers_are_read_and_the_rest_is_refused() {
        assert_eq!(told("2/8", &[]), Ok("2/8".to_owned()));
        let error = told("0/8", &[]).unwrap_err();
        assert_eq!(
            error,
            "`0/8` is neither K/N with K from 1 to N, such as 1/8, nor one of kubernetes, aws-batch, gitlab, github"
        );
        assert!(told("gitlab", &[("CI_NODE_INDEX", "0"), ("CI_NODE_TOTAL", "3")]).is_err());
    }
}
