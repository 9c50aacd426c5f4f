//! What the broker is told to be: read, changed for good, and taken back.

use async_trait::async_trait;
use vouchmq_client::dto::configuration::EffectiveValue;
use vouchmq_client::dto::reload::{ConfigChange, Reloaded};
use vouchmq_identity::model::Scope;
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
    /// Every value in effect, in the order of the documentation; secrets are hidden. It waits for no change.
    async fn effective(&self) -> Vec<EffectiveValue>;

    /// Reads what the configuration would come to, with all files that it names. Nobody else changes anything until
    /// the draft is gone.
    ///
    /// # Errors
    /// [`Undrafted`]: there is nothing to go on with.
    async fn draft(&self, edit: Edit, authority: Authority) -> Result<Box<dyn Draft>, Undrafted>;

    /// The file that the process was started with, secrets hidden: that of includes is not in it.
    ///
    /// # Errors
    /// There is no such file, or it cannot be understood, and so nobody knows where secrets are in it.
    async fn text(&self) -> Result<String, InvalidConfig>;
}

/// A configuration without a mistake, as it would be: neither on disk nor at work yet.
#[async_trait]
pub trait Draft: Send {
    /// What would change.
    fn changes(&self) -> Vec<ConfigChange>;

    /// Every value, as it would be.
    fn effective(&self) -> Vec<EffectiveValue>;

    /// Writes it, and goes on with it. To its end, also if nobody waits for it any more.
    ///
    /// # Errors
    /// [`InvalidConfig`]: nothing has changed, neither on disk nor at work.
    async fn commit(self: Box<Self>) -> Result<Reloaded, InvalidConfig>;
}

/// What is to be done to a configuration.
pub enum Edit {
    /// Nothing: files are read again, as they are.
    Reload,
    /// Keys are changed for good: they are kept beside the data, above what the file says.
    Keys(Vec<KeyChange>),
    /// A text is put in place of the file that the process was started with.
    File(String),
    /// What was there before the last change of this kind is put back; that can be taken back in the same way.
    Rollback(Kept),
}

/// Values may be secrets.
impl std::fmt::Debug for Edit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Reload => f.write_str("Reload"),
            Self::Keys(changes) => f.debug_tuple("Keys").field(changes).finish(),
            Self::File(_) => f.write_str("File(…)"),
            Self::Rollback(kept) => f.debug_tuple("Rollback").field(kept).finish(),
        }
    }
}

/// What whoever wants an edit may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// Everything.
    Everything,
    /// What is not guarded: limits. Not who may come in, nor what is read or written where.
    Limits,
}

/// Why there is no draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undrafted {
    /// It has mistakes.
    Invalid(InvalidConfig),
    /// These keys would change, and [`Authority::Limits`] is not enough for them. No file that they name was looked at.
    Guarded(Vec<String>),
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

impl From<InvalidConfig> for Undrafted {
    fn from(invalid: InvalidConfig) -> Self {
        Self::Invalid(invalid)
    }
}

impl From<Undrafted> for Problem {
    fn from(undrafted: Undrafted) -> Self {
        match undrafted {
            Undrafted::Invalid(invalid) => invalid.into(),
            Undrafted::Guarded(keys) => {
                let detail = format!(
                    "this needs the scope {} too, as it says who may come in, or what is read or written where: {}; \
                     nothing has changed",
                    Scope::Admin,
                    keys.join(", ")
                );
                let told = "only the scope admin changes it";
                let problem = Self::new(Code::Forbidden, detail);
                keys.into_iter().fold(problem, |problem, key| problem.with_error(key, "guarded", told))
            }
        }
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

    /// Takes a draft down, and goes on with it: what cannot be audited is not done. What fails then is taken down
    /// as well.
    ///
    /// # Errors
    /// It cannot be taken down. Within: it failed. Nothing has changed.
    pub(super) async fn commit(
        &self,
        caller: Caller,
        draft: Box<dyn Draft>,
        action: &'static str,
        detail: &str,
    ) -> Result<Result<Reloaded, InvalidConfig>, Problem> {
        self.record(caller.clone(), action, "config", detail).await?;
        let committed = draft.commit().await;
        if committed.is_err() {
            self.record(caller, action, "config", "it failed, and nothing has changed").await?;
        }
        Ok(committed)
    }

    /// Takes down what is going to be done.
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

/// How many keys change, and which: never a value.
fn told(changes: &[ConfigChange]) -> String {
    let keys: Vec<&str> = changes.iter().map(|change| change.key.as_str()).collect();
    match keys.as_slice() {
        [] => "0 changes".to_owned(),
        keys => format!("{} changes: {}", keys.len(), keys.join(", ")),
    }
}

/// Bytes of what the audit log is told.
const DETAIL_LEN_MAX: usize = 256;
