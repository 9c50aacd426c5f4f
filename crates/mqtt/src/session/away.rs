use crate::Dialect;
use crate::time::Timestamp;

/// What is known of a client that is away: whoever is connected pays nothing for it.
#[derive(Debug)]
pub(crate) struct Away {
    pub(crate) since: Timestamp,
    /// When the session ends; [`Timestamp::NEVER`] if it does not.
    pub(crate) expires_at: Timestamp,
    pub(crate) dialect: Dialect,
    /// Its last CONNECT.
    pub(crate) said: Said,
    /// What the driver knew it by.
    pub(crate) username: Option<Box<str>>,
}

/// What a CONNECT said that nothing but the control interface asks for later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// Keep Alive; what is in force may be less.
    pub(crate) keep_alive_secs: u16,
    /// Clean Start, or Clean Session.
    pub(crate) clean_start: bool,
}
