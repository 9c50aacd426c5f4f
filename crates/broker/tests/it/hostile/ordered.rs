//! Rules in an order, and what tries to get past them.

use std::net::Ipv4Addr;
use std::sync::Arc;

use vouchmq_identity::acl::{Action, Effect, Selector, Topics};
use vouchmq_identity::{Access, Configured, Order, OrderedAcl, OrderedRule, Replaceable, Users, Whom};
use vouchmq_mqtt::ProtocolVersion::{V5, V311};
use vouchmq_mqtt::ReasonCode;
use vouchmq_mqtt::packet::Connect;

use crate::harness::*;

const DENIED: ReasonCode = ReasonCode::NOT_AUTHORIZED;
const GRANTED: ReasonCode = ReasonCode(1);

fn rule(effect: Effect, action: Action, topics: &[&str], whom: Selector) -> OrderedRule {
    let topics = topics.iter().map(|topic| topic.parse().unwrap()).collect();
    OrderedRule { effect, action, topics: Topics::Of(topics), whom }
}

fn deny(topics: &[&str]) -> OrderedRule {
    rule(Effect::Deny, Action::Subscribe, topics, Selector::Everybody)
}

fn allow(topics: &[&str], whom: Selector) -> OrderedRule {
    rule(Effect::Allow, Action::Both, topics, whom)
}

fn access(rules: Vec<OrderedRule>, no_match: Effect) -> Access {
    Access::Ordered(Arc::new(OrderedAcl { rules, no_match }))
}

fn users(known: &[(&str, &str)]) -> Users {
    let mut users = Users::default();
    known.iter().for_each(|(name, password)| users.add(name, password, &"a test".into()).unwrap());
    users
}

const KNOWN: &[(&str, &str)] = &[("alice", "a"), ("bob", "b")];

/// A broker with the users of `KNOWN`, and clients without a name.
fn server_with(rules: Vec<OrderedRule>, no_match: Effect) -> Server {
    let configured = Configured::new(Some(users(KNOWN)), true, access(rules, no_match));
    let chain = Order::default().chain(None, None, &Arc::new(configured));
    Server::with(|config, _| config.authenticator = Arc::new(chain))
}

fn user<'a>(client_id: &'a str, name: &'a str, password: &'a str) -> Connect<'a> {
    Connect { username: Some(name), password: Some(password.as_bytes()), ..connect(V5, client_id) }
}

fn answers(client: &mut Client, filters: &[&str]) -> Vec<ReasonCode> {
    super::rights::answers(client, filters)
}

#[test]
fn a_denied_topic_is_not_reached_by_a_wider_filter_or_a_shared_one() {
    let server = server_with(vec![deny(&["secret/x", "vault/#"])], Effect::Allow);
    let mut publisher = server.connect(V5, "publisher");
    let mut curious = server.connect(V5, "curious");
    let refused = ["secret/x", "$share/g/secret/x", "vault/#", "vault", "vault/+/y", "$share/g/vault/#"];
    assert_eq!(answers(&mut curious, &refused), [DENIED; 6]);
    let wider = ["secret/#", "+/x", "#", "$share/g/secret/#", "$share/h/+/x", "$share/i/#"];
    assert_eq!(answers(&mut curious, &wider), [GRANTED; 6]);
    for topic in ["secret/x", "vault", "vault/a/y"] {
        publisher.publishes(AtLeastOnce, topic, "denied");
    }
    publisher.publishes(AtLeastOnce, "secret/y", "open");
    // By its own subscriptions once, and as a member of two groups.
    for _ in 0..3 {
        curious.receives(AtLeastOnce, "secret/y", "open");
    }
    curious.ping();
    assert!(server.stats().engines.deliveries_denied >= 3);
}

#[test]
fn an_allowed_filter_is_not_widened() {
    let server = server_with(vec![allow(&["a/+", "+"], Selector::Everybody)], Effect::Deny);
    let mut client = server.connect(V5, "c");
    assert_eq!(answers(&mut client, &["a/#", "#", "+/+", "+/#", "$share/g/a/#", "$share/g/#"]), [DENIED; 6]);
    assert_eq!(answers(&mut client, &["a/+", "+", "a/b", "$share/g/a/+"]), [GRANTED; 4]);
}

#[test]
fn at_is_about_the_filter_as_it_is_written() {
    let rules = vec![deny(&["@#"]), deny(&["$SYS/#"]), allow(&["@a/+", "b/#"], Selector::Everybody)];
    let server = server_with(rules, Effect::Deny);
    let mut client = server.connect(V5, "c");
    assert_eq!(answers(&mut client, &["#", "+/#", "$share/g/#", "a/b", "a/#", "$SYS/#"]), [DENIED; 6]);
    assert_eq!(answers(&mut client, &["a/+", "b/+", "$share/g/a/+"]), [GRANTED; 3]);
    client.send(publish(AtLeastOnce, 9, "a/b", b"x"));
    assert_eq!(client.puback().reason, DENIED);
}

#[test]
fn rules_are_about_names_and_addresses_together_or_apart() {
    let alice = || Selector::of_user_name("alice");
    let here = |text| Selector::of_addresses([text]).unwrap();
    let server = server_with(
        vec![
            allow(&["and"], Selector::And(vec![alice(), here("127.0.0.2")])),
            allow(&["or"], Selector::Or(vec![alice(), here("127.0.0.2")])),
            allow(&["net"], here("127.0.0.0/30")),
            allow(&["id"], Selector::of_client_id("alice")),
        ],
        Effect::Deny,
    );
    let topics = ["and", "or", "net", "id"];
    let cases = [
        (Some(("alice", "a")), [127, 0, 0, 2], "c", [true, true, true, false]),
        (Some(("alice", "a")), [127, 0, 0, 9], "c", [false, true, false, false]),
        (Some(("bob", "b")), [127, 0, 0, 2], "c", [false, true, true, false]),
        (Some(("bob", "b")), [127, 0, 0, 9], "c", [false, false, false, false]),
        (Some(("bob", "b")), [127, 0, 0, 9], "alice", [false, false, false, true]),
        (None, [127, 0, 0, 2], "c", [false, true, true, false]),
    ];
    for (who, source, client_id, expected) in cases {
        let says =
            who.map_or_else(|| connect(V5, client_id), |(name, password)| user(client_id, name, password));
        let mut client = Client::open_from(Ipv4Addr::from(source).into(), server.address(), V5);
        client.send(says);
        assert_eq!(client.connack().reason, ReasonCode::SUCCESS);
        let may: Vec<bool> = answers(&mut client, &topics).iter().map(|reason| !reason.is_error()).collect();
        assert_eq!(may, expected, "{who:?} {source:?} {client_id}");
        client.leave();
    }
}

#[test]
fn an_address_of_ipv6_lies_in_networks_of_ipv6_only() {
    let rules = vec![
        allow(&["four"], Selector::of_addresses(["127.0.0.0/8", "0.0.0.0/0"]).unwrap()),
        allow(&["six"], Selector::of_addresses(["2001:db8::/32", "::1"]).unwrap()),
    ];
    let configured = Configured::new(None, true, access(rules, Effect::Deny));
    let chain = Order::default().chain(None, None, &Arc::new(configured));
    let server = Server::with(|config, _| {
        config.listeners = listeners(["[::1]:0".parse().unwrap()]);
        config.authenticator = Arc::new(chain);
    });
    let mut client = server.connect(V5, "c");
    assert_eq!(answers(&mut client, &["four", "six"]), [DENIED, GRANTED]);
}

/// Users, rules and clients without a name are exchanged at once, and who is connected is judged by what holds now.
#[test]
fn what_is_configured_anew_holds_for_who_is_connected() {
    let first = Configured::new(Some(users(KNOWN)), true, access(vec![], Effect::Allow));
    let authenticator =
        Arc::new(Replaceable::new(Order::default().chain(None, None, &Arc::new(first.clone()))));
    let server = Server::with(|config, _| config.authenticator = authenticator.clone());
    let mut publisher = server.connect_with(user("publisher", "alice", "a"));
    let mut kept = server.connect_with(user("kept", "alice", "a"));
    kept.subscribe("#", AtLeastOnce);
    let mut changed = server.connect_with(user("changed", "bob", "b"));
    let mut nameless = server.connect(V311, "nameless");
    nameless.subscribe("#", AtLeastOnce);

    // The same once more changes nothing.
    let same = Configured::new(Some(users(KNOWN)), true, access(vec![], Effect::Allow)).following(&first);
    authenticator.replace(Order::default().chain(None, None, &Arc::new(same.clone())));
    assert_eq!(wait_for(server.control.reconsider(Whom::Everybody)), 0);

    let now = [("alice", "a"), ("bob", "other")];
    let rules = vec![deny(&["secret"])];
    let second = Configured::new(Some(users(&now)), false, access(rules, Effect::Allow)).following(&same);
    authenticator.replace(Order::default().chain(None, None, &Arc::new(second)));
    assert_eq!(wait_for(server.control.reconsider(Whom::Everybody)), 2);
    changed.expect_disconnect(DENIED);
    nameless.expect_closed();
    publisher.publishes(AtLeastOnce, "secret", "denied");
    publisher.publishes(AtLeastOnce, "open", "seen");
    kept.receives(AtLeastOnce, "open", "seen");
    for says in [user("changed", "bob", "b"), connect(V5, "nameless")] {
        let mut client = server.open(V5);
        client.send(says);
        assert!(client.connack().reason.is_error());
    }
    server.connect_with(user("changed", "bob", "other")).ping();
}
