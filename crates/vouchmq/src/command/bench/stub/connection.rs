//! One connection: questions come in any number, answers leave in their order, each when its time has come.

use std::collections::VecDeque;
use std::io;
use std::rc::Rc;

use clap::ValueEnum;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep_until};

use super::answers::Bytes;
use super::counts::Begun;
use super::fault::Fault;
use super::request::{Found, Kind, Request};
use super::rules::Verdict;
use super::{Stub, answers, control};

/// How a connection is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Closed,
    Reset,
}

/// An answer whose time has not come.
#[derive(Debug)]
struct Pending {
    /// `None`: at once.
    due: Option<Instant>,
    reply: Reply,
    /// Whether the connection ends with it.
    is_last: bool,
    /// The question is not answered yet.
    _open: Option<Begun>,
}

/// What becomes of a question.
#[derive(Debug)]
enum Reply {
    Answer(Bytes),
    /// The beginning of an answer without end.
    Huge(Bytes),
    Never,
    Reset,
}

/// Questions that one connection may ask before it hears an answer.
const PENDING_MAX: usize = 1024;

static FILLER: [u8; 16 * 1024] = [b'x'; 16 * 1024];

/// Serves a connection until either side ends it.
pub(super) async fn serve<S>(stub: &Rc<Stub>, stream: &mut S) -> io::Result<End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut input = Vec::with_capacity(4096);
    let mut output = Vec::with_capacity(512);
    let mut pending = VecDeque::new();
    loop {
        let is_nonsense = !take(stub, &mut input, &mut pending);
        let end = settle(stream, &mut pending, &mut output).await?;
        if let Some(end) = end {
            return Ok(end);
        }
        if is_nonsense {
            stream.write_all(&stub.answers.bad_request).await?;
            return Ok(End::Closed);
        }
        input.reserve(2048);
        let due = pending.front().and_then(|pending| pending.due);
        let count = match due {
            None => stream.read_buf(&mut input).await?,
            Some(due) => tokio::select! {
                count = stream.read_buf(&mut input) => count?,
                () = sleep_until(due) => continue,
            },
        };
        if count == 0 {
            return Ok(End::Closed);
        }
    }
}

/// Takes every whole question; false if something else came.
fn take(stub: &Stub, input: &mut Vec<u8>, pending: &mut VecDeque<Pending>) -> bool {
    let mut taken = 0;
    let is_sense = loop {
        let rest = input.get(taken..).unwrap_or_default();
        if rest.is_empty() {
            break true;
        }
        if pending.len() > PENDING_MAX {
            break false;
        }
        match Found::in_bytes(rest) {
            Found::Whole(request, length) => {
                pending.push_back(stub.consider(&request, rest.get(..length).unwrap_or_default()));
                taken += length;
            }
            Found::Part => break true,
            Found::Nonsense => break false,
        }
    };
    input.drain(..taken);
    is_sense
}

/// Sends every answer whose time has come; how the connection is to end, if one says so.
async fn settle<S>(
    stream: &mut S,
    pending: &mut VecDeque<Pending>,
    output: &mut Vec<u8>,
) -> io::Result<Option<End>>
where
    S: AsyncWrite + Unpin,
{
    output.clear();
    let mut end = None;
    while let Some(next) = pending.front()
        && end.is_none()
    {
        if matches!(next.reply, Reply::Never) || next.due.is_some_and(|due| due > Instant::now()) {
            break;
        }
        let Some(next) = pending.pop_front() else { break };
        match next.reply {
            Reply::Answer(bytes) => output.extend_from_slice(&bytes),
            Reply::Huge(bytes) => {
                output.extend_from_slice(&bytes);
                stream.write_all(output).await?;
                output.clear();
                for _ in 0..answers::HUGE / FILLER.len() {
                    stream.write_all(&FILLER).await?;
                }
            }
            Reply::Reset => end = Some(End::Reset),
            Reply::Never => {}
        }
        if next.is_last && end.is_none() {
            end = Some(End::Closed);
        }
    }
    if !output.is_empty() {
        stream.write_all(output).await?;
    }
    stream.flush().await?;
    Ok(end)
}

impl Stub {
    /// Decides what becomes of a question.
    fn consider(&self, request: &Request<'_>, bytes: &[u8]) -> Pending {
        let kind = request.kind();
        let at_once = |reply, _open| Pending { due: None, reply, is_last: request.is_last, _open };
        if kind == Kind::Control {
            return at_once(Reply::Answer(control::answer(self, request)), None);
        }
        let _open = Some(self.counts.questions.begin());
        self.counts.ask(kind.name());
        let mut newest = self.newest.borrow_mut();
        newest.clear();
        newest.extend_from_slice(bytes);
        let Some(claim) = request.claim() else {
            self.counts.answer("bad_request");
            return at_once(Reply::Answer(self.answers.bad_request.clone()), _open);
        };
        let verdict = self.rules.judge(kind, &claim);
        let mut delay = self.delay.get();
        let mut is_last = request.is_last;
        let reply = match self.faults.next() {
            None => {
                self.counts.answer(if matches!(verdict, Verdict::Allowed { .. }) { "allow" } else { "deny" });
                Reply::Answer(self.answers.of(verdict))
            }
            Some(fault) => {
                if let Some(name) = fault.to_possible_value() {
                    self.counts.fault(name.get_name());
                }
                if fault == Fault::Slow {
                    delay += self.faults.slow();
                }
                is_last |= fault == Fault::Garbage;
                match (fault, self.answers.instead(fault, verdict)) {
                    (Fault::Reset, _) => Reply::Reset,
                    (_, None) => Reply::Never,
                    (Fault::HugeBody, Some(bytes)) => Reply::Huge(bytes),
                    (_, Some(bytes)) => Reply::Answer(bytes),
                }
            }
        };
        // Nothing is due that never comes.
        let is_timed = !delay.is_zero() && !matches!(reply, Reply::Never);
        let due = is_timed.then(|| Instant::now() + delay);
        Pending { due, reply, is_last, _open }
    }
}
