//! What one policy document allows that another does not, as far as it matters to a reviewer.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use ipnet::IpNet;
use planguard_guardrail_format::{Effect, Truth};
use planguard_plan::text::wildcard;

use super::condition::{Comparison, Condition, Conditions, Quantifier};
use super::covering::{ByPrefix, Covering};
use super::document::{Document, Listed, Principal, Statement};
use super::open::narrow;

/// A way in which a document allows more than another one. One more action on one more resource, both of them
/// named, is everyday work and not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Grant {
    /// Anyone may do something that only some were allowed to do.
    Anyone,
    /// All actions, of a service or of all services, are allowed where only some were.
    AllActions,
    /// Something is allowed on all resources that was allowed on some.
    AllResources,
    /// Something is allowed on all resources of a kind that was allowed on some.
    AllOfKind,
    /// An action is allowed that destroys data.
    Destroys,
    /// An action is allowed with which its holder can gain more rights.
    Escalation,
    /// Roles with a pattern for a name can be passed or assumed, where only some could.
    RolesByPattern,
    /// A principal that the policy did not name is allowed something that others were allowed.
    Principal,
    /// A principal is allowed an action that reads, changes or runs something, and that only others were allowed.
    OfOthers,
    /// Something is allowed that was allowed under conditions only.
    WithoutCondition,
    /// Something is no longer denied.
    NoLongerDenied,
}

impl Grant {
    /// What is granted, as part of a sentence. `subjects` are the principals of [`Grant::Principal`], the
    /// resources of [`Grant::AllOfKind`] and [`Grant::RolesByPattern`], and the actions of all others.
    pub(crate) fn describe(self, subjects: &BTreeSet<String>) -> String {
        let named = named(subjects);
        match self {
            Self::Anyone => format!("anyone is allowed {named}"),
            Self::AllActions => format!("{named} is allowed"),
            Self::AllResources => format!("{named} is allowed on all resources"),
            Self::AllOfKind => format!("{named} is allowed as a whole"),
            Self::Destroys => format!("{named} is allowed, which destroys data"),
            Self::Escalation => format!("{named} is allowed, with which more rights can be gained"),
            Self::RolesByPattern => {
                format!("all roles named {named} can be passed or assumed, also those that are created later")
            }
            Self::Principal => format!("{named} is a new principal"),
            Self::OfOthers => format!("{named} is allowed to somebody who had fewer rights"),
            Self::WithoutCondition => format!("conditions on {named} let in what they refused before"),
            Self::NoLongerDenied => format!("{named} is no longer denied"),
        }
    }

    /// The same without names, for a policy that is sensitive.
    pub(crate) const fn describe_in_general(self) -> &'static str {
        match self {
            Self::Anyone => "anyone is allowed to use it",
            Self::AllActions => "all actions of a service are allowed",
            Self::AllResources => "an action is allowed on all resources",
            Self::AllOfKind => "an action is allowed on all resources of a kind",
            Self::Destroys => "an action is allowed that destroys data",
            Self::Escalation => "an action is allowed with which more rights can be gained",
            Self::RolesByPattern => "roles by a pattern can be passed or assumed",
            Self::Principal => "there is a new principal",
            Self::OfOthers => "an action is allowed to somebody who had fewer rights",
            Self::WithoutCondition => "conditions let in what they refused before",
            Self::NoLongerDenied => "an action is no longer denied",
        }
    }
}

/// A list for people, in backticks, of the first few.
fn named(subjects: &BTreeSet<String>) -> String {
    const MOST: usize = 3;
    let first: Vec<String> = subjects.iter().take(MOST).map(|subject| format!("`{subject}`")).collect();
    match subjects.len().saturating_sub(MOST) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// Actions with which their holder can gain more rights than the policy gives, in lower case.
const ESCALATING: &[&str] = &[
    "elasticfilesystem:clientrootaccess",
    "iam:addusertogroup",
    "iam:attachgrouppolicy",
    "iam:attachrolepolicy",
    "iam:attachuserpolicy",
    "iam:createaccesskey",
    "iam:createloginprofile",
    "iam:createpolicyversion",
    "iam:passrole",
    "iam:putgrouppolicy",
    "iam:putrolepolicy",
    "iam:putuserpolicy",
    "iam:setdefaultpolicyversion",
    "iam:updateassumerolepolicy",
    "iam:updateloginprofile",
    "kms:creategrant",
    "kms:putkeypolicy",
    "s3:putbucketpolicy",
    "sts:assumerole",
];

/// Actions that read secrets and data, change code, or run something, in lower case. On all resources they are no everyday
/// work, even where they are new.
const FAR_REACHING: &[&str] = &[
    "dynamodb:deleteitem",
    "dynamodb:getitem",
    "dynamodb:putitem",
    "dynamodb:scan",
    "ec2:terminateinstances",
    "ecs:executecommand",
    "ecs:runtask",
    "kms:decrypt",
    "lambda:invokefunction",
    "lambda:updatefunctioncode",
    "s3:deleteobject",
    "s3:getobject",
    "s3:putobject",
    "secretsmanager:getsecretvalue",
    "secretsmanager:putsecretvalue",
    "sqs:receivemessage",
    "ssm:getparameter",
    "ssm:getparameters",
    "ssm:getparametersbypath",
    "ssm:sendcommand",
    "ssm:startsession",
];

/// Actions that destroy data or what it is kept in, in lower case.
const DESTROYING: &[&str] = &[
    "backup:deletebackupvault",
    "backup:deleterecoverypoint",
    "cloudformation:deletestack",
    "dynamodb:deletebackup",
    "dynamodb:deletetable",
    "ec2:deletesnapshot",
    "ec2:deletevolume",
    "ecr:deleterepository",
    "elasticfilesystem:deletefilesystem",
    "es:deletedomain",
    "kinesis:deletestream",
    "kms:disablekey",
    "kms:schedulekeydeletion",
    "logs:deleteloggroup",
    "rds:deletedbcluster",
    "rds:deletedbinstance",
    "rds:deletedbsnapshot",
    "redshift:deletecluster",
    "s3:deletebucket",
    "s3:deleteobjectversion",
    "secretsmanager:deletesecret",
];

/// Into how many parts a statement is divided at most. AWS limits a policy to some ten thousand characters,
/// which makes a few thousand parts.
const MOST_SINGLES: usize = 10_000;

/// What a document allows beyond another one: every [`Grant`] with what it is about.
pub(crate) fn grants_beyond(after: &Document, before: &Document) -> BTreeMap<Grant, BTreeSet<String>> {
    let mut before = rules(before);
    let after = rules(after);
    let by_after = Covering::new(&after);
    for old in &mut before {
        old.is_kept = by_after.covers(old, LeftOut::Nothing);
    }
    let by_before = Covering::new(&before);
    let mut found: BTreeMap<Grant, BTreeSet<String>> = BTreeMap::new();
    for rule in with(&after, Effect::Allow) {
        // Most statements are unchanged; only the others are worth dividing.
        if by_before.covers(rule, LeftOut::Nothing) {
            continue;
        }
        for single in rule.singles() {
            if let Some(grant) = single.grant_beyond(&by_before) {
                found.entry(grant).or_default().extend(single.subjects(grant));
            }
        }
    }
    let denies = |denied: &Rule<'_>| by_after.covers(denied, LeftOut::Nothing);
    for rule in with(&before, Effect::Deny).filter(|rule| !denies(rule)) {
        for single in rule.singles().iter().filter(|single| !denies(single)) {
            found.entry(Grant::NoLongerDenied).or_default().extend(single.subjects(Grant::NoLongerDenied));
        }
    }
    found
}

/// The values that the conditions of allowing statements compare with, by the key.
fn compared(document: &Document) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let allowing = document.statements.iter().filter(|statement| statement.effect == Some(Effect::Allow));
    for condition in allowing.flat_map(|statement| &statement.conditions.known) {
        let Some(key) = condition.key.as_ref().filter(|key| !key.is_empty()) else { continue };
        found.entry(key.clone()).or_default().extend(condition.values.known.iter().cloned());
    }
    found
}

/// Whether all that conditions let in beyond what they did are other subjects of projects that they let in before, each
/// named in full: another environment or branch of the same repository.
pub(crate) fn adds_subjects_of_known_projects(after: &Document, before: &Document) -> bool {
    // `repo:OWNER/NAME:...`, `project_path:GROUP/NAME:...`
    let project = |subject: &str| -> Option<String> {
        let mut parts = subject.splitn(3, ':');
        let (kind, name, _) = (parts.next()?, parts.next()?, parts.next()?);
        name.contains('/').then(|| format!("{kind}:{name}"))
    };
    let (before, after) = (compared(before), compared(after));
    let mut changed = after.iter().filter(|(key, new)| before.get(*key) != Some(new)).peekable();
    changed.peek().is_some()
        && before.keys().eq(after.keys())
        && changed.all(|(key, new)| {
            let old =
                before.get(key).map(|old| old.iter().filter_map(|one| project(one)).collect::<BTreeSet<_>>());
            let old = old.unwrap_or_default();
            let mut added = new.iter().filter(|one| before.get(key).is_some_and(|old| !old.contains(*one)));
            key.ends_with(":sub")
                && added
                    .all(|one| !one.contains(['*', '?']) && project(one).is_some_and(|it| old.contains(&it)))
        })
}

/// What became of the conditions of allowing statements, as clauses: keys that are gone, and keys with other values.
pub(crate) fn changed_conditions(after: &Document, before: &Document) -> Vec<String> {
    let after = compared(after);
    let changed = compared(before).into_iter().filter_map(|(key, old)| match after.get(&key) {
        None => Some(format!("`{key}` is no longer compared")),
        // Who knows it and is trusted may assume the role: it is no secret, and nothing to print either.
        Some(new) if *new != old && key == "sts:externalid" => {
            Some(format!("`{key}` is compared with another value"))
        }
        Some(new) if *new != old => {
            Some(format!("`{key}` is compared with {} instead of {}", named(new), named(&old)))
        }
        Some(_) => None,
    });
    changed.collect()
}

/// The principals that a document allows something that another one does not allow everyone, under conditions at least
/// as wide.
pub(crate) fn new_principals<'d>(
    after: &'d Document,
    before: &'d Document,
) -> Vec<(&'d Principal, &'d Statement)> {
    let mut for_everyone = rules(before);
    for_everyone.retain(|old| old.principals.is_everything() && old.principals != Patterns::Absent);
    let for_everyone = Covering::new(&for_everyone);
    let mut new = Vec::new();
    for rule in with(&rules(after), Effect::Allow) {
        if !for_everyone.covers(rule, LeftOut::Principals) {
            let named = rule.statement.principals.these.iter().flat_map(|these| &these.known);
            new.extend(named.map(|principal| (principal, rule.statement)));
        }
    }
    new
}

/// The principals that a document allows something, with the statements that allow it.
pub(crate) fn allowed_principals(document: &Document) -> Vec<(&Principal, &Statement)> {
    let allowing = document.statements.iter().filter(|statement| statement.effect == Some(Effect::Allow));
    allowing
        .flat_map(|statement| {
            let named = statement.principals.these.iter().flat_map(|these| &these.known);
            named.map(move |principal| (principal, statement))
        })
        .collect()
}

fn rules(document: &Document) -> Vec<Rule<'_>> {
    document.statements.iter().filter_map(Rule::of).collect()
}

fn with<'r, 'd>(rules: &'r [Rule<'d>], effect: Effect) -> impl Iterator<Item = &'r Rule<'d>> {
    rules.iter().filter(move |rule| rule.effect == effect)
}

/// Which part of two statements is left out of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeftOut {
    Nothing,
    Conditions,
    Resources,
    Principals,
}

/// A statement, or one of its parts, made ready to compare.
#[derive(Clone, Debug)]
pub(super) struct Rule<'d> {
    /// The statement, which has the actions as they are written.
    statement: &'d Statement,
    effect: Effect,
    pub(super) principals: Patterns,
    pub(super) actions: Patterns,
    pub(super) resources: Patterns,
    /// The actions as they are written, by their small letters.
    written: Rc<HashMap<String, Vec<String>>>,
    /// Whether the other document says as much. A right that an account has and keeps is none of each of its roles and
    /// users, which another rule may give it to.
    is_kept: bool,
}

impl<'d> Rule<'d> {
    /// `None` where the effect is unknown.
    fn of(statement: &'d Statement) -> Option<Self> {
        let id = |principal: &Principal| principal.id.text().map(ToOwned::to_owned);
        let mut written: HashMap<String, Vec<String>> = HashMap::new();
        for action in statement.actions.these.iter().flat_map(|these| &these.known) {
            written.entry(action.to_ascii_lowercase()).or_default().push(action.clone());
        }
        Some(Self {
            statement,
            effect: statement.effect?,
            // Kinds are not compared: identifiers of two kinds do not look alike.
            principals: Patterns::of(&statement.principals, id),
            // Actions are compared without regard to case, as AWS does.
            actions: Patterns::of(&statement.actions, |action| Some(action.to_ascii_lowercase())),
            resources: Patterns::of(&statement.resources, |resource| Some(resource.clone())),
            written: Rc::new(written),
            is_kept: false,
        })
    }

    /// The rule divided: one principal, one action, one resource each. A rule of monstrous length stays whole, so
    /// that no plan can keep planguard busy for ever.
    fn singles(&self) -> Vec<Self> {
        let count =
            self.principals.len().saturating_mul(self.actions.len()).saturating_mul(self.resources.len());
        if count > MOST_SINGLES {
            return vec![self.clone()];
        }
        let mut singles = Vec::new();
        for principals in self.principals.singles() {
            for actions in self.actions.singles() {
                for resources in self.resources.singles() {
                    singles.push(Self {
                        statement: self.statement,
                        effect: self.effect,
                        principals: principals.clone(),
                        actions: actions.clone(),
                        resources,
                        written: Rc::clone(&self.written),
                        is_kept: self.is_kept,
                    });
                }
            }
        }
        singles
    }

    /// Whether this rule allows something.
    pub(super) fn allows(&self) -> bool {
        self.effect == Effect::Allow
    }

    /// Whether this rule says all that another one says.
    pub(super) fn covers(&self, other: &Self, left_out: LeftOut) -> bool {
        self.effect == other.effect
            && self.actions.cover(&other.actions)
            && (left_out == LeftOut::Resources || self.resources.cover(&other.resources))
            && (left_out == LeftOut::Principals
                || match self.is_kept {
                    true => self.principals.cover(&other.principals),
                    false => self.principals.cover_principals(&other.principals),
                })
            && (left_out == LeftOut::Conditions
                || are_implied(&self.statement.conditions, &other.statement.conditions))
    }

    /// What a single allowing rule allows beyond others, if that matters.
    fn grant_beyond(&self, before: &Covering<'_, '_>) -> Option<Grant> {
        let allowed = |left_out| before.covers(self, left_out);
        if allowed(LeftOut::Nothing) {
            return None;
        }
        if self.principals.is_everything() && self.principals != Patterns::Absent {
            // With a condition that narrows, it is anyone only as far as the condition lets them.
            let is_narrow = narrow(&self.statement.conditions) == Truth::True;
            return Some(if is_narrow { Grant::Principal } else { Grant::Anyone });
        }
        if allowed(LeftOut::Conditions) {
            return Some(Grant::WithoutCondition);
        }
        let all_actions = |action: &str| action == "*" || action.ends_with(":*");
        let are_all = || self.actions.iter().any(all_actions) || matches!(self.actions, Patterns::AllBut(_));
        let is_one_of = |actions: &[&str]| {
            self.actions.iter().any(|action| actions.iter().any(|known| wildcard::matches(action, known)))
        };
        if allowed(LeftOut::Principals) {
            return match () {
                () if !before.names_principals_of(self) => Some(Grant::Principal),
                // Who was named gets what only others had, such as the account as a whole.
                () if are_all() => Some(Grant::AllActions),
                () if is_one_of(ESCALATING) => Some(Grant::Escalation),
                () if is_one_of(DESTROYING) => Some(Grant::Destroys),
                () => is_one_of(FAR_REACHING).then_some(Grant::OfOthers),
            };
        }
        let reach = match () {
            () if self.resources.is_everything() => Some(Grant::AllResources),
            () if self.resources.are_all_of_a_kind() => Some(Grant::AllOfKind),
            () => None,
        };
        if allowed(LeftOut::Resources) {
            return reach.or_else(|| self.gives_roles_by_pattern().then_some(Grant::RolesByPattern));
        }
        if are_all() {
            return Some(Grant::AllActions);
        }
        match () {
            () if is_one_of(ESCALATING) => Some(Grant::Escalation),
            // A policy of a resource is about that resource alone.
            () if self.resources != Patterns::Absent && is_one_of(FAR_REACHING) && reach.is_some() => reach,
            () if is_one_of(DESTROYING) => Some(Grant::Destroys),
            () => None,
        }
    }

    /// Whether it is about passing or assuming roles, and names them by a pattern. The roles of services are those of AWS.
    fn gives_roles_by_pattern(&self) -> bool {
        let is_pattern = |resource: &str| {
            let name = resource.split_once(":role/").map(|(_, name)| name);
            name.is_some_and(|name| name.contains(['*', '?']) && !name.starts_with("aws-service-role/"))
        };
        self.actions.iter().any(|action| ["iam:passrole", "sts:assumerole"].contains(&action))
            && self.resources.iter().any(is_pattern)
    }

    /// What a message about a grant of this rule names: principals or actions, as they are written.
    fn subjects(&self, grant: Grant) -> Vec<String> {
        if grant == Grant::Principal {
            return self.principals.iter().map(ToOwned::to_owned).collect();
        }
        if matches!(grant, Grant::AllOfKind | Grant::RolesByPattern) {
            return self.resources.iter().map(ToOwned::to_owned).collect();
        }
        match &self.actions {
            Patterns::These(actions) => {
                actions.iter().filter_map(|action| self.written.get(action)).flatten().cloned().collect()
            }
            Patterns::AllBut(_) => {
                let all_but = self.statement.actions.all_but.as_ref();
                let all_but = all_but.map(|values| values.known.join(", ")).unwrap_or_default();
                vec![format!("everything except {all_but}")]
            }
            Patterns::Absent => Vec::new(),
        }
    }
}

/// Patterns that a statement lists, or all but those that it lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Patterns {
    These(BTreeSet<String>),
    AllBut(BTreeSet<String>),
    /// The statement does not say: the policy's own place does.
    Absent,
}

impl Patterns {
    pub(super) fn of<T>(listed: &Listed<T>, text: impl Fn(&T) -> Option<String>) -> Self {
        match (&listed.these, &listed.all_but) {
            (Some(these), _) => Self::These(these.known.iter().filter_map(text).collect()),
            (None, Some(all_but)) => Self::AllBut(all_but.known.iter().filter_map(text).collect()),
            (None, None) => Self::Absent,
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        let texts = match self {
            Self::These(texts) => Some(texts),
            Self::AllBut(_) | Self::Absent => None,
        };
        texts.into_iter().flatten().map(String::as_str)
    }

    fn singles(&self) -> Vec<Self> {
        match self {
            Self::These(texts) => {
                texts.iter().map(|text| Self::These(BTreeSet::from([text.clone()]))).collect()
            }
            Self::AllBut(_) | Self::Absent => vec![self.clone()],
        }
    }

    /// How many singles there are.
    fn len(&self) -> usize {
        match self {
            Self::These(texts) => texts.len(),
            Self::AllBut(_) | Self::Absent => 1,
        }
    }

    pub(super) fn is_everything(&self) -> bool {
        match self {
            Self::These(texts) => texts.contains("*"),
            Self::AllBut(_) => false,
            Self::Absent => true,
        }
    }

    /// Whether one of them stands for all resources of a kind, such as `arn:aws:dynamodb:eu-west-1:1:table/*`.
    fn are_all_of_a_kind(&self) -> bool {
        self.iter().any(|text| {
            let mut parts = text.splitn(6, ':');
            let service = parts.nth(2).unwrap_or_default();
            let resource = parts.nth(2).unwrap_or_default();
            let of_kind = || {
                let kind = resource.strip_suffix("/*").or_else(|| resource.strip_suffix(":*"));
                kind.is_some_and(|kind| {
                    !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
                })
            };
            match service {
                // The names of its buckets and interfaces look like kinds.
                "s3" | "execute-api" => matches!(resource, "*" | "*/*"),
                // A log is written where it is made.
                "logs" | "" => false,
                _ => resource == "*" || of_kind(),
            }
        })
    }

    /// Whether the principals of one list are all within those of another: an account stands for its roles and users.
    fn cover_principals(&self, others: &Self) -> bool {
        let (Self::These(own), Self::These(others)) = (self, others) else { return self.cover(others) };
        let account = |principal: &str| principal.split(':').nth(4).map(ToOwned::to_owned);
        let is_within = |other: &String| {
            own.iter().any(|whole| {
                whole.ends_with(":root") && other.starts_with("arn:") && account(whole) == account(other)
            })
        };
        let beyond: BTreeSet<String> = others.iter().filter(|other| !is_within(other)).cloned().collect();
        self.cover(&Self::These(beyond))
    }

    /// Whether these patterns match all that others match. Two exclusions compare by what they leave out.
    pub(super) fn cover(&self, others: &Self) -> bool {
        match (self, others) {
            (own, _) if own.is_everything() => true,
            (Self::These(own), Self::These(others)) => {
                let wild: Vec<&String> = own.iter().filter(|pattern| pattern.contains(['*', '?'])).collect();
                // Two long lists are compared by what their patterns begin with.
                if wild.len().saturating_mul(others.len()) > FEW {
                    let mut by_prefix = ByPrefix::default();
                    wild.iter().enumerate().for_each(|(position, pattern)| by_prefix.add(pattern, position));
                    return others.iter().all(|other| {
                        let mut wild = by_prefix.may_match(other).filter_map(|position| wild.get(position));
                        own.contains(other) || wild.any(|pattern| is_match(pattern, other))
                    });
                }
                others
                    .iter()
                    .all(|other| own.contains(other) || wild.iter().any(|pattern| is_match(pattern, other)))
            }
            (Self::AllBut(own), Self::AllBut(others)) => own.is_subset(others),
            (Self::AllBut(own), Self::These(others)) => others.iter().all(|other| {
                !own.iter()
                    .any(|left_out| wildcard::matches(left_out, other) || wildcard::matches(other, left_out))
            }),
            (Self::These(_), Self::AllBut(_) | Self::Absent) | (Self::AllBut(_) | Self::Absent, _) => false,
        }
    }
}

/// How many patterns are tried on how many texts before it is worth while to put them in order.
const FEW: usize = 256;

fn is_match(pattern: &str, text: &str) -> bool {
    planguard_work::steps(1);
    wildcard::matches(pattern, text)
}

/// Whether conditions hold wherever others hold: each of them is there as well, at least as narrow.
fn are_implied(own: &Conditions, others: &Conditions) -> bool {
    own.known.iter().all(|condition| others.known.iter().any(|other| is_implied(condition, other)))
}

/// Whether a condition holds wherever another one holds.
fn is_implied(condition: &Condition, other: &Condition) -> bool {
    if condition.key != other.key {
        return false;
    }
    if condition.operator == other.operator && condition.values == other.values {
        return true;
    }
    let (Some(own), Some(others)) = (&condition.operator, &other.operator) else { return false };
    // A condition that demands the key is narrower than one that does not, never the other way round.
    let same_form = own.is_negated == others.is_negated
        && (own.if_exists || !others.if_exists)
        && (own.quantifier == others.quantifier || others.quantifier == Quantifier::One);
    let within = |wide: &Condition, narrow: &Condition, comparison: &Comparison| {
        narrow.values.known.iter().all(|value| {
            wide.values.known.iter().any(|pattern| match comparison {
                Comparison::Like => wildcard::matches(pattern, value),
                Comparison::IpAddress => contains_range(pattern, value),
                Comparison::Other(name) => pattern == value || is_on_the_same_side(name, pattern, value),
                Comparison::EqualIgnoringCase => pattern.eq_ignore_ascii_case(value),
                Comparison::Equal | Comparison::Bool | Comparison::Null => pattern == value,
            })
        })
    };
    // More values narrow a negated operator, and widen any other.
    same_form
        && match own.is_negated {
            true => own.comparison == others.comparison && within(other, condition, &own.comparison),
            false => {
                let fits = own.comparison == others.comparison
                    || match (&own.comparison, &others.comparison) {
                        (Comparison::Like | Comparison::EqualIgnoringCase, Comparison::Equal) => true,
                        // A pattern without wildcards is the one text that it matches.
                        (Comparison::Equal | Comparison::EqualIgnoringCase, Comparison::Like) => {
                            !other.values.known.iter().any(|value| value.contains(['*', '?']))
                        }
                        _ => false,
                    };
                fits && within(condition, other, &own.comparison)
            }
        }
}

/// Whether whatever is less than one number or date, or greater, is so than another one as well.
fn is_on_the_same_side(operator: &str, wide: &str, narrow: &str) -> bool {
    let numbers = || wide.parse::<f64>().ok().zip(narrow.parse::<f64>().ok());
    let order = match operator {
        _ if operator.starts_with("numeric") => {
            numbers().and_then(|(wide, narrow)| narrow.partial_cmp(&wide))
        }
        // Dates of one form are in the order of their letters.
        _ if operator.starts_with("date") && wide.len() == narrow.len() => Some(narrow.cmp(wide)),
        _ => None,
    };
    order.is_some_and(|order| match () {
        () if operator.contains("lessthan") => order.is_le(),
        () if operator.contains("greaterthan") => order.is_ge(),
        () => false,
    })
}

/// Whether a network range contains another one.
fn contains_range(wide: &str, narrow: &str) -> bool {
    let read = |text: &str| {
        let address = || text.parse::<std::net::IpAddr>().map(IpNet::from);
        text.parse::<IpNet>().or_else(|_| address()).ok()
    };
    wide == narrow || read(wide).zip(read(narrow)).is_some_and(|(wide, narrow)| wide.contains(&narrow))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(before: &str, after: &str) -> Vec<Grant> {
        let read = |statements: &str| Document::parse(&format!(r#"{{"Statement": {statements}}}"#)).unwrap();
        grants_beyond(&read(after), &read(before)).into_keys().collect()
    }

    const READ: &str = r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*"}"#;

    #[test]
    fn a_bound_that_moves_inwards_narrows() {
        let of = |operator: &str, key: &str, bound: &str| {
            format!(
                r#"{{"Effect": "Allow", "Action": "ec2:StopInstances", "Resource": "*", "Condition": {{"{operator}": {{"{key}": "{bound}"}}}}}}"#
            )
        };
        let told = |operator: &str, key: &str, before: &str, after: &str| {
            grants(&of(operator, key, before), &of(operator, key, after))
        };
        let (age, time) = ("aws:MultiFactorAuthAge", "aws:CurrentTime");
        assert_eq!(told("NumericLessThan", age, "3600", "86400"), [Grant::WithoutCondition]);
        assert_eq!(told("NumericLessThan", age, "86400", "3600"), []);
        assert_eq!(told("NumericGreaterThanEquals", age, "5", "3"), [Grant::WithoutCondition]);
        assert_eq!(told("NumericGreaterThanEquals", age, "3", "5"), []);
        assert_eq!(
            told("DateLessThan", time, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            [Grant::WithoutCondition]
        );
        assert_eq!(told("DateLessThan", time, "2027-01-01T00:00:00Z", "2026-01-01T00:00:00Z"), []);
        assert_eq!(told("NumericEquals", age, "2", "1"), [Grant::WithoutCondition]);
    }

    #[test]
    fn what_an_account_has_and_keeps_is_new_for_one_of_its_roles() {
        let root = r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "kms:*", "Resource": "*"}"#;
        let role = r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:role/app"}, "Action": "kms:*", "Resource": "*"}"#;
        assert_eq!(grants(root, &format!("[{root}, {role}]")), [Grant::Principal]);
        assert_eq!(grants(root, role), [], "in the place of the account");
    }

    #[test]
    fn wildcards_count_and_named_actions_on_named_resources_do_not() {
        let more = r#"{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"]}"#;
        assert_eq!(grants(READ, more), []);
        let all = r#"[{"Effect": "Allow", "Action": "S3:*", "Resource": "arn:aws:s3:::a/*"}]"#;
        assert_eq!(grants(READ, all), [Grant::AllActions]);
        assert_eq!(grants(all, READ), []);
        let anywhere = r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}"#;
        assert_eq!(grants(READ, anywhere), [Grant::AllResources]);
        let all_but = r#"{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}"#;
        assert_eq!(grants(READ, all_but), [Grant::AllActions]);
        assert_eq!(grants(all_but, READ), []);
        let pass = r#"[{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::1:role/x"}]"#;
        assert_eq!(grants(READ, pass), [Grant::Escalation]);
    }

    #[test]
    fn order_case_and_split_of_statements_mean_nothing() {
        let one = r#"[{"Effect": "Allow", "Action": ["a:X", "b:Y"], "Resource": "*"}]"#;
        let two = r#"[{"Effect": "Allow", "Action": "B:Y", "Resource": ["*"]}, {"Effect": "Allow", "Action": "a:x", "Resource": "*"}]"#;
        assert_eq!(grants(one, two), []);
        assert_eq!(grants(two, one), []);
    }

    #[test]
    fn principals_conditions_and_denials_are_compared() {
        let some = r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "s3:GetObject", "Resource": "x",
            "Condition": {"StringEquals": {"aws:SourceVpc": ["v1"]}}}"#;
        let without = r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "s3:GetObject", "Resource": "x"}"#;
        let looser = some.replace(r#"["v1"]"#, r#"["v1", "v2"]"#);
        assert_eq!(grants(some, without), [Grant::WithoutCondition]);
        assert_eq!(grants(some, &looser), [Grant::WithoutCondition]);
        assert_eq!(grants(&looser, some), []);
        for (wide, narrow) in [
            (r#"{"StringLike": {"a:B": "x*"}}"#, r#"{"StringEquals": {"a:b": ["xy", "xz"]}}"#),
            (r#"{"StringLike": {"a:B": "x*"}}"#, r#"{"StringLike": {"a:b": "xy*"}}"#),
            (r#"{"StringEqualsIfExists": {"a:B": "x"}}"#, r#"{"StringEquals": {"a:b": "x"}}"#),
            (r#"{"ForAllValues:StringEquals": {"a:B": "x"}}"#, r#"{"StringEquals": {"a:b": "x"}}"#),
            (
                r#"{"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}"#,
                r#"{"IpAddress": {"aws:SourceIp": "10.1.2.3"}}"#,
            ),
            (r#"{"StringNotEquals": {"a:B": "x"}}"#, r#"{"StringNotEquals": {"a:b": ["x", "y"]}}"#),
            (r#"{"StringEqualsIgnoreCase": {"a:B": "X"}}"#, r#"{"StringEquals": {"a:b": "x"}}"#),
        ] {
            let with =
                |condition: &str| some.replace(r#"{"StringEquals": {"aws:SourceVpc": ["v1"]}}"#, condition);
            assert_eq!(grants(&with(wide), &with(narrow)), [], "{wide} to {narrow}");
            assert_eq!(grants(&with(narrow), &with(wide)), [Grant::WithoutCondition], "{narrow} to {wide}");
        }
        for (one, other) in [
            (r#"{"StringEquals": {"a:B": "x"}}"#, r#"{"StringLike": {"a:b": "x"}}"#),
            (r#"{"ArnLike": {"a:B": "arn:a"}}"#, r#"{"StringEquals": {"a:b": "arn:a"}}"#),
        ] {
            let with =
                |condition: &str| some.replace(r#"{"StringEquals": {"aws:SourceVpc": ["v1"]}}"#, condition);
            assert_eq!(grants(&with(one), &with(other)), [], "{one} to {other}");
            assert_eq!(grants(&with(other), &with(one)), [], "{other} to {one}");
        }
        assert_eq!(grants(without, &without.replace("1:root", "2:root")), [Grant::Principal]);
        assert_eq!(
            grants(without, &without.replace(r#"{"AWS": "arn:aws:iam::1:root"}"#, r#""*""#)),
            [Grant::Anyone]
        );
        let deny =
            r#"[{"Effect": "Deny", "Action": ["s3:DeleteBucket", "s3:DeleteObject"], "Resource": "*"}]"#;
        assert_eq!(grants(deny, "[]"), [Grant::NoLongerDenied]);
        assert_eq!(grants(deny, &deny.replace(r#"["s3:DeleteBucket", "s3:DeleteObject"]"#, r#""s3:*""#)), []);
    }

    #[test]
    fn more_for_a_principal_of_the_policy_is_no_new_principal() {
        let role = r#"{"AWS": "arn:aws:iam::123456789012:role/deploy"}"#;
        let policy = |principal: &str, actions: &str| {
            format!(
                r#"[{{"Effect": "Allow", "Principal": {{"AWS": "arn:aws:iam::123456789012:root"}}, "Action": "kms:*", "Resource": "*"}},
                {{"Effect": "Allow", "Principal": {principal}, "Action": [{actions}], "Resource": "*"}}]"#
            )
        };
        let before = policy(role, r#""kms:Encrypt""#);
        for (more, expected) in [
            (r#""kms:PutKeyPolicy""#, Some(Grant::Escalation)),
            (r#""kms:ScheduleKeyDeletion""#, Some(Grant::Destroys)),
            (r#""kms:Decrypt""#, Some(Grant::OfOthers)),
            (r#""kms:DescribeKey""#, None),
            (r#""kms:*""#, Some(Grant::AllActions)),
        ] {
            let after = policy(role, &format!(r#""kms:Encrypt", {more}"#));
            assert_eq!(grants(&before, &after).first().copied(), expected, "{more}");
        }
        let other = policy(&role.replace("role/deploy", "role/other"), r#""kms:DescribeKey""#);
        assert_eq!(grants(&before, &other), [Grant::Principal]);
    }

    #[test]
    fn a_monstrous_statement_is_judged_as_a_whole() {
        let many: Vec<String> = (0..2000).map(|n| format!(r#""a:B{n}""#)).collect();
        let statement = |more: &str| {
            format!(r#"{{"Effect": "Allow", "Action": [{0}{more}], "Resource": [{0}]}}"#, many.join(","))
        };
        assert_eq!(grants(&statement(""), &statement(r#", "c:*""#)), [Grant::AllActions]);
    }

    #[test]
    fn what_is_granted_is_named_as_it_is_written() {
        let read = |statements: &str| Document::parse(&format!(r#"{{"Statement": {statements}}}"#)).unwrap();
        let described = |before: &str, after: &str| {
            let grants = grants_beyond(&read(after), &read(before));
            grants.into_iter().map(|(grant, subjects)| grant.describe(&subjects)).collect::<Vec<_>>()
        };
        let pass = r#"[{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::1:role/x"}]"#;
        assert_eq!(
            described(READ, pass),
            ["`iam:PassRole` is allowed, with which more rights can be gained"]
        );
        let but = r#"{"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"}"#;
        assert_eq!(described(READ, but), ["`everything except iam:*, sts:*` is allowed"]);
        let deny = r#"[{"Effect": "Deny", "Action": ["a:A", "a:B", "a:C", "a:D"], "Resource": "*"}]"#;
        assert_eq!(described(deny, "[]"), ["`a:A`, `a:B`, `a:C` and 1 more is no longer denied"]);
    }
}
