//! The audit log.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use vouchmq_client::dto::audit::{AuditEntry as Body, AuditVerification};
use vouchmq_client::dto::page::Page;
use vouchmq_identity::store::{AuditChain, AuditEntry, PageRequest};

use super::Here;
use super::text::time_of;
use crate::http::{Code, Paging, Problem, QueryOf, page};

/// Which part of the log.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Entries behind the one with this number; not together with `cursor`.
    pub(super) after: Option<u64>,
    /// 1 to 200; 50 if it is missing.
    pub(super) limit: Option<u32>,
    /// What the page before gave.
    pub(super) cursor: Option<String>,
}

/// Entries that are followed at once.
const PORTION: u32 = 1_000;

impl Wanted {
    /// As the store is asked; keys are numbers.
    pub(super) fn request(&self) -> Result<PageRequest, Problem> {
        if self.after.is_some() && self.cursor.is_some() {
            return Err(Problem::new(Code::BadCursor, "send either after or cursor"));
        }
        let request = Paging::new(self.limit, self.cursor.as_deref())?.request().clone();
        Ok(match self.after {
            Some(after) => PageRequest::after(after.to_string(), request.limit),
            None => request,
        })
    }
}

/// Administrative changes, oldest first.
#[utoipa::path(get, path = "/v1/audit", operation_id = "list_audit", tag = "audit", params(Wanted),
    responses((status = 200, body = Page<Body>)))]
pub(super) async fn list(
    State(here): Here,
    QueryOf(wanted): QueryOf<Wanted>,
) -> Result<Json<Page<Body>>, Problem> {
    let found = here.registry.read().await?.audit(wanted.request()?).await?;
    Ok(Json(page(found, |entry| body_of(&entry))))
}

/// Follows the whole chain of hashes, and says whether every entry is what was written.
#[utoipa::path(post, path = "/v1/audit:verify", operation_id = "verify_audit", tag = "audit",
    responses((status = 200, body = AuditVerification)))]
pub(super) async fn verify(State(here): Here) -> Result<Json<AuditVerification>, Problem> {
    let mut rows = here.registry.read().await?;
    let mut chain = AuditChain::default();
    let mut entries = 0;
    let mut request = PageRequest::first(PORTION);
    loop {
        let portion = rows.audit(request).await?;
        for entry in &portion.items {
            if let Err(fault) = chain.follow(entry) {
                tracing::error!(%fault, "the audit log was changed");
                let fault = Some(fault.to_string());
                return Ok(Json(AuditVerification { entries, ok: false, fault }));
            }
            entries += 1;
        }
        let Some(next) = portion.next else { break };
        request = PageRequest::after(next, PORTION);
    }
    Ok(Json(AuditVerification { entries, ok: true, fault: None }))
}

fn body_of(entry: &AuditEntry) -> Body {
    let record = &entry.record;
    Body {
        seq: entry.sequence,
        at: time_of(record.at),
        actor: record.actor.to_string(),
        address: record.address.map(|address| address.to_string()),
        request_id: record.request_id.as_ref().map(ToString::to_string),
        action: record.action.to_string(),
        target: record.target.to_string(),
        reason: record.reason.to_string(),
        before: record.before.map(|digest| digest.to_string()),
        after: record.after.map(|digest| digest.to_string()),
        previous: entry.previous.to_string(),
        hash: entry.hash.to_string(),
    }
}
