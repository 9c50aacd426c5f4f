//! The HTTP listeners: registration, management, the authentication service.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinSet;
use vouchmq_api::authentication_service::{AuthenticationService, AuthenticationServiceOptions, Recorded};
use vouchmq_api::changes::Changes;
use vouchmq_api::http::{AdministratorToken, HttpLimits, Listener, ListenerOptions, Router};
use vouchmq_api::management::{self, ApiKeys, Application, Applied, Management, Ports};
use vouchmq_api::registration::{self, Registration, RegistrationLimits};
use vouchmq_broker::SystemClock;
use vouchmq_identity::events::Events;
use vouchmq_identity::registry::Registry;
use vouchmq_identity::resident::Resident;
use vouchmq_identity::{DoorBook, Secret, SecretUse, Sessions};
use vouchmq_registrar::{Progress, Reach, Registrar, SystemEntropy};

use crate::exit::Failure;
use crate::output;

/// Where the HTTP listeners listen; `None` is off.
#[derive(Clone, Copy, Debug)]
pub(super) struct Addresses {
    pub(super) registration: Option<SocketAddr>,
    pub(super) management: Option<SocketAddr>,
    pub(super) authentication: Option<SocketAddr>,
}

/// Listeners that are bound, and not served yet.
pub(super) struct Bound {
    registration: Option<Listener>,
    management: Option<Listener>,
    authentication: Option<Listener>,
    token: Option<AdministratorToken>,
    registration_limits: RegistrationLimits,
}

/// Listeners at work.
pub(super) struct AtWork {
    tasks: JoinSet<()>,
    drain: watch::Sender<bool>,
}

/// What the listeners work on.
pub(super) struct Works {
    registry: Arc<Registry>,
    resident: Arc<Resident>,
    events: Arc<Events>,
    book: Arc<DoorBook>,
    sessions: Arc<dyn Sessions>,
}

/// How far this process, and those beside it, have applied changes.
struct Here(Progress);

/// Where a listener listens, as a flag says it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listen(pub(super) Option<SocketAddr>);

/// Bytes of a token file.
const TOKEN_BYTES_MAX: u64 = 4096;
/// How long requests that have begun may take at the end.
const DRAIN: Duration = Duration::from_secs(5);

/// `off`, a port of loopback, or an address.
pub(super) fn address(text: &str) -> Result<Listen, String> {
    if text == "off" {
        return Ok(Listen(None));
    }
    let port = text.strip_prefix(':').or(text.strip_prefix("localhost:")).unwrap_or(text);
    if let Ok(port) = port.parse() {
        return Ok(Listen(Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))));
    }
    text.parse()
        .map(|address| Listen(Some(address)))
        .map_err(|_| "give 'off', PORT, or HOST:PORT with a numeric HOST".to_owned())
}

impl Bound {
    /// Takes the addresses, all or none. `given` is the administrator's token; without it, it is made and
    /// kept in the data directory.
    pub(super) async fn bind(
        addresses: Addresses,
        data: &Path,
        given: Option<&SecretString>,
        registration_limits: RegistrationLimits,
    ) -> Result<Self, Failure> {
        let token = match addresses.management {
            Some(_) => Some(administrator_token(data, given)?),
            None => None,
        };
        Ok(Self {
            registration: bind("registration", addresses.registration, "--register-listen", None).await?,
            management: bind("management", addresses.management, "--api-listen", Some(management::limits()))
                .await?,
            authentication: bind("authentication", addresses.authentication, "--auth-listen", None).await?,
            token,
            registration_limits,
        })
    }

    /// Where each listens, and for what.
    pub(super) fn addresses(&self) -> impl Iterator<Item = (SocketAddr, &'static str)> {
        let all = [
            (&self.registration, "registration"),
            (&self.management, "management"),
            (&self.authentication, "authentication"),
        ];
        all.into_iter().filter_map(|(listener, what)| Some((listener.as_ref()?.address(), what)))
    }

    /// Serves them all.
    pub(super) async fn serve(self, works: Works, progress: Progress) -> Result<AtWork, Failure> {
        let Self { registration, management, authentication, token, registration_limits } = self;
        let Works { registry, resident, events, book, sessions } = works;
        let changes = Arc::new(Changes::new(registry.clone(), progress.applied()));
        let applied: Arc<dyn Applied> = Arc::new(Here(progress));
        let mut at_work = AtWork { tasks: JoinSet::new(), drain: watch::Sender::new(false) };
        if let Some(listener) = registration {
            let (registry, resident, events) = (registry.clone(), resident.clone(), events.clone());
            let registration =
                Registration::new(registry, resident, events, applied.clone(), &registration_limits);
            at_work.serve(listener, registration::router(registration));
        }
        if let Some(listener) = authentication {
            let options = AuthenticationServiceOptions { trust_loopback: true, ..Default::default() };
            let (judge, confirm) = (Arc::new(Recorded::new(resident.clone(), book)), registry.clone());
            let service = AuthenticationService::try_new(&options, judge, confirm, Arc::new(SystemClock))
                .map_err(Failure::unusable)?
                .telling(changes.clone());
            at_work.serve(listener, service.build().router);
        }
        if let Some(listener) = management {
            let keys = Arc::new(ApiKeys::new(registry.clone(), token));
            keys.load().await.map_err(Failure::unusable)?;
            let ports = Ports { registry, resident, sessions, events, applied, changes };
            at_work.serve(listener, management::router(Management::new(ports, keys)));
        }
        Ok(at_work)
    }
}

impl Works {
    /// What a registrar has, and a broker's connections.
    pub(super) fn of(registrar: &Registrar, sessions: Arc<dyn Sessions>) -> Self {
        let Registrar { registry, resident, events, .. } = registrar;
        let (registry, resident, events) = (registry.clone(), resident.clone(), events.clone());
        Self { registry, resident, events, book: registrar.book(), sessions }
    }
}

impl AtWork {
    fn serve(&mut self, listener: Listener, router: Router) {
        let mut draining = self.drain.subscribe();
        self.tasks.spawn(listener.serve(router, async move {
            // An error: who would say so is gone.
            let _ = draining.wait_for(|is_draining| *is_draining).await;
        }));
    }

    /// Lets requests that have begun come to their end, and takes no more.
    pub(super) fn close(mut self, runtime: &Handle) {
        self.drain.send_replace(true);
        runtime.block_on(async {
            let all = async { while self.tasks.join_next().await.is_some() {} };
            // What is not done by then is cut off.
            let _ = tokio::time::timeout(DRAIN, all).await;
        });
    }
}

#[async_trait]
impl Applied for Here {
    async fn wait(&self, sequence: u64, timeout: Duration) -> Application {
        let Reach { acked, total, stale, sessions_closed } = self.0.wait_everywhere(sequence, timeout).await;
        Application { acked, total, stale, sessions_closed }
    }

    async fn wait_here(&self, sequence: u64, timeout: Duration) -> bool {
        self.0.wait(sequence, timeout).await.is_applied
    }
}

async fn bind(
    name: &'static str,
    address: Option<SocketAddr>,
    flag: &str,
    limits: Option<HttpLimits>,
) -> Result<Option<Listener>, Failure> {
    let Some(address) = address else { return Ok(None) };
    let limits = limits.unwrap_or_default();
    match Listener::bind(ListenerOptions { limits, ..ListenerOptions::new(name, address) }).await {
        Ok(listener) => Ok(Some(listener)),
        Err(fault) => {
            let why = std::error::Error::source(&fault).map(|why| format!(": {why}")).unwrap_or_default();
            Err(Failure::unusable(format_args!("{fault}{why}; choose another address with {flag}, or off")))
        }
    }
}

/// The token of the first administrator: what the environment gives, else that of a file for its owner only,
/// which is made at the first start.
fn administrator_token(data: &Path, given: Option<&SecretString>) -> Result<AdministratorToken, Failure> {
    let path = data.join("admin-token");
    let failed = |error: io::Error| {
        Failure::unusable(format_args!("cannot use the token file {}: {error}", path.display()))
    };
    let text = match given {
        Some(token) => token.clone(),
        None => match File::open(&path) {
            Ok(file) => read_token(&path, file)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => make_token(&path).map_err(failed)?,
            Err(error) => return Err(failed(error)),
        },
    };
    AdministratorToken::new(text).map_err(|why| {
        let origin =
            if given.is_some() { "VOUCHMQ_ADMIN_TOKEN".to_owned() } else { path.display().to_string() };
        Failure::unusable(format_args!("{origin}: {why}"))
    })
}

fn read_token(path: &Path, file: File) -> Result<SecretString, Failure> {
    let failed = |error: io::Error| {
        Failure::unusable(format_args!("cannot use the token file {}: {error}", path.display()))
    };
    let mode = file.metadata().map_err(failed)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(Failure::unusable(format_args!(
            "others may read the token file {} (mode {mode:03o}): delete it, and a new one is made",
            path.display()
        )));
    }
    let mut text = String::new();
    file.take(TOKEN_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    let token = SecretString::from(text.trim().to_owned());
    zeroize::Zeroize::zeroize(&mut text);
    Ok(token)
}

/// Shown on a terminal, and never in a log.
fn make_token(path: &Path) -> io::Result<SecretString> {
    let token = Secret::generate(SecretUse::ApiKey, &mut SystemEntropy).map_err(io::Error::other)?;
    let token = SecretString::from(token.expose().to_owned());
    let draft = path.with_extension("new");
    let _ = fs::remove_file(&draft);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    writeln!(file, "{}", token.expose_secret())?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    if output::is_watched() {
        output::note(&format!("administrator token (kept in {}): {}", path.display(), token.expose_secret()));
    }
    Ok(token)
}
