use super::Scope;
use super::word::words;

words! {
    /// What an operator is: a name for [scopes](Role::scopes) that go together.
    Role {
        /// Everything.
        Administrator = "administrator",
        /// The daily work: devices, their credentials, who is connected, messages; neither keys nor configuration.
        Operator = "operator",
        /// Looking at devices, clients, configuration and figures.
        Viewer = "viewer",
        /// Looking at what was done, by whom, and at what happened at the door.
        Auditor = "auditor",
        /// Another broker: asking about its clients, and following changes.
        Broker = "broker",
    }
}

impl Role {
    /// What it opens.
    pub const fn scopes(self) -> &'static [Scope] {
        match self {
            Self::Administrator => &[Scope::Admin],
            Self::Operator => &[
                Scope::DevicesRead,
                Scope::DevicesWrite,
                Scope::CredentialsWrite,
                Scope::RegistrationsApprove,
                Scope::BlocksWrite,
                Scope::StatsRead,
                Scope::ClientsRead,
                Scope::ClientsWrite,
                Scope::MessagesRead,
                Scope::MessagesWrite,
                Scope::ConfigRead,
            ],
            Self::Viewer => &[Scope::DevicesRead, Scope::StatsRead, Scope::ClientsRead, Scope::ConfigRead],
            Self::Auditor => &[Scope::AuditRead, Scope::StatsRead, Scope::DevicesRead],
            Self::Broker => &[Scope::Verify, Scope::ChangesRead],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_administrator_makes_keys_changes_the_configuration_or_ends_the_broker() {
        for role in Role::ALL.iter().filter(|role| **role != Role::Administrator) {
            for scope in [Scope::Admin, Scope::ConfigWrite, Scope::Control] {
                assert!(!role.scopes().contains(&scope), "{role} {scope}");
            }
        }
    }

    #[test]
    fn who_looks_changes_nothing() {
        for role in [Role::Viewer, Role::Auditor] {
            let is_change = |scope: &&Scope| !scope.as_str().ends_with(":read");
            assert_eq!(role.scopes().iter().find(is_change), None, "{role}");
        }
    }
}
