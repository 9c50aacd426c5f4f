//! Everywhere else that a secret is said: the authentication service, an import, a device's own rotation.

use serde_json::json;
use vouchmq_client::Method;

use super::super::caller::Caller;
use super::super::fleet::{Fleet, TOKEN, text};
use super::super::wire::Wire;
use super::{PASSWORD, PLAIN, SCRAM, WRONG};

const JSON: &str = "Content-Type: application/json";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

/// Says every secret at every door, rightly and wrongly; what was answered, and the secret that is shown once in it.
pub(super) fn knock(fleet: &Fleet, product: &str, device: &str, secret: &str) -> (String, String) {
    let mut answers = imported(fleet, product);
    let scram = json!({"kind": "scram", "password": SCRAM});
    let path = format!("/v1/devices/{device}/credentials");
    answers.push_str(&fleet.operator.post(&path, &scram).to_string());
    answers.push_str(&scram_in_vain(fleet, device));
    for (name, password) in
        [(device, secret), (device, PASSWORD), ("plain-1", PLAIN), (device, WRONG), ("nobody", WRONG)]
    {
        answers.push_str(&authenticated(fleet, name, password));
    }
    answers.push_str(&explained(fleet, device));
    (answers, rotated_by_itself(fleet, device, secret))
}

fn imported(fleet: &Fleet, product: &str) -> String {
    let mut caller = Caller::dial(fleet.management.trim_start_matches("http://")).unwrap();
    let head =
        format!("POST /v1/imports?format=nanomq&product_id={product}\r\nAuthorization: Bearer {TOKEN}");
    let file = format!("{{\n \"plain-1\": \"{PLAIN}\",\n plain-2 = a {WRONG}\n}}\n");
    let report = caller.ask(&head, &file).unwrap();
    assert!(report.status == 200 && report.body.contains("\"created\":1"), "{report:?}");
    report.body
}

/// What the authentication service says to each form, the malformed among them.
fn authenticated(fleet: &Fleet, name: &str, password: &str) -> String {
    let mut caller = Caller::dial(&fleet.authentication).unwrap();
    let escaped: String = password.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let form = format!("clientid={name}&username={name}&password={escaped}");
    let login = json!({"clientid": name, "username": name, "password": password});
    let batch = json!({"items": [&login, &login]}).to_string();
    let twice = format!("{form}&password={escaped}");
    let unknown = json!({"clientid": name, "passwort": password}).to_string();
    let login = login.to_string();
    let questions = [
        (format!("GET /mqtt/auth?{form}"), ""),
        (format!("GET /mqtt/acl?{twice}"), ""),
        (format!("POST /mqtt/auth\r\n{FORM}"), &*form),
        (format!("POST /mqtt/auth\r\n{FORM}"), &*twice),
        (format!("POST /mqtt/superuser\r\n{FORM}"), &*form),
        (format!("POST /emqx/authn\r\n{JSON}"), &*login),
        (format!("POST /emqx/authz\r\n{JSON}"), &*login),
        (format!("POST /v1/auth/verify\r\n{JSON}"), &*login),
        (format!("POST /v1/auth/verify\r\n{JSON}"), &*unknown),
        (format!("POST /v1/auth/verify:batch\r\n{JSON}"), &*batch),
    ];
    let ask = |(head, body): (String, &str)| format!("{:?}\n", caller.ask(&head, body).unwrap());
    questions.map(ask).concat()
}

fn explained(fleet: &Fleet, device: &str) -> String {
    let asked = |password: &str| json!({"clientid": device, "username": device, "password": password});
    let explain =
        |password: &str| fleet.operator.call(Method::POST, "/v1/auth:explain", Some(&asked(password)));
    [PASSWORD, WRONG].map(|password| explain(password).unwrap().to_string()).concat()
}

/// An exchange that ends at a wrong proof; the challenge is an answer, too.
fn scram_in_vain(fleet: &Fleet, device: &str) -> String {
    let challenge = Wire::scram(&fleet.mqtt, device, format!("c=biws,r=x,p={WRONG}").as_bytes());
    assert!(challenge.contains("s="), "{challenge}");
    challenge
}

/// The device replaces its own secret, which it says in base64; the new one.
fn rotated_by_itself(fleet: &Fleet, device: &str, secret: &str) -> String {
    let rotate = |password: &str| {
        let basic = super::forms::base64_of(format!("{device}:{password}").as_bytes());
        let head = format!("POST /v1/rotate\r\n{JSON}\r\nAuthorization: Basic {basic}");
        Caller::dial(&fleet.registering).unwrap().ask(&head, "{}").unwrap()
    };
    let refused = rotate(WRONG);
    assert_eq!(refused.status, 401, "{refused:?}");
    let rotated = rotate(secret);
    assert_eq!(rotated.status, 201, "{rotated:?}");
    text(&serde_json::from_str(&rotated.body).unwrap(), "secret")
}
