use std::net::IpAddr;

use crate::{Allowance, Denial, Principal};

/// A client that was let in, as far as it matters to whether it may stay. No secret is part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing<'a> {
    /// Who it proved to be.
    pub principal: &'a Principal,
    /// The Client Identifier, or the one that the broker assigned.
    pub client_id: &'a str,
    /// The User Name of its CONNECT, whether proven or not.
    pub username: Option<&'a str>,
    /// Its address; `None` where there is none, as on a Unix socket.
    pub peer: Option<IpAddr>,
}

/// What became of a client that was let in.
#[derive(Clone, Debug)]
#[must_use]
pub enum Reconsidered {
    /// Nothing that is known here: what it was allowed holds.
    Unchanged,
    /// It may stay, and this is what it may do from now on.
    Changed(Allowance),
    /// It may not stay.
    Ended(Denial),
}
