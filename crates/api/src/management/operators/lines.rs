use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot::{Sender, channel};
use tokio::time::timeout;

/// Lines of those who wait for their password to be computed, one for each network, which are served in turn: whoever
/// sends many guesses waits behind their own, and everybody else for one of each network at most.
#[derive(Clone, Default)]
pub(super) struct Lines(Arc<Mutex<State>>);

/// Leave to work, until it is dropped.
#[derive(Debug)]
pub(super) struct Place(Lines);

/// Why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoPlace {
    /// The line of this network is as long as it may be, or the longest when others needed room.
    Busy,
    /// It did not come to its turn in time, or more networks wait than there is room for.
    Late,
}

#[derive(Default)]
struct State {
    working: usize,
    /// None of them is empty.
    lines: HashMap<IpAddr, VecDeque<Sender<Place>>>,
    /// Networks that wait, in the order of their turns.
    turns: VecDeque<IpAddr>,
}

/// Work at a time: it takes milliseconds and megabytes.
const WORKING_MAX: usize = 2;
/// Those of one network that wait; a page of a browser asks for some things at once.
const WAITING_OF_NETWORK_MAX: usize = 8;
/// Those of this machine, where everybody comes from behind a proxy that tells nothing.
const WAITING_OF_LOOPBACK_MAX: usize = 64;
/// All that wait. Two at a time take some milliseconds each, so that the last comes to its turn within [`PATIENCE`].
const WAITING_MAX: usize = 512;
const PATIENCE: Duration = Duration::from_secs(10);

impl Lines {
    /// Waits until it is the turn of somebody from there.
    ///
    /// # Errors
    /// [`NoPlace`].
    pub(super) async fn enter(&self, network: IpAddr) -> Result<Place, NoPlace> {
        let (call, called) = channel();
        self.state().join(network, call)?;
        self.serve();
        match timeout(PATIENCE, called).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) => Err(NoPlace::Busy),
            Err(_) => Err(NoPlace::Late),
        }
    }

    /// Calls those whose turn it is.
    fn serve(&self) {
        loop {
            // Not in the head of a loop, where the lock would be held until the end of its body.
            let Some(call) = self.state().next() else { return };
            // Who has gone meanwhile gives the place back by that.
            drop(call.send(Place(self.clone())));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.working = state.working.saturating_sub(1);
        drop(state);
        self.0.serve();
    }
}

impl State {
    fn join(&mut self, network: IpAddr, call: Sender<Place>) -> Result<(), NoPlace> {
        let is_near = network.to_canonical().is_loopback();
        let most = if is_near { WAITING_OF_LOOPBACK_MAX } else { WAITING_OF_NETWORK_MAX };
        if let Some(line) = self.lines.get_mut(&network) {
            line.retain(|call| !call.is_closed());
            if line.len() >= most {
                return Err(NoPlace::Busy);
            }
        }
        if self.waiting() >= WAITING_MAX {
            self.make_room(network)?;
        }
        let line = self.lines.entry(network).or_default();
        if line.is_empty() && !self.turns.contains(&network) {
            self.turns.push_back(network);
        }
        line.push_back(call);
        Ok(())
    }

    /// The last of the longest line goes, for somebody whose line is shorter.
    fn make_room(&mut self, network: IpAddr) -> Result<(), NoPlace> {
        self.lines.values_mut().for_each(|line| line.retain(|call| !call.is_closed()));
        if self.waiting() < WAITING_MAX {
            return Ok(());
        }
        let own = self.lines.get(&network).map_or(0, VecDeque::len);
        let longest = self.lines.values_mut().max_by_key(|line| line.len());
        match longest.filter(|line| line.len() > own + 1) {
            Some(line) => drop(line.pop_back()),
            None => return Err(NoPlace::Late),
        }
        Ok(())
    }

    /// Who is next, if there is room to work.
    fn next(&mut self) -> Option<Sender<Place>> {
        while self.working < WORKING_MAX {
            let network = self.turns.pop_front()?;
            let Some(line) = self.lines.get_mut(&network) else { continue };
            let mut call = line.pop_front();
            while call.as_ref().is_some_and(Sender::is_closed) {
                call = line.pop_front();
            }
            if line.is_empty() {
                self.lines.remove(&network);
            } else {
                self.turns.push_back(network);
            }
            if let Some(call) = call {
                self.working += 1;
                return Some(call);
            }
        }
        None
    }

    fn waiting(&self) -> usize {
        self.lines.values().map(VecDeque::len).sum()
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Lines").field("working", &state.working).field("waiting", &state.waiting()).finish()
    }
}

#[cfg(test)]
mod tests;
