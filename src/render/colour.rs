//! Colours for terminals.

use planguard_rule::Severity;

use crate::enforcement::Enforcement;

/// Whether text is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colour {
    /// Plain text.
    #[default]
    Off,
    /// With ANSI escape sequences.
    On,
}

/// What kind of text a colour is for.
#[derive(Clone, Copy)]
pub(super) enum Style {
    Severity(Severity),
    Enforcement(Enforcement),
    Heading,
    Faint,
    Good,
    Bad,
    /// Worth attention.
    Notable,
}

impl Style {
    const fn code(self) -> &'static str {
        match self {
            Self::Severity(Severity::Critical) => "1;35",
            Self::Severity(Severity::High)
            | Self::Bad
            | Self::Enforcement(Enforcement::Deny | Enforcement::Approve) => "1;31",
            Self::Severity(Severity::Medium) | Self::Enforcement(Enforcement::Warn) | Self::Notable => "33",
            Self::Severity(Severity::Low) => "36",
            Self::Severity(Severity::Info)
            | Self::Faint
            | Self::Enforcement(
                Enforcement::Approved | Enforcement::Waived | Enforcement::Baseline | Enforcement::Off,
            ) => "2",
            Self::Heading => "1",
            Self::Good => "1;32",
        }
    }
}

impl Colour {
    /// The text in a style.
    pub(super) fn paint(self, style: Style, text: &str) -> String {
        match self {
            Self::Off => text.to_owned(),
            Self::On => format!("\u{1b}[{}m{text}\u{1b}[0m", style.code()),
        }
    }
}
