//! Makes a baseline of a report.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use planguard_plan::redact::SafeText;

use super::apply::may_accept;
use super::{Baseline, BaselineError, Entry, plan_name};
use crate::enforcement::Enforcement;
use crate::finding::{Certainty, Finding, Origin};
use crate::fingerprint::Fingerprints;
use crate::render::baseline;
use crate::report::Report;
use crate::whole_file;

/// Which findings of a report a baseline has, and which it leaves out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Those that it has although the plan introduces them.
    pub introduced: usize,
    /// Left out: those that depend on values known after apply.
    pub undetermined: usize,
    /// Left out: those about the change itself.
    pub change: usize,
    /// Left out: those that a waiver accepts already.
    pub waived: usize,
}

/// What writing a baseline has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The findings that it has now.
    pub findings: usize,
    /// Those that it did not have before.
    pub added: usize,
    /// Those that it had before.
    pub removed: usize,
    /// Whether there was a file.
    pub replaced: bool,
}

impl Baseline {
    /// The findings of a report, for this file.
    ///
    /// # Errors
    ///
    /// If not everything could be checked.
    pub fn of(report: &Report, file: &Path) -> Result<(Self, Selection), BaselineError> {
        if !report.problems.is_empty() {
            return Err(BaselineError::Incomplete);
        }
        let (mut entries, mut selection) = (BTreeSet::new(), Selection::default());
        let is_one = report.plans.len() == 1;
        for plan in &report.plans {
            let name = (!is_one).then(|| plan_name(plan.origin.unescaped()));
            let mut fingerprints = Fingerprints::default();
            // An entry is about what one rule finds.
            let shares = plan.findings.iter().flat_map(Finding::shares);
            let reported = shares.filter(|finding| finding.enforcement != Enforcement::Off);
            for finding in reported {
                let fingerprint = fingerprints.next(finding);
                if finding.enforcement == Enforcement::Waived {
                    selection.waived += 1;
                } else if may_accept(finding) {
                    selection.introduced += usize::from(finding.origin == Origin::Introduced);
                    entries.insert(entry(finding, name.clone(), fingerprint));
                } else if finding.certainty == Certainty::DependsOnUnknown {
                    selection.undetermined += 1;
                } else {
                    selection.change += 1;
                }
            }
        }
        Ok((Self { file: file.to_owned(), entries: entries.into_iter().collect() }, selection))
    }

    /// Writes it to its file, as a whole or not at all.
    ///
    /// # Errors
    ///
    /// If the file exists and is not a baseline, or cannot be written. It is then as it was.
    pub fn write(&self) -> Result<Written, BaselineError> {
        let file = self.file.clone();
        let is_there = fs::symlink_metadata(&file).is_ok();
        let former = match (is_there, Self::read(&file)) {
            (false, _) => Self::default(),
            (true, Ok(former)) => former,
            // It is a baseline all the same.
            (true, Err(BaselineError::UnknownVersion { .. })) => Self::default(),
            (true, Err(_)) => return Err(BaselineError::NotABaseline { file }),
        };
        let unwritable = |reason: String| BaselineError::Unwritable { file: file.clone(), reason };
        let text = baseline::document(self).map_err(|error| unwritable(error.to_string()))?;
        whole_file::write(&file, &text).map_err(|error| unwritable(error.to_string()))?;
        let [now, before] = [self, &former].map(|baseline| baseline.entries.iter().collect::<BTreeSet<_>>());
        Ok(Written {
            findings: now.len(),
            added: now.difference(&before).count(),
            removed: before.difference(&now).count(),
            replaced: is_there,
        })
    }
}

fn entry(finding: &Finding, plan: Option<String>, fingerprint: String) -> Entry {
    let text = |text: &SafeText| text.unescaped().to_owned();
    Entry {
        plan,
        rule: text(&finding.rule.id),
        address: finding.subject.as_ref().map(|subject| text(&subject.address)),
        attribute: finding.attribute.as_ref().map(text),
        fingerprint,
    }
}
