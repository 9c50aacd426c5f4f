//! Failures.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a request failed: RFC 9457, `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemBody {
    /// `urn:vouchmq:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// What the code means, the same each time.
    pub title: String,
    /// The HTTP status again.
    pub status: u16,
    /// What to branch on; stable.
    pub code: String,
    /// What is wrong with this request, and what to do; for people.
    pub detail: String,
    /// The resource that it is about, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// What the request is called in the log.
    #[serde(default)]
    pub request_id: String,
    /// The fields that are wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
}

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldProblem {
    /// Where it is: a JSON pointer (RFC 6901); empty for the whole body.
    pub pointer: String,
    /// What to branch on; stable.
    pub code: String,
    /// What is wrong, for people.
    pub detail: String,
}
