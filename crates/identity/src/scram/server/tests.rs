use super::*;
use crate::{
    OutwardDenial, Principal,
    scram::{
        ScramClient,
        keys::HMAC_COUNT,
        tests::{Broken, Counting, Random, Users, challenge_of, found, request, server, short},
    },
};

/// RFC 7677 §3, and one with everything that has to be escaped, computed by another implementation.
const EXCHANGES: [[&str; 7]; 2] = [
    [
        "user",
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:\
         wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
        "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
        "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
         p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
    ],
    [
        "a,b=c",
        "SCRAM-SHA-256$5000:AAECAwQFBgc=$Lq5taXB3LixFYCMXHIcAJSx2Hn8KCVbtH5/q3yH4NVk=:\
         s0wdx8dnZxIY7tGB2W/8wJooDl5DNdx0XVPWg/BVxi0=",
        "XYZ",
        "n,a=a=2Cb=3Dc,n=a=2Cb=3Dc,r=abc",
        "r=abcXYZ,s=AAECAwQFBgc=,i=5000",
        "c=bixhPWE9MkNiPTNEYyw=,r=abcXYZ,p=Z9YKRQXwlGjf6XuG2aSKuuTunaU5st94wUDGLcW7c94=",
        "v=wzAaQ4Lz+qfmNzSg6NoDgxhESyrmcbzGD8cIlhaD/AU=",
    ],
];

fn users() -> Arc<Users> {
    let users = Arc::<Users>::default().with("alice", "secret").with("blocked", "secret");
    users.set("by certificate", ScramLookup::WithoutVerifier);
    users
}

fn exchange(server: &ScramServer, username: Option<&str>) -> ScramExchange {
    ScramExchange { server: server.0.clone(), request: request(username), state: State::ExpectClientFirst }
}

/// A client that wants to be `username`, and the server's challenge.
fn challenged(server: &ScramServer, username: &str) -> (Box<dyn Exchange>, Vec<u8>) {
    let mut exchange = server.begin(&request(None));
    let challenge = challenge_of(exchange.step(format!("n,,n={username},r=abc").as_bytes()));
    (exchange, challenge)
}

/// The right answer to a challenge.
fn answer(challenge: &[u8], username: &str, password: &str) -> Vec<u8> {
    ScramClient::begin_with(username, password, "abc").unwrap().1.answer(challenge).unwrap().0
}

/// An answer in the right form, without knowing anything.
fn answer_in_vain(challenge: &[u8]) -> Vec<u8> {
    let nonce = ServerFirst::parse(challenge).unwrap().nonce;
    ClientFinal::with_proof(&ClientFinal::without_proof("n,,", nonce), &Key::default()).into_bytes()
}

/// HMACs computed in `work`.
fn hmacs(work: impl FnOnce()) -> u32 {
    let before = HMAC_COUNT.get();
    work();
    HMAC_COUNT.get() - before
}

#[test]
fn says_what_the_vectors_say() {
    for [user, verifier, nonce, client_first, server_first, client_final, server_final] in EXCHANGES {
        let users = Arc::<Users>::default();
        users.set(user, ScramLookup::Found(Arc::new(verifier.parse().unwrap())));
        let mut exchange = exchange(&server(&users), None);
        let Ok(challenge) = exchange.challenge(client_first.as_bytes(), nonce) else { panic!("{user}") };
        assert_eq!(challenge_of(challenge), server_first.as_bytes());
        let Step::Done(Verdict::Allow(allowance), data) = exchange.step(client_final.as_bytes()) else {
            panic!("{user}")
        };
        assert_eq!(allowance.principal, Principal::User(user.into()));
        assert_eq!(data, Some(server_final.into()));
    }
}

#[test]
fn is_called_by_its_registered_name() {
    assert_eq!(server(&users()).name(), "SCRAM-SHA-256");
}

/// Threat: names guessed by what the server does or says.
#[test]
fn who_is_unknown_costs_and_sees_what_everybody_does() {
    let server = server(&users());
    let mut seen = Vec::new();
    for name in ["alice", "blocked", "mallory", "by certificate"] {
        let mut exchange = server.begin(&request(None));
        let mut challenge = Vec::new();
        let first_hmacs = hmacs(|| {
            challenge = challenge_of(exchange.step(format!("n,,n={name},r=abc").as_bytes()));
        });
        let last = answer(&challenge, name, "wrong");
        let mut outward = None;
        let last_hmacs = hmacs(|| match exchange.step(&last) {
            Step::Done(Verdict::Deny(denial), data) => outward = Some((denial.outward(), data)),
            Step::Continue(_) | Step::Later(..) | Step::Done(..) => panic!("{name}"),
        });
        assert_eq!(outward, Some((OutwardDenial::BadCredential, None)), "{name}");
        seen.push((challenge.len(), first_hmacs, last_hmacs));
    }
    assert_eq!(seen, [(seen[0].0, 1, 2); 4]);
}

#[test]
fn a_made_up_salt_stays_the_same_and_is_nobody_elses() {
    let salt = |server: &ScramServer, name: &str| {
        let (_, challenge) = challenged(server, name);
        ServerFirst::parse(&challenge).unwrap().salt.into_owned()
    };
    let (first, again) = (server(&users()), server(&users()));
    let other_key = ScramServer::new(
        users(),
        Zeroizing::new([8; 32]),
        Iterations::new(10_000).unwrap(),
        Box::new(Counting(0)),
    );
    let mallory = salt(&first, "mallory");
    assert_eq!(salt(&first, "mallory"), mallory);
    assert_eq!(salt(&again, "mallory"), mallory, "after a restart");
    assert_ne!(salt(&first, "malloy"), mallory);
    assert_ne!(salt(&other_key, "mallory"), mallory);
    assert_eq!(mallory.bytes().len(), salt(&first, "alice").bytes().len());
    let (_, challenge) = challenged(&other_key, "mallory");
    assert_eq!(ServerFirst::parse(&challenge).unwrap().iterations.count(), 10_000);
}

/// What decides is whether there is such a user, also if the proof should fit.
#[test]
fn the_keys_of_nobody_let_nobody_in() {
    struct Fixed(Salt);
    impl Entropy for Fixed {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
            bytes.copy_from_slice(self.0.bytes());
            Ok(())
        }
    }
    let mut server = server(&users());
    let mut salt = Fixed(server.0.decoy_salt("mallory"));
    let fitting = ScramVerifier::create("secret", Iterations::default(), &mut salt).unwrap();
    Arc::get_mut(&mut server.0).unwrap().nobody = Arc::new(fitting);
    let (mut exchange, challenge) = challenged(&server, "mallory");
    assert_eq!(short(exchange.step(&answer(&challenge, "mallory", "secret"))), "UnknownUser");
}

#[test]
fn no_bytes_make_the_server_panic_or_let_anybody_in() {
    let server = server(&users());
    let mut random = Random(0x5EED);
    for _ in 0..2_000 {
        let (mut exchange, challenge) = challenged(&server, "alice");
        let mut last = answer_in_vain(&challenge);
        for _ in 0..=random.below(3) {
            let at = random.below(last.len());
            last.splice(at..at, random.bytes(3));
        }
        assert!(matches!(exchange.step(&last), Step::Done(Verdict::Deny(_), None)));
        assert!(matches!(exchange.step(&last), Step::Done(Verdict::Deny(_), None)));
        let mut exchange = server.begin(&request(None));
        assert!(matches!(exchange.step(&random.bytes(60)), Step::Done(Verdict::Deny(_), None)));
    }
}

#[test]
fn what_was_said_once_lets_nobody_in_again() {
    let server = server(&users());
    let (mut first, challenge) = challenged(&server, "alice");
    let last = answer(&challenge, "alice", "secret");
    assert_eq!(short(first.step(&last)), "user \"alice\"");
    assert_eq!(short(first.step(&last)), "Scram(OutOfTurn)", "in the same exchange");
    let (mut second, other) = challenged(&server, "alice");
    assert_ne!(challenge, other, "each has its nonce");
    assert_eq!(short(second.step(&last)), "Scram(Nonce)", "in another exchange");
    assert_eq!(short(second.step(&answer(&other, "alice", "secret"))), "Scram(OutOfTurn)", "one attempt");
    assert_eq!(short(server.begin(&request(None)).step(&last)), "Scram(Malformed)", "as the first message");
}

#[test]
fn the_server_adds_18_random_bytes_to_the_nonce() {
    let (_, challenge) = challenged(&server(&users()), "alice");
    let nonce = ServerFirst::parse(&challenge).unwrap().nonce.to_owned();
    assert_eq!(nonce.strip_prefix("abc").unwrap().len(), 24);
}

#[test]
fn the_user_name_of_connect_has_to_be_the_same_if_there_is_one() {
    let server = server(&users());
    let first = b"n,,n=alice,r=abc";
    for (username, expected) in [
        (None, "continue"),
        (Some("alice"), "continue"),
        (Some("bob"), "Scram(UserName)"),
        (Some(""), "Scram(UserName)"),
        (Some("ALICE"), "Scram(UserName)"),
    ] {
        assert_eq!(short(exchange(&server, username).step(first)), expected, "{username:?}");
    }
}

#[test]
fn what_counts_is_the_credential_at_the_proof() {
    let changes = [
        (found("secret"), "user \"alice\""),
        (found("rotated"), "WrongPassword"),
        (ScramLookup::Unknown, "UnknownUser"),
        (ScramLookup::WithoutVerifier, "NoScramCredential"),
        (ScramLookup::Unavailable(Unavailable::TimedOut), "TimedOut"),
    ];
    for (change, expected) in changes {
        let users = users();
        let (mut exchange, challenge) = challenged(&server(&users), "alice");
        users.set("alice", change);
        assert_eq!(short(exchange.step(&answer(&challenge, "alice", "secret"))), expected);
    }
}

#[test]
fn without_randomness_there_is_no_challenge() {
    let server = ScramServer::new(users(), Zeroizing::new([9; 32]), Iterations::default(), Box::new(Broken));
    let mut exchange = server.begin(&request(None));
    assert_eq!(short(exchange.step(b"n,,n=alice,r=abc")), "NoEntropy(NoEntropy)");
}

#[test]
fn debug_shows_no_secret() {
    assert_eq!(format!("{:?}", server(&users())), "ScramServer { iterations: Iterations(4096), .. }");
}
