//! `vouchmq cert`: certificates without a manual.

mod files;
mod revoke;

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::{Args, Subcommand};
use vouchmq_tls::Fingerprint;
use vouchmq_tls::issue::{self, AlternativeName, Authority, IssueFault, Issued, Request, Usage};

use crate::clock::Utc;
use crate::exit::{self, Failure};
use crate::output;
use files::Output;

/// Make certificates: of an authority, of servers and of devices
#[derive(Debug, Subcommand)]
#[command(after_help = exit::CODES)]
pub(crate) enum Cert {
    /// Make a server's certificate that nobody vouches for, to try TLS
    SelfSigned(SelfSigned),
    /// Make an authority, which vouches for servers and devices
    Ca(Ca),
    /// Make a server's certificate, signed by an authority
    Server(Server),
    /// Make a device's certificate, signed by an authority
    Device(Device),
    /// Revoke certificates: add them to the authority's revocation list, or just renew the list
    Revoke(revoke::Arguments),
    /// Print the fingerprint of a certificate
    Fingerprint {
        /// The certificate
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct SelfSigned {
    /// Names and addresses by which clients reach the server [default: localhost 127.0.0.1 ::1]
    #[arg(value_parser = name)]
    names: Vec<AlternativeName>,
    #[command(flatten)]
    validity: Validity<365>,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Ca {
    /// What the authority is called
    #[arg(long, default_value = "VouchMQ authority")]
    name: String,
    #[command(flatten)]
    validity: Validity<3650>,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Server {
    /// Names and addresses by which clients reach the server
    #[arg(required = true, value_parser = name)]
    names: Vec<AlternativeName>,
    #[command(flatten)]
    signer: Signer,
    #[command(flatten)]
    validity: Validity<365>,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Device {
    /// The device's id, which becomes the common name
    id: String,
    /// Further names: URI:urn:…, DNS:…, IP:…, email:…; repeat for more
    #[arg(long = "san", value_name = "NAME", value_parser = name)]
    names: Vec<AlternativeName>,
    /// The organization, as a product
    #[arg(long)]
    organization: Option<String>,
    /// Sign the key of this request (PKCS #10) instead of making one: a key that never leaves its device
    #[arg(long, value_name = "FILE")]
    csr: Option<PathBuf>,
    #[command(flatten)]
    signer: Signer,
    #[command(flatten)]
    validity: Validity<365>,
    #[command(flatten)]
    output: Output,
}

/// The authority that signs.
#[derive(Debug, Args)]
#[group(skip)]
struct Signer {
    /// The authority's certificate
    #[arg(long, value_name = "FILE", default_value = "ca.crt")]
    ca: PathBuf,
    /// The authority's key
    #[arg(long, value_name = "FILE", default_value = "ca.key")]
    ca_key: PathBuf,
}

/// For how long, by default so many days.
#[derive(Debug, Args)]
#[group(skip)]
struct Validity<const DAYS: u32> {
    /// Valid for so many days
    #[arg(long, value_name = "DAYS", default_value_t = DAYS, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: u32,
}

const DAY: Duration = Duration::from_hours(24);
/// Clocks of devices are behind: certificates begin this much earlier.
const BEFORE: Duration = Duration::from_hours(1);

/// Makes what was asked for.
pub(crate) fn run(cert: &Cert) -> Result<(), Failure> {
    match cert {
        Cert::SelfSigned(arguments) => self_signed(arguments),
        Cert::Ca(arguments) => ca(arguments),
        Cert::Server(arguments) => server(arguments),
        Cert::Device(arguments) => device(arguments),
        Cert::Revoke(arguments) => revoke::run(arguments),
        Cert::Fingerprint { file } => {
            let text = files::read(file)?;
            let fingerprint = Fingerprint::of_pem(&text).ok_or_else(|| {
                Failure::unusable(format_args!("{}: there is no certificate in PEM", file.display()))
            })?;
            output::line(&fingerprint.to_string())
        }
    }
}

fn self_signed(arguments: &SelfSigned) -> Result<(), Failure> {
    let local = || ["localhost", "127.0.0.1", "::1"].map(name).into_iter().collect::<Result<Vec<_>, _>>();
    let names = if arguments.names.is_empty() {
        local().map_err(Failure::unusable)?
    } else {
        arguments.names.clone()
    };
    let request = arguments.validity.request(&common_name(&names), Usage::Server);
    let issued = issue::self_signed(&Request { names, ..request }).map_err(unusable)?;
    let [certificate, key] = arguments.output.write("server", &issued)?;
    listener(&certificate, &key)?;
    output::note(&format!("clients trust it by name only: vouchmq sub --cafile {certificate} -t '#'"));
    Ok(())
}

fn ca(arguments: &Ca) -> Result<(), Failure> {
    let request = arguments.validity.request(&arguments.name, Usage::Authority);
    let authority = Authority::create(&request).map_err(unusable)?;
    let [certificate, key] =
        arguments.output.write_pem("ca", authority.certificate_pem(), Some(&authority.key_pem()))?;
    output::line(&format!(
        "# for listeners that take devices of this authority\n\
         cacertfile = \"{certificate}\"\nverify_peer = true\nfail_if_no_peer_cert = true"
    ))?;
    output::note(&format!("who has {key} can make devices: keep it off the broker"));
    Ok(())
}

fn server(arguments: &Server) -> Result<(), Failure> {
    let request = arguments.validity.request(&common_name(&arguments.names), Usage::Server);
    let issued = arguments.signer.open()?.issue(&Request { names: arguments.names.clone(), ..request });
    let [certificate, key] = arguments.output.write("server", &issued.map_err(unusable)?)?;
    listener(&certificate, &key)?;
    output::note(&format!("clients trust it by the authority: --cafile {}", arguments.signer.ca.display()));
    Ok(())
}

fn device(arguments: &Device) -> Result<(), Failure> {
    let id = arguments.id.as_str();
    if id.is_empty() || id.len() > 64 {
        return Err(Failure::unusable("an id of 1 to 64 bytes fits into a certificate"));
    }
    let request = Request {
        names: arguments.names.clone(),
        organization: arguments.organization.clone(),
        ..arguments.validity.request(id, Usage::Client)
    };
    let authority = arguments.signer.open()?;
    let issued = match &arguments.csr {
        Some(file) => authority.sign(&files::read(file)?, &request),
        None => authority.issue(&request),
    };
    let issued = issued.map_err(unusable)?;
    arguments.output.write(id, &issued)?;
    output::line(&issued.fingerprint().to_string())
}

/// What goes into the configuration.
fn listener(certificate: &str, key: &str) -> Result<(), Failure> {
    output::line(&format!(
        "listeners.ssl {{\n  bind = \"0.0.0.0:8883\"\n  certfile = \"{certificate}\"\n  keyfile = \"{key}\"\n}}"
    ))
}

/// The first name; names of addresses and hosts differ in nothing here.
fn common_name(names: &[AlternativeName]) -> String {
    let text = names.first().map(ToString::to_string).unwrap_or_default();
    text.split_once(':').map_or(text.clone(), |(_, name)| name.to_owned())
}

fn name(text: &str) -> Result<AlternativeName, String> {
    text.parse().map_err(|fault: IssueFault| fault.to_string())
}

fn unusable(fault: IssueFault) -> Failure {
    Failure::unusable(fault)
}

/// The system's time, in whole seconds.
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(Utc::now().unix_secs)
}

// === impl Signer ===

impl Signer {
    fn open(&self) -> Result<Authority, Failure> {
        let (certificate, key) = (files::read(&self.ca), files::read(&self.ca_key));
        let missing = |failure: Failure| {
            if self.ca.exists() && self.ca_key.exists() {
                return failure;
            }
            let (ca, key) = (self.ca.display(), self.ca_key.display());
            Failure::unusable(format_args!(
                "there is no authority in {ca} and {key}; 'vouchmq cert ca' makes one, --ca and --ca-key name another"
            ))
        };
        let (certificate, key) = (certificate.map_err(missing)?, key.map_err(missing)?);
        Authority::open(&certificate, &key)
            .map_err(|fault| Failure::unusable(format_args!("{}: {fault}", self.ca.display())))
    }
}

// === impl Validity ===

impl<const DAYS: u32> Validity<DAYS> {
    fn request(&self, name: &str, usage: Usage) -> Request {
        let now = now();
        Request::new(name, usage, now - BEFORE, now + DAY * self.days)
    }
}

// === impl Output ===

impl Output {
    fn write(&self, stem: &str, issued: &Issued) -> Result<[String; 2], Failure> {
        self.write_pem(stem, &issued.certificate_pem(), issued.key_pem().as_ref())
    }
}
