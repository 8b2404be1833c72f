//! Suggests the correct name for a typo.

/// The candidate nearest to `name`, if it is near enough to be a typo: a third of the name's length, at
/// least one letter and at most three.
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let allowed = (name.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        // Names of other lengths cannot be near, and there may be thousands of them.
        .filter(|candidate| candidate.len().abs_diff(name.len()) <= allowed)
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, candidate)| (*distance, candidate.len()))
        .map(|(_, candidate)| candidate)
}

/// The candidate nearest to `name` or, if none is near, the only one that begins with it, whatever stands
/// between letters and digits: `cisaws5` is the beginning of `cis-aws-5.0`.
pub fn nearest_or_longer<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    nearest(name, candidates.iter().copied()).or_else(|| only_one_that_begins_with(name, &candidates))
}

/// How many letters and digits a beginning has at least to mean something.
const BEGINNING: usize = 4;

fn only_one_that_begins_with<'c>(name: &str, candidates: &[&'c str]) -> Option<&'c str> {
    let beginning = signs(name).collect::<Vec<_>>();
    let mut found = candidates.iter().filter(|candidate| {
        let mut signs = signs(candidate);
        beginning.iter().all(|sign| signs.next() == Some(*sign))
    });
    let first = found.next().filter(|_| beginning.len() >= BEGINNING)?;
    found.next().is_none().then_some(first)
}

/// The letters and digits of a name.
fn signs(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(|sign| sign.is_alphanumeric()).flat_map(char::to_lowercase)
}

/// Whether a name is near enough to another one to be a typo.
pub fn is_near(name: &str, candidate: &str) -> bool {
    nearest(name, [candidate]).is_some()
}

/// How many letters must be added, removed, replaced or swapped with their neighbour, regardless of case
/// (the optimal string alignment distance).
pub fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.to_lowercase().chars().collect();
    let right: Vec<char> = right.to_lowercase().chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=right.len()).collect();
    let mut former_left = None;
    for (row, &left) in (1..).zip(&left) {
        let mut current = vec![row];
        let mut beside = row;
        let mut former_right = None;
        // Two rows up and two columns to the left, where the cost of a swap starts.
        let swapped = std::iter::once(None).chain(before.iter().map(Some)).chain(std::iter::repeat(None));
        for ((above, &right), swapped) in previous.windows(2).zip(&right).zip(swapped) {
            let [diagonal, above] = above else { break };
            let replaced = diagonal + usize::from(left != right);
            beside = replaced.min(above + 1).min(beside + 1);
            if let Some(swapped) = swapped
                && former_left == Some(right)
                && former_right == Some(left)
            {
                beside = beside.min(swapped + 1);
            }
            current.push(beside);
            former_right = Some(right);
        }
        former_left = Some(left);
        before = previous;
        previous = current;
    }
    previous.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_typing_slips() {
        assert_eq!(distance("deny", "deny"), 0);
        assert_eq!(distance("Deny", "deny"), 0);
        assert_eq!(distance("denny", "deny"), 1);
        assert_eq!(distance("dney", "deny"), 1);
        assert_eq!(distance("", "warn"), 4);
        assert_eq!(distance("chnage", "change"), 1);
    }

    #[test]
    fn only_a_near_name_is_suggested() {
        let names = ["resource_changes", "resource_drift", "variables"];
        assert_eq!(nearest("resource_change", names), Some("resource_changes"));
        assert_eq!(nearest("policy", names), None);
    }

    #[test]
    fn a_beginning_is_suggested_if_it_is_of_one_name_only() {
        let names = ["cis-aws-5.0", "cis-azure-4.0", "cis-gcp-4.0"];
        assert_eq!(nearest_or_longer("cisaws5", names), Some("cis-aws-5.0"));
        assert_eq!(nearest_or_longer("CIS_GCP", names), Some("cis-gcp-4.0"));
        assert_eq!(nearest_or_longer("cis-a", names), None);
        assert_eq!(nearest_or_longer("cis", ["cis-aws-5.0"]), None);
    }
}
