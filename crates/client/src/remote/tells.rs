//! What a request tells of a client: another answer is the answer to another question.

/// What requests tell of a client beside its names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a placeholder that is there or not")]
pub(super) struct Tells {
    /// Its password.
    pub(super) password: bool,
    /// Its address.
    pub(super) peer: bool,
    /// Its port.
    pub(super) peer_port: bool,
    /// Its certificate.
    pub(super) certificate: bool,
    /// Its listener, or the port of that.
    pub(super) listener: bool,
    /// Its protocol.
    pub(super) protocol: bool,
}

impl Tells {
    /// What either tells.
    pub(super) const fn or(self, other: Self) -> Self {
        Self {
            password: self.password || other.password,
            peer: self.peer || other.peer,
            peer_port: self.peer_port || other.peer_port,
            certificate: self.certificate || other.certificate,
            listener: self.listener || other.listener,
            protocol: self.protocol || other.protocol,
        }
    }
}
