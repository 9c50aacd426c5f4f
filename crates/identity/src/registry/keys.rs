use async_trait::async_trait;

use super::{Command, Desk, Refusal};
use crate::PepperVersion;
use crate::store::{KeyUses, LogId};

/// Opens a database with the keys at hand: takes new ones down, and forgets those that are not there any more and
/// that nothing needs.
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
    /// A key that is still needed is not there.
    #[error(
        "key {version} is missing, and what was made with it is not revoked ({uses}): put it back, and leave it out \
         when all of that is rotated or revoked"
    )]
    Missing {
        /// Which.
        version: PepperVersion,
        /// By what.
        uses: KeyUses,
    },
    /// Another key has its number.
    #[error("key {0} is not the one that the database was used with; put the right key file back")]
    Wrong(PepperVersion),
}

#[async_trait]
impl Command for AdoptKeys {
    /// What was opened, and the keys that were forgotten.
    type Outcome = Result<(Opened, Vec<PepperVersion>), KeysFault>;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<Self::Outcome, Refusal> {
        let known = desk.rows().keys().await?;
        let at_hand: Vec<_> = desk.keyring().check_values().collect();
        let mut unneeded = Vec::new();
        for (version, check) in &known {
            match at_hand.iter().find(|(own, _)| own == version) {
                None => {
                    let uses = desk.rows().key_uses(*version).await?;
                    if !uses.is_none() {
                        return Ok(Err(KeysFault::Missing { version: *version, uses }));
                    }
                    unneeded.push((*version, *check));
                }
                Some((_, own)) if own != check => return Ok(Err(KeysFault::Wrong(*version))),
                Some(_) => {}
            }
        }
        // Nobody administers, but who keeps the key file.
        desk.audit_all();
        for key in &unneeded {
            desk.rows().delete_key(key.0).await?;
            desk.audit("key.retire", "", Some(key), None).await?;
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
        let retired = unneeded.into_iter().map(|(version, _)| version).collect();
        Ok(Ok((Opened { log, head }, retired)))
    }
}
