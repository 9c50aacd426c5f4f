//! Hashes by others. Every one is also a vector of our text: it is written as it was read.

use super::*;

/// Text and password.
///
/// * Argon2id: the reference implementation (phc-winner-argon2, `src/test.c`).
/// * bcrypt: Python's `bcrypt` 5.0.0, `hashpw(password, b"$2b$04$abcdefghijklmnopqrstuu")`.
/// * PBKDF2: Python's `hashlib.pbkdf2_hmac(name, password, salt, i, dklen)`; SHA-2: its `hashlib.new(name,
///   salt + password)`, `password + salt` and `password`. Both are put into our text by `base64.b64encode`
///   without `=`.
pub(super) const VECTORS: &[(&str, &[u8])] = &[
    ("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", b"password"),
    ("$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e", CORRECT),
    ("$2b$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2", CORRECT),
    ("$2b$04$abcdefghijklmnopqrstuuuxIq5.pZ5hiFyN8fJVDoj1Wj.xTLJYu", b"p\xffw"),
    ("$2b$04$abcdefghijklmnopqrstuuMCu.k1vM/ywQwiONaEn3oEMlZoCVBd6", &[b'a'; 71]),
    ("$2b$04$abcdefghijklmnopqrstuuBzzIgyKkz7xMWYSzkIjUSnxEQFQ0WNe", &[b'a'; 72]),
    ("$pbkdf2-sha256$i=1000$c2FsdHNhbHQ$qQDPSZa3Ormyy9oK1Pu0ZLLwP2Svzmx3yu8OvDdq/J0", CORRECT),
    ("$pbkdf2-sha256$i=1$cw$GYdxC/6dyE0sf031jX8TRuhjnqfjUbmbxGSOq+yS1IE", BINARY),
    // As short as EMQX can be told to make it, and longer than one digest.
    ("$pbkdf2-sha256$i=7$MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY$M2u1tU59V7C2poswzUyut2bHFMg", CORRECT),
    (
        "$pbkdf2-sha256$i=3$c2FsdHNhbHQ\
         $nHeIyUjVkCJvR5RJX164iNGJJKvgfb70lcZDFWwy3zm/e+zWjjvssCLl6Y8idlVlONeP1DesbTcYdjJlLq2X0g",
        CORRECT,
    ),
    (
        "$pbkdf2-sha512$i=1000$c2FsdHNhbHQ\
         $+sUSD8jw4f8ns7m9b7kj8PeJLe8lJXO8Am09BLgO79kST9D/Ija5aKINGF5Xg7hkKXw1+fNhBzzJP3eIXcWXww",
        CORRECT,
    ),
    (
        "$pbkdf2-sha512$i=1$cw\
         $iZuQTbJ6UqbCDBFbdr0s6YLLRKc4G9rgBqX5riq0m7QxwyclUQgXL6Jaq9wuCUONmSnhLrwBs8HRpZLkWGNeXQ",
        BINARY,
    ),
    ("$sha256$salt=before$YzJhMWY1ZThiM2Q5NDc2MA$o4p38Kp2fvBPvHp12rRoifFuyr9fm1PYJgb7ncIgyoQ", CORRECT),
    ("$sha256$salt=after$YzJhMWY1ZThiM2Q5NDc2MA$YS7vN7r7yxyvfcSU9idqhXEqggG4ZapgHMlXlJA7HaM", CORRECT),
    ("$sha256$salt=none$$QQTTb42iwlQ0n4WDZ5Pr4CngyVcGOjTJHC6SAxh7VjE", CORRECT),
    ("$sha256$salt=before$AP8$LjiXAbf1YFat8e5Kz/nWBiY1a/nujUSNZ5z0SGPVEBA", BINARY),
    ("$sha256$salt=after$AP8$rEOyzutuAk4nVw1lVMpGk3peoI8se+gvev/7LX8uq9M", BINARY),
    (
        "$sha512$salt=before$YzJhMWY1ZThiM2Q5NDc2MA\
         $wboTqhl1JyU/Na5gRXD9a2/ncunF2faHTMg59UV+GCly7uHJgzTUQPhwBBQBWfW7YcHeHWRyTYlx2JRfHSuusA",
        CORRECT,
    ),
    (
        "$sha512$salt=after$AP8\
         $vRtwepOAdg0ay8r97Z9PKkosOnnSIWvelbiF4XwrI7qve0qRAM21qD3JNjCsv2c9mcoSIKD1ERpMsRom6FAiAA",
        BINARY,
    ),
    (
        "$sha512$salt=none$\
         $VraY3v7bWkNbY0r+MyC7rz/c2SC2xQOkRvx7endrKY1HnRumqLYXgI6wv1ec6aldZoNHvKtxSQhayTyyeZUZew",
        CORRECT,
    ),
];

const CORRECT: &[u8] = b"correct horse";
const BINARY: &[u8] = b"p\0w\xff";

#[test]
fn agrees_with_other_implementations() {
    for (text, password) in VECTORS {
        let hash = parsed(text);
        assert_eq!(hash.matches(password), Ok(true), "{text}");
        assert_eq!(hash.to_string(), *text);
    }
}

#[test]
fn no_other_password_matches() {
    for (text, password) in VECTORS {
        let hash = parsed(text);
        let shorter = &password[..password.len() - 1];
        let mut other = password.to_vec();
        other[0] ^= 1;
        for password in [b"", shorter, &other, b"\0"] {
            assert_eq!(hash.matches(password), Ok(false), "{text} {password:?}");
        }
        let longer = [password, b"x".as_slice()].concat();
        let cut = password.len() >= 72 && hash.scheme() == HashScheme::Bcrypt;
        assert_eq!(hash.matches(&longer), Ok(cut), "{text}");
    }
}

/// Of HMAC's keys (RFC 2104): Python's `hashlib.pbkdf2_hmac` gives the same for `b"correct horse\0"`.
#[test]
fn a_nul_at_the_end_counts_but_for_pbkdf2() {
    for (text, password) in VECTORS {
        let hash = parsed(text);
        let longer = [password, b"\0".as_slice()].concat();
        assert_eq!(hash.matches(&longer), Ok(hash.scheme() == HashScheme::Pbkdf2), "{text}");
    }
}

/// `hashpw(b"", …)`, `hashlib.sha256(b"")`, and the others likewise.
#[test]
fn the_empty_password_never_matches() {
    for text in [
        "$2b$04$abcdefghijklmnopqrstuubyCG3zY1GIXMyxfivm.ClDiInHzxjiq",
        "$sha256$salt=none$$47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
        "$sha256$salt=before$c2FsdA$Y0ea1poJCyWCd+yPum+ZQZov+ySJgVEGV8lEzNEUjpc",
        "$pbkdf2-sha256$i=1$c2FsdA$8TXCeZO6+Ydzxc20ClcGzmo0XN5hsACmeFhlDNajJNc",
    ] {
        let hash = parsed(text);
        // The computation itself agrees: what refuses is the rule.
        let mut computed = vec![0; hash.hash.len()];
        hash.recipe.compute(b"", &hash.salt, &mut computed).unwrap();
        assert_eq!(*computed, *hash.hash, "{text}");
        assert_eq!(hash.matches(b""), Ok(false), "{text}");
    }
}

#[test]
fn bcrypt_looks_at_72_bytes() {
    let of_71 = parsed("$2b$04$abcdefghijklmnopqrstuuMCu.k1vM/ywQwiONaEn3oEMlZoCVBd6");
    let of_72 = parsed("$2b$04$abcdefghijklmnopqrstuuBzzIgyKkz7xMWYSzkIjUSnxEQFQ0WNe");
    for (len, matches_71, matches_72) in
        [(70, false, false), (71, true, false), (72, false, true), (73, false, true), (65_535, false, true)]
    {
        let password = vec![b'a'; len];
        assert_eq!(of_71.matches(&password), Ok(matches_71), "{len}");
        assert_eq!(of_72.matches(&password), Ok(matches_72), "{len}");
    }
}

/// Python hashes `abc` and `abc\0abc` to the first, `abc\0def` to the second; C programs all to the first.
#[test]
fn a_password_with_nul_never_matches_bcrypt() {
    let of_abc = parsed("$2b$04$abcdefghijklmnopqrstuuCi15uRb1eH7NAlJ/TgeJertyknQpYn2");
    let of_abc_nul_def = parsed("$2b$04$abcdefghijklmnopqrstuuU8Rgm0REdvZ0WHY/1al21xqZXmq41/C");
    assert_eq!(of_abc.matches(b"abc"), Ok(true));
    let beyond_the_key = [&[b'a'; 72][..], b"\0"].concat();
    for password in [&b"abc\0abc"[..], b"abc\0", b"abc\0def", b"\0", &beyond_the_key] {
        assert_eq!(of_abc.matches(password), Ok(false), "{password:?}");
        assert_eq!(of_abc_nul_def.matches(password), Ok(false), "{password:?}");
    }
}
