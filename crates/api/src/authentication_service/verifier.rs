use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::timeout;
use vouchmq_identity::model::{CredentialId, DeviceId};
use vouchmq_identity::resident::{Judgement, Proven};
use vouchmq_identity::{AuthRequest, Cost, Principal, Standing, Unavailable, Verdict};

use super::{AuthenticationServiceOptions, Confirm, Judge};

/// Judges what is quick at once, and passwords on a few threads.
#[derive(Clone)]
pub(super) struct Verifier {
    judge: Arc<dyn Judge>,
    confirm: Arc<dyn Confirm>,
    /// Passwords that are verified or wait.
    places: Arc<Semaphore>,
    /// Passwords that are verified.
    threads: Arc<Semaphore>,
    patience: Duration,
}

/// A change that this process made itself is applied in milliseconds.
const APPLIED_WITHIN: Duration = Duration::from_secs(1);

impl Verifier {
    pub(super) fn new(
        options: &AuthenticationServiceOptions,
        judge: Arc<dyn Judge>,
        confirm: Arc<dyn Confirm>,
    ) -> Self {
        let at_once = options.passwords_at_once_max.clamp(1, 256);
        let waiting = options.passwords_waiting_max.min(100_000);
        Self {
            judge,
            confirm,
            places: Arc::new(Semaphore::new(at_once + waiting)),
            threads: Arc::new(Semaphore::new(at_once)),
            patience: Duration::from_millis(options.patience_millis),
        }
    }

    pub(super) fn judge(&self) -> &dyn Judge {
        &*self.judge
    }

    /// Judges a client. Whoever is let in has a credential whose first use is durable.
    pub(super) async fn decide(&self, request: AuthRequest) -> Judgement {
        match self.judge.cost(&request) {
            // To wait for something is for who confirms.
            Cost::Cheap | Cost::Elsewhere => {
                let judgement = self.judge.judge(&request);
                self.confirmed(&request, judgement).await
            }
            Cost::Expensive => match self.judge_apart(request).await {
                Ok((request, judgement)) => self.confirmed(&request, judgement).await,
                Err(reason) => self.unavailable(reason),
            },
        }
    }

    /// Judges clients, those that take their time beside each other; the answers are in order.
    pub(super) async fn decide_all(&self, requests: Vec<AuthRequest>) -> Vec<Judgement> {
        let mut apart = JoinSet::new();
        let mut judged = Vec::with_capacity(requests.len());
        for (index, request) in requests.into_iter().enumerate() {
            let verifier = self.clone();
            if self.judge.cost(&request) == Cost::Expensive {
                judged.push(self.unavailable(Unavailable::TimedOut));
                apart.spawn(async move { (index, verifier.decide(request).await) });
                continue;
            }
            let judgement = self.judge.judge(&request);
            if unconfirmed(&judgement).is_none() {
                judged.push(judgement);
                continue;
            }
            judged.push(self.unavailable(Unavailable::TimedOut));
            apart.spawn(async move { (index, verifier.confirmed(&request, judgement).await) });
        }
        while let Some(ended) = apart.join_next().await {
            if let Ok((index, judgement)) = ended
                && let Some(place) = judged.get_mut(index)
            {
                *place = judgement;
            }
        }
        judged
    }

    async fn judge_apart(&self, request: AuthRequest) -> Result<(AuthRequest, Judgement), Unavailable> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| Unavailable::Busy)?;
        let thread = timeout(self.patience, self.threads.clone().acquire_owned()).await;
        let Ok(Ok(thread)) = thread else { return Err(Unavailable::TimedOut) };
        let judge = self.judge.clone();
        // Both are given back when the work is done, also if nobody waits for it any more.
        let work = move || {
            let judgement = judge.judge(&request);
            drop((place, thread));
            (request, judgement)
        };
        spawn_blocking(work).await.map_err(|_| {
            tracing::error!("a verification panicked: this is a bug");
            Unavailable::TimedOut
        })
    }

    async fn confirmed(&self, request: &AuthRequest, judgement: Judgement) -> Judgement {
        let Some((device, credential)) = unconfirmed(&judgement) else { return judgement };
        let Some(sequence) = self.confirm.confirm(device, credential).await else {
            tracing::warn!(%device, "refused: the first use of its credential cannot be made durable");
            let verdict = Verdict::Unavailable(Unavailable::TimedOut);
            return Judgement { verdict, allowed: None, ..judgement };
        };
        let (tell, told) = oneshot::channel();
        let tell = Box::new(move || {
            let _ = tell.send(());
        });
        self.judge.when_applied(sequence, tell);
        // The first use is a change itself: an answer from before it would be thrown away by who follows changes.
        let Ok(Ok(())) = timeout(APPLIED_WITHIN, told).await else { return judgement };
        let principal = Principal::Device(device.clone(), credential);
        let AuthRequest { client_id, username, peer, .. } = request;
        let username = username.as_deref();
        self.judge.judge_again(&Standing { principal: &principal, client_id, username, peer: *peer })
    }

    fn unavailable(&self, reason: Unavailable) -> Judgement {
        let (verdict, as_of) = (Verdict::Unavailable(reason), self.judge.applied());
        Judgement { verdict, device: None, proven: None, allowed: None, as_of }
    }
}

/// Who is let in by a credential whose first use has to be durable before.
fn unconfirmed(judgement: &Judgement) -> Option<(&DeviceId, CredentialId)> {
    let Judgement { verdict: Verdict::Allow(_), device, proven: Some(proven), .. } = judgement else {
        return None;
    };
    let Proven { credential, is_unconfirmed } = *proven;
    device.as_ref().filter(|_| is_unconfirmed).map(|device| (device, credential))
}
