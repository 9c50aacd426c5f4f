//! Configurations that others wrote, unchanged but for ports: they start, and they authenticate.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::{Value, json};

use super::told;
use crate::configured::Configured;
use crate::identity::wire::{Login, VERSIONS, Version};
use crate::stub::Stub;

const INSIDE: &str = include_str!("../../../../config/tests/fixtures/nanomq/http-auth-article.conf");
const OUTSIDE: &str = include_str!("../../../../config/tests/fixtures/nanomq/http-auth-outside.conf");
const SAMPLE: &str = include_str!("../../../../config/tests/fixtures/nanomq/nanomq_example.conf");

const LISTEN: &str = "listeners.tcp.bind = \"127.0.0.1:0\"\n";

/// The right password lets in, the wrong one does not, and who is denied is.
fn authenticates(broker: &Configured, code_of_wrong: u8) {
    for version in VERSIONS {
        for (name, password, expected) in [
            ("device", "right", 0),
            ("root", "right", 0),
            ("device", "wrong", code_of_wrong),
            ("out", "right", 0x87),
        ] {
            let code = told(broker, &Login::of(version, name, password));
            assert_eq!(code, version.code(expected), "{name} {password}");
        }
    }
}

/// The question about a client that is denied: no other one follows.
fn newest_about(broker: &Configured, stub: &Stub) -> String {
    let login = Login { client_id: "last".to_owned(), ..Login::of(Version::V5, "out", "right") };
    assert_eq!(told(broker, &login), 0x87);
    stub.newest()
}

/// NanoMQ ignores it where it stands outside of `auth`, and sends nothing in either place.
#[test]
fn the_file_of_the_article_authenticates_where_it_stands() {
    let stub =
        Stub::start(&["--protocol", "json", "--password", "right", "--deny", "out", "--superuser", "root"]);
    for text in [INSIDE, OUTSIDE] {
        assert!(text.contains("127.0.0.1:8080"));
        let broker = Configured::start(&format!("{LISTEN}{}", text.replace("127.0.0.1:8080", &stub.address)));
        // A result that is another one says nothing of passwords.
        authenticates(&broker, 0x87);
        let newest = newest_about(&broker, &stub);
        let (_, body) = newest.split_once("\r\n\r\n").unwrap();
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(body, json!({"clientid": "last", "username": "out", "password": "right"}));
    }
}

/// The block of a sample, from its first line to its brace.
fn sample() -> String {
    let from = SAMPLE.find("    http_auth = {").unwrap();
    let len = SAMPLE[from..].find("\n    }").unwrap();
    SAMPLE[from..from + len + "\n    }".len()].to_owned()
}

#[test]
fn the_sample_of_nanomq_authenticates_and_authorizes() {
    let stub = Stub::start(&["--password", "right", "--deny", "out", "--superuser", "root"]);
    let block = sample().replace("127.0.0.1:80/", &format!("{}/", stub.address));
    let block = block.replace("127.0.0.1:8991", &stub.address).replace("enable = false", "enable = true");
    let broker = Configured::start(&format!("{LISTEN}auth {{\n{block}\n}}\n"));
    authenticates(&broker, 0x86);
    let newest = newest_about(&broker, &stub);
    assert!(newest.starts_with("POST /mqtt/auth HTTP/1.1\r\n"), "{newest}");
    assert!(newest.contains("\r\ncontent-type: application/x-www-form-urlencoded\r\n"), "{newest}");
    assert!(newest.ends_with("\r\n\r\nclientid=last&username=out&password=right"), "{newest}");
}
