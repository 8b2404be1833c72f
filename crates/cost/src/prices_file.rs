//! Prices and discounts of the user's own, from a TOML file: contracts, and what the book lacks.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use planguard_plan::input::read_text_file;
use planguard_plan::text::{suggest, wildcard};
use planguard_plan::{Attribute, Value, View};
use rust_decimal::Decimal;
use thiserror::Error;
use toml::{Table, Value as Toml};

use crate::amount::{hours_of_month, parse_amount};
use crate::bill::{Component, Service, State, Unit, product};
use crate::facts::Resource;
use crate::region::Region;

/// The highest price that is taken.
const MOST: u32 = 1_000_000_000;

/// What is wrong with a file of prices.
#[derive(Clone, Debug, Error, Diagnostic)]
pub enum PricesError {
    /// It cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    #[diagnostic(code("PG-CO-001"), help("check the path that {named_by} names, and its permissions"))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The flag, variable, or line of the settings that names it.
        named_by: String,
        /// The operating system's message.
        reason: String,
    },
    /// It is no TOML, or says something that prices cannot.
    #[error("{}: {place}: {reason}", path.display())]
    #[diagnostic(code("PG-CO-002"), help("{help}"))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The line, and the entry: `line 5: [[prices]] 2`.
        place: String,
        /// What is wrong.
        reason: String,
        /// How to put it right.
        help: String,
    },
}

/// Prices and discounts of the user's own. Of several that match, the last counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    prices: Vec<OwnPrice>,
    discounts: Vec<Discount>,
}

/// An entry of a file of prices, and how many objects it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedPrice {
    /// What it says, in the words of the file.
    pub text: String,
    /// Its note.
    pub note: Option<String>,
    /// How many objects have the price.
    pub resources: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct OwnPrice {
    resource_type: String,
    region: Option<String>,
    component: Option<String>,
    attributes: Vec<(String, Wanted)>,
    rate: Rate,
    note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    Text(String),
    Number(Decimal),
    Flag(bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rate {
    Hourly(Decimal),
    Monthly(Decimal),
    PerGbMonth(Decimal),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Discount {
    /// `None` for all services.
    service: Option<Service>,
    percent: Decimal,
    note: Option<String>,
}

impl Prices {
    /// Reads a file. `named_by` is the flag, variable, or line of the settings that names it.
    ///
    /// # Errors
    /// The file cannot be read, or says something that prices cannot.
    pub fn read(path: &Path, named_by: &str) -> Result<Self, PricesError> {
        let text = read_text_file(path).map_err(|error| PricesError::Unreadable {
            path: path.to_owned(),
            named_by: named_by.to_owned(),
            reason: error.to_string(),
        })?;
        Self::parse(path, &text)
    }

    /// Whether there are none, and no discounts.
    pub fn is_empty(&self) -> bool {
        self.prices.is_empty() && self.discounts.is_empty()
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// It says something that prices cannot.
    pub fn parse(path: &Path, text: &str) -> Result<Self, PricesError> {
        let invalid = |wrong: Wrong| PricesError::Invalid {
            path: path.to_owned(),
            place: match line_of(text, &wrong.place, wrong.key.as_deref()) {
                Some(line) => format!("line {line}: {}", wrong.place),
                None => wrong.place,
            },
            reason: wrong.reason,
            help: wrong.help,
        };
        let root: Table = text.parse().map_err(|error: toml::de::Error| {
            let line = error
                .span()
                .map_or(1, |span| text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1);
            invalid(Wrong::new(&format!("line {line}"), error.message(), "write the file as TOML"))
        })?;
        let mut prices = Self::default();
        known_keys("the file", &root, &["prices", "discounts"]).map_err(invalid)?;
        for (place, entry) in entries(&root, "prices").map_err(invalid)? {
            prices.prices.push(own_price(&place, entry).map_err(invalid)?);
        }
        for (place, entry) in entries(&root, "discounts").map_err(invalid)? {
            prices.discounts.push(discount(&place, entry).map_err(invalid)?);
        }
        Ok(prices)
    }

    /// The entries, as long as they are for nothing.
    pub(crate) fn unused(&self) -> Vec<AppliedPrice> {
        let entry = |text, note: &Option<String>| AppliedPrice { text, note: note.clone(), resources: 0 };
        let prices = self.prices.iter().map(|price| entry(price.text(), &price.note));
        prices.chain(self.discounts.iter().map(|discount| entry(discount.text(), &discount.note))).collect()
    }

    /// Whether a price is for objects of a type.
    pub(crate) fn are_about(&self, resource_type: &str) -> bool {
        self.prices.iter().any(|price| wildcard::matches(&price.resource_type, resource_type))
    }

    /// Replaces the prices of components, and notes which entries did so.
    pub(crate) fn apply(
        &self,
        resource: &Resource<'_, '_>,
        region: Option<&Region>,
        components: &mut Vec<Component>,
        used: &mut BTreeSet<usize>,
    ) {
        for (position, price) in self.prices.iter().enumerate() {
            if price.matches(resource, region) && price.apply(resource, components) {
                used.insert(position);
            }
        }
        for component in components.iter_mut().filter(|component| !component.is_own_price) {
            let mut discounts = self.discounts.iter().enumerate().rev();
            let found = discounts.find(|(_, discount)| discount.is_for(component.service));
            if let (Some((position, discount)), Some(monthly)) = (found, component.monthly) {
                let rest = (Decimal::ONE_HUNDRED - discount.percent) / Decimal::ONE_HUNDRED;
                component.monthly = monthly.checked_mul(rest);
                component.price = component.price.and_then(|price| price.checked_mul(rest));
                add_note(component, format!("{} % discount", discount.percent.normalize()));
                used.insert(self.prices.len() + position);
            }
        }
    }
}

fn add_note(component: &mut Component, note: String) {
    component.note = Some(match component.note.take() {
        Some(before) => format!("{before}; {note}"),
        None => note,
    });
}

impl OwnPrice {
    fn text(&self) -> String {
        let mut matched = vec![self.resource_type.clone()];
        matched.extend(self.region.iter().map(|region| format!("region {region}")));
        matched.extend(self.component.iter().map(|component| format!("component {component}")));
        matched.extend(self.attributes.iter().map(|(name, wanted)| match wanted {
            Wanted::Text(text) => format!("{name} {text}"),
            Wanted::Number(number) => format!("{name} {number}"),
            Wanted::Flag(flag) => format!("{name} {flag}"),
        }));
        let rate = match self.rate {
            Rate::Hourly(price) => format!("${price} an hour"),
            Rate::Monthly(price) => format!("${price} a month"),
            Rate::PerGbMonth(price) => format!("${price} for a GB a month"),
        };
        format!("{}: {rate}", matched.join(", "))
    }

    fn matches(&self, resource: &Resource<'_, '_>, region: Option<&Region>) -> bool {
        wildcard::matches(&self.resource_type, resource.resource_type())
            && self
                .region
                .as_ref()
                .is_none_or(|wanted| region.is_some_and(|region| wildcard::matches(wanted, &region.name)))
            && self.attributes.iter().all(|(path, wanted)| {
                has(&resource.state.root(), &path.split('.').collect::<Vec<_>>(), wanted)
            })
    }

    /// Sets the price of the components that it is for. Without any, the object gets one that has it.
    fn apply(&self, resource: &Resource<'_, '_>, components: &mut Vec<Component>) -> bool {
        let is_named = |component: &Component| {
            self.component
                .as_ref()
                .is_none_or(|wanted| wildcard::matches_in_any_case(wanted, &component.name))
        };
        match self.rate {
            Rate::Monthly(price) => {
                match self.component {
                    // All that the object costs.
                    None => components.clear(),
                    Some(_) => {
                        let before = components.len();
                        components.retain(|component| !is_named(component));
                        if before == components.len() {
                            return false;
                        }
                    }
                }
                components.push(self.component_of("Own price", Unit::Month, Decimal::ONE, price));
                true
            }
            Rate::Hourly(price) => {
                let is_hours = |component: &Component| {
                    component.unit == Unit::Hour
                        && component.state != State::UsageBased
                        && is_named(component)
                };
                self.set(components, is_hours, price, |components| {
                    components.retain(|component| !component.state.is_open());
                    Some((Unit::Hour, hours_of_month()))
                })
            }
            Rate::PerGbMonth(price) => {
                let is_storage = |component: &Component| {
                    component.unit == Unit::GbMonth
                        && component.state != State::UsageBased
                        && is_named(component)
                };
                self.set(components, is_storage, price, |components| {
                    let root = resource.root();
                    let names =
                        ["allocated_storage", "size", "disk_size_gb", "storage_gb", "storage_capacity"];
                    let size = names.iter().find_map(|name| root.number(name).ok().flatten())?;
                    components.retain(|component| !component.state.is_open());
                    Some((Unit::GbMonth, size))
                })
            }
        }
    }

    /// Sets the price of the components that are meant; if there are none and none is named, of what `other` makes.
    fn set(
        &self,
        components: &mut Vec<Component>,
        is_meant: impl Fn(&Component) -> bool,
        price: Decimal,
        other: impl FnOnce(&mut Vec<Component>) -> Option<(Unit, Decimal)>,
    ) -> bool {
        let mut is_used = false;
        for component in components.iter_mut().filter(|component| is_meant(component)) {
            is_used = true;
            component.price = Some(price);
            component.is_own_price = true;
            // Without an amount it stays as unknown as before.
            let Some(quantity) = component.quantity else { continue };
            let monthly = product([price, quantity]).ok();
            // An assumed amount stays assumed.
            let state = if component.state == State::Estimated { State::Estimated } else { State::Priced };
            component.state = if monthly.is_some() { state } else { State::UnknownInput };
            if component.state == State::Priced {
                component.note = None;
            }
            component.monthly = monthly;
        }
        let is_open = components.iter().any(|component| component.state.is_open());
        let all_open = components
            .iter()
            .all(|component| component.state.is_open() || component.state == State::UsageBased);
        if is_used || self.component.is_some() || !(is_open && all_open) {
            return is_used;
        }
        let Some((unit, quantity)) = other(components) else { return false };
        components.push(self.component_of("Own price", unit, quantity, price));
        true
    }

    fn component_of(&self, name: &'static str, unit: Unit, quantity: Decimal, price: Decimal) -> Component {
        let monthly = product([quantity, price]).ok();
        Component {
            name: Cow::Borrowed(name),
            detail: String::new(),
            service: Service::Other,
            unit,
            quantity: Some(quantity),
            price: Some(price),
            monthly,
            state: if monthly.is_some() { State::Priced } else { State::UnknownInput },
            note: None,
            is_own_price: true,
        }
    }
}

impl Discount {
    fn is_for(&self, service: Service) -> bool {
        self.service.is_none_or(|wanted| wanted == service)
    }

    fn text(&self) -> String {
        let service = self.service.map_or("all services", Service::name);
        format!("{service}: {} % discount", self.percent.normalize())
    }
}

/// Whether an attribute has a value. Of a list or a block, some element must have it.
fn has(view: &View<'_, '_>, path: &[&str], wanted: &Wanted) -> bool {
    if let Attribute::Known(Value::Array(_)) = view.attribute() {
        return view.elements().unwrap_or_default().iter().any(|element| has(element, path, wanted));
    }
    let Some((name, rest)) = path.split_first() else {
        return match (view.attribute(), wanted) {
            (Attribute::Known(Value::String(text)), Wanted::Text(wanted)) => wildcard::matches(wanted, text),
            (Attribute::Known(Value::Number(number)), Wanted::Number(wanted)) => {
                parse_amount(&number.to_string()) == Some(*wanted)
            }
            (Attribute::Known(Value::Bool(flag)), Wanted::Flag(wanted)) => flag == wanted,
            _ => false,
        };
    };
    has(&view.key(name), rest, wanted)
}

/// Something that is wrong in a file.
struct Wrong {
    place: String,
    /// The key that it is about.
    key: Option<String>,
    reason: String,
    help: String,
}

impl Wrong {
    fn new(place: &str, reason: impl Into<String>, help: impl Into<String>) -> Self {
        Self { place: place.to_owned(), key: None, reason: reason.into(), help: help.into() }
    }

    fn of_key(self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self }
    }
}

/// The line of a key of an entry such as `[[prices]] 2`, or that of the entry if the key has no line of its own.
fn line_of(text: &str, place: &str, key: Option<&str>) -> Option<usize> {
    let lines = || text.lines().map(str::trim_start).enumerate();
    let sets = |line: &str| {
        let names = |key: &str| line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='));
        key.is_some_and(|key| names(key) || names(&format!("\"{key}\"")))
    };
    let Some((heading, number)) = place.rsplit_once(' ').filter(|(heading, _)| heading.starts_with("[["))
    else {
        // A key of the file itself.
        return lines().find(|(_, line)| sets(line)).map(|(position, _)| position + 1);
    };
    let number: usize = number.parse().ok()?;
    let mut headings = lines().filter(|(_, line)| line.replace(' ', "").starts_with(heading));
    let (start, _) = headings.nth(number.checked_sub(1)?)?;
    let entry = lines().skip(start + 1).take_while(|(_, line)| !line.starts_with('['));
    let own = entry.clone().find(|(_, line)| sets(line));
    // A key of `match` stands inside of it.
    let inside = || key.and_then(|key| entry.clone().find(|(_, line)| line.contains(key)));
    Some(own.or_else(inside).map_or(start, |(position, _)| position) + 1)
}

const SEE: &str = "docs/cost.md describes the file";

fn entries<'t>(root: &'t Table, name: &str) -> Result<Vec<(String, &'t Table)>, Wrong> {
    let place = format!("[[{name}]]");
    let wrong =
        || Wrong::new(&place, "expected tables", format!("write `{place}` above each entry")).of_key(name);
    let Some(value) = root.get(name) else { return Ok(Vec::new()) };
    let elements = value.as_array().ok_or_else(wrong)?;
    let tables = elements.iter().enumerate();
    tables
        .map(|(position, element)| {
            let table = element.as_table().ok_or_else(wrong)?;
            Ok((format!("{place} {}", position + 1), table))
        })
        .collect()
}

fn known_keys(place: &str, table: &Table, known: &[&str]) -> Result<(), Wrong> {
    let Some(key) = table.keys().find(|key| !known.contains(&key.as_str())) else { return Ok(()) };
    let help = match suggest::nearest(key, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the keys are {}", known.join(", ")),
    };
    Err(Wrong::new(place, format!("unknown key `{key}`"), help).of_key(key))
}

fn own_price(place: &str, entry: &Table) -> Result<OwnPrice, Wrong> {
    type Named = (&'static str, fn(Decimal) -> Rate);
    const RATES: [Named; 3] =
        [("hourly", Rate::Hourly), ("monthly", Rate::Monthly), ("per_gb_month", Rate::PerGbMonth)];
    known_keys(place, entry, &["match", "hourly", "monthly", "per_gb_month", "note"])?;
    let given: Vec<_> = RATES.iter().filter(|(name, _)| entry.contains_key(*name)).collect();
    let [(name, rate)] = given.as_slice() else {
        let reason = format!("{} of `hourly`, `monthly` and `per_gb_month` are set", given.len());
        return Err(Wrong::new(place, reason, "set one of them"));
    };
    let rate = rate(number(place, entry, name, Decimal::from(MOST))?);
    let wrong_match = || {
        let reason = match entry.get("match") {
            None => "it does not say what it is for: `match` is missing".to_owned(),
            Some(Toml::Table(matched)) => {
                match matched.keys().find(|key| suggest::nearest(key, ["type"]).is_some()) {
                    Some(near) => format!("`match` has no `type`; did you mean that by `{near}`?"),
                    None => "`match` has no `type`".to_owned(),
                }
            }
            Some(_) => "`match` is not a table".to_owned(),
        };
        Wrong::new(place, reason, "write `match = { type = \"aws_instance\" }`").of_key("match")
    };
    let matched = entry.get("match").and_then(Toml::as_table).ok_or_else(wrong_match)?;
    let mut price = OwnPrice {
        resource_type: text(place, matched, "type")?.ok_or_else(wrong_match)?,
        region: text(place, matched, "region")?,
        component: text(place, matched, "component")?,
        attributes: Vec::new(),
        rate,
        note: text(place, entry, "note")?,
    };
    for (name, value) in
        matched.iter().filter(|(name, _)| !["type", "region", "component"].contains(&name.as_str()))
    {
        let wanted = match value {
            Toml::String(text) => Wanted::Text(text.clone()),
            Toml::Integer(number) => Wanted::Number(Decimal::from(*number)),
            Toml::Boolean(flag) => Wanted::Flag(*flag),
            Toml::Float(_) | Toml::Datetime(_) | Toml::Array(_) | Toml::Table(_) => {
                let reason = format!("`{name}` is not a text, a whole number, true or false");
                return Err(Wrong::new(place, reason, SEE).of_key(name));
            }
        };
        price.attributes.push((name.clone(), wanted));
    }
    Ok(price)
}

fn discount(place: &str, entry: &Table) -> Result<Discount, Wrong> {
    known_keys(place, entry, &["service", "percent", "note"])?;
    let service = match text(place, entry, "service")?.as_deref() {
        None | Some("*") => None,
        Some(name) => {
            let names = || Service::ALL.iter().map(|service| service.name());
            let known = Service::ALL.iter().find(|service| service.name() == name);
            Some(*known.ok_or_else(|| {
                let near = suggest::nearest(name, names());
                let help = near.map_or_else(
                    || format!("use * or one of {}", names().collect::<Vec<_>>().join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                Wrong::new(place, format!("`{name}` is no service"), help).of_key("service")
            })?)
        }
    };
    Ok(Discount {
        service,
        percent: number(place, entry, "percent", Decimal::ONE_HUNDRED)?,
        note: text(place, entry, "note")?,
    })
}

fn text(place: &str, table: &Table, name: &str) -> Result<Option<String>, Wrong> {
    match table.get(name) {
        None => Ok(None),
        Some(Toml::String(text)) => Ok(Some(text.clone())),
        Some(_) => {
            let help = format!("write it in quotes: {name} = \"…\"");
            Err(Wrong::new(place, format!("`{name}` is not a text"), help).of_key(name))
        }
    }
}

fn number(place: &str, table: &Table, name: &str, most: Decimal) -> Result<Decimal, Wrong> {
    let written = match table.get(name) {
        Some(Toml::String(text)) => text.clone(),
        Some(Toml::Integer(number)) => number.to_string(),
        // The shortest text that is this float is what was written.
        Some(Toml::Float(number)) => number.to_string(),
        Some(Toml::Boolean(_) | Toml::Datetime(_) | Toml::Array(_) | Toml::Table(_)) => String::new(),
        None => return Err(Wrong::new(place, format!("`{name}` is missing"), SEE)),
    };
    let number = parse_amount(&written).filter(|number| !number.is_sign_negative() && *number <= most);
    let reason = format!("`{name}` is not a number from 0 to {most}");
    let help =
        if name == "percent" { "write it as 12 or \"12.5\"" } else { "write it as 0.096 or \"0.096\"" };
    number.ok_or_else(|| Wrong::new(place, reason, help).of_key(name))
}

#[cfg(test)]
mod tests {
    use planguard_plan::Plan;

    use super::*;
    use crate::amount::amount;
    use crate::plan_cost::PlanCost;

    fn cost(prices: &str, resource_type: &str, after: &str) -> PlanCost {
        let text = format!(
            r#"{{"format_version": "1.2", "resource_changes": [{{"address": "{resource_type}.a", "change": {{
                "actions": ["create"], "before": null, "after": {after}, "after_unknown": {{}}}}}}]}}"#
        );
        let plan = Plan::parse(&text).unwrap();
        PlanCost::of(&plan, &Prices::parse(Path::new("prices.toml"), prices).unwrap())
    }

    fn total(prices: &str, resource_type: &str, after: &str) -> String {
        amount(cost(prices, resource_type, after).sum.after)
    }

    const MACHINE: &str = r#"{"instance_type": "m5.large", "region": "eu-west-1",
        "root_block_device": [{"volume_type": "gp3", "volume_size": 100}]}"#;

    #[test]
    fn the_last_price_that_matches_counts() {
        let hourly = |price: &str, more: &str| {
            format!("[[prices]]\nmatch = {{ type = \"aws_instance\"{more} }}\nhourly = {price}\n")
        };
        // 100 GB of gp3 in eu-west-1: 8.80
        assert_eq!(total(&hourly("0.05", ""), "aws_instance", MACHINE), "45.30");
        let several = hourly("0.05", "")
            + &hourly("\"0.04\"", ", instance_type = \"m5.*\"")
            + &hourly("9", ", region = \"us-*\"");
        let cost = cost(&several, "aws_instance", MACHINE);
        assert_eq!(amount(cost.sum.after), "38.00");
        assert_eq!(cost.own_prices.iter().map(|entry| entry.resources).collect::<Vec<_>>(), [1, 1, 0]);
        assert_eq!(cost.own_prices[1].text, "aws_instance, instance_type m5.*: $0.04 an hour");
    }

    #[test]
    fn a_monthly_price_is_all_that_an_object_costs() {
        let monthly = "[[prices]]\nmatch = { type = \"acme_*\" }\nmonthly = 12.5\nnote = \"contract\"\n";
        let cost = cost(monthly, "acme_widget", "{}");
        assert_eq!(amount(cost.sum.after), "12.50");
        assert!(cost.sum.is_complete());
        assert_eq!(cost.own_prices[0].note.as_deref(), Some("contract"));
    }

    #[test]
    fn storage_gets_a_price_that_the_book_lacks() {
        let prices = "[[prices]]\nmatch = { type = \"aws_db_instance\" }\nper_gb_month = 0.115\n";
        let database =
            r#"{"instance_class": "db.t3.medium", "engine": "postgres", "allocated_storage": 100}"#;
        assert_eq!(total(prices, "aws_db_instance", database), "64.06"); // 52.56 + 11.50
        let disk = "[[prices]]\nmatch = { type = \"azurerm_managed_disk\" }\nper_gb_month = 0.1\n";
        assert_eq!(
            total(disk, "azurerm_managed_disk", r#"{"disk_size_gb": 64, "location": "westeurope"}"#),
            "6.40"
        );
        assert_eq!(total(disk, "azurerm_managed_disk", r#"{"location": "westeurope"}"#), "0.00");
    }

    #[test]
    fn discounts_are_for_a_service() {
        let prices =
            "[[discounts]]\nservice = \"*\"\npercent = 50\n[[discounts]]\nservice = \"ec2\"\npercent = 10\n";
        // eu-west-1: m5.large 0.107; 730 * 0.107 * 0.9 + 8.80 * 0.5
        assert_eq!(total(prices, "aws_instance", MACHINE), "74.70");
    }

    #[test]
    fn mistakes_name_their_place() {
        for (text, said) in [
            ("[[price]]\n", "did you mean `prices`?"),
            ("[[prices]]\nhourly = 1\n", "does not say what it is for"),
            (
                "[[prices]]\nmatch = { region = \"a\" }\nhourly = 1\n",
                "line 2: [[prices]] 1: `match` has no `type`",
            ),
            ("[[prices]]\nmatch = { typ = \"a\" }\nhourly = 1\n", "did you mean that by `typ`?"),
            ("[[prices]]\nmatch = \"a\"\nhourly = 1\n", "line 2: [[prices]] 1: `match` is not a table"),
            ("[[prices]]\nmatch = { type = \"a\" }\n\nhourly = \"x\"\n", "line 4: [[prices]] 1: `hourly`"),
            ("[[prices]]\nhourly = 1\n[prices.match]\ntype = 5\n", "`type` is not a text write it in quotes"),
            ("# prices\nprices = 1\n", "line 2: [[prices]]: expected tables"),
            ("[[prices]]\nmatch = { type = \"a\" }\n", "0 of `hourly`"),
            ("[[prices]]\nmatch = { type = \"a\" }\nhourly = 1\nmonthly = 2\n", "2 of `hourly`"),
            ("[[prices]]\nmatch = { type = \"a\" }\nhourly = -1\n", "not a number from 0"),
            ("[[prices]]\nmatch = { type = \"a\" }\nhourly = nan\n", "not a number from 0"),
            ("[[prices]]\nmatch = { type = \"a\" }\nhourly = \"NaN\"\n", "not a number from 0"),
            ("[[prices]]\nmatch = { type = \"a\", x = 1.5 }\nhourly = 1\n", "`x` is not a text"),
            ("[[discounts]]\nservice = \"ec3\"\npercent = 1\n", "did you mean `ec2`?"),
            ("[[discounts]]\nservice = \"ec2\"\npercent = 101\n", "not a number from 0 to 100"),
            ("prices = 1\n", "expected tables"),
            ("prices = [\n", "line 1"),
            (
                "\n[[prices]]\nmatch = { type = \"a\" }\nhourly = 1\n\n[[prices]]\nhourly = 1\n",
                "line 6: [[prices]] 2: ",
            ),
            ("prices = [{ hourly = 1 }]\n", "prices.toml: [[prices]] 1: "),
        ] {
            let error = Prices::parse(Path::new("prices.toml"), text).unwrap_err();
            let help = error.help().map(|help| help.to_string()).unwrap_or_default();
            let whole = format!("{error} {help}");
            assert!(whole.contains(said) && whole.starts_with("prices.toml: "), "{text}: {whole}");
        }
    }
}
