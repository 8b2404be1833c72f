//! Credentials in plain text, by the forms that their issuers gave them.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::{Regex, RegexSet};

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
    ])
    .expect("the patterns are constant and tested")
});

/// An assignment to a name that promises a credential, with the value. `secret` alone does not: it names
/// secrets as often (`--secret=orders-db`, `arn:…:secret:orders-db`) as it is one.
static ASSIGNMENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?i)(?:\b|_)(?:password|passwd|pwd|[a-z0-9]+_(?:secret|token)|secret_?key|api_?key|auth_?token|access_?token|private_?key)["']?\s*[:=]\s*["']?([^\s"'<(%*&;,\[]{8,})"#,
    )
    .expect("the pattern is constant and tested")
});

/// Names of variables that promise a credential.
static NAMES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)(?:^|_)(?:password|passwd|pwd|secret|secret_?key|secret_?access_?key|api_?key|[a-z0-9]_token|private_?key)$",
    )
    .expect("the pattern is constant and tested")
});

/// Whether credentials stand in a text, or in a list or map of texts. In a map the name counts too, and so it
/// does in a list of objects with a name and a value.
pub(super) fn holds_secret(value: &Value<'_>) -> bool {
    match value {
        Value::String(text) => is_secret(text) || decoded(text).is_some_and(|decoded| is_secret(&decoded)),
        Value::Array(elements) => elements.iter().any(holds_secret),
        Value::Object(object) => {
            let text = |key: &str| object.get(key).and_then(Value::as_str);
            let named = |name: &str, value: &str| NAMES.is_match(name) && is_credential(value);
            text("name").zip(text("value")).is_some_and(|(name, value)| named(name, value))
                || object.members().iter().any(|(name, value)| {
                    value.as_str().is_some_and(|value| named(name, value)) || holds_secret(value)
                })
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn is_secret(text: &str) -> bool {
    FORMS.is_match(text)
        || ASSIGNMENT
            .captures_iter(text)
            .any(|found| found.get(1).is_some_and(|value| is_credential(value.as_str())))
}

/// The text behind Base64, in which user data often stand.
fn decoded(text: &str) -> Option<String> {
    /// Shorter texts are words that happen to be Base64.
    const SHORTEST: usize = 24;
    let text = text.trim();
    if text.len() < SHORTEST || !text.len().is_multiple_of(4) {
        return None;
    }
    String::from_utf8(STANDARD.decode(text).ok()?).ok()
}

/// Whether a value under a promising name can be the credential itself, and not where to find it.
fn is_credential(text: &str) -> bool {
    const REFERENCES: &[&str] = &[
        "arn:",
        "projects/",
        "secretsmanager:",
        "ssm:",
        "vault:",
        "http://",
        "https://",
        "/",
        "$",
        "{{",
        "@Microsoft.",
    ];
    text.len() >= 8
        && !REFERENCES.iter().any(|prefix| text.starts_with(prefix))
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
            r#"[{"name": "DB_PASSWORD", "value": "correct-horse"}]"#,
            r#""mysql --password=correct-horse""#,
            r#""APP_CLIENT_SECRET=0123456789abcdef""#,
            // `#!/bin/sh`, then `export DB_PASSWORD=correct-horse-battery`.
            r#""IyEvYmluL3NoCmV4cG9ydCBEQl9QQVNTV09SRD1jb3JyZWN0LWhvcnNlLWJhdHRlcnkK""#,
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
            r#""gcloud secrets versions access latest --secret=orders-db-password""#,
            r#""aws secretsmanager get-secret-value --secret-id arn:aws:secretsmanager:eu-west-1:1:secret:db-AbCdEf""#,
            r#"{"DB_PASSWORD": "@Microsoft.KeyVault(SecretUri=https://x.vault.azure.net/secrets/y)"}"#,
            r#"[{"name": "DB_PASSWORD", "value": "arn:aws:ssm:eu-west-1:1:parameter/x"}]"#,
        ] {
            assert!(!holds(text), "{text}");
        }
    }
}
