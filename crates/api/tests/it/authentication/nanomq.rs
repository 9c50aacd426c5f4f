use vouchmq_identity::Blocks;
use vouchmq_identity::blocks::{Block, BlockTarget};
use vouchmq_identity::model::{Binding, DeviceState};
use vouchmq_identity::resident::{Change, ResidentDevice, ResidentProduct};

use super::{encoded, post, post_form, post_json};
use crate::harness::world::{PASSWORD, World, trusting};

/// Byte for byte as NanoMQ writes it: a connection for each request, no header that it does not configure.
#[test]
fn a_connect_is_answered_by_the_status_alone() {
    let world = World::new();
    let server = world.serve(&trusting());
    let secret = world.secret.expose();
    for (clientid, username, password, status) in [
        ("d1", "d1", secret, 200),
        ("d1", "d1", "wrong", 403),
        ("d1", "d1", "", 403),
        ("d2", "d1", secret, 403),
        ("d2", "d2", secret, 403),
        ("", "", "", 403),
    ] {
        let body =
            format!("clientid={clientid}&username={username}&password={}", encoded(password.as_bytes()));
        let answer = post_form(&server, "/mqtt/auth", &body);
        assert_eq!((answer.status, answer.body.as_str()), (status, ""), "{body}");
        let json = format!(r#"{{"clientid":"{clientid}","username":"{username}","password":"{password}"}}"#);
        assert_eq!(post_json(&server, "/mqtt/auth", &json).status, status, "{json}");
        let get = server.ask(&format!("GET /mqtt/auth?{body} HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n"));
        assert_eq!(get.status, status, "{body}");
    }
}

/// T5: a password is bytes to its end, and a value that is missing is missing.
#[test]
fn a_password_is_every_byte_of_it_and_what_is_left_out_is_not_there() {
    let world = World::new();
    let server = world.serve(&trusting());
    let ask = |form: &str| post_form(&server, "/mqtt/auth", form).status;
    let with = |password: &str| ask(&format!("clientid=pw&username=pw&password={password}"));
    assert_eq!(with(&encoded(PASSWORD)), 200);
    // A plus is a plus, not a space; and nothing ends at a NUL.
    assert_eq!(with(&encoded(PASSWORD).replace("%2B", "+")), 200);
    assert_eq!(with(&encoded(PASSWORD).replace("%20", "+")), 403);
    assert_eq!(with(&encoded(b"p@ss w+rd")), 403);
    let secret = world.secret.expose();
    assert_eq!(ask(&format!("clientid=d1&username=d1&password={secret}%00")), 403);
    assert_eq!(ask(&format!("clientid=d1&username=d1%00&password={secret}")), 403);
    assert_eq!(ask("clientid=d1&username=d1"), 403, "no password");
    assert_eq!(ask(&format!("clientid=d1&password={secret}")), 403, "no user name");
    assert_eq!(ask(&format!("username=d1&password={secret}")), 403, "no client id");
    assert_eq!(ask(&format!("clientid=d1&username=d1&password={secret}&other=%41")), 200, "names are free");
}

/// T4: without `headers` in its configuration NanoMQ sends neither method nor body.
#[test]
fn a_request_that_says_nothing_is_refused() {
    let server = World::new().serve(&trusting());
    for path in ["/mqtt/auth", "/mqtt/superuser", "/mqtt/acl"] {
        let bare = server.ask(&format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n"));
        assert_eq!((bare.status, bare.code().as_str()), (400, "malformed_request"), "{path}");
        assert_eq!(server.ask(&format!("POST {path} HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n")).status, 400);
        assert_eq!(post_form(&server, path, "a=1&a=2").status, 400);
        assert_eq!(post_form(&server, path, "a=%zz").status, 400);
        assert_eq!(post_json(&server, path, "{").status, 400);
    }
    assert_eq!(post_form(&server, "/mqtt/auth", "clientid=d1&username=%FF").status, 400);
    assert_eq!(post_form(&server, "/mqtt/auth", "clientid=d1&ipaddr=300.0.0.1").status, 400);
    assert_eq!(server.ask("PUT /mqtt/auth HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 405);
}

#[test]
fn nobody_is_a_superuser() {
    let world = World::new();
    let server = world.serve(&trusting());
    let form = format!("clientid=d1&username=d1&password={}", world.secret.expose());
    assert_eq!(post_form(&server, "/mqtt/superuser", &form).status, 403);
    let get = server.ask(&format!("GET /mqtt/superuser?{form} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    assert_eq!(get.status, 403);
}

/// One verdict for all topics of a SUBSCRIBE, which NanoMQ joins by commas.
#[test]
fn every_topic_of_a_list_has_to_be_allowed_and_the_list_as_one_topic_too() {
    let mut world = World::new();
    world.product.acl = ["dev/${device}/#", "a", "b"]
        .map(|pattern| vouchmq_identity::AclRule {
            effect: vouchmq_identity::acl::Effect::Allow,
            action: vouchmq_identity::acl::Action::Both,
            pattern: pattern.parse().unwrap(),
        })
        .into_iter()
        .collect();
    world.apply(Change::Product(ResidentProduct::from(&world.product)));
    let server = world.serve(&trusting());
    let ask = |access: &str, topic: &str| {
        let topic = encoded(topic.as_bytes());
        let form = format!("clientid=d1&username=d1&access={access}&topic={topic}");
        post_form(&server, "/mqtt/acl", &form).status
    };
    for (access, topic, status) in [
        ("2", "dev/d1/up", 200),
        ("2", "dev/d2/up", 403),
        ("2", "dev/d1/#", 403),
        ("1", "dev/d1/#", 200),
        ("1", "dev/+/up", 403),
        ("1", "#", 403),
        ("1", "$share/g/dev/d1/up", 200),
        ("1", "dev/d1/x,dev/d1/y", 200),
        ("1", "dev/d1/x,dev/d2/y", 403),
        ("1", "dev/d2/y,dev/d1/x", 403),
        ("1", "a", 200),
        // Each is allowed, and the one topic that it may be as well is not.
        ("1", "a,b", 403),
        ("1", "dev/d1/x,", 403),
        ("1", "", 403),
        ("3", "dev/d1/up", 400),
    ] {
        assert_eq!(ask(access, topic), status, "{access} {topic}");
    }
    // T2: what stands behind the first thousand bytes counts like the rest.
    let long = format!("dev/d1/{}", "x".repeat(1100));
    assert_eq!(ask("1", &format!("{long},dev/d1/y")), 200);
    assert_eq!(ask("1", &format!("{long},dev/d2/y")), 403);
    assert_eq!(ask("1", &vec!["dev/d1/x"; 257].join(",")), 403, "too many to look at");
}

/// T7: nothing is remembered of what held before.
#[test]
fn rules_and_credentials_end_at_once() {
    let mut world = World::new();
    let server = world.serve(&trusting());
    let acl = "clientid=d1&username=d1&access=2&topic=dev%2Fd1%2Fup";
    let login = format!("clientid=d1&username=d1&password={}", world.secret.expose());
    let ask = |extra: &str| {
        let acl = post_form(&server, "/mqtt/acl", &format!("{acl}{extra}")).status;
        (post_form(&server, "/mqtt/auth", &format!("{login}{extra}")).status, acl)
    };
    assert_eq!(ask(""), (200, 200));
    let good = ResidentDevice::clone(&world.resident.device("d1").unwrap());
    world.apply(Change::Device(ResidentDevice { state: DeviceState::Suspended, ..good.clone() }));
    assert_eq!(ask(""), (403, 403));
    world.apply(Change::Device(ResidentDevice { credentials: [].into(), ..good.clone() }));
    assert_eq!(ask(""), (403, 403));
    world.apply(Change::Device(good));
    let mut blocks = Blocks::default();
    let target = BlockTarget::parse("ip", "2001:db8::9").unwrap();
    blocks.insert(Block { target, reason: "test".into(), until: None }).unwrap();
    world.apply(Change::Blocks(blocks.into()));
    assert_eq!(ask("&ipaddr=2001%3Adb8%3A%3A9"), (403, 403));
    assert_eq!(ask("&ipaddr="), (200, 200), "NanoMQ does not know the address");
}

/// T2 again: two long client ids that begin alike are two.
#[test]
fn long_names_are_compared_to_their_ends() {
    let mut world = World::new();
    world.product.binding = Binding::Prefix;
    world.product.acl = std::iter::once(vouchmq_identity::AclRule {
        effect: vouchmq_identity::acl::Effect::Allow,
        action: vouchmq_identity::acl::Action::Both,
        pattern: "c/${clientid}".parse().unwrap(),
    })
    .collect();
    world.apply(Change::Product(ResidentProduct::from(&world.product)));
    let server = world.serve(&trusting());
    let name = |end: &str| format!("d1~{}{end}", "x".repeat(1100));
    let ask = |topic: &str| {
        let form = format!("clientid={}&username=d1&access=2&topic=c%2F{topic}", name("a"));
        post_form(&server, "/mqtt/acl", &form).status
    };
    assert_eq!((ask(&name("a")), ask(&name("b"))), (200, 403));
}

#[test]
fn what_nanomq_sends_beside_is_of_no_effect() {
    let world = World::new();
    let server = world.serve(&trusting());
    let body = format!("clientid=d1&username=d1&password={}", world.secret.expose());
    for kind in [
        "application/x-www-form-urlencoded",
        "text/plain",
        "application/x-www-form-urlencoded; charset=utf-8",
    ] {
        assert_eq!(
            server.ask(&post("/mqtt/auth", kind, "Connection: close\r\nAccept: */*\r\n", &body)).status,
            200
        );
    }
}
