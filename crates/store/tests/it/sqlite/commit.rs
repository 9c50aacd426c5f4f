//! Jobs that share a commit, and the bounds of the queue.

use std::sync::Arc;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection, Row};
use vouchmq_identity::store::{Store, StoreFault};

use super::Directory;
use crate::harness::samples::{id, product};
use crate::harness::{eventually, job, write};

#[tokio::test]
async fn jobs_that_wait_share_a_commit() {
    let directory = Directory::new();
    let store = Arc::new(directory.open("a.db").await.unwrap());
    for number in 0..10 {
        write!(store, |rows| rows.put_product(&product(number));).await.unwrap();
    }
    assert_eq!(store.commit_count(), 10, "whoever waits for each has a commit for each");
    let mut waiting = tokio::task::JoinSet::new();
    for number in 10..510 {
        let store = Arc::clone(&store);
        waiting.spawn(async move { write!(store, |rows| rows.put_product(&product(number));).await });
    }
    assert!(waiting.join_all().await.into_iter().all(|written| written.is_ok()));
    let shared = store.commit_count() - 10;
    assert!(shared <= 10, "500 jobs took {shared} commits");
    assert!(shared >= 2, "a commit has at most 256 jobs");
}

#[tokio::test]
async fn over_a_thousand_jobs_in_waiting_are_refused() {
    let directory = Directory::new();
    let store = Arc::new(directory.open("a.db").await.unwrap());
    let (go, gone) = tokio::sync::oneshot::channel::<()>();
    let (begin, begun) = tokio::sync::oneshot::channel::<()>();
    let blocking = Arc::clone(&store);
    let blocking = tokio::spawn(async move {
        let waits = job(move |_| {
            Box::pin(async move {
                begin.send(()).unwrap();
                gone.await.unwrap();
                Ok(())
            })
        });
        blocking.write(waits).await
    });
    begun.await.unwrap();
    let mut waiting = tokio::task::JoinSet::new();
    for number in 0..1100 {
        let store = Arc::clone(&store);
        waiting.spawn(async move { write!(store, |rows| rows.put_product(&product(number));).await });
    }
    for _ in 1024..1100 {
        assert_eq!(waiting.join_next().await.unwrap().unwrap(), Err(StoreFault::Busy));
    }
    go.send(()).unwrap();
    blocking.await.unwrap().unwrap();
    assert!(waiting.join_all().await.into_iter().all(|written| written.is_ok()));
}

#[tokio::test]
async fn followers_are_told_after_the_commit() {
    let directory = Directory::new();
    let store = directory.open("a.db").await.unwrap();
    let mut changes = store.changes();
    for head in 1..=10 {
        crate::contract::change_log::append(&store, head, false).await.unwrap();
        assert!(changes.has_changed().unwrap());
        assert_eq!(*changes.borrow_and_update(), head);
        crate::contract::change_log::append(&store, head, true).await;
        write!(store, |rows| rows.put_product(&product(head));).await.unwrap();
        assert!(!changes.has_changed().unwrap(), "nothing was appended");
    }
}

#[tokio::test]
async fn readers_beyond_the_bound_wait_for_each_other() {
    let directory = Directory::new();
    let store = directory.open("a.db").await.unwrap();
    let held = [store.read().await.unwrap(), store.read().await.unwrap(), store.read().await.unwrap()];
    let mut fourth = std::pin::pin!(store.read());
    assert!(futures_poll(&mut fourth).await.is_pending());
    drop(held);
    let mut rows = fourth.await.unwrap();
    assert!(rows.product(id(1)).await.unwrap().is_none());
}

async fn futures_poll<T>(future: &mut std::pin::Pin<&mut impl Future<Output = T>>) -> std::task::Poll<T> {
    std::future::poll_fn(|context| std::task::Poll::Ready(future.as_mut().poll(context))).await
}

#[tokio::test]
async fn a_reader_that_is_given_back_lets_go_of_what_it_saw() {
    let directory = Directory::new();
    let store = directory.open("a.db").await.unwrap();
    drop(store.read().await.unwrap().products(vouchmq_identity::store::PageRequest::first(1)).await);
    // The journal can be emptied only when nobody looks at an old state.
    for number in 0..50 {
        write!(store, |rows| rows.put_product(&product(number));).await.unwrap();
    }
    let path = directory.path("a.db");
    eventually("nobody looks at an old state", async || {
        let options = SqliteConnectOptions::new().filename(&path);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        row.get::<i64, _>(0) == 0
    })
    .await;
}
