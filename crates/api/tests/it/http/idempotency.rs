use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use secrecy::ExposeSecret;
use tokio::sync::Notify;
use utoipa_axum::routes;
use vouchmq_api::http::{
    Code, ContainsSecret, Gate, Gatekeeper, Idempotency, JsonBody, Presented, Principal, Problem, Refusal,
    Routes,
};
use vouchmq_identity::model::Scope;

use crate::harness::{Answer, Server};

struct Anybody;

#[async_trait]
impl Gatekeeper for Anybody {
    async fn principal(&self, presented: &Presented, _: IpAddr) -> Result<Principal, Refusal> {
        let Presented::Bearer(bearer) = presented else { panic!("{presented:?}") };
        Ok(Principal::new(bearer.expose_secret(), [Scope::Admin]))
    }
}

#[derive(Clone, Default)]
struct World {
    count: Arc<AtomicU32>,
    came: Arc<Notify>,
    go: Arc<Notify>,
}

impl World {
    fn next(&self) -> u32 {
        self.count.fetch_add(1, Ordering::SeqCst) + 1
    }
}

#[utoipa::path(post, path = "/make", responses((status = 201)))]
async fn make(State(world): State<World>, JsonBody(_): JsonBody<serde_json::Value>) -> Response {
    let number = world.next();
    let headers: [(HeaderName, &str); 2] = [(header::LOCATION, "/made/1"), (header::ETAG, "\"1\"")];
    (StatusCode::CREATED, headers, format!("made {number}")).into_response()
}

#[utoipa::path(post, path = "/secret", responses((status = 201)))]
async fn secret(State(world): State<World>) -> Response {
    let marked = Extension(ContainsSecret { location: "/made/1".into() });
    (StatusCode::CREATED, marked, format!("s3cr3t-canary {}", world.next())).into_response()
}

#[utoipa::path(post, path = "/unmarked", responses((status = 201)))]
async fn unmarked(State(world): State<World>) -> Response {
    let body = format!(r#"{{"secret":"vmq1_AAAAAAAA_canary{}"}}"#, world.next());
    (StatusCode::CREATED, [(header::LOCATION, "/made/2")], body).into_response()
}

#[utoipa::path(post, path = "/fails", responses((status = 503)))]
async fn fails(State(world): State<World>) -> Problem {
    Problem::new(Code::Unavailable, format!("{}", world.next()))
}

#[utoipa::path(post, path = "/refuses", responses((status = 409)))]
async fn refuses(State(world): State<World>) -> Problem {
    Problem::new(Code::Conflict, format!("{}", world.next()))
}

#[utoipa::path(post, path = "/waits", responses((status = 200)))]
async fn waits(State(world): State<World>) -> String {
    world.came.notify_one();
    world.go.notified().await;
    format!("{}", world.next())
}

#[utoipa::path(post, path = "/panics", responses((status = 200)))]
async fn panics() {
    panic!("s3cr3t-canary");
}

fn server() -> (Server, World) {
    let world = World::default();
    let routes = Routes::new("test")
        .add(Scope::Admin, routes!(make))
        .add(Scope::Admin, routes!(secret))
        .add(Scope::Admin, routes!(unmarked))
        .add(Scope::Admin, routes!(fails))
        .add(Scope::Admin, routes!(refuses))
        .add(Scope::Admin, routes!(waits))
        .add(Scope::Admin, routes!(panics));
    let gate = Gate::new(Arc::new(Anybody));
    (Server::start(routes.build(world.clone(), &gate, Some(&Idempotency::default())).router), world)
}

fn request(path: &str, principal: &str, key: &str, body: &str) -> String {
    let len = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {principal}\r\n{key}\
         Content-Type: application/json\r\nContent-Length: {len}\r\n\r\n{body}"
    )
}

const KEY: &str = "Idempotency-Key: k-1\r\n";

#[test]
fn the_same_request_again_is_answered_as_before() {
    let (server, _) = server();
    let ask = |principal: &str, key: &str, body: &str| server.ask(&request("/make", principal, key, body));
    let (first, second) = (ask("a", KEY, "{}"), ask("a", KEY, "{}"));
    assert_eq!((first.status, first.body.as_str()), (201, "made 1"));
    assert_eq!((second.status, second.body.as_str()), (201, "made 1"));
    for name in ["location", "etag", "content-type"] {
        assert_eq!(first.header(name), second.header(name));
    }
    assert_eq!(
        (first.header("idempotent-replayed"), second.header("idempotent-replayed")),
        (None, Some("true"))
    );
    let other: Answer = ask("a", KEY, "[]");
    assert_eq!((other.status, other.code().as_str()), (422, "idempotency_key_reused"));
    assert_eq!(server.ask(&request("/make?x=1", "a", KEY, "{}")).code(), "idempotency_key_reused");
    assert_eq!(ask("b", KEY, "{}").body, "made 2", "the key is another principal's");
    assert_eq!(ask("a", "", "{}").body, "made 3", "without a key every request counts");
}

#[test]
fn a_secret_is_shown_once() {
    let (server, world) = server();
    let ask = || server.ask(&request("/secret", "a", KEY, ""));
    assert_eq!(ask().body, "s3cr3t-canary 1");
    let again = ask();
    assert_eq!((again.status, again.code().as_str()), (409, "secret_already_shown"));
    assert_eq!(again.header("location"), Some("/made/1"));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert!(again.json()["detail"].as_str().unwrap().contains("/made/1") && !again.body.contains("s3cr3t"));
    assert_eq!(world.count.load(Ordering::SeqCst), 1);
    // Not even if whoever shows it forgets to say so.
    let key = KEY.replace("k-1", "k-2");
    let ask = || server.ask(&request("/unmarked", "a", &key, ""));
    assert!(ask().body.contains("canary2"));
    let again = ask();
    assert_eq!((again.code().as_str(), again.header("location")), ("secret_already_shown", Some("/made/2")));
}

#[test]
fn what_may_be_tried_again_is_not_kept_and_what_is_refused_is() {
    let (server, world) = server();
    for expected in ["1", "2"] {
        assert_eq!(server.ask(&request("/fails", "a", KEY, "")).json()["detail"], expected);
    }
    let [first, second] = [(); 2].map(|()| server.ask(&request("/refuses", "a", KEY, "")));
    assert_eq!((first.json()["detail"].clone(), second.json()["detail"].clone()), ("3".into(), "3".into()));
    assert_eq!(second.header("content-type"), Some("application/problem+json"));
    assert_eq!(world.count.load(Ordering::SeqCst), 3);
}

/// The case that the key is for: the client does not learn whether its request was done, and sends it again.
#[test]
fn a_request_in_flight_is_not_done_twice_also_if_its_client_hangs_up() {
    let (server, world) = server();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let waits = request("/waits", "a", KEY, "");
    let mut first = server.connect();
    first.send(waits.as_bytes());
    runtime.block_on(world.came.notified());
    let in_flight = || {
        let second = server.ask(&waits);
        second.status == 409 && second.code() == "idempotency_in_flight"
    };
    assert!(in_flight());
    drop(first);
    assert!(in_flight());
    world.go.notify_one();
    let deadline = now() + Duration::from_secs(10);
    while in_flight() {
        assert!(now() < deadline, "a request that has ended is in flight for ever");
    }
    let again = server.ask(&waits);
    assert_eq!((again.body.as_str(), again.header("idempotent-replayed")), ("1", Some("true")));
    assert_eq!(world.count.load(Ordering::SeqCst), 1);
}

#[test]
fn a_request_that_panics_may_be_tried_again() {
    let (server, _) = server();
    for _ in 0..2 {
        let answer = server.ask(&request("/panics", "a", KEY, ""));
        assert_eq!((answer.status, answer.code().as_str()), (500, "internal"));
        assert!(!answer.body.contains("s3cr3t"));
    }
}

#[expect(clippy::disallowed_methods, reason = "deadlines of tests")]
fn now() -> Instant {
    Instant::now()
}

#[test]
fn a_key_is_visible_ascii() {
    let (server, _) = server();
    let longest = format!("Idempotency-Key: {}\r\n", "x".repeat(128));
    assert_eq!(server.ask(&request("/make", "a", &longest, "{}")).status, 201);
    for bad in [
        "Idempotency-Key: \r\n",
        "Idempotency-Key: a b\r\n",
        "Idempotency-Key: a\r\nIdempotency-Key: a\r\n",
        &format!("Idempotency-Key: {}\r\n", "x".repeat(129)),
    ] {
        assert_eq!(server.ask(&request("/make", "a", bad, "{}")).code(), "bad_header", "{bad}");
    }
}
