use crate::{Properties, ReasonCode};

/// DISCONNECT: the sender ends the connection and says why (MQTT 5.0 §3.14).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disconnect<'a> {
    /// Why; 0x04 asks for the will to be published.
    pub reason: ReasonCode,
    /// Session Expiry Interval (from a client only), Reason String, User Properties, Server Reference.
    pub properties: Properties<'a>,
}
