//! The HTTP contracts, seen from outside: what is sent and answered.

pub mod dto;
