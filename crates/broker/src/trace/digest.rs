use vouchmq_mqtt::{QoS, ReasonCode};

/// One packet, as a trace tells it: no password, no authentication data, and of a payload what was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packet {
    /// The client sent it, or it was sent to the client.
    pub is_from_client: bool,
    /// Its name, as the standard writes it.
    pub name: &'static str,
    /// Bytes of the whole packet.
    pub len: usize,
    /// Packet Identifier.
    pub packet_id: Option<u16>,
    /// Topic Name of a PUBLISH; empty where an alias stands for it.
    pub topic: Option<String>,
    /// QoS of a PUBLISH.
    pub qos: Option<QoS>,
    /// RETAIN of a PUBLISH.
    pub retain: bool,
    /// DUP of a PUBLISH.
    pub dup: bool,
    /// Reason codes.
    pub reasons: Vec<ReasonCode>,
    /// Session Present of a CONNACK.
    pub session_present: Option<bool>,
    /// What is subscribed to, and with which options; or what is not any more.
    pub filters: Vec<(String, Option<String>)>,
    /// Names, as the standard has them, and values.
    pub properties: Vec<(&'static str, String)>,
    /// Bytes of the payload of a PUBLISH.
    pub payload_len: Option<usize>,
    /// The first bytes of it.
    pub payload: Vec<u8>,
    /// What a CONNECT says.
    pub connect: Option<Box<ConnectDigest>>,
    /// Why nothing more can be told of it.
    pub fault: Option<PacketFault>,
}

/// A CONNECT.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectDigest {
    /// Client Identifier.
    pub client_id: String,
    /// User Name.
    pub username: Option<String>,
    /// Whether there is a password.
    pub has_password: bool,
    /// Clean Start.
    pub clean_start: bool,
    /// Keep Alive, in seconds.
    pub keep_alive_secs: u16,
    /// 3, 4 or 5.
    pub protocol_level: u8,
    /// Its will.
    pub will: Option<WillDigest>,
}

/// A will, without its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WillDigest {
    /// Topic Name.
    pub topic: String,
    /// QoS.
    pub qos: QoS,
    /// RETAIN.
    pub retain: bool,
    /// Bytes of its payload.
    pub payload_len: usize,
}

/// Why a packet is told by its length only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PacketFault {
    /// It is larger than what is kept of one.
    Cut,
    /// It is not as the standard has it.
    Undecodable(String),
}
