use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use socket2::{Domain, SockAddr, Socket, Type};

use super::BACKLOG;

/// The file of a Unix socket. It goes with its broker, unless another file has taken its place.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

/// A folder that nobody else can enter, in which a socket gets its permissions before it gets its name.
struct Cradle(PathBuf);

const OTHERS_MAY_WRITE: u32 = 0o002;
const STICKY: u32 = 0o1000;
/// A name in a cradle: as short as can be, since paths of sockets have at most 107 bytes.
const IN_CRADLE: &str = "s";
/// Cradles that may have been left behind by one process that was killed.
const CRADLES_MAX: u32 = 1000;

/// Binds a Unix path, for those whom the permissions `mode` let in (as `0o600`). The socket of a process that is gone
/// is replaced; one that answers, and whatever is no socket, is left alone.
///
/// Its folder has to be one in which nobody else can move it: not writable for everybody, or sticky as `/tmp`.
///
/// # Errors
/// What the system says: `AddrInUse` where something else has the path, `PermissionDenied` for a folder in which
/// everybody may change everything.
pub fn bind_unix(path: &Path, mode: u32) -> io::Result<(UnixListener, SocketFile)> {
    // Also where its own name is too long to be connected to.
    SockAddr::unix(path)?;
    let folder = folder_of(path);
    let permissions = fs::metadata(folder)?.mode();
    if permissions & OTHERS_MAY_WRITE != 0 && permissions & STICKY == 0 {
        let why = "everybody may write to the folder of this socket, and could put another in its place";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    }
    let cradle = Cradle::new(folder)?;
    let hidden = cradle.0.join(IN_CRADLE);
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&SockAddr::unix(&hidden)?)?;
    fs::set_permissions(&hidden, Permissions::from_mode(mode))?;
    let metadata = fs::symlink_metadata(&hidden)?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    match name(&hidden, path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_abandoned(path)? => {
            fs::remove_file(path)?;
            name(&hidden, path)?;
        }
        named => named?,
    }
    let file = SocketFile { path: path.to_owned(), device: metadata.dev(), inode: metadata.ino() };
    if !file.is_there() {
        return Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            "another file has taken the place of the socket",
        ));
    }
    Ok((socket.into(), file))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Gives a file this name too, if nothing has it.
fn name(file: &Path, path: &Path) -> io::Result<()> {
    fs::hard_link(file, path).map_err(|error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            io::Error::new(io::ErrorKind::AddrInUse, error)
        } else {
            error
        }
    })
}

/// Whether this is a socket that nobody listens on any more.
fn is_abandoned(path: &Path) -> io::Result<bool> {
    if !fs::symlink_metadata(path)?.file_type().is_socket() {
        return Ok(false);
    }
    let connected = UnixStream::connect(path);
    Ok(connected.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused))
}

// === impl Cradle ===

impl Cradle {
    fn new(folder: &Path) -> io::Result<Self> {
        static LAST: AtomicU32 = AtomicU32::new(0);
        for _ in 0..CRADLES_MAX {
            let number = LAST.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!(".{:x}-{number:x}", std::process::id()));
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

impl Drop for Cradle {
    fn drop(&mut self) {
        // It may never have been bound.
        let _ = fs::remove_file(self.0.join(IN_CRADLE));
        if let Err(error) = fs::remove_dir(&self.0) {
            tracing::warn!(path = %self.0.display(), %error, "a folder could not be removed");
        }
    }
}

// === impl SocketFile ===

impl SocketFile {
    /// Whether its path is still its own.
    fn is_there(&self) -> bool {
        let is_ours = |metadata: &Metadata| metadata.dev() == self.device && metadata.ino() == self.inode;
        fs::symlink_metadata(&self.path).is_ok_and(|metadata| is_ours(&metadata))
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.is_there()
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "the Unix socket could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::UNIX_MODE;
    use super::*;

    fn directory(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("vouchmq-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        path
    }

    fn names_in(folder: &Path) -> Vec<String> {
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(name).collect();
        names.sort();
        names
    }

    #[test]
    fn only_a_socket_that_nobody_listens_on_is_replaced() {
        let directory = directory("replace");
        let file = directory.join("file");
        fs::write(&file, "precious").unwrap();
        assert_eq!(bind_unix(&file, UNIX_MODE).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        assert_eq!(fs::read_to_string(&file).unwrap(), "precious");

        let path = directory.join("socket");
        drop(UnixListener::bind(&path).unwrap());
        let (listener, _file) = bind_unix(&path, UNIX_MODE).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, UNIX_MODE);
        assert_eq!(
            bind_unix(&path, UNIX_MODE).unwrap_err().kind(),
            io::ErrorKind::AddrInUse,
            "somebody answers"
        );
        assert!(UnixStream::connect(&path).is_ok());
        assert_eq!(names_in(&directory), ["file", "socket"], "nothing else is left");
        drop(listener);
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_socket_is_removed_with_its_broker_and_no_other_file_is() {
        let directory = directory("remove");
        let path = directory.join("socket");
        drop(bind_unix(&path, UNIX_MODE).unwrap());
        assert!(!path.exists());
        let bound = bind_unix(&path, UNIX_MODE).unwrap();
        fs::rename(&path, directory.join("moved")).unwrap();
        fs::write(&path, "another").unwrap();
        drop(bound);
        assert!(path.exists());
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_folder_where_everybody_could_swap_the_socket_is_refused() {
        let directory = directory("open");
        let path = directory.join("socket");
        for (mode, is_good) in [(0o777, false), (0o1777, true), (0o770, true), (0o703, false)] {
            fs::set_permissions(&directory, Permissions::from_mode(mode)).unwrap();
            let bound = bind_unix(&path, UNIX_MODE);
            assert_eq!(bound.is_ok(), is_good, "{mode:o}: {bound:?}");
        }
        fs::remove_dir_all(directory).unwrap();
    }

    /// Looks as often as it can at the file while it is bound, with the widest permissions that there could be.
    #[test]
    fn nobody_ever_sees_the_socket_with_other_permissions() {
        let directory = directory("seen");
        let path = directory.join("socket");
        let is_done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            let look = || {
                let mut seen = std::collections::BTreeSet::new();
                while !is_done.load(Ordering::Relaxed) {
                    seen.extend(fs::symlink_metadata(&path).ok().map(|found| found.mode() & 0o777));
                }
                seen
            };
            let looking = scope.spawn(look);
            for _ in 0..500 {
                drop(bind_unix(&path, 0o600).unwrap());
            }
            is_done.store(true, Ordering::Relaxed);
            assert!(looking.join().unwrap().iter().all(|mode| *mode == 0o600));
        });
        fs::remove_dir_all(directory).unwrap();
    }
}
