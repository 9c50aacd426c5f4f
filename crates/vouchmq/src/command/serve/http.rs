//! The HTTP listeners: registration, management, the authentication service; and how they change at work.

mod address;
mod progress;
mod service;
mod token;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use vouchmq_api::http::{Listener, ListenerOptions};
use vouchmq_api::management::Logins;
use vouchmq_config::{Config, HttpListenerOptions};
use vouchmq_tls::{Reload, Server};

use crate::configuration::Mistake;

pub(super) use address::{Listen, address};
pub(super) use progress::Here;
pub(super) use service::{Behind, Kind, Services, Works};
pub(super) use token::administrator_token;

/// How long requests that have begun may take at the end.
const DRAIN: Duration = Duration::from_secs(5);

/// Listeners that are bound, and not served yet.
pub(super) struct Bound(Vec<(Kind, HttpListenerOptions, Listener)>);

/// Listeners at work.
pub(super) struct AtWork {
    runtime: Handle,
    services: Services,
    places: Mutex<BTreeMap<Kind, Place>>,
}

/// One listener at work.
struct Place {
    /// As it was asked for.
    options: HttpListenerOptions,
    /// As it was bound.
    address: SocketAddr,
    tls: Option<Server>,
    drain: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// Listeners that may take the place of those that there are; nothing has changed yet.
pub(super) struct Prepared {
    kept: Vec<(Kind, Option<Reload>)>,
    opened: Vec<(Kind, HttpListenerOptions, Listener)>,
    closed: Vec<Kind>,
    services: service::Prepared,
}

/// Binds every listener of a configuration, or none.
pub(super) async fn bind(config: &Config) -> Result<Bound, Mistake> {
    let mut bound = Vec::new();
    for kind in Kind::ALL {
        if let Some(options) = kind.options(config) {
            let listener = open(kind, options, false).await?;
            bound.push((kind, options.clone(), listener));
        }
    }
    Ok(Bound(bound))
}

async fn open(kind: Kind, options: &HttpListenerOptions, takes_over: bool) -> Result<Listener, Mistake> {
    let wanted = ListenerOptions {
        limits: kind.limits(),
        tls: options.tls.clone(),
        takes_over,
        ..ListenerOptions::new(kind.name(), options.address)
    };
    Listener::bind(wanted).await.map_err(|fault| {
        let why = std::error::Error::source(&fault).map(|why| format!(": {why}")).unwrap_or_default();
        let text =
            format!("{fault}{why}; choose another address with {} or {}, or off", kind.flag(), kind.key());
        Mistake::new(kind.key(), text)
    })
}

impl Bound {
    /// Where each listens, and for what.
    pub(super) fn addresses(&self) -> impl Iterator<Item = (String, &'static str)> {
        self.0.iter().map(|(kind, options, listener)| {
            let scheme = if options.tls.is_some() { "https" } else { "http" };
            (format!("{scheme}://{}", listener.address()), kind.name())
        })
    }

    /// Serves them all.
    pub(super) fn serve(self, runtime: Handle, services: Services) -> AtWork {
        let at_work = AtWork { runtime, services, places: Mutex::default() };
        for (kind, options, listener) in self.0 {
            at_work.open(kind, options, listener);
        }
        at_work
    }
}

impl AtWork {
    fn open(&self, kind: Kind, options: HttpListenerOptions, listener: Listener) {
        let (drain, mut draining) = watch::channel(false);
        let (address, tls, service) = (listener.address(), listener.tls(), self.services.of(kind));
        let task = self.runtime.spawn(listener.serve(service, async move {
            // An error: who would say so is gone.
            let _ = draining.wait_for(|is_draining| *is_draining).await;
        }));
        let place = Place { options, address, tls, drain, task };
        self.places.lock().insert(kind, place);
    }

    /// Reads every file and binds every address that is new.
    pub(super) async fn prepare(&self, config: &Config) -> Result<Prepared, Mistake> {
        let services = self.services.prepare(config)?;
        let mut prepared = Prepared { kept: Vec::new(), opened: Vec::new(), closed: Vec::new(), services };
        for kind in Kind::ALL {
            let Some(options) = kind.options(config) else {
                prepared.closed.extend(self.places.lock().contains_key(&kind).then_some(kind));
                continue;
            };
            match self.keep(kind, options)? {
                Some(tls) => prepared.kept.push((kind, tls)),
                None => {
                    let takes_over = self.has_port(options.address.port());
                    let listener = open(kind, options, takes_over).await?;
                    prepared.opened.push((kind, options.clone(), listener));
                }
            }
        }
        Ok(prepared)
    }

    /// How a listener goes on with these options; `None` if it does not.
    fn keep(&self, kind: Kind, options: &HttpListenerOptions) -> Result<Option<Option<Reload>>, Mistake> {
        let places = self.places.lock();
        let Some(place) = places.get(&kind) else { return Ok(None) };
        let is_same = place.options.address == options.address || place.address == options.address;
        match (&place.tls, &options.tls) {
            _ if !is_same => Ok(None),
            (None, None) => Ok(Some(None)),
            (Some(server), Some(tls)) => {
                let reload = server.prepare_now(tls);
                Ok(Some(Some(reload.map_err(|fault| Mistake::new(kind.key(), fault))?)))
            }
            // Another one takes its place.
            (None, Some(_)) | (Some(_), None) => Ok(None),
        }
    }

    /// Whether one that is at work has this port: who takes its place may share it for a moment.
    fn has_port(&self, port: u16) -> bool {
        self.places.lock().values().any(|place| port != 0 && place.address.port() == port)
    }

    /// Lets these operators in, and no others.
    pub(super) fn let_in(&self, logins: Logins) {
        self.services.let_in(logins);
    }

    /// Makes the change; what happened to which listener.
    pub(super) fn commit(&self, prepared: Prepared) -> Vec<(Kind, Option<String>, Option<String>)> {
        let Prepared { kept, opened, closed, services } = prepared;
        let mut changes = Vec::new();
        self.services.commit(services);
        for (kind, reload) in kept {
            let Some(reloaded) = reload.map(Reload::apply).filter(|reloaded| !reloaded.is_unchanged()) else {
                continue;
            };
            let what = if reloaded.clients { "certificates, authorities" } else { "certificates" };
            changes.push((kind, Some("TLS".to_owned()), Some(format!("TLS with other {what}"))));
        }
        for kind in closed {
            let before = self.places.lock().remove(&kind).map(Place::close);
            changes.push((kind, before, None));
        }
        for (kind, options, listener) in opened {
            let before = self.places.lock().remove(&kind).map(Place::close);
            let after = listener.address().to_string();
            self.open(kind, options, listener);
            changes.push((kind, before, Some(after)));
        }
        changes
    }

    /// Lets requests that have begun come to their end, and takes no more.
    pub(super) fn close(&self) {
        let places = std::mem::take(&mut *self.places.lock());
        for place in places.values() {
            let _ = place.drain.send(true);
        }
        self.runtime.block_on(async {
            let all = async {
                for place in places.into_values() {
                    let _ = place.task.await;
                }
            };
            // What is not done by then is cut off.
            let _ = tokio::time::timeout(DRAIN, all).await;
        });
    }
}

impl Place {
    /// Takes no more; who is being answered is answered. Tells the address.
    fn close(self) -> String {
        let _ = self.drain.send(true);
        self.address.to_string()
    }
}
