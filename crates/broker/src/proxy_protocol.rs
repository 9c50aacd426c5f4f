//! The PROXY protocol, versions 1 and 2: for whom a proxy connects.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// How version 1 begins.
const BEGINNING_1: &[u8] = b"PROXY ";
/// Bytes of version 1 at most, with the end of its line.
const LINE_BYTES_MAX: usize = 107;
/// How version 2 begins.
const BEGINNING_2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// Bytes of version 2 before addresses.
const FIXED_BYTES: usize = 16;

/// What a connection of a proxy begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProxyHeader {
    /// Its bytes; those of the client follow.
    pub len: usize,
    /// Who connected to the proxy; `None`: nobody, it is the proxy itself (a health check), or it does not say.
    pub source: Option<SocketAddr>,
}

/// Bytes that are no header: what is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoHeader(pub &'static str);

impl ProxyHeader {
    /// Reads the beginning of a connection; `None` when more has to come.
    ///
    /// # Errors
    /// [`NoHeader`]: whatever comes, it is none.
    pub fn of(bytes: &[u8]) -> Result<Option<Self>, NoHeader> {
        let begins = |with: &[u8]| bytes.iter().zip(with).all(|(one, other)| one == other);
        if begins(BEGINNING_2) {
            Self::version_2(bytes)
        } else if begins(BEGINNING_1) {
            Self::version_1(bytes)
        } else {
            Err(NoHeader("it does not begin with a header"))
        }
    }

    fn version_1(bytes: &[u8]) -> Result<Option<Self>, NoHeader> {
        let line = bytes.get(..LINE_BYTES_MAX).unwrap_or(bytes);
        let Some(end) = line.windows(2).position(|pair| pair == b"\r\n") else {
            return if bytes.len() < LINE_BYTES_MAX {
                Ok(None)
            } else {
                Err(NoHeader("its line does not end"))
            };
        };
        let words = line.get(BEGINNING_1.len()..end).and_then(|words| std::str::from_utf8(words).ok());
        let mut words = words.ok_or(NoHeader("its line is no text"))?.split(' ');
        let source = match words.next() {
            Some("UNKNOWN") => return Ok(Some(Self { len: end + 2, source: None })),
            Some("TCP4") => source_in::<Ipv4Addr>(words),
            Some("TCP6") => source_in::<Ipv6Addr>(words),
            _ => None,
        };
        let source = source.ok_or(NoHeader("its line is wrong"))?;
        Ok(Some(Self { len: end + 2, source: Some(source) }))
    }

    fn version_2(bytes: &[u8]) -> Result<Option<Self>, NoHeader> {
        let Some((fixed, rest)) = bytes.split_first_chunk::<FIXED_BYTES>() else { return Ok(None) };
        let [.., command, family, high, low] = *fixed;
        if command >> 4 != 2 {
            return Err(NoHeader("its version is neither 1 nor 2"));
        }
        let len = usize::from(u16::from_be_bytes([high, low]));
        let Some(addresses) = rest.get(..len) else { return Ok(None) };
        let source = match (command & 0xF, family) {
            // LOCAL; or a family that has no addresses of the Internet.
            (0, _) | (1, 0x00 | 0x31) => None,
            (1, 0x11) => Some(binary_source::<4, 12>(addresses)?),
            (1, 0x21) => Some(binary_source::<16, 36>(addresses)?),
            (1, _) => return Err(NoHeader("its family is not TCP")),
            _ => return Err(NoHeader("its command is unknown")),
        };
        Ok(Some(Self { len: FIXED_BYTES + len, source }))
    }
}

/// The source of the rest of a line: both addresses, both ports, and nothing behind.
fn source_in<'a, A: FromStr + Into<IpAddr>>(mut words: impl Iterator<Item = &'a str>) -> Option<SocketAddr> {
    let mut address = || words.next()?.parse::<A>().ok();
    let (source, _destination) = (address()?, address()?);
    let mut port = || words.next().filter(|port| !port.starts_with('+'))?.parse::<u16>().ok();
    let (source_port, _destination_port) = (port()?, port()?);
    words.next().is_none().then(|| SocketAddr::new(source.into(), source_port))
}

/// The source of both addresses and both ports; what follows them is of no concern.
fn binary_source<const N: usize, const ALL: usize>(bytes: &[u8]) -> Result<SocketAddr, NoHeader>
where
    [u8; N]: Into<IpAddr>,
{
    let addresses = bytes.first_chunk::<ALL>().ok_or(NoHeader("its addresses are cut"))?;
    let source = addresses.first_chunk::<N>().copied();
    let port = addresses.get(2 * N..).and_then(|ports| ports.first_chunk::<2>().copied());
    let (Some(source), Some(port)) = (source, port) else { return Err(NoHeader("its addresses are cut")) };
    Ok(SocketAddr::new(source.into(), u16::from_be_bytes(port)))
}

#[cfg(test)]
mod tests;
