//! Errors of platforms: files, queries and results that they do not accept.

use std::path::PathBuf;

use miette::{Diagnostic, SourceSpan};
use thiserror::Error;

use super::PolicyText;

/// Policies, queries or results that are not what their platform evaluates.
#[derive(Clone, Debug, Error, Diagnostic)]
#[non_exhaustive]
pub enum ConventionError {
    /// Files that match the conventions of several platforms.
    #[error("{} matches several platforms: {shapes}", path.display())]
    #[diagnostic(code("PG-RG-070"), help("select one with --convention, or pass the directories separately"))]
    AmbiguousConvention {
        /// The file or directory.
        path: PathBuf,
        /// The conventions, each with its evidence.
        shapes: String,
    },

    /// A directory without the configuration file that its platform requires.
    #[error("{} has no {expected}, which {platform} requires", path.display())]
    #[diagnostic(code("PG-RG-071"), help("pass the directory that contains it"))]
    NoConfiguration {
        /// The platform.
        platform: &'static str,
        /// The directory.
        path: PathBuf,
        /// The possible names of the file.
        expected: String,
    },

    /// A configuration file that is invalid for its platform.
    #[error("{place}: {reason}")]
    #[diagnostic(code("PG-RG-072"))]
    InvalidConfiguration {
        /// File and line.
        place: String,
        /// The reason.
        reason: String,
        /// The file.
        #[source_code]
        text: PolicyText,
        /// The place of the error.
        #[label("here")]
        at: SourceSpan,
        /// The remedy.
        #[help]
        help: String,
    },

    /// A directory without a policy for the selected platform.
    #[error("{} has no policy for {platform}", path.display())]
    #[diagnostic(
        code("PG-RG-073"),
        help("pass the directory that contains the policies, or another --convention")
    )]
    NoneOfPlatform {
        /// The platform.
        platform: &'static str,
        /// The file or directory.
        path: PathBuf,
    },

    /// A policy without a rule that its platform evaluates.
    #[error("{file} decides nothing: {platform} evaluates {expected}")]
    #[diagnostic(code("PG-RG-074"), help("fix the names of its package and rules, or remove the file"))]
    DecidesNothing {
        /// The policy.
        file: String,
        /// The platform.
        platform: &'static str,
        /// The paths of the evaluated rules.
        expected: &'static str,
    },

    /// A query for a rule that does not exist.
    #[error("policy `{policy}` queries `{query}`, which does not exist")]
    #[diagnostic(code("PG-RG-075"))]
    UnknownQuery {
        /// The policy's name.
        policy: String,
        /// The query.
        query: String,
        /// The configuration file.
        #[source_code]
        text: PolicyText,
        /// The query in it.
        #[label("no such rule")]
        at: SourceSpan,
        /// The remedy.
        #[help]
        help: String,
    },

    /// A result of a query that the platform rejects.
    #[error("rule `{rule}` returns {shape}, but the platform requires an array")]
    #[diagnostic(code("PG-RG-076"), help("return a set of messages, which is an array in JSON"))]
    NoArray {
        /// The rule's path.
        rule: String,
        /// The kind of the value.
        shape: &'static str,
    },

    /// Policies of which the platform evaluates only one.
    #[error("{platform} evaluates only the policy nearest to the project: {files}")]
    #[diagnostic(code("PG-RG-077"), help("pass the file to evaluate"))]
    SeveralPolicies {
        /// The platform.
        platform: &'static str,
        /// The files.
        files: String,
    },

    /// An invalid schema of a policy's parameters.
    #[error("invalid parameter schema {}: {reason}", path.display())]
    #[diagnostic(code("PG-RG-078"), help("write a JSON Schema of an object with properties"))]
    InvalidSchema {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
}
