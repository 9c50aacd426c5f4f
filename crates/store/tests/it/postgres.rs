//! PostgreSQL, a real one: the contract, and what several instances do to each other.
//!
//! Two tests, since each is a process of its own, and each server takes seconds to make.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use vouchmq_identity::store::{Nodes, Store};
use vouchmq_store::{Location, OpenError, SqlStore, StoreOptions};

use crate::contract::{CASES, Place};

mod instances;
mod server;

use server::Server;

/// A server, and how many databases it has.
struct Cluster {
    server: Server,
    count: AtomicU32,
}

impl Cluster {
    /// A database of its own: its name.
    async fn database(&self) -> String {
        let name = format!("case{}", self.count.fetch_add(1, Ordering::Relaxed));
        self.server.create(&name).await;
        name
    }

    /// A store in a schema of its own, which is quicker to make than a database.
    async fn schema(&self) -> SqlStore {
        let schema = format!("case{}", self.count.fetch_add(1, Ordering::Relaxed));
        self.server.execute("postgres", &format!("CREATE SCHEMA {schema}")).await;
        self.open(&format!("postgres?options[search_path]={schema}")).await.unwrap()
    }

    async fn open(&self, database: &str) -> Result<SqlStore, OpenError> {
        let location = Location::Postgres(self.server.url(database).into());
        SqlStore::open(StoreOptions::new(location)).await
    }
}

#[async_trait]
impl Place for Cluster {
    async fn empty(&self) -> Arc<dyn Store> {
        Arc::new(self.schema().await)
    }

    async fn nodes(&self) -> Arc<dyn Nodes> {
        Arc::new(self.schema().await.nodes())
    }
}

type Case = for<'a> fn(&'a mut Cluster) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

macro_rules! cases {
    ($($case:ident,)+) => {
        /// What holds on PostgreSQL alone.
        const OWN: &[(&str, Case)] = &[$((stringify!($case), |cluster| Box::pin(instances::$case(cluster))),)+];
    };
}

cases! {
    two_instances_fork_neither_the_log_nor_the_audit_chain,
    an_instance_is_told_of_the_commits_of_others,
    changes_are_seen_when_notices_are_lost,
    a_lost_connection_is_made_again,
    what_was_acknowledged_outlives_a_crash_of_the_server,
    a_newer_schema_is_refused,
    a_bad_value_is_reported_and_not_trusted,
    two_instances_may_make_the_schema_at_once,
    who_is_at_fault_is_told,
}

#[tokio::test]
async fn the_contract_holds_on_postgresql() {
    let cluster = Cluster { server: Server::start().await, count: AtomicU32::new(0) };
    for (name, case) in CASES {
        println!("{name}");
        case(&cluster).await;
    }
}

#[tokio::test]
async fn several_instances_share_postgresql() {
    let mut cluster = Cluster { server: Server::start().await, count: AtomicU32::new(0) };
    for (name, case) in OWN {
        println!("{name}");
        case(&mut cluster).await;
    }
}
