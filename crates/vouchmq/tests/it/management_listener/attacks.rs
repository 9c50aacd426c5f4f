use super::Bare;
use crate::configured::Configured;
use crate::process::run;

/// Few of everything, so that a test can go beyond it.
const TEXT: &str = r#"
listeners.tcp.bind = "127.0.0.1:0"
auth.password { alice = wonderland }
http_server {
    limit_conn = 2
    max_connections = 40
    head_timeout = 2s
    body_timeout = 2s
}
"#;

/// The health of the server, asked on a connection of its own.
fn is_well(address: &str) -> bool {
    let mut connection = Bare::to(address);
    connection.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    connection.closed().starts_with("HTTP/1.1 200")
}

/// A message from a client to itself.
#[track_caller]
fn goes_round(broker: &Configured) {
    let address = broker.address();
    let (host, port) = address.split_once(':').unwrap();
    let alice = ["-h", host, "-p", port, "-u", "alice", "-P", "wonderland"];
    let publish = [&["pub"][..], &alice, &["-t", "t", "-m", "hello", "-q", "1", "-r"]].concat();
    run(&publish).code(0);
    let subscribe = [&["sub"][..], &alice, &["-t", "t", "-C", "1", "-W", "20"]].concat();
    assert_eq!(run(&subscribe).code(0).stdout, "hello\n");
}

/// While far more connections than may be say nothing, say it slowly, or say too much, operators are answered and
/// messages delivered.
#[test]
fn operators_and_devices_are_served_while_the_listener_is_attacked() {
    let broker = Configured::start(TEXT);
    let address = broker.api.trim_start_matches("http://").to_owned();
    let mut held: Vec<Bare> = Vec::new();
    for round in 0..5 {
        for number in 0..100 {
            let mut connection = Bare::to(&*address);
            match number % 5 {
                // Nothing at all.
                0 => {}
                // A head that never ends.
                1 => drop(connection.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: ")),
                // A body that never comes, of nobody.
                2 => drop(connection.send(
                    b"POST /v1/products HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\nContent-Type: application/json\r\n\r\n{",
                )),
                // Far too large.
                3 => drop(connection.send(
                    b"POST /v1/products HTTP/1.1\r\nHost: localhost\r\nContent-Length: 104857600\r\n\r\n{",
                )),
                // Bytes.
                _ => drop(connection.send(&[0xFF; 4096])),
            }
            held.push(connection);
        }
        assert!(is_well(&address), "round {round}");
        broker.operator().get("/v1/devices");
        goes_round(&broker);
    }
    drop(held);
    assert!(is_well(&address));
}

#[test]
fn a_hundred_thousand_header_fields_and_a_hundred_megabytes_are_not_taken() {
    let broker = Configured::start(TEXT);
    let address = broker.api.trim_start_matches("http://").to_owned();
    let fields = (0..100_000).map(|number| format!("X-{number}: 1\r\n")).collect::<String>();
    let mut connection = Bare::to(&*address);
    connection.send(format!("GET / HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n").as_bytes());
    let said = connection.closed();
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 431"), "{said}");
    let mut flood = Bare::to(&*address);
    flood.send(b"POST /v1/products HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x1_0000));
    let taken = (0..1600).take_while(|_| flood.send(chunk.as_bytes())).count();
    assert!(taken < 800, "{taken} chunks of 64 KiB");
    assert!(is_well(&address));
    goes_round(&broker);
}
