//! Reads the file of a baseline.

use std::fs;
use std::path::Path;

use planguard_plan::text::suggest;
use serde::Deserialize;
use serde_json::Value;

use super::{Baseline, BaselineError, Entry, VERSION};

/// The keys of an entry and of the file, for suggestions.
const KEYS: [&str; 7] = ["version", "findings", "plan", "rule", "address", "attribute", "fingerprint"];

/// What every version has.
#[derive(Deserialize)]
struct Versioned {
    version: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "version")]
    _version: u64,
    findings: Vec<FileEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileEntry {
    plan: Option<String>,
    rule: String,
    address: Option<String>,
    attribute: Option<String>,
    fingerprint: String,
}

impl Baseline {
    /// Reads the baseline of a file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is not what this version of planguard writes.
    pub fn read(file: &Path) -> Result<Self, BaselineError> {
        let unreadable = |reason: String| BaselineError::Unreadable { file: file.to_owned(), reason };
        let metadata = fs::metadata(file).map_err(|error| unreadable(error.to_string()))?;
        if !metadata.is_file() {
            // Reading a named pipe may never end.
            return Err(unreadable("it is not a regular file".to_owned()));
        }
        let text = fs::read_to_string(file).map_err(|error| unreadable(error.to_string()))?;
        Self::parse(file, &text)
    }

    fn parse(file: &Path, text: &str) -> Result<Self, BaselineError> {
        let invalid = |error: &serde_json::Error| BaselineError::Invalid {
            file: file.to_owned(),
            reason: error.to_string(),
            help: help(&error.to_string()),
        };
        // The version first: another one may have other keys.
        let Versioned { version } = serde_json::from_str(text).map_err(|error| invalid(&error))?;
        if version != VERSION {
            return Err(BaselineError::UnknownVersion {
                file: file.to_owned(),
                version: version.to_string(),
            });
        }
        let File { findings, .. } = serde_json::from_str(text).map_err(|error| invalid(&error))?;
        let is_digest = |text: &str| {
            text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let entry = |entry: FileEntry| {
            let FileEntry { plan, rule, address, attribute, fingerprint } = entry;
            if !is_digest(&fingerprint) {
                return Err(BaselineError::Invalid {
                    file: file.to_owned(),
                    reason: format!("the fingerprint of {rule} is not 64 hexadecimal digits"),
                    help: help(""),
                });
            }
            Ok(Entry { plan, rule, address, attribute, fingerprint })
        };
        let entries = findings.into_iter().map(entry).collect::<Result<_, _>>()?;
        Ok(Self { file: file.to_owned(), entries })
    }
}

/// What was probably meant by a key that serde does not know, or how to get a good file.
fn help(error: &str) -> String {
    let key = error.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
    let near = key.and_then(|key| suggest::nearest(key, KEYS));
    near.map_or_else(
        || {
            "write the file anew with `planguard baseline PLAN`; it is not meant to be edited by hand"
                .to_owned()
        },
        |near| format!("did you mean `{near}`?"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn every_key_is_read() {
        let text = format!(
            "{{\"version\": 1, \"findings\": [{{\"plan\": \"a.json\", \"rule\": \"r\", \"address\": \"a.b\", \
             \"attribute\": \"c\", \"fingerprint\": \"{DIGEST}\"}}, {{\"rule\": \"s\", \"fingerprint\": \"{DIGEST}\"}}]}}"
        );
        let baseline = Baseline::parse(Path::new("b.json"), &text).unwrap();
        let [first, second] = &baseline.entries[..] else { panic!("{baseline:?}") };
        assert_eq!((first.plan.as_deref(), first.attribute.as_deref()), (Some("a.json"), Some("c")));
        assert_eq!((second.plan.as_deref(), second.address.as_deref()), (None, None));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line_and_what_was_probably_meant() {
        for (text, code, reason, help) in [
            ("", "PG-BL-002", "EOF", "write the file anew"),
            ("[]", "PG-BL-002", "line 1", "write the file anew"),
            ("{\"findings\": []}", "PG-BL-002", "missing field `version`", "write the file anew"),
            ("{\"version\": 2, \"rows\": []}", "PG-BL-003", "the version 2", "write it anew"),
            ("{\"version\": \"1\", \"findings\": []}", "PG-BL-003", "the version \"1\"", "write it anew"),
            ("{\"version\": 1,\n\"finding\": []}", "PG-BL-002", "line 2", "did you mean `findings`?"),
            (
                "{\"version\": 1, \"findings\": [\n{\"rul\": \"r\"}]}",
                "PG-BL-002",
                "unknown field `rul`",
                "did you mean `rule`?",
            ),
            (
                "{\"version\": 1, \"findings\": [{\"rule\": \"r\", \"fingerprint\": \"ab\"}]}",
                "PG-BL-002",
                "the fingerprint of r",
                "write the file anew",
            ),
            ("{\"version\": 1, \"findings\": []} x", "PG-BL-002", "trailing", "write the file anew"),
        ] {
            let error = Baseline::parse(Path::new("b.json"), text).unwrap_err();
            let said = |part: Option<Box<dyn std::fmt::Display + '_>>| part.unwrap().to_string();
            assert_eq!(said(miette::Diagnostic::code(&error)), code, "{text}");
            assert!(error.to_string().contains(reason) && error.to_string().contains("b.json"), "{error}");
            assert!(said(miette::Diagnostic::help(&error)).contains(help), "{text}");
        }
    }
}
