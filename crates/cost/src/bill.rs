//! The components of what an object costs, and what is known of each.

use std::borrow::Cow;
use std::fmt;

use rust_decimal::Decimal;

use crate::amount::hours_of_month;
use crate::book::Table;
use crate::region::Region;

/// What is known of the cost of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// The book has its price.
    Priced,
    /// Its price or its amount follows from an assumption, which is said.
    Estimated,
    /// It costs what is used of it, which no plan tells.
    UsageBased,
    /// What its price depends on is not known, or is no possible value.
    UnknownInput,
    /// The book has no price for it.
    NoPrice,
    /// planguard does not know what objects of this type cost.
    Unsupported,
    /// It costs nothing.
    Free,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Priced,
        Self::Estimated,
        Self::UsageBased,
        Self::UnknownInput,
        Self::NoPrice,
        Self::Unsupported,
        Self::Free,
    ];

    /// The name in documents for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Priced => "priced",
            Self::Estimated => "estimated",
            Self::UsageBased => "usage_based",
            Self::UnknownInput => "unknown_input",
            Self::NoPrice => "no_price",
            Self::Unsupported => "unsupported",
            Self::Free => "free",
        }
    }

    /// Whether the component has a cost that is missing in every sum.
    pub const fn is_open(self) -> bool {
        match self {
            Self::UnknownInput | Self::NoPrice | Self::Unsupported => true,
            Self::Priced | Self::Estimated | Self::UsageBased | Self::Free => false,
        }
    }
}

/// What a price is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// An hour.
    Hour,
    /// An hour of a virtual processor.
    CpuHour,
    /// An hour of a gigabyte.
    GbHour,
    /// A gigabyte for a month.
    GbMonth,
    /// An operation a second, for a month.
    IopsMonth,
    /// A gibibyte a second, for a month.
    GibpsMonth,
    /// A month.
    Month,
}

impl Unit {
    /// The name in documents for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::CpuHour => "cpu_hour",
            Self::GbHour => "gb_hour",
            Self::GbMonth => "gb_month",
            Self::IopsMonth => "iops_month",
            Self::GibpsMonth => "gibps_month",
            Self::Month => "month",
        }
    }

    /// The unit behind a number, for people.
    pub fn words(self, number: Decimal) -> &'static str {
        match self {
            Self::Hour if number == Decimal::ONE => "hour",
            Self::CpuHour if number == Decimal::ONE => "vCPU hour",
            Self::GbHour if number == Decimal::ONE => "GB hour",
            Self::Month if number == Decimal::ONE => "month",
            Self::Hour => "hours",
            Self::CpuHour => "vCPU hours",
            Self::GbHour => "GB hours",
            Self::GbMonth => "GB",
            Self::IopsMonth => "IOPS",
            Self::GibpsMonth => "GiB/s",
            Self::Month => "months",
        }
    }

    /// How many of the unit a month has of one thing.
    fn of_month(self) -> Decimal {
        match self {
            Self::Hour | Self::CpuHour | Self::GbHour => hours_of_month(),
            Self::GbMonth | Self::IopsMonth | Self::GibpsMonth | Self::Month => Decimal::ONE,
        }
    }
}

macro_rules! services {
    ($($name:ident = $word:literal,)+) => {
        /// A service that a component belongs to; discounts name it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "the names say it")]
        pub enum Service {
            $($name,)+
        }

        impl Service {
            /// Every service.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its name in files of prices and in documents for programs.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }
        }
    };
}

services! {
    Ec2 = "ec2",
    Ebs = "ebs",
    Rds = "rds",
    ElastiCache = "elasticache",
    OpenSearch = "opensearch",
    Redshift = "redshift",
    Msk = "msk",
    Eks = "eks",
    Fargate = "fargate",
    LoadBalancing = "elb",
    Vpc = "vpc",
    Kinesis = "kinesis",
    Efs = "efs",
    Kms = "kms",
    DynamoDb = "dynamodb",
    CloudWatch = "cloudwatch",
    AzureVm = "azure-vm",
    AzureDisk = "azure-disk",
    Aks = "aks",
    Compute = "google-compute",
    Disk = "google-disk",
    Gke = "gke",
    Network = "google-network",
    Other = "other",
}

/// A part of what an object costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// What it is: `Instance`.
    pub name: Cow<'static, str>,
    /// Of what kind: `m5.large`, a text of the plan; empty if there is nothing to say.
    pub detail: String,
    /// The service.
    pub service: Service,
    /// What the price is for.
    pub unit: Unit,
    /// How many of the unit a month has, if that is known.
    pub quantity: Option<Decimal>,
    /// The price of the unit, if the book has one.
    pub price: Option<Decimal>,
    /// What it costs a month; `None` unless it is priced or estimated.
    pub monthly: Option<Decimal>,
    /// What is known of it.
    pub state: State,
    /// Why it is not simply priced: assumptions, or what is missing.
    pub note: Option<String>,
    /// Whether a file of prices gave the price.
    pub is_own_price: bool,
}

/// Why a component has no amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    pub(crate) state: State,
    pub(crate) why: String,
}

impl Missing {
    pub(crate) fn unknown(why: impl Into<String>) -> Self {
        Self { state: State::UnknownInput, why: why.into() }
    }

    pub(crate) fn no_price(why: impl Into<String>) -> Self {
        Self { state: State::NoPrice, why: why.into() }
    }
}

/// What a price depends on, or why it is not known.
pub(crate) type Input<T> = Result<T, Missing>;

/// A component that is about to be priced.
pub(crate) struct Part {
    name: &'static str,
    detail: String,
    service: Service,
    unit: Unit,
    key: Input<(Table, String)>,
    count: Input<Decimal>,
    factor: Decimal,
    assumed: Vec<String>,
    /// Where it is, if not where its object is.
    region: Option<String>,
}

impl Part {
    /// A component with a key of the book, which is its kind too.
    pub(crate) fn new(
        name: &'static str,
        service: Service,
        unit: Unit,
        table: Table,
        key: Input<impl fmt::Display>,
    ) -> Self {
        let key = key.map(|key| key.to_string());
        let detail = key.as_ref().map_or_else(|_| String::new(), String::clone);
        let key = key.map(|key| (table, key));
        Self {
            name,
            detail,
            service,
            unit,
            key,
            count: Ok(Decimal::ONE),
            factor: Decimal::ONE,
            assumed: Vec::new(),
            region: None,
        }
    }

    /// A component of AWS whose key is the book's own.
    pub(crate) fn aws(name: &'static str, service: Service, unit: Unit, key: &'static str) -> Self {
        Self::new(name, service, unit, Table::AwsServices, Ok(key)).detail("")
    }

    /// Places it in another region than its object.
    pub(crate) fn in_region(self, region: &str) -> Self {
        Self { region: Some(region.to_owned()), ..self }
    }

    /// Says of what kind it is, if its key does not.
    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// How many things there are: instances, gigabytes.
    pub(crate) fn times(mut self, count: Input<Decimal>) -> Self {
        self.count = match (self.count, count) {
            (Ok(left), Ok(right)) => product([left, right]),
            (Err(missing), _) | (_, Err(missing)) => Err(missing),
        };
        self
    }

    /// What is charged of the price: `0.7` for a discount of 30 %.
    pub(crate) fn at(mut self, factor: Decimal, why: &str) -> Self {
        if factor != Decimal::ONE {
            self.factor = factor;
            self.detail = format!("{} {why}", self.detail).trim().to_owned();
        }
        self
    }

    /// What is assumed of it, if it is.
    pub(crate) fn assuming(mut self, assumption: Option<impl Into<String>>) -> Self {
        self.assumed.extend(assumption.map(Into::into));
        self
    }
}

/// The product, unless it is too large for a number.
pub(crate) fn product(factors: impl IntoIterator<Item = Decimal>) -> Input<Decimal> {
    // Sums of as many amounts as a plan can have still fit.
    let most = Decimal::from(1_000_000_000_000_000_u64);
    factors
        .into_iter()
        .try_fold(Decimal::ONE, |product, factor| product.checked_mul(factor))
        .filter(|product| *product <= most)
        .ok_or_else(|| Missing::unknown("the amount is too large"))
}

/// The price of a key in a region, and what is assumed for it.
fn price(table: Table, key: &str, region: &str, assumed: &mut Vec<String>) -> Input<Decimal> {
    if let Some(price) = table.price(key, region) {
        return Ok(price);
    }
    if table == Table::AwsEc2
        && let Some(price) = table.estimate(key, region, "us-east-1")
    {
        assumed.push(format!("the price in us-east-1, by what its family costs in {region}"));
        return Ok(price);
    }
    if [Table::AwsEc2, Table::AzureVm, Table::GoogleDisk].into_iter().all(|table| !table.has_region(region)) {
        return Err(Missing::no_price(format!("the price book does not know the region `{region}`")));
    }
    let what = if table == Table::AwsServices { String::new() } else { format!(" of `{key}`") };
    Err(Missing::no_price(format!("the price book has no price{what} in {region}")))
}

/// The components of one side of an object.
pub(crate) struct Bill<'b> {
    pub(crate) region: &'b Region,
    pub(crate) components: Vec<Component>,
    /// The tables that were looked into.
    pub(crate) tables: Vec<Table>,
}

impl<'b> Bill<'b> {
    pub(crate) fn new(region: &'b Region) -> Self {
        Self { region, components: Vec::new(), tables: Vec::new() }
    }

    /// Prices a component.
    pub(crate) fn add(&mut self, part: Part) {
        let Part { name, detail, service, unit, key, count, factor, mut assumed, region } = part;
        let region = region.as_deref().unwrap_or(&self.region.name);
        if let Ok((table, _)) = &key
            && !self.tables.contains(table)
        {
            self.tables.push(*table);
        }
        let price = key.and_then(|(table, key)| price(table, &key, region, &mut assumed));
        let price = price.and_then(|price| product([price, factor]));
        let quantity = count.and_then(|count| product([count, unit.of_month()]));
        let monthly = match (&price, &quantity) {
            (Ok(price), Ok(quantity)) => product([*price, *quantity]),
            // That there is no price says more than that it is not known how much there is.
            (Err(missing), _) | (_, Err(missing)) => Err(missing.clone()),
        };
        let (state, note) = match &monthly {
            Ok(_) if assumed.is_empty() => (State::Priced, None),
            Ok(_) => (State::Estimated, Some(assumed.join("; "))),
            Err(missing) => (missing.state, Some(missing.why.clone())),
        };
        self.components.push(Component {
            name: Cow::Borrowed(name),
            detail,
            service,
            unit,
            quantity: quantity.ok(),
            price: price.ok(),
            monthly: monthly.ok(),
            state,
            note,
            is_own_price: false,
        });
    }

    /// Adds a component that costs what is used of it, with the price of its unit if the book has it.
    pub(crate) fn usage(
        &mut self,
        name: &'static str,
        service: Service,
        unit: &'static str,
        key: Option<&str>,
    ) {
        let price = key.and_then(|key| Table::AwsServices.price(key, &self.region.name));
        let note = match price {
            Some(price) => format!("${price} for each {unit}"),
            None => format!("by {unit}"),
        };
        self.push(name, service, State::UsageBased, Some(note));
    }

    /// Adds a component of which something is missing; `quantity` counts in `unit`.
    pub(crate) fn missing(
        &mut self,
        name: &'static str,
        service: Service,
        unit: Unit,
        quantity: Option<Decimal>,
        missing: Missing,
    ) {
        self.push(name, service, missing.state, Some(missing.why));
        if let Some(component) = self.components.last_mut() {
            component.unit = unit;
            component.quantity = quantity;
        }
    }

    /// Adds a component that costs nothing.
    pub(crate) fn free(&mut self, name: &'static str, why: Option<&str>) {
        self.push(name, Service::Other, State::Free, why.map(str::to_owned));
    }

    fn push(&mut self, name: &'static str, service: Service, state: State, note: Option<String>) {
        self.components.push(Component {
            name: Cow::Borrowed(name),
            detail: String::new(),
            service,
            unit: Unit::Month,
            quantity: None,
            price: None,
            monthly: None,
            state,
            note,
            is_own_price: false,
        });
    }
}
