use crate::{Properties, ReasonCode};

/// CONNACK: the server's answer to CONNECT (MQTT 5.0 §3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnAck<'a> {
    /// The server goes on with a stored session. Never set with a failure (`MQTT5-3.2.2-6`).
    pub session_present: bool,
    /// Success, or why the connection is refused. A decoded 3.x return code is given as the reason code
    /// that it projects from.
    pub reason: ReasonCode,
    /// What the server limits, assigns or says.
    pub properties: Properties<'a>,
}
