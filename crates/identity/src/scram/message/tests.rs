use super::*;
use crate::scram::tests::Random;

const CLIENT_FIRST: &str = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
const SERVER_FIRST: &str = "r=rOprNGfwEbeRWgbNEkqO%hvY,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
const CLIENT_FINAL: &str = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvY,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
const SERVER_FINAL: &str = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

fn client_first(message: &str) -> Result<(String, &str), ScramFault> {
    ClientFirst::parse(message.as_bytes()).map(|first| (first.username.into(), first.nonce))
}

fn server_first(message: &str) -> Result<&str, ScramFault> {
    ServerFirst::parse(message.as_bytes()).map(|first| first.nonce)
}

fn client_final(message: &str) -> Result<&str, ScramFault> {
    ClientFinal::parse(message.as_bytes()).map(|last| last.channel_binding)
}

#[test]
fn client_first_names_a_user() {
    let name = "x".repeat(256);
    let commas = ",".repeat(256);
    let nonce = "r".repeat(128);
    let cases = [
        (CLIENT_FIRST.to_owned(), "user", "rOprNGfwEbeRWgbNEkqO"),
        ("n,a=user,n=user,r=x".to_owned(), "user", "x"),
        ("n,,n=a=2Cb=3Dc,r=x".to_owned(), "a,b=c", "x"),
        ("n,,n==3D2C,r=x".to_owned(), "=2C", "x"),
        ("n,,n=ü 漢,r=x".to_owned(), "ü 漢", "x"),
        ("n,,n=user,r=!~+/=".to_owned(), "user", "!~+/="),
        ("n,,n=user,r=x,t=1,Z=a=b".to_owned(), "user", "x"),
        (format!("n,,n={name},r={nonce}"), &name, &nonce),
        (format!("n,a={0},n={0},r={nonce}", escaped(&commas)), &commas, &nonce),
    ];
    for (message, username, nonce) in cases {
        assert_eq!(client_first(&message), Ok((username.to_owned(), nonce)), "{message}");
        let first = ClientFirst::parse(message.as_bytes()).unwrap();
        assert_eq!(format!("{}{}", first.gs2_header, first.bare), message);
    }
}

#[test]
fn a_wrong_client_first_is_refused_with_its_fault() {
    let cases = [
        ("y,,n=user,r=x".to_owned(), ScramFault::ChannelBinding),
        ("p=tls-exporter,,n=user,r=x".to_owned(), ScramFault::ChannelBinding),
        ("p=,,n=user,r=x".to_owned(), ScramFault::ChannelBinding),
        ("x,,n=user,r=x".to_owned(), ScramFault::Malformed),
        ("N,,n=user,r=x".to_owned(), ScramFault::Malformed),
        ("F,n,,n=user,r=x".to_owned(), ScramFault::Malformed),
        (",,n=user,r=x".to_owned(), ScramFault::Malformed),
        ("n=user,r=x".to_owned(), ScramFault::Malformed),
        ("n,n=user,r=x".to_owned(), ScramFault::Malformed),
        ("n,".to_owned(), ScramFault::Malformed),
        ("n,,".to_owned(), ScramFault::Malformed),
        ("n,,n=user".to_owned(), ScramFault::Malformed),
        ("n,,r=x,n=user".to_owned(), ScramFault::Malformed),
        ("n,,n=,r=x".to_owned(), ScramFault::Malformed),
        ("n,,n=user,r=".to_owned(), ScramFault::Malformed),
        ("n,,n=user,r=x,".to_owned(), ScramFault::Malformed),
        ("n,,n=user,r=x,t=".to_owned(), ScramFault::Malformed),
        ("n,,n=user,r=x,tt=1".to_owned(), ScramFault::Malformed),
        ("n,,n=user,r=x,1=1".to_owned(), ScramFault::Malformed),
        ("n,,n=user,r=x,r=y".to_owned(), ScramFault::Malformed),
        ("n,,n=user,n=root,r=x".to_owned(), ScramFault::Malformed),
        ("n,,n=user,r=x,n=root".to_owned(), ScramFault::Malformed),
        ("n,,m=1,n=user,r=x".to_owned(), ScramFault::MandatoryExtension),
        ("n,,n=user,m=1,r=x".to_owned(), ScramFault::MandatoryExtension),
        ("n,,n=user,r=x,t=1,m=1".to_owned(), ScramFault::MandatoryExtension),
        ("n,a=root,n=user,r=x".to_owned(), ScramFault::AuthorizationIdentity),
        ("n,a=User,n=user,r=x".to_owned(), ScramFault::AuthorizationIdentity),
        ("n,user,n=user,r=x".to_owned(), ScramFault::Malformed),
        ("n,a=,n=user,r=x".to_owned(), ScramFault::UserName),
        ("n,,n=a=2cb,r=x".to_owned(), ScramFault::UserName),
        ("n,,n=a=41,r=x".to_owned(), ScramFault::UserName),
        ("n,,n=a=,r=x".to_owned(), ScramFault::UserName),
        ("n,,n=a=2,r=x".to_owned(), ScramFault::UserName),
        ("n,,n=a=ä,r=x".to_owned(), ScramFault::UserName),
        ("n,,n=a\nb,r=x".to_owned(), ScramFault::UserName),
        ("n,,n=a\u{7f}b,r=x".to_owned(), ScramFault::UserName),
        (format!("n,,n={},r=x", "x".repeat(257)), ScramFault::UserName),
        ("n,,n=user,r=a b".to_owned(), ScramFault::Nonce),
        ("n,,n=user,r=ä".to_owned(), ScramFault::Nonce),
        (format!("n,,n=user,r={}", "x".repeat(129)), ScramFault::Nonce),
        (String::new(), ScramFault::NotText),
        ("n,,n=us\0er,r=x".to_owned(), ScramFault::NotText),
        (format!("n,,n=user,r=x,t={}", "x".repeat(2048)), ScramFault::NotText),
    ];
    for (message, fault) in cases {
        assert_eq!(client_first(&message), Err(fault), "{message}");
    }
    assert_eq!(ClientFirst::parse(b"n,,n=\xff,r=x").map(|_| ()), Err(ScramFault::NotText));
}

#[test]
fn a_wrong_server_first_is_refused_with_its_fault() {
    assert_eq!(server_first(SERVER_FIRST), Ok("rOprNGfwEbeRWgbNEkqO%hvY"));
    assert_eq!(server_first(&format!("{SERVER_FIRST},t=1")), Ok("rOprNGfwEbeRWgbNEkqO%hvY"));
    let salt = "s=W22ZaJ0SNY7soEsUEjb6gQ==";
    let cases = [
        (SERVER_FIRST.replace(salt, "s=W22ZaJ0SNQ=="), ScramFault::Salt),
        (SERVER_FIRST.replace(salt, "s=W22ZaJ0SNY7soEsUEjb6gQ"), ScramFault::Salt),
        (SERVER_FIRST.replace(salt, "s=W22ZaJ0SNY7soEsUEjb6gR=="), ScramFault::Salt),
        (SERVER_FIRST.replace(salt, &format!("s={}", "A".repeat(88))), ScramFault::Salt),
        (SERVER_FIRST.replace(salt, "s="), ScramFault::Malformed),
        (SERVER_FIRST.replace("4096", "04096"), ScramFault::Iterations),
        (SERVER_FIRST.replace("4096", "-4096"), ScramFault::Iterations),
        (SERVER_FIRST.replace("4096", "4095"), ScramFault::Iterations),
        (SERVER_FIRST.replace("4096", "1000001"), ScramFault::Iterations),
        (SERVER_FIRST.replace(",i=4096", ""), ScramFault::Malformed),
        (format!("{SERVER_FIRST},i=4096"), ScramFault::Malformed),
        (format!("{SERVER_FIRST},m=1"), ScramFault::MandatoryExtension),
        (format!("m=1,{SERVER_FIRST}"), ScramFault::MandatoryExtension),
        (SERVER_FIRST.replace("r=", &format!("r={}", "x".repeat(256))), ScramFault::Nonce),
    ];
    for (message, fault) in cases {
        assert_eq!(server_first(&message), Err(fault), "{message}");
    }
}

#[test]
fn a_wrong_client_final_is_refused_with_its_fault() {
    assert_eq!(client_final(CLIENT_FINAL), Ok("biws"));
    assert_eq!(client_final(&CLIENT_FINAL.replace(",p=", ",t=1,p=")), Ok("biws"));
    let cases = [
        (CLIENT_FINAL.replace("c=biws,", ""), ScramFault::Malformed),
        (CLIENT_FINAL.replace("c=biws", "c="), ScramFault::Malformed),
        (CLIENT_FINAL.replace(",p=", ",p=x,p="), ScramFault::Malformed),
        (CLIENT_FINAL.replace(",p=", ",m=1,p="), ScramFault::MandatoryExtension),
        (format!("m=1,{CLIENT_FINAL}"), ScramFault::MandatoryExtension),
        (format!("{CLIENT_FINAL},t=1"), ScramFault::Proof),
        (CLIENT_FINAL.replace("p=dHzb", "p="), ScramFault::Proof),
        (CLIENT_FINAL.replace("p=dHzb", "p=dHzbdHzb"), ScramFault::Proof),
        (CLIENT_FINAL.replace("VQ=", "VR="), ScramFault::Proof),
        ("c=biws,r=x,p=".to_owned(), ScramFault::Proof),
        ("c=biws,r=x".to_owned(), ScramFault::Malformed),
        (",p=".to_owned(), ScramFault::Malformed),
    ];
    for (message, fault) in cases {
        assert_eq!(client_final(&message), Err(fault), "{message}");
    }
}

#[test]
fn server_final_is_a_signature_or_an_error() {
    let parse =
        |message: &str| parse_server_final(message.as_bytes()).map(|signature| server_final(&signature));
    assert_eq!(parse(SERVER_FINAL), Ok(SERVER_FINAL.to_owned()));
    assert_eq!(parse(&format!("{SERVER_FINAL},t=1")), Ok(SERVER_FINAL.to_owned()));
    let cases = [
        ("e=unknown-user", ScramFault::ServerError),
        ("e=anything else", ScramFault::ServerError),
        ("v=AAAA", ScramFault::Proof),
        ("m=1", ScramFault::MandatoryExtension),
        ("p=AAAA", ScramFault::Malformed),
        ("v", ScramFault::Malformed),
        ("", ScramFault::NotText),
    ];
    for (message, fault) in cases {
        assert_eq!(parse(message), Err(fault), "{message}");
    }
    assert_eq!(parse(&format!("{SERVER_FINAL},m=1")), Err(ScramFault::MandatoryExtension));
}

/// Reads `bytes` as each message; what can be read says the same when it is written.
fn read_as_everything(bytes: &[u8]) {
    if let Ok(first) = ClientFirst::parse(bytes) {
        assert_eq!(format!("{}{}", first.gs2_header, first.bare).as_bytes(), bytes);
        let bare = ClientFirst::bare(&first.username, first.nonce);
        assert!(first.bare.starts_with(&bare));
    }
    if let Ok(first) = ServerFirst::parse(bytes) {
        assert!(bytes.starts_with(first.to_string().as_bytes()));
    }
    if let Ok(last) = ClientFinal::parse(bytes) {
        assert_eq!(ClientFinal::with_proof(last.without_proof, &last.proof).as_bytes(), bytes);
    }
    if let Ok(signature) = parse_server_final(bytes) {
        assert!(bytes.starts_with(server_final(&signature).as_bytes()));
    }
}

#[test]
fn no_bytes_make_a_parser_panic() {
    let mut random = Random(0x5EED);
    for _ in 0..20_000 {
        read_as_everything(&random.bytes(100));
    }
    let snippets = [",", "=", "n=", "r=", "m=1,", "=2C", "=3D", "a=user", "p=", "\0", "ä", "AAAA", "=="];
    for _ in 0..40_000 {
        let messages = [CLIENT_FIRST, SERVER_FIRST, CLIENT_FINAL, SERVER_FINAL];
        let mut message = messages[random.below(messages.len())].as_bytes().to_vec();
        for _ in 0..=random.below(4) {
            let (from, to) = (random.below(message.len() + 1), random.below(message.len() + 1));
            let (from, to) = (from.min(to), from.max(to).min(from.min(to) + 4));
            let snippet = match random.below(3) {
                0 => random.bytes(3),
                1 => snippets[random.below(snippets.len())].into(),
                _ => Vec::new(),
            };
            message.splice(from..to, snippet);
        }
        read_as_everything(&message);
    }
}
