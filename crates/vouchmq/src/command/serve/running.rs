//! A process at work, and how it reads its configuration again: all of it or nothing.

use std::sync::{Arc, OnceLock};

use tokio::sync::Mutex;
use vouchmq_api::management::{Kept, KeyChange};
use vouchmq_broker::{Control, ListenerChange, Monotonic};
use vouchmq_client::dto::configuration::EffectiveValue;
use vouchmq_client::dto::reload::{ConfigChange, Reloaded};
use vouchmq_config::{Effective, Outcome};
use vouchmq_identity::{Configured, Whom};
use vouchmq_mqtt::time::Timestamp;

use super::asked::{Asked, Wanted};
use super::judges::Judges;
use super::log::{self, Logs};
use super::{asking, http, settings};
use crate::configuration::Mistake;

/// Keys that count when the process is started the next time, or what they begin with.
const AT_START: &[&str] = &[
    "system.data",
    "system.shards",
    "system.verify_threads",
    "registry.database",
    "registry.node_timeout",
    "registry.max_staleness",
];

/// A process at work.
pub(super) struct Running {
    pub(super) asked: Arc<Asked>,
    pub(super) logs: Logs,
    pub(super) control: Control,
    pub(super) judges: Judges,
    /// Who is asked by HTTP.
    pub(super) service: Arc<asking::Asked>,
    pub(super) http: OnceLock<http::AtWork>,
    /// What it works by; one reload at a time.
    pub(super) now: Mutex<Now>,
}

/// What a process works by.
pub(super) struct Now {
    pub(super) outcome: Outcome,
    pub(super) configured: Arc<Configured>,
}

impl Running {
    /// Reads the configuration again, and goes on with it: all of it, or nothing. Nobody is disconnected but whose
    /// user, password or certificate is refused now.
    ///
    /// # Errors
    /// All that is wrong; nothing has changed.
    pub(super) async fn reload(&self) -> Result<Reloaded, Vec<Mistake>> {
        let clock = Monotonic::start();
        let mut now = self.now.lock().await;
        let asked = self.asked.clone();
        let reading = tokio::task::spawn_blocking(move || asked.read());
        let Wanted { config, outcome, people } = match reading.await {
            Ok(wanted) => wanted?,
            Err(error) => return Err(vec![Mistake::new("configuration", error)]),
        };
        let one = |mistake: Mistake| vec![mistake];
        let logs = log::prepare(&config.log).map_err(|error| one(Mistake::new("log.file", error)))?;
        let service = self.service.prepare(config.remote.as_ref()).map_err(one)?;
        let listeners = self.control.prepare_listeners(config.listeners.clone());
        let listeners = listeners.map_err(|error| one(Mistake::new("listeners", error)))?;
        let http = match self.http.get() {
            Some(http) => Some((http, http.prepare(&config).await.map_err(one)?)),
            None => None,
        };

        // From here on nothing fails.
        let mut warnings: Vec<String> = outcome.warnings().collect();
        warnings.extend(people.warnings.iter().cloned());
        let mut changes = changes_of(&outcome, &now.outcome);
        changes.extend(people_changes(&people.configured, &now.configured, &changes));
        self.logs.change(logs);
        let (engine, retained, broker) = settings::live(&config.settings);
        self.control.reconfigure(&engine, retained, broker);
        let configured = Arc::new(people.configured.following(&now.configured));
        self.judges.replace(&people.order, service.0.as_ref(), &configured);
        self.service.commit(service);
        let (listener_changes, vouched) = listeners.commit();
        changes.extend(listener_changes.iter().filter_map(told));
        warnings.extend(listener_changes.iter().flat_map(notices));
        if let Some((http, prepared)) = http {
            let told = |(kind, from, to): (http::Kind, _, _)| ConfigChange {
                key: kind.key().to_owned(),
                from,
                to,
                takes: "now".to_owned(),
            };
            changes.extend(http.commit(prepared).into_iter().map(told));
        }
        let reconsidered = self.control.reconsider(Whom::Everybody).await;
        let sessions_closed = reconsidered + vouched.await;
        *now = Now { outcome, configured };
        let sessions_closed = u64::try_from(sessions_closed).unwrap_or(u64::MAX);
        let elapsed_ms = clock.now().since(Timestamp::ZERO).as_secs_f64() * 1_000.0;
        Ok(Reloaded { changes, warnings, sessions_closed, elapsed_ms })
    }

    pub(super) async fn effective(&self) -> Vec<EffectiveValue> {
        let now = self.now.lock().await;
        let value = |value: Effective<'_>| EffectiveValue {
            takes: takes(value.key).to_owned(),
            key: value.key.to_owned(),
            value: value.value.to_owned(),
            origin: value.origin,
            acts: value.acts,
        };
        now.outcome.effective().map(value).collect()
    }

    pub(super) async fn change(&self, _: &[KeyChange]) -> Result<Reloaded, Vec<Mistake>> {
        self.check().await?;
        Err(vec![Mistake::new("configuration", "it cannot be written yet")])
    }

    pub(super) async fn replace(&self, _: String) -> Result<Reloaded, Vec<Mistake>> {
        self.change(&[]).await
    }

    pub(super) async fn roll_back(&self, _: Kept) -> Result<Reloaded, Vec<Mistake>> {
        self.change(&[]).await
    }

    pub(super) async fn text(&self) -> Result<String, Vec<Mistake>> {
        self.change(&[]).await.map(|_| String::new())
    }

    /// Whether the process would start with what there is to read now.
    pub(super) async fn check(&self) -> Result<(), Vec<Mistake>> {
        let asked = self.asked.clone();
        let reading = tokio::task::spawn_blocking(move || asked.read());
        reading.await.map_err(|error| vec![Mistake::new("configuration", error)])?.map(drop)
    }
}

/// When a change of a key counts.
fn takes(key: &str) -> &'static str {
    if AT_START.iter().any(|known| key.eq_ignore_ascii_case(known)) { "restart" } else { "now" }
}

/// Keys whose values differ.
fn changes_of(after: &Outcome, before: &Outcome) -> Vec<ConfigChange> {
    let change = |vouchmq_config::Change { key, before, after }| {
        let takes = takes(&key).to_owned();
        ConfigChange { key, from: before, to: after, takes }
    };
    after.changes(before).into_iter().map(change).collect()
}

/// Users and rules of files, which no key tells.
fn people_changes(after: &Configured, before: &Configured, told: &[ConfigChange]) -> Option<ConfigChange> {
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
fn notices(change: &ListenerChange) -> Vec<String> {
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
fn told(change: &ListenerChange) -> Option<ConfigChange> {
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
