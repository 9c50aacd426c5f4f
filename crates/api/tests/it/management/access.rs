use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::openapi::path::HttpMethod;
use vouchmq_api::http::Access;
use vouchmq_api::management::{nanomq_routes, routes};
use vouchmq_identity::model::{Role, Scope};

use crate::harness::registry::{World, text};

/// Every operation, with ids of nothing.
fn operations() -> Vec<(&'static str, String, Access)> {
    let operation = |(path, method, access): (&str, HttpMethod, Access)| {
        let method = match method {
            HttpMethod::Get => "GET",
            HttpMethod::Post => "POST",
            HttpMethod::Put => "PUT",
            HttpMethod::Patch => "PATCH",
            HttpMethod::Delete => "DELETE",
            HttpMethod::Options | HttpMethod::Head | HttpMethod::Trace => {
                panic!("nobody uses this method")
            }
        };
        let path = path.replace("{id}", "01934f00-0000-7000-8000-000000000000").replace("{topic}", "a%2Fb");
        (method, path, access)
    };
    routes().table().map(operation).collect()
}

#[test]
fn without_a_key_nothing_is_answered_but_whether_the_broker_is_well() {
    let world = World::new();
    // More failures than 30 of one address in a minute are answered otherwise.
    for operations in operations().chunks(25) {
        let management = world.management();
        for (method, path, access) in operations {
            let answer = management.send(method, path, &json!({}), "");
            match access {
                Access::Scope(_) | Access::Known => {
                    assert_eq!(answer.problem(), (401, "unauthenticated".to_owned()), "{method} {path}");
                    assert!(answer.header("www-authenticate").is_some());
                }
                Access::Open(_) => {
                    answer.is(200);
                    assert!(["/healthz", "/readyz"].contains(&&**path), "{path}");
                }
            }
        }
    }
}

#[test]
fn each_operation_opens_to_its_scope_and_to_no_other() {
    let world = World::new();
    let management = world.management();
    let keys = management.key_of_each_scope();
    for (method, path, access) in operations() {
        let Access::Scope(needed) = access else { continue };
        for (scope, key) in &keys {
            let answer = management.call_as(key, method, &path, &Value::Null, "");
            let what = format!("{method} {path} with {scope}: {answer:?}");
            assert!(answer.status < 500, "{what}");
            if *scope == needed || *scope == Scope::Admin {
                assert!(![401, 403, 405].contains(&answer.status), "{what}");
            } else {
                assert_eq!(answer.problem(), (403, "forbidden".to_owned()), "{what}");
            }
        }
    }
    // Nobody got so far as to change anything.
    assert_eq!(management.get("/v1/audit").is(200)["items"].as_array().unwrap().len(), Scope::ALL.len());
}

#[test]
fn a_device_gets_a_secret_only_from_whom_may_issue_one() {
    let world = World::new();
    let management = world.management();
    let wish = json!({"name": "writer", "scopes": ["devices:write"]});
    let key = management.call("POST", "/v1/api-keys", &wish).is(201);
    let product = management.call("POST", "/v1/products", &json!({"key": "a", "name": "A"})).is(201);
    let body = |issue_secret: bool| json!({"product_id": product["id"], "issue_secret": issue_secret});
    let ask = |issue| management.call_as(text(&key, "secret"), "POST", "/v1/devices", &body(issue), "");
    assert_eq!(ask(true).problem(), (403, "forbidden".to_owned()));
    assert!(ask(false).is(201).get("secret").is_none());
}

/// What the document says of access: the scope, `None` where it is enough to be known; open operations are left out.
fn documented(document: &Value) -> BTreeMap<(String, String), Option<Scope>> {
    let mut all = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let security =
                operation["security"].as_array().unwrap_or_else(|| panic!("{method} {path} says nothing"));
            let Some(first) = security.first() else { continue };
            let scopes = first["bearer"].as_array().unwrap();
            let scope = scopes.first().map(|scope| scope.as_str().unwrap().parse().unwrap());
            all.insert((method.to_uppercase(), path.clone()), scope);
        }
    }
    all
}

#[test]
fn every_operation_is_in_the_document_with_what_it_needs() {
    let world = World::new();
    let document = world.management().get("/openapi.json").is(200);
    let documented = documented(&document);
    let (own, nanomq) = (routes(), nanomq_routes());
    let mut declared = BTreeMap::new();
    for (path, method, access) in own.table().chain(nanomq.table()) {
        let method = serde_json::to_value(&method).unwrap().as_str().unwrap().to_uppercase();
        match access {
            Access::Scope(scope) => drop(declared.insert((method, path.to_owned()), Some(scope))),
            Access::Known => drop(declared.insert((method, path.to_owned()), None)),
            Access::Open(_) => {}
        }
    }
    assert_eq!(documented, declared);
}

#[test]
fn each_operation_opens_to_the_roles_that_have_its_scope_and_to_no_others() {
    let world = World::new();
    let management = world.management();
    let document = management.get("/openapi.json").is(200);
    for role in Role::ALL {
        let wish = json!({"name": format!("a {role}"), "role": role.as_str()});
        let key = management.call("POST", "/v1/api-keys", &wish).is(201);
        for ((method, path), scope) in documented(&document) {
            let opens = scope
                .is_none_or(|scope| role.scopes().contains(&scope) || role.scopes().contains(&Scope::Admin));
            let is_ours = path.starts_with("/v1/");
            // What is open is tried only where nothing can come of it: with ids of nothing, and without a body.
            if opens && !is_ours {
                continue;
            }
            let path = path.replace("{id}", "01934f00-0000-7000-8000-000000000000");
            let answer = management.call_as(text(&key, "secret"), &method, &path, &Value::Null, "");
            let what = format!("{method} {path} as {role}: {answer:?}");
            if opens {
                assert!(![401, 403].contains(&answer.status), "{what}");
            } else {
                assert_eq!(answer.status, 403, "{what}");
            }
        }
    }
}
