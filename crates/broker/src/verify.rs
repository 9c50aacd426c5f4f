//! Verification: what is cheap runs on the shard, what is not in a bounded pool of threads, and what waits for
//! something else has no thread at all.

mod elsewhere;
mod inquire;
mod queue;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use secrecy::ExposeSecret;
use vouchmq_identity::{
    Allowance, AuthRequest, Authenticator, Clock, Cost, Denial, Exchange, ExchangeMethod, Inquiry,
    OutwardDenial, Principal, Reconsidered, Standing, Step, Unavailable, Verdict,
};
use vouchmq_mqtt::engine::{Decision, Permit};
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{ConnectionId, ReasonCode};

use crate::admission::Admission;
use crate::admission::queue_delay::Pressure;
use crate::clock::{Monotonic, SystemClock};
use crate::offences::Judgement;
use crate::shard::mailbox::{Mailbox, Message};
use crate::transport::Peer;
use elsewhere::Asked;
use queue::{Entrance, Job, Task};

pub(crate) use elsewhere::Elsewhere;
pub(crate) use queue::Queue;

/// Judges clients.
#[derive(Clone)]
pub(crate) struct Verifier {
    authenticator: Arc<dyn Authenticator>,
    methods: Arc<[Arc<dyn ExchangeMethod>]>,
    entrance: Arc<Entrance>,
    elsewhere: Arc<Elsewhere>,
    /// What others are asked about what clients may do.
    inquiries: Arc<Elsewhere>,
    admission: Arc<Admission>,
    clock: Monotonic,
    /// How long a verdict is waited for.
    patience: Duration,
}

/// What is to be judged.
pub(crate) enum Judging {
    /// A CONNECT with or without a password.
    Request(AuthRequest),
    /// The client's data in an exchange.
    Step {
        client_id: Arc<str>,
        exchange: Box<dyn Exchange>,
        data: Vec<u8>,
        /// It comes with the CONNECT.
        is_first: bool,
    },
}

/// What came of it.
pub(crate) struct Judged {
    pub(crate) decision: Decision,
    /// Who was let in.
    pub(crate) principal: Option<Principal>,
    /// The client could not prove who it is; to be somebody who may not connect is something else.
    pub(crate) is_failed_proof: bool,
    pub(crate) by: By,
}

/// How a client was judged.
pub(crate) enum By {
    /// By its CONNECT alone.
    Request,
    /// By an exchange, which goes on or is over.
    Exchange(Option<Box<dyn Exchange>>),
}

/// The answer of a verifier.
pub(crate) enum Answer {
    Judged(Judged),
    /// It comes by mail, to who keeps this.
    Later(Arc<()>),
}

impl Verifier {
    /// Starts `thread_count` threads, which end when the last verifier is gone.
    pub(crate) fn start(
        authenticator: Arc<dyn Authenticator>,
        methods: Arc<[Arc<dyn ExchangeMethod>]>,
        admission: Arc<Admission>,
        clock: Monotonic,
        patience: Duration,
        thread_count: usize,
    ) -> std::io::Result<Self> {
        let entrance = Arc::new(Entrance(Arc::new(Queue::new(clock, admission.clone(), patience))));
        let elsewhere: Arc<Elsewhere> = Arc::default();
        for number in 0..thread_count.max(1) {
            let (queue, authenticator) = (entrance.0.clone(), authenticator.clone());
            let (admission, elsewhere) = (admission.clone(), elsewhere.clone());
            let work = move || {
                while let Some(job) = queue.pop() {
                    if admission.judge_login(clock.now(), job.address) == Judgement::Blocked {
                        // Its address failed too often while it waited.
                        job.answer(clock.now(), banned());
                        continue;
                    }
                    let queue = Arc::downgrade(&queue);
                    work_off(&*authenticator, job, &elsewhere, queue, clock);
                }
            };
            std::thread::Builder::new().name(format!("verify-{number}")).spawn(work)?;
        }
        Ok(Self {
            authenticator,
            methods,
            entrance,
            elsewhere,
            inquiries: Arc::default(),
            admission,
            clock,
            patience,
        })
    }

    /// What waits for others than the pool.
    pub(crate) fn elsewhere(&self) -> &Arc<Elsewhere> {
        &self.elsewhere
    }

    /// What waits for the pool.
    pub(crate) fn queue(&self) -> &Arc<Queue> {
        &self.entrance.0
    }

    /// What others are asked about what clients may do.
    pub(crate) fn inquiries(&self) -> &Arc<Elsewhere> {
        &self.inquiries
    }

    /// What follows from how long the pool takes.
    pub(crate) fn pressure(&self) -> Pressure {
        self.entrance.0.pressure()
    }

    /// Begins an exchange by a method that a client names; `None` if there is no such method.
    pub(crate) fn begin(&self, method: &str, request: &AuthRequest) -> Option<Box<dyn Exchange>> {
        let method = self.methods.iter().find(|known| known.name() == method)?;
        Some(method.begin(request))
    }

    /// Judges at once, or later by mail to `reply`. Who asks for a newcomer and is under `pressure` itself has nobody
    /// judged by the pool.
    pub(crate) fn judge(
        &self,
        connection: ConnectionId,
        peer: Peer,
        judging: Judging,
        reply: &Mailbox,
        pressure: Pressure,
    ) -> Answer {
        let judging = match judging {
            Judging::Request(request) => match self.authenticator.cost(&request) {
                Cost::Cheap => {
                    return Answer::Judged(judge(&*self.authenticator, &request, self.clock));
                }
                Cost::Elsewhere => return self.ask_elsewhere(connection, peer, request, reply),
                Cost::Expensive => Judging::Request(request),
            },
            step @ Judging::Step { .. } => step,
        };
        let wanted = Arc::new(());
        let task = Task::Judge { judging, connection, reply: reply.clone() };
        if pressure.is_refusing && task.is_newcomer() {
            self.admission.counters.refused_overload.fetch_add(1, Ordering::Relaxed);
            return self.busy();
        }
        let job = Job {
            task,
            address: peer.network(),
            deadline: self.clock.now().after(self.patience),
            wanted: Arc::downgrade(&wanted),
        };
        let refused = self.entrance.0.push(job, self.at_once_max(peer, queue::OF_ADDRESS_MAX));
        if refused.is_none() { Answer::Later(wanted) } else { self.busy() }
    }

    /// Asks something else, which answers by mail to `reply`. The engine ends a handshake that lasts longer
    /// than its deadline, and does not listen to an answer that comes then.
    fn ask_elsewhere(
        &self,
        connection: ConnectionId,
        peer: Peer,
        request: AuthRequest,
        reply: &Mailbox,
    ) -> Answer {
        let byte_count = byte_count_of(&request);
        let at_once_max = self.at_once_max(peer, elsewhere::OF_ADDRESS_MAX);
        let Some(place) = self.elsewhere.enter(peer.network(), byte_count, at_once_max) else {
            return self.busy();
        };
        let wanted = Arc::new(());
        let asked = Asked {
            client_id: request.client_id.clone(),
            connection,
            mailbox: reply.clone(),
            deadline: self.clock.now().after(self.patience),
            wanted: Arc::downgrade(&wanted),
            place,
            queue: Arc::downgrade(&self.entrance.0),
            clock: self.clock,
            exchanged: None,
        };
        self.authenticator.verify_elsewhere(request, asked.into_reply());
        Answer::Later(wanted)
    }

    /// How many clients of an address may be verified at once, at most `most`. Of one that has failed often they are no
    /// more than it may fail before it is blocked.
    fn at_once_max(&self, peer: Peer, most: usize) -> usize {
        match self.admission.judge_login(self.clock.now(), peer.network()) {
            Judgement::Free => most,
            Judgement::Delayed(_) | Judgement::Blocked => {
                let free = self.admission.limits().failed_logins_free;
                usize::try_from(free).unwrap_or(usize::MAX).min(most)
            }
        }
    }

    fn busy(&self) -> Answer {
        Answer::Judged(judged(Verdict::Unavailable(Unavailable::Busy), self.clock))
    }

    /// Whether a client that was let in, or is about to be, may stay.
    pub(crate) fn reconsider(&self, standing: &Standing<'_>) -> Reconsidered {
        self.authenticator.reconsider(standing)
    }

    /// What an allowance means to the engine.
    pub(crate) fn permit(&self, allowance: Allowance) -> Permit {
        permit(allowance, self.clock)
    }
}

impl Judging {
    fn byte_count(&self) -> usize {
        match self {
            Self::Request(request) => byte_count_of(request),
            Self::Step { data, .. } => size_of::<Self>() + data.len(),
        }
    }
}

fn byte_count_of(request: &AuthRequest) -> usize {
    let password = request.password.as_ref().map_or(0, |password| password.expose_secret().len());
    let username = request.username.as_ref().map_or(0, |username| username.len());
    size_of::<Judging>() + request.client_id.len() + username + password
}

/// Does what waits for the pool.
fn work_off(
    authenticator: &dyn Authenticator,
    job: Job,
    elsewhere: &Arc<Elsewhere>,
    queue: Weak<Queue>,
    clock: Monotonic,
) {
    let Job { task, address, deadline, wanted } = job;
    let (judging, connection, mailbox) = match task {
        Task::Rest(work, asked) => return asked.finish(work),
        Task::Judge { judging, connection, reply } => (judging, connection, reply),
    };
    let unavailable = |reason| judged(Verdict::Unavailable(reason), clock);
    let judged = if clock.now() < deadline {
        match guarded(|| judge_step(authenticator, judging, clock)) {
            Some(Judgment::Now(judged)) => judged,
            Some(Judgment::Later { client_id, inquiry, data }) => {
                match elsewhere.enter(address, size_of::<Asked>(), queue::OF_ADDRESS_MAX) {
                    Some(place) => {
                        let client_id = (*client_id).into();
                        let exchanged = Some(data);
                        let asked = Asked {
                            client_id,
                            connection,
                            mailbox,
                            deadline,
                            wanted,
                            place,
                            queue,
                            clock,
                            exchanged,
                        };
                        // One that panics drops its reply, which answers.
                        let _ = guarded(|| inquiry.begin(asked.into_reply()));
                        return;
                    }
                    None => unavailable(Unavailable::Busy),
                }
            }
            None => unavailable(Unavailable::TimedOut),
        }
    } else {
        unavailable(Unavailable::TimedOut)
    };
    mailbox.send(Message::Judged(connection, judged, clock.now()));
}

/// An address that has failed too often; nothing was verified.
fn banned() -> Judged {
    let decision = Decision::Refuse(ReasonCode::BANNED);
    Judged { decision, principal: None, is_failed_proof: false, by: By::Request }
}

/// What came of a step on the pool.
enum Judgment {
    Now(Judged),
    /// It waits for something that needs no thread.
    Later {
        client_id: Arc<str>,
        inquiry: Inquiry,
        data: Option<Vec<u8>>,
    },
}

/// Judges; a verifier that panics could not decide, and goes on with the next client.
fn guarded<T>(judge: impl FnOnce() -> T) -> Option<T> {
    let done = catch_unwind(AssertUnwindSafe(judge));
    done.inspect_err(|_| tracing::error!("a verification panicked: this is a bug")).ok()
}

fn judge(authenticator: &dyn Authenticator, request: &AuthRequest, clock: Monotonic) -> Judged {
    let verdict = authenticator.verify(request);
    log_denial(&request.client_id, &verdict);
    judged(verdict, clock)
}

fn judge_step(authenticator: &dyn Authenticator, judging: Judging, clock: Monotonic) -> Judgment {
    match judging {
        Judging::Request(request) => Judgment::Now(judge(authenticator, &request, clock)),
        Judging::Step { client_id, mut exchange, data, is_first: _ } => match exchange.step(&data) {
            Step::Continue(challenge) => {
                let decision = Decision::Continue(challenge);
                let by = By::Exchange(Some(exchange));
                Judgment::Now(Judged { decision, principal: None, is_failed_proof: false, by })
            }
            Step::Done(verdict, data) => {
                log_denial(&client_id, &verdict);
                Judgment::Now(exchanged(verdict, data, clock))
            }
            Step::Later(inquiry, data) => Judgment::Later { client_id, inquiry, data },
        },
    }
}

/// What the verdict of an exchange means; `data` goes to a client that is let in.
fn exchanged(verdict: Verdict, data: Option<Vec<u8>>, clock: Monotonic) -> Judged {
    // A method that does not know the client has seen a proof that proves nothing.
    let is_unknown = matches!(verdict, Verdict::NotMine);
    let mut judged = judged(verdict, clock);
    judged.is_failed_proof |= is_unknown;
    if let Decision::Allow(permit) = &mut judged.decision {
        permit.data = data;
    }
    judged.by = By::Exchange(None);
    judged
}

/// What exactly was wrong is for operators, and never for the client.
fn log_denial(client_id: &str, verdict: &Verdict) {
    let client_id = client_id.escape_debug();
    match verdict {
        Verdict::Deny(denial) => tracing::debug!(%client_id, reason = %denial, "login denied"),
        Verdict::Allow(_) | Verdict::NotMine | Verdict::Unavailable(_) => {}
    }
}

/// What a verdict means.
fn judged(verdict: Verdict, clock: Monotonic) -> Judged {
    let (mut principal, mut is_failed_proof) = (None, false);
    let decision = match verdict {
        Verdict::Allow(allowance) => {
            principal = Some(allowance.principal.clone());
            Decision::Allow(permit(allowance, clock))
        }
        refused @ (Verdict::Deny(_) | Verdict::NotMine | Verdict::Unavailable(_)) => {
            is_failed_proof = matches!(refused, Verdict::Deny(denial) if denial.is_failed_proof());
            Decision::Refuse(connack_reason(&refused))
        }
    };
    Judged { decision, principal, is_failed_proof, by: By::Request }
}

fn permit(allowance: Allowance, clock: Monotonic) -> Permit {
    let until = allowance.expires_at.map_or(Timestamp::NEVER, |at| {
        let left = at.millis().saturating_sub(SystemClock.now().millis());
        clock.now().after(Duration::from_millis(left))
    });
    Permit { authorize: allowance.authorize, until, data: None }
}

/// What a verdict is on the wire: never a bad password when it is the broker that cannot decide.
pub fn connack_reason(verdict: &Verdict) -> ReasonCode {
    match *verdict {
        Verdict::Allow(_) => ReasonCode::SUCCESS,
        Verdict::Deny(denial) => refusal(denial),
        // Nobody knew the client: that is a denial, never an invitation.
        Verdict::NotMine => ReasonCode::NOT_AUTHORIZED,
        Verdict::Unavailable(Unavailable::Busy) => ReasonCode::SERVER_BUSY,
        Verdict::Unavailable(
            Unavailable::TimedOut
            | Unavailable::OutOfMemory
            | Unavailable::NoKey
            | Unavailable::NotRecorded
            | Unavailable::Stale
            | Unavailable::NoService
            | Unavailable::NotUnderstood
            | Unavailable::NoEntropy(_),
        ) => ReasonCode::SERVER_UNAVAILABLE,
    }
}

/// What a client is told that is denied.
pub(crate) fn refusal(denial: Denial) -> ReasonCode {
    match denial.outward() {
        OutwardDenial::BadCredential => ReasonCode::BAD_USER_NAME_OR_PASSWORD,
        OutwardDenial::NotAllowed => ReasonCode::NOT_AUTHORIZED,
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use vouchmq_identity::{Access, Anonymous, Denial};

    use super::*;

    /// Ends at once, with this verdict.
    struct Ending(Verdict);

    impl Exchange for Ending {
        fn step(&mut self, _: &[u8]) -> Step {
            Step::Done(self.0.clone(), None)
        }
    }

    /// Asks somebody who panics.
    struct Asking;

    impl Exchange for Asking {
        fn step(&mut self, _: &[u8]) -> Step {
            Step::Later(Inquiry::new(|_| panic!("nobody to ask")), None)
        }
    }

    #[tokio::test]
    async fn who_panics_when_it_is_asked_answers_and_takes_no_thread_along() {
        let (mailbox, mut inbox) = Mailbox::new();
        let (elsewhere, wanted) = (Arc::<Elsewhere>::default(), Arc::new(()));
        let judging = Judging::Step {
            client_id: "c".into(),
            exchange: Box::new(Asking),
            data: Vec::new(),
            is_first: true,
        };
        let connection = ConnectionId { index: 1, generation: 0 };
        let job = Job {
            task: Task::Judge { judging, connection, reply: mailbox },
            address: None,
            deadline: Timestamp::NEVER,
            wanted: Arc::downgrade(&wanted),
        };
        let nobody = Anonymous::everybody(Access::everything());
        work_off(&nobody, job, &elsewhere, Weak::new(), Monotonic::start());
        let mut mail = Vec::new();
        inbox.recv_many(&mut mail, 1).await;
        let Some(Message::Judged(told, judged, _)) = mail.pop() else { panic!("no verdict") };
        assert!(matches!(judged.decision, Decision::Refuse(ReasonCode::SERVER_UNAVAILABLE)));
        assert_eq!((told, elsewhere.count()), (connection, 0));
    }

    #[test]
    fn an_exchange_that_proves_nothing_is_a_failed_login() {
        for (verdict, is_failed) in [
            (Verdict::Deny(Denial::WrongPassword), true),
            (Verdict::Deny(Denial::UnknownUser), true),
            (Verdict::NotMine, true),
            (Verdict::Deny(Denial::ServiceBadCredential), true),
            (Verdict::Deny(Denial::ServiceNotAllowed), true),
            (Verdict::Deny(Denial::Blocked), false),
            (Verdict::Deny(Denial::NoCredential), false),
            (Verdict::Unavailable(Unavailable::Busy), false),
        ] {
            let exchange = Box::new(Ending(verdict.clone()));
            let judging = Judging::Step { client_id: "c".into(), exchange, data: Vec::new(), is_first: true };
            let nobody = Anonymous::everybody(Access::everything());
            let Judgment::Now(judged) = judge_step(&nobody, judging, Monotonic::start()) else { panic!() };
            assert_eq!(judged.is_failed_proof, is_failed, "{verdict:?}");
        }
    }
}
