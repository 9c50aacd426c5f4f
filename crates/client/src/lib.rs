//! The HTTP contracts, seen from outside: what is sent and answered, and a client that does.

pub mod dto;

mod rest;

pub use hyper::Method;
pub use rest::{Download, Rest, RestFault};
