//! The command line of planguard.
fn main() {}
