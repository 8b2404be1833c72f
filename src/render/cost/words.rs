//! The sentences about costs that the formats for people share.

use planguard_cost::{Bound, CostAction, Decimal, State, Sum};
use planguard_plan::text::escape::for_terminal_line;

use crate::cost::{CostReport, CostView, ObjectCost, PartCost, difference, money, not_shared};
use crate::render::layout::count;

/// A difference, and what it is if something is missing in it.
pub(super) fn bounded_difference(sum: &Sum, currency: &str) -> Option<String> {
    let delta = sum.delta()?;
    let amount = difference(delta, currency);
    Some(match sum.bound {
        Bound::AtLeast | Bound::AtMost | Bound::Open if delta.is_zero() => "difference not known".to_owned(),
        Bound::Exact => amount,
        Bound::AtLeast => format!("at least {amount}"),
        Bound::AtMost => format!("at most {amount}"),
        Bound::Open => format!("{amount} as far as known"),
    })
}

fn least(amount: Decimal, is_least: bool, currency: &str) -> String {
    let words = money(amount, currency);
    match (is_least, amount.is_zero()) {
        (true, true) => "not known".to_owned(),
        (true, false) => format!("at least {words}"),
        (false, _) => words,
    }
}

/// Both sums on one line: `$10.00 → at least $12.00 (at least +$2.00, +20 %), plus usage`.
pub(in crate::render) fn headline(sum: &Sum, currency: &str) -> String {
    let after = least(sum.after, sum.after_is_least, currency);
    let usage = if sum.has_usage { ", plus usage" } else { "" };
    let Some(before) = sum.before else {
        return format!("{after}{usage}; what it was before is not known");
    };
    let before = least(before, sum.before_is_least, currency);
    // Of what is only the least nothing is a percentage.
    let percent = sum.delta_percent().filter(|_| !sum.before_is_least).map(|percent| {
        let sign = if percent.is_sign_negative() || percent.is_zero() { "" } else { "+" };
        format!(", {sign}{} %", percent.normalize())
    });
    let change = match (bounded_difference(sum, currency), percent) {
        (Some(difference), percent) => format!(" ({difference}{})", percent.unwrap_or_default()),
        (None, _) => String::new(),
    };
    if before == after && sum.bound == Bound::Exact {
        return format!("{after}, unchanged{usage}");
    }
    // Of a plan without resource changes nothing is priced.
    if before == after && sum.before_is_least && sum.before.is_some_and(|before| before.is_zero()) {
        return format!("{after}{usage}");
    }
    format!("{before} → {after}{change}{usage}")
}

/// What a check says of the cost of a plan behind its name: both sums, and for how many objects a region is assumed.
pub(in crate::render) fn line(cost: &CostReport, currency: &str) -> String {
    let mut line = headline(&cost.sum, currency);
    for assumed in &cost.assumed_regions {
        let objects = count(assumed.objects, "object", "objects");
        line.push_str(&format!("; {} is assumed for {objects}", assumed.region.for_terminal_line()));
    }
    line
}

/// What is done with an object, as Terraform marks it.
pub(super) const fn glyph(action: CostAction) -> &'static str {
    match action {
        CostAction::Create => "+",
        CostAction::Delete => "-",
        CostAction::Replace => "-/+",
        CostAction::Update => "~",
        CostAction::Keep => "=",
        CostAction::Forget => ".",
    }
}

/// Both sides of an object: `$10.00 → $12.00`, or the one that it has.
pub(in crate::render) fn sides(object: &ObjectCost, currency: &str) -> String {
    let sum = &object.sum;
    let before = least(sum.before.unwrap_or_default(), sum.before_is_least, currency);
    let after = least(sum.after, sum.after_is_least, currency);
    match (&object.before, &object.after) {
        (Some(_), Some(_)) if before == after => after,
        (Some(_), Some(_)) => format!("{before} → {after}"),
        (Some(_), None) => before,
        (None, _) => after,
    }
}

/// The change of an object in its column: `+$12.00`, `≥ +$12.00`, `?`. Of a group of instances it is that of all, so that
/// the column adds up.
pub(in crate::render) fn change(object: &ObjectCost, number: usize, currency: &str) -> String {
    let Some(one) = object.sum.delta() else { return String::new() };
    let Some(delta) = one.checked_mul(Decimal::from(number)) else { return "?".to_owned() };
    let amount = difference(delta, currency);
    match object.sum.bound {
        Bound::Exact => amount,
        Bound::AtLeast | Bound::AtMost | Bound::Open if delta.is_zero() => "?".to_owned(),
        Bound::AtLeast => format!("≥ {amount}"),
        Bound::AtMost => format!("≤ {amount}"),
        Bound::Open => format!("~ {amount}"),
    }
}

/// A part on a line: `Instance m5.large`.
pub(super) fn name(part: &PartCost) -> String {
    let detail = part.detail.for_terminal_line();
    match (part.name.for_terminal_line().as_str(), detail.as_str()) {
        (name, "") => name.to_owned(),
        ("", detail) => detail.to_owned(),
        (name, detail) => format!("{name} {detail}"),
    }
}

/// What is missing of a part, in one sentence; `None` if nothing is.
pub(super) fn missing(part: &PartCost) -> Option<String> {
    if !part.state.is_open() {
        return None;
    }
    let note = part.note.as_ref().map(|note| note.for_terminal_line()).unwrap_or_default();
    let name = name(part);
    let quantity = quantity(part).map(|quantity| format!(" ({quantity})")).unwrap_or_default();
    Some(if name.is_empty() { note } else { format!("{name}{quantity}: {note}") })
}

/// Why nothing is known of an object, if its type tells that already.
pub(super) fn of_type(object: &ObjectCost) -> Option<String> {
    match object.parts() {
        [part] if part.name.unescaped().is_empty() => missing(part),
        _ => None,
    }
}

/// How many of the unit there are: `1460 hours`.
pub(super) fn quantity(part: &PartCost) -> Option<String> {
    let quantity = part.quantity?.round_dp(3).normalize();
    Some(format!("{quantity} {}", part.unit.words(quantity)))
}

/// The objects whose cost the plan changes, those that change most first; instances that are alike are one.
pub(super) fn changed(view: &CostView) -> Vec<(&ObjectCost, usize)> {
    let mut groups = folded(view.objects.iter().filter(|object| object.changes()));
    groups.sort_by_key(|(object, number)| {
        let delta = object.sum.delta().unwrap_or_default().abs();
        std::cmp::Reverse(delta.checked_mul(Decimal::from(*number)).unwrap_or(delta))
    });
    groups
}

/// Objects, where instances of a block that are alike are one, with their number.
pub(super) fn folded<'v>(objects: impl Iterator<Item = &'v ObjectCost>) -> Vec<(&'v ObjectCost, usize)> {
    let mut groups: Vec<(&ObjectCost, usize)> = Vec::new();
    for object in objects {
        match groups.last_mut() {
            Some((first, number)) if first.is_like(object) => *number += 1,
            Some(_) | None => groups.push((object, 1)),
        }
    }
    groups
}

/// The address of a group.
pub(super) fn address(object: &ObjectCost, number: usize) -> String {
    if number == 1 {
        object.address.for_terminal_line()
    } else {
        format!("{} ({number} instances)", object.block.for_terminal_line())
    }
}

/// What the sums are about and what they lack, one sentence a line.
pub(in crate::render) fn notes(view: &CostView) -> Vec<String> {
    let mut notes = Vec::new();
    let number = |state| view.counts.get(&state).copied().unwrap_or_default();
    let kept = view.objects.iter().filter(|object| !object.changes() && !object.sum.after.is_zero());
    let (kept, costs) =
        kept.fold((0_usize, Decimal::ZERO), |(kept, costs), object| (kept + 1, costs + object.sum.after));
    if kept > 0 {
        let objects = count(kept, "object costs", "objects cost");
        notes.push(format!(
            "{objects} {} before and after.",
            money(costs, &view.currency.for_terminal_line())
        ));
    }
    let unsupported = if view.is_imported {
        (
            State::Unsupported,
            "object has no amount in the report of Infracost",
            "objects have no amount in the report of Infracost",
        )
    } else {
        (
            State::Unsupported,
            "object is of a type that is not supported",
            "objects are of types that are not supported",
        )
    };
    let mut open = Vec::new();
    for (state, one, many) in [
        (
            State::UnknownInput,
            "object depends on values that are not known",
            "objects depend on values that are not known",
        ),
        (State::NoPrice, "object has parts without a price", "objects have parts without a price"),
        unsupported,
    ] {
        if number(state) > 0 {
            open.push(count(number(state), one, many));
        }
    }
    if !open.is_empty() {
        notes.push(format!("Missing in the sums: {}.", open.join("; ")));
    }
    if number(State::UsageBased) > 0 {
        let objects = count(number(State::UsageBased), "object costs", "objects cost");
        notes.push(format!("{objects} what is used, which is not in the sums."));
    }
    if number(State::Estimated) > 0 {
        let objects = count(number(State::Estimated), "object has", "objects have");
        notes.push(format!("{objects} parts that are estimated; --show all says how."));
    }
    for (region, objects) in &view.assumed_regions {
        let of = count(*objects, "object", "objects");
        let region = region.for_terminal_line();
        notes.push(format!("The plan does not tell the region of {of}: {region} is assumed."));
    }
    if view.not_priced > 0 {
        let objects = count(view.not_priced, "existing object is", "existing objects are");
        notes.push(format!(
            "The plan has no resource changes, as if made with -refresh-only: its {objects} not priced."
        ));
    }
    if view.partial {
        notes.push("The plan does not cover all of the configuration, or planning failed.".to_owned());
    }
    if view.deferred > 0 {
        let changes = count(view.deferred, "change waits", "changes wait");
        notes.push(format!("{changes} for a later plan."));
    }
    if view.deposed > 0 {
        let objects = count(view.deposed, "deposed object is", "deposed objects are");
        notes.push(format!("{objects} not counted."));
    }
    if let Some(listed) = view.listed {
        let listed = money(listed, &view.currency.for_terminal_line());
        notes.push(format!(
            "The total of the report is not that of its objects, which cost {listed} together."
        ));
    }
    let not_shared = view.held.as_ref().map(not_shared).into_iter().flatten().flatten();
    notes.extend(not_shared.map(|sentence| format!("{}.", for_terminal_line(&sentence))));
    notes.extend(about_prices(view));
    notes
}

fn about_prices(view: &CostView) -> Option<String> {
    if view.is_imported {
        return Some("The amounts are those of the report of Infracost.".to_owned());
    }
    let dates = || view.sources.iter().map(|source| source.date);
    let (first, last) = (dates().min()?, dates().max()?);
    let days = if first == last { format!("of {first}") } else { format!("of {first} to {last}") };
    Some(format!("On-demand list prices {days} for Linux, without taxes and discounts."))
}

/// The user's own prices, one a line.
pub(super) fn own_prices(view: &CostView) -> Vec<String> {
    view.own_prices
        .iter()
        .map(|entry| {
            let objects = match entry.objects {
                0 => "no object".to_owned(),
                number => count(number, "object", "objects"),
            };
            let note = entry.note.as_ref().map(|note| format!(" ({})", note.for_terminal_line()));
            format!("{}{}: {objects}", entry.text.for_terminal_line(), note.unwrap_or_default())
        })
        .collect()
}
