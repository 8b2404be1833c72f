//! Resource types and attributes are held against the provider schemas wherever a policy gives them to something.

use std::fs;

use planguard::lint::{Lint, LintOptions, lint};

const HEAD: &str = "package main\n
import data.planguard.lib.changes
import data.planguard.lib.references
import data.planguard.lib.resources
import data.planguard.lib.selection
import data.planguard.lib.unknown
import data.planguard.lib.wildcards\n
";

/// What the schemas have to say of files of policies, as `name line: message; help`.
fn look(files: &[(&str, String)]) -> Vec<String> {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in files {
        fs::write(directory.path().join(name), text).expect("a policy");
    }
    let report = lint(&LintOptions { paths: vec![directory.path().to_owned()], ..LintOptions::default() });
    let problems: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{problems:?}");
    let of_schemas = |lint: Lint| {
        matches!(
            lint,
            Lint::UnknownResourceType
                | Lint::UnlistedType
                | Lint::UnknownAttribute
                | Lint::RemovedAttribute
                | Lint::ComputedAttribute
                | Lint::WrongNesting
                | Lint::UnknownInput
                | Lint::WrongArgumentType
        )
    };
    let found = report.findings.iter().filter(|finding| of_schemas(finding.lint));
    found
        .map(|finding| {
            let file = finding.file.for_terminal().to_string();
            let file = file.rsplit('/').next().unwrap_or_default().trim_end_matches(".rego").to_owned();
            format!("{file} {}: {finding}; {}", finding.lint.info().name, finding.help.for_terminal())
        })
        .collect()
}

fn rule(body: &str, helpers: &str) -> Vec<(&'static str, String)> {
    vec![(
        "main.rego",
        format!("{HEAD}deny contains \"x\" if {{\n\t{}\n}}\n\n{helpers}\n", body.replace("; ", "\n\t")),
    )]
}

const TYPE: &str =
    "main unknown-resource-type: unknown resource type `aws_instnce`; did you mean `aws_instance`?";

#[test]
fn a_misspelt_type_is_found_wherever_it_is_given() {
    let helpers = "of(kind) := [rc | some rc in input.resource_changes; rc.type == kind]
        is_one_of(rc, kinds) if rc.type in kinds
        is_any_of(rc, kinds) if { some kind in kinds; rc.type == kind }
        is_some_of(rc, kinds) if rc.type == kinds[_]
        passed_on(kind) if count(changes.by_type(kind)) > 0
        indexed(kind) := input.planguard.by_type[kind]";
    for body in [
        "some rc in changes.by_type(\"aws_instnce\"); rc.address",
        "some rc in changes.resulting_of(\"aws_instnce\"); rc.address",
        "some rc in resources.by_type(\"aws_instnce\"); rc.address",
        "data.planguard.lib.changes.by_type(`aws_instnce`)[0].address",
        "some kind in {\"aws_instance\", \"aws_instnce\"}; some rc in changes.by_type(kind); rc.address",
        "kind := \"aws_instnce\"; some rc in changes.by_type(kind); rc.address",
        "every kind in [\"aws_instnce\"] { count(changes.by_type(kind)) == 0 }",
        "count([rc | some rc in changes.by_type(\"aws_instnce\")]) > 0",
        "not count(changes.by_type(\"aws_instnce\")) == 0",
        "some rc in input.planguard.by_type.aws_instnce; rc.address",
        "some rc in input.planguard.by_type[\"aws_instnce\"]; rc.address",
        "some kind in [\"aws_instance\", \"aws_instnce\"]; some rc in input.planguard.by_type[kind]; rc.address",
        "some rc in object.get(input.planguard.by_type, \"aws_instnce\", []); rc.address",
        "some rc in changes.managed; rc.type == \"aws_instnce\"",
        "some rc in changes.managed; kind := rc.type; kind == \"aws_instnce\"",
        "some rc in changes.managed; kinds := [\"aws_instnce\"]; rc.type == kinds[_]",
        "some rc in of(\"aws_instnce\"); rc.address",
        "some rc in changes.managed; is_one_of(rc, {\"aws_instnce\"})",
        "some rc in changes.managed; is_any_of(rc, [\"aws_instnce\", \"aws_vpc\"])",
        "some rc in changes.managed; is_some_of(rc, [\"aws_instnce\"])",
        "passed_on(\"aws_instnce\")",
        "some rc in indexed(\"aws_instnce\"); rc.address",
    ] {
        assert_eq!(look(&rule(body, helpers)), [TYPE], "{body}");
    }
}

#[test]
fn a_type_is_found_in_another_file_too() {
    let shared = "package shared\n\nkinds := {\"aws_instance\", \"aws_instnce\"}\n".to_owned();
    let mut files = rule("some kind in data.shared.kinds; some rc in changes.by_type(kind); rc.address", "");
    files.push(("shared.rego", shared));
    assert_eq!(look(&files), [TYPE.replace("main ", "shared ")]);
}

#[test]
fn wildcards_of_types_match_a_type() {
    let wildcards = "no resource type matches `aws_instnce*`; did you mean `aws_instance*`?";
    for body in [
        "some rc in selection.resulting({\"types\": [\"aws_instnce*\"]}); rc.address",
        "some rc in selection.resulting({\"except_types\": {\"aws_instnce*\"}}); rc.address",
        "settings := {\"scope\": \"all\", \"types\": [\"aws_instnce*\"]}; count(selection.resulting(settings)) > 0",
        "some rc in changes.managed; selection.is_chosen({\"types\": [\"aws_instnce*\"]}, rc)",
        "some rc in changes.managed; wildcards.matches(\"aws_instnce*\", rc.type)",
        "some rc in changes.managed; wildcards.matches_any([\"aws_vpc*\", \"aws_instnce*\"], rc.type)",
    ] {
        let expected = format!("main unknown-resource-type: {wildcards}");
        assert_eq!(look(&rule(body, "")), [expected], "{body}");
    }
    let plain = "some rc in selection.resulting({\"types\": [\"aws_instnce\"]}); rc.address";
    assert_eq!(look(&rule(plain, "")), [TYPE]);
    let far = "some rc in selection.resulting({\"types\": [\"aws_quite_another_*\"]}); rc.address";
    let [found] = &look(&rule(far, ""))[..] else { panic!("one finding") };
    assert!(found.starts_with("main unlisted-type: no resource type of provider version"), "{found}");
}

#[test]
fn a_text_in_the_place_of_a_list_is_named() {
    for (body, name, written) in [
        (
            "some rc in changes.managed; wildcards.matches_any(\"aws_vpc*\", rc.type)",
            "wildcards.matches_any",
            "\"aws_vpc*\"",
        ),
        ("some rc in changes.managed; unknown.is_unknown(rc, \"tags\")", "unknown.is_unknown", "\"tags\""),
    ] {
        let files = rule(body, "");
        let expected = format!(
            "main wrong-argument-type: `{name}` reads a list or a set, and `{written}` is a string; write `[{written}]`"
        );
        assert_eq!(look(&files), [expected], "{body}");
    }
    assert_eq!(
        look(&rule("some rc in changes.managed; wildcards.matches_any({\"aws_vpc*\"}, rc.type)", "")),
        [""; 0]
    );
}

#[test]
fn attributes_of_what_a_call_returns_belong_to_its_type() {
    let of_instance = |path: &str, near: &str| {
        format!("main unknown-attribute: `aws_instance` has no attribute `{path}`; did you mean `{near}`?")
    };
    let instances = "some rc in changes.resulting_of(\"aws_instance\"); ";
    for read in [
        "rc.change.after.amii",
        "rc.change.before.amii",
        "changes.after(rc).amii",
        "changes.before(rc).amii",
        "changes.state(rc).amii",
        "changes.attribute(rc, [\"amii\"], \"\") == \"\"",
        "changes.is_changed(rc, [\"amii\"])",
        "unknown.is_unknown(rc, [\"amii\"])",
        "unknown.has_unknown(rc, [\"amii\"])",
        "unknown.is_sensitive(rc, [\"amii\"])",
        "unknown.state(rc, [\"amii\"]) == \"known\"",
        "references.sets(rc, \"amii\")",
    ] {
        let body = format!("{instances}{read}");
        assert_eq!(look(&rule(&body, "")), [of_instance("amii", "ami")], "{body}");
    }
    for body in [
        "some rc in changes.by_type(\"aws_instance\"); rc.change.after.amii",
        "some resource in resources.by_type(\"aws_instance\"); resource.values.amii",
        "some resource in resources.planned; resource.type == \"aws_instance\"; resource.values.amii",
        "some kind in [\"aws_instance\"]; some rc in input.planguard.by_type[kind]; rc.change.after.amii",
        "some rc in object.get(input.planguard.by_type, \"aws_instance\", []); rc.change.after.amii",
    ] {
        assert_eq!(look(&rule(body, "")), [of_instance("amii", "ami")], "{body}");
    }
    let nested = format!("{instances}unknown.is_unknown(rc, [\"root_block_device\", 0, \"encypted\"])");
    let path = "root_block_device[_].";
    assert_eq!(
        look(&rule(&nested, "")),
        [of_instance(&format!("{path}encypted"), &format!("{path}encrypted"))]
    );
}

#[test]
fn a_misspelt_key_of_what_planguard_adds_is_found() {
    let found = look(&rule("some rc in input.planguard.by_typ.aws_instance; rc.address", ""));
    assert_eq!(
        found,
        [
            "main unknown-input: no plan contains `input.planguard.by_typ`; did you mean `input.planguard.by_type`?"
        ]
    );
    for body in [
        "some rc in input.planguard.by_type.aws_instance; rc.change.after.ami",
        "some rc in input.planguard.by_action[\"create\"]; rc.address",
        "some kind, rcs in input.planguard.by_type; startswith(kind, \"aws_instnce\"); count(rcs) > 0",
        "some kind; input.planguard.by_type[kind][_].change.after.anything",
    ] {
        assert_eq!(look(&rule(body, "")), [""; 0], "{body}");
    }
}

#[test]
fn what_may_exist_is_not_reported() {
    let helpers = "data_sources(kind) := [rc |
        some rc in input.resource_changes
        rc.mode == \"data\"
        rc.type == kind
    ]
    named(word) if { some rc in input.resource_changes; rc.name == word }";
    for body in [
        // A provider without a schema.
        "some rc in changes.by_type(\"acme_widgett\"); rc.change.after.anything",
        "some rc in selection.resulting({\"types\": [\"acme_*\", \"*\", \"*_bucket\", \"aws*\", \"aws_*\"]}); rc.address",
        "some rc in input.planguard.by_type.terraform_data; rc.change.after.input",
        // Only older releases have the type, or the attribute.
        "some rc in changes.by_type(\"azurerm_sql_server\"); rc.change.after.name",
        "some rc in changes.by_type(\"azurerm_storage_account\"); unknown.is_unknown(rc, [\"name\"])",
        // Data sources.
        "some rc in data_sources(\"aws_caller_identity\"); rc.change.after.account_id",
        "some rc in changes.entries; rc.mode == \"data\"; rc.type == \"aws_caller_identity\"",
        "some rc in changes.entries; rc.mode == \"data\"; rc.type == \"aws_ami\"; rc.change.after.most_recent",
        // Strings that are put together.
        "some rc in changes.by_type(concat(\"_\", [\"aws\", \"instnce\"])); rc.address",
        "some rc in changes.by_type(sprintf(\"aws_%s\", [\"instnce\"])); rc.address",
        "some rc in changes.managed; startswith(rc.type, \"aws_instnce\")",
        "some rc in changes.managed; rc.type == lower(\"AWS_INSTANCE\")",
        // Strings that are no types.
        "named(\"aws_instnce\")",
        "some rc in changes.managed; rc.address == \"aws_instnce.web\"",
        "some rc in changes.managed; wildcards.matches(\"aws_instnce*\", rc.address)",
        "some rc in selection.resulting({\"except\": [\"aws_instnce*\"], \"types\": [\"aws_?pc\"]}); rc.address",
        "count(changes.by_action(\"create\")) > 0",
        // Attributes that exist, of one of several types, or are put together.
        "some rc in changes.resulting_of(\"aws_instance\"); unknown.is_unknown(rc, [\"root_block_device\", 0, \"encrypted\"])",
        "some rc in changes.resulting_of(\"aws_instance\"); unknown.is_unknown(rc, [\"arn\"]); changes.is_changed(rc, [\"arn\"])",
        "some rc in changes.resulting_of(\"aws_instance\"); unknown.is_unknown(rc, [\"tags\", \"any key\"])",
        "some kind in [\"aws_instance\", \"aws_s3_bucket\"]; some rc in changes.by_type(kind); rc.change.after.bucket",
        "some rc in changes.resulting_of(\"aws_instance\"); some name in [\"amii\"]; unknown.is_unknown(rc, [name])",
        "some rc in changes.managed; unknown.is_unknown(rc, [\"anything\"]); changes.after(rc).anything",
        "references.sets(\"aws_instance.web\", \"anything\")",
    ] {
        assert_eq!(look(&rule(body, helpers)), [""; 0], "{body}");
    }
}

/// An author may have changed a copy of the library.
#[test]
fn a_copy_of_the_library_is_read_as_it_is() {
    let copy = "package planguard.lib.unknown\n\nis_unknown(resource, words) if resource.change.after_unknown[words[0]]\n";
    let mut files =
        rule("some rc in changes.resulting_of(\"aws_instance\"); unknown.is_unknown(rc, [\"amii\"])", "");
    files.push(("unknown.rego", copy.to_owned()));
    assert_eq!(look(&files), [""; 0]);
}

#[test]
fn a_comment_ignores_a_type_in_a_call() {
    let body = "# planguard:ignore unknown-resource-type because the provider is a fork; \
                some rc in changes.by_type(\"aws_instnce\"); rc.address";
    assert_eq!(look(&rule(body, "")), [""; 0]);
}
