//! What an authenticator hears of the way by which a client came.

use std::sync::{Arc, Mutex};

use vouchmq_broker::{ListenAddress, ListenerOptions, ProxyProtocolOptions};
use vouchmq_identity::{Arrival, AuthRequest, Authenticator, Cost, Denial, Doorway, Verdict};
use vouchmq_mqtt::ProtocolVersion::{V5, V31, V311};

use crate::harness::*;

/// Remembers by which way clients come, and lets nobody in.
#[derive(Default)]
struct Doorman(Mutex<Vec<Arrival>>);

impl Authenticator for Doorman {
    fn cost(&self, _: &AuthRequest) -> Cost {
        Cost::Cheap
    }

    fn verify(&self, request: &AuthRequest) -> Verdict {
        self.0.lock().unwrap().push(request.arrival.clone());
        Verdict::Deny(Denial::Blocked)
    }
}

#[test]
fn an_authenticator_hears_by_which_way_a_client_came() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broker.sock");
    let doorman = Arc::new(Doorman::default());
    let open = |trusted| {
        Server::with(|config, _| {
            let trusted: Option<&str> = trusted;
            let proxy_protocol =
                trusted.map(|trusted| ProxyProtocolOptions { trusted: vec![trusted.parse().unwrap()] });
            config.listeners = vec![
                ListenerOptions { proxy_protocol, ..ListenerOptions::plain("tcp.main", tcp()) },
                ListenerOptions::plain("unix", ListenAddress::Unix(path.clone())),
            ];
            config.authenticator = doorman.clone();
        })
    };
    let mut server = open(None);
    let tcp = Some(Arc::new(Doorway { name: "tcp.main".into(), port: Some(server.address().port()) }));
    for (version, protocol) in [(V31, "MQIsdp"), (V311, "MQTT"), (V5, "MQTT")] {
        let mut client = server.open(version);
        client.send(connect(version, "c"));
        client.connack();
        let peer_port = Some(client.port());
        let heard = doorman.0.lock().unwrap().pop();
        assert_eq!(heard, Some(Arrival { peer_port, protocol, listener: tcp.clone() }));
    }
    let mut client = Client::open_unix(&path, V5);
    client.send(connect(V5, "c"));
    client.connack();
    let unix = Some(Arc::new(Doorway { name: "unix".into(), port: None }));
    let heard = doorman.0.lock().unwrap().pop();
    assert_eq!(heard, Some(Arrival { peer_port: None, protocol: "MQTT", listener: unix }));
    server.drain();
    let server = open(Some("127.0.0.0/8"));
    let mut client = server.open(V5);
    client.send_bytes(b"PROXY TCP4 192.0.2.7 198.51.100.1 50000 1883\r\n");
    client.send(connect(V5, "c"));
    client.connack();
    let heard = doorman.0.lock().unwrap().pop().unwrap();
    assert_eq!(
        (heard.peer_port, heard.listener.map(|listener| listener.port)),
        (Some(50_000), Some(Some(server.address().port())))
    );
}
