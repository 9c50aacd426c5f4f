use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;
use vouchmq_mqtt::engine::{Engine, EngineSettings, Input, ShardId};
use vouchmq_mqtt::retained::{RetainedLimits, SharedRetained};
use vouchmq_mqtt::time::Timestamp;

use crate::BrokerSettings;
use crate::admission::Admission;
use crate::clock::{Monotonic, WallClock};
use crate::listeners::Listeners;
use crate::shard::ShardView;
use crate::shard::mailbox::{Mailbox, Message};
use crate::trace::Traces;
use crate::verify::{Elsewhere, Queue};

mod clients;
mod cursor;
mod instruct;
mod limits;
mod peaks;
mod retained;
mod sessions;
mod stats;
mod subscriptions;
mod trace;
mod walk;

pub use clients::{ClientFilter, ClientPage, ClientQuery, ClientStatus};
pub use cursor::{ClientCursor, InvalidCursor, RetainedCursor, SubscriptionCursor};
pub use limits::LimitsInForce;
pub use peaks::PeakStats;
pub(crate) use peaks::Peaks;
pub use retained::{RetainedPage, RetainedQuery};
pub use stats::{BrokerStats, HandshakeStats, InquiryStats};
pub use subscriptions::{SubscriptionPage, SubscriptionQuery, SubscriptionStatus};

/// Looks into a running broker and acts on its clients. Cheap to clone; usable from any runtime.
#[derive(Clone, Debug)]
pub struct Control {
    pub(crate) mailboxes: Arc<[Mailbox]>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) retained: SharedRetained,
    pub(crate) elsewhere: Arc<Elsewhere>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) inquiries: Arc<Elsewhere>,
    pub(crate) settings: Arc<Mutex<BrokerSettings>>,
    pub(crate) listeners: Arc<Mutex<Listeners>>,
    pub(crate) peaks: Arc<Peaks>,
    pub(crate) clock: Monotonic,
    pub(crate) traces: Arc<Traces>,
}

impl Control {
    /// The time now, as messages and engines count it.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How many threads serve clients.
    pub fn shard_count(&self) -> u16 {
        u16::try_from(self.mailboxes.len()).unwrap_or(u16::MAX)
    }

    /// The clock that turns the time of messages and engines into the time of day.
    pub fn wall_clock(&self) -> WallClock {
        WallClock::now(&self.clock)
    }

    /// Goes on with other settings, from now on; nobody is disconnected by it. What is beyond a new bound already
    /// stays: connections, retained messages, what waits in sessions.
    pub fn reconfigure(&self, engine: &EngineSettings, retained: RetainedLimits, settings: BrokerSettings) {
        self.retained.set_limits(retained);
        self.admission.set_limits(settings.connection_limits(), settings.memory_max());
        *self.settings.lock() = settings;
        for mailbox in self.mailboxes.iter() {
            mailbox.send(Message::Input(Input::Reconfigure(Box::new(engine.clone()))));
        }
    }

    /// Puts a question to every shard, at once; one that has ended does not answer.
    pub(crate) fn ask_all<T, Q>(&self, question: Q) -> impl Future<Output = Vec<T>> + Send + use<T, Q>
    where
        T: Send + 'static,
        Q: Fn(&ShardView<'_>) -> T + Clone + Send + 'static,
    {
        let ask = |mailbox: &Mailbox| {
            let (reply, answer) = oneshot::channel();
            let question = question.clone();
            mailbox.send(Message::Inspect(Box::new(move |view| {
                let _ = reply.send(question(view));
            })));
            answer
        };
        let answers: Vec<_> = self.mailboxes.iter().map(ask).collect();
        async move {
            let mut all = Vec::new();
            for answer in answers {
                all.extend(answer.await);
            }
            all
        }
    }

    /// Puts a question to one shard; `None` when it has ended, or was never there.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        shard: ShardId,
        question: impl FnOnce(&ShardView<'_>) -> T + Send + 'static,
    ) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.mailboxes.get(usize::from(shard.0))?.send(Message::Inspect(Box::new(move |view| {
            let _ = reply.send(question(view));
        })));
        answer.await.ok()
    }

    /// Has the engine of every shard do something, at once; one that has ended does not answer.
    fn instruct_all<T: Send + 'static>(
        &self,
        instruction: impl Fn(&mut Engine, Timestamp) -> T + Clone + Send + 'static,
    ) -> impl Future<Output = Vec<T>> + Send {
        let answers: Vec<_> =
            self.mailboxes.iter().map(|mailbox| instruct(mailbox, instruction.clone())).collect();
        async move {
            let mut all = Vec::new();
            for answer in answers {
                all.extend(answer.await);
            }
            all
        }
    }
}

/// Has the engine of a shard do something.
fn instruct<T: Send + 'static>(
    mailbox: &Mailbox,
    instruction: impl FnOnce(&mut Engine, Timestamp) -> T + Send + 'static,
) -> oneshot::Receiver<T> {
    let (reply, answer) = oneshot::channel();
    mailbox.send(Message::Instruct(Box::new(move |engine, now| {
        // Who asked may have gone: it is done all the same.
        let _ = reply.send(instruction(engine, now));
    })));
    answer
}
