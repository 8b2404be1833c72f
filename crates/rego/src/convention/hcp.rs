//! HCP Terraform and Terraform Enterprise: a policy set is a directory with `policies.hcl` or `policies.json`,
//! which names a query for each policy and how strictly it is enforced
//! (<https://developer.hashicorp.com/terraform/cloud-docs/policy-enforcement>).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::config::{Attribute, Block, ConfigFile, Scalar};
use super::location::{Grouping, Location};
use super::platform::{
    DecidingRules, Levels, LintFacts, Loading, Manual, PlanPlace, Platform, PolicyKinds, Results, Settings,
};
use super::{Choice, Decider, Group, Presence, Reading, library};
use crate::context::{Field, Form, RunFact, Runner};
use crate::error::{ConventionError, PolicyError, ReadingError};
use crate::files;
use crate::options::PolicyOptions;
use crate::rule::RuleKind;

pub(super) static PLATFORM: Platform = Platform {
    word: "hcp",
    title: "HCP Terraform",
    help: "HCP Terraform and Terraform Enterprise: policies.hcl",
    manual: Manual {
        recognised_by: "`policies.hcl` or `policies.json`",
        loaded_together: "the directory",
        decides: "the queries in that file",
        levels: Some(Levels { denies: "`mandatory`", warns: "`advisory`, which is the default" }),
        differences: &[],
    },
    plan: PlanPlace::Under("plan"),
    context: &["run"],
    configuration: &[],
    facts: &[
        (RunFact::CommitSha, "run.commit_sha"),
        (RunFact::CommitMessage, "run.message"),
        (RunFact::WorkingDirectory, "run.workspace.working_directory"),
    ],
    runner: Some(RUNNER),
    variables: &[],
    packages: &[],
    settings: Some(Settings { is: is_config, in_directory: config }),
    loading: Loading::Separately(group),
    rules: DecidingRules::Queried,
    lint: LintFacts {
        results: Results::Any,
        kinds: PolicyKinds::Plan,
        other_rules: &[],
        resource_type_rule: None,
    },
};

/// <https://developer.hashicorp.com/terraform/cloud-docs/run/run-environment>
const RUNNER: Runner = Runner {
    mark: "TFC_RUN_ID",
    fields: &[
        Field::own("TFC_RUN_ID", Form::Text, "run.id"),
        Field::own("TFC_WORKSPACE_NAME", Form::Text, "run.workspace.name"),
        Field::own("TFC_WORKSPACE_SLUG", Form::Owner, "run.organization.name"),
        Field::own("TFC_PROJECT_NAME", Form::Text, "run.project.name"),
        Field::own("TFC_CONFIGURATION_VERSION_GIT_COMMIT_SHA", Form::Text, "run.commit_sha"),
        Field::fact("TFC_WORKSPACE_NAME", Form::Text, RunFact::Workspace),
        Field::fact("TFC_CONFIGURATION_VERSION_GIT_COMMIT_SHA", Form::Text, RunFact::ReviewedCommit),
    ],
};

/// The names of the settings file; the first is preferred.
const CONFIGS: [&str; 2] = ["policies.hcl", "policies.json"];

fn is_config(path: &Path) -> bool {
    CONFIGS.iter().any(|name| path.ends_with(name))
}

/// The settings file of a directory. A `policies.json` without policies is other data.
fn config(root: &Path) -> Option<PathBuf> {
    CONFIGS.iter().map(|name| root.join(name)).find(|path| {
        let is_json = path.extension().is_some_and(|extension| extension == "json");
        files::is_file(path)
            && (!is_json
                || ConfigFile::read(path)
                    .is_ok_and(|file| file.blocks.iter().any(|block| block.kind == "policy")))
    })
}

fn group(location: &Location, options: &PolicyOptions, grouping: &mut Grouping) {
    // If the user names the platform, the file is read whatever is in it, so that its errors are reported.
    let Some(path) = CONFIGS.iter().map(|name| location.root.join(name)).find(|path| files::is_file(path))
    else {
        grouping.errors.push(PolicyError::Convention(ConventionError::NoConfiguration {
            platform: PLATFORM.title,
            path: location.root.clone(),
            expected: CONFIGS.join(" or "),
        }));
        return;
    };
    let file = match ConfigFile::read(&path) {
        Ok(file) => file,
        Err(error) => return grouping.errors.push(error),
    };
    let mut deciders = Vec::new();
    for block in &file.blocks {
        match decider(&file, block) {
            Ok(decider) => deciders.push(decider),
            Err(error) => grouping.errors.push(error),
        }
    }
    for attribute in &file.attributes {
        grouping.errors.push(unknown_key(&file, attribute));
    }
    if file.blocks.is_empty() {
        grouping.errors.push(file.invalid((0, 0).into(), "no policy is declared", DECLARE));
    }
    if deciders.is_empty() {
        return;
    }
    let sources = location.sources.iter().filter(|source| !library::is_test(source)).cloned().collect();
    let nothing = Box::new(PolicyError::Reading(ReadingError::NoPolicies { searched: location.name() }));
    grouping.groups.push(Group::new(&PLATFORM, options, sources, Choice::Rules { deciders, nothing }));
}

const DECLARE: &str = "declare each policy: policy \"name\" { query = \"data.package.deny\" }";

fn unknown_key(file: &ConfigFile, attribute: &Attribute) -> PolicyError {
    let reason = format!("unknown key `{}`", attribute.key);
    file.invalid(attribute.at, &reason, "a policy has query, enforcement_level and description")
}

fn decider(file: &ConfigFile, block: &Block) -> Result<Decider, PolicyError> {
    let [policy] = block.labels.as_slice() else {
        return Err(file.invalid(block.at, "a policy has one name", DECLARE));
    };
    if block.kind != "policy" {
        return Err(file.invalid(block.at, &format!("unknown block `{}`", block.kind), DECLARE));
    }
    let known = ["query", "enforcement_level", "description"];
    if let Some(unknown) = block.attributes.iter().find(|attribute| !known.contains(&attribute.key.as_str()))
    {
        return Err(unknown_key(file, unknown));
    }
    let text = |key: &str| match block.attribute(key) {
        None => Ok(None),
        Some(Attribute { value: Scalar::Text(text), at, .. }) => Ok(Some((text.as_str(), *at))),
        Some(Attribute { at, .. }) => {
            Err(file.invalid(*at, &format!("`{key}` is not a string"), "write it in double quotes"))
        }
    };
    let Some((query, at)) = text("query")? else {
        return Err(file.invalid(block.at, &format!("policy `{policy}` has no query"), DECLARE));
    };
    let Some(path) = library::query(query) else {
        let reason = format!("the query `{query}` is not the path of a rule");
        return Err(file.invalid(at, &reason, "name a rule by its path: data.package.deny"));
    };
    let (level, kind) = match text("enforcement_level")? {
        None => ("advisory", RuleKind::Warn),
        Some(("advisory", _)) => ("advisory", RuleKind::Warn),
        Some(("mandatory", _)) => ("mandatory", RuleKind::Deny),
        Some((other, at)) => {
            let reason = format!("unknown enforcement level `{other}`");
            return Err(file.invalid(at, &reason, "the levels are advisory and mandatory"));
        }
    };
    let mut notes = BTreeMap::from([
        ("policy".to_owned(), policy.clone()),
        ("enforcement_level".to_owned(), level.to_owned()),
    ]);
    if kind == RuleKind::Deny {
        notes.insert(
            "overridable".to_owned(),
            "on HCP Terraform, by members who may override policies".to_owned(),
        );
    }
    Ok(Decider {
        path,
        kind,
        reading: Reading::Query,
        notes,
        description: text("description")?.map(|(description, _)| description.to_owned()),
        presence: Presence::Queried { policy: policy.clone(), text: Arc::clone(&file.text), at },
    })
}
