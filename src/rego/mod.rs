//! The only user of the Rego engine: loads policies, evaluates them behind a safety shell, and
//! returns what they found.
