//! Reads the packed files; `policies/schemas/README.md` describes their form.
//!
//! Nothing is unpacked: a lookup reads the few bytes that it needs. What does not have the form reads as absent.

use std::cmp::Ordering;
use std::sync::OnceLock;

use crate::Provider;
use crate::head::Written;

/// The first bytes of a packed file.
pub(crate) const MAGIC: &[u8] = b"PGS1";
/// How many strings of a table follow one that is written out.
pub(crate) const BUCKET: usize = 16;

/// A packed file: the types of one provider, or of google and google-beta together.
pub(crate) struct Packed {
    /// What the names of its types start with.
    pub(crate) prefix: &'static str,
    bytes: &'static [u8],
    parts: OnceLock<Option<Parts>>,
}

impl PartialEq for Packed {
    fn eq(&self, other: &Self) -> bool {
        self.prefix == other.prefix
    }
}

impl Eq for Packed {}

/// The parts of a packed file.
pub(crate) struct Parts {
    pub(crate) provider: Provider,
    heads: Vec<Written>,
    pub(crate) names: Strings,
    pub(crate) types: Strings,
    entries: &'static [u8],
    bodies: &'static [u8],
}

/// Where a type is found, as resource and as data source.
#[derive(Clone, Copy)]
pub(crate) enum Mode {
    Resource,
    Data,
}

/// The entry of a type.
pub(crate) struct Entry {
    /// Where its body starts.
    pub(crate) body: usize,
    pub(crate) release: crate::Release,
    pub(crate) beta: bool,
}

/// One attribute of a body: the number of its name, what is said of it, and where its own body starts.
pub(crate) struct Member<'p> {
    pub(crate) name: usize,
    pub(crate) head: &'p Written,
    pub(crate) body: Option<usize>,
}

impl Packed {
    pub(crate) const fn new(prefix: &'static str, bytes: &'static [u8]) -> Self {
        Self { prefix, bytes, parts: OnceLock::new() }
    }

    pub(crate) fn parts(&'static self) -> Option<&'static Parts> {
        self.parts.get_or_init(|| Parts::read(self.bytes)).as_ref()
    }
}

impl Parts {
    fn read(bytes: &'static [u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(MAGIC)?;
        let (lengths, mut rest) = rest.split_at_checked(8 * 4)?;
        let mut section = |index: usize| {
            let length = u32_at(lengths, index)?;
            let (section, after) = rest.split_at_checked(length)?;
            rest = after;
            Some(section)
        };
        let about = std::str::from_utf8(section(0)?).ok()?;
        let heads = std::str::from_utf8(section(1)?).ok()?;
        let names = Strings { buckets: section(2)?, bytes: section(3)? };
        let types = Strings { buckets: section(4)?, bytes: section(5)? };
        Some(Self {
            provider: Provider::read(about)?,
            heads: heads.lines().map(Written::new).collect(),
            names,
            types,
            entries: section(6)?,
            bodies: section(7)?,
        })
    }

    /// The number of types, resource types and data sources together.
    pub(crate) fn type_count(&self) -> usize {
        self.entries.len() / 8
    }

    /// The entry of the type of this number, if it is one of that mode.
    pub(crate) fn entry(&self, number: usize, mode: Mode) -> Option<Entry> {
        let column = match mode {
            Mode::Resource => 0,
            Mode::Data => 1,
        };
        let word = u32_at(self.entries, number * 2 + column)?;
        Some(Entry {
            body: (word & 0x0fff_ffff).checked_sub(1)?,
            release: match word >> 28 & 3 {
                0 => crate::Release::Present,
                1 => crate::Release::Older,
                _ => crate::Release::Newer,
            },
            beta: word >> 30 & 1 == 1,
        })
    }

    /// The attributes of the body at a position, ordered by name.
    pub(crate) fn body(&self, position: usize) -> impl Iterator<Item = Member<'_>> {
        let mut cursor = Cursor { bytes: self.bodies, at: position };
        let count = cursor.number().unwrap_or(0);
        let mut name = 0;
        (0..count).map_while(move |_| {
            name += cursor.number()?;
            let head = self.heads.get(cursor.number()?)?;
            let body = if head.has_body { Some(position.checked_sub(cursor.number()?)?) } else { None };
            Some(Member { name, head, body })
        })
    }
}

/// A sorted table of strings. Each shares its start with the one before; every sixteenth is written out.
pub(crate) struct Strings {
    /// Where the buckets start.
    buckets: &'static [u8],
    bytes: &'static [u8],
}

impl Strings {
    /// The string of this number.
    pub(crate) fn get(&self, number: usize) -> Option<String> {
        let mut bucket = self.bucket(number / BUCKET)?;
        for _ in 0..number % BUCKET {
            bucket.advance()?;
        }
        bucket.advance()?;
        String::from_utf8(bucket.text).ok()
    }

    /// The number of a string.
    pub(crate) fn find(&self, wanted: &str) -> Option<usize> {
        let (mut low, mut high) = (0, self.buckets.len() / 4);
        while low < high {
            let middle = low.midpoint(high);
            if self.bucket(middle)?.first()? <= wanted.as_bytes() {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let index = low.checked_sub(1)?;
        let mut bucket = self.bucket(index)?;
        for number in 0..BUCKET {
            bucket.advance()?;
            match bucket.text.as_slice().cmp(wanted.as_bytes()) {
                Ordering::Less => {}
                Ordering::Equal => return Some(index * BUCKET + number),
                Ordering::Greater => return None,
            }
        }
        None
    }

    fn bucket(&self, index: usize) -> Option<Bucket> {
        let at = u32_at(self.buckets, index)?;
        Some(Bucket { cursor: Cursor { bytes: self.bytes, at }, text: Vec::new() })
    }
}

/// Goes through the strings of a bucket.
struct Bucket {
    cursor: Cursor,
    text: Vec<u8>,
}

impl Bucket {
    /// Reads the next string into `text`.
    fn advance(&mut self) -> Option<()> {
        let shared = self.cursor.number()?;
        let rest = self.cursor.text()?;
        self.text.truncate(shared);
        self.text.extend_from_slice(rest);
        Some(())
    }

    fn first(&mut self) -> Option<&'static [u8]> {
        self.cursor.number()?;
        self.cursor.text()
    }
}

struct Cursor {
    bytes: &'static [u8],
    at: usize,
}

impl Cursor {
    /// Seven bits a byte, the lowest first; the highest bit says that another byte follows.
    fn number(&mut self) -> Option<usize> {
        let mut number = 0;
        for shift in [0, 7, 14, 21] {
            let byte = *self.bytes.get(self.at)?;
            self.at += 1;
            number |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn text(&mut self) -> Option<&'static [u8]> {
        let length = self.number()?;
        let text = self.bytes.get(self.at..self.at + length)?;
        self.at += length;
        Some(text)
    }
}

fn u32_at(bytes: &[u8], index: usize) -> Option<usize> {
    let bytes = bytes.get(index * 4..index * 4 + 4)?;
    usize::try_from(u32::from_le_bytes(bytes.try_into().ok()?)).ok()
}
