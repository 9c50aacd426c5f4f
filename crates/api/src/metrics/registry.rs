use std::fmt;

use vouchmq_identity::events::EventKind;

use super::page::Page;

/// The registry, and what happened at the door.
#[derive(Debug, Default)]
pub(crate) struct RegistryFigures {
    pub(crate) devices: u64,
    pub(crate) blocks: u64,
    pub(crate) applied: u64,
    /// `None` while the database does not answer soon.
    pub(crate) head: Option<u64>,
    /// By kind and reason.
    pub(crate) events: Vec<(EventKind, &'static str, u64)>,
    /// Who follows the change log.
    pub(crate) followers: u64,
}

impl RegistryFigures {
    pub(super) fn write(&self, page: &mut Page<'_>) -> fmt::Result {
        page.gauge("vouchmq_registry_devices", "Devices that are not retired", self.devices)?;
        page.gauge("vouchmq_registry_blocks", "Blocks", self.blocks)?;
        page.gauge(
            "vouchmq_registry_applied_seq",
            "The last change of the registry by which clients are judged here",
            self.applied,
        )?;
        if let Some(head) = self.head {
            let help = "The last change of the registry; missing while the database does not answer";
            page.gauge("vouchmq_registry_head_seq", help, head)?;
        }
        page.gauge("vouchmq_registry_followers", "Streams of changes that are read", self.followers)?;
        let events: Vec<_> =
            self.events.iter().map(|(kind, reason, count)| (kind.to_string(), *reason, *count)).collect();
        page.counters(
            "vouchmq_events",
            "What happened at the door: logins denied, registrations, callers of the APIs refused",
            events
                .iter()
                .map(|(kind, reason, count)| ([("kind", kind.as_str()), ("reason", *reason)], *count)),
        )
    }
}
