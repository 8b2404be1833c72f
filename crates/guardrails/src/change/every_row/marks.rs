//! The attributes that guards read in their own way.

use planguard_guardrail_format::change::Mark;
use serde_json::{Value as Json, json};

use super::{ABOUT_GROUPS, Faults, Turn, entry, tables, types_of, with};

/// A policy with one statement.
pub(super) fn document(statement: &Json) -> Json {
    json!(json!({"Version": "2012-10-17", "Statement": [statement]}).to_string())
}

/// What a mark calls good and bad, what the message names, and what has to be in the plan beside it.
pub(super) fn of_mark(
    mark: Mark,
    resource_type: &str,
    path: &[String],
) -> (Json, Json, Vec<&'static str>, String) {
    let allow =
        |action: &str| document(&json!({"Effect": "Allow", "Action": action, "Resource": "arn:aws:s3:::b"}));
    let trust = |condition: Json| {
        document(&json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
            "Action": "sts:AssumeRole", "Condition": condition}))
    };
    let kept = |resource_type: &str, values: Json| {
        format!(", {}", entry(resource_type, &["no-op"], &values, &values))
    };
    match mark {
        Mark::LogKinds | Mark::Requirements => {
            (json!(["one", "two"]), json!(["one"]), vec!["`two`"], String::new())
        }
        Mark::Exceptions => (json!(["one"]), json!(["one", "two"]), vec!["`two`"], String::new()),
        Mark::PolicyDocument => (allow("s3:GetObject"), allow("s3:*"), vec!["`s3:*`"], String::new()),
        Mark::TrustPolicy => {
            let condition = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
            (trust(condition), trust(json!({})), vec!["`sts:AssumeRole`"], String::new())
        }
        Mark::ManagedPolicies => {
            let policy = |name: &str| json!([format!("arn:aws:iam::aws:policy/{name}")]);
            (
                policy("ReadOnlyAccess"),
                policy("AdministratorAccess"),
                vec!["AdministratorAccess"],
                String::new(),
            )
        }
        Mark::Wildcards => (json!(["get"]), json!(["*"]), vec!["`*`"], String::new()),
        Mark::Fixed => (json!("one"), json!("two"), vec!["`one`", "`two`"], String::new()),
        Mark::StatusCodes => {
            (json!("200"), json!("200-499"), vec!["`200-499`", "400-499 count as healthy"], String::new())
        }
        Mark::Filters => unreachable!("its path leads to the name of a rule"),
        Mark::Accounts => (
            json!(["111111111111"]),
            json!(["111111111111", "222222222222"]),
            vec!["`222222222222`"],
            String::new(),
        ),
        Mark::NetworkGroups => {
            let others = match resource_type {
                google if google.starts_with("google_") => kept(
                    "google_compute_firewall",
                    json!({"direction": "INGRESS", "network": "n", "source_ranges": ["0.0.0.0/0"], "target_tags": ["open"],
                        "allow": [{"protocol": "tcp", "ports": ["22"]}]}),
                ),
                azure if azure.starts_with("azurerm_") => kept(
                    "azurerm_network_security_group",
                    json!({"id": "open", "security_rule": [{"access": "Allow", "direction": "Inbound", "protocol": "Tcp",
                        "destination_port_range": "22", "source_address_prefix": "0.0.0.0/0"}]}),
                ),
                _ => kept(
                    "aws_security_group",
                    json!({"id": "open", "ingress": [{"protocol": "tcp", "from_port": 22, "to_port": 22,
                        "cidr_blocks": ["0.0.0.0/0"]}]}),
                ),
            };
            (json!(["closed"]), json!(["closed", "open"]), vec!["`open`", "0.0.0.0/0", "port 22"], others)
        }
        Mark::Role => {
            let attached =
                json!({"role": "admin", "policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"});
            let profile = json!({"id": "admin", "role": "admin"});
            let mut others = kept("aws_iam_role_policy_attachment", attached);
            if path.iter().any(|name| name.ends_with("instance_profile")) {
                others += &kept("aws_iam_instance_profile", profile).replace(".it", ".that");
            }
            (json!("app"), json!("admin"), vec!["`app`", "`admin`", "AdministratorAccess"], others)
        }
    }
}

#[test]
fn every_marked_attribute_that_gets_worse_is_told() {
    let mut faults = Faults::default();
    for (table, rows) in tables() {
        // They say what an object of a group guards.
        if ABOUT_GROUPS.contains(&table.as_str()) {
            continue;
        }
        for row in &rows.attributes {
            let path = &row.entry.attribute;
            for resource_type in types_of(row) {
                let (good, bad, words, others) = match row.entry.mark {
                    Mark::Filters => {
                        let [block, name] = path.as_slice() else { panic!("a block and a name") };
                        let rule = |rule: &str| json!({name: rule, "action": "block"});
                        let (one, two) = (rule("one"), rule("two"));
                        (
                            json!({block: [one, two]}),
                            json!({block: [rule("one")]}),
                            vec!["`two`"],
                            String::new(),
                        )
                    }
                    mark => {
                        let (good, bad, words, others) = of_mark(mark, resource_type, path);
                        (
                            with(resource_type, path, good, &[]),
                            with(resource_type, path, bad, &[]),
                            words,
                            others,
                        )
                    }
                };
                let words = words.into_iter().map(ToOwned::to_owned).collect();
                let turn = Turn { table: &table, line: row.line, resource_type, good, bad, words, others };
                match row.entry.mark {
                    // Neither value is the better one.
                    Mark::Fixed if turn.is_told() => {}
                    Mark::Fixed => faults.add(&table, row.line, &format!("{resource_type} is not told")),
                    _ => turn.check(&mut faults),
                }
            }
        }
    }
    faults.check();
}
