//! Everything that can be wrong with an input, one variant a cause.

use std::fmt;
use std::io;
use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

use super::depth::DEPTH_LIMIT;
use super::format_version::FormatVersion;
use super::position::Position;
use super::skipped::OtherKind;
use super::top_level::Section;

/// Why an input was refused. Its text follows the name of the file.
#[derive(Debug, Error, Diagnostic)]
pub enum Problem {
    /// The file, or a directory on the way, could not be read.
    #[error("cannot be read")]
    #[diagnostic(code("PG-IN-001"))]
    Unreadable(#[source] io::Error),
    /// Not a file at all.
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
    /// A zip archive without a plan in it.
    #[error("is a zip archive, and not one that holds a plan")]
    #[diagnostic(code("PG-IN-005"))]
    Zip,
    /// Nothing in it but, at most, white space.
    #[error("is empty")]
    #[diagnostic(code("PG-IN-006"))]
    Empty,
    /// More bytes than allowed.
    #[error("is larger than {cap} bytes {stage}")]
    #[diagnostic(code("PG-IN-007"))]
    TooLarge {
        /// The most bytes allowed.
        cap: u64,
        /// When it was found to be too large.
        stage: SizeStage,
    },
    /// Starts as gzip and does not inflate.
    #[error("is compressed with gzip, and damaged or cut off")]
    #[diagnostic(code("PG-IN-008"))]
    DamagedGzip(#[source] io::Error),
    /// Neither UTF-8 nor UTF-16.
    #[error("is not UTF-8 text (byte {byte})")]
    #[diagnostic(code("PG-IN-009"))]
    NotUtf8 {
        /// The first byte that does not fit, counted from 0.
        byte: usize,
    },
    /// UTF-16 from which the text cannot be had back.
    #[error("is UTF-16 text, and damaged: {0}")]
    #[diagnostic(code("PG-IN-010"))]
    DamagedUtf16(Utf16Fault),
    /// Broken JSON.
    #[error("is not valid JSON: {expected} at {position}")]
    #[diagnostic(code("PG-IN-011"))]
    Syntax {
        /// What the parser says, which holds nothing of the text.
        expected: String,
        /// Where.
        position: Position,
    },
    /// The JSON stops before it is complete.
    #[error("is cut off: its JSON ends unfinished at {position}")]
    #[diagnostic(code("PG-IN-012"))]
    Truncated {
        /// Where it ends.
        position: Position,
    },
    /// A second document follows the first.
    #[error("holds more than one JSON document: another starts at {position}")]
    #[diagnostic(code("PG-IN-013"))]
    Concatenated {
        /// Where the second one starts.
        position: Position,
    },
    /// Something else follows the document.
    #[error("holds text after the JSON document, at {position}")]
    #[diagnostic(code("PG-IN-014"))]
    TrailingText {
        /// Where the text starts.
        position: Position,
    },
    /// JSON, but not an object.
    #[error("is {0}, not an object as a plan is")]
    #[diagnostic(code("PG-IN-015"))]
    NotAnObject(JsonKind),
    /// More levels of nesting than any plan has.
    #[error("is nested deeper than {DEPTH_LIMIT} levels at {position}")]
    #[diagnostic(code("PG-IN-016"))]
    TooDeep {
        /// The bracket that opens one level too many.
        position: Position,
    },
    /// A key that stands twice, so that two readers may see two different plans.
    #[error("has the key `{0}` twice at its top level")]
    #[diagnostic(code("PG-IN-017"))]
    RepeatedKey(&'static str),
    /// A plan's keys, and no version.
    #[error("has the keys of a plan and no `format_version`")]
    #[diagnostic(code("PG-IN-018"))]
    NoFormatVersion,
    /// A version that cannot be understood.
    #[error("has a `format_version` that is not a string such as \"1.2\"")]
    #[diagnostic(code("PG-IN-019"))]
    MalformedFormatVersion,
    /// A version that this release cannot read.
    #[error("is a plan of format version {0}; 0.1 to 1.x can be read")]
    #[diagnostic(code("PG-IN-020"))]
    UnsupportedFormatVersion(FormatVersion),
    /// A section of another JSON type than the format gives it.
    #[error("has a `{0}` that is not {expected}", expected = .0.expected())]
    #[diagnostic(code("PG-IN-021"))]
    MistypedSection(Section),
    /// Log lines of `terraform plan -json` or `terraform apply -json`.
    #[error("is an event stream, as `terraform plan -json` writes it, not a plan")]
    #[diagnostic(code("PG-IN-022"))]
    EventStream,
    /// A state file.
    #[error("is a state file, not a plan")]
    #[diagnostic(code("PG-IN-023"))]
    State,
    /// State, as `terraform show -json` writes it when no plan is named.
    #[error("is the state, as `terraform show -json` writes it without a plan file")]
    #[diagnostic(code("PG-IN-024"))]
    ShownState,
    /// What `terraform show -json` writes when there is neither a plan nor a state.
    #[error("holds nothing but a version, as `terraform show -json` writes without plan and state")]
    #[diagnostic(code("PG-IN-025"))]
    BareShow,
    /// The shortened plan that HCP Terraform gives to users who may not see the whole one.
    #[error("is a redacted plan of HCP Terraform, which leaves out what policies look at")]
    #[diagnostic(code("PG-IN-026"))]
    RedactedPlan,
    /// What `terraform plan -out` saves when the run takes place in HCP Terraform.
    #[error("only points to a plan kept in HCP Terraform")]
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
    #[error("holds lines of the setup-terraform wrapper around its JSON")]
    #[diagnostic(code("PG-IN-030"))]
    SetupTerraformWrapper,
    /// The setup-terraform wrapper says that the command failed.
    #[error("comes from a terraform command that failed, says the setup-terraform wrapper")]
    #[diagnostic(code("PG-IN-031"))]
    WrappedCommandFailed,
    /// Terragrunt's prefix before the JSON.
    #[error("holds terragrunt's log prefix before its JSON")]
    #[diagnostic(code("PG-IN-032"))]
    TerragruntPrefix,
    /// Warnings or other text before the JSON.
    #[error("holds text before its JSON")]
    #[diagnostic(code("PG-IN-033"))]
    TextBeforeJson,
    /// Text of another kind altogether.
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
    /// A directory in which there is no plan.
    #[error("is a directory without a plan")]
    #[diagnostic(code("PG-IN-039"))]
    NothingFound,
    /// The program that should show a binary plan did not start or broke off.
    #[error("is a binary plan file, and {} cannot be run to show it", program.display())]
    #[diagnostic(code("PG-IN-040"))]
    TerraformNotRun {
        /// The program as given.
        program: PathBuf,
        /// What the operating system says.
        #[source]
        source: io::Error,
    },
    /// The program that should show a binary plan failed.
    #[error("is a binary plan file, and `show -json` failed on it ({status}){}", last_words(stderr))]
    #[diagnostic(code("PG-IN-041"))]
    TerraformFailed {
        /// How the program ended.
        status: std::process::ExitStatus,
        /// The last lines of its standard error, escaped.
        stderr: Vec<String>,
    },
}

fn last_words(stderr: &[String]) -> String {
    stderr.iter().map(|line| format!("\n  {line}")).collect()
}

impl Problem {
    /// The kind of document, when it is a complete one that does not come from a plan gone wrong.
    pub(super) const fn other_kind(&self) -> Option<OtherKind> {
        match self {
            Self::State => Some(OtherKind::State),
            Self::ShownConfiguration => Some(OtherKind::Configuration),
            Self::ProviderSchemas => Some(OtherKind::ProviderSchemas),
            Self::Validation => Some(OtherKind::Validation),
            Self::NotAnObject(JsonKind::Array) => Some(OtherKind::Array),
            Self::NotAnObject(JsonKind::Scalar) => Some(OtherKind::Scalar),
            Self::NoPlanKeys => Some(OtherKind::Object),
            // A forgotten file name or a wrong command yields each of these where a plan was meant.
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
            | Self::RepeatedKey(_)
            | Self::SetupTerraformWrapper
            | Self::WrappedCommandFailed
            | Self::TerragruntPrefix
            | Self::TextBeforeJson
            | Self::NotJson(_)
            | Self::NothingFound
            | Self::TerraformNotRun { .. }
            | Self::TerraformFailed { .. } => None,
        }
    }
}

/// Things in a file system that are not files.
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
            Self::Unknown => "something the operating system has no common name for",
        })
    }
}

/// When a document was found to be too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SizeStage {
    /// As it was read.
    Read,
    /// After inflating.
    Inflated,
    /// After transcoding to UTF-8.
    Transcoded,
    /// As the program that shows binary plans wrote it.
    Shown,
}

impl fmt::Display for SizeStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "as read",
            Self::Inflated => "when inflated",
            Self::Transcoded => "as UTF-8",
            Self::Shown => "as JSON",
        })
    }
}

/// What makes UTF-16 text unreadable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Utf16Fault {
    /// Half a code unit at its end.
    OddLength,
    /// Half a character.
    LoneSurrogate,
}

impl fmt::Display for Utf16Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OddLength => "it has an odd number of bytes",
            Self::LoneSurrogate => "it holds half a character (a lone surrogate)",
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

/// What a text that is not JSON looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextKind {
    /// A plan as it is shown to people.
    HumanPlan,
    /// An error or a warning.
    Diagnostics,
    /// Anything else.
    Other,
}

impl fmt::Display for TextKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HumanPlan => "a plan in its form for people",
            Self::Diagnostics => "an error or warning message",
            Self::Other => "text",
        })
    }
}
