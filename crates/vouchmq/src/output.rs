//! The one place that prints. What comes from outside is escaped before it reaches a terminal.

use std::fmt::Write as _;
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

use crate::exit::Failure;

/// Standard output, written in portions.
pub(crate) struct Output(BufWriter<StdoutLock<'static>>);

/// Prints a line on standard output.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    let mut output = Output::lock();
    output.write(text.as_bytes())?;
    output.write(b"\n")?;
    output.flush()
}

/// Prints a line on standard error, behind the program's name.
pub(crate) fn complain(text: &str) {
    // Nobody is left to be told that it failed.
    let _ = writeln!(io::stderr().lock(), "vouchmq: {}", escaped(text));
}

/// Prints a line on standard error as it is.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", escaped(text));
}

/// Whether somebody watches standard error.
pub(crate) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// Control characters as escapes: one line stays one line, and no terminal is commanded.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if is_safe(c) {
            escaped.push(c);
        } else {
            let _ = write!(escaped, "{}", c.escape_default());
        }
    }
    escaped
}

/// Neither a control character nor one that reorders or hides text.
pub(crate) fn is_safe(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

// === impl Output ===

impl Output {
    /// Takes standard output.
    pub(crate) fn lock() -> Self {
        Self(BufWriter::new(io::stdout().lock()))
    }

    /// Writes bytes as they are.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.0.write_all(bytes).map_err(|error| failure(&error))
    }

    /// Hands over what was written.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.0.flush().map_err(|error| failure(&error))
    }
}

/// A reader that has seen enough is no failure.
fn failure(error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Failure::OutputClosed;
    }
    Failure::failed(format_args!("cannot write to standard output: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_commands_a_terminal_is_escaped() {
        assert_eq!(escaped("a\nb\u{1b}[31m\u{202e}ü"), "a\\nb\\u{1b}[31m\\u{202e}ü");
    }
}
