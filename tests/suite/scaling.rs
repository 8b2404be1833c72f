//! No work grows faster than the plan: ten times as much of anything takes at most fifteen times as much work.
//!
//! What is counted is work and not time, so that the answer is the same on every machine: the steps of `planguard_work`, the
//! bytes that are asked for, and the most that are held. Instructions would count everything, but neither a processor's
//! counters nor valgrind are to be had everywhere; what none of the three sees is a loop that allocates nothing and reads no
//! value of a plan, so such a loop counts its steps itself.
//!
//! The steps and bytes for an empty plan are taken off, so that a start-up of any size hides nothing.

mod families;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use crate::process::planguard;
use families::plan;

/// The work for ten times as much may be so many times as much.
const MOST: u64 = 15;

/// How much of anything the smaller plan has.
const FEW: usize = 60;

/// Bytes and steps below these are as good as none: a table that grows by a page, a buffer.
const NOTHING: Work = Work { steps: 2_000, requested: 200_000, peak: 200_000 };

/// What a command did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Work {
    steps: u64,
    requested: u64,
    peak: u64,
}

/// Runs a command on files in a directory, and returns what it did.
fn work(directory: &Path, arguments: &[&str]) -> Work {
    let file = directory.join("work");
    let mut command = planguard(directory, arguments);
    // On one thread, so that its allocator counts all of it.
    command.env("TEST_WORK_FILE", &file).env("RAYON_NUM_THREADS", "1");
    let output = command.output().expect("planguard starts");
    let told = fs::read_to_string(&file).unwrap_or_else(|error| {
        panic!("{arguments:?}: {error}: {}", String::from_utf8_lossy(&output.stderr))
    });
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code().is_some_and(|code| code < 2), "{arguments:?}: {complaint}");
    let numbers: Vec<u64> = told.split(' ').map(|number| number.parse().expect("a number")).collect();
    let [steps, requested, peak] = numbers[..] else { panic!("{told}") };
    assert!(steps > 0 && requested > 0 && peak > 0, "{told}: nothing is counted");
    Work { steps, requested, peak }
}

/// What a command does with an empty plan.
fn work_for_nothing(arguments: &[&str]) -> Work {
    static KNOWN: Mutex<BTreeMap<String, Work>> = Mutex::new(BTreeMap::new());
    let command = arguments.join(" ");
    if let Some(known) = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).get(&command) {
        return *known;
    }
    let found = work_on(&plan(vec![], json!({})), arguments);
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).insert(command, found);
    found
}

fn work_on(plan: &Value, arguments: &[&str]) -> Work {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("plan.json"), plan.to_string()).expect("the plan is written");
    work(directory.path(), &[arguments, &["plan.json"]].concat())
}

/// Holds the work for `few` against that for ten times as many.
fn holds(name: &str, arguments: &[&str], few: usize, family: fn(usize) -> Value) {
    let start = work_for_nothing(arguments);
    let (small, large) = (work_on(&family(few), arguments), work_on(&family(10 * few), arguments));
    compare(&format!("{name}, `{}`", arguments.join(" ")), start, small, large);
}

/// The same for what is measured in another way; the work for one of it is taken off.
fn grows(name: &str, measured: impl Fn(usize) -> Work) {
    compare(name, measured(1), measured(FEW), measured(10 * FEW));
}

fn compare(name: &str, start: Work, small: Work, large: Work) {
    let mut wrong = Vec::new();
    let mut hold = |what: &str, small: u64, large: u64| {
        if large > MOST * small {
            wrong.push(format!("{small} {what} became {large}, {} times as many", large / small.max(1)));
        }
    };
    let more = |count: u64, start: u64, nothing: u64| count.saturating_sub(start).max(nothing);
    let steps = |work: Work| more(work.steps, start.steps, NOTHING.steps);
    hold("steps", steps(small), steps(large));
    let requested = |work: Work| more(work.requested, start.requested, NOTHING.requested);
    hold("bytes asked for", requested(small), requested(large));
    // The most is that of one part of the work, to which the start adds nothing.
    hold("bytes held", small.peak, large.peak);
    assert!(wrong.is_empty(), "{name} × 10: {}", wrong.join("; "));
}

/// A test for each family of plans, with the command that is measured.
macro_rules! families {
    ($($name:ident: $arguments:expr, $few:expr;)*) => {
        $(
            #[test]
            fn $name() {
                holds(stringify!($name), &$arguments, $few, families::$name);
            }
        )*
    };
}

families! {
    renamed: ["check"], FEW;
    renamed_alike: ["check"], FEW;
    rekeyed: ["check"], FEW;
    instances_with_references: ["check"], FEW;
    companions: ["check"], FEW;
    policy_statements: ["check"], FEW;
    policy_lists: ["check"], FEW;
    policy_wildcards: ["check"], FEW;
    ingress_blocks: ["check"], FEW;
    ingress_of_one_port: ["check"], FEW;
    module_steps: ["check"], FEW;
    found_by_one_rule: ["check"], FEW;
    drifted: ["check"], FEW;
    outputs: ["check"], FEW;
    sensitive_outputs: ["check"], FEW;
    modules: ["check"], FEW;
    vanished_modules: ["check"], FEW;
    tags: ["check"], FEW;
    long_keys: ["check"], FEW;
    groups_with_rules: ["check"], FEW;
    rules_of_one_group: ["check"], FEW;
    subnets_and_routes: ["check"], FEW;
    attached_policies: ["check"], FEW;
    manifests: ["check"], FEW;
    sensitive_lines: ["check"], 10 * FEW;
    sensitive_values: ["check"], FEW;
    guards_and_successors: ["check"], FEW;
}

/// The other commands and formats, on plans that have something for each of them.
#[test]
fn findings_in_every_format() {
    for format in ["json", "sarif", "markdown", "html", "junit", "gitlab", "github", "azure", "csv", "tap"] {
        holds(format, &["check", "--format", format], FEW, families::found_by_one_rule);
    }
}

#[test]
fn benchmarks() {
    holds("benchmarks", &["check", "--benchmark", "cis-aws-5.0"], FEW, families::found_by_one_rule);
}

#[test]
fn show() {
    holds("show", &["show"], FEW, families::groups_with_rules);
    holds("show", &["show"], FEW, families::tags);
}

#[test]
fn graph() {
    holds("graph", &["graph"], FEW, families::groups_with_rules);
}

#[test]
fn cost() {
    holds("cost", &["cost"], FEW, families::found_by_one_rule);
}

#[test]
fn waivers_and_findings() {
    let measured = |number: usize| {
        let directory = tempfile::tempdir().expect("a directory");
        let found = families::found_by_one_rule(number);
        fs::write(directory.path().join("plan.json"), found.to_string()).expect("the plan is written");
        let waiver = |at: usize| {
            format!(
                "[[waivers]]\nrule = \"aws-rds-instance-public\"\naddress = \"aws_db_instance.a[{at}]\"\nreason = \"r\"\nexpires = 2099-01-01\n"
            )
        };
        let waivers: String = (0..number).map(waiver).collect();
        fs::write(directory.path().join("planguard.toml"), waivers).expect("the waivers are written");
        work(directory.path(), &["check", "plan.json"])
    };
    grows("waivers", measured);
}

#[test]
fn reports_merge() {
    let measured = |number: usize| {
        let directory = tempfile::tempdir().expect("a directory");
        let found = families::found_by_one_rule(number);
        fs::write(directory.path().join("plan.json"), found.to_string()).expect("the plan is written");
        for part in ["1/2", "2/2"] {
            let name = format!("{}.json", part.replace('/', "-"));
            let mut command = planguard(
                directory.path(),
                &["check", "--partition", part, "--format", "json", "--output", &name, "plan.json"],
            );
            command.output().expect("planguard starts");
        }
        work(directory.path(), &["merge", "1-2.json", "2-2.json"])
    };
    grows("merge", measured);
}

/// A text that is marked as sensitive costs a multiple of its size that does not grow, and that fits in memory.
#[test]
fn a_sensitive_text_costs_few_times_its_size() {
    let start = work_for_nothing(&["check"]);
    for number in [3_000, 30_000] {
        let plan = families::sensitive_lines(number);
        let size = plan.to_string().len() as u64;
        let held = work_on(&plan, &["check"]).peak.saturating_sub(start.peak);
        assert!(held <= 16 * size + NOTHING.peak, "{held} bytes for {size}");
    }
}
