//! What came of an import.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Bytes that `POST /v1/imports` takes at once: some millions of devices.
pub const BYTES_MAX: usize = 1024 * 1024 * 1024;

/// The answer to `POST /v1/imports`. `created`, `updated`, `skipped` and `failed` make up `total`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportReport {
    /// Rows that say something.
    pub total: u64,
    /// Rows that are new here.
    pub created: u64,
    /// Devices that were here and have more credentials now.
    pub updated: u64,
    /// Rows that were here and stay as they are, or that were undone with others.
    pub skipped: u64,
    /// Rows that cannot be entered.
    pub failed: u64,
    /// Nothing was changed: this is what would come of it.
    pub dry_run: bool,
    /// Credentials in the file that were left out, as it was exported without what they are compared with.
    #[serde(default)]
    pub credentials_left: u64,
    /// Rows that failed and rows that were skipped, the first thousand of each.
    pub rows: Vec<RowReport>,
}

/// What came of a row that was not entered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RowReport {
    /// Its line, or its place in a JSON document, counted from 1.
    pub row: u64,
    /// The device that it is about.
    pub id: Option<String>,
    /// `skipped` or `failed`.
    pub outcome: String,
    /// Why, a word that stays the same.
    pub code: String,
    /// Why, and what to do.
    pub detail: String,
}
