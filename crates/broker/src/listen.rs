//! Listening sockets: one for each shard on the same TCP address, one for a Unix path.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};

mod unix;

pub use unix::{SocketFile, bind_unix};

/// Connections that wait to be accepted.
const BACKLOG: i32 = 4096;
/// Who may connect by a Unix socket of MQTT: the user of this process, and its group.
pub(crate) const UNIX_MODE: u32 = 0o660;

/// Whether it is found out first that nobody else listens on an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Probe {
    Always,
    /// This process listens on its port itself, with a listener that is about to go.
    Never,
}

/// Binds one TCP address for `shard_count` shards, which the kernel spreads new connections over.
///
/// An address that another process listens on is refused, although SO_REUSEPORT would allow to share it: a
/// second broker on the same port would take half of the clients.
pub(crate) fn bind_tcp(
    mut address: SocketAddr,
    shard_count: u16,
    probe: Probe,
) -> io::Result<Vec<std::net::TcpListener>> {
    if probe == Probe::Always {
        let probe = socket(address)?;
        probe.bind(&address.into())?;
        address = probe.local_addr()?.as_socket().unwrap_or(address);
    }
    (0..shard_count)
        .map(|_| {
            let socket = socket(address)?;
            socket.set_reuse_port(true)?;
            socket.bind(&address.into())?;
            socket.listen(BACKLOG)?;
            socket.set_nonblocking(true)?;
            Ok(socket.into())
        })
        .collect()
}

fn socket(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    Ok(socket)
}
