use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use vouchmq_mqtt::engine::ShardId;
use vouchmq_mqtt::time::Timestamp;

use crate::agenda::{Agenda, Breakage, Event};
use crate::client::{ClientNo, Errand};
use crate::network::{Direction, LinkId, Network, Wind};
use crate::oracle::{MessageNo, Oracle};
use crate::plan::Plan;
use crate::seed::Rng;
use crate::trace::Trace;

/// What clients and drivers live in: time, chance, the network, and somebody who watches.
pub(crate) struct Env {
    pub(crate) now: Timestamp,
    pub(crate) rng: Rng,
    pub(crate) agenda: Agenda,
    pub(crate) network: Network,
    pub(crate) oracle: Oracle,
    pub(crate) trace: Trace,
    pub(crate) plan: Rc<Plan>,
    pub(crate) shard_count: usize,
    /// Nothing is begun any more: what was begun comes to its end.
    pub(crate) is_resting: bool,
    /// The broker shuts down: nobody comes back.
    pub(crate) is_over: bool,
    /// Every client ends its session.
    pub(crate) is_leaving: bool,
    /// The client that looks at all retained messages, and what it found.
    pub(crate) probe: Option<(ClientNo, BTreeMap<Rc<str>, MessageNo>)>,
}

impl Env {
    pub(crate) fn note(&mut self, line: impl FnOnce() -> String) {
        self.trace.note(self.now, line);
    }

    pub(crate) fn fail(&mut self, what: impl Into<String>) {
        self.oracle.fail(self.now, what);
    }

    pub(crate) fn plan_client(&mut self, client: ClientNo, pause: Duration, errand: Errand) {
        self.agenda.plan(self.now.after(pause), Event::Client(client, errand));
    }

    /// Messages without acknowledgement reach everybody some time.
    pub(crate) fn plan_settling(&mut self) {
        for (at, message) in self.oracle.take_settling() {
            self.agenda.plan(at, Event::Settled(message));
        }
    }

    pub(crate) fn connect(&mut self, client: ClientNo, shard: ShardId) -> LinkId {
        let (network, mut wind) = self.wind();
        network.connect(client, shard, &mut wind)
    }

    /// A client sends bytes.
    pub(crate) fn send(&mut self, link: LinkId, to: Direction, bytes: &[u8]) {
        self.write(link, to, bytes, Timestamp::NEVER);
    }

    /// Somebody writes bytes, at a time when the journal had all that was read before `safe_through`.
    pub(crate) fn write(&mut self, link: LinkId, to: Direction, bytes: &[u8], safe_through: Timestamp) {
        self.trace.digest_bytes(self.now, bytes);
        let (network, mut wind) = self.wind();
        network.send(link, to, bytes, safe_through, &mut wind);
    }

    pub(crate) fn close(&mut self, link: LinkId, to: Direction) {
        let (network, mut wind) = self.wind();
        network.close(link, to, &mut wind);
    }

    pub(crate) fn break_link(&mut self, link: LinkId, breakage: Breakage) {
        self.note(|| format!("{link} breaks: {breakage:?}"));
        let (network, mut wind) = self.wind();
        network.break_link(link, breakage, &mut wind);
    }

    pub(crate) fn notice_vanished(&mut self, link: LinkId) {
        let (network, mut wind) = self.wind();
        network.notice_vanished(link, &mut wind);
    }

    /// A client has made room for more.
    pub(crate) fn client_took(&mut self, link: LinkId) {
        if self.network.link(link).is_blocked {
            self.network.link_mut(link).is_blocked = false;
            self.agenda.plan(self.now, Event::BrokerWrites(link));
        }
    }

    /// The probe has found a retained message.
    pub(crate) fn found(&mut self, client: ClientNo, topic: &Rc<str>, message: MessageNo) {
        if let Some((probe, found)) = &mut self.probe
            && *probe == client
        {
            found.insert(topic.clone(), message);
        }
    }

    fn wind(&mut self) -> (&mut Network, Wind<'_>) {
        (&mut self.network, Wind { now: self.now, rng: &mut self.rng, agenda: &mut self.agenda })
    }
}
