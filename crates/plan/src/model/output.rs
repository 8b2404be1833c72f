//! The root module's variables and outputs.

use super::actions::Actions;
use super::value::Value;

/// A variable of the root module as the plan was made with it.
#[derive(Clone, Debug)]
pub struct RootVariable<'a> {
    /// The value; `None` where the plan does not give one.
    pub value: Option<Value<'a>>,
}

/// A change of an output of the root module.
#[derive(Clone, Debug)]
pub struct OutputChange<'a> {
    /// What is done.
    pub actions: Actions,
    /// The value as it is.
    pub before: Option<Value<'a>>,
    /// The value as it will be.
    pub after: Option<Value<'a>>,
    /// The places in `after` that are known only after apply; a single boolean before 1.3.
    pub after_unknown: Option<Value<'a>>,
    /// The sensitive places in `before`.
    pub before_sensitive: Option<Value<'a>>,
    /// The sensitive places in `after`.
    pub after_sensitive: Option<Value<'a>>,
}
