//! Whatever a client calls itself, the service is asked what the configuration says, about that client.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::{asking, told};
use crate::configured::Configured;
use crate::identity::wire::{Login, VERSIONS, Version};
use crate::stub::Stub;

/// Names that are more than that, if they are put in by replacing text.
const NAMES: [&str; 12] = [
    "%P",
    "%u%c%P",
    "${password}",
    "${clientid}${password}",
    r#"","password":"x"#,
    r#"\","is_superuser":true,"x":"\u0022"#,
    "a\r\nX-Evil: 1\r\n\r\n",
    "a&password=x&b=c",
    "a?b#c/../d;e+f g",
    "' or '1'='1",
    "\u{fc}\u{6f22}\u{feff}\u{202e}",
    "%00%0d%0a%26",
];

/// Passwords, which may be any bytes.
const SECRETS: [&str; 3] = ["front\0back", "%u\r\n\"\\&=+ ${username}", "\u{e9}"];

fn logins() -> impl Iterator<Item = Login> {
    let named = NAMES.into_iter().map(|name| Login::of(Version::V5, name, "secret"));
    named.chain(SECRETS.into_iter().map(|secret| Login::of(Version::V311, "name", secret)))
}

/// The newest question: its head, its target's query and its body.
struct Question {
    fields: Vec<String>,
    query: String,
    body: String,
}

fn newest(stub: &Stub) -> Question {
    let text = stub.newest();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.split("\r\n").map(str::to_owned);
    let line = lines.next().unwrap();
    let [_, target, version] = line.split(' ').collect::<Vec<_>>()[..] else { unreachable!("{line}") };
    assert_eq!(version, "HTTP/1.1");
    let query = target.split_once('?').map_or("", |(_, query)| query).to_owned();
    Question { fields: lines.collect(), query, body: body.to_owned() }
}

/// The members of a form, decoded.
fn form(text: &str) -> Vec<(&str, Vec<u8>)> {
    let pairs = text.split('&').map(|pair| pair.split_once('=').unwrap());
    pairs.map(|(name, value)| (name, Cow::from(percent_decode_str(value)).into_owned())).collect()
}

fn expected(login: &Login) -> Vec<(&'static str, Vec<u8>)> {
    let [id, name] = [&login.client_id, &login.username].map(|text| text.as_bytes().to_vec());
    vec![("clientid", id), ("username", name), ("password", login.password.clone())]
}

const PARAMS: &str = "params = { clientid = \"%c\", username = \"%u\", password = \"%P\" }";
const FIELDS: &str = "clientid=${clientid}&username=${username}&password=${password}";

#[test]
fn names_and_passwords_reach_the_service_as_they_are() {
    let stub = Stub::start(&[]);
    let at = |path: &str, more: &str| {
        asking(&format!("auth_req {{ url = \"http://{}{path}\", {more} }}", stub.address))
    };
    let json = "headers.content-type = application/json";
    let body = r#"{"clientid":"${clientid}","username":"${username}","password":"${password}"}"#;
    let form_body = "headers.content-type = \"application/x-www-form-urlencoded\"";
    let broker = Configured::start(&at("/", PARAMS));
    for text in [at("/", &format!("{json}, {PARAMS}")), at("/", &format!("{json}, body = '{body}'"))] {
        broker.reload_with(&text).code(0);
        for login in logins() {
            assert_eq!(told(&broker, &login), 0, "{login:?}");
            let asked: Value = serde_json::from_str(&newest(&stub).body).unwrap();
            let members = asked.as_object().unwrap().iter();
            let mut members: Vec<_> =
                members.map(|(name, value)| (&**name, value.as_str().unwrap().as_bytes().to_vec())).collect();
            members.sort_by_key(|(name, _)| expected(&login).iter().position(|(other, _)| other == name));
            assert_eq!(members, expected(&login), "{text}");
        }
    }
    for text in [at("/", PARAMS), at("/", &format!("{form_body}, body = \"{FIELDS}\""))] {
        broker.reload_with(&text).code(0);
        for login in logins() {
            assert_eq!(told(&broker, &login), 0, "{login:?}");
            assert_eq!(form(&newest(&stub).body), expected(&login), "{text}");
        }
    }
    for text in [at("/", &format!("method = get, {PARAMS}")), at(&format!("/?{FIELDS}"), "method = get")] {
        broker.reload_with(&text).code(0);
        for login in logins() {
            assert_eq!(told(&broker, &login), 0, "{login:?}");
            assert_eq!(form(&newest(&stub).query), expected(&login), "{text}");
        }
    }
}

#[test]
fn a_name_ends_no_header_field() {
    let stub = Stub::start(&[]);
    let url = format!("url = \"http://{}/\"", stub.address);
    let keys = format!("auth_req {{ {url}, headers {{ x-user = \"${{username}}\" }}, {PARAMS} }}");
    let broker = Configured::start(&asking(&keys));
    for login in logins() {
        let before = stub.counts()["requests"]["login"].as_u64().unwrap_or(0);
        let name = &login.username;
        // What no header field can hold is nothing that a service is asked about.
        if name.is_ascii() && !name.contains(|letter: char| letter.is_control()) {
            assert_eq!(told(&broker, &login), 0, "{login:?}");
            let fields = newest(&stub).fields;
            let found: Vec<_> = fields.iter().filter(|field| field.starts_with("x-")).collect();
            assert_eq!(found, [&format!("x-user: {name}")]);
        } else {
            assert_eq!(told(&broker, &login), login.version.code(0x87), "{login:?}");
            assert_eq!(stub.counts()["requests"]["login"].as_u64().unwrap_or(0), before, "{login:?}");
        }
    }
}

/// Passwords of devices are no text, at times.
#[test]
fn a_password_that_is_no_text_is_told_to_its_last_byte() {
    let stub = Stub::start(&[]);
    let url = format!("url = \"http://{}/\"", stub.address);
    let broker = Configured::start(&asking(&format!("auth_req {{ {url}, {PARAMS} }}")));
    let bytes: Vec<u8> = (0..=255).collect();
    for version in VERSIONS {
        let login = Login { password: bytes.clone(), ..Login::of(version, "device", "") };
        assert_eq!(told(&broker, &login), 0);
        assert_eq!(form(&newest(&stub).body), expected(&login));
    }
    let base64 = "headers.content-type = application/json, body = '{\"password\":\"${password_b64}\"}'";
    broker.reload_with(&asking(&format!("auth_req {{ {url}, {base64} }}"))).code(0);
    let login = Login { password: vec![0xff, 0, 0xfe, b'x'], ..Login::of(Version::V5, "device", "") };
    assert_eq!(told(&broker, &login), 0);
    assert_eq!(newest(&stub).body, r#"{"password":"/wD+eA=="}"#);
    // As text it is not sayable: nobody is asked about something else instead.
    let text = "headers.content-type = application/json, body = '{\"password\":\"${password}\"}'";
    broker.reload_with(&asking(&format!("auth_req {{ {url}, {text} }}"))).code(0);
    assert_eq!(told(&broker, &login), 0x87);
}
