use std::net::Ipv4Addr;

use arbtest::arbtest;

use super::*;

fn cidr(text: &str) -> Cidr {
    text.parse().unwrap()
}

/// The address in binary, behind the name of its family: what a network has in common is the beginning.
fn digits(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => format!("v4 {:032b}", address.to_bits()),
        IpAddr::V6(address) => format!("v6 {:0128b}", address.to_bits()),
    }
}

#[test]
fn networks_have_one_spelling() {
    let cases = [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("192.0.2.1/32", "192.0.2.1/32"),
        ("::/0", "::/0"),
        ("2001:DB8:0:0::/32", "2001:db8::/32"),
        ("2001:db8::1/128", "2001:db8::1/128"),
        // What is mapped is IPv4.
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::ffff:c000:201/128", "192.0.2.1/32"),
        // What is only near it is not.
        ("::fffe:0:0/95", "::fffe:0:0/95"),
        ("::fffe:0:0/96", "::fffe:0:0/96"),
        ("::/96", "::/96"),
        ("::/80", "::/80"),
    ];
    for (text, expected) in cases {
        assert_eq!(cidr(text).to_string(), expected, "{text}");
        assert_eq!(cidr(expected), cidr(text));
    }
}

#[test]
fn families_are_apart() {
    let cases = [
        ("0.0.0.0/0", "192.0.2.1", true),
        ("0.0.0.0/0", "::ffff:192.0.2.1", true),
        ("0.0.0.0/0", "2001:db8::1", false),
        ("0.0.0.0/0", "::", false),
        ("::/0", "2001:db8::1", true),
        ("::/0", "::", true),
        ("::/0", "192.0.2.1", false),
        ("::/0", "::ffff:192.0.2.1", false),
        ("::/80", "::ffff:192.0.2.1", false),
        ("::fffe:0:0/95", "::ffff:192.0.2.1", false),
        ("192.0.2.1/32", "::ffff:192.0.2.1", true),
        ("192.0.2.1/32", "192.0.2.0", false),
        ("2001:db8::1/128", "2001:db8::1", true),
        ("2001:db8::1/128", "2001:db8::", false),
        ("10.0.0.0/8", "10.255.255.255", true),
        ("10.0.0.0/8", "11.0.0.0", false),
    ];
    for (network, address, expected) in cases {
        assert_eq!(cidr(network).contains(address.parse().unwrap()), expected, "{address} in {network}");
    }
}

#[test]
fn faults_say_what_to_write() {
    let cases = [
        ("", "not an IP address: write it like 192.0.2.1 or 2001:db8::1, without port, brackets or zone"),
        ("10.0.0.0", "no prefix length: the network of this one address is 10.0.0.0/32"),
        ("::ffff:10.0.0.0", "no prefix length: the network of this one address is 10.0.0.0/32"),
        ("2001:db8::1", "no prefix length: the network of this one address is 2001:db8::1/128"),
        ("10.1.2.3/8", "bits are set behind the prefix length: if the network is meant, write 10.0.0.0/8"),
        ("::1/0", "bits are set behind the prefix length: if the network is meant, write ::/0"),
        (
            "::ffff:10.1.2.3/120",
            "bits are set behind the prefix length: if the network is meant, write 10.1.2.0/24",
        ),
        (
            "::ffff:0:0/95",
            "bits are set behind the prefix length: if the network is meant, write ::fffe:0:0/95",
        ),
        ("10.0.0.0/33", "the prefix length is not a plain number from 0 to 32"),
        ("2001:db8::/129", "the prefix length is not a plain number from 0 to 128"),
    ];
    for (text, expected) in cases {
        assert_eq!(text.parse::<Cidr>().unwrap_err().to_string(), expected, "{text}");
    }
    for len in ["", "+8", "-1", "08", "00", " 8", "8 ", "8/8", "256", "٨", "255.0.0.0"] {
        let fault = format!("10.0.0.0/{len}").parse::<Cidr>().unwrap_err();
        assert_eq!(fault, CidrFault::PrefixLength { max: 32 }, "{len:?}");
    }
    for address in ["10.0.0", "010.0.0.0", "10.0.0.0:1", "[::1]", "fe80::1%eth0", " ::1", "10", "host"] {
        let fault = CidrFault::Address(AddressFault);
        assert_eq!(format!("{address}/8").parse::<Cidr>(), Err(fault), "{address:?}");
        assert_eq!(address.parse::<Cidr>(), Err(fault));
        assert_eq!(address.parse::<PeerAddress>(), Err(AddressFault));
    }
}

#[test]
fn any_network_is_what_its_bits_say_and_survives_its_text() {
    arbtest(|u| {
        let address: IpAddr = match u.int_in_range(0..=2)? {
            0 => Ipv4Addr::from_bits(u.arbitrary()?).into(),
            1 => Ipv4Addr::from_bits(u.arbitrary()?).to_ipv6_mapped().into(),
            _ => Ipv6Addr::from_bits(u.arbitrary()?).into(),
        };
        let max = if address.is_ipv4() { 32 } else { 128 };
        let len = u.int_in_range(0..=max)?;
        let network = match Cidr::new(address, len) {
            Ok(network) | Err(CidrFault::HostBits { network }) => network,
            Err(fault) => panic!("{address}/{len}: {fault}"),
        };
        assert_eq!(network.to_string().parse(), Ok(network));
        assert_eq!(Cidr::new(network.network(), network.prefix_len()), Ok(network));
        // An address near the network: some bits of it are others.
        let flip = u128::MAX.checked_shr(u.int_in_range(0..=128)?).unwrap_or(0) & u.arbitrary::<u128>()?;
        let near = match network.network() {
            IpAddr::V4(a) => Ipv4Addr::from_bits(a.to_bits() ^ u32::try_from(flip >> 96).unwrap()).into(),
            IpAddr::V6(a) => IpAddr::V6(Ipv6Addr::from_bits(a.to_bits() ^ flip)),
        };
        let common = 3 + usize::from(network.prefix_len());
        let expected = digits(near).get(..common) == digits(network.network()).get(..common);
        assert_eq!(network.contains(near), expected, "{near} in {network}");
        Ok(())
    });
}
