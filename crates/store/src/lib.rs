//! What the registry keeps, in SQL.
//!
//! [`SqlStore`] is the [`Store`](vouchmq_identity::store::Store) of the registry on SQLite or PostgreSQL. There
//! is one text of every statement and every table for both: columns are `TEXT`, `BIGINT` and bytes, values are
//! numbered `$1`, and what the engines say differently (how a transaction begins, how a file is opened) stands
//! in `connection`, `sqlite` and `postgres`.
//!
//! Rows are untrusted: each is read into the types of the model column by column, and one that is not what we
//! wrote is a [`Corrupt`](vouchmq_identity::store::StoreFault::Corrupt) that names table, row and column.

mod connection;
mod engine;
mod fault;
mod heads;
mod json;
mod migrate;
mod nodes;
mod options;
mod postgres;
mod readers;
mod row;
mod rows;
mod session;
mod sqlite;
mod store;
mod text;
mod value;
mod writer;

pub use fault::OpenError;
pub use nodes::SqlNodes;
pub use options::{Location, StoreOptions};
pub use store::{Apart, SqlStore};
