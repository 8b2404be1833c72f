//! Finds credentials in plain text, by the formats of their issuers.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use planguard_plan::Value;
use planguard_plan::text::credential::{self, Form, IN_URL, PRIVATE_KEY};

use super::assignment;

/// The name of the first private key or token in a text, or in what it encodes as Base64. Only formats that nothing
/// else has count, and only values that are not made up: `ghp_xxxxxxxx…` is an example.
pub(crate) fn token(text: &str) -> Option<&'static str> {
    /// The shortest format of a token: `AKIA` and 16 characters. Most texts of a plan are shorter.
    const SHORTEST: usize = 20;
    if text.len() < SHORTEST {
        return None;
    }
    token_in(text).or_else(|| decoded(text).as_deref().and_then(token_in))
}

fn token_in(text: &str) -> Option<&'static str> {
    let real = |form: &&Form| {
        let mut real = form.found(text).filter(|found| match form.marker {
            PRIVATE_KEY => has_body(&text[found.end()..]),
            _ => !found.as_str().ends_with("EXAMPLE") && is_random(found.as_str()),
        });
        real.next().is_some()
    };
    let mut candidates = credential::marked(text).filter(|form| form.marker != IN_URL).filter(real);
    candidates.next().map(|form| form.name)
}

/// Whether a key follows the first line of a private key: a line of Base64, and no placeholder.
fn has_body(rest: &str) -> bool {
    const SHORTEST: usize = 16;
    let body =
        rest.trim_start_matches(|one: char| one.is_whitespace() || one == '\\' || one == 'n' || one == 'r');
    let length =
        body.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte)).count();
    length >= SHORTEST && body.get(..length).is_some_and(is_random)
}

/// Whether the characters of a text are as varied as those of random ones: three bits each, by Shannon.
fn is_random(text: &str) -> bool {
    const LEAST_BITS: f64 = 3.0;
    let mut counts = [0_u32; 256];
    for byte in text.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let length = f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX));
    let bits: f64 = counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / length;
            -share * share.log2()
        })
        .sum();
    bits >= LEAST_BITS
}

/// Words at the end of a name that mean a credential.
const NAMES: &[&str] = &[
    "pgpassword",
    "dbpassword",
    "rootpassword",
    "adminpassword",
    "userpassword",
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
    "bearer_token",
    "bot_token",
    "deploy_token",
    "gh_token",
    "github_token",
    "gitlab_token",
    "npm_token",
    "refresh_token",
    "session_key",
    "signing_key",
    "encryption_key",
    "passphrase",
    "admin_pass",
    "db_pass",
    "default_pass",
    "root_pass",
    "smtp_pass",
    "user_pass",
    "private_key",
    "privatekey",
];

/// Whether a text, or a list or map of texts, contains credentials. In a map the name counts too, as in a list of
/// objects with a name and a value.
pub(super) fn holds_secret(value: &Value<'_>) -> bool {
    match value {
        Value::String(text) => is_secret(text) || decoded(text).is_some_and(|decoded| is_secret(&decoded)),
        Value::Array(elements) => elements.iter().any(holds_secret),
        Value::Object(object) => {
            let text = |key: &str| object.get(key).and_then(Value::as_str);
            text("name").zip(text("value")).is_some_and(|(name, value)| is_named_credential(name, value))
                || object.members().iter().any(|(name, value)| {
                    value.as_str().is_some_and(|value| is_named_credential(name, value))
                        || holds_secret(value)
                })
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Each credential in a text, or in a list or map of texts: only its secret part.
pub(super) fn each_credential(value: &Value<'_>, found: &mut dyn FnMut(&str)) {
    let mut within = |text: &str| {
        credentials(text).into_iter().filter_map(|range| text.get(range)).for_each(&mut *found);
    };
    match value {
        Value::String(text) => {
            within(text);
            if let Some(decoded) = decoded(text) {
                within(&decoded);
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| each_credential(element, found)),
        Value::Object(object) => {
            let text = |key: &str| object.get(key).and_then(Value::as_str);
            let pair = text("name").zip(text("value"));
            pair.filter(|(name, value)| is_named_credential(name, value))
                .into_iter()
                .for_each(|(_, value)| found(value));
            for (name, member) in object.members() {
                match member.as_str() {
                    Some(value) if is_named_credential(name, value) => found(value),
                    Some(_) | None => each_credential(member, found),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The names of the values in a map, or in objects with a name and a value, that are credentials.
pub(super) fn names_of_secrets<'v>(value: &'v Value<'_>) -> Vec<&'v str> {
    match value {
        Value::Array(elements) => elements.iter().flat_map(names_of_secrets).collect(),
        Value::Object(object) => {
            let text = |key: &str| object.get(key).and_then(Value::as_str);
            if let (Some(name), Some(_), true) = (text("name"), text("value"), holds_secret(value)) {
                return vec![name];
            }
            let wrong = object.members().iter().filter(|(name, value)| {
                value.as_str().is_some_and(|value| is_named_credential(name, value)) || holds_secret(value)
            });
            wrong.map(|(name, _)| name.as_ref()).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// Where credentials are in a text: only their secret part, not the format by which they are recognised.
pub fn credentials(text: &str) -> Vec<Range<usize>> {
    let mut places = credential::places(text);
    places
        .extend(assignment::values(text).filter(|value| text.get(value.clone()).is_some_and(is_credential)));
    places
}

/// Whether a value is a credential because of its name.
pub fn is_named_credential(name: &str, value: &str) -> bool {
    (promises_credential(name) && is_credential(value))
        || (ends_in(name, "token") && is_made_by_machine(value))
}

/// Whether a value is as random as a token: tokens of all kinds have such names, and so has what is none, such as the name
/// of a token.
fn is_made_by_machine(value: &str) -> bool {
    const SHORTEST: usize = 16;
    let has = |kind: fn(&char) -> bool| value.chars().any(|one| kind(&one));
    value.len() >= SHORTEST
        && is_credential(value)
        && has(char::is_ascii_digit)
        && has(char::is_ascii_alphabetic)
        && is_random(value)
}

/// Whether a name ends in a word: behind a separator, or in camel case.
fn ends_in(name: &str, word: &str) -> bool {
    let Some((before, found)) = name.len().checked_sub(word.len()).and_then(|at| name.split_at_checked(at))
    else {
        return false;
    };
    found.eq_ignore_ascii_case(word)
        && (before.is_empty()
            || before.ends_with(['_', '-', '.'])
            || (before.ends_with(|one: char| one.is_ascii_lowercase())
                && found.starts_with(|one: char| one.is_ascii_uppercase())))
}

fn is_secret(text: &str) -> bool {
    credential::is_in(text) || assigns_credential(text)
}

fn assigns_credential(text: &str) -> bool {
    assignment::values(text).any(|value| text.get(value).is_some_and(is_credential))
}

/// Whether a variable's name ends in a word that means a credential: `DB_PASSWORD`, `apiKey`.
pub(crate) fn promises_credential(name: &str) -> bool {
    NAMES.iter().any(|word| ends_in(name, word))
}

/// Collects the texts of a document whose names mean a credential.
pub(super) fn named_texts<'v>(value: &'v Value<'_>, found: &mut Vec<&'v str>) {
    for element in value.elements() {
        named_texts(element, found);
    }
    for (name, member) in value.members() {
        match member.as_str() {
            Some(text) if promises_credential(name) => found.push(text),
            Some(_) => {}
            None => named_texts(member, found),
        }
    }
}

/// Whether a text is made to be published: a certificate, or a public key.
pub(super) fn is_public(text: &str) -> bool {
    const STARTS: &[&str] = &[
        "-----BEGIN CERTIFICATE",
        "-----BEGIN TRUSTED CERTIFICATE",
        "-----BEGIN PUBLIC KEY",
        "-----BEGIN RSA PUBLIC KEY",
        "-----BEGIN PGP PUBLIC KEY",
        "ssh-rsa ",
        "ssh-ed25519 ",
        "ecdsa-sha2-",
    ];
    let text = text.trim_start();
    STARTS.iter().any(|start| text.starts_with(start)) && !text.contains(PRIVATE_KEY)
}

/// Whether a text stands for a value that somebody sets later.
pub(super) fn is_placeholder(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "placeholder",
        "dummy",
        "example",
        "sample",
        "initial",
        "default",
        "temporary",
        "tbd",
        "todo",
        "fixme",
        "none",
        "null",
        "empty",
        "changeme",
        "changethis",
        "changeit",
        "replaceme",
        "replacethis",
        "setme",
        "tobechanged",
        "tobereplaced",
        "tobeset",
        "updateme",
        "fillme",
        "fillin",
    ];
    let letters: String =
        text.chars().filter(char::is_ascii_alphanumeric).map(|one| one.to_ascii_lowercase()).collect();
    letters.bytes().all(|byte| byte == b'x') || WORDS.contains(&letters.as_str())
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
        "alias/",
        "vault:",
        "http://",
        "https://",
        "/",
        "$",
        "{{",
        "<",
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
            r#""export AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzz""#,
            r#"["fine", "ghp_0123456789abcdefghijABCDEFGHIJ012345"]"#,
            r#"{"API_KEY": "0123456789abcdef"}"#,
            r#"{"API_TOKEN": "0123456789abcdef"}"#,
            r#"[{"name": "DB_PASSWORD", "value": "correct-horse"}]"#,
            r#"[{"name": "CARRIER_TOKEN", "value": "q8Zr1LmW0x7TbN4k"}]"#,
            r#"{"JWT_SIGNING_KEY": "hanami-2024-jwt"}"#,
            r#"{"PGP_PASSPHRASE": "hanami-2024-pgp"}"#,
            r#"{"redis.password": "correct-horse"}"#,
            r#"{"adminPassword": "correct-horse"}"#,
            r#""mysql --password=correct-horse""#,
            r#""APP_CLIENT_SECRET=0123456789abcdef""#,
            // `#!/bin/sh`, then `export DB_PASSWORD=correct-horse-battery`.
            r#""IyEvYmluL3NoCmV4cG9ydCBEQl9QQVNTV09SRD1jb3JyZWN0LWhvcnNlLWJhdHRlcnkK""#,
        ] {
            assert!(holds(text), "{text}");
        }
    }

    #[test]
    fn the_variables_with_credentials_are_named() {
        let name = |text: &str| {
            let value = crate::unreadable::json(text).unwrap();
            names_of_secrets(&value).join(" ")
        };
        assert_eq!(name(r#"{"REGION": "eu", "DB_PASSWORD": "hunter2-and-more"}"#), "DB_PASSWORD");
        assert_eq!(
            name(r#"{"A_TOKEN": "x", "API_KEY": "hunter2-and-more", "DB_PASSWORD": "hunter2-and-more"}"#),
            "API_KEY DB_PASSWORD"
        );
        let listed = r#"[{"name": "A", "value": "b"}, {"name": "API_KEY", "value": "hunter2-and-more"}]"#;
        assert_eq!(name(listed), "API_KEY");
        assert_eq!(name(r#"{"REGION": "eu"}"#), "");
    }

    #[test]
    fn only_the_start_of_gzip_is_compressed() {
        assert!(is_compressed("H4sIAAAAAAAAA8vILy7hAgCzJwYtBQAAAA=="));
        assert!(!is_compressed("H4sI is how it starts"));
        assert!(!is_compressed("IyEvYmluL3NoCmV4cG9ydA=="));
    }

    #[test]
    fn tokens_are_found_by_format_unless_they_are_made_up() {
        for (text, name) in [
            ("-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7\n-----END", "a private key"),
            (r#"{"key": "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0"}"#, "a private key"),
            ("token: ghp_0123456789abcdefghijABCDEFGHIJ012345", "a GitHub token"),
            ("export AWS_ACCESS_KEY_ID=AKIAX7KLMQ4R2WE9TYUI", "an AWS access key"),
            ("LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQpNSUlFb3dJQkFBS0NBUUVBNwo=", "a private key"),
        ] {
            assert_eq!(token(text), Some(name), "{text}");
        }
        for text in [
            "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----\n<paste the key here>",
            "-----BEGIN CERTIFICATE-----\nMIIEowIBAAKCAQEA7",
            "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "AKIAIOSFODNN7EXAMPLE",
            "https://user:password@example.com/",
            "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC",
        ] {
            assert_eq!(token(text), None, "{text}");
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
            r#"{"CARRIER_TOKEN": "name-of-the-token"}"#,
            r#"{"TOKEN_TTL": "q8Zr1LmW0x7TbN4k"}"#,
            r#"{"ENCRYPTION_KEY": "arn:aws:kms:eu-west-1:123456789012:key/1"}"#,
            r#"{"ENCRYPTION_KEY": "alias/orders"}"#,
            r#""gcloud secrets versions access latest --secret=orders-db-password""#,
            r#""aws secretsmanager get-secret-value --secret-id arn:aws:secretsmanager:eu-west-1:1:secret:db-AbCdEf""#,
            r#"{"DB_PASSWORD": "@Microsoft.KeyVault(SecretUri=https://x.vault.azure.net/secrets/y)"}"#,
            r#"[{"name": "DB_PASSWORD", "value": "arn:aws:ssm:eu-west-1:1:parameter/x"}]"#,
        ] {
            assert!(!holds(text), "{text}");
        }
    }
}
