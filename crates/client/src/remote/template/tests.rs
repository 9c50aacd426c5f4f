use std::net::IpAddr;

use vouchmq_tls::ClientOptions;

use super::*;
use crate::remote::values::Wish;

mod faults;
mod shown;
mod values;

const JSON: (&str, &str) = ("Content-Type", "application/json");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// What the article of the issue and EMQX's documents write.
const ARTICLE: &str = r#"{"clientid": "${clientid}", "username": "${username}", "password": "${password}"}"#;

fn options(method: RequestMethod, url: &str, headers: &[(&str, &str)], content: Content) -> RequestOptions {
    RequestOptions {
        urls: vec![url.into()],
        method,
        headers: headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        content,
        tls: ClientOptions::default(),
    }
}

fn params(pairs: &[(&str, &str)]) -> Content {
    Content::Params(pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect())
}

fn body(text: &str) -> Content {
    Content::Body(text.into())
}

fn post(headers: &[(&str, &str)], content: Content) -> RequestOptions {
    options(RequestMethod::Post, "http://127.0.0.1:8080/mqtt/auth", headers, content)
}

fn get(url: &str) -> RequestOptions {
    options(RequestMethod::Get, url, &[], Content::Nothing)
}

fn parsed(options: &RequestOptions) -> RequestTemplate {
    RequestTemplate::parse(options, Occasion::Action).unwrap()
}

fn rendered(options: &RequestOptions, values: &Values<'_>) -> Result<Question, NotSayable> {
    parsed(options).render(values)
}

fn body_of(options: &RequestOptions, values: &Values<'_>) -> String {
    String::from_utf8(rendered(options, values).unwrap().body.to_vec()).unwrap()
}

fn target_of(options: &RequestOptions, values: &Values<'_>) -> String {
    rendered(options, values).unwrap().targets[0].to_string()
}

fn alice() -> Values<'static> {
    Values {
        client_id: "dev-1",
        username: Some("alice"),
        password: Some(b"p@ss word"),
        peer: Some(IpAddr::from([10, 0, 0, 9])),
        peer_port: Some(50_123),
        cert_common_name: Some("cn"),
        cert_subject: Some("CN=cn,O=x"),
        protocol: "MQTT",
        listener: Some("plain"),
        listener_port: Some(1883),
        wish: Some(Wish { topic: "a/+/b", is_subscription: true, qos: 1, retain: false }),
    }
}

#[test]
fn the_parameters_of_nanomq_are_a_form_in_their_order_and_absent_ones_are_left_out() {
    let all = params(&[
        ("clientid", "%c"),
        ("username", "%u"),
        ("password", "%P"),
        ("ip", "%a"),
        ("port", "%p"),
        ("protocol", "%r"),
        ("cn", "%C"),
        ("dn", "%d"),
        ("access", "%A"),
        ("topic", "%t"),
        ("mountpoint", "%m"),
        ("only two characters count", "%cx"),
        ("fixed", "100% %c"),
        ("both", "u:${username}"),
    ]);
    for headers in [&[][..], &[FORM], &[("content-type", "text/plain")]] {
        assert_eq!(
            body_of(&post(headers, all.clone()), &alice()),
            "clientid=dev-1&username=alice&password=p%40ss%20word&ip=10.0.0.9&port=1883&protocol=MQTT&cn=cn\
             &dn=CN%3Dcn%2CO%3Dx&access=1&topic=a%2F%2B%2Fb&only%20two%20characters%20count=dev-1\
             &fixed=100%25%20%25c&both=u%3Aalice"
        );
    }
    let nobody = Values { client_id: "c", protocol: "MQIsdp", ..Values::default() };
    assert_eq!(
        body_of(&post(&[], all), &nobody),
        "clientid=c&protocol=MQIsdp&only%20two%20characters%20count=c&fixed=100%25%20%25c&both=u%3A"
    );
}

#[test]
fn parameters_are_a_flat_object_of_strings_where_the_content_type_is_json() {
    let some = params(&[("b", "%u"), ("a", "%A"), ("m", "%m"), ("r", "${retain}")]);
    for value in ["application/json", "Application/JSON; charset=utf-8", " application/json"] {
        let options = post(&[("content-type", value)], some.clone());
        assert_eq!(body_of(&options, &alice()), r#"{"b":"alice","a":"1","r":"false"}"#);
        assert_eq!(body_of(&options, &Values::default()), "{}");
    }
}

#[test]
fn parameters_of_a_get_stand_in_the_query_whatever_the_content_type() {
    let cases = [
        ("http://h/a", "/a?u=alice"),
        ("http://h/a?", "/a?u=alice"),
        ("http://h/a?k=v", "/a?k=v&u=alice"),
        ("http://h", "/?u=alice"),
    ];
    for (url, expected) in cases {
        let options = options(RequestMethod::Get, url, &[JSON], params(&[("u", "%u")]));
        let question = rendered(&options, &alice()).unwrap();
        assert_eq!(question.targets[0].as_str(), expected);
        assert!(question.body.is_empty() && !question.headers.contains_key("content-type"));
    }
}

#[test]
fn a_body_of_json_keeps_its_structure_and_order() {
    let text = r#" { "z": ["${username}", 1, -2.5, null, true, {}, []], "a": {"b": "x${clientid}y"}, "r": "${retain}" } "#;
    let expected = r#"{"z":["alice",1,-2.5,null,true,{},[]],"a":{"b":"xdev-1y"},"r":"false"}"#;
    for headers in [&[][..], &[JSON], &[("content-type", "application/vnd.x+json")]] {
        assert_eq!(body_of(&post(headers, body(text)), &alice()), expected);
    }
    let absent = Values { client_id: "", ..Values::default() };
    assert_eq!(body_of(&post(&[], body(ARTICLE)), &absent), r#"{"clientid":"","username":"","password":""}"#);
}

#[test]
fn the_defaults_of_header_fields_are_those_of_emqx() {
    let headers = |options: &RequestOptions| {
        let headers = rendered(options, &alice()).unwrap().headers;
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        (text("accept"), text("content-type"))
    };
    let json = Some("application/json".to_owned());
    assert_eq!(headers(&post(&[], body(ARTICLE))), (json.clone(), json.clone()));
    let form = Some("application/x-www-form-urlencoded".to_owned());
    assert_eq!(headers(&post(&[], params(&[("u", "%u")]))), (json.clone(), form));
    assert_eq!(headers(&post(&[], Content::Nothing)), (json, None));
    let own = post(&[("Accept", "*/*"), ("content-type", "text/plain")], body("${username}"));
    assert_eq!(headers(&own), (Some("*/*".to_owned()), Some("text/plain".to_owned())));
}

#[test]
fn placeholders_stand_in_the_path_the_query_and_header_fields() {
    let mut options =
        get("https://Auth.Example:8443/v1/${listener}/c-${clientid}/x?a=1&u=${username}&p=${peerport}");
    options.urls.push("http://[::1]/b".into());
    options.headers = vec![
        ("X-User".into(), "${username}".into()),
        ("X-From".into(), "${peerhost}:${peerport}; ${action} ${qos} ${access}".into()),
        ("X-Key".into(), " fixed ".into()),
    ];
    let template = parsed(&options);
    assert_eq!(template.bases().collect::<Vec<_>>(), ["https://auth.example:8443", "http://[::1]"]);
    let question = template.render(&alice()).unwrap();
    assert_eq!(question.targets[0].as_str(), "/v1/plain/c-dev-1/x?a=1&u=alice&p=50123");
    assert_eq!(question.targets[1].as_str(), "/b");
    assert_eq!(question.headers["x-user"], "alice");
    assert_eq!(question.headers["x-from"], "10.0.0.9:50123; subscribe 1 1");
    assert_eq!(question.headers["x-key"], "fixed");
    assert_eq!(format!("{template:?}"), "RequestTemplate { method: GET, .. }");
}

#[test]
fn a_form_is_parted_before_values_are_known() {
    let text = "client=${clientid}&note=a+b%26c%24%7Busername%7D&u=<${username}>&empty";
    let mut values = alice();
    values.username = Some("x&admin=1");
    assert_eq!(
        body_of(&post(&[FORM], body(text)), &values),
        "client=dev-1&note=a%20b%26c%24%7Busername%7D&u=%3Cx%26admin%3D1%3E&empty="
    );
}

#[test]
fn what_a_request_tells_is_told_by_placeholders_however_they_are_written() {
    let told = parsed(&post(&[JSON], body(r#"{"p": "\u0024{pass\u0077ord}"}"#))).tells();
    assert_eq!(told, Tells { password: true, ..Tells::default() });
    let told = parsed(&post(&[("x", "${cert_subject}")], params(&[("p", "%p"), ("a", "100%a")]))).tells();
    assert_eq!(told, Tells { listener: true, certificate: true, ..Tells::default() });
    let told = parsed(&get("http://h/${peerport}?a=${peerhost}&r=${proto}")).tells();
    assert_eq!(told, Tells { peer_port: true, peer: true, protocol: true, ..Tells::default() });
    assert_eq!(parsed(&post(&[], params(&[("u", "%u"), ("t", "%t")]))).tells(), Tells::default());
}

#[test]
fn an_address_is_written_in_one_form() {
    let options = get("http://h/?a=${peerhost}");
    let cases = [("::ffff:192.0.2.1", "/?a=192.0.2.1"), ("2001:DB8::1", "/?a=2001%3Adb8%3A%3A1")];
    for (address, expected) in cases {
        let values = Values { peer: Some(address.parse().unwrap()), ..alice() };
        assert_eq!(target_of(&options, &values), expected);
    }
}
