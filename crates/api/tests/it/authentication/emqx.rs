use std::sync::Arc;

use serde_json::json;
use vouchmq_api::authentication_service::{AuthenticationServiceOptions, EmqxFailure, EmqxUnknown, Judge};
use vouchmq_identity::resident::{Allowed, Change, Judgement, Named, ResidentDevice};
use vouchmq_identity::{AuthRequest, Cost, Denial, Standing, Unavailable, UnixMillis, Verdict};

use super::{post, post_form, post_json};
use crate::harness::world::{NOW, World, trusting};
use crate::harness::{Answer, Server};

/// The header fields that EMQX sends by default.
const EMQX: &str = "accept: application/json\r\ncache-control: no-cache\r\nconnection: keep-alive\r\n\
                    keep-alive: timeout=30, max=1000\r\n";

fn login(server: &Server, clientid: &str, username: &str, password: &str) -> Answer {
    let body =
        json!({ "clientid": clientid, "username": username, "password": password, "peerhost": "10.0.0.9" });
    server.ask(&post("/emqx/authn", "application/json", EMQX, &body.to_string()))
}

/// Cannot decide.
struct Down;

impl Judge for Down {
    fn cost(&self, _: &AuthRequest) -> Cost {
        Cost::Cheap
    }

    fn judge(&self, _: &AuthRequest) -> Judgement {
        let verdict = Verdict::Unavailable(Unavailable::NoKey);
        Judgement { verdict, device: None, proven: None, allowed: None, as_of: 7 }
    }

    fn permit(&self, _: &Named<'_>) -> Result<Allowed, Denial> {
        Err(Denial::Suspended)
    }

    fn judge_again(&self, _: &Standing<'_>) -> Judgement {
        let verdict = Verdict::Unavailable(Unavailable::NoKey);
        Judgement { verdict, device: None, proven: None, allowed: None, as_of: 7 }
    }

    fn applied(&self) -> u64 {
        7
    }

    fn when_applied(&self, _: u64, _: Box<dyn FnOnce() + Send>) {}
}

#[test]
fn who_is_allowed_comes_with_everything_that_emqx_needs() {
    let mut world = World::new();
    let good = ResidentDevice::clone(&world.resident.device("d1").unwrap());
    let expires_at = Some(UnixMillis::new((NOW + 3600) * 1000 + 999));
    world.apply(Change::Device(ResidentDevice { expires_at, ..good }));
    let answer = login(&world.serve(&trusting()), "d1", "d1", world.secret.expose());
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    assert_eq!(
        answer.json(),
        json!({
            "result": "allow", "is_superuser": false, "expire_at": NOW + 3600,
            "client_attrs": { "product": "sensor" },
            "acl": [
                { "permission": "allow", "action": "publish", "topic": "dev/d1/#" },
                { "permission": "allow", "action": "subscribe", "topic": "dev/d1/#" },
                { "permission": "deny", "action": "all", "topic": "#" },
                { "permission": "deny", "action": "all", "topic": "$SYS/#" },
            ]
        })
    );
}

/// T8: whatever is not 200 makes EMQX ask somebody else.
#[test]
fn a_denial_is_a_200_and_so_is_every_failure() {
    let world = World::new();
    let server = world.serve(&trusting());
    let secret = world.secret.expose();
    let told = |answer: Answer| (answer.status, answer.json());
    let (deny, ignore) = ((200, json!({ "result": "deny" })), (200, json!({ "result": "ignore" })));
    assert_eq!(told(login(&server, "d1", "d1", "wrong")), deny);
    assert_eq!(told(login(&server, "d2", "d1", secret)), deny);
    assert_eq!(told(login(&server, "d9", "d9", secret)), ignore);
    for body in ["", "{", "[]", r#"{"clientid":"a","clientid":"b"}"#, r#"{"peerhost":"x"}"#] {
        assert_eq!(told(post_json(&server, "/emqx/authn", body)), deny, "{body}");
        assert_eq!(told(post_json(&server, "/emqx/authz", body)), deny, "{body}");
    }
    let down = world.serve_with(&trusting(), Arc::new(Down));
    assert_eq!(told(login(&down, "d1", "d1", secret)), deny);
    let stranger = world.serve(&AuthenticationServiceOptions::default());
    assert_eq!(told(login(&stranger, "d1", "d1", secret)), deny);
}

#[test]
fn a_hardened_emqx_can_be_told_the_status_and_unknown_clients_can_be_denied() {
    let world = World::new();
    let options = AuthenticationServiceOptions {
        emqx_failure: EmqxFailure::Status,
        emqx_unknown: EmqxUnknown::Deny,
        ..trusting()
    };
    let secret = world.secret.expose();
    assert_eq!(login(&world.serve(&options), "d9", "d9", secret).json()["result"], "deny");
    assert_eq!(post_json(&world.serve(&options), "/emqx/authn", "{").status, 400);
    assert_eq!(login(&world.serve_with(&options, Arc::new(Down)), "d1", "d1", secret).status, 503);
    let strict = AuthenticationServiceOptions { trust_loopback: false, ..options };
    assert_eq!(login(&world.serve(&strict), "d1", "d1", secret).status, 401);
}

#[test]
fn a_form_of_emqx_writes_a_space_as_plus() {
    let world = World::new();
    let server = world.serve(&trusting());
    let form = |password: &str| format!("clientid=pw&username=pw&password={password}");
    let right = form("p%40ss+w%2Brd%00%26%3D%25%FF");
    assert_eq!(post_form(&server, "/emqx/authn", &right).json()["result"], "allow");
    let wrong = form("p%40ss+w+rd%00%26%3D%25%FF");
    assert_eq!(post_form(&server, "/emqx/authn", &wrong).json()["result"], "deny");
}

#[test]
fn topics_are_judged_by_who_the_client_is() {
    let server = World::new().serve(&trusting());
    let ask = |body: serde_json::Value| {
        post_json(&server, "/emqx/authz", &body.to_string()).json()["result"].clone()
    };
    for (username, topic, action, expected) in [
        ("d1", "dev/d1/up", "publish", "allow"),
        ("d1", "dev/d1/#", "publish", "deny"),
        ("d1", "dev/d1/#", "subscribe", "allow"),
        ("d1", "dev/d2/up", "subscribe", "deny"),
        ("d1", "dev/d1/up", "both", "deny"),
        ("d9", "dev/d9/up", "publish", "ignore"),
    ] {
        let body = json!({ "clientid": username, "username": username, "topic": topic, "action": action, "qos": 1, "retain": false });
        assert_eq!(ask(body), expected, "{username} {topic} {action}");
    }
    let by_access =
        |access: u8| json!({ "clientid": "d1", "username": "d1", "topic": "dev/d1/#", "access": access });
    assert_eq!((ask(by_access(1)), ask(by_access(2))), (json!("allow"), json!("deny")));
    let both =
        json!({ "clientid": "d1", "username": "d1", "topic": "dev/d1/x", "access": 1, "action": "publish" });
    assert_eq!(ask(both), "deny", "they contradict each other");
}
