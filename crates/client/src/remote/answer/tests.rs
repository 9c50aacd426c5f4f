use std::time::Duration;

use hyper::HeaderMap;
use hyper::body::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};

use super::*;

mod carried;
mod native;

const NOW: UnixMillis = UnixMillis::new(1_800_000_000_000);
const JSON: &str = "application/json";

fn answer(status: u16, media_type: &str, body: &[u8]) -> Answer {
    let mut headers = HeaderMap::new();
    if !media_type.is_empty() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_str(media_type).unwrap());
    }
    Answer {
        server: 0,
        status: StatusCode::from_u16(status).unwrap(),
        headers,
        body: Bytes::copy_from_slice(body),
        took: Duration::ZERO,
    }
}

fn json(body: &str) -> Answer {
    answer(200, JSON, body.as_bytes())
}

fn wanted() -> AnswerMode {
    AnswerMode::JsonResult("yes".into())
}

/// What the three questions make of an answer, in one word each.
fn words(mode: &AnswerMode, answer: &Answer) -> [&'static str; 3] {
    let login = match login(mode, answer, NOW) {
        Ok(LoginAnswer::Allow(_)) => "allow",
        Ok(LoginAnswer::Deny(Denial::ServiceBadCredential)) => "bad credential",
        Ok(LoginAnswer::Deny(_)) => "deny",
        Ok(LoginAnswer::NotMine) => "not mine",
        Err(fault) => fault.code(),
    };
    let superuser = match superuser(mode, answer) {
        Ok(true) => "yes",
        Ok(false) => "no",
        Err(fault) => fault.code(),
    };
    let permission = match permission(mode, answer) {
        Ok(Said::Allow) => "allow",
        Ok(Said::Deny) => "deny",
        Ok(Said::Nothing) => "nothing",
        Err(fault) => fault.code(),
    };
    [login, superuser, permission]
}

/// The three agree.
fn fails(code: &'static str) -> [&'static str; 3] {
    [code; 3]
}

#[test]
fn with_the_status_alone_200_allows_401_and_403_deny_and_all_else_is_unavailable() {
    let page = b"<html>welcome</html>";
    for (status, expected) in [
        (200, ["allow", "yes", "allow"]),
        (401, ["bad credential", "no", "deny"]),
        (403, ["deny", "no", "deny"]),
        (201, fails("status")),
        (204, fails("status")),
        (206, fails("status")),
        (301, fails("status")),
        (302, fails("status")),
        (400, fails("status")),
        (404, fails("status")),
        (429, fails("status")),
        (500, fails("status")),
        (503, fails("status")),
    ] {
        let answer = answer(status, "text/html", page);
        assert_eq!(words(&AnswerMode::Status, &answer), expected, "{status}");
    }
    let ignored = json(r#"{"result":"deny","is_superuser":true,"acl":{}}"#);
    let expected = LoginAnswer::Allow(Carried::default());
    assert_eq!(login(&AnswerMode::Status, &ignored, NOW), Ok(expected), "the body is not read");
}

#[test]
fn as_emqx_204_and_a_result_of_allow_let_in_and_nothing_else_does() {
    let cases: &[(u16, &str, &str, [&str; 3])] = &[
        (204, "", "", ["allow", "yes", "allow"]),
        (200, JSON, r#"{"result":"allow"}"#, ["allow", "yes", "allow"]),
        (200, "Application/JSON ; charset=utf-8", r#" {"result":"allow"} "#, ["allow", "yes", "allow"]),
        (200, "application/x-www-form-urlencoded", "result=allow", ["allow", "yes", "allow"]),
        (200, JSON, r#"{"result":"deny"}"#, ["deny", "no", "deny"]),
        (200, JSON, r#"{"result":"ignore"}"#, ["not mine", "no", "nothing"]),
        (200, JSON, r#"{"result":"ignore","is_superuser":true}"#, ["not mine", "no", "nothing"]),
        (200, JSON, "{}", ["not mine", "no_result", "no_result"]),
        (200, JSON, r#"{"is_superuser":true}"#, ["not mine", "yes", "no_result"]),
        (401, "", "", ["bad credential", "no", "deny"]),
        (403, JSON, r#"{"result":"allow"}"#, ["deny", "no", "deny"]),
        // What others take for a yes.
        (200, JSON, "", fails("empty")),
        (200, JSON, " \r\n", fails("empty")),
        (200, "", r#"{"result":"allow"}"#, fails("content_type")),
        (200, "text/html", "<html>allow</html>", fails("content_type")),
        (200, "text/plain", "allow", fails("content_type")),
        (200, "application/jsonp", r#"{"result":"allow"}"#, fails("content_type")),
        (200, JSON, "<html>sign in</html>", fails("unreadable")),
        (200, JSON, "allow", fails("unreadable")),
        (200, JSON, r#"{"result":"allow""#, fails("unreadable")),
        (200, JSON, r#"{"result":"allow"} x"#, fails("unreadable")),
        (200, JSON, r#""allow""#, fails("no_object")),
        (200, JSON, r#"[{"result":"allow"}]"#, fails("no_object")),
        (200, JSON, r#"{"result":"deny","result":"allow"}"#, fails("duplicate_member")),
        (200, JSON, r#"{"result":"allow","x":[{"a":1,"a":2}]}"#, fails("duplicate_member")),
        (200, JSON, r#"{"result":"Allow"}"#, fails("unknown_result")),
        (200, JSON, r#"{"result":"ok"}"#, fails("unknown_result")),
        (200, JSON, r#"{"result":true}"#, fails("unknown_result")),
        (200, JSON, r#"{"result":null}"#, fails("unknown_result")),
        (200, "application/x-www-form-urlencoded", "result=deny&result=allow", fails("duplicate_member")),
        (200, "application/x-www-form-urlencoded", "<p>result=allow", fails("unreadable")),
        (200, "application/x-www-form-urlencoded", "result=allow&x=%f", fails("unreadable")),
        (200, "application/x-www-form-urlencoded", "result=allow&x=%ff", fails("unreadable")),
        (201, JSON, r#"{"result":"allow"}"#, fails("status")),
        (302, JSON, r#"{"result":"allow"}"#, fails("status")),
        (500, JSON, r#"{"result":"allow"}"#, fails("status")),
    ];
    for (status, media_type, body, expected) in cases {
        let answer = answer(*status, media_type, body.as_bytes());
        assert_eq!(words(&AnswerMode::Json, &answer), *expected, "{status} {media_type} {body}");
    }
    assert_eq!(words(&AnswerMode::Json, &answer(200, JSON, b"\xff")), fails("unreadable"));
    let deep = "[".repeat(100_000);
    assert_eq!(words(&AnswerMode::Json, &json(&deep)), fails("unreadable"));
    let mut twice = json(r#"{"result":"allow"}"#);
    twice.headers.append(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    assert_eq!(words(&AnswerMode::Json, &twice), fails("content_type"));
}

#[test]
fn with_a_result_of_the_configuration_only_200_with_that_result_allows() {
    for (answer, expected) in [
        (json(r#"{"result":"yes"}"#), ["allow", "yes", "allow"]),
        (json(r#"{"result":"yes","is_superuser":false}"#), ["allow", "no", "allow"]),
        (json(r#"{"result":"allow"}"#), ["deny", "no", "deny"]),
        (json(r#"{"result":"ignore"}"#), ["deny", "no", "deny"]),
        (json(r#"{"result":"YES"}"#), ["deny", "no", "deny"]),
        (json(r#"{"result":1}"#), fails("unknown_result")),
        (json("{}"), fails("no_result")),
        (json(""), fails("empty")),
        (answer(204, "", b""), fails("status")),
        (answer(401, "", b""), ["bad credential", "no", "deny"]),
        (answer(403, "", b""), ["deny", "no", "deny"]),
        (answer(404, JSON, br#"{"result":"yes"}"#), fails("status")),
        (answer(200, "text/html", b"<html>yes</html>"), fails("content_type")),
    ] {
        assert_eq!(words(&wanted(), &answer), expected, "{} {:?}", answer.status, answer.body);
    }
}

#[test]
fn no_bytes_are_taken_for_a_yes_that_do_not_say_it() {
    arbtest::arbtest(|u| {
        let mut body: Vec<u8> = u.arbitrary()?;
        if u.arbitrary()? {
            body = [b"{\"result\":", &*body, b"}"].concat();
        }
        for media_type in [JSON, "application/x-www-form-urlencoded"] {
            let answer = answer(200, media_type, &body);
            let says = String::from_utf8_lossy(&body).contains("allow");
            assert!(says || !matches!(login(&AnswerMode::Json, &answer, NOW), Ok(LoginAnswer::Allow(_))));
            assert!(says || !matches!(permission(&AnswerMode::Json, &answer), Ok(Said::Allow)));
        }
        Ok(())
    });
}
