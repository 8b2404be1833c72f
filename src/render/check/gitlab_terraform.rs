//! The numbers of changes for GitLab's Terraform widget of a merge request: `artifacts:reports:terraform`.

use serde::Serialize;

use crate::render::{Format, Layout, RenderError, json};
use crate::report::Report;

pub(super) const FORMAT: Format<Report> = Format {
    name: "gitlab-terraform",
    former: None,
    help: "numbers of changes for GitLab: artifacts:reports:terraform",
    extension: "json",
    render,
};

#[derive(Serialize)]
struct Numbers {
    create: usize,
    update: usize,
    delete: usize,
}

/// The sum of all plans. A replacement is created and deleted, as the widget counts.
fn render(report: &Report, _: Layout) -> Result<String, RenderError> {
    let sum = |number: fn(&planguard_plan::ChangeSummary) -> usize| {
        report.plans.iter().map(|plan| number(&plan.summary)).sum()
    };
    let numbers = Numbers {
        create: sum(|summary| summary.add),
        update: sum(|summary| summary.change),
        delete: sum(|summary| summary.destroy),
    };
    Ok(json::line(&numbers)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::check::sample;
    use crate::render::layout::sample::PLAIN;

    #[test]
    fn plans_are_added_up() {
        let text = render(&sample::of_everything(), PLAIN).unwrap();
        assert_eq!(text, "{\"create\":4,\"update\":2,\"delete\":2}\n");
    }
}
