//! Requests that wait for their turn, and answers that go on: what one key may take from the others.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use async_trait::async_trait;
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse;
use http_body_util::StreamBody;
use hyper::body::{Bytes, Frame};
use secrecy::ExposeSecret;
use tokio::sync::Semaphore;
use utoipa_axum::routes;
use vouchmq_api::http::{
    EventStream, Gate, Gatekeeper, HttpLimits, JsonBody, ListenerOptions, Policy, Presented, Principal,
    Refusal, Routes, Rules, Stranger,
};
use vouchmq_identity::model::Scope;

use crate::harness::{Connection, Server, free};

/// What requests work on.
#[derive(Clone)]
struct Works {
    go: Arc<Semaphore>,
    at_work: Arc<AtomicUsize>,
    tell: Sender<usize>,
}

/// Says how many are at work, and waits to be let go.
#[utoipa::path(get, path = "/work", responses((status = 200)))]
async fn work(State(Works { go, at_work, tell }): State<Works>) {
    tell.send(at_work.fetch_add(1, Ordering::SeqCst) + 1).unwrap();
    go.acquire().await.unwrap().forget();
    at_work.fetch_sub(1, Ordering::SeqCst);
}

#[utoipa::path(get, path = "/look", responses((status = 200)))]
async fn look() -> &'static str {
    "seen"
}

#[utoipa::path(post, path = "/make", responses((status = 200)))]
async fn make(JsonBody(body): JsonBody<BTreeMap<String, u8>>) -> String {
    body.len().to_string()
}

/// Goes on for as long as its client stays.
#[utoipa::path(get, path = "/follow", responses((status = 200)))]
async fn follow() -> impl IntoResponse {
    let endless = StreamBody::new(futures_util::stream::pending::<Result<Frame<Bytes>, Infallible>>());
    (Extension(EventStream), Body::new(endless))
}

/// Knows everybody who shows a token, by that; `admin` may do everything.
struct Keeper;

#[async_trait]
impl Gatekeeper for Keeper {
    async fn principal(&self, presented: &Presented, _: IpAddr) -> Result<Principal, Refusal> {
        match presented {
            Presented::Bearer(token) if token.expose_secret() == "admin" => {
                Ok(Principal::new("admin", [Scope::Admin]))
            }
            Presented::Bearer(token) => {
                Ok(Principal::new(token.expose_secret(), [Scope::DevicesRead, Scope::DevicesWrite]))
            }
            Presented::Basic { .. } | Presented::Certificate(_) | Presented::Nothing { .. } => {
                Err(Stranger::because("unknown").into())
            }
        }
    }
}

fn waiting(limits: HttpLimits) -> (Server, Policy, Arc<Semaphore>, Receiver<usize>) {
    let (go, at_work) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    let (tell, told) = channel();
    let policy = Policy::new(Rules { limits, ..Rules::default() });
    let options = ListenerOptions { policy: policy.clone(), ..ListenerOptions::new("test", free()) };
    let routes = Routes::new("test")
        .add(Scope::DevicesRead, routes!(work))
        .add(Scope::DevicesRead, routes!(look))
        .add(Scope::DevicesRead, routes!(follow))
        .add(Scope::DevicesWrite, routes!(make));
    let works = Works { go: go.clone(), at_work, tell };
    let built = routes.build(works, &Gate::new(Arc::new(Keeper)), None);
    (Server::listening(built.router, options), policy, go, told)
}

const WORK: &[u8] = b"GET /work HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\n\r\n";

#[test]
fn so_many_requests_are_worked_on_at_a_time_and_the_others_wait_for_their_turn() {
    let (server, _, go, told) = waiting(HttpLimits { requests_max: 4, ..HttpLimits::default() });
    let mut asking: Vec<Connection> = (0..6).map(|_| server.connect()).collect();
    for connection in &mut asking {
        connection.send(WORK);
    }
    assert_eq!(told.recv().unwrap().max(told.recv().unwrap()), 2);
    go.add_permits(6);
    assert!(asking.iter_mut().all(|connection| connection.receive().status == 200));
    assert!(told.try_iter().all(|at_work| at_work <= 2));
}

#[test]
fn who_waits_too_long_for_its_turn_is_told_that_nothing_was_done_and_a_reload_makes_more_room() {
    let patient = |requests_max| HttpLimits { requests_max, ..HttpLimits::default() };
    let (server, policy, go, told) = waiting(patient(1));
    let mut first = server.connect();
    first.send(WORK);
    told.recv().unwrap();
    let request_timeout = Duration::from_millis(200);
    policy.replace(Rules { limits: HttpLimits { request_timeout, ..patient(1) }, ..Rules::default() });
    let nobody = server.ask("GET /work HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(nobody.status, 401, "who is nobody waits for nothing");
    let mut second = server.connect();
    second.send(WORK);
    let answer = second.receive();
    assert_eq!((answer.status, answer.code().as_str()), (503, "unavailable"));
    assert!(answer.body.contains("nothing was done") && answer.header("retry-after").is_some());
    policy.replace(Rules { limits: patient(8), ..Rules::default() });
    let mut third = server.connect();
    third.send(WORK);
    assert_eq!(told.recv().unwrap(), 2);
    go.add_permits(2);
    assert_eq!([first.receive().status, third.receive().status], [200, 200]);
}

fn line(line: &str, key: &str, more: &str) -> String {
    format!("{line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n{more}\r\n")
}

fn make_of(key: &str, len: usize) -> String {
    line("POST /make", key, &format!("Content-Type: application/json\r\nContent-Length: {len}\r\n"))
}

/// Long enough that nobody is saved by the end of it.
fn patient(requests_max: usize) -> HttpLimits {
    let hour = Duration::from_hours(1);
    HttpLimits { requests_max, body_timeout: hour, request_timeout: hour, ..HttpLimits::default() }
}

#[test]
fn bodies_that_do_not_come_keep_nobody_waiting_not_even_their_own_key() {
    let (server, ..) = waiting(patient(2));
    let mut silent: Vec<Connection> = (0..64).map(|_| server.connect()).collect();
    for connection in &mut silent {
        connection.send(make_of("greedy", 1000).as_bytes());
    }
    for key in ["admin", "other", "greedy"] {
        assert_eq!(server.ask(&line("GET /look", key, "")).body, "seen", "{key}");
    }
    let mut first = silent.swap_remove(0);
    first.send(format!("{{\"a\":1{}}}", " ".repeat(1000 - 7)).as_bytes());
    assert_eq!(first.receive().body, "1", "it comes after all");
}

#[test]
fn a_key_whose_long_bodies_do_not_come_has_half_of_the_turns_at_most() {
    let limits = HttpLimits { body_bytes_max: 1 << 20, ..patient(8) };
    let (server, ..) = waiting(limits);
    // Too long for the route; the other waits for what is left of it.
    assert_eq!(server.ask(&make_of("greedy", 70_000)).code(), "body_too_large");
    let mut silent: Vec<Connection> = (0..16).map(|_| server.connect()).collect();
    for connection in &mut silent {
        let head = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
        connection.send(line("POST /make", "greedy", head).as_bytes());
        connection.send(format!("{:x}\r\n{{{}\r\n", 65_536, " ".repeat(65_535)).as_bytes());
    }
    for key in ["admin", "other"] {
        assert_eq!(server.ask(&line("GET /look", key, "")).body, "seen", "{key}");
    }
}

#[test]
fn keys_that_take_all_turns_together_leave_some_to_administrators() {
    let (server, _, go, told) = waiting(patient(8));
    let mut held: Vec<Connection> = Vec::new();
    for (key, count) in [("one", 8), ("two", 8)] {
        for _ in 0..count {
            let mut connection = server.connect();
            connection.send(line("GET /work", key, "").as_bytes());
            held.push(connection);
        }
    }
    assert!((0..6).all(|_| told.recv().is_ok()));
    assert_eq!(server.ask(&line("GET /look", "admin", "")).body, "seen");
    assert!(told.try_recv().is_err(), "six are at work");
    go.add_permits(16);
    assert!(held.iter_mut().all(|connection| connection.receive().status == 200));
}

#[test]
fn one_key_has_so_many_answers_that_go_on_and_the_others_have_theirs() {
    let (server, ..) = waiting(HttpLimits::default());
    let follow = |key: &str| {
        let mut connection = server.connect();
        connection.send(line("GET /follow", key, "").as_bytes());
        (connection.receive(), connection)
    };
    let mut open: Vec<Connection> = (0..16)
        .map(|_| {
            let (answer, connection) = follow("greedy");
            assert_eq!(answer.status, 200);
            connection
        })
        .collect();
    let (refused, _) = follow("greedy");
    assert_eq!((refused.status, refused.code().as_str()), (429, "too_many_requests"));
    assert_eq!(follow("other").0.status, 200);
    open.clear();
    // The server sees one after the other that they are gone.
    assert!((0..10_000).any(|_| follow("greedy").0.status == 200));
}
