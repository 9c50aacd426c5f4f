use std::sync::Weak;
use std::sync::atomic::Ordering;

use vouchmq_mqtt::{Attempt, Authorize, Grant, Inquired, InquiryReply};

use super::queue::WAITING_MAX;
use super::{Verifier, guarded};
use crate::admission::InquiryCounters;
use crate::transport::Peer;

/// Attempts of one address about which others are asked at once.
const OF_ADDRESS_MAX: usize = WAITING_MAX / 4;

impl Verifier {
    /// Has others asked what a client may do, within the bounds of what may be asked at once: where there are too
    /// many, nobody is, and that is the answer. `peer` is `None` where the client is gone, as that of a will is.
    pub(crate) fn inquire(
        &self,
        authorize: &dyn Authorize,
        attempt: Attempt<'_>,
        peer: Option<Peer>,
        wanted: Weak<()>,
        answer: impl FnOnce(Inquired) + Send + 'static,
    ) {
        self.admission.counters.inquiries.asked.fetch_add(1, Ordering::Relaxed);
        let (network, of_address_max) = match peer {
            Some(peer) => (peer.network(), OF_ADDRESS_MAX),
            None => (None, WAITING_MAX),
        };
        let place = self.inquiries.enter(network, byte_count_of(&attempt), of_address_max);
        let (has_place, admission) = (place.is_some(), self.admission.clone());
        let reply = InquiryReply::new(move |inquired| {
            // It is asked until it answers, whoever still waits.
            drop(place);
            admission.counters.inquiries.count(inquired);
            answer(inquired);
        });
        let reply = reply.wanted_by(wanted);
        if has_place {
            // One that panics drops its reply, which answers.
            let _ = guarded(|| authorize.inquire(attempt, reply));
        }
    }
}

impl InquiryCounters {
    fn count(&self, inquired: Inquired) {
        let counter = match inquired {
            Inquired::Granted(Grant::Whole | Grant::PerMessage) => &self.allowed,
            Inquired::Granted(Grant::Denied | Grant::Asked) => &self.denied,
            Inquired::Unavailable => &self.unavailable,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

fn byte_count_of(attempt: &Attempt<'_>) -> usize {
    size_of::<Attempt<'_>>()
        + match attempt {
            Attempt::Publish { topic, .. } => topic.len(),
            Attempt::Subscribe { filter, share, .. } => filter.as_str().len() + share.map_or(0, str::len),
        }
}
