use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A connection that sends what it is given, and reads answers.
pub(crate) struct Connection {
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
}

/// What bytes go over.
pub(crate) trait Stream: Read + Write {}

impl<T: Read + Write> Stream for T {}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

impl Connection {
    pub(crate) fn to(address: SocketAddr) -> Self {
        Self::on(Self::dial(address))
    }

    pub(crate) fn on(stream: impl Stream + 'static) -> Self {
        Self { stream: Box::new(stream), buffer: Vec::new() }
    }

    /// From an address of this machine.
    pub(crate) fn between(from: &str, to: SocketAddr) -> Self {
        let stream = super::runtime().block_on(async {
            let socket = tokio::net::TcpSocket::new_v4().unwrap();
            socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
            socket.connect(to).await.unwrap().into_std().unwrap()
        });
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self::on(stream)
    }

    pub(crate) fn dial(address: SocketAddr) -> TcpStream {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Whether all of it could be sent.
    pub(crate) fn is_taken(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// Sends to somebody who may have hung up.
    pub(crate) fn try_send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// The next answer.
    pub(crate) fn receive(&mut self) -> Answer {
        let end = loop {
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at + 4;
            }
            assert!(self.read_some(), "closed within a head: {:?}", String::from_utf8_lossy(&self.buffer));
        };
        let head = String::from_utf8(self.buffer.drain(..end).collect()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut answer = Answer { status, head, body: String::new() };
        let len: usize = answer.header("content-length").map_or(0, |len| len.parse().unwrap());
        while self.buffer.len() < len {
            assert!(self.read_some(), "closed within a body");
        }
        answer.body = String::from_utf8(self.buffer.drain(..len).collect()).unwrap();
        answer
    }

    /// The head of an answer whose body comes in chunks.
    pub(crate) fn receive_head(&mut self) -> Answer {
        let answer = self.receive();
        assert_eq!(answer.header("transfer-encoding"), Some("chunked"), "{answer:?}");
        answer
    }

    /// The next chunk of a body; `None` at its end, or where it breaks off.
    pub(crate) fn chunk(&mut self) -> Option<String> {
        let (start, len) = loop {
            if let Some(at) = find(&self.buffer, b"\r\n") {
                let len = std::str::from_utf8(&self.buffer[..at]).unwrap();
                break (at + 2, usize::from_str_radix(len, 16).unwrap());
            }
            if !self.read_some() {
                return None;
            }
        };
        while self.buffer.len() < start + len + 2 {
            if !self.read_some() {
                return None;
            }
        }
        let chunk: Vec<u8> = self.buffer.drain(..start + len + 2).skip(start).take(len).collect();
        (len > 0).then(|| String::from_utf8(chunk).unwrap())
    }

    /// Waits until the other side hangs up, and returns what it sent before.
    pub(crate) fn closed(mut self) -> String {
        while self.read_some() {}
        String::from_utf8(self.buffer).unwrap()
    }

    fn read_some(&mut self) -> bool {
        let mut chunk = [0; 4096];
        match self.stream.read(&mut chunk) {
            Ok(0) => false,
            Ok(len) => {
                self.buffer.extend_from_slice(&chunk[..len]);
                true
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => false,
            Err(error) => panic!("nothing came: {error}"),
        }
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        fields.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The code of a problem, which this has to be.
    #[track_caller]
    pub(crate) fn code(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let body = self.json();
        assert_eq!(body["status"], self.status);
        assert_eq!(body["request_id"].as_str(), self.header("x-request-id"));
        body["code"].as_str().unwrap().to_owned()
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}
