//! Resource addresses: `module.app["eu.west"].data.aws_ami.base[0]`, read by a parser, never by splitting.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use crate::text::escape::hides_or_steers;
use crate::text::wildcard;

/// The address of a resource instance: its modules, mode, type, name and instance key.
///
/// Ordered by module path first, so that the resources of a module sort together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The module calls from the root to the resource; empty in the root module.
    pub modules: Vec<ModuleStep>,
    /// Whether it is managed, read or ephemeral.
    pub mode: Mode,
    /// The resource type, for example `aws_instance`.
    pub resource_type: String,
    /// The name of the resource block.
    pub name: String,
    /// The key that `count` or `for_each` gave the instance.
    pub key: Option<InstanceKey>,
}

/// One module call in the path to a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleStep {
    /// The name of the module block.
    pub name: String,
    /// The key that `count` or `for_each` gave the call.
    pub key: Option<InstanceKey>,
}

/// What kind of block an address names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// A `resource` block.
    Managed,
    /// A `data` block.
    Data,
    /// An `ephemeral` block (listed by OpenTofu only).
    Ephemeral,
    /// An `action` block (Terraform 1.14).
    Action,
}

impl Mode {
    const PREFIXED: [Self; 3] = [Self::Data, Self::Ephemeral, Self::Action];

    /// The word that plan JSON and addresses use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Managed => "managed",
            Self::Data => "data",
            Self::Ephemeral => "ephemeral",
            Self::Action => "action",
        }
    }
}

/// The key of one instance of a block with `count` or `for_each`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InstanceKey {
    /// The position that `count` gave.
    Number(u64),
    /// The key that `for_each` gave.
    Text(String),
    /// `[*]`: the number of instances is not known yet (deferred changes).
    Unknown,
}

/// An invalid resource address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{address}` is not a resource address: {problem} at character {position}")]
pub struct AddressError {
    /// The text.
    pub address: String,
    /// What is wrong with it.
    pub problem: &'static str,
    /// The position of the error, counted in characters from 1.
    pub position: usize,
}

impl Address {
    /// The address of the block that the instance comes from: without any instance key, as
    /// `configuration` writes it, with the modules in front.
    pub fn configuration_address(&self) -> String {
        // One allocation for all but the deepest: this is asked for each object several times.
        let mut text = String::with_capacity(96);
        for step in &self.modules {
            text.push_str("module.");
            text.push_str(&step.name);
            text.push('.');
        }
        // Nothing fails that writes to memory.
        let _ = write_resource(&mut text, self.mode, &self.resource_type, &self.name);
        text
    }

    /// The address of the resource's module, with keys; empty for the root module.
    pub fn module_address(&self) -> String {
        let steps: Vec<String> = self.modules.iter().map(ToString::to_string).collect();
        steps.join(".")
    }

    /// Whether a glob matches the whole address. `*` matches any characters, `?` matches one;
    /// brackets and quotes match themselves, so `aws_instance.web[*]` matches every instance.
    pub fn matches(&self, glob: &str) -> bool {
        wildcard::matches(glob, &self.to_string())
    }
}

fn write_resource(out: &mut impl fmt::Write, mode: Mode, resource_type: &str, name: &str) -> fmt::Result {
    match mode {
        Mode::Managed => {}
        Mode::Data | Mode::Ephemeral | Mode::Action => {
            out.write_str(mode.as_str())?;
            out.write_char('.')?;
        }
    }
    out.write_str(resource_type)?;
    out.write_char('.')?;
    out.write_str(name)
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.modules {
            step.fmt(f)?;
            f.write_char('.')?;
        }
        write_resource(f, self.mode, &self.resource_type, &self.name)?;
        self.key.as_ref().map_or(Ok(()), |key| key.fmt(f))
    }
}

impl fmt::Display for ModuleStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("module.")?;
        f.write_str(&self.name)?;
        self.key.as_ref().map_or(Ok(()), |key| key.fmt(f))
    }
}

impl fmt::Display for InstanceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "[{number}]"),
            Self::Text(text) => write!(f, "[\"{}\"]", Quoted(text)),
            Self::Unknown => f.write_str("[*]"),
        }
    }
}

/// A key as HCL quotes it: escapes for quotes, template markers and characters that do not show.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.chars().peekable();
        while let Some(character) = rest.next() {
            match character {
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '$' | '%' if rest.peek() == Some(&'{') => write!(f, "{character}{character}")?,
                hidden if hides_or_steers(hidden) => match u32::from(hidden) {
                    code @ ..=0xffff => write!(f, "\\u{code:04x}")?,
                    code => write!(f, "\\U{code:08x}")?,
                },
                plain => write!(f, "{plain}")?,
            }
        }
        Ok(())
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let characters: Vec<char> = text.chars().collect();
        let mut reader = Reader { characters: &characters, position: 0, dots_ahead: dots(&characters) };
        reader.address().map_err(|problem| AddressError {
            address: text.to_owned(),
            problem,
            position: reader.position + 1,
        })
    }
}

struct Reader<'c> {
    characters: &'c [char],
    position: usize,
    /// How many dots outside of quotes stand behind the position, counted once: a path may have many modules.
    dots_ahead: usize,
}

/// The number of dots outside of quotes.
fn dots(characters: &[char]) -> usize {
    let mut dots = 0;
    let mut quoted = false;
    let mut escaped = false;
    for character in characters {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '.' if !quoted => dots += 1,
            _ => {}
        }
    }
    planguard_work::steps(characters.len());
    dots
}

impl Reader<'_> {
    fn address(&mut self) -> Result<Address, &'static str> {
        let mut modules = Vec::new();
        let mut mode = Mode::Managed;
        let mut first = self.name()?;
        // A resource type may itself be called `module` or `data` only in front of a single name, so the
        // number of names that follow decides.
        while first == "module" && self.dots_ahead > 1 {
            self.dot()?;
            let name = self.name()?;
            let key = self.key()?;
            modules.push(ModuleStep { name, key });
            self.dot()?;
            first = self.name()?;
        }
        if let Some(prefix) = Mode::PREFIXED.into_iter().find(|mode| mode.as_str() == first)
            && self.dots_ahead > 1
        {
            mode = prefix;
            self.dot()?;
            first = self.name()?;
        }
        self.dot()?;
        let name = self.name()?;
        let key = self.key()?;
        if self.position < self.characters.len() {
            return Err("unexpected text after the address");
        }
        Ok(Address { modules, mode, resource_type: first, name, key })
    }

    fn peek(&self) -> Option<char> {
        self.characters.get(self.position).copied()
    }

    fn rest(&self) -> &[char] {
        self.characters.get(self.position..).unwrap_or_default()
    }

    /// What has been read from `start` on.
    fn since(&self, start: usize) -> String {
        self.characters.get(start..self.position).unwrap_or_default().iter().collect()
    }

    fn dot(&mut self) -> Result<(), &'static str> {
        if self.peek() != Some('.') {
            return Err("expected a dot");
        }
        self.position += 1;
        self.dots_ahead = self.dots_ahead.saturating_sub(1);
        Ok(())
    }

    fn name(&mut self) -> Result<String, &'static str> {
        let start = self.position;
        // Terraform has checked the name by Unicode's rules for identifiers; here it ends at a character that
        // starts something else.
        let ends = |c: char| matches!(c, '.' | '[' | ']' | '"') || c.is_whitespace() || hides_or_steers(c);
        while self.peek().is_some_and(|c| !ends(c)) {
            self.position += 1;
        }
        if self.position == start {
            return Err("expected a name");
        }
        Ok(self.since(start))
    }

    fn key(&mut self) -> Result<Option<InstanceKey>, &'static str> {
        if self.peek() != Some('[') {
            return Ok(None);
        }
        self.position += 1;
        let key = match self.peek() {
            Some('"') => InstanceKey::Text(self.quoted()?),
            Some('*') => {
                self.position += 1;
                InstanceKey::Unknown
            }
            _ => self.number()?,
        };
        if self.peek() != Some(']') {
            return Err("expected `]`");
        }
        self.position += 1;
        Ok(Some(key))
    }

    fn number(&mut self) -> Result<InstanceKey, &'static str> {
        let start = self.position;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.position += 1;
        }
        self.since(start).parse().map(InstanceKey::Number).map_err(|_| "expected a number or a quoted key")
    }

    fn quoted(&mut self) -> Result<String, &'static str> {
        self.position += 1;
        let mut text = String::new();
        loop {
            let character = self.peek().ok_or("the quoted key does not end")?;
            self.position += 1;
            match character {
                '"' => return Ok(text),
                '\\' => text.push(self.escape()?),
                // `$${` and `%%{` are a literal `${` and `%{`.
                '$' | '%' if self.rest().starts_with(&[character, '{']) => {
                    self.position += 1;
                    text.push(character);
                }
                plain => text.push(plain),
            }
        }
    }

    fn escape(&mut self) -> Result<char, &'static str> {
        let character = self.peek().ok_or("the quoted key does not end")?;
        self.position += 1;
        match character {
            'n' => Ok('\n'),
            'r' => Ok('\r'),
            't' => Ok('\t'),
            '"' | '\\' => Ok(character),
            'u' => self.code_point(4),
            'U' => self.code_point(8),
            _ => Err("an escape that HCL does not have"),
        }
    }

    fn code_point(&mut self, digits: usize) -> Result<char, &'static str> {
        let end = self.position + digits;
        let hex: String =
            self.characters.get(self.position..end).ok_or("the escape is too short")?.iter().collect();
        self.position = end;
        u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32).ok_or("the escape names no character")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Address {
        text.parse().unwrap()
    }

    #[test]
    fn reads_modules_mode_type_name_and_keys() {
        let address = parse(r#"module.net["eu.west[1]"].module.sub[3].data.aws_ami.base["a\"b"]"#);
        assert_eq!(address.modules.len(), 2);
        assert_eq!(address.modules[0].key, Some(InstanceKey::Text("eu.west[1]".to_owned())));
        assert_eq!(address.modules[1].key, Some(InstanceKey::Number(3)));
        assert_eq!(address.mode, Mode::Data);
        assert_eq!(address.resource_type, "aws_ami");
        assert_eq!(address.key, Some(InstanceKey::Text("a\"b".to_owned())));
        assert_eq!(address.configuration_address(), "module.net.module.sub.data.aws_ami.base");
        assert_eq!(address.module_address(), r#"module.net["eu.west[1]"].module.sub[3]"#);
    }

    #[test]
    fn words_that_prefix_other_addresses_may_be_types() {
        assert_eq!(parse("module.this").resource_type, "module");
        assert_eq!(parse("data.this").resource_type, "data");
        assert_eq!(parse("data.aws_ami.data").name, "data");
        assert_eq!(parse("module.module.data.data.data").resource_type, "data");
    }

    #[test]
    fn refuses_what_is_no_address_and_says_where() {
        for (text, position) in
            [("", 1), ("aws_instance", 13), ("a.b[", 5), ("a.b[\"x", 7), ("a.b[x]", 5), ("a.b c", 4)]
        {
            let error = text.parse::<Address>().unwrap_err();
            assert_eq!(error.position, position, "{error}");
        }
    }

    #[test]
    fn names_may_be_in_any_script() {
        let address = parse("module.größe.aws_instance.e\u{301}t\u{e9}");
        assert_eq!(address.modules[0].name, "größe");
        assert_eq!(address.name, "e\u{301}t\u{e9}");
    }

    #[test]
    fn globs_take_brackets_literally() {
        let address = parse(r#"module.app["a"].aws_instance.web[0]"#);
        assert!(address.matches("module.app[*].aws_instance.*"));
        assert!(address.matches("*.aws_instance.web[?]"));
        assert!(!address.matches("aws_instance.web[0]"));
    }

    proptest! {
        #[test]
        fn every_address_prints_and_reads_back(
            modules in proptest::collection::vec(("[a-z][a-z0-9_-]{0,5}", key()), 0..3),
            mode in proptest::sample::select(vec![Mode::Managed, Mode::Data, Mode::Ephemeral, Mode::Action]),
            resource_type in "[a-z]{1,4}_[a-z0-9_]{1,6}",
            name in "[a-z_][a-z0-9_-]{0,6}",
            key in key(),
        ) {
            let modules = modules.into_iter().map(|(name, key)| ModuleStep { name, key }).collect();
            let address = Address { modules, mode, resource_type, name, key };
            prop_assert_eq!(address.to_string().parse(), Ok(address));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,40}") {
            let _ = text.parse::<Address>();
        }
    }

    fn key() -> impl Strategy<Value = Option<InstanceKey>> {
        prop_oneof![
            Just(None),
            any::<u64>().prop_map(|number| Some(InstanceKey::Number(number))),
            any::<String>().prop_map(|text| Some(InstanceKey::Text(text))),
            Just(Some(InstanceKey::Unknown)),
        ]
    }
}
