use std::fmt;

/// Why a WebSocket connection ends (RFC 6455 §7.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseCode(u16);

impl CloseCode {
    /// The purpose is fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// The server goes down, or the page is left.
    pub const GOING_AWAY: Self = Self(1001);
    /// A frame broke the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// A frame of a kind that is not accepted.
    pub const UNSUPPORTED_DATA: Self = Self(1003);
    /// Text that is no UTF-8.
    pub const INVALID_DATA: Self = Self(1007);
    /// A frame that is too large.
    pub const TOO_BIG: Self = Self(1009);

    /// The code of a Close frame; `None` for one that may not be sent.
    pub(crate) fn received(code: u16) -> Option<Self> {
        matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999).then_some(Self(code))
    }

    /// The number.
    pub const fn number(self) -> u16 {
        self.0
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
