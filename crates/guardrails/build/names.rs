//! Texts that are embedded as one, so that no address of them has to be written when a process starts.

/// Texts, one after the other.
#[derive(Default)]
pub(crate) struct Names(String);

impl Names {
    /// Where a text is, as an expression; one that stands in there already is not written again.
    pub(crate) fn put(&mut self, text: &str) -> String {
        let start = self.0.find(text).unwrap_or_else(|| {
            self.0.push_str(text);
            self.0.len() - text.len()
        });
        format!("Name {{ start: {start}, length: {} }}", text.len())
    }

    /// All of them, as the static `NAMES`.
    pub(crate) fn declared(&self) -> String {
        format!("/// All names, one after the other.\nstatic NAMES: &str = {:?};\n", self.0)
    }
}
