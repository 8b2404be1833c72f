//! What the objects of a plan cost a month: before and after the change, by the on-demand prices of an embedded book.
//!
//! Nothing is looked up on a network. What cannot be priced is said and never counts as zero: a component has a
//! [`State`], and a sum says whether it is only the least. All amounts are US dollars and exact decimals.

// Plans are untrusted, so nothing here may panic on one.
#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::string_slice))]

mod amount;
mod aws;
mod azure;
mod bill;
mod book;
mod facts;
mod free;
mod google;
mod held;
mod infracost;
mod kinds;
mod plan_cost;
mod prices_file;
mod region;
#[cfg(test)]
mod testing;

pub use amount::{amount, dollars, parse_amount, rounded};
pub use bill::{Component, Service, State, Unit};
pub use book::{Source, Table, sources_of};
pub use held::HoldError;
pub use infracost::{InfracostError, InfracostReport, read_infracost};
pub use plan_cost::{BOOK_CURRENCY, Bound, CostAction, Counts, Held, PlanCost, ResourceCost, SideCost, Sum};
pub use prices_file::{AppliedPrice, Prices, PricesError};
pub use region::{Region, RegionOrigin};
pub use rust_decimal::Decimal;
