//! A server whose answers are known before anybody asks.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, too")]

use std::io::{BufReader, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

use crate::process::DEADLINE;
use crate::remote::service::Asked;

/// Answers each request with the next of these, and tells what was asked for.
pub(super) fn server(answers: Vec<(u16, String)>) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (asked, requests) = channel();
    std::thread::spawn(move || {
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(DEADLINE)).unwrap();
            let request = Asked::read(&mut BufReader::new(stream.try_clone().unwrap())).unwrap();
            write!(
                stream,
                "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
                 connection: close\r\n\r\n{body}",
                body.len()
            )
            .unwrap();
            let _ = asked.send(request.line);
        }
    });
    (address, requests)
}
