//! As much HTTP/1.1 as talking to our own processes takes: one request, one answer, one connection.

use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::Path,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::clock::wait_for;

/// A server on the loopback.
#[derive(Debug)]
pub(super) struct Server {
    stream: TcpStream,
    token: Option<String>,
}

impl Server {
    pub(super) fn connect(port: u16, token: Option<&str>) -> Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let stream = TcpStream::connect(address).with_context(|| format!("nobody answers on {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self { stream, token: token.map(str::to_owned) })
    }

    /// The JSON of an answer that says it is done.
    pub(super) fn ask(&mut self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let text = self.fetch(method, path, body)?;
        serde_json::from_str(&text).with_context(|| format!("{method} {path}: not JSON: {text}"))
    }

    /// The text of such an answer.
    pub(super) fn fetch(&mut self, method: &str, path: &str, body: Option<&Value>) -> Result<String> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let token = self.token.as_ref().map(|token| format!("Authorization: Bearer {token}\r\n"));
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{}Content-Length: \
             {}\r\n\r\n{body}",
            token.unwrap_or_default(),
            body.len()
        );
        self.stream.write_all(request.as_bytes()).with_context(|| format!("{method} {path}"))?;
        let answer = self.answer().with_context(|| format!("{method} {path}"))?;
        let (head, body) = answer.split_once("\r\n\r\n").context("an answer without an end")?;
        if !head.starts_with("HTTP/1.1 2") {
            bail!("{method} {path}: {} {body}", head.lines().next().unwrap_or_default());
        }
        Ok(body.to_owned())
    }

    /// Head and body, with an empty line between them.
    fn answer(&mut self) -> Result<String> {
        let mut bytes = Vec::new();
        let mut buffer = [0; 65_536];
        let mut end_of_head = None;
        loop {
            if end_of_head.is_none() {
                end_of_head = bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|end| end + 4);
            }
            if let Some((head, body)) = end_of_head.and_then(|end| bytes.split_at_checked(end)) {
                let head = std::str::from_utf8(head).context("a head that is not text")?;
                let body = match length(head) {
                    Some(length) => (body.len() >= length).then(|| body.to_vec()),
                    None => body.ends_with(b"0\r\n\r\n").then(|| unchunked(body)),
                };
                if let Some(body) = body {
                    let body = String::from_utf8(body).context("an answer that is not text")?;
                    return Ok(format!("{head}{body}"));
                }
            }
            let count = self.stream.read(&mut buffer)?;
            if count == 0 {
                bail!("the connection was closed");
            }
            bytes.extend_from_slice(buffer.get(..count).unwrap_or_default());
        }
    }
}

/// The administrator's token, when the management API listens: it does so after the broker.
pub(super) fn token(file: &Path, port: u16) -> Result<String> {
    let token = wait_for(Duration::from_secs(30), Duration::from_millis(50), || {
        let token = fs::read_to_string(file).ok().filter(|token| !token.is_empty());
        Ok(token.filter(|_| Server::connect(port, None).is_ok()))
    })?;
    let token = token.context("the management API does not listen after 30 s")?;
    Ok(token.trim().to_owned())
}

/// How long a body is; `None` if it comes in chunks.
fn length(head: &str) -> Option<usize> {
    let value = |wanted: &str| {
        head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(wanted).then_some(value.trim())
        })
    };
    match (value("content-length"), value("transfer-encoding")) {
        (Some(length), _) => length.parse().ok(),
        (None, Some(_)) => None,
        (None, None) => Some(0),
    }
}

/// What chunks hold, one after the other.
fn unchunked(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = chunks.windows(2).position(|two| two == b"\r\n") {
        let (size, rest) = chunks.split_at(end);
        let size = std::str::from_utf8(size).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
        let (Some(size), Some(rest)) = (size.filter(|size| *size > 0), rest.get(2..)) else { break };
        body.extend_from_slice(rest.get(..size).unwrap_or_default());
        chunks = rest.get(size + 2..).unwrap_or_default();
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_as_long_as_it_says() {
        assert_eq!(length("HTTP/1.1 200 OK\r\nContent-length: 12"), Some(12));
        assert_eq!(length("HTTP/1.1 204 No Content"), Some(0));
        assert_eq!(length("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"), None);
        assert_eq!(unchunked(b"3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n"), b"abc0123456789");
    }
}
