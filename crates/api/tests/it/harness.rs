use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;
use vouchmq_api::http::{
    HostNames, HttpLimits, ListenFault, Listener, ListenerOptions, Policy, Rules, Service,
};

pub(crate) mod client;
pub(crate) mod log;
pub(crate) mod mqtt;
pub(crate) mod pki;
pub(crate) mod registry;
mod steps;
pub(crate) mod world;

pub(crate) use client::{Answer, Connection};

/// A listener on a thread of its own.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<vouchmq_tls::Server>,
    drain: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(service: impl Into<Service>) -> Self {
        Self::with(service, HttpLimits::default())
    }

    pub(crate) fn with(service: impl Into<Service>, limits: HttpLimits) -> Self {
        let host_names = HostNames::new(["broker.example", "auth.example"]);
        Self::by(service, Rules { limits, host_names, ..Rules::default() })
    }

    pub(crate) fn by(service: impl Into<Service>, rules: Rules) -> Self {
        let policy = Policy::new(rules);
        Self::listening(service, ListenerOptions { policy, ..ListenerOptions::new("test", free()) })
    }

    pub(crate) fn listening(service: impl Into<Service>, options: ListenerOptions) -> Self {
        let service = service.into();
        let (drain, drained) = oneshot::channel();
        let (tell, told) = mpsc::channel();
        let serve = move || {
            runtime().block_on(async {
                let listener = Listener::bind(options).await.unwrap();
                tell.send((listener.tcp_address().unwrap_or_else(free), listener.tls())).unwrap();
                let drained = async { drop(drained.await) };
                listener.serve(service, drained).await;
            });
        };
        let thread = std::thread::spawn(serve);
        let (address, tls) = told.recv().unwrap();
        Self { address, tls, drain: Some(drain), thread: Some(thread) }
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::to(self.address)
    }

    /// One request on a connection of its own.
    pub(crate) fn ask(&self, request: &str) -> Answer {
        let mut connection = self.connect();
        connection.send(request.as_bytes());
        connection.receive()
    }

    pub(crate) fn begin_drain(&mut self) {
        drop(self.drain.take());
    }

    /// Waits for the end of a drain.
    pub(crate) fn join(&mut self) {
        self.begin_drain();
        self.thread.take().unwrap().join().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.begin_drain();
    }
}

/// What comes of listening at an address.
pub(crate) fn bind(address: SocketAddr) -> Result<SocketAddr, ListenFault> {
    bind_with(ListenerOptions::new("test", address))
}

/// The same, with other options.
pub(crate) fn bind_with(options: ListenerOptions) -> Result<SocketAddr, ListenFault> {
    runtime().block_on(async {
        Listener::bind(options).await.map(|listener| listener.tcp_address().unwrap_or_else(free))
    })
}

pub(crate) fn free() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}
