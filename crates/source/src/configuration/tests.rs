use std::fs;

use planguard_plan::{DuplicateKeys, PathStep};
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

/// A directory with these files.
fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory
}

fn path(text: &str) -> AttributePath {
    let mut path = AttributePath::default();
    for part in text.split('.') {
        let (name, position) = part.split_once('[').unwrap_or((part, ""));
        path = path.key(name);
        if let Some(position) = position.strip_suffix(']') {
            path = path.index(position.parse().unwrap());
        }
    }
    path
}

/// `FILE:LINE PRECISION` of an attribute, relative to the directory.
fn find_as(directory: &TempDir, tool: Option<Tool>, address: &str, attribute: &str, after: &str) -> String {
    let configuration = Configuration::read(directory.path());
    let (address, attribute) = (address.parse().unwrap(), path(attribute));
    let duplicates = DuplicateKeys::default();
    let after = Value::parse(after, &duplicates).unwrap();
    let sought = Sought { address: &address, attribute: Some(&attribute), after: Some(&after), tool };
    configuration.locate(&sought).map_or("nowhere".to_owned(), |place| {
        let file = place.file().strip_prefix(directory.path()).unwrap().display().to_string();
        format!("{file}:{} {:?}", place.line(), place.precision)
    })
}

fn find(directory: &TempDir, address: &str, attribute: &str, after: &str) -> String {
    find_as(directory, None, address, attribute, after)
}

fn problems(directory: &TempDir) -> Vec<String> {
    let root = directory.path().display().to_string();
    let configuration = Configuration::read(directory.path());
    configuration
        .problems()
        .iter()
        .map(|problem| problem.to_string().replace(&format!("{root}/"), ""))
        .collect()
}

const TOPIC: &str = "resource \"aws_sns_topic\" \"t\" {\n  name = \"a\"\n}\n";

#[test]
fn a_resource_that_is_defined_twice_has_no_certain_place() {
    let directory = directory(&[("a.tf", TOPIC), ("b.tf", TOPIC)]);
    assert_eq!(find(&directory, "aws_sns_topic.t", "name", "{}"), "nowhere");
    assert_eq!(find(&directory, "aws_sns_topic.other", "name", "{}"), "nowhere");
}

#[test]
fn a_damaged_file_is_left_out_and_reported() {
    let other = "resource \"aws_sns_topic\" \"u\" {\n  name = = 1\n}\n";
    let directory = directory(&[("a.tf", TOPIC), ("b.tf", other), ("c.tf.json", "{\n \"resource\": ]")]);
    assert_eq!(find(&directory, "aws_sns_topic.t", "name", "{}"), "a.tf:2 Attribute");
    assert_eq!(find(&directory, "aws_sns_topic.u", "name", "{}"), "nowhere");
    let problems = problems(&directory);
    assert!(problems[0].starts_with("b.tf:2: invalid HCL: "), "{problems:?}");
    assert!(problems[1].starts_with("c.tf.json:2: invalid JSON: "), "{problems:?}");
    assert_eq!(problems.len(), 2);
}

#[test]
fn an_override_file_that_cannot_be_read_may_set_every_attribute() {
    let call = "module \"m\" {\n  source = \"./m\"\n}\n";
    let directory =
        directory(&[("a.tf", TOPIC), ("b.tf", call), ("x_override.tf", "resource {"), ("m/main.tf", TOPIC)]);
    assert_eq!(find(&directory, "module.m.aws_sns_topic.t", "name", "{}"), "nowhere");
    assert_eq!(find(&directory, "aws_sns_topic.t", "name", "{}"), "a.tf:1 Block");
}

#[test]
fn overrides_apply_in_the_order_of_their_names() {
    let change = |name: &str| format!("\n\n\n\nresource \"aws_sns_topic\" \"t\" {{ name = \"{name}\" }}\n");
    let (one, two) = (change("b"), change("c"));
    let directory = directory(&[("a.tf", TOPIC), ("b_override.tf", &two), ("a_override.tf", &one)]);
    assert_eq!(find(&directory, "aws_sns_topic.t", "name", "{}"), "b_override.tf:5 Attribute");
    let place = |attribute| {
        let address = "aws_sns_topic.t".parse().unwrap();
        let sought = Sought { address: &address, attribute, after: None, tool: None };
        Configuration::read(directory.path()).locate(&sought).unwrap()
    };
    assert!(place(None).file().ends_with("a.tf"));
    assert!(place(Some(&path("name"))).block.file.path().ends_with("a.tf"));
}

#[test]
fn a_tofu_file_replaces_the_file_of_the_same_name_for_opentofu_only() {
    let tofu = "# replaced\nresource \"aws_sns_topic\" \"t\" {\n  name = \"b\"\n}\n";
    let both = directory(&[("a.tf", TOPIC), ("a.tofu", tofu), ("b.tf", &TOPIC.replace("\"t\"", "\"u\""))]);
    let find = |tool, name| find_as(&both, tool, name, "name", "{}");
    assert_eq!(find(Some(Tool::Terraform), "aws_sns_topic.t"), "a.tf:2 Attribute");
    assert_eq!(find(Some(Tool::OpenTofu), "aws_sns_topic.t"), "a.tofu:3 Attribute");
    assert_eq!(find(None, "aws_sns_topic.t"), "nowhere");
    assert_eq!(find(None, "aws_sns_topic.u"), "b.tf:2 Attribute");
}

#[test]
fn what_only_one_tool_reads_is_certain_unless_it_is_deleted() {
    let directory = directory(&[("a.tofu", TOPIC)]);
    assert_eq!(find(&directory, "aws_sns_topic.t", "name", "{}"), "a.tofu:2 Attribute");
    let address = "aws_sns_topic.t".parse().unwrap();
    let sought = Sought { address: &address, attribute: None, after: None, tool: None };
    assert_eq!(Configuration::read(directory.path()).locate(&sought), None);
}

#[test]
fn an_override_that_one_tool_reads_leaves_the_block() {
    let change = "resource \"aws_sns_topic\" \"t\" {\n  name = \"b\"\n}\n";
    let directory = directory(&[("a.tf", TOPIC), ("override.tofu", change)]);
    assert_eq!(find(&directory, "aws_sns_topic.t", "name", "{}"), "a.tf:1 Block");
}

#[test]
fn installed_modules_are_found_by_their_key() {
    let call = "module \"m\" {\n  source = \"acme/topic/aws\"\n}\nmodule \"n\" {\n  source = \"acme/other/aws\"\n}\n";
    let manifest = r#"{"Modules":[{"Key":"","Source":"","Dir":"."},
        {"Key":"m","Source":"registry.terraform.io/acme/topic/aws","Version":"1.0.0","Dir":".terraform/modules/m"},
        {"Key":"n","Source":"registry.terraform.io/acme/stale/aws","Version":"1.0.0","Dir":".terraform/modules/n"}]}"#;
    let directory = directory(&[
        ("main.tf", call),
        (".terraform/modules/modules.json", manifest),
        (".terraform/modules/m/main.tf", TOPIC),
        (".terraform/modules/n/main.tf", TOPIC),
    ]);
    let found = find(&directory, "module.m[\"k\"].aws_sns_topic.t[0]", "name", "{}");
    assert_eq!(found, ".terraform/modules/m/main.tf:2 Attribute");
    assert_eq!(find(&directory, "module.n.aws_sns_topic.t", "name", "{}"), "nowhere");
    assert_eq!(problems(&directory), ["main.tf:4: the files of `module.n` are not available"]);
    let configuration = Configuration::read(directory.path());
    let call = |address: &str| {
        let call = configuration.call(&address.parse().unwrap(), Tool::Terraform);
        call.map(|spot| spot.start().line)
    };
    assert_eq!(call("module.n.module.inner.aws_sns_topic.t"), Some(4));
    assert_eq!(call("module.m.module.gone.aws_sns_topic.t"), Some(1));
    assert_eq!(call("aws_sns_topic.t"), None);
}

#[test]
fn modules_that_call_each_other_end() {
    let call = "module \"m\" {\n  source = \"../b\"\n}\n";
    let directory = directory(&[
        ("main.tf", "module \"m\" {\n  source = \"./a\"\n}\n"),
        ("a/main.tf", call),
        ("b/main.tf", &format!("{}{TOPIC}", call.replace("../b", "../a"))),
    ]);
    let found = find(&directory, "module.m.module.m.module.m.module.m.aws_sns_topic.t", "name", "{}");
    assert_eq!(found, "b/main.tf:5 Attribute");
    assert_eq!(problems(&directory), [""; 0]);
}

#[test]
fn a_local_module_that_is_missing_is_reported_and_nothing_is_found_in_it() {
    let directory = directory(&[("main.tf", "module \"m\" {\n  source = \"./gone\"\n}\n")]);
    assert_eq!(find(&directory, "module.m.aws_sns_topic.t", "name", "{}"), "nowhere");
    assert!(
        problems(&directory)[0].starts_with("cannot read the directory `gone`: "),
        "{:?}",
        problems(&directory)
    );
}

#[test]
fn a_directory_that_is_missing_is_a_problem() {
    let configuration = Configuration::read(Path::new("no/such/directory"));
    let problems: Vec<String> = configuration.problems().iter().map(ToString::to_string).collect();
    assert!(problems[0].starts_with("cannot read the directory `no/such/directory`: "), "{problems:?}");
    assert_eq!(problems.len(), 1);
}

#[cfg(unix)]
#[test]
fn symbolic_links_lead_where_the_system_says() {
    let directory = directory(&[
        ("real/root/main.tf", "module \"m\" {\n  source = \"../module\"\n}\n"),
        ("real/module/main.tf", TOPIC),
        ("module/main.tf", "# another\n"),
        ("file.tf.txt", TOPIC),
    ]);
    std::os::unix::fs::symlink("real/root", directory.path().join("link")).unwrap();
    std::os::unix::fs::symlink("../../file.tf.txt", directory.path().join("real/root/linked.tf")).unwrap();
    let configuration = Configuration::read(&directory.path().join("link"));
    let find = |address: &str| {
        let address = address.parse().unwrap();
        let sought = Sought { address: &address, attribute: Some(&path("name")), after: None, tool: None };
        let place = configuration.locate(&sought).unwrap();
        format!("{}:{}", place.file().strip_prefix(directory.path()).unwrap().display(), place.line())
    };
    assert_eq!(find("module.m.aws_sns_topic.t"), "link/../module/main.tf:2");
    assert_eq!(find("aws_sns_topic.t"), "link/linked.tf:2");
}

#[test]
fn the_data_source_of_a_check_is_one_of_the_module() {
    let check = "check \"c\" {\n  data \"aws_ami\" \"a\" {\n    most_recent = true\n  }\n}\n";
    let json = r#"{"check": {"d": {"data": {"aws_ami": {"b": {
        "most_recent": true}}}}}}"#;
    let directory = directory(&[("a.tf", check), ("b.tf.json", json)]);
    assert_eq!(find(&directory, "data.aws_ami.a", "most_recent", "{}"), "a.tf:3 Attribute");
    assert_eq!(find(&directory, "data.aws_ami.b", "most_recent", "{}"), "b.tf.json:2 Attribute");
}

#[test]
fn kinds_of_blocks_are_told_apart() {
    let text = "data \"x_y\" \"a\" {\n  b = 1\n}\nresource \"x_y\" \"a\" {\n  b = 1\n}\nephemeral \"x_y\" \"a\" {\n  b = 1\n}\n";
    let directory = directory(&[("a.tf", text)]);
    assert_eq!(find(&directory, "data.x_y.a", "b", "{}"), "a.tf:2 Attribute");
    assert_eq!(find(&directory, "x_y.a", "b", "{}"), "a.tf:5 Attribute");
    assert_eq!(find(&directory, "ephemeral.x_y.a", "b", "{}"), "a.tf:8 Attribute");
}

/// Where the attribute `v` of a block of an unknown provider is; `after` has the values of `b`.
fn in_unknown(body: &str, attribute: &str, after: &str) -> String {
    let directory = directory(&[("a.tf", &format!("resource \"x_y\" \"a\" {{\n{body}\n}}\n"))]);
    find(&directory, "x_y.a", attribute, &format!("{{\"b\": {after}}}"))
}

#[test]
fn without_a_schema_only_content_tells_blocks_apart() {
    let body = "b {\n  k = \"one\"\n  v = 1\n}\nb {\n  k = \"two\"\n  v = 1\n}";
    let (one, two) = (r#"{"k": "one", "v": 1}"#, r#"{"k": "two", "v": 1}"#);
    assert_eq!(in_unknown(body, "b[0].v", &format!("[{one}, {two}]")), "a.tf:4 Attribute");
    assert_eq!(in_unknown(body, "b[0].v", &format!("[{two}, {one}]")), "a.tf:8 Attribute");
    // Something was added.
    let added = format!("[{one}, {{\"k\": \"three\", \"v\": 1}}, {two}]");
    assert_eq!(in_unknown(body, "b[0].v", &added), "a.tf:1 Block");
    assert_eq!(in_unknown(body, "b[0].v", &format!("[{two}, {two}]")), "a.tf:1 Block");
    assert_eq!(in_unknown(body, "b[2].v", &format!("[{one}, {two}]")), "a.tf:1 Block");
    assert_eq!(in_unknown(body, "b[0].v", "null"), "a.tf:1 Block");
}

#[test]
fn equal_blocks_are_not_told_apart() {
    let body = "b {\n  k = \"one\"\n  v = 1\n}\nb {\n  k = \"one\"\n  v = 1\n}";
    assert_eq!(in_unknown(body, "b[0].v", r#"[{"k": "one", "v": 1}]"#), "a.tf:1 Block");
}

#[test]
fn a_value_that_the_provider_rewrites_rules_out_nothing() {
    let body = "b {\n  k = \"TCP\"\n  p = \"080\"\n  v = 1\n}\nb {\n  k = \"udp\"\n  p = 53\n  v = 1\n}";
    let after = r#"[{"k": "udp", "p": "53"}, {"k": "tcp", "p": 80}]"#;
    assert_eq!(in_unknown(body, "b[1].v", after), "a.tf:5 Attribute");
    assert_eq!(in_unknown(body, "b[0].v", after), "a.tf:10 Attribute");
    // A literal that is nowhere in the plan was rewritten, so it tells nothing.
    let first = "b {\n  k = \"all\"\n  v = 1\n}\n";
    let after = r#"[{"k": "udp"}, {"k": "-1"}]"#;
    let literal = format!("{first}b {{\n  k = \"udp\"\n  v = 1\n}}");
    assert_eq!(in_unknown(&literal, "b[1].v", after), "a.tf:4 Attribute");
    assert_eq!(in_unknown(&literal, "b[0].v", after), "a.tf:8 Attribute");
    let evaluated = format!("{first}b {{\n  k = var.k\n  v = 1\n}}");
    assert_eq!(in_unknown(&evaluated, "b[0].v", after), "a.tf:1 Block");
    // Or it is in the state that it differs.
    let ignored = format!("{literal}\nlifecycle {{\n  ignore_changes = [b]\n}}");
    assert_eq!(in_unknown(&ignored, "b[1].v", after), "a.tf:1 Block");
    let json = r#"{"resource": {"x_y": {"a": {"lifecycle": {"ignore_changes": ["b"]}, "b": [{"k": "all"}, {"k": "udp"}]}}}}"#;
    let directory = directory(&[("a.tf.json", json)]);
    assert_eq!(find(&directory, "x_y.a", "b[1].k", &format!("{{\"b\": {after}}}")), "a.tf.json:1 Block");
}

#[test]
fn an_attribute_and_blocks_of_one_name_are_not_told_apart() {
    assert_eq!(in_unknown("b = []\nb {\n  v = 1\n}", "b[0].v", r#"[{"v": 1}]"#), "a.tf:1 Block");
}

#[test]
fn two_dynamic_blocks_are_told_apart_by_literals() {
    let dynamic = |k: &str| {
        format!("dynamic \"b\" {{\n  for_each = var.x\n  content {{\n    k = {k}\n    v = 1\n  }}\n}}\n")
    };
    let after = r#"[{"k": "one", "v": 1}, {"k": "two", "v": 1}]"#;
    let literals = [dynamic("\"two\""), dynamic("\"one\"")].concat();
    assert_eq!(in_unknown(&literals, "b[0].v", after), "a.tf:13 Attribute");
    assert_eq!(in_unknown(&literals, "b[1].v", after), "a.tf:6 Attribute");
    let evaluated = [dynamic("b.key"), dynamic("\"one\"")].concat();
    assert_eq!(in_unknown(&evaluated, "b[0].v", after), "a.tf:1 Block");
    assert_eq!(in_unknown(&evaluated, "b[1].v", after), "a.tf:6 Attribute");
}

#[test]
fn absent_attributes_are_in_the_innermost_certain_block() {
    let body = "b {\n  c {\n    v = 1\n  }\n}";
    let after = r#"[{"c": [{"v": 1}]}]"#;
    assert_eq!(in_unknown(body, "b[0].c[0].w", after), "a.tf:3 Block");
    assert_eq!(in_unknown(body, "b[0].d[0].w", after), "a.tf:2 Block");
    assert_eq!(in_unknown(body, "d", after), "a.tf:1 Block");
}

#[test]
fn keys_of_objects_have_lines_unless_they_are_evaluated() {
    assert_eq!(in_unknown("b = {\n  k = 1\n}", "b.k", r#"{"k": 1}"#), "a.tf:3 Attribute");
    assert_eq!(in_unknown("b = {\n  k = 1\n}", "b.other", r#"{"k": 1}"#), "a.tf:2 Attribute");
    assert_eq!(in_unknown("b = {\n  k = 1\n  (var.x) = 2\n}", "b.k", r#"{"k": 1}"#), "a.tf:2 Attribute");
    assert_eq!(in_unknown("b = merge({\n  k = 1\n})", "b.k", r#"{"k": 1}"#), "a.tf:2 Attribute");
}

#[test]
fn paths_are_as_short_as_they_can_be() {
    for (long, short) in
        [(".", ""), ("./a/./b", "a/b"), ("a/../b", "b"), ("../a/../..", "../.."), ("/..", "/")]
    {
        assert_eq!(clean(Path::new(long)), Path::new(short), "{long}");
    }
}

#[test]
fn a_list_whose_elements_contradict_the_order_of_the_file_goes_by_content() {
    let rule = |id: &str| format!("  rule {{\n    id     = \"{id}\"\n    status = var.status\n  }}\n");
    let text = format!(
        "resource \"aws_s3_bucket_lifecycle_configuration\" \"l\" {{\n{}{}{}}}\n",
        rule("one"),
        rule("two"),
        rule("${var.id}")
    );
    let directory = directory(&[("a.tf", &text)]);
    let find = |attribute: &str, ids: [&str; 3]| {
        let rules: Vec<String> = ids.iter().map(|id| format!("{{\"id\": \"{id}\"}}")).collect();
        let after = format!("{{\"rule\": [{}]}}", rules.join(","));
        find(&directory, "aws_s3_bucket_lifecycle_configuration.l", attribute, &after)
    };
    assert_eq!(find("rule[0].status", ["one", "two", "three"]), "a.tf:4 Attribute");
    assert_eq!(find("rule[2].status", ["one", "two", "three"]), "a.tf:12 Attribute");
    assert_eq!(find("rule[0].status", ["two", "three", "one"]), "a.tf:8 Attribute");
    assert_eq!(find("rule[1].status", ["two", "three", "one"]), "a.tf:12 Attribute");
    assert_eq!(find("rule[0].status", ["four", "three", "one"]), "a.tf:1 Block");
}

#[test]
fn a_value_without_a_fixed_type_keeps_its_order() {
    let text = "resource \"kubernetes_manifest\" \"m\" {\n  manifest = {\n    list = [\n      { v = var.a },\n      { v = var.b },\n    ]\n  }\n}\n";
    let directory = directory(&[("a.tf", text)]);
    let after = r#"{"manifest": {"list": [{"v": 1}, {"v": 2}]}}"#;
    let found = find(&directory, "kubernetes_manifest.m", "manifest.list[1].v", after);
    assert_eq!(found, "a.tf:5 Attribute");
}

#[test]
fn a_copied_value_comes_from_arguments_locals_and_variables() {
    let directory = directory(&[
        (
            "main.tf",
            "variable \"cidr\" {\n  default = \"x\"\n}\nlocals {\n  range = var.cidr\n}\nmodule \"m\" {\n  source = \"./m\"\n  names = [local.range]\n}\n",
        ),
        (
            "m/main.tf.json",
            r#"{"variable": {"names": {}, "kind": {
            "default": 1}},
            "resource": {"x_y": {"a": {
            "name": "${var.names}",
            "kind": "${var.kind}",
            "made": "${var.names}-x",
            "circle": "${local.a}"}}},
            "locals": [{"a": "${local.b}"},
            {"b": "${local.a}"}]}"#,
        ),
    ]);
    let configuration = Configuration::read(directory.path());
    let from = |attribute: &str| {
        let (address, attribute) = ("module.m[0].x_y.a".parse().unwrap(), path(attribute));
        let sought = Sought { address: &address, attribute: Some(&attribute), after: None, tool: None };
        let place = configuration.locate(&sought).unwrap();
        let spots = place.from.iter().map(|spot| {
            let file = spot.file.path().strip_prefix(directory.path()).unwrap().display().to_string();
            format!("{file}:{}", spot.start().line)
        });
        spots.collect::<Vec<_>>()
    };
    assert_eq!(from("name"), ["main.tf:9", "main.tf:5", "main.tf:1"]);
    assert_eq!(from("kind"), ["m/main.tf.json:2"]);
    assert_eq!(from("made"), [""; 0]);
    assert_eq!(from("circle"), ["m/main.tf.json:8", "m/main.tf.json:9"]);
}

fn body() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just("1".to_owned()),
        Just("var.x".to_owned()),
        Just("\"a\"".to_owned()),
        Just("[{ a = 1 }, { b = \"é\" }]".to_owned()),
        Just("{\n a = 1\n (b) = 2\n}".to_owned()),
        Just("<<E\na = 1\nE".to_owned()),
    ];
    let attribute = ("[a-c]", value).prop_map(|(name, value)| format!("{name} = {value}\n"));
    attribute.prop_recursive(4, 24, 5, |inside| {
        let inside = proptest::collection::vec(inside, 0..4).prop_map(|parts| parts.concat());
        prop_oneof![
            ("[a-c]", inside.clone()).prop_map(|(name, body)| format!("{name} {{\n{body}}}\n")),
            ("[a-c]", inside)
                .prop_map(|(name, body)| format!("dynamic \"{name}\" {{\ncontent {{\n{body}}}\n}}\n")),
        ]
    })
}

proptest! {
    #[test]
    fn every_place_is_that_of_a_name_on_the_path(
        bodies in proptest::collection::vec(body(), 0..5),
        steps in proptest::collection::vec(
            prop_oneof![
                "[a-c]".prop_map(PathStep::Key),
                (0_usize..3).prop_map(PathStep::Index),
            ],
            1..6,
        ),
    ) {
        let text = format!("resource \"x_y\" \"a\" {{\n{}}}\n", bodies.concat());
        let directory = directory(&[("a.tf", &text)]);
        let configuration = Configuration::read(directory.path());
        let address = "x_y.a".parse().unwrap();
        let path = AttributePath(steps);
        let sought = Sought { address: &address, attribute: Some(&path), after: None, tool: None };
        // A body that sets an attribute twice is invalid.
        if let Some(place) = configuration.locate(&sought) {
            let text = &place.at.file.text()[place.at.span.clone()];
            let name = text.trim_start_matches("dynamic \"").split(['"', ' ', '{']).next().unwrap();
            let is_on_path = path.0.iter().any(|step| matches!(step, PathStep::Key(key) if key == name));
            prop_assert!(is_on_path || text == "resource \"x_y\" \"a\"", "{}", text);
        }
    }
}
