//! What a format is, and the table of formats that each command has.

use super::layout::Layout;

/// A form of a finished report.
///
/// A new format is one file with a `Format`, named in the table of its command. The command line, its help and
/// `docs/formats.md` read the table.
#[derive(Debug)]
pub struct Format<R: 'static> {
    /// The value of `--format`.
    pub name: &'static str,
    /// A former name, which is still read but no longer listed.
    pub former: Option<&'static str>,
    /// One line that says whom or what it is for.
    pub help: &'static str,
    /// The usual file extension.
    pub extension: &'static str,
    /// Renders the report. Formats for programs ignore the layout.
    pub render: fn(&R, Layout) -> Result<String, RenderError>,
}

/// The formats of a command's report, the default first.
#[derive(Debug)]
pub struct Formats<R: 'static>(&'static [Format<R>]);

impl<R> Formats<R> {
    /// A table of at least one format.
    pub(super) const fn new(formats: &'static [Format<R>]) -> Self {
        assert!(!formats.is_empty(), "a report has a format");
        Self(formats)
    }

    /// Every format.
    pub const fn all(&self) -> &'static [Format<R>] {
        self.0
    }

    /// The format that is used unless another is chosen.
    pub const fn default(&self) -> &'static Format<R> {
        &self.0[0]
    }

    /// The format of this name.
    pub fn find(&self, name: &str) -> Option<&'static Format<R>> {
        self.0.iter().find(|format| format.name == name || format.former == Some(name))
    }

    /// The format whose usual extension is this one.
    pub fn by_extension(&self, extension: &str) -> Option<&'static Format<R>> {
        self.0.iter().find(|format| format.extension == extension)
    }
}

/// Why a report could not be written in a format.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum RenderError {
    /// As JSON.
    #[error(transparent)]
    #[diagnostic(code("PG-CL-001"), help("this is a defect of planguard; please report it"))]
    Json(#[from] serde_json::Error),
    /// As a page.
    #[error(transparent)]
    #[diagnostic(code("PG-CL-001"), help("this is a defect of planguard; please report it"))]
    Page(#[from] planguard_page::PageError),
    /// As JUnit XML.
    #[error(transparent)]
    #[diagnostic(code("PG-CL-001"), help("this is a defect of planguard; please report it"))]
    Junit(#[from] quick_junit::SerializeError),
}
