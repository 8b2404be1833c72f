//! The rules that the cases of a file are checked with.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use planguard_guardrails::change::GUARDS;
use planguard_guardrails::{builtins, load_guardrails};
use planguard_plan::text::suggest;
use planguard_rego::{
    ContextOptions, Convention, CoverageMode, Namespaces, PassedOver, Policies, PolicyOptions, RegoPack,
    RegoPacks, rego_packs, rule_id, toml_parameters,
};
use toml::Spanned;
use walkdir::WalkDir;

use super::error::{CaseError, CaseProblem, CaseText};
use super::expected::{Expected, without_data};
use super::file::unknown_word;
use super::raw::RawFile;
use crate::check::{Packs, Rules};

/// How many rules a message lists; more are no help.
const LISTED: usize = 8;

/// What the head of a file says, with paths that lead from where planguard runs.
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

/// A mistake and its place.
type Mistake = (Range<usize>, CaseProblem);

impl Header {
    /// Reads everything of a file but its cases.
    pub(super) fn new(raw: RawFile, base: &Path) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        // By default the policies beside the file are what it is about.
        let by_default = raw.policies.is_none() && raw.guardrails.is_none() && raw.packs.is_none();
        let mut policies = resolve(raw.policies.unwrap_or_default(), base, "policy", &mut mistakes);
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
                let errors = rego_packs.enable(pack.get_ref(), own).err().unwrap_or_default();
                mistakes.extend(errors.into_iter().map(|error| (span.clone(), CaseProblem::Pack(error))));
            } else if !of_guardrails {
                mistakes.push((pack.span(), unknown_word(pack.get_ref(), "a pack", &all_packs())));
            }
        }
        for (name, own) in parameters {
            mistakes.push((own.span(), unknown_word(&name, "a pack in `packs`", &[])));
        }
        let convention = raw.convention.and_then(|word| {
            let known = Convention::ALL.into_iter().find(|known| known.as_str() == word.get_ref());
            if known.is_none() {
                let words = Convention::ALL.map(Convention::as_str);
                mistakes.push((word.span(), unknown_word(word.get_ref(), "a convention", &words)));
            }
            known
        });
        let header = Self {
            policies,
            guardrails: resolve(raw.guardrails.unwrap_or_default(), base, "guardrail file", &mut mistakes),
            packs: Some(packs),
            rego_packs,
            namespaces: match raw.namespaces {
                None => Namespaces::default(),
                Some(names) if names.iter().any(|name| name == "*") => Namespaces::All,
                Some(names) => Namespaces::Named(names),
            },
            convention,
            data: resolve(raw.data, base, "data document", &mut mistakes),
            context: resolve(raw.context.into_iter().collect(), base, "context", &mut mistakes).pop(),
        };
        if mistakes.is_empty() { Ok(header) } else { Err(mistakes) }
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
                // The environment of the machine has no part in what a case expects.
                context: ContextOptions { file: self.context.clone(), ..ContextOptions::default() },
                namespaces: self.namespaces.clone(),
                data: self.data.clone(),
                coverage,
                ..PolicyOptions::default()
            })
        });
        Ok(Rules { packs: self.packs.clone().unwrap_or_else(Packs::none), guardrails, policies })
    }
}

/// The paths as they lead from where planguard runs.
fn resolve(
    paths: Vec<Spanned<PathBuf>>,
    base: &Path,
    what: &'static str,
    mistakes: &mut Vec<Mistake>,
) -> Vec<PathBuf> {
    paths
        .into_iter()
        .map(|path| {
            let span = path.span();
            let path = path.into_inner();
            let resolved = if path == Path::new(".") { directory(base) } else { base.join(path) };
            if !resolved.exists() {
                mistakes.push((span, CaseProblem::NoFile { what, path: resolved.clone() }));
            }
            resolved
        })
        .collect()
}

/// The directory of a file by a name that can be opened; for a file that is named alone, its own is empty.
fn directory(base: &Path) -> PathBuf {
    if base.as_os_str().is_empty() { PathBuf::from(".") } else { base.to_owned() }
}

fn holds_policies(directory: &Path) -> bool {
    let files = WalkDir::new(directory).into_iter().flatten();
    files.into_iter().any(|entry| entry.path().extension().is_some_and(|extension| extension == "rego"))
}

fn all_packs() -> Vec<&'static str> {
    Packs::names().into_iter().chain(rego_packs().iter().map(|pack| pack.name)).collect()
}

/// The rules by the names that cases use.
pub(super) struct KnownRules<'r> {
    rules: &'r Rules,
    /// The rules that are evaluated.
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

    /// What is wrong with the rule that a case expects something of.
    pub(super) fn check(&self, expected: &Expected) -> Option<CaseProblem> {
        let rule = expected.rule.as_str();
        if self.on.iter().any(|on| on == rule) {
            return None;
        }
        let owned = rule.to_owned();
        if let Some(pack) = self.builtin.get(rule) {
            let help = if Packs::ON_BY_DEFAULT.contains(pack) {
                "write `builtin = true` at the start of the file".to_owned()
            } else {
                format!("write `packs = [\"{pack}\"]` at the start of the file")
            };
            return Some(CaseProblem::RuleOff { rule: owned, help });
        }
        // Policies that could not be loaded are a problem of each case; their rules cannot be known.
        if self.rules.policies.as_ref().is_some_and(|policies| !policies.problems().is_empty()) {
            return None;
        }
        Some(CaseProblem::UnknownRule { rule: owned, help: self.help(rule) })
    }

    fn help(&self, rule: &str) -> String {
        let former = builtins().find_map(|builtin| {
            let info = builtin.definition().info;
            info.aliases.iter().any(|alias| alias == rule).then(|| builtin.id())
        });
        if let Some(id) = former {
            return format!("it is called `{id}` now");
        }
        let passed_over = self.rules.policies.iter().flat_map(Policies::passed_over);
        for passed_over in passed_over {
            if let PassedOver::Package(package) = passed_over
                && rule.strip_prefix(package.as_str()).is_some_and(|rest| rest.starts_with('.'))
            {
                return format!("the package `{package}` is not evaluated; name it in `namespaces`");
            }
        }
        let builtin = self.builtin.keys().copied();
        if let Some(meant) = suggest::nearest(rule, self.on.iter().map(Cow::as_ref).chain(builtin)) {
            return format!("did you mean `{meant}`?");
        }
        let listed: Vec<&str> = self.on.iter().map(Cow::as_ref).take(LISTED).collect();
        match (listed.len(), self.on.len()) {
            (0, _) => {
                "no rule is evaluated; say with `policies`, `guardrails` or `packs` which are".to_owned()
            }
            (listed_count, all) if listed_count < all => {
                format!("{all} rules are evaluated, such as {}", listed.join(", "))
            }
            _ => format!("these rules are evaluated: {}", listed.join(", ")),
        }
    }
}
