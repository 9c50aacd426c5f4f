//! Processes with deadlines: whatever hangs is ended, and the test fails.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking, too")]

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How long anything may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// A process that has ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A process that runs; it is ended when this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    /// Lines of standard error that were passed over.
    pub(crate) stderr: Vec<String>,
    stdout: Option<std::thread::JoinHandle<Vec<u8>>>,
    name: String,
}

/// The binary under test, in an empty environment.
pub(crate) fn vouchmq(arguments: &[&str]) -> Command {
    let binary = std::env::var_os("VOUCHMQ_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_vouchmq").into());
    let mut command = Command::new(binary);
    command.args(arguments).env_clear();
    let asks_for_help = arguments.iter().any(|argument| matches!(*argument, "-h" | "--help"));
    if arguments.first() == Some(&"serve") && !asks_for_help {
        // Their ports are the same for all: a test that wants these listeners says where.
        command.env("VOUCHMQ_API_LISTEN", "off").env("VOUCHMQ_REGISTER_LISTEN", "off");
    }
    command
}

/// Runs the binary to its end.
pub(crate) fn run(arguments: &[&str]) -> Ran {
    run_with_input(arguments, b"")
}

/// Runs the binary to its end, with this on standard input.
pub(crate) fn run_with_input(arguments: &[&str], input: &[u8]) -> Ran {
    Running::spawn(&mut vouchmq(arguments), input).finish()
}

/// Runs the binary to its end in a folder.
pub(crate) fn run_in(folder: &Path, arguments: &[&str]) -> Ran {
    Running::spawn(vouchmq(arguments).current_dir(folder), b"").finish()
}

// === impl Ran ===

impl Ran {
    /// The process ended with this code.
    #[track_caller]
    pub(crate) fn code(self, expected: i32) -> Self {
        assert_eq!(self.code, expected, "{self:#?}");
        self
    }

    /// What it said on standard error, without the program's name.
    pub(crate) fn complaint(&self) -> &str {
        self.stderr.trim_end().strip_prefix("vouchmq: ").unwrap_or(&self.stderr)
    }
}

// === impl Running ===

impl Running {
    /// Starts the binary.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::spawn(&mut vouchmq(arguments), b"")
    }

    /// Starts a process with this on standard input.
    pub(crate) fn spawn(command: &mut Command, input: &[u8]) -> Self {
        let name = format!("{command:?}");
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let (mut stdin, input) = (child.stdin.take().unwrap(), input.to_vec());
        std::thread::spawn(move || {
            // A process that does not read it has closed it.
            let _ = stdin.write_all(&input);
        });
        let mut stdout = child.stdout.take().unwrap();
        let stdout = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stdout.read_to_end(&mut bytes);
            bytes
        });
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (send, lines) = channel();
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        Self { child, lines, stderr: Vec::new(), stdout: Some(stdout), name }
    }

    /// Waits for a line of standard error that holds `text`.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) -> &str {
        loop {
            match self.lines.recv_timeout(DEADLINE) {
                Ok(line) => {
                    self.stderr.push(line);
                    if self.stderr.last().is_some_and(|line| line.contains(text)) {
                        return self.stderr.last().unwrap();
                    }
                }
                Err(error) => panic!("{}: no '{text}' ({error}) in {:#?}", self.name, self.stderr),
            }
        }
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.id(), signal).unwrap();
    }

    /// Ends it in an instant.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for the end.
    #[track_caller]
    pub(crate) fn finish(mut self) -> Ran {
        loop {
            match self.lines.recv_timeout(DEADLINE) {
                Ok(line) => self.stderr.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("{} does not end: {:#?}", self.name, self.stderr),
            }
        }
        let stdout = self.stdout.take().unwrap().join().unwrap();
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        let stderr = self.stderr.iter().map(|line| format!("{line}\n")).collect();
        Ran { code, stdout: String::from_utf8_lossy(&stdout).into_owned(), stderr }
    }

    fn id(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended cannot be ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
