//! The yardstick once more, with the allocator that planguard's Rego engine brings (mimalloc).

use std::error::Error;

// Linking the library makes its allocator that of the program; nothing else of it is used.
use planguard as _;

#[path = "yardstick.rs"]
mod yardstick;

fn main() -> Result<(), Box<dyn Error>> {
    yardstick::main()
}
