//! `vouchmq bench auth-stub`: somebody else's authentication service, for measurements and for tests of the whole.
//!
//! One thread, no framework: what it takes of the machine is missing in the broker beside it. Everything that it does
//! wrong it does by count, never by chance.

mod answers;
mod connection;
mod control;
mod counts;
mod fault;
mod request;
mod rules;

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tokio::net::{TcpListener, TcpStream};
use vouchmq_tls::{CertificateFiles, Protocol as Above, Server, ServerOptions, TlsVersions};

use crate::exit::Failure;
use crate::output;
use answers::Answers;
use connection::End;
use counts::Counts;
use fault::{Fault, Faults};
use rules::Rules;

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Arguments {
    /// Listen here; port 0 picks a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// How verdicts are told
    #[arg(long, value_enum, default_value = "status")]
    protocol: Protocol,
    /// Answer after so long, as 20ms or 2s
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "0ms")]
    delay: Duration,
    #[command(flatten)]
    rules: rules::Arguments,
    /// Add these fields to answers that allow: a JSON object, as '{"expire_at": 1893456000}' (json)
    #[arg(long, value_name = "JSON")]
    fields: Option<String>,
    /// Add this field to the head of answers, as 'Cache-Control: max-age=2'; repeat for more
    #[arg(long, value_name = "FIELD")]
    header: Vec<String>,
    /// Speak TLS with this certificate (PEM), whatever it says
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// The key of --cert (PEM, not encrypted)
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// Do this instead of answering
    #[arg(long, value_enum)]
    fault: Option<Fault>,
    /// To this share of the questions: with 0.1 to every tenth
    #[arg(long, value_name = "SHARE", value_parser = share, default_value = "1")]
    fault_share: f64,
    /// How long `slow` waits
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "2s")]
    slow: Duration,
    /// `flap` fails so many questions, then answers as many, and so on
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    flap: u64,
}

/// How verdicts are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Protocol {
    /// By the status: 200, 401 for a wrong password, 403
    Status,
    /// By 200 and JSON, as EMQX has it: "result" and "is_superuser"
    Json,
}

/// What all connections share.
#[derive(Debug)]
struct Stub {
    rules: Rules,
    answers: Answers,
    faults: Faults,
    delay: Cell<Duration>,
    counts: Counts,
    /// The newest question, as it came.
    newest: RefCell<Vec<u8>>,
}

/// Serves until it is ended.
pub(super) async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let answers = Answers::new(arguments.protocol, arguments.fields.as_deref(), &arguments.header);
    let stub = Rc::new(Stub {
        rules: Rules::from(&arguments.rules),
        answers: answers.map_err(Failure::unusable)?,
        faults: Faults::new(arguments.fault, arguments.fault_share, arguments.slow, arguments.flap),
        delay: Cell::new(arguments.delay),
        counts: Counts::default(),
        newest: RefCell::default(),
    });
    let tls = match (&arguments.cert, &arguments.key) {
        (Some(certificate), Some(key)) => Some(secured(certificate.clone(), key.clone())?),
        _ => None,
    };
    let failed =
        |error: io::Error| Failure::unusable(format_args!("cannot listen on {}: {error}", arguments.listen));
    let listener = TcpListener::bind(arguments.listen).await.map_err(failed)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    output::note(&format!("listening on {scheme}://{}", listener.local_addr().map_err(failed)?));
    loop {
        let (stream, _) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                output::complain(&format!("cannot accept: {error}"));
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (stub, tls) = (stub.clone(), tls.clone());
        tokio::task::spawn_local(async move { stub.serve(stream, tls).await });
    }
}

fn secured(certificate: PathBuf, key: PathBuf) -> Result<Server, Failure> {
    let options = ServerOptions {
        certificates: vec![CertificateFiles { certificate, key }],
        clients: None,
        versions: TlsVersions::default(),
        has_tickets: true,
    };
    Server::load_now(&options).map_err(Failure::unusable)
}

// === impl Stub ===

impl Stub {
    /// Serves a connection to its end, whoever ends it; why is of no interest.
    async fn serve(self: Rc<Self>, stream: TcpStream, tls: Option<Server>) {
        let _open = self.counts.connections.begin();
        let _ = stream.set_nodelay(true);
        let Some(tls) = tls else {
            let mut stream = stream;
            if let Ok(End::Reset) = connection::serve(&self, &mut stream).await {
                let _ = stream.set_zero_linger();
            }
            return;
        };
        let Ok((mut stream, _)) = tls.accept_stream(Above::Http, stream).await else { return };
        if let Ok(End::Reset) = connection::serve(&self, &mut stream).await {
            let _ = stream.get_ref().0.set_zero_linger();
        }
    }
}

/// `20ms`, `2s`.
fn time(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    match (number.parse(), unit) {
        (Ok(number), "ms") => Ok(Duration::from_millis(number)),
        (Ok(number), "s") => Ok(Duration::from_secs(number)),
        _ => Err("a time is a number with ms or s".to_owned()),
    }
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "a share is a number from 0 to 1".to_owned())
}
