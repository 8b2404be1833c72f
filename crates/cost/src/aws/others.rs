//! Streams, keys and alarms of AWS.

use rust_decimal::Decimal;

use crate::bill::{Bill, Missing, Part, Service, Unit};
use crate::facts::Resource;

/// The hours that records are kept in at no charge.
const USUAL_RETENTION: u32 = 24;

pub(super) fn kinesis_stream(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    let root = resource.root();
    let part = |name, key| Part::aws(name, Service::Kinesis, Unit::Hour, key);
    match super::compute::in_block(&root, "stream_mode_details", "stream_mode") {
        Ok(Some("ON_DEMAND")) => bill.add(part("Stream on demand", "kinesis-on-demand-hour")),
        Ok(_) => {
            let shards = root.needed_count("shard_count");
            bill.add(part("Shard", "kinesis-shard-hour").times(shards.clone()));
            let hours = root.number("retention_period");
            if hours.is_ok_and(|hours| hours.unwrap_or_default() > Decimal::from(USUAL_RETENTION)) {
                bill.add(part("Extended retention of a shard", "kinesis-retention-shard-hour").times(shards));
            }
        }
        Err(missing) => bill.missing("Shard", Service::Kinesis, Unit::Hour, None, missing),
    }
    bill.usage("Records", Service::Kinesis, "record", None);
}

pub(super) fn file_system(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    bill.usage("Storage", Service::Efs, "GB", Some("efs-gb"));
    let root = resource.root();
    match root.text("throughput_mode") {
        Ok(Some("provisioned")) => {
            let mibps = root.number("provisioned_throughput_in_mibps");
            let set = || Missing::unknown("`provisioned_throughput_in_mibps` is not set");
            let mibps = mibps.and_then(|mibps| mibps.ok_or_else(set));
            bill.add(
                Part::aws("Provisioned MiB/s", Service::Efs, Unit::Month, "efs-throughput-month")
                    .times(mibps),
            );
        }
        Ok(_) => {}
        Err(missing) => bill.missing("Throughput", Service::Efs, Unit::Month, None, missing),
    }
}

pub(super) fn kms_key(_: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    bill.add(Part::aws("Key", Service::Kms, Unit::Month, "kms-key-month"));
    bill.usage("Requests", Service::Kms, "request", None);
}

pub(super) fn metric_alarm(resource: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    let root = resource.root();
    let metrics = root.list("metric_query").map(|queries| {
        let metrics =
            queries.iter().filter(|query| query.list("metric").is_ok_and(|metric| !metric.is_empty()));
        Decimal::from(metrics.count().max(1))
    });
    let is_fast =
        root.number("period").is_ok_and(|period| period.is_some_and(|period| period < Decimal::from(60)));
    let (name, key) = if is_fast {
        ("High-resolution alarm", "cloudwatch-alarm-high-resolution-month")
    } else {
        ("Alarm", "cloudwatch-alarm-month")
    };
    bill.add(Part::aws(name, Service::CloudWatch, Unit::Month, key).times(metrics));
}

pub(super) fn composite_alarm(_: &Resource<'_, '_>, bill: &mut Bill<'_>) {
    bill.add(Part::aws(
        "Composite alarm",
        Service::CloudWatch,
        Unit::Month,
        "cloudwatch-alarm-composite-month",
    ));
}

#[cfg(test)]
mod tests {
    use crate::testing::costs;

    #[test]
    fn streams_keys_and_alarms_have_prices() {
        for (resource_type, after, monthly) in [
            ("aws_kinesis_stream", r#"{"shard_count": 2}"#, "21.90"), // 2 * 730 * 0.015
            ("aws_kinesis_stream", r#"{"shard_count": 2, "retention_period": 48}"#, "51.10"), // 2 * 730 * 0.035
            ("aws_kinesis_stream", r#"{"stream_mode_details": [{"stream_mode": "ON_DEMAND"}]}"#, "29.20"), // 730 * 0.04
            ("aws_kms_key", "{}", "1.00"),
            ("aws_cloudwatch_metric_alarm", r#"{"period": 60}"#, "0.10"),
            ("aws_cloudwatch_metric_alarm", r#"{"period": 10}"#, "0.30"),
            (
                "aws_cloudwatch_metric_alarm",
                r#"{"metric_query": [{"metric": [{}]}, {"metric": [{}]}, {"expression": "a"}]}"#,
                "0.20",
            ),
            ("aws_cloudwatch_composite_alarm", "{}", "0.50"),
            ("aws_efs_file_system", "{}", "0.00"),
            (
                "aws_efs_file_system",
                r#"{"throughput_mode": "provisioned", "provisioned_throughput_in_mibps": 10}"#,
                "60.00", // 10 * 6
            ),
        ] {
            assert_eq!(costs(resource_type, after).total, monthly, "{resource_type} {after}");
        }
    }
}
