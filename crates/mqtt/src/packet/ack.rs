use crate::{PacketId, Properties, ReasonCode};

/// PUBACK, PUBREC, PUBREL or PUBCOMP: which one is told by the [`Packet`](crate::Packet) variant
/// (MQTT 5.0 §3.4–§3.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ack<'a> {
    /// The identifier of the PUBLISH.
    pub packet_id: PacketId,
    /// Success, or why not; always success in MQTT 3.x.
    pub reason: ReasonCode,
    /// Reason String and User Properties.
    pub properties: Properties<'a>,
}

impl Ack<'_> {
    /// An acknowledgement without properties.
    pub const fn new(packet_id: PacketId, reason: ReasonCode) -> Self {
        Self { packet_id, reason, properties: Properties::EMPTY }
    }
}
