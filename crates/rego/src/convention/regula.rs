//! Regula: rules in packages below `rules`, about one resource at a time or about all of them
//! (<https://regula.dev/development/writing-rules.html>).
//!
//! Regula's own library turns a plan into resources and evaluates every rule on them. Here `regula_view` builds the
//! resources, and a few generated rules in each package evaluate the author's rules.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::location::{Grouping, Location};
use super::platform::{
    DecidingRules, Levels, LintFacts, Loading, Manual, Package, PackageName, PlanPlace, Platform,
    PolicyKinds, Results, Sign,
};
use super::{Choice, Decider, Group, Reading, library};
use crate::error::{ConventionError, PolicyError};
use crate::options::PolicyOptions;
use crate::policies::SkippedPolicy;
use crate::program::Program;
use crate::rule::RuleKind;
use crate::source::Source;
use crate::syntax::Form;

pub(super) static PLATFORM: Platform = Platform {
    word: "regula",
    title: "Regula",
    help: "Regula: packages below rules, about resources",
    manual: Manual {
        recognised_by: "`package rules.…`",
        loaded_together: "the directory",
        decides: "`allow`, `deny` or `policy` of each rule",
        levels: Some(Levels {
            denies: "a result that fails",
            warns: "a result that is waived in `fugue.regula.config`",
        }),
        differences: &[
            "The library does not have to be installed: planguard provides the functions of `data.fugue` and \
             builds the resources itself. Rules for CloudFormation and Kubernetes are skipped.",
        ],
    },
    plan: PlanPlace::Resources,
    context: &[],
    configuration: &[],
    facts: &[],
    runner: None,
    variables: &[],
    packages: &[Package { name: PackageName::Below("rules"), sign: Sign::Weak }],
    settings: None,
    loading: Loading::Separately(group),
    rules: DecidingRules::Judgements(&["allow", "deny", "policy"]),
    lint: LintFacts {
        results: Results::StringsAndObjects,
        kinds: PolicyKinds::Plan,
        other_rules: &["input_type", "resource_type"],
        resource_type_rule: Some("resource_type"),
    },
};

/// The start of every rule's package.
const RULES: &str = "rules.";

/// The package that has waivers and disables rules.
const CONFIG: &str = "fugue.regula.config";

const LIBRARY_NAME: &str = "library of Regula";

/// The library, if one of the policies mentions it and none of them is the library.
pub(crate) fn regula_library(sources: &[Source]) -> Option<Source> {
    let is_fugue = |path: &Vec<String>| path.first().is_some_and(|name| name == "fugue");
    let mentioned = sources.iter().any(|source| library::mentions(&source.text).iter().any(is_fugue));
    let present = sources.iter().any(|source| library::package_of(&source.text).as_deref() == Some("fugue"));
    (mentioned && !present).then(|| Source::new(LIBRARY_NAME, LIBRARY))
}

/// The library that rules about several resources import, as its documentation describes it.
const LIBRARY: &str = r#"package fugue

plan := input._plan

resource_types contains resource._type if some resource in input.resources

resources(type) := {id: resource | some id, resource in input.resources; resource._type == type}

allow_resource(resource) := allow({"resource": resource})

deny_resource(resource) := deny({"resource": resource})

deny_resource_with_message(resource, message) := deny({"resource": resource, "message": message})

missing_resource(type) := missing({"resource_type": type})

missing_resource_with_message(type, message) := missing({"resource_type": type, "message": message})

allow(judged) := judgement(judged, true)

deny(judged) := judgement(judged, false)

judgement(judged, valid) := {
	"valid": valid,
	"id": judged.resource.id,
	"type": judged.resource._type,
	"provider": judged.resource._provider,
	"message": object.get(judged, "message", ""),
}

missing(judged) := {
	"valid": false,
	"id": "",
	"type": judged.resource_type,
	"provider": object.get(judged, "provider", ""),
	"message": object.get(judged, "message", sprintf("there is no %s", [judged.resource_type])),
}
"#;

fn group(location: &Location, options: &PolicyOptions, grouping: &mut Grouping) {
    let package = |source: &Source| library::package_of(&source.text).unwrap_or_default();
    let files: Vec<&Source> = location.sources.iter().filter(|source| !library::is_test(source)).collect();
    let configs: Vec<Source> =
        files.iter().filter(|source| package(source) == CONFIG).map(|source| (*source).clone()).collect();
    let mut sources = vec![Source::new(LIBRARY_NAME, LIBRARY)];
    let mut deciders = Vec::new();
    let mut undecided = Vec::new();
    let mut seen = BTreeSet::new();
    for source in files.iter().filter(|source| PLATFORM.has_package(&package(source))) {
        if let Some(input_type) =
            constant(&source.text, "input_type").filter(|input| !input.starts_with("tf"))
        {
            let reason = match input_type {
                "cfn" => "it is a rule for CloudFormation",
                "k8s" => "it is a rule for Kubernetes",
                _ => "it is not a rule for Terraform",
            };
            grouping.passed_over.push(SkippedPolicy::File { file: source.name.clone(), reason });
            continue;
        }
        let package = package(source);
        let Some(shape) = library::parsed(source, Shape::of) else {
            // Loading the file reports what is wrong with it. No generated rule evaluates it.
            sources.push((*source).clone());
            undecided.push(*source);
            continue;
        };
        if !shape.decides(constant(&source.text, "resource_type")) {
            undecided.push(*source);
            continue;
        }
        sources.push((*source).clone());
        if seen.insert(package.clone()) {
            let text = shape.questions(&package, !configs.is_empty());
            sources.push(Source::new(format!("questions of Regula to {package}"), text));
            deciders.extend(deciders_of(&package));
        }
    }
    sources.extend(configs);
    let is_of_library = |package: &str| {
        package == "fugue"
            || [
                "fugue.regula",
                "fugue.resource_view",
                "fugue.input_type",
                "fugue.scan_view",
                "fugue.check_report",
            ]
            .iter()
            .any(|own| package.starts_with(own))
    };
    let others: Vec<Source> = files
        .iter()
        .filter(|source| !is_of_library(&package(source)))
        .map(|source| (*source).clone())
        .collect();
    let needed = library::needed(&sources, &others);
    let is_needed = |source: &&Source| needed.iter().any(|needed| needed.name == source.name);
    for source in undecided.into_iter().filter(|source| !is_needed(source)) {
        grouping.errors.push(PolicyError::Convention(ConventionError::DecidesNothing {
            file: source.name.clone(),
            platform: PLATFORM.title,
            expected: "resource_type, and then allow, deny or policy",
        }));
    }
    sources.extend(needed);
    if sources.len() == 1 {
        return;
    }
    let nothing = PolicyError::Convention(ConventionError::NoneOfPlatform {
        platform: PLATFORM.title,
        path: location.path.clone(),
    });
    let choice = Choice::Rules { deciders, nothing: Box::new(nothing) };
    grouping.groups.push(Group::new(&PLATFORM, options, sources, choice));
}

/// The rules that are generated in the package of a rule.
const RESULT: &str = "regula_result";
const WAIVED: &str = "regula_waived_result";

fn deciders_of(package: &str) -> [Decider; 2] {
    let name = package.strip_prefix(RULES).unwrap_or(package);
    [(RESULT, RuleKind::Deny, None), (WAIVED, RuleKind::Warn, Some("by fugue.regula.config"))].map(
        |(rule, kind, waived)| {
            let mut notes = BTreeMap::from([("policy".to_owned(), name.to_owned())]);
            notes.extend(waived.map(|waived| ("waived".to_owned(), waived.to_owned())));
            Decider { notes, ..Decider::optional(package, rule, kind, Reading::Messages) }
        },
    )
}

/// The string that a rule is defined as: `resource_type := "aws_ebs_volume"`.
fn constant<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines().find_map(|line| {
        let rest = line.trim_start().strip_prefix(name)?.trim_start();
        let value = rest.strip_prefix(":=").or_else(|| rest.strip_prefix('='))?.trim_start();
        value.strip_prefix('"')?.split_once('"').map(|(value, _)| value)
    })
}

/// The rules in a Regula rule's package.
struct Shape {
    names: BTreeSet<String>,
    /// Whether `deny` is a set of messages rather than a boolean.
    deny_is_set: bool,
}

impl Shape {
    fn of(program: &Program<'_>) -> Self {
        Self {
            names: library::rule_names(program),
            deny_is_set: program.rules.iter().any(|rule| rule.name == "deny" && rule.form == Form::Set),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    fn decides(&self, resource_type: Option<&str>) -> bool {
        let simple = self.has("allow") || self.has("deny");
        self.has("resource_type")
            && match resource_type {
                Some("MULTIPLE") => self.has("policy"),
                Some(_) => simple,
                None => simple || self.has("policy"),
            }
    }

    /// The text that evaluates the rule on every resource of its type, or on all of them at once, and that applies
    /// the waivers in the configuration.
    fn questions(&self, package: &str, configured: bool) -> String {
        let mut text = format!("package {package}\n\n");
        let mut say = |line: &str| {
            let _ = writeln!(text, "{line}\n");
        };
        let one = "\tsome resource in input.resources\n\tresource._type == resource_type\n";
        if self.deny_is_set {
            say(&format!(
                "regula_judgement contains {{\"id\": resource.id, \"type\": resource._type, \"message\": message}} if \
                 {{\n{one}\tinfos := deny with input as resource\n\tsome info in infos\n\tmessage := \
                 regula_message(info)\n}}"
            ));
            say("regula_message(info) := info if is_string(info)");
            say("regula_message(info) := object.get(info, \"message\", \"\") if is_object(info)");
        } else if self.has("allow") || self.has("deny") {
            say(&format!(
                "regula_judgement contains {{\"id\": resource.id, \"type\": resource._type, \"message\": \"\"}} if \
                 {{\n{one}\tnot regula_passes(resource)\n}}"
            ));
            // As in Regula, an undefined `deny` does not let the resource pass.
            let passes: &[&str] = match (self.has("allow"), self.has("deny")) {
                (true, false) => &["allow == true with input as resource"],
                (false, _) => &["deny == false with input as resource"],
                (true, true) => &[
                    "allow == true with input as resource; not regula_denies(resource)",
                    "deny == false with input as resource; count([a | a := allow with input as resource]) == 0",
                ],
            };
            for body in passes {
                say(&format!("regula_passes(resource) if {{ {body} }}"));
            }
            if self.has("allow") && self.has("deny") {
                say("regula_denies(resource) if { deny == true with input as resource }");
            }
        }
        if self.has("policy") {
            say("regula_judgement contains judgement if {\n\tresource_type == \"MULTIPLE\"\n\t\
                 some judgement in policy\n\tnot judgement.valid\n}");
        }
        let document = if self.has("__rego__metadoc__") { "__rego__metadoc__" } else { "{}" };
        say(&format!("regula_document := {document}"));
        let name = package.strip_prefix(RULES).unwrap_or(package);
        say(&format!(
            "regula_finding(judgement) := {{\n\t\"msg\": message,\n\t\"address\": judgement.id,\n\t\
             \"resource_type\": judgement.type,\n\t\"rule_id\": object.get(regula_document, \"id\", \"\"),\n\t\
             \"title\": object.get(regula_document, \"title\", \"\"),\n\t\
             \"severity\": object.get(regula_document, [\"custom\", \"severity\"], \"\"),\n\t\
             \"docs\": object.get(regula_document, [\"custom\", \"rule_remediation_doc\"], \"\"),\n}} if {{\n\t\
             title := object.get(regula_document, \"title\", \"rule {name} fails\")\n\t\
             words := [word | some word in [object.get(judgement, \"message\", \"\"), title]; word != \"\"]\n\t\
             message := words[0]\n}}"
        ));
        if configured {
            let waivers = format!("data.{CONFIG}.waivers");
            let id = "object.get(regula_document, \"id\", \"\")";
            say(&format!(
                "regula_is_waived(judgement) if {{\n\tsome waiver in {waivers}\n\tcount(waiver) > 0\n\t\
                 object.get(waiver, \"resource_id\", \"*\") in {{\"*\", judgement.id}}\n\t\
                 object.get(waiver, \"resource_type\", \"*\") in {{\"*\", judgement.type}}\n\t\
                 object.get(waiver, \"rule_id\", \"*\") in {{\"*\", {id}}}\n\t\
                 object.get(waiver, \"rule_name\", \"*\") in {{\"*\", \"{name}\"}}\n\t\
                 object.get(waiver, \"filepath\", \"*\") == \"*\"\n}}"
            ));
            say(&format!(
                "regula_is_disabled if {{\n\tsome rule in data.{CONFIG}.rules\n\tupper(rule.status) == \"DISABLED\"\n\t\
                 object.get(rule, \"rule_name\", \"\") == \"{name}\"\n}}"
            ));
            say(&format!(
                "regula_is_disabled if {{\n\tsome rule in data.{CONFIG}.rules\n\tupper(rule.status) == \"DISABLED\"\n\t\
                 object.get(rule, \"rule_id\", null) == {id}\n}}"
            ));
            // A disabled rule is reported as a warning, like a waived result.
            say(&format!("{WAIVED} contains {{\"msg\": \"rule {name} is disabled\"}} if regula_is_disabled"));
            say(&format!(
                "{RESULT} contains regula_finding(judgement) if {{\n\tnot regula_is_disabled\n\t\
                 some judgement in regula_judgement\n\tnot regula_is_waived(judgement)\n}}"
            ));
            say(&format!(
                "{WAIVED} contains regula_finding(judgement) if {{\n\tnot regula_is_disabled\n\t\
                 some judgement in regula_judgement\n\tregula_is_waived(judgement)\n}}"
            ));
        } else {
            say(&format!(
                "{RESULT} contains regula_finding(judgement) if some judgement in regula_judgement"
            ));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_read_in_either_dialect() {
        let text = "package rules.x\nresource_type = \"aws_x\"\ninput_type := \"cfn\" # a\n";
        assert_eq!(constant(text, "resource_type"), Some("aws_x"));
        assert_eq!(constant(text, "input_type"), Some("cfn"));
        assert_eq!(constant(text, "resource"), None);
        assert_eq!(constant("resource_type == \"x\"", "resource_type"), None);
    }
}
