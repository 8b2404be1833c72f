//! The costs of a plan for a terminal: the sums, then what changes them most.

use planguard_cost::{CostAction, Decimal};

use super::words::{
    address, change, changed, folded, glyph, headline, missing, name, notes, of_type, own_prices, quantity,
    sides,
};
use crate::cost::{CostView, ObjectCost, PartCost, money};
use crate::render::colour::Style;
use crate::render::layout::count;
use crate::render::{Detail, Format, Layout, RenderError};

pub(super) const FORMAT: Format<CostView> =
    Format { name: "text", former: None, help: "for people", extension: "txt", render };

/// Objects that are listed, unless everything is shown.
const MOST: usize = 30;

/// The widest column of addresses; a longer one moves what is behind it.
const WIDEST: usize = 72;

fn render(view: &CostView, layout: Layout) -> Result<String, RenderError> {
    let paint = |style, text: &str| layout.colour.paint(style, text);
    let currency = view.currency.for_terminal_line();
    let mut lines = vec![paint(Style::Heading, &view.origin.for_terminal_line()), String::new()];
    let style = match view.sum.delta() {
        Some(delta) if delta > Decimal::ZERO => Style::Notable,
        Some(_) | None => Style::Heading,
    };
    lines.push(paint(style, &format!("Monthly cost: {}", headline(&view.sum, &currency))));
    let groups = match layout.detail {
        Detail::Failures => changed(view),
        Detail::Everything => {
            let mut groups = changed(view);
            let others = view.objects.iter().filter(|object| !object.changes() && !is_free(object));
            groups.extend(folded(others));
            groups
        }
    };
    let shown = if layout.detail == Detail::Everything { groups.len() } else { MOST };
    if !groups.is_empty() {
        lines.push(String::new());
    }
    let rows: Vec<_> =
        groups.iter().take(shown).map(|(object, number)| row(object, *number, &currency)).collect();
    let widths = |column: fn(&Row) -> &str, most| {
        rows.iter().map(|row| column(row).chars().count()).max().unwrap_or_default().min(most)
    };
    let (addresses, changes) = (widths(|row| &row.address, WIDEST), widths(|row| &row.change, 20));
    for ((object, _), row) in groups.iter().zip(&rows) {
        let line = format!(
            "{:>3} {:<addresses$}  {:>changes$}  {}",
            glyph(object.action),
            row.address,
            row.change,
            row.sides
        );
        let style = match object.action {
            CostAction::Keep | CostAction::Forget => Style::Faint,
            _ if object.sum.delta().is_some_and(|delta| delta > Decimal::ZERO) => Style::Notable,
            _ => Style::Good,
        };
        let glyph_end = line.char_indices().nth(3).map_or(line.len(), |(end, _)| end);
        let (front, rest) = line.split_at(glyph_end);
        lines.push(format!("{}{}", paint(style, front), rest.trim_end()));
        match layout.detail {
            Detail::Failures => {
                let missing = object.parts().iter().filter(|_| of_type(object).is_none()).filter_map(missing);
                lines.extend(missing.map(|missing| paint(Style::Faint, &format!("      ! {missing}"))));
            }
            Detail::Everything => {
                let parts = part_lines(object, &currency).into_iter();
                lines.extend(parts.map(|part| paint(Style::Faint, &format!("      {part}"))));
            }
        }
    }
    if groups.len() > shown {
        lines.push(format!("    and {}", count(groups.len() - shown, "more object", "more objects")));
    }
    lines.push(String::new());
    let own = own_prices(view);
    if !own.is_empty() {
        lines.push(paint(Style::Heading, "Own prices"));
        lines.extend(own.iter().map(|line| format!("  {line}")));
        lines.push(String::new());
    }
    for note in notes(view) {
        let wrapped = textwrap::wrap(&note, layout.readable().width);
        lines.extend(wrapped.iter().map(|line| paint(Style::Faint, line)));
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    Ok(lines.into_iter().flat_map(|line| [line, "\n".to_owned()]).collect())
}

struct Row {
    address: String,
    change: String,
    sides: String,
}

fn row(object: &ObjectCost, number: usize, currency: &str) -> Row {
    let each = if number > 1 { " each" } else { "" };
    Row {
        address: address(object, number),
        change: change(object, number, currency),
        sides: of_type(object).unwrap_or_else(|| format!("{}{each}", sides(object, currency))),
    }
}

/// Whether there is nothing to say of what an object costs.
pub(in crate::render) fn is_free(object: &ObjectCost) -> bool {
    object.parts().iter().all(|part| part.state == planguard_cost::State::Free)
}

/// The parts of an object. Where the two sides differ in some, those that come stand behind `+`, and those that go behind `-`.
pub(in crate::render) fn part_lines(object: &ObjectCost, currency: &str) -> Vec<String> {
    let line = |part: &PartCost| part_line(part, currency);
    let (Some(before), Some(after)) = (&object.before, &object.after) else {
        return object.parts().iter().map(line).collect();
    };
    if before == after {
        return after.iter().map(line).collect();
    }
    let gone = before.iter().filter(|part| !after.contains(part)).map(|part| format!("- {}", line(part)));
    let there = after.iter().map(|part| {
        let mark = if before.contains(part) { ' ' } else { '+' };
        format!("{mark} {}", line(part))
    });
    gone.chain(there).collect()
}

/// A part with all that is known: `Instance m5.large: 730 hours at $0.096 = $70.08 (…)`.
fn part_line(part: &PartCost, currency: &str) -> String {
    let mut text = name(part);
    if let Some(monthly) = part.monthly {
        let amount = money(monthly, currency);
        match (quantity(part), part.price) {
            (Some(quantity), Some(price)) if part.unit != planguard_cost::Unit::Month => {
                text.push_str(&format!(": {quantity} at {} = {amount}", at(price, currency)));
            }
            _ => text.push_str(&format!(": {amount}")),
        }
    } else if !part.name.unescaped().is_empty() {
        let quantity = quantity(part).map(|quantity| format!(" {quantity},")).unwrap_or_default();
        text.push_str(&format!(":{quantity} {}", part.state.name().replace('_', " ")));
    }
    if let Some(note) = &part.note {
        let note = note.for_terminal_line();
        text = if text.is_empty() { note } else { format!("{text} ({note})") };
    }
    if part.is_own_price {
        text.push_str(" (own price)");
    }
    text
}

/// A price of a unit, with all its digits.
fn at(price: Decimal, currency: &str) -> String {
    match currency {
        "USD" => format!("${}", price.normalize()),
        other => format!("{} {other}", price.normalize()),
    }
}

#[cfg(test)]
mod tests {
    use planguard_cost::Prices;
    use planguard_plan::input::Document;

    use super::*;
    use crate::render::layout::sample::PLAIN;

    #[test]
    fn parts_of_both_sides_are_told_where_they_differ() {
        let volume = |size: u16| {
            format!(
                r#"{{"region": "us-east-1", "instance_type": "t3.micro",
                    "root_block_device": [{{"volume_type": "gp3", "volume_size": {size}}}]}}"#
            )
        };
        let plan = format!(
            r#"{{"format_version": "1.2", "planned_values": {{}}, "resource_changes": [{{"address": "aws_instance.a", "change": {{
                "actions": ["update"], "before": {}, "after": {}, "after_unknown": {{}}}}}}]}}"#,
            volume(10),
            volume(20)
        );
        let document = Document::from_text("plan.json", &plan).unwrap();
        let view = CostView::of(&document, &Prices::default()).unwrap();
        let text = render(&view, Layout { detail: Detail::Everything, ..PLAIN }).unwrap();
        assert!(text.contains("        Instance t3.micro: 730 hours"), "{text}");
        assert!(text.contains("      - Root volume gp3: 10 GB at $0.08 = $0.80"), "{text}");
        assert!(text.contains("      + Root volume gp3: 20 GB at $0.08 = $1.60"), "{text}");
    }
}
