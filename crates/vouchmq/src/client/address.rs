//! Where a server is: host and port, a Unix socket, or a URL.

use std::fmt;
use std::io;
use std::path::PathBuf;

use tokio::net::{TcpStream, UnixStream};

use super::stream::Stream;
use super::transport::Transport;
use crate::exit::Failure;

/// Where a server is, and what is spoken there below MQTT.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) address: Address,
    pub(crate) transport: Transport,
}

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Tcp(String, u16),
    Unix(PathBuf),
}

/// What a URL says that is spoken below MQTT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scheme {
    pub(crate) is_secure: bool,
    pub(crate) is_websocket: bool,
}

/// What `-L` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) scheme: Scheme,
    pub(crate) address: Address,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) topic: Option<String>,
    /// The path of WebSocket.
    pub(crate) path: Option<String>,
}

// === impl Endpoint ===

impl Endpoint {
    /// MQTT on nothing but the stream.
    pub(crate) fn plain(address: Address) -> Self {
        Self { address, transport: Transport::default() }
    }

    /// Opens a stream, with all that is below MQTT.
    pub(crate) async fn dial(&self) -> Result<Stream, Failure> {
        let Self { address, transport } = self;
        let stream = address.dial().await?;
        transport.over(stream, address.host(), &address.to_string()).await.map_err(|error| {
            let why = format!("cannot connect to {self}: {error}");
            // What is not the connection's fault is not better the next time.
            if error.kind() == io::ErrorKind::Other { Failure::Failed(why) } else { Failure::Lost(why) }
        })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.address, f)
    }
}

// === impl Scheme ===

impl Scheme {
    /// The port that it has if none is named: those of NanoMQ for WebSocket.
    pub(crate) const fn port(self) -> u16 {
        match (self.is_websocket, self.is_secure) {
            (false, false) => 1883,
            (false, true) => 8883,
            (true, false) => 8083,
            (true, true) => 8086,
        }
    }

    fn of(name: &str) -> Option<Self> {
        let (is_websocket, is_secure) = match name {
            "mqtt" => (false, false),
            "mqtts" => (false, true),
            "ws" => (true, false),
            "wss" => (true, true),
            _ => return None,
        };
        Some(Self { is_secure, is_websocket })
    }
}

// === impl Address ===

impl Address {
    fn host(&self) -> &str {
        match self {
            Self::Tcp(host, _) => host,
            Self::Unix(_) => "localhost",
        }
    }

    async fn dial(&self) -> Result<Stream, Failure> {
        let opened = match self {
            Self::Tcp(host, port) => match TcpStream::connect((host.as_str(), *port)).await {
                Ok(stream) => stream.set_nodelay(true).map(|()| Stream::tcp(stream)),
                Err(error) => Err(error),
            },
            Self::Unix(path) => UnixStream::connect(path).await.map(Stream::unix),
        };
        opened.map_err(|error| {
            let is = |kind| error.kind() == kind;
            let hint = if is(io::ErrorKind::ConnectionRefused) {
                "; is a broker running there?"
            } else if is(io::ErrorKind::NotFound) {
                "; does the socket exist?"
            } else {
                ""
            };
            Failure::lost(format_args!("cannot connect to {self}: {error}{hint}"))
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(host, port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp(host, port) => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

// === impl Url ===

impl Url {
    /// Parses `mqtt://[username[:password]@]host[:port][/topic]`, `mqtts://` the same over TLS, and `ws://` and `wss://`
    /// with a path of WebSocket in the topic's place; `%40` and the like are decoded, but in a path.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let form = || {
            "write mqtt://[username[:password]@]host[:port][/topic], or mqtts://, ws:// or wss:// in front"
                .to_owned()
        };
        let (scheme, rest) = text.split_once("://").ok_or_else(form)?;
        let scheme = Scheme::of(scheme).ok_or_else(form)?;
        let (place, below) = match rest.split_once('/') {
            Some((place, below)) => (place, Some(below).filter(|below| !below.is_empty())),
            None => (rest, None),
        };
        let (login, server) = match place.rsplit_once('@') {
            Some((login, server)) => (Some(login), server),
            None => (None, place),
        };
        let (username, password) = match login.map(|login| login.split_once(':').ok_or(login)) {
            None => (None, None),
            Some(Ok((username, password))) => (Some(decoded(username)?), Some(decoded(password)?)),
            Some(Err(username)) => (Some(decoded(username)?), None),
        };
        let (topic, path) = if scheme.is_websocket {
            (None, below.map(|path| format!("/{path}")))
        } else {
            (below.map(decoded).transpose()?, None)
        };
        Ok(Self { scheme, address: server_of(server, scheme)?, username, password, topic, path })
    }
}

/// `host`, `host:port`, `[::1]` or `[::1]:port`.
fn server_of(text: &str, scheme: Scheme) -> Result<Address, String> {
    let (host, port) = if let Some(bracketed) = text.strip_prefix('[') {
        let (host, rest) =
            bracketed.split_once(']').ok_or("the ] of the IPv6 address is missing".to_owned())?;
        (host, rest.strip_prefix(':'))
    } else {
        match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        }
    };
    if host.is_empty() {
        return Err("the host is missing".to_owned());
    }
    let port = port.map(|port| port.parse().map_err(|_| format!("'{port}' is no port"))).transpose()?;
    Ok(Address::Tcp(host.to_owned(), port.unwrap_or(scheme.port())))
}

/// Replaces `%XX` by the byte it stands for.
fn decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
            return Err("a % is not followed by two hexadecimal digits".to_owned());
        };
        bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
    }
    String::from_utf8(bytes).map_err(|_| "what % stands for is not UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let url = Url::parse("mqtt://me%40home:p%3Aw@[::1]:1884/a/b%20c").unwrap();
        assert_eq!(url.address, Address::Tcp("::1".to_owned(), 1884));
        assert_eq!((url.username.as_deref(), url.password.as_deref()), (Some("me@home"), Some("p:w")));
        assert_eq!(url.topic.as_deref(), Some("a/b c"));
        let url = Url::parse("mqtt://host").unwrap();
        assert_eq!((url.address.to_string(), url.username, url.topic), ("host:1883".to_owned(), None, None));
        for (text, address, topic, path) in [
            ("mqtts://host/a/b", "host:8883", Some("a/b"), None),
            ("ws://host", "host:8083", None, None),
            ("wss://me@host:443/mqtt?x=%20", "host:443", None, Some("/mqtt?x=%20")),
        ] {
            let url = Url::parse(text).unwrap();
            assert_eq!(url.address.to_string(), address);
            assert_eq!((url.topic.as_deref(), url.path.as_deref()), (topic, path));
        }
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for text in
            ["host", "http://h/", "mqttss://h", "mqtt://", "mqtt://h:x/", "mqtt://[::1/", "mqtt://a%4@h"]
        {
            assert!(Url::parse(text).is_err(), "{text}");
        }
    }
}
