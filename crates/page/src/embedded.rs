//! What the script of a page reads: the model as JSON in which no text ends the element that holds it.

use planguard_plan::text::escape;
use serde::Serialize;
use serde::ser::{SerializeSeq as _, Serializer};

use crate::model::{Action, MapBox, Page, Resource, Row, Unchanged};
use crate::text::Text;

#[derive(Serialize)]
struct Data<'p> {
    plans: Vec<&'p Text>,
    resources: Vec<Changing<'p>>,
    unchanged: Vec<Staying<'p>>,
    blocks: Vec<(usize, &'p Text)>,
    arrows: &'p [(usize, usize)],
    #[serde(rename = "arrowsLeftOut")]
    arrows_left_out: usize,
    maps: Vec<&'p [MapBox]>,
}

#[derive(Serialize)]
struct Changing<'p> {
    #[serde(skip_serializing_if = "is_first")]
    plan: usize,
    address: &'p Text,
    #[serde(skip_serializing_if = "Text::is_empty")]
    module: &'p Text,
    #[serde(rename = "type")]
    kind: &'p Text,
    action: Action,
    said: &'p Text,
    #[serde(skip_serializing_if = "<[Text]>::is_empty")]
    notes: &'p [Text],
    #[serde(skip_serializing_if = "<[Row]>::is_empty", serialize_with = "rows")]
    rows: &'p [Row],
    #[serde(skip_serializing_if = "is_false")]
    cut: bool,
    #[serde(skip_serializing_if = "<[usize]>::is_empty")]
    findings: &'p [usize],
    #[serde(skip_serializing_if = "<[&str]>::is_empty")]
    levels: &'p [&'static str],
    #[serde(skip_serializing_if = "<[usize]>::is_empty")]
    drift: &'p [usize],
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<&'p Text>,
}

#[derive(Serialize)]
struct Staying<'p> {
    #[serde(skip_serializing_if = "is_first")]
    plan: usize,
    address: &'p Text,
    #[serde(skip_serializing_if = "Text::is_empty")]
    module: &'p Text,
    #[serde(rename = "type")]
    kind: &'p Text,
    #[serde(skip_serializing_if = "<[usize]>::is_empty")]
    findings: &'p [usize],
    #[serde(skip_serializing_if = "<[&str]>::is_empty")]
    levels: &'p [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<usize>,
}

const fn is_first(plan: &usize) -> bool {
    *plan == 0
}

const fn is_false(is_so: &bool) -> bool {
    !*is_so
}

/// Rows as arrays: names of members would be most of the text.
fn rows<S: Serializer>(rows: &&[Row], serializer: S) -> Result<S::Ok, S::Error> {
    let mut all = serializer.serialize_seq(Some(rows.len()))?;
    for row in *rows {
        let Row { depth, mark, form, name, before, after, forces } = row;
        all.serialize_element(&(depth, mark.class(), form.class(), name, before, after, u8::from(*forces)))?;
    }
    all.end()
}

impl<'p> From<&'p Resource> for Changing<'p> {
    fn from(resource: &'p Resource) -> Self {
        Self {
            plan: resource.plan,
            address: &resource.address,
            module: &resource.module,
            kind: &resource.kind,
            action: resource.action,
            said: &resource.said,
            notes: &resource.notes,
            rows: &resource.rows,
            cut: resource.is_cut,
            findings: &resource.findings,
            levels: &resource.levels,
            drift: &resource.drift,
            block: resource.block,
            cost: resource.cost.as_ref(),
        }
    }
}

impl<'p> From<&'p Unchanged> for Staying<'p> {
    fn from(unchanged: &'p Unchanged) -> Self {
        let Unchanged { plan, address, module, kind, block, findings, levels } = unchanged;
        Self { plan: *plan, address, module, kind, findings, levels, block: *block }
    }
}

/// The model as JSON for a `script` element.
///
/// # Errors
/// Those of the writer of JSON.
pub(crate) fn data(page: &Page) -> Result<String, serde_json::Error> {
    let data = Data {
        plans: page.plans.iter().map(|plan| &plan.origin).collect(),
        resources: page.resources.iter().map(Changing::from).collect(),
        unchanged: page.unchanged.iter().map(Staying::from).collect(),
        blocks: page.blocks.iter().map(|block| (block.plan, &block.address)).collect(),
        arrows: &page.arrows,
        arrows_left_out: page.arrows_left_out,
        maps: page
            .plans
            .iter()
            .map(|plan| plan.map.as_ref().map_or(&[][..], |map| map.boxes.as_slice()))
            .collect(),
    };
    Ok(without_markup(&escape::json(&serde_json::to_string(&data)?)))
}

/// JSON in which nothing ends a `script` element or begins a comment: such characters occur in strings only.
fn without_markup(json: &str) -> String {
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_the_element() {
        let address = "x.y[\"</script><!-- & <script>\"]";
        let page = Page {
            resources: vec![Resource { address: Text::composed(address.to_owned()), ..Resource::default() }],
            ..Page::default()
        };
        let data = data(&page).unwrap();
        assert!(!data.contains(['<', '>', '&']), "{data}");
        let read: serde_json::Value = serde_json::from_str(&data).unwrap();
        assert_eq!(read["resources"][0]["address"], address);
    }
}
