use super::*;

const RSA_1024: &str = "-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDE6z8aRz2zJ6qF/l1W20Glce5l
oeewdz/EGUALgJ4jk2rqLO72O4XHLrRSZN/creyBrKIZcgbiJ4pzbSP9fDT8y1ue
tkx1e7irT/4cRWXxX39aMxGLfbgT4a+/ezGJ/7+CIegVEI79FwHYAf9qHdZvs+vm
nr2w41L0oUALX11G/QIDAQAB
-----END PUBLIC KEY-----
";

#[test]
fn each_kind_of_key_signs_and_verifies_by_its_own_algorithm() {
    for algorithm in Algorithm::ALL {
        let pair = Pair::of(*algorithm);
        assert_eq!(
            (pair.signing().algorithm(), Key::from_pem(&pair.public).unwrap().algorithm()),
            (*algorithm, *algorithm)
        );
        let grant = Grant {
            issuer: Some(ISSUER.into()),
            audience: Some(AUDIENCE.into()),
            subject: Some("ann \"\\\u{1}ä".into()),
            id: Some("1".into()),
            role: Some(Role::Viewer),
            scopes: vec![Scope::BlocksWrite, Scope::AuditRead],
            lifetime_secs: 60,
            key_id: Some("k".into()),
        };
        let token = pair.signing().sign(&grant, NOW).unwrap();
        let claims = pair.keys().verify(&token, NOW, &policy()).unwrap();
        let rights = Rights::new(Some(Role::Viewer), grant.scopes);
        let (subject, issuer, id) = (grant.subject, grant.issuer, grant.id);
        let expires_at = UnixMillis::new((NOW_SECS + 60 + 30) * 1000);
        assert_eq!(claims, Claims { subject, issuer, id, rights, expires_at });
    }
}

#[test]
fn what_is_no_public_key_is_told_from_one_that_must_not_be_there() {
    let (rsa, ed25519) = (Pair::of(Algorithm::Rs256), Pair::of(Algorithm::EdDsa));
    let der = |text: &str| pem_of("PUBLIC KEY", text.as_bytes());
    for (text, fault) in [
        (rsa.private.clone(), KeyFault::Private),
        (format!("{}{}", rsa.public, rsa.private), KeyFault::Private),
        (format!("{}{}", rsa.public, ed25519.public), KeyFault::Malformed),
        (RSA_1024.to_owned(), KeyFault::Bits { bits: 1024 }),
        (String::new(), KeyFault::Empty),
        ("secret".to_owned(), KeyFault::Empty),
        (der("rubbish"), KeyFault::Malformed),
        (rsa.public.replace("PUBLIC KEY", "CERTIFICATE"), KeyFault::Empty),
        (rsa.public.replace("PUBLIC KEY", "RSA PUBLIC KEY"), KeyFault::Malformed),
    ] {
        assert_eq!(Key::from_pem(&text).map(drop), Err(fault), "{text}");
    }
    let p521 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512).unwrap();
    assert_eq!(Key::from_pem(&p521.public_key_pem()).map(drop), Err(KeyFault::Kind));
    assert_eq!(SigningKey::from_pem(&p521.serialize_pem()).map(drop), Err(KeyFault::Kind));
    assert_eq!(SigningKey::from_pem(&rsa.public).map(drop), Err(KeyFault::Empty));
    let old = rsa.private.replace("PRIVATE KEY", "EC PRIVATE KEY");
    assert_eq!(SigningKey::from_pem(&old).map(drop), Err(KeyFault::Form));
}

fn jwk(more: &str) -> String {
    // RFC 8037, appendix A.2.
    format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"{more}}}"#)
}

fn read(keys: &[String]) -> Result<Vec<Option<String>>, KeyFault> {
    let keys = Keys::from_jwks(&format!(r#"{{"keys":[{}]}}"#, keys.join(",")))?;
    Ok(keys.iter().map(|key| key.id().map(ToOwned::to_owned)).collect())
}

#[test]
fn a_document_of_keys_has_public_ones_each_with_its_name() {
    let named = |name: &str| Some(name.to_owned());
    assert_eq!(
        read(&[jwk(r#","kid":"a""#), jwk(r#","kid":"b","use":"sig","alg":"EdDSA""#)]),
        Ok(vec![named("a"), named("b")])
    );
    assert_eq!(read(&[jwk(""), jwk(r#","use":"enc""#)]), Ok(vec![None]));
    // RFC 7515, appendix A.3; RFC 7517, appendix A.1.
    let ec = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
    assert_eq!(read(&[ec.to_owned()]), Ok(vec![None]));
    for (key, fault) in [
        (jwk(r#","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A""#), KeyFault::Private),
        (r#"{"kty":"oct","k":"AAAA"}"#.to_owned(), KeyFault::Shared),
        (jwk(r#","k":"AAAA""#), KeyFault::Shared),
        (jwk(r#","alg":"HS256""#), KeyFault::Algorithm { found: Algorithm::EdDsa }),
        (jwk(r#","alg":"none""#), KeyFault::Algorithm { found: Algorithm::EdDsa }),
        (jwk(r#","kid":"a","kid":"b""#), KeyFault::Malformed),
        (jwk(r#","kid":1"#), KeyFault::Malformed),
        (jwk("").replace("Ed25519", "Ed448"), KeyFault::Kind),
        (jwk("").replace("URo", ""), KeyFault::Malformed),
        (ec.replace("P-256", "P-384"), KeyFault::Malformed),
        (ec.replace("P-256", "secp256k1"), KeyFault::Kind),
        (r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#.to_owned(), KeyFault::Bits { bits: 17 }),
        // Whoever sends a token has it verified.
        (rsa_of(513), KeyFault::Bits { bits: 4104 }),
    ] {
        assert_eq!(read(std::slice::from_ref(&key)), Err(fault), "{key}");
    }
    assert_eq!(read(&[jwk(r#","kid":"a""#), jwk(r#","kid":"a""#)]), Err(KeyFault::Twice));
    assert_eq!(read(&[jwk(r#","use":"enc""#)]), Err(KeyFault::Empty));
    let many: Vec<String> = (0..=KEYS_MAX).map(|number| jwk(&format!(r#","kid":"{number}""#))).collect();
    assert_eq!(read(&many), Err(KeyFault::TooMany));
}

/// A key of RSA with so many bytes, all bits of them set.
fn rsa_of(len: usize) -> String {
    let modulus = Base64UrlUnpadded::encode_string(&vec![0xFF; len]);
    format!(r#"{{"kty":"RSA","n":"{modulus}","e":"AQAB"}}"#)
}

#[test]
fn a_kid_names_its_key_and_no_other() {
    let (first, second) = (Pair::of(Algorithm::EdDsa), Pair::of(Algorithm::EdDsa));
    let named = |pair: &Pair, id: Option<&str>| Key {
        id: id.map(Into::into),
        ..Key::from_pem(&pair.public).unwrap()
    };
    let two = all_of([named(&first, Some("1")), named(&second, Some("2"))]);
    let of = |keys: &Keys, kid: &str| {
        let header = format!(r#"{{"alg":"EdDSA"{kid}}}"#);
        keys.verify(&first.sign(&header, &good("")), NOW, &policy()).map(drop)
    };
    assert_eq!(of(&two, r#","kid":"1""#), Ok(()));
    assert_eq!(of(&two, r#","kid":"2""#), Err(TokenFault::Signature));
    assert_eq!(of(&two, r#","kid":"3""#), Err(TokenFault::UnknownKey));
    assert_eq!(of(&two, ""), Err(TokenFault::UnknownKey), "which of two is not said");
    let one = all_of([named(&first, Some("1"))]);
    assert_eq!([of(&one, ""), of(&one, r#","kid":"3""#)], [Ok(()), Err(TokenFault::UnknownKey)]);
    let mixed = all_of([named(&second, Some("1")), named(&first, None)]);
    assert_eq!(of(&mixed, r#","kid":"1""#), Err(TokenFault::Signature), "no other is tried");
    let files = all_of([named(&second, None), named(&first, None)]);
    assert_eq!([of(&files, ""), of(&files, r#","kid":"3""#)], [Ok(()), Ok(())], "files have no names");
    assert!(files.clone().all_for(Algorithm::EdDsa).is_ok() && files.all_for(Algorithm::Rs256).is_err());
}
