//! The tables, a file each: the statements, and how a row is read.

pub(crate) mod api_key;
pub(crate) mod audit;
pub(crate) mod authority;
pub(crate) mod block;
pub(crate) mod claim_token;
pub(crate) mod credential;
pub(crate) mod device;
pub(crate) mod log;
pub(crate) mod node;
pub(crate) mod pepper;
pub(crate) mod product;
pub(crate) mod registration;

use vouchmq_identity::SecretVerifier;
use vouchmq_identity::store::{PageRequest, StoreFault};

use crate::row::Fields;
use crate::text::cursor;
use crate::value::{Column, Value};

/// `$1` and `$2` of a list: where it begins, and one row more than fits on the page, which tells whether
/// another page follows.
fn page_values(page: &PageRequest) -> Vec<Value> {
    vec![cursor(page.after.as_deref()).to_value(), (u64::from(page.limit) + 1).to_value()]
}

/// The two columns of every secret's verifier.
fn secret_verifier(fields: &Fields) -> Result<SecretVerifier, StoreFault> {
    Ok(SecretVerifier { version: fields.pepper_version("pepper_version")?, mac: fields.bytes("verifier")? })
}
