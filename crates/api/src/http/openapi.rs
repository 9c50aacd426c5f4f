//! The document that describes a listener's operations: OpenAPI 3.1.

mod answers;
mod page;

use axum::Router;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Components, InfoBuilder, License, OpenApi, OpenApiBuilder, Paths};
use utoipa::{PartialSchema, ToSchema};
use vouchmq_client::dto::problem::{FieldProblem, ProblemBody};

use super::Access;
use super::shared::Shared;

pub(super) use answers::{fail_as, keep_answers};
pub use page::docs_route;

const BEARER: &str = "bearer";
const BASIC: &str = "basic";

/// A document without paths.
pub(super) fn document(title: &str) -> OpenApi {
    let mut components = Components::new();
    // As the standard writes it: the library's names for it are longer than it.
    for (name, text) in
        [(BEARER, r#"{"type":"http","scheme":"bearer"}"#), (BASIC, r#"{"type":"http","scheme":"basic"}"#)]
    {
        if let Ok(scheme) = serde_json::from_str(text) {
            components.security_schemes.insert(name.to_owned(), scheme);
        }
    }
    components.schemas.insert(ProblemBody::name().into_owned(), ProblemBody::schema());
    components.schemas.insert(FieldProblem::name().into_owned(), FieldProblem::schema());
    answers::describe(&mut components);
    let mut license = License::new("Apache-2.0 or MIT");
    license.identifier = Some(env!("CARGO_PKG_LICENSE").to_owned());
    let info = InfoBuilder::new()
        .title(format!("VouchMQ {title}"))
        .version(env!("CARGO_PKG_VERSION"))
        .license(Some(license))
        .build();
    OpenApiBuilder::new().info(info).paths(Paths::new()).components(Some(components)).build()
}

/// Writes into the operations of a path who may use them, and how they fail.
pub(super) fn declare(item: &mut PathItem, access: Access) {
    for operation in operations_of(item) {
        operation.security = Some(match access {
            Access::Scope(scope) => schemes(&[scope.as_str()]),
            Access::Known => schemes(&[]),
            Access::Open(_) => Vec::new(),
        });
        answers::complete(operation, access);
    }
}

fn operations_of(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let operations: [&mut Option<Operation>; 5] =
        [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
    operations.into_iter().flatten()
}

/// One of these.
fn schemes(scopes: &[&str]) -> Vec<SecurityRequirement> {
    [BEARER, BASIC].map(|scheme| SecurityRequirement::new(scheme, scopes.iter().copied())).into()
}

/// `GET /openapi.json`: the document, for everybody: it says nothing that the source does not.
pub fn open_api_route(document: &OpenApi) -> Router {
    // Made of types that all serialize.
    let text = document.to_json().unwrap_or_default();
    Shared::new("application/json", text).route("/openapi.json")
}
