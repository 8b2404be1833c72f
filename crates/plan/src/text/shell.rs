//! Words of shell commands that people paste.

/// A text as one word of a POSIX shell. It is not escaped for the terminal.
pub fn word(text: &str) -> String {
    let is_plain = |character: char| character.is_alphanumeric() || "._/-+:@%=,\\~".contains(character);
    // A tilde at the start is somebody's home.
    if !text.is_empty() && !text.starts_with('~') && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn what_a_shell_reads_otherwise_is_quoted() {
        for (text, wanted) in [
            ("out/plan-1.json", "out/plan-1.json"),
            ("aws_instance.a[0]", "'aws_instance.a[0]'"),
            ("my plan.json", "'my plan.json'"),
            ("it's $(x)", r"'it'\''s $(x)'"),
            ("~root", "'~root'"),
            ("", "''"),
        ] {
            assert_eq!(word(text), wanted);
        }
    }
}
