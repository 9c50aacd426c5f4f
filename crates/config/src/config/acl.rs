//! Rules of `auth.acl`, as they are written: an ordered list of them is made elsewhere.

use vouchmq_identity::Cidr;

use crate::hocon::Place;

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AclRule {
    /// Whether it allows; else it denies.
    pub is_allow: bool,
    /// What it is about.
    pub action: AclAction,
    /// The topics that it is about.
    pub topics: AclTopics,
    /// Whom it is about; all of it has to be so.
    pub selector: AclSelector,
    /// Where it begins.
    pub place: Place,
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AclAction {
    /// `publish`
    Publish,
    /// `subscribe`
    Subscribe,
    /// `pubsub`, and what is meant when nothing is said.
    Both,
}

/// The topics of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AclTopics {
    /// There is no `topics`: all of them.
    All,
    /// These, at least one: filters in which `${clientid}` and `${username}` stand for names of the client, and
    /// which are taken literally behind an `@`.
    These(Vec<(Box<str>, Place)>),
}

/// Whom a rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AclSelector {
    /// Every client: nothing is said.
    Everybody,
    /// The client of this name; `#` is all of them.
    Username(Box<str>),
    /// The client of this identifier; `#` is all of them.
    ClientId(Box<str>),
    /// Clients of one of these networks.
    Networks(Vec<Cidr>),
    /// Each of these, at least one.
    And(Vec<Self>),
    /// At least one of these, of which there is one.
    Or(Vec<Self>),
}
