use axum::extract::FromRequestParts;
use axum::extract::Query;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::{Code, Problem};

/// The query of a request. A `T` denies unknown fields; what is not a `T` is a 422 that repeats no value.
#[derive(Clone, Copy, Debug)]
pub struct QueryOf<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for QueryOf<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(query)) => Ok(Self(query)),
            Err(rejection) => {
                let text = rejection.body_text();
                let unknown = text.split("unknown field `").nth(1).and_then(|rest| rest.split('`').next());
                let detail = match unknown {
                    Some(name) => {
                        format!("there is no parameter {}", name.chars().take(64).collect::<String>())
                    }
                    None => "a parameter of the query is missing or not valid".to_owned(),
                };
                Err(Problem::new(Code::Invalid, detail))
            }
        }
    }
}
