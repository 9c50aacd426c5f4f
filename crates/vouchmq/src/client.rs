//! The client that `pub`, `sub` and `bench` share: where to connect, as whom, and the connection itself.

pub(crate) mod address;
pub(crate) mod link;
pub(crate) mod options;
pub(crate) mod properties;
pub(crate) mod refusal;
pub(crate) mod stream;
pub(crate) mod transport;
