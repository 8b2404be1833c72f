//! Whether the configuration writes the value of an attribute itself, as a constant or as the default of a variable.

use planguard_guardrail_format::Truth;
use planguard_plan::{Attribute, PathStep, Plan, Resolution, Unseen, Value, View};

use super::{PlanIndex, literal, secret};
use crate::truths::{all, any};
use crate::unreadable::{self, Unreadable};

/// Whether the configuration writes the value itself: as a constant, as an expression of constants, through variables
/// of modules, or as the default of a root variable that nobody overrode.
///
/// # Errors
/// The plan lacks what it takes to tell.
pub(crate) fn is_hard_coded(place: &View<'_, '_>, index: &PlanIndex<'_>) -> Result<Truth, Unreadable> {
    let state = place.state();
    let value = match place.attribute() {
        Attribute::Known(value) if literal::is_empty(value) => return Ok(Truth::False),
        Attribute::Known(value) => Some(value),
        // Write-only attributes are null in the plan, but their expression is in the configuration all the same.
        Attribute::Unset if state.configuration().is_none() => return Ok(Truth::False),
        Attribute::Unset | Attribute::Unknown => None,
    };
    if state.configuration().is_none() {
        return Err(Unreadable::NoConfiguration);
    }
    let local = |module: &str, name: &str| index.local_value(module, name);
    let unseen = Unseen { local: &local, dynamic: &|_| Vec::new() };
    let found = state.resolutions_through(place.path(), unseen);
    // Most attributes that are not set have no expression, and then nobody asks the schema.
    if place.attribute() == Attribute::Unset && (found.is_empty() || !is_set_write_only(place)) {
        return Ok(Truth::False);
    }
    let says_nothing = |found: &Resolution<'_>| {
        let Resolution { resources, constants, variables, unresolved } = found;
        let is_empty = resources.is_empty() && variables.is_empty() && unresolved.is_empty();
        is_empty && !constants.is_empty() && constants.iter().all(|constant| literal::is_empty(constant))
    };
    // The plan has a value that no expression of the configuration can give: the one that does is lost.
    if value.is_some() && place.is_given_by_configuration() && found.iter().all(says_nothing) {
        return Err(Unreadable::NoVariable);
    }
    match any(found.iter().map(|found| comes_from_text(place, found, value))) {
        Truth::Unknown if found.iter().any(|found| !found.unresolved.is_empty()) => {
            Err(Unreadable::NoLocalValue)
        }
        Truth::Unknown => Err(Unreadable::NoVariable),
        decided @ (Truth::True | Truth::False) => Ok(decided),
    }
}

/// Whether a place is a write-only attribute, and nothing says that it is not set. Providers demand a version beside it.
fn is_set_write_only(place: &View<'_, '_>) -> bool {
    let name = place.path().last_key().unwrap_or_default();
    let is_write_only =
        place.schema().map_or_else(|| name.ends_with("_wo"), |attribute| attribute.write_only);
    let [PathStep::Key(_)] = &place.path().0[..] else { return is_write_only };
    let root = place.state().root();
    let version = root.key(&format!("{name}_version"));
    is_write_only && (version.schema().is_none() || version.attribute() != Attribute::Unset)
}

/// A text that an expression may take its value from.
struct Source<'p> {
    /// The root variable that it is the value of.
    variable: Option<&'p str>,
    text: Option<&'p Value<'p>>,
    is_written: Truth,
}

/// Whether the texts that an expression has are its value. The text that is the value decides; otherwise the value is
/// made of all of them. The constant of a condition is neither: booleans never are the value.
fn comes_from_text<'p>(
    place: &'p View<'p, '_>,
    found: &'p Resolution<'p>,
    value: Option<&Value<'_>>,
) -> Truth {
    let plan = place.state().plan;
    let constants = found.constants.iter().map(|constant| Source {
        variable: None,
        text: Some(*constant),
        is_written: Truth::True,
    });
    let variables = found.variables.iter().map(|name| root_variable(plan, name));
    let is_text = |source: &Source<'_>| {
        source.text.is_none_or(|text| !literal::is_empty(text) && !matches!(text, Value::Bool(_)))
    };
    let sources: Vec<Source<'_>> = constants.chain(variables).filter(is_text).collect();
    let is_value = |source: &&Source<'_>| value.is_some() && source.text == value;
    if sources.iter().any(|source| is_value(&source)) {
        return any(sources.iter().filter(is_value).map(|source| source.is_written));
    }
    let is_for_credential =
        |source: &&Source<'_>| source.variable.is_some_and(|name| is_for_credential(place, name));
    if !found.resources.is_empty() || !found.unresolved.is_empty() {
        // With other parts in it, only a part that is the credential makes it a literal one: a user's name beside a
        // random password does not.
        let parts = any(sources.iter().filter(is_for_credential).map(|source| source.is_written));
        let is_lost = || value.is_some_and(|value| comes_from_a_local_value(plan, found, value));
        return if parts == Truth::False && is_lost() { Truth::Unknown } else { parts };
    }
    if let Some(value) = value
        && let Some(by_element) = literal_element(place, value, &sources)
    {
        return by_element;
    }
    if sources.is_empty() {
        // A variable without a value gives none. Terraform writes no constant for a call of a function, however constant its arguments are.
        return Truth::of(value.is_some_and(is_credential_text));
    }
    // Of several variables some of which are given, those for credentials decide.
    let is_mixed = sources.iter().any(|source| source.is_written == Truth::True)
        && sources.iter().any(|source| source.is_written != Truth::True)
        && sources.iter().any(|source| is_for_credential(&source));
    let counted: Vec<&Source<'_>> =
        sources.iter().filter(|source| !is_mixed || is_for_credential(source)).collect();
    if counted.is_empty() {
        return Truth::False;
    }
    all(counted.iter().map(|source| source.is_written))
}

/// Whether a value that the plan knows may be written in a local value, which only the files of the configuration tell:
/// there is no other reference, and no data source read it.
fn comes_from_a_local_value(plan: &Plan<'_>, found: &Resolution<'_>, value: &Value<'_>) -> bool {
    let is_local = |reference: &String| {
        let name = reference
            .strip_prefix("local.")
            .or_else(|| reference.rsplit_once(".local.").map(|(_, name)| name));
        name.is_some()
    };
    found.resources.is_empty()
        && found.variables.is_empty()
        && found.unresolved.iter().all(is_local)
        && is_credential_text(value)
        && value.as_str().is_some_and(|text| !plan.is_read_by_data(text))
}

/// Whether a credential in a document is written in the configuration, by its elements: one whose name means a
/// credential is, if its text contains no value of a variable that was given. `None` without variables, without such
/// elements, and where values are not known.
fn literal_element(place: &View<'_, '_>, value: &Value<'_>, sources: &[Source<'_>]) -> Option<Truth> {
    let variables = || sources.iter().filter(|source| source.variable.is_some());
    if variables().next().is_none() || variables().any(|source| source.is_written == Truth::Unknown) {
        return None;
    }
    let given = variables().filter(|source| source.is_written != Truth::True);
    let given: Vec<&Value<'_>> = given
        .map(|source| {
            let name = source.variable?;
            place.state().plan.variables.get(name).and_then(|variable| variable.value.as_ref())
        })
        .collect::<Option<_>>()?;
    let document = value.as_str().and_then(|text| unreadable::json(text).ok());
    let mut texts = Vec::new();
    secret::named_texts(document.as_ref().unwrap_or(value), &mut texts);
    texts.retain(|text| !text.is_empty() && !secret::is_placeholder(text) && !secret::is_public(text));
    if texts.is_empty() {
        return None;
    }
    let is_given = |text: &str| given.iter().any(|value| is_made_of(text, value));
    Some(Truth::of(texts.iter().any(|text| !is_given(text))))
}

/// Whether a text contains a value, or a text in it.
fn is_made_of(text: &str, value: &Value<'_>) -> bool {
    match value {
        Value::String(part) => !part.is_empty() && text.contains(part.as_ref()),
        Value::Array(elements) => elements.iter().any(|element| is_made_of(text, element)),
        Value::Object(object) => object.members().iter().any(|(_, member)| is_made_of(text, member)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether a root variable is for a credential, by its name or because it is sensitive.
fn is_for_credential(place: &View<'_, '_>, name: &str) -> bool {
    let declared = place.state().plan.configuration.as_ref().and_then(|all| all.root_variable(name));
    secret::promises_credential(name) || declared.is_some_and(|variable| variable.sensitive)
}

/// Whether a value that an expression of constants makes can be a credential: some text that is neither empty, nor a
/// certificate or public key, nor a placeholder. In a JSON document, its values count.
fn is_credential_text(value: &Value<'_>) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
        Value::Array(elements) => elements.iter().any(is_credential_text),
        Value::Object(object) => object.members().iter().any(|(_, value)| is_credential_text(value)),
        Value::String(text) => match unreadable::json(text) {
            Ok(document @ (Value::Array(_) | Value::Object(_))) => is_credential_text(&document),
            Ok(_) | Err(_) => {
                !text.trim().is_empty() && !secret::is_public(text) && !secret::is_placeholder(text)
            }
        },
    }
}

/// The value of a root variable, and whether that is its default. Unknown where the plan has a value of a variable that
/// it has lost the declaration of, and where it lacks the value: it is ephemeral, or lost.
fn root_variable<'p>(plan: &'p Plan<'p>, name: &'p str) -> Source<'p> {
    let value = plan.variables.get(name).and_then(|variable| variable.value.as_ref());
    let declared = plan.configuration.as_ref().and_then(|all| all.root_variable(name));
    let default = declared.and_then(|variable| variable.default.as_ref());
    let is_written = match (declared, value, default) {
        (None, None, _) | (Some(_), _, None) => Truth::False,
        (None, Some(_), _) => Truth::Unknown,
        (Some(_), None, Some(default)) if literal::is_empty(default) => Truth::False,
        (Some(_), None, Some(_)) => Truth::Unknown,
        (Some(_), Some(value), Some(default)) => Truth::of(value == default),
    };
    // What an ephemeral variable is, its default does not tell: where that says nothing, a value was given.
    let text = value.or(default.filter(|default| !literal::is_empty(default)));
    Source { variable: Some(name), text, is_written }
}

#[cfg(test)]
mod tests {
    use super::super::testing::judge;
    use super::*;

    use planguard_plan::{ResourceState, Side};

    use crate::Outcome;
    use crate::builtin::Builtin;
    use crate::engine::evaluate;

    /// The outcome for a database of a module with these expressions, variables of the root module and of the module.
    fn outcome(after: &str, expressions: &str, root: (&str, &str), module: (&str, &str)) -> Outcome {
        let ((declared, given), (defaults, arguments)) = (root, module);
        let text = format!(
            r#"{{"format_version": "1.2", "variables": {{{given}}}, "configuration": {{"root_module": {{
                "variables": {{{declared}}}, "module_calls": {{"m": {{"expressions": {{{arguments}}}, "module": {{
                "variables": {{{defaults}}}, "resources": [{{"mode": "managed", "type": "aws_db_instance",
                "name": "a", "expressions": {{{expressions}}}}}]}}}}}}}}}},
                "resource_changes": [{{"address": "module.m.aws_db_instance.a", "change": {{"actions": ["create"],
                "after": {{{after}}}, "after_unknown": {{}}}}}}]}}"#
        );
        judge("aws-db-instance-literal-password", &text).0.outcome
    }

    const CONDITION: &str = r#""password": {"references": ["var.managed", "var.p"]}"#;

    #[test]
    fn a_planned_null_is_no_literal_whatever_the_condition_is() {
        let defaults = (r#""managed": {"default": true}, "p": {"default": null}"#, "");
        assert_eq!(outcome(r#""password": null"#, CONDITION, ("", ""), defaults), Outcome::Pass);
        let named = (r#""managed": {"default": "yes"}, "p": {"default": "hunter2"}"#, "");
        assert_eq!(outcome(r#""password": null"#, CONDITION, ("", ""), named), Outcome::Pass);
        assert_eq!(outcome(r#""password": "hunter2""#, CONDITION, ("", ""), named), Outcome::Fail);
    }

    #[test]
    fn the_text_that_is_the_value_decides() {
        let defaults = r#""managed": {"default": true}, "p": {"default": null}"#;
        let from_root = (defaults, r#""p": {"references": ["var.p"]}"#);
        let given = (r#""p": {}"#, r#""p": {"value": "hunter2"}"#);
        assert_eq!(outcome(r#""password": "hunter2""#, CONDITION, given, from_root), Outcome::Pass);
        let kept = (r#""p": {"default": "hunter2"}"#, r#""p": {"value": "hunter2"}"#);
        assert_eq!(outcome(r#""password": "hunter2""#, CONDITION, kept, from_root), Outcome::Fail);
        let written = (defaults, r#""p": {"constant_value": "hunter2"}"#);
        assert_eq!(outcome(r#""password": "hunter2""#, CONDITION, ("", ""), written), Outcome::Fail);
        // `upper(var.p)` is as hard-coded as the variable, and `"${var.p}${var.q}"` is not if `q` was given.
        assert_eq!(outcome(r#""password": "HUNTER2""#, CONDITION, ("", ""), written), Outcome::Fail);
        let joined = (defaults, r#""p": {"references": ["var.p", "var.q"]}"#);
        let both = (
            r#""p": {"default": "hunter2"}, "q": {}"#,
            r#""p": {"value": "hunter2"}, "q": {"value": "-secret"}"#,
        );
        assert_eq!(outcome(r#""password": "hunter2-secret""#, CONDITION, both, joined), Outcome::Pass);
        let beside_random = r#""password": {"references": ["var.p", "random_password.r.result"]}"#;
        assert_eq!(outcome(r#""password": "xk3""#, beside_random, kept, from_root), Outcome::Pass);
    }

    #[test]
    fn a_write_only_attribute_is_judged_by_its_expression() {
        let write_only = r#""password_wo": {"references": ["var.managed", "var.p"]}"#;
        let set = r#""password_wo": null, "password_wo_version": 1"#;
        let defaults = r#""managed": {"default": true}, "p": {"default": null}"#;
        let written = (defaults, r#""p": {"constant_value": "hunter2"}"#);
        assert_eq!(outcome(set, write_only, ("", ""), written), Outcome::Fail);
        assert_eq!(outcome(r#""password_wo": null"#, write_only, ("", ""), written), Outcome::Pass);
        // Terraform leaves out the value of an ephemeral variable.
        let from_root =
            (defaults, r#""p": {"references": ["var.p"]}, "managed": {"references": ["var.managed"]}"#);
        let ephemeral = (r#""p": {}, "managed": {"default": "yes"}"#, r#""managed": {"value": "yes"}"#);
        assert_eq!(outcome(set, write_only, ephemeral, from_root), Outcome::Pass);
        let or_nothing =
            (r#""p": {"default": ""}, "managed": {"default": "yes"}"#, r#""managed": {"value": "yes"}"#);
        assert_eq!(outcome(set, write_only, or_nothing, from_root), Outcome::Pass);
        let or_default = (r#""p": {"default": "hunter2"}"#, "");
        let only_password = (defaults, r#""p": {"references": ["var.p"]}"#);
        assert_eq!(outcome(set, write_only, or_default, only_password), Outcome::Undetermined);
    }

    #[test]
    fn a_literal_is_undetermined_if_the_variable_is_lost() {
        let outcome = |declared: &str, given: &str| {
            let text = format!(
                r#"{{"format_version": "1.2", "variables": {{{given}}}, "configuration": {{"root_module": {{
                    "variables": {{{declared}}}, "resources": [{{"mode": "managed", "type": "aws_db_instance",
                    "name": "a", "expressions": {{"password": {{"references": ["var.p"]}}}}}}]}}}},
                    "resource_changes": [{{"address": "aws_db_instance.a", "change": {{"actions": ["create"],
                    "after": {{"password": "hunter2-secret"}}, "after_unknown": {{}}}}}}]}}"#
            );
            judge("aws-db-instance-literal-password", &text).0.outcome
        };
        let (declared, given) =
            (r#""p": {"default": "hunter2-secret"}"#, r#""p": {"value": "hunter2-secret"}"#);
        assert_eq!(outcome(declared, given), Outcome::Fail);
        assert_eq!(outcome(declared, r#""p": {"value": "another"}"#), Outcome::Pass);
        assert_eq!(outcome(r#""p": {}"#, given), Outcome::Pass);
        assert_eq!(outcome("", given), Outcome::Undetermined);
        assert_eq!(outcome(declared, ""), Outcome::Undetermined);
    }

    #[test]
    fn a_literal_is_undetermined_if_its_expression_is_lost() {
        let outcome = |root: &str, after: &str| {
            let text = format!(
                r#"{{"format_version": "1.2", "configuration": {{"root_module": {root}}}, "resource_changes": [{{
                    "address": "module.m.aws_db_instance.a", "change": {{"actions": ["create"], "after": {after},
                    "after_unknown": {{}}}}}}]}}"#
            );
            judge("aws-db-instance-literal-password", &text).0.outcome
        };
        let root = |call: &str, block: &str| {
            format!(
                r#"{{"module_calls": {{"m": {{"expressions": {call}, "module": {{"variables": {{"p": {{}}}}, "resources": [
                    {{"mode": "managed", "type": "aws_db_instance", "name": "a", "expressions": {block}}}]}}}}}}}}"#
            )
        };
        let (call, block) =
            (r#"{"p": {"constant_value": "hunter2-secret"}}"#, r#"{"password": {"references": ["var.p"]}}"#);
        let after = r#"{"instance_class": "x", "password": "hunter2-secret"}"#;
        assert_eq!(outcome(&root(call, block), after), Outcome::Fail);
        assert_eq!(outcome(&root("{}", block), after), Outcome::Undetermined);
        assert_eq!(outcome(&root(call, "{}"), after), Outcome::Undetermined);
        let nothing = r#"{"instance_class": "x", "password": null}"#;
        assert_eq!(outcome(&root("{}", block), nothing), Outcome::Pass);
        // A call of a function whose arguments are constant.
        assert_eq!(outcome(&root(call, r#"{"password": {}}"#), after), Outcome::Fail);
    }

    #[test]
    fn the_parts_of_an_expression_decide_whether_it_is_a_literal() {
        let outcome = |expression: &str, value: &str| {
            // What a random value is part of is unknown while planning.
            let is_unknown = expression.contains("random");
            let text = format!(
                r#"{{"format_version": "1.2", "variables": {{"username": {{"value": "admin"}},
                    "password": {{"value": "correct-horse"}}, "given_password": {{"value": "hunter22"}},
                    "host": {{"value": "db.internal"}}, "key": {{"value": "given-key"}}}},
                    "configuration": {{"root_module": {{"variables": {{"username": {{"default": "admin"}},
                    "password": {{"default": "correct-horse"}}, "given_password": {{}}, "host": {{}}, "key": {{}}}}, "resources": [
                    {{"address": "random_password.db", "mode": "managed", "type": "random_password", "name": "db", "expressions": {{}}}},
                    {{"address": "aws_secretsmanager_secret_version.a", "mode": "managed",
                    "type": "aws_secretsmanager_secret_version", "name": "a", "expressions": {{"secret_string": {expression}}}}}]}}}},
                    "resource_changes": [{{"address": "aws_secretsmanager_secret_version.a", "change": {{"actions": ["create"],
                    "after": {{"secret_string": {value}}}, "after_unknown": {{"secret_string": {is_unknown}}}}}}}]}}"#
            );
            judge("aws-secret-literal-value", &text).0.outcome
        };
        let json = |text: &str| serde_json::Value::String(text.to_owned()).to_string();
        let refer = |to: &[&str]| {
            let quoted: Vec<String> = to.iter().map(|to| format!("{to:?}")).collect();
            format!(r#"{{"references": [{}]}}"#, quoted.join(", "))
        };
        let document = json(r#"{"password":"hunter22","username":"admin"}"#);
        assert_eq!(outcome("{}", &document), Outcome::Fail);
        assert_eq!(outcome("{}", r#""Y29ycmVjdC1ob3JzZQ==""#), Outcome::Fail);
        assert_eq!(outcome(&refer(&["path.module"]), &document), Outcome::Fail);
        for placeholder in [r#"{"password":"CHANGE_ME"}"#, r#"{"password":"","port":5432}"#, "{}", "[]"] {
            assert_eq!(outcome("{}", &json(placeholder)), Outcome::Pass, "{placeholder}");
        }
        assert_eq!(outcome("{}", "null"), Outcome::Pass);
        assert_eq!(outcome("{}", &json("-----BEGIN CERTIFICATE-----\nMIIE")), Outcome::Pass);
        let random = ["random_password.db.result", "random_password.db"];
        assert_eq!(outcome(&refer(&[&random[..], &["var.username"]].concat()), "null"), Outcome::Pass);
        assert_eq!(
            outcome(&refer(&[&random[..], &["var.password"]].concat()), "null"),
            Outcome::Undetermined
        );
        assert_eq!(outcome(&refer(&["var.username", "var.given_password"]), &document), Outcome::Pass);
        let default = json(r#"{"password":"correct-horse","username":"admin"}"#);
        assert_eq!(outcome(&refer(&["var.username", "var.password"]), &default), Outcome::Fail);
        assert_eq!(outcome(&refer(&["local.secret"]), &document), Outcome::Undetermined);
        // A literal password beside a host that is given, and a given password beside a default user.
        let host = json(r#"{"host":"db.internal","password":"hunter22"}"#);
        assert_eq!(outcome(&refer(&["var.host"]), &host), Outcome::Fail);
        let nested = json(r#"{"host":"db.internal","auth":{"api_key":"given-key"}}"#);
        assert_eq!(outcome(&refer(&["var.username", "var.host", "var.key"]), &nested), Outcome::Pass);
        assert_eq!(outcome(&refer(&["var.username", "var.host"]), &nested), Outcome::Fail);
    }

    #[test]
    fn what_a_variable_without_a_value_falls_back_to_is_written() {
        let fallback = r#""password": {"references": ["var.p"]}"#;
        let passed = (r#""p": {}"#, r#""p": {"references": ["var.p"]}"#);
        let (unset, given) = (
            (r#""p": {"default": null}"#, r#""p": {"value": null}"#),
            (r#""p": {}"#, r#""p": {"value": "Winter"}"#),
        );
        let password =
            |value: &str, root| outcome(&format!(r#""password": "{value}""#), fallback, root, passed);
        assert_eq!(password("Autumn-2024", unset), Outcome::Fail);
        assert_eq!(password("changeme", unset), Outcome::Pass);
        assert_eq!(password("Winter-and-more", given), Outcome::Pass);
    }

    /// The outcome for a password from a local value, which refers to `references` if there are files.
    fn from_a_local_value(data: &str, references: Option<&[&str]>) -> (Outcome, Option<Unreadable>) {
        let text = format!(
            r#"{{"format_version": "1.2", "configuration": {{"root_module": {{"variables": {{"p": {{}}}}, "resources": [
                {{"mode": "managed", "type": "aws_db_instance", "name": "a", "expressions":
                {{"password": {{"references": ["local.pw"]}}}}}},
                {{"mode": "data", "type": "aws_secretsmanager_secret_version", "name": "s", "expressions": {{}}}}]}}}},
                "prior_state": {{"values": {{"root_module": {{"resources": [{{"address": "data.x.s", "mode": "data",
                "type": "aws_secretsmanager_secret_version", "name": "s", "values": {{"secret_string": "{data}"}}}}]}}}}}},
                "variables": {{"p": {{"value": "Winter-2024"}}}}, "resource_changes": [{{"address": "aws_db_instance.a",
                "change": {{"actions": ["create"], "after": {{"password": "Winter-2024"}}, "after_unknown": {{}}}}}}]}}"#
        );
        let plan = Plan::parse(&text).unwrap();
        let index = PlanIndex::new(&plan).with_local_values(Box::new(move |module, name| {
            assert_eq!((module, name), ("", "pw"));
            Some(references?.iter().map(|one| (*one).to_owned()).collect())
        }));
        let state = ResourceState::new(&plan, &plan.resource_changes[0], Side::After).unwrap();
        let guardrail = Builtin::for_type("aws_db_instance")
            .find(|builtin| builtin.id() == "aws-db-instance-literal-password")
            .unwrap()
            .definition();
        let found = evaluate(&guardrail, &state, &index);
        (found.outcome, found.evidence.and_then(|evidence| evidence.unreadable))
    }

    #[test]
    fn a_local_value_is_followed_where_the_files_are_at_hand() {
        let (written, given) = (Some(&[][..]), Some(&["var.p"][..]));
        let read = Some(&["data.aws_secretsmanager_secret_version.s.secret_string"][..]);
        for (references, expected) in
            [(written, Outcome::Fail), (given, Outcome::Pass), (read, Outcome::Pass)]
        {
            assert_eq!(from_a_local_value("", references).0, expected, "{references:?}");
        }
    }

    #[test]
    fn a_local_value_without_files_is_undetermined_unless_a_data_source_read_the_value() {
        let lost = (Outcome::Undetermined, Some(Unreadable::NoLocalValue));
        assert_eq!(from_a_local_value("something else", None), lost);
        assert_eq!(from_a_local_value("user:Winter-2024", None).0, Outcome::Pass);
    }
}
