//! Why an input was rejected: one variant for each cause.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use miette::Diagnostic;
use thiserror::Error;

use super::depth::DEPTH_LIMIT;
use super::format_version::FormatVersion;
use super::position::Position;
use super::skipped::OtherKind;
use super::top_level::Section;
use crate::text::escape;

/// Why an input was rejected. Its text follows the name of the file.
#[derive(Debug, Error, Diagnostic)]
pub enum Problem {
    /// The file, or a directory on the way, could not be read.
    #[error("cannot be read")]
    #[diagnostic(code("PG-IN-001"))]
    Unreadable(#[source] io::Error),
    /// Not a file.
    #[error("is {0}, not a file")]
    #[diagnostic(code("PG-IN-002"))]
    Special(SpecialKind),
    /// A plan file of Terraform 0.12 or later, or of OpenTofu.
    #[error("is a binary plan file (zip)")]
    #[diagnostic(code("PG-IN-003"))]
    BinaryPlan,
    /// A plan file of Terraform 0.11 or earlier.
    #[error("is a binary plan file of Terraform 0.11 or earlier")]
    #[diagnostic(code("PG-IN-004"))]
    OldBinaryPlan,
    /// A zip archive that does not contain a plan.
    #[error("is a zip archive that does not contain a plan")]
    #[diagnostic(code("PG-IN-005"))]
    Zip,
    /// Empty, or only white space.
    #[error("is empty")]
    #[diagnostic(code("PG-IN-006"))]
    Empty,
    /// More bytes than allowed.
    #[error("is larger than {cap} bytes {stage}")]
    #[diagnostic(code("PG-IN-007"))]
    TooLarge {
        /// The limit in bytes.
        cap: u64,
        /// The step in which it exceeded the limit.
        stage: SizeStage,
    },
    /// Starts like gzip but cannot be decompressed.
    #[error("is a damaged or truncated gzip file")]
    #[diagnostic(code("PG-IN-008"))]
    DamagedGzip(#[source] io::Error),
    /// Neither UTF-8 nor UTF-16.
    #[error("is not UTF-8 text (byte {byte})")]
    #[diagnostic(code("PG-IN-009"))]
    NotUtf8 {
        /// The first invalid byte, counted from 0.
        byte: usize,
    },
    /// UTF-16 that cannot be decoded.
    #[error("is damaged UTF-16 text: {0}")]
    #[diagnostic(code("PG-IN-010"))]
    DamagedUtf16(Utf16Fault),
    /// Broken JSON.
    #[error("is not valid JSON: {expected} at {position}")]
    #[diagnostic(code("PG-IN-011"))]
    Syntax {
        /// The parser's message, which contains nothing of the text.
        expected: String,
        /// Where.
        position: Position,
    },
    /// The JSON stops before it is complete.
    #[error("is truncated: the JSON ends at {position} before it is complete")]
    #[diagnostic(code("PG-IN-012"))]
    Truncated {
        /// Where it ends.
        position: Position,
    },
    /// A second document follows the first.
    #[error("contains more than one JSON document: the second starts at {position}")]
    #[diagnostic(code("PG-IN-013"))]
    Concatenated {
        /// Where the second one starts.
        position: Position,
    },
    /// Something else follows the document.
    #[error("contains text after the JSON document, at {position}")]
    #[diagnostic(code("PG-IN-014"))]
    TrailingText {
        /// Where the text starts.
        position: Position,
    },
    /// JSON, but not an object.
    #[error("is {0}; a plan is a JSON object")]
    #[diagnostic(code("PG-IN-015"))]
    NotAnObject(JsonKind),
    /// Nested deeper than any plan.
    #[error("is nested more than {DEPTH_LIMIT} levels deep at {position}")]
    #[diagnostic(code("PG-IN-016"))]
    TooDeep {
        /// The bracket that opens one level too many.
        position: Position,
    },
    /// A duplicate key, so that two parsers may read two different plans.
    #[error("has a duplicate top-level key `{0}`")]
    #[diagnostic(code("PG-IN-017"))]
    RepeatedKey(&'static str),
    /// The keys of a plan, but no version.
    #[error("has the keys of a plan but no `format_version`")]
    #[diagnostic(code("PG-IN-018"))]
    NoFormatVersion,
    /// An invalid version.
    #[error("has a `format_version` that is not a string such as \"1.2\"")]
    #[diagnostic(code("PG-IN-019"))]
    MalformedFormatVersion,
    /// A version that this release does not support.
    #[error("has format version {0}; 0.1 to 1.x are supported")]
    #[diagnostic(code("PG-IN-020"))]
    UnsupportedFormatVersion(FormatVersion),
    /// A section whose JSON type is not that of the format.
    #[error("has a `{0}` that is not {expected}", expected = .0.expected())]
    #[diagnostic(code("PG-IN-021"))]
    MistypedSection(Section),
    /// Log lines of `terraform plan -json` or `terraform apply -json`.
    #[error("is the event stream of `terraform plan -json`, not a plan")]
    #[diagnostic(code("PG-IN-022"))]
    EventStream,
    /// A state file.
    #[error("is a state file, not a plan")]
    #[diagnostic(code("PG-IN-023"))]
    State,
    /// The output of `terraform show -json` when no plan file is named.
    #[error("is the state that `terraform show -json` prints without a plan file")]
    #[diagnostic(code("PG-IN-024"))]
    ShownState,
    /// The output of `terraform show -json` when there is neither a plan nor a state.
    #[error("contains only a version: `terraform show -json` found neither a plan nor a state")]
    #[diagnostic(code("PG-IN-025"))]
    BareShow,
    /// The redacted plan that HCP Terraform serves to users without access to the full one.
    #[error("is a redacted plan of HCP Terraform, without the attributes that rules check")]
    #[diagnostic(code("PG-IN-026"))]
    RedactedPlan,
    /// The file of `terraform plan -out` when the run takes place in HCP Terraform.
    #[error("is a reference to a plan stored in HCP Terraform")]
    #[diagnostic(code("PG-IN-027"))]
    CloudBookmark,
    /// A plan file that OpenTofu encrypted.
    #[error("is a plan file encrypted by OpenTofu")]
    #[diagnostic(code("PG-IN-028"))]
    EncryptedPlan,
    /// The configuration, as `tofu show -config -json` writes it.
    #[error("is the JSON form of a configuration, not a plan")]
    #[diagnostic(code("PG-IN-029"))]
    ShownConfiguration,
    /// Lines of the setup-terraform wrapper around the JSON.
    #[error("contains lines of the setup-terraform wrapper around its JSON")]
    #[diagnostic(code("PG-IN-030"))]
    SetupTerraformWrapper,
    /// The setup-terraform wrapper reports that the command failed.
    #[error("is the output of a failed terraform command, according to the setup-terraform wrapper")]
    #[diagnostic(code("PG-IN-031"))]
    WrappedCommandFailed,
    /// Terragrunt's prefix before the JSON.
    #[error("has terragrunt's log prefix before its JSON")]
    #[diagnostic(code("PG-IN-032"))]
    TerragruntPrefix,
    /// Warnings or other text before the JSON.
    #[error("contains text before its JSON")]
    #[diagnostic(code("PG-IN-033"))]
    TextBeforeJson,
    /// Not JSON.
    #[error("is {0}, not JSON")]
    #[diagnostic(code("PG-IN-034"))]
    NotJson(TextKind),
    /// JSON that another command of Terraform wrote.
    #[error("is {kind}, not a plan", kind = OtherKind::ProviderSchemas)]
    #[diagnostic(code("PG-IN-035"))]
    ProviderSchemas,
    /// The result of `terraform validate -json`.
    #[error("is {kind}, not a plan", kind = OtherKind::Validation)]
    #[diagnostic(code("PG-IN-036"))]
    Validation,
    /// A `format_version`, and neither `planned_values` nor `resource_changes`.
    #[error("has a `format_version` but neither `planned_values` nor `resource_changes`")]
    #[diagnostic(code("PG-IN-037"))]
    VersionedWithoutPlan,
    /// An object with none of a plan's keys.
    #[error("is {kind}", kind = OtherKind::Object)]
    #[diagnostic(code("PG-IN-038"))]
    NoPlanKeys,
    /// A directory without a plan.
    #[error("is a directory without a plan")]
    #[diagnostic(code("PG-IN-039"))]
    NothingFound,
    /// The program for binary plans did not start, or its output could not be read.
    #[error("is a binary plan file, and {} could not be run to convert it", program.display())]
    #[diagnostic(code("PG-IN-040"))]
    TerraformNotRun {
        /// The program as given.
        program: PathBuf,
        /// The operating system's error.
        #[source]
        source: io::Error,
    },
    /// The program for binary plans failed.
    #[error("is a binary plan file, and `show -json` failed on it ({status}){}", last_words(stderr))]
    #[diagnostic(code("PG-IN-041"))]
    TerraformFailed {
        /// Its exit status.
        status: std::process::ExitStatus,
        /// The last lines of its standard error.
        stderr: Vec<String>,
    },
    /// A top-level key that is almost one of a plan, which the document does not have.
    #[error("has a top-level key `{}` that no plan has, and no `{meant}`", escape::for_terminal_line(key))]
    #[diagnostic(code("PG-IN-042"))]
    MisspeltKey {
        /// The key.
        key: String,
        /// The key of a plan that it is like.
        meant: &'static str,
    },
    /// A symbolic link in a directory, to a plan or a directory outside of it.
    #[error("is a symbolic link to {target} outside the directory that was named, which was not read")]
    #[diagnostic(code("PG-IN-043"))]
    LinkOutside {
        /// What it points to.
        target: LinkTarget,
        /// The target's path.
        path: PathBuf,
    },
    /// A binary plan that was not the same before and after it was converted.
    #[error("is a binary plan file that changed while it was converted")]
    #[diagnostic(code("PG-IN-044"))]
    Changed,
    /// A path with `*`, `?` or `[`, which no file has.
    #[error("is a pattern that matches nothing")]
    #[diagnostic(code("PG-IN-045"))]
    NoMatch,
    /// A path that is neither a file nor a pattern.
    #[error("is no file, and no pattern: {reason}")]
    #[diagnostic(code("PG-IN-046"))]
    InvalidPattern {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The program for binary plans did not end.
    #[error("is a binary plan file, and {} did not convert it within {} s", program.display(), limit.as_secs())]
    #[diagnostic(code("PG-IN-047"))]
    TerraformHung {
        /// The program as given.
        program: PathBuf,
        /// How long it had.
        limit: Duration,
    },
    /// An escape of half a character, which one parser refuses and another replaces.
    #[error("contains half of a character, an escape such as `\\ud800` alone, at {position}")]
    #[diagnostic(code("PG-IN-048"))]
    HalfCharacter {
        /// Where the escape starts.
        position: Position,
    },
}

fn last_words(stderr: &[String]) -> String {
    stderr.iter().map(|line| format!("\n  {line}")).collect()
}

impl Problem {
    /// The kind of document, if it is complete and not the result of a mistake in making a plan.
    pub(super) const fn other_kind(&self) -> Option<OtherKind> {
        match self {
            Self::State => Some(OtherKind::State),
            Self::ShownConfiguration => Some(OtherKind::Configuration),
            Self::ProviderSchemas => Some(OtherKind::ProviderSchemas),
            Self::Validation => Some(OtherKind::Validation),
            Self::NotAnObject(JsonKind::Array) => Some(OtherKind::Array),
            Self::NotAnObject(JsonKind::Scalar) => Some(OtherKind::Scalar),
            Self::NoPlanKeys => Some(OtherKind::Object),
            // A missing file name or a wrong command yields each of these where a plan was intended.
            Self::ShownState
            | Self::BareShow
            | Self::EventStream
            | Self::VersionedWithoutPlan
            | Self::NoFormatVersion
            | Self::MalformedFormatVersion
            | Self::UnsupportedFormatVersion(_)
            | Self::MistypedSection(_)
            | Self::RedactedPlan
            | Self::CloudBookmark
            | Self::EncryptedPlan => None,
            Self::Unreadable(_)
            | Self::Special(_)
            | Self::BinaryPlan
            | Self::OldBinaryPlan
            | Self::Zip
            | Self::Empty
            | Self::TooLarge { .. }
            | Self::DamagedGzip(_)
            | Self::NotUtf8 { .. }
            | Self::DamagedUtf16(_)
            | Self::Syntax { .. }
            | Self::Truncated { .. }
            | Self::Concatenated { .. }
            | Self::TrailingText { .. }
            | Self::TooDeep { .. }
            | Self::HalfCharacter { .. }
            | Self::RepeatedKey(_)
            | Self::MisspeltKey { .. }
            | Self::LinkOutside { .. }
            | Self::SetupTerraformWrapper
            | Self::WrappedCommandFailed
            | Self::TerragruntPrefix
            | Self::TextBeforeJson
            | Self::NotJson(_)
            | Self::NothingFound
            | Self::NoMatch
            | Self::InvalidPattern { .. }
            | Self::TerraformNotRun { .. }
            | Self::TerraformFailed { .. }
            | Self::TerraformHung { .. }
            | Self::Changed => None,
        }
    }
}

/// What a symbolic link points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkTarget {
    /// A file that looks like a plan.
    Plan,
    /// A directory.
    Directory,
}

impl fmt::Display for LinkTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plan => "a plan",
            Self::Directory => "a directory",
        })
    }
}

/// A file system entry that is not a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpecialKind {
    /// A directory where a file was expected.
    Directory,
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
    /// A block or character device.
    Device,
    /// Anything else.
    Unknown,
}

impl fmt::Display for SpecialKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Directory => "a directory",
            Self::Fifo => "a named pipe",
            Self::Socket => "a socket",
            Self::Device => "a device",
            Self::Unknown => "a special file",
        })
    }
}

/// The step in which a document exceeded the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SizeStage {
    /// As it was read.
    Read,
    /// After decompression.
    Inflated,
    /// After transcoding to UTF-8.
    Transcoded,
    /// As the JSON of a binary plan.
    Shown,
}

impl fmt::Display for SizeStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "as read",
            Self::Inflated => "after decompression",
            Self::Transcoded => "as UTF-8",
            Self::Shown => "as JSON",
        })
    }
}

/// Why UTF-16 text cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Utf16Fault {
    /// An odd number of bytes.
    OddLength,
    /// A surrogate without its pair.
    LoneSurrogate,
}

impl fmt::Display for Utf16Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OddLength => "it has an odd number of bytes",
            Self::LoneSurrogate => "it contains an unpaired surrogate",
        })
    }
}

/// JSON values that are not objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JsonKind {
    /// An array.
    Array,
    /// A string, number, boolean or null.
    Scalar,
}

impl fmt::Display for JsonKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Array => OtherKind::Array.fmt(f),
            Self::Scalar => OtherKind::Scalar.fmt(f),
        }
    }
}

/// The kind of a text that is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextKind {
    /// A plan in its human-readable form.
    HumanPlan,
    /// An error or a warning.
    Diagnostics,
    /// Anything else.
    Other,
}

impl fmt::Display for TextKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HumanPlan => "a human-readable plan",
            Self::Diagnostics => "an error or warning message",
            Self::Other => "text",
        })
    }
}
