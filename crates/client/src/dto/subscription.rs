//! Subscriptions.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One subscription of one client.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Subscription {
    /// Whose it is.
    pub clientid: String,
    /// The Topic Filter as the client wrote it, `$share/…` included.
    pub topic: String,
    /// The group of a Shared Subscription.
    pub share: Option<String>,
    /// The highest QoS at which messages are sent: 0, 1 or 2.
    pub qos: u8,
    /// Whether the client's own messages are left out.
    pub no_local: bool,
    /// Whether RETAIN is passed on as it was published.
    pub retain_as_published: bool,
    /// When retained messages are sent: 0 at every SUBSCRIBE, 1 if the subscription is new, 2 never.
    pub retain_handling: u8,
    /// The Subscription Identifier.
    pub identifier: Option<u32>,
}
