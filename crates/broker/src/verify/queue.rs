use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Weak};

use parking_lot::{Condvar, Mutex};
use vouchmq_mqtt::ConnectionId;
use vouchmq_mqtt::time::Timestamp;

use super::Judging;
use crate::shard::mailbox::Mailbox;

/// Verifications that wait for a thread.
const WAITING_MAX: usize = 4096;
/// Verifications of one address that wait; those of Unix sockets count as one address.
const OF_ADDRESS_MAX: usize = 256;
/// Bytes of what is to be verified.
const BYTES_MAX: usize = 16 * 1024 * 1024;

/// A verification that takes long.
pub(super) struct Job {
    pub(super) judging: Judging,
    pub(super) connection: ConnectionId,
    pub(super) address: Option<IpAddr>,
    pub(super) reply: Mailbox,
    /// Nobody waits for the verdict any longer than this.
    pub(super) deadline: Timestamp,
    /// Gone when its connection is gone.
    pub(super) wanted: Weak<()>,
}

/// Verifications that wait for a thread, within bounds.
#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

/// The way into a queue, which ends with it.
pub(super) struct Entrance(pub(super) Arc<Queue>);

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    of_address: HashMap<Option<IpAddr>, usize>,
    byte_count: usize,
    is_closed: bool,
}

impl Queue {
    /// Takes a job in; `false` when there are too many, in all or of its address.
    pub(super) fn push(&self, job: Job) -> bool {
        let mut waiting = self.waiting.lock();
        let byte_count = waiting.byte_count + job.judging.byte_count();
        let of_address = waiting.of_address.get(&job.address).copied().unwrap_or(0);
        if waiting.jobs.len() >= WAITING_MAX || of_address >= OF_ADDRESS_MAX || byte_count > BYTES_MAX {
            return false;
        }
        waiting.byte_count = byte_count;
        waiting.of_address.insert(job.address, of_address + 1);
        waiting.jobs.push_back(job);
        drop(waiting);
        self.changed.notify_one();
        true
    }

    /// Waits for a job whose connection is still there; `None` when no more will come.
    pub(super) fn pop(&self) -> Option<Job> {
        let mut waiting = self.waiting.lock();
        loop {
            while let Some(job) = waiting.take() {
                if job.wanted.strong_count() > 0 {
                    return Some(job);
                }
            }
            if waiting.is_closed {
                return None;
            }
            self.changed.wait(&mut waiting);
        }
    }
}

impl Waiting {
    fn take(&mut self) -> Option<Job> {
        let job = self.jobs.pop_front()?;
        self.byte_count -= job.judging.byte_count();
        if let Some(of_address) = self.of_address.get_mut(&job.address) {
            *of_address -= 1;
            if *of_address == 0 {
                self.of_address.remove(&job.address);
            }
        }
        Some(job)
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

    fn job(number: u32, address: [u8; 4], wanted: &Arc<()>) -> Job {
        let request = AuthRequest { client_id: "c".into(), username: None, password: None, peer: None };
        Job {
            judging: Judging::Request(request),
            connection: ConnectionId { index: number, generation: 0 },
            address: Some(address.into()),
            reply: Mailbox::new().0,
            deadline: Timestamp::NEVER,
            wanted: Arc::downgrade(wanted),
        }
    }

    #[test]
    fn one_address_leaves_room_for_others() {
        let (queue, wanted) = (Queue::default(), Arc::new(()));
        let taken = (0..1000).filter(|number| queue.push(job(*number, [127, 0, 0, 1], &wanted))).count();
        assert_eq!(taken, OF_ADDRESS_MAX);
        assert!(queue.push(job(0, [192, 0, 2, 1], &wanted)));
        assert!(queue.pop().is_some());
        assert!(queue.push(job(0, [127, 0, 0, 1], &wanted)), "one has left");
    }

    #[test]
    fn who_is_gone_is_not_verified() {
        let (queue, gone, here) = (Queue::default(), Arc::new(()), Arc::new(()));
        for number in 0..10 {
            queue.push(job(number, [192, 0, 2, 1], &gone));
        }
        queue.push(job(10, [192, 0, 2, 1], &here));
        drop(gone);
        assert_eq!(queue.pop().unwrap().connection.index, 10);
        drop(Entrance(Arc::new(Queue::default())));
        let queue = Arc::new(queue);
        drop(Entrance(queue.clone()));
        assert!(queue.pop().is_none(), "closed");
    }
}
