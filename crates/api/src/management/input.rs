use std::str::FromStr;

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use hyper::body::Body as _;
use serde::de::DeserializeOwned;

use crate::http::{Code, JsonBody, Problem};

/// The id in the path. A text that is no id is that of nothing: 404.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IdOf<T>(pub(crate) T);

/// A body that may be missing, and is then what is the default.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OptionalBody<T>(pub(crate) T);

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for IdOf<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let nothing = || Problem::new(Code::NotFound, "there is nothing with this id");
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| nothing())?;
        text.parse().map(Self).map_err(|_| nothing())
    }
}

impl<T: DeserializeOwned + Default, S: Sync> FromRequest<S> for OptionalBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if request.body().size_hint().exact() == Some(0) {
            return Ok(Self(T::default()));
        }
        let JsonBody(body) = JsonBody::<T>::from_request(request, state).await?;
        Ok(Self(body))
    }
}
