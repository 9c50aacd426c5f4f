//! Whether the process answers, and whether clients are judged by the newest state of the registry.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use tokio::sync::Mutex;
use tokio::time::Instant;
use vouchmq_client::dto::stats::{Health, Readiness};
use vouchmq_identity::store::StoreFault;

use super::{Here, Management};
use crate::http::{Code, Problem};

/// What was found last: everybody may ask, and the database must not notice.
#[derive(Debug, Default)]
pub(super) struct LastLook(Mutex<Option<(Instant, bool)>>);

/// How long a finding holds.
const HOLDS_FOR: Duration = Duration::from_millis(250);
/// How long a change may take to be applied.
const PATIENCE: Duration = Duration::from_secs(1);

/// The process answers.
#[utoipa::path(get, path = "/healthz", operation_id = "health", tag = "health", security(()),
    responses((status = 200, body = Health)))]
pub(super) async fn health() -> Json<Health> {
    Json(Health { status: "ok".to_owned() })
}

/// The resident set follows the database; 503 if it does not, or nobody knows.
#[utoipa::path(get, path = "/readyz", operation_id = "readiness", tag = "health", security(()),
    responses((status = 200, body = Readiness), (status = 503)))]
pub(super) async fn readiness(State(here): Here) -> Result<Json<Readiness>, Problem> {
    let mut last = here.last_look.0.lock().await;
    let is_ready = match *last {
        Some((at, is_ready)) if at.elapsed() < HOLDS_FOR => is_ready,
        _ => {
            let is_ready = here.is_following().await.unwrap_or(false);
            *last = Some((Instant::now(), is_ready));
            is_ready
        }
    };
    if is_ready {
        return Ok(Json(Readiness { status: "ready".to_owned() }));
    }
    Err(Problem::new(Code::Unavailable, "clients are not judged by the newest state of the registry"))
}

impl Management {
    async fn is_following(&self) -> Result<bool, StoreFault> {
        let (_, head) = self.registry.read().await?.log_head().await?;
        if self.resident.applied() < head {
            self.applied.wait_here(head, PATIENCE).await;
        }
        Ok(self.resident.applied() >= head)
    }
}
