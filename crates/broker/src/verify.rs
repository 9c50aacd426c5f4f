//! Verification: what is cheap runs on the shard, what is not in a bounded pool of threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use vouchmq_identity::{
    AuthRequest, Authenticator, Clock, Cost, Exchange, ExchangeMethod, OutwardDenial, Principal, Step,
    Unavailable, Verdict,
};
use vouchmq_mqtt::engine::{Decision, Permit};
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{ConnectionId, ReasonCode};

use crate::clock::{Monotonic, SystemClock};
use crate::shard::mailbox::{Mailbox, Message};

/// Verifications that wait for a thread; more are refused with Server unavailable.
const WAITING_MAX: usize = 4096;

/// Judges clients.
#[derive(Clone)]
pub(crate) struct Verifier {
    authenticator: Arc<dyn Authenticator>,
    methods: Arc<[Arc<dyn ExchangeMethod>]>,
    jobs: mpsc::Sender<Job>,
    clock: Monotonic,
}

/// What is to be judged.
pub(crate) enum Judging {
    /// A CONNECT with or without a password.
    Request(AuthRequest),
    /// The client's data in an exchange.
    Step(Box<dyn Exchange>, Vec<u8>),
}

/// What came of it.
pub(crate) struct Judged {
    pub(crate) decision: Decision,
    /// Who was let in.
    pub(crate) principal: Option<Principal>,
    pub(crate) by: By,
}

/// How a client was judged.
pub(crate) enum By {
    /// By its CONNECT alone.
    Request,
    /// By an exchange, which goes on or is over.
    Exchange(Option<Box<dyn Exchange>>),
}

/// A verification that takes long.
struct Job {
    judging: Judging,
    connection: ConnectionId,
    reply: Mailbox,
}

impl Verifier {
    /// Starts `thread_count` threads, which end when the last verifier is gone.
    pub(crate) fn start(
        authenticator: Arc<dyn Authenticator>,
        methods: Arc<[Arc<dyn ExchangeMethod>]>,
        clock: Monotonic,
        thread_count: usize,
    ) -> std::io::Result<Self> {
        let (jobs, waiting) = mpsc::channel::<Job>(WAITING_MAX);
        let waiting = Arc::new(parking_lot::Mutex::new(waiting));
        for number in 0..thread_count.max(1) {
            let (waiting, authenticator) = (waiting.clone(), authenticator.clone());
            let work = move || {
                loop {
                    let job = waiting.lock().blocking_recv();
                    let Some(Job { judging, connection, reply }) = job else { return };
                    let judged = judge_guarded(&*authenticator, judging, clock);
                    reply.send(Message::Judged(connection, judged));
                }
            };
            std::thread::Builder::new().name(format!("verify-{number}")).spawn(work)?;
        }
        Ok(Self { authenticator, methods, jobs, clock })
    }

    /// Begins an exchange by a method that a client names; `None` if there is no such method.
    pub(crate) fn begin(&self, method: &str, request: &AuthRequest) -> Option<Box<dyn Exchange>> {
        let method = self.methods.iter().find(|known| known.name() == method)?;
        Some(method.begin(request))
    }

    /// Judges at once, or later by mail to `reply`.
    pub(crate) fn judge(
        &self,
        connection: ConnectionId,
        judging: Judging,
        reply: &Mailbox,
    ) -> Option<Judged> {
        if let Judging::Request(request) = &judging
            && self.authenticator.cost(request) == Cost::Cheap
        {
            return Some(judge(&*self.authenticator, judging, self.clock));
        }
        let job = Job { judging, connection, reply: reply.clone() };
        match self.jobs.try_send(job) {
            Ok(()) => None,
            Err(_) => Some(judged(Verdict::Unavailable(Unavailable::Busy), self.clock)),
        }
    }
}

/// Judges; a verifier that panics could not decide, and goes on with the next client.
fn judge_guarded(authenticator: &dyn Authenticator, judging: Judging, clock: Monotonic) -> Judged {
    let guarded = catch_unwind(AssertUnwindSafe(|| judge(authenticator, judging, clock)));
    guarded.unwrap_or_else(|_| {
        tracing::error!("a verification panicked: this is a bug");
        judged(Verdict::Unavailable(Unavailable::Busy), clock)
    })
}

fn judge(authenticator: &dyn Authenticator, judging: Judging, clock: Monotonic) -> Judged {
    match judging {
        Judging::Request(request) => {
            let verdict = authenticator.verify(&request);
            if let Verdict::Deny(denial) = &verdict {
                let client_id = request.client_id.escape_debug();
                tracing::debug!(%client_id, reason = %denial, "login denied");
            }
            judged(verdict, clock)
        }
        Judging::Step(mut exchange, data) => match exchange.step(&data) {
            Step::Continue(challenge) => {
                let decision = Decision::Continue(challenge);
                Judged { decision, principal: None, by: By::Exchange(Some(exchange)) }
            }
            Step::Done(verdict, data) => {
                let mut judged = judged(verdict, clock);
                if let Decision::Allow(permit) = &mut judged.decision {
                    permit.data = data;
                }
                judged.by = By::Exchange(None);
                judged
            }
        },
    }
}

/// What a verdict means on the wire: never a bad password when it is the broker that cannot decide.
fn judged(verdict: Verdict, clock: Monotonic) -> Judged {
    let mut principal = None;
    let decision = match verdict {
        Verdict::Allow(allowance) => {
            let until = allowance.expires_at.map_or(Timestamp::NEVER, |at| {
                let left = at.millis().saturating_sub(SystemClock.now().millis());
                clock.now().after(Duration::from_millis(left))
            });
            principal = Some(allowance.principal);
            Decision::Allow(Permit { authorize: allowance.authorize, until, data: None })
        }
        Verdict::Deny(denial) => Decision::Refuse(match denial.outward() {
            OutwardDenial::BadCredential => ReasonCode::BAD_USER_NAME_OR_PASSWORD,
            OutwardDenial::NotAllowed => ReasonCode::NOT_AUTHORIZED,
        }),
        // Nobody knew the client: that is a denial, never an invitation.
        Verdict::NotMine => Decision::Refuse(ReasonCode::NOT_AUTHORIZED),
        Verdict::Unavailable(_) => Decision::Refuse(ReasonCode::SERVER_UNAVAILABLE),
    };
    Judged { decision, principal, by: By::Request }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}
