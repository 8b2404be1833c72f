//! Which names a rule can read, together with everything that it uses.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;

use super::named::{BranchPlace, Named};
use super::resolved::{Path, Program};

/// What the rules of each path name and use.
#[derive(Debug, Default)]
pub(super) struct Reach {
    documents: BTreeMap<Path, Named>,
}

/// The names by which rules can read members.
pub(super) enum Read<'r> {
    Named(HashSet<&'r str>),
    /// Some members are read without being named.
    Everything,
}

impl Read<'_> {
    pub(super) fn has(&self, name: &str) -> bool {
        match self {
            Self::Named(names) => names.contains(name),
            Self::Everything => true,
        }
    }
}

impl Reach {
    /// `left_out` are paths with rules that are not understood.
    pub(super) fn of(program: &Program, left_out: &HashSet<Path>) -> Self {
        let anything = |path: &Path| (path.clone(), Rc::new(Named::anything()));
        let mut known: BTreeMap<Path, Rc<Named>> = left_out.iter().map(anything).collect();
        let mut pending = BTreeSet::new();
        for path in program.documents.keys() {
            find(program, path, &mut known, &mut pending);
        }
        let own = |named| Rc::into_inner(named).unwrap_or_else(Named::anything);
        Self { documents: known.into_iter().map(|(path, named)| (path, own(named))).collect() }
    }

    /// The branches that look at nothing of the plan but the element that they search first.
    pub(super) fn local(&self) -> impl Iterator<Item = (&Path, BranchPlace)> {
        self.documents.iter().flat_map(|(path, named)| named.local.iter().map(move |place| (path, *place)))
    }

    /// What the rules of a path can read, together with everything that they use.
    pub(super) fn read_by(&self, path: &Path) -> Read<'_> {
        let mut names: HashSet<&str> = HashSet::new();
        let (mut seen, mut pending) = (HashSet::new(), vec![path]);
        while let Some(path) = pending.pop() {
            // A path leads to a document above or below it.
            let above = (1..path.len()).filter_map(|length| self.documents.get_key_value(&path[..length]));
            let below = self.documents.range(path.clone()..).take_while(|(known, _)| known.starts_with(path));
            for (known, named) in above.chain(below) {
                if !seen.insert(known) {
                    continue;
                }
                if named.unnamed {
                    return Read::Everything;
                }
                names.extend(named.names.iter().map(String::as_str));
                pending.extend(&named.uses);
            }
        }
        Read::Named(names)
    }
}

/// What a document names and uses, found once. The documents that it uses come first; none uses itself.
fn find(
    program: &Program,
    path: &Path,
    known: &mut BTreeMap<Path, Rc<Named>>,
    pending: &mut BTreeSet<Path>,
) -> Option<Rc<Named>> {
    if let Some(named) = known.get(path) {
        return Some(Rc::clone(named));
    }
    let Some(document) = program.documents.get(path) else {
        // A package may have any rule.
        let mut below = program.documents.range(path.clone()..);
        let is_package = below.next().is_some_and(|(known, _)| known.starts_with(path));
        return is_package.then(|| Rc::new(Named::anything()));
    };
    if !pending.insert(path.clone()) {
        return Some(Rc::new(Named::anything()));
    }
    let named = Rc::new(Named::of(document, &mut |used| find(program, used, known, pending)));
    pending.remove(path);
    known.insert(path.clone(), Rc::clone(&named));
    Some(named)
}
