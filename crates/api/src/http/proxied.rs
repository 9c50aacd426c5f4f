use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt};
use vouchmq_broker::{NoHeader, ProxyHeader};

/// Bytes of the shortest header of version 1; that of version 2 is longer.
const SHORTEST: usize = 15;
/// Bytes of the longest header that is read: addresses, and what proxies add to them.
const LONGEST: usize = 4096;

/// Reads the header of the PROXY protocol that a connection begins with, and nothing behind it. Who connected to the
/// proxy; `None` if the proxy speaks for itself.
///
/// # Errors
/// What comes is no header, or breaks off.
pub(super) async fn proxied<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Option<SocketAddr>> {
    let mut header = vec![0; SHORTEST];
    stream.read_exact(&mut header).await?;
    loop {
        match ProxyHeader::of(&header) {
            Ok(Some(found)) => return Ok(found.source),
            // Byte by byte: what follows belongs to TLS or HTTP.
            Ok(None) if header.len() < LONGEST => header.push(stream.read_u8().await?),
            Ok(None) => return Err(io::Error::other("the PROXY header is too long")),
            Err(NoHeader(why)) => return Err(io::Error::other(format!("no PROXY header: {why}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(mut bytes: &[u8]) -> (Option<Option<String>>, &[u8]) {
        let found = proxied(&mut bytes).await.ok();
        (found.map(|source| source.map(|source| source.to_string())), bytes)
    }

    #[tokio::test]
    async fn a_header_is_read_to_its_end_and_not_further() {
        let (source, rest) = read(b"PROXY TCP4 192.0.2.1 10.0.0.1 4711 8081\r\nGET /").await;
        assert_eq!((source, rest), (Some(Some("192.0.2.1:4711".to_owned())), &b"GET /"[..]));
        let (source, rest) = read(b"PROXY UNKNOWN\r\nGET /").await;
        assert_eq!((source, rest), (Some(None), &b"GET /"[..]));
        let mut second =
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\x0a\0\0\x01\x12\x67\x1f\x91".to_vec();
        second.extend(b"GET /");
        let (source, rest) = read(&second).await;
        assert_eq!((source, rest), (Some(Some("192.0.2.1:4711".to_owned())), &b"GET /"[..]));
    }

    #[tokio::test]
    async fn what_is_no_header_is_refused() {
        for bytes in [
            &b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"[..],
            b"PROXY TCP4 x y 1 2\r\n\r\n",
            b"PROXY TCP4 192.0.2.1",
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff",
            b"",
        ] {
            assert_eq!(read(bytes).await.0, None, "{bytes:?}");
        }
        let endless = [b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff".to_vec(), vec![0; 70_000]].concat();
        assert_eq!(read(&endless).await.0, None);
    }
}
