use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use super::inquiries::InquiryId;
use crate::authorize::Authorize;
use crate::message::Message;
use crate::time::Timestamp;

/// Wills that wait.
const COUNT_MAX: usize = 4096;
/// Bytes of wills that wait.
const BYTES_MAX: usize = 16 * 1024 * 1024;
/// Wills about which others are asked at once: when many clients are lost together, their wills stand in line.
const AT_ONCE_MAX: usize = 64;

/// Wills that are due and about which others have to be asked. Those of one client leave in their order, and
/// what it publishes when it is back comes behind them.
#[derive(Debug)]
pub(crate) struct DueWills {
    /// By Client Identifier; never an empty queue.
    of_clients: BTreeMap<Arc<str>, VecDeque<DueWill>>,
    /// Clients about whose next will others are to be asked; some have none any more.
    line: VecDeque<Arc<str>>,
    /// About which others are asked.
    out: Vec<(InquiryId, Arc<str>)>,
    count: usize,
    byte_count: usize,
    /// The timer that is armed; [`Timestamp::NEVER`] if none is.
    pub(crate) timer_at: Timestamp,
}

/// A will that is due.
pub(crate) struct DueWill {
    pub(crate) message: Arc<Message>,
    pub(crate) authorize: Arc<dyn Authorize>,
    pub(crate) expires_at: Timestamp,
    /// Nobody waits for an answer any longer than this.
    pub(crate) deadline: Timestamp,
}

impl DueWills {
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Whether a will of this client waits.
    pub(crate) fn holds(&self, client_id: &str) -> bool {
        self.of_clients.contains_key(client_id)
    }

    /// A will waits behind those of its client; `false` when there are too many.
    pub(crate) fn push(&mut self, client_id: &Arc<str>, will: DueWill) -> bool {
        let byte_count = self.byte_count + will.message.byte_count();
        if self.count >= COUNT_MAX || byte_count > BYTES_MAX {
            return false;
        }
        self.byte_count = byte_count;
        self.count += 1;
        let wills = self.of_clients.entry(client_id.clone()).or_default();
        if wills.is_empty() {
            self.line.push_back(client_id.clone());
        }
        wills.push_back(will);
        true
    }

    /// The client about whose next will others are to be asked, if one more may be.
    pub(crate) fn next_in_line(&mut self) -> Option<Arc<str>> {
        while self.out.len() < AT_ONCE_MAX {
            let client_id = self.line.pop_front()?;
            let is_out = self.out.iter().any(|(_, known)| *known == client_id);
            if !is_out && self.holds(&client_id) {
                return Some(client_id);
            }
        }
        None
    }

    /// The next will of a client.
    pub(crate) fn next_of(&self, client_id: &str) -> Option<&DueWill> {
        self.of_clients.get(client_id)?.front()
    }

    /// Others are asked about the next will of a client.
    pub(crate) fn asked(&mut self, inquiry: InquiryId, client_id: Arc<str>) {
        self.out.push((inquiry, client_id));
    }

    /// Whose will an inquiry is about, which is over now.
    pub(crate) fn answered(&mut self, inquiry: InquiryId) -> Option<Arc<str>> {
        let position = self.out.iter().position(|(known, _)| *known == inquiry)?;
        Some(self.out.swap_remove(position).1)
    }

    /// The inquiry about the next will of a client, which is over now.
    pub(crate) fn withdraw(&mut self, client_id: &str) -> Option<InquiryId> {
        let position = self.out.iter().position(|(_, known)| **known == *client_id)?;
        Some(self.out.swap_remove(position).0)
    }

    /// Takes the next will of a client, about which nobody is asked any more.
    pub(crate) fn pop(&mut self, client_id: &Arc<str>) -> Option<DueWill> {
        let wills = self.of_clients.get_mut(client_id)?;
        let will = wills.pop_front();
        if wills.is_empty() {
            self.of_clients.remove(client_id);
        } else {
            self.line.push_back(client_id.clone());
        }
        let will = will?;
        self.count -= 1;
        self.byte_count -= will.message.byte_count();
        Some(will)
    }

    /// Clients whose next will has waited too long.
    pub(crate) fn overdue(&self, now: Timestamp) -> Vec<Arc<str>> {
        let is_overdue = |wills: &VecDeque<DueWill>| wills.front().is_some_and(|will| will.deadline <= now);
        let overdue = self.of_clients.iter().filter(|(_, wills)| is_overdue(wills));
        overdue.map(|(client_id, _)| client_id.clone()).collect()
    }

    /// When the first of them has waited too long.
    pub(crate) fn next_deadline(&self) -> Timestamp {
        let deadlines = self.of_clients.values().filter_map(|wills| Some(wills.front()?.deadline));
        deadlines.min().unwrap_or(Timestamp::NEVER)
    }
}

impl Default for DueWills {
    fn default() -> Self {
        Self {
            of_clients: BTreeMap::new(),
            line: VecDeque::new(),
            out: Vec::new(),
            count: 0,
            byte_count: 0,
            timer_at: Timestamp::NEVER,
        }
    }
}

impl fmt::Debug for DueWill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DueWill").field("message", &self.message).finish_non_exhaustive()
    }
}
