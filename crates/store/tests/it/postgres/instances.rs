use std::sync::Arc;

use sqlx::{Connection, PgConnection};
use vouchmq_identity::store::{NewEntry, Store, StoreFault};
use vouchmq_store::{Location, OpenError, SqlStore, StoreOptions};

use super::Cluster;
use crate::contract::change_log::{append, chain_len, whole_log, write_from_all};
use crate::harness::samples::{device, id, product};
use crate::harness::{DEADLINE, eventually, write};

async fn told(store: &SqlStore, head: u64) {
    let mut changes = store.changes();
    let newer = changes.wait_for(|newest| *newest >= head);
    let newest = *tokio::time::timeout(DEADLINE, newer).await.expect("it is told").unwrap();
    assert_eq!(newest, head);
}

pub(super) async fn two_instances_fork_neither_the_log_nor_the_audit_chain(cluster: &mut Cluster) {
    let database = cluster.database().await;
    let mut stores: Vec<Arc<dyn Store>> = Vec::new();
    for _ in 0..2 {
        stores.push(Arc::new(cluster.open(&database).await.unwrap()));
    }
    let given = write_from_all(&stores, 20).await;
    assert_eq!(given, (1..=given.len() as u64).collect::<Vec<_>>());
    for store in stores {
        assert_eq!(whole_log(&*store).await, given);
        assert_eq!(chain_len(&*store).await, given.len());
    }
}

pub(super) async fn an_instance_is_told_of_the_commits_of_others(cluster: &mut Cluster) {
    let database = cluster.database().await;
    let (one, other) = (cluster.open(&database).await.unwrap(), cluster.open(&database).await.unwrap());
    for head in 1..=20 {
        append(&one, head, false).await.unwrap();
        assert_eq!(*one.changes().borrow(), head, "its own commits are known at once");
        told(&other, head).await;
    }
    // A notice of somebody else raises nothing.
    cluster.server.execute(&database, "SELECT pg_notify('vouchmq_changes', '99')").await;
    append(&other, 21, false).await.unwrap();
    told(&one, 21).await;
}

pub(super) async fn changes_are_seen_when_notices_are_lost(cluster: &mut Cluster) {
    let database = cluster.database().await;
    let (one, other) = (cluster.open(&database).await.unwrap(), cluster.open(&database).await.unwrap());
    append(&one, 1, false).await.unwrap();
    told(&other, 1).await;
    let silent = "UPDATE log_head SET head = head + 1";
    cluster.server.execute(&database, silent).await;
    told(&other, 2).await;
    told(&one, 2).await;
}

const THROW_OUT: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'vouchmq' AND datname = current_database()";

pub(super) async fn a_lost_connection_is_made_again(cluster: &mut Cluster) {
    let database = cluster.database().await;
    let store = cluster.open(&database).await.unwrap();
    for head in 1..=3 {
        append(&store, head, false).await.expect("nothing was asked of the connection that was lost");
        assert_eq!(whole_log(&store).await.len() as u64, head);
        cluster.server.execute(&database, THROW_OUT).await;
    }
    // Within a job: that one fails, and the next is done.
    let server = cluster.server.url(&database);
    let thrown_out = store.write(crate::harness::job(move |rows| {
        Box::pin(async move {
            rows.put_product(&product(1)).await.unwrap();
            let mut connection = PgConnection::connect(&server).await.unwrap();
            sqlx::raw_sql(THROW_OUT).execute(&mut connection).await.unwrap();
            rows.put_product(&product(2)).await.map_err(vouchmq_identity::store::Aborted::Failed)
        })
    }));
    assert!(matches!(thrown_out.await, Err(StoreFault::Unavailable(_))));
    write!(store, |rows| rows.put_product(&product(3));).await.unwrap();
    let mut rows = store.read().await.unwrap();
    for (number, is_there) in [(1, false), (2, false), (3, true)] {
        assert_eq!(rows.product(id(number)).await.unwrap().is_some(), is_there);
    }
}

pub(super) async fn what_was_acknowledged_outlives_a_crash_of_the_server(cluster: &mut Cluster) {
    let database = cluster.database().await;
    let store = cluster.open(&database).await.unwrap();
    for number in 1..=50 {
        append(&store, number, false).await.unwrap();
    }
    cluster.server.crash();
    assert!(matches!(
        write!(store, |rows| rows.put_product(&product(1));).await,
        Err(StoreFault::Unavailable(_))
    ));
    assert!(matches!(store.read().await.err(), Some(StoreFault::Unavailable(_))));
    cluster.server.start_again().await;
    eventually("writes are taken again", async || {
        write!(store, |rows| rows.append_log(crate::harness::NOW, NewEntry::blocks());).await.is_ok()
    })
    .await;
    assert_eq!(whole_log(&store).await, (1..=51).collect::<Vec<_>>());
    assert_eq!(chain_len(&store).await, 50);
}

pub(super) async fn a_newer_schema_is_refused(cluster: &mut Cluster) {
    let database = cluster.database().await;
    cluster.open(&database).await.unwrap().close().await;
    cluster.server.execute(&database, "UPDATE schema_version SET version = 99").await;
    let error = cluster.open(&database).await.unwrap_err();
    assert!(matches!(error, OpenError::NewerSchema { found: 99, .. }), "{error}");
}

pub(super) async fn a_bad_value_is_reported_and_not_trusted(cluster: &mut Cluster) {
    let database = cluster.database().await;
    let store = cluster.open(&database).await.unwrap();
    write!(store, |rows| rows.put_device(&device(1, id(1)));).await.unwrap();
    cluster.server.execute(&database, "UPDATE devices SET state = 'root'").await;
    let fault = store.read().await.unwrap().device(&id(1)).await.unwrap_err();
    assert!(matches!(&fault, StoreFault::Corrupt { table: "devices", column: "state", .. }), "{fault}");
}

pub(super) async fn two_instances_may_make_the_schema_at_once(cluster: &mut Cluster) {
    let database = cluster.database().await;
    let (one, other) = tokio::join!(cluster.open(&database), cluster.open(&database));
    let (one, other) = (one.unwrap(), other.unwrap());
    let id = one.read().await.unwrap().log_head().await.unwrap();
    assert_eq!(other.read().await.unwrap().log_head().await.unwrap(), id);
}

pub(super) async fn who_is_at_fault_is_told(cluster: &mut Cluster) {
    let open = |url: &str| SqlStore::open(StoreOptions::new(Location::Postgres(url.into())));
    let error = open("postgres://u:geheim@127.0.0.1:x/d").await.unwrap_err();
    assert!(matches!(error, OpenError::Url { .. }) && !error.to_string().contains("geheim"), "{error}");
    let error = open("postgres://u:geheim@127.0.0.1:1/d").await.unwrap_err().to_string();
    assert!(error.starts_with("cannot connect to the database 127.0.0.1:1/d: "), "{error}");
    assert!(!error.contains("geheim"), "{error}");
    let error = cluster.open("nowhere").await.unwrap_err().to_string();
    assert!(error.contains("database \"nowhere\" does not exist"), "{error}");
}
