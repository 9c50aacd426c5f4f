//! Who is let in by a password, a signed token, or nothing, and what that opens.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use base64ct::{Base64, Encoding};
use serde_json::{Value, json};
use vouchmq_api::http::{Gatekeeper, Presented, Refusal};
use vouchmq_api::management::{KnownUser, Logins, Operators, Tokens};
use vouchmq_identity::Clock;
use vouchmq_identity::jwt::{Grant, Key, Keys, Policy, SigningKey};
use vouchmq_identity::model::{Rights, Role, Scope};
use vouchmq_identity::passwords::Passwords;

use crate::harness::registry::{Repeatable, World, text};
use crate::harness::{Answer, Server};

/// RFC 8410, section 10.3 and 10.1.
const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
";

/// Ann is a viewer with the password `12345`; Bob an administrator who may not come from here.
fn passwords(logins: Logins) -> Logins {
    let mut entropy = Repeatable(7);
    let mut passwords = Passwords::new(&mut entropy).unwrap();
    passwords.add("ann", "12345", &mut entropy).unwrap();
    passwords.add("bob", "54321", &mut entropy).unwrap();
    let ann = KnownUser::new(Rights::new(Some(Role::Viewer), []), Vec::new());
    let bob = KnownUser::new(Rights::administrator(), vec!["10.0.0.0/8".parse().unwrap()]);
    logins.with_users(passwords, [("ann".into(), ann), ("bob".into(), bob)])
}

pub(super) fn tokens(logins: Logins, policy: Policy) -> Logins {
    let mut keys = Keys::default();
    keys.add(Key::from_pem(PUBLIC).unwrap()).unwrap();
    logins.with_tokens(Tokens::new(keys, policy))
}

pub(super) fn token(world: &World, grant: Grant) -> String {
    let grant = Grant {
        issuer: Some("issuer.example".into()),
        audience: Some("broker.example".into()),
        subject: Some("ann@home".into()),
        lifetime_secs: 600,
        ..grant
    };
    SigningKey::from_pem(PRIVATE).unwrap().sign(&grant, world.clock.now()).unwrap()
}

pub(super) fn with(world: &World, logins: Logins) -> (Server, Arc<Operators>) {
    let mut operators = None;
    let server = world.management_that(|management| {
        management.operators().replace(logins);
        operators = Some(management.operators().clone());
        management
    });
    (server, operators.unwrap())
}

fn basic(user: &str, password: &str) -> String {
    format!("Authorization: Basic {}\r\n", Base64::encode_string(format!("{user}:{password}").as_bytes()))
}

fn ask(server: &Server, path: &str, headers: &str) -> Answer {
    server.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"))
}

fn who(server: &Server, headers: &str) -> Result<Value, u16> {
    let answer = ask(server, "/v1/whoami", headers);
    if answer.status == 200 { Ok(answer.json()) } else { Err(answer.status) }
}

#[test]
fn a_password_opens_what_its_user_may_do_and_from_where() {
    let world = World::new();
    let (server, operators) = with(&world, passwords(Logins::default()));
    let ann = who(&server, &basic("ann", "12345")).unwrap();
    assert_eq!(
        (&ann["name"], &ann["login"], &ann["role"]),
        (&json!("user:ann"), &json!("password"), &json!("viewer"))
    );
    assert_eq!(ann["address"], "127.0.0.1");
    let scopes: Vec<&str> = Role::Viewer.scopes().iter().map(|scope| scope.as_str()).collect();
    assert_eq!(ann["scopes"], json!(scopes));
    assert_eq!(ask(&server, "/v1/devices", &basic("ann", "12345")).status, 200);
    assert_eq!(ask(&server, "/v1/api-keys", &basic("ann", "12345")).status, 403);
    for wrong in [basic("ann", "54321"), basic("bob", "54321"), basic("nobody", "12345"), basic("", "")] {
        assert_eq!(who(&server, &wrong), Err(401));
    }
    let refused = ask(&server, "/v1/whoami", "");
    assert_eq!(
        refused.header("www-authenticate"),
        Some("Bearer realm=\"vouchmq\", Basic realm=\"vouchmq\", charset=\"UTF-8\"")
    );
    // What is configured otherwise counts from the next request on, also for who was let in before.
    operators.replace(Logins::default());
    assert_eq!(who(&server, &basic("ann", "12345")), Err(401));
    assert_eq!(ask(&server, "/v1/whoami", "").header("www-authenticate"), Some("Bearer realm=\"vouchmq\""));
}

#[test]
fn what_was_changed_by_a_password_is_audited_under_its_user() {
    let world = World::new();
    let mut entropy = Repeatable(7);
    let mut passwords = Passwords::new(&mut entropy).unwrap();
    passwords.add("ann", "12345", &mut entropy).unwrap();
    let ann = KnownUser::new(Rights::administrator(), Vec::new());
    let (server, _) = with(&world, Logins::default().with_users(passwords, [("ann".into(), ann)]));
    let body = r#"{"key":"a","name":"A"}"#;
    let head = format!(
        "POST /v1/products HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nX-Request-Id: r-7\r\nContent-Length: {}\r\n{}\r\n{body}",
        body.len(),
        basic("ann", "12345")
    );
    assert_eq!(server.ask(&head).status, 201);
    let audited = server.get("/v1/audit").is(200);
    let entry = &audited["items"][0];
    assert_eq!(entry["actor"], "user:ann", "{entry}");
    // The client's name for it, and ours, which nobody chooses.
    let id = text(entry, "request_id");
    assert!(id.strip_prefix("r-7/").is_some_and(|own| own.len() == 32), "{id}");
}

#[test]
fn a_name_of_an_operator_is_never_that_of_a_key() {
    let world = World::new();
    let server = world.management();
    for name in ["user:ann", "jwt:a@b", "cert:ann", "key:1", "anonymous", "admin"] {
        let wish = json!({"name": name, "scopes": ["stats:read"]});
        assert_eq!(server.call("POST", "/v1/api-keys", &wish).status, 422, "{name}");
    }
}

#[test]
fn a_signed_token_opens_what_it_says() {
    let world = World::new();
    let policy = Policy::strict("issuer.example", "broker.example");
    let (server, _) = with(&world, tokens(passwords(Logins::default()), policy));
    let bearer = |grant| format!("Authorization: Bearer {}\r\n", token(&world, grant));
    let viewer = Grant { role: Some(Role::Viewer), ..Grant::default() };
    let ann = who(&server, &bearer(viewer.clone())).unwrap();
    assert_eq!((&ann["name"], &ann["login"]), (&json!("jwt:ann%40home@issuer.example"), &json!("jwt")));
    assert!(ann["expires_at"].is_string());
    assert_eq!(ask(&server, "/v1/devices", &bearer(viewer.clone())).status, 200);
    assert_eq!(ask(&server, "/v1/audit", &bearer(viewer)).status, 403);
    let none = bearer(Grant::default());
    assert_eq!(ask(&server, "/v1/devices", &none).status, 403, "it says nothing, and opens nothing");
    assert_eq!(who(&server, &none).unwrap()["scopes"], json!([]));
    let other = bearer(Grant { scopes: vec![Scope::Admin], ..Grant::default() }).replace("\r\n", "AAAA\r\n");
    assert_eq!(who(&server, &other), Err(401));
    assert_eq!(server.get("/v1/events").is(200)["items"][0]["reason"], "token_signature");
    world.clock.turn(700_000);
    assert_eq!(server.get("/v1/devices").status, 200, "the administrator's token opens beside it");
}

/// A user whose password everybody knows.
#[test]
fn a_known_password_opens_on_this_machine_and_nowhere_behind_a_proxy() {
    let world = World::new();
    let mut entropy = Repeatable(7);
    let mut passwords = Passwords::new(&mut entropy).unwrap();
    passwords.add("admin", "public", &mut entropy).unwrap();
    let admin = KnownUser::new(Rights::administrator(), Vec::new()).of_this_machine();
    let (server, _) = with(&world, Logins::default().with_users(passwords, [("admin".into(), admin)]));
    let login = basic("admin", "public");
    assert!(who(&server, &login).is_ok());
    for proxied in ["X-Forwarded-For: 203.0.113.9", "X-Forwarded-For: 127.0.0.1", "Via: 1.1 proxy"] {
        assert_eq!(who(&server, &format!("{login}{proxied}\r\n")), Err(401), "{proxied}");
    }
    assert_eq!(server.get("/v1/events").is(200)["items"][0]["reason"], "not_of_this_machine");
}

#[test]
fn guesses_of_others_do_not_deny_the_right_password_at_another_address() {
    let world = World::new();
    let logins = passwords(Logins::default());
    let mut management = None;
    drop(world.management_that(|made| {
        made.operators().replace(logins);
        management = Some(made.operators().clone());
        made
    }));
    let operators = management.unwrap();
    let ask = |peer: &str, password: &str| {
        let (operators, peer) = (operators.clone(), peer.parse().unwrap());
        let presented =
            Presented::Basic { user: "ann".into(), password: password.to_owned().into(), is_direct: true };
        async move { operators.principal(&presented, peer).await.map(|principal| principal.name) }
    };
    crate::harness::runtime().block_on(async {
        // More than wait in one line, from three networks.
        let flood: Vec<_> = (0..60)
            .map(|number| tokio::spawn(ask(&format!("203.0.113.{}", number % 3), &format!("guess {number}"))))
            .collect();
        tokio::task::yield_now().await;
        for peer in ["198.51.100.7", "127.0.0.1"] {
            assert_eq!(ask(peer, "12345").await, Ok("user:ann".into()), "{peer}");
        }
        let mut busy_count = 0;
        for guess in flood {
            busy_count += usize::from(guess.await.unwrap() == Err(Refusal::Busy));
        }
        assert!(busy_count >= 30, "{busy_count}");
    });
}

#[test]
fn nanomqs_api_takes_a_password_of_an_administrator_and_tells_a_token_that_is_over() {
    let world = World::new();
    let mut entropy = Repeatable(7);
    let mut passwords = Passwords::new(&mut entropy).unwrap();
    passwords.add("admin", "swordfish", &mut entropy).unwrap();
    let admin = KnownUser::new(Rights::administrator(), Vec::new());
    let logins = Logins::default().with_users(passwords, [("admin".into(), admin)]);
    let policy = Policy::strict("issuer.example", "broker.example");
    let (server, _) = with(&world, tokens(logins, policy));
    let path = "/api/v4/nodes";
    let told = |login: &str| {
        let answer = ask(&server, path, login);
        (answer.status, answer.json()["code"].as_u64())
    };
    assert_eq!(told(&basic("admin", "swordfish")), (200, Some(0)));
    assert_eq!(told(&basic("admin", "public")), (401, Some(103)));
    let grant = Grant { role: Some(Role::Administrator), ..Grant::default() };
    let bearer = format!("Authorization: Bearer {}\r\n", token(&world, grant));
    assert_eq!(told(&bearer), (200, Some(0)));
    world.clock.turn(700_000);
    assert_eq!(told(&bearer), (401, Some(116)));
    let forged = bearer.replace("\r\n", "AAAA\r\n");
    assert_eq!(told(&forged), (401, Some(103)), "what was never right is not told to be over");
}

#[test]
fn nothing_opens_everything_on_this_machine_where_that_is_wanted_and_nobody_stands_between() {
    let world = World::new();
    let (server, _) = with(&world, Logins::default().open());
    assert_eq!(who(&server, "").unwrap()["name"], "anonymous");
    assert_eq!(ask(&server, "/v1/api-keys", "").status, 200);
    for header in
        ["X-Forwarded-For: 127.0.0.1", "Forwarded: for=127.0.0.1", "Via: 1.1 proxy", "X-Real-IP: ::1"]
    {
        assert_eq!(who(&server, &format!("{header}\r\n")), Err(401), "{header}");
    }
    for header in ["Sec-Fetch-Site: cross-site", "Origin: https://evil.example", "Origin: null"] {
        assert_eq!(who(&server, &format!("{header}\r\n")), Err(403), "{header}");
    }
    for broken in ["Authorization: Bearer wrong", "Authorization: Basic", "Authorization:"] {
        assert_eq!(who(&server, &format!("{broken}\r\n")), Err(401), "{broken}");
    }
}

#[test]
fn a_page_of_another_site_cannot_use_a_password_that_a_browser_keeps() {
    let world = World::new();
    let (server, _) = with(&world, passwords(Logins::default()));
    let from = |origin: &str| who(&server, &format!("{}Origin: {origin}\r\n", basic("ann", "12345"))).err();
    assert_eq!([from("http://localhost"), from("https://evil.example")], [None, Some(403)]);
}

#[test]
fn who_guesses_from_elsewhere_does_not_keep_the_right_password_out() {
    let world = World::new();
    let (server, _) = with(&world, passwords(Logins::default()));
    for number in 0..32 {
        assert!(who(&server, &basic("ann", &format!("guess {number}"))).is_err());
    }
    // From the same address, too, as this one is of loopback.
    assert!(who(&server, &basic("ann", "12345")).is_ok());
    let key = server.api_key("k", &["stats:read"]);
    assert!(who(&server, &format!("Authorization: Bearer {}\r\n", text(&key, "secret"))).is_ok());
    assert_eq!(IpAddr::from(Ipv4Addr::LOCALHOST).to_string(), "127.0.0.1");
}

#[test]
fn a_key_can_be_made_for_a_role() {
    let world = World::new();
    let server = world.management();
    let made = server.call("POST", "/v1/api-keys", &json!({"name": "k", "role": "auditor"})).is(201);
    let mut scopes: Vec<Scope> = Role::Auditor.scopes().to_vec();
    scopes.sort_unstable();
    let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
    assert_eq!(made["scopes"], json!(scopes));
    let bad = json!({"name": "l", "role": "god"});
    assert_eq!(server.call("POST", "/v1/api-keys", &bad).problem(), (422, "invalid".to_owned()));
    assert_eq!(
        server.call("POST", "/v1/api-keys", &json!({"name": "l"})).status,
        422,
        "neither role nor scope"
    );
}
