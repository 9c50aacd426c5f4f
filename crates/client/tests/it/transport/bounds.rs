//! Nothing grows without bound: connections, those that wait, answers, time.

use std::sync::Arc;
use std::time::Duration;

use hyper::Response;
use tokio::io::AsyncWriteExt;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use vouchmq_client::transport::{Lost, Repeats, Servers};

use crate::harness::{Site, heard, in_millis, later, ok, options, question, servers, until};

/// Answers when it is let.
async fn gated() -> (Site, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let inside = Arc::clone(&gate);
    let site = Site::http(move |_| {
        let gate = Arc::clone(&inside);
        async move {
            gate.acquire().await.unwrap().forget();
            ok("let in")
        }
    });
    (site.await, gate)
}

fn ask_many(servers: &Arc<Servers>, times: usize) -> JoinSet<Result<(), Lost>> {
    let mut asking = JoinSet::new();
    for _ in 0..times {
        let servers = Arc::clone(servers);
        asking.spawn(async move { servers.ask(&question(1, "x"), Repeats::Never, later()).await.map(drop) });
    }
    asking
}

#[tokio::test]
async fn connections_grow_as_they_are_needed_and_never_beyond_their_bound() {
    let (site, gate) = gated().await;
    let mut options = options();
    options.bounds.connections_max = 3;
    let servers = servers(&[&site], options);
    let first = ask_many(&servers, 2);
    until(|| servers.snapshot()[0].connections == 2).await;
    let rest = ask_many(&servers, 6);
    until(|| servers.snapshot()[0].waiting == 5).await;
    assert_eq!(servers.snapshot()[0].in_flight, 8);
    gate.add_permits(8);
    let came: Vec<_> = first.join_all().await.into_iter().chain(rest.join_all().await).collect();
    assert!(came.iter().all(Result::is_ok), "{came:?}");
    assert_eq!((site.connections(), servers.snapshot()[0].connections), (3, 3));
}

#[tokio::test]
async fn no_more_wait_than_may() {
    let (site, gate) = gated().await;
    let mut options = options();
    (options.bounds.connections_max, options.bounds.waiting_max) = (1, 2);
    let servers = servers(&[&site], options);
    let asking = ask_many(&servers, 3);
    until(|| servers.snapshot()[0].waiting == 2).await;
    let refused = servers.ask(&question(1, "x"), Repeats::OnAnotherServer, later()).await;
    assert!(matches!(refused, Err(Lost::TooManyWait { .. })), "{refused:?}");
    assert_eq!(servers.snapshot()[0].counts.refused, 1);
    gate.add_permits(3);
    assert!(asking.join_all().await.iter().all(Result::is_ok));
}

#[tokio::test]
async fn who_waits_too_long_goes_and_leaves_its_place_to_others() {
    let (site, gate) = gated().await;
    let mut options = options();
    (options.bounds.connections_max, options.bounds.waiting_max) = (1, 1);
    let servers = servers(&[&site], options);
    let asking = ask_many(&servers, 1);
    until(|| servers.snapshot()[0].connections == 1).await;
    let late = servers.ask(&question(1, "x"), Repeats::Never, in_millis(20)).await;
    assert!(matches!(late, Err(Lost::TimedOut { .. })), "{late:?}");
    let next = ask_many(&servers, 1);
    until(|| servers.snapshot()[0].waiting == 1).await;
    gate.add_permits(2);
    assert!(asking.join_all().await.iter().chain(&next.join_all().await).all(Result::is_ok));
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_in_time() {
    let (site, _gate) = gated().await;
    let hasty = servers(
        &[&site],
        vouchmq_client::transport::ServersOptions { timeout: Duration::from_millis(30), ..options() },
    );
    let came = hasty.ask(&question(1, "x"), Repeats::OnAnotherServer, later()).await;
    assert!(matches!(came, Err(Lost::TimedOut { .. })), "{came:?}");
    let patient = servers(&[&site], options());
    let came = patient.ask(&question(1, "x"), Repeats::OnAnotherServer, in_millis(30)).await;
    assert!(matches!(came, Err(Lost::TimedOut { .. })), "{came:?}");
    for servers in [hasty, patient] {
        let seen = servers.snapshot().remove(0);
        assert_eq!((seen.connections, seen.in_flight, seen.counts.timeouts), (0, 0, 1));
    }
}

#[tokio::test]
async fn an_answer_that_comes_too_slowly_is_given_up_in_time() {
    let site = Site::raw(|_, mut stream| async move {
        heard(&mut stream).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n").await.unwrap();
        while stream.write_all(b".").await.is_ok() {
            tokio::task::yield_now().await;
        }
    });
    let site = site.await;
    let came = servers(&[&site], options()).ask(&question(1, "x"), Repeats::Never, in_millis(50)).await;
    assert!(matches!(came, Err(Lost::TimedOut { .. })), "{came:?}");
}

#[tokio::test]
async fn an_answer_that_says_to_be_too_long_is_not_read() {
    let site = Site::raw(|_, mut stream| async move {
        heard(&mut stream).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n").await.unwrap();
        std::future::pending::<()>().await;
    });
    let site = site.await;
    let came = servers(&[&site], options()).ask(&question(1, "x"), Repeats::Never, later()).await;
    assert!(matches!(came, Err(Lost::TooLong { .. })), "{came:?}");
}

#[tokio::test]
async fn an_answer_that_never_ends_is_broken_off_when_it_is_too_long() {
    let site = Site::raw(|_, mut stream| async move {
        heard(&mut stream).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await.unwrap();
        while stream.write_all(b"4\r\nmore\r\n").await.is_ok() {}
    });
    let site = site.await;
    let mut options = options();
    options.bounds.answer_bytes_max = 4_000;
    let came = servers(&[&site], options).ask(&question(1, "x"), Repeats::Never, later()).await;
    assert!(matches!(came, Err(Lost::TooLong { max: 4_000, .. })), "{came:?}");
}

#[tokio::test]
async fn an_answer_may_be_as_long_as_is_allowed() {
    let site = Site::http(|_| async { Response::new(vec![b'.'; 300_000].into()) }).await;
    let mut options = options();
    options.bounds.answer_bytes_max = 300_000;
    let came = servers(&[&site], options.clone()).ask(&question(1, "x"), Repeats::Never, later()).await;
    assert_eq!(came.unwrap().body.len(), 300_000);
    options.bounds.answer_bytes_max -= 1;
    let came = servers(&[&site], options).ask(&question(1, "x"), Repeats::Never, later()).await;
    assert!(matches!(came, Err(Lost::TooLong { .. })), "{came:?}");
}
