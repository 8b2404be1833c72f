#!/usr/bin/env python3
"""Writes policies/prices/TABLE.tsv: the price book, one table a file, keys by regions.

usage: build-price-book.py PRICES [--check]

PRICES is a directory of CSV files (*.csv.gz), in which every row names its source and date. With --check nothing is
written: the exit code is 1 if a file of the book would change.
"""
import collections, csv, gzip, pathlib, re, sys

BOOK = pathlib.Path(__file__).resolve().parent.parent / "policies" / "prices"
SOURCE = re.compile(r"(?:derived: (?P<how>.*); )?(?P<where>\S+) \((?:data )?(?P<licence>[^)]+)\)$")

# What the prices of services are called in the book, and the rows that have them; the first that a region has counts.
SERVICES = {
    "ebs-standard-gb": ["Storage Magnetic standard GB Mo", "Storage Magnetic GB Mo"],
    "ebs-gp2-gb": ["Storage General Purpose gp2 GB Mo", "Storage General Purpose GB Mo"],
    "ebs-gp3-gb": ["Storage General Purpose gp3 GB Mo"],
    "ebs-gp3-iops": ["Provisioned EBS IOPS gp3 Volumes per IOPS Mo"],
    "ebs-gp3-gibps": ["Provisioned Throughput gp3 per GiBps mo"],
    "ebs-io1-gb": ["Storage Provisioned IOPS io1 GB Mo", "Storage Provisioned IOPS GB Mo"],
    "ebs-io1-iops": ["Provisioned EBS IOPS io1 Volumes per IOPS Mo", "Provisioned EBS IOPS Volumes per IOPS Mo"],
    "ebs-io2-gb": ["Storage Provisioned IOPS io2 GB month"],
    "ebs-io2-iops": ["Provisioned EBS IOPS io2 Volumes per IOPS Mo"],
    "ebs-io2-iops-2": ["Provisioned EBS IOPS Tier 2 io2 Volumes per IOPS Mo"],
    "ebs-io2-iops-3": ["Provisioned EBS IOPS Tier 3 io2 Volumes per IOPS Mo"],
    "ebs-st1-gb": ["Storage Throughput Optimized HDD st1 GB Mo", "Storage Throughput Optimized HDD GB Mo"],
    "ebs-sc1-gb": ["Storage Cold HDD sc1 GB Mo", "Storage Cold HDD GB Mo"],
    "ebs-snapshot-gb": ["Storage Snapshot Amazon S3 GB Mo"],
}

# The same of network and EKS, and of what other services have.
NETWORK = {
    "nat-gateway-hour": "nat_gateway_hour",
    "nat-gateway-gb": "nat_gateway_gb",
    "alb-hour": "alb_hour",
    "nlb-hour": "nlb_hour",
    "elb-hour": "classic_elb_hour",
    "eks-cluster-hour": "eks_cluster_hour",
}
OTHERS = {
    "eks-cluster-hour": ("eks", "Compute per Hours"),
    "eks-extended-hour": ("eks", "Compute ExtendedSupport per Hours"),
    "fargate-cpu-hour": ("ecs", "perCPU per hour"),
    "fargate-gb-hour": ("ecs", "perGB per hour"),
    "fargate-arm-cpu-hour": ("ecs", "ARM perCPU per hour"),
    "fargate-arm-gb-hour": ("ecs", "ARM perGB per hour"),
    "fargate-windows-cpu-hour": ("ecs", "perCPU per hour Windows"),
    "fargate-windows-gb-hour": ("ecs", "perGB per hour Windows"),
    "fargate-windows-licence-hour": ("ecs", "perCPU OS License Fee per hour Windows"),
    "fargate-storage-gb-hour": ("ecs", "Storage per GB-Hours"),
    "kinesis-shard-hour": ("kinesis", "Provisioned shard hour per ShardHour"),
    "kinesis-retention-shard-hour": ("kinesis", "Addon shard hour per ShardHour"),
    "kinesis-on-demand-hour": ("kinesis", "OnDemandStreamHr per StreamHr"),
    "kms-key-month": ("kms", "Encryption Key"),
    "cloudwatch-alarm-month": ("cloudwatch", "Alarm Standard"),
    "cloudwatch-alarm-high-resolution-month": ("cloudwatch", "Alarm High Resolution"),
    "cloudwatch-alarm-composite-month": ("cloudwatch", "Alarm Composite"),
    "cloudwatch-metric-month": ("cloudwatch", "Metric for the first 10000"),
    "cloudwatch-logs-gb": ("cloudwatch", "Logs Collected Data Ingestion"),
    "dynamodb-read-hour": ("dynamodb", "Provisioned Read Units"),
    "dynamodb-write-hour": ("dynamodb", "Provisioned Write Units"),
    "dynamodb-storage-gb": ("dynamodb", "Data Storage Indexed GB-Mo"),
    "efs-gb": ("efs", "General Purpose Storage GB Mo"),
    "efs-throughput-month": ("efs", "Throughput Provisioned"),
    "lambda-request": ("lambda", "Lambda Requests"),
    "vpc-endpoint-hour": ("vpc", "Hourly charge for VPC Endpoints per Hrs"),
    "vpc-endpoint-gwlb-hour": ("vpc", "Hourly charge for AWS Gateway Load Balancer VPC Endpoint per Hrs"),
    "vpn-connection-hour": ("vpc", "CreateVpnConnection per Hrs"),
    "transit-gateway-attachment-hour": ("vpc", "Hourly charge for Transit Gateway VPC Attachments per hour"),
    "public-ipv4-hour": ("vpc", "Hourly charge for In use Public IPv4 Addresses per Hrs"),
}
GOOGLE_NETWORK = {
    ("network.ip.unused", "hour"): "ip-unused-hour",
    ("network.ip.vm", "hour"): "ip-vm-hour",
    ("network.vpn.tunnel", "hour"): "vpn-tunnel-hour",
}


class Table:
    def __init__(self, name, about):
        self.name, self.about = name, about
        self.cells, self.sources = {}, collections.Counter()

    def add(self, region, key, price, row):
        if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", price) or (key, region) in self.cells:
            return
        self.cells[key, region] = price.rstrip("0").rstrip(".") if "." in price else price
        self.sources[row["source"], row["as_of"]] += 1

    def text(self):
        regions = sorted({region for _, region in self.cells})
        keys = sorted({key for key, _ in self.cells}, key=natural)
        lines = [f"{self.name}\t{self.about}"]
        for (source, date), rows in sorted(self.sources.items(), key=lambda item: (-item[1], item[0])):
            found = SOURCE.match(source)
            where = found["where"] + (f", {found['how']}" if found["how"] else "")
            lines.append(f"source\t{where}\t{found['licence']}\t{date}\t{rows}")
        lines.append("\t".join(["key", *regions]))
        lines += ["\t".join([key, *(self.cells.get((key, region), "") for region in regions)]) for key in keys]
        return "\n".join(lines) + "\n"


def natural(key):
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", key)]


def rows(prices, name):
    with gzip.open(prices / f"{name}.csv.gz", "rt", newline="") as file:
        yield from csv.DictReader(file)


def simple(prices, table, name, key, price):
    for row in rows(prices, name):
        if row[price] and "PLACEHOLDER" not in key(row):
            table.add(row["region"], key(row), row[price], row)
    return table


def services(prices):
    table = Table("aws-services", "USD for what the key ends with: an hour, a month, a GB a month, an IOPS a month")
    by_row = {(row["region"], row["price_key"]): row for row in rows(prices, "aws_ebs")}
    for key, names in SERVICES.items():
        for region in sorted({region for region, _ in by_row}):
            row = next((by_row[region, name] for name in names if (region, name) in by_row), None)
            if row:
                table.add(region, key, row["usd"], row)
    by_row = {(row["service"], row["price_key"]): [] for row in rows(prices, "aws_misc_services")}
    for row in rows(prices, "aws_misc_services"):
        by_row[row["service"], row["price_key"]].append(row)
    for key, named in OTHERS.items():
        for row in by_row[named]:
            table.add(row["region"], key, row["usd"], row)
    items = {item: key for key, item in NETWORK.items()}
    for row in rows(prices, "aws_network_eks"):
        if row["item"] in items:
            table.add(row["region"], items[row["item"]], row["usd_per_unit"], row)
    return table


def tables(prices):
    hour = "USD for an hour"
    yield simple(prices, Table("aws-ec2", f"{hour} of an instance type with Linux"), "aws_ec2_linux_ondemand",
                 lambda row: row["instance_type"], "usd_per_hour")
    yield simple(prices, Table("aws-rds", f"{hour} of an instance class with an engine and deployment"), "aws_rds_ondemand",
                 lambda row: f"{row['instance_class']} {row['engine']} {row['deployment']}", "usd_per_hour")
    yield simple(prices, Table("aws-elasticache", f"{hour} of a node type with an engine"), "aws_elasticache_ondemand",
                 lambda row: f"{row['node_type']} {row['engine']}", "usd_per_hour")
    yield simple(prices, Table("aws-opensearch", f"{hour} of an instance type"), "aws_opensearch_ondemand",
                 lambda row: row["instance_type"], "usd_per_hour")
    yield simple(prices, Table("aws-redshift", f"{hour} of a node type"), "aws_redshift_ondemand",
                 lambda row: row["node_type"], "usd_per_hour")
    yield simple(prices, Table("aws-msk", f"{hour} of a broker"), "aws_msk_broker",
                 lambda row: row["instance_type"], "usd_per_hour")
    yield services(prices)
    yield simple(prices, Table("azure-vm", f"{hour} of a size with Linux"), "azure_vm_linux_payg",
                 lambda row: row["vm_size"], "usd_per_hour")
    yield simple(prices, Table("google-machine", f"{hour} of a machine type, without discounts for sustained use"),
                 "gcp_machine_ondemand", lambda row: row["machine_type"], "usd_per_hour")
    yield simple(prices, Table("google-disk", "USD for a GB a month"), "gcp_disk",
                 lambda row: row["disk_type"], "usd_per_gb_month")
    network = Table("google-network", hour)
    for row in rows(prices, "gcp_network_storage"):
        key = GOOGLE_NETWORK.get((row["item"], row["unit"]))
        if key:
            network.add(row["region"], key, row["usd"], row)
    yield network


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--check"]
    if len(arguments) != 1:
        sys.exit(__doc__)
    changed = []
    BOOK.mkdir(exist_ok=True)
    for table in tables(pathlib.Path(arguments[0])):
        path, text = BOOK / f"{table.name}.tsv", table.text()
        if not path.exists() or path.read_text() != text:
            changed.append(path.name)
            if "--check" not in sys.argv:
                path.write_text(text)
    print("changed: " + (", ".join(changed) or "nothing"))
    sys.exit(1 if changed and "--check" in sys.argv else 0)


main()
