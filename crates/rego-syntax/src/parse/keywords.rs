//! Which words are keywords: those of Rego v1 are names in v0 unless a policy imports them.

use super::super::tree::KeywordUse;
use super::Parser;

/// The words that are keywords in Rego v1 only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    Contains,
    Every,
    If,
    In,
}

impl Keyword {
    const ALL: [Self; 4] = [Self::Contains, Self::Every, Self::If, Self::In];

    const fn text(self) -> &'static str {
        match self {
            Self::Contains => "contains",
            Self::Every => "every",
            Self::If => "if",
            Self::In => "in",
        }
    }
}

/// What a word that is not imported is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unimported {
    Keyword,
    Name,
}

/// The keywords of a policy while it is parsed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keywords {
    unimported: Unimported,
    imported: [bool; Keyword::ALL.len()],
    /// Whether a keyword was used that is not imported.
    uses_unimported: bool,
}

impl Keywords {
    pub(super) const fn of_v1() -> Self {
        Self {
            unimported: Unimported::Keyword,
            imported: [false; Keyword::ALL.len()],
            uses_unimported: false,
        }
    }

    pub(super) const fn of_v0() -> Self {
        Self { unimported: Unimported::Name, imported: [false; Keyword::ALL.len()], uses_unimported: false }
    }

    /// Whether words that are not imported are names.
    pub(super) fn are_names(self) -> bool {
        self.unimported == Unimported::Name
    }

    /// Notes the keywords that an import brings.
    pub(super) fn import(&mut self, path: &[String]) {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        for keyword in Keyword::ALL {
            self.imported[keyword as usize] |= match path.as_slice() {
                ["rego", "v1"] | ["future", "keywords"] => true,
                // `every` has `in` as a part.
                ["future", "keywords", "every"] => matches!(keyword, Keyword::Every | Keyword::In),
                ["future", "keywords", word] => keyword.text() == *word,
                _ => false,
            };
        }
    }

    /// Returns how the policy used these words so far.
    pub(super) fn used(self) -> KeywordUse {
        match (self.unimported, self.uses_unimported) {
            (Unimported::Name, _) => KeywordUse::AsNames,
            (Unimported::Keyword, true) => KeywordUse::AsKeywords,
            (Unimported::Keyword, false) => KeywordUse::Either,
        }
    }

    fn has(self, keyword: Keyword) -> bool {
        self.unimported == Unimported::Keyword || self.imported[keyword as usize]
    }
}

impl Parser<'_> {
    /// Whether the next word is this keyword.
    pub(super) fn is_at(&self, keyword: Keyword) -> bool {
        self.word() == Some(keyword.text()) && self.keywords.has(keyword)
    }

    /// Notes the use of a keyword that was read.
    pub(super) fn note(&mut self, keyword: Keyword) {
        self.keywords.uses_unimported |= !self.keywords.imported[keyword as usize];
    }

    pub(super) fn eat_keyword(&mut self, keyword: Keyword) -> bool {
        let found = self.is_at(keyword);
        if found {
            self.next += 1;
            self.note(keyword);
        }
        found
    }

    /// Returns whether a word is a keyword of this policy and cannot be a name.
    pub(super) fn is_reserved(&self, word: &str) -> bool {
        is_keyword(word)
            && Keyword::ALL
                .iter()
                .find(|keyword| keyword.text() == word)
                .is_none_or(|keyword| self.keywords.has(*keyword))
    }
}

/// Returns whether a word is a keyword of Rego v1 and cannot be a variable.
pub fn is_keyword(word: &str) -> bool {
    matches!(
        word,
        "as" | "contains"
            | "default"
            | "else"
            | "every"
            | "if"
            | "import"
            | "in"
            | "not"
            | "package"
            | "some"
            | "with"
    )
}
