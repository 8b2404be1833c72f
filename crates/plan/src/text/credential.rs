//! The formats of credentials: private keys, and the tokens of providers.

mod markers;
mod url;

use std::ops::Range;
use std::sync::OnceLock;

use regex_lite::Regex;

/// A format of credentials, with a text that all of them contain: searching for that is quick, and most texts never
/// need the expression.
#[derive(Debug)]
pub struct Form {
    /// What it is, with its article, as part of a sentence.
    pub name: &'static str,
    /// The text that all of them contain.
    pub marker: &'static str,
    expression: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

impl Form {
    const fn new(name: &'static str, marker: &'static str, expression: &'static str) -> Self {
        Self { name, marker, expression, compiled: OnceLock::new() }
    }

    /// Where the text has such a form, whether or not it is made up.
    pub fn found<'t>(&self, text: &'t str) -> impl Iterator<Item = regex_lite::Match<'t>> {
        self.compiled().into_iter().flat_map(move |expression| expression.find_iter(text))
    }

    /// Whether a text that has its marker has one.
    fn is_at_marker(&self, text: &str) -> bool {
        match self.marker {
            // Every URL has the marker.
            IN_URL => url::passwords(text).next().is_some(),
            _ => self.compiled().is_some_and(|expression| expression.is_match(text)),
        }
    }

    fn compiled(&self) -> Option<&Regex> {
        // The expressions are constant, and a test compiles all of them.
        self.compiled.get_or_init(|| Regex::new(self.expression).ok()).as_ref()
    }

    /// Where the secret parts of such credentials are in a text that has the marker.
    fn add_places(&self, text: &str, places: &mut Vec<Range<usize>>) {
        if self.marker == IN_URL {
            places.extend(url::passwords(text));
            return;
        }
        places.extend(self.found(text).filter_map(|found| {
            let secret = found.start() + found.as_str().find(self.marker)? + self.marker.len();
            match self.marker {
                // All up to the end of the key, or of the text if that is missing.
                PRIVATE_KEY => {
                    let rest = text.get(found.end()..)?;
                    Some(found.end()..found.end() + rest.find("-----END").unwrap_or(rest.len()))
                }
                _ => Some(secret..found.end()),
            }
        }));
    }
}

/// The fewest bytes of a text that has one: a URL with a password.
pub const SHORTEST: usize = 9;

/// Formats that only credentials have, from the issuers' documentation.
pub static FORMS: [Form; 31] = [
    // AWS access key ids of users and of sessions.
    Form::new("an AWS access key", "AKIA", r"\bAKIA[0-9A-Z]{16}\b"),
    Form::new("an AWS session key", "ASIA", r"\bASIA[0-9A-Z]{16}\b"),
    Form::new("a private key", PRIVATE_KEY, r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"),
    Form::new("an age key", "AGE-SECRET-KEY-1", r"\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b"),
    Form::new("a GitHub token", "ghp_", r"\bghp_[A-Za-z0-9]{36}\b"),
    Form::new("a GitHub token", "gho_", r"\bgho_[A-Za-z0-9]{36}\b"),
    Form::new("a GitHub token", "ghu_", r"\bghu_[A-Za-z0-9]{36}\b"),
    Form::new("a GitHub token", "ghs_", r"\bghs_[A-Za-z0-9]{36}\b"),
    Form::new("a GitHub token", "ghr_", r"\bghr_[A-Za-z0-9]{36}\b"),
    Form::new("a GitHub token", "github_pat_", r"\bgithub_pat_[A-Za-z0-9_]{60,}"),
    Form::new("a GitLab token", "glpat-", r"\bglpat-[A-Za-z0-9_-]{20}"),
    Form::new("a Slack token", "xox", r"\bxox[abposr]-[0-9A-Za-z-]{10,}"),
    Form::new(
        "a Slack webhook",
        "hooks.slack.com/services/",
        r"\bhooks\.slack\.com/services/T[A-Z0-9]{8,}/B[A-Z0-9]{8,}/[A-Za-z0-9]{20,}",
    ),
    Form::new("a Stripe key", "k_live_", r"\b[sr]k_live_[0-9A-Za-z]{20,}"),
    Form::new("a Google API key", "AIza", r"\bAIza[0-9A-Za-z_-]{35}"),
    Form::new("an npm token", "npm_", r"\bnpm_[A-Za-z0-9]{36}\b"),
    Form::new("a PyPI token", "pypi-AgE", r"\bpypi-AgE[A-Za-z0-9_-]{50,}"),
    Form::new("a SendGrid key", "SG.", r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    Form::new("a Vault token", "hvs.", r"\bhvs\.[A-Za-z0-9_-]{24,}"),
    Form::new("an HCP Terraform token", ".atlasv1.", r"\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}"),
    Form::new("a DigitalOcean token", "dop_v1_", r"\bdop_v1_[a-f0-9]{64}\b"),
    Form::new("a Docker token", "dckr_pat_", r"\bdckr_pat_[A-Za-z0-9_-]{27}"),
    Form::new("a Databricks token", "dapi", r"\bdapi[a-f0-9]{32}\b"),
    Form::new("a Grafana token", "glsa_", r"\bglsa_[A-Za-z0-9]{32}_[a-f0-9]{8}\b"),
    Form::new("an OpenAI key", "T3BlbkFJ", r"\bsk-[A-Za-z0-9_-]{20,}T3BlbkFJ[A-Za-z0-9_-]{20,}"),
    Form::new("an Anthropic key", "sk-ant-", r"\bsk-ant-[a-z0-9]+-[A-Za-z0-9_-]{40,}"),
    Form::new("a Hugging Face token", "hf_", r"\bhf_[A-Za-z]{34}\b"),
    Form::new("a New Relic key", "NRAK-", r"\bNRAK-[A-Z0-9]{27}\b"),
    Form::new("a Shopify token", "shpat_", r"\bshpat_[a-fA-F0-9]{32}\b"),
    Form::new("an Azure storage key", "AccountKey=", r"\bAccountKey=[A-Za-z0-9+/]{86}=="),
    // user:password@host in a URL.
    Form::new("a password in a URL", IN_URL, r"\b[a-z][a-z0-9+.-]*://[^\s:/@$<{]+:[^\s:/@$<{]{3,}@"),
];

/// What all private keys in text contain.
pub const PRIVATE_KEY: &str = "PRIVATE KEY";

/// What all URLs contain.
pub const IN_URL: &str = "://";

/// The forms whose markers a text has, in their order.
pub fn marked(text: &str) -> impl Iterator<Item = &'static Form> {
    let present = markers::in_text(text.as_bytes());
    FORMS.iter().enumerate().filter(move |(position, _)| present >> position & 1 == 1).map(|(_, form)| form)
}

/// Whether a text has a credential of any form.
pub fn is_in(text: &str) -> bool {
    marked(text).any(|form| form.is_at_marker(text))
}

/// Where the secret parts of credentials are in a text, form by form.
pub fn places(text: &str) -> Vec<Range<usize>> {
    let mut places = Vec::new();
    marked(text).for_each(|form| form.add_places(text, &mut places));
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_expressions_compile_and_contain_their_markers() {
        for form in &FORMS {
            assert!(Regex::new(form.expression).is_ok(), "{}", form.expression);
            assert!(form.expression.replace('\\', "").contains(form.marker), "{}", form.expression);
        }
    }

    #[test]
    fn a_text_has_the_forms_that_it_contains_and_no_others() {
        let forms = |text: &str| -> Vec<&str> {
            marked(text).filter(|form| form.is_at_marker(text)).map(|form| form.name).collect()
        };
        assert_eq!(forms("https://admin:hunter2hunter2@db.internal/x"), ["a password in a URL"]);
        assert_eq!(forms("user AKIAABCDEFGHIJKLMNOP"), ["an AWS access key"]);
        // A marker is no credential.
        assert!(forms("https://db.internal/AKIA/PRIVATE KEY/ghp_/xox").is_empty());
    }

    #[test]
    fn only_the_secret_part_is_found() {
        for (text, secret) in [
            ("key sk_live_51HhYq2eZvKYlo2C0aBcDeFg end", "51HhYq2eZvKYlo2C0aBcDeFg"),
            ("postgres://admin:hunter2hunter2@db.internal/x", "hunter2hunter2"),
            ("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----", "\nMIIE\n"),
            ("-----BEGIN PRIVATE KEY-----\nMIIE", "\nMIIE"),
        ] {
            let found: Vec<&str> = places(text).into_iter().filter_map(|place| text.get(place)).collect();
            assert_eq!(found, [secret]);
        }
        assert!(places("https://user@host/path and an ordinary sentence").is_empty());
    }
}
