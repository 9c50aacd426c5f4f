use std::fmt::Display;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::process::processor_time;
use super::{DEADLINE, Server, descriptor_count, resident_bytes};

/// Tells a test that it is the process that another run of it started.
const IS_CHILD: &str = "VOUCHMQ_TEST_CHILD";
/// What the other process says to us begins like this; the test harness writes lines of its own.
const MARK: &str = "@ ";

/// The same test in another process, which runs a broker and answers questions.
pub(crate) struct Child {
    process: std::process::Child,
    questions: ChildStdin,
    answers: Receiver<String>,
    address: SocketAddr,
}

impl Child {
    /// Runs the test of this name again in a process of its own; `None` when this is that process.
    pub(crate) fn new(test: &str) -> Option<Self> {
        if std::env::var_os(IS_CHILD).is_some() {
            return None;
        }
        let mut process = Command::new(std::env::current_exe().expect("a program"))
            .args([test, "--exact", "--nocapture"])
            .env(IS_CHILD, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("another process");
        let questions = process.stdin.take().expect("piped");
        let lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        let (tell, answers) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some((_, answer)) = line.split_once(MARK) {
                    let _ = tell.send(answer.to_owned());
                }
            }
        });
        let mut child = Self { process, questions, answers, address: ([127, 0, 0, 1], 0).into() };
        child.address = child.says().parse().expect("an address");
        Some(child)
    }

    /// Where its broker listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it says next.
    pub(crate) fn says(&self) -> String {
        self.answers.recv_timeout(DEADLINE).expect("an answer in time")
    }

    pub(crate) fn asks(&mut self, question: &str) -> String {
        writeln!(self.questions, "{question}").expect("it listens");
        self.says()
    }

    /// Processor time of that process while `work` runs here.
    pub(crate) fn processor_time_of(&self, work: impl FnOnce()) -> Duration {
        let before = processor_time(self.process.id());
        work();
        processor_time(self.process.id()).saturating_sub(before)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Its own process, which this one started.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The other side: tells the broker's address and `greeting`, then answers until nobody asks any more.
pub(crate) fn serve(server: &Server, greeting: &str, mut answer: impl FnMut(&str) -> String) {
    say(server.address());
    say(greeting);
    for question in std::io::stdin().lines().map_while(Result::ok) {
        match question.as_str() {
            "memory" => say(resident_bytes()),
            "descriptors" => say(descriptor_count()),
            other => say(answer(other)),
        }
    }
}

fn say(what: impl Display) {
    let mut out = std::io::stdout();
    writeln!(out, "\n{MARK}{what}").expect("somebody listens");
    out.flush().expect("somebody listens");
}
