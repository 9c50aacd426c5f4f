use crate::acl::Names;
use crate::{Access, Allowance, AuthRequest, Authenticator, Cost, Principal, Verdict};

/// Accepts clients without proof.
///
/// An accepted client is [`Principal::Anonymous`], also when it gave a user name: the name is not proven,
/// and `${username}` in its rules has no value.
#[derive(Clone, Debug)]
pub struct Anonymous {
    whom: Whom,
    access: Access,
}

#[derive(Clone, Copy, Debug)]
enum Whom {
    Everybody,
    WithoutUserName,
}

impl Anonymous {
    /// Accepts everybody, whatever they present. For a broker that knows no users.
    pub const fn everybody(access: Access) -> Self {
        Self { whom: Whom::Everybody, access }
    }

    /// Accepts who presents no user name, so that a mistyped name is an error and not an anonymous client.
    /// For a broker that knows users too.
    pub const fn without_user_name(access: Access) -> Self {
        Self { whom: Whom::WithoutUserName, access }
    }
}

impl Authenticator for Anonymous {
    fn cost(&self, _: &AuthRequest) -> Cost {
        Cost::Cheap
    }

    fn verify(&self, request: &AuthRequest) -> Verdict {
        match (self.whom, &request.username) {
            (Whom::WithoutUserName, Some(_)) => Verdict::NotMine,
            (Whom::Everybody, _) | (Whom::WithoutUserName, None) => Verdict::Allow(Allowance {
                principal: Principal::Anonymous,
                authorize: self.access.of(&Names { client_id: &request.client_id, ..Names::default() }),
                expires_at: None,
            }),
        }
    }
}
