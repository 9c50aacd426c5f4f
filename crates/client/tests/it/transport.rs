//! Several servers that answer the same questions.

mod balance;
mod bounds;
mod connections;
mod failures;
mod secure;
mod signed;
