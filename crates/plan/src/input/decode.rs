//! Turns bytes into text: gzip, byte order marks, UTF-16; rejects binary plans.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use memchr::memmem;

use super::problem::{Problem, SizeStage, Utf16Fault};

/// How a document was turned into the text that was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoding {
    /// How the text was encoded.
    pub encoding: Encoding,
    /// How the bytes were compressed.
    pub compression: Compression,
    /// Whether a wrapper's lines were removed.
    pub wrapper_lines: WrapperLines,
    /// Who wrote the JSON.
    pub producer: Producer,
}

/// How text is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// UTF-8 after a byte order mark.
    Utf8WithBom,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
}

/// How bytes are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compression {
    /// Not at all.
    None,
    /// With gzip.
    Gzip,
}

/// Whether the lines were removed that the setup-terraform wrapper prints around JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WrapperLines {
    /// There were none.
    None,
    /// They were removed.
    Stripped,
}

/// Who wrote the JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Producer {
    /// The file contains the JSON.
    AsRead,
    /// `terraform show` converted a binary plan.
    Terraform,
}

/// Text, and how it was encoded. A byte order mark may precede `start`.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) text: String,
    pub(super) start: usize,
    pub(super) encoding: Encoding,
    pub(super) compression: Compression,
}

pub(super) const UTF8_BOM: &[u8] = &[0xef, 0xbb, 0xbf];
const UTF16_LE_BOM: &[u8] = &[0xff, 0xfe];
const UTF16_BE_BOM: &[u8] = &[0xfe, 0xff];
pub(super) const GZIP: &[u8] = &[0x1f, 0x8b];
pub(super) const ZIP: &[u8] = b"PK\x03\x04";
const ZIP_DIRECTORY_ENTRY: &[u8] = b"PK\x01\x02";
const EMPTY_ZIP: &[u8] = b"PK\x05\x06";
const OLD_PLAN: &[u8] = b"tfplan";

/// Decodes the bytes of a document, decompressed and transcoded to at most `cap` bytes.
pub(super) fn decode(bytes: Vec<u8>, cap: u64) -> Result<Decoded, Problem> {
    if bytes.starts_with(GZIP) {
        let inflated = inflate(&bytes, cap)?;
        return decode_text(inflated, Compression::Gzip, cap);
    }
    decode_text(bytes, Compression::None, cap)
}

/// Whether the bytes are a zip archive with the entry of a plan.
pub(super) fn is_binary_plan(bytes: &[u8]) -> bool {
    bytes.starts_with(ZIP) && (names_a_plan(bytes, 26, 30) || lists_a_plan(bytes))
}

/// Whether the directory of a zip archive, which is at its end, has the entry of a plan.
pub(super) fn lists_a_plan(bytes: &[u8]) -> bool {
    memmem::find_iter(bytes, ZIP_DIRECTORY_ENTRY)
        .filter_map(|at| bytes.get(at..))
        .any(|entry| names_a_plan(entry, 28, 46))
}

/// PKZIP's application note 6.3.10: the name's length and place, in an entry and in the directory.
fn names_a_plan(header: &[u8], length_at: usize, name_at: usize) -> bool {
    let length = header.get(length_at..).and_then(|rest| rest.first_chunk::<2>());
    length == Some(&6_u16.to_le_bytes()) && header.get(name_at..name_at + 6) == Some(OLD_PLAN)
}

/// Whether the bytes are a plan file of Terraform 0.11 or earlier: the word is followed by a version, not by text.
pub(super) fn is_old_plan(bytes: &[u8]) -> bool {
    bytes.strip_prefix(OLD_PLAN).and_then(<[u8]>::first).is_some_and(|version| (1..9).contains(version))
}

/// The text of the start of a UTF-16 document, which may be cut anywhere; `None` if it is not UTF-16.
pub(super) fn utf16_start(bytes: &[u8]) -> Option<String> {
    let (encoding, body) = utf16(bytes)?;
    let decoder = match encoding {
        Encoding::Utf16Be => encoding_rs::UTF_16BE,
        Encoding::Utf16Le | Encoding::Utf8 | Encoding::Utf8WithBom => encoding_rs::UTF_16LE,
    };
    Some(decoder.decode_without_bom_handling(body).0.into_owned())
}

fn inflate(bytes: &[u8], cap: u64) -> Result<Vec<u8>, Problem> {
    let mut inflated = Vec::new();
    MultiGzDecoder::new(bytes)
        .take(cap.saturating_add(1))
        .read_to_end(&mut inflated)
        .map_err(Problem::DamagedGzip)?;
    within(inflated, cap, SizeStage::Inflated)
}

/// The bytes, unless they are more than `cap`.
pub(super) fn within(bytes: Vec<u8>, cap: u64, stage: SizeStage) -> Result<Vec<u8>, Problem> {
    if bytes.len() as u64 > cap { Err(Problem::TooLarge { cap, stage }) } else { Ok(bytes) }
}

fn decode_text(bytes: Vec<u8>, compression: Compression, cap: u64) -> Result<Decoded, Problem> {
    if bytes.is_empty() {
        return Err(Problem::Empty);
    }
    if is_binary_plan(&bytes) {
        return Err(Problem::BinaryPlan);
    }
    if bytes.starts_with(ZIP) || bytes.starts_with(EMPTY_ZIP) {
        return Err(Problem::Zip);
    }
    if bytes.starts_with(OLD_PLAN) {
        return Err(Problem::OldBinaryPlan);
    }
    let (text, start, encoding) = match utf16(&bytes) {
        Some((encoding, body)) => {
            let text = transcode(body, encoding)?;
            let text = within(text.into_bytes(), cap, SizeStage::Transcoded)?;
            (text, 0, encoding)
        }
        None if bytes.starts_with(UTF8_BOM) => (bytes, UTF8_BOM.len(), Encoding::Utf8WithBom),
        None => (bytes, 0, Encoding::Utf8),
    };
    let text = String::from_utf8(text)
        .map_err(|error| Problem::NotUtf8 { byte: error.utf8_error().valid_up_to() })?;
    Ok(Decoded { text, start, encoding, compression })
}

/// The encoding and the bytes after its mark. Without a mark, a zero byte beside the opening brace
/// means UTF-16: JSON text never contains one.
fn utf16(bytes: &[u8]) -> Option<(Encoding, &[u8])> {
    let with_bom = |bom, encoding| bytes.strip_prefix(bom).map(|body| (encoding, body));
    let bare = |opening: &[u8], encoding| bytes.starts_with(opening).then_some((encoding, bytes));
    with_bom(UTF16_LE_BOM, Encoding::Utf16Le)
        .or_else(|| with_bom(UTF16_BE_BOM, Encoding::Utf16Be))
        .or_else(|| bare(b"{\0", Encoding::Utf16Le))
        .or_else(|| bare(b"\0{", Encoding::Utf16Be))
}

fn transcode(body: &[u8], encoding: Encoding) -> Result<String, Problem> {
    if !body.len().is_multiple_of(2) {
        return Err(Problem::DamagedUtf16(Utf16Fault::OddLength));
    }
    let decoder = match encoding {
        Encoding::Utf16Be => encoding_rs::UTF_16BE,
        Encoding::Utf16Le | Encoding::Utf8 | Encoding::Utf8WithBom => encoding_rs::UTF_16LE,
    };
    decoder
        .decode_without_bom_handling_and_without_replacement(body)
        .map(std::borrow::Cow::into_owned)
        .ok_or(Problem::DamagedUtf16(Utf16Fault::LoneSurrogate))
}

/// A zip archive with empty entries of these names.
#[cfg(test)]
pub(super) fn sample_zip(names: &[&str]) -> Vec<u8> {
    let (mut zip, mut directory) = (Vec::new(), Vec::new());
    for name in names {
        let length = u16::try_from(name.len()).unwrap_or_default().to_le_bytes();
        zip.extend([ZIP, &[0; 22], &length, &[0; 2], name.as_bytes()].concat());
        directory.extend([ZIP_DIRECTORY_ENTRY, &[0; 24], &length, &[0; 16], name.as_bytes()].concat());
    }
    [zip, directory, [EMPTY_ZIP, &[0; 18]].concat()].concat()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::write::GzEncoder;

    use super::*;

    const CAP: u64 = 1 << 20;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_bomb_stops_at_the_cap() {
        let bomb = gzip(&vec![b' '; 8 << 20]);
        assert!(bomb.len() < 64 << 10);
        assert!(matches!(decode(bomb, CAP), Err(Problem::TooLarge { cap: CAP, stage: SizeStage::Inflated })));
    }

    #[test]
    fn the_cap_itself_is_allowed() {
        assert!(decode(gzip(&[b' '; 100]), 100).is_ok());
        assert!(decode(gzip(&[b' '; 101]), 100).is_err());
    }

    #[test]
    fn gzip_cut_at_any_byte_is_refused() {
        let whole = gzip(b"{}");
        assert_eq!(decode(whole.clone(), CAP).unwrap().text, "{}");
        for end in 2..whole.len() {
            assert!(matches!(decode(whole[..end].to_vec(), CAP), Err(Problem::DamagedGzip(_))), "{end}");
        }
    }

    #[test]
    fn transcoding_counts_against_the_cap() {
        // Two bytes in UTF-16, three in UTF-8.
        let bytes: Vec<u8> = UTF16_LE_BOM
            .iter()
            .copied()
            .chain("計計計計".encode_utf16().flat_map(u16::to_le_bytes))
            .collect();
        assert!(decode(bytes.clone(), 12).is_ok());
        assert!(matches!(decode(bytes, 11), Err(Problem::TooLarge { stage: SizeStage::Transcoded, .. })));
    }

    #[test]
    fn damaged_utf16_is_refused() {
        let odd = b"\xff\xfe{\0}".to_vec();
        assert!(matches!(decode(odd, CAP), Err(Problem::DamagedUtf16(Utf16Fault::OddLength))));
        let lone = b"\xff\xfe\x00\xd8{\0".to_vec();
        assert!(matches!(decode(lone, CAP), Err(Problem::DamagedUtf16(Utf16Fault::LoneSurrogate))));
    }

    #[test]
    fn utf16_is_known_without_its_mark() {
        for (bytes, encoding) in [(b"{\0}\0", Encoding::Utf16Le), (b"\0{\0}", Encoding::Utf16Be)] {
            let decoded = decode(bytes.to_vec(), CAP).unwrap();
            assert_eq!((decoded.text.as_str(), decoded.encoding), ("{}", encoding));
        }
    }

    #[test]
    fn finds_the_plan_behind_other_entries_of_an_archive() {
        let mut zip = ZIP.to_vec();
        zip.extend([0; 22]);
        zip.extend([1, 0, 0, 0, b'a']);
        assert!(!is_binary_plan(&zip));
        zip.extend(ZIP_DIRECTORY_ENTRY);
        zip.extend([0; 24]);
        zip.extend([6, 0]);
        zip.extend([0; 16]);
        zip.extend(OLD_PLAN);
        assert!(is_binary_plan(&zip));
    }

    #[test]
    fn an_archive_without_a_plan_is_told_from_one_with_it() {
        for names in [&["abcdef"][..], &["tfplanned"], &["a", "b"]] {
            let zip = sample_zip(names);
            assert!(!is_binary_plan(&zip), "{names:?}");
            assert!(matches!(decode(zip, CAP), Err(Problem::Zip)), "{names:?}");
        }
        assert!(matches!(decode(sample_zip(&[]), CAP), Err(Problem::Zip)));
        assert!(matches!(decode(sample_zip(&["tfplan"]), CAP), Err(Problem::BinaryPlan)));
    }
}
