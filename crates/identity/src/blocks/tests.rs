use std::{
    cmp::Reverse,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use arbtest::arbitrary::{Result as Drawn, Unstructured};
use arbtest::arbtest;

use super::*;

const NOW: UnixMillis = UnixMillis::new(1_000);

fn block(kind: &str, value: &str) -> Block {
    Block { target: BlockTarget::parse(kind, value).unwrap(), reason: "test".into(), until: None }
}

fn until(millis: u64, block: Block) -> Block {
    Block { until: Some(UnixMillis::new(millis)), ..block }
}

fn blocks(all: impl IntoIterator<Item = Block>) -> Blocks {
    let mut blocks = Blocks::default();
    for block in all {
        assert_eq!(blocks.insert(block), Ok(None));
    }
    blocks
}

fn from_peer(address: &str) -> Subject<'static> {
    Subject { peer: Some(address.parse().unwrap()), ..Subject::default() }
}

/// What is found, as `kind value`.
fn found(blocks: &Blocks, subject: &Subject<'_>) -> Option<String> {
    blocks.find(subject, NOW).map(|block| format!("{} {}", block.target.kind(), block.target))
}

#[test]
fn without_blocks_nobody_is_blocked() {
    let blocks = Blocks::default();
    assert_eq!(blocks.find(&Subject::default(), NOW), None);
    assert_eq!(blocks.find(&Subject { client_id: Some("x"), ..from_peer("::1") }, NOW), None);
    assert_eq!((blocks.len(), blocks.is_empty(), blocks.next_expiry()), (0, true, None));
}

#[test]
fn the_most_specific_kind_is_told_first_and_what_is_unknown_is_never_hit() {
    let mut blocks = blocks([
        block("product", "p"),
        block("cidr", "192.0.0.0/16"),
        block("cidr", "192.0.2.0/24"),
        block("cidr", "0.0.0.0/0"),
        block("ip", "192.0.2.1"),
        block("username", "u"),
        block("clientid", "c"),
        block("device", "d"),
        block("credential", "k"),
    ]);
    let subject = Subject {
        credential: Some("k"),
        device: Some("d"),
        product: Some("p"),
        client_id: Some("c"),
        username: Some("u"),
        ..from_peer("192.0.2.1")
    };
    let order = [
        "credential k",
        "device d",
        "clientid c",
        "username u",
        "ip 192.0.2.1",
        "cidr 192.0.2.0/24",
        "cidr 192.0.0.0/16",
        "cidr 0.0.0.0/0",
        "product p",
    ];
    for expected in order {
        assert_eq!(found(&blocks, &subject).as_deref(), Some(expected));
        assert_eq!(blocks.find(&Subject::default(), NOW), None);
        let target = blocks.find(&subject, NOW).unwrap().target.clone();
        assert!(blocks.remove(&target).is_some());
        assert_eq!(blocks.remove(&target), None);
    }
    assert_eq!(found(&blocks, &subject), None);
}

#[test]
fn a_name_is_blocked_only_as_what_it_names() {
    let blocks = blocks([block("clientid", "a"), block("device", "b"), block("product", "c")]);
    let subject = Subject {
        credential: Some("a"),
        device: Some("a"),
        product: Some("a"),
        username: Some("a"),
        client_id: Some("A"),
        peer: None,
    };
    assert_eq!(found(&blocks, &subject), None);
    assert!(found(&blocks, &Subject { client_id: Some("a"), ..subject }).is_some());
}

#[test]
fn addresses_at_the_edges() {
    let cases = [
        ("0.0.0.0/0", "255.255.255.255", true),
        ("0.0.0.0/0", "::ffff:0.0.0.0", true),
        ("0.0.0.0/0", "::1", false),
        ("::/0", "ffff::", true),
        ("::/0", "0.0.0.0", false),
        ("::/0", "::ffff:1.2.3.4", false),
        ("::ffff:0:0/96", "1.2.3.4", true),
        ("1.2.3.4/32", "1.2.3.4", true),
        ("1.2.3.4/32", "::ffff:1.2.3.4", true),
        ("1.2.3.4/32", "1.2.3.5", false),
        ("2001:db8::1/128", "2001:db8::1", true),
        ("2001:db8::1/128", "2001:db8::", false),
        ("::/128", "::", true),
        ("::/128", "::1", false),
    ];
    for (network, address, expected) in cases {
        let block = block("cidr", network);
        let subject = from_peer(address);
        assert_eq!(block.hits(&subject), expected, "{address} in {network}");
        assert_eq!(blocks([block]).find(&subject, NOW).is_some(), expected, "{address} in {network}");
    }
    let blocks = blocks([block("ip", "::ffff:1.2.3.4")]);
    assert!(found(&blocks, &from_peer("1.2.3.4")).is_some());
    assert!(found(&blocks, &from_peer("::ffff:1.2.3.4")).is_some());
    assert!(found(&blocks, &from_peer("::1.2.3.4")).is_none());
}

#[test]
fn a_block_that_expired_hides_no_other() {
    let blocks = blocks([
        until(1_000, block("clientid", "c")),
        until(1_001, block("username", "u")),
        until(999, block("ip", "10.1.1.1")),
        until(1_000, block("cidr", "10.1.1.0/24")),
        until(2_000, block("cidr", "10.1.0.0/16")),
        block("cidr", "10.0.0.0/8"),
    ]);
    let peer = from_peer("10.1.1.1");
    // At its end a block no longer holds.
    let named = Subject { client_id: Some("c"), username: Some("u"), ..peer };
    assert_eq!(found(&blocks, &named).as_deref(), Some("username u"));
    assert_eq!(found(&blocks, &peer).as_deref(), Some("cidr 10.1.0.0/16"));
    let later = blocks.find(&named, UnixMillis::new(2_000)).unwrap();
    assert_eq!(later.target.to_string(), "10.0.0.0/8");
    let earlier = blocks.find(&peer, UnixMillis::new(998)).unwrap();
    assert_eq!(earlier.target.to_string(), "10.1.1.1");
}

#[test]
fn a_block_is_edited_by_its_target() {
    let mut blocks = blocks([until(5, block("cidr", "10.0.0.0/8")), until(9, block("device", "d"))]);
    assert_eq!(blocks.next_expiry(), Some(UnixMillis::new(5)));
    let longer = Block { reason: "still".into(), ..until(7_000, block("cidr", "::ffff:10.0.0.0/104")) };
    let old = blocks.insert(longer.clone()).unwrap();
    assert_eq!(old.as_deref(), Some(&until(5, block("cidr", "10.0.0.0/8"))));
    assert_eq!((blocks.len(), blocks.next_expiry()), (2, Some(UnixMillis::new(9))));
    assert_eq!(blocks.find(&from_peer("10.9.9.9"), NOW), Some(&longer));
    assert_eq!(blocks.get(&longer.target), Some(&longer));
    // Without an end now.
    blocks.insert(block("device", "d")).unwrap();
    assert_eq!(blocks.next_expiry(), Some(UnixMillis::new(7_000)));
    assert_eq!(blocks.iter().map(|block| block.target.to_string()).collect::<Vec<_>>(), ["10.0.0.0/8", "d"]);
}

#[test]
fn what_expired_is_taken_out_and_nothing_else() {
    let mut blocks = blocks([
        until(3, block("ip", "::3")),
        until(1, block("clientid", "1")),
        block("clientid", "never"),
        until(4, block("clientid", "4")),
        until(2, block("cidr", "::/2")),
    ]);
    let expired = blocks.remove_expired(UnixMillis::new(3));
    assert_eq!(
        expired.iter().map(|block| block.target.to_string()).collect::<Vec<_>>(),
        ["1", "::/2", "::3"]
    );
    assert_eq!(blocks.remove_expired(UnixMillis::new(3)), []);
    assert_eq!((blocks.len(), blocks.next_expiry()), (2, Some(UnixMillis::new(4))));
}

#[test]
fn what_is_full_still_takes_edits() {
    let mut blocks = Blocks::with_len_max(1);
    assert_eq!(blocks.insert(block("ip", "::1")), Ok(None));
    let full = blocks.insert(block("ip", "::2")).unwrap_err();
    assert_eq!(full, BlocksFull { len_max: 1 });
    assert_eq!(
        full.to_string(),
        "1 targets are blocked, which is the most: remove some, or block a network or a product"
    );
    assert!(blocks.insert(until(5, block("ip", "::1"))).unwrap().is_some());
    assert!(blocks.remove(&block("ip", "::1").target).is_some());
    assert_eq!(blocks.insert(block("ip", "::2")), Ok(None));
}

#[test]
fn a_clone_is_apart_and_shares_what_did_not_change() {
    let before = blocks([block("cidr", "10.0.0.0/8"), block("clientid", "c")]);
    let mut after = before.clone();
    after.remove(&block("cidr", "10.0.0.0/8").target);
    after.insert(block("cidr", "10.1.0.0/16")).unwrap();
    let peer = from_peer("10.1.0.1");
    assert_eq!(found(&before, &peer).as_deref(), Some("cidr 10.0.0.0/8"));
    assert_eq!(found(&after, &peer).as_deref(), Some("cidr 10.1.0.0/16"));
    let target = block("clientid", "c").target;
    assert!(std::ptr::eq(before.get(&target).unwrap(), after.get(&target).unwrap()));
}

#[test]
fn a_peak_does_not_stay_in_memory() {
    let network = |number: u32| {
        let network = IpAddr::from(Ipv4Addr::from_bits(number << 8));
        let target = BlockTarget::Cidr(Cidr::new(network, 24).unwrap());
        Block { target, reason: "".into(), until: Some(UnixMillis::new(number.into())) }
    };
    let mut blocks = blocks((0..10_000).map(network));
    assert_eq!(blocks.remove_expired(UnixMillis::new(9_989)).len(), 9_990);
    assert!(blocks.slots.len() <= REBUILD_LEN_MIN && blocks.slots.capacity() <= 2 * REBUILD_LEN_MIN);
    assert!(blocks.iter().cloned().eq((9_990..10_000).map(network)));
    assert_eq!(blocks.expiries.len(), 10);
    for number in 0..10_000_u32 {
        let peer = Some(Ipv4Addr::from_bits(number << 8 | 1).into());
        let is_blocked = blocks.find(&Subject { peer, ..Subject::default() }, UnixMillis::new(0)).is_some();
        assert_eq!(is_blocked, number >= 9_990);
    }
}

// === against a list that is scanned ===

/// Addresses that share their first bits with others, of both families.
fn address(u: &mut Unstructured<'_>) -> Drawn<IpAddr> {
    let bits = u.arbitrary::<u8>()? & 0b1001_0110;
    let v4 = Ipv4Addr::from_bits(u32::from(bits) << u.choose(&[24, 11, 0])?);
    Ok(match u.int_in_range(0..=2)? {
        0 => v4.into(),
        1 => v4.to_ipv6_mapped().into(),
        _ => Ipv6Addr::from_bits(u128::from(bits) << u.choose(&[120, 90, 61, 0])?).into(),
    })
}

fn target(u: &mut Unstructured<'_>) -> Drawn<BlockTarget> {
    let kind = *u.choose(&[BlockKind::Cidr; 3])?;
    let kind = if u.ratio(2, 3)? { kind } else { *u.choose(&BlockKind::ALL)? };
    Ok(match kind {
        BlockKind::Ip => BlockTarget::Ip(address(u)?.into()),
        BlockKind::Cidr => {
            let address = address(u)?;
            match Cidr::new(address, u.int_in_range(0..=if address.is_ipv4() { 32 } else { 128 })?) {
                Ok(network) | Err(CidrFault::HostBits { network }) => BlockTarget::Cidr(network),
                Err(fault) => panic!("{fault}"),
            }
        }
        BlockKind::Credential
        | BlockKind::Device
        | BlockKind::ClientId
        | BlockKind::UserName
        | BlockKind::Product => BlockTarget::of(kind, u.choose(&["a", "b"])?).unwrap(),
    })
}

fn subject(u: &mut Unstructured<'_>) -> Drawn<Subject<'static>> {
    let mut name = || u.choose(&[None, Some("a"), Some("b"), Some("")]).copied();
    let (credential, device, product) = (name()?, name()?, name()?);
    let (client_id, username) = (name()?, name()?);
    let peer = if u.ratio(1, 8)? { None } else { Some(address(u)?) };
    // Otherwise one of the names hits nearly always, and no network is ever found.
    if u.arbitrary()? {
        return Ok(Subject { peer, ..Subject::default() });
    }
    Ok(Subject { credential, device, product, client_id, username, peer })
}

/// The rule of [`Blocks::find`], written down.
fn rank(block: &Block) -> (BlockKind, Reverse<u8>) {
    let prefix_len = match &block.target {
        BlockTarget::Cidr(cidr) => cidr.prefix_len(),
        BlockTarget::Credential(_)
        | BlockTarget::Device(_)
        | BlockTarget::ClientId(_)
        | BlockTarget::UserName(_)
        | BlockTarget::Ip(_)
        | BlockTarget::Product(_) => 0,
    };
    (block.target.kind(), Reverse(prefix_len))
}

fn change(u: &mut Unstructured<'_>, blocks: &mut Blocks, model: &mut Vec<Block>) -> Drawn<()> {
    let present = model.get(u.choose_index(model.len().max(1))?).map(|block| block.target.clone());
    let target = match present {
        Some(present) if u.ratio(1, 3)? => present,
        _ => target(u)?,
    };
    let place = model.iter().position(|block| block.target == target);
    let old = place.map(|place| model.swap_remove(place));
    if u.ratio(3, 5)? {
        let until = if u.arbitrary()? { Some(UnixMillis::new(u.int_in_range(0..=9)?)) } else { None };
        let block = Block { target, reason: u.choose(&["x", "y"])?.to_owned().into(), until };
        assert_eq!(blocks.insert(block.clone()).unwrap().as_deref(), old.as_ref());
        model.push(block);
    } else {
        assert_eq!(blocks.remove(&target).as_deref(), old.as_ref());
    }
    if u.ratio(1, 16)? {
        let now = UnixMillis::new(u.int_in_range(0..=4)?);
        let expired = blocks.remove_expired(now);
        assert!(expired.iter().all(|block| model.contains(block)));
        let count = model.len();
        model.retain(|block| block.is_in_force(now));
        assert_eq!(count - model.len(), expired.len());
    }
    Ok(())
}

#[test]
fn what_is_found_is_the_first_of_those_that_hit_and_are_in_force() {
    arbtest(|u| {
        let mut blocks = Blocks::default();
        let mut model = Vec::new();
        for _ in 0..u.int_in_range(0..=120)? {
            change(u, &mut blocks, &mut model)?;
            assert_eq!(blocks.len(), model.len());
            assert_eq!(blocks.next_expiry(), model.iter().filter_map(|block| block.until).min());
            let (subject, now) = (subject(u)?, UnixMillis::new(u.int_in_range(0..=9)?));
            let hitting = model.iter().filter(|block| block.hits(&subject) && block.is_in_force(now));
            let expected = hitting.min_by_key(|block| rank(block));
            assert_eq!(blocks.find(&subject, now), expected, "{subject:?} at {now:?} in {model:?}");
        }
        let by_target = |all: &mut Vec<Block>| all.sort_by(|a, b| a.target.cmp(&b.target));
        let mut all: Vec<Block> = blocks.iter().cloned().collect();
        by_target(&mut all);
        by_target(&mut model);
        assert_eq!(all, model);
        Ok(())
    })
    .size_min(4096);
}
