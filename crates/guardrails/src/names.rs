//! Names that are embedded as one text. A table with a reference for each would have as many addresses, which the
//! system writes whenever a process starts, whether or not anybody looks at the table.

/// Where a name is in the text of all names.
#[derive(Clone, Copy)]
pub(crate) struct Name {
    pub(crate) start: u32,
    pub(crate) length: u16,
}

impl Name {
    /// The name, which the build script put into this text.
    pub(crate) fn of(self, all: &'static str) -> &'static str {
        let start = self.start as usize;
        &all[start..start + usize::from(self.length)]
    }
}
