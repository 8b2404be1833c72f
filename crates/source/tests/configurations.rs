//! Whole configurations with the plans that Terraform 1.11.4 and version 5.100.0 of the AWS provider made of them.
//!
//! `tests/configurations/NAME/` has the configuration, with the expected places in comments, and `plan.json`: the address
//! and the values of every resource change.
//!
//! - `#@@ ADDRESS | ADDRESS`: the marks that follow are about these resources, whatever their keys; on the line of the
//!   block. In an override file, it is on the line of an attribute.
//! - `#@ PATH ; PATH`: these attributes are on this line.
//! - `#v PATH ; PATH`: these attributes are on the next line.
//! - `#? PATH ; PATH`: these attributes have no certain line; this is the line of the block around them.
//!
//! JSON has no comments: `FILE.marks` is a copy of `FILE` with them.
//!
//! In a path, `[*]` stands for every position, `[name=value]` for those whose attribute has the value, `[name]` for those
//! whose attribute has elements.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use planguard_plan::{Address, AttributePath, DuplicateKeys, Value};
use planguard_source::{Configuration, Place, Precision, Sought, Tool};

/// A file and a line.
type Line = (PathBuf, usize);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Attribute,
    Block,
}

/// What the comments say about one resource.
#[derive(Default)]
struct Marks {
    block: Option<Line>,
    paths: Vec<(String, Expected, Line)>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configurations")
}

fn files_below(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// The marks of a configuration, by the address of the block.
fn marks(directory: &Path) -> BTreeMap<String, Marks> {
    let mut files = Vec::new();
    files_below(directory, &mut files);
    files.sort();
    let mut marks: BTreeMap<String, Marks> = BTreeMap::new();
    for file in files {
        let bytes = fs::read(&file).unwrap();
        // JSON has no comments: its marks are in a copy beside it.
        let file = if file.extension().is_some_and(|ending| ending == "marks") {
            file.with_extension("")
        } else {
            file
        };
        let mut about: Vec<String> = Vec::new();
        for (number, line) in String::from_utf8_lossy(&bytes).lines().enumerate() {
            let Some(at) = ["#@", "#v", "#?"].iter().filter_map(|mark| line.find(mark)).min() else {
                continue;
            };
            for mark in line[at..].trim_end_matches([',', '"', ' ', '\r']).split('#').skip(1) {
                let here = (file.clone(), number + 1);
                let (kind, texts) = mark.split_once(' ').unwrap();
                let texts = texts.trim();
                let (expected, line) = match kind {
                    "@@" => {
                        about = texts.split('|').map(|text| text.trim().to_owned()).collect();
                        for address in &about {
                            let of_resource = marks.entry(address.clone()).or_default();
                            if !file.to_string_lossy().contains("override.") {
                                of_resource.block.get_or_insert(here.clone());
                            }
                        }
                        continue;
                    }
                    "@" => (Expected::Attribute, here),
                    "v" => (Expected::Attribute, (here.0, here.1 + 1)),
                    "?" => (Expected::Block, here),
                    other => panic!("{}: #{other} is no mark", file.display()),
                };
                for (address, path) in
                    about.iter().flat_map(|a| texts.split(';').map(move |path| (a, path.trim())))
                {
                    let of_resource = marks.get_mut(address).unwrap();
                    of_resource.paths.push((path.to_owned(), expected, line.clone()));
                }
            }
        }
    }
    marks
}

/// All paths that a pattern stands for in a value.
fn expand<'v>(pattern: &str, value: &'v Value<'v>) -> Vec<AttributePath> {
    let mut found = vec![(AttributePath::default(), Some(value))];
    let mut rest = pattern;
    while !rest.is_empty() {
        let (part, after) = if let Some(quoted) = rest.strip_prefix("[\"") {
            quoted.split_once("\"]").unwrap()
        } else if rest.starts_with('[') {
            rest.split_at(rest.find(']').unwrap())
        } else {
            let plain = rest.trim_start_matches(['.', ']']);
            plain.split_at(plain.find(['.', '[']).unwrap_or(plain.len()))
        };
        rest = if after == "]" { "" } else { after };
        found = found.into_iter().flat_map(|(path, value)| longer(&path, value, part)).collect();
    }
    found.into_iter().map(|(path, _)| path).collect()
}

/// The paths one part of a pattern further.
fn longer<'v>(
    path: &AttributePath,
    value: Option<&'v Value<'v>>,
    part: &str,
) -> Vec<(AttributePath, Option<&'v Value<'v>>)> {
    let Some(inside) = part.strip_prefix('[') else {
        return vec![match part {
            "" => (path.clone(), value),
            name => (path.key(name), value.and_then(|value| value.get(name))),
        }];
    };
    let position = inside.parse::<usize>().ok();
    let elements = value.map(Value::elements).unwrap_or_default().iter().enumerate();
    let meant = elements.filter(|(at, element)| match position {
        Some(position) => *at == position,
        None => fits(element, inside),
    });
    meant.map(|(at, element)| (path.index(at), Some(element))).collect()
}

/// Whether an element is meant by `*`, `name=value` or `name`.
fn fits(element: &Value<'_>, inside: &str) -> bool {
    match inside.split_once('=') {
        _ if inside == "*" => true,
        Some((name, wanted)) => match element.get(name) {
            Some(Value::String(text)) => text == wanted,
            Some(Value::Number(number)) => number.to_string() == wanted,
            other => panic!("{name} is {other:?}"),
        },
        None => !element.get(inside).unwrap().elements().is_empty(),
    }
}

/// All paths in a value.
fn paths(value: &Value<'_>, here: &AttributePath, all: &mut Vec<AttributePath>) {
    for (name, inside) in value.members() {
        all.push(here.key(name));
        paths(inside, &here.key(name), all);
    }
    for (position, inside) in value.elements().iter().enumerate() {
        all.push(here.index(position));
        paths(inside, &here.index(position), all);
    }
}

fn line(place: &Place) -> Line {
    (place.file().to_owned(), place.line())
}

#[test]
fn marked_copies_have_the_lines_of_their_files() {
    let mut files = Vec::new();
    files_below(&root(), &mut files);
    files.retain(|file| file.extension().is_some_and(|ending| ending == "marks"));
    assert!(!files.is_empty());
    for copy in files {
        let (text, marked) =
            (fs::read_to_string(copy.with_extension("")).unwrap(), fs::read_to_string(&copy).unwrap());
        let stripped = marked.lines().map(|line| {
            ["#@", "#v", "#?"]
                .iter()
                .filter_map(|mark| line.find(mark))
                .min()
                .map_or(line, |at| &line[..at])
                .trim_end()
        });
        assert!(stripped.eq(text.lines()), "{}", copy.display());
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Figures {
    right: usize,
    block_only: usize,
}

/// Compares every place of a configuration with its marks.
fn judge(directory: &Path, wrong: &mut Vec<String>) -> Figures {
    let configuration = Configuration::read(directory);
    for problem in configuration.problems() {
        wrong.push(format!("{problem}"));
    }
    let marks = marks(directory);
    let text = fs::read_to_string(directory.join("plan.json")).unwrap();
    let duplicates = DuplicateKeys::default();
    let plan = Value::parse(&text, &duplicates).unwrap();
    let mut figures = Figures::default();
    let mut met = BTreeSet::new();
    for change in plan.elements() {
        let address: Address = change.get("address").and_then(Value::as_str).unwrap().parse().unwrap();
        let after = change.get("after").filter(|after| !matches!(after, Value::Null));
        let at = |path: Option<&AttributePath>| {
            let sought = |tool| Sought { address: &address, attribute: path, after, tool };
            let place = configuration.locate(&sought(None));
            assert_eq!(place, configuration.locate(&sought(Some(Tool::Terraform))));
            assert_eq!(place, configuration.locate(&sought(Some(Tool::OpenTofu))));
            place
        };
        let Some(of_resource) = marks.get(&address.configuration_address()) else {
            if let Some(place) = at(None) {
                wrong.push(format!("{address} is not marked, but found on {:?}", line(&place)));
            }
            continue;
        };
        met.insert(address.configuration_address());
        match at(None) {
            None => wrong.push(format!("{address} is not found")),
            Some(place) => {
                assert_eq!(place.precision, Precision::Block);
                if Some(line(&place)) != of_resource.block {
                    wrong.push(format!("{address} is found on {:?}", line(&place)));
                }
            }
        }
        let Some(after) = after else { continue };
        let mut expected: BTreeMap<AttributePath, (Expected, &Line)> = BTreeMap::new();
        for (pattern, kind, line) in &of_resource.paths {
            let expanded = expand(pattern, after);
            assert!(!expanded.is_empty(), "{address}: {pattern} is nowhere in the plan");
            for path in expanded {
                let before = expected.insert(path, (*kind, line));
                assert!(before.is_none(), "{address}: {pattern} is marked twice");
            }
        }
        for (path, (kind, expected)) in &expected {
            let place = at(Some(path)).unwrap();
            // Without the plan's values, fewer lines are certain, and none is another.
            let blind = Sought { address: &address, attribute: Some(path), after: None, tool: None };
            let blind = configuration.locate(&blind).unwrap();
            if blind.precision == Precision::Attribute && blind != place {
                wrong.push(format!("{address} {path} is found on line {} without values", blind.line()));
            }
            match (place.precision, kind) {
                (Precision::Attribute, Expected::Attribute) if line(&place) == **expected => {
                    figures.right += 1
                }
                (Precision::Block, Expected::Block) if line(&place) == **expected => figures.block_only += 1,
                (precision, _) => wrong.push(format!(
                    "{address} {path} is found on line {} ({precision:?}), expected {kind:?} on line {}",
                    place.line(),
                    expected.1
                )),
            }
        }
        // What is not marked is on the line of a mark around it or inside it, or not exactly found.
        let mut all = Vec::new();
        paths(after, &AttributePath::default(), &mut all);
        for path in all.iter().filter(|path| !expected.contains_key(*path)) {
            let place = at(Some(path)).unwrap();
            let is_marked = expected.iter().any(|(marked, (_, expected))| {
                let is_related = path.0.starts_with(&marked.0) || marked.0.starts_with(&path.0);
                is_related && **expected == line(&place)
            });
            if place.precision == Precision::Attribute && !is_marked {
                wrong.push(format!("{address} {path} has no mark, but is found on line {}", place.line()));
            }
        }
    }
    for address in marks.keys().filter(|address| !met.contains(*address)) {
        wrong.push(format!("{address} is not in the plan"));
    }
    figures
}

/// The number of attributes whose line is found, and of those whose line is not certain.
const FIGURES: &[(&str, usize, usize)] = &[
    ("attribute-as-blocks", 32, 1),
    ("called-rules", 23, 0),
    ("documents", 47, 1),
    ("dynamic", 38, 4),
    ("dynamic-nested", 51, 0),
    ("encodings", 9, 0),
    ("firewall", 97, 0),
    ("instance", 16, 0),
    ("instances", 29, 0),
    ("json", 67, 2),
    ("legacy-bucket", 59, 0),
    ("lists", 69, 1),
    ("modules", 73, 0),
    ("nested-sets", 59, 2),
    ("override", 26, 0),
    ("remote", 8, 0),
    ("rewritten-values", 68, 3),
    ("services", 95, 0),
    ("set-of-literals", 27, 0),
    ("set-of-variables", 23, 4),
    ("statements", 37, 0),
    ("syntax", 7, 0),
    ("updates", 5, 0),
];

#[test]
fn every_marked_attribute_is_found_on_its_line() {
    let mut names: Vec<String> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| root().join(name).join("plan.json").exists())
        .collect();
    names.sort();
    let mut wrong = Vec::new();
    let mut figures = Vec::new();
    for name in &names {
        let mut here = Vec::new();
        let Figures { right, block_only } = judge(&root().join(name), &mut here);
        figures.push((name.as_str(), right, block_only));
        wrong.extend(here.into_iter().map(|text| format!("{name}: {text}")));
    }
    assert!(wrong.is_empty(), "{figures:?}\n{}", wrong.join("\n"));
    assert_eq!(figures, FIGURES);
}
