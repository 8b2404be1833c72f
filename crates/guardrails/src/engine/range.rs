//! Ranges that are written as their first and their last address.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use planguard_guardrail_format::{CidrTest, RangePredicate, Truth};
use planguard_plan::{Attribute, View};

use super::{Answer, cidr, place};
use crate::special_ranges::{cover_half_the_internet, includes_public};

/// Whether the range between two attributes is such as a predicate describes. The evidence is the last address.
pub(super) fn is_such(range: &RangePredicate, view: &View<'_, '_>) -> Answer {
    let (start, end) = (place::find(view, &range.start), place::find(view, &range.end));
    let bounds = (start.attribute(), end.attribute());
    let truth = match bounds {
        (Attribute::Unset, _) | (_, Attribute::Unset) => {
            let answer = Answer::at(range.unset.unwrap_or(Truth::False), &end);
            return answer.of_unset();
        }
        (Attribute::Unknown, _) | (_, Attribute::Unknown) => range.unknown.unwrap_or(Truth::Unknown),
        (Attribute::Known(first), Attribute::Known(last)) => {
            let address = |text: Option<&str>| text.and_then(|text| text.trim().parse::<IpAddr>().ok());
            match (address(first.as_str()), address(last.as_str())) {
                (Some(first), Some(last)) => Truth::of(meets(first..=last, &range.test)),
                (None, _) | (_, None) => Truth::False,
            }
        }
    };
    let mut answer = Answer::at(truth, &end);
    if let (Some(evidence), Attribute::Known(last)) = (&mut answer.evidence, bounds.1)
        && !end.is_sensitive()
    {
        evidence.value = last.as_str().map(|text| format!("\"{text}\""));
    }
    answer
}

fn meets(range: RangeInclusive<IpAddr>, test: &CidrTest) -> bool {
    match test {
        CidrTest::Any => cover_half_the_internet([range]),
        CidrTest::Public => includes_public(&range),
        CidrTest::PublicExcept(allowed) => {
            let is_within = |net: ipnet::IpNet| net.contains(range.start()) && net.contains(range.end());
            includes_public(&range) && !allowed.iter().filter_map(|text| cidr::parse(text)).any(is_within)
        }
        CidrTest::WiderThan(length) => match (range.start(), range.end()) {
            (IpAddr::V4(first), IpAddr::V4(last)) => {
                is_wider(u32::from(*first).into(), u32::from(*last).into(), 32, *length)
            }
            (IpAddr::V6(first), IpAddr::V6(last)) => is_wider((*first).into(), (*last).into(), 128, *length),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        },
    }
}

/// Whether there are more addresses than a prefix of this length has.
fn is_wider(first: u128, last: u128, bits: u32, length: u8) -> bool {
    let host_bits = bits.saturating_sub(u32::from(length));
    // All of IPv6 has one address more than the type can count.
    let most = 1u128.checked_shl(host_bits).map_or(u128::MAX, |addresses| addresses - 1);
    last.checked_sub(first).is_some_and(|above| above > most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_compared_by_their_addresses() {
        let range = |first: &str, last: &str| first.parse().unwrap()..=last.parse().unwrap();
        for (first, last, test, wanted) in [
            ("0.0.0.0", "255.255.255.255", CidrTest::Any, true),
            ("0.0.0.0", "0.0.0.0", CidrTest::Any, false),
            ("10.0.0.0", "11.0.0.0", CidrTest::Public, true),
            ("10.0.0.0", "10.255.255.255", CidrTest::Public, false),
            ("9.9.9.0", "9.9.9.255", CidrTest::WiderThan(24), false),
            ("9.9.9.0", "9.9.10.0", CidrTest::WiderThan(24), true),
            ("9.9.9.9", "9.9.9.9", CidrTest::WiderThan(32), false),
            ("9.9.9.9", "9.9.9.10", CidrTest::WiderThan(32), true),
            ("9.9.9.9", "9.9.9.1", CidrTest::WiderThan(8), false),
            ("0.0.0.0", "255.255.255.255", CidrTest::WiderThan(0), false),
            ("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", CidrTest::WiderThan(0), false),
            ("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", CidrTest::WiderThan(1), true),
            ("9.9.9.1", "9.9.9.9", CidrTest::PublicExcept(vec!["9.9.9.0/24".to_owned()]), false),
            ("9.9.8.1", "9.9.9.9", CidrTest::PublicExcept(vec!["9.9.9.0/24".to_owned()]), true),
        ] {
            assert_eq!(meets(range(first, last), &test), wanted, "{first} {last} {test:?}");
        }
    }
}
