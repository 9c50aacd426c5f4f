//! The broker of one shard: connections, sessions, subscriptions and routing, driven by inputs.
//!
//! An [`Engine`] never waits and never fails for outside reasons. It is told what happened (bytes, verdicts,
//! mail of other engines, time) and answers with bytes in outboxes, [`Action`]s and mail. The driver calls,
//! in any order:
//!
//! 1. [`Engine::open`], [`Engine::open_refused`], [`Engine::receive`], [`Engine::input`], [`Engine::deliver_mail`],
//!    [`Engine::handle_timeout`]: something happened;
//! 2. [`Engine::poll_action`], [`Engine::should_write`], [`Engine::poll_dirty`] with [`Engine::outbox`] and [`Engine::written`],
//!    [`Engine::take_mail`], [`Engine::unpersisted`], [`Engine::work`]: what is to be done;
//! 3. [`Engine::poll_timeout`]: the only timer to arm.
//!
//! A client belongs to the engine that [`Engine::owner_of`] names: its connection is moved there before
//! anything of the session is touched, so that takeover, order and delivery are decided in one place.

mod acknowledge;
mod action;
mod announce;
mod authenticate;
mod census;
mod clients;
mod close;
mod connect;
mod control;
mod deliver;
mod due_wills;
mod frames;
mod input;
mod inquire;
mod inquiries;
mod instruct;
mod interest;
mod mail;
mod options;
mod publish;
mod pump;
mod receive;
mod replay;
mod resume;
mod route;
mod share;
mod stats;
mod subscribe;
mod timers;
mod wills;

pub use action::{Action, Authentication, CloseCause, Credentials};
pub use census::Census;
pub use control::{ClientState, SubscriptionState, WillState};
pub use input::{Decision, Input, Permit};
pub use inquiries::{Inquiries, InquiryId};
pub use instruct::{PublishFault, Published};
pub use mail::{Mail, OpenMail};
pub use options::{DenyAction, EngineOptions, EngineSettings, SharePolicy};
pub use stats::Stats;

use std::collections::VecDeque;

use crate::authorize::Permission;
use crate::connection::ConnectionId;
use crate::outbox::Outbox;
use crate::session::SessionId;
use crate::time::Timestamp;
use crate::topic::{FilterId, FilterMap};
use crate::wheel::Wheel;
use announce::PendingSubscribes;
use clients::Clients;
use due_wills::DueWills;
use frames::Frames;
use inquiries::OpenInquiries;
use interest::Interest;
use mail::Mailboxes;
use share::Groups;
use timers::Timer;

/// One engine among those of a process, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardId(pub u16);

/// The most engines that may share their clients.
pub const SHARDS_MAX: u16 = 64;

/// The broker of one shard. See the [module](self).
#[derive(Debug)]
pub struct Engine {
    shard: ShardId,
    options: EngineOptions,
    clients: Clients,
    interests: FilterMap<Interest>,
    groups: Groups,
    mailboxes: Mailboxes,
    pending_subscribes: PendingSubscribes,
    inquiries: OpenInquiries,
    /// When what is handled now was read, where it has waited since.
    read_at: Option<Timestamp>,
    wills: DueWills,
    timers: Wheel<Timer>,
    actions: VecDeque<Action>,
    /// Sessions that go on reading retained messages in the next turn.
    replaying: VecDeque<SessionId>,
    /// Connections that may be read from again in the next turn.
    resumable: Vec<ConnectionId>,
    /// Filters that match the message at hand; kept for its memory.
    matched: Vec<FilterId>,
    assigned_count: u64,
    /// Encodings of the message at hand; kept for their memory.
    frames: Frames,
    is_draining: bool,
}

impl Engine {
    /// An engine without clients. Engines that work together get the same `options` and different `shard`s.
    pub fn new(now: Timestamp, shard: ShardId, options: EngineOptions) -> Self {
        Self {
            shard,
            clients: Clients::new(&options),
            interests: FilterMap::new(options.hash_seed.clone()),
            groups: Groups::new(options.settings.share_policy),
            mailboxes: Mailboxes::new(shard, options.shard_count),
            pending_subscribes: PendingSubscribes::default(),
            inquiries: OpenInquiries::default(),
            read_at: None,
            wills: DueWills::default(),
            timers: Wheel::new(now),
            actions: VecDeque::new(),
            replaying: VecDeque::new(),
            resumable: Vec::new(),
            matched: Vec::new(),
            assigned_count: 0,
            frames: Frames::default(),
            is_draining: false,
            options,
        }
    }

    /// Which engine this is.
    pub fn shard(&self) -> ShardId {
        self.shard
    }

    /// How long a network connection may take to its CONNECT.
    pub fn connect_deadline(&self) -> std::time::Duration {
        self.options.settings.limits.connect_deadline
    }

    /// The engine that the client `client_id` belongs to; the same answer on every engine.
    pub fn owner_of(&self, client_id: &str) -> ShardId {
        ShardId(self.share_out(self.options.hash_seed.hash(client_id.as_bytes())))
    }

    /// The next thing that the driver has to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// A connection whose outbox has something to write; named once until it has new bytes.
    pub fn poll_dirty(&mut self) -> Option<ConnectionId> {
        self.clients.poll_dirty()
    }

    /// Names a connection again by [`Engine::poll_dirty`]: the driver has not written all that it could.
    pub fn mark_dirty(&mut self, connection: ConnectionId) {
        self.clients.mark_dirty(connection);
    }

    /// Whether an outbox has begun to fill up since this was asked last: what waits should be written before
    /// more is received, or receivers lag that could have kept up.
    pub fn should_write(&mut self) -> bool {
        self.clients.take_filling_up()
    }

    /// What waits to be written on a connection.
    pub fn outbox(&self, connection: ConnectionId) -> Option<&Outbox> {
        self.clients.connection(connection)?.outbox.as_deref()
    }

    /// When [`Engine::handle_timeout`] has to be called, unless something else happens first.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.timers.next_deadline()
    }

    /// There is something to write, to send to other engines, to make safe, or to go on with.
    pub fn has_output(&self) -> bool {
        self.clients.has_dirty()
            || self.mailboxes.has_mail()
            || self.pending_subscribes.needs_barrier()
            || self.clients.has_unpersisted()
            || !self.replaying.is_empty()
            || !self.resumable.is_empty()
    }

    /// What was counted so far.
    pub fn stats(&self) -> &Stats {
        &self.clients.stats
    }

    fn share_out(&self, hash: u64) -> u16 {
        let count = u64::from(self.options.shard_count.max(1));
        u16::try_from((hash >> 32) % count).unwrap_or(0)
    }
}

pub(crate) fn is_allowed(permission: Permission) -> bool {
    matches!(permission, Permission::Allowed)
}
