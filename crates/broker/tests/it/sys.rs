//! `$SYS`: the broker's own figures.

use std::collections::BTreeMap;

use vouchmq_mqtt::ProtocolVersion::{V5, V311};

use crate::harness::*;

/// How many there are.
const FIGURES: usize = 30;

#[test]
fn the_figures_are_published_and_retained_and_nobody_forges_them() {
    let server = Server::with(|config, _| config.settings.sys_interval_secs = 1);
    let mut client = server.connect(V5, "client");
    client.subscribe("everything/but/sys", AtMostOnce);
    until("figures are there", || server.stats().retained >= FIGURES as u64);

    let mut reader = server.connect(V311, "reader");
    reader.subscribe("$SYS/#", AtMostOnce);
    let mut figures = BTreeMap::new();
    while figures.len() < FIGURES {
        let figure = reader.publish();
        figures.insert(figure.topic, String::from_utf8_lossy(figure.payload).into_owned());
    }
    assert!(figures["$SYS/broker/version"].starts_with("vouchmq "));
    for quiet in
        ["connections/refused", "logins/blocked", "logins/waiting", "logins/queued", "logins/overload"]
    {
        assert_eq!(figures[format!("$SYS/broker/{quiet}").as_str()], "0");
    }
    until("the reader is counted", || {
        let figure = reader.publish();
        figure.topic == "$SYS/broker/clients/connected" && figure.payload == b"2"
    });

    // A client's word is no figure, and no wildcard brings figures along.
    let mut forger = server.connect(V5, "forger");
    forger.send(retained("$SYS/broker/version", b"forged"));
    forger.ping();
    let mut late = server.connect(V5, "late");
    late.subscribe("$SYS/broker/version", AtMostOnce);
    assert!(late.publish().payload.starts_with(b"vouchmq "));
    late.subscribe("#", AtMostOnce);
    late.ping();
}
