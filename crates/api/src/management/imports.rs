//! Imports: products, devices and their credentials, of ours or of other brokers.

use std::time::Duration;

use axum::Json;
use axum::extract::{FromRequest, Request, State};
use axum::http::header;
use serde::Deserialize;
use tokio::sync::Semaphore;
use vouchmq_client::dto::import::ImportReport;
use vouchmq_identity::model::Scope;
use vouchmq_identity::registry::RecordDeed;

use super::Here;
use super::caller::Caller;
use super::refusal::invalid;
use super::text::{read, read_some};
use crate::http::{Code, Problem, Prolong, QueryOf};

mod csv;
mod elements;
mod emqx;
mod fault;
mod format;
mod mosquitto;
mod nanomq;
mod native;
mod report;
mod row;
mod run;
mod seen;
mod source;
mod table;

use format::Format;
use run::{Manner, Run};
use source::Source;

/// What is imported, and how.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// `native`, `mosquitto`, `emqx`, `nanomq` or `csv`.
    format: String,
    /// The product that devices are entered into; `native` has its own unless it is given.
    product_id: Option<String>,
    /// `true`: nothing is changed, and what would come of it is told.
    dry_run: Option<bool>,
    /// `partial`: what is right is entered, 100 rows or 1 MiB at a time. `atomic`: everything or nothing, at most
    /// 5,000 rows and 8 MiB.
    mode: Option<String>,
    /// `skip`: devices that exist stay as they are. `update`: they get the credential, which needs
    /// `credentials:write`.
    on_conflict: Option<String>,
    /// Fields that may say something which is then lost, as `roles,groups` or `is_superuser`.
    ignore: Option<String>,
    /// EMQX's `password_hash_algorithm`: `sha256` if it is missing, `sha512`, `bcrypt`, `pbkdf2` or `plain`.
    algorithm: Option<String>,
    /// EMQX's `salt_position`: `prefix` if it is missing, `suffix` or `disable`.
    salt_position: Option<String>,
    /// EMQX's `mac_fun`, of `pbkdf2`.
    mac_fun: Option<String>,
    /// EMQX's `iterations`, of `pbkdf2`.
    iterations: Option<u32>,
}

/// Bytes of an import.
pub(super) const BYTES_MAX: usize = vouchmq_client::dto::import::BYTES_MAX;

/// Imports at a time: each may hold a document in memory.
#[derive(Debug)]
pub(super) struct Importing(Semaphore);

impl Default for Importing {
    fn default() -> Self {
        Self(Semaphore::new(1))
    }
}

/// Enters what another registry or broker exported. The body is the file, at most 1 GiB, JSON documents at most
/// 16 MiB; fields that nobody here knows make their row fail, and a row that fails harms no other. Rows with
/// credentials or claim tokens need `credentials:write` too, blocks `blocks:write`.
#[utoipa::path(post, path = "/v1/imports", operation_id = "import", tag = "imports", params(Wanted),
    request_body(content = String, content_type = "application/octet-stream"),
    responses((status = 200, body = ImportReport)))]
pub(super) async fn import(
    State(here): Here,
    caller: Caller,
    prolong: Prolong,
    QueryOf(wanted): QueryOf<Wanted>,
    request: Body,
) -> Result<Json<ImportReport>, Problem> {
    let format = Format::of(&wanted)?;
    let manner = manner_of(&wanted, &caller)?;
    let _place = here.importing.0.try_acquire().map_err(|_| {
        Problem::new(Code::Unavailable, "an import is at work: try again when it has ended")
            .with_retry_after(Duration::from_secs(5))
    })?;
    let mut run = Run::new(here.clone(), caller.clone(), manner, prolong);
    let ended = format.read(Source::new(request.0), &mut run).await;
    let report = run.report(manner.is_dry);
    if !manner.is_dry && report.total > 0 {
        let ImportReport { total, created, updated, skipped, failed, .. } = &report;
        let counts =
            format!("{total} rows: {created} created, {updated} updated, {skipped} skipped, {failed} failed");
        let detail =
            format!("{}, {counts}{}", wanted.format, if ended.is_err() { ", broken off" } else { "" });
        let name = caller.actor.request_id().map_or_else(String::new, |id| format!("import/{id}"));
        let command = RecordDeed { action: "import.finish", name, detail };
        here.registry.execute(caller.actor, command).await?;
    }
    match ended {
        Ok(()) => Ok(Json(report)),
        Err(problem) if report.created + report.updated == 0 || manner.is_dry => Err(problem),
        Err(problem) => {
            let done = report.created + report.updated;
            let detail = format!(
                "{}; {done} rows were entered before: import again, they are skipped",
                problem.detail()
            );
            Err(Problem::new(problem.code(), detail))
        }
    }
}

fn manner_of(wanted: &Wanted, caller: &Caller) -> Result<Manner, Problem> {
    let updates = match wanted.on_conflict.as_deref() {
        None | Some("skip") => false,
        Some("update") => {
            caller.needs(Scope::CredentialsWrite)?;
            true
        }
        Some(_) => return Err(invalid("?on_conflict", "write skip or update")),
    };
    let is_atomic = match wanted.mode.as_deref() {
        None | Some("partial") => false,
        Some("atomic") => true,
        Some(_) => return Err(invalid("?mode", "write partial or atomic")),
    };
    Ok(Manner { updates, is_atomic, is_dry: wanted.dry_run.unwrap_or(false) })
}

impl Wanted {
    fn product(&self) -> Result<Option<vouchmq_identity::model::ProductId>, Problem> {
        read_some("?product_id", self.product_id.as_deref())
    }

    fn needed_product(&self) -> Result<vouchmq_identity::model::ProductId, Problem> {
        let text = self.product_id.as_deref();
        read(
            "?product_id",
            text.ok_or_else(|| invalid("?product_id", "say which product the devices are of"))?,
        )
    }
}

/// The body, not read yet.
pub(super) struct Body(axum::body::Body);

impl<S: Sync> FromRequest<S> for Body {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let len =
            request.headers().get(header::CONTENT_LENGTH).and_then(|len| len.to_str().ok()?.parse().ok());
        if len.is_some_and(|len: u64| len > BYTES_MAX as u64) {
            let detail = format!("the body may have at most {BYTES_MAX} bytes: split it");
            return Err(Problem::new(Code::BodyTooLarge, detail));
        }
        Ok(Self(request.into_body()))
    }
}
