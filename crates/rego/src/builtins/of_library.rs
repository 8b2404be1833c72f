//! What functions of the library answer, without the engine's way through their bodies.
//!
//! Authors do not call these functions; the front end makes calls of them out of calls of the library (see
//! `frontend/passes/library_call.rs`). The library is plain Rego for every engine, and a test compares each of these with
//! the function that it stands for.

use std::collections::{BTreeMap, BTreeSet};

use planguard_plan::text::wildcard;
use regorus::Value;
use regorus::value::Object;

use super::arguments::{Arguments, type_name};
use super::{Builtin, Failure, Lenience, Outcome};

/// A function of the library, and what stands for it.
pub(in super::super) struct OfLibrary {
    /// The package below `data.planguard.lib`.
    pub package: &'static str,
    /// The name there.
    pub function: &'static str,
    /// The name here.
    pub builtin: &'static str,
}

macro_rules! of_library {
    ($($package:literal $function:literal $builtin:literal $arity:literal $run:expr;)*) => {
        /// The functions of the library that have a counterpart here.
        pub(in super::super) const OF_LIBRARY: &[OfLibrary] = &[
            $(OfLibrary { package: $package, function: $function, builtin: $builtin },)*
        ];

        pub(super) const FUNCTIONS: &[Builtin] = &[
            $(Builtin { name: $builtin, arity: $arity, run: $run },)*
        ];
    };
}

of_library! {
    "changes" "actions" "__pg_changes_actions" 1 |of| Ok(actions_of(of)?.map_or_else(Value::new_set, |all| all.cloned().collect::<BTreeSet<_>>().into()));
    "changes" "is_created" "__pg_changes_is_created" 1 |of| does(of, Actions::creates);
    "changes" "is_updated" "__pg_changes_is_updated" 1 |of| does(of, |actions| actions.update);
    "changes" "is_deleted" "__pg_changes_is_deleted" 1 |of| does(of, Actions::deletes);
    "changes" "is_replaced" "__pg_changes_is_replaced" 1 |of| does(of, Actions::replaces);
    "changes" "is_forgotten" "__pg_changes_is_forgotten" 1 |of| does(of, Actions::forgets);
    "changes" "is_destroyed" "__pg_changes_is_destroyed" 1 |of| does(of, |actions| actions.delete);
    "changes" "is_imported" "__pg_changes_is_imported" 1 |of| answer(of, false, |change| Ok(is_imported(change)));
    "changes" "is_moved" "__pg_changes_is_moved" 1 |of| answer(of, false, |change| Ok(is_moved(change)));
    "changes" "is_touched" "__pg_changes_is_touched" 1 |of| answer(of, false, |change| Ok(is_touched(change)));
    "changes" "exists_after" "__pg_changes_exists_after" 1 |of| answer(of, true, |change| Ok(exists_after(change)));
    "changes" "after" "__pg_changes_after" 1 |of| side(of, |_| "after");
    "changes" "before" "__pg_changes_before" 1 |of| side(of, |_| "before");
    "changes" "state" "__pg_changes_state" 1 |of| side(of, side_of_state);
    "changes" "attribute" "__pg_changes_attribute" 3 attribute;
    "selection" "is_chosen" "__pg_selection_is_chosen" 2 is_chosen;
    "tags" "are_possible" "__pg_tags_are_possible" 1 |of| answer(of, false, are_possible);
    "tags" "unknown_keys" "__pg_tags_unknown_keys" 1 unknown_keys;
    "tags" "_own" "__pg_tags_own" 1 own_tags;
    "unknown" "is_unknown" "__pg_unknown_is_unknown" 2 is_unknown;
    "references" "_modules_of" "__pg_references_modules_of" 1 modules_of;
    "wildcards" "matches" "__pg_wildcards_matches" 2 matches;
    "wildcards" "matches_any" "__pg_wildcards_matches_any" 2 matches_any;
}

/// What a function with a default answers to what does not suit it: an error, as its body has one, or the default where
/// errors are undefined.
fn unsuited<T>(reason: String, otherwise: T) -> Result<T, Failure> {
    if Lenience::is_granted() { Ok(otherwise) } else { Err(Failure::Unsuitable(reason)) }
}

fn no_object(value: &Value) -> String {
    format!("object.get: operand 1 must be object but got {}", type_name(value))
}

/// Answers a question about a resource change, whatever its other arguments are.
fn answer(
    arguments: &[Value],
    otherwise: bool,
    ask: impl FnOnce(&Value) -> Result<bool, Failure>,
) -> Outcome {
    let change = Arguments(arguments).value(0);
    match change {
        Value::Object(_) => ask(change).map(Value::from),
        other => unsuited(no_object(other), otherwise).map(Value::from),
    }
}

fn does(arguments: &[Value], ask: impl FnOnce(&Actions) -> bool) -> Outcome {
    answer(arguments, false, |change| Ok(ask(&Actions::of(change))))
}

/// The value at a path as `object.get` finds it; `None` if there is none.
fn at<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    let found = path.iter().fold(value, |value, key| match value {
        Value::Object(fields) => fields.get(&Value::from(*key)).unwrap_or(&Value::Undefined),
        _ => &Value::Undefined,
    });
    (*found != Value::Undefined).then_some(found)
}

/// The same for a path that is a value: an array of steps, or a key.
fn found_at<'v>(value: &'v Value, path: &Value) -> Option<&'v Value> {
    let found = match path {
        Value::Array(steps) => steps.iter().fold(value, |value, step| &value[step]),
        key => &value[key],
    };
    (*found != Value::Undefined).then_some(found)
}

/// What a plan does with a resource.
#[derive(Default)]
struct Actions {
    create: bool,
    update: bool,
    delete: bool,
    forget: bool,
    /// Something other than `no-op` and `read`.
    touch: bool,
}

impl Actions {
    fn of(change: &Value) -> Self {
        let mut actions = Self::default();
        let Some(Value::Array(all)) = at(change, &["change", "actions"]) else { return actions };
        for action in all.iter() {
            let word = match action {
                Value::String(word) => word.as_ref(),
                _ => "",
            };
            match word {
                "create" => actions.create = true,
                "update" => actions.update = true,
                "delete" => actions.delete = true,
                "forget" => actions.forget = true,
                _ => {}
            }
            actions.touch |= !matches!(word, "no-op" | "read");
        }
        actions
    }

    fn creates(&self) -> bool {
        self.create && !self.replaces()
    }

    fn deletes(&self) -> bool {
        self.delete && !self.create
    }

    fn forgets(&self) -> bool {
        self.forget && !self.create
    }

    fn replaces(&self) -> bool {
        self.create && (self.delete || self.forget)
    }
}

fn actions_of(arguments: &[Value]) -> Result<Option<impl Iterator<Item = &Value>>, Failure> {
    let change = Arguments(arguments).value(0);
    match change {
        Value::Object(_) => Ok(match at(change, &["change", "actions"]) {
            Some(Value::Array(actions)) => Some(actions.iter()),
            _ => None,
        }),
        other => unsuited(no_object(other), None),
    }
}

fn is_imported(change: &Value) -> bool {
    matches!(at(change, &["change", "importing"]), Some(Value::Object(_)))
}

fn is_moved(change: &Value) -> bool {
    match at(change, &["previous_address"]) {
        Some(previous @ Value::String(_)) => {
            at(change, &["address"]).map_or_else(|| *previous != Value::from(""), |own| own != previous)
        }
        _ => false,
    }
}

fn is_touched(change: &Value) -> bool {
    Actions::of(change).touch || is_imported(change) || is_moved(change)
}

fn exists_after(change: &Value) -> bool {
    let actions = Actions::of(change);
    !actions.deletes() && !actions.forgets()
}

fn side_of_state(change: &Value) -> &'static str {
    if exists_after(change) { "after" } else { "before" }
}

/// The attributes of a change on one side, an empty object if they are none.
fn attributes(change: &Value, side: &str) -> Value {
    match at(change, &["change", side]) {
        Some(attributes @ Value::Object(_)) => attributes.clone(),
        _ => Value::new_object(),
    }
}

fn side(arguments: &[Value], which: impl FnOnce(&Value) -> &'static str) -> Outcome {
    let change = Arguments(arguments).value(0);
    match change {
        Value::Object(_) => Ok(attributes(change, which(change))),
        other => unsuited(no_object(other), Value::Undefined),
    }
}

fn attribute(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let (change, path, otherwise) = (arguments.value(0), arguments.value(1), arguments.value(2));
    if !matches!(change, Value::Object(_)) {
        return unsuited(no_object(change), otherwise.clone());
    }
    let after = attributes(change, "after");
    Ok(match found_at(&after, path) {
        Some(Value::Null) | None => otherwise.clone(),
        Some(found) => found.clone(),
    })
}

fn is_unknown(arguments: &[Value]) -> Outcome {
    answer(arguments, false, |change| is_marked(change, Arguments(arguments).value(1)))
}

/// Whether a path, or what it is in, is known only after apply.
fn is_marked(change: &Value, path: &Value) -> Result<bool, Failure> {
    let marks = at(change, &["change", "after_unknown"]);
    let is_whole = marks == Some(&Value::Bool(true));
    let Value::Array(steps) = path else {
        let reason = format!("array.slice: operand 1 must be array but got {}", type_name(path));
        return unsuited(reason, is_whole);
    };
    let Some(Value::Object(_)) = marks else { return Ok(is_whole) };
    let mut mark = marks.unwrap_or(&Value::Undefined);
    Ok(steps.iter().any(|step| {
        mark = &mark[step];
        *mark == Value::Bool(true)
    }))
}

fn matches(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    is_match(arguments.value(0), arguments.value(1)).map(Value::from)
}

fn matches_any(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    is_any_match(arguments.value(0), arguments.value(1)).map(Value::from)
}

fn is_match(pattern: &Value, text: &Value) -> Result<bool, Failure> {
    match (pattern, text) {
        (Value::String(pattern), Value::String(text)) => Ok(wildcard::matches(pattern, text)),
        (pattern, Value::String(_)) => {
            let reason = format!("regex.replace: operand 1 must be string but got {}", type_name(pattern));
            unsuited(reason, false)
        }
        _ => Ok(false),
    }
}

fn is_any_match(patterns: &Value, text: &Value) -> Result<bool, Failure> {
    let any = |patterns: &mut dyn Iterator<Item = &Value>| {
        let mut found = false;
        // What does not suit is an error after a pattern that matches as well.
        for pattern in patterns {
            found |= is_match(pattern, text)?;
        }
        Ok(found)
    };
    match patterns {
        Value::Array(patterns) => any(&mut patterns.iter()),
        Value::Set(patterns) => any(&mut patterns.iter()),
        Value::Object(patterns) => any(&mut patterns.iter().map(|(_, pattern)| pattern)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Undefined => Ok(false),
    }
}

fn is_chosen(arguments: &[Value]) -> Outcome {
    let arguments = Arguments(arguments);
    let (settings, change) = (arguments.value(0), arguments.value(1));
    if !matches!(settings, Value::Object(_)) {
        return unsuited(no_object(settings), false).map(Value::from);
    }
    let of_change = |key: &str| at(change, &[key]);
    let every = Value::from(vec![Value::from("*")]);
    let is_in_scope = match at(settings, &["scope"]) {
        None => true,
        Some(scope) if *scope == Value::from("all") => true,
        Some(scope) if *scope == Value::from("touched") => match change {
            Value::Object(_) => is_touched(change),
            other => unsuited(no_object(other), false)?,
        },
        Some(_) => false,
    };
    // An argument without a value ends the body, also below a negation.
    let (Some(of_type), true) = (of_change("type"), is_in_scope) else { return Ok(false.into()) };
    if !is_any_match(at(settings, &["types"]).unwrap_or(&every), of_type)?
        || at(settings, &["except_types"]).map_or(Ok(false), |types| is_any_match(types, of_type))?
    {
        return Ok(false.into());
    }
    let Some(address) = of_change("address") else { return Ok(false.into()) };
    let is_excepted = at(settings, &["except"]).map_or(Ok(false), |except| is_any_match(except, address))?;
    Ok((!is_excepted).into())
}

const PLACES_OF_GOOGLE: [&[Step]; 6] = [
    &[Step::Key("labels")],
    &[Step::Key("resource_labels")],
    &[Step::Key("user_labels")],
    &[Step::Key("settings"), Step::First, Step::Key("user_labels")],
    &[Step::Key("terraform_labels")],
    &[Step::Key("effective_labels")],
];

const PLACES_OF_OTHERS: [&[Step]; 2] = [&[Step::Key("tags")], &[Step::Key("tags_all")]];

/// A step of a place where a resource has its tags.
enum Step {
    Key(&'static str),
    /// The first element of a list.
    First,
}

impl Step {
    fn value(&self) -> Value {
        match self {
            Self::Key(key) => Value::from(*key),
            Self::First => Value::from(0u64),
        }
    }
}

/// The places where a resource may have its tags, as paths.
fn places(change: &Value) -> Result<Vec<Value>, Failure> {
    let path = |steps: &&[Step]| Value::from(steps.iter().map(Step::value).collect::<Vec<_>>());
    match at(change, &["type"]) {
        Some(Value::String(of_type)) if of_type.starts_with("google_") => {
            Ok(PLACES_OF_GOOGLE.iter().map(path).collect())
        }
        Some(Value::String(_)) | None => Ok(PLACES_OF_OTHERS.iter().map(path).collect()),
        Some(other) => {
            let reason = format!("startswith: operand 1 must be string but got {}", type_name(other));
            unsuited(reason, PLACES_OF_OTHERS.iter().map(path).collect())
        }
    }
}

fn are_possible(change: &Value) -> Result<bool, Failure> {
    let state = attributes(change, side_of_state(change));
    for place in places(change)? {
        if matches!(found_at(&state, &place), Some(Value::Object(_) | Value::Null))
            || is_marked(change, &place)?
        {
            return Ok(true);
        }
    }
    Ok(at(change, &["type"]) == Some(&Value::from("aws_autoscaling_group")))
}

fn unknown_keys(arguments: &[Value]) -> Outcome {
    let change = Arguments(arguments).value(0);
    if !matches!(change, Value::Object(_)) {
        return unsuited(no_object(change), Value::new_set());
    }
    let mut keys = BTreeSet::new();
    let Some(marks @ Value::Object(_)) = at(change, &["change", "after_unknown"]) else {
        return places(change).map(|_| keys.into());
    };
    for place in places(change)? {
        if let Some(Value::Object(marks)) = found_at(marks, &place) {
            let unknown = marks.iter().filter(|(_, mark)| **mark == Value::Bool(true));
            keys.extend(unknown.map(|(key, _)| key.clone()));
        }
    }
    Ok(keys.into())
}

/// The tags of a resource by the place where they are, and those of its blocks `tag`.
fn own_tags(arguments: &[Value]) -> Outcome {
    let change = Arguments(arguments).value(0);
    if !matches!(change, Value::Object(_)) {
        return unsuited(no_object(change), vec![Value::new_object()].into());
    }
    let state = attributes(change, side_of_state(change));
    let mut all: Vec<Value> = Vec::new();
    for place in places(change)? {
        all.extend(found_at(&state, &place).filter(|found| matches!(found, Value::Object(_))).cloned());
    }
    let mut blocks = Value::new_object();
    if let Some(Value::Array(written)) = at(&state, &["tag"]) {
        for block in written.iter() {
            let Some(key) = at(block, &["key"]) else { continue };
            let value = at(block, &["value"]).cloned().unwrap_or_else(|| Value::from(""));
            blocks = united(&blocks, &Value::from(BTreeMap::from([(key.clone(), value)])));
        }
    }
    all.push(blocks);
    Ok(all.into())
}

/// `object.union`: the second decides, unless both are objects.
fn united(left: &Value, right: &Value) -> Value {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            let mut all: BTreeMap<Value, Value> =
                left.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
            for (key, value) in right.iter() {
                let value = all.get(key).map_or_else(|| value.clone(), |own| united(own, value));
                all.insert(key.clone(), value);
            }
            all.into()
        }
        _ => right.clone(),
    }
}

/// The modules of a configuration, each before the modules that it calls.
fn modules_of(arguments: &[Value]) -> Outcome {
    let mut modules = Vec::new();
    if let Some(root) = at(Arguments(arguments).value(0), &["root_module"]) {
        add_module(root, &mut Vec::new(), &mut String::new(), &mut modules);
    }
    Ok(modules.into())
}

fn add_module(configuration: &Value, names: &mut Vec<Value>, prefix: &mut String, modules: &mut Vec<Value>) {
    let module = [
        ("path", Value::from(names.clone())),
        ("prefix", Value::from(prefix.as_str())),
        ("configuration", configuration.clone()),
    ];
    modules.push(
        module.into_iter().map(|(key, value)| (Value::from(key), value)).collect::<BTreeMap<_, _>>().into(),
    );
    let calls = match at(configuration, &["module_calls"]) {
        Some(Value::Object(calls)) => calls,
        _ => return,
    };
    for (name, module) in sorted_modules(calls) {
        let length = prefix.len();
        prefix.push_str("module.");
        prefix.push_str(name);
        prefix.push('.');
        names.push(Value::from(name));
        add_module(module, names, prefix, modules);
        names.pop();
        prefix.truncate(length);
    }
}

fn sorted_modules(calls: &Object) -> impl Iterator<Item = (&str, &Value)> {
    calls.iter_sorted().filter_map(|(name, call)| match name {
        Value::String(name) => Some((name.as_ref(), at(call, &["module"])?)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bundle::library;
    use crate::convention::Dialect;
    use crate::options::RegoVersion;
    use crate::source::Source;
    use crate::{dialect, set};

    /// An engine with the library as it is written, and with what stands for it.
    fn engine() -> regorus::Engine {
        let mut engine = dialect::new_engine();
        // Under these names, nothing stands for their functions.
        let mut sources: Vec<Source> =
            library().iter().map(|file| Source::new(file.path, file.text)).collect();
        set::rewrite(&mut sources, Dialect::Given(RegoVersion::V1));
        for source in sources {
            assert!(!source.engine_text().contains("__pg_changes"), "{}", source.engine_text());
            engine.add_policy(source.name.clone(), source.engine_text().to_owned()).unwrap();
        }
        let mut policy = "package compare\n".to_owned();
        for of in OF_LIBRARY {
            let arity = FUNCTIONS.iter().find(|builtin| builtin.name == of.builtin).unwrap().arity;
            let arguments: Vec<String> =
                (0..arity).map(|index| format!("input.arguments[{index}]")).collect();
            let (builtin, arguments) = (of.builtin, arguments.join(", "));
            policy.push_str(&format!(
                "written{builtin} := [x | x := data.planguard.lib.{}.{}({arguments})]\n\
                 here{builtin} := [x | x := {builtin}({arguments})]\n",
                of.package, of.function
            ));
        }
        engine.add_policy("compare.rego".to_owned(), policy).unwrap();
        engine
    }

    /// What both say, `None` for an error.
    fn both(engine: &mut regorus::Engine, builtin: &str, arguments: &str) -> [Option<String>; 2] {
        engine.set_input(Value::from_json_str(&format!("{{\"arguments\": {arguments}}}")).unwrap());
        ["written", "here"].map(|side| {
            let answer = engine.eval_rule(format!("data.compare.{side}{builtin}"));
            answer.ok().map(|value| value.to_string())
        })
    }

    fn any_of(values: &[&str]) -> BoxedStrategy<String> {
        prop::sample::select(values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>()).boxed()
    }

    fn tags() -> BoxedStrategy<String> {
        any_of(&[
            "{}",
            "null",
            r#"{"a": "b"}"#,
            r#"{"a": true, "b": false}"#,
            "true",
            "\"x\"",
            "[]",
            r#"[{"user_labels": {"c": "d"}}]"#,
            r#"[{"key": "k", "value": "v"}, {"key": "k"}, {"value": "w"}, 1, {"key": "o", "value": {"p": 1}}]"#,
        ])
    }

    /// Attributes, or what is marked of them.
    fn attributes() -> BoxedStrategy<String> {
        let keys =
            any_of(&["tags", "tags_all", "tag", "labels", "settings", "effective_labels", "name", "a.b"]);
        let fields = prop::collection::vec((keys, tags()), 0..4).prop_map(|fields| {
            let fields: Vec<String> =
                fields.iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
            format!("{{{}}}", fields.join(", "))
        });
        prop_oneof![6 => fields, 1 => any_of(&["null", "true", "[]", "\"x\""])].boxed()
    }

    fn change() -> BoxedStrategy<String> {
        let actions = any_of(&[
            "[]",
            r#"["no-op"]"#,
            r#"["create"]"#,
            r#"["update"]"#,
            r#"["delete"]"#,
            r#"["read"]"#,
            r#"["forget"]"#,
            r#"["create", "forget"]"#,
            r#"["delete", "create"]"#,
            "null",
            "\"create\"",
            "[1]",
        ]);
        let field = prop_oneof![
            any_of(&[
                r#""type": "aws_s3_bucket""#, r#""type": "google_x""#, r#""type": "aws_autoscaling_group""#, r#""type": 1"#,
                r#""address": "aws_s3_bucket.a""#, r#""previous_address": "aws_s3_bucket.b""#,
                r#""previous_address": "aws_s3_bucket.a""#, r#""previous_address": """#, r#""previous_address": null"#,
            ]),
            (actions, attributes(), attributes(), attributes(), any_of(&["", r#", "importing": {"id": "x"}"#])).prop_map(
                |(actions, before, after, unknown, more)| format!(
                    "\"change\": {{\"actions\": {actions}, \"before\": {before}, \"after\": {after}, \"after_unknown\": {unknown}{more}}}"
                )
            ),
            any_of(&[r#""change": null"#, r#""change": {}"#]),
        ];
        let fields =
            prop::collection::vec(field, 0..5).prop_map(|fields| format!("{{{}}}", fields.join(", ")));
        prop_oneof![20 => fields, 1 => any_of(&["1", "null", "[]", "\"x\""])].boxed()
    }

    fn path() -> BoxedStrategy<String> {
        any_of(&[
            r#"["tags"]"#,
            r#"["tags", "a"]"#,
            r#"["settings", 0, "user_labels"]"#,
            "[]",
            "\"tags\"",
            "1",
            r#"["tags_all"]"#,
            r#"["name"]"#,
        ])
    }

    fn patterns() -> BoxedStrategy<String> {
        any_of(&[
            "[]",
            r#"["*"]"#,
            r#"["aws_*", "x"]"#,
            r#"["google_?"]"#,
            r#"["aws_s3_bucket.a"]"#,
            "null",
            "1",
            "\"*\"",
            r#"{"a": "*"}"#,
            r#"["[a]", 1]"#,
            r#"["aws.s3*"]"#,
        ])
    }

    fn text() -> BoxedStrategy<String> {
        any_of(&[
            "\"aws_s3_bucket\"",
            "\"google_x\"",
            "\"\"",
            "\"[a]\"",
            "null",
            "1",
            "\"aws_s3_bucket.a\"",
            "\"a\\nb\"",
        ])
    }

    fn settings() -> BoxedStrategy<String> {
        let scope = any_of(&["", r#""scope": "all","#, r#""scope": "touched","#, r#""scope": "x","#]);
        let chosen =
            (scope, patterns(), patterns(), patterns()).prop_map(|(scope, types, except_types, except)| {
                format!(
                    "{{{scope} \"types\": {types}, \"except_types\": {except_types}, \"except\": {except}}}"
                )
            });
        prop_oneof![8 => chosen, 1 => any_of(&["{}", "null"])].boxed()
    }

    fn configuration() -> BoxedStrategy<String> {
        let module = any_of(&["{}", "null", r#"{"resources": []}"#]).prop_recursive(3, 12, 3, |inner| {
            prop::collection::vec((any_of(&["a", "b", "module_calls", "module", "root_module"]), inner), 0..3)
                .prop_map(|calls| {
                    let calls: Vec<String> = calls
                        .iter()
                        .map(|(name, module)| {
                            format!("\"{name}\": {{\"module\": {module}, \"source\": \"x\"}}")
                        })
                        .collect();
                    format!(
                        "{{\"module_calls\": {{{}}}, \"outputs\": {{\"module\": {{}}}}}}",
                        calls.join(", ")
                    )
                })
        });
        let whole = module
            .prop_map(|root| format!("{{\"root_module\": {root}, \"provider_config\": {{\"module\": 1}}}}"));
        prop_oneof![9 => whole, 1 => any_of(&["{}", "null"])].boxed()
    }

    fn arguments(of: &OfLibrary) -> BoxedStrategy<String> {
        let all: Vec<BoxedStrategy<String>> = match (of.package, of.function) {
            ("changes", "attribute") => vec![change(), path(), any_of(&["null", "\"otherwise\""])],
            ("unknown", _) => vec![change(), path()],
            ("selection", _) => vec![settings(), change()],
            ("references", _) => vec![configuration()],
            ("wildcards", "matches") => vec![prop_oneof![patterns(), text()].boxed(), text()],
            ("wildcards", _) => vec![patterns(), text()],
            _ => vec![change()],
        };
        all.prop_map(|arguments| format!("[{}]", arguments.join(", "))).boxed()
    }

    #[test]
    fn each_answers_as_the_function_of_the_library() {
        use proptest::strategy::ValueTree;
        let mut engine = engine();
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        for of in OF_LIBRARY {
            let (mut answers, arguments) = (BTreeSet::new(), arguments(of));
            for _ in 0..60 {
                let arguments = arguments.new_tree(&mut runner).unwrap().current();
                for lenient in [false, true] {
                    engine.set_strict_builtin_errors(!lenient);
                    let lenience = lenient.then(Lenience::grant);
                    let [written, here] = both(&mut engine, of.builtin, &arguments);
                    assert_eq!(
                        written, here,
                        "{}.{} {arguments} (lenient: {lenient})",
                        of.package, of.function
                    );
                    answers.insert(written);
                    drop(lenience);
                }
            }
            assert!(answers.len() > 1, "{}.{} answers {answers:?}", of.package, of.function);
        }
    }

    #[test]
    fn a_pattern_matches_as_the_expression_of_the_library() {
        let mut engine = engine();
        for pattern in ["a.b", "a[0]", "^a$", "a\\b", "(a|b)", "{a}", "a+", "a-b", "?", "*\\n", "é?", "#a&&~"]
        {
            for text in
                ["a.b", "axb", "a[0]", "a", "^a$", "a\\b", "(a|b)", "{a}", "aa", "a-b", "\n", "é€", "#a&&~"]
            {
                let arguments = serde_json::json!([pattern, text]).to_string();
                let [written, here] = both(&mut engine, "__pg_wildcards_matches", &arguments);
                assert_eq!(written, here, "{arguments}");
            }
        }
    }
}
