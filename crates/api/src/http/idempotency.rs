use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::body::Bytes;
use tokio::time::Instant;
use vouchmq_identity::SecretUse;
use vouchmq_identity::store::Digest;

use super::{BATCH_BYTES_MAX, Code, Problem, read_body};

mod table;

use table::{Answer, Found, Key, Table};

/// Marks an answer (as an extension) that shows a secret: it is shown once, and never kept. An answer with a
/// generated secret in it that is not marked is not kept either, and logged as a bug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainsSecret {
    /// Where the resource is that the secret belongs to.
    pub location: Box<str>,
}

/// Answers a POST that is sent again, with the same `Idempotency-Key`, as it was answered first.
///
/// The key is 1 to 128 visible ASCII characters and belongs to the principal. For 24 hours the same request
/// (method, path, query, body) is answered with the same status, header fields and body, and
/// `Idempotent-Replayed: true`. Another request with the key is 422 `idempotency_key_reused`; the same one
/// while the first goes on is 409 `idempotency_in_flight`; the same one after an answer that
/// [contains a secret](ContainsSecret) is 409 `secret_already_shown` with the resource in `Location`.
///
/// Answers of 5xx and 429 are not kept: the request may be tried again. A client that hangs up before it is
/// answered finds the answer when it asks again. Of requests only a SHA-256 is kept, of secrets nothing. Nothing survives a restart.
///
/// # Bounds
/// 10,000 keys and 16 MiB of answers, of one principal a quarter of each; the oldest are forgotten first. An answer over 64 KiB is not kept, only
/// that there was one: the same request again is then 409 `conflict`.
#[derive(Clone, Debug)]
pub struct Idempotency {
    table: Arc<Mutex<Table>>,
}

/// The first request with a key; unless it says how it ended, it is as if it had never been.
struct Pending {
    table: Arc<Mutex<Table>>,
    key: Option<Key>,
}

const IDEMPOTENCY_KEY: &str = "idempotency-key";
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
const KEY_LEN_MAX: usize = 128;
const KEPT_MAX: usize = 10_000;
const BYTES_MAX: usize = 16 * 1024 * 1024;
const ANSWER_BYTES_MAX: usize = 64 * 1024;
const KEPT_FOR: Duration = Duration::from_secs(24 * 3600);
/// What is kept of the head of an answer.
const HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::LOCATION, header::ETAG];

// === impl Idempotency ===

impl Default for Idempotency {
    fn default() -> Self {
        Self { table: Arc::new(Mutex::new(Table::new(KEPT_MAX, BYTES_MAX, KEPT_FOR))) }
    }
}

impl Idempotency {
    /// Answers a request of `principal`, by itself or by what is kept.
    pub(super) async fn answer(&self, principal: &str, request: Request, next: Next) -> Response {
        let key = match key_of(request.headers()) {
            Ok(Some(key)) => Key { principal: principal.into(), key: key.into() },
            Ok(None) => return next.run(request).await,
            Err(problem) => return problem.into_response(),
        };
        let (parts, body) = match read_body(request, BATCH_BYTES_MAX).await {
            Ok(read) => read,
            Err(problem) => return problem.into_response(),
        };
        let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
        let digest = fingerprint(parts.method.as_str(), target, &body);
        let found = lock(&self.table).begin(&key, digest, Instant::now());
        match found {
            Found::New => {}
            Found::Kept(answer) => return replay(&answer),
            Found::InFlight => {
                let detail = "the first request with this key has not been answered yet: try again";
                return Problem::new(Code::IdempotencyInFlight, detail).into_response();
            }
            Found::Other => {
                let detail = "this Idempotency-Key belongs to another request: choose a new one";
                return Problem::new(Code::IdempotencyKeyReused, detail).into_response();
            }
            Found::Full => {
                let detail = "too many requests with an Idempotency-Key are being answered";
                return Problem::new(Code::Unavailable, detail).into_response();
            }
        }
        let pending = Pending { table: self.table.clone(), key: Some(key) };
        pending.keep(next.run(Request::from_parts(parts, Body::from(body))).await).await
    }
}

// === impl Pending ===

impl Pending {
    /// Keeps an answer, unless the request may be tried again.
    async fn keep(mut self, response: Response) -> Response {
        let status = response.status();
        if status.is_server_error() || status.as_u16() == 429 {
            return response;
        }
        if let Some(ContainsSecret { location }) = response.extensions().get() {
            self.finish(Answer::Secret { location: location.clone() });
            return response;
        }
        let (parts, body) = response.into_parts();
        let size = body_size(&body);
        if size.is_none_or(|size| size > ANSWER_BYTES_MAX) {
            self.finish(Answer::TooLarge);
            return Response::from_parts(parts, body);
        }
        let Ok(body) = axum::body::to_bytes(body, ANSWER_BYTES_MAX).await else {
            return Problem::internal(&"an answer that was complete broke off").into_response();
        };
        if shows_secret(&body) {
            // Whoever made the answer forgot to mark it: it is shown, and not kept.
            tracing::error!("an answer shows a secret and is not marked: this is a bug");
            let location = parts.headers.get(header::LOCATION).and_then(|place| place.to_str().ok());
            self.finish(Answer::Secret { location: location.unwrap_or("the resource").into() });
            return Response::from_parts(parts, Body::from(body));
        }
        let kept = |name: HeaderName| parts.headers.get(&name).map(|value| (name.clone(), value.clone()));
        let headers = HEADERS.into_iter().filter_map(kept).collect();
        self.finish(Answer::Whole { status, headers, body: body.clone() });
        Response::from_parts(parts, Body::from(body))
    }

    fn finish(&mut self, answer: Answer) {
        if let Some(key) = self.key.take() {
            lock(&self.table).finish(key, answer);
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            lock(&self.table).forget(&key);
        }
    }
}

fn replay(answer: &Answer) -> Response {
    let mut response = match answer {
        Answer::Whole { status, headers, body } => {
            let mut response = (*status, Body::from(body.clone())).into_response();
            response.headers_mut().extend(headers.iter().cloned());
            response
        }
        Answer::Secret { location } => {
            let detail =
                format!("{location} was made, and its secret was shown then: rotate it if it is lost");
            let problem = Problem::new(Code::SecretAlreadyShown, detail).with_instance(&**location);
            match HeaderValue::from_str(location) {
                Ok(value) => problem.with_header(header::LOCATION, value),
                Err(_) => problem,
            }
            .into_response()
        }
        Answer::TooLarge => {
            let detail = "the request was answered before, and the answer is too large to be kept";
            Problem::new(Code::Conflict, detail).into_response()
        }
    };
    // A problem is written again where the answer leaves; this one is kept as it is.
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let problem = problem.with_header(REPLAYED, HeaderValue::from_static("true"));
        return problem.into_response();
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

fn key_of(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| {
        (1..=KEY_LEN_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
    });
    match (key, values.next()) {
        (Some(key), None) => Ok(Some(key)),
        _ => {
            let detail = "Idempotency-Key is 1 to 128 visible ASCII characters, and there is one of it";
            Err(Problem::new(Code::BadHeader, detail))
        }
    }
}

/// Whether a generated secret stands in an answer.
fn shows_secret(body: &Bytes) -> bool {
    let uses = [SecretUse::Device, SecretUse::Claim, SecretUse::ApiKey];
    uses.iter().any(|used_for| {
        let prefix = used_for.prefix().as_bytes();
        body.windows(prefix.len()).any(|window| window == prefix)
    })
}

fn fingerprint(method: &str, target: &str, body: &Bytes) -> Digest {
    Digest::of_bytes(&[method.as_bytes(), target.as_bytes(), body])
}

fn body_size(body: &Body) -> Option<usize> {
    hyper::body::Body::size_hint(body).exact().and_then(|size| usize::try_from(size).ok())
}

fn lock(table: &Mutex<Table>) -> std::sync::MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}
