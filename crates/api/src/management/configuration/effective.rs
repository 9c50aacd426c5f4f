use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use vouchmq_client::dto::configuration::EffectiveValue;
use vouchmq_client::dto::page::Page;

use crate::http::{Code, Problem, QueryOf};
use crate::management::Here;

/// Which values.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::management) struct Wanted {
    /// Those below this key, and its own: `mqtt` or `listeners.tcp`; all if it is missing.
    prefix: Option<String>,
}

/// Lists every value in effect, and where it comes from; secrets are hidden. All of them at once.
#[utoipa::path(get, path = "/v1/config", operation_id = "list_config", tag = "configuration", params(Wanted),
    responses((status = 200, body = Page<EffectiveValue>)))]
pub(in crate::management) async fn list(
    State(here): Here,
    QueryOf(wanted): QueryOf<Wanted>,
) -> Result<Json<Page<EffectiveValue>>, Problem> {
    let mut items = here.configuration()?.effective().await;
    if let Some(prefix) = &wanted.prefix {
        items.retain(|value| is_below(&value.key, prefix));
    }
    Ok(Json(Page { items, next_cursor: None }))
}

/// Reads a key, or all below it.
#[utoipa::path(get, path = "/v1/config/{key}", operation_id = "read_config", tag = "configuration",
    params(("key" = String, Path)), responses((status = 200, body = Page<EffectiveValue>), (status = 404)))]
pub(in crate::management) async fn read(
    State(here): Here,
    Path(key): Path<String>,
) -> Result<Json<Page<EffectiveValue>>, Problem> {
    let mut items = here.configuration()?.effective().await;
    items.retain(|value| is_below(&value.key, &key));
    if items.is_empty() {
        let detail = "there is no such key, or nothing says its value and it has no default";
        return Err(Problem::new(Code::NotFound, detail));
    }
    Ok(Json(Page { items, next_cursor: None }))
}

/// Whether `key` is `prefix`, or is below it. Keys of the table have any case.
fn is_below(key: &str, prefix: &str) -> bool {
    let (Some(head), Some(rest)) = (key.get(..prefix.len()), key.get(prefix.len()..)) else { return false };
    head.eq_ignore_ascii_case(prefix) && (rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_where_a_segment_does() {
        assert!(is_below("mqtt.max_packet_size", "mqtt"));
        assert!(is_below("mqtt.max_packet_size", "MQTT.max_packet_size"));
        assert!(is_below("auth.acl.rules[].action", "auth.acl.rules"));
        assert!(!is_below("mqtt.max_packet_size", "mqtt.max"));
        assert!(!is_below("mqtt", "mqtt.max"));
        assert!(!is_below("ä", "\u{e4}b"));
    }
}
