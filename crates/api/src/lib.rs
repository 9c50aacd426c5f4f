//! HTTP in: what all listeners share, management, registration, and the authentication service.
//!
//! [`http`] accepts connections, bounds them, and turns every failure into one shape. A listener is a
//! [`Router`](axum::Router) behind an [`http::Listener`]; [`management::router`] makes that of operators,
//! [`registration::router`] that of devices which are new,
//! [`authentication_service`] that of other brokers.

pub mod authentication_service;
pub mod changes;
pub mod http;
pub mod management;
pub mod metrics;
pub mod registration;
