//! Where connections come from.

use vouchmq_identity::store::StoreFault;

use crate::connection::{Connection, told, unavailable};
use crate::postgres::Server;
use crate::sqlite::Database;

/// One of the two engines, ready to be connected to.
pub(crate) enum Engine {
    Sqlite(Database),
    Postgres(Server),
}

impl Engine {
    /// A connection for the writer.
    pub(crate) async fn writer(&self) -> Result<Connection, StoreFault> {
        match self {
            Self::Sqlite(database) => database.writer().await.map_err(|error| unavailable(&told(&error))),
            Self::Postgres(server) => server.writer().await,
        }
    }

    /// A connection for what nodes say of themselves, which nobody waits for long.
    pub(crate) async fn beats(&self) -> Result<Connection, StoreFault> {
        match self {
            Self::Sqlite(_) => self.writer().await,
            Self::Postgres(server) => server.beats().await,
        }
    }

    /// A connection for reading, which cannot write.
    pub(crate) async fn reader(&self) -> Result<Connection, StoreFault> {
        match self {
            Self::Sqlite(database) => database.reader().await.map_err(|error| unavailable(&told(&error))),
            Self::Postgres(server) => server.reader().await,
        }
    }
}
