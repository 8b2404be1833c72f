//! The texts of a page. What comes from a plan or a policy becomes one only as [`SafeText`], without what is sensitive; what
//! could hide something or steer a viewer is escaped. The template escapes what is markup.

use std::fmt;

use planguard_plan::redact::SafeText;
use serde::Serialize;

/// A text of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Text(String);

impl Text {
    /// A sentence that planguard made of its own words, of numbers and of texts that are escaped already.
    pub const fn composed(sentence: String) -> Self {
        Self(sentence)
    }

    /// Whether there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text as markup, with what stands in grave accents as code.
    pub fn html(&self) -> String {
        let parts: Vec<&str> = self.0.split('`').collect();
        // An accent without another one is a character.
        if parts.len().is_multiple_of(2) {
            return escaped(&self.0);
        }
        let mark = |(position, part): (usize, &&str)| match position % 2 {
            0 => escaped(part),
            _ => format!("<code>{}</code>", escaped(part)),
        };
        parts.iter().enumerate().map(mark).collect()
    }

    /// The start of a text that is longer than this, and how much it leaves out.
    #[must_use]
    pub fn cut(self, longest: usize) -> Self {
        match self.0.char_indices().nth(longest) {
            Some((end, _)) => {
                let more = self.0.chars().count() - longest;
                Self(format!("{}… ({more} more characters)", self.0.get(..end).unwrap_or_default()))
            }
            None => self,
        }
    }
}

/// Text without markup, for an element or an attribute in quotes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&#60;"),
            '>' => escaped.push_str("&#62;"),
            '&' => escaped.push_str("&#38;"),
            '"' => escaped.push_str("&#34;"),
            '\'' => escaped.push_str("&#39;"),
            plain => escaped.push(plain),
        }
    }
    escaped
}

impl From<&SafeText> for Text {
    fn from(text: &SafeText) -> Self {
        Self(text.for_document())
    }
}

impl From<&'static str> for Text {
    fn from(words: &'static str) -> Self {
        Self(words.to_owned())
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn what_stands_in_grave_accents_is_code_and_nothing_is_markup() {
        for (text, wanted) in [
            ("Set `acl = \"private\"`.", "Set <code>acl = &#34;private&#34;</code>."),
            ("`a` and `b`", "<code>a</code> and <code>b</code>"),
            ("one ` alone", "one ` alone"),
            ("<b>`</code><script>`", "&#60;b&#62;<code>&#60;/code&#62;&#60;script&#62;</code>"),
            ("a & 'b'", "a &#38; &#39;b&#39;"),
        ] {
            assert_eq!(Text::composed(text.to_owned()).html(), wanted);
        }
    }

    #[test]
    fn a_long_text_says_how_much_is_left_out() {
        let text = |text: &str| Text::composed(text.to_owned());
        assert_eq!(text("abcdé").cut(5), text("abcdé"));
        assert_eq!(text("abcdéfg").cut(5), text("abcdé… (2 more characters)"));
    }
}
