//! Sentences of remedies, so that what several remedies have in common is said once.

/// The sentences of a text, each with its full stop. A full stop within backticks ends none.
fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut is_code) = (0, false);
    let mut letters = text.char_indices().peekable();
    while let Some((position, letter)) = letters.next() {
        is_code ^= letter == '`';
        let ends = letter == '.' && !is_code && letters.peek().is_none_or(|(_, next)| next.is_whitespace());
        if ends {
            found.extend(text.get(start..=position).map(str::trim));
            start = position + 1;
        }
    }
    found.extend(text.get(start..).map(str::trim).filter(|rest| !rest.is_empty()));
    found
}

/// What a remedy says that those before it do not; nothing if they say all of it.
pub(super) fn untold(remedy: &str, told: &[&str]) -> Option<String> {
    let told: Vec<&str> = told.iter().flat_map(|told| sentences(told)).collect();
    let new: Vec<&str> = sentences(remedy).into_iter().filter(|sentence| !told.contains(sentence)).collect();
    (!new.is_empty()).then(|| new.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_told_once() {
        let first = "Replace `0.0.0.0/0`. Session Manager needs no open port.";
        assert_eq!(untold(first, &[]).as_deref(), Some(first));
        assert_eq!(untold(first, &[first]), None);
        let second = "Replace `0.0.0.0/0`. Fleet Manager needs no open port.";
        assert_eq!(untold(second, &[first]).as_deref(), Some("Fleet Manager needs no open port."));
    }

    #[test]
    fn a_full_stop_within_code_or_a_name_ends_no_sentence() {
        let text = "Set `a. b = 1.` to 1.2 or `x`. Then go";
        assert_eq!(sentences(text), ["Set `a. b = 1.` to 1.2 or `x`.", "Then go"]);
        assert_eq!(sentences(""), [""; 0]);
    }
}
