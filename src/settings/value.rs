//! The types of settings, and how each is read from TOML and from the text of a variable.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use planguard_cost::{Decimal, parse_amount};
use planguard_plan::text::suggest;
use planguard_rego::{Convention, Namespaces, RegoVersion, git_source};
use planguard_rule::{Severity, UnknownWord, Word};
use serde_json::{Value as Json, json};
use toml::Value as Toml;

use crate::cost::OnUnknownCost;
use crate::enforcement::{Gate, UnknownPolicy};
use crate::overrides::RuleEnforcement;

/// Why a value cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InvalidValue {
    /// What is wrong.
    pub reason: String,
    /// How to put it right, if the reason does not say it.
    pub help: Option<String>,
}

impl InvalidValue {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), help: None }
    }

    /// Something other than `wanted` was written.
    pub(super) fn instead(written: &Toml, wanted: &str) -> Self {
        Self::new(format!("expected {wanted}, found {}", kind(written)))
    }

    fn word(error: &UnknownWord) -> Self {
        let near = suggest::nearest(&error.word, error.allowed.iter().copied());
        let help = near.map(|near| format!("did you mean `{near}`?"));
        Self { reason: error.to_string(), help }
    }
}

fn kind(value: &Toml) -> &'static str {
    match value {
        Toml::String(_) => "a string",
        Toml::Integer(_) => "an integer",
        Toml::Float(_) => "a float",
        Toml::Boolean(_) => "a boolean",
        Toml::Datetime(_) => "a date",
        Toml::Array(_) => "an array",
        Toml::Table(_) => "a table",
    }
}

/// The type of a setting.
pub(super) trait SettingValue: Sized {
    /// Reads the value of a key in a settings file.
    fn from_toml(value: &Toml) -> Result<Self, InvalidValue>;

    /// Reads the text of an environment variable. Elements of a list are separated by commas.
    fn from_text(text: &str) -> Result<Self, InvalidValue>;

    /// The value as a settings file would have it; `None` if a file cannot say it.
    fn to_toml(&self) -> Option<Toml>;

    /// The JSON Schema of the value in a settings file.
    fn schema() -> Json;

    /// The value with its paths, which are relative to `directory`, seen from the working directory.
    #[must_use]
    fn below(self, _directory: &Path) -> Self {
        self
    }
}

impl SettingValue for bool {
    fn schema() -> Json {
        json!({"type": "boolean"})
    }

    fn from_toml(value: &Toml) -> Result<Self, InvalidValue> {
        value.as_bool().ok_or_else(|| InvalidValue::instead(value, "true or false"))
    }

    fn from_text(text: &str) -> Result<Self, InvalidValue> {
        match text {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(InvalidValue::new(format!("`{text}` is not a boolean; use true or false"))),
        }
    }

    fn to_toml(&self) -> Option<Toml> {
        Some((*self).into())
    }
}

impl SettingValue for usize {
    fn schema() -> Json {
        json!({"type": "integer", "minimum": 0})
    }

    fn from_toml(value: &Toml) -> Result<Self, InvalidValue> {
        let number = value.as_integer().ok_or_else(|| InvalidValue::instead(value, "an integer"))?;
        number.try_into().map_err(|_| InvalidValue::new(format!("{number} is negative")))
    }

    fn from_text(text: &str) -> Result<Self, InvalidValue> {
        text.parse().map_err(|_| InvalidValue::new(format!("`{text}` is not a number")))
    }

    fn to_toml(&self) -> Option<Toml> {
        i64::try_from(*self).ok().map(Toml::from)
    }
}

/// A number between two bounds.
macro_rules! bounded {
    ($(#[$meta:meta])* $name:ident($type:ty) = $low:literal..=$high:literal, $what:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name(pub(super) $type);

        impl $name {
            /// The number, if it is between the bounds.
            pub fn new(number: $type) -> Option<Self> {
                ($low..=$high).contains(&number).then_some(Self(number))
            }

            /// The number.
            pub const fn get(self) -> $type {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                text.trim().parse().ok().and_then(Self::new).ok_or_else(|| {
                    format!("`{text}` is not {}; use {} to {}", $what, $low, $high)
                })
            }
        }

        impl SettingValue for $name {
            fn schema() -> Json {
                json!({"type": "integer", "minimum": $low, "maximum": $high})
            }

            fn from_toml(value: &Toml) -> Result<Self, InvalidValue> {
                let number = value.as_integer().ok_or_else(|| InvalidValue::instead(value, "an integer"))?;
                Self::from_text(&number.to_string())
            }

            fn from_text(text: &str) -> Result<Self, InvalidValue> {
                text.parse().map_err(InvalidValue::new)
            }

            fn to_toml(&self) -> Option<Toml> {
                i64::try_from(self.0).ok().map(Toml::from)
            }
        }
    };
}

bounded! {
    /// A percentage, 0 to 100.
    Percent(u8) = 0..=100, "a percentage"
}

bounded! {
    /// How many people have to approve, 1 to 100.
    Approvers(usize) = 1..=100, "a number of people"
}

bounded! {
    /// How long something may take, 1 to 3600 seconds.
    Seconds(u64) = 1..=3600, "a number of seconds"
}

/// An amount of money or percent, 0 to 1,000,000,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount(Decimal);

impl Amount {
    /// The highest.
    const MOST: u32 = 1_000_000_000;

    /// The amount, if it is between the bounds.
    pub fn new(amount: Decimal) -> Option<Self> {
        let is_possible = !amount.is_sign_negative() && amount <= Decimal::from(Self::MOST);
        is_possible.then(|| Self(amount.normalize()))
    }

    /// The amount.
    pub const fn get(self) -> Decimal {
        self.0
    }
}

impl FromStr for Amount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse_amount(text)
            .and_then(Self::new)
            .ok_or_else(|| format!("`{text}` is not an amount; use a number from 0 to {}", Self::MOST))
    }
}

impl SettingValue for Amount {
    fn schema() -> Json {
        json!({"type": ["number", "string"], "minimum": 0, "maximum": Self::MOST})
    }

    fn from_toml(value: &Toml) -> Result<Self, InvalidValue> {
        let text = match value {
            Toml::Integer(number) => number.to_string(),
            // The shortest text that is this float is what was written.
            Toml::Float(number) => number.to_string(),
            Toml::String(text) => text.clone(),
            Toml::Boolean(_) | Toml::Datetime(_) | Toml::Array(_) | Toml::Table(_) => {
                return Err(InvalidValue::instead(value, "a number"));
            }
        };
        Self::from_text(&text)
    }

    fn from_text(text: &str) -> Result<Self, InvalidValue> {
        text.parse().map_err(InvalidValue::new)
    }

    fn to_toml(&self) -> Option<Toml> {
        let text = self.0.to_string();
        Some(text.parse::<i64>().map_or(Toml::String(text), Toml::Integer))
    }
}

impl<W: Word> SettingValue for Chosen<W> {
    fn schema() -> Json {
        let words: Vec<&str> = Self::words().map(|(word, _)| word).collect();
        json!({"enum": words})
    }

    fn from_toml(value: &Toml) -> Result<Self, InvalidValue> {
        let word = value.as_str().ok_or_else(|| InvalidValue::instead(value, "a string"))?;
        Self::from_text(word)
    }

    fn from_text(text: &str) -> Result<Self, InvalidValue> {
        text.parse().map_err(|error| InvalidValue::word(&error))
    }

    fn to_toml(&self) -> Option<Toml> {
        Some(self.as_str().into())
    }
}

/// A value that the user names, or `auto` to let planguard infer it from the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chosen<W> {
    /// `auto`.
    Auto,
    /// The user names it.
    Named(W),
}

impl<W: Word> Chosen<W> {
    /// The word that stands for inference.
    pub const AUTO: &'static str = "auto";

    /// The value, if the user names one.
    pub const fn named(self) -> Option<W> {
        match self {
            Self::Auto => None,
            Self::Named(value) => Some(value),
        }
    }

    /// Every word, with what it means.
    pub fn words() -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
        let named = W::ALL.iter().map(|value| (value.as_str(), value.about()));
        [(Self::AUTO, Some("inferred from the files"))].into_iter().chain(named)
    }

    /// The word of the value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => Self::AUTO,
            Self::Named(value) => value.as_str(),
        }
    }
}

impl<W: Word> FromStr for Chosen<W> {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        if word.trim().eq_ignore_ascii_case(Self::AUTO) {
            return Ok(Self::Auto);
        }
        W::from_word(word).map(Self::Named).ok_or_else(|| {
            let allowed = Self::words().map(|(word, _)| word).collect();
            UnknownWord { allowed, ..UnknownWord::of::<W>(word) }
        })
    }
}

/// Enums that a setting takes as they are.
macro_rules! words_as_settings {
    ($($type:ty),+) => {
        $(impl SettingValue for $type {
            fn schema() -> Json {
                words(<$type as Word>::ALL)
            }

            fn from_toml(value: &Toml) -> Result<Self, InvalidValue> {
                let word = value.as_str().ok_or_else(|| InvalidValue::instead(value, "a string"))?;
                Self::from_text(word)
            }

            fn from_text(text: &str) -> Result<Self, InvalidValue> {
                <$type as Word>::from_word(text)
                    .ok_or_else(|| InvalidValue::word(&UnknownWord::of::<$type>(text)))
            }

            fn to_toml(&self) -> Option<Toml> {
                Some(Word::as_str(*self).into())
            }
        })+
    };
}

words_as_settings!(Severity, UnknownPolicy, Gate, RuleEnforcement, OnUnknownCost);

/// The platform of policies.
pub type ChosenConvention = Chosen<Convention>;

/// The version of Rego of policies.
pub type ChosenRegoVersion = Chosen<RegoVersion>;

/// The schema of one of these words.
pub(super) fn words<W: Word>(all: &[W]) -> Json {
    let words: Vec<&str> = all.iter().map(|word| word.as_str()).collect();
    json!({"enum": words})
}

/// The schema of a list of texts.
pub(super) fn text_list() -> Json {
    json!({"type": "array", "items": {"type": "string"}})
}

/// The elements of a list in a variable.
fn elements(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|element| !element.is_empty())
}

fn strings(value: &Toml) -> Result<Vec<String>, InvalidValue> {
    let wrong = || InvalidValue::instead(value, "an array of strings");
    let array = value.as_array().ok_or_else(wrong)?;
    let element = |element: &Toml| {
        let text = element.as_str().map(str::to_owned);
        text.ok_or_else(|| {
            InvalidValue::new(format!("expected an array of strings, found {} in it", kind(element)))
        })
    };
    array.iter().map(element).collect()
}

/// A text of any form.
impl SettingValue for String {
    fn schema() -> Json {
        json!({ "type": "string" })
    }

    fn from_toml(value: &Toml) -> Result<Self, InvalidValue> {
        value.as_str().map(str::to_owned).ok_or_else(|| InvalidValue::instead(value, "a string"))
    }

    fn from_text(text: &str) -> Result<Self, InvalidValue> {
        Ok(text.to_owned())
    }

    fn to_toml(&self) -> Option<Toml> {
        (!self.is_empty()).then(|| Toml::String(self.clone()))
    }
}

impl SettingValue for Vec<String> {
    fn schema() -> Json {
        text_list()
    }

    fn from_toml(value: &Toml) -> Result<Self, InvalidValue> {
        strings(value)
    }

    fn from_text(text: &str) -> Result<Self, InvalidValue> {
        Ok(elements(text).map(str::to_owned).collect())
    }

    fn to_toml(&self) -> Option<Toml> {
        Some(self.clone().into())
    }
}

impl SettingValue for Vec<PathBuf> {
    fn schema() -> Json {
        text_list()
    }

    fn from_toml(value: &Toml) -> Result<Self, InvalidValue> {
        Ok(strings(value)?.into_iter().map(PathBuf::from).collect())
    }

    fn from_text(text: &str) -> Result<Self, InvalidValue> {
        Ok(elements(text).map(PathBuf::from).collect())
    }

    fn to_toml(&self) -> Option<Toml> {
        Some(self.iter().map(|path| path.to_string_lossy().into_owned()).collect::<Vec<_>>().into())
    }

    fn below(self, directory: &Path) -> Self {
        self.into_iter().map(|path| git_source::below(directory, &path)).collect()
    }
}

/// A value that has no default.
impl<T: SettingValue> SettingValue for Option<T> {
    fn schema() -> Json {
        T::schema()
    }

    fn from_toml(value: &Toml) -> Result<Self, InvalidValue> {
        T::from_toml(value).map(Some)
    }

    fn from_text(text: &str) -> Result<Self, InvalidValue> {
        T::from_text(text).map(Some)
    }

    fn to_toml(&self) -> Option<Toml> {
        self.as_ref().and_then(T::to_toml)
    }
}

/// A file that may be left out.
impl SettingValue for Option<PathBuf> {
    fn schema() -> Json {
        json!({"type": "string"})
    }

    fn from_toml(value: &Toml) -> Result<Self, InvalidValue> {
        let text = value.as_str().ok_or_else(|| InvalidValue::instead(value, "a string"))?;
        Ok(Some(PathBuf::from(text)))
    }

    fn from_text(text: &str) -> Result<Self, InvalidValue> {
        Ok(Some(PathBuf::from(text)))
    }

    fn to_toml(&self) -> Option<Toml> {
        self.as_ref().map(|path| path.to_string_lossy().into_owned().into())
    }

    fn below(self, directory: &Path) -> Self {
        self.map(|path| directory.join(path))
    }
}

/// The program that turns binary plans into JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ShowProgram {
    /// None: binary plans are rejected.
    #[default]
    None,
    /// `terraform`, or else `tofu`, as far as they are on the `PATH`.
    OnPath,
    /// The one of this name on the `PATH`, or at this path.
    Named(PathBuf),
}

impl ShowProgram {
    /// Whether a text is the name of a program, and not a path to one.
    fn is_name(text: &str) -> bool {
        !text.is_empty() && !text.contains(['/', '\\'])
    }
}

impl SettingValue for ShowProgram {
    fn schema() -> Json {
        json!({"type": ["boolean", "string"]})
    }

    fn from_toml(value: &Toml) -> Result<Self, InvalidValue> {
        match value {
            Toml::Boolean(is_on) => Ok(if *is_on { Self::OnPath } else { Self::None }),
            Toml::String(text) if Self::is_name(text) || Path::new(text).is_absolute() => {
                Ok(Self::Named(PathBuf::from(text)))
            }
            // The file it would name belongs to whoever writes the settings.
            Toml::String(text) => Err(InvalidValue {
                reason: format!("`{text}` is neither the name of a program nor an absolute path"),
                help: Some(
                    "use true, \"terraform\", \"tofu\" or a path such as \"/usr/local/bin/tofu\"".to_owned(),
                ),
            }),
            other => Err(InvalidValue::instead(other, "true, false or a program")),
        }
    }

    fn from_text(text: &str) -> Result<Self, InvalidValue> {
        Ok(match bool::from_text(text) {
            Ok(true) => Self::OnPath,
            Ok(false) => Self::None,
            Err(_) => Self::Named(PathBuf::from(text)),
        })
    }

    fn to_toml(&self) -> Option<Toml> {
        match self {
            Self::None => Some(false.into()),
            Self::OnPath => Some(true.into()),
            Self::Named(program) => Some(program.to_string_lossy().into_owned().into()),
        }
    }
}

impl SettingValue for Namespaces {
    fn schema() -> Json {
        text_list()
    }

    fn from_toml(value: &Toml) -> Result<Self, InvalidValue> {
        Ok(namespaces(strings(value)?))
    }

    fn from_text(text: &str) -> Result<Self, InvalidValue> {
        Ok(namespaces(elements(text).map(str::to_owned).collect()))
    }

    fn to_toml(&self) -> Option<Toml> {
        Some(match self {
            Self::All => vec!["*".to_owned()].into(),
            Self::Named(names) => names.clone().into(),
        })
    }
}

/// The namespaces of a list, in which `*` alone means all.
pub fn namespaces(names: Vec<String>) -> Namespaces {
    if names.iter().any(|name| name == "*") { Namespaces::All } else { Namespaces::Named(names) }
}
