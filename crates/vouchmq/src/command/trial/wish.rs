//! What a client wants to do, and whether it may.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;
use vouchmq_client::remote::trial::Exchange;
use vouchmq_mqtt::topic::{ParsedFilter, TopicLimits, TopicName};
use vouchmq_mqtt::{Attempt, Authorize, Grant, Inquired, InquiryReply, Permission, QoS, TopicFilter};

use super::seen::Seen;
use crate::exit::Failure;

/// What a client wants to do.
pub(super) enum Wish {
    Publish { topic: String, qos: QoS, retain: bool },
    Subscribe { filter: TopicFilter, share: Option<String>, qos: QoS },
}

/// Whether it may.
pub(super) struct Wished {
    pub(super) wish: Wish,
    pub(super) found: Inquired,
    /// What the service was asked about it.
    pub(super) exchanges: Vec<Exchange>,
    pub(super) took: Duration,
}

impl Wish {
    pub(super) fn publish(topic: &str, qos: QoS, retain: bool) -> Result<Self, Failure> {
        TopicName::parse(topic, &TopicLimits::STANDARD)
            .map_err(|fault| Failure::unusable(format_args!("--publish '{topic}': {fault}")))?;
        Ok(Self::Publish { topic: topic.to_owned(), qos, retain })
    }

    pub(super) fn subscribe(filter: &str, qos: QoS) -> Result<Self, Failure> {
        let ParsedFilter { filter, share } = ParsedFilter::parse(filter, &TopicLimits::STANDARD)
            .map_err(|fault| Failure::unusable(format_args!("--subscribe '{filter}': {fault}")))?;
        Ok(Self::Subscribe { filter: filter.to_owned(), share: share.map(ToOwned::to_owned), qos })
    }

    fn attempt(&self) -> Attempt<'_> {
        match self {
            Self::Publish { topic, qos, retain } => Attempt::Publish { topic, qos: *qos, retain: *retain },
            Self::Subscribe { filter, share, qos } => {
                Attempt::Subscribe { filter: filter.as_filter(), share: share.as_deref(), qos: *qos }
            }
        }
    }
}

impl Wished {
    pub(super) fn is_allowed(&self) -> bool {
        matches!(self.found, Inquired::Granted(Grant::Whole | Grant::PerMessage))
    }
}

/// Finds out whether a client may, as a broker does.
pub(super) async fn tried(wish: Wish, rights: &dyn Authorize, seen: &Seen) -> Wished {
    let began = Instant::now();
    let grant = match wish.attempt() {
        Attempt::Publish { topic, qos, retain } => match rights.publish(topic, qos, retain) {
            Permission::Allowed => Grant::Whole,
            Permission::Denied => Grant::Denied,
            Permission::Asked => Grant::Asked,
        },
        Attempt::Subscribe { filter, share, .. } => rights.subscribe(filter, share),
    };
    let found = match grant {
        Grant::Asked => {
            let (send, inquired) = oneshot::channel();
            let reply = InquiryReply::new(move |came| {
                let _ = send.send(came);
            });
            rights.inquire(wish.attempt(), reply);
            inquired.await.unwrap_or(Inquired::Unavailable)
        }
        grant @ (Grant::Whole | Grant::PerMessage | Grant::Denied) => Inquired::Granted(grant),
    };
    Wished { wish, found, exchanges: seen.exchanges(), took: began.elapsed() }
}
