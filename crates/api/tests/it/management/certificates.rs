use std::sync::Arc;

use serde_json::{Value, json};
use vouchmq_identity::ClientCertificate;
use vouchmq_identity::registry::{Actor, Arrive, Arrived};

use crate::harness::registry::{World, text};
use crate::harness::{Server, runtime};

const EXAMPLE: &str = include_str!("certificates/example-ca.pem");
const OTHER: &str = include_str!("certificates/other-ca.pem");
/// Signed by the first: `O=Example, CN=pump-1`.
const DEVICE: &str = include_str!("certificates/pump-1.pem");
const ALL: &str = "/v1/certificate-authorities";

fn product(management: &Server, strategy: &str) -> String {
    let wish =
        json!({"key": "pump", "name": "P", "reg_strategy": strategy, "allowed_kinds": ["secret", "x509"]});
    text(&management.call("POST", "/v1/products", &wish).is(201), "id").to_owned()
}

fn attach(management: &Server, product: &str, certificate: &str) -> Value {
    let wish = json!({"product_id": product, "certificate": certificate});
    management.call("POST", ALL, &wish).is(201)
}

impl World {
    /// The device comes, as a listener would have verified it.
    fn arrive(&self) -> bool {
        let anchor = ClientCertificate::from_pem(EXAMPLE).unwrap().fingerprint();
        let certificate = ClientCertificate::from_pem(DEVICE).unwrap().with_authority(anchor);
        let arrive = Arrive { certificate: Arc::new(certificate), is_trial: false };
        let arrived = runtime().block_on(self.registry.execute(Actor::stranger(None), arrive));
        self.follow();
        matches!(arrived.map(|done| done.outcome), Ok(Arrived::In { .. }))
    }
}

fn explain(management: &Server, certificate: &str) -> (String, Value) {
    let asked = json!({"clientid": "pump-1", "certificate": certificate});
    let found = management.call("POST", "/v1/auth:explain", &asked).is(200);
    (text(&found, "decision").to_owned(), found["reason"].clone())
}

#[test]
fn an_authority_is_attached_listed_changed_and_removed() {
    let world = World::new();
    let management = world.management();
    let product = product(&management, "auto");
    let made = attach(&management, &product, EXAMPLE);
    assert_eq!(made["subject"], "CN=Example CA,O=Example");
    assert_eq!(made["id_template"], "${cn}");
    assert_eq!((&made["state"], &made["certificate"]), (&json!("active"), &json!(EXAMPLE)));
    let path = format!("{ALL}/{}", text(&made, "id"));
    assert_eq!(management.get(&path).is(200), made);
    let wish = json!({"product_id": product, "certificate": EXAMPLE, "id_template": "x-${cn}"});
    assert_eq!(management.call("POST", ALL, &wish).problem(), (409, "already_exists".into()));
    attach(&management, &product, OTHER);
    assert_eq!(management.names(ALL, "subject"), ["CN=Example CA,O=Example", "CN=Other CA,O=Example"]);
    let changed = management
        .call(
            "PATCH",
            &format!("{path}?wait=applied"),
            &json!({"state": "disabled", "id_template": "p.${cn}"}),
        )
        .is(200);
    assert_eq!((&changed["state"], &changed["id_template"]), (&json!("disabled"), &json!("p.${cn}")));
    let stale = management.call_as(
        crate::harness::registry::TOKEN,
        "DELETE",
        &path,
        &Value::Null,
        "If-Match: \"1\"\r\n",
    );
    assert_eq!(stale.problem(), (412, "version_mismatch".into()));
    management.call("DELETE", &format!("{path}?wait=applied"), &Value::Null).is(200);
    assert_eq!(management.get(&path).problem(), (404, "not_found".into()));
    let actions = management.names("/v1/audit", "action");
    for action in ["attach", "change", "remove"] {
        assert!(actions.contains(&format!("certificate_authority.{action}")), "{actions:?}");
    }
}

#[test]
fn what_is_no_authority_is_pointed_at() {
    let world = World::new();
    let management = world.management();
    let product = product(&management, "auto");
    for (certificate, template, pointer) in [
        ("", "${cn}", "/certificate"),
        (DEVICE, "${cn}", "/certificate"),
        (&format!("{EXAMPLE}{OTHER}"), "${cn}", "/certificate"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "${cn}", "/certificate"),
        (EXAMPLE, "pump", "/id_template"),
        (EXAMPLE, "${subject.x}", "/id_template"),
    ] {
        let wish = json!({"product_id": product, "certificate": certificate, "id_template": template});
        let answer = management.call("POST", ALL, &wish);
        assert_eq!(answer.problem(), (422, "invalid".into()), "{wish}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{wish}");
    }
}

#[test]
fn a_certificate_is_a_credential_by_its_text_or_its_fingerprint() {
    let world = World::new();
    let management = world.management();
    let product = product(&management, "off");
    for id in ["pump-1", "pump-2"] {
        management.call("POST", "/v1/devices", &json!({"product_id": product, "id": id})).is(201);
    }
    let add = |id: &str, certificate: &str| {
        let wish = json!({"kind": "x509", "certificate": certificate});
        management.call("POST", &format!("/v1/devices/{id}/credentials"), &wish)
    };
    let added = add("pump-1", DEVICE).is(201);
    let credential = &added["credential"];
    let fingerprint = ClientCertificate::from_pem(DEVICE).unwrap().fingerprint().to_string();
    assert_eq!((&credential["kind"], &credential["fingerprint"]), (&json!("x509"), &json!(fingerprint)));
    assert_eq!(credential["subject"], "CN=pump-1,O=Example");
    assert_eq!(credential["not_after"], "2120-01-01T00:00:00.000Z");
    assert_eq!(add("pump-2", &fingerprint).problem(), (409, "already_exists".into()));
    world.follow();
    assert_eq!(explain(&management, &fingerprint), ("allow".into(), Value::Null));
    assert_eq!(explain(&management, DEVICE), ("allow".into(), Value::Null));
    let revoke = format!("/v1/credentials/{}:revoke?wait=applied", text(credential, "id"));
    management.call("POST", &revoke, &Value::Null).is(200);
    assert_eq!(explain(&management, &fingerprint), ("deny".into(), json!("credential_revoked")));
    let again = add("pump-2", &fingerprint).is(201);
    assert!(again["credential"].get("subject").is_none(), "nobody has seen it: {again}");
    let wishes = [
        json!({"kind": "x509"}),
        json!({"kind": "secret", "certificate": DEVICE}),
        json!({"kind": "x509", "certificate": DEVICE, "password": "x"}),
        json!({"kind": "x509", "certificate": "sha256:00"}),
        json!({"kind": "x509", "certificate": EXAMPLE}),
    ];
    for wish in wishes {
        let answer = management.call("POST", "/v1/devices/pump-1/credentials", &wish);
        assert_eq!(answer.problem(), (422, "invalid".into()), "{wish}");
        assert_eq!(answer.json()["errors"][0]["pointer"], "/certificate", "{wish}");
    }
}

#[test]
fn what_would_become_of_a_device_with_a_certificate_is_told_and_nothing_is_written() {
    let world = World::new();
    let management = world.management();
    let product = product(&management, "off");
    assert_eq!(explain(&management, DEVICE).0, "not_mine", "no authority of it is attached");
    attach(&management, &product, EXAMPLE);
    let of = |strategy: &str| {
        let path = format!("/v1/products/{product}?wait=applied");
        management.call("PATCH", &path, &json!({"reg_strategy": strategy})).is(200);
        explain(&management, DEVICE)
    };
    for strategy in ["off", "allow_list"] {
        assert_eq!(of(strategy), ("deny".into(), json!("not_registered")), "{strategy}");
    }
    assert_eq!(of("quarantine"), ("deny".into(), json!("registration_pending")));
    assert_eq!(of("auto"), ("allow".into(), Value::Null));
    assert_eq!(management.names("/v1/devices", "id"), Vec::<String>::new());
    assert_eq!(management.names("/v1/registrations", "id"), Vec::<String>::new());
    assert!(world.arrive());
    assert_eq!(explain(&management, DEVICE), ("allow".into(), Value::Null));
    let device = management.get("/v1/devices/pump-1").is(200);
    assert_eq!((&device["source"], &device["state"]), (&json!("certificate"), &json!("active")));
}

#[test]
fn a_device_that_waits_shows_its_certificate_and_is_let_in_when_it_is_approved() {
    let world = World::new();
    let management = world.management();
    let product = product(&management, "quarantine");
    let authority = attach(&management, &product, EXAMPLE);
    assert!(!world.arrive());
    let waiting = management.get("/v1/registrations").is(200)["items"][0].clone();
    let fingerprint = ClientCertificate::from_pem(DEVICE).unwrap().fingerprint().to_string();
    assert_eq!((&waiting["hw_id"], &waiting["claim_token_id"]), (&json!("pump-1"), &Value::Null));
    assert_eq!(waiting["certificate_fingerprint"], json!(fingerprint));
    assert_eq!(waiting["certificate_authority_id"], authority["id"]);
    let approve = format!("/v1/registrations/{}:approve", text(&waiting, "id"));
    management.call("POST", &approve, &Value::Null).is(200);
    assert!(world.arrive());
    let credentials = management.get("/v1/devices/pump-1/credentials").is(200);
    assert_eq!(credentials["items"][0]["authority"], authority["fingerprint"]);
    // Who removes the authority keeps out whom it let in.
    world.follow();
    assert_eq!(explain(&management, DEVICE), ("allow".into(), Value::Null));
    let path = format!("{ALL}/{}?wait=applied", text(&authority, "id"));
    management.call("DELETE", &path, &Value::Null).is(200);
    assert_eq!(explain(&management, DEVICE), ("deny".into(), json!("authority_not_attached")));
}
