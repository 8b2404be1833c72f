//! Plans of other people, where they are at hand: all are read and judged, and counted as Terraform counts them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use planguard::check::{CheckOptions, Rules, run};
use planguard::input::{ReadOptions, Source};
use planguard::report::Report;
use planguard::verdict::Verdict;
use regex::Regex;

use crate::shared::{files_below, shared};

fn check(path: &Path) -> Report {
    let sources = [Source::Path(path.to_owned())];
    run(&sources, &ReadOptions::default(), &Rules::default(), &CheckOptions::default(), &|_| {})
}

/// Plans that leave the verdict undecided, and should: the codes that say why.
const UNDECIDED: &[(&str, &[&str])] = &[
    // `errored` is true: planning failed half-way.
    ("opentofu__opentofu/internal__command__testdata__show-json__plan-error__output.json", &["PG-CK-004"]),
];

#[test]
fn every_real_plan_gets_a_verdict() {
    let Some(root) = shared("real") else { return };
    let mut undecided: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut verdicts: BTreeMap<Verdict, usize> = BTreeMap::new();
    for path in files_below(&root) {
        let report = check(&path);
        *verdicts.entry(report.verdict()).or_default() += 1;
        if report.verdict() == Verdict::Undecided {
            let name = path.strip_prefix(&root).expect("below the root").display().to_string();
            undecided.insert(name, report.problems.iter().map(|problem| problem.code.to_string()).collect());
        }
    }
    let expected: BTreeMap<String, Vec<String>> = UNDECIDED
        .iter()
        .map(|(name, codes)| ((*name).to_owned(), codes.iter().map(ToString::to_string).collect()))
        .collect();
    assert_eq!(undecided, expected, "{verdicts:?}");
    assert_eq!(verdicts.values().sum::<usize>(), 420);
}

#[test]
fn nothing_that_is_no_plan_passes() {
    let Some(root) = shared("not-a-plan") else { return };
    let files = files_below(&root);
    for path in files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "json")) {
        let report = check(path);
        assert_eq!(report.exit_code(), 2, "{}", path.display());
        assert!(report.plans.is_empty(), "{}", path.display());
    }
    assert!(files.len() > 50);
}

/// Terraform's summary line of a plan, as another tool's repository keeps it.
#[derive(Debug, PartialEq, Eq, Default)]
struct Summary {
    import: usize,
    add: usize,
    change: usize,
    destroy: usize,
}

#[test]
fn changes_are_counted_as_terraform_counts_them() {
    let Some(table) = shared("expected.tsv") else { return };
    let Some(root) = shared("real") else { return };
    let line = Regex::new(r"Plan: (?:(\d+) to import, )?(\d+) to add, (\d+) to change, (\d+) to destroy")
        .expect("valid");
    let mut compared = 0;
    let mut different = BTreeMap::new();
    for row in fs::read_to_string(table).expect("readable").lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let [plan, _, _, expected, ..] = columns[..] else { panic!("{row}") };
        let told = match line.captures(expected) {
            Some(found) => {
                let number =
                    |group| found.get(group).map_or(0, |text| text.as_str().parse().expect("digits"));
                Summary { import: number(1), add: number(2), change: number(3), destroy: number(4) }
            }
            None if expected.contains("No changes.") => Summary::default(),
            None => continue,
        };
        let report = check(&root.join(plan));
        let counted = report.plans[0].summary;
        let counted = Summary {
            import: counted.import,
            add: counted.add,
            change: counted.change,
            destroy: counted.destroy,
        };
        compared += 1;
        if counted != told {
            different.insert(plan.to_owned(), format!("{told:?} is {counted:?}"));
        }
    }
    assert!(different.is_empty(), "{different:#?}");
    assert!(compared >= 59, "only {compared} plans have a line to compare with");
}
