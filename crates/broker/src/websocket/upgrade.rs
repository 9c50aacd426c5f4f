use base64ct::{Base64, Encoding};
use httparse::{Request, Status};

use super::SUBPROTOCOLS;
use super::head::{HEADERS_MAX, accept_of, items, only, values};
use crate::WebSocketOptions;

/// Bytes of the head of a request at most.
pub const HEAD_BYTES_MAX: usize = 8 * 1024;

/// A request that is granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Upgrade {
    /// Bytes of the request; frames follow.
    pub(crate) head_len: usize,
    /// What is answered.
    pub(crate) response: String,
}

/// Why a request is not granted: the status that it is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is no HTTP, or no request for a WebSocket that speaks MQTT.
    BadRequest(&'static str),
    /// A page of this origin may not connect.
    Forbidden,
    /// Nothing is there.
    NotFound,
    /// Something other than version 13 of WebSocket is asked for.
    UpgradeRequired,
    /// The head is too large.
    TooLarge,
}

impl Upgrade {
    /// Reads the beginning of a connection; `None` when more has to come.
    pub(crate) fn of_request(bytes: &[u8], options: &WebSocketOptions) -> Result<Option<Self>, Refusal> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut request = Request::new(&mut headers);
        match request.parse(bytes.get(..HEAD_BYTES_MAX).unwrap_or(bytes)) {
            Ok(Status::Complete(head_len)) => {
                judge(&request, options).map(|response| Some(Self { head_len, response }))
            }
            Ok(Status::Partial) if bytes.len() < HEAD_BYTES_MAX => Ok(None),
            Ok(Status::Partial) | Err(httparse::Error::TooManyHeaders) => Err(Refusal::TooLarge),
            Err(_) => Err(Refusal::BadRequest("no HTTP/1.1")),
        }
    }
}

/// The response to a request that is granted.
fn judge(request: &Request<'_, '_>, options: &WebSocketOptions) -> Result<String, Refusal> {
    let headers: &[_] = request.headers;
    let bad = |why| Err(Refusal::BadRequest(why));
    if request.method != Some("GET") || request.version != Some(1) || only(headers, "Host").is_none() {
        return bad("only GET of HTTP/1.1 opens a WebSocket");
    }
    let path = request.path.unwrap_or_default();
    if path.split('?').next() != Some(&*options.path) {
        return Err(Refusal::NotFound);
    }
    if let Some(allowed) = &options.origins {
        let is_allowed = |origin: Option<&str>| {
            origin.is_some_and(|origin| allowed.iter().any(|known| known.eq_ignore_ascii_case(origin)))
        };
        if !values(headers, "Origin").all(is_allowed) {
            return Err(Refusal::Forbidden);
        }
    }
    let has = |name, wanted: &str| items(headers, name).any(|item| item.eq_ignore_ascii_case(wanted));
    if !has("Connection", "upgrade")
        || !has("Upgrade", "websocket")
        || only(headers, "Sec-WebSocket-Version") != Some("13")
    {
        return Err(Refusal::UpgradeRequired);
    }
    let Some(key) = only(headers, "Sec-WebSocket-Key").filter(|key| is_key(key)) else {
        return bad("Sec-WebSocket-Key is wrong");
    };
    let mut offered = items(headers, "Sec-WebSocket-Protocol");
    let Some(subprotocol) =
        offered.find_map(|offered| SUBPROTOCOLS.into_iter().find(|known| *known == offered))
    else {
        return bad("the subprotocol 'mqtt' is not offered");
    };
    Ok(format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {}\r\nSec-WebSocket-Protocol: {subprotocol}\r\n\r\n",
        accept_of(key)
    ))
}

/// Whether this is the base64 of 16 bytes.
fn is_key(key: &str) -> bool {
    Base64::decode(key, &mut [0; 16]).is_ok_and(|key| key.len() == 16)
}

impl Refusal {
    /// The response.
    pub(crate) fn response(self) -> String {
        let (status, more, why) = match self {
            Self::BadRequest(why) => ("400 Bad Request", "", why),
            Self::Forbidden => ("403 Forbidden", "", "this origin is not allowed"),
            Self::NotFound => ("404 Not Found", "", "nothing is here"),
            Self::UpgradeRequired => (
                "426 Upgrade Required",
                "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
                "version 13 of WebSocket is spoken here",
            ),
            Self::TooLarge => ("431 Request Header Fields Too Large", "", "the request is too large"),
        };
        let length = why.len() + 1;
        let connection = if more.is_empty() { "close" } else { "Upgrade, close" };
        format!(
            "HTTP/1.1 {status}\r\n{more}Connection: {connection}\r\nContent-Type: text/plain\r\n\
             Content-Length: {length}\r\n\r\n{why}\n"
        )
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BadRequest(why) => f.write_str(why),
            Self::Forbidden => f.write_str("its origin is not allowed"),
            Self::NotFound => f.write_str("nothing is at its path"),
            Self::UpgradeRequired => f.write_str("it does not ask for version 13 of WebSocket"),
            Self::TooLarge => f.write_str("its request is too large"),
        }
    }
}

#[cfg(test)]
mod tests;
