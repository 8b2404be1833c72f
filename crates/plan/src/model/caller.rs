//! What the data sources of a plan read before it was made: the account, and values.

use super::Plan;
use super::address::Mode;
use super::section::SectionReader;
use super::value::Value;

/// The data source of AWS that says who asks.
const CALLER: &str = "aws_caller_identity";

impl Plan<'_> {
    /// The accounts of AWS that the plan was made in, as `data.aws_caller_identity` read them; none where no configuration
    /// asks.
    pub fn caller_accounts(&self) -> Vec<String> {
        let mut accounts = Vec::new();
        self.prior_state.each_resource(&mut |_, resource| {
            if resource.mode() == Mode::Data && resource.resource_type.as_deref() == Some(CALLER) {
                // What cannot be read is told where the section is read.
                let values = SectionReader::default().value(resource.values).ok().flatten();
                let account = values.as_ref().and_then(|values| values.get("account_id")?.as_str());
                accounts.extend(account.map(ToOwned::to_owned));
            }
        });
        accounts
    }
}

impl Plan<'_> {
    /// Whether a text is a part of what a data source read before the plan was made.
    pub fn is_read_by_data(&self, text: &str) -> bool {
        let mut is_read = false;
        self.prior_state.each_resource(&mut |_, resource| {
            if resource.mode() == Mode::Data && !is_read {
                let values = SectionReader::default().value(resource.values).ok().flatten();
                is_read = values.is_some_and(|values| contains(&values, text));
            }
        });
        is_read
    }
}

/// Whether a text is a part of a text in a value.
fn contains(value: &Value<'_>, part: &str) -> bool {
    match value {
        Value::String(text) => text.contains(part),
        Value::Array(elements) => elements.iter().any(|element| contains(element, part)),
        Value::Object(object) => object.members().iter().any(|(_, member)| contains(member, part)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Plan;

    #[test]
    fn the_caller_of_each_module_is_found() {
        let caller = |account: &str, mode: &str| {
            format!(
                r#"{{"address": "data.aws_caller_identity.me", "mode": "{mode}", "type": "aws_caller_identity", "name": "me",
                    "values": {{"account_id": "{account}"}}}}"#
            )
        };
        let text = format!(
            r#"{{"format_version": "1.2", "resource_changes": [], "prior_state": {{"values": {{"root_module": {{
                "resources": [{}], "child_modules": [{{"address": "module.a", "resources": [{}, {}]}}]}}}}}}}}"#,
            caller("111111111111", "data"),
            caller("222222222222", "data"),
            caller("333333333333", "managed"),
        );
        assert_eq!(Plan::parse(&text).unwrap().caller_accounts(), ["111111111111", "222222222222"]);
        assert!(
            Plan::parse(r#"{"format_version": "1.2", "resource_changes": []}"#)
                .unwrap()
                .caller_accounts()
                .is_empty()
        );
    }
}
