use axum::Json;
use axum::extract::State;
use vouchmq_client::dto::configuration::ConfigRollback;
use vouchmq_client::dto::reload::Reloaded;

use super::{Edit, Kept, told};
use crate::http::{Code, Problem};
use crate::management::Here;
use crate::management::caller::Caller;
use crate::management::input::OptionalBody;

/// Puts back what was there before the last change of keys, or of the file. A second time it is changed again.
/// Where keys change that say who may come in, or what is read or written where, the scope admin is needed too.
#[utoipa::path(post, path = "/v1/config:rollback", operation_id = "roll_back_config", tag = "configuration",
    request_body = Option<ConfigRollback>, responses((status = 200, body = Reloaded), (status = 403), (status = 422)))]
pub(in crate::management) async fn roll_back(
    State(here): Here,
    caller: Caller,
    OptionalBody(wanted): OptionalBody<ConfigRollback>,
) -> Result<Json<Reloaded>, Problem> {
    let (kept, name) = match wanted.what.as_deref() {
        None | Some("overrides") => (Kept::Overrides, "overrides"),
        Some("file") => (Kept::File, "file"),
        Some(_) => {
            let detail = "expected overrides or file";
            let problem = Problem::new(Code::Invalid, format!("/what: {detail}"));
            return Err(problem.with_error("/what", "unknown_value", detail));
        }
    };
    let draft = here.configuration()?.draft(Edit::Rollback(kept), caller.authority()).await?;
    let detail = format!("{name}, {}", told(&draft.changes()));
    Ok(Json(here.commit(caller, draft, "config.rollback", &detail).await??))
}
