//! The built-in guardrails. The build script checks and encodes them; a run decodes only those whose resource types
//! are in the plan.

use std::cell::Cell;
use std::io::Read as _;
use std::ops::Range;
use std::sync::OnceLock;

use flate2::read::DeflateDecoder;
use planguard_guardrail_format::{Case, Guardrail};
use planguard_rule::RuleInfo;

use crate::names::Name;

include!(concat!(env!("OUT_DIR"), "/guardrails.rs"));

static DEFINITIONS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/guardrails.bin"));
/// The cases, compressed.
static CASES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/cases.bin"));

thread_local! {
    static DECODED: Cell<usize> = const { Cell::new(0) };
}

/// How many guardrails this thread has decoded so far: tests count the work of a run by it.
pub fn decoded_on_this_thread() -> usize {
    DECODED.get()
}

/// All cases, unpacked when one is first asked for.
fn cases() -> &'static [u8] {
    static UNPACKED: OnceLock<Vec<u8>> = OnceLock::new();
    UNPACKED.get_or_init(|| {
        let mut unpacked = Vec::new();
        DeflateDecoder::new(CASES).read_to_end(&mut unpacked).expect("the build packed them");
        unpacked
    })
}

/// The SHA-256 of all that is embedded and decides: the guardrails, the tables of the change guards, the mappings of generic
/// providers, and the benchmarks.
pub const fn embedded_sha256() -> &'static [u8] {
    include_bytes!(concat!(env!("OUT_DIR"), "/embedded.sha256"))
}

/// Where a guardrail is in the embedded data.
struct Entry {
    id: Name,
    pack: Name,
    service: Name,
    definition: Range<u32>,
    cases: Range<u32>,
}

/// A built-in guardrail, not decoded yet.
#[derive(Clone, Copy)]
pub struct Builtin(&'static Entry);

/// A part of embedded data.
fn part<T, N: Copy + Into<u64>>(all: &'static [T], range: &Range<N>) -> &'static [T] {
    let [start, end] =
        [range.start, range.end].map(|bound| usize::try_from(bound.into()).unwrap_or(usize::MAX));
    &all[start..end]
}

/// Every built-in guardrail except the change guards, ordered by id.
pub fn builtins() -> impl Iterator<Item = Builtin> {
    ENTRIES.iter().map(Builtin)
}

impl Builtin {
    /// The guardrails that judge a resource type (`data.TYPE` for a data source), ordered by id.
    pub fn for_type(resource_type: &str) -> impl Iterator<Item = Self> {
        let positions = BY_TYPE
            .binary_search_by(|(candidate, _)| candidate.of(NAMES).cmp(resource_type))
            .map_or(&[][..], |position| part(POSITIONS, &BY_TYPE[position].1));
        positions.iter().map(|position| Self(&ENTRIES[usize::from(*position)]))
    }

    /// The id.
    pub fn id(self) -> &'static str {
        self.0.id.of(NAMES)
    }

    /// The pack that enables it.
    pub fn pack(self) -> &'static str {
        self.0.pack.of(NAMES)
    }

    /// The service of the provider that it is about, such as `s3`.
    pub fn service(self) -> &'static str {
        self.0.service.of(NAMES)
    }

    /// The guardrail itself.
    ///
    /// # Panics
    /// Never: the build script of the same version wrote the data, and a test decodes all of it.
    pub fn definition(self) -> Guardrail {
        DECODED.set(DECODED.get() + 1);
        postcard::from_bytes(part(DEFINITIONS, &self.0.definition)).expect("the build encoded it")
    }

    /// What the guardrail says of itself, without its tests.
    ///
    /// # Panics
    /// Never; see [`Builtin::definition`]. It stands first in the data.
    pub fn info(self) -> RuleInfo {
        let data = part(DEFINITIONS, &self.0.definition);
        postcard::take_from_bytes(data).expect("the build encoded it").0
    }

    /// Its cases.
    ///
    /// # Panics
    /// Never; see [`Builtin::definition`].
    pub fn cases(self) -> Vec<Case> {
        postcard::from_bytes(part(cases(), &self.0.cases)).expect("the build encoded them")
    }
}

#[cfg(test)]
mod tests {
    use super::super::judge::{Judgement, judge};
    use super::*;

    #[test]
    fn every_guardrail_judges_its_cases_as_expected() {
        let mut wrong = Vec::new();
        for builtin in builtins() {
            let guardrail = builtin.definition();
            for case in builtin.cases() {
                let got = judge(&guardrail, &case).unwrap();
                if got != Judgement::expected(&case) {
                    wrong.push(format!(
                        "{}: {}: expected {}, got {got}",
                        builtin.id(),
                        case.name,
                        Judgement::expected(&case)
                    ));
                }
            }
        }
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }

    /// What is printed as the default is what is judged by.
    #[test]
    fn the_defaults_of_parameters_change_nothing() {
        let mut seen = 0;
        for builtin in builtins() {
            let definition = builtin.definition();
            let mut set = builtin.definition();
            for parameter in &definition.parameters {
                set.set(&parameter.name, &parameter.default);
                seen += 1;
            }
            assert_eq!(format!("{set:?}"), format!("{definition:?}"), "{}", builtin.id());
        }
        assert!(seen > 10, "{seen}");
    }

    #[test]
    fn guardrails_are_found_by_type() {
        for builtin in builtins() {
            for resource_type in builtin.definition().resources {
                assert!(
                    Builtin::for_type(&resource_type).any(|found| found.id() == builtin.id()),
                    "{resource_type}"
                );
            }
        }
        assert_eq!(Builtin::for_type("no_such_type").count(), 0);
    }

    #[test]
    fn ids_start_with_their_provider_and_differ_from_change_guards() {
        for builtin in builtins() {
            let guardrail = builtin.definition();
            let prefix = match guardrail.provider() {
                "azurerm" => "azure",
                other => other,
            };
            assert_eq!(builtin.id().split('-').next(), Some(prefix), "{}", builtin.id());
            assert_eq!(builtin.info().remediation, guardrail.info.remediation, "{}", builtin.id());
        }
    }
}
