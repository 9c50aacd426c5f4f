use vouchmq_mqtt::QoS;

/// How something has to be done for a rule to be about it: with which QoS, and retained or not.
///
/// Whether a message is retained matters to publications only. The QoS of a subscription is judged when the client
/// subscribes: a message that it may have by some subscription, it has by each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// One bit for each QoS.
    qos: u8,
    retain: Option<bool>,
}

const EVERY_QOS: u8 = 0b111;

impl Condition {
    /// However it is done.
    pub const NONE: Self = Self { qos: EVERY_QOS, retain: None };

    /// With one of these QoS, and retained or not where that is said.
    pub fn new(qos: impl IntoIterator<Item = QoS>, retain: Option<bool>) -> Self {
        let qos = qos.into_iter().fold(0, |bits, qos| bits | bit(qos));
        Self { qos, retain }
    }

    /// Whether it is about a publication.
    #[must_use]
    pub const fn fits_publication(self, qos: QoS, retain: bool) -> bool {
        let fits_retain = match self.retain {
            Some(wanted) => wanted == retain,
            None => true,
        };
        fits_retain && self.fits_subscription(qos)
    }

    /// Whether it is about a subscription with this maximum QoS.
    #[must_use]
    pub const fn fits_subscription(self, qos: QoS) -> bool {
        self.qos & bit(qos) != 0
    }

    /// Whether the QoS does not matter.
    #[must_use]
    pub const fn fits_every_qos(self) -> bool {
        self.qos == EVERY_QOS
    }
}

impl Default for Condition {
    fn default() -> Self {
        Self::NONE
    }
}

const fn bit(qos: QoS) -> u8 {
    1 << qos.bits()
}
