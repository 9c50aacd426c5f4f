//! Where payloads come from: the command line, a file, standard input.

use std::fs;
use std::io::{self, BufRead, Read};
use std::time::Duration;

use tokio::sync::mpsc;
use vouchmq_broker::Monotonic;
use vouchmq_mqtt::time::Timestamp;

use super::Payload;
use crate::exit::Failure;

/// Lines that are read ahead.
const LINES_AHEAD: usize = 256;

/// Payloads, one after the other.
pub(super) struct Source {
    kind: Kind,
    clock: Monotonic,
    due: Timestamp,
    delay: Duration,
}

enum Kind {
    Same { payload: Vec<u8>, left: u64 },
    Lines(mpsc::Receiver<io::Result<Vec<u8>>>),
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Next {
    Message(Vec<u8>),
    End,
}

impl Source {
    /// Reads what can be read now.
    pub(super) fn open(payload: &Payload, repeat: u64, delay: Duration) -> Result<Self, Failure> {
        let same = |payload| Kind::Same { payload, left: repeat };
        let kind = if let Some(text) = &payload.message {
            same(text.clone().into_bytes())
        } else if let Some(path) = &payload.file {
            let failed = |error| Failure::unusable(format_args!("cannot read {}: {error}", path.display()));
            same(fs::read(path).map_err(failed)?)
        } else if payload.stdin_line {
            Kind::Lines(lines()?)
        } else if payload.stdin_file {
            let mut bytes = Vec::new();
            io::stdin().lock().read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
            same(bytes)
        } else {
            same(Vec::new())
        };
        let clock = Monotonic::start();
        Ok(Self { kind, clock, due: Timestamp::ZERO, delay })
    }

    /// When the next payload is to be sent.
    pub(super) fn due(&self) -> Duration {
        self.due.since(self.clock.now())
    }

    /// The next payload.
    pub(super) async fn next(&mut self) -> Result<Next, Failure> {
        match &mut self.kind {
            Kind::Same { left: 0, .. } => Ok(Next::End),
            Kind::Same { payload, left } => {
                *left -= 1;
                self.due = self.clock.now().after(self.delay);
                Ok(Next::Message(if *left == 0 { std::mem::take(payload) } else { payload.clone() }))
            }
            Kind::Lines(lines) => match lines.recv().await {
                Some(line) => Ok(Next::Message(line.map_err(|error| unreadable(&error))?)),
                None => Ok(Next::End),
            },
        }
    }
}

/// `1`, `0.5`.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let secs = text.parse().map_err(|_| "seconds, as 1 or 0.5".to_owned())?;
    Duration::try_from_secs_f64(secs).map_err(|error| error.to_string())
}

/// Reads lines on a thread of its own: nothing can interrupt a read from a terminal.
fn lines() -> Result<mpsc::Receiver<io::Result<Vec<u8>>>, Failure> {
    let (lines, receiver) = mpsc::channel(LINES_AHEAD);
    let read = move || {
        for line in io::stdin().lock().split(b'\n') {
            if lines.blocking_send(line).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name("stdin".to_owned()).spawn(read).map_err(Failure::unusable)?;
    Ok(receiver)
}

fn unreadable(error: &io::Error) -> Failure {
    Failure::unusable(format_args!("cannot read standard input: {error}"))
}
