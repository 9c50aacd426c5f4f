//! Devices and their identities: a real server, its HTTP listeners, and clients on bare sockets.

mod fleet;
mod http;
mod restart;
mod story;
mod wire;
