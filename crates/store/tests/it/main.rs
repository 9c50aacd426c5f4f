//! The store as the registry meets it, on each engine: the same contract for both, then what is special to one.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking, too"
)]

mod contract;
mod harness;
mod postgres;
mod sqlite;
