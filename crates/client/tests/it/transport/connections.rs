//! Connections are kept, replaced and made anew.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use vouchmq_client::transport::{BreakerState, Lookup, Lost, Repeats, Resolve, Servers};

use crate::harness::{Site, heard, later, ok, options, origin, question, servers, until};

const YES: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nyes";

#[tokio::test]
async fn a_connection_is_kept_and_used_again() {
    let site = Site::http(|request| async move { ok(request.uri().to_string()) }).await;
    let servers = servers(&[&site], options());
    for _ in 0..5 {
        let answer = servers.ask(&question(1, "x"), Repeats::Never, later()).await.unwrap();
        assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, &b"/ask?of=everybody"[..]));
    }
    let seen = servers.snapshot().remove(0);
    assert_eq!((site.connections(), seen.connections, seen.in_flight), (1, 1, 0));
    assert_eq!((seen.counts.asked, seen.counts.answered, seen.counts.connects), (5, 5, 1));
    assert_eq!(seen.latency.count(), 5);
}

#[tokio::test]
async fn a_request_has_one_host_and_one_length() {
    let site = Site::raw(|_, mut stream| async move {
        while let Some(request) = heard(&mut stream).await {
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{request}", request.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    })
    .await;
    let mut question = question(1, "body");
    for (name, value) in
        [("host", "other.example"), ("content-length", "9"), ("transfer-encoding", "chunked")]
    {
        question.headers.insert(name, value.parse().unwrap());
    }
    let answer = servers(&[&site], options()).ask(&question, Repeats::Never, later()).await.unwrap();
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    let host = format!("host: {}", site.address);
    let mut lines: Vec<_> = text.lines().collect();
    lines[1..].sort_unstable();
    assert_eq!(lines, ["POST /ask?of=everybody HTTP/1.1", "", "body", "content-length: 4", &host]);
}

/// Answers so many requests, and does then as it likes.
async fn answer(stream: &mut TcpStream, times: usize) {
    for _ in 0..times {
        heard(stream).await.unwrap();
        stream.write_all(YES).await.unwrap();
    }
}

#[tokio::test]
async fn a_kept_connection_that_the_server_has_closed_is_replaced_and_that_is_no_failure() {
    let site = Site::raw(|_, mut stream| async move { answer(&mut stream, 1).await }).await;
    let servers = servers(&[&site], options());
    for _ in 0..40 {
        servers.ask(&question(1, "x"), Repeats::OnAnotherServer, later()).await.unwrap();
    }
    let seen = servers.snapshot().remove(0);
    assert_eq!((seen.breaker, seen.counts.broken, seen.counts.repeats), (BreakerState::Closed, 0, 0));
    assert_eq!(site.connections(), 40);
}

/// The first connection answers once, and swallows the next request; all others answer.
async fn swallowing(says: &'static [u8]) -> Site {
    Site::raw(move |number, mut stream| async move {
        if number > 1 {
            return answer(&mut stream, 100).await;
        }
        answer(&mut stream, 1).await;
        heard(&mut stream).await.unwrap();
        stream.write_all(says).await.unwrap();
    })
    .await
}

#[tokio::test]
async fn a_request_that_a_closed_connection_has_swallowed_is_sent_anew_if_it_may_be() {
    for (repeats, is_answered) in [(Repeats::OnAnotherServer, true), (Repeats::Never, false)] {
        let site = swallowing(b"").await;
        let servers = servers(&[&site], options());
        servers.ask(&question(1, "x"), repeats, later()).await.unwrap();
        let came = servers.ask(&question(1, "x"), repeats, later()).await;
        assert_eq!(came.is_ok(), is_answered, "{came:?}");
        assert!(is_answered || matches!(came, Err(Lost::BrokenOff { .. })));
    }
}

#[tokio::test]
async fn a_request_of_whose_answer_something_came_is_not_sent_anew() {
    let site = swallowing(b"HTTP/1.1 200 O").await;
    let servers = servers(&[&site], options());
    servers.ask(&question(1, "x"), Repeats::OnAnotherServer, later()).await.unwrap();
    let came = servers.ask(&question(1, "x"), Repeats::OnAnotherServer, later()).await;
    assert!(matches!(came, Err(Lost::BrokenOff { .. })), "{came:?}");
    assert_eq!(site.connections(), 1);
}

/// What is said in advance would be taken for the answer to the next question, of somebody else.
#[tokio::test]
async fn a_server_that_says_more_than_it_was_asked_for_is_not_believed_the_rest() {
    let site = Site::raw(|number, mut stream| async move {
        while heard(&mut stream).await.is_some() {
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{number}");
            let forged = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged";
            stream.write_all(format!("{answer}{forged}").as_bytes()).await.unwrap();
        }
    })
    .await;
    let servers = servers(&[&site], options());
    for number in ["1", "2", "3"] {
        let answer = servers.ask(&question(1, "x"), Repeats::Never, later()).await.unwrap();
        assert_eq!(answer.body, number);
    }
}

#[tokio::test]
async fn who_goes_away_closes_the_connection() {
    let (tell, mut told) = mpsc::channel(4);
    let site = Site::raw(move |_, mut stream| {
        let tell = tell.clone();
        async move {
            heard(&mut stream).await.unwrap();
            tell.send("asked").await.unwrap();
            assert_eq!(stream.read(&mut [0; 8]).await.unwrap_or(0), 0);
            tell.send("gone").await.unwrap();
        }
    })
    .await;
    let servers = servers(&[&site], options());
    let asking = tokio::spawn({
        let servers = Arc::clone(&servers);
        async move { servers.ask(&question(1, "x"), Repeats::Never, later()).await }
    });
    assert_eq!(told.recv().await, Some("asked"));
    asking.abort();
    assert_eq!(told.recv().await, Some("gone"));
    until(|| servers.snapshot()[0].connections == 0).await;
    assert_eq!(servers.snapshot()[0].in_flight, 0);
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_a_while() {
    let (tell, mut told) = mpsc::channel(4);
    let site = Site::raw(move |_, mut stream| {
        let tell = tell.clone();
        async move {
            answer(&mut stream, 1).await;
            assert_eq!(stream.read(&mut [0; 8]).await.unwrap_or(0), 0);
            tell.send("closed").await.unwrap();
        }
    })
    .await;
    let mut options = options();
    options.bounds.connection_age_max = Duration::from_millis(50);
    let servers = servers(&[&site], options);
    servers.ask(&question(1, "x"), Repeats::Never, later()).await.unwrap();
    assert_eq!(told.recv().await, Some("closed"));
    until(|| servers.snapshot()[0].connections == 0).await;
}

/// Every name has this address.
struct Moving(AtomicU8, AtomicUsize);

#[async_trait]
impl Resolve for Moving {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        assert_eq!(host, "auth.example");
        self.1.fetch_add(1, Ordering::SeqCst);
        Ok(vec![IpAddr::V4(Ipv4Addr::new(127, 0, 0, self.0.load(Ordering::SeqCst)))])
    }
}

#[tokio::test]
async fn a_name_is_looked_up_again_when_a_connection_has_become_too_old() {
    let old = Site::at("127.0.0.1:0", |_, mut stream| async move { answer(&mut stream, 9).await }).await;
    let port = old.address.port();
    let elsewhere = format!("127.0.0.2:{port}");
    let new = Site::at(&elsewhere, |_, mut stream| async move { answer(&mut stream, 9).await }).await;
    let moving = Arc::new(Moving(AtomicU8::new(1), AtomicUsize::new(0)));
    for (age_max, lookups, connections) in [(Duration::ZERO, 2, (1, 1)), (Duration::from_secs(60), 3, (2, 1))]
    {
        moving.0.store(1, Ordering::SeqCst);
        let mut options = options();
        options.bounds.connection_age_max = age_max;
        options.lookup = Lookup::by(Arc::clone(&moving) as Arc<dyn Resolve>);
        let servers = Servers::new(vec![origin(&format!("http://auth.example:{port}"))], options);
        servers.ask(&question(1, "x"), Repeats::Never, later()).await.unwrap();
        moving.0.store(2, Ordering::SeqCst);
        servers.ask(&question(1, "x"), Repeats::Never, later()).await.unwrap();
        assert_eq!(moving.1.load(Ordering::SeqCst), lookups);
        assert_eq!((old.connections(), new.connections()), connections);
    }
}
