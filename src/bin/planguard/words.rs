//! clap's view of the library's words: every flag that takes one of a set of words lists and reads them through here.

use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use planguard::rule::{UnknownWord, Word};
use planguard::settings::Chosen;

/// Reads one of the words of `W`, in lower or upper case where the argument says `ignore_case`.
pub(crate) fn word<W: Word + Send + Sync>() -> impl TypedValueParser<Value = W> {
    let values = W::ALL.iter().map(|value| {
        let listed = possible((value.as_str(), value.about()));
        match value.former() {
            Some(former) => listed.alias(former),
            None => listed,
        }
    });
    PossibleValuesParser::new(values)
        .try_map(|word| W::from_word(&word).ok_or_else(|| UnknownWord::of::<W>(&word)))
}

/// Reads `auto` or one of the words of `W`.
pub(crate) fn chosen<W: Word + Send + Sync>() -> impl TypedValueParser<Value = Chosen<W>> {
    PossibleValuesParser::new(Chosen::<W>::words().map(possible)).try_map(|word| Chosen::from_str(&word))
}

/// A word with its line of help.
fn possible((word, about): (&'static str, Option<&'static str>)) -> PossibleValue {
    let value = PossibleValue::new(word);
    match about {
        Some(about) => value.help(about),
        None => value,
    }
}
