//! Finds the rules that may cover another one without comparing it with all of them: by what they are about.

use std::collections::{BTreeSet, HashMap};

use super::grants::{LeftOut, Patterns, Rule};

/// Rules, by their principals, actions and resources.
pub(super) struct Covering<'r, 'd> {
    rules: &'r [Rule<'d>],
    principals: Dimension,
    actions: Dimension,
    resources: Dimension,
}

impl<'r, 'd> Covering<'r, 'd> {
    pub(super) fn new(rules: &'r [Rule<'d>]) -> Self {
        let mut principals = Dimension::of(rules.iter().map(|rule| &rule.principals));
        for (position, rule) in rules.iter().enumerate() {
            for account in rule.principals.iter().filter(|id| id.ends_with(":root")).filter_map(account) {
                principals.by_account.entry(account.to_owned()).or_default().push(position);
            }
        }
        Self {
            rules,
            principals,
            actions: Dimension::of(rules.iter().map(|rule| &rule.actions)),
            resources: Dimension::of(rules.iter().map(|rule| &rule.resources)),
        }
    }

    /// Whether one of the rules that allow something names the principals of another one.
    pub(super) fn names_principals_of(&self, other: &Rule<'_>) -> bool {
        let names = |rule: &Rule<'_>| rule.allows() && rule.principals.cover(&other.principals);
        match self.principals.candidates(&other.principals) {
            Some(few) => few.positions().filter_map(|position| self.rules.get(position)).any(names),
            None => self.rules.iter().any(names),
        }
    }

    /// Whether one of the rules says all that another one says.
    pub(super) fn covers(&self, other: &Rule<'_>, left_out: LeftOut) -> bool {
        let dimensions = [
            Some((&self.actions, &other.actions)),
            (left_out != LeftOut::Resources).then_some((&self.resources, &other.resources)),
            (left_out != LeftOut::Principals).then_some((&self.principals, &other.principals)),
        ];
        let candidates = dimensions.into_iter().flatten().filter_map(|(own, wanted)| own.candidates(wanted));
        let covers = |rule: &Rule<'_>| {
            planguard_work::steps(1);
            rule.covers(other, left_out)
        };
        match candidates.min_by_key(Candidates::number) {
            Some(few) => few.positions().filter_map(|position| self.rules.get(position)).any(covers),
            None => self.rules.iter().any(covers),
        }
    }
}

/// Which rules may cover a list of principals, actions or resources.
#[derive(Default)]
struct Dimension {
    patterns: ByPrefix,
    /// Rules that may cover any list: they leave out, or do not say.
    any: Vec<usize>,
    /// Rules about whole accounts, which stand for the roles and users in them.
    by_account: HashMap<String, Vec<usize>>,
}

impl Dimension {
    fn of<'p>(lists: impl Iterator<Item = &'p Patterns>) -> Self {
        let mut dimension = Self::default();
        for (position, list) in lists.enumerate() {
            match list {
                Patterns::These(texts) => {
                    texts.iter().for_each(|text| dimension.patterns.add(text, position));
                }
                Patterns::AllBut(_) | Patterns::Absent => dimension.any.push(position),
            }
        }
        dimension
    }

    /// The rules that may cover a list: those that match its first text. `None` where all may.
    fn candidates(&self, wanted: &Patterns) -> Option<Candidates<'_>> {
        let (text, account) = match wanted {
            Patterns::These(texts) => {
                let first = texts.first()?;
                (first.as_str(), account(first))
            }
            Patterns::AllBut(_) | Patterns::Absent => ("*", None),
        };
        let of_account = account.and_then(|account| self.by_account.get(account));
        Some(Candidates {
            any: &self.any,
            of_account: of_account.map(Vec::as_slice).unwrap_or_default(),
            matching: self.patterns.may_match(text).collect(),
        })
    }
}

/// Positions of rules that may cover a list. Those of any list are as many as there are rules, and are not copied.
struct Candidates<'d> {
    any: &'d [usize],
    of_account: &'d [usize],
    matching: Vec<usize>,
}

impl Candidates<'_> {
    fn number(&self) -> usize {
        self.any.len() + self.of_account.len() + self.matching.len()
    }

    fn positions(&self) -> impl Iterator<Item = usize> {
        [self.any, self.of_account, &self.matching].into_iter().flatten().copied()
    }
}

/// The account that an ARN is in.
fn account(principal: &str) -> Option<&str> {
    principal.split(':').nth(4)
}

/// Patterns by the letters in front of their first wildcard, with the positions of their owners.
#[derive(Default)]
pub(super) struct ByPrefix {
    exact: HashMap<String, Vec<usize>>,
    by_prefix: HashMap<String, Vec<usize>>,
    /// The lengths of the prefixes.
    lengths: BTreeSet<usize>,
}

impl ByPrefix {
    pub(super) fn add(&mut self, pattern: &str, owner: usize) {
        match pattern.find(['*', '?']) {
            Some(length) => {
                self.lengths.insert(length);
                let prefix = pattern.get(..length).unwrap_or_default();
                self.by_prefix.entry(prefix.to_owned()).or_default().push(owner);
            }
            None => self.exact.entry(pattern.to_owned()).or_default().push(owner),
        }
    }

    /// The owners of all patterns that may match a text.
    pub(super) fn may_match(&self, text: &str) -> impl Iterator<Item = usize> {
        let prefixes = self.lengths.iter().filter_map(|length| self.by_prefix.get(text.get(..*length)?));
        self.exact.get(text).into_iter().chain(prefixes).flatten().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_found_by_what_stands_before_their_wildcard() {
        let mut patterns = ByPrefix::default();
        for (owner, pattern) in ["s3:Get*", "s3:GetObject", "*", "ec2:?", "s3:Put*"].into_iter().enumerate() {
            patterns.add(pattern, owner);
        }
        let mut found: Vec<usize> = patterns.may_match("s3:GetObject").collect();
        found.sort_unstable();
        assert_eq!(found, [0, 1, 2]);
        assert_eq!(patterns.may_match("ü").collect::<Vec<_>>(), [2]);
    }
}
