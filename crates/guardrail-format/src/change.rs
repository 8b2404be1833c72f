//! Tables of the change guards: the resource types and attributes that they look at.
//!
//! One TOML file is the table of one guard; `policies/change/README.md` describes the format.

mod expand;
mod read;

use planguard_rule::Severity;
use serde::{Deserialize, Serialize};

pub use read::{ChangeTableError, read_change_table};

/// The table of one guard.
#[derive(Clone, Debug, Default)]
pub struct ChangeTable {
    /// Resource types that matter as a whole (`[[types]]`).
    pub groups: Vec<Row<Group>>,
    /// Resource types that were considered and left out (`[[except]]`), with the reason.
    pub exceptions: Vec<Row<String>>,
    /// Attributes with a safe and an unsafe setting (`[[switch]]`).
    pub switches: Vec<Row<Switch>>,
    /// Settings inside texts (`[[document]]`).
    pub documents: Vec<Row<DocumentSwitch>>,
    /// Settings that have their name in an attribute (`[[parameter]]`).
    pub parameters: Vec<Row<NamedSetting>>,
    /// Attributes that say how long something is kept (`[[period]]`).
    pub periods: Vec<Row<Period>>,
    /// Attributes that the guard reads in its own way (`[[attribute]]`).
    pub attributes: Vec<Row<MarkedAttribute>>,
    /// Attributes that allow or deny network traffic (`[[opening]]`).
    pub openings: Vec<Row<OpeningLayout>>,
}

/// An entry of a table with the resource types that it is about.
#[derive(Clone, Debug)]
pub struct Row<T> {
    /// The line of the file, counted from 1.
    pub line: usize,
    /// The types; none for every type that has the attribute.
    pub types: Vec<String>,
    /// The types that the patterns of the entry leave out; empty once they are expanded.
    pub except: Vec<String>,
    /// Whether wildcards of the entry matched what it is about.
    pub by_name: bool,
    /// Why the schemas do not know the types; `None` where they must.
    pub unchecked: Option<String>,
    /// What the entry says of them.
    pub entry: T,
}

/// What a table says of one resource type, or of every type.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TypeFacts {
    /// Set where the type is in a group.
    pub group: Option<Group>,
    /// Its switches.
    pub switches: Vec<Switch>,
    /// Its settings inside texts.
    pub documents: Vec<DocumentSwitch>,
    /// Its settings that have their name in an attribute.
    pub parameters: Vec<NamedSetting>,
    /// Its periods.
    pub periods: Vec<Period>,
    /// Its marked attributes.
    pub attributes: Vec<MarkedAttribute>,
    /// How it describes network traffic.
    pub openings: Vec<OpeningLayout>,
}

/// Resource types that matter as a whole.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Group {
    /// What is lost when an object is destroyed, as a clause such as `its records are destroyed`.
    pub loss: Option<String>,
    /// The severity of a finding about an object, where that is not the one of the guard.
    pub severity: Option<Severity>,
    /// The attributes that name what an object guards: a new object of the type that has the same is its successor.
    pub subject: Vec<String>,
}

/// The names that lead to an attribute through nested blocks.
pub type NamePath = Vec<String>;

/// An attribute with a safe and an unsafe setting.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Switch {
    /// The attribute.
    pub attribute: NamePath,
    /// Which settings are safe.
    pub safe: SafeSetting,
    /// What it means that the attribute is not set.
    pub unset: Unset,
    /// What has to stand beside the attribute; all of it.
    pub when: Vec<Beside>,
    /// What the guard tells of it.
    pub tells: Tells,
}

/// What has to stand beside an attribute for an entry to be about it, since that says what the attribute means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beside {
    /// The attribute, in the same blocks as the entry's own as far as the paths agree.
    pub attribute: NamePath,
    /// Its values of which one has to be there, in any case.
    pub words: Vec<String>,
}

/// What a guard tells of an entry, where that is not what it tells of all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tells {
    /// What a message says of the resource (`says`).
    pub says: Option<String>,
    /// The severity of a finding (`severity`, or `minor` for low).
    pub severity: Option<Severity>,
}

/// A setting inside a text: a JSON document, or lines of the form `name = value`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DocumentSwitch {
    /// The attribute with the text.
    pub document: NamePath,
    /// The setting in it. Its path goes through every element of the lists on the way.
    pub switch: Switch,
}

/// A setting whose name stands in the attribute `name` or `key`, and whose value in the attribute `value` beside it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NamedSetting {
    /// The way to the blocks; empty where the resource is the setting.
    pub list: NamePath,
    /// The names, of which each is a setting of its own.
    pub names: Vec<String>,
    /// Which values are safe.
    pub safe: SafeSetting,
    /// What it means that the setting is not there.
    pub unset: Unset,
}

/// Which settings of a switch are safe.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum SafeSetting {
    /// This boolean (`strong = true`).
    Flag(bool),
    /// These words, in any case (`strong = ["Deny"]`).
    Words(Vec<String>),
    /// Every word but these, in any case (`weak = ["NONE"]`).
    AllBut(Vec<String>),
    /// The later ones of these words, in any case (`order = ["OFF", "OPTIONAL", "ON"]`). The word `*` stands for every
    /// word that is not among them.
    Order(Vec<String>),
    /// Any: the attribute or block must be there (`strong = "present"`).
    Present,
    /// None: the attribute or block must not be there (`strong = "absent"`).
    Absent,
    /// This number or more (`strong = { at-least = 2 }`).
    AtLeast(f64),
    /// This number or less (`strong = { at-most = 3600 }`).
    AtMost(f64),
}

/// What it means that a switch is not set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unset {
    /// The same as the unsafe setting.
    Weak,
    /// The same as the safe setting.
    Strong,
    /// The provider or the account decides.
    #[default]
    ProviderDecides,
}

/// An attribute that says how long something is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Period {
    /// The attribute, a number or a text with a duration.
    pub attribute: NamePath,
    /// What one of it is.
    pub unit: PeriodUnit,
    /// Whether zero means for ever.
    pub zero_is_forever: bool,
    /// Whether it is kept for ever where nothing is set.
    pub unset_is_forever: bool,
    /// From how much on less is no matter.
    pub enough: Option<f64>,
    /// Which way the period becomes weaker.
    pub weaker: Weaker,
    /// By which factor a number has to change before it is reported; by anything where there is none.
    pub factor: Option<f64>,
    /// What has to stand beside the attribute; all of it.
    pub when: Vec<Beside>,
    /// What the guard tells of it.
    pub tells: Tells,
}

/// Which way a number becomes weaker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weaker {
    /// Less is weaker, such as the days that a log is kept.
    #[default]
    Less,
    /// More is weaker, such as the hours that a session lasts.
    More,
}

/// What a period counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PeriodUnit {
    /// Days.
    Days,
    /// Hours.
    Hours,
    /// Minutes.
    Minutes,
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Kept copies, not a time.
    Copies,
    /// Nothing by itself: the attribute is a text with a unit, such as `7d` or `P7D`.
    Duration,
}

/// An attribute that the guard reads in its own way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MarkedAttribute {
    /// The attribute.
    pub attribute: NamePath,
    /// How it is read.
    pub mark: Mark,
    /// What the guard tells of it.
    pub tells: Tells,
}

/// How a guard reads a [`MarkedAttribute`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// A list of the kinds of logs that are written.
    LogKinds,
    /// A list of what has to be met, such as the checks that a branch requires.
    Requirements,
    /// An IAM policy document as JSON text.
    PolicyDocument,
    /// The same, that says who may assume a role.
    TrustPolicy,
    /// The ARN of a managed policy, or a list of them.
    ManagedPolicies,
    /// A list in which `*` means everything.
    Wildcards,
    /// What names the rules of a web application firewall.
    Filters,
    /// The accounts that something is shared with: an identifier, or a list of them.
    Accounts,
    /// What names the groups of network rules that an object is in: an identifier, or a list of them.
    NetworkGroups,
    /// The role that an object acts as, or the instance profile with it: its name or ARN.
    Role,
    /// A list of what is exempt from a guard.
    Exceptions,
    /// What decides where something goes, or who decides: another value in its place matters.
    Fixed,
    /// The status codes that count as healthy: a text such as `200-299,301`, or a list of them.
    StatusCodes,
}

/// How a resource type describes network traffic that it allows, or denies.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OpeningLayout {
    /// Which way the traffic goes.
    pub direction: Direction,
    /// What a rule does with it.
    pub effect: TrafficEffect,
    /// The way to the rules; empty where the resource is the rule.
    pub rules: NamePath,
    /// What a rule, or else the resource, has to say for the rule to count.
    pub when: Vec<(String, String)>,
    /// Which attributes name the ranges.
    pub sources: Sources,
    /// The attribute of a rule that names the protocol.
    pub protocol: Option<String>,
    /// Which attributes name the ports.
    pub ports: Ports,
    /// What it means that there is no range.
    pub empty: Empty,
    /// The attribute that names the object whose rules add up (`object`).
    pub object: Option<String>,
    /// Attributes of the rule with groups, tags or lists that are allowed besides ranges (`groups`).
    pub groups: Vec<String>,
    /// The attribute of a rule, or of the resource, with its place among the others: the lowest comes first (`order`).
    pub order: Option<String>,
    /// Attributes of the rule, or of the resource, that limit it to some targets (`targets`).
    pub targets: Vec<String>,
}

/// Which way network traffic goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// To the resource.
    #[default]
    In,
    /// From the resource.
    Out,
}

/// What a network rule does with traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrafficEffect {
    /// It allows it.
    #[default]
    Allow,
    /// It denies it.
    Deny,
}

/// Which attributes name network ranges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sources {
    /// These of the rule, texts or lists of texts (`sources`).
    InRule(Vec<NamePath>),
    /// These of the resource (`resource_sources`).
    InResource(Vec<String>),
    /// The first and the last address, in two attributes of the rule (`between`).
    Between(String, String),
}

/// Which attributes of a rule name ports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ports {
    /// None: all ports are open.
    All,
    /// The first and the last port, in two attributes (`port_range`).
    Between(String, String),
    /// Texts such as `80-90`, or lists of them (`ports`).
    In(Vec<String>),
}

/// What it means that there is no network range.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Empty {
    /// Nobody is let in.
    #[default]
    Closed,
    /// Everyone is let in.
    Open,
    /// Everyone is let in if this block is absent, nobody if it is there and empty.
    OpenWithout(String),
}

impl ChangeTable {
    /// Every resource type that the table names, except the exceptions; sorted.
    pub fn types(&self) -> Vec<&str> {
        let mut types: Vec<&str> = Vec::new();
        types.extend(names(&self.groups));
        types.extend(names(&self.switches));
        types.extend(names(&self.documents));
        types.extend(names(&self.parameters));
        types.extend(names(&self.periods));
        types.extend(names(&self.attributes));
        types.extend(names(&self.openings));
        types.sort_unstable();
        types.dedup();
        types
    }

    /// What the table says of one resource type; `None` for what it says of every type.
    pub fn facts(&self, resource_type: Option<&str>) -> TypeFacts {
        TypeFacts {
            group: entries(&self.groups, resource_type).next(),
            switches: entries(&self.switches, resource_type).collect(),
            documents: entries(&self.documents, resource_type).collect(),
            parameters: entries(&self.parameters, resource_type).collect(),
            periods: entries(&self.periods, resource_type).collect(),
            attributes: entries(&self.attributes, resource_type).collect(),
            openings: entries(&self.openings, resource_type).collect(),
        }
    }
}

fn names<T>(rows: &[Row<T>]) -> impl Iterator<Item = &str> {
    rows.iter().flat_map(|row| &row.types).map(String::as_str)
}

fn entries<T: Clone>(rows: &[Row<T>], resource_type: Option<&str>) -> impl Iterator<Item = T> {
    rows.iter()
        .filter(move |row| match resource_type {
            None => row.types.is_empty(),
            Some(name) => row.types.iter().any(|own| own == name),
        })
        .map(|row| row.entry.clone())
}
