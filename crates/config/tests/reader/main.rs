//! The reader of configuration files, through its public face.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking, too")]

mod accepted;
mod bounds;
mod doubted;
mod include;
mod reference;
mod refused;
mod world;
