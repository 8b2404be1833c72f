//! Finds the name that somebody probably meant.

/// The candidate nearest to `name`, if it is near enough to be a slip: a third of the name's length, at
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

/// Whether a name is near enough to another one to be a slip.
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
    for i in 1..=left.len() {
        let mut current = vec![i];
        for j in 1..=right.len() {
            let replaced = previous[j - 1] + usize::from(left[i - 1] != right[j - 1]);
            let mut best = replaced.min(previous[j] + 1).min(current[j - 1] + 1);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            current.push(best);
        }
        before = previous;
        previous = current;
    }
    previous[right.len()]
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
}
