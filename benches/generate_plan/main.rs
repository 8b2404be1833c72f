//! Writes a made-up plan of any size as `terraform show -json` would, the same for the same arguments.

mod plan;
mod random;
mod resource;

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Parser;

use plan::PlanWriter;

/// Writes a plan to standard output.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many resource instances the plan has
    #[arg(long, required_unless_present = "bytes", conflicts_with = "bytes")]
    resources: Option<u32>,
    /// About how large the plan is
    #[arg(long)]
    bytes: Option<u64>,
    /// Another seed makes another plan
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Enough resources that what a plan has only once does not matter.
const SAMPLE: u32 = 600;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match (arguments.resources, arguments.bytes) {
        (Some(resources), _) => write(resources, arguments.seed),
        (None, bytes) => resources_for(bytes.unwrap_or_default(), arguments.seed)
            .and_then(|resources| write(resources, arguments.seed)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn write(resources: u32, seed: u64) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    PlanWriter::new(&mut out, resources, seed)?.write()?;
    out.flush()
}

/// How many resources make a plan of about this size.
fn resources_for(bytes: u64, seed: u64) -> io::Result<u32> {
    let mut sample = Counter(0);
    PlanWriter::new(&mut sample, SAMPLE, seed)?.write()?;
    let resources = bytes.saturating_mul(u64::from(SAMPLE)) / sample.0;
    Ok(u32::try_from(resources).unwrap_or(u32::MAX).max(1))
}

/// Counts what is written to it.
struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
