//! The commands of the registry, against a broker as its users run it.

mod answers;
mod broker;
mod canned;
mod certificates;
mod life;
mod mistakes;
mod registering;
