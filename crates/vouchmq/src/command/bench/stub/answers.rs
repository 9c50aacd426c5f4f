//! Answers, written once and sent as they are.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Protocol;
use super::fault::Fault;
use super::rules::Verdict;

/// An answer, head and body.
pub(super) type Bytes = Arc<[u8]>;

/// Every answer there is.
#[derive(Debug)]
pub(super) struct Answers {
    allowed: [Bytes; 2],
    as_text: [Bytes; 2],
    bad_password: Bytes,
    denied: Bytes,
    html: Bytes,
    empty: Bytes,
    redirect: Bytes,
    internal_server_error: Bytes,
    service_unavailable: Bytes,
    huge: Bytes,
    pub(super) bad_request: Bytes,
    pub(super) garbage: Bytes,
}

/// What `huge-body` sends beyond its first bytes.
pub(super) const HUGE: usize = 8 * 1024 * 1024;

const JSON: &str = "application/json";

impl Answers {
    /// With more fields for answers that allow, and more header fields.
    ///
    /// # Errors
    /// What is no JSON object, or no header field.
    pub(super) fn new(protocol: Protocol, fields: Option<&str>, headers: &[String]) -> Result<Self, String> {
        let fields: Map<String, Value> = serde_json::from_str(fields.unwrap_or("{}"))
            .map_err(|error| format!("--fields is no JSON object: {error}"))?;
        let is_field = |header: &String| {
            let name = header.split_once(':').map(|(name, _)| name);
            name.is_some_and(|name| !name.is_empty()) && !header.contains(char::is_control)
        };
        if let Some(wrong) = headers.iter().find(|header| !is_field(header)) {
            return Err(format!("--header '{wrong}' is no header field, as 'Cache-Control: max-age=2'"));
        }
        let more: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let whole = |status: &str, kind: &str, body: &str| {
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n{more}\r\n"
            );
            Bytes::from((head + body).into_bytes())
        };
        let allowing = |is_superuser: bool| match protocol {
            Protocol::Status => String::new(),
            Protocol::Json => {
                let mut body = json!({ "result": "allow", "is_superuser": is_superuser });
                if let Some(body) = body.as_object_mut() {
                    body.extend(fields.clone());
                }
                body.to_string()
            }
        };
        let allow = [false, true].map(allowing);
        let denying = |status: &str| match protocol {
            Protocol::Status => whole(status, JSON, ""),
            Protocol::Json => whole("200 OK", JSON, r#"{"result":"deny"}"#),
        };
        let huge = r#"{"result":"allow","filler":""#;
        let huge_len = huge.len() + HUGE;
        Ok(Self {
            as_text: allow.each_ref().map(|body| whole("200 OK", "text/plain", body)),
            bad_password: denying("401 Unauthorized"),
            denied: denying("403 Forbidden"),
            html: whole("200 OK", "text/html", "<!doctype html><title>Log in</title><p>allow"),
            empty: whole("200 OK", JSON, ""),
            redirect: whole("302 Found\r\nlocation: /elsewhere", JSON, &allow[0]),
            internal_server_error: whole("500 Internal Server Error", JSON, &allow[0]),
            service_unavailable: whole("503 Service Unavailable", JSON, &allow[0]),
            bad_request: whole("400 Bad Request", "text/plain", "this cannot be read"),
            huge: format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {JSON}\r\ncontent-length: {huge_len}\r\n\r\n{huge}"
            )
            .into_bytes()
            .into(),
            garbage: Bytes::from(&b"\x16\x03\x01\0\xffallow allow\r\n\r\n\0\0"[..]),
            allowed: allow.map(|body| whole("200 OK", JSON, &body)),
        })
    }

    /// As it should be.
    pub(super) fn of(&self, verdict: Verdict) -> Bytes {
        match verdict {
            Verdict::Allowed { is_superuser } => one(&self.allowed, is_superuser),
            Verdict::BadPassword => self.bad_password.clone(),
            Verdict::Denied => self.denied.clone(),
        }
    }

    /// As it should not be; `None`: nothing is answered.
    pub(super) fn instead(&self, fault: Fault, verdict: Verdict) -> Option<Bytes> {
        let bytes = match fault {
            Fault::Hang | Fault::Reset => return None,
            Fault::WrongContentType => match verdict {
                Verdict::Allowed { is_superuser } => return Some(one(&self.as_text, is_superuser)),
                Verdict::BadPassword | Verdict::Denied => return Some(self.of(verdict)),
            },
            Fault::Slow => return Some(self.of(verdict)),
            Fault::Garbage => &self.garbage,
            Fault::Html => &self.html,
            Fault::Empty => &self.empty,
            Fault::HugeBody => &self.huge,
            Fault::Redirect => &self.redirect,
            Fault::InternalServerError => &self.internal_server_error,
            Fault::ServiceUnavailable | Fault::Flap => &self.service_unavailable,
        };
        Some(bytes.clone())
    }
}

fn one(answers: &[Bytes; 2], is_superuser: bool) -> Bytes {
    let [plain, superuser] = answers;
    if is_superuser { superuser.clone() } else { plain.clone() }
}

/// 200 with JSON.
pub(super) fn json(value: &Value) -> Bytes {
    let body = value.to_string();
    format!("HTTP/1.1 200 OK\r\ncontent-type: {JSON}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        .into_bytes()
        .into()
}

/// 200 with bytes as they are.
pub(super) fn bytes(body: &[u8]) -> Bytes {
    let mut whole = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    whole.extend_from_slice(body);
    whole.into()
}
