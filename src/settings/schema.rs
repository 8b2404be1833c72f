//! The JSON Schema of `planguard.toml`, for editors that complete and check TOML by one.

use planguard_rego_lint::{Level, Lint};
use planguard_rule::{Severity, Word};
use serde_json::{Map, Value as Json, json};

use super::environments::{CHECK_KEYS, ENVIRONMENTS, GROUPS};
use super::table::NAMES;
use super::value::words;
use super::waivers;
use crate::environments::{Condition, NONE};
use crate::overrides::RuleEnforcement;

/// The schema.
pub fn schema() -> Json {
    let mut tables: Map<String, Json> = Map::new();
    for name in NAMES {
        let table = tables.entry(name.table).or_insert_with(|| object(Map::new(), &[]));
        let mut of_key = (name.schema)();
        of_key["description"] = name.about.trim().into();
        table["properties"][name.key] = of_key;
    }
    tables.insert(
        "packs".to_owned(),
        described(
            json!({"type": "object", "additionalProperties": {"type": "object"}}),
            "The parameters of packs, by pack.",
        ),
    );
    tables.insert("rules".to_owned(), rules());
    tables.insert("lints".to_owned(), lints());
    let environment = environment(&tables);
    tables.insert(
        ENVIRONMENTS.to_owned(),
        described(
            json!({"type": "object", "propertyNames": {"pattern": "^[A-Za-z0-9._-]+$", "not": {"enum": [NONE]}},
                "additionalProperties": environment}),
            "Settings for some runs, by the name of the environment.",
        ),
    );
    tables.insert(
        GROUPS.to_owned(),
        described(
            json!({"type": "object", "additionalProperties":
                {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "[^\\s@]"}}}),
            "The people of each group, as the system names them that they review on.",
        ),
    );
    tables.insert("waivers".to_owned(), waivers());
    let mut schema = object(tables, &[]);
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "planguard.toml".into();
    schema
}

fn object(properties: Map<String, Json>, required: &[&str]) -> Json {
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn described(mut schema: Json, about: &str) -> Json {
    schema["description"] = about.into();
    schema
}

/// A text that is not empty.
fn text(about: &str) -> Json {
    described(json!({"type": "string", "pattern": "\\S"}), about)
}

fn properties<const N: usize>(properties: [(&str, Json); N]) -> Map<String, Json> {
    properties.into_iter().map(|(key, schema)| (key.to_owned(), schema)).collect()
}

fn rules() -> Json {
    let entry = object(
        properties([
            (
                "enforcement",
                described(words(RuleEnforcement::ALL), "What the findings do, whatever their severity."),
            ),
            (
                "severity",
                described(words(Severity::ALL.as_slice()), "The severity instead of the rule's own."),
            ),
            (
                "params",
                described(
                    json!({"type": "object"}),
                    "The parameters of the rule; `planguard rules ID` shows them with their defaults.",
                ),
            ),
            ("reason", text("Why; shown where the entry weakens the gate.")),
        ]),
        &["reason"],
    );
    let about = "The severity, enforcement and parameters of single rules, by id, id of another tool, or pattern with *.";
    described(json!({"type": "object", "additionalProperties": entry}), about)
}

/// An environment: some keys of `[check]`, the tables that it changes, and the runs that it is for.
fn environment(tables: &Map<String, Json>) -> Json {
    let pattern = json!({"type": "string", "pattern": "\\S"});
    let patterns = json!({"anyOf": [pattern, {"type": "array", "minItems": 1, "items": pattern}]});
    let scope = || {
        let conditions = Condition::ALL.iter().map(|key| (key.as_str().to_owned(), patterns.clone()));
        object(conditions.collect(), &[])
    };
    let of_table = |table: &str| tables.get(table).cloned().unwrap_or_default();
    let mut keys: Map<String, Json> = CHECK_KEYS
        .iter()
        .map(|key| ((*key).to_owned(), of_table("check")["properties"][*key].clone()))
        .collect();
    keys.extend(properties([
        ("match", {
            let about = "The runs that it is for: one pattern of each key has to match.";
            let mut schema = described(scope(), about);
            schema["minProperties"] = 1.into();
            schema
        }),
        ("not", described(scope(), "Runs that it is not for: no pattern may match.")),
        ("rules", of_table("rules")),
        ("approve", of_table("approve")),
        ("cost", of_table("cost")),
    ]));
    let mut schema = object(keys, &[]);
    schema["dependentRequired"] = json!({"not": ["match"]});
    schema
}

fn lints() -> Json {
    let levels: Vec<&str> = Level::ALL.map(Level::as_str).to_vec();
    let entry = object(
        properties([
            ("level", described(json!({"enum": levels}), "The level instead of the lint's own.")),
            ("reason", text("Why.")),
        ]),
        &["level", "reason"],
    );
    let names: Vec<&str> = Lint::ALL.iter().flat_map(|lint| [lint.info().name, lint.info().code]).collect();
    let about = "Levels of lints of policies, by name or code.";
    let table = json!({"type": "object", "propertyNames": {"enum": names}, "additionalProperties": entry});
    described(table, about)
}

fn waivers() -> Json {
    let of_key = |key: &str| match key {
        "rule" => text("The id of the rule, that of another tool, or a pattern with *."),
        "address" => {
            text("The resource; without it, findings about the whole plan. * stands for any characters.")
        }
        "environment" => text("The environment for which alone it counts."),
        "reason" => text("Why the finding is accepted; printed with it."),
        "owner" => text("Who accepted it."),
        "ticket" => text("Where the decision is recorded."),
        "expires" => text("The last day on which it counts, in UTC, such as 2027-01-31."),
        _ => described(
            json!({"type": "string", "pattern": "^[0-9a-fA-F]{64}$"}),
            "The SHA-256 of the only plan document that it is for.",
        ),
    };
    let keys = waivers::KEYS.iter().map(|key| ((*key).to_owned(), of_key(key))).collect();
    let element = object(keys, &["rule", "reason"]);
    described(json!({"type": "array", "items": element}), "Accepted findings.")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::file;
    use super::*;

    fn published() -> Json {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/planguard.schema.json");
        let text = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let on_disk = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(on_disk == text, "docs/planguard.schema.json is out of date: run UPDATE=1 cargo test");
        serde_json::from_str(&text).unwrap()
    }

    /// A file that one accepts and the other refuses would mislead whoever writes it in an editor.
    #[test]
    fn the_schema_accepts_what_the_reader_accepts() {
        let validator = jsonschema::validator_for(&published()).unwrap();
        for (text, wanted) in [
            ("", true),
            (
                "[check]\nfail-on = \"high\"\nunknown = \"deny\"\ngate = \"introduced\"\nmax-destroys = 3\n",
                true,
            ),
            (
                "[check]\npacks = [\"a\"]\nguardrails = [\"b\"]\nsource = \"c\"\nmax-destroy-percent = 100\n",
                true,
            ),
            (
                "[policies]\npaths = [\"a\"]\nconvention = \"auto\"\nrego-version = \"v1\"\ntimeout = 10\n",
                true,
            ),
            ("[policies]\nnamespaces = [\"*\"]\ncontext = \"run.json\"\n", true),
            ("[packs.required-tags]\ntags = { owner = {} }\n", true),
            ("[rules]\na = { enforcement = \"off\", reason = \"r\" }\n", true),
            ("[rules]\na = { params = { ports = [22] }, reason = \"r\" }\n", true),
            ("[rules]\na = { params = 1, reason = \"r\" }\n", false),
            ("[lints]\nunused-rule = { level = \"pedantic\", reason = \"r\" }\n", true),
            ("[[waivers]]\nrule = \"a\"\nreason = \"r\"\nexpires = \"2027-01-31\"\n", true),
            (
                "[env.prod]\nmatch = { workspace = \"a-*\", label = [\"b\"] }\nnot = { branch = [\"c\"] }\nfail-on = \"high\"\n\
                 max-risk = 9\nfail-on-warn = true\n",
                true,
            ),
            ("[env.prod.rules]\na = { enforcement = \"approve\", reason = \"r\" }\n", true),
            (
                "[env.prod.approve]\nseverity = \"low\"\nrisk = 5\ncount = 2\nfrom = [\"a\"]\n[groups]\na = [\"b\"]\n",
                true,
            ),
            ("[env.prod]\n[[waivers]]\nrule = \"a\"\nreason = \"r\"\nenvironment = \"prod\"\n", true),
            ("[env.none]\n", false),
            ("[env.\"a b\"]\n", false),
            ("[env.prod]\nbuiltin = false\n", false),
            ("[env.prod]\nnot = { branch = [\"c\"] }\n", false),
            ("[env.prod]\nmatch = { brnch = [\"c\"] }\n", false),
            ("[env.prod]\nmatch = { branch = [] }\n", false),
            ("[env.prod]\nmatch = {}\n", false),
            ("[env.prod.approve]\ncount = 0\n", false),
            ("[groups]\na = []\n", false),
            ("[groups]\na = [\"@\"]\n", false),
            ("[chekc]\n", false),
            ("[check]\nfail_on = \"high\"\n", false),
            ("[check]\nfail-on = \"hgih\"\n", false),
            ("[check]\nstrict = \"yes\"\n", false),
            ("[check]\nmax-destroys = -1\n", false),
            ("[check]\nmax-destroy-percent = 101\n", false),
            ("[policies]\ntimeout = 0\n", false),
            ("[policies]\nconvention = \"opa\"\n", false),
            ("[policies]\npaths = [1]\n", false),
            ("[packs]\na = 1\n", false),
            ("[rules]\na = { enforcement = \"off\" }\n", false),
            ("[rules]\na = { enforcement = \"of\", reason = \"r\" }\n", false),
            ("[lints]\nunused-rul = { level = \"pedantic\", reason = \"r\" }\n", false),
            ("[[waivers]]\nrule = \"a\"\n", false),
            ("[[waivers]]\nrule = \"a\"\nreason = \" \"\n", false),
            ("[[waivers]]\nrule = \"a\"\nreason = \"r\"\nplan = \"x\"\n", false),
        ] {
            let json = serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap();
            assert_eq!(validator.is_valid(&json), wanted, "the schema: {text}");
            assert_eq!(file::parse(Path::new("planguard.toml"), text).is_ok(), wanted, "the reader: {text}");
        }
    }
}
