use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt;
use tokio::time::timeout;

use crate::http::{Code, Problem, body_fault};

/// The body of an import, read as it comes.
pub(super) struct Source {
    body: Body,
    buffer: Vec<u8>,
    /// What of the buffer was read.
    start: usize,
    has_ended: bool,
    line: u64,
}

/// A line without its end, and its number.
#[derive(Debug)]
pub(super) struct TextLine {
    pub(super) number: u64,
    /// `None`: it is longer than a line may be, or no UTF-8.
    pub(super) text: Option<String>,
}

/// Bytes of a line.
pub(super) const LINE_MAX: usize = 256 * 1024;
/// Bytes of a JSON document, which is read as a whole.
const DOCUMENT_MAX: usize = 16 * 1024 * 1024;
/// How long the next part of the body may take.
const PATIENCE: Duration = Duration::from_secs(20);
const BOM: &[u8] = "\u{feff}".as_bytes();

impl Source {
    pub(super) const fn new(body: Body) -> Self {
        Self { body, buffer: Vec::new(), start: 0, has_ended: false, line: 0 }
    }

    /// The first byte that is not white space; it stays.
    pub(super) async fn first(&mut self) -> Result<Option<u8>, Problem> {
        loop {
            let rest = self.rest();
            let rest = rest.strip_prefix(BOM).unwrap_or(rest);
            match rest.iter().find(|byte| !byte.is_ascii_whitespace()) {
                Some(first) => return Ok(Some(*first)),
                None if self.has_ended || self.buffer.len() > LINE_MAX => return Ok(None),
                None => self.fill().await?,
            }
        }
    }

    /// The next line; `None` at the end.
    pub(super) async fn next_line(&mut self) -> Result<Option<TextLine>, Problem> {
        let mut is_too_long = false;
        let mut searched = 0;
        loop {
            let rest = self.rest();
            let end = rest.iter().skip(searched).position(|byte| *byte == b'\n').map(|at| at + searched);
            if end.is_none() && !self.has_ended {
                searched = rest.len();
                if searched > LINE_MAX {
                    is_too_long = true;
                    searched = 0;
                    self.take(usize::MAX);
                }
                self.fill().await?;
                continue;
            }
            if end.is_none() && rest.is_empty() && !is_too_long {
                return Ok(None);
            }
            let line = self.take(end.unwrap_or(usize::MAX));
            self.take(1);
            self.line += 1;
            let line = line.strip_suffix(b"\r").unwrap_or(&line);
            let line = if self.line == 1 { line.strip_prefix(BOM).unwrap_or(line) } else { line };
            let is_good = !is_too_long && line.len() <= LINE_MAX;
            let text = is_good.then(|| String::from_utf8(line.to_vec()).ok()).flatten();
            return Ok(Some(TextLine { number: self.line, text }));
        }
    }

    /// All that is left.
    pub(super) async fn document(mut self) -> Result<Vec<u8>, Problem> {
        while !self.has_ended {
            if self.rest().len() > DOCUMENT_MAX {
                let detail =
                    "a JSON document has at most 16 MiB: split it, or import CSV or one object a line";
                return Err(Problem::new(Code::BodyTooLarge, detail));
            }
            self.fill().await?;
        }
        let document = self.take(usize::MAX);
        Ok(document.strip_prefix(BOM).map_or_else(|| document.clone(), <[u8]>::to_vec))
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// At most so many bytes.
    fn take(&mut self, len: usize) -> Vec<u8> {
        let rest = self.rest();
        let taken = rest.get(..len).unwrap_or(rest).to_vec();
        self.start += taken.len();
        taken
    }

    async fn fill(&mut self) -> Result<(), Problem> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let slow = |_| Problem::new(Code::BodyTimeout, "the body stopped coming");
        match timeout(PATIENCE, self.body.frame()).await.map_err(slow)? {
            None => self.has_ended = true,
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    self.buffer.extend_from_slice(&data);
                }
            }
            Some(Err(error)) => return Err(body_fault(&error, super::BYTES_MAX)),
        }
        Ok(())
    }
}
