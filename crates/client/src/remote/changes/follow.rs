use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, CONTENT_TYPE};
use hyper::{Request, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use vouchmq_identity::Clock;
use vouchmq_identity::signature::{RequestParts, SigningKey, sign_request};

use super::health::HEALTHY_MAX;
use super::{Events, Frame, Health, Position, Progress, Step, StreamHealth};
use crate::dto::change::Change;
use crate::rest::RestFault;
use crate::transport::Lookup;
use crate::wire::{Connector, connector, innermost};

#[cfg(test)]
mod tests;

/// What is told of changes, in their order. Each call is quick: it runs on the task that follows.
pub trait Followed: Send + Sync {
    /// What this names is not good any more.
    fn changed(&self, change: &Change);

    /// Something was missed, or the log is another one: nothing is good any more that is older than the change of
    /// this number.
    fn reset(&self, head: u64);

    /// What can be relied on is not what it was. Comes up to some seconds late; [`StreamHealth`] does not.
    fn health(&self, health: Health);
}

/// Follows the change stream of any of several servers that share a log.
pub struct Follower {
    servers: Box<[Uri]>,
    client: Client<Connector, Empty<Bytes>>,
    key: Option<SigningKey>,
    clock: Arc<dyn Clock>,
}

/// Who is told, and what was told.
struct Listener<'a> {
    followed: &'a dyn Followed,
    health: &'a StreamHealth,
    now: &'a (dyn Fn() -> Duration + Send + Sync),
    progress: Progress,
    told: Health,
}

/// A wait before the next attempt is no shorter,
const PAUSE_MIN: Duration = Duration::from_millis(50);
/// and no longer; the longest doubles up to here.
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// How long a signature is good.
const SIGNED_FOR: Duration = Duration::from_secs(30);
/// A request that has a signature has a content type, though it has no content.
const SIGNED_TYPE: &str = "application/json";
const PATH: &str = "/v1/changes";

// === impl Follower ===

impl Follower {
    /// Servers as `https://auth.example:8080`, at least one; `tls` where they say `https`. Requests are signed with
    /// `key`, if there is one. `clock` says when.
    ///
    /// # Errors
    /// [`RestFault::Address`]: a server is none, or none is given.
    pub fn try_new(
        servers: &[Box<str>],
        tls: Option<vouchmq_tls::Client>,
        key: Option<SigningKey>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, RestFault> {
        let scheme = if tls.is_some() { "https" } else { "http" };
        let server_of = |text: &str| {
            let uri = text.trim_end_matches('/').parse::<Uri>().ok();
            let is_server = |uri: &Uri| {
                uri.scheme_str() == Some(scheme)
                    && uri.host().is_some()
                    && uri.path() == "/"
                    && uri.query().is_none()
            };
            uri.filter(is_server).ok_or_else(|| RestFault::Address(text.into()))
        };
        let servers = servers.iter().map(|server| server_of(server)).collect::<Result<Box<[_]>, _>>()?;
        if servers.is_empty() {
            return Err(RestFault::Address("".into()));
        }
        let client =
            Client::builder(TokioExecutor::new()).build(connector(tls, Lookup::system(), HEALTHY_MAX));
        Ok(Self { servers, client, key, clock })
    }

    /// Follows for as long as it is polled. `now` is the time of `health`, which nothing else may tell what it heard.
    pub async fn follow(
        &self,
        followed: &dyn Followed,
        health: &StreamHealth,
        now: &(dyn Fn() -> Duration + Send + Sync),
    ) {
        let progress = Progress::default();
        let mut listener = Listener { followed, health, now, progress, told: Health::Stale };
        let mut pause = PAUSE_MIN;
        let mut told = Box::default();
        let mut next = random() as usize % self.servers.len();
        loop {
            let server = &self.servers[next];
            let begun = now();
            let why = self.attend(server, &mut listener).await;
            listener.tell();
            if health.state(now()) != Health::Stale || told == why {
                tracing::debug!(%server, %why, "the change stream of the authentication service broke off");
            } else {
                // Why there is none, once: a key that the service does not know, no such address.
                tracing::warn!(%server, %why, "there is no change stream of the authentication service");
                told = why;
            }
            // Whoever has been told something was not refused.
            let was_heard = health.silence(now()) < now().saturating_sub(begun);
            pause = if was_heard { PAUSE_MIN } else { pause }.saturating_mul(2).min(PAUSE_MAX);
            let part = f64::from(random()) / f64::from(u32::MAX);
            sleep(PAUSE_MIN + (pause - PAUSE_MIN).mul_f64(part)).await;
            listener.tell();
            next = (next + 1) % self.servers.len();
        }
    }

    /// Follows one server until that is no use any more, and says why.
    async fn attend(&self, server: &Uri, listener: &mut Listener<'_>) -> Box<str> {
        let Some(request) = self.request(server, listener.progress.position()) else {
            return "no randomness, or no such address".into();
        };
        let answer = match timeout(HEALTHY_MAX, self.client.request(request)).await {
            Err(_) => return "no answer in 3 s".into(),
            Ok(Err(error)) => return innermost(&error).into(),
            Ok(Ok(answer)) => answer,
        };
        if answer.status() != StatusCode::OK {
            return format!("the status is {}", answer.status()).into();
        }
        let media_type = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !media_type.is_some_and(|text| text.starts_with("text/event-stream")) {
            return "the answer is no event stream".into();
        }
        listener.listen(answer.into_body()).await
    }

    fn request(&self, server: &Uri, position: Option<&Position>) -> Option<Request<Empty<Bytes>>> {
        let query = position.map(|Position { log, sequence }| match &**log {
            "" => format!("after={sequence}"),
            log => format!("after={sequence}&log={log}"),
        });
        let scheme = server.scheme_str()?;
        let authority = server.authority()?.as_str();
        let target = query.as_ref().map_or_else(|| PATH.to_owned(), |query| format!("{PATH}?{query}"));
        let mut request = Request::get(format!("{scheme}://{authority}{target}"))
            .header(ACCEPT, "text/event-stream")
            .header(CONTENT_TYPE, SIGNED_TYPE);
        if let Some(key) = &self.key {
            let usual_port = if scheme == "https" { ":443" } else { ":80" };
            let authority = authority.to_ascii_lowercase();
            let parts = RequestParts {
                method: "GET",
                authority: authority.strip_suffix(usual_port).unwrap_or(&authority),
                path: PATH,
                query: query.as_deref(),
                content_type: Some(SIGNED_TYPE),
                content_digest: None,
                body: b"",
            };
            let nonce = format!("{:016x}{:016x}", getrandom::u64().ok()?, getrandom::u64().ok()?);
            for (name, value) in sign_request(key, &parts, &nonce, self.clock.now(), SIGNED_FOR) {
                request = request.header(name, value);
            }
        }
        request.body(Empty::new()).ok()
    }
}

impl fmt::Debug for Follower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follower").field("servers", &self.servers).finish_non_exhaustive()
    }
}

// === impl Listener ===

impl Listener<'_> {
    /// Until the stream ends, or says nothing for 3 s that is worth listening to.
    async fn listen(&mut self, mut body: Incoming) -> Box<str> {
        let (mut events, mut come) = (Events::default(), Vec::new());
        let mut deadline = Instant::now() + HEALTHY_MAX;
        loop {
            let part = match timeout_at(deadline, body.frame()).await {
                Err(_) => return "it is silent".into(),
                Ok(None) => return "it ended".into(),
                Ok(Some(Err(error))) => return innermost(&error).into(),
                Ok(Some(Ok(part))) => part,
            };
            let Some(bytes) = part.data_ref() else { continue };
            let fed = events.feed(bytes, |event| come.push(event));
            for event in come.drain(..) {
                match Frame::try_from(event).map(|frame| self.take(frame)) {
                    Ok(true) => deadline = Instant::now() + HEALTHY_MAX,
                    Ok(false) => {}
                    Err(garbage) => return garbage.to_string().into(),
                }
            }
            if let Err(overlong) = fed {
                return overlong.to_string().into();
            }
        }
    }

    /// Whether it was of use.
    fn take(&mut self, frame: Frame) -> bool {
        let is_other = frame == Frame::Other;
        let step = self.progress.take(frame);
        let is_step = step != Step::Nothing;
        match step {
            Step::Nothing => {}
            Step::Changed(change) => self.followed.changed(&change),
            Step::Reset(head) => self.followed.reset(head),
        }
        let is_caught_up = !is_other && self.progress.is_caught_up();
        if is_caught_up {
            // Told first: whoever reads that it is healthy finds nothing that is not good any more.
            self.health.heard((self.now)());
        }
        self.tell();
        is_caught_up || is_step
    }

    fn tell(&mut self) {
        let state = self.health.state((self.now)());
        if std::mem::replace(&mut self.told, state) != state {
            self.followed.health(state);
        }
    }
}

fn random() -> u32 {
    // Only spreads attempts.
    getrandom::u32().unwrap_or_default()
}
