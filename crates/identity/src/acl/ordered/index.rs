use std::collections::HashMap;

use super::{OrderedAcl, Selector};
use crate::acl::Names;

/// Where in an [`OrderedAcl`] the rules about a client are: a list with a rule for each user is not read as a whole
/// for each of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    users: HashMap<Box<str>, Vec<usize>>,
    clients: HashMap<Box<str>, Vec<usize>>,
    /// About whom else it is, the rules say themselves.
    others: Vec<usize>,
}

impl Index {
    pub(crate) fn of(acl: &OrderedAcl) -> Self {
        let mut index = Self::default();
        for (number, rule) in acl.rules.iter().enumerate() {
            let list = match &rule.whom {
                Selector::UserName(name) => index.users.entry(name.clone()).or_default(),
                Selector::ClientId(id) => index.clients.entry(id.clone()).or_default(),
                Selector::Everybody | Selector::Address(_) | Selector::And(_) | Selector::Or(_) => {
                    &mut index.others
                }
            };
            list.push(number);
        }
        index
    }

    /// The rules that may be about a client, in their order.
    pub(super) fn numbers(&self, names: &Names<'_>) -> Vec<usize> {
        let of_user = names.username.and_then(|name| self.users.get(name));
        let of_client = self.clients.get(names.client_id);
        let lists = [of_user, of_client, Some(&self.others)];
        let mut numbers: Vec<usize> = lists.into_iter().flatten().flatten().copied().collect();
        numbers.sort_unstable();
        numbers
    }
}
