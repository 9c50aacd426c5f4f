use axum::body::Body;
use axum::http::request::Parts;
use axum::http::uri::{PathAndQuery, Uri};
use axum::http::{Method, Request};

/// What stands before an action where the router looks: `/v1/devices/{id}:suspend` is routed as
/// `/v1/devices/{id}/~suspend`, since the router knows no names with something behind them.
const MARK: &str = "/~";

/// What the client wrote, where it is routed as something else.
#[derive(Clone, Debug)]
struct Original(Uri);

/// The path of a POST as the router knows it.
pub(super) fn route_of(path: &str) -> String {
    split(path).map_or_else(|| path.to_owned(), |(resource, action)| format!("{resource}{MARK}{action}"))
}

/// Turns `POST …:{action}` into the path that the router knows.
///
/// Other methods have no actions, so that an id may contain a colon there. Below an id nothing is created
/// under the id alone, so that a POST whose path ends so always means an action.
pub(super) fn to_route(request: &mut Request<Body>) {
    if *request.method() != Method::POST {
        return;
    }
    let Some((resource, action)) = split(request.uri().path()) else { return };
    let mut rewritten = format!("{resource}{MARK}{action}");
    if let Some(query) = request.uri().query() {
        rewritten.push('?');
        rewritten.push_str(query);
    }
    let Ok(path_and_query) = rewritten.parse::<PathAndQuery>() else { return };
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = Some(path_and_query);
    if let Ok(uri) = Uri::from_parts(parts) {
        let original = std::mem::replace(request.uri_mut(), uri);
        request.extensions_mut().insert(Original(original));
    }
}

/// The path as the client wrote it.
pub(crate) fn original_path(parts: &Parts) -> &str {
    parts.extensions.get().map_or(&parts.uri, |Original(uri)| uri).path()
}

/// What an action is done to, and the action: lower-case letters and `_` or `-` behind the last colon.
fn split(path: &str) -> Option<(&str, &str)> {
    let (resource, action) = path.rsplit_once(':')?;
    let is_usual = |byte: u8| byte.is_ascii_lowercase() || b"_-".contains(&byte);
    let is_action =
        action.starts_with(|first: char| first.is_ascii_lowercase()) && action.bytes().all(is_usual);
    (is_action && !resource.ends_with('/')).then_some((resource, action))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_what_stands_behind_the_last_colon_of_a_post() {
        let routed = |method: Method, uri: &str| {
            let mut request = Request::builder().method(method).uri(uri).body(Body::empty()).unwrap();
            to_route(&mut request);
            request.uri().to_string()
        };
        for (uri, expected) in [
            ("/v1/devices/a:b:suspend", "/v1/devices/a:b/~suspend"),
            ("/v1/credentials/x:revoke?wait=applied", "/v1/credentials/x/~revoke?wait=applied"),
            ("/v1/auth/verify:batch", "/v1/auth/verify/~batch"),
            ("/v1/devices/a:B2", "/v1/devices/a:B2"),
            ("/v1/devices/:suspend", "/v1/devices/:suspend"),
            ("/v1/devices", "/v1/devices"),
        ] {
            assert_eq!(routed(Method::POST, uri), expected);
            assert_eq!(routed(Method::GET, uri), uri);
        }
        assert_eq!(route_of("/v1/devices/{id}:suspend"), "/v1/devices/{id}/~suspend");
        assert_eq!(route_of("/v1/devices/{id}"), "/v1/devices/{id}");
    }
}
