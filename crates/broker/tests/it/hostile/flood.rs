//! Floods of what is cheap to send: what fuzzers found, and subscriptions that come and go.

use std::fs;
use std::path::Path;
use std::thread;

use vouchmq_mqtt::ProtocolVersion::{V5, V311};

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

/// What one client says in one go: new filters again and again, joins of new groups, and an UNSUBSCRIBE of what
/// it has not got.
fn churn(client: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in 0..3000u16 {
        let filter = format!("{client}/{number}");
        bytes.extend(encode(V5, subscribe(number + 1, &[(&filter, AtMostOnce)])));
        bytes.extend(encode(V5, unsubscribe(number + 1, &[&filter])));
    }
    let groups: Vec<_> = (0..1000).map(|number| format!("$share/g{client}/{number:020}")).collect();
    let joins: Vec<_> = groups.iter().map(|group| (group.as_str(), AtMostOnce)).collect();
    bytes.extend(encode(V5, subscribe(4000, &joins)));
    let unknown = format!("$share/g{client}/{:020}", 9999);
    bytes.extend(encode(V5, unsubscribe(4001, &vec![unknown.as_str(); 10_000])));
    bytes
}

/// Ten clients ask for much at once: all of it is answered, and so is everybody else meanwhile.
#[test]
fn subscriptions_that_come_and_go_keep_nobody_else_from_being_answered() {
    let server = Server::start();
    let mut witness = server.connect(V5, "witness");
    let flooders: Vec<_> = (0..10)
        .map(|number| {
            let mut flooder = server.connect(V5, &format!("flooder{number}"));
            thread::spawn(move || {
                flooder.send_bytes(&churn(number));
                let answers = std::iter::from_fn(|| Some(flooder.packet())).take(6002);
                assert_eq!(answers.count(), 6002);
            })
        })
        .collect();
    while !flooders.iter().all(thread::JoinHandle::is_finished) {
        witness.ping();
    }
    flooders.into_iter().for_each(|flooder| flooder.join().unwrap());
}
