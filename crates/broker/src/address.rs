use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

/// Where to listen: `127.0.0.1:1883`, `[::1]:1883`, `1883` or `:1883` (both on 127.0.0.1), or
/// `unix:/run/vouchmq.sock`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// A TCP address; port 0 picks a free one.
    Tcp(SocketAddr),
    /// The path of a Unix socket.
    Unix(PathBuf),
}

/// Text that is no address to listen on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no address to listen on: give HOST:PORT with a numeric HOST, PORT, or unix:PATH")]
pub struct InvalidAddress(String);

impl FromStr for ListenAddress {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(path) = text.strip_prefix("unix:").filter(|path| !path.is_empty()) {
            return Ok(Self::Unix(path.into()));
        }
        let address = text.strip_prefix("tcp:").unwrap_or(text);
        let loopback = |port: u16| Self::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let port = address.strip_prefix("localhost:").or(address.strip_prefix(':')).unwrap_or(address);
        if let Ok(port) = port.parse() {
            return Ok(loopback(port));
        }
        address.parse().map(Self::Tcp).map_err(|_| InvalidAddress(text.to_owned()))
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_means_loopback() {
        for (text, meant) in [
            ("1883", "127.0.0.1:1883"),
            (":0", "127.0.0.1:0"),
            ("localhost:1883", "127.0.0.1:1883"),
            ("0.0.0.0:1883", "0.0.0.0:1883"),
            ("[::1]:1883", "[::1]:1883"),
            ("tcp:127.0.0.1:1", "127.0.0.1:1"),
            ("unix:/run/v.sock", "unix:/run/v.sock"),
        ] {
            assert_eq!(text.parse::<ListenAddress>().unwrap().to_string(), meant, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_what_to_give() {
        for text in ["", "unix:", "example.com:1883", "1.2.3.4", "127.0.0.1:99999"] {
            let error = text.parse::<ListenAddress>().unwrap_err().to_string();
            assert!(error.contains("HOST:PORT"), "{text}: {error}");
        }
    }
}
