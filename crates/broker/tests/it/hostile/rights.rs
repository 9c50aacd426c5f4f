//! Rights that names, wildcards and detours try to slip past.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use vouchmq_identity::acl::{Action, Effect, Names};
use vouchmq_identity::{
    Access, Acl, AclRule, Allowance, Anonymous, AuthRequest, Authenticator, Cost, Principal, Verdict,
};
use vouchmq_mqtt::ProtocolVersion::{V5, V311};
use vouchmq_mqtt::ReasonCode;
use vouchmq_mqtt::packet::Connect;

use crate::harness::*;

const DENIED: ReasonCode = ReasonCode::NOT_AUTHORIZED;

fn rule(effect: Effect, action: Action, pattern: &str) -> AclRule {
    AclRule { effect, action, pattern: pattern.parse().unwrap() }
}

fn server_with(rules: Vec<AclRule>) -> Server {
    let access = Access::Rules(Arc::new(Acl::new(rules)));
    Server::with(|config, _| config.authenticator = Arc::new(Anonymous::everybody(access)))
}

/// What SUBSCRIBE is answered for each filter.
pub(super) fn answers(client: &mut Client, filters: &[&str]) -> Vec<ReasonCode> {
    let filters: Vec<_> = filters.iter().map(|filter| (*filter, AtLeastOnce)).collect();
    let packet_id = client.next_id();
    client.send(subscribe(packet_id, &filters));
    client.suback().reasons.iter().collect()
}

/// Row 9: CVE-2018-12550. No rules allow nothing.
#[test]
fn an_empty_list_of_rules_denies_everything() {
    let server = server_with(Vec::new());
    let mut client = server.connect(V5, "a");
    assert_eq!(answers(&mut client, &["a", "#", "$SYS/#", "$share/g/a"]), [DENIED; 4]);
    client.send(publish(AtLeastOnce, 1, "a", b"x"));
    assert_eq!(client.puback().reason, DENIED);
}

/// Rows 1, 31: CVE-2017-7650, CVE-2026-44838. A name that is put into a rule is a literal part of one level.
#[test]
fn a_client_identifier_never_acts_as_a_wildcard_or_a_level() {
    let server = server_with(vec![rule(Effect::Allow, Action::Both, "dev/${clientid}/#")]);
    let mut victim = server.connect(V5, "victim");
    victim.subscribe("dev/victim/#", AtLeastOnce);
    for name in
        ["#", "+", "victim/x", "a/../victim", "+/#", ".*", "vic.*", "(victim|x)", "vict\u{0131}m", "$SYS"]
    {
        let mut offender = server.connect(V5, name);
        let own = format!("dev/{name}/x");
        assert_eq!(answers(&mut offender, &["dev/victim/x", "dev/+/x", "dev/#", "#"]), [DENIED; 4], "{name}");
        offender.send(publish(AtLeastOnce, 1, "dev/victim/x", b"forged"));
        assert_eq!(offender.puback().reason, DENIED, "{name}");
        // Regular expressions are only odd names, and own their own level.
        let is_odd = !name.contains(['#', '+', '/']);
        if is_odd {
            offender.send(publish(AtLeastOnce, 2, &own, b"x"));
            assert!(!offender.puback().reason.is_error(), "{name}");
        }
    }
    victim.ping();
}

/// Row 34: CVE-2026-33217. Names that begin with `$` are under the rules like all others.
#[test]
fn topics_that_begin_with_a_dollar_are_under_the_rules() {
    let server = server_with(vec![
        rule(Effect::Allow, Action::Both, "#"),
        rule(Effect::Allow, Action::Subscribe, "$SYS/broker/version"),
    ]);
    let mut client = server.connect(V5, "a");
    let [denied, granted] = [DENIED, ReasonCode(1)];
    assert_eq!(answers(&mut client, &["$SYS/#", "$SYS/broker/version", "#"]), [denied, granted, granted]);
    assert_eq!(answers(&mut client, &["$share/g/$SYS/#", "$MQTT/x"]), [denied, denied]);
    client.send(publish(AtLeastOnce, 1, "$SYS/broker/version", b"forged"));
    assert_eq!(client.puback().reason, DENIED);
}

/// Row 35: NATS 2026-26 (GHSA-7qmq-8cc4-hxwg). The concrete topic is checked on every way to the client.
#[test]
fn no_detour_brings_a_message_that_is_denied() {
    let server = server_with(vec![
        rule(Effect::Allow, Action::Both, "#"),
        rule(Effect::Deny, Action::Subscribe, "secret/${clientid}"),
    ]);
    let mut publisher = server.connect(V5, "publisher");
    let secret = "secret/curious";
    publisher.send(retained(secret, b"retained"));
    publisher.ping();

    let mut curious = server.connect_with(persistent(V5, "curious"));
    assert_eq!(answers(&mut curious, &[secret, "$share/g/secret/curious"]), [DENIED; 2]);
    curious.subscribe("#", AtLeastOnce);
    curious.subscribe("$share/g/secret/+", AtLeastOnce);
    for qos in [AtMostOnce, AtLeastOnce, ExactlyOnce] {
        publisher.publishes(qos, secret, "live");
    }
    let mut will_of = server.connect_with(Connect { will: Some(will(secret, "a will")), ..connect(V5, "w") });
    will_of.send(disconnect(ReasonCode::DISCONNECT_WITH_WILL));
    will_of.expect_closed();
    curious.leave();
    publisher.publishes(AtLeastOnce, secret, "queued");
    publisher.publishes(AtLeastOnce, "open", "seen");
    let mut curious = server.open(V5);
    curious.send(persistent(V5, "curious"));
    assert!(curious.connack().session_present);
    curious.receives(AtLeastOnce, "open", "seen");
    curious.ping();
    assert!(server.stats().engines.deliveries_denied >= 6, "{:?}", server.stats().engines);
}

/// Gives `watcher` the right to everything, or to nothing any more.
struct Revocable(Arc<AtomicBool>);

impl Authenticator for Revocable {
    fn cost(&self, _: &AuthRequest) -> Cost {
        Cost::Cheap
    }

    fn verify(&self, request: &AuthRequest) -> Verdict {
        let is_revoked = self.0.load(Ordering::Relaxed) && &*request.client_id == "watcher";
        let access = if is_revoked { Access::nothing() } else { Access::everything() };
        Verdict::Allow(Allowance {
            principal: Principal::Anonymous,
            authorize: access.of(&Names { client_id: &request.client_id, ..Names::default() }),
            expires_at: None,
        })
    }
}

/// Row 18: CVE-2021-34434. A subscription of a stored session is judged again when its client comes back.
#[test]
fn a_stored_session_keeps_no_right_that_was_revoked() {
    let is_revoked = Arc::new(AtomicBool::new(false));
    let authenticator = Arc::new(Revocable(is_revoked.clone()));
    let server = Server::with(|config, _| config.authenticator = authenticator);
    let mut watcher = server.connect_with(persistent(V311, "watcher"));
    watcher.subscribe("plans/#", AtLeastOnce);
    watcher.subscribe("$share/g/plans/#", AtLeastOnce);
    let mut publisher = server.connect(V311, "publisher");
    publisher.publishes(AtLeastOnce, "plans/1", "allowed");
    for _ in 0..2 {
        watcher.receives(AtLeastOnce, "plans/1", "allowed");
    }
    watcher.leave();
    publisher.publishes(AtLeastOnce, "plans/2", "while away");
    is_revoked.store(true, Ordering::Relaxed);
    let mut watcher = server.open(V311);
    watcher.send(persistent(V311, "watcher"));
    assert!(watcher.connack().session_present);
    publisher.publishes(AtLeastOnce, "plans/3", "after");
    watcher.ping();
    assert!(server.stats().engines.deliveries_denied >= 3);
}

/// Row 32: CVE-2021-46434, as far as MQTT goes: who guesses names learns nothing from the answer.
#[test]
fn an_unknown_user_and_a_wrong_password_are_answered_alike() {
    let mut file = vouchmq_identity::PasswordFile::parse("", std::path::Path::new("users")).unwrap();
    let cost = vouchmq_identity::HashCost::default();
    let hash =
        vouchmq_identity::PasswordHash::create(b"right", cost, &mut crate::verification::Fixed).unwrap();
    file.set("known", hash).unwrap();
    let users = vouchmq_identity::FileAuthenticator::new(file, Access::everything());
    let chain = vouchmq_identity::Chain::new(vec![Box::new(users)]);
    let server = Server::with(|config, _| config.authenticator = Arc::new(chain));
    for username in ["known", "unknown"] {
        let mut client = server.open(V5);
        client.send(Connect { username: Some(username), password: Some(b"guess"), ..connect(V5, "c") });
        let connack = client.connack();
        assert_eq!(
            (connack.reason, connack.properties.is_empty()),
            (ReasonCode::BAD_USER_NAME_OR_PASSWORD, true)
        );
        client.expect_closed();
    }
}
