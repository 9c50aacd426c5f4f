use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use vouchmq_identity::Work;
use vouchmq_mqtt::ConnectionId;
use vouchmq_mqtt::time::Timestamp;

use super::elsewhere::Asked;
use super::{Judged, Judging};
use crate::admission::Admission;
use crate::admission::queue_delay::{Patience, Pressure, QueueDelay};
use crate::clock::Monotonic;
use crate::shard::mailbox::{Mailbox, Message};

/// Verifications that wait for a thread.
pub(super) const WAITING_MAX: usize = 4096;
/// Verifications of one address that wait; those of Unix sockets count as one address.
pub(super) const OF_ADDRESS_MAX: usize = 256;
/// Bytes of what is to be verified.
pub(super) const BYTES_MAX: usize = 16 * 1024 * 1024;

/// A verification that takes long.
pub(super) struct Job {
    pub(super) task: Task,
    pub(super) address: Option<IpAddr>,
    /// Nobody waits for the verdict any longer than this.
    pub(super) deadline: Timestamp,
    /// Gone when its connection is gone.
    pub(super) wanted: Weak<()>,
}

/// What is to be done for it.
pub(super) enum Task {
    /// All of it, and then the shard is told.
    Judge { judging: Judging, connection: ConnectionId, reply: Mailbox },
    /// What is left when others were asked.
    Rest(Work, Asked),
}

/// Verifications that wait for a thread, within bounds. While it is [standing](QueueDelay), newcomers are given back.
///
/// Addresses take turns, each with its oldest: who floods waits behind its own flood, and a client of another address
/// behind one verification of each address that waits.
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    clock: Monotonic,
    admission: Arc<Admission>,
    /// The time that a client has for its CONNECT.
    connect_deadline: Duration,
}

/// The way into a queue, which ends with it.
pub(super) struct Entrance(pub(super) Arc<Queue>);

#[derive(Default)]
struct Waiting {
    /// Never an empty queue: an address without a job is not here.
    of_address: HashMap<Option<IpAddr>, VecDeque<(Timestamp, Job)>>,
    /// The addresses above, each once, in the order of their turns.
    turns: VecDeque<Option<IpAddr>>,
    count: usize,
    byte_count: usize,
    is_closed: bool,
    delay: QueueDelay,
}

impl Queue {
    pub(super) fn new(clock: Monotonic, admission: Arc<Admission>, connect_deadline: Duration) -> Self {
        let (waiting, changed) = (Mutex::default(), Condvar::new());
        Self { waiting, changed, clock, admission, connect_deadline }
    }

    /// Takes a job in, or gives it back when there are too many, in all or of its address, when it is of a newcomer and
    /// who waits has waited too long, or when no more will be done.
    pub(super) fn push(&self, job: Job, of_address_max: usize) -> Option<Job> {
        let (now, patience) = (self.clock.now(), self.patience());
        let mut waiting = self.waiting.lock();
        // Threads that are stuck tell nothing; but whose turn is next has waited for so long at least.
        if let Some(since) = waiting.next_since() {
            waiting.delay.observe(now, now.since(since), patience);
        }
        if job.task.is_newcomer() && waiting.delay.pressure(now, patience).is_refusing {
            self.admission.counters.refused_overload.fetch_add(1, Ordering::Relaxed);
            return Some(job);
        }
        let byte_count = waiting.byte_count + job.task.byte_count();
        let of_address = waiting.of_address.get(&job.address).map_or(0, VecDeque::len);
        let is_full = waiting.count >= WAITING_MAX || of_address >= of_address_max || byte_count > BYTES_MAX;
        if is_full || waiting.is_closed {
            return Some(job);
        }
        waiting.byte_count = byte_count;
        waiting.add(now, job);
        drop(waiting);
        self.changed.notify_one();
        None
    }

    /// Waits for a job whose connection is still there; `None` when no more will come.
    pub(super) fn pop(&self) -> Option<Job> {
        let mut waiting = self.waiting.lock();
        loop {
            while let Some((since, job)) = waiting.take() {
                if job.wanted.strong_count() > 0 {
                    let now = self.clock.now();
                    waiting.delay.observe(now, now.since(since), self.patience());
                    return Some(job);
                }
            }
            waiting.delay.empty(self.clock.now(), self.patience());
            if waiting.is_closed {
                return None;
            }
            self.changed.wait(&mut waiting);
        }
    }

    /// What follows from how long it takes.
    pub(super) fn pressure(&self) -> Pressure {
        self.waiting.lock().delay.pressure(self.clock.now(), self.patience())
    }

    /// How many wait, and how long everybody does: the minimum of the last interval.
    pub(crate) fn depth(&self) -> (usize, Duration) {
        let waiting = self.waiting.lock();
        (waiting.count, waiting.delay.standing(self.clock.now()))
    }

    fn patience(&self) -> Patience {
        Patience::new(self.admission.limits().queue_delay_target, self.connect_deadline)
    }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").finish_non_exhaustive()
    }
}

impl Waiting {
    /// Since when the one waits whose turn is next.
    fn next_since(&self) -> Option<Timestamp> {
        let (since, _) = self.of_address.get(self.turns.front()?)?.front()?;
        Some(*since)
    }

    fn add(&mut self, now: Timestamp, job: Job) {
        let address = job.address;
        let jobs = self.of_address.entry(address).or_default();
        if jobs.is_empty() {
            self.turns.push_back(address);
        }
        jobs.push_back((now, job));
        self.count += 1;
    }

    /// The oldest job of the address whose turn it is.
    fn take(&mut self) -> Option<(Timestamp, Job)> {
        let address = self.turns.pop_front()?;
        let jobs = self.of_address.get_mut(&address)?;
        let (since, job) = jobs.pop_front()?;
        if jobs.is_empty() {
            self.of_address.remove(&address);
        } else {
            self.turns.push_back(address);
        }
        self.count -= 1;
        self.byte_count -= job.task.byte_count();
        Some((since, job))
    }
}

impl Job {
    /// Answers without doing it.
    pub(super) fn answer(self, now: Timestamp, judged: Judged) {
        match self.task {
            Task::Judge { connection, reply, .. } => reply.send(Message::Judged(connection, judged, now)),
            Task::Rest(_, asked) => asked.send(judged),
        }
    }
}

impl Task {
    /// Whether it is about somebody who is not let in yet, and of whom nothing has been done.
    pub(super) fn is_newcomer(&self) -> bool {
        match self {
            Self::Judge { judging: Judging::Request(_), .. } => true,
            Self::Judge { judging: Judging::Step { is_first, .. }, .. } => *is_first,
            Self::Rest(_, asked) => asked.exchanged.is_none(),
        }
    }

    fn byte_count(&self) -> usize {
        match self {
            Self::Judge { judging, .. } => judging.byte_count(),
            Self::Rest(_, asked) => asked.byte_count(),
        }
    }
}

impl Drop for Entrance {
    fn drop(&mut self) {
        self.0.waiting.lock().is_closed = true;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use vouchmq_identity::AuthRequest;

    use super::*;
    use crate::admission::ConnectionLimits;

    fn job(number: u32, address: [u8; 4], wanted: &Arc<()>) -> Job {
        let request = AuthRequest {
            client_id: "c".into(),
            username: None,
            password: None,
            peer: None,
            certificate: None,
            arrival: Default::default(),
        };
        Job {
            task: Task::Judge {
                judging: Judging::Request(request),
                connection: ConnectionId { index: number, generation: 0 },
                reply: Mailbox::new().0,
            },
            address: Some(address.into()),
            deadline: Timestamp::NEVER,
            wanted: Arc::downgrade(wanted),
        }
    }

    fn queue() -> Queue {
        let admission = Admission::new(ConnectionLimits::default(), None);
        Queue::new(Monotonic::start(), Arc::new(admission), Duration::from_secs(10))
    }

    /// Whose turn it is.
    fn next(queue: &Queue) -> u32 {
        match queue.pop().unwrap().task {
            Task::Judge { connection, .. } => connection.index,
            Task::Rest(..) => panic!("nobody was asked elsewhere"),
        }
    }

    #[test]
    fn one_address_leaves_room_for_others() {
        let (queue, wanted) = (queue(), Arc::new(()));
        let taken = (0..1000)
            .filter(|number| queue.push(job(*number, [127, 0, 0, 1], &wanted), OF_ADDRESS_MAX).is_none())
            .count();
        assert_eq!(taken, OF_ADDRESS_MAX);
        assert!(queue.push(job(0, [192, 0, 2, 1], &wanted), OF_ADDRESS_MAX).is_none());
        assert!(queue.pop().is_some());
        assert!(queue.push(job(0, [127, 0, 0, 1], &wanted), OF_ADDRESS_MAX).is_none(), "one has left");
    }

    #[test]
    fn addresses_take_turns_and_each_keeps_its_order() {
        let (queue, wanted) = (queue(), Arc::new(()));
        let [flood, other, third] = [[192, 0, 2, 1], [192, 0, 2, 2], [192, 0, 2, 3]];
        for (number, address) in [(0, flood), (1, flood), (2, flood), (3, other), (4, other), (5, third)] {
            assert!(queue.push(job(number, address, &wanted), OF_ADDRESS_MAX).is_none());
        }
        let next = || next(&queue);
        assert_eq!([next(), next()], [0, 3]);
        // Who left and comes again stands at the end.
        queue.push(job(6, [192, 0, 2, 4], &wanted), OF_ADDRESS_MAX);
        assert_eq!([next(), next(), next(), next(), next()], [5, 1, 4, 6, 2]);
        let waiting = queue.waiting.lock();
        assert!(waiting.turns.is_empty() && waiting.of_address.is_empty(), "nothing is left behind");
        assert_eq!((waiting.count, waiting.byte_count), (0, 0));
    }

    #[test]
    fn all_addresses_together_have_a_bound_too() {
        let (queue, wanted) = (queue(), Arc::new(()));
        let of = |number: u32| {
            let [_, a, b, c] = number.to_be_bytes();
            [10, a, b, c]
        };
        let taken = (0..10_000)
            .filter(|number| queue.push(job(*number, of(*number), &wanted), OF_ADDRESS_MAX).is_none())
            .count();
        assert_eq!(taken, WAITING_MAX);
    }

    #[test]
    fn who_is_gone_is_not_verified() {
        let (queue, gone, here) = (queue(), Arc::new(()), Arc::new(()));
        for number in 0..10 {
            queue.push(job(number, [192, 0, 2, 1], &gone), OF_ADDRESS_MAX);
        }
        queue.push(job(10, [192, 0, 2, 1], &here), OF_ADDRESS_MAX);
        drop(gone);
        assert_eq!(next(&queue), 10);
        let queue = Arc::new(queue);
        drop(Entrance(queue.clone()));
        assert!(queue.pop().is_none(), "closed");
    }
}
