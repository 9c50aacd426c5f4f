use axum::extract::State;
use axum::response::Response;
use vouchmq_client::dto::product::{NewProduct as Wanted, Product as Body};
use vouchmq_identity::registry::{CreateProduct, NewProduct, ProductPatch};

use super::body::{body_of, read_acl, read_kinds};
use crate::http::{JsonBody, Problem};
use crate::management::Here;
use crate::management::answer::created;
use crate::management::caller::Caller;
use crate::management::text::{read, read_some};

/// Makes a product; what is not said is as safe as it can be.
#[utoipa::path(post, path = "/v1/products", operation_id = "create_product", tag = "products", request_body = Wanted,
    responses((status = 201, body = Body)))]
pub(in crate::management) async fn create(
    State(here): Here,
    caller: Caller,
    JsonBody(wanted): JsonBody<Wanted>,
) -> Result<Response, Problem> {
    let new = read_new(&wanted)?;
    let product = here.registry.execute(caller.actor, CreateProduct(new)).await?.outcome;
    Ok(created(&format!("/v1/products/{}", product.id), product.version, body_of(&product)))
}

fn read_new(wanted: &Wanted) -> Result<NewProduct, Problem> {
    let rest = ProductPatch {
        name: None,
        strategy: read_some("/reg_strategy", wanted.reg_strategy.as_deref())?,
        binding: read_some("/clientid_binding", wanted.clientid_binding.as_deref())?,
        kinds: wanted.allowed_kinds.as_deref().map(read_kinds).transpose()?,
        acl: wanted.acl.as_deref().map(read_acl).transpose()?,
        devices_max: wanted.max_devices.map(Some),
        state: read_some("/state", wanted.state.as_deref())?,
    };
    Ok(NewProduct { key: read("/key", &wanted.key)?, name: read("/name", &wanted.name)?, rest })
}
