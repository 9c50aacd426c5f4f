//! What is logged: as the configuration says, or as somebody asked for a while.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::{Registry, reload};
use vouchmq_api::management::{Level, Levels as Asked, Logging};
use vouchmq_broker::Monotonic;
use vouchmq_client::dto::log::LogStatus;
use vouchmq_config::{LogFormat, LogLevel, LogOptions, LogTarget};
use vouchmq_mqtt::time::Timestamp;

/// The filter in front of all lines.
pub(super) type Filter = reload::Handle<Targets, Registry>;

/// What is logged now.
pub(in crate::command::serve) struct Levels {
    filter: Filter,
    clock: Monotonic,
    now: Mutex<Now>,
    itself: Weak<Self>,
}

struct Now {
    configured: LogOptions,
    /// In place of that, and until when.
    asked: Option<(Asked, Timestamp)>,
    /// Counts what was asked for: who waits for its end looks whether it is still there.
    number: u64,
}

/// What every crate of ours begins with.
const OURS: &str = "vouchmq";

impl Levels {
    pub(super) fn new(filter: Filter, configured: &LogOptions) -> Arc<Self> {
        Arc::new_cyclic(|itself| Self {
            filter,
            clock: Monotonic::start(),
            now: Mutex::new(Now { configured: configured.clone(), asked: None, number: 0 }),
            itself: itself.clone(),
        })
    }

    /// The configuration was read again: nothing else counts any more.
    pub(super) fn configure(&self, configured: &LogOptions) {
        let mut now = self.now();
        *now = Now { configured: configured.clone(), asked: None, number: now.number + 1 };
        self.apply(&now);
    }

    /// The time of what was asked for is over, if that is still what counts.
    fn end(&self, number: u64) {
        let mut now = self.now();
        if now.number == number {
            now.asked = None;
            self.apply(&now);
            drop(now);
            tracing::info!("what is logged is as the configuration says again");
        }
    }

    fn apply(&self, now: &Now) {
        // It fails only when the process has no subscriber any more.
        let _ = self.filter.reload(match &now.asked {
            Some((asked, _)) => filter_of(asked, now.configured.level),
            None => filter_of(&Asked::default(), now.configured.level),
        });
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Logging for Levels {
    fn levels(&self) -> LogStatus {
        let now = self.now();
        let Now { configured, asked, .. } = &*now;
        let level =
            asked.as_ref().and_then(|(asked, _)| asked.level).unwrap_or_else(|| word(configured.level));
        let left = asked.as_ref().map(|(_, until)| *until).filter(|until| *until != Timestamp::NEVER);
        let targets = asked.iter().flat_map(|(asked, _)| &asked.targets);
        let to = configured.to.iter().map(|target| match target {
            LogTarget::Console => "console".to_owned(),
            LogTarget::File => "file".to_owned(),
        });
        LogStatus {
            level: level.to_string(),
            targets: targets.map(|(target, level)| (target.to_string(), level.to_string())).collect(),
            configured_level: word(configured.level).to_string(),
            seconds_left: left.map(|until| until.since(self.clock.now()).as_secs()),
            to: to.collect(),
            file: configured.to.contains(&LogTarget::File).then(|| configured.file.display().to_string()),
            format: match configured.format {
                LogFormat::Text => "text",
                LogFormat::Json => "json",
            }
            .to_owned(),
        }
    }

    fn set_levels(&self, asked: Asked) {
        let lifetime = asked.lifetime;
        let mut now = self.now();
        now.number += 1;
        let number = now.number;
        let until = lifetime.map_or(Timestamp::NEVER, |lifetime| self.clock.now().after(lifetime));
        let is_something = asked.level.is_some() || !asked.targets.is_empty();
        now.asked = is_something.then_some((asked, until));
        self.apply(&now);
        if let Some(lifetime) = lifetime.filter(|_| is_something) {
            tokio::spawn(end_after(self.itself.clone(), number, lifetime));
        }
    }
}

async fn end_after(levels: Weak<Levels>, number: u64, lifetime: Duration) {
    tokio::time::sleep(lifetime).await;
    if let Some(levels) = levels.upgrade() {
        levels.end(number);
    }
}

/// Ours say what is asked for; libraries say no more than how they are, unless one is named: what they write when they
/// say more is not ours to answer for.
pub(super) fn filter_of(asked: &Asked, configured: LogLevel) -> Targets {
    let level = filter(asked.level.unwrap_or_else(|| word(configured)));
    let ours = Targets::new().with_default(level.min(LevelFilter::INFO)).with_target(OURS, level);
    asked
        .targets
        .iter()
        .fold(ours, |all, (target, level)| all.with_target(target.to_string(), filter(*level)))
}

const fn filter(level: Level) -> LevelFilter {
    match level {
        Level::Off => LevelFilter::OFF,
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    }
}

const fn word(level: LogLevel) -> Level {
    match level {
        LogLevel::Off => Level::Off,
        LogLevel::Error => Level::Error,
        LogLevel::Warn => Level::Warn,
        LogLevel::Info => Level::Info,
        LogLevel::Debug => Level::Debug,
        LogLevel::Trace => Level::Trace,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_counts_until_its_time_is_over_or_the_configuration_is_read_again() {
        let (_layer, filter) = reload::Layer::new(filter_of(&Asked::default(), LogLevel::Info));
        let levels = Levels::new(filter, &LogOptions::default());
        let asked = |lifetime| Asked {
            level: Some(Level::Debug),
            targets: [("vouchmq_broker".into(), Level::Trace)].into(),
            lifetime,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        runtime.unwrap().block_on(async {
            assert_eq!((levels.levels().level, levels.levels().seconds_left), ("info".to_owned(), None));
            levels.set_levels(asked(Some(Duration::from_mins(10))));
            let told = levels.levels();
            assert_eq!((&*told.level, &*told.configured_level), ("debug", "info"));
            assert_eq!(told.targets.get("vouchmq_broker").map(String::as_str), Some("trace"));
            assert!(told.seconds_left.is_some_and(|left| (590..=600).contains(&left)));
            // What is asked for later is not ended by the end of what was before.
            levels.set_levels(asked(Some(Duration::from_hours(1))));
            levels.end(1);
            assert_eq!(levels.levels().level, "debug");
            levels.end(2);
            assert_eq!((levels.levels().level, levels.levels().targets.len()), ("info".to_owned(), 0));
            levels.set_levels(asked(None));
            assert_eq!((levels.levels().level, levels.levels().seconds_left), ("debug".to_owned(), None));
            levels.configure(&LogOptions { level: LogLevel::Warn, ..LogOptions::default() });
            assert_eq!(levels.levels().level, "warn");
            levels.set_levels(asked(None));
            levels.set_levels(Asked::default());
            assert_eq!(levels.levels().level, "warn");
        });
    }

    #[test]
    fn libraries_say_more_only_when_they_are_named() {
        let asked = |targets: &[(&str, Level)]| Asked {
            level: Some(Level::Trace),
            targets: targets.iter().map(|(target, level)| ((*target).into(), *level)).collect(),
            lifetime: None,
        };
        let filter = filter_of(&asked(&[]), LogLevel::Info);
        assert!(filter.would_enable("vouchmq_broker::shard", &tracing::Level::TRACE));
        assert!(!filter.would_enable("hyper::proto", &tracing::Level::DEBUG));
        assert!(filter.would_enable("hyper::proto", &tracing::Level::INFO));
        let named =
            filter_of(&asked(&[("rustls", Level::Debug), ("vouchmq_mqtt", Level::Off)]), LogLevel::Info);
        assert!(named.would_enable("rustls::client", &tracing::Level::DEBUG));
        assert!(!named.would_enable("vouchmq_mqtt::engine", &tracing::Level::ERROR));
    }
}
