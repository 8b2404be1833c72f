//! Finds values in a text in which they stand encoded: as base64, hexadecimal digits, or percent-encoded.
//!
//! The text is decoded, rather than the values encoded: a plan may have many and long secrets, of which a run prints
//! little, and base64 alone has six forms of each. So a long secret costs nothing, and none is too long to be found.

use std::ops::Range;

/// The places of a text that `find` finds something in once they are decoded. It finds nothing in fewer than `shortest`
/// bytes.
pub(super) fn spans(
    text: &str,
    shortest: usize,
    find: &dyn Fn(&[u8]) -> Vec<Range<usize>>,
) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    // A run that is too short for a value is skipped, which saves time and changes nothing.
    for run in runs(bytes, (shortest * 8).div_ceil(6), |byte| sextet(byte).is_some()) {
        found.extend(digits(bytes, &run, 6, sextet, find));
    }
    for run in runs(bytes, shortest * 2, |byte| byte.is_ascii_hexdigit()) {
        found.extend(digits(bytes, &run, 4, nibble, find));
    }
    found.extend(percent(bytes, find));
    found
}

/// The value of a digit of base64, in either alphabet.
fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

fn nibble(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// The longest stretches of such bytes.
fn runs(bytes: &[u8], shortest: usize, belongs: impl Fn(u8) -> bool) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let mut start = 0;
    for (position, byte) in bytes.iter().chain(&[0]).enumerate() {
        if !belongs(*byte) {
            if position - start >= shortest {
                runs.push(start..position);
            }
            start = position + 1;
        }
    }
    runs
}

/// Decodes digits of so many bits, from each digit at which a byte may begin: the text may stand behind others that
/// are digits as well.
fn digits(
    bytes: &[u8],
    run: &Range<usize>,
    bits: usize,
    value: fn(u8) -> Option<u8>,
    find: &dyn Fn(&[u8]) -> Vec<Range<usize>>,
) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    // Four digits of base64 are three bytes, two hexadecimal ones are one.
    for offset in 0..if bits == 6 { 4 } else { 2 } {
        let mut decoded = Vec::with_capacity(run.len());
        let (mut pending, mut held): (u32, usize) = (0, 0);
        for digit in bytes.get(run.start + offset..run.end).unwrap_or_default() {
            pending = pending << bits | u32::from(value(*digit).unwrap_or_default());
            held += bits;
            if held >= 8 {
                held -= 8;
                decoded.push(u8::try_from(pending >> held & 0xff).unwrap_or_default());
                pending &= (1 << held) - 1;
            }
        }
        for place in find(&decoded) {
            let start = run.start + offset + place.start * 8 / bits;
            let mut end = run.start + offset + (place.end * 8).div_ceil(bits);
            if end == run.end {
                end += bytes.iter().skip(end).take_while(|byte| **byte == b'=').count();
            }
            found.push(start..end);
        }
    }
    found
}

/// Decodes `%XX`, once with a `+` as it is and once as the blank that it stands for in forms.
fn percent(bytes: &[u8], find: &dyn Fn(&[u8]) -> Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for plus in if bytes.contains(&b'+') { &b"+ "[..] } else { &b"+"[..] } {
        // The place of each decoded byte, and that of the end.
        let (mut decoded, mut places) = (Vec::new(), Vec::new());
        let mut position = 0;
        let mut changed = false;
        while let Some(byte) = bytes.get(position) {
            places.push(position);
            let pair = (*byte == b'%').then(|| {
                let digit = |offset: usize| bytes.get(position + offset).copied().and_then(nibble);
                Some(digit(1)? << 4 | digit(2)?)
            });
            if let Some(Some(byte)) = pair {
                decoded.push(byte);
                position += 3;
                changed = true;
            } else {
                let blank = *byte == b'+' && *plus == b' ';
                changed |= blank;
                decoded.push(if blank { b' ' } else { *byte });
                position += 1;
            }
        }
        places.push(position);
        if changed {
            let place = |position: usize| places.get(position).copied().unwrap_or(bytes.len());
            found.extend(find(&decoded).into_iter().map(|span| place(span.start)..place(span.end)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use memchr::memmem;

    use super::*;

    fn found(text: &str, value: &str) -> Vec<String> {
        let find = |decoded: &[u8]| {
            memmem::find_iter(decoded, value).map(|start| start..start + value.len()).collect::<Vec<_>>()
        };
        let mut found: Vec<String> =
            spans(text, value.len(), &find).into_iter().map(|span| text[span].to_owned()).collect();
        found.dedup();
        found
    }

    #[test]
    fn base64_is_found_in_both_alphabets_with_and_without_padding() {
        assert_eq!(found("x aHVudGVyMj4+Pz8= y", "hunter2>>??"), ["aHVudGVyMj4+Pz8="]);
        assert_eq!(found("x aHVudGVyMj4-Pz8 y", "hunter2>>??"), ["aHVudGVyMj4-Pz8"]);
        assert_eq!(found("x aHVuPz8/dGVy y", "hun???ter"), ["aHVuPz8/dGVy"]);
        assert_eq!(found("x aHVuPz8_dGVy y", "hun???ter"), ["aHVuPz8_dGVy"]);
    }

    #[test]
    fn base64_is_found_within_longer_texts_at_each_alignment() {
        // `hunter2-hunter2` behind one, two and three letters, and before one.
        for text in ["YWh1bnRlcjItaHVudGVyMno", "YWFodW50ZXIyLWh1bnRlcjJ6", "YWFhaHVudGVyMi1odW50ZXIyeg=="] {
            assert_eq!(found(text, "hunter2-hunter2").len(), 1, "{text}");
        }
        // A path before it is made of the same digits.
        assert_eq!(found("/b/aHVudGVyMi1odW50ZXIy", "hunter2-hunter2"), ["aHVudGVyMi1odW50ZXIy"]);
    }

    #[test]
    fn hexadecimal_digits_are_found_in_both_cases() {
        assert_eq!(found("0x68756e74657232", "hunter2"), ["68756e74657232"]);
        assert_eq!(found("68756E74657232", "hunter2"), ["68756E74657232"]);
    }

    #[test]
    fn percent_encoded_values_are_found_in_urls_and_forms() {
        assert_eq!(found("?p=hun%2Fter%202&q", "hun/ter 2"), ["hun%2Fter%202"]);
        assert_eq!(found("?p=hun%2fter+2&q", "hun/ter 2"), ["hun%2fter+2"]);
        assert_eq!(found("?p=hun%2fter+2&q", "hun/ter+2"), ["hun%2fter+2"]);
        assert_eq!(found("100% of é, 5 %zz", "hunter2"), [""; 0]);
    }
}
