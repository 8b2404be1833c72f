//! Reads a file and skips each section of its object: what a reader takes that looks at nothing.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("name a file")?;
    let bytes = std::fs::read(path)?;
    let mut skipped = 0;
    for section in sonic_rs::to_object_iter(bytes.as_slice()) {
        let (_, value) = section?;
        skipped += value.as_raw_str().len();
    }
    std::hint::black_box(skipped);
    Ok(())
}
