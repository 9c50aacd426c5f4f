//! Integration tests of the pure core, in one binary.

mod arbitrary_packet;
mod client;
mod codec;
mod differential;
mod engine;
mod fuzz_corpus;
