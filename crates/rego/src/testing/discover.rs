//! Finds the tests of policies, and renames tests with the same name.

use std::collections::BTreeMap;

use super::TestedFile;
use crate::finding::PolicyLocation;
use crate::frontend::outline::{Join, RuleForm, RuleOutline, is_skipped_test_name};
use crate::program::path_text;

/// A rule that is a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegoTest {
    /// The package: `data.main`.
    pub package: String,
    /// The rule, with `#01` for the second of the same name, and so on.
    pub name: String,
    /// The place of the rule.
    pub location: PolicyLocation,
    /// Whether it is run.
    pub state: TestState,
    /// The name of the rule in the engine.
    pub(super) engine_path: String,
    pub(super) kind: RuleForm,
    pub(super) file: usize,
    pub(super) rule: usize,
}

/// Whether a test is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestState {
    /// It is run.
    Run,
    /// It is skipped: its name starts with `todo_test_`.
    Todo,
}

impl RegoTest {
    /// Returns the path that `--run` matches: `data.main.test_x`.
    pub fn path(&self) -> String {
        format!("{}.{}", self.package, self.name)
    }
}

/// New names by file and offset; see [`crate::frontend::Preparation`].
type Renames = BTreeMap<(usize, usize), String>;

/// Returns the tests in the order of files and lines. As in `opa test`, every rule is a test of its own: rules with
/// the same name are not combined, so that a passing one does not hide a failing one.
pub(super) fn discover(files: &[TestedFile]) -> (Vec<RegoTest>, Renames) {
    let (mut tests, mut renames) = (Vec::new(), Renames::new());
    let mut counts: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    for (index, file) in files.iter().enumerate() {
        for (rule_index, rule) in file.outline.rules.iter().enumerate() {
            let Some(segment) = rule.test_segment() else { continue };
            for at in places(rule, segment) {
                let mut names: Vec<String> =
                    rule.name[..=segment].iter().map(|segment| segment.text.clone()).collect();
                let mut path = file.outline.package.clone();
                path.extend(names.clone());
                let state =
                    if is_skipped_test_name(&names[segment]) { TestState::Todo } else { TestState::Run };
                let mut name = path_text(&names);
                if state == TestState::Run {
                    let count = counts.entry(path.clone()).or_default();
                    if *count > 0 {
                        name.push_str(&format!("#{count:02}"));
                        names[segment].push_str(&format!("__pg_{count:02}"));
                        path.pop();
                        path.push(names[segment].clone());
                        renames.insert((index, at), names[segment].clone());
                    }
                    *count += 1;
                }
                tests.push(RegoTest {
                    package: path_text(&file.outline.package),
                    name,
                    location: PolicyLocation {
                        file: file.source.name.clone(),
                        line: u64::from(file.lines.line(if at == rule.name[segment].span.start {
                            rule.span.start
                        } else {
                            at
                        })),
                    },
                    state,
                    engine_path: path_text(&path),
                    kind: rule.kind,
                    file: index,
                    rule: rule_index,
                });
            }
        }
    }
    (tests, renames)
}

/// Returns the start of the test's name, and the starts of chained bodies, which are tests too.
fn places(rule: &RuleOutline, segment: usize) -> Vec<usize> {
    let has_else = rule.branches.iter().any(|branch| branch.join == Join::Else);
    let chained = rule.branches.iter().filter(|branch| branch.join == Join::Chained && !has_else);
    [rule.name[segment].span.start].into_iter().chain(chained.map(|branch| branch.head.start)).collect()
}
