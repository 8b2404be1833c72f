//! Reads a file and parses it into a tree with `sonic-rs`, and nothing else.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("name a file")?;
    let bytes = std::fs::read(path)?;
    let value: sonic_rs::Value = sonic_rs::from_slice(&bytes)?;
    std::hint::black_box(&value);
    Ok(())
}
