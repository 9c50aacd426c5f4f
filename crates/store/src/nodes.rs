use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Mutex, MutexGuard};
use vouchmq_identity::model::NodeId;
use vouchmq_identity::store::{Node, Nodes, SeenNode, StoreFault};

use crate::connection::Connection;
use crate::engine::Engine;
use crate::rows::node;

/// The [`Nodes`] of a database, on a connection that nobody else uses, made when it is needed.
///
/// Whoever waits too long may go away at any time: the connection goes with them.
pub struct SqlNodes {
    engine: Arc<Engine>,
    idle: Mutex<Option<Connection>>,
}

/// The connection while it is used.
struct Lent<'a> {
    home: MutexGuard<'a, Option<Connection>>,
    connection: Connection,
}

// === impl SqlNodes ===

impl SqlNodes {
    pub(crate) fn new(engine: Arc<Engine>) -> Self {
        Self { engine, idle: Mutex::new(None) }
    }

    async fn lend(&self) -> Result<Lent<'_>, StoreFault> {
        let mut home = self.idle.lock().await;
        let connection = match home.take() {
            Some(connection) => connection,
            None => self.engine.beats().await?,
        };
        Ok(Lent { home, connection })
    }
}

impl Lent<'_> {
    /// Keeps the connection for the next one, if it still works.
    fn take_back<T>(self, answer: Result<T, StoreFault>) -> Result<T, StoreFault> {
        let Self { mut home, mut connection } = self;
        connection.forget_fault();
        *home = Some(connection).filter(|connection| !connection.is_gone());
        answer
    }
}

#[async_trait]
impl Nodes for SqlNodes {
    async fn put(&self, node: &Node) -> Result<(), StoreFault> {
        let mut lent = self.lend().await?;
        let answer = node::put(&mut lent.connection, node).await;
        lent.take_back(answer)
    }

    async fn all(&self) -> Result<Vec<SeenNode>, StoreFault> {
        let mut lent = self.lend().await?;
        let answer = node::all(&mut lent.connection).await;
        lent.take_back(answer)
    }

    async fn remove(&self, id: NodeId) -> Result<(), StoreFault> {
        let mut lent = self.lend().await?;
        let answer = node::delete(&mut lent.connection, id).await;
        // It was the last thing to be said.
        lent.connection.close().await;
        answer
    }

    async fn forget(&self, silent: Duration) -> Result<(), StoreFault> {
        let mut lent = self.lend().await?;
        let answer = node::forget(&mut lent.connection, silent).await;
        lent.take_back(answer)
    }
}

impl std::fmt::Debug for SqlNodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqlNodes").finish_non_exhaustive()
    }
}
