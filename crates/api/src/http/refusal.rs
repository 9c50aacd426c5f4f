//! What cannot be read as a request is answered as every failure is.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use hyper::body::Bytes;

use super::front::adorn;
use super::{Code, Problem, RequestId};

/// The answer that goes out in place of the one that hyper writes by itself to what it cannot read; it then closes the
/// connection.
pub(super) fn in_place_of(bytes: &[u8]) -> Bytes {
    let status = bytes.get(9..12).and_then(|digits| StatusCode::from_bytes(digits).ok());
    let code = match status {
        Some(StatusCode::URI_TOO_LONG | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE) => Code::HeadTooLarge,
        Some(status) if status.is_client_error() => Code::of_status(status),
        Some(_) | None => Code::MalformedRequest,
    };
    let problem = Problem::new(code, "what was sent is not a request of HTTP/1.1, or too large");
    let mut headers = HeaderMap::new();
    let request_id = RequestId::of(&headers);
    let (body, more) = problem.into_parts(Some(&request_id));
    let body = serde_json::to_string(&body).unwrap_or_default();
    headers.extend(more);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    adorn(&mut headers, &request_id);
    let mut answer = format!("HTTP/1.1 {}\r\n", code.status()).into_bytes();
    for (name, value) in &headers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            answer.extend_from_slice(part);
        }
    }
    answer.extend_from_slice(b"\r\n");
    answer.extend_from_slice(body.as_bytes());
    answer.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hyper_says_becomes_a_problem() {
        for (said, begins, code) in [
            ("HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n", "malformed_request"),
            ("HTTP/1.1 414 URI Too Long\r\n\r\n", "HTTP/1.1 431 ", "head_too_large"),
            ("HTTP/1.1 431 x\r\n\r\n", "HTTP/1.1 431 ", "head_too_large"),
            ("", "HTTP/1.1 400 ", "malformed_request"),
        ] {
            let answer = in_place_of(said.as_bytes());
            let text = std::str::from_utf8(&answer).unwrap();
            assert!(text.starts_with(begins) && text.contains(code), "{text}");
            assert!(
                text.contains("x-content-type-options: nosniff\r\n") && text.contains("connection: close")
            );
        }
    }
}
