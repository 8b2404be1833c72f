//! In which region an object is: what it says itself, what its provider is configured with, or what is assumed.

use std::collections::BTreeMap;

use planguard_plan::{Attribute, ConfigResource, Configuration, Plan, ResourceState, Side, Value};

use crate::book::Table;

/// A cloud whose prices the book has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cloud {
    Aws,
    Azure,
    Google,
}

impl Cloud {
    /// The cloud of a resource type.
    pub(crate) fn of(resource_type: &str) -> Option<Self> {
        match resource_type.split_once('_')?.0 {
            "aws" => Some(Self::Aws),
            "azurerm" => Some(Self::Azure),
            "google" => Some(Self::Google),
            _ => None,
        }
    }

    /// The region that is assumed where nothing tells.
    pub(crate) const fn assumed(self) -> &'static str {
        match self {
            Self::Aws => "us-east-1",
            Self::Azure => "eastus",
            Self::Google => "us-central1",
        }
    }

    /// Whether the book has prices of the region, so that a text is the name of one.
    fn has(self, region: &str) -> bool {
        let table = match self {
            Self::Aws => Table::AwsEc2,
            Self::Azure => Table::AzureVm,
            Self::Google => Table::GoogleDisk,
        };
        table.has_region(region)
    }

    /// The attributes that name a region or a place in one.
    const fn attributes(self) -> &'static [&'static str] {
        match self {
            Self::Aws => &["region", "availability_zone", "arn"],
            Self::Azure => &["location"],
            Self::Google => &["region", "zone", "location"],
        }
    }

    /// Whether a text may be the name of a region. AWS has regions that the book does not know, all of one shape; elsewhere
    /// a place may be more than a region, as `global` is.
    fn may_be(self, region: &str) -> bool {
        self == Self::Aws && aws_region(region) == Some(region) || self.has(region)
    }

    /// The attributes that nothing but whoever writes the plan's configuration sets, so that one that is known after apply
    /// may name any region.
    const fn only_configured(self) -> &'static [&'static str] {
        match self {
            Self::Aws => &["region"],
            Self::Azure => &["location"],
            Self::Google => &[],
        }
    }

    /// The region that a value of one of the attributes names.
    fn in_text(self, text: &str) -> Option<String> {
        match self {
            Self::Aws => {
                // `arn:aws:ec2:eu-west-1:1:x`, `eu-west-1a`, `us-east-1-bos-1a`.
                let named = if text.starts_with("arn:") { text.split(':').nth(3)? } else { text };
                aws_region(named).map(str::to_owned)
            }
            Self::Azure => Some(text.to_lowercase().replace(' ', "")).filter(|name| !name.is_empty()),
            Self::Google => {
                let name = text.rsplit('/').next().unwrap_or(text);
                let region = match name.rsplit_once('-') {
                    Some((region, zone)) if zone.len() == 1 && region.contains('-') => region,
                    Some(_) | None => name,
                };
                (!region.is_empty()).then(|| region.to_lowercase())
            }
        }
    }
}

/// What the setting of a provider or an object names as its region; a name of another shape is a region that nobody knows.
fn as_written(cloud: Cloud, text: &str) -> Option<String> {
    cloud.in_text(text).or_else(|| Some(text.to_owned())).filter(|text| !text.is_empty())
}

/// The region that a text starts with: words, then a number behind a hyphen.
fn aws_region(text: &str) -> Option<&str> {
    let mut end = 0;
    for (position, part) in text.split('-').enumerate() {
        let digits = part.chars().take_while(char::is_ascii_digit).count();
        if position >= 2 && digits > 0 {
            return text.get(..end + 1 + digits);
        }
        if part.is_empty() || !part.chars().all(|character| character.is_ascii_lowercase()) {
            return None;
        }
        end += part.len() + usize::from(position > 0);
    }
    None
}

/// The region of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its name: `eu-central-1`.
    pub name: String,
    /// How it is known.
    pub origin: RegionOrigin,
}

/// How a region is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RegionOrigin {
    /// An attribute of the object names it, or a place in it.
    Object,
    /// The block of its provider.
    Provider,
    /// Another object of the same provider block is there.
    Sibling,
    /// Nothing tells: the prices of a usual region are taken.
    Assumed,
}

/// Resolves the regions of a plan's objects.
pub(crate) struct Regions<'p> {
    plan: &'p Plan<'p>,
    /// The regions that objects of a provider block are in.
    siblings: BTreeMap<(Cloud, String), String>,
}

impl<'p> Regions<'p> {
    pub(crate) fn of(plan: &'p Plan<'p>) -> Self {
        let mut regions = Self { plan, siblings: BTreeMap::new() };
        let mut counts: BTreeMap<(Cloud, String), BTreeMap<String, usize>> = BTreeMap::new();
        for change in &plan.resource_changes {
            let Some(cloud) = Cloud::of(&change.address.resource_type) else { continue };
            for side in [Side::Before, Side::After] {
                let Some(state) = ResourceState::new(plan, change, side) else { continue };
                if let Some(region) = named(cloud, &state).filter(|region| cloud.may_be(region)) {
                    let key = (cloud, regions.provider_key(&state));
                    *counts.entry(key).or_default().entry(region).or_default() += 1;
                }
            }
        }
        for (key, found) in counts {
            // The most frequent; of equals the first by name, whatever the order of the plan.
            let most = found.into_iter().max_by(|left, right| (left.1, &right.0).cmp(&(right.1, &left.0)));
            if let Some((region, _)) = most {
                regions.siblings.insert(key, region);
            }
        }
        regions
    }

    /// The region of an object on a side of its change.
    pub(crate) fn region(&self, cloud: Cloud, state: &ResourceState<'_>) -> Region {
        if let Some(name) = named(cloud, state) {
            return Region { name, origin: RegionOrigin::Object };
        }
        let usual = self.usual(cloud, state);
        // What is known after apply is any region, and that of the provider is a guess.
        if is_known_after_apply(cloud, state) {
            Region { origin: RegionOrigin::Assumed, ..usual }
        } else {
            usual
        }
    }

    /// The region of an object that does not name one.
    fn usual(&self, cloud: Cloud, state: &ResourceState<'_>) -> Region {
        if let Some(name) = self.of_provider(cloud, state) {
            return Region { name, origin: RegionOrigin::Provider };
        }
        if let Some(name) = self.siblings.get(&(cloud, self.provider_key(state))) {
            return Region { name: name.clone(), origin: RegionOrigin::Sibling };
        }
        Region { name: cloud.assumed().to_owned(), origin: RegionOrigin::Assumed }
    }

    /// The key of the provider block of an object; that of the provider, if the configuration does not tell.
    fn provider_key(&self, state: &ResourceState<'_>) -> String {
        match self.block(state).and_then(|block| block.provider_config_key.as_deref()) {
            Some(key) => key.to_owned(),
            None => state.change.provider_name.as_deref().unwrap_or_default().to_owned(),
        }
    }

    /// The block of an object, also of one before its change.
    fn block(&self, state: &ResourceState<'_>) -> Option<&'p ConfigResource<'p>> {
        Some(self.plan.configuration.as_ref()?.resource(&state.change.address)?.1)
    }

    fn of_provider(&self, cloud: Cloud, state: &ResourceState<'_>) -> Option<String> {
        let configuration = self.plan.configuration.as_ref()?;
        let key = self.block(state).and_then(|block| block.provider_config_key.as_deref());
        let name = match cloud {
            Cloud::Aws => "aws",
            Cloud::Azure => return None,
            Cloud::Google => "google",
        };
        // An object whose block is gone had most likely the provider without an alias.
        let key = key.unwrap_or(name);
        let inherited = key.rsplit(':').next().unwrap_or(key);
        let providers = configuration.providers();
        let found = providers.iter().find(|provider| provider.key == key);
        let provider = found.or_else(|| providers.iter().find(|provider| provider.key == inherited))?;
        let region = |attribute: &str| {
            let expression = provider.expressions.get(attribute)?;
            let module = module_of(configuration, &provider.key);
            match self.value(configuration, module, expression)? {
                Told::Constant(text) => as_written(cloud, text),
                // A plan shows `"${var.part}-1"` as it shows `var.part`, and a part is no region: regions end with a number.
                Told::Variable(text) if text.ends_with(|last: char| last.is_ascii_digit()) => {
                    as_written(cloud, text)
                }
                Told::Variable(text) => cloud.in_text(text).filter(|region| cloud.may_be(region)),
            }
        };
        match cloud {
            Cloud::Google => region("region").or_else(|| region("zone")),
            Cloud::Aws | Cloud::Azure => region("region"),
        }
    }

    /// The text of an expression that is a constant, or one variable.
    fn value(
        &self,
        configuration: &'p Configuration<'p>,
        module: usize,
        expression: &'p Value<'p>,
    ) -> Option<Told<'p>> {
        let found = configuration.resolve(module, expression, None);
        if !found.unresolved.is_empty() || !found.resources.is_empty() {
            return None;
        }
        match (found.constants.as_slice(), found.variables.as_slice()) {
            // A variable of a module may be given a constant: either is all that the expression is made of.
            ([constant], []) if expression.get("constant_value").is_some() => {
                constant.as_str().map(Told::Constant)
            }
            ([constant], []) => constant.as_str().map(Told::Variable),
            ([], [variable]) => {
                self.plan.variables.get(variable.as_str())?.value.as_ref()?.as_str().map(Told::Variable)
            }
            _ => None,
        }
    }
}

/// A text of a configuration.
enum Told<'p> {
    /// All that the expression is.
    Constant(&'p str),
    /// The value of a variable, of which the expression may be made.
    Variable(&'p str),
}

/// Whether an object will name a region that the plan does not tell.
fn is_known_after_apply(cloud: Cloud, state: &ResourceState<'_>) -> bool {
    let root = state.root();
    let mut attributes = cloud.attributes().iter();
    let is_unknown = |name: &&'static str| {
        let is_masked = || {
            let mask = state.change.change.after_unknown.as_ref().filter(|_| state.side == Side::After);
            mask.and_then(|mask| mask.get(name)) == Some(&Value::Bool(true))
        };
        match root.key(name).attribute() {
            // What is set somewhere but in the configuration, such as an ARN, is in the region of the provider.
            Attribute::Unknown => *name != "arn" && *name != "availability_zone",
            Attribute::Unset => cloud.only_configured().contains(name) && is_masked(),
            Attribute::Known(_) => false,
        }
    };
    attributes.any(is_unknown)
}

/// The position of the module that a provider block is in: `module.a.module.b:aws.eu`.
fn module_of(configuration: &Configuration<'_>, key: &str) -> usize {
    let path = key.rsplit_once(':').map_or("", |(path, _)| path);
    configuration.modules().iter().position(|module| module.path == path).unwrap_or_default()
}

/// The region that an object names itself.
fn named(cloud: Cloud, state: &ResourceState<'_>) -> Option<String> {
    let root = state.root();
    let mut texts = cloud.attributes().iter().filter_map(|name| match root.key(name).attribute() {
        Attribute::Known(value) => Some((*name, value.as_str()?)),
        Attribute::Unknown | Attribute::Unset => None,
    });
    texts.find_map(|(name, text)| match name {
        "region" => as_written(cloud, text),
        _ => cloud.in_text(text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regions(plan: &str) -> Vec<(String, RegionOrigin)> {
        let plan = Plan::parse(plan).unwrap();
        let regions = Regions::of(&plan);
        let changes = plan.resource_changes.iter().map(|change| {
            let state = ResourceState::new(&plan, change, Side::After)
                .or_else(|| ResourceState::new(&plan, change, Side::Before))
                .unwrap();
            let region = regions.region(Cloud::of(&change.address.resource_type).unwrap(), &state);
            (region.name, region.origin)
        });
        changes.collect()
    }

    fn change(address: &str, after: &str) -> String {
        format!(
            r#"{{"address": "{address}", "provider_name": "p", "change": {{"actions": ["create"], "before": null, "after": {after}, "after_unknown": {{}}}}}}"#
        )
    }

    fn plan(changes: &[String], rest: &str) -> String {
        format!(r#"{{"format_version": "1.2", "resource_changes": [{}]{rest}}}"#, changes.join(","))
    }

    #[test]
    fn an_object_names_its_region() {
        for (address, after, region) in [
            ("aws_x.a", r#"{"region": "eu-west-1"}"#, "eu-west-1"),
            ("aws_x.a", r#"{"availability_zone": "eu-west-1b"}"#, "eu-west-1"),
            ("aws_x.a", r#"{"availability_zone": "us-east-1-bos-1a"}"#, "us-east-1"),
            ("aws_x.a", r#"{"availability_zone": "us-gov-west-1a"}"#, "us-gov-west-1"),
            ("aws_x.a", r#"{"arn": "arn:aws:rds:ap-south-1:1:db:a"}"#, "ap-south-1"),
            ("azurerm_x.a", r#"{"location": "West Europe"}"#, "westeurope"),
            ("google_x.a", r#"{"zone": "europe-west1-b"}"#, "europe-west1"),
            ("google_x.a", r#"{"region": "https://x/regions/europe-west4"}"#, "europe-west4"),
        ] {
            let found = regions(&plan(&[change(address, after)], ""));
            assert_eq!(found, [(region.to_owned(), RegionOrigin::Object)], "{after}");
        }
    }

    #[test]
    fn the_block_of_the_provider_names_the_region() {
        let changes = [
            change("aws_x.a", "{}"),
            change("aws_x.b", "{}"),
            change("module.m.aws_x.c", "{}"),
            change("aws_x.d", "{}"),
        ];
        let configuration = r#", "variables": {"r": {"value": "eu-north-1"}, "part": {"value": "eu-west"}},
            "configuration": {"provider_config": {
                "aws": {"name": "aws", "expressions": {"region": {"references": ["var.r"]}}},
                "aws.two": {"name": "aws", "expressions": {"region": {"constant_value": "ap-south-1"}}},
                "module.m:aws": {"name": "aws", "expressions": {"region": {"references": ["var.inner"]}}},
                "aws.odd": {"name": "aws", "expressions": {"region": {"references": ["var.part"]}}}},
            "root_module": {"resources": [
                {"mode": "managed", "type": "aws_x", "name": "a", "provider_config_key": "aws", "expressions": {}},
                {"mode": "managed", "type": "aws_x", "name": "b", "provider_config_key": "aws.two", "expressions": {}},
                {"mode": "managed", "type": "aws_x", "name": "d", "provider_config_key": "aws.odd", "expressions": {}}],
                "variables": {"r": {}, "part": {}},
                "module_calls": {"m": {"expressions": {"inner": {"constant_value": "sa-east-1"}}, "module": {
                    "variables": {"inner": {}}, "resources": [
                    {"mode": "managed", "type": "aws_x", "name": "c", "provider_config_key": "module.m:aws", "expressions": {}}]}}}}}"#;
        let found = regions(&plan(&changes, configuration));
        let expected = [
            ("eu-north-1", RegionOrigin::Provider),
            ("ap-south-1", RegionOrigin::Provider),
            ("sa-east-1", RegionOrigin::Provider),
            ("us-east-1", RegionOrigin::Assumed),
        ];
        assert_eq!(found, expected.map(|(region, origin)| (region.to_owned(), origin)));
    }

    #[test]
    fn a_region_that_the_book_does_not_know_is_no_other_region() {
        let of_provider = |provider: &str, variables: &str| {
            let configuration = format!(
                r#", "variables": {{{variables}}}, "configuration": {{"provider_config": {{
                "aws": {{"name": "aws", "expressions": {{"region": {provider}}}}}}},
                "root_module": {{"variables": {{"r": {{}}}}, "resources": [
                {{"mode": "managed", "type": "aws_x", "name": "a", "provider_config_key": "aws", "expressions": {{}}}}]}}}}"#
            );
            regions(&plan(&[change("aws_x.a", "{}")], &configuration)).remove(0)
        };
        for name in ["cn-north-1", "mars-1", "EU-CENTRAL-1", "somewhere"] {
            let constant = format!(r#"{{"constant_value": "{name}"}}"#);
            assert_eq!(of_provider(&constant, ""), (name.to_owned(), RegionOrigin::Provider));
        }
        for name in ["cn-north-1", "mars-1", "EU-CENTRAL-1"] {
            let variable = format!(r#""r": {{"value": "{name}"}}"#);
            let found = of_provider(r#"{"references": ["var.r"]}"#, &variable);
            assert_eq!(found, (name.to_owned(), RegionOrigin::Provider));
            let attribute = format!(r#"{{"region": "{name}"}}"#);
            let found = regions(&plan(&[change("aws_x.a", &attribute)], ""));
            assert_eq!(found, [(name.to_owned(), RegionOrigin::Object)]);
        }
        let changes =
            [change("aws_x.a", "{}"), change("aws_x.b", r#"{"arn": "arn:aws-cn:x:cn-north-1:1:y"}"#)];
        assert_eq!(regions(&plan(&changes, ""))[0], ("cn-north-1".to_owned(), RegionOrigin::Sibling));
    }

    #[test]
    fn a_region_that_is_known_after_apply_is_assumed() {
        let unknown = |name: &str| {
            change("aws_x.a", "{}")
                .replace(r#""after_unknown": {}"#, &format!(r#""after_unknown": {{"{name}": true}}"#))
        };
        let configuration = r#", "configuration": {"provider_config": {
            "aws": {"name": "aws", "expressions": {"region": {"constant_value": "eu-west-1"}}}},
            "root_module": {"resources": [{"mode": "managed", "type": "aws_x", "name": "a",
            "provider_config_key": "aws", "expressions": {}}]}}"#;
        let of = |name: &str| regions(&plan(&[unknown(name)], configuration)).remove(0);
        assert_eq!(of("region"), ("eu-west-1".to_owned(), RegionOrigin::Assumed));
        // The provider fills these in, where it is.
        assert_eq!(of("arn"), ("eu-west-1".to_owned(), RegionOrigin::Provider));
        assert_eq!(of("availability_zone"), ("eu-west-1".to_owned(), RegionOrigin::Provider));
    }

    #[test]
    fn siblings_tell_before_something_is_assumed() {
        let changes = [change("aws_x.a", "{}"), change("aws_x.b", r#"{"arn": "arn:aws:x:eu-west-3:1:y"}"#)];
        assert_eq!(regions(&plan(&changes, ""))[0], ("eu-west-3".to_owned(), RegionOrigin::Sibling));
        let found = regions(&plan(&[change("google_x.a", "{}"), change("azurerm_x.a", "{}")], ""));
        assert_eq!(found[0], ("us-central1".to_owned(), RegionOrigin::Assumed));
        assert_eq!(found[1], ("eastus".to_owned(), RegionOrigin::Assumed));
    }
}
