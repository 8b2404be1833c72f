//! Kinds of changes, and what each format says of them.

use planguard_plan::input::Document;

use super::FORMATS;
use crate::render::layout::sample::PLAIN;
use crate::render::{Detail, Layout};
use crate::show::PlanView;

/// A plan with these changes and further sections.
fn plan(changes: &[String], sections: &str) -> PlanView {
    let changes = changes.join(",");
    let text = format!(
        r#"{{"format_version": "1.2", "planned_values": {{}}, {sections} "resource_changes": [{changes}]}}"#
    );
    PlanView::of(&Document::from_text("plan.json", &text).unwrap()).unwrap()
}

fn change(address: &str, actions: &str, before: &str, after: &str, more: &str) -> String {
    format!(
        r#"{{"address": "{address}"{more}, "change": {{"actions": [{actions}], "before": {before}, "after": {after},
            "after_unknown": {{}}}}}}"#
    )
}

fn update(address: &str, before: &str, after: &str) -> String {
    change(address, r#""update""#, before, after, "")
}

fn shown(view: &PlanView, format: &str, layout: Layout) -> String {
    (FORMATS.find(format).unwrap().render)(view, layout).unwrap()
}

/// The text, the comment and the document of a plan.
fn each(view: &PlanView) -> [String; 3] {
    ["text", "markdown", "json"].map(|format| shown(view, format, PLAIN))
}

/// A text on one line.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn an_element_that_changes_is_named_by_what_stays_of_it() {
    let rule = |port: u16, range: &str| {
        format!(r#"{{"ranges": ["{range}"], "port": {port}, "text": "", "self": false, "kind": "tcp"}}"#)
    };
    let rules = |ssh: &str| format!(r#"{{"rules": [{}, {}]}}"#, rule(443, "10.0.0.0/8"), rule(22, ssh));
    let view = plan(&[update("x_a.b", &rules("10.0.0.0/8"), &rules("0.0.0.0/0"))], "");
    let [text, markdown, json] = each(&view);
    for people in [&text, &markdown] {
        assert!(people.contains("~ [1] = {") && people.contains("port = 22"), "{people}");
        assert!(people.contains("kind = \"tcp\"") && !people.contains("443"), "{people}");
        // `text` is empty and `self` is off: they name nothing, and are counted.
        assert!(people.contains("(2 members unchanged)"), "{people}");
    }
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let element = &json["changes"][0]["differences"][0]["differences"][0];
    assert_eq!(element["position"], serde_json::json!({"before": 1, "after": 1, "moved": false}));
    assert_eq!(element["about"]["port"], "22");
    assert_eq!(element["unchanged"], 4);
}

#[test]
fn a_statement_is_named_by_its_lists_and_objects() {
    let statement = |bucket: &str, action: &str| {
        format!(
            r#"{{\"Action\": \"{action}\", \"Effect\": \"Allow\", \"Resource\": [\"{bucket}\"], \"Principal\": {{\"AWS\": \"a-{bucket}\"}}}}"#
        )
    };
    let policy = |action: &str| {
        let (logs, data) = (statement("logs", "s3:GetObject"), statement("data", action));
        format!(r#"{{"policy": "{{\"Statement\": [{logs}, {data}]}}"}}"#)
    };
    let [text, _, json] = each(&plan(&[update("x_a.b", &policy("s3:Get*"), &policy("s3:*"))], ""));
    let text = flat(&text);
    assert!(text.contains("Resource = [\"data\"]") && !text.contains("logs"), "{text}");
    assert!(text.contains("a-data") && text.contains("Effect = \"Allow\""), "{text}");
    assert!(json.contains(r#""Resource": "[\"data\"]""#), "{json}");
}

#[test]
fn an_object_is_named_by_its_name() {
    let of = |port: u16| format!(r#"{{"rule": {{"name": "ssh", "port": {port}, "kind": "tcp"}}}}"#);
    let [text, _, json] = each(&plan(&[update("x_a.b", &of(22), &of(2222))], ""));
    assert!(text.contains("name = \"ssh\"") && text.contains("(1 member unchanged)"), "{text}");
    assert!(json.contains(r#""name": "\"ssh\"""#), "{json}");
}

#[test]
fn a_member_that_is_sensitive_names_nothing() {
    let of = |value: u8| {
        format!(r#"{{"env": [{{"name": "hunter2hunter2", "n": {value}}}, {{"name": "other", "n": 5}}]}}"#)
    };
    let change = update("x_a.b", &of(1), &of(2));
    let marks = r#""after_unknown": {}, "before_sensitive": {"env": [{"name": true}, {}]},
        "after_sensitive": {"env": [{"name": true}, {}]}"#;
    let view = plan(&[change.replace(r#""after_unknown": {}"#, marks)], "");
    for text in each(&view) {
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn what_stands_elsewhere_in_a_list_is_told() {
    let element = |name: &str, port: u16| {
        format!(r#"{{"name": "{name}", "port": {port}, "text": "a long enough text"}}"#)
    };
    let list = |elements: &[String]| format!(r#"{{"rules": [{}]}}"#, elements.join(", "));
    let (a, b, c) = (element("a", 1), element("b", 2), element("c", 3));
    let before = list(&[a.clone(), b.clone(), c.clone()]);
    let [text, markdown, json] =
        each(&plan(&[update("x_a.b", &before, &list(&[c.clone(), a.clone(), b.clone()]))], ""));
    for people in [&text, &markdown] {
        assert!(people.contains("~ [2] -> [0]: moved, name = \"c\", port = 3"), "{people}");
        assert!(people.contains("(1 element moved, 2 elements unchanged)"), "{people}");
    }
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let list_of = &json["changes"][0]["differences"][0];
    assert_eq!((&list_of["moved"], &list_of["unchanged"]), (&1.into(), &2.into()));
    assert_eq!(list_of["differences"][0]["position"]["moved"], true);
    // One that changes, too.
    let [text, ..] =
        each(&plan(&[update("x_a.b", &before, &list(&[element("c", 9), a.clone(), b.clone()]))], ""));
    assert!(text.contains("~ [2] -> [0] = {") && text.contains("port = 3 -> 9"), "{text}");
    // What is only pushed along did not move.
    let [text, ..] = each(&plan(&[update("x_a.b", &before, &list(&[element("z", 7), a, b, c]))], ""));
    assert!(!text.contains("moved") && !text.contains("->"), "{text}");
}

#[test]
fn values_that_follow_the_key_are_folded_and_others_stand_out() {
    let of = |key: &str, name: &str| {
        update(
            &format!(r#"x_a.b[\"{key}\"]"#),
            r#"{"name": "old", "id": "x"}"#,
            &format!(r#"{{"name": "{name}", "id": "x"}}"#),
        )
    };
    let mut changes: Vec<String> =
        ["a", "b", "c", "d", "e"].iter().map(|key| of(key, &format!("bucket-{key}"))).collect();
    let [text, markdown, _] = each(&plan(&changes, ""));
    for people in [&text, &markdown] {
        assert!(people.contains("\"old\" -> \"bucket-(key)\""), "{people}");
    }
    assert!(markdown.contains("`[\"e\"]`"), "{markdown}");
    changes.push(of("f", "public"));
    let view = plan(&changes, "");
    let [text, markdown, json] = each(&view);
    for people in [&text, &markdown] {
        assert!(people.contains("\"old\" -> \"bucket-(key)\""), "{people}");
        assert!(people.contains("\"old\" -> \"public\""), "{people}");
    }
    // Programs get all of them in the order of their addresses, and so does who asks for everything.
    let all = shown(&view, "text", Layout { detail: Detail::Everything, ..PLAIN });
    for (text, start) in [(&json, "x_a.b"), (&all, "~ x_a.b")] {
        let places: Vec<usize> = ["a", "b", "c", "d", "e", "f"]
            .iter()
            .map(|key| {
                let escaped = if start.starts_with('~') {
                    format!("{start}[\"{key}\"]")
                } else {
                    format!(r#"{start}[\"{key}\"]"#)
                };
                text.find(&escaped).unwrap()
            })
            .collect();
        assert!(places.is_sorted(), "{text}");
    }
    assert!(!all.contains("(key)") && all.contains("\"bucket-c\""), "{all}");
}

#[test]
fn sides_of_a_group_are_folded_apart() {
    let of = |key: u8| {
        let change = update(
            &format!("x_a.b[{key}]"),
            &format!(r#"{{"v": "id-{}"}}"#, u32::from(key) * 7919 + 11),
            "{}",
        );
        change.replace(r#""after_unknown": {}"#, r#""after_unknown": {"v": true}"#)
    };
    let [text, ..] = each(&plan(&[of(0), of(1), of(2), of(3)], ""));
    assert!(text.contains("~ v = (not the same in each) -> (known after apply)"), "{text}");
}

#[test]
fn a_long_line_that_changes_is_cut_around_the_change() {
    let (start, end) = ("s".repeat(400), "e".repeat(400));
    let of = |port: &str| format!(r#"{{"v": "{start} --port {port} {end}"}}"#);
    let [text, ..] = each(&plan(&[update("x_a.b", &of("80"), &of("8080 --insecure"))], ""));
    assert!(text.contains("--port 80 e") && text.contains("--port 8080 --insecure e"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() < 300), "{text}");
    let list = |port: &str| format!(r#"{{"v": ["{start} --port {port} {end}", "same"]}}"#);
    let [text, ..] = each(&plan(&[update("x_a.b", &list("80"), &list("8080 --insecure"))], ""));
    assert!(text.contains("--port 80 e") && text.contains("--port 8080 --insecure e"), "{text}");
    let lines = |port: &str| format!(r#"{{"v": "first\n{start} --port {port} {end}\nlast"}}"#);
    let [text, markdown, _] = each(&plan(&[update("x_a.b", &lines("80"), &lines("8080 --insecure"))], ""));
    for people in [&text, &markdown] {
        assert!(people.contains("--port 80 e") && people.contains("--port 8080 --insecure e"), "{people}");
    }
}

#[test]
fn an_import_that_is_destroyed_says_so() {
    let importing = |actions: &str| {
        let change = change("x_a.b", actions, r#"{"v": 1}"#, r#"{"v": 2}"#, "");
        change.replace(r#""after_unknown""#, r#""importing": {"id": "i-1"}, "after_unknown""#)
    };
    let [text, markdown, json] = each(&plan(&[importing(r#""delete", "create""#)], ""));
    for people in [&text, &markdown] {
        assert!(people.contains("this plan destroys what it imports"), "{people}");
        assert!(people.contains("imported from") && people.contains("i-1"), "{people}");
    }
    assert!(json.contains("\"destroys_import\": true"), "{json}");
    for text in each(&plan(&[importing(r#""update""#)], "")) {
        assert!(!text.contains("destroys"), "{text}");
    }
}

#[test]
fn what_a_failed_replacement_left_over_is_not_the_object() {
    let gone = |more: &str| change("x_a.b", r#""delete""#, r#"{"v": 1}"#, "null", more);
    for text in each(&plan(&[gone(r#", "deposed": "ab12""#)], "")) {
        assert!(flat(&text).contains("a failed replacement left it over"), "{text}");
    }
    let forgotten = gone("").replace("delete", "forget");
    assert!(each(&plan(&[forgotten], ""))[0].contains("`destroy = false`"));
}

#[test]
fn a_plan_of_refresh_only_shows_what_was_found() {
    let drift = update("x_a.b", r#"{"open": "no", "t": null}"#, r#"{"open": "world", "t": {}}"#);
    let view = plan(&[], &format!(r#""resource_drift": [{drift}],"#));
    let [text, markdown, json] = each(&view);
    for people in [&text, &markdown] {
        assert!(
            flat(people).contains("takes what was found into the state, and changes no object"),
            "{people}"
        );
        assert!(people.contains("\"no\" -> \"world\""), "{people}");
    }
    assert!(json.contains("\"refresh_only\": true"), "{json}");
}

#[test]
fn empty_values_of_a_new_object_are_counted() {
    let new = change("x_a.b", r#""create""#, "null", r#"{"a": "1", "b": "", "c": []}"#, "");
    let [text, markdown, _] = each(&plan(&[new], ""));
    for people in [&text, &markdown] {
        assert!(people.contains("(2 attributes empty)"), "{people}");
    }
}

#[test]
fn sentences_are_wrapped_to_the_width() {
    let keys = ["alpha-one", "beta-two", "gamma-three ::error::x", "delta-four", "epsilon-five"];
    let changes: Vec<String> = keys
        .iter()
        .map(|key| change(&format!(r#"x_a.b[\"{key}\"]"#), r#""delete""#, r#"{"v": 1}"#, "null", ""))
        .collect();
    let text = shown(&plan(&changes, ""), "text", Layout { width: 60, ..PLAIN });
    assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
    assert!(text.lines().all(|line| !line.trim_start().starts_with("::")), "{text}");
    assert!(flat(&text).contains(":error::x\"] destroyed"), "{text}");
}

#[test]
fn instances_of_a_module_that_read_alike_are_one_paragraph() {
    let regions = ["eu-west-1", "eu-central-1", "us-east-1", "ap-south-1"];
    let change_of = |region: &str, range: &str| {
        let module = format!(r#"module.region[\"{region}\"]"#);
        let name = format!(r#"{{"name": "logs-{region}", "range": "10.0.0.0/8"}}"#);
        let after = format!(r#"{{"name": "logs-{region}-v2", "range": "{range}"}}"#);
        [
            update(&format!("{module}.x_a.b"), &name, &after),
            update(&format!("{module}.module.net.x_a.c"), r#"{"v": 1}"#, r#"{"v": 2}"#),
        ]
    };
    let changes = |odd: &str| -> Vec<String> {
        let range = |region: &str| if region == "us-east-1" { odd } else { "10.0.0.0/8" };
        regions.iter().flat_map(|region| change_of(region, range(region))).collect()
    };
    let alike = plan(&changes("10.0.0.0/8"), "");
    let text = shown(&alike, "text", PLAIN);
    assert!(
        text.contains(r#"module.region × 4: ["ap-south-1"], ["eu-central-1"], ["eu-west-1"], ["us-east-1"]"#),
        "{text}"
    );
    assert!(text.contains(r#"~ name = "logs-(key)" -> "logs-(key)-v2""#), "{text}");
    assert!(text.contains("module.region[…].module.net\n"), "{text}");
    assert_eq!(text.matches("x_a.c").count(), 1, "{text}");
    // Where everything is shown, each stands for itself.
    let all = shown(&alike, "text", Layout { detail: Detail::Everything, ..PLAIN });
    assert_eq!(all.matches("x_a.c").count(), 4, "{all}");

    // The one that opens a range is not hidden among the others.
    let text = shown(&plan(&changes("0.0.0.0/0"), ""), "text", PLAIN);
    assert!(text.contains("module.region × 3: "), "{text}");
    assert!(text.contains("module.region[\"us-east-1\"]\n"), "{text}");
    assert!(text.contains(r#"~ range = "10.0.0.0/8" -> "0.0.0.0/0""#), "{text}");

    // Two are told one by one, in the order of their addresses.
    let two = plan(&changes("10.0.0.0/8")[..4], "");
    let text = shown(&two, "text", PLAIN);
    assert!(!text.contains('×') && text.matches("x_a.c").count() == 2, "{text}");
}

#[test]
fn what_is_destroyed_is_told_by_its_name() {
    let gone = |address: &str, before: &str| change(address, r#""delete""#, before, "null", "");
    let changes = [
        gone("x_a.bucket", r#"{"id": "b-1", "bucket": "customers", "acl": "private"}"#),
        gone("x_a.id", r#"{"id": "i-1", "name": ""}"#),
        gone("x_a.none", r#"{"size": 1}"#),
    ];
    let [text, markdown, _] = each(&plan(&changes, ""));
    for people in [&text, &markdown] {
        assert!(people.contains("- bucket = \"customers\"") && people.contains("- id = \"i-1\""), "{people}");
        assert!(!people.contains("acl") && !people.contains("b-1") && !people.contains("size"), "{people}");
    }
    let secret = r#"{"address": "x_a.s", "change": {"actions": ["delete"], "before": {"name": "hidden-name"},
        "before_sensitive": {"name": true}, "after": null, "after_unknown": {}}}"#;
    let [text, markdown, json] = each(&plan(&[secret.to_owned()], ""));
    assert!([text, markdown, json].iter().all(|format| !format.contains("hidden-name")));
}

#[test]
fn keys_of_maps_stand_in_quotes_unless_they_are_identifiers() {
    let view = plan(
        &[update("x_a.b", r#"{"m": {"": 1, "a.b": 1, "ok": 1}}"#, r#"{"m": {"": 2, "a.b": 2, "ok": 2}}"#)],
        "",
    );
    let text = shown(&view, "text", PLAIN);
    for line in [r#"~ ""    = 1 -> 2"#, r#"~ "a.b" = 1 -> 2"#, "~ ok    = 1 -> 2"] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[test]
fn numbers_are_compared_and_told_with_all_digits() {
    for (before, after) in [
        ("9007199254740993", "9007199254740992"),
        ("100000000000000000000", "100000000000000000001"),
        ("123456789.123456789", "123456789.123456788"),
    ] {
        let of = |number: &str| format!(r#"{{"a": {number}, "j": "{{\"n\": {number}}}", "l": [{number}]}}"#);
        for text in each(&plan(&[update("x_a.b", &of(before), &of(after))], "")) {
            assert!(text.matches(before).count() >= 3 && text.matches(after).count() >= 3, "{text}");
            assert!(!text.contains("unchanged)"), "{text}");
        }
    }
    // Another way to write the same number is no change.
    let [text, ..] = each(&plan(
        &[update("x_a.b", r#"{"a": 1e20, "b": 1}"#, r#"{"a": 100000000000000000000, "b": 2}"#)],
        "",
    ));
    assert!(text.contains("(1 attribute unchanged)"), "{text}");
}

/// An update whose `after` does not know these places.
fn unknown(address: &str, before: &str, after: &str, unknown: &str) -> String {
    update(address, before, after)
        .replace(r#""after_unknown": {}"#, &format!(r#""after_unknown": {unknown}"#))
}

#[test]
fn what_was_there_before_something_unknown_is_told_by_its_parts() {
    let policy = r#"{\"Statement\": [{\"Sid\": \"Tls\", \"Effect\": \"Deny\"}]}"#;
    let rules: Vec<String> = (0..30).map(|rule| format!(r#"{{"name": "rule-{rule}"}}"#)).collect();
    let before = format!(r#"{{"policy": "{policy}", "rules": [{}], "short": ["a"]}}"#, rules.join(", "));
    let view =
        plan(&[unknown("x_a.b", &before, "{}", r#"{"policy": true, "rules": true, "short": true}"#)], "");
    let [text, markdown, json] = each(&view);
    for people in [&text, &markdown] {
        assert!(people.contains("~ policy = JSON {") && people.contains("- Effect = \"Deny\""), "{people}");
        assert!(people.contains("} -> (known after apply)"), "{people}");
        assert!(people.contains("- name = \"rule-0\"") && !people.contains("rule-29"), "{people}");
        assert!(people.contains("more lines; --show all shows them"), "{people}");
        assert!(people.contains("~ short  = [\"a\"] -> (known after apply)"), "{people}");
        // It may be there again.
        assert!(!people.contains("-> null"), "{people}");
    }
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let policy = &json["changes"][0]["differences"][0];
    assert_eq!((&policy["kind"], &policy["after"]), (&"document".into(), &"(known after apply)".into()));
    let all = shown(&view, "text", Layout { detail: Detail::Everything, ..PLAIN });
    assert!(all.contains("rule-29"), "{all}");
}

#[test]
fn blocks_that_the_provider_fills_in_anew_are_told_as_they_were() {
    let before = r#"{"ami": "ami-1", "id": "i-1", "metadata_options": [{"http_tokens": "required", "http_endpoint": ""}]}"#;
    let change = change("aws_instance.i", r#""delete", "create""#, before, r#"{"ami": "ami-2"}"#, "")
        .replace(
            r#""after_unknown": {}"#,
            r#""after_unknown": {"id": true, "metadata_options": true}, "replace_paths": [["ami"]]"#,
        );
    let configuration = r#""configuration": {"root_module": {"resources": [{"address": "aws_instance.i", "mode": "managed",
        "type": "aws_instance", "name": "i", "expressions": {"ami": {"constant_value": "ami-2"}}}]}},"#;
    let [text, ..] = each(&plan(&[change], configuration));
    assert!(
        text.contains("~ metadata_options = { http_tokens = \"required\" } -> (known after apply)"),
        "{text}"
    );
    assert!(text.contains("(1 attribute known after apply)"), "{text}");
}

#[test]
fn a_secret_in_what_was_there_is_not_told() {
    let before = r#"{"l": [{"name": "n", "token": "hunter2hunter2"}]}"#;
    let change =
        unknown("x_a.b", before, "{}", r#"{"l": true}, "before_sensitive": {"l": [{"token": true}]}"#);
    for text in each(&plan(&[change], "")) {
        assert!(!text.contains("hunter2") && text.contains("sensitive"), "{text}");
    }
}

#[test]
fn what_becomes_of_the_mark_of_an_output_is_told() {
    let output = |name: &str, after: &str| {
        format!(
            r#""{name}": {{"actions": ["update"], "before": "first-value", "after": "{after}", "after_unknown": false,
                "before_sensitive": true, "after_sensitive": true}}"#
        )
    };
    let outputs = [
        output("closed", "first-value"),
        output("opened", "first-value"),
        output("opened_new", "second-value"),
        output("still", "second-value"),
    ];
    let outputs = format!(r#""output_changes": {{{}}},"#, outputs.join(","));
    let configuration = r#""configuration": {"root_module": {"outputs": {"closed": {"sensitive": true, "expression": {}},
        "opened": {"expression": {}}, "opened_new": {"expression": {}}, "still": {"sensitive": true, "expression": {}}}}},"#;
    let [text, markdown, json] = each(&plan(&[], &format!("{outputs} {configuration}")));
    for people in [&text, &markdown] {
        assert!(people.contains("closed     = (the same value, sensitive from now on)"), "{people}");
        assert!(people.contains("opened     = (the same value, no longer sensitive"), "{people}");
        assert!(
            people.contains("opened_new = (sensitive value, changed, and no longer sensitive"),
            "{people}"
        );
        assert!(people.contains("still      = (sensitive value, changed)"), "{people}");
    }
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let kinds: Vec<_> =
        json["outputs"].as_array().unwrap().iter().map(|output| output["kind"].clone()).collect();
    assert_eq!(kinds, ["marked-sensitive", "no-longer-sensitive", "sensitive", "sensitive"]);
    assert_eq!(json["outputs"][2]["mark"], "removed");
    // Without the configuration nobody knows.
    let [text, ..] = each(&plan(&[], &outputs));
    assert!(text.contains("closed     = (the same value, which is sensitive)"), "{text}");
}

#[test]
fn a_value_without_parts_that_stands_elsewhere_in_a_list_is_moved() {
    let list = |names: &[&str]| format!(r#"{{"l": {}}}"#, serde_json::to_string(names).unwrap());
    let [text, markdown, json] =
        each(&plan(&[update("x_a.b", &list(&["a", "b", "c"]), &list(&["c", "a", "b", "d"]))], ""));
    for people in [&text, &markdown] {
        assert!(people.contains("~ [2] -> [0]: moved, \"c\"") && people.contains("+ \"d\""), "{people}");
        assert!(people.contains("(1 element moved, 2 elements unchanged)"), "{people}");
        assert!(!people.contains("- \"c\""), "{people}");
    }
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let moved = &json["changes"][0]["differences"][0]["differences"][0];
    assert_eq!(moved["position"], serde_json::json!({"before": 2, "after": 0, "moved": true}));
    // Two short lists with nothing in common are told side by side.
    let [text, ..] = each(&plan(&[update("x_a.b", &list(&["a", "b", "c"]), &list(&["d"]))], ""));
    assert!(text.contains("l = [\"a\", \"b\", \"c\"] -> [\"d\"]"), "{text}");
}

#[test]
fn instances_of_a_module_that_read_alike_are_one_row_of_a_comment() {
    let of = |key: &str, more: &str| {
        let bucket = format!(r#"{{"bucket": "logs-{key}", "open": "{more}"}}"#);
        let address = format!(r#"module.region[\"{key}\"].module.inner.x_a.b"#);
        change(&address, r#""create""#, "null", &bucket, "")
    };
    let (keys, other) = (["eu-west-1", "eu-west-2", "us-east-1"], of("us-west-9", "world"));
    let changes: Vec<String> = keys.map(|key| of(key, "vpc")).into_iter().chain([other]).collect();
    let view = plan(&changes, "");
    let [_, markdown, _] = each(&view);
    assert!(
        markdown.contains(
            "| `+` | `module.region[…].module.inner.x_a.b` in 3 instances of the module: \
            `[\"eu-west-1\"], [\"eu-west-2\"], [\"us-east-1\"]` | created |"
        ),
        "{markdown}"
    );
    assert!(markdown.contains("\"logs-(key)\"") && !markdown.contains("logs-eu-west-2"), "{markdown}");
    // The one that is another is told.
    assert!(
        markdown.contains("module.region[\"us-west-9\"]") && markdown.contains("\"world\""),
        "{markdown}"
    );
    let all = shown(&view, "markdown", Layout { detail: Detail::Everything, ..PLAIN });
    assert!(keys.iter().all(|key| all.contains(&format!("logs-{key}"))), "{all}");
}

#[test]
fn a_comment_tells_a_move_once_and_the_other_numbers() {
    let moved =
        change("x_a.b", r#""no-op""#, r#"{"a": 1}"#, r#"{"a": 1}"#, r#", "previous_address": "x_a.old""#);
    let [_, markdown, _] = each(&plan(&[moved], ""));
    assert!(markdown.contains("| moved from `x_a.old` |") && markdown.contains("\n1 moved"), "{markdown}");
}
