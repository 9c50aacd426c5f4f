//! The management listener of a real process: where it listens, what a reload changes, and what attacks do to it and to
//! MQTT beside it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking, too")]

mod attacks;
mod binds;

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};

use crate::process::DEADLINE;

/// A bare connection to an HTTP listener.
pub(crate) struct Bare(TcpStream);

impl Bare {
    pub(crate) fn to(address: impl ToSocketAddrs) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        Self(stream)
    }

    /// Whether all of it was taken.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> bool {
        self.0.write_all(bytes).is_ok()
    }

    /// What comes until the other side hangs up.
    pub(crate) fn closed(mut self) -> String {
        let mut bytes = Vec::new();
        match self.0.read_to_end(&mut bytes) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(error) => panic!("it is not closed: {error}"),
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
