//! Our own authentication service on another machine: questions in batches, changes as they happen.

use std::sync::Arc;
use std::time::Duration;

use base64ct::{Base64, Encoding};
use secrecy::ExposeSecret;
use tokio::runtime::Handle;
use tokio::time::Instant;
use vouchmq_identity::{AuthRequest, Denial, Unavailable};

use super::answer::{self, LoginAnswer};
use super::batch::{Batched, Batches};
use super::cache::Ttl;
use super::options::NativeOptions;
use super::settled::{Grounds, Settled};
use super::standings::Held;
use crate::dto::reconsider::{
    ReconsiderItem, ReconsiderRequest, ReconsiderResponse, ReconsiderResult,
};
use crate::dto::verify::{VerifyBatchRequest, VerifyBatchResponse, VerifyRequest, VerifyResponse};
use crate::transport::Servers;

/// A service that is asked in our own way.
pub(super) struct Native {
    pub(super) servers: Arc<Servers>,
    verify: Arc<Batches<Verifying>>,
    reconsider: Arc<Batches<Reconsidering>>,
    pub(super) options: NativeOptions,
    /// How the change stream is; see `following`.
    pub(super) health: super::following::Health,
}

/// Clients that want to connect.
pub(super) enum Verifying {}

/// Clients that are connected.
pub(super) enum Reconsidering {}
