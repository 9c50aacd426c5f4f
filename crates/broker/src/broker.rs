use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

use parking_lot::Mutex;
use tokio::sync::mpsc;
use vouchmq_mqtt::engine::ShardId;
use vouchmq_tls::TlsFault;

use crate::admission::{Admission, ConnectionLimits};
use crate::clock::Monotonic;
use crate::door::Door;
use crate::judge::Judge;
use crate::listen::Probe;
use crate::listeners::{Listeners, Opened, refuse_same_names};
use crate::overseer::Overseer;
use crate::shard::mailbox::{Inbox, Mailbox, Message};
use crate::shard::{Listener, Setup};
use crate::verify::Verifier;
use crate::{BrokerConfig, BrokerSettings, Control, ListenAddress, descriptors, memory, shard};

/// A broker whose addresses are bound: clients may connect, nobody is served yet.
#[derive(Debug)]
pub struct Bound {
    config: BrokerConfig,
    addresses: Vec<ListenAddress>,
    listeners: Listeners,
    /// The listening sockets of each shard.
    sockets: Vec<Vec<(Listener, Arc<Door>)>>,
}

/// A running broker.
#[derive(Debug)]
pub struct Broker {
    control: Control,
    threads: Vec<JoinHandle<()>>,
    /// How each part ended.
    ended: mpsc::UnboundedReceiver<Ended>,
    /// A part that ended by itself.
    failed: Option<Ended>,
    /// Dropping it ends the overseer.
    stop_overseer: std::sync::mpsc::Sender<()>,
}

/// How a part of the broker ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was drained.
    Drained,
    /// It panicked, or its runtime failed: a bug, or a system out of resources.
    Failed(Part),
}

/// What has a thread of its own, and without which a broker must not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A shard: its clients are gone.
    Shard(ShardId),
    /// What watches over memory: nothing bounds it any more.
    Overseer,
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
    /// The TLS of a listener cannot be used.
    #[error("listener {listener}: {source}")]
    Tls {
        /// Its name.
        listener: Box<str>,
        /// Which file, what is wrong, what mends it.
        source: TlsFault,
    },
    /// Two listeners have the same name.
    #[error("two listeners are called {0}")]
    SameName(Box<str>),
    /// Another change of the listeners is on its way.
    #[error("the listeners are being changed already")]
    Changing,
    /// The system gives no more threads.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
}

impl Bound {
    /// Reads every file and binds every address, or none.
    ///
    /// # Errors
    /// [`StartError::Listen`] names the address that could not be bound, [`StartError::Tls`] the file that is wrong.
    pub fn bind(config: BrokerConfig) -> Result<Self, StartError> {
        let shard_count = config.engine.shard_count;
        let (mut listeners, mut sockets) = (Listeners::default(), Vec::new());
        sockets.resize_with(usize::from(shard_count), Vec::new);
        refuse_same_names(&config.listeners)?;
        for options in &config.listeners {
            let judge = Arc::new(Judge::new(listeners.new_id(), None));
            let opened = Opened::open(options, shard_count, listeners.new_id(), judge, Probe::Always)?;
            opened.listening.sit();
            for (shard, socket) in sockets.iter_mut().zip(opened.sockets) {
                shard.extend(socket.map(|socket| (socket, opened.listening.door.clone())));
            }
            listeners.all.push(opened.listening);
        }
        let addresses = listeners.all.iter().map(|listening| listening.bound.clone()).collect();
        Ok(Self { config, addresses, listeners, sockets })
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
        let Self { config, listeners, sockets, .. } = self;
        let clock = Monotonic::start();
        let admission =
            Arc::new(Admission::new(config.settings.connection_limits(), config.settings.memory_max()));
        let methods = config.exchange_methods.clone().into();
        let patience = config.engine.settings.limits.connect_deadline;
        let authenticator = config.authenticator.clone();
        let gate = admission.clone();
        let verifier = Verifier::start(authenticator, methods, gate, clock, patience, config.verify_threads)
            .map_err(StartError::Thread)?;
        let (mailboxes, inboxes): (Vec<Mailbox>, Vec<Inbox>) =
            (0..config.engine.shard_count).map(|_| Mailbox::new()).unzip();
        let mailboxes: Arc<[Mailbox]> = mailboxes.into();
        let control = Control {
            mailboxes: mailboxes.clone(),
            admission: admission.clone(),
            retained: config.engine.retained.clone(),
            elsewhere: verifier.elsewhere().clone(),
            queue: verifier.queue().clone(),
            inquiries: verifier.inquiries().clone(),
            settings: Arc::new(Mutex::new(config.settings)),
            listeners: Arc::new(Mutex::new(listeners)),
            peaks: Arc::default(),
            clock,
            traces: Arc::default(),
        };
        let (tell_end, ended) = mpsc::unbounded_channel();
        let mut threads = Vec::new();
        for (number, (inbox, listeners)) in inboxes.into_iter().zip(sockets).enumerate() {
            let setup = Setup {
                id: ShardId(u16::try_from(number).unwrap_or(0)),
                options: config.engine.clone(),
                listeners,
                inbox,
                mailboxes: mailboxes.clone(),
                verifier: verifier.clone(),
                admission: admission.clone(),
                traces: control.traces.clone(),
                clock,
            };
            threads.push(spawn(Part::Shard(setup.id), tell_end.clone(), || shard::run(setup))?);
        }
        let (stop_overseer, stop) = std::sync::mpsc::channel();
        let overseer =
            Overseer { control: control.clone(), clock, heap_bytes_in_use: config.heap_bytes_in_use };
        let watch = move || {
            overseer.run(&stop);
            Ok(())
        };
        threads.push(spawn(Part::Overseer, tell_end, watch)?);
        Ok(Broker { control, threads, ended, failed: None, stop_overseer })
    }
}

/// Runs a part on a thread of its own, and tells how it ended: one that panics must not leave a broker behind
/// that is half alive.
pub(crate) fn spawn(
    part: Part,
    tell_end: mpsc::UnboundedSender<Ended>,
    run: impl FnOnce() -> io::Result<()> + Send + 'static,
) -> Result<JoinHandle<()>, StartError> {
    let run = move || {
        let ended = match catch_unwind(AssertUnwindSafe(run)) {
            Ok(Ok(())) => Ended::Drained,
            Ok(Err(error)) => {
                tracing::error!(%part, %error, "a part of the broker failed");
                Ended::Failed(part)
            }
            Err(_) => {
                tracing::error!(%part, "a part of the broker panicked: this is a bug");
                Ended::Failed(part)
            }
        };
        let _ = tell_end.send(ended);
    };
    std::thread::Builder::new().name(part.to_string()).spawn(run).map_err(StartError::Thread)
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Shard(id) => write!(f, "shard-{}", id.0),
            Self::Overseer => f.write_str("overseer"),
        }
    }
}

impl Broker {
    /// Looks into the broker and acts on its clients.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Waits until a part ends by itself, which only a failure makes it do.
    pub async fn failed(&mut self) -> Ended {
        let ended = self.ended.recv().await.unwrap_or(Ended::Drained);
        self.failed = Some(ended);
        ended
    }

    /// Lets every client go, then ends: DISCONNECT with Server shutting down, and time to read it.
    ///
    /// Returns [`Ended::Failed`] if a part ended by itself meanwhile.
    pub fn drain(mut self) -> Ended {
        let timeout = self.control.settings.lock().drain_timeout;
        for mailbox in self.control.mailboxes.iter() {
            mailbox.send(Message::Drain(timeout));
        }
        drop(self.stop_overseer);
        // A broker that takes over finds the path free, and its own file is not removed.
        self.control.listeners.lock().all.clear();
        for thread in self.threads {
            // A panic was caught and told.
            let _ = thread.join();
        }
        let mut outcome = self.failed.unwrap_or(Ended::Drained);
        while let Ok(ended) = self.ended.try_recv() {
            if ended != Ended::Drained {
                outcome = ended;
            }
        }
        outcome
    }
}

impl BrokerSettings {
    pub(crate) fn connection_limits(&self) -> ConnectionLimits {
        let room = descriptors::raise_limit();
        let total_max = if self.connections_max == 0 { room } else { self.connections_max.min(room) };
        ConnectionLimits {
            total_max,
            per_address_max: self.connections_per_address_max,
            connects_per_address_per_sec: self.connect_rate_per_address,
            failed_logins_free: self.failed_logins_per_address,
            takeovers_free: self.takeovers_per_client_id,
            queue_delay_target: self.queue_delay_target,
        }
    }

    /// Bytes of memory that the process may take, where that is known.
    pub(crate) fn memory_max(&self) -> Option<u64> {
        self.memory_bytes_max.or_else(memory::default_limit)
    }
}
