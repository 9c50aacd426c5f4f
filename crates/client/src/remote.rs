//! The remote authenticator: asks an authentication service by HTTP who a client is and what it may do.
//!
//! Whatever is not understood, or does not come in time, is *unavailable*, and never lets anybody in.

pub mod options;
pub mod template;
pub mod values;
