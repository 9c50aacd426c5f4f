use std::collections::BTreeMap;

use serde_json::{Value, json};
use vouchmq_identity::model::Scope;

use super::Server;
use super::registry::text;

impl Server {
    /// Makes a product; its id.
    pub(crate) fn product(&self, key: &str, strategy: &str) -> String {
        let wish = json!({"key": key, "name": key, "reg_strategy": strategy});
        text(&self.call("POST", "/v1/products", &wish).is(201), "id").to_owned()
    }

    /// Enters a device with a secret.
    pub(crate) fn device(&self, product: &str, id: &str) -> Value {
        let wish = json!({"product_id": product, "id": id, "issue_secret": true});
        self.call("POST", "/v1/devices", &wish).is(201)
    }

    /// Makes a claim token; the whole answer.
    pub(crate) fn claim(&self, product: &str, more: Value) -> Value {
        let mut wish = json!({"product_id": product});
        wish.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.call("POST", "/v1/claim-tokens", &wish).is(201)
    }

    /// Makes an API key; the whole answer.
    pub(crate) fn api_key(&self, name: &str, scopes: &[&str]) -> Value {
        self.call("POST", "/v1/api-keys", &json!({"name": name, "scopes": scopes})).is(201)
    }

    /// A key for each scope, which opens that and nothing else.
    pub(crate) fn key_of_each_scope(&self) -> BTreeMap<Scope, String> {
        let key = |scope: &Scope| {
            let key = self.api_key(&format!("only {scope}"), &[scope.as_str()]);
            (*scope, text(&key, "secret").to_owned())
        };
        Scope::ALL.iter().map(key).collect()
    }

    /// The items of a list.
    pub(crate) fn items(&self, path: &str) -> Vec<Value> {
        self.get(path).is(200)["items"].as_array().unwrap().clone()
    }

    /// A field of each item of a list.
    pub(crate) fn names(&self, path: &str, field: &str) -> Vec<String> {
        self.items(path).iter().map(|item| text(item, field).to_owned()).collect()
    }

    /// Kind and reason of every event.
    pub(crate) fn happened(&self) -> Vec<(String, String)> {
        let told = |event: &Value| (text(event, "kind").to_owned(), text(event, "reason").to_owned());
        self.items("/v1/events").iter().map(told).collect()
    }
}
