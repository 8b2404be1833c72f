//! Holds a report of Infracost against a plan: whoever names a report of another plan, or of a part of this one, must not
//! pass a limit with it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use planguard_plan::redact::{Redactor, SafeText};
use planguard_plan::{Address, Mode, Plan, ResourceChange};
use thiserror::Error;

use crate::bill::State;
use crate::infracost::{InfracostReport, Object, Project, is_without_amount};
use crate::kinds::{Kind, kind};
use crate::plan_cost::{Bound, CostAction, Held, PlanCost, ResourceCost, SideCost, action, of_type, sum};

/// Why a report says nothing about a plan.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HoldError {
    /// It is about other objects.
    #[error("it is about another plan: {objects}")]
    Foreign {
        /// What it has instead.
        objects: String,
    },
    /// Several parts of it could be about the plan.
    #[error("the plan does not tell which of its projects it belongs to: {}", projects.join(", "))]
    Ambiguous {
        /// Their names.
        projects: Vec<String>,
    },
}

/// The most names in a sentence.
const MOST: usize = 3;

impl InfracostReport {
    /// What the plan costs by this report. Only objects of the plan count, and each on the sides that it has in the plan; what
    /// the report does not have is missing in the sums. `file` is the plan, if it is a file: a report of several plans
    /// tells them apart by it, where their objects do not.
    ///
    /// # Errors
    /// The report is about another plan, or it cannot be told which part of it is about this one.
    pub fn held(&self, plan: &Plan<'_>, file: Option<&Path>) -> Result<PlanCost, HoldError> {
        let managed = || plan.resource_changes.iter().filter(|change| change.address.mode == Mode::Managed);
        let mut changes: Vec<&ResourceChange<'_>> =
            managed().filter(|change| change.deposed.is_none()).collect();
        changes.sort_by_key(|change| &change.address);
        let names: BTreeSet<String> = changes
            .iter()
            .flat_map(|change| [Some(&change.address), change.previous_address.as_ref()])
            .flatten()
            .map(ToString::to_string)
            .collect();
        let may_cost = |change: &&ResourceChange<'_>| self.of_its_type(change) == Some(State::Unsupported);
        let projects = self.about(&names, file, changes.iter().any(may_cost))?;
        let mut used = BTreeSet::new();
        let mut held =
            Held { other_projects: self.projects.len().saturating_sub(projects.len()), ..Held::default() };
        let resources: Vec<ResourceCost> =
            changes.iter().map(|change| self.resource(change, &projects, &mut used, &mut held)).collect();
        let all = projects.iter().flat_map(|project| &project.objects);
        let sides = all.flat_map(|(name, object)| {
            [(name, &object.before), (name, &object.after)].map(|(name, side)| side.as_ref().map(|_| name))
        });
        let not_used: BTreeSet<&String> = sides.flatten().filter(|name| !used.contains(*name)).collect();
        held.not_in_plan.extend(not_used.into_iter().map(|name| Redactor::default().text(name)));
        Ok(PlanCost {
            currency: self.currency().to_owned(),
            is_imported: true,
            held: Some(held),
            ..PlanCost::of_resources(plan, resources)
        })
    }

    /// What the type of an object tells of one that the report does not list; `None` if that is all there is to know.
    fn of_its_type(&self, change: &ResourceChange<'_>) -> Option<State> {
        let resource_type = &change.address.resource_type;
        match kind(resource_type) {
            Kind::All(State::Free, _) => None,
            Kind::All(State::UsageBased, _) => Some(State::UsageBased),
            _ if self.free_types.contains(resource_type) => None,
            Kind::All(..) | Kind::Rule(_) => Some(State::Unsupported),
        }
    }

    /// The projects about the plan.
    fn about(
        &self,
        names: &BTreeSet<String>,
        file: Option<&Path>,
        may_cost: bool,
    ) -> Result<Vec<&Project>, HoldError> {
        let is_shared = |name: &String| names.contains(name);
        let near: Vec<&Project> =
            self.projects.iter().filter(|project| project.names().any(is_shared)).collect();
        if near.is_empty() {
            let listed: BTreeSet<&String> = self.projects.iter().flat_map(Project::names).collect();
            if may_cost && (!listed.is_empty() || self.has_costs()) {
                return Err(HoldError::Foreign { objects: foreign(&listed) });
            }
            return Ok(near);
        }
        let mut owners: BTreeMap<&String, usize> = BTreeMap::new();
        for name in near.iter().flat_map(|project| project.names().collect::<BTreeSet<_>>()) {
            *owners.entry(name).or_default() += 1;
        }
        if !owners.iter().any(|(name, owners)| *owners > 1 && is_shared(name)) {
            return Ok(near);
        }
        // A project with objects that the plan does not have is about another one.
        let whole: Vec<&Project> =
            near.iter().copied().filter(|project| project.names().all(is_shared)).collect();
        let left = if whole.is_empty() { near } else { whole };
        let of_file: Vec<&Project> =
            left.iter().copied().filter(|project| file.is_some_and(|file| project.is_of(file))).collect();
        match (left.as_slice(), of_file.as_slice()) {
            ([only], _) | (_, [only]) => Ok(vec![only]),
            _ => Err(HoldError::Ambiguous {
                projects: left.iter().map(|project| project.name.clone()).collect(),
            }),
        }
    }

    fn resource(
        &self,
        change: &ResourceChange<'_>,
        projects: &[&Project],
        used: &mut BTreeSet<String>,
        held: &mut Held,
    ) -> ResourceCost {
        let address = change.address.to_string();
        let former = change.previous_address.as_ref().map(ToString::to_string);
        let listed =
            |name: &str| projects.iter().find_map(|project| Some((*project, project.objects.get(name)?)));
        let mut side = |name: &String, of: fn(&Object) -> &Option<SideCost>| {
            let found = of(listed(name)?.1).clone()?;
            used.insert(name.clone());
            // A type that costs nothing has no amount in the report either.
            (!is_without_amount(&found) || self.of_its_type(change) == Some(State::Unsupported))
                .then_some(found)
        };
        let action = action(change);
        let (exists_before, exists_after) = match action {
            CostAction::Create => (false, true),
            CostAction::Delete => (true, false),
            CostAction::Replace | CostAction::Update | CostAction::Keep | CostAction::Forget => (true, true),
        };
        let names = [Some(&address), former.as_ref()];
        let mut found_after = if exists_after { side(&address, |object| &object.after) } else { None };
        let mut found_before = None;
        if exists_before {
            found_before = names.into_iter().flatten().find_map(|name| side(name, |object| &object.before));
        }
        match action {
            // It costs the same on both sides, and a report may have one of them only.
            CostAction::Keep => {
                found_before = found_before.or_else(|| found_after.clone());
                found_after = found_after.or_else(|| found_before.clone());
            }
            CostAction::Forget => found_after = found_before.clone(),
            CostAction::Create | CostAction::Delete | CostAction::Replace | CostAction::Update => {}
        }
        let is_free = projects.iter().any(|project| project.free.contains(&address));
        let is_unsupported = projects.iter().any(|project| project.unsupported.contains(&address));
        let mut is_missing = false;
        let mut otherwise = || {
            let of_type_alone = if is_free { None } else { self.of_its_type(change) };
            let component = match of_type_alone {
                None => of_type(State::Free, ""),
                Some(State::UsageBased) => of_type(State::UsageBased, "costs what is used of it"),
                Some(_) if is_unsupported => of_type(State::Unsupported, "Infracost does not support it"),
                Some(_) => {
                    is_missing = true;
                    of_type(State::Unsupported, "the report of Infracost does not have it")
                }
            };
            SideCost { region: None, components: vec![component] }
        };
        // A report on a directory tells nothing of what an object cost before.
        let is_past_told = match listed(&address) {
            Some((project, _)) => project.knows_past,
            None => true,
        };
        let before =
            exists_before.then(|| found_before.or_else(|| is_past_told.then(&mut otherwise))).flatten();
        let after = exists_after.then(|| found_after.unwrap_or_else(&mut otherwise));
        if is_missing {
            held.not_in_report.push(SafeText::address(&change.address));
        }
        let mut sum = sum(before.as_ref(), after.as_ref(), action);
        if exists_before && before.is_none() {
            sum.before = None;
            sum.bound = Bound::Open;
        }
        ResourceCost {
            block: SafeText::address(&Address { key: None, ..change.address.clone() }),
            address: SafeText::address(&change.address),
            resource_type: change.address.resource_type.clone(),
            action,
            before,
            after,
            sum,
        }
    }
}

fn foreign(listed: &BTreeSet<&String>) -> String {
    let mut named: Vec<String> =
        listed.iter().take(MOST).map(|name| Redactor::default().text(name).for_terminal_line()).collect();
    if named.is_empty() {
        return "it lists no objects".to_owned();
    }
    if listed.len() > MOST {
        named.push(format!("{} more", listed.len() - MOST));
    }
    format!("the plan has none of its objects ({})", named.join(", "))
}

impl Project {
    /// The names of all objects that it lists.
    fn names(&self) -> impl Iterator<Item = &String> {
        self.objects.keys().chain(&self.free).chain(&self.unsupported)
    }

    /// Whether Infracost was told to look at this file.
    fn is_of(&self, file: &Path) -> bool {
        let path = Path::new(&self.path);
        let clean = |path: &Path| path.strip_prefix(".").unwrap_or(path).to_owned();
        let (own, file) = (clean(path), clean(file));
        !self.path.is_empty() && (own.ends_with(&file) || file.ends_with(&own))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amount::amount;
    use crate::infracost::read_infracost;

    fn plan(changes: &[(&str, &str)]) -> String {
        let changes = changes.iter().map(|(address, actions)| {
            let (before, after) = match *actions {
                "create" => ("null", "{}"),
                "delete" => ("{}", "null"),
                _ => ("{}", "{}"),
            };
            format!(
                r#"{{"address": "{address}", "change": {{"actions": ["{actions}"], "before": {before}, "after": {after}, "after_unknown": {{}}}}}}"#
            )
        });
        format!(
            r#"{{"format_version": "1.2", "resource_changes": [{}]}}"#,
            changes.collect::<Vec<_>>().join(",")
        )
    }

    /// An object, and what it costs before and after.
    type Listed<'o> = (&'o str, Option<u32>, Option<u32>);

    /// A project with what its objects cost before and after.
    fn project(path: &str, objects: &[Listed<'_>]) -> String {
        let side = |of: fn(&Listed<'_>) -> Option<u32>| {
            let listed = objects.iter().filter_map(|object| {
                let monthly = of(object)?;
                Some(format!(
                    r#"{{"name": "{}", "resourceType": "", "costComponents": [{{"name": "Hours", "monthlyCost": "{monthly}"}}]}}"#,
                    object.0
                ))
            });
            listed.collect::<Vec<_>>().join(",")
        };
        format!(
            r#"{{"name": "{path}", "metadata": {{"path": "{path}"}}, "pastBreakdown": {{"resources": [{}]}}, "breakdown": {{"resources": [{}]}}}}"#,
            side(|object| object.1),
            side(|object| object.2)
        )
    }

    fn report(projects: &[String]) -> String {
        format!(
            r#"{{"totalMonthlyCost": "999", "pastTotalMonthlyCost": "1", "projects": [{}]}}"#,
            projects.join(",")
        )
    }

    fn held_in(report: &str, plan: &str, file: &str) -> Result<PlanCost, HoldError> {
        read_infracost(report).unwrap().held(&Plan::parse(plan).unwrap(), Some(Path::new(file)))
    }

    fn sums(cost: &PlanCost) -> (String, String, Bound) {
        (amount(cost.sum.before.unwrap()), amount(cost.sum.after), cost.sum.bound)
    }

    fn words(texts: &[SafeText]) -> Vec<&str> {
        texts.iter().map(SafeText::unescaped).collect()
    }

    const PLAN: [(&str, &str); 3] =
        [("aws_instance.a", "create"), ("aws_instance.b", "no-op"), ("aws_iam_role.r", "create")];

    #[test]
    fn a_report_of_the_plan_counts_with_its_objects() {
        let report = report(&[project(
            "p.json",
            &[("aws_instance.a", None, Some(10)), ("aws_instance.b", Some(5), Some(5))],
        )]);
        let held = held_in(&report, &plan(&PLAN), "p.json").unwrap();
        assert_eq!(sums(&held), ("5.00".to_owned(), "15.00".to_owned(), Bound::Exact));
        assert_eq!(held.held, Some(Held::default()));
        assert!(held.sum.is_complete());
    }

    #[test]
    fn a_report_of_another_plan_is_refused() {
        let other = report(&[project("p.json", &[("aws_instance.z", None, Some(1))])]);
        let refused = held_in(&other, &plan(&PLAN), "p.json").unwrap_err();
        assert_eq!(
            refused.to_string(),
            "it is about another plan: the plan has none of its objects (aws_instance.z)"
        );
        assert!(held_in(&report(&[]), &plan(&PLAN), "p.json").is_err(), "a total without objects");
        // Nothing in the plan costs anything, so that no report is needed.
        let free = held_in(&other, &plan(&[("aws_iam_role.r", "create")]), "p.json").unwrap();
        assert_eq!(sums(&free), ("0.00".to_owned(), "0.00".to_owned(), Bound::Exact));
    }

    #[test]
    fn what_the_report_lacks_is_missing_and_what_it_has_beyond_does_not_count() {
        let part = report(&[project(
            "p.json",
            &[("aws_instance.b", Some(5), Some(5)), ("aws_instance.gone", Some(70), None)],
        )]);
        let held = held_in(&part, &plan(&PLAN), "p.json").unwrap();
        assert_eq!(sums(&held), ("5.00".to_owned(), "5.00".to_owned(), Bound::AtLeast));
        let said = held.held.unwrap();
        assert_eq!(words(&said.not_in_report), ["aws_instance.a"]);
        assert_eq!(words(&said.not_in_plan), ["aws_instance.gone"]);
    }

    /// A report that was made of another state has the object before already: it must not hide what the plan adds.
    #[test]
    fn each_object_counts_on_the_sides_that_it_has_in_the_plan() {
        let stale = report(&[project(
            "p.json",
            &[("aws_instance.a", Some(10), Some(10)), ("aws_instance.b", Some(5), None)],
        )]);
        let held = held_in(&stale, &plan(&PLAN), "p.json").unwrap();
        assert_eq!(sums(&held), ("5.00".to_owned(), "15.00".to_owned(), Bound::Exact));
        let moved = r#"{"format_version": "1.2", "resource_changes": [{"address": "aws_instance.new", "previous_address": "aws_instance.old",
            "change": {"actions": ["update"], "before": {}, "after": {}, "after_unknown": {}}}]}"#;
        let both = report(&[project(
            "p.json",
            &[("aws_instance.old", Some(10), None), ("aws_instance.new", None, Some(30))],
        )]);
        assert_eq!(sums(&held_in(&both, moved, "p.json").unwrap()).0, "10.00");
    }

    #[test]
    fn of_several_projects_the_one_of_the_plan_counts() {
        let of = |path: &str, other: &str| {
            let objects = [
                ("aws_instance.a", None, Some(10)),
                ("aws_instance.b", Some(5), Some(5)),
                (other, None, Some(7)),
            ];
            project(path, if other.is_empty() { &objects[..2] } else { &objects })
        };
        let apart = report(&[of("dev/p.json", ""), project("x", &[("aws_instance.z", None, Some(99))])]);
        assert_eq!(sums(&held_in(&apart, &plan(&PLAN), "p.json").unwrap()).1, "15.00");
        let larger = report(&[of("dev", ""), of("prod", "aws_instance.more")]);
        assert_eq!(sums(&held_in(&larger, &plan(&PLAN), "p.json").unwrap()).1, "15.00");
        let alike = report(&[of("dev/p.json", ""), of("prod/p.json", "")]);
        assert_eq!(sums(&held_in(&alike, &plan(&PLAN), "./prod/p.json").unwrap()).1, "15.00");
        let refused = held_in(&alike, &plan(&PLAN), "p.json").unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the plan does not tell which of its projects it belongs to: dev/p.json, prod/p.json"
        );
    }

    #[test]
    fn a_report_without_a_past_knows_the_difference_of_what_is_created_or_kept() {
        let scan = |unsupported: &str| {
            format!(
                r#"{{"summary": {{"total_monthly_cost": "15"}}, "projects": [{{"resources": [
                {{"name": "aws_instance.a", "cost_components": [{{"total_monthly_cost": "10"}}]}},
                {{"name": "aws_instance.b", "cost_components": [{{"total_monthly_cost": "5"}}]}}{unsupported}]}}]}}"#
            )
        };
        let held = held_in(&scan(""), &plan(&PLAN), "p.json").unwrap();
        assert_eq!(sums(&held), ("5.00".to_owned(), "15.00".to_owned(), Bound::Exact));
        let updated = plan(&[("aws_instance.a", "update"), ("aws_instance.b", "no-op")]);
        assert_eq!(held_in(&scan(""), &updated, "p.json").unwrap().sum.before, None);
        let unsupported = scan(r#", {"name": "aws_fsx_lustre_file_system.c", "is_supported": false}"#);
        let held =
            held_in(&unsupported, &plan(&[PLAN[0], ("aws_fsx_lustre_file_system.c", "create")]), "p.json");
        let held = held.unwrap();
        assert_eq!(sums(&held).2, Bound::AtLeast);
        assert_eq!(held.held.unwrap().not_in_report, []);
    }

    #[test]
    fn what_infracost_calls_free_is_not_missing() {
        let listed = r#"{"totalMonthlyCost": "0", "summary": {"noPriceResourceCounts": {"aws_widget": 1}}, "projects": [{"name": "p",
            "pastBreakdown": {}, "breakdown": {"resources": [], "freeResources": [{"name": "acme_thing.t"}]}}]}"#;
        let held =
            held_in(listed, &plan(&[("acme_thing.t", "create"), ("aws_widget.w", "create")]), "p.json")
                .unwrap();
        assert!(held.sum.is_complete() && held.held == Some(Held::default()));
    }
}
