use std::collections::{BTreeMap, VecDeque};

use vouchmq_mqtt::ConnectionId;
use vouchmq_mqtt::engine::{Engine, Mail, ShardId};
use vouchmq_mqtt::time::Timestamp;

use crate::network::LinkId;
use crate::plan::Plan;

/// One engine and what its driver keeps.
pub(super) struct Shard {
    pub(super) engine: Engine,
    /// Links by connection: position and generation.
    links: BTreeMap<(u32, u32), LinkId>,
    pub(super) is_flush_planned: bool,
    /// The timer that is planned.
    pub(super) armed: Timestamp,
    /// Up to here the journal has been given everything.
    pub(super) journaled: u64,
    pub(super) journal_free_at: Timestamp,
    /// Mail on its way from each other engine, in order.
    pub(super) inbox: Vec<VecDeque<Mail>>,
    /// When the last mail to each other engine arrives.
    pub(super) mail_arrives_at: Vec<Timestamp>,
}

impl Shard {
    pub(super) fn new(id: ShardId, plan: &Plan) -> Self {
        let count = usize::from(plan.options.shard_count);
        Self {
            engine: Engine::new(Timestamp::ZERO, id, plan.options.clone()),
            links: BTreeMap::new(),
            is_flush_planned: false,
            armed: Timestamp::NEVER,
            journaled: 0,
            journal_free_at: Timestamp::ZERO,
            inbox: (0..count).map(|_| VecDeque::new()).collect(),
            mail_arrives_at: vec![Timestamp::ZERO; count],
        }
    }

    pub(super) fn link_of(&self, connection: ConnectionId) -> Option<LinkId> {
        self.links.get(&(connection.index, connection.generation)).copied()
    }

    pub(super) fn insert(&mut self, connection: ConnectionId, link: LinkId) {
        self.links.insert((connection.index, connection.generation), link);
    }

    pub(super) fn remove(&mut self, connection: ConnectionId) -> Option<LinkId> {
        self.links.remove(&(connection.index, connection.generation))
    }

    /// The links of all connections.
    pub(super) fn links(&self) -> impl Iterator<Item = LinkId> {
        self.links.values().copied()
    }

    /// Nothing is on its way to this engine, and it has nothing to write, to send, or to make safe.
    pub(super) fn is_quiet(&self) -> bool {
        self.inbox.iter().all(VecDeque::is_empty) && !self.engine.has_output()
    }
}
