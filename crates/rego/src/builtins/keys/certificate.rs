//! Reads certificates (RFC 5280).

use std::collections::BTreeSet;
use std::net::IpAddr;

use chrono::{DateTime, NaiveDateTime, Utc};

use super::der::{self, BitStringRef, Element, OctetStringRef, Reader, SliceReader, Tag};
use super::hash::Hash;
use super::public::Scheme;

/// A certificate.
pub(super) struct Certificate<'d> {
    pub whole: &'d [u8],
    /// The part that the signature is for.
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
    /// The basic constraints, if the certificate has them.
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

/// A signature algorithm, with Go's number for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SignatureAlgorithm {
    pub number: u64,
    /// `None` if the algorithm is unknown or no longer trusted.
    pub scheme: Option<Scheme>,
}

const CERTIFICATES: [u64; 3] = [2, 5, 29];

impl<'d> Extension<'d> {
    /// The last number of an identifier below 2.5.29.
    pub(super) fn number(&self) -> Option<u64> {
        match self.kind.as_slice() {
            [start @ .., last] if *start == CERTIFICATES => Some(*last),
            _ => None,
        }
    }

    /// A reader of the value.
    pub(super) fn reader(&self) -> der::Result<SliceReader<'d>> {
        SliceReader::new(self.value)
    }

    /// The value's first element, which has this tag.
    pub(super) fn element(&self, tag: Tag) -> der::Result<Element<'d>> {
        der::next(&mut self.reader()?, tag)
    }
}

impl<'d> Certificate<'d> {
    /// Reads a certificate.
    pub(super) fn read(certificate: Element<'d>) -> der::Result<Self> {
        let mut outer = certificate.expect(Tag::Sequence)?.reader()?;
        let signed = der::next(&mut outer, Tag::Sequence)?;
        let algorithm = der::next(&mut outer, Tag::Sequence)?;
        let signature = der::whole_bits(outer.decode()?)?;
        outer.finish()?;

        let mut fields = signed.reader()?;
        let version = match der::optional(&mut fields, der::field(0))? {
            Some(version) => match der::next(&mut version.reader()?, Tag::Integer)?.content {
                [number] => u64::from(*number) + 1,
                _ => return Err(Tag::Integer.value_error().into()),
            },
            None => 1,
        };
        let serial = der::next(&mut fields, Tag::Integer)?.content;
        // The algorithm is named twice, inside and outside the signed part, and must be the same.
        if der::next(&mut fields, Tag::Sequence)?.whole != algorithm.whole {
            return Err(Tag::Sequence.value_error().into());
        }
        let issuer = der::next(&mut fields, Tag::Sequence)?;
        let mut validity = der::next(&mut fields, Tag::Sequence)?.reader()?;
        let (not_before, not_after) = (time(validity.decode()?)?, time(validity.decode()?)?);
        let subject = der::next(&mut fields, Tag::Sequence)?;
        let key = der::next(&mut fields, Tag::Sequence)?;
        for unique_id in [1, 2] {
            der::optional(&mut fields, der::plain_field(unique_id))?;
        }
        let extensions = match der::optional(&mut fields, der::field(3))? {
            Some(extensions) => read_extensions(extensions)?,
            None => Vec::new(),
        };
        fields.finish()?;
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
                Some(15) => read.key_usage = key_usage(extension.reader()?.decode()?)?,
                Some(17) => read.names = alternative_names(extension.element(Tag::Sequence)?)?,
                Some(19) => read.constraints = Some(basic_constraints(extension.element(Tag::Sequence)?)?),
                Some(37) => {
                    let usages = extension.element(Tag::Sequence)?.parts()?;
                    read.extended_key_usage = usages.iter().map(Element::oid).collect::<der::Result<_>>()?;
                }
                _ => {}
            }
        }
        read.extensions = extensions;
        Ok(read)
    }

    pub(super) fn extension(&self, number: u64) -> Option<&Extension<'d>> {
        self.extensions.iter().find(|extension| extension.number() == Some(number))
    }

    pub(super) fn is_authority(&self) -> bool {
        self.constraints.is_some_and(|constraints| constraints.is_authority)
    }
}

fn read_extensions(extensions: Element<'_>) -> der::Result<Vec<Extension<'_>>> {
    let mut read: Vec<Extension<'_>> = Vec::new();
    let mut kinds = BTreeSet::new();
    for extension in der::next(&mut extensions.reader()?, Tag::Sequence)?.parts()? {
        let mut parts = extension.reader()?;
        let kind = parts.decode::<Element<'_>>()?.oid()?;
        let is_critical = parts.decode::<Option<bool>>()?.unwrap_or_default();
        let value = parts.decode::<&OctetStringRef>()?.as_bytes();
        // With two of one kind, it would be unclear which one counts.
        if !kinds.insert(kind.clone()) {
            return Err(Tag::Sequence.value_error().into());
        }
        read.push(Extension { kind, is_critical, value });
    }
    Ok(read)
}

/// UTCTime or GeneralizedTime (section 4.1.2.5). The types of the `der` crate have no time before 1970.
fn time(element: Element<'_>) -> der::Result<DateTime<Utc>> {
    let read = || {
        let text = std::str::from_utf8(element.content).ok()?.strip_suffix('Z')?;
        let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let text = match (element.tag, text.len()) {
            (Tag::UtcTime, 12) if is_digits => {
                let century = if text < "50" { "20" } else { "19" };
                format!("{century}{text}")
            }
            (Tag::GeneralizedTime, 14) if is_digits => text.to_owned(),
            _ => return None,
        };
        NaiveDateTime::parse_from_str(&text, "%Y%m%d%H%M%S").ok().map(|time| time.and_utc())
    };
    read().ok_or_else(|| element.tag.value_error().into())
}

fn basic_constraints(constraints: Element<'_>) -> der::Result<BasicConstraints> {
    let mut parts = constraints.reader()?;
    let is_authority = parts.decode::<Option<bool>>()?.unwrap_or_default();
    let longest_path = parts.decode::<Option<u32>>()?.map(u64::from);
    Ok(BasicConstraints { is_authority, longest_path })
}

/// The bits in the order of the standard, the first one as the lowest. Unused bits must be 0, which the `der` crate
/// does not check.
fn key_usage(bits: BitStringRef<'_>) -> der::Result<u64> {
    let unused = bits.raw_bytes().last().map_or(0, |last| last & !(0xff << bits.unused_bits()));
    if unused != 0 {
        return Err(Tag::BitString.value_error().into());
    }
    Ok((0..9).filter(|index| bits.get(*index) == Some(true)).fold(0, |usage, index| usage | 1 << index))
}

fn alternative_names(names: Element<'_>) -> der::Result<AlternativeNames> {
    let mut read = AlternativeNames::default();
    for name in names.parts()? {
        let wrong = || der::Error::from(name.tag.value_error());
        let text = || {
            let text = String::from_utf8(name.content.to_vec()).ok().filter(|text| text.is_ascii());
            text.ok_or_else(wrong)
        };
        let Tag::ContextSpecific { constructed: false, number } = name.tag else { continue };
        match number.value() {
            1 => read.mails.push(text()?),
            2 => read.domains.push(text()?),
            6 => read.uris.push(text()?),
            7 => {
                let four = <[u8; 4]>::try_from(name.content).map(IpAddr::from);
                let sixteen = <[u8; 16]>::try_from(name.content).map(IpAddr::from);
                read.addresses.push(four.or(sixteen).map_err(|_| wrong())?);
            }
            _ => {}
        }
    }
    Ok(read)
}

fn signature_algorithm(algorithm: Element<'_>) -> der::Result<SignatureAlgorithm> {
    let mut parts = algorithm.reader()?;
    let kind = parts.decode::<Element<'_>>()?.oid()?;
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
    Ok(SignatureAlgorithm { number, scheme })
}

/// The hash of a PSS signature is a parameter (RFC 4055, section 3.1); as in Go, only the usual ones are known.
fn pss_algorithm(mut parameters: SliceReader<'_>) -> (u64, Option<Scheme>) {
    let hash = der::next(&mut parameters, Tag::Sequence).and_then(|parameters| {
        let hash = der::next(&mut parameters.reader()?, der::field(0))?;
        let hash = der::next(&mut hash.reader()?, Tag::Sequence)?;
        hash.reader()?.decode::<Element<'_>>()?.oid()
    });
    match hash.as_deref() {
        Ok([2, 16, 840, 1, 101, 3, 4, 2, 1]) => (13, Some(Scheme::RsaPss(Hash::Sha256))),
        Ok([2, 16, 840, 1, 101, 3, 4, 2, 2]) => (14, Some(Scheme::RsaPss(Hash::Sha384))),
        Ok([2, 16, 840, 1, 101, 3, 4, 2, 3]) => (15, Some(Scheme::RsaPss(Hash::Sha512))),
        _ => (0, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bit_of_a_key_usage_is_the_lowest() {
        let usage = |unused, bytes| key_usage(BitStringRef::new(unused, bytes).unwrap());
        assert_eq!(usage(5, &[0xa0]).unwrap(), 0b101);
        assert_eq!(usage(7, &[0x02, 0x80]).unwrap(), 0b1_0100_0000);
        assert_eq!(usage(0, &[]).unwrap(), 0);
        assert!(usage(5, &[0xa1]).is_err(), "a bit that is not used is set");
    }
}
