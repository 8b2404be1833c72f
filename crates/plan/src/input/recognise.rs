//! Recognises a plan in decoded text, and names what else it may be.

use std::borrow::Cow;
use std::ops::Range;

use super::decode::WrapperLines;
use super::depth::first_byte_too_deep;
use super::format_version::FormatVersion;
use super::not_json;
use super::options::OnWrapperLines;
use super::position::Position;
use super::problem::Problem;
use super::surrogates;
use super::top_level::{self, Key, Keys, Section, TopLevel};

/// White space in JSON.
const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// The line that the setup-terraform wrapper prints before the output of its command.
const WRAPPER_HEAD: &str = "[command]";

/// The lines it prints after it. An `::error::` line is not among them: the command failed.
const WRAPPER_TAIL: [&str; 2] = ["::debug::", "::set-output name="];

/// The lines that carry the command's exit code.
const WRAPPER_EXIT_CODE: [&str; 2] = ["::debug::exitcode: ", "::set-output name=exitcode::"];

/// A text in which a plan was recognised.
#[derive(Debug)]
pub(super) struct Recognised {
    /// The place of the plan's JSON object in the text.
    pub(super) range: Range<usize>,
    pub(super) format_version: FormatVersion,
    pub(super) wrapper_lines: WrapperLines,
}

/// Finds the one plan that `text` consists of.
pub(super) fn recognise(text: &str, on_wrapper_lines: OnWrapperLines) -> Result<Recognised, Problem> {
    let (start, head) = after_wrapper_head(text, on_wrapper_lines)?;
    match text.as_bytes().get(start) {
        None => return Err(Problem::Empty),
        Some(b'{') => {}
        Some(_) => return Err(not_json::problem(text, start)),
    }
    let (top, end) = top_level::read(text, start)?;
    if top.keys.contains(Key::Level) {
        return Err(Problem::EventStream);
    }
    let tail = after_document(text, end, on_wrapper_lines)?;
    let format_version = plan_version(&top)?;
    if let Some(byte) = first_byte_too_deep(text.get(start..end).unwrap_or(text)) {
        return Err(Problem::TooDeep { position: Position::of_byte(text, start + byte) });
    }
    if let Some(byte) = surrogates::first_unpaired(text.get(start..end).unwrap_or(text)) {
        return Err(Problem::HalfCharacter { position: Position::of_byte(text, start + byte) });
    }
    let wrapper_lines = if head == WrapperLines::Stripped { head } else { tail };
    Ok(Recognised { range: start..end, format_version, wrapper_lines })
}

/// Where the document starts, and whether a wrapper's line precedes it.
fn after_wrapper_head(
    text: &str,
    on_wrapper_lines: OnWrapperLines,
) -> Result<(usize, WrapperLines), Problem> {
    let body = text.trim_start_matches(SPACE);
    if !body.starts_with(WRAPPER_HEAD) {
        return Ok((text.len() - body.len(), WrapperLines::None));
    }
    match on_wrapper_lines {
        OnWrapperLines::Refuse => Err(Problem::SetupTerraformWrapper),
        OnWrapperLines::Strip => {
            let rest = body.split_once('\n').map_or("", |(_, rest)| rest).trim_start_matches(SPACE);
            Ok((text.len() - rest.len(), WrapperLines::Stripped))
        }
    }
}

/// Checks that nothing follows the document but, when allowed, a wrapper's lines.
fn after_document(text: &str, end: usize, on_wrapper_lines: OnWrapperLines) -> Result<WrapperLines, Problem> {
    let rest = text.get(end..).unwrap_or_default().trim_start_matches(SPACE);
    if rest.is_empty() {
        return Ok(WrapperLines::None);
    }
    let position = || Position::of_byte(text, text.len() - rest.len());
    if rest.starts_with(['{', '[']) {
        return Err(Problem::Concatenated { position: position() });
    }
    if !rest.starts_with("::") {
        return Err(Problem::TrailingText { position: position() });
    }
    match on_wrapper_lines {
        OnWrapperLines::Refuse => Err(Problem::SetupTerraformWrapper),
        OnWrapperLines::Strip => {
            let mut lines = rest.lines().map(|line| line.trim_matches(SPACE)).filter(|line| !line.is_empty());
            lines.try_for_each(|line| check_wrapper_tail(line, position))?;
            Ok(WrapperLines::Stripped)
        }
    }
}

fn check_wrapper_tail(line: &str, position: impl Fn() -> Position) -> Result<(), Problem> {
    let exit_code = WRAPPER_EXIT_CODE.iter().find_map(|prefix| line.strip_prefix(prefix));
    if line.starts_with("::error") || exit_code.is_some_and(|code| code != "0") {
        return Err(Problem::WrappedCommandFailed);
    }
    if !WRAPPER_TAIL.iter().any(|prefix| line.starts_with(prefix)) {
        return Err(Problem::TrailingText { position: position() });
    }
    Ok(())
}

/// The plan's version, or what the document is instead. What marks a document as another kind is
/// checked first: a redacted plan has `resource_changes` too.
fn plan_version(top: &TopLevel<'_>) -> Result<FormatVersion, Problem> {
    let keys = top.keys;
    if keys.contains_all(&[Key::Serial, Key::Lineage]) {
        return Err(Problem::State);
    }
    if keys.contains_all(&[Key::EncryptedData, Key::EncryptionVersion]) {
        return Err(Problem::EncryptedPlan);
    }
    if keys.contains_all(&[Key::RemotePlanFormat, Key::RunId]) {
        return Err(Problem::CloudBookmark);
    }
    if keys.contains(Key::PlanFormatVersion) {
        return Err(Problem::RedactedPlan);
    }
    if let Some(key) = top.repeated {
        return Err(Problem::RepeatedKey(key));
    }
    let planned = Section::PlannedValues.is_present(top.planned_values)?;
    let changed = Section::ResourceChanges.is_present(top.resource_changes)?;
    if planned || changed || keys.contains(Key::FormatVersion) {
        refuse_typo(top)?;
    }
    if !planned && !changed {
        return Err(without_plan(keys));
    }
    let version = top.format_version.ok_or(Problem::NoFormatVersion)?;
    let text: Cow<'_, str> =
        serde_json::from_str(version.get()).map_err(|_| Problem::MalformedFormatVersion)?;
    let version = FormatVersion::parse(&text).ok_or(Problem::MalformedFormatVersion)?;
    if !version.is_supported() {
        return Err(Problem::UnsupportedFormatVersion(version));
    }
    Ok(version)
}

/// A misspelt section would count as absent, and what it lists as unchanged.
fn refuse_typo(top: &TopLevel<'_>) -> Result<(), Problem> {
    match top.typo() {
        Some((key, meant)) => Err(Problem::MisspeltKey { key: key.to_owned(), meant }),
        None => Ok(()),
    }
}

/// The kind of an object that has neither of the sections of a plan.
fn without_plan(keys: Keys) -> Problem {
    if keys.contains(Key::ProviderSchemas) {
        return Problem::ProviderSchemas;
    }
    if keys.contains_all(&[Key::Valid, Key::Diagnostics]) {
        return Problem::Validation;
    }
    if !keys.contains(Key::FormatVersion) {
        let configuration = keys.contains(Key::RootModule);
        return if configuration { Problem::ShownConfiguration } else { Problem::NoPlanKeys };
    }
    if keys.contains(Key::Values) {
        return Problem::ShownState;
    }
    if keys.is_subset(Keys::of(&[Key::FormatVersion, Key::TerraformVersion, Key::Checks])) {
        return Problem::BareShow;
    }
    Problem::VersionedWithoutPlan
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = r#"{"format_version":"1.2","planned_values":{},"resource_changes":[]}"#;

    fn strict(text: &str) -> Result<Recognised, Problem> {
        recognise(text, OnWrapperLines::Refuse)
    }

    #[test]
    fn one_of_the_two_sections_makes_a_plan() {
        for sections in [r#""planned_values":{}"#, r#""resource_changes":[]"#] {
            let text = format!(r#" {{"format_version":"0.1",{sections}}}  "#);
            let recognised = strict(&text).unwrap();
            assert_eq!(&text[recognised.range], text.trim());
        }
    }

    #[test]
    fn sections_must_have_their_type_and_null_is_absent() {
        let changes = |value: &str| format!(r#"{{"format_version":"1.2","resource_changes":{value}}}"#);
        for wrong in ["{}", "1", "\"[]\"", "true"] {
            assert!(matches!(strict(&changes(wrong)), Err(Problem::MistypedSection(_))), "{wrong}");
        }
        assert!(matches!(strict(&changes("null")), Err(Problem::VersionedWithoutPlan)));
    }

    #[test]
    fn versions_are_checked() {
        let plan = |version: &str| format!(r#"{{{version}"resource_changes":[]}}"#);
        assert!(matches!(strict(&plan("")), Err(Problem::NoFormatVersion)));
        for malformed in ["1.2", "null", "\"\"", "\"one\"", "{}"] {
            let text = plan(&format!(r#""format_version":{malformed},"#));
            assert!(matches!(strict(&text), Err(Problem::MalformedFormatVersion)), "{malformed}");
        }
        let text = plan(r#""format_version":"2.0","#);
        assert!(matches!(strict(&text), Err(Problem::UnsupportedFormatVersion(_))));
        assert_eq!(strict(&plan(r#""format_version":"1\u002e3","#)).unwrap().format_version.minor, 3);
    }

    #[test]
    fn half_a_character_is_refused_wherever_it_stands() {
        for text in [
            r#"{"format_version":"1.2","resource_changes":[],"other":"\ud800"}"#,
            r#"{"format_version":"1.2","resource_changes":[],"prior_state":{"\uDC00":1}}"#,
        ] {
            assert!(matches!(strict(text), Err(Problem::HalfCharacter { .. })), "{text}");
        }
        assert!(strict(r#"{"format_version":"1.2","resource_changes":[],"other":"\ud83d\ude00"}"#).is_ok());
    }

    #[test]
    fn wrapper_lines_are_left_out_only_on_request() {
        let tail =
            "::debug::Terraform exited with code 0.\n::debug::exitcode: 0\n::set-output name=stderr::\n";
        let wrapped = format!("[command]/opt/terraform-bin show -json p\n{PLAN}\n{tail}");
        assert!(matches!(strict(&wrapped), Err(Problem::SetupTerraformWrapper)));
        assert!(matches!(strict(&format!("{PLAN}\n{tail}")), Err(Problem::SetupTerraformWrapper)));
        let recognised = recognise(&wrapped, OnWrapperLines::Strip).unwrap();
        assert_eq!(&wrapped[recognised.range], PLAN);
        assert_eq!(recognised.wrapper_lines, WrapperLines::Stripped);
    }

    #[test]
    fn leniency_ends_at_the_wrappers_own_lines() {
        let lenient = |text: &str| recognise(text, OnWrapperLines::Strip);
        let failed = format!("{PLAN}\n::error::Terraform exited with code 1.\n");
        assert!(matches!(lenient(&failed), Err(Problem::WrappedCommandFailed)));
        let failed = format!("{PLAN}\n::debug::exitcode: 1\n");
        assert!(matches!(lenient(&failed), Err(Problem::WrappedCommandFailed)));
        let other = format!("{PLAN}\n::debug::x\nmore\n");
        assert!(matches!(lenient(&other), Err(Problem::TrailingText { .. })));
        let second = format!("[command]x\n{PLAN}\n{PLAN}\n");
        assert!(matches!(lenient(&second), Err(Problem::Concatenated { .. })));
        assert!(matches!(lenient("[command]x"), Err(Problem::Empty)));
    }

    #[test]
    fn wrapper_lines_within_the_document_are_its_own() {
        let text = r#"{"format_version":"1.2","resource_changes":["\n::debug::x\n[command]"]}"#;
        assert_eq!(recognise(text, OnWrapperLines::Strip).unwrap().wrapper_lines, WrapperLines::None);
    }

    #[test]
    fn a_misspelt_key_of_a_plan_is_refused() {
        let with = |key: &str| PLAN.replacen('{', &format!(r#"{{"{key}":[],"#), 1);
        for (key, right) in [
            ("output_change", "output_changes"),
            ("prior_states", "prior_state"),
            ("resource_drifts", "resource_drift"),
            ("Configuration", "configuration"),
            ("erored", "errored"),
        ] {
            match strict(&with(key)) {
                Err(Problem::MisspeltKey { key: found, meant }) => assert_eq!((&*found, meant), (key, right)),
                other => panic!("{key}: {other:?}"),
            }
        }
        for key in ["resource_change", "ressource_changes", "resource-changes", "Resource_Changes"] {
            let text = PLAN.replace("resource_changes", key);
            assert!(
                matches!(strict(&text), Err(Problem::MisspeltKey { meant: "resource_changes", .. })),
                "{key}"
            );
        }
        let text = PLAN.replace("planned_values", "planed_values");
        assert!(matches!(strict(&text), Err(Problem::MisspeltKey { meant: "planned_values", .. })));
        let alone = r#"{"format_version":"1.2","planed_values":{}}"#;
        assert!(matches!(strict(alone), Err(Problem::MisspeltKey { .. })));
        let version = PLAN.replace("format_version", "format_versions");
        assert!(matches!(strict(&version), Err(Problem::MisspeltKey { meant: "format_version", .. })));
    }

    #[test]
    fn keys_that_are_not_like_a_plans_are_nothing_special() {
        // The key that it is like is there: whoever reads the plan misses nothing.
        let with = |key: &str| PLAN.replacen('{', &format!(r#"{{"{key}":[],"#), 1);
        for key in ["x", "resource_change", "metadata", "cost_estimate", "planguard"] {
            assert!(strict(&with(key)).is_ok(), "{key}");
        }
        assert!(matches!(strict(r#"{"variable":[],"check":1}"#), Err(Problem::NoPlanKeys)));
    }

    #[test]
    fn marks_of_other_kinds_outweigh_the_keys_of_a_plan() {
        let with = |keys: &str| PLAN.replacen('{', &format!("{{{keys},"), 1);
        assert!(matches!(strict(&with(r#""serial":1,"lineage":"x""#)), Err(Problem::State)));
        assert!(matches!(strict(&with(r#""plan_format_version":"1.2""#)), Err(Problem::RedactedPlan)));
        assert!(matches!(strict(&with(r#""@level":"info""#)), Err(Problem::EventStream)));
        assert!(matches!(strict(&with(r#""resource_changes":[]"#)), Err(Problem::RepeatedKey(_))));
    }
}
