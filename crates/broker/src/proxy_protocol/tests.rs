use super::*;

fn version_2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let len = u16::try_from(body.len()).unwrap().to_be_bytes();
    [BEGINNING_2, &[0x20 | command, family], &len, body].concat()
}

fn addresses(source: &[u8], port: u16) -> Vec<u8> {
    [source, source, &port.to_be_bytes(), &1883_u16.to_be_bytes()].concat()
}

/// A header is read from its own bytes, however many follow, and no sooner than it is whole.
fn source_of(header: &[u8]) -> Option<SocketAddr> {
    for end in 0..header.len() {
        assert_eq!(ProxyHeader::of(&header[..end]), Ok(None), "{end}");
    }
    let read = ProxyHeader::of(&[header, b"\x10CONNECT"].concat()).unwrap().unwrap();
    assert_eq!(read.len, header.len());
    read.source
}

#[test]
fn both_versions_name_the_source() {
    let four: SocketAddr = "192.0.2.1:56324".parse().unwrap();
    let six: SocketAddr = "[2001:db8::1]:56324".parse().unwrap();
    assert_eq!(source_of(b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n"), Some(four));
    assert_eq!(source_of(b"PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n"), Some(six));
    assert_eq!(source_of(&version_2(1, 0x11, &addresses(&[192, 0, 2, 1], 56324))), Some(four));
    let octets = "2001:db8::1".parse::<Ipv6Addr>().unwrap().octets();
    assert_eq!(source_of(&version_2(1, 0x21, &addresses(&octets, 56324))), Some(six));
    let with_more = [addresses(&[192, 0, 2, 1], 56324), [4, 0, 200, 1].repeat(50)].concat();
    assert_eq!(source_of(&version_2(1, 0x11, &with_more)), Some(four), "TLVs are of no concern");
}

#[test]
fn a_proxy_may_speak_for_itself() {
    assert_eq!(source_of(b"PROXY UNKNOWN\r\n"), None);
    assert_eq!(source_of(b"PROXY UNKNOWN ff:: ff:: 65535 65535\r\n"), None);
    assert_eq!(source_of(&version_2(0, 0, b"")), None);
    assert_eq!(source_of(&version_2(0, 0x11, &addresses(&[192, 0, 2, 1], 1))), None);
    assert_eq!(source_of(&version_2(1, 0x31, &[0; 216])), None, "a Unix socket");
}

#[test]
fn what_is_no_header_is_refused_as_soon_as_that_is_known() {
    for bytes in [
        b"\x10\x0c\0\x04MQTT".as_slice(),
        b"\x16\x03\x01",
        b"PROXX",
        b"\r\n\r\n\0\r\nQUIX",
        b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443 more\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.1 56324\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.1 65536 443\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.1 +1 443\r\n",
        b"PROXY TCP4  192.0.2.1 198.51.100.1 1 443\r\n",
        b"PROXY TCP4 2001:db8::1 2001:db8::2 1 443\r\n",
        b"PROXY TCP6 192.0.2.1 198.51.100.1 1 443\r\n",
        b"PROXY UDP4 192.0.2.1 198.51.100.1 1 443\r\n",
        b"PROXY \xFF\r\n",
        &[b"PROXY UNKNOWN ".as_slice(), &[b' '; 100]].concat(),
        &[BEGINNING_2, b"\x11\x11\0\0"].concat(),
        &version_2(2, 0x11, &addresses(&[192, 0, 2, 1], 1)),
        &version_2(1, 0x12, &addresses(&[192, 0, 2, 1], 1)),
        &version_2(1, 0x11, &[0; 11]),
        &version_2(1, 0x21, &addresses(&[192, 0, 2, 1], 1)),
    ] {
        assert!(ProxyHeader::of(bytes).is_err(), "{}", bytes.escape_ascii());
    }
}
