//! The commands over the management API, against a broker as its users run it.

mod answers;
mod broker;
mod canned;
mod certificates;
mod clients;
mod life;
mod mistakes;
mod page;
mod profiles;
mod registering;
