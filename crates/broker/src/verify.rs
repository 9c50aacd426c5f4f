//! Verification: what is cheap runs on the shard, what is not in a bounded pool of threads.

use std::net::IpAddr;
use std::sync::Arc;

use secrecy::SecretSlice;
use tokio::sync::mpsc;
use vouchmq_identity::{AuthRequest, Authenticator, Clock, Cost, OutwardDenial, Unavailable, Verdict};
use vouchmq_mqtt::engine::{Authentication, Credentials, Decision, Permit};
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
    jobs: mpsc::Sender<Job>,
    clock: Monotonic,
}

/// A verification that takes long.
struct Job {
    request: AuthRequest,
    connection: ConnectionId,
    reply: Mailbox,
}

impl Verifier {
    /// Starts `thread_count` threads, which end when the last verifier is gone.
    pub(crate) fn start(
        authenticator: Arc<dyn Authenticator>,
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
                    let Some(job) = job else { return };
                    let verdict = authenticator.verify(&job.request);
                    job.reply.send(Message::Decided(job.connection, decision_of(verdict, clock)));
                }
            };
            std::thread::Builder::new().name(format!("verify-{number}")).spawn(work)?;
        }
        Ok(Self { authenticator, jobs, clock })
    }

    /// Judges a client: at once, or later by mail to `reply`.
    pub(crate) fn verify(
        &self,
        connection: ConnectionId,
        authentication: Authentication,
        peer: Option<IpAddr>,
        reply: &Mailbox,
    ) -> Option<Decision> {
        let Authentication { client_id, username, credentials } = authentication;
        let password = match credentials {
            Credentials::Password(password) => password,
            // No enhanced authentication method is configured (`MQTT5-4.12.0-1`).
            Credentials::Begin { .. } | Credentials::Continue(_) | Credentials::Again { .. } => {
                return Some(Decision::Refuse(ReasonCode::BAD_AUTHENTICATION_METHOD));
            }
        };
        let request = AuthRequest {
            client_id: (*client_id).into(),
            username,
            password: password.map(SecretSlice::from),
            peer,
        };
        if self.authenticator.cost(&request) == Cost::Cheap {
            return Some(decision_of(self.authenticator.verify(&request), self.clock));
        }
        let job = Job { request, connection, reply: reply.clone() };
        match self.jobs.try_send(job) {
            Ok(()) => None,
            Err(_) => Some(decision_of(Verdict::Unavailable(Unavailable::Busy), self.clock)),
        }
    }
}

/// What a verdict means on the wire: never a bad password when it is the broker that cannot decide.
fn decision_of(verdict: Verdict, clock: Monotonic) -> Decision {
    match verdict {
        Verdict::Allow(allowance) => {
            let until = allowance.expires_at.map_or(Timestamp::NEVER, |at| {
                let left = at.millis().saturating_sub(SystemClock.now().millis());
                clock.now().after(std::time::Duration::from_millis(left))
            });
            Decision::Allow(Permit { authorize: allowance.authorize, until, data: None })
        }
        Verdict::Deny(denial) => Decision::Refuse(match denial.outward() {
            OutwardDenial::BadCredential => ReasonCode::BAD_USER_NAME_OR_PASSWORD,
            OutwardDenial::NotAllowed => ReasonCode::NOT_AUTHORIZED,
        }),
        // Nobody knew the client: that is a denial, never an invitation.
        Verdict::NotMine => Decision::Refuse(ReasonCode::NOT_AUTHORIZED),
        Verdict::Unavailable(_) => Decision::Refuse(ReasonCode::SERVER_UNAVAILABLE),
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}
