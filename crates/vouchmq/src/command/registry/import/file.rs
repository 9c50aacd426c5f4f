//! The file of an import, read while it is sent.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use tokio::sync::mpsc::{Receiver, Sender, channel};
use vouchmq_client::dto::import::BYTES_MAX;

use crate::exit::Failure;

/// A file that can be read and has something in it.
pub(super) struct Input {
    name: String,
    reader: Box<dyn Read + Send>,
    first: Vec<u8>,
}

/// What went wrong while a file was read: the server only hears that something is missing.
pub(super) struct ReadFault {
    name: String,
    fault: Arc<OnceLock<String>>,
}

/// Parts that wait to be sent.
const PARTS_MAX: usize = 4;
const PART_LEN: usize = 64 * 1024;

/// No parts at all.
pub(super) fn nothing() -> Receiver<io::Result<Vec<u8>>> {
    channel(1).1
}

impl Input {
    /// Opens a file, or standard input for `-`.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let is_stdin = path.as_os_str() == "-";
        let name = if is_stdin { "standard input".to_owned() } else { path.display().to_string() };
        let unreadable = |error| Failure::unusable(format_args!("cannot read {name}: {error}"));
        let mut reader: Box<dyn Read + Send> = if is_stdin {
            Box::new(io::stdin())
        } else {
            let file = File::open(path).map_err(unreadable)?;
            let len = file.metadata().map_err(unreadable)?.len();
            if len > BYTES_MAX as u64 {
                return Err(Failure::unusable(format_args!(
                    "{name} has {len} bytes, and at most {BYTES_MAX} are imported at once: split it, or export \
                     product by product"
                )));
            }
            Box::new(file)
        };
        let first = part(&mut reader).map_err(unreadable)?;
        if first.is_empty() {
            return Err(Failure::unusable(format_args!("{name} is empty")));
        }
        Ok(Self { name, reader, first })
    }

    /// Its parts, and what went wrong with them when they have ended.
    pub(super) fn parts(self) -> (Receiver<io::Result<Vec<u8>>>, ReadFault) {
        let Self { name, mut reader, first } = self;
        let (sender, parts) = channel(PARTS_MAX);
        let fault = Arc::new(OnceLock::new());
        let told = fault.clone();
        // Files cannot be waited for otherwise; whoever is done does not wait for the thread.
        std::thread::spawn(move || send(&sender, first, &mut reader, &told));
        (parts, ReadFault { name, fault })
    }
}

impl ReadFault {
    /// Fails if the file could not be read to its end.
    pub(super) fn told(&self) -> Result<(), Failure> {
        let Self { name, fault } = self;
        match fault.get() {
            Some(why) => Err(Failure::unusable(format_args!(
                "cannot read {name} to its end: {why}; rows before it may have been entered"
            ))),
            None => Ok(()),
        }
    }
}

fn send(
    sender: &Sender<io::Result<Vec<u8>>>,
    first: Vec<u8>,
    reader: &mut dyn Read,
    told: &OnceLock<String>,
) {
    let mut next = Ok(first);
    loop {
        match next {
            Ok(bytes) if bytes.is_empty() => return,
            Ok(bytes) => {
                // The server has answered: it wants no more.
                if sender.blocking_send(Ok(bytes)).is_err() {
                    return;
                }
            }
            Err(error) => {
                let _ = told.set(io::Error::to_string(&error));
                let _ = sender.blocking_send(Err(error));
                return;
            }
        }
        next = part(reader);
    }
}

/// The next bytes; none at the end.
fn part(reader: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; PART_LEN];
    loop {
        match reader.read(&mut bytes) {
            Ok(len) => {
                bytes.truncate(len);
                return Ok(bytes);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
