//! As much HTTP/1.1 as talking to our own processes takes: one request, one answer, one connection.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

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
        serde_json::from_str(body).with_context(|| format!("{method} {path}: not JSON: {body}"))
    }

    fn answer(&mut self) -> Result<String> {
        let mut bytes = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let text = std::str::from_utf8(&bytes).context("an answer that is not text")?;
            if let Some((head, body)) = text.split_once("\r\n\r\n")
                && body.len() >= length(head)
            {
                return Ok(text.to_owned());
            }
            let count = self.stream.read(&mut buffer)?;
            if count == 0 {
                bail!("the connection was closed");
            }
            bytes.extend_from_slice(buffer.get(..count).unwrap_or_default());
        }
    }
}

fn length(head: &str) -> usize {
    let value = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then_some(value.trim())
    });
    value.and_then(|value| value.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_as_long_as_it_says() {
        assert_eq!(length("HTTP/1.1 200 OK\r\nContent-length: 12"), 12);
        assert_eq!(length("HTTP/1.1 204 No Content"), 0);
    }
}
