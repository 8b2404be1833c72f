//! The root module's variables and outputs.

use super::actions::Actions;
use super::value::Value;

/// The value of a variable of the root module.
#[derive(Clone, Debug)]
pub struct RootVariable<'a> {
    /// The value; `None` if the plan has none.
    pub value: Option<Value<'a>>,
}

/// A change of an output of the root module.
#[derive(Clone, Debug)]
pub struct OutputChange<'a> {
    /// The actions.
    pub actions: Actions,
    /// The value before the change.
    pub before: Option<Value<'a>>,
    /// The value after the change.
    pub after: Option<Value<'a>>,
    /// The places in `after` that are known after apply; a single boolean before 1.3.
    pub after_unknown: Option<Value<'a>>,
    /// The sensitive places in `before`.
    pub before_sensitive: Option<Value<'a>>,
    /// The sensitive places in `after`.
    pub after_sensitive: Option<Value<'a>>,
}
