//! How a secret may be written down by accident.

/// The secret in each form that is searched for, with the name of the form.
pub(super) fn of(secret: &str) -> Vec<(&'static str, Vec<u8>)> {
    let bytes = secret.as_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![
        ("plain", bytes.to_vec()),
        ("reversed", bytes.iter().rev().copied().collect()),
        ("HEX", hex.to_uppercase().into_bytes()),
        ("hex", hex.into_bytes()),
        ("bytes as a list", list(bytes)),
        ("URL", percent(bytes, |byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))),
        ("URL, all of it", percent(bytes, |_| false)),
    ];
    for alignment in 0..3 {
        let padded = [&b"\0\0"[..alignment], bytes].concat();
        for (form, last) in [("base64", b"+/"), ("base64url", b"-_")] {
            forms.push((form, base64(&padded, last, alignment)));
        }
    }
    forms
}

/// As `Debug` writes bytes.
fn list(bytes: &[u8]) -> Vec<u8> {
    format!("{bytes:?}").trim_matches(['[', ']']).as_bytes().to_vec()
}

fn percent(bytes: &[u8], is_plain: impl Fn(u8) -> bool) -> Vec<u8> {
    let mut text = Vec::new();
    for byte in bytes {
        if is_plain(*byte) {
            text.push(*byte);
        } else {
            text.extend(format!("%{byte:02X}").into_bytes());
        }
    }
    text
}

/// As a whole, with its padding.
pub(super) fn base64_of(bytes: &[u8]) -> String {
    let missing = (3 - bytes.len() % 3) % 3;
    let mut text = base64(&[bytes, &b"\0\0"[..missing]].concat(), b"+/", 0);
    text.truncate(text.len() - missing);
    text.extend(&b"=="[..missing]);
    text.into_iter().map(char::from).collect()
}

/// Characters that only these bytes decide, the first `skip` of which stand for what is in front of them.
fn base64(bytes: &[u8], last: &[u8; 2], skip: usize) -> Vec<u8> {
    let alphabet = [b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", &last[..]].concat();
    let whole = bytes.len() / 3 * 3;
    let mut text = Vec::new();
    for chunk in bytes[..whole].chunks(3) {
        let word = chunk.iter().fold(0_usize, |word, byte| word << 8 | usize::from(*byte));
        text.extend([18, 12, 6, 0].map(|shift| alphabet[word >> shift & 63]));
    }
    // A character that holds bits of what is in front is not known.
    text.split_off([0, 2, 3][skip])
}

#[test]
fn base64_is_found_at_every_alignment() {
    assert_eq!(base64(b"Many hands", b"+/", 0), b"TWFueSBoYW5k");
    // "xMany hands make" is eE1hbnkgaGFuZHMgbWFrZQ==, "xxMany hands make" eHhNYW55IGhhbmRzIG1ha2U=
    assert_eq!(base64(b"\0Many hands", b"+/", 1), b"1hbnkgaGFu");
    assert_eq!(base64(b"\0\0Many hands", b"+/", 2), b"NYW55IGhhbmRz");
    assert_eq!(
        ["Man", "Many", "Many "].map(|text| base64_of(text.as_bytes())),
        ["TWFu", "TWFueQ==", "TWFueSA="]
    );
}
