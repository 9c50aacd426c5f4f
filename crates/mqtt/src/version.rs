/// The protocol version a CONNECT asked for.
///
/// Named only by the codec, by the dialect table and by the CONNECT step: everything behind them works on
/// MQTT-5-shaped packets (see [`Dialect`](crate::Dialect)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProtocolVersion {
    /// MQTT 3.1: protocol name `MQIsdp`, level 3.
    V31,
    /// MQTT 3.1.1: protocol name `MQTT`, level 4.
    V311,
    /// MQTT 5.0: protocol name `MQTT`, level 5.
    V5,
}
