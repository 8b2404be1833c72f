//! What a finding says about its cause: the open ports, and who decides where an attribute is not set.

use planguard_rule::Severity;
use serde::{Deserialize, Serialize};

use super::Guardrail;

/// How a finding differs if the attribute that decided is not set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IfUnset {
    /// The severity: what somebody wrote is worse than what nobody thought of.
    pub severity: Severity,
    /// Who decides then: `the image and the account`.
    pub decided_by: String,
}

/// How a place for ports begins in a message; words for unknown ports follow, and `}`.
const PORTS: &str = "{ports: ";

impl Guardrail {
    /// The message about a resource, with words for its open ports if they are known.
    pub fn says(&self, address: &str, ports: Option<&str>) -> String {
        let message = match parts(&self.message) {
            Some((before, otherwise, after)) => format!("{before}{}{after}", ports.unwrap_or(otherwise)),
            None => self.message.clone(),
        };
        message.replace("{address}", address)
    }

    /// Whether the message has a place for the open ports.
    pub fn names_ports(&self) -> bool {
        parts(&self.message).is_some()
    }
}

/// What is before a place for ports, the words for unknown ones, and what is behind it.
pub(crate) fn parts(message: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = message.split_once(PORTS)?;
    let (otherwise, after) = rest.split_once('}')?;
    Some((before, otherwise, after))
}

/// A message without its place for ports: the words for unknown ones stay.
pub(crate) fn without_ports(message: &str) -> String {
    match parts(message) {
        Some((before, otherwise, after)) => format!("{before}{otherwise}{after}"),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_ports_are_replaced_if_they_are_known() {
        let message = "{address} allows {ports: a database port (MySQL)} from the internet";
        assert_eq!(
            parts(message),
            Some(("{address} allows ", "a database port (MySQL)", " from the internet"))
        );
        assert_eq!(without_ports(message), "{address} allows a database port (MySQL) from the internet");
        assert_eq!(without_ports("{address} is public"), "{address} is public");
        assert_eq!(parts("{address} is public"), None);
    }
}
