//! Servers that fail, and what is known then: nothing.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use hyper::StatusCode;
use hyper::header::{HeaderValue, LOCATION};
use tokio::io::AsyncWriteExt;
use vouchmq_client::transport::{BreakerState, Lookup, Lost, Repeats, Resolve, Servers};

use crate::harness::{Papers, Site, heard, later, nowhere, ok, options, origin, question, servers};

/// Says this to each request, and closes the connection.
async fn saying(says: &'static [u8]) -> Site {
    Site::raw(move |_, mut stream| async move {
        heard(&mut stream).await.unwrap();
        stream.write_all(says).await.unwrap();
    })
    .await
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_none() {
    for says in [
        &b""[..],
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ] {
        let site = saying(says).await;
        let came =
            servers(&[&site], options()).ask(&question(1, "x"), Repeats::OnAnotherServer, later()).await;
        assert!(matches!(came, Err(Lost::BrokenOff { .. })), "{came:?}");
    }
}

#[tokio::test]
async fn what_is_no_http_is_no_answer() {
    for says in [
        &b"\x20\x02\x00\x00"[..],
        b"yes\r\n\r\n",
        b"HTTP/1.1 yes\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
    ] {
        let site = saying(says).await;
        let came = servers(&[&site], options()).ask(&question(1, "x"), Repeats::Never, later()).await;
        assert!(matches!(came, Err(Lost::Garbage { .. } | Lost::BrokenOff { .. })), "{says:?} {came:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_nobody_follows_it() {
    let other = Site::http(|_| async { ok("never") }).await;
    let location = HeaderValue::from_str(&other.origin("http").to_string()).unwrap();
    let site = Site::http(move |_| {
        let mut answer = ok("");
        *answer.status_mut() = StatusCode::TEMPORARY_REDIRECT;
        answer.headers_mut().insert(LOCATION, location.clone());
        async move { answer }
    });
    let site = site.await;
    let answer = servers(&[&site], options()).ask(&question(1, "x"), Repeats::OnAnotherServer, later()).await;
    assert_eq!(answer.unwrap().status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn where_nobody_listens_there_is_no_connection() {
    let gone = nowhere();
    let servers = Servers::new(vec![gone.clone()], options());
    let came = servers.ask(&question(1, "x"), Repeats::Never, later()).await;
    let Err(Lost::NoConnection { server, why }) = came else { panic!("{came:?}") };
    assert!(server == gone && why.contains("refused"), "{why}");
    assert_eq!(servers.snapshot()[0].counts.connect_failures, 1);
}

/// Knows nobody.
struct Ignorant;

#[async_trait]
impl Resolve for Ignorant {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        Err(io::Error::other("never heard of it"))
    }
}

#[tokio::test]
async fn a_server_whose_name_nobody_knows_is_not_reached() {
    let mut options = options();
    options.lookup = Lookup::by(Arc::new(Ignorant));
    let servers = Servers::new(vec![origin("http://auth.example")], options);
    let came = servers.ask(&question(1, "x"), Repeats::Never, later()).await;
    let Err(Lost::NoConnection { why, .. }) = came else { panic!("{came:?}") };
    assert!(why.contains("never heard of it"), "{why}");
}

#[tokio::test]
async fn a_connection_that_takes_too_long_is_none() {
    let papers = Papers::new();
    let site = Site::raw(|_, stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    });
    let site = site.await;
    let mut options = options();
    options.connect_timeout = Duration::from_millis(30);
    options.tls = Some(papers.client(false));
    let servers = Servers::new(vec![site.origin("https")], options);
    let came = servers.ask(&question(1, "x"), Repeats::Never, later()).await;
    assert!(matches!(came, Err(Lost::NoConnection { .. })), "{came:?}");
}

#[tokio::test]
async fn a_server_that_fails_is_left_alone_and_probed_until_it_is_back() {
    let status = Arc::new(AtomicU16::new(500));
    let site = Site::http({
        let status = Arc::clone(&status);
        move |_| {
            let mut answer = ok("");
            *answer.status_mut() = StatusCode::from_u16(status.load(Ordering::SeqCst)).unwrap();
            async move { answer }
        }
    });
    let site = site.await;
    let servers = servers(&[&site], options());
    let question = question(1, "x");
    for _ in 0..20 {
        let answer = servers.ask(&question, Repeats::OnAnotherServer, later()).await.unwrap();
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    }
    assert_eq!(servers.snapshot()[0].breaker, BreakerState::Open);
    let came = servers.ask(&question, Repeats::OnAnotherServer, later()).await;
    assert!(matches!(came, Err(Lost::AllBreakersOpen)), "{came:?}");
    status.store(200, Ordering::SeqCst);
    let (deadline, mut refused) = (later(), 0);
    while servers.snapshot()[0].breaker != BreakerState::Closed {
        assert!(tokio::time::Instant::now() < deadline);
        match servers.ask(&question, Repeats::OnAnotherServer, later()).await {
            Ok(answer) => assert_eq!(answer.status, StatusCode::OK),
            Err(Lost::AllBreakersOpen) => refused += 1,
            Err(lost) => panic!("{lost}"),
        }
        tokio::task::yield_now().await;
    }
    assert!(refused > 0 && servers.snapshot()[0].counts.answered == 23);
}

#[tokio::test]
async fn a_server_that_is_asked_too_much_is_not_left_alone() {
    let site = Site::http(|_| {
        let mut answer = ok("");
        *answer.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        async move { answer }
    });
    let site = site.await;
    let servers = servers(&[&site], options());
    for _ in 0..40 {
        let answer = servers.ask(&question(1, "x"), Repeats::OnAnotherServer, later()).await.unwrap();
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    }
    let seen = servers.snapshot().remove(0);
    assert_eq!((seen.breaker, seen.is_ejected), (BreakerState::Closed, false));
    assert_eq!((seen.counts.answered, seen.counts.failures, seen.counts.refused), (40, 40, 0));
}

#[tokio::test]
async fn those_that_wait_for_a_server_are_sent_away_when_it_is_left_alone() {
    let hangs = Arc::new(AtomicBool::new(false));
    let site = Site::http({
        let hangs = Arc::clone(&hangs);
        move |_| {
            let hangs = hangs.load(Ordering::SeqCst);
            async move {
                if hangs {
                    std::future::pending::<()>().await;
                }
                let mut answer = ok("");
                *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                answer
            }
        }
    });
    let site = site.await;
    let mut options = options();
    (options.bounds.connections_max, options.timeout) = (1, Duration::from_millis(50));
    let servers = servers(&[&site], options);
    for _ in 0..19 {
        servers.ask(&question(1, "x"), Repeats::Never, later()).await.unwrap();
    }
    hangs.store(true, Ordering::SeqCst);
    let ask = async || servers.ask(&question(1, "x"), Repeats::Never, later()).await;
    let (first, second, third) = tokio::join!(ask(), ask(), ask());
    assert!(matches!(first, Err(Lost::TimedOut { .. })), "{first:?}");
    for sent_away in [second, third] {
        assert!(matches!(sent_away, Err(Lost::BreakerOpen { .. })), "{sent_away:?}");
    }
    assert_eq!(servers.snapshot()[0].waiting, 0);
}
