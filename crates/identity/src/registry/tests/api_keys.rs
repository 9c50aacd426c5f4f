use super::*;
use crate::model::{ApiKey, Scope};

fn make(world: &World, name: &str) -> Result<ApiKey, Refusal> {
    let command = CreateApiKey {
        name: name.parse().unwrap(),
        scopes: vec![Scope::ALL[0]],
        networks: Vec::new(),
        expires_at: None,
    };
    world.administer(command).map(|(key, _)| key)
}

#[test]
fn an_api_key_has_a_name_that_no_other_has_or_had() {
    let world = World::new(60);
    let key = make(&world, "console").unwrap();
    make(&world, "Console").unwrap();
    let refused = Refusal::Exists { what: What::ApiKey, field: "name" };
    assert_eq!(make(&world, "console").unwrap_err(), refused);
    world.administer(RevokeApiKey(key.id)).unwrap();
    assert_eq!(make(&world, "console").unwrap_err(), refused);
}

#[test]
fn an_api_key_has_no_name_that_stands_for_somebody_else_in_the_audit_log() {
    let world = World::new(61);
    let admin = Actor::administrator(&"admin".parse().unwrap(), None);
    let device = Actor::device(&"d1".parse().unwrap(), None);
    for actor in [admin, device, Actor::system(), Actor::stranger(None)] {
        let refused = make(&world, actor.name()).unwrap_err();
        assert!(matches!(refused, Refusal::Field { pointer: "/name", .. }), "{refused}");
    }
    make(&world, "administrator").unwrap();
}

#[test]
fn a_name_is_looked_for_among_all_api_keys() {
    let world = World::new(62);
    // More than are read at once.
    for number in 0..=500 {
        make(&world, &format!("k{number}")).unwrap();
    }
    assert!(matches!(make(&world, "k500"), Err(Refusal::Exists { .. })));
}
