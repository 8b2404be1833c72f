//! Finds credentials in plain text, by the formats of their issuers.

use std::ops::Range;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use planguard_plan::Value;
use regex_lite::Regex;

/// A format of credentials, with a text that all of them contain: searching for that is quick, and most texts never
/// need the expression.
struct Form {
    marker: &'static str,
    expression: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

impl Form {
    const fn new(marker: &'static str, expression: &'static str) -> Self {
        Self { marker, expression, compiled: OnceLock::new() }
    }

    fn compiled(&self) -> Option<&Regex> {
        // The expressions are constant, and a test compiles all of them.
        self.compiled.get_or_init(|| Regex::new(self.expression).ok()).as_ref()
    }

    fn is_in(&self, text: &str) -> bool {
        text.contains(self.marker) && self.compiled().is_some_and(|expression| expression.is_match(text))
    }

    /// Where the secret parts of such credentials are in a text.
    fn places(&self, text: &str) -> Vec<Range<usize>> {
        if !text.contains(self.marker) {
            return Vec::new();
        }
        let found = self.compiled().into_iter().flat_map(|expression| expression.find_iter(text));
        found
            .filter_map(|found| {
                let secret = found.start() + found.as_str().find(self.marker)? + self.marker.len();
                match self.marker {
                    // All up to the end of the key, or of the text if that is missing.
                    "PRIVATE KEY" => {
                        let rest = &text[found.end()..];
                        Some(found.end()..found.end() + rest.find("-----END").unwrap_or(rest.len()))
                    }
                    // The password, and not the `@` behind it.
                    "://" => Some(secret + text[secret..].find(':')? + 1..found.end() - 1),
                    _ => Some(secret..found.end()),
                }
            })
            .collect()
    }
}

/// Formats that only credentials have, from the issuers' documentation.
static FORMS: [Form; 16] = [
    // AWS access key ids of users and of sessions.
    Form::new("AKIA", r"\bAKIA[0-9A-Z]{16}\b"),
    Form::new("ASIA", r"\bASIA[0-9A-Z]{16}\b"),
    Form::new("PRIVATE KEY", r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"),
    // GitHub, GitLab, Slack, Stripe, Google, npm, SendGrid.
    Form::new("ghp_", r"\bghp_[A-Za-z0-9]{36}\b"),
    Form::new("gho_", r"\bgho_[A-Za-z0-9]{36}\b"),
    Form::new("ghu_", r"\bghu_[A-Za-z0-9]{36}\b"),
    Form::new("ghs_", r"\bghs_[A-Za-z0-9]{36}\b"),
    Form::new("ghr_", r"\bghr_[A-Za-z0-9]{36}\b"),
    Form::new("github_pat_", r"\bgithub_pat_[A-Za-z0-9_]{60,}"),
    Form::new("glpat-", r"\bglpat-[A-Za-z0-9_-]{20}"),
    Form::new("xox", r"\bxox[abposr]-[0-9A-Za-z-]{10,}"),
    Form::new("k_live_", r"\b[sr]k_live_[0-9A-Za-z]{20,}"),
    Form::new("AIza", r"\bAIza[0-9A-Za-z_-]{35}"),
    Form::new("npm_", r"\bnpm_[A-Za-z0-9]{36}\b"),
    Form::new("SG.", r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    // user:password@host in a URL.
    Form::new("://", r"\b[a-z][a-z0-9+.-]*://[^\s:/@$<{]+:[^\s:/@$<{]{3,}@"),
];

/// Words at the end of a name that mean a credential.
const NAMES: &[&str] = &[
    "password",
    "passwd",
    "pwd",
    "secret",
    "secretkey",
    "secret_key",
    "secret_access_key",
    "apikey",
    "api_key",
    "api_token",
    "auth_token",
    "access_token",
    "private_key",
    "privatekey",
];

/// An assignment to a name that means a credential, with the value. `secret` alone does not: as often it names a
/// secret (`--secret=orders-db`, `arn:…:secret:orders-db`).
static ASSIGNMENT: OnceLock<Option<Regex>> = OnceLock::new();

fn assignment() -> Option<&'static Regex> {
    let expression = r#"(?i)(?:\b|_)(?:password|passwd|pwd|[a-z0-9]+_(?:secret|token)|secret_?key|api_?key|private_?key)["']?\s*[:=]\s*["']?([^\s"'<(%*&;,\[]{8,})"#;
    ASSIGNMENT.get_or_init(|| Regex::new(expression).ok()).as_ref()
}

/// Whether a text, or a list or map of texts, contains credentials. In a map the name counts too, as in a list of
/// objects with a name and a value.
pub(super) fn holds_secret(value: &Value<'_>) -> bool {
    match value {
        Value::String(text) => is_secret(text) || decoded(text).is_some_and(|decoded| is_secret(&decoded)),
        Value::Array(elements) => elements.iter().any(holds_secret),
        Value::Object(object) => {
            let text = |key: &str| object.get(key).and_then(Value::as_str);
            let named = |name: &str, value: &str| promises_credential(name) && is_credential(value);
            text("name").zip(text("value")).is_some_and(|(name, value)| named(name, value))
                || object.members().iter().any(|(name, value)| {
                    value.as_str().is_some_and(|value| named(name, value)) || holds_secret(value)
                })
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Where credentials are in a text: only their secret part, not the format by which they are recognised.
pub fn credentials(text: &str) -> Vec<Range<usize>> {
    let mut places: Vec<Range<usize>> = FORMS.iter().flat_map(|form| form.places(text)).collect();
    let assigned = assignment().into_iter().flat_map(|expression| expression.captures_iter(text));
    places.extend(
        assigned
            .filter_map(|found| found.get(1))
            .filter(|value| is_credential(value.as_str()))
            .map(|value| value.range()),
    );
    places
}

/// Whether a value is a credential because of its name.
pub fn is_named_credential(name: &str, value: &str) -> bool {
    promises_credential(name) && is_credential(value)
}

fn is_secret(text: &str) -> bool {
    FORMS.iter().any(|form| form.is_in(text)) || assigns_credential(text)
}

fn assigns_credential(text: &str) -> bool {
    // Without any of the words in the expression, there is nothing to find.
    let lower = text.to_ascii_lowercase();
    let words = ["passw", "pwd", "secret", "token", "key"];
    words.iter().any(|word| lower.contains(word))
        && assignment().is_some_and(|expression| {
            expression
                .captures_iter(text)
                .any(|found| found.get(1).is_some_and(|value| is_credential(value.as_str())))
        })
}

/// Whether a variable's name ends in a word that means a credential: `DB_PASSWORD`, `apiKey`.
fn promises_credential(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    NAMES.iter().any(|word| {
        lower.strip_suffix(word).is_some_and(|before| before.is_empty() || before.ends_with(['_', '-']))
    })
}

/// The text that Base64 encodes, as user data often are.
pub fn decoded(text: &str) -> Option<String> {
    /// Shorter texts are words that happen to be Base64.
    const SHORTEST: usize = 24;
    let text = text.trim();
    if text.len() < SHORTEST || !text.len().is_multiple_of(4) {
        return None;
    }
    String::from_utf8(STANDARD.decode(text).ok()?).ok()
}

/// Whether a text is the Base64 of data that gzip compressed, as user data can be: nothing in it can be seen.
pub(super) fn is_compressed(text: &str) -> bool {
    /// The first bytes of every gzip stream that deflates, in Base64.
    const START: &str = "H4sI";
    let text = text.trim();
    text.starts_with(START) && STANDARD.decode(text).is_ok()
}

/// Whether a value with such a name can be the credential itself, and not a reference to it.
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
    use planguard_plan::DuplicateKeys;

    use super::*;

    #[test]
    fn all_expressions_compile_and_contain_their_markers() {
        assert!(assignment().is_some());
        for form in &FORMS {
            assert!(Regex::new(form.expression).is_ok(), "{}", form.expression);
            assert!(form.expression.replace('\\', "").contains(form.marker), "{}", form.expression);
        }
    }

    fn holds(text: &str) -> bool {
        holds_secret(&Value::parse(text, &DuplicateKeys::default()).unwrap())
    }

    #[test]
    fn credentials_are_found_by_format() {
        for text in [
            r#""export AWS_ACCESS_KEY_ID=AKIAQ3EXAMPLEKEYXXXX""#,
            r#""-----BEGIN RSA PRIVATE KEY-----\nMIIE""#,
            r#""postgres://admin:hunter2hunter2@db.internal/x""#,
            r#""DB_PASSWORD=correct-horse-battery""#,
            r#"["fine", "ghp_0123456789abcdefghijABCDEFGHIJ012345"]"#,
            r#"{"API_KEY": "0123456789abcdef"}"#,
            r#"{"API_TOKEN": "0123456789abcdef"}"#,
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
    fn only_the_start_of_gzip_is_compressed() {
        assert!(is_compressed("H4sIAAAAAAAAA8vILy7hAgCzJwYtBQAAAA=="));
        assert!(!is_compressed("H4sI is how it starts"));
        assert!(!is_compressed("IyEvYmluL3NoCmV4cG9ydA=="));
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
