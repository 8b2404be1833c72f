//! Fuzzes the targets on any toolchain: mutates seeds, a counted number of times, and keeps what fails.
//!
//!     cargo run --example fuzz -- [TARGET|all] [--iterations N] [--seed N]
//!
//! The same seed makes the same inputs. An input that fails is written to target/fuzz/TARGET-NUMBER, and
//! `--replay FILE` with its target tries it again. Coverage does not guide it; cargo-fuzz does that (see fuzz/README.md).

#![expect(clippy::print_stdout, reason = "a program for developers")]

mod mutate;
#[expect(unreachable_pub, reason = "the programs of cargo-fuzz import it")]
mod targets;

use std::panic;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use targets::{TARGETS, Target};

struct Arguments {
    target: String,
    iterations: u64,
    seed: u64,
    replay: Option<PathBuf>,
}

fn arguments() -> Result<Arguments, String> {
    let mut given = Arguments { target: "all".to_owned(), iterations: 200, seed: 1, replay: None };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        let number = |text: String| text.parse().map_err(|_| format!("{text} is no number"));
        match word.as_str() {
            "--iterations" => given.iterations = number(value()?)?,
            "--seed" => given.seed = number(value()?)?,
            "--replay" => given.replay = Some(PathBuf::from(value()?)),
            _ => given.target = word,
        }
    }
    Ok(given)
}

fn main() -> ExitCode {
    // Nesting is limited for a stack of this size.
    let run = std::thread::Builder::new().stack_size(64 << 20).spawn(run);
    match run.map(std::thread::JoinHandle::join) {
        Ok(Ok(code)) => code,
        _ => ExitCode::FAILURE,
    }
}

fn run() -> ExitCode {
    let given = match arguments() {
        Ok(given) => given,
        Err(error) => {
            println!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let chosen: Vec<&Target> =
        TARGETS.iter().filter(|target| given.target == "all" || given.target == target.name).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        println!("{} is no target; there are {}", given.target, names.join(", "));
        return ExitCode::FAILURE;
    }
    let mut failures = 0;
    for target in chosen {
        match &given.replay {
            Some(file) => match std::fs::read(file) {
                Ok(bytes) => (target.run)(&bytes),
                Err(error) => {
                    println!("{}: {error}", file.display());
                    return ExitCode::FAILURE;
                }
            },
            None => failures += fuzz(target, given.iterations, given.seed),
        }
    }
    if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Returns how many inputs failed.
fn fuzz(target: &Target, iterations: u64, seed: u64) -> u64 {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let seeds = mutate::seeds(&root, target.seeds);
    let started = Instant::now();
    let (mut failures, mut slowest) = (0, Duration::ZERO);
    for number in 0..iterations {
        let bytes = mutate::input(&seeds, target.words, seed.wrapping_mul(1 << 32).wrapping_add(number));
        let before = Instant::now();
        let outcome = panic::catch_unwind(|| (target.run)(&bytes));
        let took = before.elapsed();
        slowest = slowest.max(took);
        if outcome.is_err() {
            failures += 1;
            let directory = root.join("target/fuzz");
            let file = directory.join(format!("{}-{seed}-{number}", target.name));
            let kept = std::fs::create_dir_all(&directory).and_then(|()| std::fs::write(&file, &bytes));
            println!("{}: {} ({took:.1?}), kept: {kept:?}", target.name, file.display());
        }
    }
    let (name, count) = (target.name, seeds.len());
    println!(
        "{name}: {iterations} inputs from {count} seeds, {failures} failed, slowest {slowest:.1?}, {:.0?} in all",
        started.elapsed()
    );
    failures
}
