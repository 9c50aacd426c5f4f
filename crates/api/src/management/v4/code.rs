use axum::http::StatusCode;
use serde::{Serialize, Serializer};

use crate::http::Code;

/// What NanoMQ says in `code`: 0 is done, everything else is why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResultCode {
    /// It is done.
    Done,
    /// Something behind the API does not answer, or is not there.
    Unreachable,
    /// There is no such path or method, or nobody knows why.
    Unknown,
    /// User name, password or token are wrong.
    WrongLogin,
    /// There is no login at all.
    NoLogin,
    /// A parameter is wrong.
    Parameter,
    /// The body is not JSON, or not of the shape that it must have.
    NotJson,
    /// The feature is not there.
    NotBuilt,
    /// The client is not connected.
    Offline,
    /// The token has expired.
    Expired,
    /// The body is no configuration.
    NotHocon,
}

impl ResultCode {
    /// As it stands in the body.
    pub(super) const fn number(self) -> u16 {
        match self {
            Self::Done => 0,
            Self::Unreachable => 101,
            Self::Unknown => 102,
            Self::WrongLogin => 103,
            Self::NoLogin => 104,
            Self::Parameter => 108,
            Self::NotJson => 109,
            Self::NotBuilt => 111,
            Self::Offline => 112,
            Self::Expired => 116,
            Self::NotHocon => 117,
        }
    }

    /// What is said where our own APIs have a problem of this status.
    pub(super) fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            401 | 429 => Self::WrongLogin,
            404 | 405 => Self::Unknown,
            500.. => Self::Unreachable,
            _ => Self::Parameter,
        }
    }

    /// What is said where our own APIs have this problem.
    pub(super) fn of_problem(code: Code) -> Self {
        match code.as_str() {
            "malformed_json" => Self::NotJson,
            "config_invalid" => Self::NotHocon,
            _ => Self::of_status(code.status()),
        }
    }
}

impl Serialize for ResultCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(self.number())
    }
}
