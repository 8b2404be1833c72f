//! Says in one pass which markers of credentials a text has: most texts have none, and are looked at no further.

use super::FORMS;

/// How many bytes of a marker are looked up at once; no marker is shorter.
const BEGINNING: usize = 3;

/// Many more than there are markers, so that little else in a text has the bit of one.
const BITS: usize = 1 << 14;

/// Bits for the hashes of the beginnings of all markers.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses what is out of bounds")]
static BEGINNINGS: [u64; BITS / 64] = {
    let mut beginnings = [0; BITS / 64];
    let mut position = 0;
    while position < FORMS.len() {
        let marker = FORMS[position].marker.as_bytes();
        let hash = hash((marker[0] as u32) << 16 | (marker[1] as u32) << 8 | marker[2] as u32);
        beginnings[hash / 64] |= 1 << (hash % 64);
        position += 1;
    }
    beginnings
};

const fn hash(beginning: u32) -> usize {
    (beginning.wrapping_mul(0x9e37_79b1) >> 18) as usize & (BITS - 1)
}

/// A bit for each of the forms whose marker is in a text, in their order.
pub(super) fn in_text(text: &[u8]) -> u32 {
    let mut present = 0;
    let mut beginning: u32 = 0;
    for (last, byte) in text.iter().enumerate() {
        beginning = (beginning << 8 | u32::from(*byte)) & 0xff_ffff;
        let hash = hash(beginning);
        if BEGINNINGS.get(hash / 64).is_some_and(|word| word >> (hash % 64) & 1 == 1) {
            present |= starting(text, (last + 1).saturating_sub(BEGINNING));
        }
    }
    present
}

/// A bit for each of the forms whose marker is at this place.
#[cold]
fn starting(text: &[u8], start: usize) -> u32 {
    let rest = text.get(start..).unwrap_or_default();
    let mut present = 0;
    for (position, form) in FORMS.iter().enumerate() {
        present |= u32::from(rest.starts_with(form.marker.as_bytes())) << position;
    }
    present
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn markers_are_long_enough_and_few_enough() {
        assert!(FORMS.len() <= 32);
        for form in &FORMS {
            assert!(form.marker.len() >= BEGINNING, "{}", form.marker);
        }
    }

    proptest! {
        #[test]
        fn a_marker_is_present_if_the_text_contains_it(
            parts in proptest::collection::vec((0..FORMS.len(), "[ -~\u{e9}]{0,5}", 0..3_usize), 0..4),
        ) {
            // Also markers of which the end is missing.
            let text: String = parts
                .iter()
                .map(|(form, between, missing)| {
                    let marker = FORMS[*form].marker;
                    format!("{}{between}", &marker[..marker.len() - missing])
                })
                .collect();
            for (position, form) in FORMS.iter().enumerate() {
                prop_assert_eq!(in_text(text.as_bytes()) >> position & 1 == 1, text.contains(form.marker), "{}", form.marker);
            }
        }
    }
}
