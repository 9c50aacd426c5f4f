//! `vouchmq serve`: flags to configuration to a running broker, and its end.

mod data_directory;
mod http;
mod lifecycle;
mod log;
mod registry;
mod settings;
mod users;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::BoolishValueParser;
use secrecy::{ExposeSecret, SecretString};
use vouchmq_broker::{Bound, ListenAddress, ListenerOptions};
use vouchmq_mqtt::engine::SHARDS_MAX;

use crate::configuration;
use crate::exit::{self, Failure};
use crate::output;
use crate::runtime::block_on;
use data_directory::DataDirectory;
use registry::{Choices, Judges};

#[derive(Debug, Args)]
#[command(after_help = exit::CODES, after_long_help = settings::help())]
#[group(skip)]
pub(crate) struct Arguments {
    /// Read a configuration file (not yet supported: use flags and --set)
    #[arg(long, alias = "conf", value_name = "FILE", env = "VOUCHMQ_CONFIG")]
    config: Option<PathBuf>,
    /// Set a limit, as mqtt.max_packet_size=2MB; repeat for more. --help lists all keys
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Listen on HOST:PORT, PORT (of 127.0.0.1; 0 picks a free one) or unix:PATH; repeat for more; 'off' for none
    #[arg(
        long,
        value_name = "ADDR",
        env = "VOUCHMQ_LISTEN",
        value_delimiter = ',',
        default_value = "127.0.0.1:1883"
    )]
    listen: Vec<String>,
    /// Keep data here; created if missing, used by one broker at a time
    #[arg(long, value_name = "DIR", env = "VOUCHMQ_DATA", default_value = "vouchmq-data")]
    data: PathBuf,
    /// Run so many shards, each one a thread [default: one for each core]
    #[arg(long, value_name = "N", env = "VOUCHMQ_SHARDS", value_parser = clap::value_parser!(u16).range(1..=i64::from(SHARDS_MAX)))]
    shards: Option<u16>,
    /// Let clients in that give no user name, or any, if there is no --user-file
    #[arg(long, env = "VOUCHMQ_ALLOW_ANONYMOUS", value_parser = BoolishValueParser::new())]
    allow_anonymous: bool,
    /// Let the users of this file in; 'vouchmq passwd' writes it
    #[arg(long, value_name = "FILE", env = "VOUCHMQ_USER_FILE")]
    user_file: Option<PathBuf>,
    /// Listen for operators on HOST:PORT or PORT of loopback; 'off' for nowhere
    #[arg(long, value_name = "ADDR|off", env = "VOUCHMQ_API_LISTEN", value_parser = http::address, default_value = "127.0.0.1:8081")]
    api_listen: http::Listen,
    /// Listen for other brokers that ask who their clients are
    #[arg(long = "auth-listen", value_name = "ADDR|off", env = "VOUCHMQ_AUTH_LISTEN", value_parser = http::address, default_value = "off")]
    authentication_listen: http::Listen,
    /// Listen for devices that register
    #[arg(long, value_name = "ADDR|off", env = "VOUCHMQ_REGISTER_LISTEN", value_parser = http::address, default_value = "127.0.0.1:8082")]
    register_listen: http::Listen,
    /// The administrator's token, at least 32 characters [default: the file 'admin-token' in DIR, made at the first start]
    #[arg(long, value_name = "TOKEN", env = "VOUCHMQ_ADMIN_TOKEN", hide = true, hide_env_values = true)]
    admin_token: Option<SecretString>,
    /// Keep devices in this database, a file or postgres://USER:PASSWORD@HOST/NAME [default: vouchmq.db in DIR]
    #[arg(long, value_name = "FILE|URL", env = "VOUCHMQ_DATABASE", hide_env_values = true)]
    database: Option<String>,
    /// Take these keys, as '1:KEY,2:KEY' [default: the file 'keys' in DIR, made at the first start]
    #[arg(long, value_name = "KEYS", env = "VOUCHMQ_KEYS", hide = true, hide_env_values = true)]
    keys: Option<SecretString>,
    /// Go on with a database that is older than it was, or another one: what was revoked since is good again
    #[arg(long)]
    accept_rollback: bool,
    #[command(flatten)]
    log: log::Arguments,
}

/// Serves until a signal ends it.
pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    if let Some(file) = &arguments.config {
        return Err(Failure::unusable(format_args!(
            "the configuration file {} is not read: this version has none; use flags and --set KEY=VALUE",
            file.display()
        )));
    }
    settings::variables::refuse_unknown(std::env::vars_os())?;
    let settings = configuration::load(None, &arguments.set)?.settings;
    let listeners = listeners(&arguments.listen)?;
    let others = users::others(arguments.allow_anonymous, arguments.user_file.as_deref())?;
    let shards = arguments.shards.unwrap_or_else(core_count);
    let mut log_options = vouchmq_config::LogOptions::default();
    arguments.log.apply(&mut log_options);
    let prepared = log::prepare(&log_options)
        .map_err(|error| Failure::unusable(format_args!("cannot write the log: {error}")))?;
    let _logs = prepared.start();
    let data = DataDirectory::open(&arguments.data)?;
    let choices = Choices {
        database: arguments.database.as_deref(),
        keys: arguments.keys.as_ref().map(ExposeSecret::expose_secret),
        accepts_rollback: arguments.accept_rollback,
        node_timeout: settings.node_timeout,
        max_staleness: settings.staleness_max_secs.map(Duration::from_secs),
    };
    let registration_limits = settings::registration(&settings);
    let registry = registry::Open::at(data.path(), &choices)?;
    let Judges { authenticator, methods } = registry.judges(others);
    let config = settings::broker_config(settings, listeners, shards, authenticator, methods)?;
    let bound = Bound::bind(config).map_err(|error| {
        Failure::unusable(format_args!("{error}; choose another address with --listen, or end what uses it"))
    })?;
    let addresses = http::Addresses {
        registration: arguments.register_listen.0,
        management: arguments.api_listen.0,
        authentication: arguments.authentication_listen.0,
    };
    let token = arguments.admin_token.as_ref();
    let http =
        block_on(&registry.runtime, http::Bound::bind(addresses, data.path(), token, registration_limits))?;
    users::warn(arguments.allow_anonymous, arguments.user_file.as_deref());
    serve(bound, http, registry, shards, &data)
}

fn serve(
    bound: Bound,
    http: http::Bound,
    registry: registry::Open,
    shards: u16,
    data: &DataDirectory,
) -> Result<(), Failure> {
    let mut addresses: Vec<String> = bound.addresses().iter().map(url).collect();
    addresses.extend(http.addresses().map(|(address, what)| format!("http://{address} for {what}")));
    if addresses.is_empty() {
        return Err(Failure::unusable(
            "every listener is off, so nobody could reach the broker; turn one on with --listen, --api-listen, \
             --register-listen or --auth-listen",
        ));
    }
    let signals = lifecycle::Signals::listen()?;
    let broker = bound.start().map_err(Failure::unusable)?;
    let at_work = registry.work(&broker.control(), http)?;
    for address in &addresses {
        tracing::info!(shards, data = %data.path().display(), "listening on {address}");
        output::line(&format!("listening on {address}"))?;
    }
    lifecycle::run_until_signal(broker, at_work, signals)
}

/// Plain MQTT at each of these addresses.
fn listeners(texts: &[String]) -> Result<Vec<ListenerOptions>, Failure> {
    if texts.iter().any(|text| text == "off") {
        return if texts.len() == 1 {
            Ok(Vec::new())
        } else {
            Err(Failure::unusable(
                "--listen off and other addresses contradict each other; leave one of them out",
            ))
        };
    }
    let plain = |(number, text): (usize, &String)| {
        let address = text.parse().map_err(|why| Failure::unusable(format_args!("--listen: {why}")))?;
        Ok(ListenerOptions::plain(&format!("listen.{number}"), address))
    };
    texts.iter().enumerate().map(plain).collect()
}

fn url(address: &ListenAddress) -> String {
    match address {
        ListenAddress::Tcp(address) => format!("mqtt://{address}"),
        ListenAddress::Unix(path) => format!("mqtt+unix://{}", path.display()),
    }
}

fn core_count() -> u16 {
    let cores = std::thread::available_parallelism().ok().and_then(|cores| u16::try_from(cores.get()).ok());
    cores.unwrap_or(1).min(SHARDS_MAX)
}
