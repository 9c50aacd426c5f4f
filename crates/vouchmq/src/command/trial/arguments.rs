//! The client that is tried, and by what configuration.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use vouchmq_broker::ListenAddress;
use vouchmq_config::Config;
use vouchmq_identity::{Arrival, AuthRequest, Doorway};
use vouchmq_mqtt::QoS;

use super::super::password;
use super::wish::Wish;
use crate::client::options::qos;
use crate::configuration::Said;
use crate::exit::Failure;

/// For `--help`.
const CODES: &str = "\
Exit codes:
   0  the client would be let in, and may do what --publish or --subscribe asks
   1  it would not, or may not; or nobody can tell now
   2  cannot be tried: usage, configuration";

#[derive(Debug, Args)]
#[command(after_help = CODES)]
#[group(skip)]
pub(crate) struct Arguments {
    /// Its client id
    #[arg(short = 'i', long, default_value = "")]
    id: String,
    /// Its user name [default: it has none]
    #[arg(short = 'u', long)]
    username: Option<String>,
    /// Its password; others can see it while the command runs [default: it has none]
    #[arg(short = 'P', long = "pw", value_name = "PASSWORD", allow_hyphen_values = true)]
    password: Option<SecretString>,
    /// Ask for its password on a terminal, else read a line from standard input
    #[arg(long, conflicts_with = "password")]
    ask_password: bool,
    /// Where it connects from, IP or IP:PORT
    #[arg(long, value_name = "ADDR", value_parser = peer, default_value = "127.0.0.1")]
    peer: Peer,
    /// The listener that it connects to, by its name in the configuration [default: the first]
    #[arg(long, value_name = "NAME")]
    listener: Option<String>,
    /// Tell whether it may publish to this topic
    #[arg(long, value_name = "TOPIC", conflicts_with = "subscribe")]
    publish: Option<String>,
    /// Tell whether it may subscribe to this filter, shared or not
    #[arg(long, value_name = "FILTER")]
    subscribe: Option<String>,
    /// With this QoS
    #[arg(long, value_name = "QOS", value_parser = qos, default_value = "0")]
    qos: QoS,
    /// A message that is to be retained
    #[arg(long, requires = "publish")]
    retain: bool,
    /// Read this configuration file, as 'vouchmq serve' would
    #[arg(long, alias = "conf", value_name = "FILE", env = "VOUCHMQ_CONFIG")]
    config: Option<PathBuf>,
    /// Take this in place of what the file says, as auth.http_auth.timeout=2s; repeat for more
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Where the broker keeps its data, and what the API has changed [default: vouchmq-data]
    #[arg(long, value_name = "DIR", env = "VOUCHMQ_DATA")]
    data: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// An address, and a port if one is said.
#[derive(Clone, Copy, Debug)]
struct Peer(IpAddr, Option<u16>);

fn peer(text: &str) -> Result<Peer, String> {
    if let Ok(address) = text.parse() {
        return Ok(Peer(address, None));
    }
    let address: SocketAddr = text.parse().map_err(|_| "an address is IP or IP:PORT".to_owned())?;
    Ok(Peer(address.ip(), Some(address.port())))
}

impl Arguments {
    /// What the command line says about the configuration.
    pub(super) fn said(&self) -> Said {
        Said { file: self.config.clone(), data: self.data.clone(), set: self.set.clone() }
    }

    /// What the client wants to do.
    pub(super) fn wish(&self) -> Result<Option<Wish>, Failure> {
        match (&self.publish, &self.subscribe) {
            (Some(topic), _) => Wish::publish(topic, self.qos, self.retain).map(Some),
            (None, Some(filter)) => Wish::subscribe(filter, self.qos).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// What it presents.
    pub(super) fn request(&self, config: &Config) -> Result<AuthRequest, Failure> {
        let password = match (&self.password, self.ask_password) {
            (Some(password), _) => Some(password.clone()),
            (None, true) => Some(password::ask_once(self.username.as_deref().unwrap_or(&self.id))?),
            (None, false) => None,
        };
        let bytes = |password: SecretString| SecretSlice::from(password.expose_secret().as_bytes().to_vec());
        let Peer(address, port) = self.peer;
        let listener = self.listener(config)?;
        Ok(AuthRequest {
            client_id: self.id.as_str().into(),
            username: self.username.as_deref().map(Into::into),
            password: password.map(bytes),
            peer: Some(address),
            certificate: None,
            arrival: Arrival { peer_port: port, protocol: "MQTT", listener },
        })
    }

    fn listener(&self, config: &Config) -> Result<Option<Arc<Doorway>>, Failure> {
        let found = match &self.listener {
            None => config.listeners.first(),
            Some(name) => {
                let found = config.listeners.iter().find(|listener| *listener.name == **name);
                let known: Vec<&str> = config.listeners.iter().map(|listener| &*listener.name).collect();
                Some(found.ok_or_else(|| {
                    Failure::unusable(format_args!(
                        "there is no listener '{name}'; there are: {}",
                        known.join(", ")
                    ))
                })?)
            }
        };
        Ok(found.map(|listener| {
            let port = match &listener.address {
                ListenAddress::Tcp(address) => Some(address.port()),
                ListenAddress::Unix(_) => None,
            };
            Arc::new(Doorway { name: listener.name.clone(), port })
        }))
    }
}
