//! Where clients connect.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One listener.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Listener {
    /// What it is called in the configuration, as `tcp` or `ssl.backup`.
    pub name: String,
    /// Where it listens, as `127.0.0.1:1883` or `unix:/run/vouchmq.sock`.
    pub address: String,
    /// `tcp`, `tls`, `ws`, `wss` or `unix`.
    pub transport: String,
    /// Whether a PROXY header comes first.
    pub behind_proxy: bool,
    /// Connections that came by it and are open.
    pub connections: u64,
    /// Connections that ever came by it.
    pub accepted: u64,
}
