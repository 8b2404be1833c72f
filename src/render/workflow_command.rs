//! Workflow commands, which GitHub shows beside the lines of a pull request: `::error file=a,line=1::message`.

/// A command on a line of its own. Nothing in a property or message ends it early.
pub(crate) fn workflow_command(name: &str, properties: &[(&str, String)], message: &str) -> String {
    let properties: Vec<String> =
        properties.iter().map(|(key, value)| format!("{key}={}", property(value))).collect();
    format!("::{name} {}::{}\n", properties.join(","), data(message))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
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
            "::error file=a%3Ab%2Cc%25%0Ad,line=1::::error::x%0D%0A\n"
        );
    }
}
