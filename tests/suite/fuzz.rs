//! Every target of `fuzz/` on a counted number of inputs, the same each time. `.ci/explore` takes more, and others.

use std::path::Path;

#[path = "../../fuzz/mutate.rs"]
mod mutate;
#[expect(unreachable_pub, reason = "the programs of cargo-fuzz import it")]
#[path = "../../fuzz/targets.rs"]
mod targets;

/// How many inputs a target gets: what takes a run of all rules and formats gets fewer.
fn iterations(target: &str) -> u64 {
    match target {
        "plan" | "values" | "renderers" | "policies" => 24,
        _ => 400,
    }
}

#[test]
fn no_input_of_a_target_fails() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = || {
        let mut failed = Vec::new();
        for target in targets::TARGETS {
            let seeds = mutate::seeds(root, target.seeds);
            for number in 0..iterations(target.name) {
                let bytes = mutate::input(&seeds, target.words, number);
                if std::panic::catch_unwind(|| (target.run)(&bytes)).is_err() {
                    failed.push(format!("{} {number}: {}", target.name, bytes.escape_ascii()));
                }
            }
        }
        failed
    };
    // Nesting is limited for a stack of this size.
    let run = std::thread::Builder::new().stack_size(64 << 20).spawn(run).expect("a thread starts");
    let failed = run.join().expect("it ends");
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// The programs of cargo-fuzz are the same targets.
#[test]
fn every_target_has_its_program() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).expect("the manifest");
    let workflow = std::fs::read_to_string(root.join("../.github/workflows/ci.yml")).expect("the workflow");
    let list = workflow.lines().find_map(|line| line.trim().strip_prefix("target: [")?.strip_suffix(']'));
    let listed: Vec<&str> = list.expect("a list of targets").split(", ").collect();
    assert_eq!(listed.len(), targets::TARGETS.len());
    for target in targets::TARGETS {
        let name = target.name;
        let program =
            std::fs::read_to_string(root.join(format!("fuzz_targets/{name}.rs"))).expect("its program");
        assert!(program.contains(&format!("targets::{name}(data)")), "{program}");
        assert!(
            manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")),
            "{name} is not in the manifest"
        );
        assert!(listed.contains(&name), "{name} is not in the workflow");
    }
}
