use std::any::Any;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Version, header};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};
use tower::ServiceExt;

use super::body::BodyDeadline;
use super::request_id::X_REQUEST_ID;
use super::watch::Watch;
use super::{Code, HostNames, HttpLimits, ListenerOptions, Peer, Problem, RequestId, Service, action};

/// Marks an answer (as an extension) that goes on for as long as the client stays.
#[derive(Clone, Copy, Debug)]
pub struct EventStream;

/// Gives the one request that it comes with more time than others have.
#[derive(Clone)]
pub(crate) struct Prolong(Arc<Watch>);

/// What every request passes on its way in, and every answer on its way out.
pub(super) struct Front {
    name: &'static str,
    service: Service,
    /// None below TLS: what makes a browser send a foreign name here does not get past the certificate.
    host_names: Option<HostNames>,
    limits: Arc<HttpLimits>,
}

/// Held by the body of an answer; when that is gone, the answer is on its way.
struct Outgoing(Arc<Watch>);

const SECURITY_HEADERS: [(HeaderName, &str); 4] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::REFERRER_POLICY, "no-referrer"),
];

// === impl Front ===

impl Front {
    pub(super) fn new(options: &ListenerOptions, service: Service, limits: &Arc<HttpLimits>) -> Self {
        let host_names = options.tls.is_none().then(|| options.host_names.clone());
        Self { name: options.name, service, host_names, limits: limits.clone() }
    }

    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    /// Answers a request, always.
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
        watch: Arc<Watch>,
    ) -> Response {
        watch.began();
        let start = Instant::now();
        let request_id = RequestId::of(request.headers());
        let method = request.method().clone();
        let routed = match self.admit(request, peer, &request_id, &watch) {
            Ok(request) => self.route(request, &watch).await,
            Err(problem) => problem.into_response(),
        };
        let mut response = in_one_shape(routed, &request_id);
        if response.extensions().get::<EventStream>().is_some() {
            watch.streams();
        }
        adorn(response.headers_mut(), &request_id);
        if self.host_names.is_none() {
            // A browser that was here over TLS once does not come without it (RFC 6797).
            let a_year = HeaderValue::from_static("max-age=31536000");
            response.headers_mut().entry(header::STRICT_TRANSPORT_SECURITY).or_insert(a_year);
        }
        let (status, elapsed_us) = (response.status().as_u16(), start.elapsed().as_micros());
        // Never the path with its query: passwords may stand there.
        tracing::debug!(listener = self.name, %peer, %method, status, elapsed_us, %request_id, "answered");
        let outgoing = Outgoing(watch);
        response.map(|body| {
            Body::new(body.map_err(move |error| {
                let _ = &outgoing;
                error
            }))
        })
    }

    /// What can be said about a request by its head.
    fn admit(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
        request_id: &RequestId,
        watch: &Arc<Watch>,
    ) -> Result<Request<Body>, Problem> {
        if request.version() != Version::HTTP_11 {
            return Err(Problem::new(Code::HttpVersion, "send HTTP/1.1"));
        }
        let hosts = request.headers().get_all(header::HOST);
        if hosts.iter().count() > 1 {
            return Err(Problem::new(Code::MalformedRequest, "the request has more than one Host"));
        }
        let host = hosts.iter().next().and_then(|host| host.to_str().ok());
        if let Some(host_names) = &self.host_names {
            host_names.check(host)?;
            // A whole URL as the target goes before Host (RFC 9112, 3.2.2).
            if let Some(authority) = request.uri().authority() {
                host_names.check(Some(authority.as_str()))?;
            }
        } else if host.is_none() {
            return Err(Problem::new(Code::MalformedRequest, "the request has no Host"));
        }
        let mut request =
            request.map(|incoming| Body::new(Limited::new(incoming, self.limits.body_bytes_max)));
        let body_deadline = BodyDeadline(Instant::now() + self.limits.body_timeout);
        request.extensions_mut().insert(body_deadline);
        request.extensions_mut().insert(request_id.clone());
        request.extensions_mut().insert(Peer(peer));
        request.extensions_mut().insert(Prolong(watch.clone()));
        action::to_route(&mut request);
        Ok(request)
    }

    async fn route(&self, request: Request<Body>, watch: &Watch) -> Response {
        let mut routed = pin!(unless_it_panics(self.service.router().oneshot(request)));
        loop {
            let answer_by = watch.answer_by();
            match timeout_at(answer_by, &mut routed).await {
                Ok(Ok(Ok(response))) => return response,
                Ok(Err(_)) => {
                    tracing::error!(listener = self.name, "a handler panicked: this is a bug");
                    let detail = "look for the request id in the log";
                    return Problem::new(Code::Internal, detail).into_response();
                }
                // It was prolonged meanwhile.
                Err(_) if watch.answer_by() > answer_by => {}
                Err(_) => {
                    let detail = "nothing is known about its outcome";
                    return Problem::new(Code::TimedOut, detail).into_response();
                }
            }
        }
    }
}

/// The output of a future, or that it panicked.
async fn unless_it_panics<F: Future>(future: F) -> Result<F::Output, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    std::future::poll_fn(|cx| {
        // After a panic the future is dropped, and what it had in hand with it.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}

/// Gives problems their request's id, and makes problems of what the framework says in its own words.
fn in_one_shape(response: Response, request_id: &RequestId) -> Response {
    if let Some(problem) = response.extensions().get::<Problem>() {
        return problem.clone().into_answer(Some(request_id));
    }
    let status = response.status();
    let is_foreign = response.headers().get(header::CONTENT_TYPE).is_none_or(|kind| {
        // The framework's own rejections are plain text; JSON is somebody's contract.
        kind.as_bytes().starts_with(b"text/plain")
    });
    if !(status.is_client_error() || status.is_server_error()) || !is_foreign {
        return response;
    }
    if response.extensions().get::<Verbatim>().is_some() {
        return response;
    }
    let code = Code::of_status(status);
    let problem = Problem::new(code, code.title());
    let problem = match response.headers().get(header::ALLOW) {
        Some(allowed) => problem.with_header(header::ALLOW, allowed.clone()),
        None => problem,
    };
    problem.into_answer(Some(request_id))
}

/// Marks an answer (as an extension) whose caller looks at the status alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verbatim;

fn adorn(headers: &mut HeaderMap, request_id: &RequestId) {
    for (name, value) in SECURITY_HEADERS {
        // The dashboard has its own policy.
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if let Ok(id) = HeaderValue::from_str(request_id.as_str()) {
        headers.insert(X_REQUEST_ID, id);
    }
}

// === impl Prolong ===

impl Prolong {
    /// The request may take so long from now on.
    pub(crate) fn by(&self, patience: std::time::Duration) {
        self.0.prolong(patience);
    }
}

impl<S: Sync> FromRequestParts<S> for Prolong {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get().cloned().ok_or_else(|| Problem::new(Code::Internal, "no connection"))
    }
}

// === impl Outgoing ===

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.0.answered();
    }
}
