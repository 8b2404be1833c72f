//! Enums whose values users write as words in flags, environment variables and files.

use std::fmt;

/// An enum whose values have names for users. Flags, environment variables and files all parse it through this trait,
/// so that its words are defined once.
pub trait Word: Copy + Eq + 'static {
    /// The noun for a value, with its article: `a severity`.
    const KIND: &'static str;

    /// Every value, in the order of help and messages.
    const ALL: &'static [Self];

    /// Returns the word of a value.
    fn as_str(self) -> &'static str;

    /// Returns a line of help about a value, if its word is not clear enough.
    fn about(self) -> Option<&'static str> {
        None
    }

    /// Returns a former word of a value, which is still accepted but not listed.
    fn former(self) -> Option<&'static str> {
        None
    }

    /// Parses a word in any case.
    fn from_word(word: &str) -> Option<Self> {
        let is_meant = |known: &str| known.eq_ignore_ascii_case(word.trim());
        let mut values = Self::ALL.iter().copied();
        values.find(|value| is_meant(value.as_str()) || value.former().is_some_and(is_meant))
    }
}

/// An unknown word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownWord {
    /// The word.
    pub word: String,
    /// The noun for the expected values, with its article.
    pub kind: &'static str,
    /// The allowed words.
    pub allowed: Vec<&'static str>,
}

impl UnknownWord {
    /// Returns the error for a word that is not a value of `W`.
    pub fn of<W: Word>(word: &str) -> Self {
        Self {
            word: word.to_owned(),
            kind: W::KIND,
            allowed: W::ALL.iter().map(|value| value.as_str()).collect(),
        }
    }
}

impl fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not {}; use {}", self.word, self.kind, self.allowed.join(", "))
    }
}

impl std::error::Error for UnknownWord {}

/// Declares an enum with its words: `Word`, `Display` and `FromStr` follow from one list.
///
/// ```
/// planguard_rule::words! {
///     /// Which findings deny.
///     pub enum Gate is "a gate" {
///         /// All findings.
///         All = "all",
///         /// New findings.
///         Introduced = "introduced": "only what the plan introduces",
///     }
/// }
/// assert_eq!("introduced".parse(), Ok(Gate::Introduced));
/// ```
#[macro_export]
macro_rules! words {
    (
        $(#[$meta:meta])*
        $visibility:vis enum $name:ident is $kind:literal {
            $($(#[$variant_meta:meta])* $variant:ident = $word:literal $(or $former:literal)? $(: $about:literal)?,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $visibility enum $name {
            $($(#[$variant_meta])* $variant,)+
        }

        impl $crate::Word for $name {
            const KIND: &'static str = $kind;
            const ALL: &'static [Self] = &[$(Self::$variant),+];

            fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            fn about(self) -> Option<&'static str> {
                match self {
                    $(Self::$variant => $crate::words!(@option $($about)?),)+
                }
            }

            fn former(self) -> Option<&'static str> {
                match self {
                    $(Self::$variant => $crate::words!(@option $($former)?),)+
                }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad($crate::Word::as_str(*self))
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::UnknownWord;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                <Self as $crate::Word>::from_word(word).ok_or_else(|| $crate::UnknownWord::of::<Self>(word))
            }
        }
    };
    (@option) => { None };
    (@option $text:literal) => { Some($text) };
}

#[cfg(test)]
mod tests {
    use super::*;

    words! {
        /// A set for these tests.
        enum Size is "a size" {
            Small = "small",
            Large = "large" or "big": "more than ten",
        }
    }

    #[test]
    fn words_lead_back_to_their_values() {
        for size in Size::ALL {
            assert_eq!(size.to_string().parse(), Ok(*size));
        }
        assert_eq!("Large".parse(), Ok(Size::Large));
        assert_eq!("big".parse(), Ok(Size::Large));
        assert_eq!((Size::Small.about(), Size::Large.about()), (None, Some("more than ten")));
    }

    #[test]
    fn an_unknown_word_is_answered_with_the_known_ones() {
        let error = "huge".parse::<Size>().unwrap_err();
        assert_eq!(error.to_string(), "`huge` is not a size; use small, large");
    }
}
