//! What fuzzers found, replayed against a whole broker.

use std::fs;
use std::path::Path;

use vouchmq_mqtt::ProtocolVersion::V311;

use super::Witness;
use crate::harness::*;

/// Rows 27, 42, 43, 50: CVE-2021-22116, CVE-2023-33656 and its neighbours, CVE-2024-31040, CVE-2024-50948. Each
/// committed input of the fuzzers, as the bytes of a client.
#[test]
fn every_input_that_a_fuzzer_kept_is_survived() {
    let server = Server::start();
    let mut witness = Witness::new(&server);
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let mut count = 0;
    for (target, skipped) in [("connection", 2), ("decode", 0), ("round_trip", 0)] {
        for entry in fs::read_dir(corpus.join(target)).unwrap() {
            let input = fs::read(entry.unwrap().path()).unwrap();
            let bytes = input.get(skipped..).unwrap_or_default();
            let mut client = server.open(V311);
            let _ = client.try_send(bytes);
            // The same from a client that was let in.
            let mut inside = server.connect(V311, &format!("inside{count}"));
            let _ = inside.try_send(bytes);
            count += 1;
            if count % 50 == 0 {
                witness.is_served();
            }
        }
    }
    assert!(count > 100, "{count} inputs");
    witness.is_served();
}
