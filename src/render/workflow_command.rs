//! Workflow commands, which GitHub shows beside the lines of a pull request: `::error file=a,line=1::message`.

use planguard_plan::text::escape;

/// A command on a line of its own, from unescaped texts. Nothing in a property or message ends it early, and
/// invisible characters become visible.
pub(super) fn workflow_command(name: &str, properties: &[(&str, String)], message: &str) -> String {
    let properties: Vec<String> =
        properties.iter().map(|(key, value)| format!("{key}={}", property(value))).collect();
    format!("::{name} {}::{}\n", properties.join(","), data(message))
}

fn data(text: &str) -> String {
    // Carriage returns are among what is escaped as `\u{..}`.
    escape::for_document(text).replace('%', "%25").replace('\n', "%0A")
}

/// A property ends at a comma or colon.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_command_early() {
        assert_eq!(
            workflow_command(
                "error",
                &[("file", "a:b,c%\nd".to_owned()), ("line", "1".to_owned())],
                "::error::x\r\n"
            ),
            "::error file=a%3Ab%2Cc%25%0Ad,line=1::\\u{3a}:error::x\\u{d}%0A\n"
        );
    }
}
