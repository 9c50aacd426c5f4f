use arbtest::arbitrary::Unstructured;
use arbtest::{arbitrary, arbtest};
use serde_json::Value as Json;

use super::*;

/// Names that would be something else if they were text of the request.
const STRANGE: [&str; 16] = [
    "%P",
    "%u",
    "${password}",
    "${username}",
    "\"",
    "\\",
    "\",\"admin\":\"true",
    "a&admin=1",
    "a=b",
    "#",
    "?",
    "../..",
    "%00",
    "\r\nX-Admin: 1",
    "\0",
    "\u{2028}\u{feff}ä😀",
];

fn text(u: &mut Unstructured<'_>) -> arbitrary::Result<String> {
    let mut text = String::new();
    for _ in 0..u.int_in_range(0..=3)? {
        if u.arbitrary()? { text.push_str(u.choose(&STRANGE)?) } else { text.push(u.arbitrary()?) }
    }
    Ok(text)
}

/// What a service reads in a form: pairs, parted at `&` and `=`.
fn form(text: &str) -> Vec<(String, Vec<u8>)> {
    let decode =
        |text: &str| percent_encoding::percent_decode_str(&text.replace('+', " ")).collect::<Vec<u8>>();
    let pairs = text.split('&').map(|pair| pair.split_once('=').expect("a pair"));
    pairs.map(|(name, value)| (String::from_utf8(decode(name)).unwrap(), decode(value))).collect()
}

#[test]
fn whatever_a_client_says_a_service_reads_exactly_that_in_json() {
    let text_of = |json: &Json, name: &str| json[name].as_str().unwrap().to_owned();
    let (templated, by_params) = (
        parsed(&post(&[JSON], body(ARTICLE))),
        parsed(&post(&[JSON], params(&[("clientid", "%c"), ("username", "%u"), ("password", "%P")]))),
    );
    arbtest(|u| {
        let (client_id, username, password) = (text(u)?, text(u)?, text(u)?);
        let values = Values {
            client_id: &client_id,
            username: Some(&username),
            password: Some(password.as_bytes()),
            ..Values::default()
        };
        for template in [&templated, &by_params] {
            let json: Json = serde_json::from_slice(&template.render(&values).unwrap().body).unwrap();
            assert_eq!(json.as_object().unwrap().len(), 3);
            let read = ["clientid", "username", "password"].map(|name| text_of(&json, name));
            assert_eq!(read, [client_id.clone(), username.clone(), password.clone()]);
        }
        Ok(())
    });
}

#[test]
fn whatever_a_client_says_a_service_reads_exactly_that_in_forms_and_queries() {
    let pairs = || params(&[("clientid", "%c"), ("username", "<${username}>"), ("password", "%P")]);
    let by_params = parsed(&post(&[], pairs()));
    let by_body =
        parsed(&post(&[FORM], body("clientid=${clientid}&username=<${username}>&password=${password}")));
    let by_get = parsed(&options(RequestMethod::Get, "http://h/a?k=v", &[], pairs()));
    arbtest(|u| {
        let (client_id, username, password): (_, _, Vec<u8>) = (text(u)?, text(u)?, u.arbitrary()?);
        let (client_id, username): (String, String) = (client_id, username);
        let values = Values {
            client_id: &client_id,
            username: Some(&username),
            password: Some(&password),
            ..Values::default()
        };
        let expected = vec![
            ("clientid".to_owned(), client_id.clone().into_bytes()),
            ("username".to_owned(), format!("<{username}>").into_bytes()),
            ("password".to_owned(), password.clone()),
        ];
        for template in [&by_params, &by_body] {
            let body = template.render(&values).unwrap().body;
            assert_eq!(form(str::from_utf8(&body).unwrap()), expected);
        }
        let question = by_get.render(&values).unwrap();
        assert_eq!(question.targets[0].path(), "/a");
        let query = question.targets[0].query().unwrap().strip_prefix("k=v&").unwrap().to_owned();
        assert_eq!(form(&query), expected);
        Ok(())
    });
}

#[test]
fn whatever_a_client_says_the_path_has_the_same_segments() {
    let template = parsed(&get("http://h/a/${username}/b/x-${password}?u=${username}"));
    arbtest(|u| {
        let (username, password): (String, Vec<u8>) = (text(u)?, u.arbitrary()?);
        let values = Values { username: Some(&username), password: Some(&password), ..Values::default() };
        let rendered = template.render(&values);
        if matches!(&*username, "" | "." | "..") {
            let reason = Unsayable::Segment;
            assert_eq!(rendered.unwrap_err(), NotSayable { part: Part::Url(1), reason });
            return Ok(());
        }
        let target = rendered.unwrap().targets[0].clone();
        let decode = |text: &str| percent_encoding::percent_decode_str(text).collect::<Vec<u8>>();
        let segments: Vec<Vec<u8>> = target.path().split('/').map(decode).collect();
        let last = [b"x-", &*password].concat();
        assert_eq!(segments, [b"", &b"a"[..], username.as_bytes(), b"b", &last]);
        assert_eq!(decode(target.query().unwrap()), [b"u=", username.as_bytes()].concat());
        Ok(())
    });
}

#[test]
fn whatever_a_client_says_header_fields_hold_it_or_the_request_is_not_made() {
    let template =
        parsed(&post(&[("x-user", "${username}"), ("x-more", "u=${username}; r=1")], Content::Nothing));
    arbtest(|u| {
        let username = text(u)?;
        let values = Values { username: Some(&username), ..Values::default() };
        let Ok(question) = template.render(&values) else { return Ok(()) };
        assert_eq!(question.headers.len(), 3, "accept and the two");
        assert_eq!(question.headers["x-user"].as_bytes(), username.as_bytes());
        assert_eq!(question.headers["x-more"].to_str().unwrap(), format!("u={username}; r=1"));
        assert!(!username.contains([';', ',', '"', '\r', '\n', '\0']));
        Ok(())
    });
}

#[test]
fn what_a_header_field_cannot_hold_is_the_fault_of_the_client() {
    let whole = parsed(&post(&[("x", "${username}")], Content::Nothing));
    let within = parsed(&post(&[("x", "Bearer ${username}")], Content::Nothing));
    let long = "x".repeat(5_000);
    let cases = [
        ("a\nb", Some(Unsayable::Control), Some(Unsayable::Control)),
        ("a\0", Some(Unsayable::Control), Some(Unsayable::Control)),
        ("\u{7f}", Some(Unsayable::Control), Some(Unsayable::Control)),
        ("ä", Some(Unsayable::NotAscii), Some(Unsayable::NotAscii)),
        (" alice", Some(Unsayable::Blank), Some(Unsayable::Blank)),
        ("alice ", Some(Unsayable::Blank), Some(Unsayable::Blank)),
        ("a b", None, Some(Unsayable::Delimiter)),
        ("a;b", None, Some(Unsayable::Delimiter)),
        ("a\"b", None, Some(Unsayable::Delimiter)),
        ("ey.J-_+/==", None, None),
        (&long, Some(Unsayable::TooLong), Some(Unsayable::TooLong)),
    ];
    for (username, as_whole, in_text) in cases {
        let values = Values { username: Some(username), ..Values::default() };
        for (template, expected) in [(&whole, as_whole), (&within, in_text)] {
            let reason = template.render(&values).err().map(|fault| fault.reason);
            assert_eq!(reason, expected, "{username:?}");
        }
    }
}

#[test]
fn a_password_of_any_bytes_is_sent_in_base64_or_percent_encoded_and_else_refused() {
    let binary: &[u8] = b"\xff\x00\r\n\"";
    let values = Values { password: Some(binary), ..alice() };
    let reason = |options: &RequestOptions| rendered(options, &values).unwrap_err().reason;
    assert_eq!(reason(&post(&[JSON], body(ARTICLE))), Unsayable::NotText);
    assert_eq!(reason(&post(&[JSON], params(&[("p", "%P")]))), Unsayable::NotText);
    assert_eq!(reason(&post(&[("x", "${password}")], Content::Nothing)), Unsayable::NotText);
    assert_eq!(reason(&post(&[("content-type", "text/plain")], body("${password}"))), Unsayable::NotText);
    assert_eq!(body_of(&post(&[], params(&[("p", "%P")])), &values), "p=%FF%00%0D%0A%22");
    assert_eq!(target_of(&get("http://h/?p=${password}"), &values), "/?p=%FF%00%0D%0A%22");
    let base64 = post(&[JSON], body(r#"{"p": "${password_b64}"}"#));
    assert_eq!(body_of(&base64, &values), r#"{"p":"/wANCiI="}"#);
}

#[test]
fn a_text_body_has_no_control_characters_from_a_client() {
    let options = post(&[("content-type", "text/plain; charset=utf-8")], body("u=${username}\np=1"));
    assert_eq!(body_of(&options, &alice()), "u=alice\np=1");
    for username in ["a\np=2", "a\r", "a\0", "a\u{85}"] {
        let values = Values { username: Some(username), ..alice() };
        assert_eq!(rendered(&options, &values).unwrap_err().reason, Unsayable::Control);
    }
}

#[test]
fn a_value_that_no_server_takes_is_the_fault_of_the_client() {
    let long = "x".repeat(9_000);
    let values = Values { username: Some(&long), ..alice() };
    let fault = rendered(&get("http://h/?u=${username}"), &values).unwrap_err();
    assert_eq!(fault, NotSayable { part: Part::Url(1), reason: Unsayable::TooLong });
    assert_eq!(fault.reason.code(), "too_long");
    assert!(rendered(&post(&[], body(ARTICLE)), &values).is_ok());
}
