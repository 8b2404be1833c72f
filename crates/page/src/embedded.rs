//! What the script of a page reads: the model as JSON in which no text ends the element that holds it.

use std::collections::HashMap;

use planguard_plan::text::escape;
use serde::Serialize;
use serde::ser::{SerializeSeq as _, Serializer};

use crate::STATIC_ROWS;
use crate::model::{Action, Cost, FindingMark, MapBox, Page, Resource, Row, Unchanged};
use crate::text::Text;

#[derive(Serialize)]
struct Data<'p> {
    plans: Vec<&'p Text>,
    /// Texts that many objects have; the objects have their positions.
    texts: Vec<&'p Text>,
    /// How many of the resources have a row in the page.
    rows: usize,
    costs: bool,
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
    module: usize,
    #[serde(rename = "type")]
    kind: usize,
    action: Action,
    said: usize,
    #[serde(skip_serializing_if = "<[Text]>::is_empty")]
    notes: &'p [Text],
    #[serde(skip_serializing_if = "<[Row]>::is_empty", serialize_with = "rows")]
    rows: &'p [Row],
    #[serde(skip_serializing_if = "is_false")]
    cut: bool,
    #[serde(skip_serializing_if = "<[usize]>::is_empty")]
    findings: &'p [usize],
    #[serde(skip_serializing_if = "<[FindingMark]>::is_empty", serialize_with = "marks")]
    marks: &'p [FindingMark],
    #[serde(skip_serializing_if = "<[usize]>::is_empty")]
    drift: &'p [usize],
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<ShownCost<'p>>,
    /// What its row says, if the page has none: which attributes differ, which force a replacement, how many depend on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<(usize, Option<&'p Text>, usize)>,
}

#[derive(Serialize)]
struct Staying<'p> {
    #[serde(skip_serializing_if = "is_first")]
    plan: usize,
    address: &'p Text,
    module: usize,
    #[serde(rename = "type")]
    kind: usize,
    #[serde(skip_serializing_if = "<[usize]>::is_empty")]
    findings: &'p [usize],
    #[serde(skip_serializing_if = "<[FindingMark]>::is_empty", serialize_with = "marks")]
    marks: &'p [FindingMark],
    #[serde(skip_serializing_if = "<[usize]>::is_empty")]
    drift: &'p [usize],
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<ShownCost<'p>>,
}

#[derive(Serialize)]
struct ShownCost<'p> {
    #[serde(skip_serializing_if = "Text::is_empty")]
    change: &'p Text,
    #[serde(skip_serializing_if = "Text::is_empty")]
    sides: &'p Text,
    cents: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<usize>,
}

/// Each text once.
#[derive(Default)]
struct Texts<'p> {
    all: Vec<&'p Text>,
    positions: HashMap<&'p Text, usize>,
}

impl<'p> Texts<'p> {
    fn position(&mut self, text: &'p Text) -> usize {
        let all = &mut self.all;
        *self.positions.entry(text).or_insert_with(|| {
            all.push(text);
            all.len() - 1
        })
    }
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

/// Findings as arrays, for the same reason.
fn marks<S: Serializer>(marks: &&[FindingMark], serializer: S) -> Result<S::Ok, S::Error> {
    let mut all = serializer.serialize_seq(Some(marks.len()))?;
    for FindingMark { severity, level, number } in *marks {
        all.serialize_element(&(number, severity, level))?;
    }
    all.end()
}

impl<'p> Texts<'p> {
    fn changing(&mut self, position: usize, resource: &'p Resource) -> Changing<'p> {
        Changing {
            plan: resource.plan,
            address: &resource.address,
            module: self.position(&resource.module),
            kind: self.position(&resource.kind),
            action: resource.action,
            said: self.position(&resource.said),
            notes: &resource.notes,
            rows: &resource.rows,
            cut: resource.is_cut,
            findings: &resource.findings,
            marks: &resource.marks,
            drift: &resource.drift,
            block: resource.block,
            cost: resource.cost.as_ref().map(|cost| self.cost(cost)),
            row: (position >= STATIC_ROWS)
                .then(|| (self.position(&resource.names), resource.forced_by.as_ref(), resource.dependents)),
        }
    }

    /// Objects of a type have the same parts.
    fn cost(&mut self, cost: &'p Cost) -> ShownCost<'p> {
        let Cost { change, sides, cents, parts } = cost;
        let parts = parts.iter().map(|part| self.position(part)).collect();
        ShownCost { change, sides, cents: *cents, parts }
    }

    fn staying(&mut self, unchanged: &'p Unchanged) -> Staying<'p> {
        let Unchanged { plan, address, module, kind, block, findings, marks, drift, cost } = unchanged;
        let (module, kind) = (self.position(module), self.position(kind));
        Staying {
            plan: *plan,
            address,
            module,
            kind,
            findings,
            marks,
            drift,
            block: *block,
            cost: cost.as_ref().map(|cost| self.cost(cost)),
        }
    }
}

/// The model as JSON for a `script` element.
///
/// # Errors
/// Those of the writer of JSON.
pub(crate) fn data(page: &Page) -> Result<String, serde_json::Error> {
    let mut texts = Texts::default();
    let resources = page.resources.iter().enumerate();
    let resources = resources.map(|(position, resource)| texts.changing(position, resource)).collect();
    let unchanged = page.unchanged.iter().map(|unchanged| texts.staying(unchanged)).collect();
    let data = Data {
        plans: page.plans.iter().map(|plan| &plan.origin).collect(),
        texts: texts.all,
        rows: page.resources.len().min(STATIC_ROWS),
        costs: page.has_costs,
        resources,
        unchanged,
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

/// The mark of a resource whose differences are left out: `"cut":true,`.
pub(crate) const SIZE_OF_MARK: usize = 11;

#[derive(Serialize)]
struct OnlyRows<'p> {
    #[serde(serialize_with = "rows")]
    rows: &'p [Row],
}

/// How many bytes of the data the differences of a resource are.
///
/// # Errors
/// Those of the writer of JSON.
pub(crate) fn size_of_rows(rows: &[Row]) -> Result<usize, serde_json::Error> {
    if rows.is_empty() {
        return Ok(0);
    }
    let json = without_markup(&escape::json(&serde_json::to_string(&OnlyRows { rows })?));
    // A comma instead of the braces.
    Ok(json.len() - 1)
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
