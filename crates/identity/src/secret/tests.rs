use std::collections::BTreeSet;

use super::*;
use crate::testing::Counting;

/// identity.md's own vector: key id of zeros, key bytes 0 to 31.
const VECTOR: &str = "vmq1_AAAAAAAA_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8_Em_7Dw";

fn counted() -> [u8; KEY_LEN] {
    std::array::from_fn(|at| u8::try_from(at).unwrap())
}

#[test]
fn a_secret_reads_as_the_format_says() {
    let secret = Secret::of(SecretUse::Device, KeyId([0; 6]), &counted());
    assert_eq!(secret.expose(), VECTOR);
    assert_eq!(Secret::key_id_in(SecretUse::Device, VECTOR.as_bytes()), Ok(KeyId([0; 6])));
}

#[test]
fn every_generated_secret_is_recognised_and_no_two_are_alike() {
    let mut entropy = Counting::default();
    let mut seen = BTreeSet::new();
    for _ in 0..1000 {
        let secret = Secret::generate(SecretUse::Device, &mut entropy).unwrap();
        assert_eq!(secret.expose().len(), VECTOR.len());
        assert_eq!(Secret::key_id_in(SecretUse::Device, secret.expose().as_bytes()), Ok(secret.key_id()));
        assert!(seen.insert(secret.expose().to_owned()));
    }
}

#[test]
fn one_wrong_character_is_found_before_any_cryptography() {
    for at in 0..VECTOR.len() {
        for other in *b"A_z-0 \0" {
            let mut text = VECTOR.as_bytes().to_vec();
            if text[at] == other {
                continue;
            }
            text[at] = other;
            assert!(Secret::key_id_in(SecretUse::Device, &text).is_err(), "{at} {other}");
        }
    }
}

#[test]
fn what_is_no_secret_is_told_apart() {
    let longer = format!("{VECTOR}A");
    for (text, fault) in [
        ("", SecretFault::Foreign),
        ("s3cr3t", SecretFault::Foreign),
        ("vmq2_AAAAAAAA", SecretFault::Foreign),
        ("vmq1_", SecretFault::Shape),
        (&VECTOR[..63], SecretFault::Shape),
        (&longer, SecretFault::Shape),
        ("vmq1_AAAAAAAA_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8_Em_7Dx", SecretFault::Shape),
        ("vmq1_AAAAAAAB_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8_Em_7Dw", SecretFault::Check),
    ] {
        assert_eq!(Secret::key_id_in(SecretUse::Device, text.as_bytes()), Err(fault), "{text}");
    }
}

#[test]
fn a_secret_is_not_printed() {
    let secret = Secret::of(SecretUse::Device, KeyId([0; 6]), &counted());
    let shown = format!("{secret:?} {secret:#?}");
    assert!(!shown.contains("AAECAwQF"), "{shown}");
    assert!(shown.contains("KeyId(AAAAAAAA)"), "{shown}");
}

#[test]
fn without_randomness_there_is_no_secret() {
    assert_eq!(Secret::generate(SecretUse::Device, &mut crate::testing::Empty).unwrap_err(), NoEntropy);
}

#[test]
fn a_key_id_reads_back() {
    for bytes in [[0; 6], [255; 6], [1, 2, 3, 4, 5, 6]] {
        assert_eq!(KeyId(bytes).to_string().parse(), Ok(KeyId(bytes)));
    }
    for text in ["", "AAAA", "AAAAAAAAA", "AAAAAAA=", "AAAAAA A"] {
        assert!(text.parse::<KeyId>().is_err(), "{text}");
    }
}
