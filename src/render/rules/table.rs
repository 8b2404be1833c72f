//! The table of rules, whose ids are never broken: people copy them.

use std::fmt::Write as _;

use comfy_table::presets;
use comfy_table::{ColumnConstraint, ContentArrangement, Table};

use crate::render::Layout;

/// What a line of the table says.
pub(super) struct Row<'r> {
    pub(super) id: &'r str,
    pub(super) severity: &'r str,
    pub(super) pack: &'r str,
    pub(super) title: &'r str,
}

/// How many columns a title needs at least.
const TITLE: usize = 16;

/// How many columns the lines and the spaces between the cells take.
const BETWEEN: usize = 13;

/// The rules, one line each; one paragraph each where a line has no room for the title beside the id.
pub(super) fn table(rows: &[Row<'_>], layout: Layout) -> String {
    let widths = rows.iter().map(|row| [row.id.len(), row.severity.len(), row.pack.len()]);
    let [id, severity, pack] = widths.fold(["id".len(), "severity".len(), "pack".len()], |widest, row| {
        std::array::from_fn(|column| widest[column].max(row[column]))
    });
    let names = id + severity + pack;
    if names + BETWEEN + TITLE > layout.width {
        return paragraphs(rows, layout);
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(layout.width).unwrap_or(u16::MAX));
    table.set_header(["id", "severity", "pack", "title"]);
    for row in rows {
        table.add_row([row.id, row.severity, row.pack, row.title]);
    }
    for column in 0..3 {
        if let Some(column) = table.column_mut(column) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    format!("{table}\n")
}

fn paragraphs(rows: &[Row<'_>], layout: Layout) -> String {
    let options = textwrap::Options::new(layout.width.max(20)).initial_indent("  ").subsequent_indent("  ");
    let mut text = String::new();
    for row in rows {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{}", row.id);
        let about = format!("{}, pack {}: {}", row.severity, row.pack, row.title);
        for line in textwrap::wrap(&about, &options) {
            let _ = writeln!(text, "{line}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::Detail;
    use crate::render::colour::Colour;

    #[test]
    fn ids_stay_whole_at_every_width() {
        let id = "aws-elasticache-replication-group-unencrypted-in-transit";
        let rows = [
            Row {
                id,
                severity: "medium",
                pack: "hardening",
                title: "Redis traffic is not encrypted on its way",
            },
            Row { id: "aws-x", severity: "low", pack: "default", title: "Something" },
        ];
        for width in 10..160 {
            let printed = table(&rows, Layout { width, colour: Colour::Off, detail: Detail::default() });
            assert_eq!(printed.matches(id).count(), 1, "{width}:\n{printed}");
        }
    }
}
