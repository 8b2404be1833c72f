//! Reads the provider facts: one gzipped JSON document per provider.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::Read as _;
use std::path::Path;

use planguard_schemas::Release;
use serde::Deserialize;

/// What the facts say of an attribute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Spec {
    /// Its flags and its type: `oc block list 0..1`.
    pub(crate) head: String,
    /// The index of its body, if it holds objects.
    pub(crate) body: Option<usize>,
}

pub(crate) type Body = BTreeMap<String, Spec>;
pub(crate) type Types = BTreeMap<String, Entry>;

/// A resource type or data source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) body: usize,
    pub(crate) release: Release,
    pub(crate) beta: bool,
}

/// The facts of a provider. A body refers to those before it only.
pub(crate) struct Facts {
    pub(crate) version: String,
    pub(crate) older: Vec<String>,
    pub(crate) newer: Vec<String>,
    pub(crate) resources: Types,
    pub(crate) data: Types,
    pub(crate) bodies: Vec<Body>,
}

#[derive(Deserialize)]
struct Raw {
    format: u32,
    version: String,
    #[serde(default)]
    older: Vec<String>,
    #[serde(default)]
    newer: Vec<String>,
    #[serde(default)]
    resources: BTreeMap<String, usize>,
    #[serde(default)]
    older_resources: BTreeMap<String, usize>,
    #[serde(default)]
    newer_resources: BTreeMap<String, usize>,
    #[serde(default)]
    data: BTreeMap<String, usize>,
    #[serde(default)]
    older_data: BTreeMap<String, usize>,
    #[serde(default)]
    newer_data: BTreeMap<String, usize>,
    bodies: Vec<BTreeMap<String, String>>,
}

impl Facts {
    pub(crate) fn read(path: &Path) -> Self {
        let file = fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut text = String::new();
        flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("gzip");
        let raw: Raw =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(raw.format, 1, "{}: another form", path.display());
        let bodies = raw
            .bodies
            .into_iter()
            .map(|body| body.into_iter().map(|(name, text)| (name, Spec::read(&text))).collect());
        Self {
            version: raw.version,
            older: raw.older,
            newer: raw.newer,
            resources: types([raw.resources, raw.older_resources, raw.newer_resources]),
            data: types([raw.data, raw.older_data, raw.newer_data]),
            bodies: bodies.collect(),
        }
    }

    /// Adds what only google-beta has, with the flag `b`. Where both have an attribute, google's word counts.
    pub(crate) fn add_beta(&mut self, beta: &Self) {
        assert_eq!(self.version, beta.version, "google and google-beta are read of one release");
        let mut merge = Merge {
            own: &mut self.bodies,
            beta: &beta.bodies,
            merged: HashMap::new(),
            copied: HashMap::new(),
        };
        for (own, other) in [(&mut self.resources, &beta.resources), (&mut self.data, &beta.data)] {
            for (name, entry) in other {
                match own.get_mut(name) {
                    Some(known) => known.body = merge.bodies(known.body, entry.body),
                    None => {
                        let body = merge.copy(entry.body);
                        own.insert(name.clone(), Entry { body, beta: true, ..*entry });
                    }
                }
            }
        }
    }

    /// Adds a line of `additions.txt`.
    pub(crate) fn add(&mut self, line: &str) {
        let (path, addition) = line.split_once(' ').unwrap_or_else(|| panic!("additions.txt: `{line}`"));
        let names: Vec<&str> = path.split('.').collect();
        let (resource_type, names) = names.split_first().expect("a type");
        let entry = self.resources[*resource_type];
        let body = self.body_with(entry.body, names, addition, line);
        self.resources.insert((*resource_type).to_owned(), Entry { body, ..entry });
    }

    /// For each body, whether one of its attributes is sensitive, at any depth.
    pub(crate) fn sensitive_bodies(&self) -> Vec<bool> {
        let mut sensitive: Vec<bool> = Vec::with_capacity(self.bodies.len());
        for body in &self.bodies {
            let is_sensitive =
                |spec: &Spec| spec.is_sensitive() || spec.body.is_some_and(|inner| sensitive[inner]);
            sensitive.push(body.values().any(is_sensitive));
        }
        sensitive
    }

    /// The index of a body like this one with the addition at the path.
    fn body_with(&mut self, body: usize, names: &[&str], addition: &str, line: &str) -> usize {
        let (name, rest) =
            names.split_first().unwrap_or_else(|| panic!("additions.txt: `{line}` has no path"));
        let mut changed = self.bodies[body].clone();
        let spec = match (changed.get(*name), rest, addition) {
            (Some(known), [], "c") => {
                let (flags, kind) = known.head.split_once(' ').expect("a kind");
                let is_open = flags.starts_with('o') && !flags.contains(['c', 'q']);
                assert!(is_open, "additions.txt: `{line}`, which is `{}`", known.head);
                Spec { head: format!("oc{} {kind}", &flags[1..]), body: known.body }
            }
            (Some(known), [_, ..], _) => {
                let inner =
                    known.body.unwrap_or_else(|| panic!("additions.txt: `{line}` leads into no block"));
                Spec { head: known.head.clone(), body: Some(self.body_with(inner, rest, addition, line)) }
            }
            (None, [], new) if new != "c" => Spec::read(new),
            _ => panic!("additions.txt: `{line}` does not fit the facts"),
        };
        changed.insert((*name).to_owned(), spec);
        self.bodies.push(changed);
        self.bodies.len() - 1
    }
}

impl Spec {
    fn read(text: &str) -> Self {
        match text.rsplit_once(" #") {
            Some((head, body)) => Self { head: canonical(head), body: Some(body.parse().expect("an index")) },
            None => Self { head: canonical(text), body: None },
        }
    }

    fn is_sensitive(&self) -> bool {
        let (flags, _) = self.head.split_once(' ').expect("a kind");
        flags.contains(['s', 'S'])
    }
}

/// The same with the flags in one order and without those that say nothing more: of what is both marked sensitive and
/// declared so, the mark. An attribute without `r`, `o` and `c` counts as optional.
fn canonical(head: &str) -> String {
    let (flags, kind) = head.split_once(' ').expect("a kind");
    let has = |flag| flags.contains(flag);
    let mut out = String::new();
    out.push(if has('r') {
        'r'
    } else if has('c') && !has('o') {
        'c'
    } else {
        'o'
    });
    if has('o') && has('c') {
        out.push('c');
    } else if has('q') {
        out.push('q');
    }
    out.extend("sSdwf-+".chars().filter(|flag| has(*flag) && !(*flag == 'S' && has('s'))));
    let kind = if kind == "block any" { "any" } else { kind };
    format!("{out} {kind}")
}

fn types(releases: [BTreeMap<String, usize>; 3]) -> Types {
    let named = releases.into_iter().zip([Release::Present, Release::Older, Release::Newer]);
    named
        .flat_map(|(types, release)| {
            types.into_iter().map(move |(name, body)| (name, Entry { body, release, beta: false }))
        })
        .collect()
}

struct Merge<'f> {
    own: &'f mut Vec<Body>,
    beta: &'f [Body],
    merged: HashMap<(usize, usize), usize>,
    copied: HashMap<usize, usize>,
}

impl Merge<'_> {
    fn bodies(&mut self, own: usize, beta: usize) -> usize {
        if let Some(known) = self.merged.get(&(own, beta)) {
            return *known;
        }
        let mut body = self.own[own].clone();
        for (name, theirs) in &self.beta[beta] {
            match body.get(name).map(|spec| spec.body) {
                Some(Some(inner)) => {
                    if let Some(theirs) = theirs.body {
                        let inner = self.bodies(inner, theirs);
                        body.get_mut(name).expect("there").body = Some(inner);
                    }
                }
                Some(None) => {}
                None => {
                    let (flags, kind) = theirs.head.split_once(' ').expect("a kind");
                    let spec = Spec {
                        head: format!("{flags}b {kind}"),
                        body: theirs.body.map(|inner| self.copy(inner)),
                    };
                    body.insert(name.clone(), spec);
                }
            }
        }
        let index = self.add(body, own);
        self.merged.insert((own, beta), index);
        index
    }

    fn copy(&mut self, beta: usize) -> usize {
        if let Some(known) = self.copied.get(&beta) {
            return *known;
        }
        let mut body = self.beta[beta].clone();
        for spec in body.values_mut() {
            spec.body = spec.body.map(|inner| self.copy(inner));
        }
        self.own.push(body);
        self.copied.insert(beta, self.own.len() - 1);
        self.own.len() - 1
    }

    /// The index of a body that was made from one: the same where nothing has changed.
    fn add(&mut self, body: Body, from: usize) -> usize {
        if self.own[from] == body {
            return from;
        }
        self.own.push(body);
        self.own.len() - 1
    }
}
