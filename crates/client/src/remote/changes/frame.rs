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

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(name: &str, id: Option<&str>, data: &str) -> Result<Frame, Garbage> {
        Frame::try_from(Event { name: name.to_owned(), data: data.to_owned(), id: id.map(str::to_owned) })
    }

    #[test]
    fn what_is_not_known_is_passed_over_and_what_is_known_has_to_be_right() {
        assert_eq!(frame("", None, "x"), Ok(Frame::Other));
        assert_eq!(frame("later", None, "{}"), Ok(Frame::Other));
        let reset = Reset { head_seq: 5, log: "a1".to_owned() };
        assert_eq!(frame("reset", None, r#"{"head_seq":5,"log":"a1","more":1}"#), Ok(Frame::Reset(reset)));
        for (name, data) in [
            ("reset", ""),
            ("reset", r#"{"head_seq":-5,"log":"a1"}"#),
            ("reset", r#"{"head_seq":5,"log":"a1&after=9"}"#),
            ("reset", r#"{"head_seq":5,"log":""}"#),
            ("heartbeat", r#"{"head_seq":5}"#),
            ("heartbeat", r#"{"head_seq":5,"server_time":"","log":"a b"}"#),
            ("change", r#"{"seq":1}"#),
            ("change", "<html>"),
        ] {
            assert_eq!(frame(name, None, data), Err(Garbage), "{name} {data}");
        }
        let change = r#"{"seq":2,"prev_seq":1,"ts":"","kind":"device","kick":"none"}"#;
        assert!(
            matches!(frame("change", Some("a1:2"), change), Ok(Frame::Change(_, Some(log))) if &*log == "a1")
        );
        assert!(matches!(frame("change", Some("2"), change), Ok(Frame::Change(_, None))));
        assert_eq!(frame("change", Some("a/1:2"), change), Err(Garbage));
    }
}
