//! Bodies of requests and answers, one module for each resource.
//!
//! Field names and values are contracts. What a request may hold is closed: a field that is not there is
//! refused, so that a typing error is never silently ignored. What an answer may hold is open: new fields come.

pub mod page;
pub mod problem;
pub mod verify;
