//! HTTP in: what all listeners share, and the authentication service.
//!
//! [`http`] accepts connections, bounds them, and turns every failure into one shape. A listener is a
//! [`Router`](axum::Router) behind an [`http::Listener`].

pub mod authentication_service;
pub mod http;
