//! The one place that prints.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "what the command says goes through here")]

use std::io::{IsTerminal, Write};

use vouchmq_mqtt::time::Timestamp;

/// A line of the result.
pub fn line(text: &str) {
    println!("{text}");
}

/// A line about a mistake of whoever called.
pub fn complaint(text: &str) {
    eprintln!("{text}");
}

/// A line of a trace, with its time in simulated seconds.
pub fn trace(at: Timestamp, text: &str) {
    let (secs, micros) = (at.micros() / 1_000_000, at.micros() % 1_000_000);
    println!("{secs:>5}.{micros:06} {text}");
}

/// How far a long run is; on a terminal the line is written over by the next one.
pub fn progress(done: usize, total: usize, failed: usize) {
    let mut terminal = std::io::stderr();
    if terminal.is_terminal() {
        let end = if done == total { '\n' } else { '\r' };
        // Nobody minds a progress line that cannot be written.
        let _ = write!(terminal, "{done} of {total} seeds, {failed} failed{end}");
        let _ = terminal.flush();
    } else if done.is_multiple_of(100) || done == total {
        eprintln!("{done} of {total} seeds, {failed} failed");
    }
}
