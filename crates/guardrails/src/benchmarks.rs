//! The benchmarks that come with planguard, read when one is first asked for.

use std::sync::OnceLock;

use planguard_guardrail_format::{Benchmark, Predicate, Truth};
use planguard_plan::ResourceState;

use super::engine::{PlanIndex, holds};

static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/benchmarks.bin"));

/// Every benchmark, by name.
///
/// # Panics
/// Never: the build script of the same version wrote the data.
pub fn benchmarks() -> &'static [Benchmark] {
    static READ: OnceLock<Vec<Benchmark>> = OnceLock::new();
    READ.get_or_init(|| postcard::from_bytes(PACKED).expect("the build encoded them"))
}

/// Whether the condition of a control holds for a resource.
pub fn is_about(when: &Predicate, state: &ResourceState<'_>, index: &PlanIndex<'_>) -> Truth {
    holds(when, state, index)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// How many controls and sections each section has: the last number in it, and what is missing in between.
    const SECTIONS: &[(&str, &[(&str, u32)])] = &[
        (
            "cis-aws-5.0",
            &[
                ("", 5),
                ("1", 21),
                ("2", 3),
                ("2.1", 4),
                ("2.2", 4),
                ("2.3", 1),
                ("3", 9),
                ("4", 16),
                ("5", 7),
                ("5.1", 2),
            ],
        ),
        (
            "cis-azure-4.0",
            &[
                ("", 10),
                ("2", 2),
                ("2.1", 1),
                ("2.1.1", 2),
                ("2.1.1.1", 1),
                ("2.1.1.2", 1),
                ("2.2", 2),
                ("2.2.1", 2),
                ("2.2.2", 1),
                ("3", 1),
                ("3.1", 8),
                ("4", 1),
                ("4.1", 1),
                ("6", 26),
                ("6.1", 3),
                ("6.2", 7),
                ("6.3", 4),
                ("7", 2),
                ("7.1", 5),
                ("7.1.1", 10),
                ("7.1.2", 11),
                ("7.1.3", 1),
                ("8", 8),
                ("9", 4),
                ("9.1", 17),
                ("9.1.3", 5),
                ("9.1.4", 1),
                ("9.1.5", 1),
                ("9.1.6", 1),
                ("9.1.7", 4),
                ("9.1.8", 1),
                ("9.1.9", 1),
                ("9.2", 1),
                ("9.3", 10),
                ("9.4", 1),
                ("10", 3),
                ("10.1", 3),
                ("10.2", 2),
                ("10.3", 12),
                ("10.3.1", 3),
                ("10.3.2", 3),
                ("10.3.3", 1),
            ],
        ),
        (
            "cis-gcp-4.0",
            &[
                ("", 8),
                ("1", 17),
                ("2", 16),
                ("3", 10),
                ("4", 12),
                ("5", 2),
                ("6", 7),
                ("6.1", 3),
                ("6.2", 8),
                ("6.3", 7),
                ("7", 4),
                ("8", 1),
            ],
        ),
        (
            "cis-kubernetes-1.10",
            &[
                ("", 5),
                ("1", 4),
                ("1.1", 21),
                ("1.2", 29),
                ("1.3", 7),
                ("1.4", 2),
                ("2", 7),
                ("3", 2),
                ("3.1", 3),
                ("3.2", 2),
                ("4", 3),
                ("4.1", 10),
                ("4.2", 13),
                ("4.3", 1),
                ("5", 7),
                ("5.1", 13),
                ("5.2", 13),
                ("5.3", 2),
                ("5.4", 2),
                ("5.5", 1),
                ("5.7", 4),
            ],
        ),
    ];

    /// Sections that only introduce others, or that a version of a benchmark leaves out.
    const WITHOUT_CONTROLS: &[(&str, &str)] = &[
        ("cis-azure-4.0", "1"),
        ("cis-azure-4.0", "5"),
        ("cis-azure-4.0", "9.1.1"),
        ("cis-azure-4.0", "9.1.2"),
        ("cis-kubernetes-1.10", "5.6"),
    ];

    /// Nobody can leave a control out, which would be the simplest way to meet it.
    #[test]
    fn every_control_of_every_benchmark_stands_in_its_file() {
        assert_eq!(
            benchmarks().iter().map(|benchmark| benchmark.name.as_str()).collect::<Vec<_>>(),
            SECTIONS.iter().map(|(name, _)| *name).collect::<Vec<_>>()
        );
        for (benchmark, (name, sections)) in benchmarks().iter().zip(SECTIONS) {
            let mut found: BTreeMap<String, Vec<u32>> = BTreeMap::new();
            for control in &benchmark.controls {
                let mut rest = control.id.as_str();
                loop {
                    let (section, number) = rest.rsplit_once('.').unwrap_or(("", rest));
                    let numbers = found.entry(section.to_owned()).or_default();
                    let number = number.parse().unwrap();
                    if !numbers.contains(&number) {
                        numbers.push(number);
                    }
                    if section.is_empty() {
                        break;
                    }
                    rest = section;
                }
            }
            for (section, last) in *sections {
                let is_left_out = |number: &u32| {
                    let id =
                        if section.is_empty() { number.to_string() } else { format!("{section}.{number}") };
                    WITHOUT_CONTROLS.contains(&(name, &id))
                };
                let mut numbers = found.remove(*section).unwrap_or_default();
                numbers.sort_unstable();
                let expected: Vec<u32> = (1..=*last).filter(|number| !is_left_out(number)).collect();
                assert_eq!(numbers, expected, "{name}, section {section}");
            }
            assert!(found.is_empty(), "{name} has further sections: {found:?}");
        }
    }

    #[test]
    fn texts_are_sentences_in_plain_words() {
        for benchmark in benchmarks() {
            for control in &benchmark.controls {
                let place = format!("{} {}", benchmark.name, control.id);
                // The words of the benchmark are not this project's.
                assert!(!control.title.starts_with("Ensure") && !control.title.ends_with('.'), "{place}");
                assert!(control.title.chars().count() <= 90, "{place}");
            }
        }
    }
}
