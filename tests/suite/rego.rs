//! Policies from `fixtures/policies`, evaluated on a small plan as a whole.

#![expect(clippy::unwrap_used, reason = "a test may end in a panic")]

#[path = "rego/conventions.rs"]
mod conventions;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use miette::{GraphicalReportHandler, GraphicalTheme};
use planguard::rego::{
    Evaluation, Namespaces, PolicyError, PolicyInput, PolicyOptions, PolicySet, ReadingError, RegoVersion,
};

const PLAN: &str = include_str!("../../fixtures/policies/plan.json");

fn options(name: &str) -> PolicyOptions {
    PolicyOptions { paths: vec![Path::new("fixtures/policies").join(name)], ..PolicyOptions::default() }
}

fn plan() -> PolicyInput<'static> {
    PolicyInput { name: "plans/plan.json", text: PLAN, plan: None, cost: None }
}

/// Everything that a user could be told, as text.
fn outcome(options: &PolicyOptions) -> String {
    let mut text = String::new();
    match PolicySet::load(options) {
        Ok(set) => {
            for rule in set.rules() {
                let metadata = &rule.metadata;
                write!(text, "rule {} ({}) {}:{}", rule.path, rule.kind, rule.file, rule.line).unwrap();
                if let Some(title) = &metadata.title {
                    write!(text, " {title:?}").unwrap();
                }
                writeln!(text, "{}", metadata.severity.map(|s| format!(" {s}")).unwrap_or_default()).unwrap();
            }
            for package in set.packages_passed_over() {
                writeln!(text, "passed over: {package}").unwrap();
            }
            write_errors(&mut text, "loading", set.problems());
            write_evaluation(&mut text, &set.evaluate(plan()));
        }
        Err(errors) => {
            text.push_str("nothing to evaluate\n");
            write_errors(&mut text, "loading", &errors);
        }
    }
    text
}

fn write_errors(text: &mut String, when: &str, errors: &[PolicyError]) {
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(100)
        .with_links(false);
    for error in errors {
        write!(text, "\n[{when}] ").unwrap();
        handler.render_report(text, error).unwrap();
    }
}

fn write_evaluation(text: &mut String, evaluation: &Evaluation) {
    writeln!(
        text,
        "\nevaluated {}, without result: {}",
        evaluation.rules_evaluated,
        evaluation.rules_without_result.join(", ")
    )
    .unwrap();
    for finding in &evaluation.findings {
        writeln!(text, "{} {:?}", finding.rule, finding.message).unwrap();
        let shown = [
            ("address", &finding.address),
            ("severity", &finding.severity.map(|severity| severity.to_string())),
            ("title", &finding.title),
            ("remediation", &finding.remediation),
            ("docs", &finding.docs),
            ("location", &finding.location.as_ref().map(|at| format!("{}:{}", at.file, at.line))),
        ];
        for (name, value) in shown {
            if let Some(value) = value {
                writeln!(text, "    {name}: {value}").unwrap();
            }
        }
        writeln!(text, "    metadata: {}", serde_json::Value::from(finding.metadata.clone())).unwrap();
    }
    for exception in &evaluation.exceptions {
        writeln!(text, "excepted {} by {:?}: {}", exception.rule, exception.suffix, exception.withheld)
            .unwrap();
    }
    for line in &evaluation.prints {
        writeln!(text, "printed {line}").unwrap();
    }
    write_errors(text, "evaluating", &evaluation.errors);
    write_errors(text, "incomplete", &evaluation.diagnostics);
}

#[test]
fn findings_carry_what_policies_say() {
    let directory = Path::new("fixtures/policies/good");
    let options = PolicyOptions { data: vec![directory.join("data")], ..options("good") };
    insta::assert_snapshot!(outcome(&options));
}

#[test]
fn v0_policies_run_when_asked_for_and_are_recognised_otherwise() {
    let options = PolicyOptions { version: Some(RegoVersion::V0), ..options("v0") };
    insta::assert_snapshot!("v0", outcome(&options));
    let unasked = PolicyOptions { version: None, ..options.clone() };
    assert_eq!(outcome(&unasked), outcome(&options), "each file has its own dialect");
    insta::assert_snapshot!(
        "v0_as_v1",
        outcome(&PolicyOptions { version: Some(RegoVersion::V1), ..options })
    );
}

#[test]
fn exceptions_withhold_and_are_counted() {
    insta::assert_snapshot!("exceptions", outcome(&options("exceptions")));
    insta::assert_snapshot!("exception_shape", outcome(&options("exception-shape")));
}

#[test]
fn names_that_are_almost_right_are_reported() {
    insta::assert_snapshot!(outcome(&options("near-miss")));
}

#[test]
fn a_namespace_must_match_something() {
    insta::assert_snapshot!("namespace_unknown", outcome(&options("namespace")));
    let named = |patterns: &[&str]| {
        let patterns = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        outcome(&PolicyOptions { namespaces: Namespaces::Named(patterns), ..options("namespace") })
    };
    insta::assert_snapshot!("namespace_without_rules", named(&["library"]));
    insta::assert_snapshot!("namespace_glob", named(&["m*"]));
    let all = PolicyOptions { namespaces: Namespaces::All, ..options("namespace") };
    insta::assert_snapshot!("namespace_all", outcome(&all));
}

#[test]
fn a_boolean_rule_that_is_true_is_a_finding() {
    insta::assert_snapshot!(outcome(&options("boolean")));
}

#[test]
fn results_of_another_shape_are_errors() {
    insta::assert_snapshot!(outcome(&options("shapes")));
}

#[test]
fn a_builtin_error_keeps_the_findings_and_is_reported() {
    insta::assert_snapshot!(outcome(&options("builtin-error")));
}

#[test]
fn paths_that_no_plan_has_are_reported() {
    insta::assert_snapshot!("input_path", outcome(&options("input-path")));
    insta::assert_snapshot!("input_replaced", outcome(&options("input-replaced")));
}

#[test]
fn recursion_is_refused_before_it_is_evaluated() {
    insta::assert_snapshot!(outcome(&options("recursion")));
}

#[test]
fn what_reaches_outside_or_does_not_exist_is_refused() {
    insta::assert_snapshot!(outcome(&options("refused")));
}

#[test]
fn an_assigned_walk_finds_what_it_should() {
    insta::assert_snapshot!(outcome(&options("walk")));
}

#[test]
fn one_broken_file_does_not_hide_the_others() {
    insta::assert_snapshot!(outcome(&options("broken")));
}

/// The engine leaves the tables for these classes out; they come with the crate `regex` and its defaults.
#[test]
fn regular_expressions_know_their_classes() {
    let set = PolicySet::load(&options("regex")).unwrap();
    let evaluation = set.evaluate(plan());
    assert!(evaluation.is_decided(), "{:?}", evaluation.errors);
    assert_eq!(evaluation.findings.len(), 5);
}

#[test]
fn prints_are_kept() {
    let evaluation = PolicySet::load(&options("print")).unwrap().evaluate(plan());
    assert_eq!(evaluation.prints, ["fixtures/policies/print/main.rego:3: seen 1.11.4"]);
}

#[test]
fn no_policies_is_an_error() {
    let empty = tempfile::tempdir().unwrap();
    let load = |path: PathBuf| {
        PolicySet::load(&PolicyOptions { paths: vec![path], ..PolicyOptions::default() }).unwrap_err()
    };
    assert!(matches!(
        load(empty.path().to_owned()).as_slice(),
        [PolicyError::Reading(ReadingError::NoPolicies { .. })]
    ));
    let missing = load(empty.path().join("missing"));
    assert!(
        matches!(missing.as_slice(), [PolicyError::Reading(ReadingError::Unreadable { .. })]),
        "once is enough"
    );
    assert_eq!(PolicySet::load(&PolicyOptions::default()).unwrap_err().len(), 1);
}

#[test]
fn contradicting_data_is_reported() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("a.json"), r#"{"limits": {"a": 1, "b": 1}}"#).unwrap();
    std::fs::write(directory.path().join("b.json"), r#"{"limits": {"a": 2}}"#).unwrap();
    let options = PolicyOptions { data: vec![directory.path().to_owned()], ..options("boolean") };
    let set = PolicySet::load(&options).unwrap();
    assert!(matches!(set.problems(), [PolicyError::Reading(ReadingError::ConflictingData { .. })]));
}

#[test]
fn what_is_no_plan_is_an_error() {
    let set = PolicySet::load(&options("boolean")).unwrap();
    for text in ["", "[]", "{", "{} {}"] {
        let evaluation = set.evaluate(PolicyInput { name: "-", text, plan: None, cost: None });
        assert!(matches!(evaluation.errors.as_slice(), [PolicyError::InvalidInput { .. }]), "{text}");
    }
}

#[test]
fn the_digest_depends_on_content_alone() {
    let digest = |name| PolicySet::load(&options(name)).unwrap().sha256().to_owned();
    assert_eq!(digest("boolean"), digest("boolean"));
    assert_eq!(digest("boolean").len(), 64);
    assert_ne!(digest("boolean"), digest("shapes"));
}

#[test]
fn threads_share_one_set() {
    let options = options("exceptions");
    let set = PolicySet::load(&options).unwrap();
    let alone = set.evaluate(plan());
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| set.evaluate(plan()))).collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap().findings, alone.findings);
        }
    });
}

fn written(policies: &[(&str, String)]) -> (tempfile::TempDir, PolicyOptions) {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in policies {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    let options = PolicyOptions {
        paths: vec![directory.path().to_owned()],
        time_limit: Duration::from_millis(500),
        ..PolicyOptions::default()
    };
    (directory, options)
}

#[test]
fn shapes_that_the_engine_does_not_survive_are_refused() {
    let deny = "package main\n\ndeny contains \"x\" if y\n\n";
    let nested = format!("{deny}y := {}1{}\n", "count([".repeat(40), "])".repeat(40));
    let deep = format!("{deny}y := {}1{}\n", "[".repeat(400), "]".repeat(400));
    let operators = format!("{deny}y := 1{}\n", " + 1".repeat(100_000));
    let mut chain = deny.replace("if y", "if y0");
    for step in 0..5_000 {
        writeln!(chain, "y{step} := y{}", step + 1).unwrap();
    }
    chain.push_str("y5000 := 1\n");
    let sound = "package main\n\ndeny contains \"found\" if true\n".to_owned();
    for policy in [nested, deep, operators, chain] {
        let (_directory, options) = written(&[("hostile.rego", policy), ("sound.rego", sound.clone())]);
        let set = PolicySet::load(&options).unwrap();
        assert!(
            matches!(set.problems(), [PolicyError::TooDeep { .. } | PolicyError::ChainTooLong { .. }]),
            "{:?}",
            set.problems()
        );
        assert_eq!(set.evaluate(plan()).findings.len(), 1);
    }
}

#[test]
fn the_longest_chain_that_is_accepted_fits_the_stack() {
    let mut policy = "package main\n\ndeny contains \"found\" if f0(1) == 1\n".to_owned();
    for step in 0..490 {
        let inner = format!("[z | some z in [{{\"k\": f{}(x)}}]][0].k", step + 1);
        writeln!(policy, "f{step}(x) := y if {{ every q in [1] {{ q == 1 }}; y := {inner} }}").unwrap();
    }
    policy.push_str("f490(x) := x\n");
    let (_directory, options) = written(&[("p.rego", policy)]);
    let options = PolicyOptions { time_limit: Duration::from_secs(60), ..options };
    let set = PolicySet::load(&options).unwrap();
    assert!(set.problems().is_empty(), "{:?}", set.problems());
    let evaluation = set.evaluate(plan());
    assert_eq!(evaluation.findings.len(), 1, "{:?}", evaluation.errors);
}

#[test]
fn a_flood_of_errors_is_cut_short() {
    let mut policy = "package main\n\ndeny contains \"x\" if f0(1)\n".to_owned();
    for index in 0..20_000 {
        writeln!(policy, "f{index}(x) := f{index}(nosuch{index}(x))").unwrap();
    }
    let (_directory, options) = written(&[("p.rego", policy)]);
    let errors = PolicySet::load(&options).unwrap_err();
    assert_eq!(errors.len(), 200);
}

/// A comprehension's variable must not hide that the rule reads the plan under the same name elsewhere.
#[test]
fn a_section_is_kept_whatever_else_has_its_name() {
    let policy = "package main\n\nimport input.variables as v\n\ndeny contains \"found\" if {\n\t\
                  count([v | v := 1]) == 1\n\tv.environment.value == \"production\"\n}\n";
    let (_directory, options) = written(&[("p.rego", policy.to_owned())]);
    let evaluation = PolicySet::load(&options).unwrap().evaluate(plan());
    assert_eq!(evaluation.findings.len(), 1, "{:?}", evaluation.errors);
}

#[test]
fn a_panic_of_the_engine_is_an_error_of_one_rule() {
    let policy = "package main\n\ndeny contains \"x\" if time.parse_ns(\"é2006\", \"x\")\n\nwarn contains \"found\" if true\n";
    let (_directory, options) = written(&[("p.rego", policy.to_owned())]);
    let evaluation = PolicySet::load(&options).unwrap().evaluate(plan());
    assert!(matches!(evaluation.errors.as_slice(), [PolicyError::Crashed { .. }]), "{evaluation:?}");
    assert_eq!(evaluation.findings.len(), 1);
}

/// The set is dropped here, on a thread with an ordinary stack.
#[test]
fn the_longest_expression_that_is_accepted_fits_the_stack() {
    let policy = format!("package main\n\ndeny contains \"found\" if 1{} > 0\n", " + 1".repeat(490));
    let (_directory, options) = written(&[("p.rego", policy)]);
    let evaluation = PolicySet::load(&options).unwrap().evaluate(plan());
    assert_eq!(evaluation.findings.len(), 1, "{:?}", evaluation.errors);
}

#[test]
fn recursion_by_replacement_is_refused() {
    let policy = "package main\n\ndeny contains \"x\" if f(1)\n\nf(x) := y if {\n\t\
                  y := count([x]) with count as f\n}\n";
    let (_directory, options) = written(&[("p.rego", policy.to_owned())]);
    let errors = PolicySet::load(&options).unwrap_err();
    assert!(matches!(errors.as_slice(), [PolicyError::Recursion { .. }]), "{errors:?}");
}

#[test]
fn the_time_of_all_rules_together_is_limited() {
    let slow = "count([1 | some i in numbers.range(1, 2000); some j in numbers.range(1, 2000); i == j]) < 0";
    let rules = (0..40).map(|index| format!("deny_{index} contains \"x\" if {slow}\n"));
    let policy = format!("package main\n\n{}", rules.collect::<String>());
    let (_directory, options) = written(&[("p.rego", policy)]);
    let options = PolicyOptions { time_limit: Duration::from_millis(20), ..options };
    let evaluation = PolicySet::load(&options).unwrap().evaluate(plan());
    let not_reached = |error: &&PolicyError| matches!(error, PolicyError::NotReached { .. });
    assert_eq!(evaluation.errors.iter().filter(not_reached).count(), 1, "{:?}", evaluation.errors);
    assert!(!evaluation.is_decided());
}

#[test]
fn a_rule_that_exceeded_its_time_is_not_evaluated_on_another_plan() {
    let endless = "some i in numbers.range(1, 100000); some j in numbers.range(1, 100000); i * j < 0";
    let policy = format!(
        "package main\n\ndeny_slow contains \"x\" if {{ {endless} }}\n\ndeny_quick contains \"found\" if true\n"
    );
    let (_directory, options) = written(&[("p.rego", policy)]);
    let set = PolicySet::load(&PolicyOptions { time_limit: Duration::from_millis(100), ..options }).unwrap();
    let first = set.evaluate(plan());
    assert!(matches!(first.errors.as_slice(), [PolicyError::OutOfTime { .. }]), "{:?}", first.errors);
    let second = set.evaluate(plan());
    let before = |error: &PolicyError| matches!(error, PolicyError::OutOfTimeBefore { rule } if rule == "data.main.deny_slow");
    assert!(matches!(second.errors.as_slice(), [error] if before(error)), "{:?}", second.errors);
    assert_eq!((first.findings.len(), second.findings.len()), (1, 1));
}

#[test]
fn a_result_that_nests_without_measure_is_an_error() {
    let mut policy = "package main\n\ndeny contains {\"msg\": \"x\", \"deep\": y0} if true\n\n".to_owned();
    let wrap = |inner: String| format!("{}{inner}{}", "[1, ".repeat(20), "]".repeat(20));
    for step in 0..480 {
        writeln!(policy, "y{step} := {}", wrap(format!("y{}", step + 1))).unwrap();
    }
    policy.push_str("y480 := 1\n");
    let (_directory, options) = written(&[("p.rego", policy)]);
    let set = PolicySet::load(&PolicyOptions { time_limit: Duration::from_secs(60), ..options }).unwrap();
    let evaluation = set.evaluate(plan());
    assert!(
        matches!(evaluation.errors.as_slice(), [PolicyError::ResultShape { .. }]),
        "{:?}",
        evaluation.errors
    );
}

#[test]
fn data_that_nests_without_measure_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let deep = "[".repeat(100_000);
    std::fs::write(directory.path().join("a.json"), format!("{{\"a\": {deep}")).unwrap();
    std::fs::write(directory.path().join("b.yaml"), format!("a: {deep}")).unwrap();
    let bomb = (1..20)
        .map(|level| format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 10].join(", ")));
    let bomb = format!("a0: &a0 [x, x]\n{}", bomb.collect::<String>());
    std::fs::write(directory.path().join("c.yaml"), bomb).unwrap();
    let options = PolicyOptions { data: vec![directory.path().to_owned()], ..options("boolean") };
    let set = PolicySet::load(&options).unwrap();
    assert_eq!(set.problems().len(), 3, "{:?}", set.problems());
}

#[test]
fn thousands_of_alternatives_fit_the_stack() {
    let alternatives = " else := 2 if { false }".repeat(50_000);
    let policy = format!(
        "package main\n\ndeny contains \"found\" if x == 3\n\nx := 1 if {{ false }}{alternatives} else := 3\n"
    );
    let policy = policy.replace(" else", "\nelse");
    let (_directory, options) = written(&[("p.rego", policy)]);
    let options = PolicyOptions { time_limit: Duration::from_secs(60), ..options };
    let evaluation = PolicySet::load(&options).unwrap().evaluate(plan());
    assert_eq!(evaluation.findings.len(), 1, "{:?}", evaluation.errors);
}
