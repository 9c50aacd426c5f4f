//! NanoMQ's REST API, as its scripts call it: paths, bodies, result codes and statuses.
//!
//! [`routes()`] is the index. What differs from NanoMQ on purpose is said in `docs/nanomq-api.md`: no secret is
//! given away, nobody publishes in another's name, no shell is run, and what would not hold is refused before
//! anything has changed.

use std::sync::Arc;

use utoipa_axum::routes;
use vouchmq_identity::model::Scope;

use super::Management;
use crate::http::Routes;

mod answer;
mod body;
mod bridge;
mod bridges;
mod clients;
mod code;
mod config_update;
mod configuration;
mod ctrl;
mod endpoints;
mod field;
mod in_effect;
mod listing;
mod mount;
mod overview;
mod prometheus;
mod publish;
mod quantity;
mod reload;
mod rules;
mod section;
mod service;
mod shared_text;
mod shown;
mod subscriptions;
mod topic_tree;
mod users;
mod wish;

pub(super) use mount::mounted;

/// Every operation, and the scope that it needs.
pub(super) fn routes() -> Routes<Arc<Management>> {
    looking().merge(acting()).merge(configuring()).failing_as::<answer::Said>()
}

fn looking() -> Routes<Arc<Management>> {
    Routes::new(super::TITLE)
        .add(Scope::StatsRead, routes!(endpoints::list))
        .add(Scope::StatsRead, routes!(overview::brokers))
        .add(Scope::StatsRead, routes!(overview::nodes))
        .add(Scope::StatsRead, routes!(overview::metrics))
        .add(Scope::StatsRead, routes!(prometheus::read))
        .add(Scope::ClientsRead, routes!(clients::list))
        .add(Scope::ClientsRead, routes!(clients::read))
        .add(Scope::ClientsRead, routes!(clients::of_user))
        .add(Scope::ClientsRead, routes!(subscriptions::list))
        .add(Scope::ClientsRead, routes!(subscriptions::of_client))
        .add(Scope::ClientsRead, routes!(topic_tree::list))
}

fn acting() -> Routes<Arc<Management>> {
    Routes::new(super::TITLE)
        .add(Scope::MessagesWrite, routes!(publish::publish))
        .add(Scope::MessagesWrite, routes!(publish::publish_batch))
        .add(Scope::ClientsWrite, routes!(clients::kick))
        .add(Scope::Control, routes!(ctrl::act))
}

fn configuring() -> Routes<Arc<Management>> {
    Routes::new(super::TITLE)
        .add(Scope::ConfigRead, routes!(reload::read))
        .add(Scope::ConfigWrite, routes!(reload::change))
        .add(Scope::ConfigRead, routes!(configuration::all))
        .add(Scope::ConfigWrite, routes!(configuration::change_all))
        .add(Scope::ConfigRead, routes!(configuration::one))
        .add(Scope::ConfigWrite, routes!(configuration::change_one))
        .add(Scope::ConfigWrite, routes!(config_update::replace))
        .add(Scope::ConfigRead, routes!(bridges::list))
        .add(Scope::ConfigRead, routes!(bridges::read))
        .add(Scope::ConfigWrite, routes!(bridges::change))
        .add(Scope::ConfigWrite, routes!(bridges::switch))
        .add(Scope::ConfigWrite, routes!(bridges::subscribe))
        .add(Scope::ConfigWrite, routes!(bridges::unsubscribe))
        .add(Scope::ConfigRead, routes!(rules::list))
        .add(Scope::ConfigWrite, routes!(rules::create))
        .add(Scope::ConfigRead, routes!(rules::read))
        .add(Scope::ConfigWrite, routes!(rules::change))
        .add(Scope::ConfigWrite, routes!(rules::delete))
}
