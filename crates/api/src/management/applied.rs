use std::time::Duration;

use async_trait::async_trait;
use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::time::Instant;
use vouchmq_client::dto::applied::{Applied as Body, Nodes, WithApplied};

use super::Management;
use super::refusal::invalid;
use super::text::read_millis;
use crate::http::{Problem, QueryOf};

/// How far the changes of the registry have come, as a port: whoever follows the change log knows.
#[async_trait]
pub trait Applied: Send + Sync {
    /// Waits until every node has applied the change with this number and ended the connections that it ends,
    /// for at most `timeout`; zero does not wait.
    async fn wait(&self, sequence: u64, timeout: Duration) -> Application;

    /// Waits until this node has applied it, for at most `timeout`; whether it has.
    async fn wait_here(&self, sequence: u64, timeout: Duration) -> bool;
}

/// How far one change has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Application {
    /// Nodes that have applied it.
    pub acked: u64,
    /// Nodes that judge clients and are heard of.
    pub total: u64,
    /// Nodes that are not heard of any more, and may still judge clients.
    pub stale: u64,
    /// Connections that were ended for it.
    pub sessions_closed: u64,
}

/// How long a new secret is kept back until it is good here; then it is handed out all the same.
const SECRET_PATIENCE: Duration = Duration::from_secs(2);
/// How much longer until it is good at the other nodes, too, of which one may just have died.
const SECRET_PATIENCE_ELSEWHERE: Duration = Duration::from_millis(250);

impl dyn Applied {
    /// Waits until a change is applied that made a secret: whoever gets it may use it at once.
    pub(crate) async fn settle(&self, sequence: Option<u64>) {
        if let Some(sequence) = sequence
            && self.wait_here(sequence, SECRET_PATIENCE).await
        {
            let _ = self.wait(sequence, SECRET_PATIENCE_ELSEWHERE).await;
        }
    }
}

/// Whether to wait for a change.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Waiting {
    /// `applied`: answer when every node has applied the change.
    pub(super) wait: Option<String>,
    /// How long to wait at most: `2s` if it is missing, `20s` at most.
    pub(super) timeout: Option<String>,
}

/// How long somebody waits for a change: of a query that is nothing but [`Waiting`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// When the request began.
    start: Instant,
    /// `None`: nobody asked for it.
    timeout: Option<Duration>,
}

const PATIENCE_MILLIS: u64 = 2_000;
/// Below what a request may take as a whole.
const PATIENCE_MILLIS_MAX: u64 = 20_000;

impl Waiting {
    /// How long to wait, from now on.
    pub(super) fn patience(&self) -> Result<Patience, Problem> {
        let timeout = self.timeout.as_deref();
        let millis = timeout.map(|text| read_millis("?timeout", text, PATIENCE_MILLIS_MAX)).transpose()?;
        let timeout = match self.wait.as_deref() {
            None => None,
            Some("applied") => Some(Duration::from_millis(millis.unwrap_or(PATIENCE_MILLIS))),
            Some(_) => return Err(invalid("?wait", "write wait=applied, or leave it out")),
        };
        Ok(Patience { start: Instant::now(), timeout })
    }
}

impl<S: Sync> FromRequestParts<S> for Patience {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let QueryOf(waiting) = QueryOf::<Waiting>::from_request_parts(parts, state).await?;
        waiting.patience()
    }
}

impl Management {
    /// Tells how far a change has come after `patience`, or without waiting; without a number, that nothing had
    /// to be changed and how far everything has come.
    pub(super) async fn applied(&self, sequence: Option<u64>, patience: Patience) -> Result<Body, Problem> {
        let seq = match sequence {
            Some(sequence) => sequence,
            None => self.registry.read().await?.log_head().await?.1,
        };
        let Application { acked, total, stale, sessions_closed } =
            self.applied.wait(seq, patience.timeout.unwrap_or_default()).await;
        let sessions_closed = if sequence.is_some() { sessions_closed } else { 0 };
        let elapsed_ms = patience.millis();
        Ok(Body { seq, nodes: Nodes { acked, total, stale }, sessions_closed, elapsed_ms })
    }

    /// The same for a request whose answer is another one: only if somebody waits.
    pub(super) async fn with_applied<T>(
        &self,
        answer: T,
        sequence: Option<u64>,
        patience: Patience,
    ) -> Result<WithApplied<T>, Problem> {
        let applied = match patience.timeout {
            Some(_) => Some(self.applied(sequence, patience).await?),
            None => None,
        };
        Ok(WithApplied { answer, applied })
    }

    /// The same for an answer that may hold a secret, which must not be lost, and is good when it is told.
    pub(super) async fn settled(&self, sequence: Option<u64>, patience: Patience) -> Option<Body> {
        if patience.timeout.is_none() {
            self.applied.settle(sequence).await;
            return None;
        }
        self.applied(sequence, patience).await.ok()
    }

    /// The same for something that is gone: 204, or 200 if somebody waits.
    pub(super) async fn gone(&self, sequence: Option<u64>, patience: Patience) -> Result<Response, Problem> {
        Ok(match patience.timeout {
            Some(_) => Json(self.applied(sequence, patience).await?).into_response(),
            None => StatusCode::NO_CONTENT.into_response(),
        })
    }
}

impl Patience {
    /// Milliseconds since the request began, with three digits behind the point.
    fn millis(&self) -> f64 {
        let micros = u32::try_from(self.start.elapsed().as_micros()).unwrap_or(u32::MAX);
        f64::from(micros) / 1_000.0
    }
}
