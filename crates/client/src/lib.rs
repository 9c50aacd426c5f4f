//! The HTTP contracts, seen from outside: what is sent and answered, a client that does, and the authenticator that
//! asks a service about clients.

pub mod dto;
#[cfg(any(fuzzing, test))]
pub mod fuzzing;
pub mod remote;
pub mod transport;

mod rest;
mod wire;

pub use hyper::Method;
pub use rest::{Download, Rest, RestFault};
