//! SQLite: the contract, and its file.

use std::sync::Arc;

mod commit;
mod crash;
mod file;

use async_trait::async_trait;
use tempfile::TempDir;
use vouchmq_identity::store::{Nodes, Store};
use vouchmq_store::{Location, OpenError, SqlStore, StoreOptions};

use crate::contract::{Place, contract};

/// A directory for databases.
pub(crate) struct Directory(TempDir);

impl Directory {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    pub(crate) async fn open(&self, name: &str) -> Result<SqlStore, OpenError> {
        let location = Location::Sqlite(self.path(name));
        SqlStore::open(StoreOptions::new(location)).await
    }
}

#[async_trait]
impl Place for Directory {
    async fn empty(&self) -> Arc<dyn Store> {
        Arc::new(self.open("registry.db").await.unwrap())
    }

    async fn nodes(&self) -> Arc<dyn Nodes> {
        Arc::new(self.open("registry.db").await.unwrap().nodes())
    }
}

contract!(Directory::new());
