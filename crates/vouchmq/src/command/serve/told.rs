//! What a configuration comes to and what has changed, as it is told.

use vouchmq_broker::ListenerChange;
use vouchmq_client::dto::configuration::EffectiveValue;
use vouchmq_client::dto::reload::ConfigChange;
use vouchmq_config::Outcome;
use vouchmq_identity::Configured;

use super::asked::Asked;

/// Keys that count when the process is started the next time, or what they begin with.
const AT_START: &[&str] = &[
    "system.data",
    "system.shards",
    "system.verify_threads",
    "registry.database",
    "registry.node_timeout",
    "registry.max_staleness",
];

/// Every value in effect, and where it comes from: what flags say in place of what files say.
pub(super) fn effective(outcome: &Outcome, asked: &Asked) -> Vec<EffectiveValue> {
    let mut values = Vec::new();
    for value in outcome.effective() {
        let (value_said, origin) = match asked.overruling(value.key) {
            None => (value.value.to_owned(), value.origin),
            Some((flag, Some(said))) => (said, flag.to_owned()),
            // What the flag says has another form.
            Some((_, None)) => continue,
        };
        values.push(EffectiveValue {
            takes: takes(value.key).to_owned(),
            key: value.key.to_owned(),
            value: value_said,
            origin,
            acts: value.acts,
        });
    }
    values.extend(asked.addresses().map(|addresses| EffectiveValue {
        key: "listeners".to_owned(),
        value: addresses,
        origin: "--listen".to_owned(),
        acts: true,
        takes: "now".to_owned(),
    }));
    // What only flags say has no place in the table of what files say.
    for key in ONLY_FLAGS {
        let is_missing = !values.iter().any(|value| value.key == *key);
        if let Some((flag, Some(value))) = asked.overruling(key).filter(|_| is_missing) {
            let (key, origin, takes) = ((*key).to_owned(), flag.to_owned(), takes(key).to_owned());
            values.push(EffectiveValue { key, value, origin, acts: true, takes });
        }
    }
    values
}

/// Keys that have no default, and that flags may say.
const ONLY_FLAGS: &[&str] = &[
    "system.shards",
    "auth.allow_anonymous",
    "auth.password_file",
    "registry.database",
    "auth_service.bind",
];

/// When a change of a key counts.
pub(super) fn takes(key: &str) -> &'static str {
    if AT_START.iter().any(|known| key.eq_ignore_ascii_case(known)) { "restart" } else { "now" }
}

/// Keys whose values differ.
pub(super) fn changes(after: &Outcome, before: &Outcome) -> Vec<ConfigChange> {
    let change = |vouchmq_config::Change { key, before, after }| {
        let takes = takes(&key).to_owned();
        ConfigChange { key, from: before, to: after, takes }
    };
    after.changes(before).into_iter().map(change).collect()
}

/// Users and rules of files, which no key tells.
pub(super) fn people_changes(
    after: &Configured,
    before: &Configured,
    told: &[ConfigChange],
) -> Option<ConfigChange> {
    let is_told = told.iter().any(|change| change.key.starts_with("auth."));
    let count = |configured: &Configured| configured.users().map_or(0, vouchmq_identity::Users::len);
    let (from, to) = (count(before), count(after));
    let differs = from != to || !after.access().is_same(before.access());
    (differs && !is_told).then(|| ConfigChange {
        key: "auth".to_owned(),
        from: Some(format!("{from} users and rules of files")),
        to: Some(format!("{to} users and rules of files")),
        takes: "now".to_owned(),
    })
}

/// What wants to be looked at in the files of a listener.
pub(super) fn notices(change: &ListenerChange) -> Vec<String> {
    match &change.change {
        vouchmq_broker::Change::Changed { tls: Some(reloaded), .. } => {
            reloaded.notices.iter().map(|notice| format!("listeners.{}: {notice}", change.name)).collect()
        }
        vouchmq_broker::Change::Unjudged { why } => {
            vec![format!(
                "listeners.{}: who came by it is judged by what its files said before: {why}",
                change.name
            )]
        }
        vouchmq_broker::Change::Changed { .. }
        | vouchmq_broker::Change::Opened
        | vouchmq_broker::Change::Closed => Vec::new(),
    }
}

/// What happened to a listener that no key tells: the files behind it.
pub(super) fn listener(change: &ListenerChange) -> Option<ConfigChange> {
    let ListenerChange { name, address, change } = change;
    let vouchmq_broker::Change::Changed { tls: Some(reloaded), .. } = change else { return None };
    let mut what = Vec::new();
    what.extend(reloaded.certificates.then_some("certificates of the server"));
    what.extend(reloaded.clients.then_some("authorities or revocation lists"));
    what.extend(reloaded.settings.then_some("versions or tickets"));
    Some(ConfigChange {
        key: format!("listeners.{name}"),
        from: Some(address.to_string()),
        to: Some(format!("{address} with other {}", what.join(", "))),
        takes: "now".to_owned(),
    })
}
