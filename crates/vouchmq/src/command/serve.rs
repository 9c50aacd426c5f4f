//! `vouchmq serve`: flags and files to configuration to a running broker, and its end.

mod asked;
mod asking;
mod changing;
mod data_directory;
mod drafted;
mod http;
mod judges;
mod lifecycle;
mod log;
mod program;
mod registry;
mod running;
mod settings;
mod soon;
mod told;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use clap::Args;
use clap::builder::BoolishValueParser;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use vouchmq_broker::{Bound, ListenAddress, ListenerOptions};
use vouchmq_config::Config;
use vouchmq_identity::Sessions;
use vouchmq_mqtt::engine::SHARDS_MAX;

use crate::configuration;
use crate::exit::{self, Failure};
use crate::output;
use crate::runtime::block_on;
use asked::{Asked, Wanted};
use data_directory::DataDirectory;
use judges::Judges;
use lifecycle::{Order, Orders};
use program::Program;
use registry::Choices;
use running::{Now, Running};
use soon::Soon;

#[derive(Debug, Args)]
#[command(after_help = exit::CODES, after_long_help = settings::help())]
#[group(skip)]
pub(crate) struct Arguments {
    /// Read this configuration file, of NanoMQ or of our own; 'vouchmq check FILE' tells what it comes to
    #[arg(long, alias = "conf", value_name = "FILE", env = "VOUCHMQ_CONFIG")]
    config: Option<PathBuf>,
    /// Set a key of the configuration file, as mqtt.max_packet_size=2MB; repeat for more. --help lists keys
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Listen on HOST:PORT, PORT (of 127.0.0.1; 0 picks a free one) or unix:PATH, and nowhere else; repeat for more;
    /// 'off' for nowhere [default: 127.0.0.1:1883, or what the file says]
    #[arg(long, value_name = "ADDR", env = "VOUCHMQ_LISTEN", value_delimiter = ',')]
    listen: Option<Vec<String>>,
    /// Keep data here; created if missing, used by one broker at a time [default: vouchmq-data]
    #[arg(long, value_name = "DIR", env = "VOUCHMQ_DATA")]
    data: Option<PathBuf>,
    /// Run so many shards, each one a thread [default: one for each core]
    #[arg(long, value_name = "N", env = "VOUCHMQ_SHARDS", value_parser = clap::value_parser!(u16).range(1..=i64::from(SHARDS_MAX)))]
    shards: Option<u16>,
    /// Let clients in that give no user name, or any, if there is no --user-file
    #[arg(long, env = "VOUCHMQ_ALLOW_ANONYMOUS", value_parser = BoolishValueParser::new())]
    allow_anonymous: bool,
    /// Let the users of this file in; 'vouchmq passwd' writes it
    #[arg(long, value_name = "FILE", env = "VOUCHMQ_USER_FILE")]
    user_file: Option<PathBuf>,
    /// Listen for operators on HOST:PORT or PORT of loopback; 'off' for nowhere [default: 127.0.0.1:8081]
    #[arg(long, value_name = "ADDR|off", env = "VOUCHMQ_API_LISTEN", value_parser = http::address)]
    api_listen: Option<http::Listen>,
    /// Listen for other brokers that ask who their clients are [default: off]
    #[arg(long = "auth-listen", value_name = "ADDR|off", env = "VOUCHMQ_AUTH_LISTEN", value_parser = http::address)]
    authentication_listen: Option<http::Listen>,
    /// Listen for devices that register [default: 127.0.0.1:8082]
    #[arg(long, value_name = "ADDR|off", env = "VOUCHMQ_REGISTER_LISTEN", value_parser = http::address)]
    register_listen: Option<http::Listen>,
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
    let program = Program::of_this_process();
    settings::variables::refuse_unknown(std::env::vars_os())?;
    let asked = Arc::new(Asked::by(&arguments).map_err(Failure::unusable)?);
    let Wanted { config, outcome, people, logins } = asked.read().map_err(configuration::told)?;
    let logs = log::prepare(&config.log)
        .map_err(|error| Failure::unusable(format_args!("cannot write the log: {error}")))?
        .start();
    let warnings: Vec<String> = outcome.warnings().chain(people.warnings).collect();
    let shards = config.system.shards.unwrap_or_else(core_count);
    let data = DataDirectory::open(&config.system.data)?;
    let registry = registry::Open::at(data.path(), &choices(&arguments, &config))?;
    let configured = Arc::new(people.configured);
    let service = Arc::new(asking::Asked::on(registry.runtime.handle().clone()));
    let prepared =
        service.prepare(config.remote.as_ref()).map_err(|mistake| configuration::told(vec![mistake]))?;
    let judges = Judges::new(&registry, &people.order, prepared.0.as_ref(), &configured);
    service.commit(prepared);
    let (authenticator, methods) = (judges.authenticator.clone(), judges.methods.clone());
    let broker =
        settings::broker_config(&config.settings, config.listeners.clone(), shards, authenticator, methods)?;
    let bound = Bound::bind(broker).map_err(|error| {
        Failure::unusable(format_args!("{error}; choose another address with --listen, or end what uses it"))
    })?;
    let token = match config.management {
        Some(_) => Some(http::administrator_token(data.path(), arguments.admin_token.as_ref())?),
        None => None,
    };
    let http = block_on(&registry.runtime, http::bind(&config))
        .map_err(|mistake| Failure::unusable(mistake.text))?;

    // Behind everything that could be taken or missing: such a failure is one line.
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    if arguments.allow_anonymous {
        tracing::warn!("clients without a user name are let in, because of --allow-anonymous");
    }
    let addresses = addresses(&config, &bound, &http)?;
    let signals = lifecycle::Signals::listen()?;
    let broker = bound.start().map_err(Failure::unusable)?;
    let control = broker.control();
    let sessions: Arc<dyn Sessions> = Arc::new(control.clone());
    let orders = Orders::new();
    let soon = Arc::new(Soon::new(orders.clone()));
    let (runtime, works) = (registry.runtime.handle().clone(), http::Works::of(&registry.registrar));
    let at_work = registry.work(sessions.clone());
    let progress = at_work.running.progress();
    service.work(sessions.clone());
    let behind = http::Behind {
        token,
        logins,
        sessions,
        configuration: soon.clone(),
        process: soon.clone(),
        asking: service.clone(),
        broker: control.clone(),
        logging: logs.levels(),
    };
    let services = http::Services::make(works, progress, &config, behind);
    let services = block_on(&at_work.runtime, services)?;
    let http = OnceLock::from(http.serve(runtime, services));
    let now = Arc::new(Mutex::new(Now { configured }));
    let outcome = ArcSwap::from_pointee(outcome);
    let running = Arc::new(Running { asked, logs, control, judges, service, http, now, outcome });
    soon.is(&running);
    announce(&addresses, shards, &data)?;
    match lifecycle::run_until_signal(broker, at_work, running, signals, &orders)? {
        None | Some(Order::Stop) => Ok(()),
        Some(Order::Restart) => {
            // It is locked again by whoever begins.
            drop(data);
            Err(program.begin())
        }
    }
}

/// Where the process can be reached, and by whom.
fn addresses(config: &Config, bound: &Bound, http: &http::Bound) -> Result<Vec<String>, Failure> {
    let addresses: Vec<String> = urls(&config.listeners, bound.addresses())
        .chain(http.addresses().map(|(address, what)| format!("{address} for {what}")))
        .collect();
    if addresses.is_empty() {
        return Err(Failure::unusable(
            "every listener is off, so nobody could reach the broker; turn one on with --listen, --api-listen, \
             --register-listen or --auth-listen",
        ));
    }
    Ok(addresses)
}

fn announce(addresses: &[String], shards: u16, data: &DataDirectory) -> Result<(), Failure> {
    for address in addresses {
        tracing::info!(shards, data = %data.path().display(), "listening on {address}");
        output::line(&format!("listening on {address}"))?;
    }
    Ok(())
}

/// How the registry is opened.
fn choices<'a>(arguments: &'a Arguments, config: &'a Config) -> Choices<'a> {
    Choices {
        database: config.registry.database.as_ref().map(|database| database.expose()),
        keys: arguments.keys.as_ref().map(ExposeSecret::expose_secret),
        accepts_rollback: arguments.accept_rollback,
        node_timeout: config.settings.node_timeout,
        max_staleness: config.settings.staleness_max_secs.map(Duration::from_secs),
    }
}

/// Where MQTT clients connect, and what is spoken there.
fn urls<'a>(
    listeners: &'a [ListenerOptions],
    bound: &'a [ListenAddress],
) -> impl Iterator<Item = String> + 'a {
    listeners.iter().zip(bound).map(|(listener, address)| {
        let scheme = match (&listener.websocket, &listener.tls) {
            (None, None) => "mqtt",
            (None, Some(_)) => "mqtts",
            (Some(_), None) => "ws",
            (Some(_), Some(_)) => "wss",
        };
        let path = listener.websocket.as_ref().map_or("", |websocket| &websocket.path);
        match address {
            ListenAddress::Tcp(address) => format!("{scheme}://{address}{path}"),
            ListenAddress::Unix(file) => format!("{scheme}+unix://{}{path}", file.display()),
        }
    })
}

fn core_count() -> u16 {
    let cores = std::thread::available_parallelism().ok().and_then(|cores| u16::try_from(cores.get()).ok());
    cores.unwrap_or(1).min(SHARDS_MAX)
}
