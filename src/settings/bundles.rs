//! Where policies are from beside directories: the key of bundles, what is said of bundles that nobody verifies, and the commits
//! of git.

use planguard_plan::redact::Redactor;
use planguard_rego::git_source;
use planguard_rego::opa_bundle::{self, Trust};

use super::{Resolution, Settings};
use crate::report::{Notice, PolicyCommit};

impl Settings {
    /// The commits that policies and data are of.
    pub fn policy_commits(&self) -> Vec<PolicyCommit> {
        let plain = Redactor::default();
        let sources = self.paths.value.iter().chain(&self.data.value);
        let commits = sources.filter_map(|path| {
            let commit = plain.text(&git_source::commit_of(path)?);
            Some(PolicyCommit { source: plain.text(&path.display().to_string()), commit })
        });
        commits.collect()
    }
}

impl Resolution {
    /// Lets this process verify all bundles with the key of the settings. Without one, a notice names those that are
    /// signed.
    pub fn verify_bundles(&mut self) {
        let settings = &self.settings;
        if let Some(key) = &settings.bundle_key.value {
            match Trust::read(key, &settings.bundle_scope.value) {
                Ok(trust) => opa_bundle::trust(trust),
                Err(error) => self.errors.push(error.into()),
            }
            return;
        }
        for path in settings.paths.value.iter().filter(|path| opa_bundle::has_signature(path)) {
            let shown = path.display().to_string();
            let shown = self.trusted.as_ref().map_or(shown.clone(), |trusted| trusted.shown(&shown));
            let message = format!(
                "the bundle {shown} is signed, and its signature is not verified: --bundle-key names the key"
            );
            self.notices.push(Notice::new("PG-CF-106", &message));
        }
    }
}
