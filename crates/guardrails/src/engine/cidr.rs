//! Network ranges: how wide they are, and whether they contain public addresses.

use std::net::IpAddr;

use ipnet::IpNet;
use planguard_guardrail_format::CidrTest;

use crate::special_ranges::{addresses, cover_half_the_internet, includes_public};

/// Whether a text is a network range that a test describes; false for text that is no range.
pub(super) fn is_such(text: &str, test: &CidrTest) -> bool {
    let Some(range) = parse(text) else { return false };
    match test {
        CidrTest::Any => cover_half_the_internet([addresses(&range)]),
        CidrTest::Public => includes_public(&addresses(&range)),
        CidrTest::PublicExcept(allowed) => {
            includes_public(&addresses(&range))
                && !allowed
                    .iter()
                    .filter_map(|allowed| parse(allowed))
                    .any(|allowed| allowed.contains(&range))
        }
        CidrTest::WiderThan(length) => range.prefix_len() < *length,
    }
}

/// Reads a range, or an address as a range of one.
pub(super) fn parse(text: &str) -> Option<IpNet> {
    let text = text.trim();
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_the_internet_counts_as_all_of_it() {
        for text in
            ["0.0.0.0/0", "::/0", "::/1", "0.0.0.0/1", "128.0.0.0/1", "2000::/3", "2000::/4", " 0.0.0.0/0 "]
        {
            assert!(is_such(text, &CidrTest::Any), "{text}");
        }
        for text in [
            "10.0.0.0/8",
            "0.0.0.0",
            "0.0.0.0/2",
            "2000::/5",
            "8000::/1",
            "fc00::/7",
            "",
            "*",
            "aws:prefix-list",
        ] {
            assert!(!is_such(text, &CidrTest::Any), "{text}");
        }
    }

    #[test]
    fn a_range_is_public_unless_all_of_it_is_special() {
        for text in ["8.8.8.8", "0.0.0.0/0", "10.0.0.0/7", "2600::/16", "100.0.0.0/8"] {
            assert!(is_such(text, &CidrTest::Public), "{text}");
        }
        for text in
            ["10.1.0.0/16", "172.31.0.0/16", "240.0.0.0/4", "100.64.1.0/24", "fd00::/8", "203.0.113.7/32"]
        {
            assert!(!is_such(text, &CidrTest::Public), "{text}");
        }
    }

    #[test]
    fn what_is_allowed_is_not_public_enough_to_matter() {
        let test = CidrTest::PublicExcept(vec!["8.8.8.0/24".to_owned(), "2600::/32".to_owned()]);
        for text in ["8.8.8.8/32", "8.8.8.0/24", "2600:0:1::/48", "10.0.0.0/8", "fd00::/8"] {
            assert!(!is_such(text, &test), "{text}");
        }
        for text in ["8.8.0.0/16", "9.9.9.9/32", "0.0.0.0/0", "::/0", "2600::/16"] {
            assert!(is_such(text, &test), "{text}");
        }
    }

    #[test]
    fn wider_counts_by_prefix_length() {
        assert!(is_such("10.0.0.0/15", &CidrTest::WiderThan(16)));
        assert!(!is_such("10.0.0.0/16", &CidrTest::WiderThan(16)));
    }
}
