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
mod code;
mod endpoints;
mod figures;
mod mount;
mod overview;
mod prometheus;
mod rules;

pub(super) use figures::Peaks;
pub(super) use mount::mounted;

/// Every operation, and the scope that it needs.
pub(super) fn routes() -> Routes<Arc<Management>> {
    Routes::new(super::TITLE)
        .add(Scope::StatsRead, routes!(endpoints::list))
        .add(Scope::StatsRead, routes!(overview::brokers))
        .add(Scope::StatsRead, routes!(overview::nodes))
        .add(Scope::StatsRead, routes!(overview::metrics))
        .add(Scope::StatsRead, routes!(prometheus::read))
        .add(Scope::ConfigRead, routes!(rules::list))
        .add(Scope::ConfigWrite, routes!(rules::create))
        .add(Scope::ConfigRead, routes!(rules::read))
        .add(Scope::ConfigWrite, routes!(rules::change))
        .add(Scope::ConfigWrite, routes!(rules::delete))
}
