use std::net::IpAddr;

use super::{BlockTarget, PeerAddress};
use crate::UnixMillis;

/// Keeps clients out, for ever or until a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Whom it keeps out.
    pub target: BlockTarget,
    /// Why, in the words of whoever made it; for operators, never for the client. Its length is bounded where
    /// it comes in, not here.
    pub reason: Box<str>,
    /// The first moment at which it no longer holds; `None` if it holds until it is removed.
    pub until: Option<UnixMillis>,
}

/// What is known of a client that wants to connect, or is connected. What is not known is never hit.
///
/// Before authentication that is what the client says and where it comes from; afterwards also which device
/// it is. Ask at both moments: the first answer costs no verification, the second is complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subject<'a> {
    /// The id of the credential that the client proved.
    pub credential: Option<&'a str>,
    /// The id of the device.
    pub device: Option<&'a str>,
    /// The id of the device's product.
    pub product: Option<&'a str>,
    /// The Client Identifier, or the one that the broker assigned.
    pub client_id: Option<&'a str>,
    /// The User Name, whether proven or not.
    pub username: Option<&'a str>,
    /// The client's address; `None` where there is none, as on a Unix socket.
    pub peer: Option<IpAddr>,
}

impl Block {
    /// Whether it is about this client, in force or not. With [`Block::is_in_force`] that is what
    /// [`Blocks::find`](super::Blocks::find) answers, for one block: which sessions a new block ends.
    #[must_use]
    pub fn hits(&self, subject: &Subject<'_>) -> bool {
        match &self.target {
            BlockTarget::Credential(id) => subject.credential == Some(id.as_str()),
            BlockTarget::Device(id) => subject.device == Some(id.as_str()),
            BlockTarget::ClientId(name) => subject.client_id == Some(name.as_str()),
            BlockTarget::UserName(name) => subject.username == Some(name.as_str()),
            BlockTarget::Ip(address) => subject.peer.is_some_and(|peer| PeerAddress::from(peer) == *address),
            BlockTarget::Cidr(cidr) => subject.peer.is_some_and(|peer| cidr.contains(peer)),
            BlockTarget::Product(id) => subject.product == Some(id.as_str()),
        }
    }

    /// Whether it holds at `now`: before [`Block::until`], not at it.
    #[must_use]
    pub fn is_in_force(&self, now: UnixMillis) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}
