use super::*;
use crate::model::Scope;
use crate::store::KeyUses;
use crate::{CheckValue, PepperVersion};

impl World {
    fn adopt(&self) -> Result<Vec<PepperVersion>, KeysFault> {
        self.by(Actor::system(), AdoptKeys::default()).unwrap().outcome.map(|(_, retired)| retired)
    }

    /// Goes on with the keys of these versions of a key file.
    fn take_keys(&self, file: &str, versions: &[u16]) {
        let is_wanted = |line: &&str| versions.iter().any(|version| line.starts_with(&format!("{version}:")));
        let lines: Vec<&str> = file.lines().filter(is_wanted).collect();
        self.registry.set_keyring(Arc::new(Keyring::parse(&lines.join(",")).unwrap()));
    }

    fn known_keys(&self) -> Vec<u16> {
        let keys: Vec<(PepperVersion, CheckValue)> =
            now(async { self.registry.read().await?.keys().await }).unwrap();
        keys.into_iter().map(|(version, _)| version.number()).collect()
    }

    fn missing(&self) -> Option<KeyUses> {
        match self.adopt() {
            Err(KeysFault::Missing { version: PepperVersion::FIRST, uses }) => Some(uses),
            Ok(_) | Err(KeysFault::Missing { .. } | KeysFault::Wrong(_)) => None,
        }
    }
}

#[test]
fn a_key_can_be_left_out_when_the_last_that_needs_it_is_gone() {
    let world = World::new(80);
    let mut ring = Keyring::generate(&mut Counting::from(81)).unwrap();
    ring.rotate(&mut Counting::from(82)).unwrap();
    let file = ring.expose();
    world.take_keys(&file, &[1]);
    world.adopt().unwrap();
    let product = world.product(Strategy::Auto);
    let (rotated, revoked) = (world.made(&product).0, world.made(&product).1);
    let (token, _) = world.claim(&product, None);
    let new = CreateApiKey {
        name: "console".parse().unwrap(),
        scopes: vec![Scope::ALL[0]],
        networks: Vec::new(),
        expires_at: None,
    };
    let (api_key, _) = world.administer(new).unwrap();

    let uses = |credential_count, claim_token_count, api_key_count| {
        Some(KeyUses { credential_count, claim_token_count, api_key_count })
    };
    world.take_keys(&file, &[1, 2]);
    assert_eq!(world.adopt(), Ok(Vec::new()));
    world.rotate(&rotated.id, 0, Kick::Hard);
    let without = || {
        world.take_keys(&file, &[2]);
        let missing = world.missing();
        world.take_keys(&file, &[1, 2]);
        missing
    };
    assert_eq!(without(), uses(1, 1, 1), "the rotated secret is of the new key");
    world.administer(RevokeCredential { id: revoked.credential.id, reason: "".into() }).unwrap();
    assert_eq!(without(), uses(0, 1, 1));
    world.administer(RevokeClaimToken(token.id)).unwrap();
    assert_eq!(without(), uses(0, 0, 1));
    assert_eq!(world.known_keys(), [1, 2], "a refusal changes nothing");
    world.administer(RevokeApiKey(api_key.id)).unwrap();

    world.take_keys(&file, &[2]);
    assert_eq!(world.adopt(), Ok(vec![PepperVersion::FIRST]));
    assert_eq!((world.known_keys(), world.audited("key.retire")), (vec![2], vec!["system".to_owned()]));
    assert_eq!(world.adopt(), Ok(Vec::new()), "once");
    // The new one is needed.
    world.take_keys(&file, &[1]);
    let fault = world.adopt().unwrap_err();
    assert!(matches!(fault, KeysFault::Missing { version, .. } if version.number() == 2), "{fault}");
}
