//! What a client may do for whom a service vouches, and for how long.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::{Value, json};

use super::service::{Asked, Service};
use super::{Mode, asking, comes_in, now, request, told};
use crate::configured::Configured;
use crate::identity::wire::{Login, VERSIONS, Version};

const ALLOW: &str = r#"{"result":"allow"}"#;
const NO_RIGHTS: &str = "auth.no_match = deny\n";

/// `auth.acl.rules`, of which none fits: what no rule says is what `no_match` says.
const RULES: &str = "auth.acl.rules = [{ permit = deny, topics = [\"never/asked/for\"] }]\n";

/// A broker that asks in EMQX's way, or by status; whose files allow nothing.
fn broker(mode: Mode, keys: &str) -> Configured {
    Configured::start(&format!("{}{NO_RIGHTS}{RULES}", asking(&format!("{}{keys}", mode.keys()))))
}

fn member(asked: &Asked, name: &str) -> String {
    let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
    body[name].as_str().unwrap_or_default().to_owned()
}

/// `super_req` says 200 for root, 500 for who is called after that, 403 for others.
fn superusers(asked: &Asked) -> (u16, String) {
    let status = match (asked.target(), &*member(asked, "username")) {
        ("/superuser", "root") | ("/auth", _) => 200,
        ("/superuser", "broken") => 500,
        ("/superuser", "illegible") => return (200, "<html>".to_owned()),
        _ => 403,
    };
    (status, ALLOW.to_owned())
}

#[test]
fn a_superuser_may_do_everything_but_what_is_the_brokers_own() {
    let service = Service::start(superusers);
    let url = |path: &str| format!("{}{path}", service.url);
    let keys = request("auth_req", &url("/auth")) + &request("super_req", &url("/superuser"));
    for mode in [Mode::Status, Mode::JsonResult] {
        let broker = broker(mode, &keys);
        let mut root = comes_in(&broker, &Login::of(Version::V5, "root", "x"));
        assert_eq!(root.publish("any/where", b"x"), 0x10, "allowed, and nobody listens");
        assert_eq!(root.subscribe("#"), 0);
        assert_eq!(root.subscribe("$SYS/#"), 0);
        let mut other = comes_in(&broker, &Login::of(Version::V5, "device", "x"));
        assert_eq!(other.publish("any/where", b"x"), 0x87);
        assert_eq!(other.subscribe("any/#"), 0x87);
        let mut root = comes_in(&broker, &Login::of(Version::V5, "root", "x"));
        for own in ["$SYS/broker/uptime", "$anything"] {
            assert_eq!(root.publish(own, b"x"), 0x87, "{own}");
        }
        for version in VERSIONS {
            // Who cannot be asked about is not let in with less.
            let code = told(&broker, &Login::of(version, "broken", "x"));
            assert_eq!(code, version.code(0x88), "{mode:?}");
        }
        // In status mode nobody reads it; where the result decides, it is no answer.
        let expected = if mode == Mode::Status { 0 } else { 0x88 };
        assert_eq!(told(&broker, &Login::of(Version::V5, "illegible", "x")), expected);
    }
    // Once for each connection, and never because of a message.
    let asked =
        service.asked("/superuser").iter().filter(|asked| member(asked, "username") == "device").count();
    assert_eq!(asked, 2);
}

/// `acl_req` allows below `open/`, cannot be asked about below `broken/`, denies all else.
fn permissions(asked: &Asked) -> (u16, String) {
    let topic = member(asked, "topic");
    let status = match asked.target() {
        "/auth" => 200,
        _ if topic.starts_with("open/") => 200,
        _ if topic.starts_with("broken/") => 500,
        _ => 403,
    };
    (status, String::new())
}

#[test]
fn the_service_is_asked_about_single_rights() {
    let service = Service::start(permissions);
    let url = |path: &str| format!("{}{path}", service.url);
    let acl = format!(
        "acl_req {{ url = \"{}\", headers.content-type = application/json, params = {{ clientid = \"%c\", \
         access = \"%A\", topic = \"%t\" }} }}\n",
        url("/acl")
    );
    let broker = broker(Mode::Status, &(request("auth_req", &url("/auth")) + &acl));
    for version in VERSIONS {
        let name = format!("device-{version:?}");
        let login = Login::of(version, &name, "x");
        let mut wire = comes_in(&broker, &login);
        let denied = if version == Version::V5 { 0x87 } else { 0x80 };
        let unavailable = if version == Version::V5 { 0x83 } else { 0x80 };
        assert_eq!(wire.subscribe("open/+"), 0);
        assert_eq!(wire.subscribe("closed/#"), denied);
        // A filter is asked about as it is: it is wider than what is allowed.
        assert_eq!(wire.subscribe("+/a"), denied);
        assert_eq!(wire.subscribe("broken/a"), unavailable);
        let mut publisher = comes_in(&broker, &Login { client_id: format!("{name}-p"), ..login });
        for _ in 0..3 {
            publisher.publish("open/a", b"hello");
            assert_eq!(wire.message().1, b"hello");
            let code = publisher.publish("closed/a", b"hidden");
            assert_eq!(code, if version == Version::V5 { 0x87 } else { 0 });
        }
        // What could not be asked about comes again: with 0x83, or on a new connection.
        match version {
            Version::V5 => assert_eq!(publisher.publish("broken/a", b"x"), 0x83),
            Version::V311 => assert_eq!(publisher.try_publish("broken/a", b"x"), None),
        }
        let asked = service.asked("/acl");
        let of = |asked: &&Asked| member(asked, "clientid") == format!("{name}-p");
        let topics: Vec<_> = asked.iter().filter(of).map(|asked| member(asked, "topic")).collect();
        assert_eq!(topics, ["open/a", "closed/a", "broken/a"], "each once: the rest is remembered");
        assert!(asked.iter().filter(of).all(|asked| member(asked, "access") == "2"));
    }
}

/// The answer to a login, by user name.
fn logins(asked: &Asked) -> (u16, String) {
    let list = json!([
        {"permission": "deny", "action": "all", "topic": "mine/secret/#"},
        {"permission": "allow", "action": "all", "topic": "mine/#"},
        {"permission": "allow", "action": "subscribe", "topic": "heard/${clientid}"},
    ]);
    let more = match &*member(asked, "username") {
        "list" => json!({"acl": list}),
        "map" => json!({"acl": {"pub": ["said"], "sub": ["heard/#"], "all": ["mine/#"]}}),
        "root" => json!({"is_superuser": true}),
        "short" => json!({"expire_at": now().as_secs() + 2}),
        "late" => json!({"expire_at": now().as_secs() - 1}),
        "superuser" => json!({"superuser": true}),
        "bad-rule" => json!({"acl": [{"permission": "perhaps", "action": "all", "topic": "#"}]}),
        "bad-topic" => json!({"acl": [{"permission": "allow", "action": "all", "topic": "a/#/b"}]}),
        "bad-member" => json!({"acl": [{"permission": "allow", "action": "all", "topic": "a", "who": "x"}]}),
        _ => json!({}),
    };
    let mut answer = json!({"result": "allow"});
    answer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    (200, answer.to_string())
}

fn broker_of_logins() -> (Service, Configured) {
    let service = Service::start(logins);
    let broker = broker(Mode::Json, &request("auth_req", &service.url));
    (service, broker)
}

#[test]
fn rights_come_with_the_login_and_nothing_is_asked_after_it() {
    let (service, broker) = broker_of_logins();
    let client = |name: &str| comes_in(&broker, &Login::of(Version::V5, name, "x"));
    for (name, publish, subscribe) in [
        (
            "list",
            [("mine/a", 0x10), ("mine/secret/a", 0x87), ("said", 0x87)],
            [("heard/list", 0), ("heard/#", 0x87)],
        ),
        (
            "map",
            [("mine/a", 0x10), ("mine/secret/a", 0x10), ("said", 0x10)],
            [("heard/#", 0), ("said", 0x87)],
        ),
        ("root", [("mine/a", 0x10), ("any", 0x10), ("$SYS/x", 0x87)], [("any/#", 0), ("x", 0)]),
        ("nothing", [("mine/a", 0x87), ("any", 0x87), ("said", 0x87)], [("mine/#", 0x87), ("x", 0x87)]),
        // That is not what EMQX calls it.
        ("superuser", [("mine/a", 0x87), ("any", 0x87), ("said", 0x87)], [("mine/#", 0x87), ("x", 0x87)]),
    ] {
        let mut wire = client(name);
        for (topic, code) in publish {
            assert_eq!(wire.publish(topic, b"x"), code, "{name}: {topic}");
        }
        for (filter, code) in subscribe {
            assert_eq!(wire.subscribe(filter), code, "{name}: {filter}");
        }
    }
    assert_eq!(service.asked("/").len(), 5);
}

#[test]
fn rules_that_are_not_understood_are_no_login_without_rules() {
    let (_service, broker) = broker_of_logins();
    for name in ["bad-rule", "bad-topic", "bad-member", "late"] {
        for version in VERSIONS {
            assert_eq!(told(&broker, &Login::of(version, name, "x")), version.code(0x88), "{name}");
        }
    }
}

/// Without a rule in it, and without a word of the client.
#[test]
fn a_verdict_that_is_over_ends_the_connection() {
    let (_service, broker) = broker_of_logins();
    for version in VERSIONS {
        // Who comes in the last moment of a second has less than two.
        let mut wire = comes_in(&broker, &Login::of(version, "short", "x"));
        assert_eq!(wire.ending(), version.ending(0xa0));
    }
    let mut stays = comes_in(&broker, &Login::of(Version::V5, "nothing", "x"));
    assert!(stays.is_alive());
}
