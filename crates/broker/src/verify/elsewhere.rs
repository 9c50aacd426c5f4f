use std::collections::HashMap;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use vouchmq_identity::{Replied, Reply, Unavailable, Verdict, Work};
use vouchmq_mqtt::ConnectionId;
use vouchmq_mqtt::time::Timestamp;

use super::Judged;
use super::queue::{self, Job, Queue, Task};
use crate::clock::Monotonic;
use crate::shard::mailbox::{Mailbox, Message};

/// Verifications that wait at once: whole fleets come back through one slow service, and through one router.
const WAITING_MAX: usize = 65_536;
/// Of one address; those of Unix sockets count as one address.
pub(super) const OF_ADDRESS_MAX: usize = WAITING_MAX / 4;
/// Bytes of what is to be verified.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// Verifications that wait for something else, within bounds. They take memory, and no thread.
///
/// A place is kept until the answer is there, and not only as long as the client waits: who connects and
/// leaves again and again must not have a database asked without end.
#[derive(Debug, Default)]
pub(crate) struct Elsewhere(Mutex<Asking>);

#[derive(Debug, Default)]
struct Asking {
    /// Never 0.
    of_address: HashMap<Option<IpAddr>, usize>,
    count: usize,
    byte_count: usize,
}

/// A place among them, given back when it is dropped.
pub(super) struct Place {
    of: Arc<Elsewhere>,
    address: Option<IpAddr>,
    byte_count: usize,
}

/// A client about which somebody else was asked, and where its verdict goes.
pub(super) struct Asked {
    pub(super) client_id: Box<str>,
    pub(super) connection: ConnectionId,
    pub(super) mailbox: Mailbox,
    /// Nobody waits for the verdict any longer than this.
    pub(super) deadline: Timestamp,
    /// Gone when its connection is gone.
    pub(super) wanted: Weak<()>,
    pub(super) place: Place,
    /// For what is left to compute; the queue may hold this itself.
    pub(super) queue: Weak<Queue>,
    pub(super) clock: Monotonic,
    /// What an exchange ends with, if it is one.
    pub(super) exchanged: Option<Option<Vec<u8>>>,
}

impl Elsewhere {
    /// Finds a place; `None` when there are too many, in all or of this address.
    pub(super) fn enter(
        self: &Arc<Self>,
        address: Option<IpAddr>,
        byte_count: usize,
        of_address_max: usize,
    ) -> Option<Place> {
        let mut asking = self.0.lock();
        let of_address = asking.of_address.get(&address).copied().unwrap_or(0);
        let bytes = asking.byte_count + byte_count;
        if asking.count >= WAITING_MAX || of_address >= of_address_max || bytes > BYTES_MAX {
            return None;
        }
        asking.of_address.insert(address, of_address + 1);
        asking.count += 1;
        asking.byte_count = bytes;
        Some(Place { of: self.clone(), address, byte_count })
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.lock().count
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut asking = self.of.0.lock();
        asking.count -= 1;
        asking.byte_count -= self.byte_count;
        if let Some(count) = asking.of_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                asking.of_address.remove(&self.address);
            }
        }
    }
}

impl Asked {
    pub(super) fn byte_count(&self) -> usize {
        self.place.byte_count
    }

    /// The way back for whoever is asked.
    pub(super) fn into_reply(self) -> Reply {
        Reply::new(self.wanted.clone(), move |replied| match replied {
            Replied::Verdict(verdict) => self.answer(verdict),
            Replied::Expensive(work) => self.leave_to_pool(work),
        })
    }

    /// Does what is left, on a thread of the pool. Work that panics drops its reply, which answers.
    pub(super) fn finish(self, work: Work) {
        if self.deadline <= self.clock.now() {
            return self.answer(Verdict::Unavailable(Unavailable::TimedOut));
        }
        let reply = self.into_reply();
        if catch_unwind(AssertUnwindSafe(|| work.run(reply))).is_err() {
            tracing::error!("a verification panicked: this is a bug");
        }
    }

    fn leave_to_pool(self, work: Work) {
        let Some(queue) = self.queue.upgrade() else {
            return self.answer(Verdict::Unavailable(Unavailable::Busy));
        };
        let (address, deadline, wanted) = (self.place.address, self.deadline, self.wanted.clone());
        let refused = queue
            .push(Job { task: Task::Rest(work, self), address, deadline, wanted }, queue::OF_ADDRESS_MAX);
        if let Some(Job { task: Task::Rest(_, asked), .. }) = refused {
            asked.answer(Verdict::Unavailable(Unavailable::Busy));
        }
    }

    fn answer(mut self, verdict: Verdict) {
        super::log_denial(&self.client_id, &verdict);
        let judged = match self.exchanged.take() {
            Some(data) => super::exchanged(verdict, data, self.clock),
            None => super::judged(verdict, self.clock),
        };
        self.send(judged);
    }

    pub(super) fn send(self, judged: Judged) {
        self.mailbox.send(Message::Judged(self.connection, judged, self.clock.now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_and_given_back() {
        let elsewhere = Arc::new(Elsewhere::default());
        let of = |number: u32| Some(IpAddr::from(number.to_be_bytes()));
        let of_one: Vec<_> = (0..20_000).map_while(|_| elsewhere.enter(of(7), 10, OF_ADDRESS_MAX)).collect();
        assert_eq!(of_one.len(), OF_ADDRESS_MAX);
        let of_others: Vec<_> =
            (20_000..90_000).map_while(|number| elsewhere.enter(of(number), 10, OF_ADDRESS_MAX)).collect();
        assert_eq!((of_one.len() + of_others.len(), elsewhere.count()), (WAITING_MAX, WAITING_MAX));
        drop((of_one, of_others));
        assert!(elsewhere.enter(None, BYTES_MAX + 1, OF_ADDRESS_MAX).is_none());
        let all = elsewhere.enter(None, BYTES_MAX, OF_ADDRESS_MAX);
        assert!(all.is_some() && elsewhere.enter(None, 1, OF_ADDRESS_MAX).is_none());
        drop(all);
        let asking = elsewhere.0.lock();
        assert_eq!((asking.count, asking.byte_count, asking.of_address.len()), (0, 0, 0));
    }
}
