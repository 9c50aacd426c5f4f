//! The authentication service that clients are judged by (`auth.http_auth`), as it is now.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use vouchmq_api::management::Asking;
use vouchmq_broker::SystemClock;
use vouchmq_client::dto::authentication::{AskedService, ForgetRequest, Forgotten};
use vouchmq_client::remote::options::RemoteOptions;
use vouchmq_client::remote::{AtWork, Remote, Surroundings};
use vouchmq_identity::Sessions;

use crate::configuration::Mistake;

/// Who is asked now, and what outlives a change of that.
pub(super) struct Asked {
    surroundings: Surroundings,
    /// Known when the broker is at work.
    sessions: OnceLock<Arc<dyn Sessions>>,
    now: Mutex<Now>,
}

#[derive(Default)]
struct Now {
    remote: Option<Arc<Remote>>,
    /// What goes on beside the questions.
    at_work: Option<AtWork>,
}

/// Who may be asked from now on.
pub(super) struct Prepared(pub(super) Option<Arc<Remote>>);

impl Asked {
    /// Nobody is asked yet; questions will wait on `runtime`.
    pub(super) fn on(runtime: Handle) -> Self {
        let surroundings = Surroundings::new(runtime, Arc::new(SystemClock));
        Self { surroundings, sessions: OnceLock::new(), now: Mutex::default() }
    }

    /// Reads every file that the options name. A service that is asked as before keeps what is remembered of it.
    pub(super) fn prepare(&self, options: Option<&RemoteOptions>) -> Result<Prepared, Mistake> {
        let Some(options) = options else { return Ok(Prepared(None)) };
        let remote = Remote::new(options.clone(), &self.surroundings);
        let remote = remote.map_err(|fault| Mistake::new("auth.http_auth", fault))?;
        let now = self.now.lock().remote.clone();
        let same = now.filter(|now| now.asks_as(&remote));
        Ok(Prepared(Some(same.unwrap_or(remote))))
    }

    /// From now on these are asked.
    pub(super) fn commit(&self, prepared: Prepared) {
        let Prepared(remote) = prepared;
        let mut now = self.now.lock();
        let is_same = match (&now.remote, &remote) {
            (Some(before), Some(after)) => Arc::ptr_eq(before, after),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if is_same {
            return;
        }
        self.surroundings.is_asked(remote.as_ref());
        // What the one before did ends here.
        now.at_work = None;
        now.at_work =
            remote.as_ref().zip(self.sessions.get()).map(|(remote, sessions)| remote.work(sessions.clone()));
        now.remote = remote;
    }

    /// The broker is at work, and these are its connections.
    pub(super) fn work(&self, sessions: Arc<dyn Sessions>) {
        let mut now = self.now.lock();
        now.at_work = now.remote.as_ref().map(|remote| remote.work(sessions.clone()));
        let _ = self.sessions.set(sessions);
    }

    fn remote(&self) -> Option<Arc<Remote>> {
        self.now.lock().remote.clone()
    }
}

#[async_trait]
impl Asking for Asked {
    fn figures(&self) -> Option<AskedService> {
        self.remote().map(|remote| remote.figures())
    }

    async fn forget(&self, whom: &ForgetRequest) -> Option<Forgotten> {
        let (remote, sessions) = (self.remote()?, self.sessions.get()?.clone());
        Some(remote.forget(whom, &*sessions).await)
    }
}
