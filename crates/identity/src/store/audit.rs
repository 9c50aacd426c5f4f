use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use aws_lc_rs::digest;

use crate::UnixMillis;
use crate::model::UnknownWord;

/// A SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

/// Who did what to what, from where: one administrative change.
///
/// What changed is told by digests of the row before and after, which give nothing away; never by a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// When.
    pub at: UnixMillis,
    /// Who: an API key's name, `admin`, `device:{id}`, or `system`.
    pub actor: Box<str>,
    /// Where from.
    pub address: Option<IpAddr>,
    /// The request it was part of.
    pub request_id: Option<Box<str>>,
    /// What was done, as `device.suspend`.
    pub action: Box<str>,
    /// What it was done to, as `device/0199…`.
    pub target: Box<str>,
    /// Why, in the words of who did it; empty if they said nothing.
    pub reason: Box<str>,
    /// The row before; `None` if there was none.
    pub before: Option<Digest>,
    /// The row after; `None` if it is gone.
    pub after: Option<Digest>,
}

/// An [`AuditRecord`] in its place: its hash covers that of the entry before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its number; the first is 1.
    pub sequence: u64,
    /// What was done.
    pub record: AuditRecord,
    /// The hash of the entry before; zeros for the first.
    pub previous: Digest,
    /// SHA-256 over all of the above, each part with its length before it.
    pub hash: Digest,
}

/// The end of an audit log: what the next entry is chained to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    sequence: u64,
    hash: Digest,
}

/// An audit log was changed behind our back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainFault {
    /// An entry is missing.
    #[error("audit entry {expected} is missing")]
    Gap {
        /// The number that should have come.
        expected: u64,
    },
    /// An entry is not what it was.
    #[error("audit entry {sequence} is not what was written")]
    Changed {
        /// Its number.
        sequence: u64,
    },
}

// === impl Chain ===

impl Default for Chain {
    /// Before the first entry.
    fn default() -> Self {
        Self { sequence: 0, hash: Digest([0; 32]) }
    }
}

impl From<&AuditEntry> for Chain {
    fn from(last: &AuditEntry) -> Self {
        Self { sequence: last.sequence, hash: last.hash }
    }
}

impl Chain {
    /// Puts a record behind the last one.
    pub fn append(&mut self, record: AuditRecord) -> AuditEntry {
        let (sequence, previous) = (self.sequence + 1, self.hash);
        let hash = hash_of(sequence, &record, previous);
        *self = Self { sequence, hash };
        AuditEntry { sequence, record, previous, hash }
    }

    /// Follows an entry that was read.
    ///
    /// # Errors
    /// [`ChainFault`]: it is not the next one, or not what was written.
    pub fn follow(&mut self, entry: &AuditEntry) -> Result<(), ChainFault> {
        let expected = self.sequence + 1;
        if entry.sequence != expected {
            return Err(ChainFault::Gap { expected });
        }
        let is_same = entry.previous == self.hash
            && entry.hash == hash_of(entry.sequence, &entry.record, entry.previous);
        if !is_same {
            return Err(ChainFault::Changed { sequence: entry.sequence });
        }
        *self = Self::from(entry);
        Ok(())
    }
}

fn hash_of(sequence: u64, record: &AuditRecord, previous: Digest) -> Digest {
    let AuditRecord { at, actor, address, request_id, action, target, reason, before, after } = record;
    let address = address.map(|address| address.to_string()).unwrap_or_default();
    let digest_text = |digest: &Option<Digest>| digest.map(|digest| digest.to_string()).unwrap_or_default();
    Digest::of(&[
        &sequence.to_string(),
        &at.millis().to_string(),
        actor,
        &address,
        request_id.as_deref().unwrap_or_default(),
        action,
        target,
        reason,
        &digest_text(before),
        &digest_text(after),
        &previous.to_string(),
    ])
}

// === impl Digest ===

impl Digest {
    /// The digest of these parts, each with its length before it: other parts never have the same.
    pub fn of(parts: &[&str]) -> Self {
        Self::framed(parts.iter().map(|part| part.as_bytes()))
    }

    /// The same of parts that need not be text.
    pub fn of_bytes(parts: &[&[u8]]) -> Self {
        Self::framed(parts.iter().copied())
    }

    fn framed<'a>(parts: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut bytes = [0; 32];
        bytes.iter_mut().zip(context.finish().as_ref()).for_each(|(byte, from)| *byte = *from);
        Self(bytes)
    }
}

impl fmt::Display for Digest {
    /// Sixty-four hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let unknown = || UnknownWord { found: text.into(), known: &["64 hexadecimal digits"] };
        let digit = |byte: &u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            _ => Err(unknown()),
        };
        let mut bytes = [0; 32];
        if text.len() != 2 * bytes.len() {
            return Err(unknown());
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let [high, low] = pair else { return Err(unknown()) };
            *byte = (digit(high)? << 4) | digit(low)?;
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(target: &str) -> AuditRecord {
        AuditRecord {
            at: UnixMillis::new(1_700_000_000_000),
            actor: "admin".into(),
            address: None,
            request_id: None,
            action: "device.suspend".into(),
            target: target.into(),
            reason: "".into(),
            before: None,
            after: Some(Digest::of(&["a"])),
        }
    }

    #[test]
    fn a_chain_notices_what_is_missing_and_what_is_changed() {
        let mut chain = Chain::default();
        let entries: Vec<AuditEntry> = ["a", "b", "c"].map(|target| chain.append(record(target))).into();
        let follow = |entries: &[AuditEntry]| {
            let mut chain = Chain::default();
            entries.iter().try_for_each(|entry| chain.follow(entry))
        };
        assert_eq!(follow(&entries), Ok(()));
        assert_eq!(follow(&[entries[0].clone(), entries[2].clone()]), Err(ChainFault::Gap { expected: 2 }));
        let mut forged = entries.clone();
        forged[1].record.actor = "nobody".into();
        assert_eq!(follow(&forged), Err(ChainFault::Changed { sequence: 2 }));
        // Whoever computes the hash anew breaks the next link.
        forged[1].hash = hash_of(2, &forged[1].record, forged[1].previous);
        assert_eq!(follow(&forged), Err(ChainFault::Changed { sequence: 3 }));
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(Digest::of(&["ab", "c"]), Digest::of(&["a", "bc"]));
        let digest = Digest::of(&["x"]);
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert!("0".repeat(63).parse::<Digest>().is_err());
        assert!("G".repeat(64).parse::<Digest>().is_err());
    }
}
