use axum::Router;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::body::Bytes;
use vouchmq_identity::store::Digest;

/// A text that everybody may read and nobody changes: all answers share its bytes, and who has it already is not sent
/// it again.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    media_type: &'static str,
    text: Bytes,
    etag: HeaderValue,
    policy: Option<&'static str>,
}

impl Shared {
    pub(super) fn new(media_type: &'static str, text: impl Into<Bytes>) -> Self {
        let text = text.into();
        let digest = Digest::of_bytes(&[&text]);
        // Digits between quotes are always a header value.
        let etag =
            HeaderValue::from_str(&format!("\"{digest}\"")).unwrap_or(HeaderValue::from_static("\"\""));
        Self { media_type, text, etag, policy: None }
    }

    /// With a content security policy of its own.
    pub(super) fn with_policy(self, policy: &'static str) -> Self {
        Self { policy: Some(policy), ..self }
    }

    /// Serves it at a path.
    pub(super) fn route(self, path: &str) -> Router {
        Router::new().route(path, get(move |headers: HeaderMap| std::future::ready(self.answer(&headers))))
    }

    fn answer(&self, headers: &HeaderMap) -> Response {
        let mut response = if self.is_had(headers) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            ([(header::CONTENT_TYPE, self.media_type)], self.text.clone()).into_response()
        };
        let head = response.headers_mut();
        head.insert(header::ETAG, self.etag.clone());
        head.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        if let Some(policy) = self.policy {
            head.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
        }
        response
    }

    /// Whether the client has this very text (RFC 9110, 13.1.2).
    fn is_had(&self, headers: &HeaderMap) -> bool {
        let fields = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|field| field.to_str().ok());
        let mut tags = fields.flat_map(|field| field.split(',')).map(str::trim);
        tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == self.etag.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    async fn ask(router: &Router, tag: &str) -> (u16, HeaderMap, Bytes) {
        let request = Request::get("/text").header(header::IF_NONE_MATCH, tag).body(Body::empty());
        let answer = router.clone().oneshot(request.unwrap()).await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        (status, headers, answer.into_body().collect().await.unwrap().to_bytes())
    }

    #[tokio::test]
    async fn answers_share_the_bytes_of_the_text_and_who_has_it_gets_none() {
        let router =
            Shared::new("text/css", "x".repeat(100_000)).with_policy("default-src 'none'").route("/text");
        let (status, headers, first) = ask(&router, "\"other\"").await;
        assert_eq!((status, first.len()), (200, 100_000));
        let (_, _, second) = ask(&router, "").await;
        assert_eq!(first.as_ptr(), second.as_ptr(), "no copy for each answer");
        let tag = headers[header::ETAG].to_str().unwrap();
        for had in [tag, "*", &format!("W/{tag}"), &format!("\"a\", {tag}")] {
            let (status, headers, body) = ask(&router, had).await;
            assert_eq!((status, body.len(), headers[header::ETAG].to_str().unwrap()), (304, 0, tag), "{had}");
        }
    }
}
