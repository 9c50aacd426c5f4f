use crate::{Properties, ReasonCode};

/// AUTH: one step of enhanced authentication (MQTT 5.0 §3.15).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auth<'a> {
    /// Success, Continue authentication or Re-authenticate.
    pub reason: ReasonCode,
    /// Authentication Method and Data, Reason String, User Properties.
    pub properties: Properties<'a>,
}
