use crate::{Dialect, Properties, ProtocolVersion, QoS};

/// CONNECT: a client asks for a connection (MQTT 5.0 §3.1).
#[derive(Clone, PartialEq, Eq)]
pub struct Connect<'a> {
    /// Protocol Name and Protocol Version, taken together.
    pub version: ProtocolVersion,
    /// Begin a new session. MQTT 3.x calls the flag Clean Session.
    pub clean_start: bool,
    /// Keep Alive in seconds; 0 turns it off.
    pub keep_alive_secs: u16,
    /// Client Identifier; empty asks the server to assign one.
    pub client_id: &'a str,
    /// Session Expiry Interval, Receive Maximum and so on; empty in MQTT 3.x.
    pub properties: Properties<'a>,
    /// The Will Message, if the Will Flag is set.
    pub will: Option<WillMessage<'a>>,
    /// User Name.
    pub username: Option<&'a str>,
    /// Password: a secret, never printed.
    pub password: Option<&'a [u8]>,
}

/// The Will of a CONNECT (MQTT 5.0 §3.1.2.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WillMessage<'a> {
    /// QoS of the will.
    pub qos: QoS,
    /// Publish the will as a retained message.
    pub retain: bool,
    /// Will Delay Interval and properties of the will's PUBLISH; empty in MQTT 3.x.
    pub properties: Properties<'a>,
    /// Will Topic.
    pub topic: &'a str,
    /// Will Payload.
    pub payload: &'a [u8],
}

impl Connect<'_> {
    /// How packets are said to this client.
    pub const fn dialect(&self) -> Dialect {
        Dialect::new(self.version)
    }
}

impl std::fmt::Debug for Connect<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connect")
            .field("version", &self.version)
            .field("clean_start", &self.clean_start)
            .field("keep_alive_secs", &self.keep_alive_secs)
            .field("client_id", &self.client_id)
            .field("properties", &self.properties)
            .field("will", &self.will)
            .field("username", &self.username)
            .field("password", &self.password.map(|_| "<secret>"))
            .finish()
    }
}
