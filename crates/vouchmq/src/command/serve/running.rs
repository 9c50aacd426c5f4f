//! A process at work, and how it reads its configuration again: all of it or nothing.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::Mutex;
use vouchmq_broker::{Control, Monotonic};
use vouchmq_client::dto::configuration::EffectiveValue;
use vouchmq_client::dto::reload::{ConfigChange, Reloaded};
use vouchmq_config::{LogOptions, Outcome};
use vouchmq_identity::{Configured, Whom};
use vouchmq_mqtt::time::Timestamp;

use super::asked::{Asked, Wanted};
use super::changing::ToWrite;
use super::judges::Judges;
use super::log::{self, Logs};
use super::{asking, http, settings, told};
use crate::configuration::Mistake;

/// How long a log file may take to be opened: the configuration cannot be changed meanwhile.
const LOG_DEADLINE: Duration = Duration::from_secs(10);

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
    pub(super) now: Arc<Mutex<Now>>,
    /// What the configuration came to; who reads it waits for no reload.
    pub(super) outcome: ArcSwap<Outcome>,
}

/// What a process works by.
pub(super) struct Now {
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
        let wanted = self.read(Asked::read).await?;
        self.go_on(&mut now, wanted, None, &clock).await
    }

    /// Goes on with what was read. A file is written when nothing but that can fail any more, and is as it was
    /// before if this does not come to its end.
    ///
    /// # Errors
    /// All that is wrong; nothing has changed.
    pub(super) async fn go_on(
        &self,
        now: &mut Now,
        wanted: Wanted,
        file: Option<ToWrite>,
        clock: &Monotonic,
    ) -> Result<Reloaded, Vec<Mistake>> {
        let Wanted { config, outcome, people, logins } = wanted;
        let one = |mistake: Mistake| vec![mistake];
        let logs = opened(config.log.clone()).await.map_err(one)?;
        let service = self.service.prepare(config.remote.as_ref()).map_err(one)?;
        let listeners = self.control.prepare_listeners(config.listeners.clone());
        let listeners = listeners.map_err(|error| one(Mistake::new("listeners", error)))?;
        let http = match self.http.get() {
            Some(http) => Some((http, http.prepare(&config).await.map_err(one)?)),
            None => None,
        };

        let written = match file {
            Some(file) => Some(self.read(move |_| file.write()).await?),
            None => None,
        };

        // From here on nothing fails.
        let mut warnings: Vec<String> = outcome.warnings_told().collect();
        warnings.extend(people.warnings.iter().cloned());
        let mut changes = told::changes(&outcome, &self.outcome.load());
        changes.extend(told::people_changes(&people.configured, &now.configured, &changes));
        self.logs.change(logs);
        let (engine, retained, broker) = settings::live(&config.settings);
        self.control.reconfigure(&engine, retained, broker);
        let configured = Arc::new(people.configured.following(&now.configured));
        self.judges.replace(&people.order, service.0.as_ref(), &configured);
        self.service.commit(service);
        let (listener_changes, vouched) = listeners.commit();
        changes.extend(listener_changes.iter().filter_map(told::listener));
        warnings.extend(listener_changes.iter().flat_map(told::notices));
        if let Some((http, prepared)) = http {
            let told = |(kind, from, to): (http::Kind, _, _)| ConfigChange {
                key: kind.key().to_owned(),
                from,
                to,
                takes: "now".to_owned(),
            };
            http.let_in(logins);
            changes.extend(http.commit(prepared).into_iter().map(told));
        }
        let reconsidered = self.control.reconsider(Whom::Everybody).await;
        let sessions_closed = reconsidered + vouched.await;
        self.outcome.store(Arc::new(outcome));
        *now = Now { configured };
        if let Some(written) = written {
            written.keep();
        }
        let sessions_closed = u64::try_from(sessions_closed).unwrap_or(u64::MAX);
        let elapsed_ms = clock.now().since(Timestamp::ZERO).as_secs_f64() * 1_000.0;
        Ok(Reloaded { changes, warnings, sessions_closed, elapsed_ms })
    }

    /// Every value in effect, and where it comes from: what flags say in place of what files say.
    pub(super) fn effective(&self) -> Vec<EffectiveValue> {
        told::effective(&self.outcome.load(), &self.asked)
    }

    /// Whether the process would start with what there is to read now.
    ///
    /// # Errors
    /// All that is wrong.
    pub(super) async fn check(&self) -> Result<(), Vec<Mistake>> {
        self.read(|asked| asked.read()).await.map(drop)
    }

    /// Reads files, where that may take its time.
    pub(super) async fn read<T: Send + 'static, E: From<Vec<Mistake>> + Send + 'static>(
        &self,
        read: impl FnOnce(&Asked) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let asked = self.asked.clone();
        let reading = tokio::task::spawn_blocking(move || read(&asked));
        reading.await.map_err(|error| E::from(vec![Mistake::new("configuration", error)]))?
    }
}

/// Opens what the options name, where that may take its time.
async fn opened(options: LogOptions) -> Result<log::Prepared, Mistake> {
    let file = options.file.display().to_string();
    let opening = tokio::task::spawn_blocking(move || log::prepare(&options));
    let told = |why: &dyn std::fmt::Display| Mistake::new("log.file", format_args!("{file}: {why}"));
    match tokio::time::timeout(LOG_DEADLINE, opening).await {
        Ok(Ok(Ok(prepared))) => Ok(prepared),
        Ok(Ok(Err(error))) => Err(told(&error)),
        Ok(Err(error)) => Err(told(&error)),
        Err(_) => Err(told(&"it takes too long to open")),
    }
}
