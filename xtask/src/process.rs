//! Other programs: run, captured, limited in time, and named in every error.

use std::{
    ffi::OsStr,
    io::{self, PipeReader, Read},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};

/// A program to run.
#[derive(Debug)]
pub(crate) struct Program {
    command: Command,
    limit: Duration,
}

/// What a program did.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) success: bool,
    /// Standard output and standard error, in the order written.
    pub(crate) text: String,
}

impl Program {
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command.stdin(Stdio::null());
        Self { command, limit: Duration::from_secs(30 * 60) }
    }

    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    /// Adds the words of `line`, split at white space.
    pub(crate) fn words(self, line: &str) -> Self {
        self.args(line.split_whitespace())
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn dir(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Ends the program after `limit` (half an hour, unless told).
    pub(crate) fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// The command line, as one would type it.
    pub(crate) fn shown(&self) -> String {
        let words = std::iter::once(self.command.get_program()).chain(self.command.get_args());
        words.map(|word| quoted(&word.to_string_lossy())).collect::<Vec<_>>().join(" ")
    }

    /// Runs the program and keeps what it wrote.
    pub(crate) fn run(mut self) -> Result<Ended> {
        let (reader, writer) = io::pipe().context("no pipe to be had")?;
        self.command.stdout(writer.try_clone().context("no pipe to be had")?).stderr(writer);
        let (success, text) = self.finish(reader)?;
        Ok(Ended { success, text })
    }

    /// Runs the program; an error with everything it wrote unless it succeeds.
    pub(crate) fn succeed(self) -> Result<String> {
        let shown = self.shown();
        let ended = self.run()?;
        if !ended.success {
            bail!("`{shown}` failed:\n{}", ended.text.trim_end());
        }
        Ok(ended.text)
    }

    /// Runs the program and returns its standard output alone; an error with what it said unless it succeeds.
    pub(crate) fn stdout(mut self) -> Result<String> {
        let shown = self.shown();
        let (output, output_writer) = io::pipe().context("no pipe to be had")?;
        let (errors, errors_writer) = io::pipe().context("no pipe to be had")?;
        self.command.stdout(output_writer).stderr(errors_writer);
        let errors = collect(errors);
        let (success, text) = self.finish(output)?;
        if !success {
            let said = errors.recv().ok().and_then(Result::ok).unwrap_or_default();
            bail!("`{shown}` failed:\n{}", String::from_utf8_lossy(&said).trim_end());
        }
        Ok(text)
    }

    /// Starts the program and waits for the end of `output`, then for its own.
    fn finish(mut self, output: PipeReader) -> Result<(bool, String)> {
        let shown = self.shown();
        let mut child = self.command.spawn().with_context(|| format!("`{shown}` does not start"))?;
        drop(self.command); // holds the pipes' writing ends open
        let Ok(read) = collect(output).recv_timeout(self.limit) else {
            child.kill().with_context(|| format!("`{shown}` does not end"))?;
            child.wait()?;
            bail!("`{shown}` ran longer than {} s and was ended", self.limit.as_secs());
        };
        let bytes = read.with_context(|| format!("cannot read what `{shown}` wrote"))?;
        let status = child.wait().with_context(|| format!("lost `{shown}`"))?;
        Ok((status.success(), String::from_utf8_lossy(&bytes).into_owned()))
    }
}

/// Reads to the end, beside the caller.
fn collect(mut reader: PipeReader) -> mpsc::Receiver<io::Result<Vec<u8>>> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = reader.read_to_end(&mut bytes).map(|_| bytes);
        let _ = send.send(read); // nobody listens after the limit
    });
    receive
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{word}'") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Program {
        Program::new("sh").args(["-c", script])
    }

    #[test]
    fn both_outputs_are_kept_in_order() {
        let ended = shell("echo one; echo two >&2; echo three; exit 3").run().expect("sh runs");
        assert_eq!((ended.success, ended.text.as_str()), (false, "one\ntwo\nthree\n"));
        assert_eq!(shell("echo one; echo two >&2").stdout().expect("succeeds"), "one\n");
    }

    #[test]
    fn failures_name_the_command_and_show_what_it_said() {
        let error = shell("echo broken; exit 1").succeed().expect_err("it fails").to_string();
        assert!(
            error.contains("sh -c 'echo broken; exit 1'") && error.contains("broken\n")
                || error.ends_with("broken")
        );
        assert!(
            Program::new("no-such-program-here").run().unwrap_err().to_string().contains("does not start")
        );
    }

    #[test]
    fn a_program_that_does_not_end_is_ended() {
        let error = shell("exec sleep 60").limit(Duration::from_millis(20)).run().expect_err("too long");
        assert!(error.to_string().contains("was ended"), "{error}");
        let error = shell("exec sleep 60").limit(Duration::from_millis(20)).stdout().expect_err("too long");
        assert!(error.to_string().contains("was ended"), "{error}");
    }
}
