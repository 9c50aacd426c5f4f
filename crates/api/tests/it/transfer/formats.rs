use serde_json::json;

use super::{counts, login, told};
use crate::harness::registry::{World, text};

/// `mosquitto_passwd` 2.0.11: "correct horse" and "x".
const SIX: &str = "$6$qxaS/6BJAG/1eEhW$Qtc5GrXjcWRpvGFrKvobDmsirVczfwbpwhVhXRKHLO65f/eGrrbmG6uwb2OmQZiyfs6krohRODRFJ3hsFQ3nDg==";
const SEVEN: &str = "$7$101$sh+y8quEI0RR+Qzw$2/sO6J1lQm5d75tsTEPW2iRIPbs9fBcXUATuIKn7gd5ERRTbACjnAmZyZaVTpcZ/WrZRTFtfgoOTolzR8O2GCQ==";

#[test]
fn a_password_file_of_mosquitto_lets_its_users_in() {
    let world = World::new();
    let management = world.management();
    let product = management.open_product("old");
    let file = format!("# users\nfirst:{SIX}\r\n\nsecond:{SEVEN}\nthird:plain\nno colon\nd\u{fc}:{SIX}\n");
    let report = management.import(&format!("format=mosquitto&product_id={product}"), &file).is(200);
    assert_eq!(counts(&report), [2, 0, 0, 3]);
    let codes = [(5, "invalid_hash"), (6, "malformed_row"), (7, "invalid")];
    assert_eq!(told(&report), codes.map(|(row, code)| (row, code.to_owned())));
    for (name, password, decision) in
        [("first", "correct horse", "allow"), ("second", "x", "allow"), ("first", "x", "deny")]
    {
        assert_eq!(login(&world, name, password), decision, "{name}");
    }
    assert_eq!(management.get("/v1/devices/first").is(200)["source"], "import");
    assert!(!report.to_string().contains("plain\""), "{report}");
}

#[test]
fn clients_of_dynamic_security_come_without_their_roles_only_if_that_is_wanted() {
    let world = World::new();
    let management = world.management();
    let product = management.open_product("old");
    let [_, _, iterations, salt, hash] = SEVEN.split('$').collect::<Vec<_>>()[..] else { panic!() };
    let client = |name: &str, more: serde_json::Value| {
        let iterations: u32 = iterations.parse().unwrap();
        let mut client = json!({"username": name, "password": hash, "salt": salt, "iterations": iterations});
        client.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        client
    };
    let file = json!({"clients": [
        client("a", json!({"textname": "A", "roles": [], "groups": []})),
        client("b", json!({"roles": [{"rolename": "admin"}]})),
        client("c", json!({"disabled": true})),
        client("d", json!({"clientid": "other"})),
        client("e", json!({"tenant": "x"})),
        {"username": "f", "encoded_password": SIX},
    ], "roles": [], "defaultACLAccess": {}})
    .to_string();
    let query = format!("format=mosquitto&product_id={product}");
    let report = management.import(&query, &file).is(200);
    assert_eq!(counts(&report), [3, 0, 0, 3]);
    assert_eq!(told(&report), [2, 4, 5].map(|row| (row, "unknown_field".to_owned())));
    assert_eq!(management.get("/v1/devices/c").is(200)["state"], "suspended");
    assert_eq!((login(&world, "a", "x"), login(&world, "c", "x")), ("allow".to_owned(), "deny".to_owned()));
    assert_eq!(login(&world, "f", "correct horse"), "allow");
    let report = management.import(&format!("{query}&ignore=roles,clientid"), &file).is(200);
    assert_eq!(counts(&report), [2, 0, 3, 1]);
}

#[test]
fn users_of_emqx_come_as_json_or_csv_and_no_superuser_by_accident() {
    let world = World::new();
    let management = world.management();
    let product = management.open_product("old");
    // SHA-256 of "saltx" and of "x".
    let salted = "6c2ff7ae24dd8c7ac8ea6bc0d2a5af9ad8ef3b3f0a3d9b7ed6b1f9b4c7c8f0aa";
    let bare = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
    let users = json!([
        {"user_id": "j1", "password_hash": bare, "salt": "", "is_superuser": false},
        {"user_id": "j2", "password_hash": bare, "salt": "", "is_superuser": true},
        {"user_id": "j3", "password_hash": "x", "salt": ""},
        {"user_id": "j4", "password_hash": salted, "salt": "salt", "tenant": "t"},
        {"user_id": "j5", "password_hash": salted, "acl": []},
        "j6",
    ]);
    let query = format!("format=emqx&product_id={product}");
    let report = management.import(&query, &users.to_string()).is(200);
    assert_eq!(counts(&report), [1, 0, 0, 5]);
    let codes: Vec<String> = told(&report).into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, ["unknown_field", "invalid_hash", "unknown_field", "unknown_field", "malformed_row"]);
    assert_eq!(login(&world, "j1", "x"), "allow");
    let csv = format!("user_id,password_hash,salt,is_superuser\r\nc1,{bare},,false\r\nc2,{bare},,true\r\n");
    assert_eq!(counts(&management.import(&query, &csv).is(200)), [1, 0, 0, 1]);
    assert_eq!(
        counts(&management.import(&format!("{query}&ignore=is_superuser"), &csv).is(200)),
        [1, 0, 1, 0]
    );
    assert_eq!(login(&world, "c2", "x"), "allow");
    let plain = "user_id,password,is_superuser\nc3,correct horse,false\n";
    assert_eq!(counts(&management.import(&query, plain).is(200)), [1, 0, 0, 0]);
    assert_eq!(login(&world, "c3", "correct horse"), "allow");
    let kdf = management.import(&format!("{query}&algorithm=md5"), &csv.replace("c1", "c4")).is(200);
    assert_eq!(text(&kdf["rows"][0], "code"), "invalid_hash");
    assert_eq!(management.import(&query, "[").problem(), (400, "malformed_json".to_owned()));
}

#[test]
fn passwords_of_nanomq_are_hashed() {
    let world = World::new();
    let management = world.management();
    let product = management.open_product("old");
    let file = "{\n  \"admin\": \"pub\\\"lic\",\n alice = secret word\n bob: secret # his\n}\n";
    let report = management.import(&format!("format=nanomq&product_id={product}"), file).is(200);
    assert_eq!((counts(&report), told(&report)), ([2, 0, 0, 1], vec![(3, "malformed_row".to_owned())]));
    assert_eq!(login(&world, "admin", "pub\"lic"), "allow");
    assert_eq!(login(&world, "bob", "secret"), "allow");
}

#[test]
fn csv_has_columns_that_are_known_and_no_others() {
    let world = World::new();
    let management = world.management();
    let product = management.open_product("new");
    let query = format!("format=csv&product_id={product}");
    let csv = "id,hw_id,tags,attributes,password,secret_kind\n\
               d1,hw-1,a=1;b=2,\"room=x,y\",,\n\
               d2,,,,correct horse,password\n\
               d3,,,,correct horse,scram\n\
               ,hw-4,,,,\n\
               ,,,,,\n\
               d5,,,,,secret\n\
               d6,,x,,,\n\
               d7,hw-1,,,,\n\
               d8\n";
    let report = management.import(&query, csv).is(200);
    assert_eq!(counts(&report), [4, 0, 0, 5]);
    let told: Vec<String> = told(&report).into_iter().map(|(_, code)| code).collect();
    assert_eq!(told, ["invalid", "invalid", "invalid", "already_exists", "malformed_row"]);
    let device = management.get("/v1/devices/d1").is(200);
    assert_eq!(device["tags"], json!({"a": "1", "b": "2"}));
    assert_eq!(device["attributes"], json!({"room": "x,y"}));
    assert_eq!(login(&world, "d2", "correct horse"), "allow");
    for column in ["is_superuser", "tenant", "acl", "secrets"] {
        let report = management.import(&query, &format!("id,{column}\nd9,\nd10,true\n")).is(200);
        assert_eq!(counts(&report), [0, 0, 0, 2], "{column}");
        assert!(text(&report["rows"][0], "detail").contains(column));
    }
    assert_eq!(counts(&management.import(&query, "id\n").is(200)), [0; 4]);
}
