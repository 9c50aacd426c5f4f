//! `vouchmq reload`: have a broker read its configuration again.

use clap::Args;
use serde_json::{Value, json};

use super::Act;
use super::operator::{Operator, text_of};
use super::path::ApiPath;
use crate::exit::Failure;
use crate::output;

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Reload {}

impl Act for Reload {
    async fn act(self, operator: &Operator) -> Result<(), Failure> {
        let answer = operator.post(&ApiPath::to(&["config"]).action("reload"), &json!({})).await?;
        told(operator, &answer)
    }
}

/// What is different now.
pub(super) fn told(operator: &Operator, answer: &Value) -> Result<(), Failure> {
    if operator.prints_json() {
        return operator.done(answer, "");
    }
    let list = |field: &str| answer.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
    for warning in list("warnings") {
        output::note(&format!("warning: {}", output::escaped(warning.as_str().unwrap_or_default())));
    }
    let changes = list("changes");
    for change in &changes {
        output::line(&output::escaped(&in_words(change)))?;
    }
    let closed = answer.get("sessions_closed").and_then(Value::as_u64).unwrap_or_default();
    let sessions = if closed == 1 { "1 session".to_owned() } else { format!("{closed} sessions") };
    let summary = match changes.len() {
        0 => "nothing has changed".to_owned(),
        count => format!("{count} changed; {sessions} closed"),
    };
    operator.done(answer, &summary)
}

/// `mqtt.max_packet_size: 1MB -> 2MB`
fn in_words(change: &Value) -> String {
    let side = |field: &str| match change.get(field) {
        Some(Value::String(text)) => text.clone(),
        _ => "none".to_owned(),
    };
    let later = if text_of(change, "takes") == "restart" { " (counts after a restart)" } else { "" };
    format!("{}: {} -> {}{later}", text_of(change, "key"), side("from"), side("to"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_with_what_it_was_and_when_it_counts() {
        let change = |from: Value, takes: &str| {
            in_words(&json!({"key": "listeners.ssl", "from": from, "to": "0.0.0.0:8883", "takes": takes}))
        };
        assert_eq!(change(Value::Null, "now"), "listeners.ssl: none -> 0.0.0.0:8883");
        let later = "listeners.ssl: a -> 0.0.0.0:8883 (counts after a restart)";
        assert_eq!(change(json!("a"), "restart"), later);
    }
}
