//! A caller of an HTTP listener that writes its own bytes, over one connection.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, too")]

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;

use crate::process::DEADLINE;

/// A connection that is kept.
#[derive(Debug)]
pub(crate) struct Caller {
    address: String,
    stream: BufReader<TcpStream>,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Caller {
    /// Connects to `127.0.0.1:PORT`.
    ///
    /// # Errors
    ///
    /// Nobody listens there.
    pub(crate) fn dial(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.set_nodelay(true)?;
        Ok(Self { address: address.to_owned(), stream: BufReader::new(stream) })
    }

    /// Asks, and waits for the answer. `head` is the request line without the version, and header fields.
    ///
    /// # Errors
    ///
    /// The connection ended before there was an answer.
    pub(crate) fn ask(&mut self, head: &str, body: &str) -> io::Result<Answer> {
        let (line, fields) = head.split_once("\r\n").unwrap_or((head, ""));
        let (address, len) = (&self.address, body.len());
        let more = if fields.is_empty() { String::new() } else { format!("{fields}\r\n") };
        let request =
            format!("{line} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {len}\r\n{more}\r\n{body}");
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.answer()
    }

    /// The next answer.
    fn answer(&mut self) -> io::Result<Answer> {
        let status = self.line()?;
        let status = status.split(' ').nth(1).unwrap().parse().unwrap();
        let (mut len, mut is_chunked) = (0, false);
        loop {
            let field = self.line()?.to_ascii_lowercase();
            match field.split_once(':') {
                None => break,
                Some(("content-length", value)) => len = value.trim().parse().unwrap(),
                Some(("transfer-encoding", value)) => is_chunked = value.trim() == "chunked",
                Some(_) => {}
            }
        }
        let body = if is_chunked { self.chunks()? } else { self.bytes(len)? };
        Ok(Answer { status, body: String::from_utf8(body).unwrap() })
    }

    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let len = usize::from_str_radix(&self.line()?, 16).unwrap();
            body.extend(self.bytes(len)?);
            self.line()?;
            if len == 0 {
                return Ok(body);
            }
        }
    }

    fn bytes(&mut self, len: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; len];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// A line without its end.
    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        match line.strip_suffix("\r\n") {
            Some(line) => Ok(line.to_owned()),
            None => Err(ErrorKind::UnexpectedEof.into()),
        }
    }
}
