//! Of which releases of a provider the facts are.

/// A provider, and the releases that were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its name, for example `aws`.
    pub name: String,
    /// The release that the schemas describe.
    pub version: String,
    /// Older releases, the newest first. What only these have is marked [`crate::Release::Older`].
    pub older: Vec<String>,
    /// Newer releases. What only these have is marked [`crate::Release::Newer`].
    pub newer: Vec<String>,
}

impl Provider {
    /// Reads `NAME VERSION OLDER NEWER`, where `OLDER` and `NEWER` are versions joined by commas, or `-`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut words = text.lines().next()?.split(' ');
        let (name, version) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut versions = || {
            let word = words.next()?;
            Some(word.split(',').filter(|version| *version != "-").map(str::to_owned).collect())
        };
        Some(Self { name, version, older: versions()?, newer: versions()? })
    }

    /// Whether an older major version is among the releases that were read. Attributes come and go with major versions.
    pub fn has_older_major(&self) -> bool {
        let major = |version: &str| version.split('.').next().map(str::to_owned);
        self.older.iter().any(|older| major(older) != major(&self.version))
    }

    /// The releases before the present one that may have what is marked [`crate::Release::Older`], in words:
    /// `4.55.0, 3.117.1 or 2.99.0`. Empty if none was read.
    pub fn older_in_words(&self) -> String {
        match self.older.split_last() {
            None => String::new(),
            Some((only, [])) => only.clone(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
        }
    }
}
