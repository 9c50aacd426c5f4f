//! The configuration file: read ([`hocon`]), checked against one table of keys, resolved.
//!
//! No I/O of its own: files and the environment are arguments, so that every step is tested and fuzzed.

#[doc(hidden)]
pub mod fuzzing;
pub mod hocon;
