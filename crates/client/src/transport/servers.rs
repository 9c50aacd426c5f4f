//! Several servers that answer the same questions.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use parking_lot::Mutex;
use tokio::time::Instant;
use vouchmq_identity::Clock;
use vouchmq_identity::signature::SigningKey;

use super::attempt::Attempt;
use super::breaker::{Admission, BreakerState, Outcome};
use super::budget::RepeatBudget;
use super::dice::Dice;
use super::health::Standing;
use super::latency::choose;
use super::server::Server;
use super::{Answer, Lookup, Lost, Origin, Question, ServerSnapshot};
use crate::remote::options::ServerBounds;

/// Several servers that answer the same questions. Share it behind an `Arc`; used within a tokio runtime.
pub struct Servers {
    servers: Box<[Server]>,
    budget: Mutex<RepeatBudget>,
    dice: Dice,
    start: Instant,
}

/// How servers are asked.
#[derive(Clone)]
pub struct ServersOptions {
    /// Bounds of each.
    pub bounds: ServerBounds,
    /// How long one answer may take, from the request on.
    pub timeout: Duration,
    /// How long a connection may take, TLS included.
    pub connect_timeout: Duration,
    /// TLS, for those with `https`; without it they cannot be reached.
    pub tls: Option<vouchmq_tls::Client>,
    /// How requests are signed; `None`: not at all.
    pub signing: Option<Signing>,
    /// When a signature is made.
    pub clock: Arc<dyn Clock>,
    /// How names are looked up.
    pub lookup: Lookup,
}

/// How requests are signed (RFC 9421).
#[derive(Clone, Debug)]
pub struct Signing {
    /// With this key.
    pub key: SigningKey,
    /// Whether answers have to be signed with it too; one that is not is lost.
    pub checks_answers: bool,
}

/// Whether a question may be asked twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// Once more, of another server, if the first one failed: it changes nothing to be asked twice.
    OnAnotherServer,
    /// It may not, unless the server cannot have seen it.
    Never,
}

// === impl Servers ===

impl Servers {
    /// `servers` in the order of [`Question::targets`].
    pub fn new(servers: Vec<Origin>, options: ServersOptions) -> Self {
        let (start, dice) = (Instant::now(), Dice::new());
        let servers = servers.into_iter().map(|origin| Server::new(origin, &options, start, dice.jitter()));
        Self { servers: servers.collect(), budget: Mutex::new(RepeatBudget::new()), dice, start }
    }

    /// Asks one of them. Dropping the future cancels the request: with HTTP/1.1 its connection is closed, with HTTP/2
    /// its stream is reset.
    ///
    /// Redirects are answers like any other. So is a failure of the server (5xx), where no other server has a better
    /// one.
    ///
    /// # Errors
    /// [`Lost`]: nothing is known; at once, where all servers have failed too often or have too much to do.
    pub async fn ask(
        &self,
        question: &Question,
        repeats: Repeats,
        deadline: Instant,
    ) -> Result<Answer, Lost> {
        let now = self.now();
        self.budget.lock().call(now);
        let (first, admission) = self.choose(question, repeats, None, now).ok_or(Lost::AllBreakersOpen)?;
        let came = self.attempt(first, admission, false, question, repeats, deadline).await;
        let why = worth_repeating(&came);
        let may = match why {
            Worth::Nothing => false,
            Worth::Unasked => true,
            Worth::Repeating => repeats == Repeats::OnAnotherServer,
        };
        if !may || Instant::now() >= deadline {
            return came;
        }
        let now = self.now();
        let Some((other, admission)) = self.choose_another(question, first, why, now) else { return came };
        let again = self.attempt(other, admission, true, question, repeats, deadline).await;
        match (came, again) {
            (Ok(first), Err(_)) => Ok(first),
            (Ok(_) | Err(_), again) => again,
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.servers.len()
    }

    /// What can be seen of them, in their order.
    pub fn snapshot(&self) -> Vec<ServerSnapshot> {
        let now = self.now();
        self.servers.iter().map(|server| server.snapshot(now)).collect()
    }

    async fn attempt(
        &self,
        server: usize,
        admission: Admission,
        is_repeat: bool,
        question: &Question,
        repeats: Repeats,
        deadline: Instant,
    ) -> Result<Answer, Lost> {
        // `choose` takes only those that have a target
        let target = question.targets.get(server).ok_or(Lost::AllBreakersOpen)?;
        Attempt::begin(self, server, admission, is_repeat).ask(question, target, repeats, deadline).await
    }

    /// Another server than the one that failed, within the budget.
    fn choose_another(
        &self,
        question: &Question,
        failed: usize,
        why: Worth,
        now: Duration,
    ) -> Option<(usize, Admission)> {
        let has_another = self.servers.len() > 1;
        let may = has_another && (why == Worth::Unasked || self.budget.lock().repeat(now));
        // It has failed once; it is not asked to find out whether somebody is back.
        may.then(|| self.choose(question, Repeats::Never, Some(failed), now)).flatten()
    }

    /// Who is asked.
    fn choose(
        &self,
        question: &Question,
        repeats: Repeats,
        not: Option<usize>,
        now: Duration,
    ) -> Option<(usize, Admission)> {
        let (mut usual, mut second, mut due) =
            (Vec::with_capacity(self.servers.len()), Vec::new(), Vec::new());
        for (at, server) in self.servers.iter().enumerate() {
            if Some(at) == not || question.targets.get(at).is_none() {
                continue;
            }
            let standing = server.health.lock().standing(now, server.tally.in_flight());
            match standing {
                Standing::Usual(cost) if self.servers.len() > 1 && server.gate.is_full() => {
                    second.push((at, cost))
                }
                Standing::Usual(cost) => usual.push((at, cost)),
                Standing::Ejected(cost) => second.push((at, cost)),
                Standing::DueForProbe => due.push((at, 0.0)),
                Standing::Away => {}
            }
        }
        let has_others = !(usual.is_empty() && second.is_empty());
        if has_others && repeats == Repeats::Never {
            due.clear();
        }
        [due, usual, second].iter_mut().find_map(|candidates| self.admitted(candidates, now))
    }

    /// One of those, if its breaker still lets it.
    fn admitted(&self, candidates: &mut Vec<(usize, f64)>, now: Duration) -> Option<(usize, Admission)> {
        while let Some(chosen) = choose(candidates, self.dice.roll()) {
            let admission = match self.server(chosen) {
                Some(server) => server.health.lock().breaker.admit(now, self.dice.jitter()),
                None => Admission::Refused,
            };
            if admission != Admission::Refused {
                return Some((chosen, admission));
            }
            candidates.retain(|(server, _)| *server != chosen);
        }
        None
    }

    pub(super) fn server(&self, at: usize) -> Option<&Server> {
        self.servers.get(at)
    }

    /// What has come of a question.
    pub(super) fn record(&self, at: usize, what: (Admission, Outcome), took: Option<Duration>) {
        let Some(server) = self.server(at) else { return };
        let now = self.now();
        let is_well = |(other, server): (usize, &Server)| other != at && server.health.lock().is_well(now);
        // only a failure is compared
        let others_are_well = matches!(what.1, Outcome::Failed | Outcome::TimedOut)
            && self.servers.iter().enumerate().any(is_well);
        let jitter = self.dice.jitter();
        let turned = server.health.lock().record(now, what, took, others_are_well, jitter);
        match turned {
            Some(BreakerState::Open) => {
                tracing::warn!(server = %server.origin, "it fails too often and is left alone for now");
                server.gate.dismiss();
            }
            Some(BreakerState::Closed) => tracing::info!(server = %server.origin, "it answers again"),
            Some(BreakerState::HalfOpen) | None => {}
        }
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }
}

/// What another server could mend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worth {
    /// Nothing.
    Nothing,
    /// The server was not even asked: that is no repeat.
    Unasked,
    /// It did not answer, or that it cannot.
    Repeating,
}

fn worth_repeating(came: &Result<Answer, Lost>) -> Worth {
    match came {
        Ok(answer) => match answer.status {
            StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
                Worth::Repeating
            }
            _ => Worth::Nothing,
        },
        Err(Lost::TimedOut { .. } | Lost::BrokenOff { .. }) => Worth::Repeating,
        Err(
            Lost::NoConnection { .. }
            | Lost::Tls { .. }
            | Lost::TooManyWait { .. }
            | Lost::BreakerOpen { .. },
        ) => Worth::Unasked,
        Err(
            Lost::TooLong { .. }
            | Lost::Garbage { .. }
            | Lost::NotSigned { .. }
            | Lost::NoRequest { .. }
            | Lost::AllBreakersOpen,
        ) => Worth::Nothing,
    }
}

impl fmt::Debug for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origins = self.servers.iter().map(|server| &server.origin);
        f.debug_list().entries(origins).finish()
    }
}

impl fmt::Debug for ServersOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServersOptions")
            .field("bounds", &self.bounds)
            .field("timeout", &self.timeout)
            .field("connect_timeout", &self.connect_timeout)
            .finish_non_exhaustive()
    }
}
