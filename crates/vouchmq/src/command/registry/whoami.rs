//! `vouchmq token whoami`: who a broker takes us for.

use clap::Args;
use serde_json::Value;

use super::Act;
use super::operator::{Operator, text_of};
use super::path::ApiPath;
use crate::exit::Failure;
use crate::output;

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Whoami {}

impl Act for Whoami {
    async fn act(self, operator: &Operator) -> Result<(), Failure> {
        let answer = operator.get(&ApiPath::to(&["whoami"])).await?;
        if operator.prints_json() {
            return operator.done(&answer, "");
        }
        let scopes = answer.get("scopes").and_then(Value::as_array).cloned().unwrap_or_default();
        let scopes: Vec<&str> = scopes.iter().filter_map(Value::as_str).collect();
        for (what, value) in [
            ("name", text_of(&answer, "name")),
            ("login", text_of(&answer, "login")),
            ("role", text_of(&answer, "role")),
            ("opens", &scopes.join(" ")),
            ("expires", text_of(&answer, "expires_at")),
            ("from", text_of(&answer, "address")),
        ] {
            if !value.is_empty() {
                output::line(&output::escaped(&format!("{what:8} {value}")))?;
            }
        }
        Ok(())
    }
}
