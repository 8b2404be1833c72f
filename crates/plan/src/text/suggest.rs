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
}
