//! The options that `pub` and `sub` share: where to connect, and as whom. Named as in mosquitto_pub.

use std::path::PathBuf;

use clap::{ArgAction, Args};
use secrecy::{ExposeSecret, SecretString};
use vouchmq_mqtt::client::ClientSession;
use vouchmq_mqtt::packet::{Connect, WillMessage};
use vouchmq_mqtt::{Dialect, PropertiesBuf, Property, QoS, TopicName};

use super::address::{Address, Endpoint, Url};
use super::link::Link;
use super::properties::{self, Given, Place};
use super::transport;
use crate::exit::Failure;

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Options {
    /// Connect to this host
    #[arg(short = 'h', long, default_value = "localhost", conflicts_with_all = ["unix", "url"])]
    host: String,
    /// Connect to this port [default: 1883, with TLS 8883, with WebSocket 8083, with both 8086]
    #[arg(short = 'p', long, conflicts_with_all = ["unix", "url"])]
    port: Option<u16>,
    /// Connect to this Unix socket
    #[arg(long, value_name = "PATH", conflicts_with = "url")]
    unix: Option<PathBuf>,
    /// Connect to mqtt://user:password@host:port/topic; all but the host may be left out. Over TLS: mqtts://;
    /// WebSocket: ws:// or wss://, with its path in the topic's place
    #[arg(short = 'L', long, value_parser = Url::parse)]
    url: Option<Url>,
    #[command(flatten)]
    transport: transport::Options,
    /// Give this user name
    #[arg(short = 'u', long)]
    username: Option<String>,
    /// Give this password
    #[arg(short = 'P', long = "pw", value_name = "PASSWORD")]
    password: Option<SecretString>,
    /// Use this client id [default: the server's choice, or a random one for MQTT 3]
    #[arg(short = 'i', long)]
    id: Option<String>,
    /// Use this and the process id as client id
    #[arg(short = 'I', long, value_name = "PREFIX", conflicts_with = "id")]
    id_prefix: Option<String>,
    /// Speak this version: mqttv5, mqttv311 or mqttv31; or 5, 311, 31 [default: 5]
    #[arg(short = 'V', long, value_name = "VERSION", value_parser = dialect)]
    protocol_version: Option<Dialect>,
    /// Keep the session: go on with it now, and let it outlive the connection
    #[arg(short = 'c', long)]
    disable_clean_session: bool,
    /// Keep the session so many seconds; -1 for ever (MQTT 5)
    #[arg(short = 'x', long, value_name = "SECONDS", value_parser = session_expiry, allow_hyphen_values = true)]
    session_expiry_interval: Option<u32>,
    /// Ping the server after so many seconds of silence; 0 never
    #[arg(short = 'k', long, value_name = "SECONDS", default_value_t = 60)]
    keepalive: u16,
    /// Set an MQTT 5 property: COMMAND PROPERTY VALUE, as 'publish content-type text/plain' or
    /// 'connect user-property NAME VALUE'; repeat for more
    #[arg(short = 'D', long = "property", value_name = "…", allow_hyphen_values = true)]
    properties: Vec<String>,
    #[command(flatten)]
    will: Will,
    /// Print what is sent and received
    #[arg(short = 'd', long)]
    debug: bool,
    /// Print no errors of the connection
    #[arg(long)]
    quiet: bool,
    /// Print help
    #[arg(long, action = ArgAction::HelpShort)]
    help: Option<bool>,
}

#[derive(Debug, Args)]
#[group(skip)]
struct Will {
    /// Leave a will on this topic
    #[arg(long, value_name = "TOPIC")]
    will_topic: Option<String>,
    /// The will's payload
    #[arg(
        long,
        value_name = "PAYLOAD",
        requires = "will_topic",
        default_value = "",
        hide_default_value = true
    )]
    will_payload: String,
    /// The will's QoS
    #[arg(long, value_name = "QOS", requires = "will_topic", value_parser = qos, default_value = "0")]
    will_qos: QoS,
    /// Have the will retained
    #[arg(long, requires = "will_topic")]
    will_retain: bool,
}

/// What the options come to.
#[derive(Debug)]
pub(crate) struct Plan {
    endpoint: Endpoint,
    pub(crate) dialect: Dialect,
    /// The topic of `-L`.
    pub(crate) topic: Option<String>,
    properties: Vec<Given>,
    connect: PropertiesBuf,
    will_properties: PropertiesBuf,
    will: Will,
    username: Option<String>,
    password: Option<SecretString>,
    client_id: String,
    clean_start: bool,
    keepalive: u16,
    is_debug: bool,
    /// No messages about failures.
    pub(crate) is_quiet: bool,
}

// === impl Options ===

impl Options {
    /// Sees whether the options fit together; `places` are the packets that this command sends.
    pub(crate) fn resolve(self, places: &[Place]) -> Result<Plan, Failure> {
        let dialect = self.dialect()?;
        let given = self.properties.iter().map(|words| Given::parse(words)).collect::<Result<Vec<_>, _>>();
        let given = given.map_err(Failure::unusable)?;
        let foreign = given.iter().find(|given| !places.contains(&given.place));
        if let Some(given) = foreign {
            return Err(Failure::unusable(format_args!("-D {given}: this command sends no such packet")));
        }
        let client_id = self.client_id(dialect)?;
        let connect = self.connect_properties(&given, dialect)?;
        let will_properties = properties::of(&given, Place::Will).map_err(Failure::unusable)?;
        if let Some(topic) = &self.will.will_topic {
            let refused = |fault| Failure::unusable(format_args!("--will-topic '{topic}': {fault}"));
            TopicName::new(topic).map_err(refused)?;
        }
        let scheme = self.transport.scheme(self.url.as_ref().map(|url| url.scheme));
        let url = self.url.unwrap_or_else(|| Url {
            scheme,
            address: match self.unix {
                Some(path) => Address::Unix(path),
                None => Address::Tcp(self.host, self.port.unwrap_or(scheme.port())),
            },
            username: None,
            password: None,
            topic: None,
            path: None,
        });
        let transport = self.transport.resolve(scheme, url.path)?;
        let password = self.password.or_else(|| url.password.map(SecretString::from));
        let username = self.username.or(url.username);
        if password.is_some() && username.is_none() && !dialect.has_properties() {
            return Err(Failure::unusable("MQTT 3 has no password without a user name; give -u, too"));
        }
        Ok(Plan {
            endpoint: Endpoint { address: url.address, transport },
            dialect,
            topic: url.topic,
            properties: given,
            connect,
            will_properties,
            will: self.will,
            username,
            password,
            client_id,
            clean_start: !self.disable_clean_session,
            keepalive: self.keepalive,
            is_debug: self.debug,
            is_quiet: self.quiet,
        })
    }

    fn dialect(&self) -> Result<Dialect, Failure> {
        let dialect = self.protocol_version.unwrap_or(Dialect::MQTT_5);
        if dialect.has_properties() {
            return Ok(dialect);
        }
        if !self.properties.is_empty() {
            return Err(Failure::unusable("-D is for MQTT 5; leave it or -V out"));
        }
        if self.session_expiry_interval.is_some() {
            return Err(Failure::unusable("-x is for MQTT 5; leave it or -V out"));
        }
        Ok(dialect)
    }

    fn client_id(&self, dialect: Dialect) -> Result<String, Failure> {
        if let Some(id) = &self.id {
            return Ok(id.clone());
        }
        if let Some(prefix) = &self.id_prefix {
            return Ok(format!("{prefix}{}", std::process::id()));
        }
        if self.disable_clean_session || self.session_expiry_interval.is_some_and(|secs| secs > 0) {
            return Err(Failure::unusable(
                "a session that is kept needs a client id to come back to; give -i ID",
            ));
        }
        if dialect.has_properties() {
            return Ok(String::new());
        }
        let random =
            getrandom::u32().map_err(|error| Failure::unusable(format_args!("no randomness: {error}")))?;
        Ok(format!("vouchmq-{random:08x}"))
    }

    fn connect_properties(&self, given: &[Given], dialect: Dialect) -> Result<PropertiesBuf, Failure> {
        let mut connect = properties::of(given, Place::Connect).map_err(Failure::unusable)?;
        let is_given = connect.as_properties().session_expiry_interval().is_some();
        let secs = self.session_expiry_interval.or_else(|| self.disable_clean_session.then_some(u32::MAX));
        match secs {
            Some(_) if is_given && self.session_expiry_interval.is_some() => Err(Failure::unusable(
                "-x and -D connect session-expiry-interval say the same; leave one out",
            )),
            Some(secs) if dialect.has_properties() && !is_given => {
                connect.push(Property::SessionExpiryInterval(secs));
                Ok(connect)
            }
            Some(_) | None => Ok(connect),
        }
    }
}

// === impl Plan ===

impl Plan {
    /// The properties for a packet of the command.
    pub(crate) fn properties(&self, place: Place) -> Result<PropertiesBuf, Failure> {
        properties::of(&self.properties, place).map_err(Failure::unusable)
    }

    /// Connects.
    pub(crate) async fn connect(&self) -> Result<Link, Failure> {
        self.open(self.clean_start, &mut ClientSession::default()).await
    }

    /// Connects after a connection was lost: a session that is kept goes on.
    pub(crate) async fn connect_again(&self, session: &mut ClientSession) -> Result<Link, Failure> {
        let expiry_secs = self.connect.as_properties().session_expiry_interval().unwrap_or(0);
        self.open(self.clean_start && expiry_secs == 0, session).await
    }

    async fn open(&self, clean_start: bool, session: &mut ClientSession) -> Result<Link, Failure> {
        let will = self.will.will_topic.as_deref().map(|topic| WillMessage {
            qos: self.will.will_qos,
            retain: self.will.will_retain,
            properties: self.will_properties.as_properties(),
            topic,
            payload: self.will.will_payload.as_bytes(),
        });
        let connect = Connect {
            version: self.dialect.version(),
            clean_start,
            keep_alive_secs: self.keepalive,
            client_id: &self.client_id,
            properties: self.connect.as_properties(),
            will,
            username: self.username.as_deref(),
            password: self.password.as_ref().map(|password| password.expose_secret().as_bytes()),
        };
        Link::open(&self.endpoint, &connect, session, self.is_debug).await
    }
}

/// `5`, `311`, `31`, `mqttv5` and so on.
pub(crate) fn dialect(text: &str) -> Result<Dialect, String> {
    match text.strip_prefix("mqttv").unwrap_or(text) {
        "5" | "50" => Ok(Dialect::MQTT_5),
        "311" => Ok(Dialect::MQTT_3_1_1),
        "31" => Ok(Dialect::MQTT_3_1),
        _ => Err("there are mqttv5, mqttv311 and mqttv31".to_owned()),
    }
}

/// 0, 1 or 2.
pub(crate) fn qos(text: &str) -> Result<QoS, String> {
    text.parse().ok().and_then(QoS::from_bits).ok_or("there are 0, 1 and 2".to_owned())
}

fn session_expiry(text: &str) -> Result<u32, String> {
    match text {
        "-1" | "∞" => Ok(u32::MAX),
        _ => text.parse().map_err(|_| "seconds from 0 to 4294967295, or -1 for ever".to_owned()),
    }
}

/// Runs what a command does on a thread of its own reactor, and drops messages if it is to be quiet.
pub(crate) fn block_on<T>(
    is_quiet: bool,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::unusable(format_args!("cannot start: {error}")))?;
    let done = crate::runtime::block_on(&runtime, work);
    // Standard input may be waited for, which nothing can interrupt.
    runtime.shutdown_background();
    if is_quiet { done.map_err(Failure::silenced) } else { done }
}
