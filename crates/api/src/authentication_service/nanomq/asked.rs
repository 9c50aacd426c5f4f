use std::sync::Arc;

use axum::Extension;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::Method;

use crate::authentication_service::caller::Caller;
use crate::authentication_service::fields::{Fields, Plus, malformed};
use crate::authentication_service::service::Service;
use crate::http::Problem;

/// What NanoMQ sends with POST, or in the query with GET.
pub(in crate::authentication_service) struct Asked {
    pub(super) caller: Caller,
    pub(super) fields: Fields,
}

impl FromRequest<Arc<Service>> for Asked {
    type Rejection = Problem;

    async fn from_request(request: Request, service: &Arc<Service>) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let caller = Extension::<Caller>::from_request_parts(&mut parts, service).await;
        let Extension(caller) = caller.map_err(|missing| Problem::internal(&missing))?;
        if parts.method == Method::POST {
            let fields = Fields::of_body(Request::from_parts(parts, body), Plus::Itself).await?;
            return Ok(Self { caller, fields });
        }
        let Some(query) = parts.uri.query() else {
            return Err(malformed(
                "the request says nothing: NanoMQ needs headers for its params to be sent",
            ));
        };
        let fields = Fields::of_form(query, Plus::Itself)?;
        if fields.has("password") {
            service.warn_of_query(&caller);
        }
        Ok(Self { caller, fields })
    }
}
