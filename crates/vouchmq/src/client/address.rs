//! Where a server is: host and port, a Unix socket, or a URL.

use std::fmt;
use std::io;
use std::path::PathBuf;

use tokio::io::Interest;
use tokio::net::{TcpStream, UnixStream};

use crate::exit::Failure;

const PORT: u16 = 1883;

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Tcp(String, u16),
    Unix(PathBuf),
}

/// What `-L` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) address: Address,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) topic: Option<String>,
}

/// An open stream to a server.
#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

// === impl Address ===

impl Address {
    /// A TCP address; port 1883 if none is given.
    pub(crate) fn tcp(host: &str, port: Option<u16>) -> Self {
        Self::Tcp(host.to_owned(), port.unwrap_or(PORT))
    }

    /// Opens a stream.
    pub(crate) async fn dial(&self) -> Result<Stream, Failure> {
        let opened = match self {
            Self::Tcp(host, port) => match TcpStream::connect((host.as_str(), *port)).await {
                Ok(stream) => stream.set_nodelay(true).map(|()| Stream::Tcp(stream)),
                Err(error) => Err(error),
            },
            Self::Unix(path) => UnixStream::connect(path).await.map(Stream::Unix),
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
    /// Parses `mqtt://[username[:password]@]host[:port][/topic]`, with `%40` and the like decoded.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with("mqtts://") {
            return Err("mqtts:// is not possible: this version has no TLS yet".to_owned());
        }
        let rest = text
            .strip_prefix("mqtt://")
            .ok_or("write mqtt://[username[:password]@]host[:port][/topic]".to_owned())?;
        let (place, topic) = match rest.split_once('/') {
            Some((place, topic)) => (place, Some(topic)),
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
        let topic = topic.filter(|topic| !topic.is_empty()).map(decoded).transpose()?;
        Ok(Self { address: server_of(server)?, username, password, topic })
    }
}

/// `host`, `host:port`, `[::1]` or `[::1]:port`.
fn server_of(text: &str) -> Result<Address, String> {
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
    Ok(Address::tcp(host, port))
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

// === impl Stream ===

impl Stream {
    /// Waits until something can be read, or written if `writes`.
    pub(crate) async fn ready(&self, writes: bool) -> io::Result<tokio::io::Ready> {
        let interest = if writes { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
        match self {
            Self::Tcp(stream) => stream.ready(interest).await,
            Self::Unix(stream) => stream.ready(interest).await,
        }
    }

    /// Reads what is there behind the end of `buffer`; 0 = the server has closed.
    pub(crate) fn try_read(&self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_read_buf(buffer),
            Self::Unix(stream) => stream.try_read_buf(buffer),
        }
    }

    /// Writes what the server takes now.
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_write(bytes),
            Self::Unix(stream) => stream.try_write(bytes),
        }
    }

    /// Says that nothing more will be written.
    pub(crate) async fn finish(&mut self) -> io::Result<()> {
        use tokio::io::AsyncWriteExt;
        match self {
            Self::Tcp(stream) => stream.shutdown().await,
            Self::Unix(stream) => stream.shutdown().await,
        }
    }
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
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for text in
            ["host", "http://h/", "mqtts://h", "mqtt://", "mqtt://h:x/", "mqtt://[::1/", "mqtt://a%4@h"]
        {
            assert!(Url::parse(text).is_err(), "{text}");
        }
    }
}
