//! The yardstick: reads a file and parses it into a tree with `serde_json`, and nothing else.
//!
//! It allocates with the system's allocator, as a plain Rust program does.

use std::error::Error;
use std::path::PathBuf;

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let path: PathBuf = std::env::args_os().nth(1).ok_or("name a file")?.into();
    let bytes = std::fs::read(path)?;
    let value: serde_json::Value = serde_json::from_slice(&bytes)?;
    std::hint::black_box(&value);
    Ok(())
}
