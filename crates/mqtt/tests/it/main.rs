//! Integration tests of the pure core, in one binary.

mod arbitrary_packet;
mod codec;
mod differential;
mod engine;
