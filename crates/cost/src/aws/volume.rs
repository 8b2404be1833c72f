//! Volumes of EBS, by themselves and as parts of instances.

use rust_decimal::Decimal;

use crate::bill::{Bill, Input, Missing, Part, Service, Unit};
use crate::facts::{Place, Resource};

/// The size that is assumed of a volume whose size is that of an image.
const ASSUMED_GB: u32 = 8;

/// What gp3 has at no charge.
const FREE_IOPS: u32 = 3000;
const FREE_MIBPS: u32 = 125;

/// What the price of a volume depends on.
#[derive(Clone)]
pub(super) struct Volume {
    kind: Input<String>,
    size: Input<Decimal>,
    iops: Input<Option<Decimal>>,
    throughput: Input<Option<Decimal>>,
    assumed: Vec<String>,
}

/// The names of the attributes.
pub(super) struct Names {
    pub(super) kind: &'static str,
    pub(super) size: &'static str,
}

/// The names in blocks of instances and templates.
pub(super) const IN_BLOCKS: Names = Names { kind: "volume_type", size: "volume_size" };

/// What the size is if it is not set.
pub(super) enum Unsized {
    /// That of the image, of which [`ASSUMED_GB`] is assumed.
    OfImage,
    /// That of a snapshot, which the plan does not tell.
    OfSnapshot,
}

impl Volume {
    pub(super) fn of(place: &Place<'_, '_>, names: &Names, unsized_is: &Unsized) -> Self {
        let mut assumed = Vec::new();
        let kind = place.text(names.kind).map(|kind| match kind {
            Some(kind) => kind.to_owned(),
            None => {
                assumed.push(format!("`{}` is not set: gp2 is assumed", names.kind));
                "gp2".to_owned()
            }
        });
        let size = place.number(names.size).and_then(|size| match (size, unsized_is) {
            (Some(size), _) => Ok(size),
            (None, Unsized::OfImage) => {
                assumed.push(size_of_image());
                Ok(Decimal::from(ASSUMED_GB))
            }
            (None, Unsized::OfSnapshot) => {
                Err(Missing::unknown(format!("`{}` is not set: it is that of the snapshot", names.size)))
            }
        });
        Self { kind, size, iops: place.number("iops"), throughput: place.number("throughput"), assumed }
    }

    /// The root volume of an instance that does not describe it.
    pub(super) fn of_image() -> Self {
        Self {
            kind: Ok("gp2".to_owned()),
            size: Ok(Decimal::from(ASSUMED_GB)),
            iops: Ok(None),
            throughput: Ok(None),
            assumed: vec![format!("the image decides: {ASSUMED_GB} GB of gp2 are assumed")],
        }
    }

    /// A volume of a size, of the type that a service takes.
    pub(super) fn of_size(kind: &str, size: Input<Decimal>, assumed: Option<&str>) -> Self {
        Self {
            kind: Ok(kind.to_owned()),
            size,
            iops: Ok(None),
            throughput: Ok(None),
            assumed: assumed.map(str::to_owned).into_iter().collect(),
        }
    }

    /// Adds the components of so many volumes.
    pub(super) fn add(&self, bill: &mut Bill<'_>, name: &'static str, number: &Input<Decimal>) {
        let kind = self.kind.clone().unwrap_or_default();
        let part =
            |name, unit, key: &'static str| Part::aws(name, Service::Ebs, unit, key).times(number.clone());
        let (gb, iops) = match kind.as_str() {
            "standard" => ("ebs-standard-gb", None),
            "gp2" => ("ebs-gp2-gb", None),
            "gp3" => ("ebs-gp3-gb", None),
            "io1" => ("ebs-io1-gb", Some("ebs-io1-iops")),
            "io2" => ("ebs-io2-gb", Some("ebs-io2-iops")),
            "st1" => ("ebs-st1-gb", None),
            "sc1" => ("ebs-sc1-gb", None),
            _ => {
                let missing = match &self.kind {
                    Ok(_) => Missing::no_price("its type is none that the price book knows"),
                    Err(missing) => missing.clone(),
                };
                let size = self.size.clone().ok();
                bill.missing(name, Service::Ebs, Unit::GbMonth, size, missing);
                return;
            }
        };
        let storage = part(name, Unit::GbMonth, gb).detail(kind.as_str()).times(self.size.clone());
        bill.add(storage.assuming((!self.assumed.is_empty()).then(|| self.assumed.join("; "))));
        if let Some(key) = iops {
            let provisioned =
                self.iops.clone().and_then(|iops| iops.ok_or_else(|| Missing::unknown("`iops` is not set")));
            self.add_iops(bill, key, provisioned, number);
        }
        if kind == "gp3" {
            let above = |given: &Input<Option<Decimal>>, free: u32| match given {
                Ok(given) => Ok(given.unwrap_or_default() - Decimal::from(free)),
                Err(missing) => Err(missing.clone()),
            };
            let (iops, mibps) = (above(&self.iops, FREE_IOPS), above(&self.throughput, FREE_MIBPS));
            let counts =
                |amount: &Input<Decimal>| amount.as_ref().map_or(true, |amount| *amount > Decimal::ZERO);
            if counts(&iops) {
                bill.add(part("IOPS above 3,000", Unit::IopsMonth, "ebs-gp3-iops").times(iops));
            }
            if counts(&mibps) {
                let gibps = mibps.map(|mibps| mibps / Decimal::from(1024));
                bill.add(part("Throughput above 125 MiB/s", Unit::GibpsMonth, "ebs-gp3-gibps").times(gibps));
            }
        }
    }

    fn add_iops(
        &self,
        bill: &mut Bill<'_>,
        key: &'static str,
        provisioned: Input<Decimal>,
        number: &Input<Decimal>,
    ) {
        let part = |name, key, iops| {
            Part::aws(name, Service::Ebs, Unit::IopsMonth, key).times(number.clone()).times(iops)
        };
        let Ok(iops) = provisioned else {
            bill.add(part("IOPS", key, provisioned));
            return;
        };
        if key == "ebs-io1-iops" {
            bill.add(part("IOPS", key, Ok(iops)));
            return;
        }
        let (first, second) = (Decimal::from(32_000), Decimal::from(64_000));
        let tiers = [
            ("IOPS", key, Decimal::ZERO, first),
            ("IOPS above 32,000", "ebs-io2-iops-2", first, second),
            ("IOPS above 64,000", "ebs-io2-iops-3", second, Decimal::MAX),
        ];
        for (name, key, from, to) in tiers {
            if iops > from {
                bill.add(part(name, key, Ok(iops.min(to) - from)));
            }
        }
    }
}

fn size_of_image() -> String {
    format!("the size is that of the image: {ASSUMED_GB} GB are assumed")
}

pub(super) fn ebs_volume(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    let names = Names { kind: "type", size: "size" };
    Volume::of(&resource.root(), &names, &Unsized::OfSnapshot).add(bill, "Storage", &Ok(Decimal::ONE));
}

#[cfg(test)]
mod tests {
    use crate::testing::{costs, one};

    #[test]
    fn volumes_cost_storage_and_what_is_provisioned() {
        // us-east-1: gp2 0.1, gp3 0.08 and 0.005 an IOPS and 40.96 a GiB/s, io1 0.125 and 0.065 an IOPS.
        for (after, monthly) in [
            (r#"{"type": "gp2", "size": 100}"#, "10.00"),
            (r#"{"type": "gp3", "size": 100}"#, "8.00"),
            (r#"{"type": "gp3", "size": 100, "iops": 4000, "throughput": 381}"#, "23.24"), // 8 + 5 + 256/1024*40.96
            (r#"{"type": "gp3", "size": 100, "iops": 3000, "throughput": 125}"#, "8.00"),
            (r#"{"type": "io1", "size": 100, "iops": 1000}"#, "77.50"), // 12.5 + 65
            (r#"{"type": "io2", "size": 100, "iops": 33000}"#, "2138.00"), // 12.5 + 32000*0.065 + 1000*0.0455
            (r#"{"type": "st1", "size": 500}"#, "22.50"),
            (r#"{"type": "standard", "size": 10}"#, "0.50"),
        ] {
            assert_eq!(costs("aws_ebs_volume", after).total, monthly, "{after}");
        }
    }

    #[test]
    fn what_a_volume_lacks_is_assumed_or_unknown() {
        let volume = one("aws_ebs_volume", r#"{"size": 20}"#);
        assert_eq!((volume.state.as_str(), volume.monthly.as_str()), ("estimated", "2.00"));
        assert!(volume.note.contains("gp2 is assumed"), "{}", volume.note);
        assert_eq!(one("aws_ebs_volume", r#"{"type": "gp3"}"#).state, "unknown_input");
        assert_eq!(one("aws_ebs_volume", r#"{"type": "gp9", "size": 3}"#).state, "no_price");
        for size in ["-1", "1e300", "\"NaN\"", "\"many\"", "{}"] {
            let volume = one("aws_ebs_volume", &format!(r#"{{"type": "gp3", "size": {size}}}"#));
            assert_eq!(volume.state, "unknown_input", "{size}");
        }
    }
}
