//! Filters that choose entries of logs, findings and time series, and that a change makes take in more, or less.

use planguard_plan::{Value, View};
use planguard_rule::Severity;

use super::ChangeFinding;
use super::alarm_threshold::MUCH;
use super::compare::{Pair, Sight, places, sight};
use super::filter_text::Filter;

/// Which way of a filter is the bad one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sense {
    /// What it takes in is lost: it must not take in more.
    Drops,
    /// What it takes in is looked at: it must not take in less.
    Keeps,
}

/// How a filter is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    /// Google's: comparisons with `AND`, `OR` and `NOT`.
    Google,
    /// Kusto: steps between bars.
    Kusto,
    /// Datadog: a scope in braces, and a limit.
    Datadog,
}

/// Where a type has filters.
struct Layout {
    types: &'static [&'static str],
    way: &'static [&'static str],
    sense: Sense,
    language: Language,
    /// What a message says of the object.
    says: &'static str,
}

const EXCLUDED: &str = "keeps more entries out of the logs than before";
const MUTED: &str = "mutes more findings than before";
const RECORDED: &str = "records less than before";
const TOLD: &str = "tells of less than before";

/// Filters of what is recorded.
const OF_TRAILS: &[Layout] = &[
    Layout {
        types: &[
            "google_logging_billing_account_exclusion",
            "google_logging_folder_exclusion",
            "google_logging_organization_exclusion",
            "google_logging_project_exclusion",
        ],
        way: &["filter"],
        sense: Sense::Drops,
        language: Language::Google,
        says: EXCLUDED,
    },
    Layout {
        types: &SINKS,
        way: &["exclusions", "filter"],
        sense: Sense::Drops,
        language: Language::Google,
        says: EXCLUDED,
    },
    Layout {
        types: &SINKS,
        way: &["filter"],
        sense: Sense::Keeps,
        language: Language::Google,
        says: RECORDED,
    },
    Layout {
        types: &[
            "google_scc_folder_mute_config",
            "google_scc_mute_config",
            "google_scc_v2_folder_mute_config",
            "google_scc_v2_organization_mute_config",
            "google_scc_v2_project_mute_config",
        ],
        way: &["filter"],
        sense: Sense::Drops,
        language: Language::Google,
        says: MUTED,
    },
];

const SINKS: [&str; 4] = [
    "google_logging_billing_account_sink",
    "google_logging_folder_sink",
    "google_logging_organization_sink",
    "google_logging_project_sink",
];

/// Filters of what somebody is told of.
const OF_ALARMS: &[Layout] = &[
    Layout {
        types: &["google_logging_metric"],
        way: &["filter"],
        sense: Sense::Keeps,
        language: Language::Google,
        says: TOLD,
    },
    Layout {
        types: &["google_monitoring_alert_policy"],
        way: &["conditions", "condition_threshold", "filter"],
        sense: Sense::Keeps,
        language: Language::Google,
        says: TOLD,
    },
    Layout {
        types: &["google_monitoring_alert_policy"],
        way: &["conditions", "condition_matched_log", "filter"],
        sense: Sense::Keeps,
        language: Language::Google,
        says: TOLD,
    },
    Layout {
        types: &[
            "google_scc_notification_config",
            "google_scc_v2_folder_notification_config",
            "google_scc_v2_organization_notification_config",
            "google_scc_v2_project_notification_config",
        ],
        way: &["streaming_config", "filter"],
        sense: Sense::Keeps,
        language: Language::Google,
        says: TOLD,
    },
    Layout {
        types: &[
            "azurerm_monitor_scheduled_query_rules_alert",
            "azurerm_sentinel_alert_rule_nrt",
            "azurerm_sentinel_alert_rule_scheduled",
        ],
        way: &["query"],
        sense: Sense::Keeps,
        language: Language::Kusto,
        says: TOLD,
    },
    Layout {
        types: &["azurerm_monitor_scheduled_query_rules_alert_v2"],
        way: &["criteria", "query"],
        sense: Sense::Keeps,
        language: Language::Kusto,
        says: TOLD,
    },
    Layout {
        types: &["datadog_monitor"],
        way: &["query"],
        sense: Sense::Keeps,
        language: Language::Datadog,
        says: TOLD,
    },
];

/// The findings for filters of what is recorded.
pub(super) fn of_trails(pair: &Pair<'_>) -> impl Iterator<Item = ChangeFinding> {
    of(pair, OF_TRAILS)
}

/// The findings for filters of what somebody is told of.
pub(super) fn of_alarms(pair: &Pair<'_>) -> impl Iterator<Item = ChangeFinding> {
    of(pair, OF_ALARMS)
}

fn of(pair: &Pair<'_>, layouts: &'static [Layout]) -> impl Iterator<Item = ChangeFinding> {
    let own_type = pair.resource.address.resource_type.as_str();
    layouts
        .iter()
        .filter(move |layout| layout.types.contains(&own_type))
        .filter_map(|layout| finding(pair, layout))
}

fn finding(pair: &Pair<'_>, layout: &Layout) -> Option<ChangeFinding> {
    let (before, after) = (pair.before.root(), pair.after.root());
    if [&before, &after].iter().any(|root| sight(&root.key("disabled")) == Sight::Known(&Value::Bool(true))) {
        return None;
    }
    let (old, new) = (texts(&before, layout)?, texts(&after, layout)?);
    // Blocks that come and go are switches; the order of those that stay means nothing.
    if old.len() != new.len() {
        return None;
    }
    let (_, was) = old.iter().find(|(_, old)| new.iter().all(|(_, new)| new != old))?;
    let (place, is) = new.iter().find(|(_, new)| old.iter().all(|(_, old)| old != new))?;
    let change = match layout.sense {
        Sense::Drops => layout.language.narrows(is, was),
        Sense::Keeps => layout.language.narrows(was, is),
    };
    let (what, severity) = match (change, layout.sense) {
        (Narrows::No, _) | (Narrows::Unclear, Sense::Drops) => (layout.says, None),
        (Narrows::Unclear, Sense::Keeps) => ("asks for something else than before", Some(Severity::Low)),
        (Narrows::Yes, _) => return None,
    };
    let path = place.path();
    let message = match place.is_sensitive() || was.len().max(is.len()) > LONGEST {
        true => format!("{} {what}: `{path}` changes", pair.resource.address),
        false => format!(
            "{} {what}: `{path}` changes from {} to {}",
            pair.resource.address,
            quoted(was),
            quoted(is)
        ),
    };
    let found = ChangeFinding::on(pair.resource, message).at(path.clone());
    Some(match severity {
        Some(severity) => found.weighing(severity),
        None => found,
    })
}

/// The longest filter that a message shows.
const LONGEST: usize = 200;

fn quoted(text: &str) -> String {
    if text.is_empty() { "nothing".to_owned() } else { format!("`{text}`") }
}

/// The filters of one side; `None` if one of them is known only after apply.
fn texts<'p, 's>(root: &View<'p, 's>, layout: &Layout) -> Option<Vec<(View<'p, 's>, &'p str)>> {
    let found = places(root, layout.way).into_iter().map(|place| {
        let text = match sight(&place) {
            Sight::Known(Value::String(text)) => text.trim(),
            Sight::Known(Value::Null) | Sight::Unset => "",
            Sight::Known(_) | Sight::Unknown | Sight::Computed => return None,
        };
        Some((place, text))
    });
    found.collect()
}

/// Whether the first of two filters takes in nothing that the second does not, where the second is to be no narrower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Narrows {
    Yes,
    No,
    /// Neither takes in the other one, as far as anybody can tell.
    Unclear,
}

impl Language {
    /// Whether `inner` stays within `outer`. It is certain that it does not where `outer` is the narrower one.
    fn narrows(self, inner: &str, outer: &str) -> Narrows {
        let is_within: fn(&str, &str) -> Option<bool> = match self {
            Self::Google => |inner, outer| Some(Filter::read(inner)?.is_within(&Filter::read(outer)?)),
            Self::Kusto => |inner, outer| Some(is_longer_pipeline(inner, outer)),
            Self::Datadog => {
                |inner, outer| Monitor::read(inner).zip(Monitor::read(outer)).map(|(i, o)| i.is_within(&o))
            }
        };
        match (is_within(inner, outer), is_within(outer, inner)) {
            (Some(true), _) => Narrows::Yes,
            (Some(false), Some(true)) => Narrows::No,
            _ => Narrows::Unclear,
        }
    }
}

/// Whether a query of Kusto has all steps of another one in their order, and besides them only such that leave out rows.
fn is_longer_pipeline(inner: &str, outer: &str) -> bool {
    let (inner, outer) = (steps(inner), steps(outer));
    let mut rest = outer.iter().peekable();
    for step in &inner {
        if rest.peek() == Some(&step) {
            rest.next();
        } else if !["where ", "take ", "limit ", "filter "].iter().any(|word| step.starts_with(word)) {
            return false;
        }
    }
    rest.next().is_none()
}

/// The steps of a query. A condition with `and` is as many steps as it has parts.
fn steps(query: &str) -> Vec<String> {
    let lines = query.lines().map(|line| line.split("//").next().unwrap_or_default());
    let text = lines.collect::<Vec<_>>().join(" ");
    let mut steps = Vec::new();
    for step in text.split('|') {
        let step = step.split_whitespace().collect::<Vec<_>>().join(" ");
        match step.strip_prefix("where ") {
            Some(condition) if !condition.contains('(') && !condition.contains(" or ") => {
                steps.extend(condition.split(" and ").map(|part| format!("where {part}")));
            }
            _ => steps.push(step),
        }
    }
    steps
}

/// The query of a monitor of Datadog.
struct Monitor<'q> {
    head: &'q str,
    scope: Vec<&'q str>,
    tail: &'q str,
    operator: &'q str,
    limit: f64,
}

impl<'q> Monitor<'q> {
    /// Reads a query with one scope and one limit.
    fn read(query: &'q str) -> Option<Self> {
        let (head, rest) = query.split_once('{')?;
        let (scope, rest) = rest.split_once('}')?;
        if rest.contains('{') && !rest.trim_start().starts_with("by {") {
            return None;
        }
        let at = rest.rfind(['<', '>'])?;
        let limit = rest[at + 1..].trim_start_matches('=').trim().parse().ok()?;
        let scope = scope.split(',').map(str::trim).filter(|part| !matches!(*part, "" | "*")).collect();
        Some(Self { head: head.trim(), scope, tail: rest[..at].trim(), operator: &rest[at..=at], limit })
    }

    fn is_within(&self, other: &Self) -> bool {
        let is_stricter = match self.operator {
            "<" => self.limit <= other.limit,
            _ => self.limit >= other.limit,
        };
        let is_tuned = (self.limit - other.limit).abs() < MUCH * other.limit.abs();
        (self.head, self.tail, self.operator) == (other.head, other.tail, other.operator)
            && other.scope.iter().all(|part| self.scope.contains(part))
            && (is_stricter || is_tuned)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::find_in_update;
    use super::super::{ChangeGuard, alarm_removed, audit_trail_weakened};

    fn found(guard: &ChangeGuard, address: &str, name: &str, before: &str, after: &str) -> Vec<String> {
        let side = |text: &str| serde_json::json!({"name": "a", name: text}).to_string();
        let found = find_in_update(guard, address, &side(before), &side(after), "{}");
        found
            .into_iter()
            .map(|finding| match finding.severity {
                Some(severity) => format!("{severity:?}: {}", finding.message),
                None => finding.message,
            })
            .collect()
    }

    #[test]
    fn an_exclusion_that_takes_in_more_is_told() {
        let found = |before: &str, after: &str| {
            found(&audit_trail_weakened::GUARD, "google_logging_project_exclusion.a", "filter", before, after)
        };
        let narrow = "resource.type=\"k8s_container\" AND severity<=DEBUG";
        assert_eq!(
            found(narrow, "severity<=NOTICE"),
            [
                "google_logging_project_exclusion.a keeps more entries out of the logs than before: `filter` changes from \
                 `resource.type=\"k8s_container\" AND severity<=DEBUG` to `severity<=NOTICE`"
            ]
        );
        assert_eq!(found("severity<=NOTICE", narrow), [""; 0]);
        assert_eq!(
            found(narrow, "severity<=DEBUG resource.type=\"k8s_container\""),
            [""; 0],
            "in another order"
        );
        assert_eq!(found(narrow, "resource.type=\"k8s_node\"").len(), 1, "others are kept out");
    }

    #[test]
    fn a_sink_that_takes_in_less_is_told() {
        let found = |before: &str, after: &str| {
            found(&audit_trail_weakened::GUARD, "google_logging_project_sink.a", "filter", before, after)
        };
        assert_eq!(found("", "severity>=ERROR").len(), 1);
        assert_eq!(found("severity>=ERROR", "severity>=CRITICAL").len(), 1);
        assert_eq!(found("severity>=CRITICAL", "severity>=ERROR"), [""; 0]);
        assert_eq!(
            found("a=1", "b=1"),
            [
                "Low: google_logging_project_sink.a asks for something else than before: `filter` changes from `a=1` to `b=1`"
            ]
        );
    }

    #[test]
    fn a_query_with_one_more_condition_tells_of_less() {
        let found = |before: &str, after: &str| {
            found(&alarm_removed::GUARD, "azurerm_sentinel_alert_rule_scheduled.a", "query", before, after)
        };
        let query = "SigninLogs | where ResultType != 0";
        assert_eq!(found(query, "SigninLogs | where ResultType != 0 and User == 'a'").len(), 1);
        assert_eq!(found("SigninLogs\n| where ResultType != 0 | where User == 'a'", query), [""; 0]);
        assert_eq!(found(query, "SigninLogs // all\n| where ResultType != 0"), [""; 0]);
        assert!(found(query, "AuditLogs")[0].starts_with("Low: "));
    }

    #[test]
    fn a_monitor_of_fewer_hosts_or_with_a_higher_limit_tells_of_less() {
        let found = |before: &str, after: &str| {
            found(&alarm_removed::GUARD, "datadog_monitor.a", "query", before, after)
        };
        let query = "avg(last_5m):avg:system.cpu{*} by {host} > 80";
        assert_eq!(found(query, "avg(last_5m):avg:system.cpu{env:dev} by {host} > 80").len(), 1);
        assert_eq!(found(query, "avg(last_5m):avg:system.cpu{*} by {host} > 8000").len(), 1);
        assert_eq!(found(query, "avg(last_5m):avg:system.cpu{*} by {host} > 70"), [""; 0]);
    }
}
