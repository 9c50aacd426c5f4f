//! One subscriber: reads, acknowledges, counts.

use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use vouchmq_mqtt::Dialect;
use vouchmq_mqtt::codec::{self, PacketType};

use super::flow::Flow;
use crate::client::stream::Stream;

/// Bytes of the publisher's number and the time in each payload.
pub(super) const STAMP: usize = 12;

/// A subscriber's connection.
pub(super) struct Subscriber {
    pub(super) stream: Stream,
    pub(super) dialect: Dialect,
    pub(super) flow: Rc<Flow>,
    /// The start of a packet whose end has not been read.
    pub(super) partial: Vec<u8>,
    /// Acknowledgements to be written.
    pub(super) out: Vec<u8>,
}

impl Subscriber {
    /// Receives until the connection ends.
    pub(super) async fn run(mut self) {
        loop {
            if poll_fn(|cx| self.poll_read(cx)).await.is_err() {
                return self.flow.lose();
            }
            if !self.out.is_empty() {
                if self.stream.write_all(&self.out).await.is_err() {
                    return self.flow.lose();
                }
                self.out.clear();
            }
        }
    }

    /// Reads behind what is left of the last time, in the buffer that all subscribers share.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, dialect, flow, partial, out } = self;
        if !partial.is_empty() {
            ready!(stream.poll_read_ready(cx))?;
        }
        let mut scratch = flow.scratch.borrow_mut();
        let kept = partial.len();
        let Some((start, free)) = scratch.split_at_mut_checked(kept) else {
            return Poll::Ready(Err(io::ErrorKind::FileTooLarge.into()));
        };
        let count = ready!(stream.poll_read(cx, free))?;
        if count == 0 {
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        start.copy_from_slice(partial);
        let received = scratch.get(..kept + count).unwrap_or_default();
        let consumed = packets(received, dialect.has_properties(), flow, out)?;
        partial.clear();
        partial.extend_from_slice(received.get(consumed..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

/// Takes all whole packets; returns their bytes. What was read at once arrived at one time.
fn packets(received: &[u8], has_properties: bool, flow: &Flow, out: &mut Vec<u8>) -> io::Result<usize> {
    let now = flow.now();
    let mut latencies = flow.is_measuring.get().then(|| flow.latencies.borrow_mut());
    let mut rest = received;
    while let Some(header) = codec::frame(rest).map_err(io::Error::other)? {
        let Some((packet, after)) = rest.split_at_checked(header.packet_len()) else { break };
        rest = after;
        let body = packet.get(header.header_len..).unwrap_or_default();
        if header.packet_type == PacketType::PubRel {
            acknowledge(PacketType::PubComp, body.first_chunk(), out);
        } else if header.packet_type == PacketType::Publish
            && let Some((publisher, sent_at)) = publish(header.flags, body, has_properties, out)
            && flow.delivered(publisher)
            && let Some(latencies) = &mut latencies
        {
            latencies.saturating_record(now.saturating_sub(sent_at));
        }
    }
    Ok(received.len() - rest.len())
}

/// Who published a message, and when; acknowledges it.
fn publish(flags: u8, body: &[u8], has_properties: bool, out: &mut Vec<u8>) -> Option<(u32, u64)> {
    let (topic_len, body) = body.split_first_chunk::<2>()?;
    let mut body = body.get(usize::from(u16::from_be_bytes(*topic_len))..)?;
    let ack = match flags >> 1 & 0b11 {
        0 => None,
        1 => Some(PacketType::PubAck),
        _ => Some(PacketType::PubRec),
    };
    if let Some(ack) = ack {
        let (id, after) = body.split_first_chunk::<2>()?;
        acknowledge(ack, Some(id), out);
        body = after;
    }
    if has_properties {
        body = behind_properties(body)?;
    }
    let (publisher, body) = body.split_first_chunk::<4>()?;
    let sent_at = body.first_chunk::<8>()?;
    Some((u32::from_be_bytes(*publisher), u64::from_be_bytes(*sent_at)))
}

fn acknowledge(packet: PacketType, id: Option<&[u8; 2]>, out: &mut Vec<u8>) {
    if let Some([high, low]) = id {
        out.extend_from_slice(&[packet.number() << 4, 2, *high, *low]);
    }
}

/// What follows Property Length and properties.
fn behind_properties(body: &[u8]) -> Option<&[u8]> {
    let (mut length, mut rest) = (0, body);
    for shift in [0, 7, 14, 21] {
        let (byte, after) = rest.split_first()?;
        length |= usize::from(byte & 0x7F) << shift;
        rest = after;
        if byte & 0x80 == 0 {
            return rest.get(length..);
        }
    }
    None
}
