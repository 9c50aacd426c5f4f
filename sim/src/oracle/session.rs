use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use vouchmq_mqtt::engine::{CloseCause, ShardId};
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{Dialect, ReasonCode};

use super::message::MessageNo;
use super::subscription::Subscription;
use super::{Oracle, TICK};
use crate::client::ClientNo;
use crate::coverage::Behaviour;
use crate::network::LinkId;
use crate::plan::Profile;
use crate::rights::Rights;

/// One session from its beginning to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EpochNo(usize);

/// What a CONNECT says.
#[derive(Clone, Debug)]
pub(crate) struct ConnectFacts {
    pub(crate) client: ClientNo,
    pub(crate) dialect: Dialect,
    pub(crate) clean_start: bool,
    pub(crate) expiry_secs: u32,
    pub(crate) keep_alive_secs: u16,
    pub(crate) packet_bytes_max: Option<u32>,
    pub(crate) will: Option<WillFacts>,
}

/// What a CONNECT says about a will.
#[derive(Clone, Debug)]
pub(crate) struct WillFacts {
    pub(crate) message: MessageNo,
    pub(crate) delay: Duration,
}

/// What the authenticator decided for a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ruling {
    Allowed {
        rights: Rights,
        until: Timestamp,
    },
    Refused(ReasonCode),
    /// No answer is ever given.
    Silence,
}

#[derive(Debug)]
pub(super) struct Client {
    /// It has a Client Identifier of its own, so that its session can be found again.
    pub(super) is_named: bool,
    pub(super) epoch: Option<EpochNo>,
    /// When its queue was last seen full while something was dropped.
    pub(super) queue_full_at: Option<Timestamp>,
    pub(super) packet_bytes_max: usize,
    /// It was privileged on every connection.
    pub(super) is_always_privileged: bool,
}

/// One network connection.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) facts: ConnectFacts,
    pub(super) opened_at: Timestamp,
    pub(super) ruling: Option<Ruling>,
    /// Where the client belongs to.
    shard: ShardId,
    pub(super) epoch: Option<EpochNo>,
    pub(super) is_first_of_epoch: bool,
    pub(super) connected_at: Option<Timestamp>,
    pub(super) closed: Option<(CloseCause, Timestamp)>,
    /// What CONNACK has to say about a stored session, where that is sure.
    expected_present: Option<bool>,
    /// The Session Expiry Interval of the client's DISCONNECT.
    pub(super) last_expiry_secs: Option<u32>,
    /// The broker gave up on its last bytes.
    pub(super) is_aborted: bool,
    /// The operator closed it with this reason.
    pub(super) operator: Option<ReasonCode>,
    /// About something that its client wanted to do, nobody could say whether it may.
    pub(super) is_undecided: bool,
}

#[derive(Debug)]
pub(super) struct Epoch {
    pub(super) client: ClientNo,
    pub(super) started_at: Timestamp,
    /// It has surely not ended before this.
    pub(super) sure_until: Timestamp,
    /// It has surely ended by then.
    pub(super) maybe_until: Timestamp,
    pub(super) live: Option<LinkId>,
    /// When it had a connection: from, until.
    pub(super) online: Vec<(Timestamp, Timestamp)>,
    pub(super) subscriptions: Vec<Subscription>,
    /// Messages that it has to be given, and since when they could be judged.
    pub(super) owed: BTreeMap<MessageNo, Timestamp>,
}

impl Client {
    pub(super) fn new(profile: &Profile) -> Self {
        Self {
            is_named: !profile.id.is_empty(),
            epoch: None,
            queue_full_at: None,
            packet_bytes_max: usize::MAX,
            is_always_privileged: profile.privilege == 1000,
        }
    }
}

impl Epoch {
    fn new(client: ClientNo, now: Timestamp) -> Self {
        Self {
            client,
            started_at: now,
            sure_until: Timestamp::NEVER,
            maybe_until: Timestamp::NEVER,
            live: None,
            online: Vec::new(),
            subscriptions: Vec::new(),
            owed: BTreeMap::new(),
        }
    }

    /// Whether it surely existed from one instant to another.
    pub(super) fn is_sure(&self, from: Timestamp, until: Timestamp) -> bool {
        self.started_at <= from && until <= self.sure_until
    }

    /// Whether it had a connection from one instant to another.
    pub(super) fn was_online(&self, from: Timestamp, until: Timestamp) -> bool {
        self.online.iter().any(|(start, end)| *start <= from && until <= *end)
    }

    /// Whether it had no connection at any time from one instant to another.
    pub(super) fn was_offline(&self, from: Timestamp, until: Timestamp) -> bool {
        self.started_at <= from && !self.online.iter().any(|(start, end)| *start <= until && from <= *end)
    }
}

impl Oracle {
    /// A client sends CONNECT on a new link.
    pub(crate) fn connecting(&mut self, link: LinkId, facts: ConnectFacts, now: Timestamp) {
        let client = &mut self.clients[facts.client.index()];
        let max = facts.packet_bytes_max.map_or(usize::MAX, |max| usize::try_from(max).unwrap_or(usize::MAX));
        client.packet_bytes_max = client.packet_bytes_max.min(max);
        let record = Link {
            facts,
            opened_at: now,
            ruling: None,
            shard: ShardId(0),
            epoch: None,
            is_first_of_epoch: false,
            connected_at: None,
            closed: None,
            expected_present: None,
            last_expiry_secs: None,
            is_aborted: false,
            operator: None,
            is_undecided: false,
        };
        self.links.insert(link, record);
    }

    /// The authenticator has decided, or never will.
    pub(crate) fn ruled(&mut self, link: LinkId, ruling: Ruling) {
        if let Some(record) = self.links.get_mut(&link) {
            record.ruling = Some(ruling);
        }
    }

    /// A client says DISCONNECT, perhaps with another Session Expiry Interval.
    pub(crate) fn disconnecting(&mut self, link: LinkId, expiry_secs: Option<u32>) {
        if let Some(record) = self.links.get_mut(&link) {
            record.last_expiry_secs = expiry_secs;
        }
    }

    /// An engine says that a client is connected.
    pub(crate) fn connected(&mut self, link: LinkId, id: &str, shard: ShardId, now: Timestamp) {
        let Some(record) = self.links.get(&link) else {
            return self.fail(now, format!("{link} is connected and never sent CONNECT"));
        };
        let (client, clean_start) = (record.facts.client, record.facts.clean_start);
        if !matches!(record.ruling, Some(Ruling::Allowed { .. })) {
            return self.fail(now, format!("{link} of {client} was let in and nobody decided that"));
        }
        self.hit(Behaviour::Connected);
        self.ids.insert(id.into(), client);
        let known = self.clients[client.index()].epoch.filter(|_| self.clients[client.index()].is_named);
        if let Some(live) = known.and_then(|epoch| self.epochs[epoch.0].live) {
            return self.fail(now, format!("{client} is connected by {live} and by {link} at once"));
        }
        let (epoch, is_first, expected_present) = match known {
            Some(epoch) if clean_start => {
                self.end_epoch(epoch, now);
                (self.begin_epoch(client, now), true, Some(false))
            }
            // A CONNECT finds no session whose time is over, however late its timer is.
            Some(epoch) if now < self.epochs[epoch.0].sure_until => (epoch, false, Some(true)),
            Some(_) | None => (self.begin_epoch(client, now), true, Some(false)),
        };
        for will in self.wills.connected(client, now, is_first, &mut self.coverage) {
            self.read(will, now);
        }
        let state = &mut self.epochs[epoch.0];
        state.sure_until = Timestamp::NEVER;
        state.maybe_until = Timestamp::NEVER;
        state.live = Some(link);
        state.online.push((now, Timestamp::NEVER));
        self.clients[client.index()].epoch = Some(epoch);
        // Its queue may have been the full one a moment ago: its own will, and then it drains what waits.
        if self.shards[usize::from(shard.0)].queue_full_at == Some(now) {
            self.clients[client.index()].queue_full_at = Some(now);
        }
        if let Some(record) = self.links.get_mut(&link) {
            record.shard = shard;
            record.epoch = Some(epoch);
            record.is_first_of_epoch = is_first;
            record.connected_at = Some(now);
            record.expected_present = expected_present;
        }
    }

    /// A client is told that it is connected.
    pub(crate) fn connack(&mut self, link: LinkId, session_present: bool, now: Timestamp) {
        let Some(record) = self.links.get(&link) else { return };
        let client = record.facts.client;
        if record.connected_at.is_none() {
            return self.fail(now, format!("{client} has CONNACK and is not connected"));
        }
        if !record.facts.dialect.has_session_present() {
            return;
        }
        if let Some(expected) = record.expected_present.filter(|expected| *expected != session_present) {
            return self.fail(
                now,
                format!("{client} is told Session Present {session_present} and it is {expected}"),
            );
        }
        if session_present {
            self.hit(Behaviour::Resumed);
        }
    }

    /// Whether a link goes on with the session that its client had.
    ///
    /// An MQTT 3.1 client is not told at all, and one that connects several times at once is told about a
    /// session that its other connection may just have begun.
    pub(crate) fn continues(&self, link: LinkId, session: Option<EpochNo>) -> bool {
        self.epoch_of(link).is_some_and(|current| Some(current) == session)
    }

    /// An engine gives up a connection.
    pub(crate) fn closed(&mut self, link: LinkId, cause: &CloseCause, now: Timestamp) {
        self.judge_closing(link, cause, now);
        let cap = self.rules.limits.session_expiry_max_secs;
        let Some(record) = self.links.get_mut(&link) else { return };
        if record.closed.is_some() {
            return;
        }
        record.closed = Some((cause.clone(), now));
        let is_said = matches!(cause, CloseCause::Disconnected(_));
        let asked = record.last_expiry_secs.filter(|_| is_said).unwrap_or(record.facts.expiry_secs);
        let (client, shard) = (record.facts.client, record.shard);
        let (will, expiry_secs) = (record.facts.will.clone(), asked.min(cap));
        let Some(epoch) = record.epoch else { return };
        let state = &mut self.epochs[epoch.0];
        state.live = None;
        if let Some((_, until)) = state.online.last_mut() {
            *until = now;
        }
        if *cause == CloseCause::ShuttingDown {
            return;
        }
        let lifetime = Duration::from_secs(u64::from(expiry_secs));
        if expiry_secs != u32::MAX {
            state.sure_until = now.after(lifetime);
            state.maybe_until = state.sure_until.after(TICK);
        }
        if expiry_secs == 0 {
            self.end_epoch(epoch, now);
        }
        match will {
            Some(_) if *cause == CloseCause::Disconnected(ReasonCode::SUCCESS) => {
                self.hit(Behaviour::WillCancelled);
            }
            Some(will) => self.wills.schedule(client, shard, &will, now.after(will.delay.min(lifetime))),
            None => {}
        }
    }

    /// The session is over: what it was owed is not owed any more.
    pub(super) fn end_epoch(&mut self, epoch: EpochNo, now: Timestamp) {
        let state = &mut self.epochs[epoch.0];
        if state.sure_until < now {
            self.coverage.hit(Behaviour::Expired);
        }
        let state = &mut self.epochs[epoch.0];
        state.sure_until = state.sure_until.min(now);
        state.maybe_until = state.maybe_until.min(now);
        state.owed.clear();
    }

    fn begin_epoch(&mut self, client: ClientNo, now: Timestamp) -> EpochNo {
        if let Some(old) =
            self.clients[client.index()].epoch.filter(|_| self.clients[client.index()].is_named)
        {
            self.end_epoch(old, now);
        }
        self.epochs.push(Epoch::new(client, now));
        EpochNo(self.epochs.len() - 1)
    }

    pub(super) fn epoch(&self, epoch: EpochNo) -> &Epoch {
        &self.epochs[epoch.0]
    }

    pub(super) fn epoch_mut(&mut self, epoch: EpochNo) -> &mut Epoch {
        &mut self.epochs[epoch.0]
    }

    pub(super) fn epoch_numbers(&self) -> impl Iterator<Item = EpochNo> + use<> {
        (0..self.epochs.len()).map(EpochNo)
    }

    pub(super) fn client(&self, client: ClientNo) -> &Client {
        &self.clients[client.index()]
    }

    /// Whose Client Identifier it is.
    pub(super) fn client_named(&self, id: &str) -> Option<ClientNo> {
        self.ids.get(id).copied()
    }

    /// The session may still be there.
    pub(crate) fn may_have_session(&self, client: ClientNo, now: Timestamp) -> bool {
        let record = &self.clients[client.index()];
        record.is_named && record.epoch.is_some_and(|epoch| now <= self.epochs[epoch.0].maybe_until)
    }

    /// The link by which a client with an identifier of its own is connected.
    pub(crate) fn live_link(&self, client: ClientNo) -> Option<LinkId> {
        let record = &self.clients[client.index()];
        record.epoch.filter(|_| record.is_named).and_then(|epoch| self.epochs[epoch.0].live)
    }

    /// The rights of a link that was let in.
    pub(crate) fn rights(&self, link: LinkId) -> Option<Rights> {
        self.links.get(&link).filter(|record| record.connected_at.is_some())?;
        self.rights_of(link)
    }

    /// Nobody can say, or says in time, what the client of a link may do.
    pub(crate) fn undecided(&mut self, link: LinkId) {
        if let Some(record) = self.links.get_mut(&link) {
            record.is_undecided = true;
        }
    }

    pub(super) fn is_undecided(&self, link: LinkId) -> bool {
        self.links.get(&link).is_some_and(|record| record.is_undecided)
    }

    pub(crate) fn known_id(&self, client: ClientNo) -> Option<Rc<str>> {
        self.ids.iter().find(|(_, known)| **known == client).map(|(id, _)| id.clone())
    }
}
