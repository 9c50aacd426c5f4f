//! What changes at our authentication service, and what becomes of those whom it concerns.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use vouchmq_identity::model::DeviceId;
use vouchmq_identity::{Denial, Farewell, Sessions, Unavailable, Whom};

use super::cache::Target;
use super::changes::{Followed, Health};
use super::native::{Native, Stands};
use super::service::Remote;
use super::standings::Held;
use crate::dto::change::Change;

#[cfg(test)]
mod tests;

/// Drops what is remembered of those whom a change concerns, and asks about those who are connected: whether they may
/// stay, and what they may do.
pub(super) struct Following {
    remote: Arc<Remote>,
    native: Arc<Native>,
    sessions: Arc<dyn Sessions>,
    due: Mutex<Due>,
    is_due: Notify,
}

/// About whom has to be asked: all whose verdict is older than the change of this number.
#[derive(Debug, Default)]
struct Due {
    devices: HashMap<DeviceId, u64>,
    everybody: Option<u64>,
    /// Who has to come again, although it may stay.
    kicked: BTreeSet<DeviceId>,
    /// Numbers of before say nothing: whatever their verdict's, all have to be asked about.
    is_reset: bool,
}

/// So many are asked about at once.
const PORTION: usize = 1_024;
/// How long the service may take to say what a change means for somebody; then it means the worst.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long is waited before it is asked once more.
const PAUSE: Duration = Duration::from_millis(100);
/// And where nobody says anything.
const LONG_PAUSE: Duration = Duration::from_secs(1);
/// While no stream tells what changes, everybody is asked about so often.
const POLL: Duration = Duration::from_secs(60);
/// And more often where clients have to go earlier, but no more than this.
const POLL_MIN: Duration = Duration::from_secs(1);
/// Whoever has to go goes in portions, so that they do not all come back at once.
const SLICE: usize = 1_000;
const SLICE_PAUSE: Duration = Duration::from_millis(250);

/// Of a change that leaves those alone who may stay.
const NO_KICK: &str = "none";

impl Following {
    pub(super) fn new(remote: Arc<Remote>, native: Arc<Native>, sessions: Arc<dyn Sessions>) -> Arc<Self> {
        Arc::new(Self { remote, native, sessions, due: Mutex::default(), is_due: Notify::new() })
    }

    /// Does what is due, and looks after everybody while no stream does, for as long as it is polled.
    ///
    /// Whom a change names comes first. All others, whom it may concern, are asked about portion by portion between
    /// such changes; as long as the service does not say what it means for them, they stay, unless that takes too long.
    pub(super) async fn work(&self) {
        let mut others: VecDeque<(Held, u64)> = VecDeque::new();
        loop {
            if others.is_empty() && timeout(self.poll_interval(), self.is_due.notified()).await.is_err() {
                self.poll().await;
                continue;
            }
            let Due { devices, everybody, kicked, is_reset } = std::mem::take(&mut *self.due.lock());
            let standings = self.remote.standings();
            let of_device = |(device, sequence): (DeviceId, u64)| {
                standings.held(Some(&device), sequence).into_iter().map(move |held| (held, sequence))
            };
            self.settle(devices.into_iter().flat_map(of_device).collect()).await;
            if !kicked.is_empty() {
                let whom = Whom::Devices(kicked.into_iter().collect());
                self.sessions.disconnect(whom, None, Farewell::Asked).await;
            }
            if let Some(sequence) = everybody {
                let before = if is_reset { u64::MAX } else { sequence };
                // Those who still wait are among them.
                others = standings.held(None, before).into_iter().map(|held| (held, sequence)).collect();
            }
            self.settle_portion(&mut others).await;
        }
    }

    /// Asks about the next of those whom no change names. Of whom nothing can be found out comes again later.
    async fn settle_portion(&self, others: &mut VecDeque<(Held, u64)>) {
        let count = others.len().min(PORTION);
        if count == 0 {
            return;
        }
        let sequences: HashMap<u64, u64> =
            others.iter().take(count).map(|(held, sequence)| (held.number, *sequence)).collect();
        let portion: Vec<Held> = others.drain(..count).map(|(held, _)| held).collect();
        let left = self.ask_once(&portion, &sequences).await;
        if left.is_empty() {
            return;
        }
        let is_mute = left.len() == count;
        let again = left.into_iter().map(|held| {
            let sequence = sequences.get(&held.number).copied().unwrap_or_default();
            (held, sequence)
        });
        others.extend(again);
        if self.is_over() {
            let all: Vec<Held> = others.drain(..).map(|(held, _)| held).collect();
            self.give_up(&all).await;
        } else {
            // Somebody may be named meanwhile.
            let _ = timeout(if is_mute { LONG_PAUSE } else { PAUSE }, self.is_due.notified()).await;
        }
    }

    /// Asks about these, and tells those who are known about; the others.
    async fn ask_once(&self, held: &[Held], sequences: &HashMap<u64, u64>) -> Vec<Held> {
        let (known, silent) = self.ask(held).await;
        // An answer from before the change says nothing about it.
        let is_new = |(held, stands): &(Held, Stands)| {
            sequences.get(&held.number).is_none_or(|sequence| stands.as_of() >= *sequence)
        };
        let (known, old): (Vec<_>, Vec<_>) = known.into_iter().partition(is_new);
        self.tell(known).await;
        silent.into_iter().chain(old.into_iter().map(|(held, _)| held)).collect()
    }

    /// Nothing was heard of whoever is connected for longer than is allowed.
    fn is_over(&self) -> bool {
        self.native.options.staleness_max.is_some_and(|max| self.native.unconfirmed_for() > max)
    }

    async fn give_up(&self, held: &[Held]) {
        tracing::warn!(
            clients = held.len(),
            "the authentication service has not been heard for too long: its clients have to come again"
        );
        self.end(held).await;
    }

    /// Nobody may stay for much longer than was said, because it was not looked.
    fn poll_interval(&self) -> Duration {
        self.native.options.staleness_max.map_or(POLL, |max| max.clamp(POLL_MIN, POLL))
    }

    /// Asks about everybody if a change could have gone unheard. Where nobody answers they stay, unless it has been
    /// for too long.
    async fn poll(&self) {
        self.remote.standings().sweep();
        if self.native.is_stream_relied_on() && self.native.health_now() != Health::Stale && !self.is_over() {
            return;
        }
        let began = self.native.now();
        let held = self.remote.standings().held(None, u64::MAX);
        let mut unknown = Vec::new();
        let mut portions = held.chunks(PORTION);
        for portion in portions.by_ref() {
            let (known, silent) = self.ask(portion).await;
            let is_mute = known.is_empty();
            self.tell(known).await;
            unknown.extend(silent);
            if is_mute {
                // Each would take its time, and what changes as soon as there is a stream again would wait for all.
                break;
            }
        }
        unknown.extend(portions.flatten().cloned());
        if unknown.is_empty() {
            return self.native.confirmed(began);
        }
        if self.is_over() {
            self.give_up(&unknown).await;
        }
    }

    /// Finds out what becomes of these, whom changes name by number; of whom nothing can be found out in time, has to go.
    async fn settle(&self, held: Vec<(Held, u64)>) {
        let sequences: HashMap<u64, u64> =
            held.iter().map(|(held, sequence)| (held.number, *sequence)).collect();
        let held: Vec<Held> = held.into_iter().map(|(held, _)| held).collect();
        let deadline = Instant::now() + PATIENCE;
        for portion in held.chunks(PORTION) {
            let mut waiting = portion.to_vec();
            loop {
                waiting = self.ask_once(&waiting, &sequences).await;
                if waiting.is_empty() {
                    break;
                }
                if Instant::now() >= deadline {
                    tracing::warn!(
                        clients = waiting.len(),
                        "the authentication service does not say what a change means for clients: they have to come again"
                    );
                    self.end(&waiting).await;
                    break;
                }
                sleep(PAUSE).await;
            }
        }
    }

    /// What the service says of these; and of whom it says nothing.
    async fn ask(&self, held: &[Held]) -> (Vec<(Held, Stands)>, Vec<Held>) {
        let deadline = Instant::now() + self.remote.deadline().min(PATIENCE);
        let mut asking: JoinSet<(Held, Result<Stands, Unavailable>)> = JoinSet::new();
        for held in held {
            let (native, held) = (self.native.clone(), held.clone());
            asking.spawn(async move {
                let stands = native.reconsider(&held, deadline).await;
                (held, stands)
            });
        }
        let (mut known, mut silent) = (Vec::new(), Vec::new());
        for (held, stands) in asking.join_all().await {
            match stands {
                Ok(stands) => known.push((held, stands)),
                Err(_) => silent.push(held),
            }
        }
        (known, silent)
    }

    /// Has the connections told what they may do now, or ended.
    async fn tell(&self, known: Vec<(Held, Stands)>) {
        let mut devices = BTreeSet::new();
        for (held, stands) in known {
            match stands {
                Stands::Stays { grounds, as_of } => {
                    self.remote.standings().renew(held.number, as_of, |basis| basis.on(grounds));
                }
                Stands::Ended { denial, .. } => self.remote.standings().end(held.number, denial),
            }
            devices.insert(held.device);
        }
        self.reconsider(devices).await;
    }

    async fn end(&self, held: &[Held]) {
        for slice in held.chunks(SLICE) {
            slice.iter().for_each(|held| self.remote.standings().end(held.number, Denial::ServiceNotAllowed));
            self.reconsider(slice.iter().map(|held| held.device.clone()).collect()).await;
            sleep(SLICE_PAUSE).await;
        }
    }

    async fn reconsider(&self, devices: BTreeSet<DeviceId>) {
        if !devices.is_empty() {
            self.sessions.reconsider(Whom::Devices(devices.into_iter().collect())).await;
        }
    }

    fn is_due(&self, device: Option<DeviceId>, sequence: u64) {
        {
            let mut due = self.due.lock();
            match device {
                Some(device) => {
                    let known = due.devices.entry(device).or_default();
                    *known = sequence.max(*known);
                }
                None => due.everybody = due.everybody.max(Some(sequence)),
            }
        }
        self.is_due.notify_one();
    }
}

impl Followed for Following {
    fn changed(&self, change: &Change) {
        let device = change.device_id.as_deref().and_then(|id| id.parse::<DeviceId>().ok());
        // What is remembered goes first: nobody is let in by it who is not asked about afterwards.
        let target = device.as_ref().map_or(Target::All, |device| Target::Device(device.as_str()));
        self.remote.cache().invalidate(target, Some(change.seq));
        if let Some(device) = &device {
            // What was denied names no device; a device presents its id as its user name.
            self.remote.cache().invalidate(Target::Username(device.as_str()), Some(change.seq));
            if change.kick != NO_KICK {
                self.due.lock().kicked.insert(device.clone());
            }
        }
        self.native.applied(change.seq);
        self.is_due(device, change.seq);
    }

    fn reset(&self, head: u64) {
        self.remote.cache().reset(head);
        self.native.applied_anew(head);
        // It may be another log: what was due by the numbers of the one before is due by this one.
        *self.due.lock() = Due { everybody: Some(head), is_reset: true, ..Due::default() };
        self.is_due.notify_one();
    }

    fn health(&self, health: Health) {
        match health {
            Health::Healthy => tracing::info!("changes of the authentication service are heard of"),
            Health::Suspect => tracing::warn!("the change stream of the authentication service is quiet"),
            Health::Stale => {
                tracing::warn!(
                    "changes of the authentication service are not heard of: it is asked about every client"
                );
            }
        }
    }
}
