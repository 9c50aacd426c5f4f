use std::sync::Arc;
use std::time::Duration;

use super::script::Script;
use super::wire::Link;
use super::world::{SESSION_SECS_MAX, World};
use crate::engine::EngineOptions;
use crate::limits::Limits;

/// What a client sends at most, so that no budget is used up however the bytes are cut.
const BYTES_MAX: usize = 16 * 1024;

/// The bytes of one client, cut anywhere, on two engines: the same packets are understood however the network
/// cuts them, and nothing is left when the client is gone.
pub(super) fn connection(data: &[u8]) {
    let mut script = Script::new(data);
    let (shard, seed) = (script.below(2), script.byte());
    let bytes = script.rest();
    let bytes = bytes.get(..BYTES_MAX).unwrap_or(bytes);
    let whole = received(shard, &[bytes]);
    assert_eq!(whole, received(shard, &pieces(bytes, seed)), "cut in pieces");
    if bytes.len() < 512 {
        let single: Vec<_> = bytes.chunks(1).collect();
        assert_eq!(whole, received(shard, &single), "byte by byte");
    }
}

/// What the engines took for packets: PUBLISHes, subscriptions that are left, violations, and whether the
/// connection is still open.
fn received(shard: usize, pieces: &[&[u8]]) -> (u64, u64, u64, bool) {
    let mut options = EngineOptions::new(2);
    let limits = Limits::default();
    options.settings.limits = Arc::new(Limits { session_expiry_max_secs: SESSION_SECS_MAX, ..limits });
    let mut world = World::new(&options);
    let client = world.open(shard);
    for piece in pieces {
        world.send(client, piece);
    }
    world.check();
    let count = |counted: fn(&crate::engine::Stats) -> u64| -> u64 {
        world.engines.iter().map(|engine| counted(engine.stats())).sum()
    };
    let result = (
        count(|stats| stats.publishes_received),
        count(|stats| stats.subscriptions),
        count(|stats| stats.violations),
        world.wires.first().is_some_and(|wire| wire.link == Link::Open),
    );
    world.advance(Duration::from_secs(1));
    world.finish();
    result
}

/// Cuts at places that follow from `seed`.
fn pieces(bytes: &[u8], seed: u8) -> Vec<&[u8]> {
    let mut state = u32::from(seed).wrapping_mul(2_654_435_761).wrapping_add(1);
    let mut rest = bytes;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let length = usize::try_from(state >> 27).unwrap_or(0) + 1;
        let (piece, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        pieces.push(piece);
        rest = after;
    }
    pieces
}
