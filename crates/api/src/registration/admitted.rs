use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::Response;
use vouchmq_identity::AuthRequest;
use vouchmq_identity::store::Digest;

use super::Registration;
use crate::http::{Code, Peer, Problem, RequestId, network_of};

/// Somebody whom the limits let in: counted before anything of the body is read.
#[derive(Clone, Debug)]
pub(super) struct Admitted {
    pub(super) peer: IpAddr,
    pub(super) request_id: RequestId,
}

impl FromRequestParts<Arc<Registration>> for Admitted {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, here: &Arc<Registration>) -> Result<Self, Problem> {
        let Peer(peer) = Peer::from_request_parts(parts, here).await?;
        let request_id = RequestId::from_request_parts(parts, here).await?;
        let peer = peer.ip().to_canonical();
        if !(here.is_loopback_exempt && peer.is_loopback()) {
            let wait = here.addresses.take(&network_of(peer));
            wait.map_err(|wait| too_many("too many requests from this address", wait))?;
        }
        here.all.take(&()).map_err(|wait| too_many("too many requests at once", wait))?;
        Ok(Self { peer, request_id })
    }
}

impl Registration {
    /// Counts a use of a claim token, good or not.
    pub(super) fn count_token(&self, text: &str) -> Result<(), Problem> {
        let taken = self.tokens.take(&Digest::of(&[text]));
        taken.map_err(|wait| too_many("too many requests with this claim token", wait))
    }

    /// Works for a device, unless too many are worked for. Goes on when the device hangs up: otherwise its place
    /// would be free while the database still works for it.
    ///
    /// # Errors
    /// 503: there is no place; or what `work` says.
    pub(super) async fn work(
        &self,
        work: impl Future<Output = Result<Response, Problem>> + Send + 'static,
    ) -> Result<Response, Problem> {
        let Ok(place) = self.working.clone().try_acquire_owned() else {
            let problem = Problem::new(Code::Unavailable, "too many devices register at once: try again");
            return Err(problem.with_retry_after(Duration::from_secs(5)));
        };
        let work = async move {
            let _place = place;
            work.await
        };
        tokio::spawn(work).await.unwrap_or_else(|panic| Err(Problem::internal(&panic)))
    }

    /// Whether a block keeps out everybody from there.
    pub(super) fn blocks(&self, peer: IpAddr) -> bool {
        let nobody = AuthRequest {
            client_id: "".into(),
            username: None,
            password: None,
            peer: Some(peer),
            certificate: None,
            arrival: Default::default(),
        };
        self.resident.blocks_request(&nobody)
    }
}

fn too_many(detail: &'static str, wait: Duration) -> Problem {
    Problem::new(Code::TooManyRequests, detail).with_retry_after(wait)
}
