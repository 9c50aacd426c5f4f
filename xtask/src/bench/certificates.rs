//! What brokers show to clients over TLS: made anew, the same for all of them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::process::Program;

/// A certificate of 127.0.0.1 with its key (ECDSA P-256), and who vouches for it.
#[derive(Clone, Debug)]
pub(super) struct Certificates {
    pub(super) authority: PathBuf,
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

impl Certificates {
    /// Has our binary make them in a folder below `dir`.
    pub(super) fn make(vouchmq: &Path, dir: &Path) -> Result<Self> {
        let dir = dir.join("certificates");
        if dir.exists() {
            fs::remove_dir_all(&dir).with_context(|| format!("cannot remove {}", dir.display()))?;
        }
        fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let program = Program::new(vouchmq).words("cert self-signed --out");
        program.args([dir.as_path()]).succeed()?;
        let file = |name| dir.join(name);
        // Who signs itself is its own authority.
        Ok(Self { authority: file("server.crt"), certificate: file("server.crt"), key: file("server.key") })
    }
}
