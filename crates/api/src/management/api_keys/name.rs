use async_trait::async_trait;
use vouchmq_identity::Secret;
use vouchmq_identity::model::ApiKey;
use vouchmq_identity::registry::{Command, CreateApiKey, Desk, Refusal, What};
use vouchmq_identity::store::PageRequest;

use crate::http::Problem;
use crate::management::refusal::invalid;

/// Makes an API key whose name no other has or had: by it the audit log tells who did something, and requests
/// that are sent again are told apart.
#[derive(Debug)]
pub(super) struct WithUniqueName(pub(super) CreateApiKey);

/// Names that stand for somebody else in the audit log.
const TAKEN: [&str; 3] = ["admin", "system", "registration"];
const PORTION: u32 = 500;
/// API keys, those that are withdrawn too.
const KEYS_MAX: usize = 10_000;

/// Refuses names that stand for somebody else.
pub(super) fn check_name(name: &str) -> Result<(), Problem> {
    if TAKEN.contains(&name) || name.starts_with("device:") {
        return Err(invalid("/name", "this name stands for somebody else in the audit log: choose another"));
    }
    Ok(())
}

#[async_trait]
impl Command for WithUniqueName {
    type Outcome = (ApiKey, Secret);

    async fn run(&self, desk: &mut Desk<'_>) -> Result<(ApiKey, Secret), Refusal> {
        let mut page = PageRequest::first(PORTION);
        let mut count = 0;
        loop {
            let keys = desk.rows().api_keys(page).await?;
            if keys.items.iter().any(|key| key.name == self.0.name) {
                return Err(Refusal::Exists { what: What::ApiKey, field: "name" });
            }
            count += keys.items.len();
            if count >= KEYS_MAX {
                let why = format!("there are {KEYS_MAX} API keys, which is the most").into();
                return Err(Refusal::Field { pointer: "", why });
            }
            let Some(next) = keys.next else { break };
            page = PageRequest::after(next, PORTION);
        }
        self.0.run(desk).await
    }
}
