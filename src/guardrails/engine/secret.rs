//! Credentials in plain text, by the forms that their issuers gave them.

use std::sync::LazyLock;

use regex::RegexSet;

use crate::plan::Value;

/// Forms that only credentials have. A word like `password` before an assignment counts only with a value
/// that is neither a placeholder nor a reference.
static FORMS: LazyLock<RegexSet> = LazyLock::new(|| {
    RegexSet::new([
        // AWS access key ids of users and of sessions.
        r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
        r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----",
        // GitHub, GitLab, Slack, Stripe, Google, npm, SendGrid.
        r"\b(?:ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{36}\b",
        r"\bgithub_pat_[A-Za-z0-9_]{60,}",
        r"\bglpat-[A-Za-z0-9_-]{20}",
        r"\bxox[abposr]-[0-9A-Za-z-]{10,}",
        r"\b[sr]k_live_[0-9A-Za-z]{20,}",
        r"\bAIza[0-9A-Za-z_-]{35}",
        r"\bnpm_[A-Za-z0-9]{36}\b",
        r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",
        // user:password@host in a URL.
        r"\b[a-z][a-z0-9+.-]*://[^\s:/@$<{]+:[^\s:/@$<{]{3,}@",
        // An assignment to a name that promises a credential.
        r#"(?i)(?:\b|_)(?:password|passwd|pwd|secret|secret_?key|api_?key|auth_?token|access_?token|private_?key)["']?\s*[:=]\s*["']?[^\s"'$<{(%*&;,\[]{8,}"#,
    ])
    .expect("the patterns are constant and tested")
});

/// Names of variables that promise a credential.
static NAMES: LazyLock<regex::Regex> = LazyLock::new(|| {
    regex::Regex::new(
        r"(?i)(?:^|_)(?:password|passwd|pwd|secret|secret_?key|secret_?access_?key|api_?key|auth_?token|access_?token|private_?key)$",
    )
    .expect("the pattern is constant and tested")
});

/// Whether credentials stand in a text, or in a list or map of texts. In a map the name counts too.
pub(super) fn holds_secret(value: &Value<'_>) -> bool {
    match value {
        Value::String(text) => FORMS.is_match(text),
        Value::Array(elements) => elements.iter().any(holds_secret),
        Value::Object(object) => object.members().iter().any(|(name, value)| {
            let named = NAMES.is_match(name) && value.as_str().is_some_and(is_credential);
            named || holds_secret(value)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether a value under a promising name can be the credential itself, and not where to find it.
fn is_credential(text: &str) -> bool {
    let refers =
        ["arn:", "projects/", "secretsmanager:", "ssm:", "vault:", "http://", "https://", "/", "${", "{{"];
    text.len() >= 8
        && !refers.iter().any(|prefix| text.starts_with(prefix))
        && !text.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::DuplicateKeys;

    fn holds(text: &str) -> bool {
        holds_secret(&Value::parse(text, &DuplicateKeys::default()).unwrap())
    }

    #[test]
    fn credentials_are_found_by_form() {
        for text in [
            r#""export AWS_ACCESS_KEY_ID=AKIAQ3EXAMPLEKEYXXXX""#,
            r#""-----BEGIN RSA PRIVATE KEY-----\nMIIE""#,
            r#""postgres://admin:hunter2hunter2@db.internal/x""#,
            r#""DB_PASSWORD=correct-horse-battery""#,
            r#"["fine", "ghp_0123456789abcdefghijABCDEFGHIJ012345"]"#,
            r#"{"API_KEY": "0123456789abcdef"}"#,
        ] {
            assert!(holds(text), "{text}");
        }
    }

    #[test]
    fn references_and_placeholders_are_no_credentials() {
        for text in [
            r#""password=${DB_PASSWORD}""#,
            r#""PASSWORD=$(aws ssm get-parameter --name x)""#,
            r#""https://user@host/path""#,
            r#"{"DB_PASSWORD": "arn:aws:secretsmanager:eu-west-1:1:secret:x"}"#,
            r#"{"SECRET_KEY": "short"}"#,
            r#"{"PASSWORD_LENGTH": "0123456789"}"#,
            r#"{"LOG_LEVEL": "information"}"#,
        ] {
            assert!(!holds(text), "{text}");
        }
    }
}
