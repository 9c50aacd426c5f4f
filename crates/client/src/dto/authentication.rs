//! The authentication service that the broker asks (`auth.http_auth`), and what is remembered of its answers.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vouchmq_identity::{Histogram, HistogramSnapshot};

/// `GET /v1/authentication`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AskedService {
    /// How answers read: `status`, `json`, `native`; `off`: no service is asked.
    pub mode: String,
    /// What clients were told since the start.
    pub verdicts: Vec<VerdictCount>,
    /// How long clients waited for a verdict that was not remembered.
    pub latency: Latency,
    /// What is remembered.
    pub cache: CacheFigures,
    /// Questions that are out for clients.
    pub asking: u64,
    /// Clients whose question was out already for another of the same name and password.
    pub joined: u64,
    /// Whether publications and subscriptions were allowed (`acl_req`).
    pub permissions: Vec<VerdictCount>,
    /// Clients that were let in by the service and are connected, at most.
    pub clients: u64,
    /// The servers, one for each kind of question.
    pub servers: Vec<ServerFigures>,
    /// Requests of several questions, and questions in them; native only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batches: Option<Batches>,
    /// The change stream; null where none is followed.
    pub changes: Option<Following>,
}

/// How often something was the outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VerdictCount {
    /// `allow`, `deny`, `not_mine`, `unavailable`.
    pub decision: String,
    /// Why, exactly; empty for `allow` and `not_mine`.
    pub reason: String,
    /// How often.
    pub count: u64,
}

/// A histogram of times.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Latency {
    /// The upper ends of the buckets, in microseconds, each included; beyond the last there is one more.
    pub bounds_us: Vec<u64>,
    /// How many fell in each, and at the end beyond all of them.
    pub counts: Vec<u64>,
    /// All of them together, in microseconds.
    pub sum_us: u64,
}

/// What is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CacheFigures {
    /// Answers that allow.
    pub allowed: u64,
    /// Answers that deny.
    pub denied: u64,
    /// Bytes of both.
    pub bytes: u64,
    /// Clients that were answered from it.
    pub hits: u64,
    /// Clients that were not.
    pub misses: u64,
    /// Answers that had to make room.
    pub evictions: u64,
    /// Answers that were dropped as they may not be right any more.
    pub invalidated: u64,
    /// Clients let in by an answer whose time was over, as no server answered (`stale_if_error`).
    pub stale_hits: u64,
}

/// One server, for one kind of question.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServerFigures {
    /// `login`, `superuser`, `acl`, `native`.
    pub asks: String,
    /// Its address.
    pub server: String,
    /// `closed`: it is asked; `open`: it is not; `half_open`: it is tried.
    pub breaker: String,
    /// Connections.
    pub connections: u64,
    /// Questions that are out.
    pub in_flight: u64,
    /// Questions that wait for a connection.
    pub waiting: u64,
    /// Questions that were put.
    pub asked: u64,
    /// Questions that were answered, whatever the answer.
    pub answered: u64,
    /// Questions that were not answered in time.
    pub timed_out: u64,
    /// Questions that were not answered for other reasons.
    pub failed: u64,
    /// Questions that were turned away, as too many waited.
    pub turned_away: u64,
    /// Questions that another server had not answered.
    pub repeated: u64,
    /// How long answers took.
    pub latency: Latency,
}

/// Questions that travel together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Batches {
    /// Requests.
    pub requests: u64,
    /// Questions in them.
    pub items: u64,
}

/// How the change stream is followed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Following {
    /// `healthy`, `suspect`: nothing was heard for 3 s, `stale`: for 10 s, or there is no stream.
    pub health: String,
    /// The last change that was applied here.
    pub applied_seq: u64,
}

/// `POST /v1/authentication:forget`: what is remembered of somebody is dropped, so that the service is asked anew. One of
/// `device_id`, `username`, `clientid` and `all` is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ForgetRequest {
    /// A device of the service's registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// A user name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// A Client Identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clientid: Option<String>,
    /// Everybody.
    #[serde(default)]
    pub all: bool,
    /// Whether who is connected by its word has to come again, too.
    #[serde(default)]
    pub disconnect: bool,
}

/// What was dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Forgotten {
    /// Answers.
    pub answers: u64,
    /// Connections.
    pub sessions_closed: u64,
}

impl From<&HistogramSnapshot> for Latency {
    fn from(histogram: &HistogramSnapshot) -> Self {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        Self {
            bounds_us: Histogram::BOUNDS.into_iter().map(micros).collect(),
            counts: histogram.buckets.to_vec(),
            sum_us: micros(histogram.sum),
        }
    }
}
