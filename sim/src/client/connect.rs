use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use vouchmq_mqtt::engine::ShardId;
use vouchmq_mqtt::packet::{Auth, ConnAck, Connect, Disconnect, WillMessage};
use vouchmq_mqtt::{Packet, PropertiesBuf, Property, QoS, ReasonCode};

use super::reading::Reading;
use super::{Client, Connection, Errand, Ghost, Incoming, Phase, Terms};
use crate::agenda::{Breakage, Event};
use crate::network::{Direction, LinkId};
use crate::oracle::{ConnectFacts, MessageNo, Origin, WillFacts, payload_of};
use crate::plan::span;
use crate::workload::{self, Draft};
use crate::world::Env;

/// The method of enhanced authentication that the authenticator of a run knows.
pub(crate) const METHOD: &str = "test";
/// A client waits so long for CONNACK.
const PATIENCE: Duration = Duration::from_secs(40);

/// A will on its way.
struct Will {
    message: MessageNo,
    draft: Draft,
    delay_secs: u32,
}

impl Client {
    /// Offline for long enough.
    pub(super) fn connect_again(&mut self, env: &mut Env) {
        if !matches!(self.phase, Phase::Offline) {
            return;
        }
        if env.is_over {
            return;
        }
        // Nothing is begun any more; what was begun is finished.
        if env.is_resting && !env.oracle.may_have_session(self.number, env.now) && !env.is_leaving {
            return;
        }
        let clean = !env.is_resting && env.rng.chance(150);
        self.connect(clean || env.is_leaving, env);
    }

    /// Sends CONNECT on a new link.
    pub(super) fn connect(&mut self, wants_clean: bool, env: &mut Env) {
        let is_fresh = wants_clean || self.must_start_clean;
        let has_properties = self.profile.has_properties();
        // MQTT 3.x says with one flag whether the session begins anew and whether it ends.
        let clean_start = is_fresh || (!has_properties && self.profile.expiry_secs == 0);
        if clean_start {
            self.forget_session();
            self.must_start_clean = true;
        }
        let link = self.open_link(clean_start, env);
        self.forget_connection();
        let connection = Connection {
            link,
            expiry_secs: self.expiry_secs(clean_start),
            incoming: Incoming::default(),
            terms: Terms::default(),
            aliases_sent: BTreeMap::new(),
            aliases_known: BTreeMap::new(),
            open: BTreeSet::new(),
            acknowledgements: VecDeque::new(),
            released: BTreeSet::new(),
            is_reauthenticating: false,
            last_sent_at: env.now,
            reading: Reading::Eager,
        };
        self.phase = Phase::Connecting(Box::new(connection));
        env.plan_client(self.number, PATIENCE, Errand::GiveUp(link));
        if env.rng.chance(100) && !env.is_resting && !self.profile.has_method {
            self.publish_at_once(env);
        }
    }

    /// Connects several times at once; all links but one are only listened to.
    pub(super) fn storm(&mut self, env: &mut Env) {
        let clean_start = !self.profile.has_properties() && self.profile.expiry_secs == 0;
        let expiry_secs = self.connection().map_or(0, |connection| connection.expiry_secs);
        if expiry_secs != self.expiry_secs(clean_start) {
            // The first of the storm would end the session, and the second take its place unnoticed.
            return self.lose(Breakage::Vanish, env);
        }
        for _ in 0..env.rng.within(0..=3) {
            let ghost = self.open_link(clean_start, env);
            self.ghosts.insert(ghost, Ghost::default());
        }
        if let Some(old) = self.link() {
            self.demote(old, env);
        }
        self.connect(false, env);
    }

    /// The connection is not used any more, and not closed either.
    fn demote(&mut self, link: LinkId, env: &mut Env) {
        if let Phase::Online(connection) | Phase::Connecting(connection) =
            std::mem::replace(&mut self.phase, Phase::Offline)
        {
            self.ghosts.insert(link, Ghost { incoming: connection.incoming });
            env.agenda.plan(env.now, Event::ClientReads(link));
        }
    }

    fn open_link(&mut self, clean_start: bool, env: &mut Env) -> LinkId {
        let shard = ShardId(u16::try_from(env.rng.index(env.shard_count)).unwrap_or(0));
        let link = env.connect(self.number, shard);
        let will = self.draw_will(env);
        let facts = ConnectFacts {
            client: self.number,
            dialect: self.profile.dialect(),
            clean_start,
            expiry_secs: self.expiry_secs(clean_start),
            keep_alive_secs: self.profile.keep_alive_secs,
            packet_bytes_max: self.profile.packet_bytes_max,
            will: will.as_ref().map(|will| WillFacts {
                message: will.message,
                delay: Duration::from_secs(u64::from(will.delay_secs)),
            }),
        };
        env.note(|| format!("{} sends CONNECT on {link}: {facts:?}", self.number));
        env.oracle.connecting(link, facts, env.now);
        let bytes = self.connect_bytes(clean_start, will.as_ref());
        env.send(link, Direction::ToBroker, &bytes);
        link
    }

    /// A client of MQTT 3.x cannot begin anew and keep its session.
    fn expiry_secs(&self, clean_start: bool) -> u32 {
        if clean_start && !self.profile.has_properties() { 0 } else { self.profile.expiry_secs }
    }

    fn connect_bytes(&self, clean_start: bool, will: Option<&Will>) -> Vec<u8> {
        let profile = &self.profile;
        let mut properties = PropertiesBuf::new();
        if profile.expiry_secs > 0 {
            properties.push(Property::SessionExpiryInterval(profile.expiry_secs));
        }
        properties.extend(profile.receive_maximum.map(Property::ReceiveMaximum));
        properties.extend(profile.packet_bytes_max.map(Property::MaximumPacketSize));
        if profile.alias_maximum > 0 {
            properties.push(Property::TopicAliasMaximum(profile.alias_maximum));
        }
        if profile.has_method {
            properties.push(Property::AuthenticationMethod(METHOD));
        }
        let payload = will.map(|will| payload_of(will.message, will.draft.payload_len)).unwrap_or_default();
        let tag = will.map(|will| will.message.to_string()).unwrap_or_default();
        let mut will_properties = PropertiesBuf::new();
        if let Some(will) = will {
            will_properties.extend(will.draft.expiry_secs.map(Property::MessageExpiryInterval));
            if will.delay_secs > 0 {
                will_properties.push(Property::WillDelayInterval(will.delay_secs));
            }
            if will.draft.is_tagged {
                will_properties.push(Property::UserProperty("n", &tag));
            }
        }
        let connect = Connect {
            version: profile.version,
            clean_start,
            keep_alive_secs: profile.keep_alive_secs,
            client_id: &profile.id,
            properties: properties.as_properties(),
            will: will.map(|will| WillMessage {
                qos: will.draft.qos,
                retain: will.draft.retain,
                properties: will_properties.as_properties(),
                topic: &will.draft.topic,
                payload: &payload,
            }),
            username: None,
            password: None,
        };
        super::incoming::encode(&Packet::Connect(connect), profile.dialect())
    }

    fn draw_will(&self, env: &mut Env) -> Option<Will> {
        if !env.rng.chance(self.profile.wills) || env.is_leaving {
            return None;
        }
        let draft = workload::will(&self.profile, self.number.index(), &mut env.rng);
        let delay_secs = env.rng.one_of([0, 0, 1, 4, 30]);
        let delay_secs = if self.profile.has_properties() { delay_secs } else { 0 };
        let message = env.oracle.create(super::outgoing::facts(&draft, Origin::Will(self.number)));
        Some(Will { message, draft, delay_secs })
    }

    /// A PUBLISH may follow CONNECT without waiting for CONNACK, unless there is an Authentication Method
    /// (MQTT 5.0 §3.1.4, `MQTT5-3.1.2-30`).
    fn publish_at_once(&mut self, env: &mut Env) {
        let Some(link) = self.link() else { return };
        let draft = workload::draft(&self.profile, &mut env.rng);
        // Its size has to fit what a client may send before it is let in.
        let draft = Draft { qos: QoS::AtMostOnce, payload_len: draft.payload_len.min(200), ..draft };
        let message = env.oracle.create(super::outgoing::facts(&draft, self.origin(link)));
        self.send_publish(message, None, false, env);
    }

    /// CONNACK: the broker has let the client in, or not.
    pub(super) fn on_connack(&mut self, ack: &ConnAck<'_>, env: &mut Env) {
        let Phase::Connecting(mut connection) = std::mem::replace(&mut self.phase, Phase::Offline) else {
            return env.fail(format!("{}: CONNACK twice", self.number));
        };
        if ack.reason.is_error() {
            // The broker closes; whatever is still on its way is of no interest.
            self.ghosts.insert(connection.link, Ghost::default());
            return self.reconnect_soon(env);
        }
        let link = connection.link;
        connection.terms = self.terms(ack, env);
        connection.last_sent_at = env.now;
        let keep_alive = connection.terms.keep_alive;
        self.phase = Phase::Online(connection);
        self.must_start_clean = false;
        env.oracle.connack(link, ack.session_present, env.now);
        if env.oracle.continues(link, self.session) {
            self.note_releases();
            self.resend(env);
        } else {
            self.forget_session();
        }
        self.session = env.oracle.epoch_of(link);
        if !keep_alive.is_zero() {
            env.plan_client(self.number, keep_alive.mul_f32(0.6), Errand::Ping(link));
        }
    }

    fn terms(&self, ack: &ConnAck<'_>, env: &mut Env) -> Terms {
        let properties = &ack.properties;
        let secs = properties.server_keep_alive().unwrap_or(self.profile.keep_alive_secs);
        if self.profile.id.is_empty() != properties.assigned_client_identifier().is_some()
            && self.profile.has_properties()
        {
            env.fail(format!("{}: an Assigned Client Identifier, or none", self.number));
        }
        let asked = self.profile.expiry_secs;
        let granted = asked.min(env.plan.options.settings.limits.session_expiry_max_secs);
        if self.profile.has_properties() && properties.session_expiry_interval().unwrap_or(asked) != granted {
            env.fail(format!("{}: CONNACK grants another Session Expiry Interval", self.number));
        }
        let max = properties.maximum_packet_size().and_then(|max| usize::try_from(max).ok());
        if max != Some(env.plan.options.settings.limits.packet_bytes_max) && self.profile.has_properties() {
            env.fail(format!("{}: CONNACK allows packets of {max:?} bytes", self.number));
        }
        Terms {
            receive_maximum: usize::from(properties.receive_maximum().unwrap_or(u16::MAX)),
            alias_maximum: properties.topic_alias_maximum().unwrap_or(0),
            keep_alive: Duration::from_secs(u64::from(secs)),
        }
    }

    /// AUTH: a step of the exchange, or its end.
    pub(super) fn on_authentication(&mut self, packet: &Auth<'_>, env: &mut Env) {
        if packet.properties.authentication_method() != Some(METHOD) {
            return env.fail(format!("{}: AUTH without the method", self.number));
        }
        match packet.reason {
            ReasonCode::CONTINUE_AUTHENTICATION => {
                self.send_authentication(ReasonCode::CONTINUE_AUTHENTICATION, env)
            }
            ReasonCode::SUCCESS => {
                let Some(connection) = self.online() else { return };
                if std::mem::take(&mut connection.is_reauthenticating) {
                    env.oracle.hit(crate::coverage::Behaviour::Reauthenticated);
                } else {
                    env.fail(format!("{}: AUTH that nobody asked for", self.number));
                }
            }
            reason => env.fail(format!("{}: AUTH says {reason}", self.number)),
        }
    }

    pub(super) fn reauthenticate(&mut self, env: &mut Env) {
        let Some(connection) = self.online() else { return };
        if !std::mem::replace(&mut connection.is_reauthenticating, true) {
            self.send_authentication(ReasonCode::REAUTHENTICATE, env);
        }
    }

    fn send_authentication(&mut self, reason: ReasonCode, env: &mut Env) {
        let mut properties = PropertiesBuf::new();
        properties.push(Property::AuthenticationMethod(METHOD));
        properties.push(Property::AuthenticationData(b"proof"));
        self.send(&Packet::Auth(Auth { reason, properties: properties.as_properties() }), env);
    }

    /// Says goodbye; the session may be kept for another time than agreed.
    pub(super) fn leave(&mut self, reason: ReasonCode, env: &mut Env) {
        let Some(connection) = self.online() else { return };
        let link = connection.link;
        let may_change = self.profile.has_properties() && self.profile.expiry_secs > 0;
        let choices = [None, None, Some(0), Some(3), Some(u32::MAX)];
        let expiry_secs = env.rng.one_of(choices).filter(|_| may_change);
        let expiry_secs = if env.is_leaving && may_change { Some(0) } else { expiry_secs };
        let mut properties = PropertiesBuf::new();
        properties.extend(expiry_secs.map(Property::SessionExpiryInterval));
        if reason == ReasonCode::SUCCESS || self.profile.has_properties() {
            let disconnect = Disconnect { reason, properties: properties.as_properties() };
            self.send(&Packet::Disconnect(disconnect), env);
        }
        env.oracle.disconnecting(link, expiry_secs);
        self.abandon(link, env);
        env.close(link, Direction::ToBroker);
    }

    /// The link breaks, and the client knows.
    pub(super) fn lose(&mut self, breakage: Breakage, env: &mut Env) {
        if let Some(link) = self.link() {
            self.abandon(link, env);
            env.break_link(link, breakage);
        }
    }

    /// Nothing is heard from this link any more.
    fn abandon(&mut self, link: LinkId, env: &mut Env) {
        env.network.link_mut(link).is_client_open = false;
        self.phase = Phase::Offline;
        self.reconnect_soon(env);
    }

    pub(super) fn reconnect_soon(&mut self, env: &mut Env) {
        let longest = if env.is_resting { 100_000 } else { env.rng.one_of([20_000, 2_000_000, 15_000_000]) };
        let pause = env.rng.duration(&span(1_000, longest));
        env.plan_client(self.number, pause, Errand::Connect);
    }

    pub(super) fn give_up(&mut self, link: LinkId, env: &mut Env) {
        if matches!(&self.phase, Phase::Connecting(connection) if connection.link == link) {
            self.lose(Breakage::Reset, env);
        }
    }

    /// Keeps the connection alive, unless it is half dead.
    pub(super) fn ping(&mut self, link: LinkId, env: &mut Env) {
        let now = env.now;
        let Some(connection) = self.online().filter(|connection| connection.link == link) else { return };
        let keep_alive = connection.terms.keep_alive;
        let is_due = now.since(connection.last_sent_at) >= keep_alive.mul_f32(0.5);
        let is_dead = connection.reading == Reading::Stuck;
        if is_due && !is_dead {
            self.send(&Packet::PingReq, env);
        }
        env.plan_client(self.number, keep_alive.mul_f32(0.6), Errand::Ping(link));
    }

    /// A link of this client that never says what it wants.
    pub(crate) fn haunt(&mut self, link: LinkId, env: &mut Env) {
        let facts = ConnectFacts {
            client: self.number,
            dialect: self.profile.dialect(),
            clean_start: false,
            expiry_secs: 0,
            keep_alive_secs: 0,
            packet_bytes_max: None,
            will: None,
        };
        env.oracle.connecting(link, facts, env.now);
        self.ghosts.insert(link, Ghost::default());
    }

    /// Everything has come to rest: ends the session for good.
    pub(crate) fn retire(&mut self, env: &mut Env) {
        if self.is_online() {
            self.leave(ReasonCode::SUCCESS, env);
        }
        self.phase = Phase::Gone;
    }

    /// Comes back to end a session that is kept for it.
    pub(crate) fn come_back(&mut self, env: &mut Env) {
        if self.link().is_none() {
            self.connect(true, env);
        }
    }
}
