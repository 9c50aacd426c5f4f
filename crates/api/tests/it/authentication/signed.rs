use std::time::Duration;

use serde_json::json;
use vouchmq_identity::UnixMillis;
use vouchmq_identity::signature::{
    RequestParts, SignatureFault, SignedAnswer, SigningKey, sign_request, verify_response,
};

use crate::harness::world::{NOW, World};
use crate::harness::{Answer, Server};

const KEY: &str = "0123456789abcdef0123456789abcdef";

struct Sender {
    key: SigningKey,
    count: u32,
}

/// A request that was signed, to be spoiled before it is sent.
#[derive(Clone)]
struct Sent {
    path: String,
    fields: Vec<(String, String)>,
    body: String,
}

impl Sender {
    fn new() -> Self {
        Self { key: SigningKey::new("broker-1", KEY.as_bytes()).unwrap(), count: 0 }
    }

    fn sign(&mut self, path: &str, body: &str, now: u64) -> Sent {
        self.count += 1;
        let parts = RequestParts {
            method: "POST",
            authority: "auth.example:8443",
            path,
            query: None,
            content_type: Some("application/json"),
            content_digest: None,
            body: body.as_bytes(),
        };
        let nonce = format!("nonce-{:08}", self.count);
        let at = UnixMillis::new(now * 1000);
        let signed = sign_request(&self.key, &parts, &nonce, at, Duration::from_secs(30));
        let mut fields = vec![
            ("Host".to_owned(), "auth.example:8443".to_owned()),
            ("Content-Type".to_owned(), "application/json".to_owned()),
        ];
        fields.extend(signed.map(|(name, value)| (name.to_owned(), value)));
        Sent { path: path.to_owned(), fields, body: body.to_owned() }
    }
}

impl Sent {
    fn set(&self, name: &str, value: &str) -> Self {
        let mut changed = self.clone();
        changed
            .fields
            .iter_mut()
            .filter(|(known, _)| known == name)
            .for_each(|(_, known)| *known = value.to_owned());
        changed
    }

    fn field(&self, name: &str) -> &str {
        &self.fields.iter().find(|(known, _)| known == name).unwrap().1
    }

    fn send(&self, server: &Server) -> Answer {
        let fields: String = self.fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let len = self.body.len();
        let Self { path, body, .. } = self;
        server.ask(&format!("POST {path} HTTP/1.1\r\n{fields}Content-Length: {len}\r\n\r\n{body}"))
    }
}

fn serve(world: &World, networks: &[&str]) -> Server {
    let caller = json!({ "name": "broker-1", "key": KEY, "networks": networks });
    world.serve(&serde_json::from_value(json!({ "callers": [caller] })).unwrap())
}

fn check(answer: &Answer, sent: &Sent) -> Result<(), SignatureFault> {
    let signed = SignedAnswer {
        status: answer.status,
        content_digest: answer.header("content-digest"),
        signature_input: answer.header("signature-input"),
        signature: answer.header("signature"),
        body: answer.body.as_bytes(),
    };
    verify_response(&Sender::new().key, &signed, sent.field("signature"), UnixMillis::new(NOW * 1000))
}

#[test]
fn a_signed_request_is_answered_and_the_answer_signed() {
    let world = World::new();
    let server = serve(&world, &[]);
    let mut sender = Sender::new();
    let login = json!({ "clientid": "d1", "username": "d1", "password": world.secret.expose() }).to_string();
    let sent = sender.sign("/v1/auth/verify", &login, NOW);
    let answer = sent.send(&server);
    assert_eq!((answer.status, answer.json()["decision"].as_str()), (200, Some("allow")));
    assert_eq!(check(&answer, &sent), Ok(()));
    let other = sender.sign("/v1/auth/verify", &login, NOW);
    assert_eq!(check(&answer, &other), Err(SignatureFault::Mismatch), "it answers one request only");
    for path in ["/v1/auth/verify:batch", "/v1/auth/reconsider"] {
        let many = sender.sign(path, r#"{"items":[]}"#, NOW);
        let answer = many.send(&server);
        assert_eq!((answer.status, check(&answer, &many)), (200, Ok(())));
    }
    // A failure is signed too, with the request's id in it.
    let wrong = sender.sign("/v1/auth/verify", r#"{"user":"d1"}"#, NOW);
    let answer = wrong.send(&server);
    assert_eq!((answer.code().as_str(), check(&answer, &wrong)), ("invalid", Ok(())));
}

/// Rows 6 and 14 of the threats: whoever cannot sign learns nothing, and no bit can be changed.
#[test]
fn what_is_not_signed_now_and_once_gets_no_verdict() {
    let world = World::new();
    let mut sender = Sender::new();
    let body = r#"{"clientid":"d1","username":"d1","password":"x"}"#;
    let server = serve(&world, &[]);
    let refused = |sent: &Sent, why: &str| {
        let answer = sent.send(&server);
        assert_eq!((answer.status, answer.code().as_str()), (401, "bad_signature"), "{why}");
        assert_eq!(answer.header("www-authenticate"), Some("Signature realm=\"vouchmq\""));
    };
    let good = sender.sign("/v1/auth/verify", body, NOW);
    assert_eq!(good.send(&server).status, 200);
    refused(&good, "replayed");
    let mut fresh = || sender.sign("/v1/auth/verify", body, NOW);
    refused(&Sent { body: body.replace("d1", "d2"), ..fresh() }, "another body");
    refused(&fresh().set("content-digest", ""), "no digest");
    refused(&fresh().set("Content-Type", "application/json; charset=utf-8"), "another type");
    refused(&fresh().set("Host", "localhost"), "another host");
    refused(&fresh().set("signature-input", good.field("signature-input")), "another signature");
    let other = fresh();
    refused(
        &fresh().set("signature-input", &other.field("signature-input").replace("broker-1", "broker-2")),
        "unknown",
    );
    let mut twice = fresh();
    twice.fields.push(("signature".to_owned(), other.field("signature").to_owned()));
    refused(&twice, "two signatures");
    refused(&Sent { path: "/v1/auth/verify:batch".to_owned(), ..fresh() }, "another path");
    refused(&Sent { fields: vec![("Host".to_owned(), "localhost".to_owned())], ..fresh() }, "none");
    refused(&sender.sign("/v1/auth/verify", body, NOW - 61), "too old");
    refused(&sender.sign("/v1/auth/verify", body, NOW + 6), "too early");
    let query = Sent { path: "/v1/auth/verify?x=1".to_owned(), ..sender.sign("/v1/auth/verify", body, NOW) };
    assert_eq!(query.send(&server).status, 400);
    world.clock.put(NOW + 29);
    assert_eq!(sender.sign("/v1/auth/verify", body, NOW).send(&server).status, 200);
    world.clock.put(NOW + 30);
    refused(&sender.sign("/v1/auth/verify", body, NOW), "expired");
}

#[test]
fn a_key_is_good_from_its_networks_only() {
    let world = World::new();
    let mut sender = Sender::new();
    let sent = sender.sign("/v1/auth/verify", "{}", NOW);
    assert_eq!(sent.send(&serve(&world, &["10.0.0.0/8"])).status, 401);
    assert_eq!(sent.send(&serve(&world, &["10.0.0.0/8", "127.0.0.0/8"])).status, 200);
}
