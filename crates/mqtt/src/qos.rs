/// Quality of Service of a message or a subscription (MQTT 5.0 §4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum QoS {
    /// Delivered once or not at all; never acknowledged.
    AtMostOnce = 0,
    /// Delivered once or more often; acknowledged by PUBACK.
    AtLeastOnce = 1,
    /// Delivered exactly once; the four packets PUBLISH, PUBREC, PUBREL, PUBCOMP.
    ExactlyOnce = 2,
}

impl QoS {
    /// The two bits of the wire; `None` for the value 3, which is malformed (`MQTT5-3.3.1-4`).
    pub const fn from_bits(bits: u8) -> Option<Self> {
        match bits {
            0 => Some(Self::AtMostOnce),
            1 => Some(Self::AtLeastOnce),
            2 => Some(Self::ExactlyOnce),
            _ => None,
        }
    }

    /// The two bits of the wire.
    pub const fn bits(self) -> u8 {
        match self {
            Self::AtMostOnce => 0,
            Self::AtLeastOnce => 1,
            Self::ExactlyOnce => 2,
        }
    }
}
