use std::net::{Ipv4Addr, SocketAddr};

/// Where a listener listens, as a flag says it.
#[derive(Clone, Copy, Debug)]
pub(in crate::command::serve) struct Listen(pub(in crate::command::serve) Option<SocketAddr>);

/// `off`, a port of loopback, or an address.
pub(in crate::command::serve) fn address(text: &str) -> Result<Listen, String> {
    if text == "off" {
        return Ok(Listen(None));
    }
    let port = text.strip_prefix(':').or(text.strip_prefix("localhost:")).unwrap_or(text);
    if let Ok(port) = port.parse() {
        return Ok(Listen(Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))));
    }
    text.parse()
        .map(|address| Listen(Some(address)))
        .map_err(|_| "give 'off', PORT, or HOST:PORT with a numeric HOST".to_owned())
}
