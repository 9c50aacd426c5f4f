use async_trait::async_trait;

use super::{Command, Desk, Refusal};
use crate::PepperVersion;
use crate::store::LogId;

/// Opens a database with the keys at hand, and takes new ones down.
#[derive(Clone, Copy, Debug, Default)]
pub struct AdoptKeys {
    /// The log gets another identity: the database was restored, and who followed it must begin anew.
    pub is_new_log: bool,
}

/// What was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Which log.
    pub log: LogId,
    /// Its last entry.
    pub head: u64,
}

/// Database and keys do not belong together. Nobody could log in; nothing is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeysFault {
    /// A key that the database was used with is not there.
    #[error("key {0} is missing: the database was used with it")]
    Missing(PepperVersion),
    /// Another key has its number.
    #[error("key {0} is not the one that the database was used with")]
    Wrong(PepperVersion),
}

#[async_trait]
impl Command for AdoptKeys {
    type Outcome = Result<Opened, KeysFault>;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<Self::Outcome, Refusal> {
        let known = desk.rows().keys().await?;
        let at_hand: Vec<_> = desk.keyring().check_values().collect();
        for (version, check) in &known {
            match at_hand.iter().find(|(own, _)| own == version) {
                None => return Ok(Err(KeysFault::Missing(*version))),
                Some((_, own)) if own != check => return Ok(Err(KeysFault::Wrong(*version))),
                Some(_) => {}
            }
        }
        for (version, check) in at_hand {
            if !known.iter().any(|(one, _)| *one == version) {
                desk.rows().put_key(version, check).await?;
            }
        }
        let (mut log, head) = desk.rows().log_head().await?;
        if self.is_new_log || log == LogId::default() {
            log = LogId::generate(desk)?;
            desk.rows().put_log_id(log).await?;
        }
        Ok(Ok(Opened { log, head }))
    }
}
