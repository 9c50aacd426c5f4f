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
                    None => match named_in(&text) {
                        Some(name) => format!("?{name}: the value is not valid, or there twice"),
                        None => "a parameter of the query is missing or not valid".to_owned(),
                    },
                };
                Err(Problem::new(Code::Invalid, detail))
            }
        }
    }
}

/// The parameter that is wrong: what stands before its fault. Never a value.
fn named_in(text: &str) -> Option<&str> {
    let (_, fault) = text.split_once("query string: ")?;
    let name = fault.split_once(": ").map(|(name, _)| name).or_else(|| fault.split('`').nth(1))?;
    let is_name =
        (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    is_name.then_some(name)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read by serde")]
    struct Wanted {
        online: Option<bool>,
        limit: Option<u32>,
    }

    #[tokio::test]
    async fn a_parameter_that_is_wrong_is_named_and_its_value_is_not() {
        for (query, told) in [
            ("online=s3cr3t", "?online: the value is not valid, or there twice"),
            ("limit=-1", "?limit: the value is not valid, or there twice"),
            ("limit=1&limit=2", "?limit: the value is not valid, or there twice"),
            ("s3cr3t:%20x=1", "there is no parameter s3cr3t: x"),
        ] {
            let request = Request::get(format!("/?{query}")).body(()).unwrap();
            let (mut parts, ()) = request.into_parts();
            let problem = QueryOf::<Wanted>::from_request_parts(&mut parts, &()).await.unwrap_err();
            assert_eq!(problem.detail(), told, "{query}");
        }
    }
}
