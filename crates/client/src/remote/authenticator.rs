//! The authenticator that asks a service.

use std::fmt;
use std::sync::Arc;

use secrecy::ExposeSecret;
use tokio::time::{Instant, interval_at, timeout_at};
use vouchmq_identity::{
    Allowance, AskedService, AuthRequest, Authenticator, Configured, Cost, Denial, Principal, Reconsidered,
    Reply, Standing, Unavailable, Verdict as Judgement,
};

use super::beside::Beside;
use super::cache::{Asked, Key, Stored, Verdict};
use super::flight::{Boarding, Lead, Passenger};
use super::rights::Basis;
use super::service::Remote;
use super::settled::{Grounds, Settled};
use super::standings::{Found, Newcomer};

/// Asks a service who a client is, and what it may do beside what the rules of files say.
///
/// What is remembered of the service's answers costs no more than a hash. All else waits without a thread: one
/// question for all who present the same, cancelled when nobody waits for it any more.
#[derive(Clone)]
pub struct RemoteAuthenticator {
    remote: Arc<Remote>,
    configured: Arc<Configured>,
}

/// One who waits for an answer.
pub(super) struct Waiter {
    pub(super) request: AuthRequest,
    configured: Arc<Configured>,
    reply: Reply,
}

/// What was said, and to which question.
struct Answered {
    settled: Settled,
    key: Key,
    asked: Asked,
}

/// How often it is looked whether somebody still waits.
const LOOK: std::time::Duration = std::time::Duration::from_millis(100);
/// How long is waited before that.
const LAG: std::time::Duration = std::time::Duration::from_millis(20);
/// An answer that is older than what is known meanwhile is not taken; so often it is asked again.
const ATTEMPTS: usize = 3;

impl RemoteAuthenticator {
    /// Asks by `remote`; what the service does not say, the rules of `configured` do.
    pub const fn new(remote: Arc<Remote>, configured: Arc<Configured>) -> Self {
        Self { remote, configured }
    }

    /// The service in the order of a configuration: what clients and those of others are judged by.
    pub fn service(remote: &Arc<Remote>, configured: &Arc<Configured>) -> AskedService {
        let (remote, configured) = (remote.clone(), configured.clone());
        AskedService {
            judges_logins: remote.judges_logins(),
            authenticator: Box::new(Self::new(remote.clone(), configured.clone())),
            beside: Box::new(move |other| Box::new(Beside::new(other, remote.clone(), configured.clone()))),
        }
    }
}

impl Authenticator for RemoteAuthenticator {
    fn cost(&self, request: &AuthRequest) -> Cost {
        let key = self.remote.key(request);
        if self.remote.remembers(&key) { Cost::Cheap } else { Cost::Elsewhere }
    }

    /// By what is remembered only.
    fn verify(&self, request: &AuthRequest) -> Judgement {
        let key = self.remote.key(request);
        let Some(settled) = self.remote.recall(&key) else {
            // It was there when the cost was asked for, and is not good any more.
            return self.remote.told(Judgement::Unavailable(Unavailable::NoService));
        };
        let judgement = self.remote.judgement(&settled, request, &self.configured);
        if settled.allows() && !self.remote.remembers(&key) {
            return self.remote.told(Judgement::Unavailable(Unavailable::NoService));
        }
        self.remote.told(judgement)
    }

    fn verify_elsewhere(&self, request: AuthRequest, reply: Reply) {
        let key = self.remote.key(&request);
        self.remote.board(key, Waiter { request, configured: self.configured.clone(), reply });
    }

    fn decides(&self, _: &AuthRequest) -> bool {
        self.remote.decides()
    }

    /// About clients that a service vouched for, and nobody else.
    fn reconsider(&self, standing: &Standing<'_>) -> Reconsidered {
        let Principal::Vouched(vouched) = standing.principal else { return Reconsidered::Unchanged };
        let reads_otherwise = |then| self.configured.has_other_rules_than(then);
        let found = self.remote.standings().find(
            vouched.number,
            self.remote.looks_after_clients(),
            self.configured.generation(),
            reads_otherwise,
        );
        match found {
            Found::Unchanged => Reconsidered::Unchanged,
            Found::Ended(denial) => Reconsidered::Ended(denial),
            Found::Changed(basis) => {
                let (client_id, username) = (standing.client_id, vouched.name.as_deref());
                Reconsidered::Changed(Allowance {
                    principal: standing.principal.clone(),
                    authorize: basis.rights(client_id, username, standing.peer, &self.configured),
                    expires_at: basis.grounds.carried.expires_at,
                })
            }
        }
    }
}

impl Remote {
    /// Waits with others for the same answer, or asks.
    fn board(self: &Arc<Self>, key: Key, waiter: Waiter) {
        match self.flights().board(key, waiter) {
            Boarding::Joined => {}
            Boarding::Full(waiter) => {
                waiter.reply.answer(self.told(Judgement::Unavailable(Unavailable::Busy)));
            }
            Boarding::Lead(lead, waiter) => self.launch(lead, waiter),
        }
    }

    /// Asks for one, and for those who join it.
    pub(super) fn launch(self: &Arc<Self>, lead: Lead<Waiter>, waiter: Waiter) {
        let this = self.clone();
        self.runtime().spawn(async move {
            let began = Instant::now();
            let answered = {
                let mut asking = std::pin::pin!(this.ask(lead.key(), &waiter.request));
                let mut looks = interval_at(began + LOOK, LOOK);
                loop {
                    tokio::select! {
                        biased;
                        answered = &mut asking => break Some(answered),
                        _ = looks.tick() => if !waiter.is_wanted() && lead.is_alone() { break None },
                    }
                }
            };
            // Nobody waits: the question was taken back.
            let Some(answered) = answered else { return };
            this.counted().waited(began.elapsed());
            for waiter in std::iter::once(waiter).chain(lead.land()) {
                this.tell(waiter, &answered);
            }
        });
    }

    /// What the service says now; an answer that is older than what has changed meanwhile does not count.
    async fn ask(&self, key: &Key, request: &AuthRequest) -> Result<Answered, Unavailable> {
        let deadline = Instant::now() + self.deadline();
        for _ in 0..ATTEMPTS {
            let asked = self.cache().ask();
            let login = timeout_at(deadline, self.spoken().login(request, deadline)).await;
            let settled = match login.unwrap_or(Err(Unavailable::TimedOut)) {
                Ok(settled) => settled,
                Err(why) => {
                    // A service that answers, whatever it says, is not overruled.
                    let is_silent = matches!(why, Unavailable::NoService | Unavailable::TimedOut);
                    let stale = if is_silent { self.recall_stale(key) } else { None };
                    let settled = stale.ok_or(why)?;
                    return Ok(Answered { settled, key: *key, asked });
                }
            };
            let stored = self.cache().store(key, asked, self.verdict(&settled), self.now(), self.random());
            if stored != Stored::AskAgain {
                return Ok(Answered { settled, key: *key, asked });
            }
            // A server that shares its registry with others may hear of a change a little later than they.
            tokio::time::sleep(LAG).await;
        }
        Err(Unavailable::NoService)
    }

    /// Tells one who waited.
    fn tell(self: &Arc<Self>, waiter: Waiter, answered: &Result<Answered, Unavailable>) {
        let Waiter { request, configured, reply } = waiter;
        let judgement = match answered {
            Ok(answered) => {
                let judgement = self.judgement(&answered.settled, &request, &configured);
                // It is entered now. What changed before that did not find it, and is looked for here.
                if self.holds(answered) { judgement } else { Judgement::Unavailable(Unavailable::NoService) }
            }
            Err(why) => Judgement::Unavailable(*why),
        };
        reply.answer(self.told(judgement));
    }

    /// Whether nothing has changed since an answer that allows.
    fn holds(&self, answered: &Answered) -> bool {
        let Answered { settled, key, asked } = answered;
        let Verdict { allows, device_id, as_of, .. } = self.verdict(settled);
        !allows || self.cache().is_current(key, *asked, device_id, as_of)
    }

    /// What an answer means for one client.
    fn judgement(
        self: &Arc<Self>,
        settled: &Settled,
        request: &AuthRequest,
        configured: &Arc<Configured>,
    ) -> Judgement {
        match settled {
            // Its time is over: it would be let in and closed at once.
            Settled::Allow(grounds) if self.is_over(grounds.carried.expires_at) => {
                Judgement::Deny(Denial::ServiceNotAllowed)
            }
            Settled::Allow(grounds) => Judgement::Allow(self.let_in(grounds, request, configured)),
            Settled::Deny(denial) => Judgement::Deny(*denial),
            Settled::NotMine => Judgement::NotMine,
        }
    }

    fn let_in(
        self: &Arc<Self>,
        grounds: &Arc<Grounds>,
        request: &AuthRequest,
        configured: &Arc<Configured>,
    ) -> Allowance {
        let basis = Basis::of(self, grounds, request);
        let username = request.username.as_deref();
        let authorize = basis.rights(&request.client_id, username, request.peer, configured);
        let vouched = self.standings().enter(Newcomer {
            name: request.username.clone(),
            device: grounds.device.clone(),
            credential: grounds.credential,
            client_id: request.client_id.clone(),
            peer: request.peer,
            grounds: basis,
            as_of: grounds.as_of,
            is_looked_after: self.looks_after_clients(),
            rules: configured.generation(),
        });
        Allowance {
            principal: Principal::Vouched(vouched),
            authorize,
            expires_at: grounds.carried.expires_at,
        }
    }

    /// How an answer is remembered.
    fn verdict<'a>(&self, settled: &'a Settled) -> Verdict<'a, Settled> {
        let grounds = match settled {
            Settled::Allow(grounds) => Some(grounds),
            Settled::Deny(_) | Settled::NotMine => None,
        };
        Verdict {
            value: settled.clone(),
            allows: settled.allows(),
            device_id: grounds.and_then(|grounds| grounds.device.as_ref()).map(|device| device.as_str()),
            as_of: grounds.map(|grounds| grounds.as_of).filter(|as_of| *as_of > 0),
            bounds: self.bounds_of(settled),
            bytes: settled.bytes(),
        }
    }
}

impl Passenger for Waiter {
    fn is_wanted(&self) -> bool {
        self.reply.is_wanted()
    }
}

/// The bytes of a password, if there is one.
pub(super) fn password_of(request: &AuthRequest) -> Option<&[u8]> {
    request.password.as_ref().map(ExposeSecret::expose_secret)
}

impl fmt::Debug for RemoteAuthenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteAuthenticator").field("remote", &self.remote).finish_non_exhaustive()
    }
}
