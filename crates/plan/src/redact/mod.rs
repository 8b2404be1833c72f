//! Decides which texts of a plan may leave the process.

mod encoded;
mod json;
mod patterns;
mod short;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};

pub use json::JsonRedactor;
use patterns::{Counts, Pattern, Patterns};
pub use short::stands_alone;

use crate::input::Sha256Digest;
use crate::model::{
    Actions, Address, AttributePath, InstanceKey, PathStep, Plan, PlanError, common_among, names_among,
    sensitive_values,
};
use crate::text::{credential, escape};

/// The replacement of a sensitive value.
pub const PLACEHOLDER: &str = "(sensitive value)";

/// Shorter values are replaced where a mask marks them, and elsewhere only if they stand as whole words and are no
/// ordinary ones: most texts contain them by chance. [`Redactor::new`] has the rule.
pub const SHORTEST_TAINT: usize = 6;

/// A text that may leave the process: sensitive values are replaced. It is exact otherwise, so a renderer escapes it
/// for its own medium.
///
/// Renderers accept no other text of a plan. What comes from a plan, a policy or a file becomes one by
/// [`Redactor::text`]; what is part of the program by [`SafeText::fixed`]; and several become one by
/// [`SafeText::concat`]. There is no `Display`, so that no text reaches a terminal unescaped by accident.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SafeText(Cow<'static, str>);

impl SafeText {
    /// A text that is part of the program.
    pub const fn fixed(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// An address. Terraform lets no sensitive value into the key of an instance, so it is never replaced: a value
    /// that equals the name of a module says nothing of it.
    pub fn address(address: &Address) -> Self {
        Self::plain(&address.to_string())
    }

    /// The address of the module of an object; empty for the root module.
    pub fn module(address: &Address) -> Self {
        Self::plain(&address.module_address())
    }

    /// The key of an instance, in brackets.
    pub fn instance_key(key: &InstanceKey) -> Self {
        Self::plain(&key.to_string())
    }

    /// What the plan does with an object. The words are Terraform's.
    pub fn actions(actions: &Actions) -> Self {
        Self::plain(&actions.to_string())
    }

    /// A digest.
    pub fn digest(digest: &Sha256Digest) -> Self {
        Self::plain(&digest.to_string())
    }

    /// A text that needs no redaction. Elsewhere, a text that is not part of the program and comes from no plan, such as
    /// that of a rule, goes through a [`Redactor`] without values.
    pub(crate) fn plain(text: &str) -> Self {
        Self(Cow::Owned(text.to_owned()))
    }

    /// Texts one after the other.
    pub fn concat<'t>(parts: impl IntoIterator<Item = &'t Self>) -> Self {
        Self(Cow::Owned(parts.into_iter().map(Self::unescaped).collect()))
    }

    /// The text with another text, which is no plan's, wherever `from` occurs in it.
    #[must_use]
    pub fn replaced(&self, from: &str, to: &str) -> Self {
        Self(Cow::Owned(self.0.replace(from, to)))
    }

    /// What the text has behind another text and a space; `None` if it does not start so.
    pub fn after(&self, start: &Self) -> Option<Self> {
        self.0.strip_prefix(start.unescaped())?.strip_prefix(' ').map(Self::plain)
    }

    /// The lines of the text, without the characters that end them.
    pub fn lines(&self) -> Vec<Self> {
        self.0.lines().map(Self::plain).collect()
    }

    /// The text with spaces behind it, so that it has at least this many characters.
    pub fn padded(&self, characters: usize) -> Self {
        Self(Cow::Owned(format!("{:<characters$}", self.0)))
    }

    /// The exact text, for comparisons and for formats that escape by themselves, as JSON does.
    pub fn unescaped(&self) -> &str {
        &self.0
    }

    /// The text for a terminal or a log, with its line feeds.
    pub fn for_terminal(&self) -> String {
        escape::for_terminal(&self.0)
    }

    /// The text for one line of a terminal or a log: line feeds are written as `\n`.
    pub fn for_terminal_line(&self) -> String {
        escape::for_terminal_line(&self.0)
    }

    /// The text for a document that people read in a viewer, with its line feeds and tabs.
    pub fn for_document(&self) -> String {
        escape::for_document(&self.0)
    }
}

/// A number.
impl From<usize> for SafeText {
    fn from(number: usize) -> Self {
        Self(Cow::Owned(number.to_string()))
    }
}

/// Replaces the sensitive values of one plan wherever they occur, including copies without a mark, in upper or lower
/// case, and encoded ones. Addresses and attribute names of the plan stay.
#[derive(Debug, Default)]
pub struct Redactor {
    /// The sensitive values; `None` without any.
    values: Option<Patterns>,
    /// The sensitive values that are also names of attributes.
    names: BTreeSet<String>,
    /// The addresses of the plan in which a sensitive value occurs; few plans have any.
    addresses: Option<AhoCorasick>,
    /// Whether private keys and tokens of providers are replaced wherever they occur, marked or not.
    forms: CredentialForms,
}

/// What becomes of what only credentials look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum CredentialForms {
    /// It stays: the text is no plan's, such as the example of a rule.
    #[default]
    Shown,
    /// It is replaced. Whoever wrote a credential into a configuration did not mark it.
    Replaced,
}

/// A text as JSON writes it between its quotes.
fn quoted(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(&quoted).to_owned()
}

/// JSON as Go and `json.marshal` of policies write it, escaped for HTML.
fn for_html(json: &str) -> String {
    let escaped = [
        ('<', "\\u003c"),
        ('>', "\\u003e"),
        ('&', "\\u0026"),
        ('\u{2028}', "\\u2028"),
        ('\u{2029}', "\\u2029"),
    ];
    escaped.iter().fold(json.to_owned(), |json, (plain, escape)| json.replace(*plain, escape))
}

/// The short ones among the sensitive values of a plan that are looked for as whole words: see [`Redactor::new`]. Names of
/// attributes are not among them, and neither is what stands unmarked in many places of the plan.
pub fn short_values<'v>(plan: &Plan<'_>, sensitive: &'v BTreeSet<String>) -> BTreeSet<&'v str> {
    short_unless_named(plan, sensitive, &names_among(plan, sensitive))
}

fn short_unless_named<'v>(
    plan: &Plan<'_>,
    sensitive: &'v BTreeSet<String>,
    names: &BTreeSet<String>,
) -> BTreeSet<&'v str> {
    let is_name = |value: &str| names.contains(value);
    let sought: BTreeSet<&str> =
        sensitive.iter().filter_map(|value| short::sought(value)).filter(|value| !is_name(value)).collect();
    let common = common_among(plan, sought.clone());
    sought.difference(&common).copied().collect()
}

/// Adds the forms in which a value stands in texts.
fn add_forms(value: &str, counts: Counts, patterns: &mut Vec<Pattern>) {
    let mut forms = BTreeSet::from([value.to_owned()]);
    // Messages often contain a value in its JSON form, without the outer quotes.
    // JSON inside of JSON is escaped twice.
    for quoted in [quoted(value), for_html(&quoted(value))] {
        let twice = self::quoted(&quoted);
        forms.extend([quoted, twice]);
    }
    // Changing the case of what is not ASCII changes more than a search that ignores it sees.
    let cases: Vec<String> = forms
        .iter()
        .filter(|form| !form.is_ascii())
        .flat_map(|form| [form.to_uppercase(), form.to_lowercase()])
        .collect();
    patterns.extend(forms.iter().chain(&cases).map(|form| Pattern::new(form, counts)));
}

impl Redactor {
    /// A redactor for these values.
    ///
    /// Those of at least [`SHORTEST_TAINT`] characters are replaced wherever they occur. Shorter ones are replaced where
    /// they stand as whole words, unless they have fewer than three characters or are numbers of fewer than four digits,
    /// the words `true`, `false` and `null`, or settings such as `tcp`.
    pub fn new(sensitive: &BTreeSet<String>) -> Self {
        Self::with_short(sensitive, &sensitive.iter().filter_map(|value| short::sought(value)).collect())
    }

    /// A redactor for the long values among these, and for short ones.
    fn with_short(sensitive: &BTreeSet<String>, short_values: &BTreeSet<&str>) -> Self {
        let mut patterns = Vec::new();
        for value in sensitive.iter().filter(|value| value.chars().count() >= SHORTEST_TAINT) {
            add_forms(value, Counts::Anywhere, &mut patterns);
            // A text of several lines may be printed line by line.
            let lines = value.lines().map(str::trim).filter(|line| line.chars().count() >= SHORTEST_TAINT);
            patterns.extend(lines.map(|line| Pattern::new(line, Counts::Anywhere)));
        }
        short_values.iter().for_each(|value| add_forms(value, Counts::Alone, &mut patterns));
        Self { values: Patterns::new(patterns), ..Self::default() }
    }

    /// The redactor for what is told of a plan.
    ///
    /// # Errors
    /// Those of [`sensitive_values`].
    pub fn for_plan(plan: &Plan<'_>) -> Result<Self, PlanError> {
        Ok(Self::with_names(plan, &sensitive_values(plan)?))
    }

    fn with_names(plan: &Plan<'_>, sensitive: &BTreeSet<String>) -> Self {
        let names = names_among(plan, sensitive);
        let mut redactor = Self::with_short(sensitive, &short_unless_named(plan, sensitive, &names));
        redactor.forms = CredentialForms::Replaced;
        if redactor.values.is_none() {
            return redactor;
        }
        redactor.names = names;
        redactor.keep(plan.addresses());
        redactor
    }

    /// Leaves these addresses as they are.
    fn keep(&mut self, addresses: impl IntoIterator<Item = String>) {
        let met: BTreeSet<String> = addresses
            .into_iter()
            .filter(|address| !self.plain_spans(address.as_bytes()).is_empty())
            .flat_map(|address| [quoted(&address), address])
            .collect();
        if !met.is_empty() {
            self.addresses = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&met).ok();
        }
    }

    /// The text as it may be printed.
    pub fn text(&self, text: &str) -> SafeText {
        self.redacted(text, |span| !self.is_key(text, span))
    }

    /// The key of an object as it may be printed: the names of attributes stay.
    pub fn key(&self, key: &str) -> SafeText {
        if self.names.contains(key) { SafeText::plain(key) } else { self.text(key) }
    }

    /// A sentence of planguard about a plan. Its own words stay, also where a value is made of the same letters: a
    /// hole in a known sentence would tell what fills it. Values stand in it with other characters than letters, or
    /// in grave accents.
    pub fn sentence(&self, text: &str) -> SafeText {
        self.redacted(text, |span| {
            let value = text.get(span.clone()).unwrap_or_default();
            let is_word = value.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, ' ' | '-' | '_'));
            let around = |character: Option<char>| character == Some('`');
            let set_apart = around(text.get(..span.start).and_then(|front| front.chars().next_back()))
                && around(text.get(span.end..).and_then(|rest| rest.chars().next()));
            !is_word || set_apart && !self.names.contains(value)
        })
    }

    /// The path of an attribute. Names of attributes stay; the key of a map may be sensitive.
    pub fn path(&self, path: &AttributePath) -> SafeText {
        let shown =
            path.0.iter().enumerate().fold(AttributePath::default(), |shown, (position, step)| match step {
                PathStep::Key(key) if position == 0 => shown.key(key),
                PathStep::Key(key) => shown.key(self.key(key).unescaped()),
                PathStep::Index(index) => shown.index(*index),
            });
        SafeText::plain(&shown.to_string())
    }

    /// Whether a text is an address of the plan and nothing else.
    fn is_address(&self, text: &str) -> bool {
        self.kept_spans(text).contains(&(0..text.len()))
    }

    fn plain_spans(&self, text: &[u8]) -> Vec<Range<usize>> {
        let found = self.values.iter().flat_map(|values| values.places(text));
        let counting = found.filter(|(place, counts)| match counts {
            Counts::Anywhere => true,
            Counts::Alone => short::stands_alone(text, place),
        });
        counting.map(|(place, _)| place).collect()
    }

    /// The places of addresses that stay, with the names of attributes behind them.
    fn kept_spans(&self, text: &str) -> Vec<Range<usize>> {
        let Some(addresses) = &self.addresses else { return Vec::new() };
        let bytes = text.as_bytes();
        let belongs =
            |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(byte));
        let before = |position: usize| position.checked_sub(1).and_then(|position| bytes.get(position));
        let whole = addresses
            .find_iter(text)
            .map(|found| found.range())
            .filter(|span| !belongs(before(span.start)) && !belongs(bytes.get(span.end)));
        let with_names = whole.map(|span| {
            let rest = text.get(span.end..).and_then(|rest| rest.strip_prefix('.')).unwrap_or_default();
            let length = rest.bytes().take_while(|byte| belongs(Some(byte))).count();
            let named = rest.get(..length).is_some_and(|name| self.names.contains(name));
            span.start..if named { span.end + 1 + length } else { span.end }
        });
        with_names.collect()
    }

    /// Whether a place is that of a key of an object that is written as JSON, and the key is the name of an attribute.
    fn is_key(&self, text: &str, span: &Range<usize>) -> bool {
        let (Some(front), Some(value), Some(rest)) =
            (text.get(..span.start), text.get(span.clone()), text.get(span.end..))
        else {
            return false;
        };
        self.names.contains(value)
            && front.ends_with('"')
            && rest
                .trim_start_matches('\\')
                .strip_prefix('"')
                .is_some_and(|rest| rest.trim_start().starts_with(':'))
    }

    /// Replaces what is sensitive in a text and counts, which encoded values always do.
    fn redacted(&self, text: &str, counts: impl Fn(&Range<usize>) -> bool) -> SafeText {
        planguard_work::steps(text.len());
        let mut spans = Vec::new();
        if let Some(values) = &self.values {
            spans = self.plain_spans(text.as_bytes());
            spans.retain(counts);
            spans.extend(encoded::spans(text, values.shortest(), &|decoded| self.plain_spans(decoded)));
        }
        if self.forms == CredentialForms::Replaced && text.len() >= credential::SHORTEST {
            spans.extend(credential::places(text));
            let of_decoded =
                |decoded: &[u8]| str::from_utf8(decoded).map(credential::places).unwrap_or_default();
            spans.extend(encoded::spans(text, credential::SHORTEST, &of_decoded));
        }
        if !spans.is_empty() {
            let kept = self.kept_spans(text);
            spans.retain(|span| !kept.iter().any(|kept| kept.start <= span.start && span.end <= kept.end));
        }
        if spans.is_empty() {
            return SafeText::plain(text);
        }
        // Overlapping matches are merged, so that no part of a longer value remains.
        spans.sort_unstable_by_key(|span| (span.start, span.end));
        let mut redacted = String::with_capacity(text.len());
        let mut printed = 0;
        let mut spans = spans.into_iter().peekable();
        while let Some(Range { start, mut end }) = spans.next() {
            while let Some(next) = spans.next_if(|next| next.start <= end) {
                end = end.max(next.end);
            }
            redacted.push_str(text.get(printed..start).unwrap_or_default());
            redacted.push_str(PLACEHOLDER);
            printed = end;
        }
        redacted.push_str(text.get(printed..).unwrap_or_default());
        SafeText(Cow::Owned(redacted))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn redactor(values: &[&str]) -> Redactor {
        Redactor::new(&values.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn values_are_replaced_wherever_they_occur() {
        let redactor = redactor(&["hunter2-secret", "short"]);
        assert_eq!(
            redactor.text("a hunter2-secret, b hunter2-secret").unescaped(),
            "a (sensitive value), b (sensitive value)"
        );
        assert_eq!(redactor.text("shorter stays").unescaped(), "shorter stays");
    }

    /// A credential that nobody marked is written into the configuration: a finding says so, and does not tell it.
    #[test]
    fn what_only_credentials_look_like_is_replaced() {
        let plan = Plan::parse(r#"{"format_version": "1.2", "planned_values": {}, "resource_changes": []}"#)
            .unwrap();
        let redactor = Redactor::for_plan(&plan).unwrap();
        for (text, wanted) in [
            ("\"sk_live_51HhYq2eZvKYlo2C0aBcDeFg\"", "\"sk_live_(sensitive value)\""),
            ("a postgres://u:hunter2hunter2@db/x b", "a postgres://u:(sensitive value)@db/x b"),
            ("-----BEGIN PRIVATE KEY-----\\nMIIE", "-----BEGIN PRIVATE KEY-----(sensitive value)"),
            ("an ordinary text of some length", "an ordinary text of some length"),
        ] {
            assert_eq!(redactor.text(text).unescaped(), wanted);
        }
        // `export TOKEN=ghp_0123456789abcdefghijABCDEFGHIJ012345`.
        let encoded = "ZXhwb3J0IFRPS0VOPWdocF8wMTIzNDU2Nzg5YWJjZGVmZ2hpakFCQ0RFRkdISUowMTIzNDUK";
        assert!(redactor.text(encoded).unescaped().contains(PLACEHOLDER));
        // The example of a rule is no plan's.
        assert_eq!(
            Redactor::default().text("ghp_0123456789abcdefghijABCDEFGHIJ012345").unescaped().len(),
            40
        );
    }

    #[test]
    fn short_values_are_replaced_where_they_are_whole_words() {
        let redactor = redactor(&["12345", "a\"b1", "xyz"]);
        for (text, shown) in [
            ("pin 12345", "pin (sensitive value)"),
            (r#"{"pin":12345,"x":"a\"b1"}"#, r#"{"pin":(sensitive value),"x":"(sensitive value)"}"#),
            ("XYZ, xyz-1 and 123456", "(sensitive value), xyz-1 and 123456"),
            // Of `12345`, `user:12345` and, in hexadecimal digits, `12345`.
            ("MTIzNDU= dXNlcjoxMjM0NQ==", "(sensitive value) dXNlcj(sensitive value)"),
            ("3132333435", "(sensitive value)"),
        ] {
            assert_eq!(redactor.text(text).unescaped(), shown, "{text}");
        }
    }

    #[test]
    fn short_values_that_are_names_or_stand_unmarked_in_many_places_stay() {
        let plan = r#"{"format_version": "1.2", "resource_changes": [{"address": "module.blue.aws_x.red", "change": {
            "actions": ["create"], "after_sensitive": {"secret": true}, "after": {"size": 1, "ports": [5000, 5000, "5000", 6000],
                "secret": ["size", 5000, 6000, "blue", "red"]}}}]}"#;
        let redactor = Redactor::for_plan(&Plan::parse(plan).unwrap()).unwrap();
        let told = redactor.text("size 5000, 6000, module.blue.aws_x.red, module.blue, blue or red");
        let shown = "size 5000, (sensitive value), module.blue.aws_x.red, module.blue, (sensitive value) or (sensitive value)";
        assert_eq!(told.unescaped(), shown);
    }

    #[test]
    fn overlapping_values_leave_no_rest() {
        assert_eq!(redactor(&["abcdef", "cdefgh"]).text("xabcdefghy").unescaped(), "x(sensitive value)y");
        assert_eq!(redactor(&["abcdef", "abcdefgh"]).text("abcdefgh").unescaped(), "(sensitive value)");
    }

    #[test]
    fn quoted_and_split_forms_are_replaced_too() {
        let redactor = redactor(&["first \"line\"\nsecond line"]);
        assert_eq!(redactor.text(r#"x first \"line\"\nsecond line y"#).unescaped(), "x (sensitive value) y");
        assert_eq!(redactor.text("only second line here").unescaped(), "only (sensitive value) here");
    }

    #[test]
    fn what_is_not_sensitive_stays_exact() {
        let text = "\t::error::\u{1b}[31m\u{202e}\r\n\u{200b}";
        assert_eq!(redactor(&["hunter2-secret"]).text(text).unescaped(), text);
        let both =
            SafeText::concat([&SafeText::fixed("a\t"), &SafeText::from(7), &Redactor::default().text("\n")]);
        assert_eq!(both.unescaped(), "a\t7\n");
    }

    #[test]
    fn what_needs_no_redaction_is_told_as_it_is() {
        let address: Address = r#"module.m["k"].aws_x.a[0]"#.parse().unwrap();
        assert_eq!(SafeText::address(&address).unescaped(), r#"module.m["k"].aws_x.a[0]"#);
        assert_eq!(SafeText::module(&address).unescaped(), r#"module.m["k"]"#);
        assert_eq!(SafeText::instance_key(address.key.as_ref().unwrap()).unescaped(), "[0]");
        assert_eq!(
            SafeText::actions(&Actions::from_words(["delete", "create"])).unescaped(),
            "delete+create"
        );
        let file = tempfile::NamedTempFile::new().unwrap();
        let digest = Sha256Digest::of_file(file.path()).unwrap();
        // Of no bytes.
        let written = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(SafeText::digest(&digest).unescaped(), written);
    }

    #[test]
    fn parts_of_a_safe_text_are_those_of_its_text() {
        let text = SafeText::fixed("a.b is\ta\nsecond line\u{1b}");
        assert_eq!(text.replaced("a.b", "c").unescaped(), "c is\ta\nsecond line\u{1b}");
        assert_eq!(text.after(&SafeText::fixed("a.b")).unwrap().unescaped(), "is\ta\nsecond line\u{1b}");
        assert_eq!(text.after(&SafeText::fixed("a")), None);
        assert_eq!(text.after(&SafeText::fixed("is")), None);
        let lines = text.lines();
        assert_eq!(
            lines.iter().map(SafeText::unescaped).collect::<Vec<_>>(),
            ["a.b is\ta", "second line\u{1b}"]
        );
        assert_eq!(SafeText::fixed("ab").padded(4).unescaped(), "ab  ");
        for written in [text.for_terminal(), text.for_terminal_line(), text.for_document()] {
            assert!(written.starts_with("a.b is") && !written.contains('\u{1b}'), "{written:?}");
        }
        assert_eq!(text.for_terminal().lines().count(), 2);
        assert_eq!(text.for_terminal_line().lines().count(), 1);
        assert_eq!(text.for_document().lines().count(), 2);
    }

    /// A word of a sentence goes only where it is set apart, on both sides.
    #[test]
    fn a_grave_accent_on_one_side_sets_nothing_apart() {
        let redactor = redactor(&["destroyed"]);
        for text in ["`destroyed", "destroyed`", "` destroyed `"] {
            assert_eq!(redactor.sentence(text).unescaped(), text);
        }
        assert_eq!(redactor.sentence("`destroyed`").unescaped(), "`(sensitive value)`");
        let named = of_plan(&["destroyed"], &[], &["destroyed"]);
        assert_eq!(named.sentence("`destroyed`").unescaped(), "`destroyed`");
    }

    #[test]
    fn short_values_of_a_plan_are_those_that_are_no_names_and_not_common() {
        let plan = r#"{"format_version": "1.2", "resource_changes": [{"address": "aws_x.a", "change": {
            "actions": ["create"], "after": {"size": 1, "ports": [5000, 5000, "5000"], "pin": 6000}}}]}"#;
        let plan = Plan::parse(plan).unwrap();
        let sensitive = BTreeSet::from(["size", "5000", "4711", "longer-than-that"].map(str::to_owned));
        assert_eq!(short_values(&plan, &sensitive), BTreeSet::from(["4711"]));
    }

    /// A redactor of a plan that has these addresses and attribute names.
    fn of_plan(values: &[&str], addresses: &[&str], names: &[&str]) -> Redactor {
        let mut redactor = redactor(values);
        redactor.names = names.iter().map(ToString::to_string).collect();
        redactor.keep(addresses.iter().map(ToString::to_string));
        redactor
    }

    #[test]
    fn addresses_of_the_plan_stay() {
        let address = r#"module.production["eu"].aws_s3_bucket.a"#;
        let redactor = of_plan(&["production", "bucket.a"], &[address, "module.production"], &[]);
        for text in [address, &format!("{address} is public"), &quoted(address), "module.production: no"] {
            assert_eq!(redactor.text(text).unescaped(), text);
        }
        assert_eq!(redactor.text("in production").unescaped(), "in (sensitive value)");
        let other = redactor.text("module.productions, xmodule.production");
        assert_eq!(other.unescaped(), "module.(sensitive value)s, xmodule.(sensitive value)");
    }

    #[test]
    fn names_of_attributes_stay_where_they_are_names() {
        let redactor = of_plan(&["password"], &["aws_x.password_db"], &["password"]);
        assert_eq!(redactor.key("password").unescaped(), "password");
        assert_eq!(
            redactor.text(r#"{"password": "password"}"#).unescaped(),
            r#"{"password": "(sensitive value)"}"#
        );
        let text = "aws_x.password_db.password is weak";
        assert_eq!(redactor.text(text).unescaped(), text);
        // What stands behind the name, or only looks like a key, does not stay.
        let with_secret = of_plan(&["password", "hunter2-secret"], &["aws_x.password_db"], &["password"]);
        for (text, shown) in [
            ("aws_x.password_db.password: hunter2-secret", "aws_x.password_db.password: (sensitive value)"),
            (r#"{"my password": 1}"#, r#"{"my (sensitive value)": 1}"#),
            (r#"{"hunter2-secret": 1}"#, r#"{"(sensitive value)": 1}"#),
            (r#"["password", 1]"#, r#"["(sensitive value)", 1]"#),
        ] {
            assert_eq!(with_secret.text(text).unescaped(), shown);
        }
        let path = AttributePath::default().key("tags").key("password");
        assert_eq!(redactor.path(&path).unescaped(), "tags.password");
        let path = AttributePath::default().key("hunter2-secret").key("hunter2-secret");
        let shown = super::tests::redactor(&["hunter2-secret"]).path(&path);
        assert_eq!(shown.unescaped(), r#"hunter2-secret["(sensitive value)"]"#);
    }

    #[test]
    fn words_of_a_sentence_stay_and_values_in_it_do_not() {
        let redactor = redactor(&["destroyed", "hunter2-secret"]);
        let told = redactor.sentence("a.b is destroyed: `destroyed`, hunter2-secret");
        assert_eq!(told.unescaped(), "a.b is destroyed: `(sensitive value)`, (sensitive value)");
    }

    #[test]
    fn other_forms_of_a_value_are_replaced_too() {
        let redactor = redactor(&["Sup3r-Sécret/Pw"]);
        for text in
            ["SUP3R-SÉCRET/PW", "sup3r-sécret/pw", "Sup3r-S%C3%A9cret%2FPw", "U3VwM3ItU8OpY3JldC9Qdw=="]
        {
            assert_eq!(redactor.text(text).unescaped(), PLACEHOLDER, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_address_is_changed(
            values in proptest::collection::btree_set("[a-c._]{3,9}", 0..6),
            modules in proptest::collection::vec("[a-c_]{1,9}", 0..3),
            parts in ("[a-c_]{3,12}", "[a-c_]{1,9}", "[a-c.\"\\\\ ]{0,9}"),
        ) {
            let modules: String = modules.iter().map(|name| format!("module.{name}.")).collect();
            let (kind, name, key) = parts;
            let address = format!("{modules}{kind}.{name}[{}]", serde_json::Value::from(key));
            let mut redactor = Redactor::new(&values);
            redactor.keep([address.clone()]);
            let (alone, told) = (redactor.text(&address), redactor.text(&format!("{address} is wrong")));
            prop_assert_eq!(alone.unescaped(), address.as_str());
            prop_assert_eq!(told.unescaped(), format!("{address} is wrong"));
        }

        #[test]
        fn no_value_survives(
            values in proptest::collection::btree_set("[a-d]{6,9}", 1..5),
            noise in proptest::collection::vec("[a-d ]{0,8}", 1..6),
        ) {
            let redactor = Redactor::new(&values);
            let all: Vec<&str> = values.iter().map(String::as_str).collect();
            let text: String = noise.iter().enumerate().map(|(i, n)| format!("{n}{}", all[i % all.len()])).collect();
            let safe = redactor.text(&text);
            for value in &values {
                prop_assert!(!safe.unescaped().contains(value.as_str()), "{value} in {}", safe.unescaped());
            }
        }
    }

    #[test]
    fn values_are_found_as_go_writes_them_into_json() {
        let redactor = Redactor::new(&BTreeSet::from(["a<b>&\"c\u{2028}".to_owned()]));
        for text in [
            r#"{"x":"a\u003cb\u003e\u0026\"c\u2028"}"#,
            r#"{\"x\":\"a\\u003cb\\u003e\\u0026\\\"c\\u2028\"}"#,
            "{\\\"x\\\":\\\"a<b>&\\\\\\\"c\u{2028}\\\"}",
        ] {
            assert!(redactor.text(text).unescaped().contains(PLACEHOLDER), "{text}");
        }
    }
}
