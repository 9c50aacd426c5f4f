use std::sync::Arc;

use parking_lot::Mutex;
use vouchmq_identity::Whom;
use vouchmq_tls::{Reload, Reloaded};

use super::judges::{self, Orphan, Seated};
use super::{Listeners, Listening, Opened, load_tls, refuse_same_names};
use crate::clock::system_time;
use crate::door::{Crowd, Spoken};
use crate::judge::{Bench, Judge};
use crate::listen::Probe;
use crate::shard::Errand;
use crate::shard::mailbox::Message;
use crate::{Control, ListenAddress, ListenerOptions, StartError};

/// Listeners that may take the place of those that there are: every file is read, every new address is bound.
///
/// Nothing has changed yet, and nothing will when it is dropped.
#[derive(Debug)]
#[must_use = "nothing changes before it is committed"]
pub struct Prepared {
    control: Control,
    listeners: Vec<Next>,
    /// Judges, with the names of the listeners that they are to judge as.
    judges: Vec<Seated>,
    /// Judges whose listeners are gone after the change.
    orphans: Vec<Orphan>,
    /// Given back when it is dropped.
    _turn: Turn,
}

/// What happened to one listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerChange {
    /// Its name.
    pub name: Box<str>,
    /// Its address, with the port that was picked for `:0`.
    pub address: ListenAddress,
    /// What happened.
    pub change: Change,
}

/// What happened to a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Opened,
    /// It accepts nobody any more. Who came by it stays, unless the certificate is refused now: by a listener of the
    /// same name, or by what the files of the one that is gone say.
    Closed,
    /// It is gone, and its files cannot be read any more: who came by it is judged by what they said before.
    Unjudged {
        /// What is wrong with which file.
        why: Box<str>,
    },
    /// It goes on, and treats those who come otherwise.
    Changed {
        /// What changed in its TLS; `None`: nothing that was there before and still is.
        tls: Option<Reloaded>,
        /// Its name, the PROXY protocol, WebSocket, or whether it speaks TLS at all.
        other: bool,
    },
}

#[derive(Debug)]
enum Next {
    New(Opened),
    Kept { id: u64, options: ListenerOptions, spoken: Spoken, tls: Option<Reload> },
}

/// The right to change the listeners, which one has at a time.
#[derive(Debug)]
struct Turn(Arc<Mutex<Listeners>>);

impl Control {
    /// Reads the files of listeners and binds the addresses that are new; a listener whose address is among those
    /// that there are goes on.
    ///
    /// # Errors
    /// [`StartError::Tls`] and [`StartError::Listen`] say what is wrong with which; [`StartError::Changing`] when
    /// another change is not committed yet.
    pub fn prepare_listeners(&self, wanted: Vec<ListenerOptions>) -> Result<Prepared, StartError> {
        refuse_same_names(&wanted)?;
        let turn = Turn::take(&self.listeners)?;
        let shard_count = u16::try_from(self.mailboxes.len()).unwrap_or(u16::MAX);
        let (known, mut judges): (Vec<Known>, Vec<Seated>) = {
            let listeners = self.listeners.lock();
            (listeners.all.iter().map(Known::of).collect(), listeners.judges())
        };
        let kept = assign(&known, &wanted);
        let mut listeners = Vec::with_capacity(wanted.len());
        let is_wanted = |name: &str| wanted.iter().any(|options| &*options.name == name);
        // Where a listener goes on by another name, that one's judge has who came by the old name.
        for seated in judges.iter_mut().filter(|seated| !is_wanted(&seated.name)) {
            let at = known.iter().position(|known| known.options.name == seated.name);
            let heir = wanted.iter().zip(&kept).find(|(_, kept)| kept.is_some() && **kept == at);
            if let Some((heir, _)) = heir {
                seated.name = heir.name.clone();
            }
        }
        let orphans =
            judges.iter().filter(|seated| !is_wanted(&seated.name)).filter_map(Orphan::of).collect();
        for (options, place) in wanted.into_iter().zip(&kept) {
            let judge = judges.iter().find(|seated| seated.name == options.name);
            let judge = judge.map(|seated| seated.judge.clone()).unwrap_or_else(|| {
                let id = self.listeners.lock().new_id();
                Arc::new(Judge::new(id, None))
            });
            listeners.push(match place.and_then(|position| known.get(position)) {
                Some(known) => known.prepare(options, judge)?,
                None => {
                    let goes = |(position, _): &(usize, _)| !kept_has(&kept, *position);
                    let mut going = known.iter().enumerate().filter(goes).map(|(_, known)| &known.bound);
                    let is_ours = going.any(|address| has_port_of(address, &options.address));
                    let probe = if is_ours { Probe::Never } else { Probe::Always };
                    let id = self.listeners.lock().new_id();
                    Next::New(Opened::open(&options, shard_count, id, judge, probe)?)
                }
            });
        }
        Ok(Prepared { control: self.clone(), listeners, judges, orphans, _turn: turn })
    }
}

impl Prepared {
    /// Makes the change. Where other authorities or revocation lists hold, every connection that presented a
    /// certificate which is refused now is ended: how many those are is yielded when every shard is through, whether
    /// the future is polled or not.
    pub fn commit(self) -> (Vec<ListenerChange>, impl Future<Output = usize> + Send + use<>) {
        let Self { control, listeners, judges, orphans, _turn } = self;
        let mut changes = Vec::new();
        let mut rejudged = Vec::new();
        let mut before = std::mem::take(&mut control.listeners.lock().all);
        let mut after = Vec::with_capacity(listeners.len());
        for next in listeners {
            match next {
                Next::New(opened) => {
                    changes.push(opened.listening.changed(Change::Opened));
                    rejudged.extend(opened.listening.takes_over(&judges));
                    after.push(opened.deliver(&control));
                }
                Next::Kept { id, options, spoken, tls } => {
                    let Some(at) = before.iter().position(|listening| listening.door.id == id) else {
                        continue;
                    };
                    let mut listening = before.swap_remove(at);
                    let reloaded = tls.map(Reload::apply);
                    // at every reading: what was true when it was first told may be forgotten
                    for notice in reloaded.iter().flat_map(|reloaded| &*reloaded.notices) {
                        tracing::warn!(listener = %options.name, "{notice}");
                    }
                    let reloaded = reloaded.filter(|reloaded| !reloaded.is_unchanged());
                    let other = listening.options.speaks_otherwise(&options);
                    listening.options = options;
                    // before it speaks: who comes then is judged by it
                    let bench = Bench::of(spoken.tls.as_ref(), listening.options.tls.as_ref());
                    let judge = spoken.judge.clone();
                    if judge.change(bench) && judges.iter().any(|seated| seated.judge.id == judge.id) {
                        rejudged.push(judge.id);
                    }
                    listening.door.speak(spoken);
                    if reloaded.is_some() || other {
                        changes.push(listening.changed(Change::Changed { tls: reloaded, other }));
                    }
                    after.push(listening);
                }
            }
        }
        for gone in &before {
            changes.push(gone.changed(Change::Closed));
            control.mailboxes.iter().for_each(|mailbox| mailbox.send(Message::CloseDoor(gone.door.id)));
        }
        {
            let mut listeners = control.listeners.lock();
            listeners.all = after;
            rejudged.extend(judges::pass_on(&judges, orphans, &mut listeners, &mut changes));
        }
        let rounds: Vec<_> =
            rejudged.into_iter().map(|id| control.send_round(&Whom::Everybody, Errand::Vouch(id))).collect();
        let ended = async move {
            let mut ended_count = 0;
            for round in rounds {
                ended_count += round.await;
            }
            ended_count
        };
        (changes, ended)
    }
}

/// A listener that there is, looked at without a lock.
#[derive(Debug)]
struct Known {
    id: u64,
    options: ListenerOptions,
    bound: ListenAddress,
    tls: Option<vouchmq_tls::Server>,
    crowd: Arc<Crowd>,
}

impl Known {
    fn of(listening: &Listening) -> Self {
        Self {
            id: listening.door.id,
            options: listening.options.clone(),
            bound: listening.bound.clone(),
            tls: listening.door.spoken().tls.clone(),
            crowd: listening.door.spoken().entrance.crowd.clone(),
        }
    }

    /// It goes on with these options.
    fn prepare(&self, options: ListenerOptions, judge: Arc<Judge>) -> Result<Next, StartError> {
        let (server, reload) = match (&self.tls, &options.tls) {
            (Some(server), Some(tls)) => {
                let failed = |source| StartError::Tls { listener: options.name.clone(), source };
                let reload = server.prepare(tls, system_time()).map_err(failed)?;
                (Some(server.clone()), Some(reload))
            }
            (None, Some(_)) => (load_tls(&options)?, None),
            (_, None) => (None, None),
        };
        let spoken = Spoken::new(&options, &self.bound, server, judge, self.crowd.clone());
        Ok(Next::Kept { id: self.id, options, spoken, tls: reload })
    }
}

impl Listening {
    fn changed(&self, change: Change) -> ListenerChange {
        ListenerChange { name: self.options.name.clone(), address: self.bound.clone(), change }
    }
}

impl Opened {
    /// Gives its sockets to the shards.
    fn deliver(self, control: &Control) -> Listening {
        for (mailbox, socket) in control.mailboxes.iter().zip(self.sockets) {
            if let Some(socket) = socket {
                mailbox.send(Message::Listen(socket, self.listening.door.clone()));
            }
        }
        self.listening
    }
}

impl ListenerOptions {
    /// Whether something differs beside the address and what the files of TLS say.
    fn speaks_otherwise(&self, other: &Self) -> bool {
        self.name != other.name
            || self.proxy_protocol != other.proxy_protocol
            || self.websocket != other.websocket
            || self.tls.is_some() != other.tls.is_some()
    }
}

impl Turn {
    fn take(listeners: &Arc<Mutex<Listeners>>) -> Result<Self, StartError> {
        if std::mem::replace(&mut listeners.lock().is_changing, true) {
            return Err(StartError::Changing);
        }
        Ok(Self(listeners.clone()))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.lock().is_changing = false;
    }
}

/// Which of the known listeners goes on as which wanted one: of those with its address the one with its name, else
/// the first that no other has.
fn assign(known: &[Known], wanted: &[ListenerOptions]) -> Vec<Option<usize>> {
    let mut kept: Vec<Option<usize>> = vec![None; wanted.len()];
    for by_name in [true, false] {
        for (place, options) in wanted.iter().enumerate() {
            let is_same = |(position, known): &(usize, &Known)| {
                (known.options.address == options.address || known.bound == options.address)
                    && (!by_name || known.options.name == options.name)
                    && !kept_has(&kept, *position)
            };
            let found = known.iter().enumerate().find(is_same).map(|(position, _)| position);
            if let Some(slot) = kept.get_mut(place).filter(|slot| slot.is_none()) {
                *slot = found;
            }
        }
    }
    kept
}

fn kept_has(kept: &[Option<usize>], position: usize) -> bool {
    kept.contains(&Some(position))
}

fn has_port_of(one: &ListenAddress, other: &ListenAddress) -> bool {
    match (one, other) {
        (ListenAddress::Tcp(one), ListenAddress::Tcp(other)) => one.port() == other.port(),
        (ListenAddress::Tcp(_) | ListenAddress::Unix(_), ListenAddress::Tcp(_) | ListenAddress::Unix(_)) => {
            false
        }
    }
}
