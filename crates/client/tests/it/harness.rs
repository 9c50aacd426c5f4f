//! Servers of tests, and those that ask them.

mod papers;
mod site;

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::{HeaderMap, Method};
use tokio::time::Instant;
use vouchmq_client::remote::options::ServerBounds;
use vouchmq_client::transport::{Lookup, Origin, Question, Servers, ServersOptions};
use vouchmq_identity::{Clock, UnixMillis};

pub(crate) use papers::Papers;
pub(crate) use site::{Site, heard, ok};

/// A clock that stands still.
pub(crate) struct Still;

impl Clock for Still {
    fn now(&self) -> UnixMillis {
        UnixMillis::new(1_700_000_000_000)
    }
}

pub(crate) fn options() -> ServersOptions {
    ServersOptions {
        bounds: ServerBounds::default(),
        timeout: Duration::from_secs(30),
        connect_timeout: Duration::from_secs(30),
        tls: None,
        signing: None,
        clock: Arc::new(Still),
        lookup: Lookup::system(),
    }
}

pub(crate) fn servers(sites: &[&Site], options: ServersOptions) -> Arc<Servers> {
    let origins = sites.iter().map(|site| site.origin("http")).collect();
    Arc::new(Servers::new(origins, options))
}

pub(crate) fn origin(text: &str) -> Origin {
    text.parse().unwrap()
}

/// A question to each of so many servers, whose body says which it is.
pub(crate) fn question(servers: usize, body: &str) -> Question {
    let target = "/ask?of=everybody".parse().unwrap();
    Question {
        method: Method::POST,
        targets: vec![target; servers].into(),
        headers: HeaderMap::new(),
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

/// Nothing takes so long.
pub(crate) fn later() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

pub(crate) fn in_millis(millis: u64) -> Instant {
    Instant::now() + Duration::from_millis(millis)
}

/// Waits until it holds.
pub(crate) async fn until(holds: impl Fn() -> bool) {
    let deadline = later();
    while !holds() {
        assert!(Instant::now() < deadline, "it never came to hold");
        tokio::task::yield_now().await;
    }
}

/// Where nobody listens.
pub(crate) fn nowhere() -> Origin {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    origin(&format!("http://{address}"))
}
