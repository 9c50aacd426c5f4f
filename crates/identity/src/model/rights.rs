use super::{Role, Scope};

/// What an operator may do: a role, scopes, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    role: Option<Role>,
    scopes: Box<[Scope]>,
}

impl Rights {
    /// Those of `role`, and `scopes` beside them; nothing where there is neither.
    pub fn new(role: Option<Role>, scopes: impl IntoIterator<Item = Scope>) -> Self {
        let mut all: Vec<Scope> = role.map(Role::scopes).unwrap_or_default().to_vec();
        all.extend(scopes);
        all.sort_unstable();
        all.dedup();
        Self { role, scopes: all.into() }
    }

    /// Everything.
    pub fn administrator() -> Self {
        Self::new(Some(Role::Administrator), [])
    }

    /// The role that was given, if one was.
    pub const fn role(&self) -> Option<Role> {
        self.role
    }

    /// All scopes, those of the role among them, in order, each once.
    pub const fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    /// Whether they open nothing.
    pub const fn is_empty(&self) -> bool {
        self.scopes.is_empty()
    }

    /// Whether they open what needs `scope`.
    pub fn opens(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope) || self.scopes.contains(&Scope::Admin)
    }
}

impl FromIterator<Scope> for Rights {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self::new(None, scopes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_and_scopes_open_what_both_do_and_no_more() {
        let rights = Rights::new(Some(Role::Auditor), [Scope::BlocksWrite, Scope::AuditRead]);
        for scope in Scope::ALL {
            let is_expected = Role::Auditor.scopes().contains(scope) || *scope == Scope::BlocksWrite;
            assert_eq!(rights.opens(*scope), is_expected, "{scope}");
        }
        assert!(
            Rights::default().is_empty() && Scope::ALL.iter().all(|scope| !Rights::default().opens(*scope))
        );
        assert!(Scope::ALL.iter().all(|scope| Rights::administrator().opens(*scope)));
    }
}
