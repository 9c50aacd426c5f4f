use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use arbtest::arbtest;

use super::*;

fn fault(kind: &str, value: &str) -> String {
    BlockTarget::parse(kind, value).unwrap_err().to_string()
}

#[test]
fn every_kind_has_its_word_and_they_are_in_order() {
    let words = ["credential", "device", "clientid", "username", "ip", "cidr", "product"];
    assert_eq!(BlockKind::ALL.map(BlockKind::name), words);
    assert!(BlockKind::ALL.is_sorted());
    for (kind, word) in BlockKind::ALL.into_iter().zip(words) {
        assert_eq!(word.parse(), Ok(kind));
        let value = match kind {
            BlockKind::Ip => "192.0.2.1",
            BlockKind::Cidr => "192.0.2.0/24",
            BlockKind::Credential
            | BlockKind::Device
            | BlockKind::ClientId
            | BlockKind::UserName
            | BlockKind::Product => "x",
        };
        let target = BlockTarget::parse(word, value).unwrap();
        assert_eq!((target.kind(), target.to_string().as_str()), (kind, value));
        assert!(fault("ClientID", value).starts_with("unknown kind: there are credential, device, "));
    }
    let all = words.iter().filter(|word| fault("", "").contains(*word));
    assert_eq!(all.count(), words.len());
}

#[test]
fn names_are_1_to_256_bytes_without_nul_and_stay_as_they_are() {
    let longest = "é".repeat(128);
    for name in ["x", " X ", "10.0.0.1", "#", "a\nb", "é", "e\u{301}", &longest] {
        let target = BlockTarget::parse("clientid", name).unwrap();
        assert_eq!(target.to_string(), name);
        assert_ne!(target, BlockTarget::parse("username", name).unwrap());
    }
    assert_eq!(fault("device", ""), "device: the value is empty: name whom to block");
    let too_long = format!("{longest}x");
    assert_eq!(
        fault("product", &too_long),
        "product: the value is longer than 256 bytes: no client has such a name"
    );
    assert_eq!(fault("username", "a\0b"), "username: the value contains U+0000: no client has such a name");
}

#[test]
fn an_address_has_one_target_in_all_its_spellings() {
    let ip = |text| BlockTarget::parse("ip", text).unwrap();
    for text in ["192.0.2.1", "::ffff:192.0.2.1", "::FFFF:c000:201", "0:0:0:0:0:ffff:c000:0201"] {
        assert_eq!((ip(text), ip(text).to_string().as_str()), (ip("192.0.2.1"), "192.0.2.1"));
    }
    assert_eq!(ip("2001:0DB8::0:1").to_string(), "2001:db8::1");
    // The same clients, but another block: each can be edited for itself.
    assert_ne!(ip("192.0.2.1"), BlockTarget::parse("cidr", "192.0.2.1/32").unwrap());
}

#[test]
fn addresses_and_networks_that_are_confused_are_told_apart() {
    assert_eq!(fault("ip", "10.0.0.0/8"), "ip: this is a network: give it the kind cidr");
    assert_eq!(
        fault("cidr", "10.0.0.1"),
        "cidr: no prefix length: give one address the kind ip, or write 10.0.0.1/32"
    );
    assert_eq!(
        fault("cidr", "10.0.0.1/8"),
        "cidr: bits are set behind the prefix length: if the network is meant, write 10.0.0.0/8"
    );
    assert_eq!(
        fault("ip", "10.0.0.1:1883"),
        "ip: not an IP address: write it like 192.0.2.1 or 2001:db8::1, without port, brackets or zone"
    );
}

#[test]
fn any_target_survives_its_text() {
    arbtest(|u| {
        let kind = *u.choose(&BlockKind::ALL)?;
        let address: IpAddr = if u.arbitrary()? {
            Ipv4Addr::from_bits(u.arbitrary()?).into()
        } else {
            Ipv6Addr::from_bits(u.arbitrary()?).into()
        };
        let value = match kind {
            BlockKind::Ip => address.to_string(),
            BlockKind::Cidr => match Cidr::new(address, u.int_in_range(0..=32)?) {
                Ok(network) | Err(CidrFault::HostBits { network }) => network.to_string(),
                Err(fault) => panic!("{fault}"),
            },
            BlockKind::Credential
            | BlockKind::Device
            | BlockKind::ClientId
            | BlockKind::UserName
            | BlockKind::Product => u.arbitrary()?,
        };
        if let Ok(target) = BlockTarget::of(kind, &value) {
            assert_eq!(target.kind(), kind);
            assert_eq!(BlockTarget::parse(kind.name(), &target.to_string()), Ok(target));
        } else {
            assert!(value.is_empty() || value.len() > 256 || value.contains('\0'), "{kind} {value:?}");
        }
        Ok(())
    });
}
