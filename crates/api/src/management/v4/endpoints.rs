use std::sync::LazyLock;

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::path::Operation;

use super::answer::{Found, found};
use super::routes;

/// One of the operations that there are.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = NanomqEndpoint)]
pub(super) struct Endpoint {
    path: String,
    name: String,
    method: &'static str,
    descr: String,
}

/// What operation ids begin with: ours are beside them.
const PREFIX: &str = "nanomq_";

/// Lists all that can be called.
#[utoipa::path(get, path = "/api/v4", operation_id = "nanomq_list_endpoints", tag = "NanoMQ",
    responses((status = 200, body = Vec<Endpoint>, description = "in `data`")))]
pub(super) async fn list() -> Json<Found<&'static [Endpoint]>> {
    static ENDPOINTS: LazyLock<Vec<Endpoint>> = LazyLock::new(all);
    found(ENDPOINTS.as_slice())
}

/// As the document has them: what is not there is not listed.
fn all() -> Vec<Endpoint> {
    let routes = routes();
    let mut all = Vec::new();
    for (path, item) in &routes.document().paths.paths {
        let operations =
            [("GET", &item.get), ("POST", &item.post), ("PUT", &item.put), ("DELETE", &item.delete)];
        for (method, operation) in operations {
            all.extend(operation.as_ref().map(|operation| endpoint(path, method, operation)));
        }
    }
    all
}

fn endpoint(path: &str, method: &'static str, operation: &Operation) -> Endpoint {
    let path = path.strip_prefix("/api/v4").unwrap_or(path);
    let path = if path.is_empty() { "/".to_owned() } else { path.replace('{', ":").replace('}', "") };
    let id = operation.operation_id.as_deref().unwrap_or_default();
    let name = id.strip_prefix(PREFIX).unwrap_or(id).to_owned();
    let descr = operation.summary.as_deref().unwrap_or_default().trim_end_matches('.').to_owned();
    Endpoint { path, name, method, descr }
}
