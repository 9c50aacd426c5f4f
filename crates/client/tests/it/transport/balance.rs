//! Several servers: who is asked, and who instead.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::StatusCode;
use tokio::task::JoinSet;
use vouchmq_client::transport::{Lost, Repeats, Servers};

use crate::harness::{Site, later, nowhere, ok, options, question, servers, until};

async fn answering(status: StatusCode) -> Site {
    Site::http(move |_| {
        let mut answer = ok(status.to_string());
        *answer.status_mut() = status;
        async move { answer }
    })
    .await
}

/// Asks until this server was asked first.
async fn asked_first(servers: &Servers, which: usize) {
    let before = servers.snapshot()[which].counts.asked;
    let deadline = later();
    while servers.snapshot()[which].counts.asked == before {
        assert!(tokio::time::Instant::now() < deadline);
        let _ = servers.ask(&question(2, "x"), Repeats::OnAnotherServer, later()).await.unwrap();
    }
}

#[tokio::test]
async fn a_failure_of_one_server_is_mended_by_another() {
    for status in [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT] {
        let (bad, good) = (answering(status).await, answering(StatusCode::OK).await);
        let servers = servers(&[&bad, &good], options());
        asked_first(&servers, 0).await;
        let seen = servers.snapshot();
        assert_eq!(seen[1].counts.repeats, 1);
        assert_eq!(seen[0].counts.failures, 1);
        let servers = Servers::new(vec![nowhere(), good.origin("http")], options());
        asked_first(&servers, 0).await;
        assert_eq!(servers.snapshot()[1].counts.repeats, 1);
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_mended_by_another_while_there_is_time() {
    let hanging = Site::http(|_| std::future::pending()).await;
    let good = answering(StatusCode::OK).await;
    let mut options = options();
    options.timeout = Duration::from_millis(100);
    let servers = servers(&[&hanging, &good], options);
    asked_first(&servers, 0).await;
    assert_eq!((servers.snapshot()[0].counts.timeouts, servers.snapshot()[1].counts.repeats), (1, 1));
}

#[tokio::test]
async fn what_may_be_asked_once_only_is_not_repeated() {
    let (bad, worse) =
        (answering(StatusCode::SERVICE_UNAVAILABLE).await, answering(StatusCode::BAD_GATEWAY).await);
    let both = servers(&[&bad, &worse], options());
    for _ in 0..10 {
        assert!(both.ask(&question(2, "x"), Repeats::Never, later()).await.unwrap().status.is_server_error());
    }
    let seen = both.snapshot();
    assert_eq!(
        (seen[0].counts.asked + seen[1].counts.asked, seen[0].counts.repeats + seen[1].counts.repeats),
        (10, 0)
    );
}

#[tokio::test]
async fn an_error_of_the_question_is_not_repeated() {
    for status in [StatusCode::UNAUTHORIZED, StatusCode::NOT_FOUND, StatusCode::INTERNAL_SERVER_ERROR] {
        let both = [answering(status).await, answering(status).await];
        let servers = servers(&[&both[0], &both[1]], options());
        let answer = servers.ask(&question(2, "x"), Repeats::OnAnotherServer, later()).await.unwrap();
        assert_eq!(answer.status, status);
        assert_eq!(servers.snapshot().iter().map(|seen| seen.counts.asked).sum::<u64>(), 1);
    }
}

#[tokio::test]
async fn repeats_stay_within_their_budget() {
    let both =
        [answering(StatusCode::SERVICE_UNAVAILABLE).await, answering(StatusCode::SERVICE_UNAVAILABLE).await];
    let servers = servers(&[&both[0], &both[1]], options());
    for _ in 0..20 {
        let came = servers.ask(&question(2, "x"), Repeats::OnAnotherServer, later()).await;
        assert!(came.is_err() || came.unwrap().status == StatusCode::SERVICE_UNAVAILABLE);
    }
    let repeats: u64 = servers.snapshot().iter().map(|seen| seen.counts.repeats).sum();
    assert!((1..=5).contains(&repeats), "{repeats}");
}

#[tokio::test]
async fn a_server_that_is_slow_is_asked_less() {
    let slow = Site::http(|_| async {
        let _ = tokio::time::timeout(Duration::from_millis(40), std::future::pending::<()>()).await;
        ok("")
    });
    let (slow, fast) = (slow.await, answering(StatusCode::OK).await);
    let servers = servers(&[&slow, &fast], options());
    let mut asking = JoinSet::new();
    for _ in 0..4 {
        let servers = Arc::clone(&servers);
        asking.spawn(async move {
            for _ in 0..100 {
                servers.ask(&question(2, "x"), Repeats::Never, later()).await.unwrap();
            }
        });
    }
    asking.join_all().await;
    let seen = servers.snapshot();
    assert!(
        seen[0].counts.asked * 4 < seen[1].counts.asked,
        "{} {}",
        seen[0].counts.asked,
        seen[1].counts.asked
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_servers_one_dies_under_load_and_hardly_anybody_notices() {
    let echo =
        || Site::http(|request| async move { ok(request.into_body().collect().await.unwrap().to_bytes()) });
    let (dying, staying) = (echo().await, echo().await);
    let servers = servers(&[&dying, &staying], options());
    let (done, errors) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut asking = JoinSet::new();
    for asker in 0..32 {
        let (servers, done, errors) = (Arc::clone(&servers), Arc::clone(&done), Arc::clone(&errors));
        asking.spawn(async move {
            for at in 0..250 {
                let body = format!("{asker}/{at}");
                match servers.ask(&question(2, &body), Repeats::OnAnotherServer, later()).await {
                    Ok(answer) => assert!(answer.status == StatusCode::OK && answer.body == body.as_bytes()),
                    Err(Lost::NotSigned { .. } | Lost::Garbage { .. }) => panic!("a wrong answer"),
                    Err(_) => drop(errors.fetch_add(1, Ordering::SeqCst)),
                }
                done.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    until(|| done.load(Ordering::SeqCst) > 3_000).await;
    drop(dying);
    asking.join_all().await;
    // of 8,000
    assert!(errors.load(Ordering::SeqCst) < 8, "{errors:?} {:?}", servers.snapshot());
    assert!(servers.snapshot()[0].counts.asked > 100);
}
