//! Clients as the standard wants them: they keep their session state, resend, acknowledge in order and stay
//! within what the broker allows. Whatever they find odd is the broker's fault.

mod connect;
mod inbound;
mod incoming;
mod outbound;
mod outgoing;
mod reading;
mod session;
mod subscribe;
mod turn;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{PacketId, ReasonCode};

use crate::network::LinkId;
use crate::oracle::EpochNo;
use crate::plan::Profile;
use crate::world::Env;
use outgoing::Outgoing;
use reading::Reading;
use subscribe::Request;

/// One client of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ClientNo(u16);

/// Something that a client does at its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Errand {
    /// Its next turn of the workload.
    Act,
    /// Sends acknowledgements that are due.
    Acknowledge(LinkId),
    /// Looks whether the broker has to hear something.
    Ping(LinkId),
    Connect,
    /// Waits for CONNACK no longer.
    GiveUp(LinkId),
}

/// One client: its session state, and the connection it has.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) number: ClientNo,
    pub(crate) profile: Profile,
    phase: Phase,
    /// Identifiers of QoS 2 messages that await PUBREL, and which messages they are.
    inbound: BTreeMap<PacketId, Option<u32>>,
    /// QoS 2 messages that were refused; the broker may not know yet.
    refused: BTreeMap<PacketId, Option<u32>>,
    /// Messages that the broker has not taken over, in order.
    outbound: VecDeque<Outgoing>,
    last_packet_id: PacketId,
    requests: BTreeMap<PacketId, Request>,
    /// What it believes to have subscribed to.
    subscriptions: BTreeSet<Rc<str>>,
    /// The session that its state belongs to.
    session: Option<EpochNo>,
    /// It has thrown its state away: the broker has to do the same.
    must_start_clean: bool,
    /// Connections that it does not care about any more, but still hears.
    ghosts: BTreeMap<LinkId, Ghost>,
}

#[derive(Debug)]
enum Phase {
    Offline,
    /// CONNECT is sent.
    Connecting(Box<Connection>),
    Online(Box<Connection>),
    /// It has left for good.
    Gone,
}

/// The one connection that a client uses.
#[derive(Debug)]
struct Connection {
    link: LinkId,
    /// So many seconds it outlives its connection.
    expiry_secs: u32,
    incoming: Incoming,
    terms: Terms,
    /// Aliases that this client defined.
    aliases_sent: BTreeMap<Rc<str>, u16>,
    /// Aliases that the broker defined.
    aliases_known: BTreeMap<u16, Rc<str>>,
    /// Messages of the broker that are not finished on this connection.
    open: BTreeSet<PacketId>,
    /// Acknowledgements that are due, in the order of what they acknowledge.
    acknowledgements: VecDeque<outbound::Acknowledgement>,
    /// Identifiers that were released without being in use.
    released: BTreeSet<PacketId>,
    is_reauthenticating: bool,
    last_sent_at: Timestamp,
    reading: Reading,
}

/// A connection that a client only listens to.
#[derive(Debug, Default)]
struct Ghost {
    incoming: Incoming,
}

/// The start of a packet, and how the broker said goodbye.
#[derive(Debug, Default)]
struct Incoming {
    bytes: Vec<u8>,
    said: Option<ReasonCode>,
}

/// What the broker's CONNACK allows.
#[derive(Clone, Debug, Default)]
struct Terms {
    receive_maximum: usize,
    alias_maximum: u16,
    keep_alive: Duration,
}

impl ClientNo {
    pub(crate) fn new(number: usize) -> Self {
        Self(u16::try_from(number).unwrap_or(u16::MAX))
    }

    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl std::fmt::Display for ClientNo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "client {}", self.0)
    }
}

impl Client {
    pub(crate) fn new(number: ClientNo, profile: Profile) -> Self {
        Self {
            number,
            profile,
            phase: Phase::Offline,
            inbound: BTreeMap::new(),
            refused: BTreeMap::new(),
            outbound: VecDeque::new(),
            last_packet_id: PacketId::MIN,
            requests: BTreeMap::new(),
            subscriptions: BTreeSet::new(),
            session: None,
            must_start_clean: false,
            ghosts: BTreeMap::new(),
        }
    }

    /// Does what is due.
    pub(crate) fn run(&mut self, errand: Errand, env: &mut Env) {
        match errand {
            Errand::Act => self.act(env),
            Errand::Acknowledge(link) => self.acknowledge_due(link, env),
            Errand::Ping(link) => self.ping(link, env),
            Errand::Connect => self.connect_again(env),
            Errand::GiveUp(link) => self.give_up(link, env),
        }
    }

    /// The connection that it uses, if the broker has let it in.
    fn online(&mut self) -> Option<&mut Connection> {
        match &mut self.phase {
            Phase::Online(connection) => Some(connection),
            Phase::Offline | Phase::Connecting(_) | Phase::Gone => None,
        }
    }

    fn connection(&mut self) -> Option<&mut Connection> {
        match &mut self.phase {
            Phase::Online(connection) | Phase::Connecting(connection) => Some(connection),
            Phase::Offline | Phase::Gone => None,
        }
    }

    pub(crate) fn link(&self) -> Option<LinkId> {
        match &self.phase {
            Phase::Online(connection) | Phase::Connecting(connection) => Some(connection.link),
            Phase::Offline | Phase::Gone => None,
        }
    }

    pub(crate) fn is_online(&self) -> bool {
        matches!(self.phase, Phase::Online(_))
    }

    /// What it waits for, for whoever wonders why there is no rest.
    pub(crate) fn waits_for(&self) -> Option<String> {
        let Phase::Online(connection) = &self.phase else {
            return matches!(self.phase, Phase::Connecting(_)).then(|| "CONNACK".to_owned());
        };
        if let Some(outgoing) = self.outbound.front() {
            return Some(format!("an answer to {outgoing}"));
        }
        if !self.requests.is_empty() {
            return Some("SUBACK or UNSUBACK".to_owned());
        }
        if !self.inbound.is_empty() || !connection.acknowledgements.is_empty() {
            return Some("PUBREL".to_owned());
        }
        connection.is_reauthenticating.then(|| "AUTH".to_owned())
    }
}
