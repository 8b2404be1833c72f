//! Ranges of network addresses, protocols and ports, and which contains which.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::special_ranges::{cover_half_the_internet, includes_public};

/// A range of addresses of one family, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Addresses {
    first: IpAddr,
    last: IpAddr,
}

/// Words for "from anywhere" in Azure's rules.
const ANYWHERE: [&str; 3] = ["*", "any", "internet"];

impl Addresses {
    /// Every address of both families.
    pub(super) const EVERYWHERE: [Self; 2] = [
        Self { first: IpAddr::V4(Ipv4Addr::UNSPECIFIED), last: IpAddr::V4(Ipv4Addr::BROADCAST) },
        Self {
            first: IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            last: IpAddr::V6(Ipv6Addr::new(0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff)),
        },
    ];

    /// The ranges that a text names: an address, a prefix, several of them separated by commas, or a word for
    /// "anywhere". None for anything else, such as the name of a service.
    pub(super) fn parse(text: &str) -> Vec<Self> {
        text.split(',').map(str::trim).flat_map(Self::parse_one).collect()
    }

    fn parse_one(text: &str) -> Vec<Self> {
        if ANYWHERE.iter().any(|word| word.eq_ignore_ascii_case(text)) {
            return Self::EVERYWHERE.to_vec();
        }
        if let Ok(net) = text.parse::<IpNet>() {
            return vec![Self { first: net.network(), last: net.broadcast() }];
        }
        text.parse::<IpAddr>().map(|address| Self { first: address, last: address }).into_iter().collect()
    }

    /// The range between two addresses.
    pub(super) fn between(first: &str, last: &str) -> Option<Self> {
        let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        let same_family =
            matches!((first, last), (IpAddr::V4(_), IpAddr::V4(_)) | (IpAddr::V6(_), IpAddr::V6(_)));
        // In Azure this means everything that runs in Azure, in every tenant.
        if first == last && first == IpAddr::V4(Ipv4Addr::UNSPECIFIED) {
            return Some(Self::EVERYWHERE[0]);
        }
        (same_family && first <= last).then_some(Self { first, last })
    }

    /// Whether this range contains all of another one.
    pub(super) fn contains(self, other: Self) -> bool {
        self.first.is_ipv4() == other.first.is_ipv4() && self.first <= other.first && other.last <= self.last
    }

    /// Whether this range and another one have addresses in common.
    pub(super) fn overlaps(self, other: Self) -> bool {
        self.first.is_ipv4() == other.first.is_ipv4() && self.first <= other.last && other.first <= self.last
    }

    /// Whether it has more addresses than one site is given: 256 of IPv4, a /48 of IPv6.
    pub(super) fn is_a_network(self) -> bool {
        let wide = match self.first {
            IpAddr::V4(_) => 1 << 8,
            IpAddr::V6(_) => 1 << 80,
        };
        number(self.last) - number(self.first) >= wide
    }

    /// Whether the others, taken together, contain all of this range. Who asks for many ranges asks a [`Union`].
    pub(super) fn is_covered_by(self, mut others: Vec<Self>) -> bool {
        planguard_work::steps(others.len());
        others.retain(|other| other.first.is_ipv4() == self.first.is_ipv4());
        others.sort();
        let (mut next, last) = (number(self.first), number(self.last));
        for other in others {
            if number(other.first) > next {
                return false;
            }
            if number(other.last) >= last {
                return true;
            }
            next = next.max(number(other.last) + 1);
        }
        false
    }

    /// The first address.
    pub(super) const fn begins(self) -> IpAddr {
        self.first
    }

    /// The last address.
    pub(super) const fn ends(self) -> IpAddr {
        self.last
    }

    /// Ranges in order, with those as one that have something in common or touch each other.
    pub(super) fn merged(ordered: &[Self]) -> Vec<Self> {
        let mut merged: Vec<Self> = Vec::new();
        for range in ordered {
            match merged.last_mut() {
                Some(last)
                    if last.last.is_ipv4() == range.first.is_ipv4()
                        && number(range.first) <= number(last.last).saturating_add(1) =>
                {
                    last.last = last.last.max(range.last);
                }
                Some(_) | None => merged.push(*range),
            }
        }
        merged
    }

    /// Whether ranges, taken together, contain half of the internet or more.
    pub(super) fn cover_half_the_internet(ranges: &[Self]) -> bool {
        cover_half_the_internet(ranges.iter().map(|range| range.first..=range.last))
    }

    /// Whether it is wider than what one site is given and contains public addresses.
    pub(super) fn is_wide_and_public(self) -> bool {
        self.is_a_network() && includes_public(&(self.first..=self.last))
    }
}

/// What ranges contain together, to be asked for many others.
pub(super) struct Union(Vec<Addresses>);

impl Union {
    /// The union of some ranges.
    pub(super) fn of(mut ranges: Vec<Addresses>) -> Self {
        planguard_work::steps(ranges.len());
        ranges.sort_unstable();
        Self(Addresses::merged(&ranges))
    }

    /// Whether it contains all of a range.
    pub(super) fn covers(&self, range: Addresses) -> bool {
        planguard_work::steps(1);
        let next = self.0.partition_point(|own| own.first <= range.first);
        let before = next.checked_sub(1).and_then(|last| self.0.get(last));
        before.is_some_and(|own| own.contains(range))
    }
}

/// An address as a number, comparable within its family.
fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

impl fmt::Display for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = if self.first.is_ipv4() { 32 } else { 128 };
        let fitting = (0..=bits).filter_map(|length| IpNet::new(self.first, length).ok());
        match fitting.into_iter().find(|net| net.network() == self.first && net.broadcast() == self.last) {
            Some(net) => write!(f, "{net}"),
            None => write!(f, "{}-{}", self.first, self.last),
        }
    }
}

/// Network traffic: a protocol with its ports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Traffic {
    /// The protocol's name in small letters; `None` for all.
    protocol: Option<String>,
    first_port: u32,
    last_port: u32,
}

const LAST_PORT: u32 = 65_535;

impl Traffic {
    /// Everything.
    pub(super) const ALL: Self = Self { protocol: None, first_port: 0, last_port: LAST_PORT };

    /// A protocol, by its name or number, with these ports. Ports count for protocols that have them.
    pub(crate) fn new(name: &str, ports: Option<(u32, u32)>) -> Self {
        let protocol = match name.to_ascii_lowercase().as_str() {
            "-1" | "all" | "*" | "any" => None,
            "1" => Some("icmp".to_owned()),
            "6" => Some("tcp".to_owned()),
            "17" => Some("udp".to_owned()),
            "58" => Some("icmpv6".to_owned()),
            other => Some(other.to_owned()),
        };
        // Azure's `*` comes with ports that count; those beside Amazon's -1 do not.
        let ports = match (&protocol, ports) {
            _ if name == "-1" => (0, LAST_PORT),
            (None, Some((0, 0))) | (_, None) => (0, LAST_PORT),
            (Some(name), _) if name.starts_with("icmp") => (0, LAST_PORT),
            (_, Some(ports)) => ports,
        };
        Self { protocol, first_port: ports.0, last_port: ports.1 }
    }

    /// Traffic with a protocol as [`Traffic::protocol`] returns it.
    pub(super) const fn with_ports(protocol: Option<String>, first_port: u32, last_port: u32) -> Self {
        Self { protocol, first_port, last_port }
    }

    /// The protocol's name in small letters; `None` for all.
    pub(super) fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// The first and the last port.
    pub(super) const fn ports(&self) -> (u32, u32) {
        (self.first_port, self.last_port)
    }

    /// Whether it is what web sites answer to everyone: HTTP, HTTPS, and messages about the network itself.
    pub(super) fn is_everyday(&self) -> bool {
        let is_web = matches!((self.first_port, self.last_port), (80, 80) | (443, 443));
        self.protocol.as_deref().is_some_and(|name| name.starts_with("icmp")) || is_web
    }

    /// Whether it is what almost everything has to send: to web sites, for names and for the time.
    pub(super) fn is_everyday_outgoing(&self) -> bool {
        self.is_everyday() || matches!((self.first_port, self.last_port), (53, 53) | (123, 123))
    }

    /// Whether it is what answers to own connections come back on: all ports from the first that is free for everyone.
    pub(super) fn is_for_answers(&self) -> bool {
        self.first_port >= 1024 && self.last_port >= 60_999
    }

    /// Whether this and other traffic have something in common.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        (self.protocol.is_none() || other.protocol.is_none() || self.protocol == other.protocol)
            && self.first_port <= other.last_port
            && other.first_port <= self.last_port
    }

    /// Whether all of other traffic is part of this.
    pub(super) fn contains(&self, other: &Self) -> bool {
        (self.protocol.is_none() || self.protocol == other.protocol)
            && self.first_port <= other.first_port
            && other.last_port <= self.last_port
    }
}

/// Reads `22`, `8000-8080`, `80/90` or `*` as a range of ports.
pub(super) fn ports(text: &str) -> Option<(u32, u32)> {
    if text.trim() == "*" {
        return Some((0, LAST_PORT));
    }
    let (first, last) = text.split_once(['-', '/']).unwrap_or((text, text));
    Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = self.protocol.as_deref();
        match (self.first_port, self.last_port) {
            (0, LAST_PORT) => {
                write!(f, "{}", protocol.map_or("all ports".to_owned(), |name| format!("all {name} traffic")))
            }
            (first, last) if first == last => {
                write!(f, "{} port {first}", protocol.unwrap_or("any"))?;
                write_services(f, first, last)
            }
            (first, last) => {
                write!(f, "{} ports {first}-{last}", protocol.unwrap_or("any"))?;
                write_services(f, first, last)
            }
        }
    }
}

/// Services that listen on a well-known port, sorted by port.
const SERVICES: &[(u32, &str)] = &[
    (20, "FTP data"),
    (21, "FTP"),
    (22, "SSH"),
    (23, "Telnet"),
    (25, "SMTP"),
    (53, "DNS"),
    (80, "HTTP"),
    (110, "POP3"),
    (111, "RPC"),
    (135, "MSRPC"),
    (137, "NetBIOS"),
    (139, "NetBIOS"),
    (143, "IMAP"),
    (161, "SNMP"),
    (389, "LDAP"),
    (443, "HTTPS"),
    (445, "SMB"),
    (636, "LDAPS"),
    (873, "rsync"),
    (1433, "SQL Server"),
    (1521, "Oracle"),
    (2049, "NFS"),
    (2375, "Docker"),
    (2376, "Docker"),
    (2379, "etcd"),
    (2380, "etcd"),
    (3306, "MySQL"),
    (3389, "RDP"),
    (5432, "PostgreSQL"),
    (5439, "Redshift"),
    (5601, "Kibana"),
    (5671, "AMQP"),
    (5672, "AMQP"),
    (5900, "VNC"),
    (5984, "CouchDB"),
    (5985, "WinRM"),
    (5986, "WinRM"),
    (6379, "Redis"),
    (6443, "Kubernetes API"),
    (8080, "HTTP"),
    (8443, "HTTPS"),
    (9042, "Cassandra"),
    (9092, "Kafka"),
    (9200, "Elasticsearch"),
    (10250, "kubelet"),
    (11211, "Memcached"),
    (27017, "MongoDB"),
];

/// The services that listen on the well-known ports of a range, in the order of the ports.
pub(crate) fn services(first: u32, last: u32) -> impl Iterator<Item = &'static str> {
    SERVICES.iter().filter(move |(port, _)| (first..=last).contains(port)).map(|(_, name)| *name)
}

/// How many services of a range a message names.
const NAMED_SERVICES: usize = 4;

/// Writes the services in a range of ports in parentheses, if there are any.
fn write_services(f: &mut fmt::Formatter<'_>, first: u32, last: u32) -> fmt::Result {
    let mut names: Vec<&str> = services(first, last).collect();
    names.dedup();
    match names.len() {
        0 => Ok(()),
        count if count > NAMED_SERVICES => {
            let named = names[..NAMED_SERVICES].join(", ");
            write!(f, " ({named} and {} more)", count - NAMED_SERVICES)
        }
        _ => write!(f, " ({})", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Addresses {
        Addresses::parse(text)[0]
    }

    #[test]
    fn services_are_sorted_by_port() {
        assert!(SERVICES.is_sorted_by(|left, right| left.0 < right.0));
    }

    #[test]
    fn texts_become_ranges_and_print_as_prefixes() {
        assert_eq!(one("10.1.2.3/8").to_string(), "10.0.0.0/8");
        assert_eq!(one("1.2.3.4").to_string(), "1.2.3.4/32");
        assert_eq!(one("::/0").to_string(), "::/0");
        assert_eq!(Addresses::parse("Internet").len(), 2);
        assert_eq!(Addresses::parse("1.1.1.1, 2.2.2.0/24").len(), 2);
        assert!(Addresses::parse("VirtualNetwork").is_empty() && Addresses::parse("").is_empty());
        let odd = Addresses::between("1.0.0.1", "1.0.0.9").unwrap();
        assert_eq!(odd.to_string(), "1.0.0.1-1.0.0.9");
        assert_eq!(Addresses::between("0.0.0.0", "0.0.0.0").unwrap().to_string(), "0.0.0.0/0");
        assert_eq!(Addresses::between("9.0.0.0", "1.0.0.0"), None);
        assert_eq!(Addresses::between("1.0.0.0", "::1"), None);
    }

    #[test]
    fn halves_cover_the_whole() {
        let whole = one("0.0.0.0/0");
        assert!(whole.is_covered_by(vec![one("128.0.0.0/1"), one("::/0"), one("0.0.0.0/1")]));
        assert!(!whole.is_covered_by(vec![one("128.0.0.0/1"), one("0.0.0.0/2")]));
        assert!(!whole.is_covered_by(vec![one("::/0")]));
        assert!(one("::/0").is_covered_by(vec![one("::/1"), one("8000::/1")]));
        for (range, others) in [
            ("0.0.0.0/0", ["128.0.0.0/1", "::/0", "0.0.0.0/1"].as_slice()),
            ("0.0.0.0/0", &["128.0.0.0/1", "0.0.0.0/2"]),
            ("0.0.0.0/0", &["::/0"]),
            ("::/0", &["::/1", "8000::/1"]),
            ("10.1.0.0/16", &["10.0.0.0/8", "10.2.0.0/16"]),
            ("10.1.0.0/16", &[]),
        ] {
            let others: Vec<Addresses> = others.iter().map(|text| one(text)).collect();
            let both = (Union::of(others.clone()).covers(one(range)), one(range).is_covered_by(others));
            assert_eq!(both.0, both.1, "{range}");
        }
    }

    #[test]
    fn only_what_is_public_and_more_than_one_site_is_wide() {
        for wide in ["0.0.0.0/0", "8.0.0.0/8", "203.0.112.0/23", "10.0.0.0/7", "::/0", "2000::/3"] {
            assert!(one(wide).is_wide_and_public(), "{wide}");
        }
        for narrow in
            ["10.0.0.0/8", "203.0.113.0/24", "192.168.0.0/16", "240.0.0.0/4", "fd00::/8", "2001:db8:1::/48"]
        {
            assert!(!one(narrow).is_wide_and_public(), "{narrow}");
        }
    }

    #[test]
    fn traffic_contains_by_protocol_and_ports() {
        let web = Traffic::new("tcp", Some((443, 443)));
        assert!(Traffic::ALL.contains(&web) && Traffic::new("6", Some((1, 1024))).contains(&web));
        assert!(!Traffic::new("udp", None).contains(&web) && !web.contains(&Traffic::ALL));
        assert_eq!(Traffic::new("-1", Some((0, 0))), Traffic::ALL);
        assert_eq!(web.to_string(), "tcp port 443 (HTTPS)");
        assert_eq!(Traffic::new("tcp", Some((7, 7))).to_string(), "tcp port 7");
        assert_eq!(
            Traffic::new("tcp", Some((20, 25))).to_string(),
            "tcp ports 20-25 (FTP data, FTP, SSH, Telnet and 1 more)"
        );
        assert_eq!(Traffic::new("icmp", Some((8, 0))).to_string(), "all icmp traffic");
        assert_eq!(ports("8000-8080"), Some((8000, 8080)));
        assert_eq!(ports("*"), Some((0, 65_535)));
        assert_eq!(ports("ssh"), None);
    }
}
