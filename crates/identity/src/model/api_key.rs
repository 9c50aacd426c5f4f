use super::word::words;
use super::{ApiKeyId, Name};
use crate::blocks::Cidr;
use crate::{KeyId, SecretVerifier, UnixMillis};

words! {
    /// What an API key opens.
    Scope {
        /// Everything, API keys included.
        Admin = "admin",
        /// Reading products, devices, their credentials' metadata, claim tokens and registrations.
        DevicesRead = "devices:read",
        /// Changing products and devices, importing and exporting.
        DevicesWrite = "devices:write",
        /// Issuing, rotating and revoking credentials and claim tokens.
        CredentialsWrite = "credentials:write",
        /// Approving and rejecting registrations.
        RegistrationsApprove = "registrations:approve",
        /// Reading and changing blocks.
        BlocksWrite = "blocks:write",
        /// Asking the authentication service.
        Verify = "auth:verify",
        /// Following the change log.
        ChangesRead = "changes:read",
        /// Reading the audit log.
        AuditRead = "audit:read",
        /// Reading figures and security events.
        StatsRead = "stats:read",
        /// Reading who is connected, subscriptions, listeners and limits.
        ClientsRead = "clients:read",
        /// Disconnecting clients.
        ClientsWrite = "clients:write",
        /// Reading retained messages, and following what a client sends and is sent.
        MessagesRead = "messages:read",
        /// Publishing, and deleting retained messages.
        MessagesWrite = "messages:write",
        /// Reading the configuration, without what is secret in it.
        ConfigRead = "config:read",
        /// Changing the configuration, log levels and limits, and reading it again.
        ConfigWrite = "config:write",
        /// Ending the broker, and starting it anew.
        Control = "broker:control",
    }
}

/// Opens part of the management API.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What people call it; stands in the audit log.
    pub name: Name,
    /// What its text names it by.
    pub key_id: KeyId,
    /// What its text is compared with.
    pub verifier: SecretVerifier,
    /// What it opens.
    pub scopes: Vec<Scope>,
    /// Where it may be used from; anywhere if empty.
    pub networks: Vec<Cidr>,
    /// It opens nothing from this time on.
    pub expires_at: Option<UnixMillis>,
    /// When it was withdrawn.
    pub revoked_at: Option<UnixMillis>,
    /// When it was made.
    pub created_at: UnixMillis,
}

impl ApiKey {
    /// Whether it opens anything at this time.
    pub fn is_live(&self, now: UnixMillis) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether it opens what needs `scope`.
    pub fn opens(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope) || self.scopes.contains(&Scope::Admin)
    }
}
