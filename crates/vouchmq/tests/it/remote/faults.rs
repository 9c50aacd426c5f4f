//! Services that are broken in every way: nobody is let in by them, nobody is denied, and who is connected notices
//! nothing.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use tempfile::TempDir;
use vouchmq_tls::issue::{AlternativeName, Authority, Request, Usage};

use super::{Couple, Mode, asking, comes_in, login_at, now, request, told};
use crate::configured::Configured;
use crate::identity::fleet::eventually;
use crate::identity::wire::{Login, VERSIONS, Version, Wire};
use crate::stub::Stub;

/// What a service does wrong, and in which modes that is an answer all the same: bodies are not understood in status
/// mode, where 200 allows whatever it comes with. That is NanoMQ's rule.
const FAULTS: [(&str, &[Mode]); 11] = [
    ("slow", &[]),
    ("hang", &[]),
    ("reset", &[]),
    ("garbage", &[]),
    ("html", &[Mode::Status]),
    ("empty-200", &[Mode::Status]),
    ("huge-body", &[]),
    ("redirect", &[]),
    ("wrong-content-type", &[Mode::Status]),
    ("500", &[]),
    ("503", &[]),
];

/// A server is given up, and a client told so, long before the deadline of its CONNECT (10 s), at which a connection
/// is closed without a word.
const TIMES: &str = "timeout = 300ms, connect_timeout = 300ms, deadline = 1s\n";

const PASSWORD: &str = "right";
const CANNOT_SAY: u8 = 0x88;

/// A broker that asks a stub, in this mode.
fn broker(mode: Mode, stub: &Stub) -> Configured {
    Configured::start(&asking(&format!("{}{TIMES}{}", mode.keys(), login_at(stub))))
}

/// What clients of both versions are told, while those who are connected exchange messages.
fn told_meanwhile(broker: &Configured, couple: &mut Couple, client_id: &str) -> [Option<u8>; 2] {
    let knock = |version| Wire::knock(&broker.address(), &Login::of(version, client_id, PASSWORD));
    let mut knocks = [knock(Version::V311), knock(Version::V5)];
    couple.exchange(client_id);
    let told = knocks.each_mut().map(Wire::answer);
    couple.exchange(client_id);
    told
}

fn each_fault(mode: Mode) {
    let stub = mode.stub(&["--password", PASSWORD]);
    let broker = broker(mode, &stub);
    let mut couple = Couple::meet(&broker, PASSWORD);
    for (fault, allowing) in FAULTS {
        stub.fail(Some(fault));
        let expected = if allowing.contains(&mode) { 0 } else { CANNOT_SAY };
        // What allows is given time; what does not has to be told at once.
        let codes = VERSIONS.map(|version| Some(version.code(expected)));
        if expected == 0 {
            eventually(fault, || told_meanwhile(&broker, &mut couple, fault) == codes);
        } else {
            assert_eq!(told_meanwhile(&broker, &mut couple, fault), codes, "{mode:?}: {fault}");
        }
        stub.fail(None);
        for version in VERSIONS {
            comes_in(&broker, &Login::of(version, fault, PASSWORD));
        }
    }
    // The same connections as in the beginning.
    couple.exchange("and still there");
}

#[test]
fn a_broken_service_decides_nothing_in_status_mode() {
    each_fault(Mode::Status);
}

#[test]
fn a_broken_service_decides_nothing_where_the_result_is_named() {
    each_fault(Mode::JsonResult);
}

#[test]
fn a_broken_service_decides_nothing_in_json_mode() {
    each_fault(Mode::Json);
}

#[test]
fn a_service_that_flaps_lets_in_now_and_then_and_denies_nobody() {
    for mode in Mode::ALL {
        let stub = mode.stub(&["--flap", "2", "--fault", "flap"]);
        let broker = broker(mode, &stub);
        let (mut let_in, mut cannot_say) = (0, 0);
        eventually("both are told", || {
            match told(&broker, &Login::of(Version::V5, "device", PASSWORD)) {
                0 => let_in += 1,
                CANNOT_SAY => cannot_say += 1,
                other => unreachable!("{mode:?}: {other:#x}"),
            }
            let_in >= 2 && cannot_say >= 2
        });
    }
}

#[test]
fn where_nobody_listens_nobody_is_let_in_until_somebody_does() {
    for mode in Mode::ALL {
        let flags = ["--protocol", mode.protocol(), "--password", PASSWORD];
        let stub = Stub::start(&flags);
        let broker = broker(mode, &stub);
        let mut couple = Couple::meet(&broker, PASSWORD);
        let address = stub.kill();
        let expected = VERSIONS.map(|version| Some(version.code(CANNOT_SAY)));
        assert_eq!(told_meanwhile(&broker, &mut couple, "device"), expected, "{mode:?}");
        let _stub = Stub::start_at(&address, &flags);
        comes_in(&broker, &Login::of(Version::V5, "device", PASSWORD));
        couple.exchange("and still there");
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Writes certificates of one authority: a good one, one of somebody else, one whose time is over.
fn certificates(folder: &Path) {
    let now = UNIX_EPOCH + now();
    let of = |name: &str, usage| Request::new(name, usage, now - 3 * DAY, now + 3 * DAY);
    let authority = Authority::create(&of("authority", Usage::Authority)).unwrap();
    fs::write(folder.join("ca.crt"), authority.certificate_pem()).unwrap();
    let here = vec![AlternativeName::Address(IpAddr::V4(Ipv4Addr::LOCALHOST))];
    let good = Request { names: here, ..of("localhost", Usage::Server) };
    let elsewhere = vec![AlternativeName::Dns("elsewhere.example".to_owned())];
    for (name, wanted) in [
        ("good", good.clone()),
        ("wrong-name", Request { names: elsewhere, ..good.clone() }),
        ("expired", Request { not_after: now - DAY, ..good }),
    ] {
        let issued = authority.issue(&wanted).unwrap();
        fs::write(folder.join(format!("{name}.crt")), issued.certificate_pem()).unwrap();
        fs::write(folder.join(format!("{name}.key")), &*issued.key_pem().unwrap()).unwrap();
    }
}

#[test]
fn a_service_whose_certificate_is_not_good_is_told_nothing() {
    let files = TempDir::new().unwrap();
    certificates(files.path());
    let file = |name: &str, kind: &str| format!("{}/{name}.{kind}", files.path().display());
    for mode in Mode::ALL {
        let stub = |address: &str, certificate: &str| {
            let (certificate, key) = (file(certificate, "crt"), file(certificate, "key"));
            Stub::start_at(address, &["--protocol", mode.protocol(), "--cert", &certificate, "--key", &key])
        };
        let mut at = "127.0.0.1:0".to_owned();
        for wrong in ["wrong-name", "expired"] {
            let liar = stub(&at, wrong);
            let url = format!("https://{}/mqtt/login", liar.address);
            let asked = request("auth_req", &url);
            let tls = format!("auth_req.tls.cacertfile = \"{}\"\n", file("ca", "crt"));
            let broker = Configured::start(&asking(&format!("{}{TIMES}{asked}{tls}", mode.keys())));
            for version in VERSIONS {
                let login = Login::of(version, "device", PASSWORD);
                assert_eq!(told(&broker, &login), version.code(CANNOT_SAY), "{mode:?}: {wrong}");
            }
            at = liar.kill();
            let honest = stub(&at, "good");
            comes_in(&broker, &Login::of(Version::V5, "device", PASSWORD));
            at = honest.kill();
        }
    }
}
