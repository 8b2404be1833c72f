//! The TOML structure of files of plan cases, with the places of values for errors.

use std::collections::BTreeMap;
use std::path::PathBuf;

use planguard_guardrail_format::RawCaseResource;
use serde::Deserialize;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFile {
    pub(super) policies: Option<Vec<Spanned<PathBuf>>>,
    pub(super) guardrails: Option<Vec<Spanned<PathBuf>>>,
    pub(super) packs: Option<Vec<Spanned<String>>>,
    /// The parameters of packs of policies.
    #[serde(default)]
    pub(super) parameters: BTreeMap<String, Spanned<toml::Table>>,
    #[serde(default)]
    pub(super) builtin: bool,
    pub(super) namespaces: Option<Vec<String>>,
    pub(super) convention: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) data: Vec<Spanned<PathBuf>>,
    pub(super) context: Option<Spanned<PathBuf>>,
    #[serde(default)]
    pub(super) case: Vec<Spanned<RawCase>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCase {
    pub(super) name: Spanned<String>,
    pub(super) plan: Option<Spanned<PathBuf>>,
    pub(super) resources: Option<Spanned<Vec<Spanned<RawCaseResource>>>>,
    pub(super) variables: Option<Spanned<BTreeMap<String, serde_json::Value>>>,
    pub(super) terraform_version: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) findings: Vec<RawFinding>,
    #[serde(default)]
    pub(super) problems: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFinding {
    pub(super) rule: Spanned<String>,
    pub(super) address: Option<String>,
    pub(super) message: Option<String>,
    pub(super) severity: Option<Spanned<String>>,
    pub(super) enforcement: Option<Spanned<String>>,
    pub(super) outcome: Option<Spanned<String>>,
}
