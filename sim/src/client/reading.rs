use std::time::Duration;

use super::{Client, Ghost, Phase};
use crate::agenda::Event;
use crate::network::{LinkId, Read};
use crate::plan::span;
use crate::world::Env;

/// How a client reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Whatever arrives, at once.
    Eager,
    /// So many bytes at a time, with pauses.
    Slow { bytes: usize, pause: Duration },
    /// Nothing, and it says nothing by itself either: half dead.
    Stuck,
}

impl Reading {
    pub(super) fn draw(env: &mut Env) -> Self {
        let bytes = env.rng.one_of([20, 100, 1000]);
        let pause = env.rng.duration(&span(1_000, 300_000));
        env.rng.one_of([Self::Eager, Self::Eager, Self::Slow { bytes, pause }, Self::Stuck])
    }
}

impl Client {
    /// Bytes, or the end, have arrived on a link.
    pub(crate) fn look(&mut self, link: LinkId, env: &mut Env) {
        if !env.network.link(link).is_client_open {
            return;
        }
        if let Some(ghost) = self.ghosts.remove(&link) {
            return self.listen(link, ghost, env);
        }
        let Some(connection) = self.connection().filter(|connection| connection.link == link) else { return };
        let reading = if env.is_resting { Reading::Eager } else { connection.reading };
        match reading {
            Reading::Eager => while self.read(link, usize::MAX, env) {},
            Reading::Slow { bytes, pause } => {
                if self.read(link, bytes, env) {
                    env.agenda.plan(env.now.after(pause), Event::ClientReads(link));
                }
            }
            Reading::Stuck => {}
        }
    }

    /// Reads once; `false` when nothing is left for now.
    fn read(&mut self, link: LinkId, max: usize, env: &mut Env) -> bool {
        if self.link() != Some(link) {
            return false;
        }
        match env.network.client_reads(link, max) {
            Read::Nothing => false,
            Read::End => {
                self.on_end(link, env);
                false
            }
            Read::Bytes(segment) => {
                env.client_took(link);
                env.trace.digest_bytes(env.now, &segment.bytes);
                if let Some(connection) = self.connection() {
                    connection.incoming.bytes.extend_from_slice(&segment.bytes);
                }
                self.handle_packets(link, segment.safe_through, env);
                true
            }
        }
    }

    /// Only remembers how the broker says goodbye.
    fn listen(&mut self, link: LinkId, mut ghost: Ghost, env: &mut Env) {
        loop {
            match env.network.client_reads(link, usize::MAX) {
                Read::Nothing => break,
                Read::End => {
                    env.oracle.saw_end(link, ghost.incoming.said, env.now);
                    env.network.link_mut(link).is_client_open = false;
                    return;
                }
                Read::Bytes(segment) => {
                    env.client_took(link);
                    ghost.incoming.bytes.extend_from_slice(&segment.bytes);
                    ghost.incoming.listen(self.profile.version);
                }
            }
        }
        self.ghosts.insert(link, ghost);
    }

    /// The broker has closed the connection, or it broke.
    fn on_end(&mut self, link: LinkId, env: &mut Env) {
        let said = self.connection().and_then(|connection| connection.incoming.said);
        env.note(|| format!("{} sees the end of {link}: {said:?}", self.number));
        if self.is_online() {
            env.oracle.saw_end(link, said, env.now);
        }
        env.network.link_mut(link).is_client_open = false;
        self.phase = Phase::Offline;
        // What it was closed for would be sent again, and again.
        self.must_start_clean |= env.oracle.was_thrown_out(link);
        self.reconnect_soon(env);
    }

    /// From now on it reads otherwise.
    pub(super) fn change_mood(&mut self, env: &mut Env) {
        let reading = Reading::draw(env);
        if let Some(connection) = self.online() {
            connection.reading = reading;
            let link = connection.link;
            env.agenda.plan(env.now, Event::ClientReads(link));
        }
    }

    /// Gets over whatever it was in: everything is read, every stray link is closed.
    pub(crate) fn come_to_rest(&mut self, env: &mut Env) {
        for link in std::mem::take(&mut self.ghosts).into_keys() {
            env.network.link_mut(link).is_client_open = false;
            env.break_link(link, crate::agenda::Breakage::Reset);
        }
        match self.link() {
            Some(link) => env.agenda.plan(env.now, Event::ClientReads(link)),
            None => self.reconnect_soon(env),
        }
        if let Some(connection) = self.online() {
            connection.reading = Reading::Eager;
        }
        self.acknowledge_soon(env);
    }
}
