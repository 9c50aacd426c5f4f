use std::io::{IoSlice, Write};
use std::sync::Arc;

use rustls::version::{TLS12, TLS13};

use super::world::{Wire, World, client_config, feed, load, said};
use crate::{Protocol, ServerOptions, SessionFault, TlsVersion, TlsVersions};

#[test]
fn both_versions_are_spoken() {
    let world = World::new();
    let server = load(&world.options());
    for (version, ours) in [(&TLS12, TlsVersion::V1_2), (&TLS13, TlsVersion::V1_3)] {
        let config = Arc::new(client_config(&world, None, &[version]));
        let mut wire = Wire::new(&server, &config).established();
        assert_eq!(wire.session.version(), Some(ours));
        assert_eq!(wire.session.sni(), Some("broker.example"));
        assert!(wire.session.peer_certificates().is_empty());
        wire.echo();
    }
}

#[test]
fn a_version_that_is_not_allowed_is_refused() {
    let world = World::new();
    let only = |version| TlsVersions { min: version, max: version };
    for (allowed, spoken) in [(TlsVersion::V1_3, &TLS12), (TlsVersion::V1_2, &TLS13)] {
        let server = load(&ServerOptions { versions: only(allowed), ..world.options() });
        let config = Arc::new(client_config(&world, None, &[spoken]));
        assert_eq!(Wire::new(&server, &config).refused(), SessionFault::Version, "{allowed:?}");
    }
}

/// A ClientHello of TLS 1.1 and of TLS 1.0, as OpenSSL 1.0 sent them.
#[test]
fn what_is_older_is_refused_with_an_alert() {
    let world = World::new();
    let server = load(&world.options());
    for minor in [1, 2] {
        let mut hello = vec![0x16, 0x03, 0x01, 0, 0, 0x01, 0, 0, 0, 0x03, minor];
        hello.extend([7; 32]); // random
        hello.push(0); // no session
        hello.extend([0, 4, 0x00, 0x2f, 0x00, 0x35]); // AES with SHA-1
        hello.extend([1, 0]); // no compression
        hello.extend([0, 0]); // no extensions
        let length = u8::try_from(hello.len() - 9).unwrap();
        hello[8] = length;
        hello[4] = length + 4;
        let mut session = server.accept(Protocol::Mqtt).unwrap();
        assert_eq!(feed(&mut session, &hello), Err(SessionFault::Version));
        let (alert, fatal) = (21, 2);
        let answer = said(&mut session).unwrap();
        assert_eq!((answer[0], answer[5]), (alert, fatal));
    }
}

#[test]
fn what_is_not_tls_is_told_so() {
    let world = World::new();
    let server = load(&world.options());
    for bytes in
        [&b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00"[..], b"GET / HTTP/1.1\r\nHost: broker\r\n\r\n"]
    {
        let mut session = server.accept(Protocol::Mqtt).unwrap();
        assert_eq!(feed(&mut session, bytes), Err(SessionFault::NotTls));
    }
}

#[test]
fn the_certificate_is_that_of_the_name_that_is_asked_for() {
    let world = World::new();
    let mut options = world.options();
    options.certificates.push(world.server("other.example"));
    options.certificates.push(world.server("*.wild.example"));
    let server = load(&options);
    let config = Arc::new(client_config(&world, None, &[&TLS13]));
    for host in ["broker.example", "other.example", "a.wild.example", "OTHER.example"] {
        Wire::to(&server, &config, host).established(); // the client verifies the name
    }
    for host in ["a.b.wild.example", "wild.example", "192.0.2.1"] {
        let mut wire = Wire::to(&server, &config, host);
        let (_, client) = wire.settle();
        let seen = client.unwrap_err().to_string();
        assert!(seen.contains("broker.example"), "the first one: {seen}");
    }
}

#[test]
fn who_offers_protocols_must_offer_ours() {
    let world = World::new();
    let server = load(&world.options());
    let offering = |protocols: &[&str]| {
        let mut config = client_config(&world, None, &[&TLS13]);
        config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
        Arc::new(config)
    };
    let wire = Wire::new(&server, &offering(&["h2", "mqtt"])).established();
    assert_eq!(wire.client.alpn_protocol(), Some(&b"mqtt"[..]));
    assert_eq!(Wire::new(&server, &offering(&["http/1.1"])).refused(), SessionFault::OtherProtocol);
}

#[test]
fn what_waits_to_be_written_is_bounded() {
    let world = World::new();
    let server = load(&world.options());
    let config = Arc::new(client_config(&world, None, &[&TLS13]));
    let mut wire = Wire::new(&server, &config).established();
    let message = vec![7; 1 << 20];
    let mut taken = 0;
    loop {
        let now = wire.session.write(&[IoSlice::new(&message)]).unwrap();
        if now == 0 {
            break;
        }
        taken += now;
        assert!(taken < 100_000, "taken without bound");
    }
    assert!(said(&mut wire.session).unwrap().len() > taken);
    assert!(wire.session.write(&[IoSlice::new(&message)]).unwrap() > 0, "there is room again");
}

/// Who floods does not make us remember: what is not read stops the reading.
#[test]
fn what_waits_to_be_read_is_bounded() {
    let world = World::new();
    let server = load(&world.options());
    let config = Arc::new(client_config(&world, None, &[&TLS13]));
    let mut wire = Wire::new(&server, &config).established();
    wire.client.set_buffer_limit(None);
    wire.client.writer().write_all(&vec![7; 1 << 20]).unwrap();
    let mut bytes = Vec::new();
    while wire.client.wants_write() {
        wire.client.write_tls(&mut bytes).unwrap();
    }
    let mut rest = bytes.as_slice();
    while wire.session.read_tls(&mut rest).is_ok() {
        assert!(wire.session.process().unwrap().readable < 64 * 1024);
    }
    assert!(!rest.is_empty());
}

#[test]
fn a_connection_that_is_cut_is_not_one_that_was_closed() {
    let world = World::new();
    let server = load(&world.options());
    let config = Arc::new(client_config(&world, None, &[&TLS13]));
    let mut cut = Wire::new(&server, &config).established();
    cut.session.read_tls(&mut &b""[..]).unwrap();
    cut.session.process().unwrap();
    assert_eq!(cut.session.read(&mut [0; 8]).unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
    let mut closed = Wire::new(&server, &config).established();
    closed.client.send_close_notify();
    assert!(closed.settle().0.unwrap().is_closed);
    assert_eq!(closed.session.read(&mut [0; 8]).unwrap(), 0);
}

#[test]
fn a_session_may_move_between_threads() {
    let world = World::new();
    let server = load(&world.options());
    let config = Arc::new(client_config(&world, None, &[&TLS13]));
    let wire = Wire::new(&server, &config).established();
    std::thread::spawn(move || {
        let mut wire = wire;
        wire.echo();
    })
    .join()
    .unwrap();
}
