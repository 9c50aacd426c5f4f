use std::collections::BTreeSet;

use vouchmq_api::registration::RegistrationLimits;

use crate::harness::registry::World;

#[test]
fn the_documents_are_what_clients_were_told() {
    let world = World::new();
    for (name, server) in [
        ("management", world.management()),
        ("registration", world.registration(&RegistrationLimits::default())),
    ] {
        let mut document = server.send("GET", "/openapi.json", &serde_json::Value::Null, "").is(200);
        document["info"]["version"] = "x".into();
        insta::assert_json_snapshot!(name, document);
    }
}

#[test]
fn every_operation_has_an_id_of_its_own_and_every_reference_leads_somewhere() {
    let world = World::new();
    let document = world.management().send("GET", "/openapi.json", &serde_json::Value::Null, "").is(200);
    let mut ids = BTreeSet::new();
    let operations = document["paths"].as_object().unwrap().values();
    for operation in operations.flat_map(|item| item.as_object().unwrap().values()) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id.to_owned()), "{id} twice");
    }
    let (own, nanomq) = (vouchmq_api::management::routes(), vouchmq_api::management::nanomq_routes());
    assert_eq!(ids.len(), own.table().chain(nanomq.table()).count());
    let text = document.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(document["components"]["schemas"].get(name).is_some(), "no schema {name}");
    }
}

#[test]
fn every_operation_says_what_it_does_and_every_answer_what_it_means() {
    let world = World::new();
    let document = world.management().send("GET", "/openapi.json", &serde_json::Value::Null, "").is(200);
    assert_eq!(document["openapi"], "3.1.0");
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let what = format!("{method} {path}");
            assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{what}");
            assert_eq!(operation["tags"].as_array().unwrap().len(), 1, "{what}");
            let answers = operation["responses"].as_object().unwrap();
            let is_open = operation["security"].as_array().unwrap().is_empty();
            for status in ["default"].into_iter().chain(["401", "403"].into_iter().filter(|_| !is_open)) {
                assert!(answers.contains_key(status), "{what}: {status}");
            }
            for (status, answer) in answers {
                let said = answer.get("$ref").map_or(answer, |reference| {
                    let place = reference.as_str().unwrap().trim_start_matches('#');
                    document.pointer(place).unwrap_or_else(|| panic!("{what}: {place} is nowhere"))
                });
                // The standard demands it (OpenAPI 3.1, 4.8.17.1).
                assert!(
                    said["description"].as_str().is_some_and(|text| !text.is_empty()),
                    "{what}: {status}"
                );
            }
            for (name, _) in path.match_indices('{').filter_map(|(at, _)| path[at + 1..].split_once('}')) {
                let parameters = operation["parameters"].as_array().unwrap();
                assert!(parameters.iter().any(|parameter| parameter["name"] == name), "{what}: {name}");
            }
        }
    }
}

#[test]
fn the_page_has_every_operation_and_needs_nothing_from_elsewhere() {
    let server = World::new().management();
    let page = server.send("GET", "/docs", &serde_json::Value::Null, "");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'self'; ") && !policy.contains("unsafe"),
        "{policy}"
    );
    for forbidden in ["<script", " style=", " on", "http://", "https://"] {
        let place = page.body.find(&format!("<{forbidden}")).or_else(|| {
            // Attributes of markup, not words of a text.
            page.body
                .match_indices('<')
                .find(|(at, _)| page.body[*at..].split('>').next().is_some_and(|tag| tag.contains(forbidden)))
                .map(|(at, _)| at)
        });
        assert_eq!(place.map(|at| &page.body[at..at + 40]), None, "{forbidden}");
    }
    for (path, _, _) in vouchmq_api::management::routes().table() {
        assert!(page.body.contains(&format!("<code>{path}</code>")), "{path}");
    }
    let style = server.send("GET", "/docs/style.css", &serde_json::Value::Null, "");
    assert_eq!((style.status, style.header("content-type")), (200, Some("text/css; charset=utf-8")));
}
