//! The values of `--format`, read from the tables of formats that renderers have.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::Error;
use clap::{Arg, Command};
use planguard::render::{Format, Formats};

/// Reads the name of a format; help and completions list the table.
pub(crate) struct FormatParser<R: 'static>(pub(crate) &'static Formats<R>);

impl<R> Clone for FormatParser<R> {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

impl<R> FormatParser<R> {
    fn values(&self) -> impl Iterator<Item = PossibleValue> + 'static {
        self.0.all().iter().map(|format| {
            let listed = PossibleValue::new(format.name).help(format.help);
            match format.former {
                Some(former) => listed.alias(former),
                None => listed,
            }
        })
    }
}

impl<R> TypedValueParser for FormatParser<R> {
    type Value = &'static Format<R>;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Self::Value, Error> {
        let name = PossibleValuesParser::new(self.values()).parse_ref(command, argument, value)?;
        // The parser accepts nothing else.
        Ok(self.0.find(&name).unwrap_or(self.0.default()))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.values()))
    }
}
