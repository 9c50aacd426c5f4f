use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use vouchmq_api::authentication_service::{AuthenticationService, AuthenticationServiceOptions, Confirm};
use vouchmq_api::management::Applied;
use vouchmq_identity::model::{CredentialId, DeviceId, DeviceState};
use vouchmq_identity::registry::Registry;
use vouchmq_identity::resident::Change;

use super::post_json;
use crate::harness::registry::{self, Following, text};
use crate::harness::world::{World, trusting};
use crate::harness::{Answer, Server};

fn reconsider(server: &Server, items: &Value) -> Answer {
    post_json(server, "/v1/auth/reconsider", &json!({ "items": items }).to_string())
}

fn verify(server: &Server, name: &str, password: &str) -> Value {
    let body = json!({ "clientid": name, "username": name, "password": password });
    post_json(server, "/v1/auth/verify", &body.to_string()).json()
}

/// What the broker knows of a device that it let in.
fn standing(verdict: &Value) -> Value {
    let device = &verdict["device_id"];
    json!({
        "device_id": device, "credential_id": verdict["credential_id"],
        "clientid": device, "username": device, "peerhost": "192.0.2.7",
    })
}

#[test]
fn who_was_let_in_stays_with_the_same_rights_until_something_speaks_against_it() {
    let mut world = World::new();
    let server = world.serve(&trusting());
    let verdict = verify(&server, "d1", world.secret.expose());
    assert_eq!(verdict["decision"], "allow");
    let known = standing(&verdict);
    let again = reconsider(&server, &json!([known])).json();
    assert_eq!(again, json!({ "as_of": 3, "results": [verdict] }), "no password, and the same verdict");

    let mut device = world.device("d2");
    let second = device.credentials[0].id.to_string();
    world.apply(Change::Device(device.clone()));
    let as_other = |name: &str, value: &str| {
        let mut item = known.clone();
        item[name] = json!(value);
        item
    };
    let items = json!([
        as_other("device_id", "unknown"),
        as_other("credential_id", &second),
        as_other("clientid", "d2"),
        known,
        as_other("device_id", "d2"),
    ]);
    let results = reconsider(&server, &items).json();
    let told = |result: &Value| (result["decision"].clone(), result["reason"].clone());
    let told: Vec<_> = results["results"].as_array().unwrap().iter().map(told).collect();
    let denied = |reason: &str| (json!("deny"), json!(reason));
    assert_eq!(
        told,
        [
            denied("not_allowed"),
            denied("bad_credential"),
            denied("not_allowed"),
            (json!("allow"), Value::Null),
            denied("bad_credential"),
        ]
    );
    assert!(results["results"][0].get("device_id").is_none());

    device.id = "d1".parse().unwrap();
    device.state = DeviceState::Suspended;
    device.credentials = world.resident.device("d1").unwrap().credentials.clone();
    world.apply(Change::Device(device));
    let ended = reconsider(&server, &json!([known])).json();
    let denial = json!({ "decision": "deny", "reason": "not_allowed", "expires_at": null, "as_of": 5 });
    assert_eq!(ended, json!({ "as_of": 5, "results": [denial] }));
}

#[test]
fn what_names_no_device_or_no_credential_is_refused_as_a_whole() {
    let world = World::new();
    let server = world.serve(&trusting());
    let known = standing(&verify(&server, "d1", world.secret.expose()));
    for (field, value) in [("device_id", ""), ("credential_id", "x"), ("peerhost", "x"), ("password", "x")] {
        let mut item = known.clone();
        item[field] = json!(value);
        let answer = reconsider(&server, &json!([known, item]));
        assert_eq!((answer.status, answer.code().as_str()), (422, "invalid"), "{field}");
        assert_eq!(answer.json()["errors"][0]["pointer"], format!("/items/1/{field}"));
    }
    assert_eq!(reconsider(&server, &json!(vec![known.clone(); 256])).status, 200);
    let problem = reconsider(&server, &json!(vec![known; 257]));
    assert_eq!((problem.status, problem.json()["errors"][0]["pointer"].as_str()), (422, Some("/items")));
}

#[test]
fn who_reconsiders_is_charged_as_who_verifies() {
    let options = AuthenticationServiceOptions { verifications_per_second: 10, ..trusting() };
    let world = World::new();
    let server = world.serve(&options);
    let known = standing(&verify(&server, "d1", world.secret.expose()));
    let refused = (0..20).map(|_| reconsider(&server, &json!(vec![known.clone(); 9])));
    let refused = refused.into_iter().find(|answer| answer.status != 200).unwrap();
    assert_eq!((refused.status, refused.code().as_str()), (429, "too_many_requests"));
}

/// A registry that is followed as soon as something is confirmed, as in a broker.
struct Followed {
    registry: Arc<Registry>,
    following: Arc<Following>,
}

#[async_trait]
impl Confirm for Followed {
    async fn confirm(&self, device: &DeviceId, credential: CredentialId) -> Option<u64> {
        let sequence = Confirm::confirm(&*self.registry, device, credential).await;
        let following = self.following.clone();
        tokio::spawn(async move { following.wait(0, Duration::ZERO).await });
        sequence
    }
}

/// The change that a first use makes is told to whoever follows, and must not throw out the client that made it.
#[test]
fn a_first_use_is_answered_no_older_than_the_change_that_it_makes() {
    let world = registry::World::new();
    let management = world.management();
    let made = management.device(&management.product("sensor", "auto"), "d1");
    world.follow();
    let confirm = Followed { registry: world.registry.clone(), following: world.following.clone() };
    let service = AuthenticationService::try_new(
        &trusting(),
        world.resident.clone(),
        Arc::new(confirm),
        world.clock.clone(),
    );
    let server = Server::start(service.unwrap().build().router);
    let before = world.resident.applied();
    let first = verify(&server, "d1", text(&made, "secret"));
    assert_eq!(first["decision"], "allow");
    assert!(world.resident.applied() > before, "a first use is a change");
    assert_eq!(first["as_of"], world.resident.applied());
    let again = verify(&server, "d1", text(&made, "secret"));
    assert_eq!((&again["decision"], &again["as_of"]), (&first["decision"], &first["as_of"]));
    assert_eq!(again["acl"], first["acl"]);

    let product = management.product("lamp", "auto");
    let made: Vec<_> = (0..20).map(|number| management.device(&product, &format!("lamp-{number}"))).collect();
    world.follow();
    let login = |(number, device): (usize, &Value)| {
        let name = format!("lamp-{number}");
        json!({ "clientid": name, "username": name, "password": text(device, "secret") })
    };
    let items: Vec<_> = made.iter().enumerate().map(login).collect();
    let all = post_json(&server, "/v1/auth/verify:batch", &json!({ "items": items }).to_string()).json();
    for (number, result) in all["results"].as_array().unwrap().iter().enumerate() {
        assert_eq!(result["device_id"], format!("lamp-{number}"), "{result}");
    }
    let newest =
        all["results"].as_array().unwrap().iter().filter_map(|result| result["as_of"].as_u64()).max();
    assert_eq!(newest, Some(world.resident.applied()));
}
