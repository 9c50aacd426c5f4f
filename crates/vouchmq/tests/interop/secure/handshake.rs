//! Handshakes, as OpenSSL's client takes part in them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use super::mosquitto::MORE;
use super::{Secure, port};
use crate::process::{DEADLINE, Ran, Running};
use crate::tool::tool;

/// Runs OpenSSL's client which stays until the server ends the connection.
fn s_client(broker: &Secure, flags: &[&str]) -> Ran {
    s_client_at(broker, broker.tls(), flags)
}

/// The same, at another port.
fn s_client_at(broker: &Secure, port: &str, flags: &[&str]) -> Ran {
    let mut command = Command::new(tool("VOUCHMQ_INTEROP_OPENSSL"));
    let (server, authority) = (format!("127.0.0.1:{port}"), broker.file("ca.crt"));
    command.args([
        "s_client",
        "-connect",
        &server,
        "-CAfile",
        &authority,
        "-verify_return_error",
        "-ign_eof",
    ]);
    Running::spawn(command.args(flags), b"").finish()
}

#[test]
fn versions_before_1_2_are_refused_with_an_alert() {
    let broker = Secure::start();
    for version in ["-tls1", "-tls1_1"] {
        // OpenSSL offers these at its lowest level only.
        let ran = s_client(&broker, &[version, "-cipher", "DEFAULT:@SECLEVEL=0"]);
        assert!(ran.code != 0 && ran.stderr.contains(" alert "), "{version}: {ran:#?}");
    }
}

#[test]
fn ciphers_without_forward_secrecy_are_refused_with_an_alert() {
    let broker = Secure::start();
    for cipher in ["AES128-GCM-SHA256", "AES256-SHA", "ECDHE-ECDSA-AES128-SHA"] {
        let ran = s_client(&broker, &["-tls1_2", "-cipher", cipher]);
        assert!(ran.code != 0 && ran.stderr.contains("alert handshake failure"), "{cipher}: {ran:#?}");
    }
}

#[test]
fn a_listener_speaks_the_tls_versions_that_it_names_and_no_others() {
    let broker = Secure::start_with(&format!("{MORE}\nmqtt.connect_timeout = 1s"));
    let ports: Vec<&str> = broker.urls("mqtts").map(port).collect();
    for (port, version, is_spoken) in [
        (ports[1], "-tls1_2", true),
        (ports[1], "-tls1_3", false),
        (ports[2], "-tls1_2", false),
        (ports[2], "-tls1_3", true),
    ] {
        let ran = s_client_at(&broker, port, &[version]);
        let is_agreed = ran.stdout.contains("Verify return code: 0 (ok)") && !ran.stderr.contains(" alert ");
        assert_eq!(is_agreed, is_spoken, "{version}: {ran:#?}");
    }
}

#[test]
fn who_shakes_hands_and_says_nothing_is_closed_at_the_deadline() {
    let broker = Secure::start_with("mqtt.connect_timeout = 1s");
    for version in ["-tls1_2", "-tls1_3"] {
        let ran = s_client(&broker, &[version]);
        assert!(ran.stdout.contains("Verify return code: 0 (ok)"), "{version}: {ran:#?}");
        assert!(ran.stdout.contains("closed"), "{version}: {ran:#?}");
    }
}

#[test]
fn a_handshake_that_is_held_open_is_closed_at_the_deadline() {
    let broker = Secure::start_with("mqtt.connect_timeout = 1s");
    // Nothing, the header of a record, and the beginning of a ClientHello that does not come.
    for begun in [&b""[..], b"\x16\x03\x01\x02\0", b"\x16\x03\x01\x02\0\x01\0\x01\xFC\x03\x03"] {
        let mut stream = TcpStream::connect(format!("127.0.0.1:{}", broker.tls())).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.write_all(begun).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        assert!(!rest.contains(&0x16), "no handshake comes of {begun:x?}: {rest:x?}");
    }
}
