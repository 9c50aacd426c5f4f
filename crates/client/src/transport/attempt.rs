//! One attempt to get an answer: what is counted of it, however it ends.

use std::time::Duration;

use hyper::http::uri::PathAndQuery;
use tokio::time::Instant;

use super::breaker::{Admission, Outcome};
use super::server::Progress;
use super::servers::Servers;
use super::tally::outcome_of;
use super::{Answer, Lost, Question, Repeats};

/// One attempt. If it is dropped before it has ended, whoever asked went away.
pub(super) struct Attempt<'a> {
    servers: &'a Servers,
    server: usize,
    admission: Admission,
    begun: Instant,
    progress: Progress,
    outcome: Option<Outcome>,
}

impl<'a> Attempt<'a> {
    pub(super) fn begin(servers: &'a Servers, server: usize, admission: Admission, is_repeat: bool) -> Self {
        if let Some(asked) = servers.server(server) {
            asked.tally.begin(is_repeat);
        }
        let progress = Progress::default();
        Self { servers, server, admission, begun: Instant::now(), progress, outcome: None }
    }

    pub(super) async fn ask(
        mut self,
        question: &Question,
        target: &PathAndQuery,
        repeats: Repeats,
        deadline: Instant,
    ) -> Result<Answer, Lost> {
        let server = self.servers.server(self.server).ok_or(Lost::AllBreakersOpen)?;
        let came = server.ask(question, target, repeats, deadline, &mut self.progress).await;
        let came = came.map(|(head, body)| Answer {
            server: self.server,
            status: head.status,
            headers: head.headers,
            body,
            took: self.begun.elapsed(),
        });
        server.tally.end(&came);
        self.outcome = match outcome_of(&came) {
            // that of the client; how long it was is judged in the end
            Outcome::TimedOut => None,
            outcome @ (Outcome::Good | Outcome::Declined | Outcome::Failed | Outcome::Unknown) => {
                Some(outcome)
            }
        };
        came
    }

    /// What has come of it, where nothing came in time: was there time enough?
    fn outcome_of_silence(&self, enough: Duration) -> Outcome {
        let waited = self.progress.sent.map(|sent| sent.elapsed());
        if waited.is_some_and(|waited| waited * 2 >= enough) { Outcome::TimedOut } else { Outcome::Unknown }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        let Some(server) = self.servers.server(self.server) else { return };
        server.tally.leave();
        let outcome = self.outcome.unwrap_or_else(|| self.outcome_of_silence(server.timeout()));
        let took = match outcome {
            Outcome::Good => self.progress.sent.map(|sent| sent.elapsed()),
            // a server that fails fast is not a fast one, nor is one that declines
            Outcome::Declined | Outcome::Failed | Outcome::TimedOut => Some(server.timeout()),
            Outcome::Unknown => None,
        };
        self.servers.record(self.server, (self.admission, outcome), took);
    }
}
