use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use vouchmq_broker::SubscriptionQuery;

use super::answer::{Found, Refused, found};
use super::listing::PORTION;
use super::shared_text::SharedText;
use crate::management::Here;

/// A level of topic filters.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = NanomqTopicNode)]
pub(super) struct Node {
    /// The text of this level alone.
    topic: Box<str>,
    /// Levels directly below it.
    cld_cnt: usize,
    /// Who has subscribed to what ends here.
    #[schema(value_type = Vec<String>)]
    clientid: Vec<SharedText>,
}

/// Topic filters by their levels; the root has no text.
#[derive(Debug)]
struct Tree {
    nodes: Vec<Branch>,
}

#[derive(Debug, Default)]
struct Branch {
    below: BTreeMap<Box<str>, usize>,
    clients: Vec<SharedText>,
}

/// A list of topic-tree in the cluster.
#[utoipa::path(get, path = "/api/v4/topic-tree", operation_id = "nanomq_list_topic-tree", tag = "NanoMQ",
    responses((status = 200, body = Vec<Vec<Node>>, description = "in `data`: a list for each level, the root first")))]
pub(super) async fn list(State(here): Here) -> Result<Json<Found<Vec<Vec<Node>>>>, Refused> {
    let broker = here.broker.as_ref().ok_or(Refused::absent())?;
    let mut tree = Tree::new();
    let mut after = None;
    loop {
        let page = broker.subscriptions_page(SubscriptionQuery { after, limit: PORTION }).await;
        for one in page.items {
            tree.insert(&one.subscription.filter, one.client_id);
        }
        after = page.next;
        if after.is_none() {
            return Ok(found(tree.levels()));
        }
    }
}

impl Tree {
    fn new() -> Self {
        Self { nodes: vec![Branch::default()] }
    }

    fn insert(&mut self, filter: &str, client: Arc<str>) {
        let mut at = 0;
        for level in filter.split('/') {
            let new = self.nodes.len();
            let Some(branch) = self.nodes.get_mut(at) else { return };
            at = match branch.below.get(level) {
                Some(known) => *known,
                None => {
                    branch.below.insert(level.into(), new);
                    self.nodes.push(Branch::default());
                    new
                }
            };
        }
        if let Some(branch) = self.nodes.get_mut(at) {
            branch.clients.push(SharedText(client));
        }
    }

    /// Each level of it, from the root on.
    fn levels(mut self) -> Vec<Vec<Node>> {
        let mut levels = Vec::new();
        let mut level: Vec<(Box<str>, usize)> = vec![(Box::default(), 0)];
        while !level.is_empty() {
            let mut nodes = Vec::with_capacity(level.len());
            let mut next = Vec::new();
            for (topic, at) in level {
                let Branch { below, clients } =
                    self.nodes.get_mut(at).map(std::mem::take).unwrap_or_default();
                nodes.push(Node { topic, cld_cnt: below.len(), clientid: clients });
                next.extend(below);
            }
            levels.push(nodes);
            level = next;
        }
        levels
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_level_is_a_list_that_says_who_subscribed_there() {
        let mut tree = Tree::new();
        for (filter, client) in [("a/b", "c1"), ("a/+", "c2"), ("a", "c3"), ("a/b", "c4"), ("/", "c5")] {
            tree.insert(filter, client.into());
        }
        assert_eq!(
            serde_json::to_value(tree.levels()).unwrap(),
            json!([
                [{"topic": "", "cld_cnt": 2, "clientid": []}],
                [
                    {"topic": "", "cld_cnt": 1, "clientid": []},
                    {"topic": "a", "cld_cnt": 2, "clientid": ["c3"]}
                ],
                [
                    {"topic": "", "cld_cnt": 0, "clientid": ["c5"]},
                    {"topic": "+", "cld_cnt": 0, "clientid": ["c2"]},
                    {"topic": "b", "cld_cnt": 0, "clientid": ["c1", "c4"]}
                ]
            ])
        );
        assert_eq!(
            serde_json::to_value(Tree::new().levels()).unwrap(),
            json!([[{"topic": "", "cld_cnt": 0, "clientid": []}]])
        );
    }
}
