//! Reads a configuration with the modules that it calls, and finds resources in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use planguard_plan::{Address, AttributePath, Mode, Value};

use crate::directory::{self, Tool};
use crate::locate::{Facts, Found, follow};
use crate::manifest::Manifest;
use crate::merge::{Layer, values};
use crate::module::{Declaration, Definition, Module, View};
use crate::origin::{Scope, push_key};
use crate::place::{Place, Precision, SourceFile, Spot};
use crate::problem::SourceError;

/// Module calls that are followed; each is listed once for every path that leads to it.
const MAX_CALLS: usize = 20_000;

/// The directory in which `init` installs providers and modules.
const INSTALLED: &str = ".terraform";

/// A configuration: the root module and the modules that it calls.
#[derive(Debug)]
pub struct Configuration {
    root: PathBuf,
    manifest: Manifest,
    /// By directory, relative to the root.
    modules: BTreeMap<PathBuf, Module>,
    problems: Vec<SourceError>,
    files: Vec<Arc<SourceFile>>,
}

/// What to find.
#[derive(Clone, Copy, Debug)]
pub struct Sought<'s> {
    /// The resource.
    pub address: &'s Address,
    /// The attribute, as a path into [`Sought::after`]; `None` for the resource.
    pub attribute: Option<&'s AttributePath>,
    /// The resource's values after the change. Without them, fewer nested blocks can be told apart.
    pub after: Option<&'s Value<'s>>,
    /// The tool that made the plan; `None` if that is not known.
    pub tool: Option<Tool>,
}

impl Configuration {
    /// Reads the root module in a directory and all modules that it calls. It never fails as a whole:
    /// [`Configuration::problems`] lists what could not be read.
    ///
    /// Paths in places are relative to what `directory` is relative to.
    pub fn read(directory: &Path) -> Self {
        let mut problems = Vec::new();
        let manifest = Manifest::read(directory, &shown(directory), &mut problems);
        let root = directory.to_owned();
        let mut configuration =
            Self { root, manifest, modules: BTreeMap::new(), problems, files: Vec::new() };
        configuration.read_modules();
        configuration
    }

    /// The files of the root module and of the local modules that it calls, without those that `init` installed.
    pub fn files(&self) -> &[Arc<SourceFile>] {
        &self.files
    }

    /// What could not be read and is therefore not used, in a fixed order.
    pub fn problems(&self) -> &[SourceError] {
        &self.problems
    }

    /// Where a resource or one of its attributes is defined; `None` if the configuration does not say, or not with
    /// certainty.
    pub fn locate(&self, sought: &Sought<'_>) -> Option<Place> {
        if let Some(tool) = sought.tool {
            return self.locate_as(sought, tool);
        }
        let one = self.locate_as(sought, Tool::Terraform);
        if !self.modules.values().any(Module::depends_on_tool) {
            return one;
        }
        match (one, self.locate_as(sought, Tool::OpenTofu)) {
            (Some(one), Some(other)) if one == other => Some(one),
            (Some(one), Some(other)) if (&one.at, &one.block) == (&other.at, &other.block) => {
                Some(Place { from: Vec::new(), ..one })
            }
            (Some(one), Some(other)) if one.block == other.block => Some(one.without_attribute()),
            (Some(_), Some(_)) => None,
            // Only one tool knows the resource. One that the plan deletes may as well be gone for the other.
            (Some(only), None) | (None, Some(only)) => sought.after.map(|_| only),
            (None, None) => None,
        }
    }

    /// The innermost module call on the way to a resource that the configuration has, for a resource in a module whose
    /// files are not there; `None` for one of the root module.
    pub fn call(&self, address: &Address, tool: Tool) -> Option<Spot> {
        let mut scope = Scope::default();
        let mut innermost = None;
        for step in &address.modules {
            let Some(module) = self.modules.get(&scope.directory) else { break };
            let Some(call) = module.view(tool).call(&step.name) else { break };
            innermost = call.base().map(Declaration::spot).or(innermost);
            if scope.enter(&step.name, call, |key, caller| self.called(key, caller, call)).is_none() {
                break;
            }
        }
        innermost
    }

    /// What a local value refers to, as a plan writes references. `module` has the names of the calls that lead to its module.
    /// `None` if the files of the module are not there, or do not have it.
    pub fn local_references(&self, module: &[&str], name: &str) -> Option<Vec<String>> {
        let of = |view: &View| {
            let blocks = view.locals().all().filter_map(Declaration::block);
            let mut found = blocks.filter_map(|block| block.body.attribute(name));
            found.next().map(|attribute| attribute.references.clone())
        };
        [Tool::Terraform, Tool::OpenTofu].into_iter().find_map(|tool| of(self.view_of(module, tool)?))
    }

    /// What `dynamic` blocks of a resource refer to.
    pub fn dynamic_references(&self, address: &Address) -> Vec<String> {
        let module: Vec<&str> = address.modules.iter().map(|step| step.name.as_str()).collect();
        let of = |tool: Tool| {
            let view = self.view_of(&module, tool)?;
            let definition = view.resource(address.mode, &address.resource_type, &address.name)?;
            let blocks = definition.layers().filter_map(Declaration::block);
            Some(blocks.flat_map(|block| block.body.references()).collect())
        };
        [Tool::Terraform, Tool::OpenTofu].into_iter().find_map(of).unwrap_or_default()
    }

    /// What a tool sees of the module to which these calls lead.
    fn view_of(&self, module: &[&str], tool: Tool) -> Option<&View> {
        let mut scope = Scope::default();
        for name in module {
            let call = self.modules.get(&scope.directory)?.view(tool).call(name)?;
            scope.enter(name, call, |key, caller| self.called(key, caller, call))?;
        }
        Some(self.modules.get(&scope.directory)?.view(tool))
    }

    fn locate_as(&self, sought: &Sought<'_>, tool: Tool) -> Option<Place> {
        let address = sought.address;
        let view = |directory: &Path| Some(self.modules.get(directory)?.view(tool));
        let mut scope = Scope::default();
        for step in &address.modules {
            // An override file that cannot be read may name another source.
            let caller = view(&scope.directory).filter(|caller| !caller.has_unread_override)?;
            let call = caller.call(&step.name)?;
            scope.enter(&step.name, call, |key, caller| self.called(key, caller, call))?;
        }
        let module = view(&scope.directory)?;
        let definition = module.resource(address.mode, &address.resource_type, &address.name)?;
        let block = definition.base()?.spot();
        let path = sought.attribute.filter(|path| !path.is_empty() && !module.has_unread_override);
        let whole =
            Place { at: block.clone(), block: block.clone(), precision: Precision::Block, from: Vec::new() };
        let Some(path) = path else { return Some(whole) };
        let schema = match address.mode {
            Mode::Managed => planguard_schemas::resource(&address.resource_type),
            Mode::Data => planguard_schemas::data(&address.resource_type),
            Mode::Ephemeral | Mode::Action => None,
        };
        let layers = Layer::of(definition);
        let schema = schema.map(|schema| schema.block);
        let facts = Facts { value: sought.after, schema, values: values(&layers) };
        Some(match follow(&layers, &path.0, facts, block) {
            Found::Exactly(at, reference) => {
                let from = reference.map(|reference| scope.origins(reference, view)).unwrap_or_default();
                Place { at, precision: Precision::Attribute, from, ..whole }
            }
            Found::Within(at) => Place { at, ..whole },
        })
    }

    fn read_modules(&mut self) {
        let mut waiting = vec![(String::new(), PathBuf::new())];
        let mut followed = BTreeSet::new();
        while let Some((key, directory)) = waiting.pop() {
            let is_new = !self.modules.contains_key(&directory);
            // A directory calls the same modules whoever calls it, apart from those that `init` installed for a key.
            if !is_new && (self.manifest.get(&key).is_none() || followed.contains(&key)) {
                continue;
            }
            if followed.len() == MAX_CALLS {
                self.problems.push(SourceError::TooManyModules { limit: MAX_CALLS });
                return;
            }
            followed.insert(key.clone());
            if is_new {
                let module = self.read_module(&directory);
                self.modules.insert(directory.clone(), module);
            }
            let (called, missing) = self.calls_of(&key, &directory);
            if is_new {
                self.problems.extend(missing);
            }
            // The last is taken first.
            waiting.extend(called.into_iter().rev());
        }
    }

    fn read_module(&mut self, directory: &Path) -> Module {
        // The system follows `..`: the root may be a symbolic link.
        let opened =
            if directory.as_os_str().is_empty() { self.root.clone() } else { self.root.join(directory) };
        let shown = shown(&opened);
        let files = directory::read(&opened, &shown, &mut self.problems).unwrap_or_else(|cause| {
            let path = if shown.as_os_str().is_empty() { opened } else { shown };
            self.problems.push(SourceError::Directory { path, cause });
            Vec::new()
        });
        // What `init` installed is somebody else's.
        if !directory.components().any(|step| step.as_os_str() == INSTALLED) {
            self.files.extend(files.iter().filter_map(|file| Some(Arc::clone(&file.content.as_ref()?.file))));
        }
        Module::new(&files)
    }

    /// The keys and directories of the modules that a module calls, and the calls that lead nowhere.
    fn calls_of(&self, key: &str, directory: &Path) -> (BTreeSet<(String, PathBuf)>, Vec<SourceError>) {
        let (mut called, mut missing) = (BTreeSet::new(), BTreeMap::new());
        let Some(module) = self.modules.get(directory) else { return (called, Vec::new()) };
        for view in [Tool::Terraform, Tool::OpenTofu].map(|tool| module.view(tool)) {
            for (name, call) in view.calls() {
                let mut key = key.to_owned();
                push_key(&mut key, name);
                match (self.called(&key, directory, call), call.base()) {
                    (Some(directory), _) => {
                        called.insert((key, directory));
                    }
                    (None, Some(base)) => {
                        missing.insert(key, base.spot());
                    }
                    (None, None) => {}
                }
            }
        }
        (called, missing.into_iter().map(|(key, spot)| missing_module(&key, &spot)).collect())
    }

    /// The directory of the module that a call names, relative to the root.
    fn called(&self, key: &str, caller: &Path, call: &Definition) -> Option<PathBuf> {
        call.base()?;
        let source = call.layers().find_map(|layer| layer.block()?.body.attribute("source"))?;
        match source.value.as_text() {
            Some(local) if is_local(local) => Some(clean(&caller.join(local.replace('\\', "/")))),
            text => {
                let installed = self.manifest.get(key)?;
                if text.is_some_and(|text| !installed.may_be(text)) {
                    return None;
                }
                Some(clean(Path::new(&installed.directory.replace('\\', "/"))))
            }
        }
    }
}

fn missing_module(key: &str, call: &Spot) -> SourceError {
    let names: Vec<String> = key.split('.').map(|name| format!("module.{name}")).collect();
    SourceError::MissingModule {
        module: names.join("."),
        file: call.file.path().display().to_string(),
        line: call.start().line,
    }
}

/// Whether a module's source is a directory of the configuration.
fn is_local(source: &str) -> bool {
    ["./", "../", ".\\", "..\\"].iter().any(|start| source.starts_with(start))
}

/// The path of a directory as places have it: as short as it can be.
fn shown(directory: &Path) -> PathBuf {
    let short = clean(directory);
    let is_same = match (directory.canonicalize(), short.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        (Err(_), _) => true,
        // The current directory is an empty path here.
        (Ok(_), Err(_)) => short.as_os_str().is_empty(),
    };
    if is_same { short } else { directory.to_owned() }
}

/// The path without `.` and, as Terraform does it, without `..` by the names alone. The current directory is empty.
fn clean(path: &Path) -> PathBuf {
    let mut cleaned = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => match cleaned.components().next_back() {
                Some(Component::Normal(_)) => {
                    cleaned.pop();
                }
                Some(Component::RootDir | Component::Prefix(_)) => {}
                Some(Component::CurDir | Component::ParentDir) | None => cleaned.push(".."),
            },
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => cleaned.push(component),
        }
    }
    cleaned
}

#[cfg(test)]
mod tests;
