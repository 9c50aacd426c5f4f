//! What goes on beside the questions, and what operators see and do.

use std::fmt;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::{Duration, sleep};
use vouchmq_identity::{Denial, Sessions, Whom};

use super::cache::Target;
use super::changes::Health;
use super::following::Following;
use super::options::AnswerMode;
use super::service::{Remote, Spoken};
use crate::dto::authentication as dto;
use crate::transport::{BreakerState, ServerSnapshot, Servers};

/// What goes on beside the questions; it ends when this is dropped.
#[must_use]
pub struct AtWork(#[expect(dead_code, reason = "its end is what it is for")] JoinSet<()>);

/// How often those who are gone are forgotten.
const SWEEP: Duration = Duration::from_secs(60);

impl Remote {
    /// Follows what changes at the service, for the clients of a broker.
    pub fn work(self: &Arc<Self>, sessions: Arc<dyn Sessions>) -> AtWork {
        let mut works = JoinSet::new();
        let runtime = self.runtime();
        match self.spoken() {
            Spoken::Templates(_) => {
                let this = self.clone();
                let sweep = async move {
                    loop {
                        sleep(SWEEP).await;
                        this.standings().sweep();
                    }
                };
                works.spawn_on(sweep, runtime);
            }
            Spoken::Native(native) => {
                let following = Following::new(self.clone(), native.clone(), sessions);
                let (worker, native) = (following.clone(), native.clone());
                works.spawn_on(async move { worker.work().await }, runtime);
                let follow = async move {
                    let now = || native.now();
                    if let Some(follower) = &native.follower {
                        follower.follow(&*following, &native.health, &now).await;
                    }
                };
                works.spawn_on(follow, runtime);
            }
        }
        AtWork(works)
    }

    /// Whether another one would ask in the same way: what is remembered of this one is good for it.
    ///
    /// Files of TLS are read when a service is made. Where there are some, it is not the same.
    pub fn asks_as(&self, other: &Self) -> bool {
        self.options() == other.options() && !self.options().has_tls_files()
    }

    /// Drops what is remembered, and ends the connections of whom that was, if that is wanted; when it is done, nobody
    /// is let in by it any more.
    pub async fn forget(&self, whom: &dto::ForgetRequest, sessions: &dyn Sessions) -> dto::Forgotten {
        let targets = [
            whom.device_id.as_deref().map(Target::Device),
            whom.username.as_deref().map(Target::Username),
            whom.clientid.as_deref().map(Target::ClientId),
            whom.all.then_some(Target::All),
        ];
        let answers: usize =
            targets.into_iter().flatten().map(|target| self.cache().invalidate(target, None)).sum();
        self.surroundings().forget_rights();
        let mut forgotten = dto::Forgotten { answers: count(answers), sessions_closed: 0 };
        if whom.disconnect {
            let is_meant = |who: &vouchmq_identity::Vouched, client_id: &str| {
                whom.all
                    || whom.clientid.as_deref() == Some(client_id)
                    || (whom.username.is_some() && whom.username.as_deref() == who.name.as_deref())
                    || whom
                        .device_id
                        .as_deref()
                        .is_some_and(|id| who.device.as_ref().is_some_and(|own| own.as_str() == id))
            };
            if self.standings().end_where(Denial::ServiceNotAllowed, is_meant) > 0 {
                forgotten.sessions_closed = count(sessions.reconsider(Whom::Everybody).await);
            }
        }
        forgotten
    }

    /// How asking goes.
    pub fn figures(&self) -> dto::AskedService {
        let cached = self.cache().counters();
        let flights = self.flights().counters();
        let mut figures = dto::AskedService {
            verdicts: self.counted().verdicts(),
            latency: self.counted().latency(),
            permissions: self.counted().permissions(),
            cache: dto::CacheFigures {
                allowed: count(cached.allowed.entries),
                denied: count(cached.denied.entries),
                bytes: count(cached.allowed.bytes + cached.denied.bytes),
                hits: cached.allowed.hits + cached.denied.hits,
                misses: cached.misses,
                evictions: cached.allowed.evictions + cached.denied.evictions,
                invalidated: cached.invalidated,
                stale_hits: cached.stale_hits,
            },
            asking: count(flights.flights),
            joined: flights.joins,
            clients: count(self.standings().len()),
            ..dto::AskedService::default()
        };
        let mut add = |asks: &str, servers: &Servers| {
            figures.servers.extend(servers.snapshot().iter().map(|server| server_figures(asks, server)));
        };
        match self.spoken() {
            Spoken::Templates(templated) => {
                let askers = [
                    ("login", &templated.login),
                    ("superuser", &templated.superuser),
                    ("acl", &templated.acl),
                ];
                for (asks, asker) in askers {
                    if let Some(asker) = asker {
                        add(asks, &asker.servers);
                    }
                }
                figures.mode = match templated.mode {
                    AnswerMode::Status => "status",
                    AnswerMode::Json | AnswerMode::JsonResult(_) => "json",
                }
                .to_owned();
            }
            Spoken::Native(native) => {
                add("native", &native.servers);
                "native".clone_into(&mut figures.mode);
                let (requests, items) = native.batches();
                figures.batches = Some(dto::Batches { requests, items });
                figures.changes = native.options.follows_changes.then(|| dto::Following {
                    health: match native.health_now() {
                        Health::Healthy => "healthy",
                        Health::Suspect => "suspect",
                        Health::Stale => "stale",
                    }
                    .to_owned(),
                    applied_seq: native.last_applied(),
                });
            }
        }
        figures
    }
}

fn server_figures(asks: &str, server: &ServerSnapshot) -> dto::ServerFigures {
    let counts = server.counts;
    dto::ServerFigures {
        asks: asks.to_owned(),
        server: server.origin.to_string(),
        breaker: match server.breaker {
            BreakerState::Closed => "closed",
            BreakerState::Open => "open",
            BreakerState::HalfOpen => "half_open",
        }
        .to_owned(),
        connections: count(server.connections),
        in_flight: count(server.in_flight),
        waiting: count(server.waiting),
        asked: counts.asked,
        answered: counts.answered,
        timed_out: counts.timeouts,
        failed: counts.failures + counts.connect_failures + counts.broken,
        turned_away: counts.refused,
        repeated: counts.repeats,
        latency: (&server.latency).into(),
    }
}

fn count(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

impl fmt::Debug for AtWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AtWork").finish_non_exhaustive()
    }
}
