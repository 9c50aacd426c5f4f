use std::time::Duration;

use super::*;
use crate::UnixMillis;

const INPUT: &str = r#"s=("@method" "@authority" "@path" "content-type" "content-digest");created=1700000000;expires=1700000030;nonce="b3k2pp5k7z-50gnwp.yemd";keyid="broker-1";alg="hmac-sha256""#;
const SIGNATURE: &str = "s=:z/EFHayMy7RZOo333pnk8OayhKkyEZ15uReiRs9K6BE=:";
const DIGEST: &str = "sha-256=:q0KslblYjHZ2vdI4YU6LuQnZOtdPAR4RK3WclTfWQ/s=:";
const BODY: &[u8] = br#"{"clientid":"c1","username":"u1","password_b64":"cDE="}"#;
const NOW: u64 = 1_700_000_000;

fn key() -> SigningKey {
    let bytes: Vec<u8> = (0..32).collect();
    SigningKey::new("broker-1", &bytes).unwrap()
}

fn parts<'a>() -> RequestParts<'a> {
    RequestParts {
        method: "POST",
        authority: "auth.example:8443",
        path: "/v1/auth/verify",
        query: None,
        content_type: Some("application/json"),
        content_digest: Some(DIGEST),
        body: BODY,
    }
}

fn at(secs: u64) -> UnixMillis {
    UnixMillis::new(secs * 1000)
}

fn verify(parts: &RequestParts<'_>, now: u64) -> Result<(), SignatureFault> {
    Claim::parse(Some(INPUT), Some(SIGNATURE)).unwrap().verify(&key(), parts, at(now))
}

/// The vector of the reference.
#[test]
fn the_vector_is_made_and_verified() {
    assert_eq!(verify(&parts(), NOW), Ok(()));
    let unsigned = RequestParts { content_digest: None, ..parts() };
    let signed = sign_request(&key(), &unsigned, "b3k2pp5k7z-50gnwp.yemd", at(NOW), Duration::from_secs(30));
    assert_eq!(signed.map(|(_, value)| value), [DIGEST, INPUT, SIGNATURE]);
    let claim = Claim::parse(Some(INPUT), Some(SIGNATURE)).unwrap();
    assert_eq!((claim.key_id(), claim.nonce(), claim.created()), ("broker-1", "b3k2pp5k7z-50gnwp.yemd", NOW));
}

#[test]
fn whatever_is_signed_cannot_be_changed() {
    let changed = [
        RequestParts { method: "PUT", ..parts() },
        RequestParts { authority: "auth.example", ..parts() },
        RequestParts { path: "/v1/auth/verify:batch", ..parts() },
        RequestParts { content_type: Some("application/json; charset=utf-8"), ..parts() },
    ];
    for parts in changed {
        assert_eq!(verify(&parts, NOW), Err(SignatureFault::Mismatch), "{parts:?}");
    }
    for bit in 0..BODY.len() * 8 {
        let mut body = BODY.to_vec();
        body[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(verify(&RequestParts { body: &body, ..parts() }, NOW), Err(SignatureFault::Digest));
    }
    let other_digest = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";
    let emptied = RequestParts { body: b"", content_digest: Some(other_digest), ..parts() };
    assert_eq!(verify(&emptied, NOW), Err(SignatureFault::Mismatch));
    for (parts, field) in [
        (RequestParts { content_digest: None, ..parts() }, "content-digest"),
        (RequestParts { content_type: None, ..parts() }, "content-type"),
    ] {
        assert_eq!(verify(&parts, NOW), Err(SignatureFault::Missing(field)));
    }
}

#[test]
fn a_signature_is_good_for_its_time_only() {
    for (now, expected) in [
        (NOW - 5, Ok(())),
        (NOW - 6, Err(SignatureFault::FromFuture)),
        (NOW + 29, Ok(())),
        (NOW + 30, Err(SignatureFault::Expired)),
        (NOW + 60, Err(SignatureFault::Expired)),
        (NOW + 61, Err(SignatureFault::Stale)),
    ] {
        assert_eq!(verify(&parts(), now), expected, "{now}");
    }
}

#[test]
fn another_key_or_name_is_not_this_one() {
    let claim = Claim::parse(Some(INPUT), Some(SIGNATURE)).unwrap();
    let (same, other): (Vec<u8>, Vec<u8>) = ((0..32).collect(), (1..33).collect());
    for key in [SigningKey::new("broker-1", &other).unwrap(), SigningKey::new("broker-2", &same).unwrap()] {
        assert_eq!(claim.verify(&key, &parts(), at(NOW)), Err(SignatureFault::Mismatch));
    }
    assert_eq!(SigningKey::new("b", &[7; 31]).unwrap_err(), WeakKey::Short { found: 31 });
    for name in ["", "a b", "a\"", &"x".repeat(65)] {
        assert_eq!(SigningKey::new(name, &same).unwrap_err(), WeakKey::Name);
    }
    assert!(!format!("{:?}", key()).contains("[0, 1"));
}

/// There is one spelling: what differs is refused before anything is computed.
#[test]
fn what_is_written_otherwise_is_refused() {
    let with = |from: &str, to: &str| {
        let input = INPUT.replacen(from, to, 1);
        assert_ne!(input, INPUT, "{from}");
        Claim::parse(Some(&input), Some(SIGNATURE)).unwrap_err()
    };
    let malformed = SignatureFault::Malformed("signature-input");
    for (from, to, fault) in [
        ("hmac-sha256", "none", SignatureFault::Algorithm),
        ("hmac-sha256", "rsa-v1_5-sha256", SignatureFault::Algorithm),
        (";alg=\"hmac-sha256\"", "", SignatureFault::Algorithm),
        ("\"@path\" ", "", SignatureFault::Components),
        ("\"@method\" \"@authority\"", "\"@authority\" \"@method\"", SignatureFault::Components),
        (" \"content-digest\"", "", SignatureFault::Components),
        ("\"content-digest\")", "\"content-digest\" \"@query\")", SignatureFault::Components),
        ("\"@method\" ", "\"@method\"  ", SignatureFault::Components),
        (";created=1700000000", "", malformed),
        (";expires=1700000030", "", malformed),
        (";nonce=\"b3k2pp5k7z-50gnwp.yemd\"", "", malformed),
        ("b3k2pp5k7z-50gnwp.yemd", "short", malformed),
        ("b3k2pp5k7z-50gnwp.yemd", "with\\\"quote-", malformed),
        (";keyid=\"broker-1\"", "", malformed),
        (";created=", ";created=+", malformed),
        (";created=", ";created=0", malformed),
        (";created=", ";created=17;created=", malformed),
        (";created=1700000000", ";created=1700000000.0", malformed),
        ("expires=1700000030", "expires=1699999999", malformed),
        (";created=", "; created=", malformed),
        (";alg=", ";tag=\"x\";alg=", malformed),
        ("\"broker-1\"", "broker-1", malformed),
        ("s=(", "S=(", malformed),
        ("s=(", "=(", malformed),
    ] {
        assert_eq!(with(from, to), fault, "{from} -> {to}");
    }
    let two = format!("{INPUT}, {}", INPUT.replacen("s=", "t=", 1));
    for (input, signature, fault) in [
        (Some(two.as_str()), Some(SIGNATURE), malformed),
        (None, Some(SIGNATURE), SignatureFault::Missing("signature-input")),
        (Some(INPUT), None, SignatureFault::Missing("signature")),
    ] {
        assert_eq!(Claim::parse(input, signature).unwrap_err(), fault);
    }
    let malformed = SignatureFault::Malformed("signature");
    for signature in [
        "t=:z/EFHayMy7RZOo333pnk8OayhKkyEZ15uReiRs9K6BE=:",
        "s=z/EFHayMy7RZOo333pnk8OayhKkyEZ15uReiRs9K6BE=",
        "s=:z/EFHayMy7RZOo333pnk8OayhKkyEZ15uReiRs9K6BE:",
        "s=:z_EFHayMy7RZOo333pnk8OayhKkyEZ15uReiRs9K6BE=:",
        "s=:AAAA:",
        "s=::",
        "s=:z/EFHayMy7RZOo333pnk8OayhKkyEZ15uReiRs9K6BE=:, t=:AAAA:",
        "",
    ] {
        assert_eq!(Claim::parse(Some(INPUT), Some(signature)).unwrap_err(), malformed, "{signature}");
    }
    for digest in ["md5=:AAAA:", "sha-256=AAAA", "SHA-256=:AAAA:", &format!("{DIGEST}, sha-512=:AAAA:"), ""] {
        let parts = RequestParts { content_digest: Some(digest), ..parts() };
        assert_eq!(verify(&parts, NOW), Err(SignatureFault::Malformed("content-digest")), "{digest}");
    }
}

#[test]
fn an_answer_is_bound_to_its_request() {
    let body = br#"{"decision":"deny"}"#;
    let [digest, input, signature] =
        sign_response(&key(), 200, body, SIGNATURE, at(NOW)).map(|(_, value)| value);
    let answer = SignedAnswer {
        status: 200,
        content_digest: Some(&digest),
        signature_input: Some(&input),
        signature: Some(&signature),
        body,
    };
    assert_eq!(verify_response(&key(), &answer, SIGNATURE, at(NOW)), Ok(()));
    let mismatch = Err(SignatureFault::Mismatch);
    assert_eq!(verify_response(&key(), &answer, "s=:AAAA:", at(NOW)), mismatch, "another request's");
    let other_status = SignedAnswer { status: 201, ..answer };
    assert_eq!(verify_response(&key(), &other_status, SIGNATURE, at(NOW)), mismatch);
    let flipped = SignedAnswer { body: br#"{"decision":"allow"}"#, ..answer };
    assert_eq!(verify_response(&key(), &flipped, SIGNATURE, at(NOW)), Err(SignatureFault::Digest));
    let unsigned = SignedAnswer { signature: None, ..answer };
    assert_eq!(
        verify_response(&key(), &unsigned, SIGNATURE, at(NOW)),
        Err(SignatureFault::Missing("signature"))
    );
    assert_eq!(verify_response(&key(), &answer, SIGNATURE, at(NOW + 61)), Err(SignatureFault::Stale));
    // A request is never taken for an answer, nor an answer for a request.
    let echoed = SignedAnswer { signature_input: Some(INPUT), signature: Some(SIGNATURE), ..answer };
    assert_eq!(verify_response(&key(), &echoed, SIGNATURE, at(NOW)), Err(SignatureFault::Components));
    assert_eq!(Claim::parse(Some(&input), Some(&signature)).unwrap_err(), SignatureFault::Components);
}

#[test]
fn a_query_is_signed_and_can_be_neither_changed_nor_dropped_nor_added() {
    let asked = RequestParts { query: Some("after=5"), ..parts() };
    let [(_, digest), (_, input), (_, signature)] =
        sign_request(&key(), &asked, "nonce-00000001", at(NOW), Duration::from_secs(30));
    let verify = |query| {
        let found = RequestParts { query, content_digest: Some(&digest), ..parts() };
        Claim::parse(Some(&input), Some(&signature)).unwrap().verify(&key(), &found, at(NOW))
    };
    assert_eq!(verify(Some("after=5")), Ok(()));
    assert_eq!(verify(Some("after=6")), Err(SignatureFault::Mismatch));
    assert_eq!(verify(None), Err(SignatureFault::Components));
    let bare = RequestParts { query: Some("after=5"), ..parts() };
    let claim = Claim::parse(Some(INPUT), Some(SIGNATURE)).unwrap();
    assert_eq!(claim.verify(&key(), &bare, at(NOW)), Err(SignatureFault::Components));
}
