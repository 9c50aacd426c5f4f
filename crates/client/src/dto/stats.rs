//! Figures, and how the broker is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::authentication::Latency;

/// `GET /v1/stats`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Stats {
    /// Devices that are not retired.
    pub devices: u64,
    /// Products; null while the database does not answer.
    pub products: Option<u64>,
    /// Blocks.
    pub blocks: u64,
    /// The last change of the registry by which clients are judged here.
    pub applied_seq: u64,
    /// The last change of the registry; null while the database does not answer.
    pub log_head: Option<u64>,
    /// What happened at the door since the start.
    pub events: Vec<EventCount>,
    /// Seconds since the start.
    pub uptime_seconds: u64,
    /// How clients come in; null where no broker runs.
    pub broker: Option<BrokerFigures>,
}

/// How clients come in, since the start unless it says otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BrokerFigures {
    /// Connections now.
    pub connections: u64,
    /// Connections that were accepted.
    pub accepted: u64,
    /// Times that accepting paused, because everybody waited too long for this machine.
    pub accept_delays: u64,
    /// Newcomers refused for that, as they would have needed much of it.
    pub refused_overload: u64,
    /// Clients refused because there were too many at once, and told so only after a while.
    pub tarpitted: u64,
    /// Logins delayed: too many failures or takeovers before, or connections that came too fast.
    pub delayed_logins: u64,
    /// Logins refused because of too many failures or takeovers before.
    pub blocked_logins: u64,
    /// Of these: those who would have taken the place of a client whose id was taken over too often.
    pub blocked_takeovers: u64,
    /// Verifications that wait for a thread now.
    pub verify_queue: u64,
    /// How long everybody waits for such a thread now, in microseconds: the shortest time of the last second.
    pub verify_queue_delay_us: u64,
    /// The same for the thread that serves connections, where it is longest.
    pub shard_queue_delay_us: u64,
    /// Verifications that wait for another service now.
    pub elsewhere: u64,
    /// What was decided about clients.
    pub verdicts: Verdicts,
}

/// What was decided about clients.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Verdicts {
    /// Let in.
    pub allowed: u64,
    /// Refused for what they are or have proven, or for what was before.
    pub denied: u64,
    /// Refused because it could not be decided (0x88).
    pub unavailable: u64,
    /// Refused because there were too many at once (0x89).
    pub busy: u64,
    /// How long it took.
    pub latency: Latency,
}

/// How often something happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventCount {
    /// What kind of thing, as `login_denied`.
    pub kind: String,
    /// The exact reason.
    pub reason: String,
    /// How often.
    pub count: u64,
}

/// `GET /healthz`: the process answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `ok`.
    pub status: String,
}

/// `GET /readyz`: clients are judged by the newest state of the registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Readiness {
    /// `ready`.
    pub status: String,
}

/// `GET /v1/about`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct About {
    /// `vouchmq`.
    pub name: String,
    /// The version of the broker.
    pub version: String,
    /// Versions of this API.
    pub api: Vec<String>,
    /// The time here: whoever sets dates can see whether the clocks agree.
    pub time: String,
    /// Seconds since the start.
    #[serde(default)]
    pub uptime_seconds: u64,
    /// What this node is called in the table of nodes; null where nobody calls it anything.
    #[serde(default)]
    pub node: Option<String>,
    /// What was built, as `release linux x86_64`.
    #[serde(default)]
    pub build: String,
    /// Under which license, as SPDX writes it.
    #[serde(default)]
    pub license: String,
    /// Until when this version gets security fixes; null where no date is promised: then it is the newest version
    /// alone that gets them.
    #[serde(default)]
    pub supported_until: Option<String>,
    /// What this build can do.
    #[serde(default)]
    pub features: Vec<String>,
    /// Threads that serve clients; null where no broker runs.
    #[serde(default)]
    pub shards: Option<u16>,
    /// Where clients connect, as `tcp 127.0.0.1:1883`; null where no broker runs.
    #[serde(default)]
    pub listeners: Option<Vec<String>>,
}
