//! The rules that the cases of a file test.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use planguard_guardrails::change::GUARDS;
use planguard_guardrails::{builtins, load_guardrails};
use planguard_plan::text::suggest;
use planguard_rego::{
    ContextOptions, Convention, CoverageMode, Namespaces, Policies, PolicyOptions, RegoPack, RegoPacks,
    SkippedPolicy, rego_packs, rule_id, toml_parameters,
};
use toml::Spanned;
use walkdir::WalkDir;

use super::error::{CaseError, CaseProblem, CaseText};
use super::expected::{Expected, without_data};
use super::file::unknown_word;
use super::raw::RawFile;
use crate::check::{Packs, Rules};

/// The maximum number of rules in a message.
const LISTED: usize = 8;

/// The head of a file, with paths relative to the working directory.
#[derive(Debug, Default)]
pub(super) struct Header {
    policies: Vec<PathBuf>,
    guardrails: Vec<PathBuf>,
    packs: Option<Packs>,
    rego_packs: RegoPacks,
    namespaces: Namespaces,
    convention: Option<Convention>,
    data: Vec<PathBuf>,
    context: Option<PathBuf>,
}

/// An error and its place.
type HeaderError = (Range<usize>, CaseProblem);

impl Header {
    /// Reads everything in a file but its cases.
    pub(super) fn new(raw: RawFile, base: &Path) -> Result<Self, Vec<HeaderError>> {
        let mut errors = Vec::new();
        // By default, the policies beside the file are tested.
        let by_default = raw.policies.is_none() && raw.guardrails.is_none() && raw.packs.is_none();
        let mut policies = resolve(raw.policies.unwrap_or_default(), base, "policy", &mut errors);
        let beside = directory(base);
        if by_default && (!raw.builtin || holds_policies(&beside)) {
            policies.push(beside);
        }
        let mut packs = if raw.builtin { Packs::default() } else { Packs::none() };
        let mut rego_packs = RegoPacks::default();
        let mut parameters = raw.parameters;
        for pack in raw.packs.unwrap_or_default() {
            let of_guardrails = Packs::exists(pack.get_ref());
            if of_guardrails {
                packs = packs.with(pack.get_ref());
            }
            if RegoPack::find(pack.get_ref()).is_some() {
                let (span, own) = match parameters.remove(pack.get_ref()) {
                    Some(own) => (own.span(), Some(toml_parameters(&toml::Value::Table(own.into_inner())))),
                    None => (pack.span(), None),
                };
                let pack_errors = rego_packs.enable(pack.get_ref(), own).err().unwrap_or_default();
                errors.extend(pack_errors.into_iter().map(|error| (span.clone(), CaseProblem::Pack(error))));
            } else if !of_guardrails {
                errors.push((pack.span(), unknown_word(pack.get_ref(), "pack", &all_packs())));
            }
        }
        for (name, own) in parameters {
            errors.push((own.span(), CaseProblem::PackOff { pack: name }));
        }
        let convention = raw.convention.and_then(|word| {
            let known = Convention::ALL.into_iter().find(|known| known.as_str() == word.get_ref());
            if known.is_none() {
                let words = Convention::ALL.map(Convention::as_str);
                errors.push((word.span(), unknown_word(word.get_ref(), "convention", &words)));
            }
            known
        });
        let header = Self {
            policies,
            guardrails: resolve(raw.guardrails.unwrap_or_default(), base, "guardrail file", &mut errors),
            packs: Some(packs),
            rego_packs,
            namespaces: match raw.namespaces {
                None => Namespaces::default(),
                Some(names) if names.iter().any(|name| name == "*") => Namespaces::All,
                Some(names) => Namespaces::Named(names),
            },
            convention,
            data: resolve(raw.data, base, "data document", &mut errors),
            context: resolve(raw.context.into_iter().collect(), base, "context", &mut errors).pop(),
        };
        if errors.is_empty() { Ok(header) } else { Err(errors) }
    }

    /// Loads the rules.
    pub(super) fn load(&self, text: &CaseText, coverage: CoverageMode) -> Result<Rules, Vec<CaseError>> {
        let guardrails = load_guardrails(&self.guardrails).map_err(|errors| {
            let error = |error| CaseError::of_file(&text.file, CaseProblem::Guardrail(error));
            errors.into_iter().map(error).collect::<Vec<_>>()
        })?;
        let policies = (!self.policies.is_empty() || !self.rego_packs.is_empty()).then(|| {
            Policies::load(&PolicyOptions {
                paths: self.policies.clone(),
                packs: self.rego_packs.clone(),
                convention: self.convention,
                // Expectations must not depend on the environment of the machine.
                context: ContextOptions { file: self.context.clone(), ..ContextOptions::default() },
                namespaces: self.namespaces.clone(),
                data: self.data.clone(),
                beside: self.policies.iter().filter_map(|policy| directory_of_file(policy)).collect(),
                coverage,
                ..PolicyOptions::default()
            })
        });
        let packs = self.packs.clone().unwrap_or_else(Packs::none);
        // Mistakes in policies are for `lint` and `check`, and waivers for `check`; a case is about what the rules find.
        Ok(Rules { packs, guardrails, policies, ..Rules::default() })
    }
}

/// Returns paths relative to the working directory.
fn resolve(
    paths: Vec<Spanned<PathBuf>>,
    base: &Path,
    what: &'static str,
    errors: &mut Vec<HeaderError>,
) -> Vec<PathBuf> {
    paths
        .into_iter()
        .map(|path| {
            let span = path.span();
            let path = path.into_inner();
            let resolved = if path == Path::new(".") { directory(base) } else { base.join(path) };
            if !resolved.exists() {
                errors.push((span, CaseProblem::NoFile { what, path: resolved.clone() }));
            }
            resolved
        })
        .collect()
}

/// Returns a file's directory as a path that can be opened; it is empty for a plain file name.
fn directory(base: &Path) -> PathBuf {
    if base.as_os_str().is_empty() { PathBuf::from(".") } else { base.to_owned() }
}

/// The directory of a policy that is named itself; the data beside it belongs to it.
fn directory_of_file(policy: &Path) -> Option<PathBuf> {
    if policy.is_dir() { None } else { policy.parent().map(directory) }
}

fn holds_policies(directory: &Path) -> bool {
    let files = WalkDir::new(directory).into_iter().flatten();
    files.into_iter().any(|entry| entry.path().extension().is_some_and(|extension| extension == "rego"))
}

fn all_packs() -> Vec<&'static str> {
    Packs::choices().into_iter().chain(rego_packs().iter().map(|pack| pack.name)).collect()
}

/// The known rules by their names in cases.
pub(super) struct KnownRules<'r> {
    rules: &'r Rules,
    /// The evaluated rules.
    on: Vec<Cow<'r, str>>,
    /// The packs of all built-in rules.
    builtin: BTreeMap<&'static str, &'static str>,
}

impl<'r> KnownRules<'r> {
    pub(super) fn new(rules: &'r Rules) -> Self {
        let change = GUARDS.iter().map(|guard| (guard.info.id.as_ref(), guard.info.pack.as_ref()));
        let builtin: BTreeMap<&str, &str> =
            builtins().map(|builtin| (builtin.id(), builtin.pack())).chain(change).collect();
        let own = rules.guardrails.iter().map(|guardrail| Cow::from(guardrail.info.id.as_ref()));
        let policies = rules.policies.iter().flat_map(Policies::sets).flat_map(|set| set.rules());
        let on = own
            .chain(policies.map(|rule| match rule_id(&rule.path) {
                Cow::Borrowed(path) => Cow::from(without_data(path)),
                Cow::Owned(id) => Cow::from(id),
            }))
            .chain(
                builtin.iter().filter(|(_, pack)| rules.packs.contains(pack)).map(|(id, _)| Cow::from(*id)),
            )
            .collect();
        Self { rules, on, builtin }
    }

    /// Returns the error for an expectation of an unknown or disabled rule.
    pub(super) fn check(&self, expected: &Expected) -> Option<CaseProblem> {
        let rule = expected.rule.as_str();
        if self.on.iter().any(|on| on == rule) {
            return None;
        }
        let owned = rule.to_owned();
        if let Some(pack) = self.builtin.get(rule) {
            let help = if Packs::ON_BY_DEFAULT.contains(pack) {
                "add `builtin = true` at the start of the file".to_owned()
            } else {
                format!("add `packs = [\"{pack}\"]` at the start of the file")
            };
            return Some(CaseProblem::RuleOff { rule: owned, help });
        }
        // Policies that could not be loaded are a problem of each case; their rules are unknown.
        if self.rules.policies.as_ref().is_some_and(|policies| !policies.problems().is_empty()) {
            return None;
        }
        Some(CaseProblem::UnknownRule { rule: owned, help: self.help(rule) })
    }

    fn help(&self, rule: &str) -> String {
        let former = builtins().find_map(|builtin| {
            builtin.info().aliases.iter().any(|alias| alias == rule).then(|| builtin.id())
        });
        if let Some(id) = former {
            return format!("use its new id `{id}`");
        }
        let skipped = self.rules.policies.iter().flat_map(Policies::skipped);
        for skipped in skipped {
            if let SkippedPolicy::Package(package) = skipped
                && rule.strip_prefix(package.as_str()).is_some_and(|rest| rest.starts_with('.'))
            {
                return format!("add the package `{package}` to `namespaces`");
            }
        }
        let builtin = self.builtin.keys().copied();
        if let Some(meant) = suggest::nearest(rule, self.on.iter().map(Cow::as_ref).chain(builtin)) {
            return format!("did you mean `{meant}`?");
        }
        let listed: Vec<&str> = self.on.iter().map(Cow::as_ref).take(LISTED).collect();
        match (listed.len(), self.on.len()) {
            (0, _) => "no rule is enabled; set `policies`, `guardrails` or `packs`".to_owned(),
            (listed_count, all) if listed_count < all => {
                format!("use one of {all} rules, such as {}", listed.join(", "))
            }
            _ => format!("use one of {}", listed.join(", ")),
        }
    }
}
