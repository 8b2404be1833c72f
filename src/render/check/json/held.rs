//! What a verdict rests on beside findings, in the JSON report: the environment, approvals, risk scores and costs.

use planguard_cost::{Bound, Sum, amount, parse_amount};
use serde::{Deserialize, Serialize};

use super::v2::{ReadError, safe, text};
use crate::approvals::NotCounted as Reason;
use crate::risk::{RiskFactor, RiskPart as OfRisk};
use crate::{cost, report, risk};

/// The environment of a run.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Environment {
    name: String,
    /// How it was chosen: the flag or variable that names it, or the patterns that match.
    why: String,
}

/// The approvals of a run.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Approvals {
    /// How many are needed.
    needed: usize,
    /// How many are missing.
    missing: usize,
    /// The groups whose people may approve.
    from: Vec<String>,
    /// The people whose approval counts.
    counted: Vec<String>,
    /// Those whose review does not count.
    not_counted: Vec<NotCounted>,
}

/// A review that does not count as an approval.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct NotCounted {
    /// Who.
    by: String,
    /// Why.
    reason: String,
}

/// The risk score of a plan: the sum of the points of its parts, which docs/risk.md describes.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Risk {
    score: usize,
    parts: Vec<RiskPart>,
}

/// A part of a risk score.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RiskPart {
    /// What has points, such as `destroy` or `exposure-high`.
    part: String,
    /// How often.
    number: usize,
    /// All points of the part.
    points: usize,
}

/// What a plan costs a month, if that was asked for. Amounts are decimals in texts, so that no reader rounds them;
/// docs/cost.md says what they are.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Cost {
    /// The currency.
    currency: String,
    /// A month before the change, if that is known.
    before: Option<String>,
    /// A month after the change.
    after: String,
    /// The difference, if what was before is known.
    delta: Option<String>,
    /// The difference in percent of what was before, unless that is nothing.
    delta_percent: Option<String>,
    /// What the difference is if something is missing in it: `exact`, `at_least`, `at_most` or `open`.
    delta_bound: String,
    /// Whether `before` is the least, because something is missing in it.
    before_lower_bound: bool,
    /// Whether `after` is the least.
    after_lower_bound: bool,
    /// Whether something costs what is used of it, which is not in the sums.
    usage: bool,
    /// How many objects have a part that cannot be priced.
    missing: usize,
    /// What costs most more, the first most; instances of a block are one.
    most: Vec<CostOfObject>,
    /// The regions that were assumed because the plan does not tell them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    assumed_regions: Vec<AssumedRegion>,
}

/// A region that was assumed.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct AssumedRegion {
    region: String,
    /// For how many objects.
    objects: usize,
    /// Of how many of them the plan changes the cost.
    changing: usize,
}

/// By how much more an object, or the instances of a block, cost a month.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CostOfObject {
    address: String,
    delta: String,
    /// How many instances there are, if more than one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    instances: Option<usize>,
}

impl Cost {
    pub(super) fn of(cost: &cost::CostReport) -> Self {
        let sum = &cost.sum;
        Self {
            currency: text(&cost.currency),
            before: sum.before.map(amount),
            after: amount(sum.after),
            delta: sum.delta().map(amount),
            delta_percent: sum.delta_percent().map(|percent| percent.normalize().to_string()),
            delta_bound: sum.bound.name().to_owned(),
            before_lower_bound: sum.before_is_least,
            after_lower_bound: sum.after_is_least,
            usage: sum.has_usage,
            missing: cost.missing,
            most: cost
                .most
                .iter()
                .map(|driver| CostOfObject {
                    address: text(&driver.address),
                    delta: amount(driver.delta),
                    instances: Some(driver.instances).filter(|number| *number > 1),
                })
                .collect(),
            assumed_regions: cost
                .assumed_regions
                .iter()
                .map(|assumed| AssumedRegion {
                    region: text(&assumed.region),
                    objects: assumed.objects,
                    changing: assumed.changing,
                })
                .collect(),
        }
    }
}

impl TryFrom<Cost> for cost::CostReport {
    type Error = ReadError;

    fn try_from(cost: Cost) -> Result<Self, ReadError> {
        let read = |text: &str| parse_amount(text).ok_or_else(|| ReadError::unknown("amount", text));
        let bounds = [Bound::Exact, Bound::AtLeast, Bound::AtMost, Bound::Open];
        let bound = bounds.into_iter().find(|bound| bound.name() == cost.delta_bound);
        let most = cost.most.iter().map(|object| {
            let address = safe(&object.address);
            let instances = object.instances.unwrap_or(1);
            Ok(cost::CostDriver { address, instances, delta: read(&object.delta)? })
        });
        let assumed = cost.assumed_regions.iter().map(|assumed| cost::AssumedRegion {
            region: safe(&assumed.region),
            objects: assumed.objects,
            changing: assumed.changing,
        });
        Ok(Self {
            currency: safe(&cost.currency),
            sum: Sum {
                before: cost.before.as_deref().map(read).transpose()?,
                after: read(&cost.after)?,
                before_is_least: cost.before_lower_bound,
                after_is_least: cost.after_lower_bound,
                has_usage: cost.usage,
                bound: bound.ok_or_else(|| ReadError::unknown("delta_bound", &cost.delta_bound))?,
            },
            missing: cost.missing,
            most: most.collect::<Result<_, _>>()?,
            assumed_regions: assumed.collect(),
        })
    }
}

impl Environment {
    pub(super) fn of(environment: &report::EnvironmentReport) -> Self {
        Self { name: text(&environment.name), why: text(&environment.why) }
    }
}

impl From<Environment> for report::EnvironmentReport {
    fn from(environment: Environment) -> Self {
        Self { name: safe(&environment.name), why: safe(&environment.why) }
    }
}

impl Approvals {
    pub(super) fn of(approvals: &report::ApprovalsReport) -> Self {
        Self {
            needed: approvals.needed,
            missing: approvals.missing,
            from: approvals.from.iter().map(text).collect(),
            counted: approvals.counted.iter().map(text).collect(),
            not_counted: approvals
                .not_counted
                .iter()
                .map(|(by, reason)| NotCounted { by: text(by), reason: reason.as_str().to_owned() })
                .collect(),
        }
    }
}

impl TryFrom<Approvals> for report::ApprovalsReport {
    type Error = ReadError;

    fn try_from(approvals: Approvals) -> Result<Self, ReadError> {
        let texts = |texts: &[String]| texts.iter().map(|text| safe(text)).collect();
        let not_counted = approvals.not_counted.iter().map(|NotCounted { by, reason }| {
            let known = Reason::ALL.into_iter().find(|known| known.as_str() == reason);
            Ok((safe(by), known.ok_or_else(|| ReadError::unknown("reason", reason))?))
        });
        Ok(Self {
            needed: approvals.needed,
            missing: approvals.missing,
            from: texts(&approvals.from),
            counted: texts(&approvals.counted),
            not_counted: not_counted.collect::<Result<_, _>>()?,
        })
    }
}

impl Risk {
    pub(super) fn of(risk: &risk::Risk) -> Self {
        let part = |part: &risk::RiskPart| RiskPart {
            part: part.factor.as_str().to_owned(),
            number: part.number,
            points: part.points(),
        };
        Self { score: risk.score(), parts: risk.parts.iter().map(part).collect() }
    }
}

impl TryFrom<Risk> for risk::Risk {
    type Error = ReadError;

    fn try_from(risk: Risk) -> Result<Self, ReadError> {
        let parts = risk.parts.iter().map(|RiskPart { part, number, points: _ }| {
            let factor = RiskFactor::all().find(|factor| factor.as_str() == part);
            Ok(OfRisk { factor: factor.ok_or_else(|| ReadError::unknown("part", part))?, number: *number })
        });
        Ok(Self { parts: parts.collect::<Result<_, _>>()? })
    }
}
