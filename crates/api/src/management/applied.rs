use std::time::Duration;

use async_trait::async_trait;
use axum::Json;
use serde::Deserialize;
use tokio::time::Instant;
use vouchmq_client::dto::applied::{Applied as Body, Nodes};

use super::Management;
use super::refusal::invalid;
use super::text::read_millis;
use crate::http::Problem;

/// How far the changes of the registry have come, as a port: whoever follows the change log knows.
#[async_trait]
pub trait Applied: Send + Sync {
    /// Waits until every node has applied the change with this number and ended the connections that it ends,
    /// for at most `timeout`; zero does not wait.
    async fn wait(&self, sequence: u64, timeout: Duration) -> Application;
}

/// How far one change has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Application {
    /// Nodes that have applied it.
    pub acked: u64,
    /// Nodes that judge clients.
    pub total: u64,
    /// Connections that were ended for it.
    pub sessions_closed: u64,
}

/// How long a new secret is kept back until it is good; then it is handed out all the same.
const SECRET_PATIENCE: Duration = Duration::from_secs(2);

impl dyn Applied {
    /// Waits until a change is applied that made a secret: whoever gets it may use it at once.
    pub(crate) async fn settle(&self, sequence: Option<u64>) {
        if let Some(sequence) = sequence {
            let _ = self.wait(sequence, SECRET_PATIENCE).await;
        }
    }
}

/// Whether to wait for a change.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Waiting {
    /// `applied`: answer when every node has applied the change.
    wait: Option<String>,
    /// How long to wait at most: `2s` if it is missing, `20s` at most.
    timeout: Option<String>,
}

const PATIENCE_MILLIS: u64 = 2_000;
/// Below what a request may take as a whole.
const PATIENCE_MILLIS_MAX: u64 = 20_000;

impl Waiting {
    /// How long to wait; zero if nobody asked for it.
    pub(super) fn patience(&self) -> Result<Duration, Problem> {
        let timeout = self.timeout.as_deref();
        let millis = timeout.map(|text| read_millis("?timeout", text, PATIENCE_MILLIS_MAX)).transpose()?;
        match self.wait.as_deref() {
            None => Ok(Duration::ZERO),
            Some("applied") => Ok(Duration::from_millis(millis.unwrap_or(PATIENCE_MILLIS))),
            Some(_) => Err(invalid("?wait", "write wait=applied, or leave it out")),
        }
    }
}

impl Management {
    /// Tells how far a change has come after `patience`; without a number, that nothing had to be changed and
    /// how far everything has come.
    pub(super) async fn applied(
        &self,
        sequence: Option<u64>,
        patience: Duration,
        start: Instant,
    ) -> Result<Json<Body>, Problem> {
        let seq = match sequence {
            Some(sequence) => sequence,
            None => self.registry.read().await?.log_head().await?.1,
        };
        let Application { acked, total, sessions_closed } = self.applied.wait(seq, patience).await;
        let sessions_closed = if sequence.is_some() { sessions_closed } else { 0 };
        Ok(Json(Body {
            seq,
            nodes: Nodes { acked, total },
            sessions_closed,
            elapsed_ms: millis_since(start),
        }))
    }
}

/// Milliseconds with three digits behind the point.
pub(super) fn millis_since(start: Instant) -> f64 {
    let micros = u32::try_from(start.elapsed().as_micros()).unwrap_or(u32::MAX);
    f64::from(micros) / 1_000.0
}
