//! Both ends in memory, with certificates made for the purpose.

mod clients;
mod files;
mod foreign;
mod handshake;
mod reload;
mod streams;
mod world;
