use base64ct::{Base64, Encoding};
use httparse::{Response, Status};

use super::SUBPROTOCOLS;
use super::head::{HEADERS_MAX, accept_of, items, only};
use super::upgrade::HEAD_BYTES_MAX;

/// What a client sends to open a WebSocket, and what it expects for it.
#[derive(Clone, Debug)]
pub struct UpgradeRequest {
    text: String,
    accept: String,
}

/// A response that opens no WebSocket for MQTT.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidResponse {
    /// The server answered something else than 101.
    #[error("the server answered {0} instead of opening a WebSocket")]
    Status(u16),
    /// The answer is not that of a WebSocket for MQTT.
    #[error("the server opened no WebSocket for MQTT: {0}")]
    Wrong(&'static str),
}

impl UpgradeRequest {
    /// Asks `host`, which may have a port, for the WebSocket at `path`. The key is 16 random bytes.
    pub fn new(host: &str, path: &str, key: [u8; 16]) -> Self {
        let key = Base64::encode_string(&key);
        let [subprotocol, _] = SUBPROTOCOLS;
        let text = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {subprotocol}\r\n\r\n"
        );
        Self { text, accept: accept_of(&key) }
    }

    /// The bytes to send.
    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// Reads the response; how many bytes it has, `None` when more has to come. Frames follow it.
    ///
    /// # Errors
    /// [`InvalidResponse`]: there is no WebSocket.
    pub fn opened_by(&self, bytes: &[u8]) -> Result<Option<usize>, InvalidResponse> {
        let wrong = |why| Err(InvalidResponse::Wrong(why));
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut response = Response::new(&mut headers);
        let head_len = match response.parse(bytes.get(..HEAD_BYTES_MAX).unwrap_or(bytes)) {
            Ok(Status::Complete(head_len)) => head_len,
            Ok(Status::Partial) if bytes.len() < HEAD_BYTES_MAX => return Ok(None),
            Ok(Status::Partial) => return wrong("its answer is too large"),
            Err(_) => return wrong("it does not speak HTTP"),
        };
        let headers: &[_] = response.headers;
        match response.code {
            Some(101) => {}
            status => return Err(InvalidResponse::Status(status.unwrap_or(0))),
        }
        if !items(headers, "Upgrade").any(|item| item.eq_ignore_ascii_case("websocket")) {
            return wrong("it upgrades to something else");
        }
        if only(headers, "Sec-WebSocket-Accept") != Some(&*self.accept) {
            return wrong("its Sec-WebSocket-Accept is not for this request");
        }
        if !only(headers, "Sec-WebSocket-Protocol").is_some_and(|chosen| SUBPROTOCOLS.contains(&chosen)) {
            return wrong("it does not agree on the subprotocol 'mqtt'");
        }
        Ok(Some(head_len))
    }
}
