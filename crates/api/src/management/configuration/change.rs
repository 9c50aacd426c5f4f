use axum::Json;
use axum::extract::State;
use serde_json::Value;
use vouchmq_client::dto::configuration::ConfigPatch;
use vouchmq_client::dto::reload::Reloaded;

use super::{Edit, KeyChange};
use crate::http::{Code, JsonBody, Problem};
use crate::management::Here;
use crate::management::caller::Caller;

/// Changes keys for good, above what the file says: all of them or none. `null` takes a change back. What acts
/// after a restart only is told with `takes`: `restart`. Keys that say who may come in,
/// or what is read or written where, need the scope admin too.
#[utoipa::path(patch, path = "/v1/config", operation_id = "change_config", tag = "configuration",
    request_body = ConfigPatch, responses((status = 200, body = Reloaded), (status = 403), (status = 422)))]
pub(in crate::management) async fn change(
    State(here): Here,
    caller: Caller,
    JsonBody(ConfigPatch(patch)): JsonBody<ConfigPatch>,
) -> Result<Json<Reloaded>, Problem> {
    let configuration = here.configuration()?;
    if patch.is_empty() {
        return Err(Problem::new(
            Code::Invalid,
            "name a key at least, as {\"mqtt.max_packet_size\": \"2MB\"}",
        ));
    }
    let keys: Vec<&str> = patch.keys().map(String::as_str).collect();
    let detail = keys.join(", ");
    let changes = patch.iter().map(|(key, value)| KeyChange { key: key.clone(), value: written(value) });
    let draft = configuration.draft(Edit::Keys(changes.collect()), caller.authority()).await?;
    Ok(Json(here.commit(caller, draft, "config.change", &detail).await??))
}

/// A value, as a file has it: lists and objects of JSON are those of the file, too.
fn written(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Some(other.to_string())
        }
    }
}
