//! What scanners look for in configurations and plans, and the rule that finds it here or the reason why none does.
//!
//! `policies/concerns` has a line for each. It is read only for explanations, pages and tests.

use std::io::Read as _;
use std::sync::OnceLock;

use flate2::read::DeflateDecoder;

static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/concerns.bin"));

/// Something that scanners look for.
#[derive(Clone, Copy, Debug)]
pub struct Concern {
    /// Its line in the inventory of checks, by which the two are compared.
    pub row: &'static str,
    /// The provider.
    pub provider: &'static str,
    /// The service of the provider.
    pub service: &'static str,
    /// The severity on which the scanners agree.
    pub severity: &'static str,
    /// The pack that a rule belongs to.
    pub pack: &'static str,
    /// The ids of its checks, by scanner.
    ids: [(&'static str, &'static str); 4],
    /// The controls of benchmarks, parted by `;`.
    cis: &'static str,
    /// What answers it.
    pub answer: ConcernAnswer,
}

/// What answers a concern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConcernAnswer {
    /// Rules: their ids, parted by commas.
    Rules(&'static str),
    /// No rule, for a reason.
    LeftOut(LeftOut, &'static str),
    /// Nobody has looked at it.
    Open,
}

/// Why no rule looks for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOut {
    /// A plan does not have it.
    NotInPlan,
    /// The type or the attribute was removed from the provider.
    Obsolete,
    /// It is right too rarely.
    Noise,
    /// No schema has the type or the attribute.
    NoSchema,
    /// A guardrail cannot say it.
    Format,
    /// A parameter or a policy does it better.
    Policy,
}

impl LeftOut {
    /// All reasons.
    pub const ALL: [Self; 6] =
        [Self::NotInPlan, Self::Obsolete, Self::Noise, Self::NoSchema, Self::Format, Self::Policy];

    /// The word in the files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotInPlan => "not-in-plan",
            Self::Obsolete => "obsolete",
            Self::Noise => "noise",
            Self::NoSchema => "no-schema",
            Self::Format => "format",
            Self::Policy => "policy",
        }
    }

    /// What it means.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::NotInPlan => "it cannot be seen in a plan",
            Self::Obsolete => "the provider has removed it",
            Self::Noise => "it is right too rarely to be worth a finding",
            Self::NoSchema => "no schema of a provider has it",
            Self::Format => "guardrails cannot express it yet",
            Self::Policy => "a policy or a parameter does it better",
        }
    }
}

impl Concern {
    /// The ids of its checks by scanner, and the controls of benchmarks.
    pub fn ids(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let of_tools = self.ids.into_iter().flat_map(|(tool, ids)| parts(ids, ',').map(move |id| (tool, id)));
        of_tools.chain(self.cis().map(|id| ("CIS", id)))
    }

    /// The controls of benchmarks.
    pub fn cis(&self) -> impl Iterator<Item = &'static str> {
        parts(self.cis, ';')
    }

    fn parse(line: &'static str) -> Option<Self> {
        let cells: Vec<&'static str> = line.split('\t').collect();
        let [
            row,
            provider,
            service,
            _types,
            severity,
            pack,
            checkov,
            trivy,
            kics,
            terrascan,
            cis,
            answer,
            text,
        ] = cells[..]
        else {
            return None;
        };
        let answer = match answer {
            "rule" => ConcernAnswer::Rules(text),
            "open" => ConcernAnswer::Open,
            word => {
                let reason = LeftOut::ALL.into_iter().find(|reason| reason.word() == word)?;
                ConcernAnswer::LeftOut(reason, text)
            }
        };
        let ids = [("Checkov", checkov), ("Trivy", trivy), ("KICS", kics), ("Terrascan", terrascan)];
        Some(Self { row, provider, service, severity, pack, ids, cis, answer })
    }
}

impl ConcernAnswer {
    /// The ids of the rules that answer; none where none does.
    pub fn rules(self) -> impl Iterator<Item = &'static str> {
        let rules = match self {
            Self::Rules(rules) => rules,
            Self::LeftOut(..) | Self::Open => "",
        };
        parts(rules, ',')
    }
}

fn parts(text: &'static str, between: char) -> impl Iterator<Item = &'static str> {
    text.split(between).map(str::trim).filter(|part| !part.is_empty())
}

/// All concerns, in the order of their files. Lines that say nothing are left out; a test counts them.
pub fn concerns() -> Vec<Concern> {
    lines().lines().filter_map(Concern::parse).collect()
}

/// The lines of all files, unpacked when they are first asked for.
fn lines() -> &'static str {
    static UNPACKED: OnceLock<String> = OnceLock::new();
    UNPACKED.get_or_init(|| {
        let mut unpacked = String::new();
        DeflateDecoder::new(PACKED).read_to_string(&mut unpacked).expect("the build packed them");
        unpacked
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::catalogue;

    #[test]
    fn every_line_is_read_and_answered_by_rules_that_exist() {
        let all = concerns();
        for line in lines().lines() {
            assert!(Concern::parse(line).is_some(), "{line}");
        }
        let rules: BTreeSet<String> = catalogue().iter().map(|entry| entry.info.id.to_string()).collect();
        let mut rows = BTreeSet::new();
        for concern in &all {
            assert!(rows.insert(concern.row), "line {} stands twice", concern.row);
            match concern.answer {
                ConcernAnswer::Rules(ids) => assert!(!ids.is_empty(), "line {}", concern.row),
                ConcernAnswer::LeftOut(_, text) => {
                    assert!(text.ends_with('.') && text.len() > 20, "line {}: {text}", concern.row);
                }
                ConcernAnswer::Open => {}
            }
            for id in concern.answer.rules() {
                assert!(rules.contains(id), "line {}: there is no rule `{id}`", concern.row);
            }
        }
        assert!(all.len() > 1000, "{}", all.len());
    }

    #[test]
    fn ids_are_listed_by_scanner() {
        let line = "7\taws\ts3\taws_s3_bucket\thigh\tdefault\tCKV_1,CKV_2\t\tk\t\tCIS AWS 5.0 1.1;CIS AWS 1.4 2\tnoise\tToo rare.";
        let concern = Concern::parse(line).unwrap();
        assert_eq!(
            concern.ids().collect::<Vec<_>>(),
            [
                ("Checkov", "CKV_1"),
                ("Checkov", "CKV_2"),
                ("KICS", "k"),
                ("CIS", "CIS AWS 5.0 1.1"),
                ("CIS", "CIS AWS 1.4 2")
            ]
        );
        assert_eq!(concern.answer, ConcernAnswer::LeftOut(LeftOut::Noise, "Too rare."));
        assert!(Concern::parse("7\taws").is_none());
        assert!(Concern::parse(&line.replace("noise", "because").leak()[..]).is_none());
    }
}
