//! Certificates and keys as files: a key is its owner's only, and what is there is not overwritten.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use zeroize::Zeroizing;

use crate::exit::Failure;
use crate::output;

const SECRET: u32 = 0o600;
const PUBLIC: u32 = 0o644;

/// Where the files go.
#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct Output {
    /// Write the files into this directory
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Call the files NAME.crt and NAME.key
    #[arg(long = "file-name", value_name = "NAME")]
    stem: Option<String>,
    /// Overwrite files that are there
    #[arg(long)]
    force: bool,
}

impl Output {
    /// Writes a certificate, and its key where there is one; tells their paths.
    pub(super) fn write_pem(
        &self,
        stem: &str,
        certificate: &str,
        key: Option<&Zeroizing<String>>,
    ) -> Result<[String; 2], Failure> {
        let stem = self.stem.as_deref().unwrap_or(stem);
        if stem.is_empty() || stem.starts_with('.') || stem.contains(['/', '\0']) {
            return Err(Failure::unusable(format_args!(
                "'{stem}' is no name for a file; give --file-name NAME"
            )));
        }
        fs::create_dir_all(&self.out).map_err(|error| {
            Failure::unusable(format_args!("cannot make {}: {error}", self.out.display()))
        })?;
        let paths = [self.out.join(format!("{stem}.crt")), self.out.join(format!("{stem}.key"))];
        let [certificate_path, key_path] = &paths;
        // a certificate without its key is of no use: see first that neither is there
        if !self.force {
            let wanted = if key.is_some() { &paths[..] } else { &paths[..1] };
            if let Some(there) = wanted.iter().find(|path| path.symlink_metadata().is_ok()) {
                return Err(exists(there));
            }
        }
        if let Some(key) = key {
            self.write_one(key_path, key.as_bytes(), SECRET)?;
        }
        self.write_one(certificate_path, certificate.as_bytes(), PUBLIC)?;
        Ok([shown(certificate_path), shown(key_path)])
    }

    fn write_one(&self, path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
        let written = if self.force { replace(path, bytes, mode) } else { create(path, bytes, mode) };
        match written {
            Ok(()) => {
                output::note(&format!("wrote {}", path.display()));
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(exists(path)),
            Err(error) => Err(Failure::unusable(format_args!("cannot write {}: {error}", path.display()))),
        }
    }
}

/// The whole of a file. Keys are among them.
pub(super) fn read(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::unusable(format_args!("cannot read {}: {error}", path.display())))?;
    Ok(Zeroizing::new(text))
}

/// Puts a public file in place of what is there: whoever reads sees one of the two.
pub(super) fn replace_public(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    replace(path, bytes, PUBLIC)
        .map_err(|error| Failure::unusable(format_args!("cannot write {}: {error}", path.display())))
}

fn create(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let new = path.with_file_name(format!(".{name}.{}", std::process::id()));
    create(&new, bytes, mode).and_then(|()| fs::rename(&new, path)).inspect_err(|_| {
        // What is left of it helps nobody.
        let _ = fs::remove_file(&new);
    })
}

fn exists(path: &Path) -> Failure {
    Failure::unusable(format_args!("{} exists already; give --force to overwrite it", path.display()))
}

/// As it is written into a configuration: a path that holds from everywhere.
fn shown(path: &Path) -> String {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}
