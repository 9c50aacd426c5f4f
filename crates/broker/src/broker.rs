use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use vouchmq_mqtt::engine::ShardId;

use crate::clock::Monotonic;
use crate::shard::mailbox::{Inbox, Mailbox, Message};
use crate::shard::{Listener, Setup};
use crate::verify::Verifier;
use crate::{BrokerConfig, ListenAddress, listen, shard};

/// A broker whose addresses are bound: clients may connect, nobody is served yet.
#[derive(Debug)]
pub struct Bound {
    config: BrokerConfig,
    addresses: Vec<ListenAddress>,
    /// The listening sockets of each shard.
    listeners: Vec<Vec<Listener>>,
}

/// A running broker.
#[derive(Debug)]
pub struct Broker {
    mailboxes: Arc<[Mailbox]>,
    threads: Vec<JoinHandle<io::Result<()>>>,
}

/// Why a broker did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address is taken or may not be used.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: ListenAddress,
        /// What the system said.
        source: io::Error,
    },
    /// The system gives no more threads.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
}

impl Bound {
    /// Binds every address, or none.
    ///
    /// # Errors
    /// [`StartError::Listen`] names the address that could not be bound.
    pub fn bind(config: BrokerConfig) -> Result<Self, StartError> {
        let shard_count = config.engine.shard_count;
        let mut listeners: Vec<Vec<Listener>> = (0..shard_count).map(|_| Vec::new()).collect();
        let mut addresses = Vec::new();
        for address in &config.listen {
            let failed = |source| StartError::Listen { address: address.clone(), source };
            addresses.push(bind(address, shard_count, &mut listeners).map_err(failed)?);
        }
        Ok(Self { config, addresses, listeners })
    }

    /// The addresses as they were bound, with the ports that were picked for `:0`.
    pub fn addresses(&self) -> &[ListenAddress] {
        &self.addresses
    }

    /// Starts to serve.
    ///
    /// # Errors
    /// [`StartError::Thread`] when a thread cannot be started.
    pub fn start(self) -> Result<Broker, StartError> {
        let clock = Monotonic::start();
        let config = self.config;
        let verifier = Verifier::start(config.authenticator.clone(), clock, config.verify_threads)
            .map_err(StartError::Thread)?;
        let (mailboxes, inboxes): (Vec<Mailbox>, Vec<Inbox>) =
            (0..config.engine.shard_count).map(|_| Mailbox::new()).unzip();
        let mailboxes: Arc<[Mailbox]> = mailboxes.into();
        let mut threads = Vec::new();
        for (number, (inbox, listeners)) in inboxes.into_iter().zip(self.listeners).enumerate() {
            let setup = Setup {
                id: ShardId(u16::try_from(number).unwrap_or(0)),
                options: config.engine.clone(),
                listeners,
                inbox,
                mailboxes: mailboxes.clone(),
                verifier: verifier.clone(),
                clock,
                drain_timeout: config.drain_timeout,
            };
            let name = format!("shard-{number}");
            let thread = std::thread::Builder::new().name(name).spawn(move || shard::run(setup));
            threads.push(thread.map_err(StartError::Thread)?);
        }
        Ok(Broker { mailboxes, threads })
    }
}

impl Broker {
    /// Lets every client go, then ends: DISCONNECT with Server shutting down, and time to read it.
    pub fn drain(self) -> io::Result<()> {
        for mailbox in self.mailboxes.iter() {
            mailbox.send(Message::Drain);
        }
        for thread in self.threads {
            thread.join().map_err(|_| io::Error::other("a shard panicked"))??;
        }
        Ok(())
    }
}

fn bind(
    address: &ListenAddress,
    shard_count: u16,
    shards: &mut [Vec<Listener>],
) -> io::Result<ListenAddress> {
    match address {
        ListenAddress::Tcp(wanted) => {
            let sockets = listen::bind_tcp(*wanted, shard_count)?;
            let bound: SocketAddr = sockets.first().map_or(Ok(*wanted), std::net::TcpListener::local_addr)?;
            for (shard, socket) in shards.iter_mut().zip(sockets) {
                shard.push(Listener::Tcp(socket));
            }
            Ok(ListenAddress::Tcp(bound))
        }
        ListenAddress::Unix(path) => {
            let socket = listen::bind_unix(path)?;
            if let Some(first) = shards.first_mut() {
                first.push(Listener::Unix(socket));
            }
            Ok(address.clone())
        }
    }
}
