//! Networks and addresses as Go's `net` package reads and compares them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How long an IPv6 address is, in bits. Addresses of IPv4 are kept as those of IPv6 that stand for them.
const BITS: u8 = 128;

/// Where the address of IPv4 starts in one of IPv6 that stands for it.
const V4_START: u8 = 96;

/// A network, or an address as the network that holds nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    /// The first and last address.
    pub first: u128,
    pub last: u128,
    is_v4: bool,
}

/// Whether the address is of IPv4.
pub(super) fn is_v4(address: u128) -> bool {
    Ipv6Addr::from(address).to_ipv4_mapped().is_some()
}

fn parse_address(text: &str) -> Option<u128> {
    Some(match text.parse().ok()? {
        IpAddr::V4(address) => address.to_ipv6_mapped().into(),
        IpAddr::V6(address) => address.into(),
    })
}

/// The bits of an address that tell apart what is in a network.
fn host_bits(prefix: u8) -> u128 {
    u128::MAX.checked_shr(u32::from(prefix)).unwrap_or(0)
}

impl Network {
    /// The network of that prefix, which counts the bits of an address of IPv6, that holds the address.
    pub(super) fn around(address: u128, prefix: u8) -> Self {
        let first = address & !host_bits(prefix);
        Self { first, last: first | host_bits(prefix), is_v4: is_v4(first) && prefix >= V4_START }
    }

    /// `net.ParseIP`
    pub(super) fn parse_address(text: &str) -> Option<Self> {
        parse_address(text).map(|address| Self::around(address, BITS))
    }

    /// `net.ParseCIDR`
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let longest = if address.contains(':') { BITS } else { BITS - V4_START };
        let is_number = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix: u8 = prefix.parse().ok().filter(|prefix| is_number && *prefix <= longest)?;
        Some(Self::around(parse_address(address)?, prefix + (BITS - longest)))
    }

    /// The network of a class of IPv4, which is what an address without a prefix once meant. IPv6 has none.
    pub(super) fn of_class(address: u128) -> Option<(Self, u8)> {
        let class = match Ipv6Addr::from(address).to_ipv4_mapped()?.octets()[0] {
            0..128 => 8,
            128..192 => 16,
            192.. => 24,
        };
        Some((Self::around(address, V4_START + class), class))
    }

    /// Whether the address is in the network. One of IPv4 is never in a network of IPv6.
    pub(super) fn contains(&self, address: u128) -> bool {
        self.is_v4 == is_v4(address) && (self.first..=self.last).contains(&address)
    }
}

/// The address as Go writes it.
pub(super) fn address_text(address: u128) -> String {
    let address = Ipv6Addr::from(address);
    match address.to_ipv4_mapped() {
        Some(address) => Ipv4Addr::to_string(&address),
        None => address.to_string(),
    }
}

/// The fewest networks that hold these addresses and no others.
pub(super) fn cover(first: u128, last: u128) -> Vec<String> {
    let mut networks = Vec::new();
    let mut next = Some(first);
    while let Some(first) = next.filter(|first| *first <= last) {
        let mut prefix = BITS;
        while prefix > 0 {
            let wider = Network {
                first: first & !host_bits(prefix - 1),
                last: first | host_bits(prefix - 1),
                is_v4: false,
            };
            if wider.first != first || wider.last > last {
                break;
            }
            prefix -= 1;
        }
        let shown = if is_v4(first) && prefix >= V4_START { prefix - V4_START } else { prefix };
        networks.push(format!("{}/{shown}", address_text(first)));
        next = (first | host_bits(prefix)).checked_add(1);
    }
    networks
}
