//! What an operator sees of a broker at work: figures, a live trace, the log.

mod api;
mod figures;
mod logs;
mod trace;
