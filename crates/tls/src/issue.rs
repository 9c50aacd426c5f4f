//! Makes certificates: of an authority, of servers, of devices, and lists of what an authority has revoked. Keys are
//! ECDSA over P-256 unless they come with a request. Who keeps them, and with which permissions, is the caller's.

mod authority;
mod request;

pub use authority::{Authority, IssueFault, Issued, Revocations, self_signed, serial_of};
pub use request::{AlternativeName, Request, Usage};
