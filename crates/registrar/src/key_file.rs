//! Where the keys are: a file of mode 0600, or the environment; never the database.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use vouchmq_identity::{Entropy, Keyring, KeyringFault, NoEntropy};
use zeroize::Zeroizing;

/// Why there are no keys. The text is for whoever started the program, and repeats no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileFault {
    /// The file cannot be read or made.
    #[error("cannot use the key file {}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others may read it.
    #[error("others may read the key file {} (mode {mode:03o}): make it 0600, and rotate the keys if others did read it", .path.display())]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It is gone, and the database needs it.
    #[error("the key file {} is missing: the database was used with it; put it back", .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// It is not made of keys.
    #[error("{origin}: {fault}")]
    Keys {
        /// The file, or the environment variable.
        origin: Box<str>,
        /// What is wrong.
        fault: KeyringFault,
    },
    /// No randomness for a first key.
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
}

/// More is no key file.
const BYTES_MAX: u64 = 1 << 20;

/// The keys of a file, which is made with one random key if it is missing and the database `is_new`: one that
/// was used before needs the keys that it was used with.
///
/// # Errors
/// [`KeyFileFault`] says what is wrong with it.
pub fn keys_at(path: &Path, is_new: bool, entropy: &mut dyn Entropy) -> Result<Keyring, KeyFileFault> {
    let failed = |source| KeyFileFault::File { path: path.to_owned(), source };
    match File::open(path) {
        Ok(file) => {
            let mode = file.metadata().map_err(failed)?.mode() & 0o777;
            if mode & 0o077 != 0 {
                return Err(KeyFileFault::Mode { path: path.to_owned(), mode });
            }
            let mut text = Zeroizing::new(String::new());
            file.take(BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
            keys_of(&text, &format!("the key file {}", path.display()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && !is_new => {
            Err(KeyFileFault::Missing { path: path.to_owned() })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let keyring = Keyring::generate(entropy)?;
            create(path, &keyring).map_err(failed)?;
            Ok(keyring)
        }
        Err(error) => Err(failed(error)),
    }
}

/// The keys of a text from `origin`.
///
/// # Errors
/// [`KeyFileFault::Keys`] says which key is at fault.
pub fn keys_of(text: &str, origin: &str) -> Result<Keyring, KeyFileFault> {
    Keyring::parse(text).map_err(|fault| KeyFileFault::Keys { origin: origin.into(), fault })
}

/// Durable before anything is made with it: a credential whose key is lost is of no use.
fn create(path: &Path, keyring: &Keyring) -> io::Result<()> {
    let draft = path.with_extension("new");
    let _ = fs::remove_file(&draft);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(b"# Keys of VouchMQ. Whoever has them and the database can test guesses of secrets.\n")?;
    file.write_all(b"# Keep a copy apart from the database: without them no device can log in.\n")?;
    file.write_all(keyring.expose().as_bytes())?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    match path.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}
