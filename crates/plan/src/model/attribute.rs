//! Attributes in three values: known, unknown until apply, unset; and whether they are sensitive.

use planguard_schemas::Release;

use super::Plan;
use super::attribute_path::{AttributePath, PathStep};
use super::change::ResourceChange;
use super::configuration::ConfigResource;
use super::planning::is_known_while_planning;
use super::references::{Resolution, Unseen, is_expression};
use super::value::Value;

/// A side of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Before the change.
    Before,
    /// After the change.
    After,
}

/// The state of one attribute in a plan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Attribute<'p> {
    /// The value. Parts of a collection may still be unknown.
    Known(&'p Value<'p>),
    /// Set, but known after apply.
    Unknown,
    /// Not set: absent, null, or computed by the provider while the configuration does not set it.
    Unset,
}

/// One side of a resource change, with its masks and its configuration.
#[derive(Clone, Copy, Debug)]
pub struct ResourceState<'p> {
    /// The plan with the change.
    pub plan: &'p Plan<'p>,
    /// The change.
    pub change: &'p ResourceChange<'p>,
    /// Which side of it.
    pub side: Side,
    config: Option<(usize, &'p ConfigResource<'p>)>,
}

impl<'p> ResourceState<'p> {
    /// The side of a change; `None` if the object does not exist on that side.
    pub fn new(plan: &'p Plan<'p>, change: &'p ResourceChange<'p>, side: Side) -> Option<Self> {
        let exists = match side {
            Side::Before => change.exists_before(),
            Side::After => change.exists_after(),
        };
        let configuration = plan.configuration.as_ref().filter(|_| !change.is_translated);
        let config = configuration.and_then(|config| config.resource(&change.address));
        // A block that has lost what is in it says as little as one that is lost.
        let config = config.filter(|(_, block)| !change.lacks_expressions(&block.expressions));
        exists.then_some(Self { plan, change, side, config })
    }

    /// The view of all its attributes.
    pub fn root(&self) -> View<'p, '_> {
        let change = &self.change.change;
        let (value, unknown, sensitive) = match self.side {
            Side::Before => (change.before.as_deref(), None, change.before_sensitive.as_ref()),
            Side::After => {
                (change.after.as_deref(), change.after_unknown.as_ref(), change.after_sensitive.as_ref())
            }
        };
        let unknown = Mask::of(unknown);
        let unknown_since = matches!(unknown, Mask::Whole).then_some(0);
        View {
            state: self,
            value,
            unknown,
            unknown_since,
            sensitive: Mask::of(sensitive),
            is_removed: false,
            path: AttributePath::default(),
        }
    }

    /// The block in the configuration, with the position of its module.
    pub fn configuration(&self) -> Option<(usize, &'p ConfigResource<'p>)> {
        self.config
    }

    /// The combined dependencies of the expressions at a path; `None` if the configuration has no such
    /// expression.
    pub fn references(&self, path: &AttributePath) -> Option<Resolution<'p>> {
        self.resolutions(path).into_iter().reduce(|mut all, next| {
            all.resources.extend(next.resources);
            all.constants.extend(next.constants);
            all.variables.extend(next.variables);
            all.unresolved.extend(next.unresolved);
            all
        })
    }

    /// The expressions at a path as the configuration has them: one for each block that has the attribute.
    pub fn expressions(&self, path: &AttributePath) -> Vec<&'p Value<'p>> {
        self.config.map(|(_, resource)| Expressions::at(resource, &path.0).found).unwrap_or_default()
    }

    /// The dependencies of each expression at a path: one for each block that has the attribute.
    pub fn resolutions(&self, path: &AttributePath) -> Vec<Resolution<'p>> {
        self.resolutions_with(path, self.config.and_then(|(_, resource)| resource.repetition.as_ref()))
    }

    /// The same, through what the plan leaves out.
    pub fn resolutions_through<'s>(
        &'s self,
        path: &AttributePath,
        unseen: Unseen<'s>,
    ) -> Vec<Resolution<'s>> {
        let (Some((module, resource)), Some(configuration)) = (self.config, self.plan.configuration.as_ref())
        else {
            return Vec::new();
        };
        let repetition = resource.repetition.as_ref();
        let found = Expressions::at(resource, &path.0).found.into_iter();
        found
            .map(|expression| configuration.resolve_with(module, expression, repetition, Some(unseen)))
            .collect()
    }

    /// The dependencies of each expression at a path, where `each.value` stands for `repetition`, or for nothing.
    pub(super) fn resolutions_with(
        &self,
        path: &AttributePath,
        repetition: Option<&'p Value<'p>>,
    ) -> Vec<Resolution<'p>> {
        let (Some((module, resource)), Some(configuration)) = (self.config, self.plan.configuration.as_ref())
        else {
            return Vec::new();
        };
        let found = Expressions::at(resource, &path.0).found.into_iter();
        found.map(|expression| configuration.resolve(module, expression, repetition)).collect()
    }

    /// What the provider's schema says of the attribute at a path, or of the one that the path leads into; `None`
    /// if the schema is not known or does not have it.
    fn schema_of(&self, steps: &[PathStep]) -> Option<planguard_schemas::Attribute> {
        let names = steps.iter().filter_map(|step| match step {
            PathStep::Key(name) => Some(name.as_str()),
            PathStep::Index(_) => None,
        });
        let place = self.change.schema()?.block.descend(names).ok()?;
        Some(place.into_attribute())
    }

    /// Whether a block of this name may come from a `dynamic` one.
    fn may_be_dynamic(&self, block: &str) -> bool {
        let configuration = self.plan.configuration.as_ref();
        !self.change.address.modules.is_empty()
            || configuration.is_none_or(|all| all.root_variable(block).is_some())
    }

    /// Whether the configuration sets the attribute at a path.
    fn is_configured(&self, path: &[PathStep]) -> Configured {
        // The configuration describes the object after the change only.
        let (Side::After, Some((_, resource))) = (self.side, self.config) else {
            return Configured::CannotTell;
        };
        Expressions::at(resource, path).configured
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Configured {
    Yes,
    No,
    /// The block may come from a `dynamic` block, which a plan's configuration does not contain.
    CannotTell,
}

/// The expressions that the configuration has for a path.
struct Expressions<'p> {
    found: Vec<&'p Value<'p>>,
    configured: Configured,
}

impl<'p> Expressions<'p> {
    /// Positions are ignored: the order of blocks in the configuration is not that of a set in the plan.
    fn at(resource: &'p ConfigResource<'p>, path: &[PathStep]) -> Self {
        let mut candidates = vec![&resource.expressions];
        let mut inside_block = false;
        for step in path {
            let PathStep::Key(name) = step else { continue };
            let mut next = Vec::new();
            for candidate in candidates {
                match candidate {
                    Value::Array(blocks) => next.extend(blocks.iter().filter_map(|block| block.get(name))),
                    // An expression sets everything below its attribute.
                    whole if inside_block && is_expression(whole) => {
                        return Self { found: vec![whole], configured: Configured::Yes };
                    }
                    nested => next.extend(nested.get(name)),
                }
            }
            if next.is_empty() {
                let first = !inside_block;
                let remains = path.len() > 1;
                let configured = if first && remains { Configured::CannotTell } else { Configured::No };
                return Self { found: Vec::new(), configured };
            }
            inside_block = true;
            candidates = next;
        }
        Self { found: candidates, configured: Configured::Yes }
    }
}

/// Which part of a value is marked, as unknown or as sensitive.
#[derive(Clone, Copy, Debug)]
pub enum Mask<'p> {
    /// Nothing.
    Nothing,
    /// All of it.
    Whole,
    /// The parts at which this value is `true`.
    Parts(&'p Value<'p>),
}

impl<'p> Mask<'p> {
    /// The mask that a plan writes beside a value.
    pub fn of(value: Option<&'p Value<'p>>) -> Self {
        match value {
            Some(Value::Bool(true)) => Self::Whole,
            Some(parts @ (Value::Array(_) | Value::Object(_))) => Self::Parts(parts),
            Some(Value::Null | Value::Bool(false) | Value::Number(_) | Value::String(_)) | None => {
                Self::Nothing
            }
        }
    }

    /// The mask of a member.
    #[must_use]
    pub fn key(self, name: &str) -> Self {
        match self {
            Self::Nothing | Self::Whole => self,
            Self::Parts(parts) => Self::of(parts.get(name)),
        }
    }

    /// The mask of an element.
    #[must_use]
    pub fn index(self, position: usize) -> Self {
        match self {
            Self::Nothing | Self::Whole => self,
            Self::Parts(parts) => Self::of(parts.elements().get(position)),
        }
    }

    /// Whether anything is marked.
    pub fn marks_something(self) -> bool {
        match self {
            Self::Nothing => false,
            Self::Whole => true,
            Self::Parts(parts) => parts.has_true_leaf(),
        }
    }
}

/// A place in one side of a resource change: a value, its masks and its path.
#[derive(Clone, Debug)]
pub struct View<'p, 's> {
    state: &'s ResourceState<'p>,
    value: Option<&'p Value<'p>>,
    unknown: Mask<'p>,
    /// The number of steps of the path down to the value that is unknown as a whole.
    unknown_since: Option<usize>,
    sensitive: Mask<'p>,
    /// Whether somebody has taken the value out: it is marked as sensitive after the change, and absent.
    is_removed: bool,
    path: AttributePath,
}

impl<'p, 's> View<'p, 's> {
    /// The path to this place.
    pub fn path(&self) -> &AttributePath {
        &self.path
    }

    /// The resource that the place belongs to.
    pub fn state(&self) -> &'s ResourceState<'p> {
        self.state
    }

    /// What the provider's schema says of the place; `None` if the schema is not known or does not have it.
    pub fn schema(&self) -> Option<planguard_schemas::Attribute> {
        self.state.schema_of(&self.path.0)
    }

    /// The value in the plan, regardless of the masks.
    pub fn raw(&self) -> Option<&'p Value<'p>> {
        self.value
    }

    /// Whether the plan marks all of this place as known only after apply, also where that is what the provider fills in.
    pub const fn is_known_after_apply(&self) -> bool {
        matches!(self.unknown, Mask::Whole)
    }

    /// Whether anything at this place or below is sensitive.
    pub fn is_sensitive(&self) -> bool {
        self.sensitive.marks_something()
    }

    /// Whether the plan writes anything of a member: a value, or a mark of one that is unknown or sensitive. What it does not
    /// write is unset.
    pub fn mentions(&self, name: &str) -> bool {
        self.value.is_some_and(|value| value.get(name).is_some())
            || self.unknown.key(name).marks_something()
            || self.sensitive.key(name).marks_something()
    }

    /// The place of a member.
    #[must_use]
    pub fn key(&self, name: &str) -> Self {
        let unknown = self.unknown.key(name);
        self.step(
            self.path.key(name),
            self.value.and_then(|value| value.get(name)),
            unknown,
            self.sensitive.key(name),
        )
    }

    /// The place at a position of a list.
    #[must_use]
    pub fn index(&self, position: usize) -> Self {
        let value = self.value.and_then(|value| value.elements().get(position));
        let unknown = self.unknown.index(position);
        self.step(self.path.index(position), value, unknown, self.sensitive.index(position))
    }

    /// The root of the JSON document that this place contains as text. Nothing in it is unknown; all of it is
    /// as sensitive as the text.
    #[must_use]
    pub fn document<'d>(&'d self, document: &'d Value<'d>) -> View<'d, 'd> {
        View {
            state: self.state,
            value: Some(document),
            unknown: Mask::Nothing,
            unknown_since: None,
            sensitive: if self.is_sensitive() { Mask::Whole } else { Mask::Nothing },
            is_removed: false,
            path: self.path.clone(),
        }
    }

    /// The root of a document that this place will contain as text, as far as it is known: `mask` is true for the rest.
    #[must_use]
    pub fn document_with<'d>(&'d self, document: &'d Value<'d>, mask: &'d Value<'d>) -> View<'d, 'd> {
        View { unknown: Mask::of(Some(mask)), ..self.document(document) }
    }

    fn step(
        &self,
        path: AttributePath,
        value: Option<&'p Value<'p>>,
        unknown: Mask<'p>,
        sensitive: Mask<'p>,
    ) -> Self {
        let unknown_since =
            self.unknown_since.or_else(|| matches!(unknown, Mask::Whole).then_some(path.0.len()));
        // Terraform writes null for what is not set, also where it marks it.
        let has_own_mark = matches!((self.sensitive, sensitive), (Mask::Parts(_), Mask::Whole));
        let is_absent = value.is_none() && self.value.is_some() && self.state.side == Side::After;
        let is_removed = self.is_removed || has_own_mark && is_absent && matches!(unknown, Mask::Nothing);
        Self { state: self.state, value, unknown, unknown_since, sensitive, is_removed, path }
    }

    /// The attribute at this place.
    pub fn attribute(&self) -> Attribute<'p> {
        match self.unknown {
            Mask::Whole if self.is_computed() => Attribute::Unset,
            Mask::Whole => Attribute::Unknown,
            Mask::Nothing | Mask::Parts(_) if self.is_removed => Attribute::Unknown,
            Mask::Nothing | Mask::Parts(_) => match self.value {
                Some(Value::Null) | None if self.unknown.marks_something() => Attribute::Unknown,
                Some(Value::Null) | None => Attribute::Unset,
                Some(value) => Attribute::Known(value),
            },
        }
    }

    /// Whether an unknown place is filled in by the provider while the configuration does not set it. What the
    /// schema does not call computed never is, whether the configuration has an expression or not: a `dynamic`
    /// block leaves none. Elsewhere the expression decides; measured on 54 plans, 93 % of what is unknown has none.
    fn is_computed(&self) -> bool {
        let since = self.unknown_since.unwrap_or(self.path.0.len());
        let whole = self.path.0.get(..since).unwrap_or(&self.path.0);
        if self.state.schema_of(whole).is_some_and(|attribute| !attribute.may_be_computed()) {
            return false;
        }
        match self.state.is_configured(whole) {
            Configured::No => true,
            Configured::CannotTell => false,
            Configured::Yes => {
                since < self.path.0.len() && self.state.is_configured(&self.path.0) == Configured::No
                    || is_known_while_planning(self.state, &self.path)
            }
        }
    }

    /// Whether the plan marks the whole place as known only after apply, whoever gives it a value.
    pub const fn is_known_only_after_apply(&self) -> bool {
        matches!(self.unknown, Mask::Whole)
    }

    /// Whether the plan does not tell if an unknown place is set: its configuration has lost the block of the resource,
    /// and the provider may fill the place in. In a plan without any configuration, what is unknown counts as set.
    pub fn may_be_unset(&self) -> bool {
        let has_lost_block = self.state.side == Side::After
            && self.state.config.is_none()
            && self.state.plan.configuration.is_some();
        let Some(since) = self.unknown_since.filter(|_| has_lost_block) else { return false };
        let whole = self.path.0.get(..since).unwrap_or(&self.path.0);
        self.state.schema_of(whole).is_none_or(|attribute| attribute.may_be_computed())
    }

    /// Whether a value at this place can come only from an expression of the configuration at the same path: the
    /// schema says that the provider fills it in nowhere, and it is not in a block that may be a `dynamic` one without any
    /// expression.
    pub fn is_given_by_configuration(&self) -> bool {
        let is_given =
            self.state.schema_of(&self.path.0).is_some_and(|attribute| !attribute.may_be_computed());
        is_given && self.state.is_configured(&self.path.0) != Configured::CannotTell
    }

    /// Whether the place is inside a block that the provider fills in because the configuration does not set it:
    /// then it is unset, and its value is still not known. `metadata_options.http_tokens` of an EC2 instance is
    /// what the image and the account make of it.
    pub fn is_left_to_provider(&self) -> bool {
        if self.state.side == Side::Before || self.attribute() != Attribute::Unset {
            return false;
        }
        let Some(block) = self.first_absent() else { return false };
        let is_inside = block < self.path.0.len();
        let is_unknown = self.unknown_since == Some(block);
        is_inside
            && self.state.schema_of(self.path.0.get(..block).unwrap_or_default()).is_some_and(|attribute| {
                attribute.kind.nested().is_some()
                    && attribute.may_be_computed()
                    // A plan of a newer release leaves out what was removed: nobody fills that in.
                    && (is_unknown || attribute.release == Release::Present)
            })
    }

    /// Whether the provider filled in what is here, also if it is known since: the configuration has no expression for the
    /// attribute, or none for a block around it, that the provider fills in.
    ///
    /// What a plan knows of an object that does not exist yet is from the configuration, as is what it changes. A block
    /// may come from a `dynamic` one, which a plan does not show. One in the root module that no variable is named
    /// after is taken for the provider's.
    pub fn is_filled_in(&self) -> bool {
        let before =
            self.path.0.iter().try_fold(self.state.change.change.before.as_deref(), |value, step| {
                Some(match step {
                    PathStep::Key(name) => value?.get(name),
                    PathStep::Index(position) => value?.elements().get(*position),
                })
            });
        let was_so = before.flatten().is_some_and(|before| self.value == Some(before));
        if self.state.side == Side::Before || self.state.config.is_none() || !was_so {
            return false;
        }
        let names = self.path.0.iter().enumerate().filter_map(|(position, step)| match step {
            PathStep::Key(name) => Some((position, name)),
            PathStep::Index(_) => None,
        });
        for (position, name) in names {
            let whole = self.path.0.get(..=position).unwrap_or_default();
            let Some(attribute) = self.state.schema_of(whole) else { return false };
            if self.state.is_configured(whole) == Configured::Yes || !attribute.may_be_computed() {
                continue;
            }
            let is_block = attribute.kind.nested().is_some_and(|nested| nested.is_block);
            return !is_block || !self.state.may_be_dynamic(name);
        }
        false
    }

    /// How many steps of the path lead to the first name that `after` leaves out; `None` where it says null or an
    /// empty list, which is an answer.
    fn first_absent(&self) -> Option<usize> {
        let mut value = self.state.change.change.after.as_deref()?;
        for (position, step) in self.path.0.iter().enumerate() {
            value = match (step, value) {
                (_, Value::Null) => return None,
                (PathStep::Key(name), _) => match value.get(name) {
                    Some(value) => value,
                    None => return Some(position + 1),
                },
                (PathStep::Index(index), _) => value.elements().get(*index)?,
            };
        }
        None
    }

    /// The elements of a list or set, or a single block as its only element. `None` where it is unknown
    /// how many there will be.
    pub fn elements(&self) -> Option<Vec<Self>> {
        match self.attribute() {
            Attribute::Unknown => None,
            Attribute::Unset => Some(Vec::new()),
            Attribute::Known(Value::Array(elements)) => {
                Some((0..elements.len()).map(|position| self.index(position)).collect())
            }
            Attribute::Known(_) => Some(vec![self.clone()]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(after: &str, unknown: &str, expressions: &str) -> String {
        plan_of("aws_x", after, unknown, expressions)
    }

    fn plan_of(resource_type: &str, after: &str, unknown: &str, expressions: &str) -> String {
        format!(
            r#"{{"format_version": "1.2", "resource_changes": [{{"address": "{resource_type}.a", "change": {{
                "actions": ["create"], "before": null, "after": {after}, "after_unknown": {unknown},
                "after_sensitive": {{"secret": true, "block": [{{"pin": true}}]}}}}}}],
            "configuration": {{"root_module": {{"resources": [
                {{"mode": "managed", "type": "{resource_type}", "name": "a", "expressions": {expressions}}}]}}}}}}"#
        )
    }

    fn with_root<T>(text: &str, test: impl FnOnce(View<'_, '_>) -> T) -> T {
        let plan = Plan::parse(text).unwrap();
        let state = ResourceState::new(&plan, &plan.resource_changes[0], Side::After).unwrap();
        test(state.root())
    }

    #[test]
    fn a_marked_value_that_is_absent_is_unknown() {
        let attribute = |after: &str, path: &[&str]| {
            with_root(&plan(after, "{}", "{}"), |root| {
                let place = path.iter().fold(root, |place, name| match name.parse() {
                    Ok(position) => place.index(position),
                    Err(_) => place.key(name),
                });
                matches!(place.attribute(), Attribute::Unknown)
            })
        };
        for path in [&["secret"][..], &["secret", "x"], &["block", "0", "pin"]] {
            assert!(attribute(r#"{"block": [{}]}"#, path), "{path:?}");
        }
        let there = r#"{"secret": null, "block": [{"pin": ""}]}"#;
        for (after, path) in [(there, &["secret"][..]), (there, &["block", "0", "pin"]), ("{}", &["other"])] {
            assert!(!attribute(after, path), "{after} {path:?}");
        }
    }

    #[test]
    fn a_block_without_what_the_provider_requires_counts_as_lost() {
        let has_block = |after: &str, expressions: &str| {
            let plan = plan_of("aws_s3_bucket_policy", after, "{}", expressions);
            with_root(&plan, |root| root.state().configuration().is_some())
        };
        assert!(!has_block(r#"{"bucket": "b"}"#, "{}"));
        assert!(has_block(r#"{"bucket": "b"}"#, r#"{"bucket": {}}"#));
        assert!(has_block(r#"{"bucket": null}"#, "{}"));
        assert!(has_block("{}", "{}"));
    }

    #[test]
    fn unknown_without_expression_is_unset() {
        let text = plan(
            "{}",
            r#"{"id": true, "key": true, "given": true, "local": true}"#,
            r#"{"key": {"references": ["aws_x.a.id", "aws_x.a"]}, "given": {"references": ["var.given"]},
                "local": {"references": ["local.l"]}}"#,
        );
        with_root(&text, |root| {
            assert_eq!(root.key("id").attribute(), Attribute::Unset);
            assert_eq!(root.key("key").attribute(), Attribute::Unknown);
            assert_eq!(root.key("local").attribute(), Attribute::Unknown);
            // A variable is known while planning, so an attribute that is still unknown was null.
            assert_eq!(root.key("given").attribute(), Attribute::Unset);
            assert_eq!(root.key("absent").attribute(), Attribute::Unset);
        });
    }

    #[test]
    fn a_computed_block_is_unset_all_the_way_down() {
        let text = plan("{}", r#"{"options": true}"#, "{}");
        with_root(&text, |root| {
            assert_eq!(root.key("options").key("mode").attribute(), Attribute::Unset);
            assert_eq!(root.key("options").elements().map(|all| all.len()), Some(0));
        });
    }

    #[test]
    fn a_block_that_may_be_dynamic_stays_unknown() {
        let text = plan(r#"{"block": [{}]}"#, r#"{"block": [{"key": true}]}"#, "{}");
        with_root(&text, |root| {
            let elements = root.key("block").elements().unwrap();
            assert_eq!(elements[0].key("key").attribute(), Attribute::Unknown);
        });
    }

    #[test]
    fn a_static_block_tells_configured_from_computed() {
        let text = plan(
            r#"{"block": [{}]}"#,
            r#"{"block": [{"key": true, "other": true}]}"#,
            r#"{"block": [{"key": {"references": ["aws_x.a.id", "aws_x.a"]}}]}"#,
        );
        with_root(&text, |root| {
            let block = root.key("block").index(0);
            assert_eq!(block.key("key").attribute(), Attribute::Unknown);
            assert_eq!(block.key("other").attribute(), Attribute::Unset);
            assert_eq!(block.key("key").path().to_string(), "block[0].key");
        });
    }

    #[test]
    fn null_elements_are_unknown_only_where_the_mask_says_so() {
        let text = plan(
            r#"{"l": [null, "known", null]}"#,
            r#"{"l": [true, false, false]}"#,
            r#"{"l": {"references": ["aws_x.a.id", "aws_x.a"]}}"#,
        );
        with_root(&text, |root| {
            let elements = root.key("l").elements().unwrap();
            let attributes: Vec<_> = elements.iter().map(View::attribute).collect();
            assert_eq!(attributes[0], Attribute::Unknown);
            assert!(matches!(attributes[1], Attribute::Known(_)));
            assert_eq!(attributes[2], Attribute::Unset);
        });
    }

    #[test]
    fn sensitivity_follows_the_mask() {
        let text = plan(r#"{"secret": "s", "block": [{"pin": 1, "x": 2}]}"#, "{}", "{}");
        with_root(&text, |root| {
            assert!(root.key("secret").is_sensitive());
            assert!(root.key("block").is_sensitive());
            assert!(root.key("block").index(0).key("pin").is_sensitive());
            assert!(!root.key("block").index(0).key("x").is_sensitive());
        });
    }

    /// A `dynamic` block leaves no expression in the configuration.
    #[test]
    fn a_block_that_the_provider_does_not_compute_stays_unknown() {
        let wholly = plan_of("google_compute_firewall", "{}", r#"{"allow": true}"#, "{}");
        with_root(&wholly, |root| {
            assert_eq!(root.key("allow").attribute(), Attribute::Unknown);
            assert!(root.key("allow").elements().is_none());
        });
        let required = plan_of("aws_lb_listener", "{}", r#"{"default_action": true}"#, "{}");
        with_root(&required, |root| assert_eq!(root.key("default_action").attribute(), Attribute::Unknown));
        let nested = plan_of(
            "aws_s3_bucket_acl",
            r#"{"access_control_policy": [{"owner": [{"id": "x"}]}]}"#,
            r#"{"access_control_policy": [{"grant": true}]}"#,
            r#"{"access_control_policy": [{"owner": [{"id": {"constant_value": "x"}}]}]}"#,
        );
        with_root(&nested, |root| {
            let policy = root.key("access_control_policy").index(0);
            assert_eq!(policy.key("grant").attribute(), Attribute::Unknown);
            assert_eq!(policy.key("grant").index(0).key("permission").attribute(), Attribute::Unknown);
        });
    }

    #[test]
    fn an_attribute_that_the_provider_does_not_compute_stays_unknown() {
        let text = plan_of("aws_db_instance", "{}", r#"{"publicly_accessible": true, "arn": true}"#, "{}");
        with_root(&text, |root| {
            assert_eq!(root.key("publicly_accessible").attribute(), Attribute::Unknown);
            assert_eq!(root.key("arn").attribute(), Attribute::Unset);
        });
    }

    #[test]
    fn without_its_block_what_is_computed_may_be_unset() {
        let unknown = r#"{"publicly_accessible": true, "kms_key_id": true}"#;
        let text = plan_of("aws_db_instance", r#"{"engine": "x"}"#, unknown, "{}");
        let may_be_unset = |text: &str| {
            with_root(text, |root| {
                ["kms_key_id", "publicly_accessible", "engine"].map(|name| root.key(name).may_be_unset())
            })
        };
        assert_eq!(may_be_unset(&text), [false; 3]);
        let (whole, _) = text.split_once("\"configuration\"").unwrap();
        for lost in ["{}", r#"{"root_module": {}}"#] {
            assert_eq!(
                may_be_unset(&format!("{whole}\"configuration\": {lost}}}")),
                [true, false, false],
                "{lost}"
            );
        }
        assert_eq!(may_be_unset(&format!("{whole}\"configuration\": null}}")), [false; 3]);
    }

    #[test]
    fn attributes_of_a_block_that_the_provider_fills_in_are_left_to_it() {
        let left = |after: &str, unknown: &str| {
            let text = plan_of("aws_instance", after, unknown, "{}");
            with_root(&text, |root| {
                let tokens = root.key("metadata_options").key("http_tokens");
                assert_eq!(tokens.attribute(), Attribute::Unset);
                tokens.is_left_to_provider()
            })
        };
        assert!(left("{}", r#"{"metadata_options": true}"#));
        assert!(left("{}", "{}"));
        // Null and an empty list are answers.
        assert!(!left(r#"{"metadata_options": null}"#, "{}"));
        assert!(!left(r#"{"metadata_options": []}"#, "{}"));
        assert!(!left(r#"{"metadata_options": {}}"#, "{}"));
    }
}
