//! Listening sockets: one for each shard on the same TCP address, one for a Unix path.

use std::fs::{Metadata, Permissions};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

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

/// The file of a Unix socket. It goes with its broker, unless another file has taken its place.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

/// Binds a Unix path, for those whom the permissions `mode` let in (as `0o600`). The socket of a process that is gone
/// is replaced; one that answers, and whatever is no socket, is left alone.
///
/// # Errors
/// What the system says: `AddrInUse` where something else has the path.
pub fn bind_unix(path: &Path, mode: u32) -> io::Result<(UnixListener, SocketFile)> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    let address = SockAddr::unix(path)?;
    match socket.bind(&address) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            if !is_abandoned(path)? {
                return Err(error);
            }
            std::fs::remove_file(path)?;
            socket.bind(&address)?;
        }
        bound => bound?,
    }
    // Nobody can connect before it listens, so nobody comes in by wider permissions.
    std::fs::set_permissions(path, Permissions::from_mode(mode))?;
    let metadata = std::fs::symlink_metadata(path)?;
    let file = SocketFile { path: path.to_owned(), device: metadata.dev(), inode: metadata.ino() };
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok((socket.into(), file))
}

/// Whether this is a socket that nobody listens on any more.
fn is_abandoned(path: &Path) -> io::Result<bool> {
    if !std::fs::symlink_metadata(path)?.file_type().is_socket() {
        return Ok(false);
    }
    let connected = std::os::unix::net::UnixStream::connect(path);
    Ok(connected.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused))
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let is_ours = |metadata: &Metadata| metadata.dev() == self.device && metadata.ino() == self.inode;
        if std::fs::symlink_metadata(&self.path).is_ok_and(|metadata| is_ours(&metadata))
            && let Err(error) = std::fs::remove_file(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "the Unix socket could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("vouchmq-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    #[test]
    fn only_a_socket_that_nobody_listens_on_is_replaced() {
        let directory = directory("replace");
        let file = directory.join("file");
        std::fs::write(&file, "precious").unwrap();
        assert_eq!(bind_unix(&file, UNIX_MODE).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");

        let path = directory.join("socket");
        drop(UnixListener::bind(&path).unwrap());
        let (listener, _file) = bind_unix(&path, UNIX_MODE).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, UNIX_MODE);
        assert_eq!(
            bind_unix(&path, UNIX_MODE).unwrap_err().kind(),
            io::ErrorKind::AddrInUse,
            "somebody answers"
        );
        drop(listener);
        std::fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_socket_is_removed_with_its_broker_and_no_other_file_is() {
        let directory = directory("remove");
        let path = directory.join("socket");
        drop(bind_unix(&path, UNIX_MODE).unwrap());
        assert!(!path.exists());
        let bound = bind_unix(&path, UNIX_MODE).unwrap();
        std::fs::rename(&path, directory.join("moved")).unwrap();
        std::fs::write(&path, "another").unwrap();
        drop(bound);
        assert!(path.exists());
        std::fs::remove_dir_all(directory).unwrap();
    }
}
