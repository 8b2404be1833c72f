//! Patterns of rule ids and addresses.

use std::fmt;

use planguard_plan::Address;
use planguard_plan::text::wildcard;

/// A text in which `*` stands for any characters, dots and brackets included, and `?` for one. Everything else stands for
/// itself, so that addresses with keys need no escapes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pattern(String);

impl Pattern {
    /// The pattern of this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The pattern as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it has a wildcard.
    pub fn has_wildcard(&self) -> bool {
        self.0.contains(['*', '?'])
    }

    /// Whether it matches every text.
    pub fn matches_everything(&self) -> bool {
        !self.0.is_empty() && self.0.chars().all(|c| c == '*')
    }

    /// Whether it matches a whole text.
    pub fn matches(&self, text: &str) -> bool {
        wildcard::matches(&self.0, text)
    }

    /// Whether it matches an address, or the address of the block whose instance it is: `aws_instance.web` means
    /// `aws_instance.web["a"]` as well, as it does for Terraform's `-target`.
    pub fn matches_address(&self, address: &str) -> bool {
        self.matches(address) || block_of(address).is_some_and(|block| self.matches(&block))
    }
}

/// The address of the block whose instance an address is; `None` for a block itself.
pub(crate) fn block_of(address: &str) -> Option<String> {
    let address: Address = address.parse().ok()?;
    address.key.is_some().then(|| Address { key: None, ..address }.to_string())
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_block_means_its_instances() {
        for (pattern, address, wanted) in [
            ("a.b", "a.b", true),
            ("a.b", "a.b[0]", true),
            ("a.b", "a.b[\"k\"]", true),
            ("a.b", "a.b[\"k[\\\"x\\\"]\"]", true),
            ("a.b[0]", "a.b[1]", false),
            ("a.b[0]", "a.b", false),
            ("module.m.a.b", "module.m[0].a.b", false),
            ("module.m[0].a.b", "module.m[0].a.b[\"k\"]", true),
            ("module.m*.a.b", "module.m[\"x\"].a.b[2]", true),
            ("a.b", "module.m.a.b", false),
        ] {
            assert_eq!(Pattern::new(pattern).matches_address(address), wanted, "{pattern} {address}");
        }
    }
}
