use super::*;

#[test]
fn a_request_is_shown_without_secrets() {
    let url = "http://127.0.0.1:8080/a/${password}?api_key=k3y&kind=mqtt&q=${password}";
    let headers = [
        ("Authorization", "Bearer k3y"),
        ("X-Api-Key", "k3y"),
        ("X-Anything", "k3y"),
        ("X-User", "${username}"),
        ("X-Token", "${clientid}"),
        ("Cookie", "c=${password}"),
        ("Content-Type", "application/json"),
    ];
    let text = r#"{"u": "${username}", "p": "${password}", "b": "${password_b64}", "secret": "k3y-${clientid}", "n": {"keys": ["k3y", 1]}}"#;
    let template = parsed(&options(RequestMethod::Post, url, &headers, body(text)));
    let values = Values { password: Some(b"hunter2"), ..alice() };
    let shown = template.shown(&values);
    assert_eq!(
        shown,
        "POST http://127.0.0.1:8080/a/******?api_key=******&kind=mqtt&q=******\n\
         authorization: ******\n\
         x-api-key: ******\n\
         x-anything: ******\n\
         content-type: application/json\n\
         accept: application/json\n\
         x-user: alice\n\
         x-token: ******\n\
         cookie: ******\n\
         \n\
         {\"u\":\"alice\",\"p\":\"******\",\"b\":\"******\",\"secret\":\"******dev-1\",\
         \"n\":{\"keys\":[\"******\",1]}}\n"
    );
    for secret in ["k3y", "hunter2", "aHVudGVyMg=="] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn forms_are_shown_without_secrets() {
    let pairs =
        params(&[("clientid", "%c"), ("password", "%P"), ("b", "${password_b64}"), ("api_token", "k3y")]);
    let template = parsed(&post(&[], pairs));
    let shown = |values: &Values<'_>| template.shown(values).lines().last().unwrap().to_owned();
    assert_eq!(shown(&alice()), "clientid=dev-1&password=******&b=******&api_token=******");
    let values = Values { password: None, ..alice() };
    assert_eq!(shown(&values), "clientid=dev-1&api_token=******");
}

#[test]
fn what_cannot_be_sent_is_said() {
    let template = parsed(&post(&[("x-user", "${username}")], Content::Nothing));
    let values = Values { username: Some("a\r\nb"), ..alice() };
    assert_eq!(template.shown(&values), "cannot be sent: header x-user: a value has control characters");
}
