use super::*;

const HEADER: &str = r#"{"alg":"ES256","typ":"JWT"}"#;

/// What an attacker does to a header, with the claims and the key of a good token.
#[test]
fn a_header_chooses_neither_key_nor_algorithm() {
    let pair = Pair::of(Algorithm::Es256);
    let keys = pair.keys();
    let of = |header: &str| keys.verify(&pair.sign(header, &good("")), NOW, &policy());
    assert!(of(HEADER).is_ok() && of(r#"{"alg":"ES256","kid":"any","x":1}"#).is_ok());
    for (header, fault) in [
        (r#"{"alg":"none"}"#, TokenFault::Algorithm),
        (r#"{"alg":"None"}"#, TokenFault::Algorithm),
        (r#"{"alg":"es256"}"#, TokenFault::Algorithm),
        (r#"{"alg":"ES384"}"#, TokenFault::Algorithm),
        (r#"{"alg":"HS256"}"#, TokenFault::Algorithm),
        (r#"{"alg":"ES256","jku":"https://evil.example/keys"}"#, TokenFault::Header),
        (r#"{"alg":"ES256","jwk":{"kty":"EC"}}"#, TokenFault::Header),
        (r#"{"alg":"ES256","x5u":"https://evil.example/c"}"#, TokenFault::Header),
        (r#"{"alg":"ES256","x5c":[]}"#, TokenFault::Header),
        (r#"{"alg":"ES256","crit":["exp"]}"#, TokenFault::Header),
        (r#"{"alg":"ES256","b64":false}"#, TokenFault::Header),
        (r#"{"alg":"ES256","b64":true}"#, TokenFault::Header),
        (r#"{"alg":"ES256","zip":"DEF"}"#, TokenFault::Header),
        (r#"{"alg":"ES256","cty":"JWT"}"#, TokenFault::Header),
        (r#"{"alg":"ES256","typ":"secevent+jwt"}"#, TokenFault::Header),
        (r#"{"alg":"none","alg":"ES256"}"#, TokenFault::Malformed),
        (r#"{"alg":"ES256","\u0061lg":"none"}"#, TokenFault::Malformed),
        (r#"{"alg":["ES256"]}"#, TokenFault::Malformed),
        (r#"{"alg":"ES256","kid":1}"#, TokenFault::Malformed),
        (r#"{}"#, TokenFault::Malformed),
        (r#"[]"#, TokenFault::Malformed),
    ] {
        assert_eq!(of(header), Err(fault), "{header}");
    }
}

/// The public key is no secret: whoever knows it signs with it as if it were one.
#[test]
fn a_code_made_with_the_public_key_is_no_signature() {
    for algorithm in [Algorithm::Rs256, Algorithm::EdDsa] {
        let pair = Pair::of(algorithm);
        let public = EncodingKey::from_secret(pair.public.as_bytes());
        for said in ["HS256", algorithm.as_str()] {
            let header = format!(r#"{{"alg":"{said}"}}"#);
            let token = signed(&header, &good(""), &public, jsonwebtoken::Algorithm::HS256);
            assert!(pair.keys().verify(&token, NOW, &policy()).is_err(), "{said}");
        }
    }
}

#[test]
fn without_a_signature_or_with_that_of_another_nothing_is_signed() {
    let (pair, other) = (Pair::of(Algorithm::Es256), Pair::of(Algorithm::Es256));
    let keys = pair.keys();
    let good_one = pair.sign(HEADER, &good(""));
    let (message, signature) = good_one.rsplit_once('.').unwrap();
    let foreign = pair.sign(HEADER, &good(r#","role":"administrator""#));
    let foreign_signature = foreign.rsplit_once('.').unwrap().1;
    let zeros = Base64UrlUnpadded::encode_string(&[0; 64]);
    for (token, fault) in [
        (message.to_owned(), TokenFault::Malformed),
        (format!("{message}."), TokenFault::Malformed),
        (format!("{message}.{foreign_signature}"), TokenFault::Signature),
        (format!("{message}.{zeros}"), TokenFault::Signature),
        (format!("{message}.AA"), TokenFault::Signature),
        (other.sign(HEADER, &good("")), TokenFault::Signature),
        (format!("{message}.{signature}="), TokenFault::Malformed),
        (format!("{message}.{signature}\n"), TokenFault::Malformed),
        (format!(" {message}.{signature}"), TokenFault::Malformed),
        (format!("{message}.{signature}.{signature}"), TokenFault::Malformed),
        (format!("{message}..{signature}"), TokenFault::Malformed),
        (message.replace('.', ""), TokenFault::Malformed),
        (String::new(), TokenFault::Malformed),
        ("..".to_owned(), TokenFault::Malformed),
    ] {
        assert_eq!(keys.verify(&token, NOW, &policy()), Err(fault), "{token}");
    }
}

/// The last character of base64url has bits that mean nothing: each of them would be another text of one token.
#[test]
fn one_token_has_one_text() {
    let pair = Pair::of(Algorithm::EdDsa);
    let token = pair.sign(r#"{"alg":"EdDSA"}"#, &good(""));
    let last = token.chars().last().unwrap();
    let others =
        ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']).filter(|other| *other != last);
    for other in others {
        let changed = format!("{}{other}", &token[..token.len() - 1]);
        assert!(pair.keys().verify(&changed, NOW, &policy()).is_err(), "{other} for {last}");
    }
}

#[test]
fn a_token_of_a_megabyte_is_refused_before_anything_is_read_of_it() {
    let pair = Pair::of(Algorithm::EdDsa);
    let header = r#"{"alg":"EdDSA"}"#;
    let huge = pair.sign(header, &good(&format!(r#","x":"{}""#, "x".repeat(1 << 20))));
    assert_eq!(pair.keys().verify(&huge, NOW, &policy()), Err(TokenFault::TooLong));
    let long = format!(r#"{{"alg":"EdDSA","x":"{}"}}"#, "x".repeat(1024));
    assert_eq!(pair.keys().verify(&pair.sign(&long, &good("")), NOW, &policy()), Err(TokenFault::Malformed));
}

#[test]
fn claims_that_can_be_read_in_two_ways_or_are_not_of_their_type_are_refused() {
    let pair = Pair::of(Algorithm::EdDsa);
    let keys = pair.keys();
    let of = |claims: &str| keys.verify(&pair.sign(r#"{"alg":"EdDSA"}"#, claims), NOW, &policy());
    for bad in [
        good(r#","exp":9999999999"#),
        good(r#","\u0065xp":9999999999"#),
        good(r#","x":{"a":1,"a":2}"#),
        format!("{} ", good("")).replace('}', "}}"),
        "[]".to_owned(),
        "\"sub\"".to_owned(),
    ] {
        assert_eq!(of(&bad), Err(TokenFault::Malformed), "{bad}");
    }
    let exp = format!("\"exp\":{}", NOW_SECS + 600);
    for bad in [
        "1e300",
        "-1",
        "1795317000.5",
        "\"1795317000\"",
        "null",
        "1795317000000",
        "18446744073709551616",
        "true",
    ] {
        let claims = good("").replace(&exp, &format!("\"exp\":{bad}"));
        assert_eq!(of(&claims), Err(TokenFault::Claims), "{bad}");
    }
    for more in [
        r#","nbf":"now""#,
        r#","role":1"#,
        r#","role":["administrator"]"#,
        r#","scope":{}"#,
        r#","scopes":[1]"#,
        r#","jti":7"#,
    ] {
        assert_eq!(of(&good(more)), Err(TokenFault::Claims), "{more}");
    }
    let nan = good("").replace(&exp, "\"exp\":NaN");
    assert_eq!(of(&nan), Err(TokenFault::Malformed));
}
