use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};
use tower::ServiceExt;

use super::body::BodyDeadline;
use super::client::{Asked, Told};
use super::forwarded;
use super::origin::Origin;
use super::policy::Policy;
use super::request_id::X_REQUEST_ID;
use super::stream::LongAnswer;
use super::turns::Line;
use super::watch::Watch;
use super::{Code, Peer, Problem, RequestId, Rules, Service, admit};

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
    policy: Policy,
    /// Whether TLS is spoken below.
    is_secure: bool,
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
    pub(super) const fn new(name: &'static str, service: Service, policy: Policy, is_secure: bool) -> Self {
        Self { name, service, policy, is_secure }
    }

    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    pub(super) const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Answers a request, always.
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        asked: Asked,
        watch: Arc<Watch>,
    ) -> Response {
        watch.began();
        let (start, now) = (Instant::now(), self.policy.now());
        let request_id = RequestId::of(request.headers());
        let method = request.method().clone();
        self.tell_of_a_proxy(asked, request.headers(), &now.rules);
        let client = asked.client(request.uri(), request.headers(), &now);
        // Who cannot frame its body is not asked twice on a connection.
        let is_last = request.headers().contains_key(header::TRANSFER_ENCODING);
        let admitted = client.as_ref().map_err(Clone::clone).and_then(|client| {
            let is_itself = client.address == asked.origin.address();
            let client_origin = if is_itself { asked.origin } else { Origin::Tcp(client.address) };
            admit::by_head(&request, asked.local, self.is_secure, client_origin, &now)?;
            Ok(client.address)
        });
        let routed = match admitted {
            Ok(peer) => {
                let mut request = admit::bounded(request, &now);
                request.extensions_mut().insert(request_id.clone());
                request.extensions_mut().insert(Peer(peer));
                request.extensions_mut().insert(Prolong(watch.clone()));
                request.extensions_mut().insert(BodyDeadline(Instant::now() + now.limits.body_timeout));
                let (turns, body_timeout) = (now.turns.clone(), now.limits.body_timeout);
                request.extensions_mut().insert(Line { turns, watch: watch.clone(), body_timeout });
                self.route(request, &watch).await
            }
            Err(problem) => problem.into_response(),
        };
        let mut response = in_one_shape(routed, &request_id);
        if response.extensions().get::<EventStream>().is_some() {
            watch.streams();
        } else if response.extensions().get::<LongAnswer>().is_some() {
            watch.lists();
        }
        adorn(response.headers_mut(), &request_id);
        if is_last {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if self.is_secure || client.as_ref().is_ok_and(|client| client.is_https) {
            // A browser that was here over TLS once does not come without it (RFC 6797).
            let a_year = HeaderValue::from_static("max-age=31536000");
            response.headers_mut().entry(header::STRICT_TRANSPORT_SECURITY).or_insert(a_year);
        }
        let (status, elapsed_us) = (response.status().as_u16(), start.elapsed().as_micros());
        let (peer, client) = (asked.origin, client.map_or(asked.origin.ip(), |client| client.address.ip()));
        // Never the path with its query: passwords may stand there.
        tracing::debug!(listener = self.name, %peer, %client, %method, status, elapsed_us, ?request_id, "answered");
        let outgoing = Outgoing(watch);
        response.map(|body| {
            Body::new(body.map_err(move |error| {
                let _ = &outgoing;
                error
            }))
        })
    }

    /// Tells operators, once, of a proxy that may be theirs.
    fn tell_of_a_proxy(&self, asked: Asked, headers: &HeaderMap, rules: &Rules) {
        let is_unheard = asked.told == Told::Nothing && !rules.trusts(asked.origin.ip());
        if is_unheard && forwarded::is_forwarded(headers) && self.policy.tells_of_a_proxy() {
            tracing::warn!(
                listener = self.name,
                peer = %asked.origin,
                "a request says for whom it was forwarded, and is not believed: if this is a proxy of yours, name it \
                 in trusted_proxies"
            );
        }
    }

    async fn route(&self, request: Request<Body>, watch: &Watch) -> Response {
        let routed = unless_it_panics(self.service.router().oneshot(request));
        let mut routed = pin!(routed);
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

/// What every answer has.
pub(super) fn adorn(headers: &mut HeaderMap, request_id: &RequestId) {
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
