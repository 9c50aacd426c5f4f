use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::oneshot;
use vouchmq_mqtt::engine::{ClientState, EngineSettings, Input, ShardId, Stats, SubscriptionState};
use vouchmq_mqtt::retained::{RetainedLimits, SharedRetained};
use vouchmq_mqtt::topic::{TopicFault, TopicName};
use vouchmq_mqtt::{Message as MqttMessage, ReasonCode};

use crate::BrokerSettings;
use crate::admission::{Admission, HandshakeCounters, InquiryCounters, VerdictStats};
use crate::listeners::Listeners;
use crate::shard::ShardView;
use crate::shard::mailbox::{Mailbox, Message};
use crate::trace::Traces;
use crate::verify::{Elsewhere, Queue};

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
    pub(crate) traces: Arc<Traces>,
}

/// One client of the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientStatus {
    /// What its engine knows.
    pub client: ClientState,
    /// Where it is connected from; `None` when it is not, or over a Unix socket.
    pub peer: Option<SocketAddr>,
    /// The shard it belongs to.
    pub shard: ShardId,
}

/// What a broker counted since its start, all shards together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BrokerStats {
    /// The sum over all engines.
    pub engines: Stats,
    /// Open connections.
    pub connections: u64,
    /// Connections that were accepted.
    pub accepted: u64,
    /// Connections refused because there were too many in all.
    pub refused_total: u64,
    /// Connections refused because there were too many of their address.
    pub refused_address: u64,
    /// Connections refused because they came too fast from their address.
    pub refused_rate: u64,
    /// Connections refused because memory was short.
    pub refused_memory: u64,
    /// Connections closed because strangers, all together or those of one address, had sent too much.
    pub refused_strangers: u64,
    /// Newcomers refused because everybody waited too long for this machine, and they would have needed much of it.
    pub refused_overload: u64,
    /// Clients refused because there were too many at once, and told so only after a while.
    pub tarpitted: u64,
    /// Times that accepting paused because everybody waited too long for this machine.
    pub accept_delays: u64,
    /// Verifications that wait for a thread now.
    pub verify_queue: u64,
    /// How long everybody waits for such a thread: the minimum of the last interval.
    pub verify_queue_delay: Duration,
    /// How long everybody waits for its shard: the same, of the shard where it is longest.
    pub shard_queue_delay: Duration,
    /// What was decided about clients.
    pub verdicts: VerdictStats,
    /// Bytes of strangers that wait for the rest of a CONNECT or for a verdict.
    pub stranger_bytes: u64,
    /// Times that no connection could be accepted for want of descriptors.
    pub accept_pauses: u64,
    /// Logins delayed: too many failures or takeovers before, or connections that come too fast.
    pub delayed_logins: u64,
    /// Logins that are delayed now.
    pub delayed_waiting: u64,
    /// Logins refused because of too many failures or takeovers before.
    pub blocked_logins: u64,
    /// Of these: those who would have taken the place of a client whose id was taken over too often.
    pub blocked_takeovers: u64,
    /// Devices that have a connection.
    pub devices: u64,
    /// Connections ended because the authenticator, asked again, said so.
    pub ended_by_reconsideration: u64,
    /// Clients refused because what their verdict rested on had changed when it came.
    pub refused_at_second_look: u64,
    /// Verifications that wait for something other than the processor now.
    pub elsewhere_in_flight: u64,
    /// What others were asked about what clients want to do.
    pub inquiries: InquiryStats,
    /// Log lines that were only counted.
    pub log_lines_suppressed: u64,
    /// Connections of listeners that speak more than MQTT.
    pub handshakes: HandshakeStats,
    /// Retained messages.
    pub retained: u64,
    /// Bytes of retained messages.
    pub retained_bytes: u64,
    /// Topic filters that somebody wants.
    pub filters: u64,
    /// Live traces.
    pub traces: u64,
}

/// What others said about publications, wills and subscriptions, one by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InquiryStats {
    /// Questions.
    pub asked: u64,
    /// It may.
    pub allowed: u64,
    /// It may not.
    pub denied: u64,
    /// Nobody could say, or too many were asked about at once.
    pub unavailable: u64,
    /// Not answered yet.
    pub in_flight: u64,
}

/// What became of connections before their CONNECT, where a listener speaks TLS, WebSocket or the PROXY protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HandshakeStats {
    /// Everything was agreed on.
    pub completed: u64,
    /// Of these: who came back by a ticket of TLS.
    pub resumed: u64,
    /// The client left.
    pub abandoned: u64,
    /// It took too long.
    pub timed_out: u64,
    /// Too many did the same, all together or from their address.
    pub crowded: u64,
    /// It had said nothing for a while, and its place was needed for another.
    pub evicted: u64,
    /// A proxy did not say for whom it connects.
    pub failed_proxy: u64,
    /// There was no common TLS, or none at all.
    pub failed_tls: u64,
    /// A certificate was missing or refused, then or later.
    pub failed_certificate: u64,
    /// A request was not for this WebSocket.
    pub failed_websocket: u64,
}

mod sessions;
mod trace;

impl Control {
    /// Every client with a session, connected or not, in no particular order.
    pub async fn clients(&self) -> Vec<ClientStatus> {
        let all = self.ask_all(|view| {
            let status = |client: ClientState| {
                let peer = client.connection.and_then(|id| view.peer(id));
                ClientStatus { client, peer, shard: view.engine.shard() }
            };
            view.engine.clients().map(status).collect::<Vec<_>>()
        });
        all.await.into_iter().flatten().collect()
    }

    /// One client, if it has a session.
    pub async fn client(&self, client_id: &str) -> Option<ClientStatus> {
        let client_id: Arc<str> = Arc::from(client_id);
        let found = self.ask_all(move |view| {
            let client = view.engine.client(&client_id)?;
            let peer = client.connection.and_then(|id| view.peer(id));
            Some(ClientStatus { client, peer, shard: view.engine.shard() })
        });
        found.await.into_iter().flatten().next()
    }

    /// The subscriptions of one client.
    pub async fn subscriptions(&self, client_id: &str) -> Vec<SubscriptionState> {
        let client_id: Arc<str> = Arc::from(client_id);
        let found = self.ask_all(move |view| view.engine.subscriptions(&client_id));
        found.await.into_iter().flatten().collect()
    }

    /// Closes the connection of a client, with this reason.
    pub fn disconnect(&self, client_id: &str, reason: ReasonCode) {
        let client_id: Arc<str> = Arc::from(client_id);
        for mailbox in self.mailboxes.iter() {
            mailbox.send(Message::Input(Input::DisconnectClient(client_id.clone(), reason)));
        }
    }

    /// Publishes a message of the broker itself.
    ///
    /// # Errors
    /// The topic of the message is no Topic Name: nothing is published.
    pub fn publish(&self, message: Arc<MqttMessage>) -> Result<(), TopicFault> {
        TopicName::new(message.publication().topic)?;
        if let Some(mailbox) = self.mailboxes.first() {
            mailbox.send(Message::Input(Input::Publish(message)));
        }
        Ok(())
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

    /// What was counted so far.
    pub async fn stats(&self) -> BrokerStats {
        let gauges = |view: &ShardView<'_>| {
            [view.device_count() as u64, view.delayed_count as u64, view.engine.census().filters as u64]
        };
        let shards = self.ask_all(move |view| (*view.engine.stats(), gauges(view), view.queue_delay)).await;
        let counters = &self.admission.counters;
        let (verify_queue, verify_queue_delay) = self.queue.depth();
        BrokerStats {
            engines: shards.iter().fold(Stats::default(), |sum, (each, ..)| sum.plus(each)),
            connections: self.admission.open_count() as u64,
            accepted: read(&counters.accepted),
            refused_total: read(&counters.refused_total),
            refused_address: read(&counters.refused_address),
            refused_rate: read(&counters.refused_rate),
            refused_memory: read(&counters.refused_memory),
            refused_strangers: read(&counters.refused_strangers),
            refused_overload: read(&counters.refused_overload),
            tarpitted: read(&counters.tarpitted),
            accept_delays: read(&counters.accept_delays),
            verify_queue: verify_queue as u64,
            verify_queue_delay,
            shard_queue_delay: shards.iter().map(|(.., delay)| *delay).max().unwrap_or_default(),
            verdicts: counters.verdicts.stats(),
            stranger_bytes: self.admission.stranger_byte_count(),
            accept_pauses: read(&counters.accept_pauses),
            delayed_logins: read(&counters.delayed_logins),
            delayed_waiting: shards.iter().map(|(_, [_, count, _], _)| count).sum(),
            blocked_logins: read(&counters.blocked_logins),
            blocked_takeovers: read(&counters.blocked_takeovers),
            devices: shards.iter().map(|(_, [count, ..], _)| count).sum(),
            ended_by_reconsideration: read(&counters.ended_by_reconsideration),
            refused_at_second_look: read(&counters.refused_at_second_look),
            elsewhere_in_flight: self.elsewhere.count() as u64,
            inquiries: InquiryStats::of(&counters.inquiries, self.inquiries.count()),
            log_lines_suppressed: read(&counters.log_lines_suppressed),
            handshakes: HandshakeStats::of(&counters.handshakes),
            retained: self.retained.len() as u64,
            retained_bytes: self.retained.byte_count() as u64,
            // Each shard knows what all of them want.
            filters: shards.iter().map(|(_, [.., count], _)| *count).max().unwrap_or(0),
            traces: self.traces.count() as u64,
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
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl InquiryStats {
    fn of(counters: &InquiryCounters, in_flight: usize) -> Self {
        Self {
            asked: read(&counters.asked),
            allowed: read(&counters.allowed),
            denied: read(&counters.denied),
            unavailable: read(&counters.unavailable),
            in_flight: in_flight as u64,
        }
    }
}

impl HandshakeStats {
    fn of(counters: &HandshakeCounters) -> Self {
        Self {
            completed: read(&counters.completed),
            resumed: read(&counters.resumed),
            abandoned: read(&counters.abandoned),
            timed_out: read(&counters.timed_out),
            crowded: read(&counters.crowded),
            evicted: read(&counters.evicted),
            failed_proxy: read(&counters.failed_proxy),
            failed_tls: read(&counters.failed_tls),
            failed_certificate: read(&counters.failed_certificate),
            failed_websocket: read(&counters.failed_websocket),
        }
    }

    /// All that were not served.
    pub const fn failed(&self) -> u64 {
        self.abandoned
            + self.timed_out
            + self.crowded
            + self.evicted
            + self.failed_proxy
            + self.failed_tls
            + self.failed_certificate
            + self.failed_websocket
    }
}
