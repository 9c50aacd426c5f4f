//! Every committed input of every fuzz target, again: what a fuzzer found once is tested for ever.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking, too")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use vouchmq_mqtt::fuzzing::TARGETS;

/// A test for each target, which replays the folder of that name.
macro_rules! replay {
    ($($name:ident),+ $(,)?) => {
        $(#[test]
        fn $name() {
            replay(stringify!($name));
        })+

        const REPLAYED: &[&str] = &[$(stringify!($name)),+];
    };
}

/// Targets that other crates own and replay.
const ELSEWHERE: [&str; 4] = ["configuration", "remote", "token", "transport"];

replay! { connection, decode, engine_ops, round_trip, topic_filter }

#[test]
fn every_target_is_replayed_and_built() {
    let names: Vec<_> = TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, REPLAYED);
    let manifest = fs::read_to_string(folder().join("Cargo.toml")).unwrap();
    let programs = manifest.lines().filter_map(|line| line.strip_prefix("path = \"src/"));
    let programs =
        programs.map(|line| line.trim_end_matches(".rs\"")).filter(|name| !ELSEWHERE.contains(name));
    assert_eq!(programs.collect::<Vec<_>>(), names);
}

fn replay(name: &str) {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).unwrap();
    let inputs = inputs(&folder().join("corpus").join(name));
    assert!(!inputs.is_empty(), "no inputs for {name}: `cargo xtask fuzz {name}` makes some");
    for input in inputs {
        let data = fs::read(&input).unwrap();
        let is_survived = catch_unwind(AssertUnwindSafe(|| target(&data))).is_ok();
        assert!(is_survived, "{} fails", input.display());
    }
}

fn inputs(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut inputs: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    inputs.sort();
    inputs
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}
