//! One server: its connections, its health, and one attempt to ask it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::header::{CONTENT_LENGTH, HOST, HeaderValue, TRANSFER_ENCODING};
use hyper::http::uri::PathAndQuery;
use hyper::{Request, Uri};
use parking_lot::Mutex;
use tokio::time::{Instant, timeout_at};
use tower::ServiceExt;
use vouchmq_tls::{ConnectFault, Protocol};

use super::gate::{Gate, Refusal};
use super::health::Health;
use super::link::{Failed, Sent, Whole};
use super::lookup::one_at_a_time;
use super::place::Place;
use super::sign::Signer;
use super::tally::Tally;
use super::{Lost, Origin, Question, Repeats, ServerSnapshot, ServersOptions};
use crate::wire::{Connector, Wire, connector, innermost};

/// One server.
pub(super) struct Server {
    pub(super) origin: Origin,
    pub(super) gate: Arc<Gate>,
    pub(super) health: Mutex<Health>,
    pub(super) tally: Tally,
    /// `None`: TLS is wanted, and nobody said how.
    connector: Option<Connector>,
    /// Where connections go.
    uri: Uri,
    host: Option<HeaderValue>,
    signer: Option<Signer>,
    timeout: Duration,
    connect_timeout: Duration,
    age_max: Duration,
    answer_max: usize,
}

/// How far an attempt has come.
#[derive(Default)]
pub(super) struct Progress {
    /// What it holds: until it is known what has come of it, so that nobody else gets the place if the server is to be
    /// left alone.
    place: Option<Place>,
    /// When the request went out.
    pub(super) sent: Option<Instant>,
}

// === impl Server ===

impl Server {
    /// `age_share`: from 0 to 1, so that not all servers' connections grow old at once.
    pub(super) fn new(origin: Origin, options: &ServersOptions, start: Instant, age_share: f64) -> Self {
        let bounds = &options.bounds;
        let tls = options.tls.clone().map(|tls| {
            let offers: &[_] =
                if bounds.has_http2 { &[Protocol::Http2, Protocol::Http] } else { &[Protocol::Http] };
            tls.offering(offers)
        });
        let lookup = one_at_a_time(options.lookup.clone());
        let connector = match (origin.is_secure(), tls) {
            (true, None) => None,
            (true, tls @ Some(_)) => Some(connector(tls, lookup, options.connect_timeout)),
            (false, _) => Some(connector(None, lookup, options.connect_timeout)),
        };
        let uri = uri_of(&origin, PathAndQuery::from_static("/")).unwrap_or_default();
        Self {
            gate: Arc::new(Gate::new(start, bounds, options.timeout, origin.is_secure() && bounds.has_http2)),
            health: Mutex::new(Health::new()),
            tally: Tally::default(),
            connector,
            uri,
            host: HeaderValue::from_str(origin.authority()).ok(),
            signer: options.signing.clone().map(|signing| Signer::new(signing, Arc::clone(&options.clock))),
            timeout: options.timeout,
            connect_timeout: options.connect_timeout,
            age_max: bounds.connection_age_max.mul_f64(0.9 + 0.1 * age_share.clamp(0.0, 1.0)),
            answer_max: bounds.answer_bytes_max,
            origin,
        }
    }

    /// Asks once. On a connection that turns out to be closed, it begins anew on another.
    pub(super) async fn ask(
        &self,
        question: &Question,
        target: &PathAndQuery,
        repeats: Repeats,
        deadline: Instant,
        progress: &mut Progress,
    ) -> Result<Whole, Lost> {
        let mut is_kept = true;
        loop {
            let place = progress.place.insert(self.place(deadline).await?);
            loop {
                if place.wants_connection().await {
                    is_kept = false;
                    self.connect(place, deadline).await?;
                }
                let (request, signature) = self.request(question, target, place.is_stream())?;
                let now = Instant::now();
                progress.sent = Some(now);
                let until = deadline.min(now + self.timeout);
                let came = timeout_at(until, place.ask(request, self.answer_max)).await;
                let failed = match came.map_err(|_| self.timed_out())? {
                    Ok(whole) => return self.believe(whole, &signature),
                    Err(failed) => failed,
                };
                // Kept connections are closed by servers that have waited long enough, or have started anew.
                let may_repeat = is_kept
                    && match &failed {
                        Failed::Unsent(_) => true,
                        Failed::Silent(_) => repeats == Repeats::OnAnotherServer,
                        Failed::BrokenOff(_) | Failed::Tls(_) | Failed::Garbage(_) | Failed::TooLong => false,
                    };
                if !may_repeat {
                    return Err(self.lost(failed));
                }
                is_kept = false;
                progress.sent = None;
                if place.is_stream() {
                    place.retire();
                    break;
                }
                place.close();
            }
        }
    }

    async fn place(&self, deadline: Instant) -> Result<Place, Lost> {
        let server = || self.origin.clone();
        self.gate.place(deadline).await.map_err(|refusal| match refusal {
            Refusal::Full => Lost::TooManyWait { server: server() },
            Refusal::TimedOut => Lost::TimedOut { server: server() },
            Refusal::Dismissed => Lost::BreakerOpen { server: server() },
        })
    }

    async fn connect(&self, place: &mut Place, deadline: Instant) -> Result<(), Lost> {
        let Some(connector) = self.connector.clone() else {
            return Err(Lost::Tls {
                server: self.origin.clone(),
                why: "nobody said how it is spoken".into(),
            });
        };
        let no_connection = |why: String| Lost::NoConnection { server: self.origin.clone(), why: why.into() };
        let patience = Instant::now() + self.connect_timeout;
        let connecting = async {
            let wire: Wire =
                connector.oneshot(self.uri.clone()).await.map_err(|error| self.refused(&error))?.into_inner();
            place.connected(wire, self.age_max).await.map_err(|error| no_connection(innermost(&error)))
        };
        match timeout_at(deadline.min(patience), connecting).await {
            Ok(connected) => {
                self.tally.connect();
                connected
            }
            Err(_) if patience <= deadline => Err(no_connection("it takes too long".to_owned())),
            Err(_) => Err(self.timed_out()),
        }
    }

    /// Why no connection was made.
    fn refused(&self, error: &io::Error) -> Lost {
        let (server, why) = (self.origin.clone(), innermost(error).into());
        match error.get_ref().is_some_and(|error| error.is::<ConnectFault>()) {
            true => Lost::Tls { server, why },
            false => Lost::NoConnection { server, why },
        }
    }

    /// The request, and its signature.
    fn request(
        &self,
        question: &Question,
        target: &PathAndQuery,
        is_stream: bool,
    ) -> Result<(Sent, Option<String>), Lost> {
        let cannot = |why: &str| Lost::NoRequest { server: self.origin.clone(), why: why.into() };
        let mut request = Request::new(Full::new(question.body.clone()));
        *request.method_mut() = question.method.clone();
        let mut headers = question.headers.clone();
        headers.remove(CONTENT_LENGTH);
        headers.remove(TRANSFER_ENCODING);
        let signature = match &self.signer {
            Some(signer) => {
                let signed = signer.sign(self.origin.authority(), question, target, &mut headers);
                Some(signed.map_err(|why| cannot(&why))?)
            }
            None => None,
        };
        if is_stream {
            headers.remove(HOST);
            *request.uri_mut() = uri_of(&self.origin, target.clone()).ok_or_else(|| cannot("no URI"))?;
        } else {
            headers.insert(HOST, self.host.clone().ok_or_else(|| cannot("no host"))?);
            *request.uri_mut() = Uri::from(target.clone());
        }
        *request.headers_mut() = headers;
        Ok((request, signature))
    }

    fn believe(&self, whole: Whole, signature: &Option<String>) -> Result<Whole, Lost> {
        if let (Some(signer), Some(signature)) = (&self.signer, signature) {
            let checked = signer.check(&whole.0, &whole.1, signature);
            checked.map_err(|fault| Lost::NotSigned { server: self.origin.clone(), fault })?;
        }
        Ok(whole)
    }

    fn timed_out(&self) -> Lost {
        Lost::TimedOut { server: self.origin.clone() }
    }

    fn lost(&self, failed: Failed) -> Lost {
        let server = self.origin.clone();
        match failed {
            Failed::Unsent(why) | Failed::Silent(why) | Failed::BrokenOff(why) => {
                Lost::BrokenOff { server, why }
            }
            Failed::Tls(why) => Lost::Tls { server, why },
            Failed::Garbage(why) => Lost::Garbage { server, why },
            Failed::TooLong => Lost::TooLong { server, max: self.answer_max },
        }
    }

    pub(super) const fn timeout(&self) -> Duration {
        self.timeout
    }

    pub(super) fn snapshot(&self, now: Duration) -> ServerSnapshot {
        let (waiting, connections) = self.gate.counts();
        let (breaker, is_ejected) = {
            let health = self.health.lock();
            (health.breaker.state(), health.ejection.is_ejected(now))
        };
        ServerSnapshot {
            origin: self.origin.clone(),
            in_flight: self.tally.in_flight(),
            waiting,
            connections,
            breaker,
            is_ejected,
            counts: self.tally.counts(),
            latency: self.tally.latency.snapshot(),
        }
    }
}

fn uri_of(origin: &Origin, target: PathAndQuery) -> Option<Uri> {
    Uri::builder()
        .scheme(origin.scheme())
        .authority(origin.uri_authority())
        .path_and_query(target)
        .build()
        .ok()
}
