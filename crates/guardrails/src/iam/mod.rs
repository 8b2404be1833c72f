//! IAM policy documents in the language of AWS: the one reader of them, what is open to anyone, and what one document
//! allows beyond another.

mod condition;
mod covering;
mod document;
mod grants;
mod open;

pub(crate) use condition::{Comparison, Condition, Operator};
pub(crate) use document::{Document, Listed, Principal, PrincipalKind, Statement, Values, is_marked};
pub use document::{OF_OBJECT, UNKNOWN};
pub(crate) use grants::{
    Grant, adds_subjects_of_known_projects, allowed_principals, changed_conditions, grants_beyond,
    new_principals,
};
pub(crate) use open::{accounts_left, is_for_anyone, is_not_narrowed, narrow};
