//! The reader of configuration files, through its public face.
#![expect(clippy::panic, reason = "helpers of tests fail by panicking, too")]

mod accepted;
mod bounds;
mod doubted;
mod fuzz_corpus;
mod include;
mod oracle;
mod reference;
mod refused;
mod samples;
mod world;
mod written;
