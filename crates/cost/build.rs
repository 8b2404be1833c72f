//! Compresses the tables of the price book, so that the binary has each as it is needed: a run unpacks only the tables
//! that it looks into.

use std::error::Error;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::DeflateEncoder;

const BOOK: &str = "../../policies/prices";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={BOOK}");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    for entry in fs::read_dir(Path::new(BOOK))? {
        let path = entry?.path();
        let (Some(name), Some("tsv")) =
            (path.file_stem(), path.extension().and_then(|ending| ending.to_str()))
        else {
            continue;
        };
        // A checkout on Windows may have other line ends.
        let text = fs::read_to_string(&path)?.replace("\r\n", "\n");
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text.as_bytes())?;
        fs::write(out.join(name).with_extension("bin"), encoder.finish()?)?;
    }
    Ok(())
}
