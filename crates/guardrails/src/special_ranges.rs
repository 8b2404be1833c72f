//! The network ranges that are never routed on the internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;

use ipnet::IpNet;
use ipnet::{Ipv4Net, Ipv6Net};

/// What IANA lists as not globally reachable, sorted: the special-purpose address registries
/// (<https://www.iana.org/assignments/iana-ipv4-special-registry>,
/// <https://www.iana.org/assignments/iana-ipv6-special-registry>; RFC 6890 and its updates), with multicast.
///
/// Left out: the few addresses inside of these ranges that are reachable (192.0.0.9 and 192.0.0.10), and
/// `::ffff:0:0/96`, which stands for all of IPv4.
const SPECIAL_V4: [Ipv4Net; 14] = [
    v4([0, 0, 0, 0], 8),       // this network
    v4([10, 0, 0, 0], 8),      // private use
    v4([100, 64, 0, 0], 10),   // shared address space
    v4([127, 0, 0, 0], 8),     // loopback
    v4([169, 254, 0, 0], 16),  // link local
    v4([172, 16, 0, 0], 12),   // private use
    v4([192, 0, 0, 0], 24),    // protocol assignments
    v4([192, 0, 2, 0], 24),    // documentation
    v4([192, 168, 0, 0], 16),  // private use
    v4([198, 18, 0, 0], 15),   // benchmarking
    v4([198, 51, 100, 0], 24), // documentation
    v4([203, 0, 113, 0], 24),  // documentation
    v4([224, 0, 0, 0], 4),     // multicast
    v4([240, 0, 0, 0], 4),     // reserved, and the limited broadcast
];

/// The same for IPv6.
const SPECIAL_V6: [Ipv6Net; 11] = [
    v6([0, 0, 0, 0], 127),         // unspecified and loopback
    v6([0x64, 0xff9b, 1, 0], 48),  // translation, local use
    v6([0x100, 0, 0, 0], 64),      // discard only
    v6([0x100, 0, 0, 1], 64),      // dummy prefix
    v6([0x2001, 2, 0, 0], 48),     // benchmarking
    v6([0x2001, 0xdb8, 0, 0], 32), // documentation
    v6([0x3fff, 0, 0, 0], 20),     // documentation
    v6([0x5f00, 0, 0, 0], 16),     // segment routing
    v6([0xfc00, 0, 0, 0], 7),      // unique local
    v6([0xfe80, 0, 0, 0], 10),     // link local
    v6([0xff00, 0, 0, 0], 8),      // multicast
];

const fn v4([a, b, c, d]: [u8; 4], length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

const fn v6([a, b, c, d]: [u16; 4], length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0), length)
}

/// Whether any address of a range is routed on the internet. Ends of two families make no range: false.
pub(crate) fn includes_public(range: &RangeInclusive<IpAddr>) -> bool {
    match (range.start(), range.end()) {
        (IpAddr::V4(first), IpAddr::V4(last)) => {
            let number = |address: Ipv4Addr| u128::from(u32::from(address));
            let special = SPECIAL_V4.iter().map(|net| (number(net.network()), number(net.broadcast())));
            !covers(special, number(*first), number(*last))
        }
        (IpAddr::V6(first), IpAddr::V6(last)) => {
            let special = SPECIAL_V6.iter().map(|net| (net.network().into(), net.broadcast().into()));
            !covers(special, (*first).into(), (*last).into())
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

/// Whether sorted ranges, taken together, contain all from `first` to `last`.
fn covers(ranges: impl Iterator<Item = (u128, u128)>, first: u128, last: u128) -> bool {
    let mut next = first;
    for (start, end) in ranges {
        if next < start {
            return false;
        }
        if last <= end {
            return true;
        }
        next = next.max(end + 1);
    }
    false
}

/// All of IPv6 that is routed on the internet.
const ROUTED_V6: Ipv6Net = v6([0x2000, 0, 0, 0], 3);

/// Whether ranges, taken together, contain half of IPv4, or half of the IPv6 addresses that are routed. Whoever lists as
/// much in several ranges has written "everyone", or "everyone but a few".
pub(crate) fn cover_half_the_internet(ranges: impl IntoIterator<Item = RangeInclusive<IpAddr>>) -> bool {
    let mut v4 = Vec::new();
    let mut v6 = Vec::new();
    let (first_routed, last_routed) = (u128::from(ROUTED_V6.network()), u128::from(ROUTED_V6.broadcast()));
    for range in ranges {
        match (range.start(), range.end()) {
            (IpAddr::V4(first), IpAddr::V4(last)) => {
                v4.push((u128::from(u32::from(*first)), u128::from(u32::from(*last))));
            }
            (IpAddr::V6(first), IpAddr::V6(last)) => {
                v6.push((u128::from(*first).max(first_routed), u128::from(*last).min(last_routed)));
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => {}
        }
    }
    number_of_addresses(v4) >= 1 << 31 || number_of_addresses(v6) >= 1 << 124
}

/// How many numbers ranges contain together.
fn number_of_addresses(mut ranges: Vec<(u128, u128)>) -> u128 {
    ranges.sort_unstable();
    let mut next = 0;
    let mut count = 0;
    for (first, last) in ranges {
        let first = first.max(next);
        if first <= last {
            count += last - first + 1;
            next = last + 1;
        }
    }
    count
}

/// The addresses of a network, first and last.
pub(crate) fn addresses(net: &IpNet) -> RangeInclusive<IpAddr> {
    net.network()..=net.broadcast()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_public(text: &str) -> bool {
        includes_public(&addresses(&text.parse().unwrap()))
    }

    #[test]
    fn the_tables_are_sorted() {
        assert!(SPECIAL_V4.is_sorted());
        assert!(SPECIAL_V6.is_sorted());
    }

    #[test]
    fn every_special_range_is_special_up_to_its_ends_and_no_further() {
        for text in ["10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"] {
            assert!(!is_public(text), "{text}");
            let net: IpNet = text.parse().unwrap();
            let wider = IpNet::new(net.network(), net.prefix_len() - 1).unwrap();
            assert!(includes_public(&addresses(&wider.trunc())), "{wider}");
        }
        for text in ["9.255.255.255/32", "11.0.0.0/32", "172.32.0.0/32", "192.0.1.0/24", "223.255.255.255/32"]
        {
            assert!(is_public(text), "{text}");
        }
    }

    #[test]
    fn reserved_and_multicast_addresses_are_special_alone_and_together() {
        for text in ["224.0.0.0/4", "240.0.0.0/4", "224.0.0.0/3", "255.255.255.255/32"] {
            assert!(!is_public(text), "{text}");
        }
        assert!(is_public("192.0.0.0/2"));
    }

    #[test]
    fn ranges_count_together_and_once() {
        let cover = |texts: &[&str]| {
            cover_half_the_internet(texts.iter().map(|text| addresses(&text.parse().unwrap())))
        };
        assert!(cover(&["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2"]));
        let all_but_private = [
            "0.0.0.0/5",
            "8.0.0.0/7",
            "11.0.0.0/8",
            "12.0.0.0/6",
            "16.0.0.0/4",
            "32.0.0.0/3",
            "64.0.0.0/2",
            "128.0.0.0/3",
            "160.0.0.0/5",
        ];
        assert!(cover(&all_but_private));
        assert!(cover(&["2000::/5", "2800::/5"]) && cover(&["10.0.0.0/8", "2000::/5", "3000::/4"]));
        assert!(cover(&["::/0"]) && cover(&["0.0.0.0/1"]) && cover(&["0.0.0.0/0", "255.255.255.255/32"]));
        assert!(!cover(&["0.0.0.0/2", "0.0.0.0/2", "16.0.0.0/4", "10.0.0.0/8"]));
        assert!(!cover(&["0.0.0.0/2", "2000::/5", "fc00::/7", "8000::/1"]));
        assert!(!cover(&[]));
    }

    #[test]
    fn ipv6_is_public_outside_of_its_special_ranges() {
        for text in ["::/0", "2000::/3", "2600::/16", "2001:db7::/32", "64:ff9b::/96", "::ffff:0:0/96"] {
            assert!(is_public(text), "{text}");
        }
        for text in ["::1/128", "fd00::/8", "2001:db8:1::/48", "100::/63", "3fff:fff::/32", "ff02::/16"] {
            assert!(!is_public(text), "{text}");
        }
    }
}
