//! The HTTP listeners: registration, management, the authentication service; and how they change at work.

mod address;
mod progress;
mod service;
mod token;

use std::collections::BTreeMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use vouchmq_api::http::{Listener, ListenerOptions, Policy};
use vouchmq_api::management::Logins;
use vouchmq_broker::ListenAddress;
use vouchmq_config::{Config, HttpListenerOptions, HttpRules};
use vouchmq_tls::{Reload, Server};

use crate::configuration::Mistake;

pub(super) use address::{Listen, address};
pub(super) use progress::Here;
pub(super) use service::{Behind, Kind, Services, Works};
pub(super) use token::administrator_token;

/// How long requests that have begun may take at the end.
const DRAIN: Duration = Duration::from_secs(5);

/// Listeners that are bound, and not served yet.
pub(super) struct Bound(Vec<(Kind, HttpListenerOptions, Policy, Vec<Opened>)>);

/// Listeners at work.
pub(super) struct AtWork {
    runtime: Handle,
    services: Services,
    houses: Mutex<BTreeMap<Kind, House>>,
}

/// The listeners of a kind, which share their rules and bounds.
struct House {
    policy: Policy,
    rules: HttpRules,
    places: Vec<Place>,
}

/// A listener, and the address that was asked for.
struct Opened {
    wanted: ListenAddress,
    listener: Listener,
}

/// One listener at work.
struct Place {
    /// As it was asked for.
    wanted: ListenAddress,
    /// As it was bound.
    address: ListenAddress,
    tls: Option<Server>,
    drain: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// Listeners that may take the place of those that there are; nothing has changed yet.
pub(super) struct Prepared {
    kinds: Vec<(Kind, Change)>,
    services: service::Prepared,
}

/// What becomes of the listeners of a kind.
struct Change {
    policy: Policy,
    rules: HttpRules,
    /// By the addresses that they are bound to.
    kept: Vec<(ListenAddress, Option<Reload>)>,
    opened: Vec<Opened>,
}

/// What happened to a listener: its kind, what it was, what it is.
type Told = (Kind, Option<String>, Option<String>);

/// Binds every listener of a configuration, or none.
pub(super) async fn bind(config: &Config) -> Result<Bound, Mistake> {
    let mut bound = Vec::new();
    for kind in Kind::ALL {
        let Some(options) = kind.options(config) else { continue };
        let policy = Policy::new(kind.rules(&options.rules));
        let mut opened = Vec::new();
        for address in &options.addresses {
            opened.push(open(kind, options, address, &policy, false).await?);
        }
        bound.push((kind, options.clone(), policy, opened));
    }
    Ok(Bound(bound))
}

async fn open(
    kind: Kind,
    options: &HttpListenerOptions,
    address: &ListenAddress,
    policy: &Policy,
    takes_over: bool,
) -> Result<Opened, Mistake> {
    let wanted = ListenerOptions {
        policy: policy.clone(),
        tls: options.tls.clone(),
        insecure_ok: options.insecure_ok,
        takes_over,
        ..ListenerOptions::at(kind.name(), address.clone())
    };
    let bound = Listener::bind(wanted).await.map_err(|fault| {
        let why = std::error::Error::source(&fault).map(|why| format!(": {why}")).unwrap_or_default();
        let text =
            format!("{fault}{why}; choose another address with {} or {}, or off", kind.flag(), kind.key());
        Mistake::new(kind.key(), text)
    });
    Ok(Opened { wanted: address.clone(), listener: bound? })
}

impl Bound {
    /// Where each listens, and for what.
    pub(super) fn addresses(&self) -> impl Iterator<Item = (String, &'static str)> {
        self.0.iter().flat_map(|(kind, options, _, opened)| {
            opened.iter().map(|opened| (options.url(opened.listener.address()), kind.name()))
        })
    }

    /// Serves them all.
    pub(super) fn serve(self, runtime: Handle, services: Services) -> AtWork {
        let at_work = AtWork { runtime, services, houses: Mutex::default() };
        for (kind, options, policy, opened) in self.0 {
            let places = opened.into_iter().map(|opened| at_work.serve(kind, opened)).collect();
            let house = House { policy, rules: options.rules, places };
            at_work.houses.lock().insert(kind, house);
        }
        at_work
    }
}

impl AtWork {
    fn serve(&self, kind: Kind, Opened { wanted, listener }: Opened) -> Place {
        let (drain, mut draining) = watch::channel(false);
        let (address, tls, service) = (listener.address().clone(), listener.tls(), self.services.of(kind));
        let task = self.runtime.spawn(listener.serve(service, async move {
            // An error: who would say so is gone.
            let _ = draining.wait_for(|is_draining| *is_draining).await;
        }));
        Place { wanted, address, tls, drain, task }
    }

    /// Reads every file and binds every address that is new.
    pub(super) async fn prepare(&self, config: &Config) -> Result<Prepared, Mistake> {
        let services = self.services.prepare(config)?;
        let mut kinds = Vec::new();
        for kind in Kind::ALL {
            if let Some(options) = kind.options(config) {
                kinds.push((kind, self.prepare_kind(kind, options).await?));
            }
        }
        Ok(Prepared { kinds, services })
    }

    async fn prepare_kind(&self, kind: Kind, options: &HttpListenerOptions) -> Result<Change, Mistake> {
        let policy = self.houses.lock().get(&kind).map(|house| house.policy.clone());
        let policy = policy.unwrap_or_else(|| Policy::new(kind.rules(&options.rules)));
        let (mut kept, mut opened) = (Vec::new(), Vec::new());
        for address in &options.addresses {
            match self.keep(kind, address, options)? {
                Some(place) => kept.push(place),
                None => {
                    let takes_over = self.has_port(address);
                    opened.push(open(kind, options, address, &policy, takes_over).await?);
                }
            }
        }
        Ok(Change { policy, rules: options.rules.clone(), kept, opened })
    }

    /// How the listener at an address goes on with these options; `None` if it does not.
    fn keep(
        &self,
        kind: Kind,
        wanted: &ListenAddress,
        options: &HttpListenerOptions,
    ) -> Result<Option<(ListenAddress, Option<Reload>)>, Mistake> {
        let houses = self.houses.lock();
        let mut places = houses.get(&kind).into_iter().flat_map(|house| &house.places);
        let Some(place) = places.find(|place| place.wanted == *wanted || place.address == *wanted) else {
            return Ok(None);
        };
        let tls = options.tls.as_ref().filter(|_| matches!(wanted, ListenAddress::Tcp(_)));
        match (&place.tls, tls) {
            (None, None) => Ok(Some((place.address.clone(), None))),
            (Some(server), Some(tls)) => {
                let reload = server.prepare_now(tls).map_err(|fault| Mistake::new(kind.key(), fault))?;
                Ok(Some((place.address.clone(), Some(reload))))
            }
            // Another one takes its place.
            (None, Some(_)) | (Some(_), None) => Ok(None),
        }
    }

    /// Whether one that is at work has this port: who takes its place may share it for a moment.
    fn has_port(&self, wanted: &ListenAddress) -> bool {
        let port = |address: &ListenAddress| match address {
            ListenAddress::Tcp(address) => Some(address.port()).filter(|port| *port != 0),
            ListenAddress::Unix(_) => None,
        };
        let Some(wanted) = port(wanted) else { return false };
        let houses = self.houses.lock();
        houses.values().flat_map(|house| &house.places).any(|place| port(&place.address) == Some(wanted))
    }

    /// Lets these operators in, and no others.
    pub(super) fn let_in(&self, logins: Logins) {
        self.services.let_in(logins);
    }

    /// Makes the change; what happened to which listener.
    pub(super) fn commit(&self, prepared: Prepared) -> Vec<Told> {
        let Prepared { kinds, services } = prepared;
        let mut told = Vec::new();
        self.services.commit(services);
        let mut before = std::mem::take(&mut *self.houses.lock());
        for (kind, change) in kinds {
            let house = before.remove(&kind);
            let house = self.commit_kind(kind, change, house, &mut told);
            self.houses.lock().insert(kind, house);
        }
        for (kind, house) in before {
            told.extend(house.places.into_iter().map(|place| (kind, Some(place.close()), None)));
        }
        told
    }

    fn commit_kind(&self, kind: Kind, change: Change, before: Option<House>, told: &mut Vec<Told>) -> House {
        let Change { policy, rules, kept, opened } = change;
        let (is_same, mut old) =
            before.map_or((true, Vec::new()), |house| (house.rules == rules, house.places));
        if !is_same {
            policy.replace(kind.rules(&rules));
        }
        let mut places = Vec::new();
        for (address, reload) in kept {
            if let Some(at) = old.iter().position(|place| place.address == address) {
                places.push(old.swap_remove(at));
            }
            let reloaded = reload.map(Reload::apply).filter(|reloaded| !reloaded.is_unchanged());
            if let Some(reloaded) = reloaded {
                let what = if reloaded.clients { "certificates, authorities" } else { "certificates" };
                told.push((kind, Some(address.to_string()), Some(format!("{address} with other {what}"))));
            }
        }
        let mut closed = old.into_iter().map(Place::close).collect::<Vec<_>>().into_iter();
        for opened in opened {
            let place = self.serve(kind, opened);
            told.push((kind, closed.next(), Some(place.address.to_string())));
            places.push(place);
        }
        told.extend(closed.map(|before| (kind, Some(before), None)));
        House { policy, rules, places }
    }

    /// Lets requests that have begun come to their end, and takes no more.
    pub(super) fn close(&self) {
        let houses = std::mem::take(&mut *self.houses.lock());
        let places: Vec<Place> = houses.into_values().flat_map(|house| house.places).collect();
        for place in &places {
            let _ = place.drain.send(true);
        }
        self.runtime.block_on(async {
            let all = async {
                for place in places {
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
