//! The listeners of a broker, and how they change while it runs.

mod change;
mod judges;
mod status;

use std::collections::HashSet;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use vouchmq_tls::Server;

use crate::clock::system_time;
use crate::door::{Door, Spoken};
use crate::judge::Judge;
use crate::listen::{self, Probe, SocketFile};
use crate::shard::Listener;
use crate::{ListenAddress, ListenerOptions, StartError};

use judges::Former;

pub use change::{Change, ListenerChange, Prepared};
pub use status::ListenerStatus;

/// Where a broker listens now.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    pub(crate) all: Vec<Listening>,
    former: Vec<Former>,
    last_id: u64,
    /// A change was prepared, and is neither made nor given up.
    is_changing: bool,
}

/// One listener.
#[derive(Debug)]
pub(crate) struct Listening {
    options: ListenerOptions,
    /// Its address, with the port that was picked for `:0`.
    pub(crate) bound: ListenAddress,
    pub(crate) door: Arc<Door>,
    /// Dropping it removes it.
    _file: Option<SocketFile>,
}

/// A listener that is bound, and whose sockets no shard has yet.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) listening: Listening,
    /// One for each shard; a Unix socket is for the first alone.
    pub(crate) sockets: Vec<Option<Listener>>,
}

impl Listeners {
    /// A name for a door or a judge that no other has or had.
    pub(crate) const fn new_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }
}

impl Opened {
    /// Reads the files of a listener and binds its address.
    pub(crate) fn open(
        options: &ListenerOptions,
        shard_count: u16,
        id: u64,
        judge: Arc<Judge>,
        probe: Probe,
    ) -> Result<Self, StartError> {
        let tls = load_tls(options)?;
        let failed = |source| StartError::Listen { address: options.address.clone(), source };
        let (bound, sockets, file) = bind(&options.address, shard_count, probe).map_err(failed)?;
        let door = Arc::new(Door::new(id, Spoken::new(options, &bound, tls, judge, Arc::default())));
        Ok(Self { listening: Listening { options: options.clone(), bound, door, _file: file }, sockets })
    }
}

/// Reads the files of a listener's TLS, if it has any.
fn load_tls(options: &ListenerOptions) -> Result<Option<Server>, StartError> {
    let Some(tls) = &options.tls else { return Ok(None) };
    let failed = |source| StartError::Tls { listener: options.name.clone(), source };
    let server = Server::load(tls, system_time()).map_err(failed)?;
    for notice in &*server.notices() {
        tracing::warn!(listener = %options.name, "{notice}");
    }
    Ok(Some(server))
}

/// # Errors
/// [`StartError::SameName`].
pub(crate) fn refuse_same_names(listeners: &[ListenerOptions]) -> Result<(), StartError> {
    let mut names = HashSet::new();
    match listeners.iter().find(|options| !names.insert(&options.name)) {
        Some(options) => Err(StartError::SameName(options.name.clone())),
        None => Ok(()),
    }
}

/// An address as it was bound, and what listens there.
type Bound = (ListenAddress, Vec<Option<Listener>>, Option<SocketFile>);

fn bind(address: &ListenAddress, shard_count: u16, probe: Probe) -> io::Result<Bound> {
    match address {
        ListenAddress::Tcp(wanted) => {
            let sockets = listen::bind_tcp(*wanted, shard_count, probe)?;
            let bound: SocketAddr = sockets.first().map_or(Ok(*wanted), TcpListener::local_addr)?;
            let sockets = sockets.into_iter().map(|socket| Some(Listener::Tcp(socket))).collect();
            Ok((ListenAddress::Tcp(bound), sockets, None))
        }
        ListenAddress::Unix(path) => {
            let (socket, file) = listen::bind_unix(path, listen::UNIX_MODE)?;
            Ok((address.clone(), vec![Some(Listener::Unix(socket))], Some(file)))
        }
    }
}
