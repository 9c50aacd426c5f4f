//! `vouchmq auth test`: what an operator sees of a login, without a broker.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, too")]

use std::fs;
use std::net::TcpListener;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Mode, asking, login_at, request};
use crate::identity::fleet::House;
use crate::process::{Ran, Running, run_in, vouchmq};
use crate::stub::Stub;

/// The password of everybody, and how it stands in a query and in base64.
const PASSWORD: &str = "canary~Pass word/7719";
const DISGUISES: [&str; 2] = ["canary~Pass%20word%2F7719", "Y2FuYXJ5flBhc3Mgd29yZC83NzE5"];

/// Tries a client with a configuration; no output ever has the password.
#[track_caller]
fn tried(configuration: &str, flags: &[&str]) -> Ran {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("v.conf"), configuration).unwrap();
    let arguments = [&["auth", "test", "--config", "v.conf", "-i", "c-1"], flags].concat();
    let ran = run_in(folder.path(), &arguments);
    for secret in [&[PASSWORD], &DISGUISES[..]].concat() {
        assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret), "{secret}: {ran:#?}");
    }
    assert_eq!((ran.code == 2, ran.stderr.is_empty()), (false, true), "{ran:#?}");
    ran
}

/// Alice with the right password.
fn alice(configuration: &str, flags: &[&str]) -> Ran {
    tried(configuration, &[&["-u", "alice", "-P", PASSWORD], flags].concat())
}

/// The output with what differs from run to run replaced.
fn settled(ran: &Ran, replaced: &[(&str, &str)]) -> String {
    let line = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let word = |(at, word): (usize, &&str)| {
            let is_time = words.get(at + 1).is_some_and(|next| *next == "ms") && word.parse::<f64>().is_ok();
            if is_time { "#".to_owned() } else { (*word).to_owned() }
        };
        words.iter().enumerate().map(word).collect::<Vec<_>>().join(" ")
    };
    let text = ran.stdout.lines().map(line).collect::<Vec<_>>().join("\n");
    replaced.iter().fold(text, |text, (old, new)| text.replace(old, new))
}

fn shown(name: &str, ran: &Ran, replaced: &[(&str, &str)]) {
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, settled(ran, replaced)));
}

fn stub(mode: Mode, flags: &[&str]) -> (Stub, String) {
    let stub = mode.stub(&[&["--password", PASSWORD], flags].concat());
    let keys = format!("{}{}", mode.keys(), login_at(&stub));
    (stub, asking(&keys))
}

#[test]
fn what_a_service_allows_is_shown_with_all_that_came_with_it() {
    let fields = r#"{"expire_at":4102444800,"client_attrs":{"site":"hall 7"},"acl":[
        {"permission":"allow","action":"publish","topic":"up/${clientid}","qos":[0,1],"retain":false},
        {"permission":"deny","action":"all","topics":["eq secret/#"]}]}"#;
    let flags = ["--fields", fields, "--superuser", "root", "--header", "Cache-Control: max-age=30"];
    let (stub, configuration) = stub(Mode::Json, &flags);
    let ran = alice(&configuration, &["--publish", "up/c-1", "--qos", "1"]).code(0);
    shown("trial_allow", &ran, &[(&stub.address, "SERVICE")]);
    let ran = alice(&configuration, &["--subscribe", "secret/#"]).code(1);
    assert!(ran.stdout.contains("subscribe to \"secret/#\" with QoS 0: denied; by rules; "), "{ran:#?}");
    let ran = tried(&configuration, &["-u", "root", "-P", PASSWORD]).code(0);
    assert!(ran.stdout.contains("    = allow, a superuser\n"), "{ran:#?}");
}

#[test]
fn what_a_service_denies_is_shown_with_the_code_of_each_version() {
    let (stub, configuration) = stub(Mode::Status, &["--deny", "mallory"]);
    let ran = tried(&configuration, &["-u", "mallory", "-P", PASSWORD]).code(1);
    shown("trial_deny", &ran, &[(&stub.address, "SERVICE")]);
    let ran = tried(&configuration, &["-u", "alice", "-P", "guess", "--peer", "192.0.2.7:4711"]).code(1);
    shown("trial_wrong_password", &ran, &[(&stub.address, "SERVICE")]);
}

#[test]
fn a_service_where_nobody_listens_is_unavailable() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let configuration = asking(&request("auth_req", &format!("http://{nobody}/login")));
    shown("trial_unavailable", &alice(&configuration, &[]).code(1), &[(&nobody, "SERVICE")]);
}

#[test]
fn what_is_not_understood_is_unavailable_and_shown_as_it_came() {
    let (stub, configuration) = stub(Mode::Json, &["--fault", "html"]);
    shown("trial_garbage", &alice(&configuration, &[]).code(1), &[(&stub.address, "SERVICE")]);
    for (fault, told) in [
        ("garbage", "    ! http://"),
        ("empty-200", "    = not understood, empty: "),
        ("503", "    < 503 from http://"),
        ("hang", "    = unavailable\n"),
    ] {
        stub.fail(Some(fault));
        let ran = alice(&configuration, &["--set", "auth.http_auth.timeout=300ms"]).code(1);
        assert!(ran.stdout.contains(told), "{fault}: {ran:#?}");
        assert!(ran.stdout.contains("MQTT 5: 0x88, MQTT 3.1.1: 3\n"), "{fault}: {ran:#?}");
    }
    let all = ["--set", "auth.http_auth.deadline=300ms", "--set", "auth.http_auth.timeout=250ms"];
    let ran = alice(&configuration, &all).code(1);
    assert!(ran.stdout.contains(" did not answer in time\n"), "the request is shown all the same: {ran:#?}");
    assert!(ran.stdout.contains("http: unavailable, timed_out: no answer in time; "), "{ran:#?}");
}

#[test]
fn a_password_is_in_no_request_that_is_shown() {
    let stub = Stub::start(&["--password", PASSWORD]);
    for request in [
        "method = get, params = { username = \"%u\", password = \"%P\" }",
        "method = post, params = { who = \"%u\", proof = \"%P\" }",
        "method = post, headers.x-proof = \"${password_b64}\", body = '{\"p\": \"${password_b64}\"}'",
    ] {
        let url = format!("http://{}/mqtt/login", stub.address);
        let ran = alice(&asking(&format!("auth_req {{ url = \"{url}\", {request} }}")), &[]);
        assert!(ran.stdout.contains("******"), "{ran:#?}");
        let ran = alice(&asking(&format!("auth_req {{ url = \"{url}\", {request} }}")), &["--json"]);
        assert!(ran.stdout.contains("******"), "{ran:#?}");
    }
}

#[test]
fn a_password_is_taken_from_standard_input_and_a_key_is_not_shown() {
    let (stub, _) = stub(Mode::Status, &[]);
    let key = "the key of the broker, canary-4410-and-so-on";
    let signing = format!("signing {{ keyid = broker-1, key = \"{key}\", check_answers = false }}");
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("v.conf"), asking(&format!("{}{signing}", login_at(&stub)))).unwrap();
    let mut command = vouchmq(&["auth", "test", "--config", "v.conf", "-u", "alice", "--ask-password"]);
    let ran = Running::spawn(command.current_dir(folder.path()), format!("{PASSWORD}\n").as_bytes());
    let ran = ran.finish().code(0);
    assert!(ran.stdout.contains("    > (signed with the key \"broker-1\")\n"), "{ran:#?}");
    assert!(!ran.stdout.contains(PASSWORD) && !ran.stdout.contains(key), "{ran:#?}");
}

#[test]
fn a_long_body_is_cut_and_commands_no_terminal() {
    let long = format!(r#"{{"client_attrs":{{"a":"{}","b":"\u001b[2J"}}}}"#, "x".repeat(2000));
    let (_stub, configuration) = stub(Mode::Json, &["--fields", &long]);
    let ran = alice(&configuration, &[]).code(0);
    let (_, rest) = ran.stdout.split_once("    < … and ").unwrap();
    let left: usize = rest.split(' ').next().unwrap().parse().unwrap();
    assert!((1000..2000).contains(&left), "{ran:#?}");
    assert!(ran.stdout.contains(r#"attribute b = "\u{1b}[2J""#), "{ran:#?}");
    assert!(ran.stdout.chars().all(|c| c == '\n' || !c.is_control()), "{ran:#?}");
}

#[test]
fn the_order_of_the_configuration_is_the_order_of_what_is_shown() {
    let stub = Stub::start(&["--protocol", "json", "--password", PASSWORD, "--deny-topic", "secret"]);
    let acl = format!(
        "acl_req {{ url = \"http://{}/mqtt/acl\", headers.content-type = application/json, \
         params = {{ username = \"%u\", password = \"%P\", topic = \"%t\", access = \"%A\" }} }}",
        stub.address
    );
    let configuration = format!(
        "auth {{ order = [registry, file, http], password {{ bob = \"{PASSWORD}\" }}\n\
         http_auth {{ mode = json\n{}{acl} }} }}\n",
        login_at(&stub)
    );
    let bob = ["-u", "bob", "-P", PASSWORD, "--listener", "tcp"];
    let ran = tried(&configuration, &[&bob, &["--publish", "open/7", "--retain"][..]].concat()).code(0);
    shown("trial_file_user", &ran, &[(&stub.address, "SERVICE")]);
    let ran = tried(&configuration, &[&bob, &["--subscribe", "$share/g/secret/#"][..]].concat()).code(1);
    assert!(ran.stdout.contains("with QoS 0, shared as \"g\": denied; the service was asked; "), "{ran:#?}");
    let ran = tried(&configuration, &["-u", "bob", "-P", "guess"]).code(1);
    let verdict = "verdict: deny, wrong_password: wrong password; MQTT 5: 0x86, MQTT 3.1.1: 4\n";
    assert!(ran.stdout.ends_with(verdict), "{ran:#?}");
    assert!(!ran.stdout.contains("http: "), "who is known by the file is decided about by it: {ran:#?}");
}

#[test]
fn a_service_of_our_own_is_tried_as_well() {
    let house = House::new();
    let fleet = house.start(&[]);
    let product = json!({"key": "sensor", "name": "Sensor", "allowed_kinds": ["secret"]});
    let product = fleet.operator.post("/v1/products", &product);
    let device = fleet.enter(product["id"].as_str().unwrap(), "d-1");
    let address = &fleet.authentication;
    let configuration = asking(&format!("mode = native\nnative.servers = [\"http://{address}\"]"));
    let flags = ["-u", "d-1", "-i", "d-1", "-P", &device.secret];
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("v.conf"), configuration).unwrap();
    let of =
        |flags: &[&str]| run_in(folder.path(), &[&["auth", "test", "--config", "v.conf"], flags].concat());
    let ran = of(&flags).code(0);
    assert!(!ran.stdout.contains(&device.secret), "{ran:#?}");
    let answer = ran.stdout.lines().find_map(|line| line.strip_prefix("    < {")).unwrap();
    let told: Value = serde_json::from_str(&format!("{{{answer}")).unwrap();
    let as_of = |told: &Value| format!("\"as_of\":{}", told["as_of"]);
    let (first, second) = (as_of(&told), as_of(&told["results"][0]));
    let bytes = format!("{} bytes", answer.len() + 1);
    let replaced = [
        (&**address, "SERVICE"),
        (&*device.credential, "CREDENTIAL"),
        (&*first, "\"as_of\":N"),
        (&*second, "\"as_of\":N"),
        (&*bytes, "N bytes"),
    ];
    shown("trial_native", &ran, &replaced);
    let ran = of(&["-u", "d-1", "-i", "d-1", "-P", "vmq1_guess"]).code(1);
    assert!(ran.stdout.contains("MQTT 5: 0x86, MQTT 3.1.1: 4\n"), "{ran:#?}");
    let ran = of(&["-u", "nobody", "-i", "d-1", "-P", "vmq1_guess"]).code(1);
    assert!(ran.stdout.contains("http: not mine; "), "{ran:#?}");
    assert!(ran.stdout.contains("verdict: deny, unknown_user: "), "{ran:#?}");
}

#[test]
fn programs_read_a_trial_as_json() {
    let (stub, configuration) = stub(Mode::JsonResult, &[]);
    let ran = alice(&configuration, &["--json", "--publish", "a/b"]).code(0);
    let mut told: Value = serde_json::from_str(&ran.stdout).unwrap();
    stand_still(&mut told);
    let text = format!("{told:#}").replace(&stub.address, "SERVICE");
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("trial_json", text));
}

/// Times differ from run to run.
fn stand_still(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(stand_still),
        Value::Object(members) => {
            for (name, value) in members {
                if name == "took_ms" {
                    assert!(value.as_f64().unwrap() >= 0.0);
                    *value = json!(0);
                }
                stand_still(value);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn what_cannot_be_tried_is_told_and_is_no_verdict() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("v.conf"), "auth.http_auth.auth_req.url = \"http://127.0.0.1:1/\"").unwrap();
    fs::write(folder.path().join("bad.conf"), "auth.order = [ldap]").unwrap();
    for (flags, told) in [
        (&["--config", "bad.conf"][..], "ldap"),
        (&["--config", "none.conf"], "none.conf"),
        (&["--config", "v.conf", "--listener", "wss"], "there is no listener 'wss'; there are: tcp"),
        (&["--config", "v.conf", "--publish", "a/#"], "--publish 'a/#': "),
        (&["--config", "v.conf", "--subscribe", "a/#/b"], "--subscribe 'a/#/b': "),
        (&["--config", "v.conf", "--peer", "home"], "an address is IP or IP:PORT"),
    ] {
        let ran = run_in(folder.path(), &[&["auth", "test"], flags].concat()).code(2);
        assert!(ran.stderr.contains(told) && ran.stdout.is_empty(), "{ran:#?}");
    }
}
