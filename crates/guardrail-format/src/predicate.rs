//! The predicates that guardrails are made of.

use serde::{Deserialize, Serialize};

use super::moment::Moment;
use super::path::PathPattern;
use super::pattern::Pattern;
use super::quantity::{Quantity, Version};
use super::statement::StatementTest;
use super::test_id::TestId;

/// What a predicate may answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Truth {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// It depends on what is known only after apply.
    Unknown,
}

impl Truth {
    /// The truth of a fact.
    pub const fn of(fact: bool) -> Self {
        if fact { Self::True } else { Self::False }
    }

    /// The opposite; unknown stays unknown.
    #[must_use]
    pub const fn negated(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }
}

/// A condition on a resource, or on a block or element inside it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Predicate {
    /// All of them hold.
    All(Vec<Self>),
    /// At least one of them holds.
    Any(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// A test of one attribute.
    Attribute(AttributePredicate),
    /// A condition on the elements of a list, a set or blocks.
    Elements(ElementsPredicate),
    /// How many elements a list, a set or blocks have.
    Count(CountPredicate),
    /// A condition on the JSON or YAML document that an attribute holds as text.
    Document {
        /// The attribute.
        paths: Vec<PathPattern>,
        /// The condition on the document.
        condition: Box<Self>,
        /// The answer where there is no document, where false is wrong.
        unset: Option<Truth>,
        /// The answer where the document is unknown, where [`Truth::Unknown`] is wrong.
        unknown: Option<Truth>,
    },
    /// A range of ports.
    Ports(PortsPredicate),
    /// A range of addresses that two attributes bound.
    Range(RangePredicate),
    /// Another resource of the plan that belongs to this one.
    Companion(Companion),
    /// Any resource of the plan, whatever it belongs to.
    PlanHas {
        /// Its possible types.
        types: Vec<String>,
        /// What must hold of it; anything if `None`.
        condition: Option<Box<Self>>,
        /// Which test it is.
        #[serde(skip)]
        test: TestId,
    },
    /// A condition on the object before the change; it does not hold of an object that is created.
    Was(Box<Self>),
    /// A condition on the object after the change; it does not hold of an object that is destroyed.
    Becomes(Box<Self>),
    /// What the plan does with the object is one of these.
    Actions(Vec<ActionWord>),
}

impl Predicate {
    /// Whether it looks at a change, and not at one side of it.
    pub fn is_about_change(&self) -> bool {
        match self {
            Self::Was(_) | Self::Becomes(_) | Self::Actions(_) => true,
            Self::All(some) | Self::Any(some) => some.iter().any(Self::is_about_change),
            Self::Not(inner) => inner.is_about_change(),
            Self::Elements(elements) => elements.condition.is_about_change(),
            Self::Document { condition, .. } => condition.is_about_change(),
            Self::Count(count) => count.condition.as_ref().is_some_and(|inner| inner.is_about_change()),
            Self::Companion(Companion { condition, .. }) | Self::PlanHas { condition, .. } => {
                condition.as_ref().is_some_and(|inner| inner.is_about_change())
            }
            Self::Attribute(_) | Self::Ports(_) | Self::Range(_) => false,
        }
    }
}

/// What a plan does with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActionWord {
    /// It is created, and nothing is destroyed for it.
    Create,
    /// It is changed in place.
    Update,
    /// It is destroyed, and nothing takes its place.
    Delete,
    /// It is destroyed and created again, in either order.
    Replace,
    /// It stays, and is no longer managed.
    Forget,
    /// It is brought under management by an `import` block.
    Import,
    /// Nothing changes.
    NoOp,
}

/// How many elements a list may have.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CountPredicate {
    /// The list under its present and its former names; the first that is set counts.
    pub paths: Vec<PathPattern>,
    /// Which elements count; all of them if `None`.
    pub condition: Option<Box<Predicate>>,
    /// How many there must be.
    pub test: CountTest,
    /// The parameter that the number is taken from.
    pub parameter: Option<String>,
    /// The answer where the list is not set, if it is another one than for no elements.
    pub unset: Option<Truth>,
    /// The answer where it is unknown how many elements there will be.
    pub unknown: Option<Truth>,
}

/// A number of elements.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum CountTest {
    /// So many.
    Is(f64),
    /// So many or more.
    AtLeast(f64),
    /// So many or fewer.
    AtMost(f64),
}

/// A range of addresses that is written as its first and its last address.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RangePredicate {
    /// The attribute with the first address.
    pub start: PathPattern,
    /// The attribute with the last address.
    pub end: PathPattern,
    /// Which ranges are meant.
    pub test: CidrTest,
    /// The parameter that the test takes its value from.
    pub parameter: Option<String>,
    /// The answer where an address is not set.
    pub unset: Option<Truth>,
    /// The answer where an address is unknown, where [`Truth::Unknown`] is wrong.
    pub unknown: Option<Truth>,
}

/// A test of one attribute.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AttributePredicate {
    /// The attribute under its present and its former names; the first that is set counts. Without names
    /// the test is of the element itself.
    pub paths: Vec<PathPattern>,
    /// What is tested.
    pub test: AttributeTest,
    /// The parameter that the test takes its value from.
    pub parameter: Option<String>,
    /// The answer for an attribute that is not set, where the test's own is wrong.
    pub unset: Option<Truth>,
    /// The answer for an attribute that is unknown, where [`Truth::Unknown`] is wrong.
    pub unknown: Option<Truth>,
}

/// What is tested of an attribute.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum AttributeTest {
    /// It equals a value.
    Is(Literal),
    /// It equals one of several values.
    In(Vec<Literal>),
    /// It is set to something: not null, not empty.
    Present,
    /// It is not set, or empty.
    Absent,
    /// It is this much or more.
    AtLeast(Quantity),
    /// It is this much or less.
    AtMost(Quantity),
    /// It is more than this.
    LongerThan(Quantity),
    /// A regular expression finds a match in it.
    Matches(Pattern),
    /// It starts with one of these.
    StartsWith(Vec<String>),
    /// A list or set with one of these among its elements, or a text with one of these in it.
    Contains(Vec<Literal>),
    /// A network range, or a list of them with one such range.
    Cidr(CidrTest),
    /// A policy document with such a statement.
    Statement(Box<StatementTest>),
    /// A text, or a list or map of texts, in which credentials stand.
    Secret,
    /// It is written as a literal in the configuration, not taken from a variable or a resource.
    LiteralInConfiguration,
    /// It is a version before this one.
    OlderThan(Version),
    /// It equals another attribute at the same place.
    SameAs(PathPattern),
    /// It is set, and so is another attribute at the same place, to something else.
    DiffersFrom(PathPattern),
    /// It is a date before this one.
    BeforeDate(Moment),
    /// It is a date so many seconds after the plan was made, or earlier.
    ExpiresWithin(f64),
}

impl AttributeTest {
    /// Whether it asks what the value is, and not where it comes from.
    pub const fn is_about_value(&self) -> bool {
        !matches!(self, Self::LiteralInConfiguration | Self::Secret)
    }
}

/// A value that people write in a guardrail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Literal {
    /// `true` or `false`; equals the texts too, which maps of strings hold.
    Bool(bool),
    /// A number; equals its text too.
    Number(f64),
    /// A text.
    Text(String),
}

/// Which network ranges are meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CidrTest {
    /// All of the internet, or half of it: `/0` and `/1`.
    Any,
    /// At least one address that is routed on the internet.
    Public,
    /// The same, unless all of it lies in one of these ranges.
    PublicExcept(Vec<String>),
    /// More addresses than a prefix of this length has.
    WiderThan(u8),
}

/// A condition on elements.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ElementsPredicate {
    /// The list under its present and its former names; the first that is set counts.
    pub paths: Vec<PathPattern>,
    /// How many elements must fulfil the condition.
    pub quantifier: Quantifier,
    /// The condition on one element.
    pub condition: Box<Predicate>,
    /// The answer where the list is not set or empty: by default `some` is false and `each` is true.
    pub unset: Option<Truth>,
    /// The answer where it is unknown how many elements there will be.
    pub unknown: Option<Truth>,
}

/// How many elements must fulfil a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Quantifier {
    /// At least one.
    Some,
    /// Every one.
    Each,
}

/// Whether a range of ports includes one of several.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PortsPredicate {
    /// The ports that matter. A span counts where all of it is included.
    pub wanted: Vec<PortRange>,
    /// The parameter that they are taken from.
    pub parameter: Option<String>,
    /// The protocol that matters.
    pub transport: Transport,
    /// Where the range stands.
    pub source: PortSource,
    /// The attribute with the protocol, if there is one.
    pub protocol: Option<PathPattern>,
    /// The answer where no port is given and the protocol does not mean all ports.
    pub unset: Option<Truth>,
}

/// Ports from one to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortRange {
    /// The first port.
    pub from: u16,
    /// The last port.
    pub to: u16,
}

impl PortRange {
    /// Every port.
    pub const ALL: Self = Self { from: 0, to: u16::MAX };

    /// Whether all of `other` lies in this range.
    pub const fn includes(self, other: Self) -> bool {
        self.from <= other.from && other.to <= self.to
    }

    /// Reads `22`, `20-25` or `*`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text == "*" {
            return Some(Self::ALL);
        }
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        let range = Self { from: from.trim().parse().ok()?, to: to.trim().parse().ok()? };
        (range.from <= range.to).then_some(range)
    }
}

/// The protocol that carries what listens on a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// Either.
    Any,
}

/// Where a range of ports stands in a resource.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum PortSource {
    /// In two attributes with numbers.
    Bounds {
        /// The first port.
        from: PathPattern,
        /// The last port.
        to: PathPattern,
    },
    /// In attributes with texts such as `22` or `20-25`, or lists of them.
    Ranges(Vec<PathPattern>),
}

/// Another resource of the plan that belongs to this one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Companion {
    /// Its possible types.
    pub types: Vec<String>,
    /// Which of the two refers to the other.
    pub direction: CompanionDirection,
    /// The attribute that refers.
    pub by: PathPattern,
    /// The attributes of the one referred to whose known values may stand in `by`.
    pub on: Vec<PathPattern>,
    /// What must hold of the companion; anything if `None`.
    pub condition: Option<Box<Predicate>>,
    /// How many there must be.
    pub at_least: usize,
    /// Which test it is.
    #[serde(skip)]
    pub test: TestId,
}

/// Which of two resources refers to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CompanionDirection {
    /// The companion refers to the resource that is judged.
    RefersToThis,
    /// The resource that is judged refers to the companion.
    ReferredToByThis,
}
