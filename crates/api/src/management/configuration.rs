//! What the broker is told to be: read, changed for good, and taken back.

use async_trait::async_trait;
use vouchmq_client::dto::configuration::EffectiveValue;
use vouchmq_client::dto::reload::Reloaded;
use vouchmq_identity::registry::RecordDeed;

use super::Management;
use super::caller::Caller;
use crate::http::{Code, Problem};

pub(super) mod change;
pub(super) mod effective;
pub(super) mod file;
pub(super) mod reload;
pub(super) mod rollback;

/// Whoever reads the configuration, writes it and goes on with it, as a port: the process that was started with it.
///
/// All of a change is taken or nothing, and one change at a time.
#[async_trait]
pub trait Configuration: Send + Sync {
    /// Reads the configuration, and all files that it names, and goes on with them.
    ///
    /// # Errors
    /// [`InvalidConfig`]: nothing has changed.
    async fn reload(&self) -> Result<Reloaded, InvalidConfig>;

    /// Every value in effect, in the order of the documentation; secrets are hidden.
    async fn effective(&self) -> Vec<EffectiveValue>;

    /// Changes keys for good: they are kept beside the data, above what the file says.
    ///
    /// # Errors
    /// [`InvalidConfig`]: nothing has changed, neither on disk nor at work.
    async fn change(&self, changes: Vec<KeyChange>) -> Result<Reloaded, InvalidConfig>;

    /// Puts `text` in place of the file that the process was started with.
    ///
    /// # Errors
    /// [`InvalidConfig`]: nothing has changed, neither on disk nor at work.
    async fn replace(&self, text: String) -> Result<Reloaded, InvalidConfig>;

    /// Puts back what was there before the last change of this kind, which can be taken back in the same way.
    ///
    /// # Errors
    /// [`InvalidConfig`]: nothing has changed; also if there was no change.
    async fn roll_back(&self, kept: Kept) -> Result<Reloaded, InvalidConfig>;

    /// The file that the process was started with, secrets hidden: that of includes is not in it.
    ///
    /// # Errors
    /// There is no such file, or it cannot be understood, and so nobody knows where secrets are in it.
    async fn text(&self) -> Result<String, InvalidConfig>;
}

/// What a key is to be.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyChange {
    /// The key, as `mqtt.max_packet_size`; segments with other letters between quotes, as `auth.password."a.b"`.
    pub key: String,
    /// The value: as it stands for one value (`2MB`), in the syntax of the file for lists and blocks (`[a, b]`,
    /// `{ … }`). `None` takes back what was changed before. `(hidden)` leaves a secret as it is.
    pub value: Option<String>,
}

/// What is kept of the last change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The changed keys, as they were before.
    Overrides,
    /// The file, as it was before.
    File,
}

/// Why a configuration is not gone on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidConfig {
    /// Each mistake: where it is (a key, or a file with its line), and what is wrong and what to do.
    pub mistakes: Vec<(String, String)>,
}

/// The value may be a secret.
impl std::fmt::Debug for KeyChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyChange").field("key", &self.key).finish_non_exhaustive()
    }
}

impl InvalidConfig {
    /// One mistake.
    pub fn one(place: impl Into<String>, text: impl Into<String>) -> Self {
        Self { mistakes: vec![(place.into(), text.into())] }
    }
}

impl From<InvalidConfig> for Problem {
    fn from(InvalidConfig { mistakes }: InvalidConfig) -> Self {
        let detail = match mistakes.as_slice() {
            [(place, text)] => format!("{place}: {text}; nothing has changed"),
            all => format!("{} mistakes; nothing has changed", all.len()),
        };
        let problem = Self::new(Code::ConfigInvalid, detail);
        mistakes
            .into_iter()
            .fold(problem, |problem, (place, text)| problem.with_error(place, "config_invalid", text))
    }
}

impl Management {
    /// The configuration, where there is one.
    fn configuration(&self) -> Result<&dyn Configuration, Problem> {
        self.configuration.as_deref().ok_or_else(|| {
            Problem::new(Code::Conflict, "this process has no configuration that could be read again")
        })
    }

    /// Takes down what has been done. It has happened, whether or not it can be written down; a failure to do so
    /// is told.
    pub(super) async fn record(
        &self,
        caller: Caller,
        action: &'static str,
        name: &str,
        detail: &str,
    ) -> Result<(), Problem> {
        let detail = detail.get(..detail.floor_char_boundary(DETAIL_LEN_MAX)).unwrap_or_default();
        let deed = RecordDeed { action, name: name.to_owned(), detail: detail.to_owned() };
        self.registry.execute(caller.actor, deed).await?;
        Ok(())
    }
}

/// Bytes of what the audit log is told.
const DETAIL_LEN_MAX: usize = 256;
