//! Every committed input of the fuzz target, again: what a fuzzer found once is tested for ever.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

#[test]
fn every_input_is_replayed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/configuration");
    let mut inputs: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    inputs.sort();
    assert!(!inputs.is_empty(), "`cargo xtask fuzz configuration` makes some");
    for input in inputs {
        let data = fs::read(&input).unwrap();
        let target = AssertUnwindSafe(|| vouchmq_config::fuzzing::configuration(&data));
        assert!(catch_unwind(target).is_ok(), "{} fails", input.display());
    }
}
