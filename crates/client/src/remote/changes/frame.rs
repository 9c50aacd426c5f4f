use serde::de::DeserializeOwned;

use super::Event;
use crate::dto::change::{Change, Heartbeat, Reset};

/// What an event of the change stream means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Something changed, in this log, if that is said.
    Change(Change, Option<Box<str>>),
    /// The service is there.
    Heartbeat(Heartbeat),
    /// What went before is not known there.
    Reset(Reset),
    /// Something that this version does not know.
    Other,
}

/// An event that is not written as it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the change stream has an event that cannot be understood")]
pub struct Garbage;

const LOG_LEN_MAX: usize = 64;

impl TryFrom<Event> for Frame {
    type Error = Garbage;

    fn try_from(event: Event) -> Result<Self, Garbage> {
        match &*event.name {
            "change" => {
                let log = event.id.as_deref().and_then(|id| id.split_once(':')).map(|(log, _)| log);
                log.map_or(Ok(()), check_log)?;
                Ok(Self::Change(read(&event.data)?, log.map(Into::into)))
            }
            "heartbeat" => {
                let heartbeat: Heartbeat = read(&event.data)?;
                check_log(&heartbeat.log)?;
                Ok(Self::Heartbeat(heartbeat))
            }
            "reset" => {
                let reset: Reset = read(&event.data)?;
                check_log(&reset.log)?;
                Ok(Self::Reset(reset))
            }
            _ => Ok(Self::Other),
        }
    }
}

/// It is sent back as part of a URL.
fn check_log(log: &str) -> Result<(), Garbage> {
    let is_log =
        (1..=LOG_LEN_MAX).contains(&log.len()) && log.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_log { Ok(()) } else { Err(Garbage) }
}

fn read<T: DeserializeOwned>(data: &str) -> Result<T, Garbage> {
    serde_json::from_str(data).map_err(|_| Garbage)
}
