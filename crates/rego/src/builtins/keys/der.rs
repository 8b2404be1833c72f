//! Reads ASN.1's distinguished encoding rules (X.690), with the `der` crate.

pub(super) use der::asn1::{BitStringRef, OctetStringRef, UintRef};
pub(super) use der::{Decode, Error, Reader, Result, SliceReader, Tag};

use der::asn1::AnyRef;
use der::{TagNumber, Tagged};

/// The tag of a numbered field that contains elements.
pub(super) const fn field(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: true, number: TagNumber(number) }
}

/// The tag of a numbered field that contains a value.
pub(super) const fn plain_field(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: false, number: TagNumber(number) }
}

/// An element with all its bytes, which signatures and Go's `Raw` fields need.
#[derive(Clone, Copy)]
pub(super) struct Element<'d> {
    /// The bytes, with tag and length.
    pub whole: &'d [u8],
    pub tag: Tag,
    pub content: &'d [u8],
}

impl<'d> Decode<'d> for Element<'d> {
    type Error = der::Error;

    fn decode<R: Reader<'d>>(reader: &mut R) -> Result<Self> {
        let whole = reader.tlv_bytes()?;
        let any = AnyRef::from_der(whole)?;
        Ok(Self { whole, tag: any.tag(), content: any.value() })
    }
}

impl<'d> Element<'d> {
    /// Returns a reader of the elements in it.
    pub(super) fn reader(&self) -> Result<SliceReader<'d>> {
        SliceReader::new(self.content)
    }

    /// Returns the elements in it.
    pub(super) fn parts(&self) -> Result<Vec<Self>> {
        all(self.content)
    }

    /// Returns the element if it has this tag, and an error otherwise.
    pub(super) fn expect(self, tag: Tag) -> Result<Self> {
        self.tag.assert_eq(tag)?;
        Ok(self)
    }

    /// Returns the numbers of an object identifier. The type of the `der` crate is limited to numbers of 32 bits and to
    /// 39 bytes, and Go's is not.
    pub(super) fn oid(&self) -> Result<Vec<u64>> {
        let wrong = || Tag::ObjectIdentifier.value_error();
        self.expect(Tag::ObjectIdentifier)?;
        let mut numbers = Vec::new();
        let mut number: u64 = 0;
        for byte in self.content {
            number = number.checked_mul(128).ok_or_else(wrong)? | u64::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                if numbers.is_empty() {
                    let first = (number / 40).min(2);
                    numbers.extend([first, number - first * 40]);
                } else {
                    numbers.push(number);
                }
                number = 0;
            }
        }
        let is_complete = self.content.last().is_some_and(|byte| byte & 0x80 == 0);
        if is_complete { Ok(numbers) } else { Err(wrong().into()) }
    }
}

/// Reads all elements.
pub(super) fn all(bytes: &[u8]) -> Result<Vec<Element<'_>>> {
    let mut reader = SliceReader::new(bytes)?;
    let mut elements = Vec::new();
    while !reader.is_finished() {
        elements.push(reader.decode()?);
    }
    Ok(elements)
}

/// Reads the next element, which must have this tag.
pub(super) fn next<'d>(reader: &mut SliceReader<'d>, tag: Tag) -> Result<Element<'d>> {
    reader.decode::<Element<'d>>()?.expect(tag)
}

/// Reads the next element if it has this tag, and nothing otherwise.
pub(super) fn optional<'d>(reader: &mut SliceReader<'d>, tag: Tag) -> Result<Option<Element<'d>>> {
    if reader.is_finished() || Tag::peek(reader)? != tag { Ok(None) } else { reader.decode().map(Some) }
}

/// Returns the bytes of a bit string, which must have no unused bits.
pub(super) fn whole_bits<'d>(bits: BitStringRef<'d>) -> Result<&'d [u8]> {
    bits.as_bytes().ok_or_else(|| Tag::BitString.value_error().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_read() {
        let mut reader = SliceReader::new(&[0x30, 3, 2, 1, 5, 6, 3, 0x2a, 0x86, 0x48]).unwrap();
        let sequence = next(&mut reader, Tag::Sequence).unwrap();
        let number: UintRef<'_> = sequence.reader().unwrap().decode().unwrap();
        assert_eq!((number.as_bytes(), sequence.whole), (&[5u8][..], &[0x30u8, 3, 2, 1, 5][..]));
        assert!(optional(&mut reader, field(0)).unwrap().is_none());
        assert_eq!(reader.decode::<Element<'_>>().unwrap().oid().unwrap(), [1, 2, 840]);
        assert!(reader.is_finished() && optional(&mut reader, field(0)).unwrap().is_none());
    }

    #[test]
    fn truncated_and_non_canonical_encodings_are_rejected() {
        for bytes in [
            &[0x30][..],
            &[0x30, 2, 1],
            &[0x30, 0x81, 1, 0],
            &[0x30, 0x80, 0, 0],
            &[0x1f, 1, 0],
            &[0x30, 0x85, 1, 1, 1, 1, 1],
        ] {
            assert!(Element::from_der(bytes).is_err(), "{bytes:?}");
        }
        assert!(Element::from_der(&[6, 2, 0x2a, 0x86]).unwrap().oid().is_err());
        for bytes in [&[2, 0][..], &[2, 1, 0x80], &[2, 2, 0, 0x7f], &[2, 3, 0, 0, 0x80]] {
            assert!(UintRef::from_der(bytes).is_err(), "{bytes:?}");
        }
        for bytes in [&[1, 0][..], &[1, 1, 1], &[1, 2, 0xff, 0xff]] {
            assert!(bool::from_der(bytes).is_err(), "{bytes:?}");
        }
    }
}
