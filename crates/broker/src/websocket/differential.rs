//! A second opinion on frames: what tokio-websockets sends is read by ours, and the other way round.

use std::pin::pin;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_websockets::{ClientBuilder, Message, ServerBuilder};

use super::{Decoder, End, FrameHeader, Opcode, Role, apply_mask};

const WIRE_BYTES: usize = 1 << 20;

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(pin!(test));
}

/// Everything that came over a wire until its writer closed it.
async fn all_of(mut wire: DuplexStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    wire.read_to_end(&mut bytes).await.unwrap();
    bytes
}

/// Payloads around every bound of a length.
fn payloads() -> Vec<Vec<u8>> {
    [0, 1, 7, 125, 126, 127, 65_535, 65_536, 70_001]
        .into_iter()
        .map(|len: u32| (0..len).map(|number| number.to_be_bytes()[3] ^ 0xA5).collect())
        .collect()
}

#[test]
fn what_others_send_is_read() {
    for role in [Role::Server, Role::Client] {
        run(async {
            let (near, far) = tokio::io::duplex(WIRE_BYTES);
            let mut socket = match role {
                Role::Server => ClientBuilder::new().take_over(near),
                Role::Client => ServerBuilder::new().serve(near),
            };
            for payload in payloads() {
                socket.send(Message::binary(payload)).await.unwrap();
                socket.send(Message::ping("ping")).await.unwrap();
            }
            socket.send(Message::close(Some(tokio_websockets::CloseCode::GOING_AWAY), "bye")).await.unwrap();
            drop(socket);
            let bytes = all_of(far).await;
            for size in [1, 1000, usize::MAX] {
                let (mut decoder, mut data, mut end) = (Decoder::new(role), Vec::new(), None);
                for piece in bytes.chunks(size.min(bytes.len())) {
                    let mut piece = piece.to_vec();
                    let decoded = decoder.decode(&mut piece);
                    data.extend_from_slice(&piece[decoded.data]);
                    end = end.or(decoded.end);
                }
                assert!(data == payloads().concat(), "{role:?} {size}");
                assert!(matches!(end, Some(End::Closed(Some(code))) if code.number() == 1001), "{end:?}");
                assert_eq!(decoder.take_pong().as_deref(), Some(&b"ping"[..]));
            }
        });
    }
}

#[test]
fn what_we_send_is_read_by_others() {
    for mask in [None, Some([0x12, 0xF4, 0x56, 0x78])] {
        run(async {
            let (near, mut far) = tokio::io::duplex(WIRE_BYTES);
            let mut socket = match mask {
                None => ClientBuilder::new().take_over(near),
                Some(_) => ServerBuilder::new().serve(near),
            };
            for payload in payloads() {
                let mut masked = payload.clone();
                apply_mask(&mut masked, mask.unwrap_or_default());
                far.write_all(FrameHeader::new(Opcode::Binary, payload.len(), mask).as_bytes())
                    .await
                    .unwrap();
                far.write_all(&masked).await.unwrap();
            }
            drop(far);
            for payload in payloads() {
                let message = socket.next().await.unwrap().unwrap();
                assert!(message.is_binary() && message.as_payload()[..] == payload, "{}", payload.len());
            }
        });
    }
}
