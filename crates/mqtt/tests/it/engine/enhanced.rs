//! Enhanced authentication: an exchange before CONNACK, and again later.

use std::sync::Arc;

use vouchmq_mqtt::ProtocolVersion::V5;
use vouchmq_mqtt::engine::{CloseCause, Credentials, Decision, Permit};
use vouchmq_mqtt::packet::{Auth, Connect, WillMessage};
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{Packet, Properties, Property, QoS, ReasonCode};

use super::harness::*;

const METHOD: &str = "TEST-CHALLENGE";

/// A method of two steps: whoever is asked for `ping-N` has to answer `pong-N`. Other methods are refused.
fn world() -> World {
    answering(World::new())
}

fn answering(world: World) -> World {
    let mut asked = 0;
    world.authenticate_by(move |presented| match &presented.credentials {
        Credentials::Begin { method, .. } | Credentials::Again { method, .. } if **method == *METHOD => {
            asked += 1;
            Answer::Now(Decision::Continue(format!("ping-{asked}").into_bytes()))
        }
        Credentials::Begin { .. } | Credentials::Again { .. } => {
            Answer::Now(refuse(ReasonCode::BAD_AUTHENTICATION_METHOD))
        }
        Credentials::Continue(data) if *data == format!("pong-{asked}").into_bytes() => {
            let data = Some(b"welcome".to_vec());
            let permit = Permit { authorize: Arc::new(Rights::all()), until: Timestamp::NEVER, data };
            Answer::Now(Decision::Allow(permit))
        }
        Credentials::Continue(data) if data.starts_with(b"more") => {
            Answer::Now(Decision::Continue(b"more".to_vec()))
        }
        Credentials::Continue(_) => Answer::Now(refuse(ReasonCode::NOT_AUTHORIZED)),
        Credentials::Password(_) => Answer::Now(allow(Rights::all())),
    });
    world
}

fn with_method<'a>(client_id: &'a str, method: &str) -> Connect<'a> {
    let properties = props(&[
        Property::SessionExpiryInterval(KEPT_SECS),
        Property::AuthenticationMethod(method),
        Property::AuthenticationData(b"hello"),
    ]);
    Connect { properties, ..persistent(V5, client_id) }
}

fn answer(data: &[u8]) -> Auth<'static> {
    authenticate(ReasonCode::CONTINUE_AUTHENTICATION, METHOD, data)
}

/// A client that went through the exchange.
fn authenticated(world: &World) -> Client {
    let client = world.open(V5);
    client.send(with_method("a", METHOD));
    client.authentication();
    client.send(answer(b"pong-1"));
    assert_eq!(client.connack().reason, ReasonCode::SUCCESS);
    client
}

#[test]
fn who_is_ahead_of_its_rate_goes_on_with_its_exchange_later() {
    let world = answering(World::with(|setup| setup.limits.bytes_per_sec = 1000));
    let client = world.open(V5);
    client.send(with_method("a", METHOD));
    client.authentication();
    client.send(answer(&[b"more".as_slice(), &[0; 3000]].concat()));
    client.authentication();
    client.send(answer(b"pong-1"));
    client.expect_nothing();
    world.advance_secs(4);
    assert_eq!(client.connack().reason, ReasonCode::SUCCESS);
}

/// MQTT5-4.12.0-2 MQTT5-4.12.0-5
#[test]
fn an_exchange_lets_the_client_in() {
    let world = world();
    let client = world.open(V5);
    client.send(with_method("a", METHOD));
    client.expect(authenticate(ReasonCode::CONTINUE_AUTHENTICATION, METHOD, b"ping-1"));
    client.expect_nothing();
    assert!(world.session("a").is_none(), "nothing is touched before the exchange is over");
    client.send(answer(b"more"));
    client.expect(authenticate(ReasonCode::CONTINUE_AUTHENTICATION, METHOD, b"more"));
    client.send(answer(b"pong-1"));
    let connack = client.connack();
    assert_eq!(connack.reason, ReasonCode::SUCCESS);
    assert_eq!(connack.properties.authentication_method(), Some(METHOD));
    assert_eq!(connack.properties.authentication_data(), Some(&b"welcome"[..]));
    client.publishes(QoS::AtLeastOnce, "t", "x");
    let steps: Vec<String> = world.presented().iter().map(|step| format!("{:?}", step.credentials)).collect();
    assert_eq!(steps, ["Begin(TEST-CHALLENGE, <secret>)", "Continue(<secret>)", "Continue(<secret>)"]);
}

/// MQTT5-4.12.0-1
#[test]
fn an_unknown_method_is_refused() {
    let client = world().open(V5);
    client.send(with_method("a", "OTHER"));
    assert_eq!(client.connack().reason, ReasonCode::BAD_AUTHENTICATION_METHOD);
    assert_eq!(client.closed(), CloseCause::Refused(ReasonCode::BAD_AUTHENTICATION_METHOD));
}

/// MQTT5-4.12.0-4 MQTT5-4.13.2-1
#[test]
fn a_wrong_answer_is_refused() {
    let world = world();
    let client = world.open(V5);
    client.send(with_method("a", METHOD));
    client.authentication();
    client.send(answer(b"wrong"));
    assert_eq!(client.connack().reason, ReasonCode::NOT_AUTHORIZED);
    client.closed();
    assert!(world.session("a").is_none());
}

/// MQTT5-4.12.0-6
#[test]
fn without_method_there_is_neither_auth_nor_a_method_in_connack() {
    let world = world();
    let client = world.open(V5);
    client.send(connect(V5, "a"));
    let connack = client.connack();
    assert_eq!(connack.properties.authentication_method(), None);
    assert_eq!(connack.properties.authentication_data(), None);
    client.expect_nothing();
    client.send(authenticate(ReasonCode::REAUTHENTICATE, METHOD, b""));
    client.disconnected(ReasonCode::PROTOCOL_ERROR);
}

#[test]
fn only_auth_and_disconnect_may_come_within_the_exchange() {
    let others = [
        Packet::PingReq,
        Packet::Publish(qos0("t", "x")),
        Packet::Subscribe(subscribe(1, &[("t", options(QoS::AtMostOnce))])),
        Packet::Connect(with_method("a", METHOD)),
        puback(id(1), ReasonCode::SUCCESS),
    ];
    for other in others {
        let world = world();
        let witness = world.connect(V5, "witness");
        witness.subscribe("t", QoS::AtMostOnce);
        let client = world.open(V5);
        client.send(with_method("a", METHOD));
        client.authentication();
        client.send(other);
        assert!(matches!(client.closed(), CloseCause::Violation(ReasonCode::PROTOCOL_ERROR, _)));
        witness.expect_nothing();
    }
    let client = world().open(V5);
    client.send(with_method("a", METHOD));
    client.authentication();
    client.send(disconnect(ReasonCode::SUCCESS));
    assert_eq!(client.closed(), CloseCause::Disconnected(ReasonCode::SUCCESS));
}

#[test]
fn an_exchange_keeps_to_its_method_and_its_turn() {
    let wrong = [
        authenticate(ReasonCode::CONTINUE_AUTHENTICATION, "OTHER", b"pong-1"),
        authenticate(ReasonCode::REAUTHENTICATE, METHOD, b"pong-1"),
        authenticate(ReasonCode::SUCCESS, METHOD, b"pong-1"),
    ];
    for wrong in wrong {
        let client = world().open(V5);
        client.send(with_method("a", METHOD));
        client.authentication();
        client.send(wrong);
        assert!(matches!(client.closed(), CloseCause::Violation(ReasonCode::PROTOCOL_ERROR, _)));
    }
}

#[test]
fn the_client_has_so_long_for_every_answer() {
    let world = world();
    let client = world.open(V5);
    client.send(with_method("a", METHOD));
    client.authentication();
    for _ in 0..3 {
        world.advance(Duration::from_millis(9_900));
        client.send(answer(b"more"));
        client.authentication();
    }
    world.advance(Duration::from_millis(9_999));
    client.expect_nothing();
    world.advance(LATE);
    assert_eq!(client.closed(), CloseCause::HandshakeTimeout);
}

#[test]
fn two_answers_at_once_are_one_too_many() {
    let world = world();
    let client = world.open(V5);
    client.send(with_method("a", METHOD));
    client.authentication();
    client.send_all([Packet::Auth(answer(b"pong-1")), Packet::Auth(answer(b"pong-1"))]);
    assert_eq!(client.connack().reason, ReasonCode::SUCCESS);
    client.disconnected(ReasonCode::PROTOCOL_ERROR);
}

/// MQTT5-4.12.0-5
#[test]
fn a_client_may_authenticate_again() {
    let world = world();
    let client = authenticated(&world);
    client.subscribe("t", QoS::AtMostOnce);
    for round in 2..5 {
        client.send(authenticate(ReasonCode::REAUTHENTICATE, METHOD, b"again"));
        client.expect(authenticate(
            ReasonCode::CONTINUE_AUTHENTICATION,
            METHOD,
            format!("ping-{round}").as_bytes(),
        ));
        client.publishes(QoS::AtMostOnce, "t", "in between");
        client.receives(QoS::AtMostOnce, "t", "in between");
        client.send(answer(format!("pong-{round}").as_bytes()));
        client.expect(authenticate(ReasonCode::SUCCESS, METHOD, b"welcome"));
    }
    client.expect_nothing();
}

/// MQTT5-4.12.1-2 MQTT5-4.13.2-1
#[test]
fn a_failed_reauthentication_ends_the_connection_with_a_fitting_reason() {
    // What the authenticator says, and what DISCONNECT can say.
    let rows = [
        (ReasonCode::NOT_AUTHORIZED, ReasonCode::NOT_AUTHORIZED),
        (ReasonCode::BAD_AUTHENTICATION_METHOD, ReasonCode::BAD_AUTHENTICATION_METHOD),
        (ReasonCode::SERVER_BUSY, ReasonCode::SERVER_BUSY),
        (ReasonCode::BAD_USER_NAME_OR_PASSWORD, ReasonCode::NOT_AUTHORIZED),
        (ReasonCode::BANNED, ReasonCode::NOT_AUTHORIZED),
        (ReasonCode::SERVER_UNAVAILABLE, ReasonCode::SERVER_BUSY),
    ];
    for (verdict, told) in rows {
        let world = world();
        let witness = world.connect(V5, "witness");
        witness.subscribe("will", QoS::AtMostOnce);
        let client = world.open(V5);
        client
            .send(Connect { will: Some(WillMessage { ..will("will", "gone") }), ..with_method("a", METHOD) });
        client.authentication();
        client.send(answer(b"pong-1"));
        client.connack();
        world.authenticate_by(move |_| Answer::Now(refuse(verdict)));
        client.send(authenticate(ReasonCode::REAUTHENTICATE, METHOD, b""));
        client.disconnected(told);
        witness.receives(QoS::AtMostOnce, "will", "gone");
    }
}

#[test]
fn an_answer_that_nobody_asked_for_is_a_protocol_error() {
    for reason in [ReasonCode::CONTINUE_AUTHENTICATION, ReasonCode::SUCCESS] {
        let client = authenticated(&world());
        client.send(authenticate(reason, METHOD, b"pong-1"));
        client.disconnected(ReasonCode::PROTOCOL_ERROR);
    }
    let client = authenticated(&world());
    client.send(authenticate(ReasonCode::REAUTHENTICATE, "OTHER", b""));
    client.disconnected(ReasonCode::PROTOCOL_ERROR);
}

#[test]
fn reauthentication_puts_new_rights_in_force() {
    let world = world();
    let client = authenticated(&world);
    client.subscribe("#", QoS::AtLeastOnce);
    let publisher = world.connect(V5, "publisher");
    world
        .authenticate_by(|_| Answer::Now(allow(Rights::all().deny_publish("secret").deny_receive("secret"))));
    client.send(authenticate(ReasonCode::REAUTHENTICATE, METHOD, b""));
    assert_eq!(client.authentication().reason, ReasonCode::SUCCESS);
    publisher.publishes(QoS::AtLeastOnce, "secret", "x");
    client.expect_nothing();
    client.send(qos1(1, "secret", "x"));
    client.expect(puback(id(1), ReasonCode::NOT_AUTHORIZED));
}

#[test]
fn nothing_is_read_while_the_verdict_on_a_reauthentication_is_awaited() {
    let world = world();
    let client = authenticated(&world);
    world.authenticate_by(|_| Answer::Later);
    client.send(authenticate(ReasonCode::REAUTHENTICATE, METHOD, b""));
    client.send(Packet::PingReq);
    client.expect_nothing();
    world.decide(&client, allow(Rights::all()));
    assert_eq!(client.authentication().reason, ReasonCode::SUCCESS);
    client.expect(Packet::PingResp);
}

#[test]
fn a_verdict_on_a_connection_that_is_gone_is_ignored() {
    let world = World::new();
    world.authenticate_by(|_| Answer::Later);
    let client = world.open(V5);
    client.send(connect(V5, "a"));
    let (shard, connection) = world.connection(&client);
    client.vanish();
    let decided = vouchmq_mqtt::engine::Input::Decided(connection, allow(Rights::all()));
    world.input_at(shard, decided);
    assert!(world.session("a").is_none());
    assert_eq!(world.count(|stats| stats.clients), 0);
}

#[test]
fn auth_without_properties_names_no_method() {
    let client = authenticated(&world());
    client.send(Auth { reason: ReasonCode::REAUTHENTICATE, properties: Properties::EMPTY });
    client.disconnected(ReasonCode::PROTOCOL_ERROR);
}
