//! Entries with wildcards become entries about the types and attributes of the provider schemas that they match.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;

use planguard_schemas::{Block, Kind, provider_prefixes, resource, resource_types_beside};

use super::{ChangeTable, Mark, MarkedAttribute, NamePath, Period, Row, SafeSetting, Switch, Unset};

/// What an entry with a path says about the attribute.
trait OfAttribute: Clone {
    fn path(&self) -> &NamePath;
    fn about(&self, place: &Place) -> Self;
    fn fits(&self, kind: &Kind) -> bool;
}

impl OfAttribute for Switch {
    fn path(&self) -> &NamePath {
        &self.attribute
    }

    fn about(&self, place: &Place) -> Self {
        // What nobody but the configuration sets is off without it.
        let unset = match (&self.safe, self.unset) {
            (SafeSetting::Flag(safe), Unset::ProviderDecides) if !place.may_be_computed => match safe {
                true => Unset::Weak,
                false => Unset::Strong,
            },
            (_, unset) => unset,
        };
        Self { attribute: place.path.clone(), unset, ..self.clone() }
    }

    fn fits(&self, kind: &Kind) -> bool {
        match &self.safe {
            SafeSetting::Flag(_) => *kind == Kind::Bool,
            SafeSetting::Words(_) | SafeSetting::AllBut(_) => is_text(kind),
            SafeSetting::Order(_) => *kind == Kind::Number || is_text(kind),
            SafeSetting::Present | SafeSetting::Absent => true,
            SafeSetting::AtLeast(_) | SafeSetting::AtMost(_) => {
                matches!(kind, Kind::Number | Kind::String) || kind.is_list()
            }
        }
    }
}

impl OfAttribute for Period {
    fn path(&self) -> &NamePath {
        &self.attribute
    }

    fn about(&self, place: &Place) -> Self {
        Self { attribute: place.path.clone(), ..self.clone() }
    }

    fn fits(&self, kind: &Kind) -> bool {
        matches!(kind, Kind::Number | Kind::String)
    }
}

impl OfAttribute for MarkedAttribute {
    fn path(&self) -> &NamePath {
        &self.attribute
    }

    fn about(&self, place: &Place) -> Self {
        Self { attribute: place.path.clone(), ..self.clone() }
    }

    fn fits(&self, kind: &Kind) -> bool {
        match self.mark {
            Mark::PolicyDocument | Mark::TrustPolicy => *kind == Kind::String,
            Mark::LogKinds
            | Mark::Requirements
            | Mark::ManagedPolicies
            | Mark::Wildcards
            | Mark::Accounts
            | Mark::NetworkGroups
            | Mark::Role
            | Mark::StatusCodes
            | Mark::Fixed
            | Mark::Exceptions => is_text(kind),
            Mark::Filters => true,
        }
    }
}

/// Whether an attribute holds a text, or several.
fn is_text(kind: &Kind) -> bool {
    *kind == Kind::String || matches!(kind.element(), Some(Kind::String | Kind::Number))
}

/// Replaces every entry with wildcards by entries without. What an entry without wildcards says of an attribute stays.
pub(super) fn expand(table: &mut ChangeTable) -> Result<(), (usize, String)> {
    section(&mut table.switches)?;
    section(&mut table.periods)?;
    section(&mut table.attributes)
}

fn section<T: OfAttribute>(rows: &mut Vec<Row<T>>) -> Result<(), (usize, String)> {
    let (patterns, mut plain): (Vec<Row<T>>, Vec<Row<T>>) =
        std::mem::take(rows).into_iter().partition(is_pattern);
    if let Some(row) = plain.iter().find(|row| !row.except.is_empty()) {
        return Err((row.line, "`except` has a meaning only beside wildcards".to_owned()));
    }
    let mut taken: BTreeSet<(&str, &NamePath)> = BTreeSet::new();
    let plain_rows = plain.clone();
    for row in &plain_rows {
        taken.extend(row.types.iter().map(|name| (name.as_str(), row.entry.path())));
    }
    let everywhere: BTreeSet<&NamePath> =
        plain_rows.iter().filter(|row| row.types.is_empty()).map(|row| row.entry.path()).collect();
    for row in &patterns {
        let mut found: BTreeMap<(&NamePath, bool), (&Place, Vec<String>)> = BTreeMap::new();
        for place in candidates(row.entry.path()) {
            let is_new = is_about(row, place)
                && !everywhere.contains(&place.path)
                && taken.insert((&place.resource_type, &place.path));
            if is_new {
                let (_, types) =
                    found.entry((&place.path, place.may_be_computed)).or_insert((place, Vec::new()));
                types.push(place.resource_type.clone());
            }
        }
        if found.is_empty() {
            let pattern = row.entry.path().join(".");
            return Err((row.line, format!("`{pattern}` matches nothing that has no entry yet")));
        }
        plain.extend(found.into_values().map(|(place, types)| Row {
            line: row.line,
            types,
            except: Vec::new(),
            by_name: true,
            unchecked: None,
            entry: row.entry.about(place),
        }));
    }
    *rows = plain;
    Ok(())
}

fn is_pattern<T: OfAttribute>(row: &Row<T>) -> bool {
    let mut names = row.types.iter().chain(row.entry.path());
    names.any(|name| name.contains('*'))
}

/// Whether an entry with wildcards is about an attribute.
fn is_about<T: OfAttribute>(row: &Row<T>, place: &Place) -> bool {
    let among = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, &place.resource_type));
    let pattern = row.entry.path();
    let (names, path) = match pattern.split_first() {
        Some((first, names)) if first == "**" => {
            let skipped = place.path.len().checked_sub(names.len());
            (names, skipped.map(|skipped| &place.path[skipped..]))
        }
        _ => (pattern.as_slice(), Some(place.path.as_slice())),
    };
    let leads_there = path.is_some_and(|path| {
        path.len() == names.len() && names.iter().zip(path).all(|(pattern, name)| matches(pattern, name))
    });
    leads_there
        && row.entry.fits(&place.kind)
        && (row.types.is_empty() || among(&row.types))
        && !among(&row.except)
}

/// A settable attribute or block of a resource type.
struct Place {
    resource_type: String,
    path: NamePath,
    kind: Kind,
    /// Whether the provider may set it, or a block around it, when the configuration does not.
    may_be_computed: bool,
}

/// The places that may match a pattern: those whose last name is the pattern's, or all where that has wildcards.
fn candidates(pattern: &NamePath) -> impl Iterator<Item = &'static Place> {
    let all = all_places();
    let last = pattern.last().filter(|name| !name.contains('*'));
    let named = last.map(|name| all.by_last_name.get(name).map_or(&[][..], Vec::as_slice));
    let numbers = named.map(|numbers| numbers.iter().map(|number| &all.places[*number]));
    let rest = named.is_none().then(|| all.places.iter());
    numbers.into_iter().flatten().chain(rest.into_iter().flatten())
}

/// Every place of every resource type with a schema.
struct Places {
    places: Vec<Place>,
    by_last_name: HashMap<String, Vec<usize>>,
}

fn all_places() -> &'static Places {
    static ALL: OnceLock<Places> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all = Places { places: Vec::new(), by_last_name: HashMap::new() };
        for name in provider_prefixes().flat_map(|prefix| resource_types_beside(&format!("{prefix}_"))) {
            if let Some(schema) = resource(&name) {
                collect(&name, schema.block, &mut Vec::new(), false, &mut all);
            }
        }
        all
    })
}

/// How deep blocks are entered. Some nest in themselves.
const DEEPEST: usize = 9;

fn collect(resource_type: &str, block: Block, way: &mut NamePath, is_computed: bool, all: &mut Places) {
    for attribute in block.attributes().filter(|attribute| attribute.is_settable()) {
        let nested = attribute.kind.nested().map(|nested| nested.block);
        let may_be_computed = is_computed || attribute.may_be_computed();
        way.push(attribute.name.clone());
        all.by_last_name.entry(attribute.name).or_default().push(all.places.len());
        all.places.push(Place {
            resource_type: resource_type.to_owned(),
            path: way.clone(),
            kind: attribute.kind,
            may_be_computed,
        });
        if let Some(block) = nested.filter(|_| way.len() < DEEPEST) {
            collect(resource_type, block, way, may_be_computed, all);
        }
        way.pop();
    }
}

/// Whether a pattern, in which `*` stands for any characters, matches a name as a whole.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(name) = name.strip_prefix(start) else { return false };
    (0..=name.len()).any(|skipped| name.is_char_boundary(skipped) && matches(rest, &name[skipped..]))
}

#[cfg(test)]
mod tests {
    use super::super::read_change_table;
    use super::*;

    fn table(text: &str) -> ChangeTable {
        read_change_table("a.toml", text).unwrap()
    }

    fn attributes(table: &ChangeTable, resource_type: &str) -> Vec<String> {
        let switches = table.facts(Some(resource_type)).switches;
        switches.iter().map(|switch| switch.attribute.join(".")).collect()
    }

    #[test]
    fn stars_stand_for_any_characters() {
        assert!(matches("*_enabled", "logs_enabled") && matches("a*c", "ac") && matches("*", "a"));
        assert!(!matches("*_enabled", "enabled") && !matches("a*c", "acd") && !matches("a", "ab"));
    }

    #[test]
    fn names_are_found_at_any_depth() {
        let table = table("[[switch]]\nattribute = '**.enable_secure_boot'\nstrong = true");
        assert_eq!(
            attributes(&table, "google_container_node_pool"),
            ["node_config.shielded_instance_config.enable_secure_boot"]
        );
        assert!(attributes(&table, "google_container_cluster").len() > 1);
        assert!(table.switches.iter().all(|row| row.by_name && row.line == 1));
    }

    #[test]
    fn a_pattern_keeps_to_its_types_and_to_what_fits() {
        let table = table(
            "[[switch]]\ntypes = ['aws_*']\nexcept = ['aws_db_*']\nattribute = 'multi_az'\nstrong = true",
        );
        assert_eq!(attributes(&table, "aws_dms_replication_instance"), ["multi_az"]);
        assert_eq!(attributes(&table, "aws_db_instance"), [""; 0]);
        assert_eq!(attributes(&table, "aws_rds_cluster"), [""; 0], "only the provider sets it there");
    }

    #[test]
    fn what_an_entry_names_is_left_to_it() {
        let named = "[[switch]]\ntypes = ['aws_db_instance']\nattribute = 'multi_az'\nstrong = false\n";
        let pattern = "[[switch]]\nattribute = '**.multi_az'\nstrong = true\n";
        let table = table(&format!("{pattern}{named}"));
        let own = table.facts(Some("aws_db_instance")).switches;
        assert!(matches!(own.as_slice(), [Switch { safe: SafeSetting::Flag(false), .. }]));
    }

    #[test]
    fn a_boolean_that_only_the_configuration_sets_is_off_without_it() {
        let unset = |attribute: &str, strong: bool, resource_type: &str| {
            let text = format!("[[switch]]\nattribute = '{attribute}'\nstrong = {strong}");
            table(&text).facts(Some(resource_type)).switches[0].unset
        };
        assert_eq!(unset("**.require_ssl", true, "google_sql_database_instance"), Unset::ProviderDecides);
        assert_eq!(unset("**.enable_legacy_abac", false, "google_container_cluster"), Unset::Strong);
        assert_eq!(unset("**.soft_delete_enabled", true, "azurerm_key_vault"), Unset::ProviderDecides);
    }

    #[test]
    fn a_pattern_that_matches_nothing_is_refused() {
        let problem = |text: &str| read_change_table("a.toml", text).unwrap_err().to_string();
        assert_eq!(
            problem("[[switch]]\nattribute = '**.no_such_*'\nstrong = true"),
            "a.toml:1: `**.no_such_*` matches nothing that has no entry yet"
        );
        assert_eq!(
            problem("[[switch]]\nexcept = ['aws_x']\nattribute = 'a'\nstrong = true"),
            "a.toml:1: `except` has a meaning only beside wildcards"
        );
    }
}
