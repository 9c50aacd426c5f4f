//! An authentication service of the test's own: what it answers is decided question by question.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, too")]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use crate::process::DEADLINE;

/// A question.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Method, target and version.
    pub(crate) line: String,
    pub(crate) body: String,
}

/// A service; it answers until the test ends.
pub(super) struct Service {
    pub(super) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// Holds questions back until it is opened.
#[derive(Default)]
pub(super) struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
}

/// Status and body: JSON, whatever it is.
pub(super) type Answer = (u16, String);

impl Service {
    pub(super) fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let (answer, book) = (Arc::new(answer), asked.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (answer, book) = (answer.clone(), book.clone());
                std::thread::spawn(move || serve(stream, &book, &*answer));
            }
        });
        Self { url, asked }
    }

    /// The questions whose target begins so.
    pub(super) fn asked(&self, path: &str) -> Vec<Asked> {
        let all = self.asked.lock();
        all.iter().filter(|asked| asked.target().starts_with(path)).cloned().collect()
    }
}

/// Answers the questions of one connection.
fn serve(stream: TcpStream, book: &Mutex<Vec<Asked>>, answer: &dyn Fn(&Asked) -> Answer) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(asked) = Asked::read(&mut reader) {
        book.lock().push(asked.clone());
        let (status, body) = answer(&asked);
        let length = body.len();
        // RFC 9110 §8.6: 204 has none.
        let length = if status == 204 { String::new() } else { format!("content-length: {length}\r\n") };
        let head = format!("HTTP/1.1 {status} x\r\ncontent-type: application/json\r\n{length}\r\n");
        if (&stream).write_all((head + &body).as_bytes()).is_err() {
            return;
        }
    }
}

impl Asked {
    /// The next question; `None` at the end.
    pub(crate) fn read(reader: &mut impl BufRead) -> Option<Self> {
        let mut lines = reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty());
        let line = lines.next()?;
        let fields: Vec<String> = lines.collect();
        let length = fields.iter().find_map(|field| field.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        reader.read_exact(&mut body).ok()?;
        Some(Self { line, body: String::from_utf8(body).unwrap() })
    }

    /// Path and query.
    pub(super) fn target(&self) -> &str {
        self.line.split(' ').nth(1).unwrap_or_default()
    }
}

impl Gate {
    pub(super) fn open(&self) {
        *self.is_open.lock() = true;
        self.opened.notify_all();
    }

    /// Waits until it is open.
    pub(super) fn pass(&self) {
        let mut is_open = self.is_open.lock();
        while !*is_open && !self.opened.wait_for(&mut is_open, DEADLINE).timed_out() {}
    }
}
