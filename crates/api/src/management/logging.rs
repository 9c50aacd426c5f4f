//! What is logged, changed while it runs.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use vouchmq_client::dto::log::{LogChange, LogStatus};
use vouchmq_identity::registry::RecordDeed;

use super::Here;
use super::caller::Caller;
use super::refusal::invalid;
use super::text::{read, read_millis, read_some};
use crate::http::{Code, JsonBody, Problem};

/// Whoever writes the log, as a port.
pub trait Logging: Send + Sync {
    /// What is logged, and where to.
    fn levels(&self) -> LogStatus;

    /// Logs so from now on, in place of whatever was asked for before. Called within a tokio runtime.
    fn set_levels(&self, levels: Levels);
}

/// What is to be logged until the configuration is read again, the time is over or the process ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    /// What is at least so important; `None`: as the configuration says.
    pub level: Option<Level>,
    /// Other levels of targets, each with all that are below it.
    pub targets: BTreeMap<Box<str>, Level>,
    /// For how long; `None`: there is no end.
    pub lifetime: Option<Duration>,
}

/// How important something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "they are words")]
pub enum Level {
    Off,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// No level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write off, error, warn, info, debug or trace")]
pub struct NoLevel;

const TARGETS_MAX: usize = 32;
const TARGET_LEN_MAX: usize = 96;
const LIFETIME_MAX_MILLIS: u64 = 7 * 86_400_000;

/// What is logged, and where to.
#[utoipa::path(get, path = "/v1/log", operation_id = "read_log", tag = "log",
    responses((status = 200, body = LogStatus), (status = 409)))]
pub(super) async fn show(State(here): Here) -> Result<Json<LogStatus>, Problem> {
    let logging = here.logging.as_ref().ok_or_else(no_log)?;
    Ok(Json(logging.levels()))
}

/// Logs more or less from now on: until the time is over, the configuration is read again or the process ends. An
/// empty object goes back to what the configuration says.
#[utoipa::path(put, path = "/v1/log", operation_id = "change_log", tag = "log", request_body = LogChange,
    responses((status = 200, body = LogStatus), (status = 409), (status = 422)))]
pub(super) async fn change(
    State(here): Here,
    caller: Caller,
    JsonBody(wanted): JsonBody<LogChange>,
) -> Result<Json<LogStatus>, Problem> {
    let logging = here.logging.as_ref().ok_or_else(no_log)?;
    let levels = levels_of(&wanted)?;
    let name = levels.level.map_or_else(|| "as configured".to_owned(), |level| level.to_string());
    let detail: String = levels.to_string().chars().take(256).collect();
    // What cannot be audited is not done.
    here.registry.execute(caller.actor, RecordDeed { action: "log.level", name, detail }).await?;
    logging.set_levels(levels);
    Ok(Json(logging.levels()))
}

fn levels_of(wanted: &LogChange) -> Result<Levels, Problem> {
    if wanted.targets.len() > TARGETS_MAX {
        return Err(invalid("/targets", format!("at most {TARGETS_MAX} are possible")));
    }
    let target = |(target, level): (&String, &String)| {
        let is_usual = |byte: u8| byte.is_ascii_alphanumeric() || b"_:".contains(&byte);
        if target.is_empty() || target.len() > TARGET_LEN_MAX || !target.bytes().all(is_usual) {
            return Err(invalid("/targets", "a target is a name like vouchmq_broker or vouchmq_api::http"));
        }
        Ok((target.as_str().into(), read(&format!("/targets/{target}"), level)?))
    };
    let lifetime = wanted.lifetime.as_deref();
    let lifetime = lifetime.map(|text| read_millis("/for", text, LIFETIME_MAX_MILLIS)).transpose()?;
    if lifetime == Some(0) {
        return Err(invalid("/for", "a time is longer than nothing"));
    }
    Ok(Levels {
        level: read_some("/level", wanted.level.as_deref())?,
        targets: wanted.targets.iter().map(target).collect::<Result<_, _>>()?,
        lifetime: lifetime.map(Duration::from_millis),
    })
}

fn no_log() -> Problem {
    Problem::new(Code::Conflict, "this process has no log that could be changed")
}

impl FromStr for Level {
    type Err = NoLevel;

    fn from_str(text: &str) -> Result<Self, NoLevel> {
        Ok(match text {
            "off" => Self::Off,
            "error" => Self::Error,
            "warn" => Self::Warn,
            "info" => Self::Info,
            "debug" => Self::Debug,
            "trace" => Self::Trace,
            _ => return Err(NoLevel),
        })
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "off",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        })
    }
}

impl fmt::Display for Levels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.lifetime {
            Some(lifetime) => write!(f, "for {} s", lifetime.as_secs())?,
            None => f.write_str("without an end")?,
        }
        self.targets.iter().try_for_each(|(target, level)| write!(f, ", {target}={level}"))
    }
}
