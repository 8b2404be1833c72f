//! The elements of ASN.1's distinguished encoding (X.690).

/// One element.
#[derive(Clone, Copy)]
pub(super) struct Element<'d> {
    pub tag: u8,
    /// With its tag and length.
    pub whole: &'d [u8],
    pub content: &'d [u8],
}

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BITS: u8 = 0x03;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;

/// Reads elements one after the other.
#[derive(Clone, Copy)]
pub(super) struct Reader<'d>(pub &'d [u8]);

impl<'d> Reader<'d> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next element, if its length is written in the one way that is allowed.
    pub(super) fn next(&mut self) -> Option<Element<'d>> {
        let [tag, first, rest @ ..] = self.0 else { return None };
        // Tags of several bytes occur in no certificate.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (length, content) = if *first < 0x80 {
            (usize::from(*first), rest)
        } else {
            let count = usize::from(first & 0x7f);
            if !(1..=4).contains(&count) {
                return None;
            }
            let (bytes, content) = rest.split_at_checked(count)?;
            let length = bytes.iter().fold(0usize, |length, byte| length << 8 | usize::from(*byte));
            (length >= 0x80 && bytes[0] != 0).then_some((length, content))?
        };
        let (content, rest) = content.split_at_checked(length)?;
        let whole = &self.0[..self.0.len() - rest.len()];
        self.0 = rest;
        Some(Element { tag: *tag, whole, content })
    }

    /// The next element, which has this tag.
    pub(super) fn expect(&mut self, tag: u8) -> Option<Element<'d>> {
        self.next().filter(|element| element.tag == tag)
    }

    /// The next element if it has this tag; otherwise nothing is read.
    pub(super) fn optional(&mut self, tag: u8) -> Option<Element<'d>> {
        if self.0.first() == Some(&tag) { self.next() } else { None }
    }

    /// All that is left; none if it is no row of elements.
    pub(super) fn all(mut self) -> Option<Vec<Element<'d>>> {
        let mut elements = Vec::new();
        while !self.is_empty() {
            elements.push(self.next()?);
        }
        Some(elements)
    }
}

impl<'d> Element<'d> {
    pub(super) fn reader(&self) -> Reader<'d> {
        Reader(self.content)
    }

    /// The numbers of an object identifier.
    pub(super) fn oid(&self) -> Option<Vec<u64>> {
        let mut numbers = Vec::new();
        let mut number: u64 = 0;
        for byte in self.content {
            number = number.checked_mul(128)? | u64::from(byte & 0x7f);
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
        (self.tag == OID && is_complete).then_some(numbers)
    }

    /// The bytes of a row of bits that fills its bytes.
    pub(super) fn whole_bits(&self) -> Option<&'d [u8]> {
        match self.content {
            [0, bytes @ ..] if self.tag == BITS => Some(bytes),
            _ => None,
        }
    }

    /// The bytes of an integer that is not negative, without leading zeros; none if it has more of those than it
    /// needs, as there is only one way to write a number.
    pub(super) fn unsigned(&self) -> Option<&'d [u8]> {
        match self.content {
            [0, 0..0x80, ..] => None,
            [0, bytes @ ..] if self.tag == INTEGER => Some(bytes),
            [0..0x80, ..] if self.tag == INTEGER => Some(self.content),
            _ => None,
        }
    }

    /// A truth value; none if it is written in another way than the one that is allowed.
    pub(super) fn boolean(&self) -> Option<bool> {
        match self.content {
            [0] if self.tag == BOOLEAN => Some(false),
            [0xff] if self.tag == BOOLEAN => Some(true),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_read() {
        let mut reader = Reader(&[0x30, 3, 2, 1, 5, 6, 3, 0x2a, 0x86, 0x48]);
        let sequence = reader.expect(SEQUENCE).unwrap();
        assert_eq!(sequence.reader().expect(INTEGER).unwrap().unsigned(), Some(&[5u8][..]));
        assert_eq!(reader.next().unwrap().oid(), Some(vec![1, 2, 840]));
        assert!(reader.is_empty());
    }

    #[test]
    fn what_is_cut_off_or_written_otherwise_is_none() {
        for bytes in [
            &[0x30][..],
            &[0x30, 2, 1],
            &[0x30, 0x81, 1, 0],
            &[0x30, 0x80, 0, 0],
            &[0x1f, 1, 0],
            &[0x30, 0x85, 1, 1, 1, 1, 1],
        ] {
            assert!(Reader(bytes).next().is_none(), "{bytes:?}");
        }
        assert!(Element { tag: OID, whole: &[], content: &[0x2a, 0x86] }.oid().is_none());
        let integer = |content| Element { tag: INTEGER, whole: &[], content };
        for content in [&[][..], &[0x80], &[0, 0x7f], &[0, 0, 0x80]] {
            assert_eq!(integer(content).unsigned(), None, "{content:?}");
        }
        assert_eq!(integer(&[0, 0x80]).unsigned(), Some(&[0x80u8][..]));
        let boolean = |content| Element { tag: BOOLEAN, whole: &[], content };
        for content in [&[][..], &[1], &[0xff, 0xff]] {
            assert_eq!(boolean(content).boolean(), None, "{content:?}");
        }
        assert_eq!((boolean(&[0xff]).boolean(), boolean(&[0]).boolean()), (Some(true), Some(false)));
    }
}
