use std::sync::Weak;

use crate::{QoS, topic::FilterRef};

/// What one authenticated client may publish, subscribe to and receive.
///
/// The engine asks before it acts, without waiting: an implementation answers from memory. Where it does not
/// know, as somebody else has to be asked, it says so ([`Permission::Asked`], [`Grant::Asked`]), and is told to
/// [inquire](Authorize::inquire). Rules that change give the client a new `Authorize`; one value always answers
/// alike, but for what it did not know before.
pub trait Authorize: Send + Sync {
    /// May the client publish to `topic`, a valid Topic Name? Asked for a Will as well.
    fn publish(&self, topic: &str, qos: QoS, retain: bool) -> Permission;

    /// May the client subscribe to `filter`, and must its messages be checked one by one?
    ///
    /// `share` is the ShareName of a shared subscription; `filter` is without `$share/{ShareName}/`.
    fn subscribe(&self, filter: FilterRef<'_>, share: Option<&str>) -> Grant;

    /// May the client receive a message published to `topic`? Asked for every message that reaches the client
    /// through a [`Grant::PerMessage`] subscription; through any other as well, if the message is retained, comes to
    /// a group, or waited in the session. Whoever grants a filter as a whole allows what it matches here, too.
    ///
    /// Nobody else is asked about a delivery: [`Permission::Asked`] is [`Permission::Denied`] here. A subscription
    /// that is there when rights change, or when its session gets a connection again, and about which somebody
    /// else would have to be asked, stays as [`Grant::PerMessage`]: it delivers what is known to be allowed.
    fn receive(&self, topic: &str) -> Permission;

    /// Begins to find out what was not known. Itself quick, and never waits; `reply` comes within bounded time, from
    /// any thread, or is dropped, which is [`Inquired::Unavailable`].
    fn inquire(&self, _: Attempt<'_>, reply: InquiryReply) {
        drop(reply);
    }
}

/// What a client wants to do, for those who have to be asked about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt<'a> {
    /// To publish.
    Publish {
        /// A valid Topic Name.
        topic: &'a str,
        /// The QoS of the message.
        qos: QoS,
        /// Whether it is to be retained.
        retain: bool,
    },
    /// To subscribe.
    Subscribe {
        /// Without `$share/{ShareName}/`.
        filter: FilterRef<'a>,
        /// The ShareName of a shared subscription.
        share: Option<&'a str>,
        /// The maximum QoS that is asked for.
        qos: QoS,
    },
}

/// What came of an inquiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Inquired {
    /// [`Grant::Whole`] allows a publication, [`Grant::Denied`] denies it; never [`Grant::Asked`].
    Granted(Grant),
    /// It cannot be found out now.
    Unavailable,
}

/// Takes what came of an inquiry; dropped, it takes [`Inquired::Unavailable`].
#[must_use]
pub struct InquiryReply {
    /// Gone when it has answered.
    answer: Option<Box<dyn FnOnce(Inquired) + Send>>,
    /// Gone when nobody waits any more.
    wanted: Option<Weak<()>>,
}

/// Whether something may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Permission {
    /// It may.
    Allowed,
    /// It may not.
    Denied,
    /// Somebody else has to be asked.
    Asked,
}

/// Whether a subscription may exist, and what it may deliver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Grant {
    /// Every topic that the filter matches may be received: nothing is checked at delivery.
    Whole,
    /// The subscription may exist, but [`Authorize::receive`] decides on each message.
    PerMessage,
    /// The subscription is refused.
    Denied,
    /// Somebody else has to be asked.
    Asked,
}

impl Permission {
    /// Whether it is [`Permission::Allowed`].
    pub const fn is_allowed(self) -> bool {
        matches!(self, Self::Allowed)
    }
}

impl InquiryReply {
    /// Gives what came of it to `answer`, which is quick and does not panic.
    pub fn new(answer: impl FnOnce(Inquired) + Send + 'static) -> Self {
        Self { answer: Some(Box::new(answer)), wanted: None }
    }

    /// The same reply, worth the trouble while somebody holds what `wanted` points to.
    pub fn wanted_by(mut self, wanted: Weak<()>) -> Self {
        self.wanted = Some(wanted);
        self
    }

    /// Whether somebody still waits: the client may be gone, and then nothing needs to be found out.
    pub fn is_wanted(&self) -> bool {
        self.wanted.as_ref().is_none_or(|wanted| wanted.strong_count() > 0)
    }

    /// This came of it.
    pub fn answer(mut self, inquired: Inquired) {
        if let Some(answer) = self.answer.take() {
            answer(inquired);
        }
    }
}

impl Drop for InquiryReply {
    fn drop(&mut self) {
        if let Some(answer) = self.answer.take() {
            answer(Inquired::Unavailable);
        }
    }
}

impl std::fmt::Debug for InquiryReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InquiryReply").finish_non_exhaustive()
    }
}
