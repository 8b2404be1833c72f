//! The price book: tables of keys by regions, unpacked when something is looked up in them.
//!
//! `policies/prices/README.md` describes the files.

use std::collections::{BTreeSet, HashMap};
use std::io::Read as _;
use std::sync::OnceLock;

use flate2::read::DeflateDecoder;
use rust_decimal::Decimal;

macro_rules! tables {
    ($($(#[doc = $doc:literal])+ $name:ident = $file:literal,)+) => {
        /// A table of the book.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Table {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Table {
            /// Every table.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The name of its file.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $file,)+
                }
            }

            const fn packed(self) -> &'static [u8] {
                match self {
                    $(Self::$name => include_bytes!(concat!(env!("OUT_DIR"), "/", $file, ".bin")),)+
                }
            }

            fn matrix(self) -> &'static Matrix {
                match self {
                    $(Self::$name => {
                        static MATRIX: OnceLock<Matrix> = OnceLock::new();
                        MATRIX.get_or_init(|| Matrix::unpack(Self::$name.packed()))
                    })+
                }
            }
        }
    };
}

tables! {
    /// EC2 instance types with Linux.
    AwsEc2 = "aws-ec2",
    /// RDS instance classes with engine and deployment.
    AwsRds = "aws-rds",
    /// ElastiCache node types with engine.
    AwsElastiCache = "aws-elasticache",
    /// OpenSearch instance types.
    AwsOpenSearch = "aws-opensearch",
    /// Redshift node types.
    AwsRedshift = "aws-redshift",
    /// MSK brokers.
    AwsMsk = "aws-msk",
    /// Other services of AWS, volumes among them.
    AwsServices = "aws-services",
    /// Azure VM sizes with Linux.
    AzureVm = "azure-vm",
    /// Machine types of Compute Engine.
    GoogleMachine = "google-machine",
    /// Disks of Compute Engine.
    GoogleDisk = "google-disk",
    /// Addresses and tunnels of Google Cloud.
    GoogleNetwork = "google-network",
}

/// Where prices come from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// The public compilation.
    pub name: &'static str,
    /// Its licence.
    pub licence: &'static str,
    /// When the prices were valid: `2025-11-04`.
    pub date: &'static str,
}

/// The sources of the tables of which a run used some.
pub fn sources_of(tables: impl IntoIterator<Item = Table>) -> BTreeSet<Source> {
    tables.into_iter().flat_map(|table| table.matrix().sources.iter().cloned()).collect()
}

impl Table {
    /// The price of a key in a region; `None` if the book has none.
    pub(crate) fn price(self, key: &str, region: &str) -> Option<Decimal> {
        let matrix = self.matrix();
        matrix.cell(key, matrix.column(region)?)
    }

    /// Whether the book has prices of the region.
    pub(crate) fn has_region(self, region: &str) -> bool {
        self.matrix().column(region).is_some()
    }

    /// The price of an instance type in a region that the book lacks it in: that of `of`, by the median ratio of the prices
    /// of the two regions for the same family letter.
    pub(crate) fn estimate(self, key: &str, region: &str, of: &str) -> Option<Decimal> {
        let matrix = self.matrix();
        let (here, there) = (matrix.column(region)?, matrix.column(of)?);
        let known = matrix.cell(key, there)?;
        let family = letters(key);
        let mut ratios: Vec<Decimal> = matrix
            .rows
            .keys()
            .filter(|other| letters(other) == family)
            .filter_map(|other| matrix.cell(other, here)?.checked_div(matrix.cell(other, there)?))
            .collect();
        ratios.sort_unstable();
        let ratio = ratios.get(ratios.len() / 2)?;
        known.checked_mul(*ratio)
    }
}

/// The letters that an instance type starts with: `m` of `m7i.large`.
fn letters(key: &str) -> &str {
    key.split(|character: char| !character.is_ascii_alphabetic()).next().unwrap_or(key)
}

/// A table as text, with the places of its rows.
struct Matrix {
    sources: Vec<Source>,
    regions: Vec<&'static str>,
    /// The prices of each key, separated by tabs.
    rows: HashMap<&'static str, &'static str>,
}

impl Matrix {
    /// Unpacks a table, which stays in memory for the rest of the run. What does not have the form reads as absent; a test
    /// reads every price.
    fn unpack(packed: &[u8]) -> Self {
        let mut text = String::new();
        if DeflateDecoder::new(packed).read_to_string(&mut text).is_err() {
            text.clear();
        }
        Self::read(Box::leak(text.into_boxed_str()))
    }

    fn read(text: &'static str) -> Self {
        let mut matrix = Self { sources: Vec::new(), regions: Vec::new(), rows: HashMap::new() };
        for line in text.lines().skip(1) {
            let Some((key, rest)) = line.split_once('\t') else { continue };
            match key {
                "source" => {
                    let mut fields = rest.split('\t');
                    if let (Some(name), Some(licence), Some(date)) =
                        (fields.next(), fields.next(), fields.next())
                    {
                        matrix.sources.push(Source { name, licence, date });
                    }
                }
                "key" => matrix.regions = rest.split('\t').collect(),
                _ => {
                    matrix.rows.insert(key, rest);
                }
            }
        }
        matrix
    }

    fn column(&self, region: &str) -> Option<usize> {
        self.regions.iter().position(|known| *known == region)
    }

    fn cell(&self, key: &str, column: usize) -> Option<Decimal> {
        self.rows.get(key)?.split('\t').nth(column)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn price(table: Table, key: &str, region: &str) -> Option<String> {
        table.price(key, region).map(|price| price.to_string())
    }

    #[test]
    fn prices_are_those_of_the_sources() {
        assert_eq!(price(Table::AwsEc2, "c5.12xlarge", "af-south-1").as_deref(), Some("2.736"));
        assert_eq!(
            price(Table::AwsRds, "db.m5.12xlarge mysql multi-az", "af-south-1").as_deref(),
            Some("10.796")
        );
        assert_eq!(price(Table::AzureVm, "Standard_D2s_v3", "westeurope").as_deref(), Some("0.12"));
        assert_eq!(price(Table::GoogleDisk, "ssd", "us-central1").as_deref(), Some("0.17"));
        assert_eq!(price(Table::AwsEc2, "c5.12xlarge", "nowhere"), None);
        assert_eq!(price(Table::AwsEc2, "c5.999xlarge", "af-south-1"), None);
    }

    #[test]
    fn every_price_can_be_read_and_every_table_names_its_sources() {
        for table in Table::ALL {
            let matrix = table.matrix();
            assert!(!matrix.sources.is_empty() && !matrix.regions.is_empty(), "{}", table.name());
            for source in &matrix.sources {
                assert!(source.date.len() == 10 && !source.licence.is_empty(), "{source:?}");
            }
            let mut prices = 0;
            let rows: std::collections::BTreeMap<_, _> = matrix.rows.iter().collect();
            for (key, cells) in rows {
                assert_eq!(cells.split('\t').count(), matrix.regions.len(), "{} {key}", table.name());
                for cell in cells.split('\t').filter(|cell| !cell.is_empty()) {
                    let price: Decimal =
                        cell.parse().unwrap_or_else(|_| panic!("{} {key}: {cell}", table.name()));
                    assert!(!price.is_sign_negative(), "{} {key}", table.name());
                    prices += 1;
                }
            }
            assert!(prices > 50, "{}", table.name());
        }
    }

    /// Where the sources stand beside the repository, the book is what its script makes of them.
    #[test]
    fn the_book_is_built_from_the_sources() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let prices = root.join("../shared/prices");
        if !prices.exists() {
            println!("skipped: no prices at {}", prices.display());
            return;
        }
        let script = root.join("scripts/build-price-book.py");
        let ran = std::process::Command::new("python3").arg(&script).arg(&prices).arg("--check").output();
        let Ok(ran) = ran else {
            println!("skipped: python3 cannot be run");
            return;
        };
        assert!(
            ran.status.success(),
            "{}the price book is out of date: run python3 scripts/build-price-book.py ../shared/prices",
            String::from_utf8_lossy(&ran.stdout)
        );
    }

    #[test]
    fn a_price_that_a_region_lacks_is_estimated_by_its_family() {
        let text = "t\nsource\ts\tMIT\t2025-01-01\t9\nkey\ta\tb\nm1.x\t1\t2\nm2.x\t2\t4\nm3.x\t1\t1.5\nm9.x\t10\t\nc1.x\t1\t9\n";
        let matrix = Matrix::read(text);
        assert_eq!(matrix.cell("m9.x", 1), None);
        // us-east-1 has types that others lack; the estimate of one that is known is close to it.
        let (known, estimated) = (
            Table::AwsEc2.price("m5.large", "eu-central-1").unwrap(),
            Table::AwsEc2.estimate("m5.large", "eu-central-1", "us-east-1").unwrap(),
        );
        assert!((known - estimated).abs() < known / Decimal::from(10), "{known} {estimated}");
        assert_eq!(letters("m7i.large"), "m");
        assert_eq!(letters("u-6tb1.metal"), "u");
    }
}
