//! Addresses, as NanoMQ and we write them.

use std::net::{Ipv4Addr, SocketAddr};

use vouchmq_broker::{InvalidAddress, ListenAddress};
use vouchmq_identity::Cidr;
use vouchmq_identity::blocks::CidrFault;

/// Where a listener is bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bind {
    pub(crate) address: ListenAddress,
    /// The path of WebSocket, with its slash.
    pub(crate) path: Option<Box<str>>,
}

/// `0.0.0.0:1883`, `1883`, `unix:/run/v.sock`, `0.0.0.0:8083/mqtt`, and NanoMQ's `nmq-tcp://0.0.0.0:1883`.
pub(crate) fn bind(text: &str) -> Result<Bind, InvalidAddress> {
    let text = text.split_once("://").map_or(text, |(_, address)| address);
    if text.starts_with("unix:") {
        return Ok(Bind { address: text.parse()?, path: None });
    }
    let (address, path) = match text.find('/') {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    Ok(Bind { address: address.parse()?, path: (!path.is_empty()).then(|| path.into()) })
}

/// `off`, a port of loopback, or an address.
pub(crate) fn http(text: &str) -> Result<Option<SocketAddr>, ()> {
    if text == "off" {
        return Ok(None);
    }
    let port = text.strip_prefix(':').or(text.strip_prefix("localhost:")).unwrap_or(text);
    if let Ok(port) = port.parse::<u16>() {
        return Ok(Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port))));
    }
    text.parse().map(Some).map_err(|_| ())
}

/// A network, or the one of a single address; `#` is everybody's, of both families.
pub(crate) fn network(text: &str) -> Result<Cidr, CidrFault> {
    match text.parse() {
        Err(CidrFault::NoPrefixLength { network }) => Ok(network),
        parsed => parsed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_nanomq_and_we_write_them() {
        for (text, address, path) in [
            ("0.0.0.0:1883", "0.0.0.0:1883", None),
            ("nmq-tcp://0.0.0.0:1883", "0.0.0.0:1883", None),
            ("1883", "127.0.0.1:1883", None),
            ("0.0.0.0:8083/mqtt", "0.0.0.0:8083", Some("/mqtt")),
            ("nmq-ws://[::1]:8083/a/b", "[::1]:8083", Some("/a/b")),
            ("unix:/run/v.sock", "unix:/run/v.sock", None),
        ] {
            let bind = bind(text).unwrap();
            assert_eq!((bind.address.to_string().as_str(), bind.path.as_deref()), (address, path), "{text}");
        }
        assert!(bind("example.com:1883").is_err());
        assert_eq!(http("off"), Ok(None));
        assert_eq!(http("8082"), Ok(Some(([127, 0, 0, 1], 8082).into())));
        assert!(http("example.com:1").is_err());
    }
}
