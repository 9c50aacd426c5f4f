use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::pki_types::{CertificateDer, UnixTime};

use crate::{Fingerprint, Refusal, Server};

/// Who is at the other end of a connection below a runtime.
#[derive(Clone, Debug)]
pub struct Peer(Arc<Known>);

#[derive(Debug)]
struct Known {
    server: Server,
    chain: Vec<CertificateDer<'static>>,
    /// The judgement that is known to be good.
    judgement: AtomicU64,
}

impl Peer {
    /// # Errors
    /// [`Refusal`]: the certificate is not good now, as with a ticket from before it was revoked.
    pub(crate) fn judge(server: Server, chain: Vec<CertificateDer<'static>>) -> Result<Self, Refusal> {
        // taken before it is judged by: what changes meanwhile is judged again
        let judgement = server.judgement();
        if !chain.is_empty() {
            server.vouch(&chain, now())?;
        }
        Ok(Self(Arc::new(Known { server, chain, judgement: AtomicU64::new(judgement) })))
    }

    /// Its certificate; `None` where it has presented none.
    pub fn certificate(&self) -> Option<&CertificateDer<'static>> {
        self.0.chain.first()
    }

    /// That of its certificate.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.certificate().map(|certificate| Fingerprint::of(certificate))
    }

    /// Whether it may stay: cheap until authorities or revocation lists have changed.
    pub fn is_good(&self) -> bool {
        let Known { server, chain, judgement } = &*self.0;
        let current = server.judgement();
        if judgement.load(Ordering::Relaxed) == current {
            return true;
        }
        let is_good = match server.vouch(chain, now()) {
            Ok(_) => true,
            // it was never asked for one, or need not have one
            Err(Refusal::Missing) => !server.requires_certificates(),
            Err(Refusal::NotAsked) => chain.is_empty(),
            Err(_) => false,
        };
        if is_good {
            judgement.store(current, Ordering::Relaxed);
        }
        is_good
    }
}

/// The time that handshakes judge by, too.
pub(crate) fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(UnixTime::now().as_secs())
}
