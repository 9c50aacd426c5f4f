//! The table of keys, held against what it says of itself.

mod access_control;
mod closed;
mod describe;
mod keys;
mod layers;
mod mistakes;
mod nanomq;
mod text;
