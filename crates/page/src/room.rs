//! Keeps a page below a size: leaves out differences of what a reviewer need look at least, and measures what is written.

use askama::Template;

use crate::model::{Page, Row};
use crate::{PageError, STATIC_DIFFERENCES, embedded, render};

/// The room of the sentences that say what is left out.
const SENTENCES: usize = 2_000;

/// More than what stands in the place of one resource's differences.
const SIZE_OF_SENTENCE: usize = 200;

/// A tenth of a page is there for the differences of what matters most, however much room the rest of the page takes.
const LEAST_PART: usize = 10;

#[derive(Template)]
#[template(path = "rows.html", escape = "html")]
struct Rows<'p> {
    rows: &'p [Row],
}

fn size_of_markup(rows: &[Row]) -> Result<usize, PageError> {
    Ok(Rows { rows }.render()?.len())
}

/// Writes a page of at most so many bytes, as far as leaving out differences can do that; findings and the list of resources are
/// never left out. What is left out is said in the page.
///
/// # Errors
/// Those of [`render`].
pub fn render_within(page: &mut Page, most: usize) -> Result<String, PageError> {
    let whole = render(page)?;
    if whole.len() <= most {
        return Ok(whole);
    }
    let mut excess = whole.len() + SENTENCES - most;
    drop(whole);
    cut_resources(page, STATIC_DIFFERENCES, &mut excess)?;
    cut_drift(page, &mut excess)?;
    cut_sections(page, &mut excess)?;
    let kept = most_notable(page, most / LEAST_PART)?;
    cut_resources(page, kept, &mut excess)?;
    render(page)
}

/// How many resources at the start of the list have so much room.
fn most_notable(page: &Page, room: usize) -> Result<usize, PageError> {
    let mut taken = 0;
    for (position, resource) in page.resources.iter().enumerate() {
        // Their differences are in the page twice: for the script, and for a reader without it.
        taken += embedded::size_of_rows(&resource.rows)? + size_of_markup(&resource.rows)?;
        if taken > room {
            return Ok(position);
        }
    }
    Ok(page.resources.len())
}

/// Leaves out the differences of resources from the end of the list, but not of the first ones.
fn cut_resources(page: &mut Page, first: usize, excess: &mut usize) -> Result<(), PageError> {
    let resources = page.resources.iter_mut().enumerate().skip(first).rev();
    for (position, resource) in resources.filter(|(_, resource)| !resource.rows.is_empty()) {
        if *excess == 0 {
            break;
        }
        let size = embedded::size_of_rows(&resource.rows)?;
        *excess = excess.saturating_sub(size.saturating_sub(embedded::SIZE_OF_MARK));
        // Those of the first ones are also there for a reader without the script.
        if position < STATIC_DIFFERENCES {
            let size = size_of_markup(&resource.rows)?;
            *excess = excess.saturating_sub(size.saturating_sub(size_of_markup(&[])? + SIZE_OF_SENTENCE));
        }
        resource.rows.clear();
        resource.is_cut = true;
    }
    Ok(())
}

fn cut_drift(page: &mut Page, excess: &mut usize) -> Result<(), PageError> {
    for drift in page.drift.iter_mut().rev().filter(|drift| !drift.rows.is_empty()) {
        if *excess == 0 {
            break;
        }
        *excess = excess.saturating_sub(size_of_markup(&drift.rows)?);
        drift.rows.clear();
        drift.is_cut = true;
    }
    Ok(())
}

fn cut_sections(page: &mut Page, excess: &mut usize) -> Result<(), PageError> {
    for section in page.others.iter_mut().rev() {
        while *excess > 0
            && let Some(row) = section.rows.pop()
        {
            let empty = size_of_markup(&[])?;
            *excess = excess.saturating_sub(size_of_markup(&[row])?.saturating_sub(empty));
            section.left_out += 1;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Text;
    use crate::model::{Drift, Resource, Section};

    fn fat_rows(value: &str) -> Vec<Row> {
        let text = || Some(Text::composed(value.repeat(30)));
        (0..20)
            .map(|number| Row {
                name: Text::composed(format!("attribute_{number}")),
                before: text(),
                after: text(),
                ..Row::default()
            })
            .collect()
    }

    fn fat(resources: usize, value: &str) -> Page {
        let resource = |number| Resource {
            address: Text::composed(format!("x.y[{number}]")),
            rows: fat_rows(value),
            ..Resource::default()
        };
        Page { resources: (0..resources).map(resource).collect(), ..Page::default() }
    }

    fn cut(page: &Page) -> Vec<usize> {
        let all = page.resources.iter().enumerate();
        all.filter(|(_, resource)| resource.is_cut).map(|(position, _)| position).collect()
    }

    #[test]
    fn a_page_is_not_larger_than_it_may_be_whatever_its_texts_are() {
        // What is markup, a quote or beyond ASCII is longer in the page than in the model.
        for value in ["plain text ", "<&>\"'", "\"\\\n\t", "ä€😀", "`"] {
            let mut page = fat(300, value);
            let whole = render(&page).unwrap().len();
            for most in [whole, whole - 1, whole / 2, whole / 3] {
                let written = render_within(&mut page, most).unwrap();
                assert!(written.len() <= most, "{value:?}: {} of {most}", written.len());
                let left_out = cut(&page);
                assert_eq!(left_out.is_empty(), most == whole, "{value:?}");
                // The end of the list, without a gap.
                let first = page.resources.len() - left_out.len();
                assert_eq!(left_out, (first..page.resources.len()).collect::<Vec<_>>());
                assert_eq!(written.contains("The differences of "), most < whole, "{value:?}");
            }
        }
    }

    #[test]
    fn no_more_is_left_out_than_must_be() {
        // Of the last ones, and of some of the first ones, too.
        for (parts, of) in [(2, 3), (1, 4)] {
            let mut page = fat(300, "value");
            let one = embedded::size_of_rows(&page.resources[0].rows).unwrap();
            let one = one + size_of_markup(&page.resources[0].rows).unwrap();
            let most = render(&page).unwrap().len() * parts / of;
            let written = render_within(&mut page, most).unwrap().len();
            let left = most - written;
            assert!(
                left < one + SENTENCES + SIZE_OF_SENTENCE * 100,
                "{written} of {most}, {one} for a resource"
            );
        }
    }

    #[test]
    fn drift_and_outputs_are_left_out_where_resources_are_few() {
        let mut page = fat(3, "value");
        page.drift = (0..200).map(|_| Drift { rows: fat_rows("drift"), ..Drift::default() }).collect();
        let rows = (0..20).flat_map(|_| fat_rows("output")).collect();
        page.others = vec![Section { title: Text::from("Outputs"), rows, ..Section::default() }];
        let small = render(&fat(3, "value")).unwrap().len() + 100_000;
        let written = render_within(&mut page, small).unwrap();
        assert!(written.len() <= small, "{} of {small}", written.len());
        assert!(cut(&page).is_empty(), "resources matter more");
        let objects = page.drift.iter().filter(|drift| drift.is_cut).count();
        assert!(
            objects > 1 && written.contains(&format!("The differences of {objects} objects are left out"))
        );
        // With less room still.
        let smaller = small - 95_000;
        let written = render_within(&mut page, smaller).unwrap();
        assert!(written.contains("more lines are left out"), "{written}");
    }

    #[test]
    fn what_matters_most_is_there_whatever_the_rest_takes() {
        let mut page = fat(200, "value");
        render_within(&mut page, 200_000).unwrap();
        assert!(!page.resources[0].is_cut && page.resources[199].is_cut);
    }
}
