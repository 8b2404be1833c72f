//! Certificates (RFC 5280).

use std::collections::BTreeSet;
use std::net::IpAddr;

use chrono::{DateTime, NaiveDateTime, Utc};

use super::der::{self, Element, Reader};
use super::hash::Hash;
use super::public::Scheme;

/// One certificate.
pub(super) struct Certificate<'d> {
    pub whole: &'d [u8],
    /// What is signed.
    pub signed: &'d [u8],
    pub version: u64,
    pub serial: &'d [u8],
    pub algorithm: SignatureAlgorithm,
    pub signature: &'d [u8],
    pub issuer: Element<'d>,
    pub subject: Element<'d>,
    pub not_before: DateTime<Utc>,
    pub not_after: DateTime<Utc>,
    pub key: Element<'d>,
    pub extensions: Vec<Extension<'d>>,
    /// Whether it is a certificate authority, if it says so.
    pub constraints: Option<BasicConstraints>,
    pub key_usage: u64,
    pub extended_key_usage: Vec<Vec<u64>>,
    pub names: AlternativeNames,
}

pub(super) struct Extension<'d> {
    pub kind: Vec<u64>,
    pub is_critical: bool,
    pub value: &'d [u8],
}

#[derive(Clone, Copy)]
pub(super) struct BasicConstraints {
    pub is_authority: bool,
    pub longest_path: Option<u64>,
}

#[derive(Default)]
pub(super) struct AlternativeNames {
    pub domains: Vec<String>,
    pub mails: Vec<String>,
    pub addresses: Vec<IpAddr>,
    pub uris: Vec<String>,
}

/// How certificates are signed, with Go's number for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SignatureAlgorithm {
    pub number: u64,
    /// None for what is not trusted any more, or not known.
    pub scheme: Option<Scheme>,
}

const CERTIFICATES: [u64; 3] = [2, 5, 29];

impl<'d> Extension<'d> {
    /// The last number of what stands below 2.5.29.
    pub(super) fn number(&self) -> Option<u64> {
        match self.kind.as_slice() {
            [start @ .., last] if *start == CERTIFICATES => Some(*last),
            _ => None,
        }
    }

    pub(super) fn reader(&self) -> Reader<'d> {
        Reader(self.value)
    }
}

impl<'d> Certificate<'d> {
    /// Reads a certificate; none for what is broken.
    pub(super) fn read(certificate: Element<'d>) -> Option<Self> {
        let mut outer = (certificate.tag == der::SEQUENCE).then_some(certificate.reader())?;
        let signed = outer.expect(der::SEQUENCE)?;
        let algorithm = outer.expect(der::SEQUENCE)?;
        let signature = outer.next()?.whole_bits()?;
        outer.is_empty().then_some(())?;

        let mut fields = signed.reader();
        let version = match fields.optional(0xa0) {
            Some(version) => match version.reader().expect(der::INTEGER)?.content {
                [number] => u64::from(*number) + 1,
                _ => return None,
            },
            None => 1,
        };
        let serial = fields.expect(der::INTEGER)?.content;
        // The algorithm that is signed has to be the one that is used.
        (fields.expect(der::SEQUENCE)?.whole == algorithm.whole).then_some(())?;
        let issuer = fields.expect(der::SEQUENCE)?;
        let mut validity = fields.expect(der::SEQUENCE)?.reader();
        let (not_before, not_after) = (time(validity.next()?)?, time(validity.next()?)?);
        let subject = fields.expect(der::SEQUENCE)?;
        let key = fields.expect(der::SEQUENCE)?;
        let _ = (fields.optional(0x81), fields.optional(0x82));
        let extensions = match fields.optional(0xa3) {
            Some(extensions) => read_extensions(extensions)?,
            None => Vec::new(),
        };
        fields.is_empty().then_some(())?;
        let mut read = Self {
            whole: certificate.whole,
            signed: signed.whole,
            version,
            serial,
            algorithm: signature_algorithm(algorithm)?,
            signature,
            issuer,
            subject,
            not_before,
            not_after,
            key,
            extensions: Vec::new(),
            constraints: None,
            key_usage: 0,
            extended_key_usage: Vec::new(),
            names: AlternativeNames::default(),
        };
        for extension in &extensions {
            match extension.number() {
                Some(15) => read.key_usage = key_usage(extension.reader().expect(der::BITS)?.content)?,
                Some(17) => read.names = alternative_names(extension.reader().expect(der::SEQUENCE)?)?,
                Some(19) => {
                    read.constraints = Some(basic_constraints(extension.reader().expect(der::SEQUENCE)?)?)
                }
                Some(37) => {
                    let usages = extension.reader().expect(der::SEQUENCE)?.reader().all()?;
                    read.extended_key_usage = usages.iter().map(Element::oid).collect::<Option<_>>()?;
                }
                _ => {}
            }
        }
        read.extensions = extensions;
        Some(read)
    }

    pub(super) fn extension(&self, number: u64) -> Option<&Extension<'d>> {
        self.extensions.iter().find(|extension| extension.number() == Some(number))
    }

    pub(super) fn is_authority(&self) -> bool {
        self.constraints.is_some_and(|constraints| constraints.is_authority)
    }
}

fn read_extensions(extensions: Element<'_>) -> Option<Vec<Extension<'_>>> {
    let mut read: Vec<Extension<'_>> = Vec::new();
    let mut kinds = BTreeSet::new();
    for extension in extensions.reader().expect(der::SEQUENCE)?.reader().all()? {
        let mut parts = extension.reader();
        let kind = parts.expect(der::OID)?.oid()?;
        let is_critical = match parts.optional(der::BOOLEAN) {
            Some(critical) => critical.boolean()?,
            None => false,
        };
        let value = parts.expect(der::OCTETS)?.content;
        // Which of two would count?
        if !kinds.insert(kind.clone()) {
            return None;
        }
        read.push(Extension { kind, is_critical, value });
    }
    Some(read)
}

/// UTCTime or GeneralizedTime (section 4.1.2.5).
fn time(element: Element<'_>) -> Option<DateTime<Utc>> {
    let text = std::str::from_utf8(element.content).ok()?.strip_suffix('Z')?;
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let text = match (element.tag, text.len()) {
        (0x17, 12) if is_digits => {
            let century = if text < "50" { "20" } else { "19" };
            format!("{century}{text}")
        }
        (0x18, 14) if is_digits => text.to_owned(),
        _ => return None,
    };
    NaiveDateTime::parse_from_str(&text, "%Y%m%d%H%M%S").ok().map(|time| time.and_utc())
}

fn basic_constraints(constraints: Element<'_>) -> Option<BasicConstraints> {
    let mut parts = constraints.reader();
    let is_authority = match parts.optional(der::BOOLEAN) {
        Some(authority) => authority.boolean()?,
        None => false,
    };
    let longest_path = match parts.optional(der::INTEGER) {
        Some(length) => Some(length.unsigned().and_then(number)?),
        None => None,
    };
    Some(BasicConstraints { is_authority, longest_path })
}

fn number(bytes: &[u8]) -> Option<u64> {
    (bytes.len() <= 4).then(|| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// The bits in the order in which the standard has them, the first as the lowest.
fn key_usage(bits: &[u8]) -> Option<u64> {
    let (_, bytes) = bits.split_first()?;
    let bit = |index: usize| bytes.get(index / 8).is_some_and(|byte| byte & (0x80 >> (index % 8)) != 0);
    Some((0..9).filter(|index| bit(*index)).fold(0, |usage, index| usage | 1 << index))
}

fn alternative_names(names: Element<'_>) -> Option<AlternativeNames> {
    let mut read = AlternativeNames::default();
    for name in names.reader().all()? {
        let text = || String::from_utf8(name.content.to_vec()).ok().filter(|text| text.is_ascii());
        match name.tag {
            0x81 => read.mails.push(text()?),
            0x82 => read.domains.push(text()?),
            0x86 => read.uris.push(text()?),
            0x87 => read.addresses.push(match name.content.len() {
                4 => <[u8; 4]>::try_from(name.content).ok()?.into(),
                16 => <[u8; 16]>::try_from(name.content).ok()?.into(),
                _ => return None,
            }),
            _ => {}
        }
    }
    Some(read)
}

fn signature_algorithm(algorithm: Element<'_>) -> Option<SignatureAlgorithm> {
    let mut parts = algorithm.reader();
    let kind = parts.expect(der::OID)?.oid()?;
    let (number, scheme) = match kind.as_slice() {
        [1, 2, 840, 113549, 1, 1, last] => match last {
            2 => (1, None),
            4 => (2, None),
            5 => (3, None),
            11 => (4, Some(Scheme::RsaPkcs1(Hash::Sha256))),
            12 => (5, Some(Scheme::RsaPkcs1(Hash::Sha384))),
            13 => (6, Some(Scheme::RsaPkcs1(Hash::Sha512))),
            10 => pss_algorithm(parts),
            _ => (0, None),
        },
        [1, 2, 840, 10045, 4, 1] => (9, None),
        [1, 2, 840, 10045, 4, 3, last] => match last {
            2 => (10, Some(Scheme::Ecdsa(Hash::Sha256))),
            3 => (11, Some(Scheme::Ecdsa(Hash::Sha384))),
            4 => (12, Some(Scheme::Ecdsa(Hash::Sha512))),
            _ => (0, None),
        },
        [1, 3, 101, 112] => (16, Some(Scheme::Ed25519)),
        _ => (0, None),
    };
    Some(SignatureAlgorithm { number, scheme })
}

/// The hash of a PSS signature is a parameter (RFC 4055, section 3.1); only the usual ones are known to Go too.
fn pss_algorithm(mut parameters: Reader<'_>) -> (u64, Option<Scheme>) {
    let hash = parameters.expect(der::SEQUENCE).and_then(|parameters| {
        let hash = parameters.reader().expect(0xa0)?.reader().expect(der::SEQUENCE)?;
        hash.reader().expect(der::OID)?.oid()
    });
    match hash.as_deref() {
        Some([2, 16, 840, 1, 101, 3, 4, 2, 1]) => (13, Some(Scheme::RsaPss(Hash::Sha256))),
        Some([2, 16, 840, 1, 101, 3, 4, 2, 2]) => (14, Some(Scheme::RsaPss(Hash::Sha384))),
        Some([2, 16, 840, 1, 101, 3, 4, 2, 3]) => (15, Some(Scheme::RsaPss(Hash::Sha512))),
        _ => (0, None),
    }
}
