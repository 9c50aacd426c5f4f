use super::*;

/// No change of a single character of a good token leaves one that is taken.
#[test]
fn what_is_changed_in_a_token_is_noticed() {
    let pair = Pair::of(Algorithm::EdDsa);
    let (keys, token) = (pair.keys(), pair.sign(r#"{"alg":"EdDSA"}"#, &good("")));
    arbtest::arbtest(|unstructured| {
        let at = unstructured.choose_index(token.len())?;
        let other = char::from(unstructured.int_in_range(b' '..=b'~')?);
        let mut changed = token.clone();
        changed.replace_range(at..=at, other.encode_utf8(&mut [0; 4]));
        assert_eq!(keys.verify(&changed, NOW, &policy()).is_ok(), changed == token, "{changed}");
        Ok(())
    });
}

#[test]
fn nothing_from_outside_panics() {
    let pair = Pair::of(Algorithm::EdDsa);
    let keys = pair.keys();
    arbtest::arbtest(|unstructured| {
        let (header, claims): (String, String) = unstructured.arbitrary()?;
        for token in [format!("{header}.{claims}.{header}"), pair.sign(&header, &claims), header.clone()] {
            assert!(keys.verify(&token, NOW, &policy()).is_err());
            let _ = decoded(&token);
        }
        let _ = (Key::from_pem(&header), Keys::from_jwks(&header), SigningKey::from_pem(&header));
        Ok(())
    });
}
