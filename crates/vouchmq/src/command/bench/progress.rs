//! A progress bar for who watches; nothing for a script.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output;

/// How far a run is.
#[derive(Debug)]
pub(super) struct Progress(Option<ProgressBar>);

impl Progress {
    /// Begins a run of `length` steps.
    pub(super) fn start(length: u64, what: &'static str) -> Self {
        if !output::is_watched() {
            return Self(None);
        }
        let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr_with_hz(5));
        let style = ProgressStyle::with_template("{msg:>12} {wide_bar} {pos}/{len}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(what);
        Self(Some(bar))
    }

    /// So many steps are done.
    pub(super) fn reached(&self, position: u64) {
        if let Some(bar) = &self.0 {
            bar.set_position(position);
        }
    }

    /// Waits, and shows how much of it is over. The bar costs a few wake-ups a second, and only when watched.
    pub(super) async fn wait(duration: Duration, what: &'static str) {
        let progress = Self::start(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX), what);
        if progress.0.is_none() {
            tokio::time::sleep(duration).await;
            return;
        }
        let step = Duration::from_millis(250);
        let mut waited = Duration::ZERO;
        while waited < duration {
            let next = step.min(duration.saturating_sub(waited));
            tokio::time::sleep(next).await;
            waited += next;
            progress.reached(u64::try_from(waited.as_millis()).unwrap_or(u64::MAX));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
