//! Paths to attributes inside a resource: `ingress[0].cidr_blocks`, `tags["a.b"]`.

use std::fmt;

use super::value::Value;

/// The path from a resource to one attribute.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributePath(pub Vec<PathStep>);

/// One step of an [`AttributePath`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathStep {
    /// Into an attribute, a block or a map by name.
    Key(String),
    /// Into a list by position.
    Index(usize),
}

impl AttributePath {
    /// The path with one more step into a name.
    #[must_use]
    pub fn key(&self, name: &str) -> Self {
        self.with(PathStep::Key(name.to_owned()))
    }

    /// The path with one more step into a position.
    #[must_use]
    pub fn index(&self, position: usize) -> Self {
        self.with(PathStep::Index(position))
    }

    fn with(&self, step: PathStep) -> Self {
        let mut steps = Vec::with_capacity(self.0.len() + 1);
        steps.extend_from_slice(&self.0);
        steps.push(step);
        Self(steps)
    }

    /// Whether the path is that of the resource itself.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first name on the path: the attribute of the resource that it leads into.
    pub fn first_key(&self) -> Option<&str> {
        self.0.iter().find_map(|step| match step {
            PathStep::Key(name) => Some(name.as_str()),
            PathStep::Index(_) => None,
        })
    }

    /// The last name on the path.
    pub fn last_key(&self) -> Option<&str> {
        self.0.iter().rev().find_map(|step| match step {
            PathStep::Key(name) => Some(name.as_str()),
            PathStep::Index(_) => None,
        })
    }

    /// Reads one element of `replace_paths`: an array of names and positions. Steps of another kind (a set
    /// element, which Terraform writes as its value) end the path.
    pub(crate) fn from_steps(steps: &Value<'_>) -> Self {
        let steps = steps.elements().iter().map_while(|step| match step {
            Value::String(name) => Some(PathStep::Key(name.clone().into_owned())),
            Value::Number(number) => {
                number.as_u64().and_then(|n| usize::try_from(n).ok()).map(PathStep::Index)
            }
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        });
        Self(steps.collect())
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                PathStep::Key(name) if is_plain(name) => {
                    if position > 0 {
                        f.write_str(".")?;
                    }
                    f.write_str(name)?;
                }
                PathStep::Key(name) => write!(f, "[{name:?}]")?,
                PathStep::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

#[cfg(test)]
mod tests {
    use super::super::value::DuplicateKeys;
    use super::*;

    #[test]
    fn prints_names_positions_and_odd_keys() {
        let path = AttributePath::default().key("ingress").index(0).key("tags").key("a.b").key("x");
        assert_eq!(path.to_string(), r#"ingress[0].tags["a.b"].x"#);
        assert_eq!(path.last_key(), Some("x"));
    }

    #[test]
    fn replace_paths_stop_at_a_set_element() {
        let duplicates = DuplicateKeys::default();
        let steps = Value::parse(r#"["ingress", 2, "from_port"]"#, &duplicates).unwrap();
        assert_eq!(AttributePath::from_steps(&steps).to_string(), "ingress[2].from_port");
        let set = Value::parse(r#"["ingress", {"port": 1}, "from_port"]"#, &duplicates).unwrap();
        assert_eq!(AttributePath::from_steps(&set).to_string(), "ingress");
    }
}
