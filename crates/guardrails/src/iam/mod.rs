//! IAM policy documents in the language of AWS: the one reader of them, and what one document allows beyond another.

mod document;
mod grants;

pub(crate) use document::{Conditions, Document, Listed, Principal, PrincipalKind, Statement, Values};
pub(crate) use grants::{allowed_principals, grants_beyond};
