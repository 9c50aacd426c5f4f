use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::Path;
use secrecy::ExposeSecret;
use utoipa_axum::routes;
use vouchmq_api::http::{
    Access, Authorized, Built, Gate, Gatekeeper, Presented, Principal, Refusal, Routes, Stranger,
    open_api_route,
};
use vouchmq_identity::model::Scope;

use crate::harness::{Answer, Server};

struct Keeper;

#[async_trait]
impl Gatekeeper for Keeper {
    async fn principal(&self, presented: &Presented, _: IpAddr) -> Result<Principal, Refusal> {
        let Presented::Bearer(bearer) = presented else { return Err(Stranger::because("unknown").into()) };
        let principal = |scope| Principal::new(bearer.expose_secret(), [scope]);
        match bearer.expose_secret() {
            "reader" => Ok(principal(Scope::DevicesRead)),
            "writer" => Ok(principal(Scope::DevicesWrite)),
            "admin" => Ok(principal(Scope::Admin)),
            "down" => Err(Refusal::Unavailable),
            _ => Err(Stranger::because("unknown").into()),
        }
    }
}

#[utoipa::path(get, path = "/v1/devices/{id}", responses((status = 200)))]
async fn read(caller: Authorized, Path(id): Path<String>) -> String {
    format!("{} reads {id}", caller.principal().name)
}

#[utoipa::path(delete, path = "/v1/devices/{id}", responses((status = 200)))]
async fn delete(Path(id): Path<String>) -> String {
    format!("deletes {id}")
}

#[utoipa::path(post, path = "/v1/devices/{id}:suspend", responses((status = 200)))]
async fn suspend(Path(id): Path<String>) -> String {
    format!("suspends {id}")
}

#[utoipa::path(get, path = "/health", responses((status = 200)))]
async fn health() -> &'static str {
    "ok"
}

fn declared() -> Routes<()> {
    Routes::new("test")
        .add(Scope::DevicesRead, routes!(read))
        .add(Scope::DevicesWrite, routes!(delete))
        .add(Scope::DevicesWrite, routes!(suspend))
        .add(Access::Open("says nothing"), routes!(health))
}

fn server(gate: &Gate) -> Server {
    let Built { router, document } = declared().build((), gate, None);
    Server::start(router.merge(open_api_route(&document)))
}

fn ask(server: &Server, line: &str, bearer: &str) -> Answer {
    server.ask(&format!("{line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {bearer}\r\n\r\n"))
}

#[test]
fn every_route_opens_to_its_scope_and_to_no_other() {
    let server = server(&Gate::new(Arc::new(Keeper)));
    for (line, bearer, status) in [
        ("GET /v1/devices/d1", "Bearer reader", 200),
        ("GET /v1/devices/d1", "bearer reader", 200),
        ("GET /v1/devices/d1", "Bearer writer", 403),
        ("GET /v1/devices/d1", "Bearer admin", 200),
        ("DELETE /v1/devices/d1", "Bearer reader", 403),
        ("DELETE /v1/devices/d1", "Bearer writer", 200),
        ("POST /v1/devices/d1:suspend", "Bearer reader", 403),
        ("POST /v1/devices/d1:suspend", "Bearer nobody", 401),
        ("POST /v1/devices/d1:suspend", "Bearer down", 503),
        ("GET /v1/devices/d1", "Basic cmVhZGVy", 401),
        ("GET /v1/devices/d1", "Bearer", 401),
        ("GET /v1/devices/d1", "", 401),
        ("GET /health", "", 200),
        ("PUT /v1/devices/d1", "Bearer nobody", 405),
        ("GET /v1/nothing", "Bearer nobody", 404),
    ] {
        assert_eq!(ask(&server, line, bearer).status, status, "{line} {bearer}");
    }
    let answer = ask(&server, "GET /v1/devices/d1", "Bearer nobody");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"vouchmq\""));
    assert_eq!(ask(&server, "GET /v1/devices/a:b", "Bearer reader").body, "reader reads a:b");
    assert_eq!(ask(&server, "POST /v1/devices/a:b:suspend?x=1", "Bearer writer").body, "suspends a:b");
}

#[test]
fn methods_that_a_path_does_not_have_are_told_and_nothing_is_ever_echoed() {
    let server = server(&Gate::new(Arc::new(Keeper)));
    let allowed = |line: &str, status: u16, allow: Option<&str>| {
        let mut connection = server.connect();
        let head = "Host: localhost\r\nAuthorization: Bearer admin\r\nConnection: close\r\nX-Canary: tweet";
        connection.send(format!("{line} HTTP/1.1\r\n{head}\r\n\r\n").as_bytes());
        let said = connection.closed();
        assert!(said.starts_with(&format!("HTTP/1.1 {status} ")), "{line}: {said}");
        assert!(!said.contains("tweet") && !said.contains("access-control-"), "{line}: {said}");
        let found = said.lines().find_map(|line| line.strip_prefix("allow: "));
        assert_eq!(found, allow, "{line}: {said}");
        said.split_once("\r\n\r\n").unwrap().1.to_owned()
    };
    for line in ["OPTIONS", "TRACE", "PROPFIND", "POST"] {
        assert!(allowed(&format!("{line} /health"), 405, Some("GET,HEAD")).contains("method_not_allowed"));
        assert!(allowed(&format!("{line} /v1/nothing"), 404, None).contains("not_found"));
    }
    assert!(allowed("OPTIONS *", 404, None).contains("not_found"));
    assert_eq!(allowed("HEAD /health", 200, None), "");
    assert_eq!(allowed("HEAD /v1/devices/d1", 200, None), "");
    assert_eq!(allowed("HEAD /v1/nothing", 404, None), "");
    let mut stranger = server.connect();
    stranger.send(b"HEAD /v1/devices/d1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert!(stranger.closed().starts_with("HTTP/1.1 401 "));
}

#[test]
fn failures_are_counted_and_a_right_key_is_never_refused_for_them() {
    let server = server(&Gate::new(Arc::new(Keeper)));
    let wrong = || ask(&server, "GET /v1/devices/d1", "Bearer wrong");
    for _ in 0..30 {
        assert_eq!(wrong().status, 401);
    }
    let refused = wrong();
    assert_eq!((refused.status, refused.code().as_str()), (429, "too_many_requests"));
    assert!(refused.header("retry-after").is_some());
    assert_eq!(ask(&server, "GET /v1/devices/d1", "Bearer reader").status, 200);
}

#[test]
fn calls_are_counted_for_each_principal() {
    let gate = Gate::new(Arc::new(Keeper)).with_calls_per_second(NonZeroU32::new(3).unwrap());
    let server = server(&gate);
    let statuses: Vec<u16> =
        (0..40).map(|_| ask(&server, "GET /v1/devices/d1", "Bearer reader").status).collect();
    assert!(statuses.starts_with(&[200, 200, 200]) && statuses.contains(&429), "{statuses:?}");
    assert_eq!(ask(&server, "GET /v1/devices/d1", "Bearer admin").status, 200);
}

#[test]
fn the_document_says_what_each_operation_needs() {
    let answer =
        server(&Gate::new(Arc::new(Keeper))).ask("GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let document = answer.json();
    let paths = &document["paths"];
    assert_eq!(paths["/v1/devices/{id}"]["get"]["security"][0]["bearer"][0], "devices:read");
    assert_eq!(paths["/v1/devices/{id}"]["delete"]["security"][0]["bearer"][0], "devices:write");
    assert_eq!(paths["/v1/devices/{id}:suspend"]["post"]["security"][0]["bearer"][0], "devices:write");
    assert_eq!(paths["/health"]["get"]["security"], serde_json::json!([]));
    assert_eq!(declared().table().count(), 4);
}
