//! What a fuzz target calls: it takes any bytes, and fails by an assertion. Ordinary tests call it, too.

use crate::WebSocketOptions;
use crate::proxy_protocol::ProxyHeader;
use crate::websocket::{Decoder, End, Role, Upgrade, UpgradeRequest};

/// All that reads what strangers send before MQTT: cut anywhere, it is read as if it were whole.
pub fn transport(data: &[u8]) {
    let Some((cut, data)) = data.split_first() else { return };
    let cut = usize::from(*cut).min(data.len());
    proxy(data, cut);
    upgrade(data, cut);
    for role in [Role::Server, Role::Client] {
        frames(data, usize::from(u8::try_from(cut).unwrap_or(1)).max(1), role);
    }
}

fn proxy(data: &[u8], cut: usize) {
    let (whole, part) = (ProxyHeader::of(data), ProxyHeader::of(data.get(..cut).unwrap_or_default()));
    if let Ok(Some(header)) = whole {
        assert!(header.len <= data.len(), "a header is no longer than what came");
    }
    match part {
        Ok(None) => {}
        known => assert_eq!(known, whole, "what follows changes nothing"),
    }
}

fn upgrade(data: &[u8], cut: usize) {
    let options =
        WebSocketOptions { path: "/mqtt".into(), origins: Some(vec!["https://example.com".into()]) };
    let whole = Upgrade::of_request(data, &options);
    match Upgrade::of_request(data.get(..cut).unwrap_or_default(), &options) {
        Ok(Some(granted)) => assert_eq!(whole, Ok(Some(granted)), "what follows changes nothing"),
        Err(_) => assert!(whole.is_err(), "what is wrong stays wrong"),
        Ok(None) => {}
    }
    let _ = UpgradeRequest::new("example.com", "/mqtt", [0; 16]).opened_by(data);
}

/// However frames are cut, the same data comes out, and the same end.
fn frames(data: &[u8], size: usize, role: Role) {
    let (mut whole, mut pieces) = (Decoder::new(role), Decoder::new(role));
    let mut bytes = data.to_vec();
    let decoded = whole.decode(&mut bytes);
    let expected = bytes.get(decoded.data).unwrap_or_default();
    let (mut got, mut end): (Vec<u8>, Option<End>) = (Vec::new(), None);
    for piece in data.chunks(size) {
        let mut piece = piece.to_vec();
        let decoded = pieces.decode(&mut piece);
        got.extend_from_slice(piece.get(decoded.data).unwrap_or_default());
        if decoded.end.is_some() {
            end = decoded.end;
            break;
        }
    }
    assert_eq!((&*got, end), (expected, decoded.end));
    assert_eq!(whole.take_pong(), pieces.take_pong());
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn inputs() -> Vec<Vec<u8>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/transport");
        let files = std::fs::read_dir(folder).unwrap();
        files.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }

    #[test]
    fn the_corpus_is_read_however_it_is_cut() {
        let inputs = inputs();
        assert!(inputs.len() >= 8, "{}", inputs.len());
        for input in inputs {
            for cut in [0, 1, 2, 7, 30, 100, 255] {
                transport(&[&[cut], input.get(1..).unwrap_or_default()].concat());
            }
        }
    }

    #[test]
    fn mutations_of_the_corpus_break_nothing() {
        let inputs = inputs();
        arbtest::arbtest(|u| {
            let mut bytes = u.choose(&inputs)?.clone();
            for _ in 0..u.int_in_range(0..=8)? {
                if bytes.is_empty() {
                    break;
                }
                let at = u.choose_index(bytes.len())?;
                bytes[at] = u.arbitrary()?;
            }
            transport(&bytes);
            Ok(())
        });
    }
}
