//! What is changed holds for who is connected: sessions end, rights change, and nobody else notices.

use std::path::Path;
use std::sync::Arc;

use vouchmq_identity::acl::Action;
use vouchmq_identity::model::{DeviceState, ProductState};
use vouchmq_identity::{
    Access, Anonymous, Chain, Farewell, FileAuthenticator, PasswordFile, Secret, Sessions, Unblocked, Whom,
};
use vouchmq_mqtt::ProtocolVersion::{self, V5, V311};
use vouchmq_mqtt::packet::Connect;
use vouchmq_mqtt::{Property, ReasonCode};

use crate::harness::*;

versions! { V311, V5 =>
    what_speaks_against_a_device_ends_its_connection,
    a_block_of_a_network_ends_users_of_the_password_file_too,
    other_rules_hold_for_a_live_connection,
    a_connection_ends_when_its_device_expires,
    who_is_asked_to_go_may_come_again,
}

/// The user `u` with the password `correct horse`, quick to verify.
const USERS: &str = "u:$sha256$salt=none$$QQTTb42iwlQ0n4WDZ5Pr4CngyVcGOjTJHC6SAxh7VjE\n";

/// A broker that knows the devices of a registry, the user `u`, and lets in who gives no name; blocks keep
/// everybody out.
fn server_of(registry: &Registry) -> Server {
    let file = PasswordFile::parse(USERS, Path::new("users")).unwrap();
    let chain = Chain::new(vec![
        Box::new(registry.resident.clone()),
        Box::new(FileAuthenticator::new(file, Access::everything())),
        Box::new(Anonymous::without_user_name(Access::everything())),
    ]);
    let authenticator = Arc::new(Unblocked::new(registry.resident.clone(), chain));
    Server::with(|config, _| config.authenticator = authenticator)
}

fn devices(ids: &[&str]) -> Whom {
    Whom::Devices(ids.iter().map(|id| device_id(id)).collect())
}

fn reconsider(server: &Server, whom: Whom) -> usize {
    wait_for(server.control.reconsider(whom))
}

fn user(version: ProtocolVersion, client_id: &str) -> Connect<'_> {
    Connect { username: Some("u"), password: Some(b"correct horse"), ..connect(version, client_id) }
}

fn what_speaks_against_a_device_ends_its_connection(version: ProtocolVersion) {
    type Spoil = fn(&mut Registry);
    let cases: [(Spoil, ReasonCode); 6] = [
        (|registry| registry.revoke("d1"), ReasonCode::NOT_AUTHORIZED),
        (
            |registry| registry.change("d1", |device| device.state = DeviceState::Suspended),
            ReasonCode::NOT_AUTHORIZED,
        ),
        (|registry| registry.remove("d1"), ReasonCode::NOT_AUTHORIZED),
        (|registry| registry.block("device", "d1"), ReasonCode::NOT_AUTHORIZED),
        (|registry| registry.block("clientid", "d1"), ReasonCode::NOT_AUTHORIZED),
        (
            |registry| registry.change("d1", |device| device.expires_at = Some(in_millis(0))),
            ReasonCode::MAXIMUM_CONNECT_TIME,
        ),
    ];
    for (spoil, reason) in cases {
        let mut registry = Registry::new();
        let (secret, other_secret) = (registry.add("d1"), registry.add("d2"));
        let server = server_of(&registry);
        let mut client = server.connect_with(login(version, "d1", &secret));
        let mut other = server.connect_with(login(version, "d2", &other_secret));
        assert_eq!(reconsider(&server, devices(&["d1", "d2", "nobody"])), 0, "nothing has changed");
        client.ping();
        spoil(&mut registry);
        assert_eq!(reconsider(&server, devices(&["d1", "d1", "nobody"])), 1);
        client.expect_disconnect(reason);
        drop(client);
        assert_eq!(reconsider(&server, Whom::Everybody), 0, "it is gone already");
        other.ping();
        until("one device is left", || server.stats().devices == 1);
        assert_eq!(server.stats().ended_by_reconsideration, 1);
        other.leave();
        server.expect_nobody();
    }
}

fn a_block_of_a_network_ends_users_of_the_password_file_too(version: ProtocolVersion) {
    let mut registry = Registry::new();
    let secret = registry.add("d1");
    let server = server_of(&registry);
    let from = |last, connect: Connect<'_>| {
        let mut client = Client::open_from([127, 0, 0, last].into(), server.address(), version);
        client.send(connect);
        (client.connack().reason, client)
    };
    let logins = || [login(version, "d1", &secret), user(version, "c1"), connect(version, "c2")];
    let mut here = server.connect_with(user(version, "here"));
    let there = logins().map(|login| from(9, login));
    registry.block("cidr", "127.0.0.8/31");
    assert_eq!(reconsider(&server, Whom::Everybody), 3);
    for (reason, mut client) in there {
        assert_eq!(reason, ReasonCode::SUCCESS);
        client.expect_disconnect(ReasonCode::NOT_AUTHORIZED);
    }
    for login in logins() {
        let (reason, mut client) = from(8, login);
        assert_eq!(reason, ReasonCode::NOT_AUTHORIZED);
        client.expect_closed();
    }
    here.ping();
    registry.block("username", "u");
    assert_eq!(reconsider(&server, Whom::Everybody), 1);
    here.expect_disconnect(ReasonCode::NOT_AUTHORIZED);
    server.expect_nobody();
}

fn other_rules_hold_for_a_live_connection(version: ProtocolVersion) {
    let mut registry = Registry::new();
    let secret = registry.add("d1");
    let server = server_of(&registry);
    let mut device = server.connect_with(login(version, "d1", &secret));
    let (mut user, mut witness) =
        (server.connect_with(user(version, "user")), server.connect(version, "witness"));
    witness.subscribe("t/#", AtMostOnce);
    device.subscribe("t/down/#", AtLeastOnce);
    device.subscribe("t/other", AtLeastOnce);
    device.publishes(AtLeastOnce, "t/up", "allowed");
    witness.receives(AtMostOnce, "t/up", "allowed");
    registry.allow(&[(Action::Publish, "t/new"), (Action::Subscribe, "t/other")]);
    assert_eq!(reconsider(&server, devices(&["d1"])), 0, "it may stay");
    device.send(publish(AtLeastOnce, 7, "t/up", b"denied"));
    let told = if version == V5 { ReasonCode::NOT_AUTHORIZED } else { ReasonCode::SUCCESS };
    assert_eq!(device.puback().reason, told);
    device.publishes(AtLeastOnce, "t/new", "allowed");
    witness.receives(AtMostOnce, "t/new", "allowed");
    user.publishes(AtLeastOnce, "t/down/x", "denied");
    user.publishes(AtLeastOnce, "t/other", "allowed");
    device.receives(AtLeastOnce, "t/other", "allowed");
    // Rights that come back need no new SUBSCRIBE.
    registry.allow(&[(Action::Both, "t/#")]);
    assert_eq!(reconsider(&server, Whom::Everybody), 0);
    user.publishes(AtLeastOnce, "t/down/x", "again");
    device.receives(AtLeastOnce, "t/down/x", "again");
}

fn a_connection_ends_when_its_device_expires(version: ProtocolVersion) {
    let mut registry = Registry::new();
    let secret = registry.add("d1");
    let server = server_of(&registry);
    let mut client = server.connect_with(login(version, "d1", &secret));
    registry.change("d1", |device| device.expires_at = Some(in_millis(300)));
    assert_eq!(reconsider(&server, devices(&["d1"])), 0, "not yet");
    client.expect_disconnect(ReasonCode::MAXIMUM_CONNECT_TIME);
    assert_eq!(server.stats().ended_by_reconsideration, 0, "nobody had to look again");
}

/// A rotated credential: those who still use the old one are told to come again.
fn who_is_asked_to_go_may_come_again(version: ProtocolVersion) {
    let mut registry = Registry::new();
    registry.change_product(|product| product.binding = vouchmq_identity::model::Binding::Prefix);
    let old = registry.add("d1");
    let new = registry.add_secret("d1");
    let server = server_of(&registry);
    let by = |client_id, secret: &Secret| {
        server.connect_with(Connect {
            username: Some("d1"),
            password: Some(secret.expose().as_bytes()),
            ..connect(version, client_id)
        })
    };
    let (mut with_old, mut with_new) = (by("d1~a", &old), by("d1~b", &new));
    let mut stranger = server.connect(version, "stranger");
    let sessions: &dyn Sessions = &server.control;
    let asked = [device_id("d1"), device_id("d2")].to_vec();
    assert_eq!(wait_for(sessions.connected(asked.clone())), [true, false]);
    let credential = Some(registry.credential("d1"));
    assert_eq!(wait_for(sessions.disconnect(devices(&["d1"]), credential, Farewell::Asked)), 1);
    with_old.expect_disconnect(ReasonCode::ADMINISTRATIVE_ACTION);
    with_new.ping();
    let again = by("d1~a", &old);
    assert_eq!(wait_for(sessions.disconnect(devices(&["d1"]), None, Farewell::NotAllowed)), 2);
    for mut client in [with_new, again] {
        client.expect_disconnect(ReasonCode::NOT_AUTHORIZED);
    }
    until("the device is gone", || wait_for(sessions.connected(asked.clone())) == [false, false]);
    stranger.ping();
    assert_eq!(wait_for(sessions.reconsider(Whom::Everybody)), 0);
    assert_eq!(wait_for(sessions.disconnect(Whom::Everybody, None, Farewell::Asked)), 1);
    stranger.expect_disconnect(ReasonCode::ADMINISTRATIVE_ACTION);
}

/// More connections than are looked at in one turn.
#[test]
fn everybody_is_reached_however_many_there_are() {
    let mut registry = Registry::new();
    let server = server_of(&registry);
    let ids: Vec<String> = (0..700).map(|number| format!("d{number}")).collect();
    let mut clients: Vec<_> = ids
        .iter()
        .map(|id| {
            let secret = registry.add(id);
            server.connect_with(login(V5, id, &secret))
        })
        .collect();
    let mut user = server.connect_with(user(V311, "user"));
    let all = Whom::Devices(ids.iter().map(|id| device_id(id)).collect());
    assert_eq!((reconsider(&server, all), server.stats().devices), (0, 700));
    registry.change_product(|product| product.state = ProductState::Disabled);
    assert_eq!(reconsider(&server, Whom::Everybody), 700);
    for client in &mut clients {
        client.expect_disconnect(ReasonCode::NOT_AUTHORIZED);
    }
    user.ping();
    assert_eq!(server.stats().ended_by_reconsideration, 700);
    until("the index is empty", || server.stats().devices == 0);
}

/// However a connection ends, or does not come about, nothing of it is left in the index.
#[test]
fn the_index_of_devices_keeps_nobody_who_is_gone() {
    let mut registry = Registry::new();
    let secrets: Vec<_> = (0..20).map(|number| registry.add(&format!("d{number}"))).collect();
    let server = server_of(&registry);
    for (number, secret) in secrets.iter().enumerate() {
        let id = format!("d{number}");
        let mut first = server.connect_with(login(V5, &id, secret));
        let second = server.connect_with(login(V5, &id, secret));
        first.expect_disconnect(ReasonCode::SESSION_TAKEN_OVER);
        match number % 3 {
            0 => second.leave(),
            1 => drop(second),
            _ => server.control.disconnect(&id, ReasonCode::ADMINISTRATIVE_ACTION),
        }
        // Let in, and then it cannot be told so.
        let properties = props(&[Property::MaximumPacketSize(4)]);
        let mut narrow = server.open(V5);
        narrow.send(Connect { properties, ..login(V5, &id, secret) });
        narrow.expect_closed();
        let mut wrong = server.open(V5);
        wrong.send(Connect { password: Some(b"wrong"), ..login(V5, &id, secret) });
        assert_eq!(wrong.connack().reason, ReasonCode::BAD_USER_NAME_OR_PASSWORD);
    }
    until("the index is empty", || server.stats().devices == 0);
    server.expect_nobody();
}
