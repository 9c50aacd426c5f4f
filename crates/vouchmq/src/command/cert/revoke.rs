//! `vouchmq cert revoke`

use std::path::PathBuf;

use clap::Args;
use vouchmq_tls::issue::{Revocations, serial_of};

use super::{DAY, Signer, files, now, unusable};
use crate::exit::Failure;
use crate::output;

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Arguments {
    /// Certificates that are not to be let in any more; none: the list is only renewed
    certificates: Vec<PathBuf>,
    /// The revocation list, which is made if it is not there
    #[arg(long, value_name = "FILE", default_value = "ca.crl")]
    crl: PathBuf,
    /// Promise the next list within so many days: a listener takes nobody by an older one
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: u32,
    #[command(flatten)]
    signer: Signer,
}

/// Adds to the list.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let shown = arguments.crl.display();
    let authority = arguments.signer.open()?;
    let mut revocations = if arguments.crl.exists() {
        let list = files::read(&arguments.crl)?;
        authority
            .revocations_of(&list)
            .map_err(|fault| Failure::unusable(format_args!("{shown}: {fault}")))?
    } else {
        Revocations { revoked: Vec::new(), this_update: now(), next_update: now(), number: 0 }
    };
    for path in &arguments.certificates {
        let certificate = files::read(path)?;
        if !authority.has_signed(&certificate).map_err(unusable)? {
            return Err(Failure::unusable(format_args!(
                "{}: another authority has signed this certificate, and only that one can revoke it",
                path.display()
            )));
        }
        let serial = serial_of(&certificate).map_err(unusable)?;
        if revocations.revoked.iter().all(|(known, _)| *known != serial) {
            revocations.revoked.push((serial, now()));
        }
    }
    revocations.this_update = now();
    revocations.next_update = now() + DAY * arguments.days;
    revocations.number += 1;
    let list = authority.revocation_list(&revocations).map_err(unusable)?;
    files::replace_public(&arguments.crl, list.as_bytes())?;
    let (count, days) = (revocations.revoked.len(), arguments.days);
    output::line(&format!("crlfiles = [\"{shown}\"]"))?;
    output::note(&format!(
        "{shown} revokes {count}, and is good for {days} days; 'vouchmq reload' has the broker read it"
    ));
    Ok(())
}
