use super::*;
use crate::{Entropy, HashCost, HashPart, NoEntropy};

const CORRECT: &[u8] = b"correct horse";

fn malformed(scheme: HashScheme, part: HashPart) -> ImportFault {
    HashFault::Malformed { scheme, part }.into()
}

/// The hash is of `password`, and its text is `text`, from which it is read again.
fn is_hash_of(hash: &PasswordHash, password: &[u8], text: &str) {
    assert_eq!(hash.to_string(), text);
    let read: PasswordHash = text.parse().unwrap();
    for hash in [hash, &read] {
        assert_eq!(hash.matches(password), Ok(true), "{text}");
        assert_eq!(hash.matches(b"wrong"), Ok(false), "{text}");
        assert!(hash.needs_upgrade(HashCost::default()), "{text}");
    }
}

/// `mosquitto_passwd` 2.0.11 with `-H sha512`, without, and Python's `argon2-cffi` 25.1.0 with the parameters of
/// Mosquitto 2.1 but for the memory.
const MOSQUITTO: [(&str, &[u8], &str); 5] = [
    (
        "$6$qxaS/6BJAG/1eEhW$Qtc5GrXjcWRpvGFrKvobDmsirVczfwbpwhVhXRKHLO65f/eGrrbmG6uwb2OmQZiyfs6krohRODRFJ3hsFQ3nDg==",
        CORRECT,
        "$sha512$salt=after$qxaS/6BJAG/1eEhW$Qtc5GrXjcWRpvGFrKvobDmsirVczfwbpwhVhXRKHLO65f/eGrrbmG6uwb2OmQZiyfs6krohRODRFJ3hsFQ3nDg",
    ),
    (
        "$6$1766ugha5EVBiQ8q$BPDRbxejCzG0KWiKuY2DQXkcGdvp5MU2lnh53Z/epnVeFbMdjNoPEJBuI3gJCVLvgg/xWzJHQu0y0A5ZaaducA==",
        b"x",
        "$sha512$salt=after$1766ugha5EVBiQ8q$BPDRbxejCzG0KWiKuY2DQXkcGdvp5MU2lnh53Z/epnVeFbMdjNoPEJBuI3gJCVLvgg/xWzJHQu0y0A5ZaaducA",
    ),
    (
        "$7$101$mfivrNAk5w/N7S6U$q6M2xW1pmahLlvMwk0C5V5ovc5D8+wXstbil/dFGjQJPgc5CIZkkgkVPjVYyni/mEn5qJmBrKM9xD6Htw5JGdg==",
        CORRECT,
        "$pbkdf2-sha512$i=101$mfivrNAk5w/N7S6U$q6M2xW1pmahLlvMwk0C5V5ovc5D8+wXstbil/dFGjQJPgc5CIZkkgkVPjVYyni/mEn5qJmBrKM9xD6Htw5JGdg",
    ),
    (
        "$7$101$sh+y8quEI0RR+Qzw$2/sO6J1lQm5d75tsTEPW2iRIPbs9fBcXUATuIKn7gd5ERRTbACjnAmZyZaVTpcZ/WrZRTFtfgoOTolzR8O2GCQ==",
        b"x",
        "$pbkdf2-sha512$i=101$sh+y8quEI0RR+Qzw$2/sO6J1lQm5d75tsTEPW2iRIPbs9fBcXUATuIKn7gd5ERRTbACjnAmZyZaVTpcZ/WrZRTFtfgoOTolzR8O2GCQ",
    ),
    (
        "$argon2id$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg$GDVia/evqY5sGlJZK/JRxiqHs8kAp48sXZ+8zcg60QBmYIUy3AvkT7OtmB/IKSRDM7GB2CRcLKqZdxHfMId3WQ",
        CORRECT,
        "$argon2id$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg$GDVia/evqY5sGlJZK/JRxiqHs8kAp48sXZ+8zcg60QBmYIUy3AvkT7OtmB/IKSRDM7GB2CRcLKqZdxHfMId3WQ",
    ),
];

#[test]
fn mosquitto_hashes_are_kept() {
    for (text, password, kept) in MOSQUITTO {
        is_hash_of(&from_mosquitto(text).unwrap(), password, kept);
    }
}

#[test]
fn what_is_not_of_mosquitto_is_refused_with_its_fault() {
    use HashPart::{Bounds, Hash, Parameters, Salt, Shape, Version};
    use HashScheme::{Argon2id, Pbkdf2, SaltedSha};
    let hash = "Qtc5GrXjcWRpvGFrKvobDmsirVczfwbpwhVhXRKHLO65f/eGrrbmG6uwb2OmQZiyfs6krohRODRFJ3hsFQ3nDg==";
    let cases = [
        (String::new(), ImportFault::NotMosquitto),
        ("hunter2".into(), ImportFault::NotMosquitto),
        ("$6$hunter2".into(), ImportFault::NotMosquitto),
        (format!("$6$c2FsdA==${hash}$"), ImportFault::NotMosquitto),
        (format!("$7$c2FsdA==${hash}"), ImportFault::NotMosquitto),
        ("$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e".into(), ImportFault::NotMosquitto),
        (format!("$sha512$salt=after$c2FsdA${hash}"), ImportFault::NotMosquitto),
        (format!("$6$c2FsdA${hash}"), malformed(SaltedSha, Salt)),
        (format!("$6$${hash}"), malformed(SaltedSha, Salt)),
        (format!("$6$c2FsdA==${}", &hash[..86]), malformed(SaltedSha, Hash)),
        (format!("$6$c2FsdA==${hash}\n"), malformed(SaltedSha, Hash)),
        ("$6$c2FsdA==$c2FsdA==".into(), malformed(SaltedSha, Hash)),
        (format!("$7$$c2FsdA==${hash}"), malformed(Pbkdf2, Parameters)),
        (format!("$7$0$c2FsdA==${hash}"), malformed(Pbkdf2, Parameters)),
        (format!("$7$0101$c2FsdA==${hash}"), malformed(Pbkdf2, Parameters)),
        (format!("$7$1000001$c2FsdA==${hash}"), malformed(Pbkdf2, Bounds)),
        (format!("$7$101$${hash}"), malformed(Pbkdf2, Salt)),
        (format!("$7$101${}${hash}", "A".repeat(100_000)), malformed(Pbkdf2, Salt)),
        ("$argon2id$".into(), malformed(Argon2id, Shape)),
        (format!("$argon2id$v=16$m=8,t=1,p=1$c29tZXNhbHQ${hash}"), malformed(Argon2id, Version)),
    ];
    for (text, fault) in cases {
        assert_eq!(from_mosquitto(&text).map(|_| ()), Err(fault), "{text}");
    }
}

const ROW: EmqxRow<'_> = EmqxRow {
    algorithm: "sha256",
    salt_position: None,
    mac_fun: None,
    iterations: None,
    password_hash: "b6c743545a7817ae8c8f624371d5f5f0373234bb0ff36b8ffbf19bce0e06ab75",
    salt: "de1024f462fb83910fd13151bd4bd235",
};
const SHA256: EmqxRow<'_> = EmqxRow { salt: "c2a1f5e8b3d94760", ..ROW };
const SHA512: EmqxRow<'_> = EmqxRow { algorithm: "sha512", ..SHA256 };
const PBKDF2: EmqxRow<'_> = EmqxRow {
    algorithm: "pbkdf2",
    mac_fun: Some("sha256"),
    iterations: Some(1000),
    password_hash: "a900cf4996b73ab9b2cbda0ad4fbb464b2f03f64afce6c77caef0ebc376afc9d",
    salt: "saltsalt",
    ..ROW
};
const BCRYPT: EmqxRow<'_> = EmqxRow {
    algorithm: "bcrypt",
    password_hash: "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
    salt: "$2b$04$abcdefghijklmnopqrstuu",
    ..ROW
};
const PLAIN: EmqxRow<'_> = EmqxRow { algorithm: "plain", password_hash: "hunter2", salt: "", ..ROW };

/// The first is `myuser3` of the import example in EMQX's manual. The others are Python's
/// `hashlib.new(name, …).hexdigest()` and `hashlib.pbkdf2_hmac(…).hex()` of the same values as our own vectors.
#[test]
fn emqx_hashes_are_kept() {
    let after = "a1a63a4922faae7fb65c7263b9f932788bd84bca0a7c3eb9d1c985d9bded4b5d\
                 7514b2fc11dbcc7395ecbea338ccdd11da5bff47a943d2db1fb38a6b040eec28";
    let none = "4104d36f8da2c254349f85836793ebe029e0c957063a34c91c2e9203187b5631";
    let (upper, pbkdf2_base64) = (none.to_uppercase(), "qQDPSZa3Ormyy9oK1Pu0ZLLwP2Svzmx3yu8OvDdq/J0=");
    let before_base64 = "o4p38Kp2fvBPvHp12rRoifFuyr9fm1PYJgb7ncIgyoQ=";
    let short = "336bb5b54e7d57b0b6a68b30cd4caeb766c714c8";
    let kept_none = "$sha256$salt=none$$QQTTb42iwlQ0n4WDZ5Pr4CngyVcGOjTJHC6SAxh7VjE";
    let kept_pbkdf2 = "$pbkdf2-sha256$i=1000$c2FsdHNhbHQ$qQDPSZa3Ormyy9oK1Pu0ZLLwP2Svzmx3yu8OvDdq/J0";
    let cases = [
        (
            ROW,
            b"mypassword3".as_slice(),
            "$sha256$salt=before$ZGUxMDI0ZjQ2MmZiODM5MTBmZDEzMTUxYmQ0YmQyMzU\
             $tsdDVFp4F66Mj2JDcdX18DcyNLsP82uP+/Gbzg4Gq3U",
        ),
        (
            EmqxRow { salt_position: Some("prefix"), password_hash: before_base64, ..SHA256 },
            CORRECT,
            "$sha256$salt=before$YzJhMWY1ZThiM2Q5NDc2MA$o4p38Kp2fvBPvHp12rRoifFuyr9fm1PYJgb7ncIgyoQ",
        ),
        (
            EmqxRow { salt_position: Some("suffix"), password_hash: after, ..SHA512 },
            CORRECT,
            "$sha512$salt=after$YzJhMWY1ZThiM2Q5NDc2MA\
             $oaY6SSL6rn+2XHJjufkyeIvYS8oKfD650cmF2b3tS111FLL8EdvMc5XsvqM4zN0R2lv/R6lD0tsfs4prBA7sKA",
        ),
        (EmqxRow { salt_position: Some("disable"), password_hash: none, ..SHA256 }, CORRECT, kept_none),
        (EmqxRow { salt: "", password_hash: &upper, ..SHA256 }, CORRECT, kept_none),
        (PBKDF2, CORRECT, kept_pbkdf2),
        (EmqxRow { password_hash: pbkdf2_base64, ..PBKDF2 }, CORRECT, kept_pbkdf2),
        (
            EmqxRow {
                iterations: Some(7),
                salt: "0123456789abcdef0123456789abcdef",
                password_hash: short,
                ..PBKDF2
            },
            CORRECT,
            "$pbkdf2-sha256$i=7$MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY$M2u1tU59V7C2poswzUyut2bHFMg",
        ),
        (BCRYPT, CORRECT, BCRYPT.password_hash),
    ];
    for (row, password, kept) in cases {
        match from_emqx(&row).unwrap() {
            Imported::Hash(hash) => is_hash_of(&hash, password, kept),
            Imported::Plain(_) => panic!("{kept}"),
        }
    }
}

#[test]
fn what_emqx_cannot_have_meant_is_refused_with_its_fault() {
    use HashPart::{Bounds, Hash, Salt, Shape};
    use HashScheme::{Bcrypt, Pbkdf2, SaltedSha};
    let long = "x".repeat(65);
    let hashes = "0".repeat(130);
    let unknown = |field, known| ImportFault::Unknown { field, known };
    let cases = [
        (EmqxRow { algorithm: "md5", ..ROW }, ImportFault::Unfit("MD5")),
        (EmqxRow { algorithm: "sha", ..ROW }, ImportFault::Unfit("SHA-1")),
        (
            EmqxRow { algorithm: "SHA256", ..ROW },
            unknown("the algorithm", "sha256, sha512, bcrypt, pbkdf2 and plain"),
        ),
        (
            EmqxRow { salt_position: Some("before"), ..ROW },
            unknown("salt_position", "prefix, suffix and disable"),
        ),
        (EmqxRow { salt: &long, ..ROW }, malformed(SaltedSha, Salt)),
        (EmqxRow { password_hash: "", ..ROW }, malformed(SaltedSha, Hash)),
        (EmqxRow { password_hash: &ROW.password_hash[1..], ..ROW }, malformed(SaltedSha, Hash)),
        (EmqxRow { password_hash: &ROW.password_hash[2..], ..ROW }, malformed(SaltedSha, Hash)),
        (EmqxRow { password_hash: &hashes, ..ROW }, malformed(SaltedSha, Hash)),
        (EmqxRow { algorithm: "sha512", ..ROW }, malformed(SaltedSha, Hash)),
        (EmqxRow { mac_fun: None, ..PBKDF2 }, ImportFault::Missing("mac_fun")),
        (EmqxRow { mac_fun: Some("sha"), ..PBKDF2 }, unknown("mac_fun", "sha256 and sha512")),
        (EmqxRow { iterations: None, ..PBKDF2 }, ImportFault::Missing("iterations")),
        (EmqxRow { iterations: Some(0), ..PBKDF2 }, malformed(Pbkdf2, Bounds)),
        (EmqxRow { iterations: Some(1_000_001), ..PBKDF2 }, malformed(Pbkdf2, Bounds)),
        (EmqxRow { salt: "", ..PBKDF2 }, malformed(Pbkdf2, Salt)),
        (EmqxRow { salt: &long, ..PBKDF2 }, malformed(Pbkdf2, Salt)),
        (EmqxRow { password_hash: "0123456789", ..PBKDF2 }, malformed(Pbkdf2, Hash)),
        (EmqxRow { password_hash: ROW.password_hash, ..BCRYPT }, HashFault::UnknownScheme.into()),
        (
            EmqxRow {
                password_hash: "$sha256$salt=none$$QQTTb42iwlQ0n4WDZ5Pr4CngyVcGOjTJHC6SAxh7VjE",
                ..BCRYPT
            },
            malformed(Bcrypt, Shape),
        ),
        (EmqxRow { salt: "s", ..PLAIN }, ImportFault::SaltedPlain),
        (EmqxRow { password_hash: "", ..PLAIN }, ImportFault::PasswordLength),
    ];
    for (row, fault) in cases {
        assert_eq!(from_emqx(&row).map(|_| ()), Err(fault), "{row:?} {fault}");
    }
}

/// Made as the vectors of EMQX, with salt and hash in base64 as Hono's registry has them.
#[test]
fn hono_hashes_are_kept() {
    let sha = |hash_function, pwd_hash, salt| HonoSecret { hash_function, pwd_hash, salt };
    let cases = [
        (
            sha(Some("sha-256"), "LjiXAbf1YFat8e5Kz/nWBiY1a/nujUSNZ5z0SGPVEBA=", Some("AP8=")),
            b"p\0w\xff".as_slice(),
            "$sha256$salt=before$AP8$LjiXAbf1YFat8e5Kz/nWBiY1a/nujUSNZ5z0SGPVEBA",
        ),
        (
            sha(None, "QQTTb42iwlQ0n4WDZ5Pr4CngyVcGOjTJHC6SAxh7VjE=", None),
            CORRECT,
            "$sha256$salt=none$$QQTTb42iwlQ0n4WDZ5Pr4CngyVcGOjTJHC6SAxh7VjE",
        ),
        (
            sha(
                Some("sha-512"),
                "eMtRPml9lgVV9d2AFezOja7lz4Fa0+4l0wsW90iedxCIBLTCBmhD8AqJeqFZZ0Vz8/L0KsKl3wPVDc1LqWEjJA==",
                Some("AP8="),
            ),
            b"p\0w\xff",
            "$sha512$salt=before$AP8\
             $eMtRPml9lgVV9d2AFezOja7lz4Fa0+4l0wsW90iedxCIBLTCBmhD8AqJeqFZZ0Vz8/L0KsKl3wPVDc1LqWEjJA",
        ),
        (
            sha(Some("bcrypt"), "$2a$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2", None),
            CORRECT,
            "$2b$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2",
        ),
    ];
    for (secret, password, kept) in cases {
        is_hash_of(&from_hono(&secret).unwrap(), password, kept);
    }
}

#[test]
fn what_hono_cannot_have_meant_is_refused_with_its_fault() {
    use HashPart::{Hash, Salt};
    let hash = "LjiXAbf1YFat8e5Kz/nWBiY1a/nujUSNZ5z0SGPVEBA=";
    let unknown = ImportFault::Unknown { field: "hash-function", known: "sha-256, sha-512 and bcrypt" };
    let cases = [
        (Some("sha256"), hash, None, unknown),
        (Some("sha-512"), hash, None, malformed(HashScheme::SaltedSha, Hash)),
        (None, &hash[..43], None, malformed(HashScheme::SaltedSha, Hash)),
        (None, hash, Some("AP8"), malformed(HashScheme::SaltedSha, Salt)),
        (Some("bcrypt"), hash, None, HashFault::UnknownScheme.into()),
        (
            Some("bcrypt"),
            "$2x$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2",
            None,
            HashFault::BrokenBcrypt.into(),
        ),
    ];
    for (hash_function, pwd_hash, salt, fault) in cases {
        let secret = HonoSecret { hash_function, pwd_hash, salt };
        assert_eq!(from_hono(&secret).map(|_| ()), Err(fault), "{pwd_hash} {salt:?}");
    }
}

struct Fixed;

impl Entropy for Fixed {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        bytes.fill(7);
        Ok(())
    }
}

#[test]
fn plain_text_is_stored_as_argon2id_only() {
    let from_emqx = match from_emqx(&PLAIN) {
        Ok(Imported::Plain(plain)) => plain,
        other => panic!("{other:?}"),
    };
    let cost = HashCost::new(8, 1, 1).unwrap();
    for plain in [from_nanomq_plain("hunter2").unwrap(), from_emqx] {
        let hash = plain.hash(cost, &mut Fixed).unwrap();
        assert!(hash.to_string().starts_with("$argon2id$") && !hash.needs_upgrade(cost));
        assert_eq!(hash.matches(b"hunter2"), Ok(true));
    }
    assert_eq!(from_nanomq_plain("").unwrap_err(), ImportFault::PasswordLength);
    assert_eq!(from_nanomq_plain(&"x".repeat(65_536)).unwrap_err(), ImportFault::PasswordLength);
}

#[test]
fn debug_shows_no_secret() {
    let secret = HonoSecret { hash_function: None, pwd_hash: "pwdhash", salt: Some("thesalt") };
    let shown = format!("{PLAIN:?} {BCRYPT:?} {secret:?} {:?} {:?}", from_emqx(&PLAIN), from_emqx(&BCRYPT));
    for part in ["hunter2", "104, 117", "abcdefghij", "SfIH", "pwdhash", "thesalt"] {
        assert!(!shown.contains(part), "{shown}");
    }
}
