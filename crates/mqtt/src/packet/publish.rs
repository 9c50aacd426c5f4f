use crate::{PacketId, Properties, QoS};

/// PUBLISH: an application message on its way (MQTT 5.0 §3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish<'a> {
    /// Perhaps sent before on an earlier connection.
    pub dup: bool,
    /// To a server: store this message. To a client: it was stored (or Retain As Published).
    pub retain: bool,
    /// Quality of Service.
    pub qos: QoS,
    /// Topic Name: no wildcards; empty only together with a Topic Alias.
    pub topic: &'a str,
    /// Present exactly when QoS is above 0.
    pub packet_id: Option<PacketId>,
    /// Message Expiry Interval, Topic Alias, User Properties and so on; empty in MQTT 3.x.
    pub properties: Properties<'a>,
    /// Opaque bytes.
    pub payload: &'a [u8],
}
