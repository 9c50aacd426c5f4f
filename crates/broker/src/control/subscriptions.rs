use std::sync::Arc;

use vouchmq_mqtt::engine::SubscriptionState;

use super::{Control, SubscriptionCursor};
use crate::shard::ShardView;

/// One subscription of one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionStatus {
    /// Whose it is.
    pub client_id: Arc<str>,
    /// What was granted.
    pub subscription: SubscriptionState,
}

/// How many subscriptions are wanted at once.
#[derive(Clone, Copy, Debug)]
pub struct SubscriptionQuery {
    /// Where the page before ended; `None`: at the beginning.
    pub after: Option<SubscriptionCursor>,
    /// Subscriptions of one page, at least 1. Those of one client stay together: a page may have more, by what the
    /// last client on it has.
    pub limit: usize,
}

/// Some subscriptions.
#[derive(Clone, Debug)]
pub struct SubscriptionPage {
    /// In no particular order, but those of one client behind each other. A client that stays is on one page of
    /// those that follow each other, and on no other.
    pub items: Vec<SubscriptionStatus>,
    /// Where the next page begins; `None` when there is none. The last page may be empty.
    pub next: Option<SubscriptionCursor>,
}

impl Control {
    /// Some of the subscriptions of all clients, connected or not; shared ones as `$share/{name}/{filter}`.
    pub async fn subscriptions_page(&self, wanted: SubscriptionQuery) -> SubscriptionPage {
        let look = |view: &ShardView<'_>, place: usize, found: &mut Vec<SubscriptionStatus>| {
            let Some((client_id, subscriptions)) = view.engine.subscriptions_at(place) else { return };
            let of_client = |subscription| SubscriptionStatus { client_id: client_id.clone(), subscription };
            found.extend(subscriptions.into_iter().map(of_client));
        };
        let (items, next) = self.walk(wanted.after.map(|after| after.0), wanted.limit, look).await;
        SubscriptionPage { items, next: next.map(SubscriptionCursor) }
    }

    /// The subscriptions of one client.
    pub async fn subscriptions(&self, client_id: &str) -> Vec<SubscriptionState> {
        let client_id: Arc<str> = Arc::from(client_id);
        let found = self.ask_all(move |view| view.engine.subscriptions(&client_id));
        found.await.into_iter().flatten().collect()
    }
}
