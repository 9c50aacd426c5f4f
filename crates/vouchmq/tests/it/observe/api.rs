//! A broker and its management API, asked as curl asks it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking, too")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::process::DEADLINE;
use crate::server::Server;

const TOKEN: &str = "an administrator's token of a test";

/// A broker that lets everybody in.
pub(super) struct Observed {
    pub(super) server: Server,
    /// Where the management API is.
    pub(super) api: Api,
}

/// The management API of a broker.
#[derive(Clone)]
pub(super) struct Api(String);

/// An event stream that is read as it comes.
pub(super) struct Stream(BufReader<TcpStream>);

impl Observed {
    pub(super) fn start(flags: &[&str]) -> Self {
        let mut server =
            Server::start(&[&["--api-listen", "127.0.0.1:0", "--admin-token", TOKEN], flags].concat());
        let line = server.wait_for("for management");
        let api = line.split("http://").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
        Self { server, api: Api(api) }
    }
}

impl Api {
    /// The body of an answer that is good.
    #[track_caller]
    pub(super) fn ask(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = self.send(method, path, body);
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
        if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
            unchunked(body)
        } else {
            body.to_owned()
        }
    }

    /// The status of an answer.
    pub(super) fn status(&self, method: &str, path: &str) -> u16 {
        let mut line = String::new();
        BufReader::new(self.send(method, path, "")).read_line(&mut line).unwrap();
        line.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub(super) fn get(&self, path: &str) -> String {
        self.ask("GET", path, "")
    }

    pub(super) fn json(&self, method: &str, path: &str, body: &str) -> Value {
        serde_json::from_str(&self.ask(method, path, body)).unwrap()
    }

    /// The value of a series.
    #[track_caller]
    pub(super) fn figure(&self, series: &str) -> f64 {
        value_in(&self.get("/metrics"), series)
    }

    /// Follows a stream, which has begun.
    pub(super) fn follow(&self, path: &str) -> Stream {
        let mut stream = BufReader::new(self.send("GET", path, ""));
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        assert!(line.starts_with("HTTP/1.1 200"), "{line}");
        Stream(stream)
    }

    fn send(&self, method: &str, path: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.0).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let kind = if body.is_empty() { "" } else { "content-type: application/json\r\n" };
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {TOKEN}\r\n{kind}content-length: \
             {}\r\nconnection: close\r\n\r\n{body}",
            self.0,
            body.len()
        )
        .unwrap();
        stream
    }
}

impl Stream {
    /// The next event `trace`.
    pub(super) fn next(&mut self) -> Value {
        let mut line = String::new();
        loop {
            line.clear();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "the stream goes on");
            if let Some(data) = line.strip_prefix("data: ").filter(|data| data.contains("\"at\"")) {
                return serde_json::from_str(data).unwrap();
            }
        }
    }
}

/// The value of a series of an exposition.
#[track_caller]
pub(super) fn value_in(text: &str, series: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {series} in {text}")).parse().unwrap()
}

fn unchunked(mut rest: &str) -> String {
    let mut body = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        body.push_str(&after[..size]);
        rest = after[size..].trim_start_matches("\r\n");
    }
    body
}
