//! Servers that are asked, over real connections.

mod harness;
mod transport;
